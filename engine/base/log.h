// The engine's own diagnostics (not a run's log): one line each on stderr, logfmt, through spdlog.
#pragma once

#include <string_view>

namespace engine::log {

enum class Level { debug, info, warn, error, off };

void set_level(Level level);
void write(Level level, std::string_view module, std::string_view message);

inline void debug(std::string_view module, std::string_view message) {
  write(Level::debug, module, message);
}
inline void info(std::string_view module, std::string_view message) {
  write(Level::info, module, message);
}
inline void warn(std::string_view module, std::string_view message) {
  write(Level::warn, module, message);
}
inline void error(std::string_view module, std::string_view message) {
  write(Level::error, module, message);
}

}  // namespace engine::log
