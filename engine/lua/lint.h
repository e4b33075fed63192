// What can be said about a runbook or a module without running it: syntax, names, parameters,
// permissions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace engine::ops {
class Registry;
}

namespace engine::lua {

struct Finding {
  int line = 0;
  int column = 0, end_column = 0;  // from 1, in characters; end_column is behind the last one
  std::string message;
  std::string hint;  // what to do about it, may be empty
};

// Findings in the order of the text. Nothing is said about what depends on a value that only a run
// knows. A file that calls runbook{...} is also checked against its own `allow`.
std::vector<Finding> lint(std::string_view source_name, std::string_view text,
                          ops::Registry& registry);

// "file:line:column: message", the source line, a caret below the place, and the hint.
std::string render(std::string_view source_name, const Finding& finding, std::string_view text);

}  // namespace engine::lua
