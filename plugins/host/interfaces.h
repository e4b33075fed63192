// Network interfaces: state, addresses, and what went through them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/host/proc.h"

namespace engine::host {

struct Traffic {
  uint64_t bytes = 0, packets = 0, errors = 0, dropped = 0;
};
struct Interface {
  std::string name;
  std::string state = "unknown";  // up, down, dormant, ... as the kernel says
  std::string mac;
  int64_t mtu = 0;
  std::vector<std::string> addresses;  // "192.0.2.1/24", "2001:db8::1/64"
  Traffic received, sent;
};

// Counters of /proc/net/dev and state of /sys/class/net, without addresses.
Result<std::vector<Interface>> read_interfaces(const std::string& proc, const std::string& sys);
// This machine's addresses by interface.
std::map<std::string, std::vector<std::string>> interface_addresses();
std::string interface_json(const Interface& interface);

}  // namespace engine::host
