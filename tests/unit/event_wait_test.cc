// Waits for what happens in a backend, with a source that the test speaks for.
#include <deque>

#include "engine/store/mail.h"
#include "tests/support/crash_fixture.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

namespace {

class EventFixture : public CrashFixture {
 public:
  EventFixture() {
    follow = [this](std::string_view source, plugin::FollowOptions options,
                    plugin::FollowEvents events) -> Result<std::unique_ptr<plugin::Subscription>> {
      if (source != "box.event")
        return fail(code::kNotFound, "no event source is named '" + std::string(source) + "'",
                    "did you mean 'box.event'?");
      asked.push_back(options.cursor.empty() ? "since" : options.cursor);
      plugin::FollowOptions soon = std::move(options);
      soon.delay_min = soon.delay_max = Millis(1);
      return plugin::follow(
          loop, std::string(source), std::move(soon), std::move(events),
          [this](std::string args, Done done, std::function<void(plugin::Event)> emit,
                 std::function<void()> accepted) -> TaskPtr {
            return start_timer(loop, Millis(1),
                               [this, args = std::move(args), done = std::move(done),
                                emit = std::move(emit), accepted = std::move(accepted)]() mutable {
                                 speak(args, std::move(done), emit, accepted);
                               });
          });
    };
  }

  void speak(const std::string& args, Done done, const std::function<void(plugin::Event)>& emit,
             const std::function<void()>& accepted) {
    if (outages > 0) {
      --outages;
      return done(fail(code::kBackendUnavailable, "the box is away"));
    }
    const Result<JsonDocument> document = read_json(args);
    const std::string cursor(json_string(document->root(), "cursor").value_or("0"));
    accepted();
    for (size_t i = std::stoul(cursor); i < past.size(); ++i) {
      emit({past[i], 1'700'000'000'000, "db", "{\"n\":" + std::to_string(i + 1) + "}",
            std::to_string(i + 1)});
    }
  }

  Strings past = {"start", "die", "start", "oom", "die"};  // kinds
  Strings asked;                                           // cursors
  int outages = 0;
};

constexpr const char* kThree = R"(
  local a = wait_for{ event = "box.event", match = { kind = "die", subject = "db" } }
  local b = wait_for{ event = "box.event", match = { kind = "start" } }
  box.make{ id = "between" }
  local c = wait_for{ event = "box.event" }
  return { a.data.n, b.data.n, c.data.n, c.kind, c.event, c.cursor, a.at }
)";

}  // namespace

TEST_CASE_METHOD(EventFixture, "rule 12: an event is given once and each wait goes on behind it") {
  const Outcome ended = run(kThree);
  CHECK(ended.result == R"([2,3,4,"oom","box.event","4","2023-11-14T22:13:20.000Z"])");
  CHECK(asked == Strings{"since", "2", "3"});
}

TEST_CASE_METHOD(EventFixture, "a wait for an event may begin elsewhere") {
  const Outcome ended = run(R"(
    local last = wait_for{ event = "box.event", since = "4" }
    local early = wait_for{ event = "box.event", since = "start" }
    local late = select(2, pcall(wait_for, { event = "box.event", since = "5", timeout = "20ms" }))
    return { last.data.n, early.data.n, late.code, late.message })");
  CHECK(ended.result ==
        R"([5,1,"TIMEOUT","no event of box.event that was waited for came within 20ms"])");
  CHECK(asked == Strings{"4", "since", "5"});
}

TEST_CASE_METHOD(EventFixture, "what is wrong with a wait for an event is said") {
  const Outcome ended = run(R"(
    local function told(what)
      local err = select(2, pcall(wait_for, what))
      return err.code, err.message
    end
    local unknown = { told{ event = "box.evnt" } }
    return { unknown[1], unknown[2], select(2, told{ event = "box.event", signal = "go" }) })");
  CHECK(
      ended.result ==
      R"(["INVALID_ARGUMENT","no event source is named 'box.evnt'","wait_for waits for a signal or for an event"])");
}

TEST_CASE_METHOD(EventFixture, "a backend that is away is waited for and shown so") {
  outages = 1'000'000;
  const Result<std::string> id = start(R"(return wait_for{ event = "box.event" }.data.n)");
  REQUIRE(id);
  std::string shown;
  std::function<void()> look = [&] {
    store->flush();
    const auto waiting = *store::list_waiting(**store->reader(), *id, 10);
    if (waiting.empty() || waiting[0].what.find("away") == std::string::npos)
      return loop.defer(look);
    shown = waiting[0].what;
    outages = 0;
  };
  loop.defer(look);
  loop.run();
  CHECK(shown == R"({"event":"box.event","away":"the box is away"})");
  CHECK((*last)->result == "1");
}

TEST_CASE_METHOD(EventFixture,
                 "events are replayed and followed on from their cursor after a crash") {
  const Outcome whole = run(kThree);
  const Strings journal = entries(whole.id);
  for (size_t kept = 1; kept < journal.size(); ++kept) {
    INFO("killed behind entry " << kept << ": " << journal[kept - 1]);
    crash(whole.id, until(journal, kept));
    CHECK(resume(whole.id).result == whole.result);
  }
}

TEST_CASE_METHOD(EventFixture, "a wait that ended without an event leaves it to the next") {
  const Outcome ended = run(R"(
    local got = first{
      function() return wait_for{ event = "box.event", match = { kind = "oom" } }.data.n end,
      function() sleep "1h" end,
    }
    local never = select(2, pcall(timeout, "0s", wait_for, { event = "box.event" }))
    return { got, never.code, wait_for{ event = "box.event" }.data.n })");
  CHECK(ended.result == R"([4,"TIMEOUT",5])");
}

TEST_CASE_METHOD(EventFixture, "a dry run waits for no event") {
  const Outcome ended = run(R"(
    box.stop{ id = wait_for{ event = "box.event" }.data.n })",
                            "", true);
  CHECK(ended.state == "succeeded");
  CHECK(asked.empty());
}
