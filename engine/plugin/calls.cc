// Opening, spending and abandoning calls.
#include "engine/plugin/calls.h"

#include "engine/base/json_read.h"
#include "engine/base/log.h"

namespace engine::plugin {

namespace {

// A plugin still holds the text of its answer while it gives it. From this size on the answer goes
// on a turn later, when that text is gone.
constexpr size_t kLargeAnswerBytes = 256 << 10;

// Callbacks run a turn later: the plugin is not called from within its own call of the host.
void end_activities(CallRecord& record) {
  std::list<Activity> activities = std::move(record.activities);
  record.activities.clear();
  for (Activity& activity : activities) {
    activity.task.reset();
    record.loop->defer(std::move(activity.cancelled));
  }
}

}  // namespace

Calls& Calls::instance() {
  static Calls calls;
  return calls;
}

CallRecord& Calls::open() {
  auto record = std::make_unique<CallRecord>();
  record->token = next_++;
  CallRecord& opened = *record;
  records_.emplace(opened.token, std::move(record));
  return opened;
}

CallRecord* Calls::find(engine_call token) {
  const auto at = records_.find(token);
  return at == records_.end() ? nullptr : at->second.get();
}

void Calls::spend(engine_call token, Result<std::string> outcome) {
  const auto at = records_.find(token);
  if (at == records_.end()) {
    ++spent_twice_;
    const Spent& before = spent_[token % spent_.size()];
    log::warn("plugin", (before.token == token ? "plugin '" + before.plugin + "' answered a call"
                                               : "a call was answered") +
                            " a second time; the answer is dropped");
    return;
  }
  const std::unique_ptr<CallRecord> record = std::move(at->second);
  records_.erase(at);
  spent_[token % spent_.size()] = {token, record->plugin};
  end_activities(*record);
  if (!record->done) return;
  if (outcome && !record->trusted && !read_json(*outcome)) {
    outcome = fail(code::kInternal, "plugin '" + record->plugin + "' answered what is not JSON",
                   "this is a bug of the plugin");
  }
  if (record->secrets->any()) {
    if (outcome) {
      *outcome = record->secrets->scrubbed(std::move(*outcome));
    } else {
      outcome = std::unexpected(record->secrets->scrubbed(std::move(outcome.error())));
    }
  }
  if (record->starting || (outcome && outcome->size() >= kLargeAnswerBytes)) {
    // The Task that would cancel this delivery does not exist yet, so the Invoker's guard is what
    // makes a delivery to a call that is gone harmless.
    record->loop->defer([done = std::move(record->done), outcome = std::move(outcome)]() mutable {
      done(std::move(outcome));
    });
    return;
  }
  Done done = std::move(record->done);
  done(std::move(outcome));  // may destroy this
}

void Calls::abandon(engine_call token) {
  if (CallRecord* record = find(token)) {
    record->done = nullptr;
    end_activities(*record);
  }
}

}  // namespace engine::plugin
