// Event sources of plugins: declared, followed, followed on after they were lost.
#include "engine/plugin/host.h"
#include "tests/support/catch.h"

using namespace engine;
using plugin::Event;

namespace {

struct Fixture {
  Loop loop;
  ops::Registry registry;
  ops::Secrets secrets{{}};
  plugin::Host host{loop, registry, secrets, plugin::HostOptions{{FIXTURE_PLUGINS}, {}}};
  std::vector<std::string> told;
  std::vector<Event> events;
  std::unique_ptr<plugin::Subscription> subscription;

  // Until so many events have come.
  void follow(const std::string& source, plugin::FollowOptions options, size_t count) {
    options.delay_min = options.delay_max = Millis(1);
    plugin::FollowEvents heard;
    heard.event = [this, count](const Event& event) {
      events.push_back(event);
      told.push_back(event.cursor);
      if (events.size() < count) return;
      subscription.reset();
      loop.stop();
    };
    heard.following = [this] { told.emplace_back("following"); };
    heard.lost = [this](const Error& reason, Millis) { told.push_back(reason.message); };
    heard.failed = [this](const Error& error) {
      told.push_back("failed: " + error.message);
      loop.stop();
    };
    auto followed = host.follow(source, std::move(options), std::move(heard));
    if (!followed) return told.push_back(followed.error().message + ", " + followed.error().hint);
    subscription = std::move(*followed);
    CHECK(told.empty());
    loop.run();
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "an event source is followed on from its last cursor after it was lost") {
  follow("echo.clock", {}, 5);

  CHECK(told == std::vector<std::string>{"following", "1", "2", "3", "the line was cut",
                                         "following", "4", "5"});
  CHECK(events[0].kind == "tick");
  CHECK(events[0].at_ms == 1000);
  CHECK(events[0].subject == "clock");
  CHECK(events[0].data == "{\"number\":1}");
}

TEST_CASE_METHOD(Fixture, "following begins behind the cursor that is given") {
  follow("echo.clock", {.cursor = "41"}, 1);

  CHECK(told == std::vector<std::string>{"following", "42"});
}

TEST_CASE_METHOD(Fixture, "event sources are listed with what they tell") {
  const std::vector<plugin::EventSource> all = host.sources();
  const auto found = std::ranges::find(all, "echo.clock", &plugin::EventSource::name);

  REQUIRE(found != all.end());
  CHECK(found->summary == "Ticks.");
  CHECK(found->kinds == std::vector<std::string>{"tick"});
  CHECK(found->params.at(0).name == "refuse");
  CHECK(found->fields.at(0).name == "number");
}

TEST_CASE_METHOD(Fixture, "what makes no sense to follow is said and not tried again") {
  SECTION("no such source") {
    follow("echo.clok", {}, 1);
    CHECK(told == std::vector<std::string>{
                      "no event source is named 'echo.clok', did you mean 'echo.clock'?"});
  }
  SECTION("a parameter it does not have") {
    follow("echo.clock", {.args = "{\"loud\":true}"}, 1);
    REQUIRE(told.size() == 1);
    CHECK(told[0].find("'loud'") != std::string::npos);
  }
  SECTION("the backend says that there is nothing to follow") {
    follow("echo.clock", {.args = "{\"refuse\":true}"}, 1);
    CHECK(told == std::vector<std::string>{"failed: there are no ticks"});
  }
}

TEST_CASE_METHOD(Fixture, "an event that is not what the contract says ends its subscription") {
  plugin::FollowEvents heard;
  heard.event = [](const Event&) { FAIL("it was handed on"); };
  heard.lost = [this](const Error& reason, Millis) {
    told.push_back(reason.message);
    loop.stop();
  };
  auto followed = host.follow("garbled.clock", {}, std::move(heard));
  REQUIRE(followed);
  loop.run();

  REQUIRE(told.size() == 1);
  CHECK(told[0].find("gave an event with data that is no JSON object") != std::string::npos);
  CHECK((*followed)->losses() == 1);
}
