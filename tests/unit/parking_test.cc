// Parking: a run that only waits leaves memory, and goes on when what it waits for is there.
#include "engine/store/mail.h"
#include "engine/store/parked.h"
#include "tests/support/await.h"
#include "tests/support/crash_fixture.h"
#include "tests/support/failing_vfs.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

namespace {

class ParkingFixture : public CrashFixture {
 public:
  ParkingFixture() { host(0); }

  // The engine begins anew with room for so many runs in memory.
  void host(size_t in_memory) {
    options.parking = ParkingOptions{.after = Millis(0), .in_memory = in_memory};
    begin_anew();
  }

  // As it is on disk; without a state where it is not there yet.
  store::RunRecord row(const std::string& id) {
    store->flush();
    return store::find_run(**store->reader(), id).value_or(store::RunRecord());
  }

  bool is_over(const std::string& id) {
    const store::RunRecord record = row(id);
    return !record.id.empty() && record.has_ended();
  }

  void until(const std::function<bool()>& is) { test::await(loop, is); }
  std::string start_and_park(const std::string& body, const std::string& more = "") {
    const Result<std::string> id = start(body, more);
    REQUIRE(id);
    until([&] { return runner->alive() == 0 && row(*id).state == "waiting"; });
    return *id;
  }
  Outcome ended(const std::string& id) {
    until([&] { return is_over(id) && last != nullptr; });
    REQUIRE(*last);
    return **last;
  }
  void send(const std::string& run, const std::string& kind, const std::string& name) {
    change([&](store::Database& db) -> Result<void> {
      const Result<int64_t> sent =
          store::send_mail(db, {0, run, kind, name, "{}", "unix:other", system_clock().wall_ms()});
      return sent ? Result<void>() : fail(sent.error());
    });
    store->ring_all();
  }
};

}  // namespace

TEST_CASE_METHOD(ParkingFixture, "a run that only sleeps leaves memory and goes on in time") {
  const int64_t began = system_clock().wall_ms();
  const std::string id =
      start_and_park("box.stop{ id = 'a' } sleep '2s' box.stop{ id = 'b' } return 7");
  CHECK(happened == Strings{"stop a"});
  CHECK(row(id).owner == 0);
  const Outcome outcome = ended(id);
  CHECK(outcome.result == "7");
  CHECK(happened == Strings{"stop a", "stop b"});
  CHECK(system_clock().wall_ms() - began >= 2000);
}

TEST_CASE_METHOD(ParkingFixture, "a parked run is woken by its mail") {
  const std::string id = start_and_park(R"(
    local got = parallel {
      function() return timeout("1h", function() return wait_for{ signal = "go" }.signal end) end,
      function() return step("Ask", function()
        return approve{ message = "Go on?", choices = { "yes", "no" } }.choice end) end,
    }
    return got[1] .. got[2])");
  send(id, "signal", "go");
  until([&] { return row(id).state == "waiting" && journal(id).back() == "op wait_for"; });
  change([&](store::Database& db) -> Result<void> {
    const auto asked = store::list_waiting(db, id, 10);
    REQUIRE(asked);
    REQUIRE(asked->size() == 1);
    const Result<int64_t> sent =
        store::send_mail(db, {0, id, "approval", asked->front().place, R"({"choice":"yes"})",
                              "unix:other", system_clock().wall_ms()});
    return sent ? Result<void>() : fail(sent.error());
  });
  CHECK(ended(id).result == R"("goyes")");
}

TEST_CASE_METHOD(ParkingFixture, "a parked run is cancelled") {
  const std::string id = start_and_park(
      "local undo <close> = setmetatable({}, { __close = function() box.stop{ id = 'u' } end })"
      " sleep '10h'");
  send(id, "cancel", "");
  CHECK(ended(id).state == "cancelled");
  CHECK(happened == Strings{"stop u"});
}

TEST_CASE_METHOD(ParkingFixture, "a parked run is cancelled by the process that parked it") {
  const std::string id = start_and_park("sleep '10h'");
  REQUIRE(runner->cancel(id, "unix:test"));
  CHECK(ended(id).state == "cancelled");
  CHECK_FALSE(runner->cancel(id, "unix:test"));
}

TEST_CASE_METHOD(ParkingFixture, "the time of a whole run passes while it is parked") {
  const std::string id = start_and_park("wait_for{ signal = 'never' }", "timeout = '2s',");
  const Outcome outcome = ended(id);
  CHECK(outcome.state == "failed");
  CHECK(outcome.error.find("did not end within 2s") != std::string::npos);
}

