// What may be changed and what must never be removed, whoever asks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/fs/place.h"

namespace engine::fs {

// Is `path` somewhere below `folder`? Both without links.
bool is_below(std::string_view path, std::string_view folder);

class Guard {
 public:
  // Nothing outside the roots is changed. `passwd` names the home folders, which are never removed.
  Guard(const std::vector<std::string>& roots, const std::string& passwd);

  Result<void> may_change(const Place& place) const;
  // Beyond that: no root, no folder that the system or a user lives in, nothing that has one of
  // them inside.
  Result<void> may_remove(const Place& place) const;

 private:
  std::vector<std::string> roots_;
  std::vector<std::string> kept_;
};

}  // namespace engine::fs
