// A runbook whose runs meet: each tells when it begins and ends, and waits for a signal between.
#pragma once

#include "engine/store/mail.h"
#include "engine/store/tickets.h"
#include "tests/support/crash_fixture.h"

namespace engine::runs {

class ConcurrencyFixture : public CrashFixture {
 public:
  // A runbook named "one" that tells "NAME begins" and "NAME ends", and waits for a signal between.
  void runbook(const std::string& more, const std::string& body = R"(
      box.ensure{ id = ctx.params.name .. " begins" }
      wait_for{ signal = "go" }
      box.ensure{ id = ctx.params.name .. " ends" })") {
    write("one",
          "return runbook{ summary = \"A test.\", allow = { 'box:change' },\n"
          "params = { name = { 'string' }, host = { 'string', default = 'a' } },\n" +
              more + ",\nrun = function(ctx)\n" + body + "\nend }\n");
  }

  std::string begin(const std::string& name, const std::string& host = "a", bool dry = false) {
    const Result<std::string> id =
        runner->start({.runbook = "one",
                       .params = R"({"name":")" + name + R"(","host":")" + host + "\"}",
                       .principal = "unix:test",
                       .trigger = R"({"kind":"person"})",
                       .dry_run = dry},
                      {}, [this, name](Result<Outcome> outcome) {
                        outcomes.insert_or_assign(name, std::move(outcome));
                        loop.stop();
                      });
    if (!id) FAIL(id.error().message + " / " + id.error().hint);
    return *id;
  }

  void until_happened(size_t count) {
    wait_until([this, count] { return happened.size() >= count; });
  }
  void until_ended(const std::string& name) {
    wait_until([this, name] { return outcomes.contains(name); });
  }
  std::string state(const std::string& id) {
    return store->state_of(*store::find_run(**store->reader(), id));
  }
  void until_queued(const std::string& id) {
    wait_until([this, id] {
      const auto found = store::find_run(**store->reader(), id);
      return found && store->state_of(*found) == "queued";
    });
  }
  void go(const std::string& id) {
    change([&](store::Database& db) -> Result<void> {
      const Result<int64_t> sent = store::send_mail(
          db, {0, id, "signal", "go", "null", "unix:test", system_clock().wall_ms()});
      return sent ? Result<void>() : fail(sent.error());
    });
    REQUIRE(store->ring(store::find_run(**store->reader(), id)->owner));
  }
  int64_t tickets() { return (*store->reader())->number("SELECT count(*) FROM ticket").value(); }
  std::string error_of(const std::string& name) { return outcomes.at(name)->error; }
};

}  // namespace engine::runs