TEST_CASE_METHOD(ParkingFixture, "a run with an operation under way stays") {
  const Result<std::string> id = start(
      "parallel { function() box.get{ id = 'a', delay = '100ms' } end, function() sleep '1h' end,"
      " limit = 2 }");
  REQUIRE(id);
  bool parked = false;
  until([&] {
    if (row(*id).id.empty()) return false;
    const bool waits = row(*id).state == "waiting";
    const bool is_through = journal(*id).back() == "op box.get";
    parked = waits && !is_through;
    return parked || is_through;
  });
  CHECK_FALSE(parked);
  until([&] { return row(*id).state == "waiting"; });
  send(*id, "cancel", "");
  CHECK(ended(*id).state == "cancelled");
}

TEST_CASE_METHOD(ParkingFixture, "a lock is held while its run is parked") {
  const std::string holder =
      start_and_park("local held <close> = lock('db') sleep '2s' box.stop{ id = 'first' }");
  const Result<std::string> other =
      start("local held <close> = lock('db') box.stop{ id = 'second' }");
  REQUIRE(other);
  until([&] { return is_over(holder) && is_over(*other); });
  CHECK(happened == Strings{"stop first", "stop second"});
}

TEST_CASE_METHOD(ParkingFixture, "another process takes up what was parked") {
  const std::string id = start_and_park("box.stop{ id = 'a' } sleep '2s' return 'on'");
  host(10);
  until([&] { return is_over(id); });
  CHECK(row(id).result == R"("on")");
  CHECK(happened == Strings{"stop a"});
}

TEST_CASE_METHOD(ParkingFixture, "who parked a run is told how another process ended it") {
  const std::string id = start_and_park("wait_for{ signal = 'go' } return 'done'");
  Runner other(loop, *store, registry, *invoker, secrets, *library, system_clock(), {});
  std::optional<std::string> state;
  REQUIRE(other.resume({.run = id, .principal = "unix:other"}, {}, [&](Result<Outcome> outcome) {
    state = outcome ? outcome->state : outcome.error().code;
  }));
  until([&] { return last != nullptr; });
  REQUIRE_FALSE(*last);
  CHECK(last->error().code == "CONFLICT");
  send(id, "signal", "go");
  until([&] {
    other.cancel_all("unix:other");
    return state.has_value();
  });
}

TEST_CASE_METHOD(ParkingFixture, "a run whose parking could not be written goes on afterwards") {
  failing_vfs::install();
  runner.reset();
  store.reset();
  auto opened = store::Store::open(loop, {.folder = folder / "state", .vfs = failing_vfs::kName});
  REQUIRE(opened);
  store = std::move(*opened);
  options.parking = ParkingOptions{.after = Millis(1000), .in_memory = 10};
  begin_anew();
  const Result<std::string> id = start("sleep '5s' return 7");
  REQUIRE(id);
  // From then on it writes nothing before it is parked.
  until([&] {
    store->flush();
    return *(*store->reader())->number("SELECT count(*) FROM waiting") == 1;
  });
  REQUIRE(runner->alive() == 1);
  failing_vfs::failure = failing_vfs::Failure::full_once;
  until([&] { return failing_vfs::failure == failing_vfs::Failure::none; });
  CHECK(ended(*id).result == "7");
}

TEST_CASE_METHOD(ParkingFixture, "few are in memory of many that wait") {
  host(4);
  constexpr int kMany = 60;
  Strings ids;
  for (int i = 0; i < kMany; ++i) {
    const Result<std::string> id = start("wait_for{ signal = 'go' } box.stop{ id = 'x' }");
    REQUIRE(id);
    ids.push_back(*id);
  }
  until([&] {
    store->flush();
    return *(*store->reader())->number("SELECT count(*) FROM run WHERE state = 'waiting'") >
           kMany - 6;
  });
  CHECK(runner->alive() <= 6);
  for (const std::string& id : ids) send(id, "signal", "go");
  until([&] { return happened.size() == kMany; });
  int most = 0;
  until([&] {
    most = std::max(most, runner->alive());
    return *(*store->reader())->number("SELECT count(*) FROM run WHERE state = 'succeeded'") ==
           kMany;
  });
  CHECK(most <= 24);
}

TEST_CASE_METHOD(ParkingFixture, "a parked run that cannot be taken up is told of once") {
  const std::string id = start_and_park("sleep '2s'");
  change([&](store::Database& db) {
    return execute(db, "UPDATE run SET sources = '[]' WHERE id = ?", id);
  });
  until([&] { return last != nullptr; });
  CHECK_FALSE(*last);
  CHECK(row(id).state == "waiting");
}
