// spdlog behind log.h. The logger is made at the first line: most processes never write one.
#include "engine/base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>

namespace engine::log {
namespace {

std::atomic<Level> g_level = Level::info;

// Never destroyed: a worker thread may log while the process exits.
spdlog::logger& logger() {
  static spdlog::logger* const instance = [] {
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    auto* made = new spdlog::logger("engine", std::move(sink));
    made->set_pattern("time=%Y-%m-%dT%H:%M:%S.%e%z %v");
    made->set_level(spdlog::level::trace);
    return made;
  }();
  return *instance;
}

void append_quoted(std::string& line, std::string_view text) {
  line += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') line += '\\';
    if (c == '\n') {
      line += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      line += ' ';
    } else {
      line += c;
    }
  }
  line += '"';
}

}  // namespace

void set_level(Level level) { g_level.store(level, std::memory_order_relaxed); }

void write(Level level, std::string_view module, std::string_view message) {
  if (level == Level::off || level < g_level.load(std::memory_order_relaxed)) return;
  constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warn", "error"};
  std::string line = "level=";
  line += kNames[static_cast<size_t>(level)];
  line += " module=";
  line += module;
  line += " msg=";
  append_quoted(line, message);
  logger().log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace engine::log
