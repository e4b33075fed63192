// What a runbook's table declares, read out of Lua once.
#pragma once

#include <string>
#include <vector>

#include "engine/base/units.h"
#include "engine/ops/operation.h"

namespace engine::lua {

struct RunbookInfo {
  std::string summary;
  std::string help;                // longer text, may be empty
  std::string severity;            // "P1".. as the system names it, may be empty
  std::vector<ops::Field> params;  // sorted as declared: params = { {name, type, ...}, ... } or {
                                   // name = {type, ...} } sorted by name
  std::vector<std::string> allow;  // "fs:change", "host:destroy", "process.exec"
  Millis timeout{0};               // 0: none
  std::string triggers;            // `on`, as JSON
};

}  // namespace engine::lua
