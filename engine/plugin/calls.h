// The calls in progress, by token: what plugins hold is a number, and a number that is spent
// reaches nothing.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "engine/http/client.h"
#include "engine/loop/loop.h"
#include "engine/loop/process.h"
#include "engine/ops/operation.h"
#include "engine/ops/secrets.h"
#include "engine/plugin/plugin.h"
#include "engine/plugin/sources.h"

namespace engine::plugin {

// Something that a call has under way with the host. Its callback is called exactly once, at the
// latest when the call ends, so that the plugin can free what it handed over.
struct Activity {
  TaskPtr task;
  Callback cancelled;  // the callback, as called when the activity is cut short
};

struct CallRecord {
  engine_call token = 0;
  Loop* loop = nullptr;
  http::Client* http = nullptr;
  ops::Secrets* secrets = nullptr;
  std::string plugin;
  bool trusted = false;  // a built-in: its answers are not checked for being JSON
  std::string args, key;
  Millis timeout{0};
  std::function<void(std::string)> progress;
  std::function<void(Event)> emit;  // of a subscription
  Done done;                        // empty once nobody waits any more
  bool spawned = false;             // a program bears its key
  bool starting = false;  // inside the plugin's start: the answer is delivered a turn later
  void* data = nullptr;
  std::deque<std::string> secret_values;
  std::list<Activity> activities;
};

// Loop's thread only. One table a process, because a token says nothing of whose it is.
class Calls {
 public:
  static Calls& instance();

  CallRecord& open();
  CallRecord* find(engine_call token);
  // Delivers the outcome, ends what is still under way, and forgets the call. A spent token is
  // counted.
  void spend(engine_call token, Result<std::string> outcome);
  // Nobody waits any more: ends what is under way; the plugin still owes its answer, which is
  // dropped.
  void abandon(engine_call token);

  uint64_t spent_twice() const { return spent_twice_; }
  size_t open_count() const { return records_.size(); }

 private:
  std::unordered_map<engine_call, std::unique_ptr<CallRecord>> records_;
  engine_call next_ = 1;
  uint64_t spent_twice_ = 0;
  // Whose the last spent tokens were, to name the plugin that spends one again.
  struct Spent {
    engine_call token = 0;
    std::string plugin;
  };
  std::array<Spent, 64> spent_;
};

// The functions of engine_host, all but uv_loop.
engine_host host_functions();
void add_http_functions(engine_host& host);
void add_event_functions(engine_host& host);

// Fills `into` with texts that live until the next call.
void write_error(const Error& error, engine_error* into);
// Takes an activity off its call, whose callback is about to be called; false when the call has
// ended it already.
bool take(engine_call token, std::list<Activity>::iterator activity);

}  // namespace engine::plugin
