// Following what happens in backends: the event sources that plugins declare, and a subscription
// that is renewed from its last cursor for as long as somebody wants it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/loop/loop.h"
#include "engine/ops/operation.h"

namespace engine::plugin {

struct EventSource {
  std::string name;  // in full: "docker.container"
  std::string summary;
  std::vector<std::string> kinds;  // empty: any
  std::vector<ops::Field> params;  // of a subscription
  std::vector<ops::Field> fields;  // of an event's data
};

struct Event {
  std::string kind;
  int64_t at_ms = 0;
  std::string subject;  // or empty
  std::string data;     // a JSON object
  std::string cursor;   // follow from here: what comes behind it
};

struct FollowOptions {
  std::string args = "{}";          // the source's own parameters, as a person gives them
  std::string cursor = {};          // of an event; or
  std::optional<int64_t> since_ms;  // what the backend still knows from then on; else from now on
  // Before the first and the last attempt to renew it; each is varied by half.
  Millis delay_min{250}, delay_max{30'000};
};

// What a subscription tells. Each of these may destroy the subscription.
struct FollowEvents {
  std::function<void(const Event& event)> event;
  std::function<void()> following = [] {};  // the backend has accepted; also after it was lost
  std::function<void(const Error& reason, Millis again_in)> lost = [](const Error&, Millis) {};
  std::function<void(const Error& error)> failed;  // nothing comes any more: it makes no sense
};

// Destroying it ends it.
class Subscription : public Task {
 public:
  // Of the last event, or where it began; for following on in another process.
  virtual const std::string& cursor() const = 0;
  // How often it was lost.
  virtual int64_t losses() const = 0;
};

// Opens one call of the source with the given arguments (complete JSON).
using OpenSource = std::function<TaskPtr(
    std::string args, Done done, std::function<void(Event)> emit, std::function<void()> accepted)>;

// `args` are checked. Nothing is told before it has returned.
std::unique_ptr<Subscription> follow(Loop& loop, std::string source, FollowOptions options,
                                     FollowEvents events, OpenSource open);

}  // namespace engine::plugin
