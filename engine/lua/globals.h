// The globals that every runbook and module has, for the check that runs nothing. A test compares
// them with a run's.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace engine::lua {

// The tables of Lua's own library.
inline constexpr std::array<const char*, 6> kLibraryTables = {"string", "table", "math",
                                                              "utf8",   "os",    "json"};
bool is_global(std::string_view name);
std::vector<std::string> global_names();

// What is in the library table of that name; empty: nothing is known about it, or it is no table.
std::vector<std::string> members_of(std::string_view name);

// What to do instead of something that Lua has elsewhere and a runbook has not; empty: nothing to
// say.
std::string removed_from_lua(std::string_view path);

}  // namespace engine::lua
