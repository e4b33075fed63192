// Signals to processes, without hitting a stranger that inherited the number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/host/processes.h"

namespace engine::host {

struct SignalOrder {
  int pid = 0;
  int signal = 0;
  std::optional<uint64_t> start_time;  // field 22 of its stat: with the pid it names one process
};
// The number of "TERM", "KILL", ...
int signal_number(std::string_view name);
// The process that would be signalled. NOT_FOUND when there is none, CONFLICT when the pid is
// somebody else's by now, PERMISSION_DENIED for the init process and for ourselves.
Result<Process> check_order(const std::string& proc, const SignalOrder& order);
Result<Process> send_signal(const std::string& proc, const SignalOrder& order);

}  // namespace engine::host
