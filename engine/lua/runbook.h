// What a runbook's table declares, read out of Lua once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/seats.h"
#include "engine/base/units.h"
#include "engine/ops/operation.h"

namespace engine::lua {

// How many of its runs may go on at once, in all processes.
struct Concurrency {
  enum class Conflict { queue, skip, replace, fail };
  int64_t limit = 0;  // 0: any number
  std::string by;     // the parameter whose value they must have in common; empty: none
  Conflict on_conflict = Conflict::queue;
};

std::string_view name_of(Concurrency::Conflict conflict);
std::string_view name_of(Priority priority);

struct RunbookInfo {
  std::string summary;
  std::string help;                // longer text, may be empty
  std::string severity;            // "P1".. as the system names it, may be empty
  std::vector<ops::Field> params;  // sorted as declared: params = { {name, type, ...}, ... } or {
                                   // name = {type, ...} } sorted by name
  std::vector<std::string> allow;  // "fs:change", "host:destroy", "process.exec"
  Millis timeout{0};               // 0: none
  std::string triggers;            // `on`, as JSON
  Concurrency concurrency;
  Priority priority = Priority::normal;
};

}  // namespace engine::lua
