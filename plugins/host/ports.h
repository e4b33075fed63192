// Listening TCP and UDP ports, and who listens.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/host/proc.h"

namespace engine::host {

struct Port {
  std::string protocol;  // tcp, tcp6, udp, udp6
  std::string address;
  int port = 0;
  unsigned user = 0;
  uint64_t inode = 0;
  int pid = 0;  // 0: not ours to see, or the kernel's own
  std::string process{};
};

// The listening sockets of one /proc/net/{tcp,tcp6,udp,udp6}.
std::vector<Port> parse_ports(std::string_view text, std::string_view protocol);
// Which process has which of these sockets open; of several the one with the lowest pid.
std::map<uint64_t, int> socket_owners(const std::string& proc);
// Sorted by port, protocol and address.
std::vector<Port> read_ports(const std::string& proc);
std::string port_json(const Port& port);

}  // namespace engine::host
