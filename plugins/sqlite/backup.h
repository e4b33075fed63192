// A copy of a database that is in use: there whole, or not at all.
#pragma once

#include "engine/plugin/sqlite.hpp"

namespace engine::sqlite_plugin {

// {"path": to, "bytes": n}
Result<std::string> back_up(plugin::ForeignDatabase& database, const std::string& path,
                            const std::string& to, bool overwrite);

}  // namespace engine::sqlite_plugin
