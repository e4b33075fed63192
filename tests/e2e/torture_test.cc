// The program killed for real at random moments: short here, long by `make torture`.
#include "tests/support/catch.h"
#include "tests/support/torment.h"

using namespace engine::test;

TEST_CASE("torture: one engine killed and stopped at random moments", "[torture]") {
  Torment torment({.engines = 1});
  torment.go_on_for(torture_time(0.25));
}

TEST_CASE("torture: two engines on one store", "[torture]") {
  Torment torment({.engines = 2});
  torment.go_on_for(torture_time(0.2));
}

TEST_CASE("torture: five engines on one store", "[torture]") {
  Torment torment({.engines = 5});
  torment.go_on_for(torture_time(0.2));
}

TEST_CASE("torture: containers of a real dockerd", "[torture][docker][real]") {
  if (!DockerDaemon::possible()) return;
  Torment torment({.engines = 2, .docker = &DockerDaemon::shared(), .programs = {.parts = 3}});
  torment.go_on_for(torture_time(0.25));
}
