// Work in progress. Destroying a Task cancels it; nothing else does.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/base/error.h"

namespace engine {

class Task {
 public:
  Task() { ++alive; }
  virtual ~Task() { --alive; }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  static inline long alive = 0;  // tests demand 0 at their end
};
using TaskPtr = std::unique_ptr<Task>;

// Called exactly once with JSON text or an error, never inside the call that started the work, and
// not at all once its Task is destroyed. It may destroy the Task.
using Done = std::move_only_function<void(Result<std::string>)>;

}  // namespace engine
