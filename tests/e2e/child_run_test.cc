// Child runs, with processes that are killed for real.
#include <signal.h>

#include "tests/support/catch.h"
#include "tests/support/waiting.h"

using namespace engine::test;

namespace {

// Where a run of `parent.lua` and the child it waits for are killed while both wait.
struct Family : Cli {
  Family() {
    const std::string child =
        write("child.lua", runbook_that_waits("return wait_for{ signal = 'go' }.data"));
    parent_file = write("parent.lua", runbook_that_waits("return { run('" + child + "') }"));
    detaching_file = write("detaching.lua", runbook_that_waits("return run('" + child +
                                                               "', {}, { detached = true }).run"));
  }
  void take(const std::string& lines) {
    parent = run_of(line_that_waits_for(lines, "await_run"));
    child = run_of(line_that_waits_for(lines, "wait_for"));
  }
  void begin_and_kill() {
    Running running = start({"run", parent_file});
    take(await_all_waiting(*this, 2));
    running.signal(SIGKILL);
    running.wait();
  }
  std::string state(const std::string& id) const {
    const std::string trace = run({"trace", id, "-o", "json"}).out;
    return unquoted(member(trace, "state"));
  }

  std::string parent_file, detaching_file, parent, child;
};

}  // namespace

TEST_CASE("a run and its child are killed and the run is resumed with its child") {
  Family family;
  family.begin_and_kill();
  CHECK(family.run({"runs", "--waiting"}).out.find("run " + family.child) != std::string::npos);
  CHECK(family.run({"signal", family.child, "go", "--data", "7"}).code == 0);
  const Ended ended = family.run({"resume", family.parent, "-o", "json"});
  CHECK(member(ended.out, "result") == "[7]");
  CHECK(family.state(family.child) == "succeeded");
  CHECK(family.run({"resume"}).err == "there are no interrupted runs\n");
}

TEST_CASE("a run and its child are killed and both are resumed") {
  Family family;
  family.begin_and_kill();
  CHECK(family.run({"signal", family.child, "go", "--data", "7"}).code == 0);
  const Ended ended = family.run({"resume", "-o", "json"});
  INFO(ended.err);
  CHECK(ended.code == 0);
  CHECK(family.state(family.parent) == "succeeded");
  CHECK(family.state(family.child) == "succeeded");
}

TEST_CASE("a run waits for its child in another process and cancels it there") {
  Family family;
  family.begin_and_kill();
  Running child = family.start({"resume", family.child});
  while (family.state(family.child) != "running") {
  }
  Running parent = family.start({"resume", family.parent, "-o", "json"});
  SECTION("its end is told") {
    CHECK(family.run({"signal", family.child, "go", "--data", "8"}).code == 0);
    CHECK(member(parent.wait().out, "result") == "[8]");
    CHECK(child.wait().code == 0);
  }
  SECTION("it is cancelled with its starter") {
    CHECK(family.run({"cancel", family.parent}).code == 0);
    CHECK(parent.wait().code == 130);
    CHECK(child.wait().code == 130);
  }
}

TEST_CASE("Ctrl-C cancels a run and its child") {
  Family family;
  Running running = family.start({"run", family.parent_file});
  family.take(await_all_waiting(family, 2));
  running.signal(SIGINT);
  CHECK(running.wait().code == 130);
  CHECK(family.state(family.child) == "cancelled");
}

TEST_CASE("the process of a run stays until what it detached has ended") {
  Family family;
  Running running = family.start({"run", family.detaching_file});
  const std::string child = run_of(await_waiting(family));
  CHECK(family.run({"signal", child, "go"}).code == 0);
  const Ended ended = running.wait();
  CHECK(ended.code == 0);
  CHECK(ended.err.find("is run " + child) != std::string::npos);
  CHECK(ended.err.find("waiting for 1 more that it started") != std::string::npos);
  CHECK(family.state(child) == "succeeded");
}
