// Runs that wait, seen from outside of their process.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include "tests/support/cli.h"

namespace engine::test {

inline std::string unquoted(const std::string& text) {
  return text.size() < 2 ? "" : text.substr(1, text.size() - 2);
}

// A line each, oldest first, until there are so many of them.
inline std::string await_all_waiting(const Cli& cli, size_t count) {
  for (;;) {
    std::string lines = cli.run({"runs", "--waiting", "-o", "jsonl"}).out;
    if (static_cast<size_t>(std::count(lines.begin(), lines.end(), '\n')) == count) return lines;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

// Until the store says that so many things are waited for; the first one as JSON.
inline std::string await_waiting(const Cli& cli, size_t count = 1) {
  const std::string lines = await_all_waiting(cli, count);
  return lines.substr(0, lines.find('\n'));
}

inline std::string run_of(const std::string& waiting) { return unquoted(member(waiting, "run")); }

// The one of these lines that waits for such a thing.
inline std::string line_that_waits_for(const std::string& lines, const std::string& word) {
  const size_t at = lines.find("\"waits_for\":\"" + word + "\"");
  if (at == std::string::npos) return "";
  const size_t begin = lines.rfind('\n', at) + 1;
  return lines.substr(begin, lines.find('\n', at) - begin);
}

inline std::string runbook_that_waits(const std::string& body) {
  return "return runbook { summary = \"Waits.\", run = function(ctx)\n" + body + "\nend }\n";
}

}  // namespace engine::test
