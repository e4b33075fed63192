// The test programs' main: compiled once, since Catch2's implementation is slow to compile.
#define CATCH_CONFIG_RUNNER
#include "tests/support/catch.h"

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }
