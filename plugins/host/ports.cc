// Finds listening sockets in /proc/net, and their owners among open files.
#include "plugins/host/ports.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <tuple>

#include "plugins/host/processes.h"

namespace engine::host {

namespace {

std::optional<uint32_t> hex(std::string_view text) {
  uint32_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The kernel prints the address as one or four 32-bit words in the machine's own byte order.
std::string address_text(std::string_view digits) {
  unsigned char bytes[16];
  if (digits.size() != 8 && digits.size() != 32) return {};
  for (size_t i = 0; i < digits.size() / 8; ++i) {
    const auto word = hex(digits.substr(i * 8, 8));
    if (!word) return {};
    std::memcpy(bytes + i * 4, &*word, 4);
  }
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(digits.size() == 8 ? AF_INET : AF_INET6, bytes, text, sizeof text) ? text : "";
}

// The inode in "socket:[12345]".
std::optional<uint64_t> socket_inode(std::string_view link) {
  constexpr std::string_view kStart = "socket:[";
  if (!link.starts_with(kStart) || !link.ends_with("]")) return std::nullopt;
  return number(link.substr(kStart.size(), link.size() - kStart.size() - 1));
}

}  // namespace

std::vector<Port> parse_ports(std::string_view text, std::string_view protocol) {
  // A UDP socket that anybody may send to is in state 7, "closed"; a listening TCP one in 10.
  const std::string_view listening = protocol.starts_with("tcp") ? "0A" : "07";
  std::vector<Port> ports;
  for (const auto line : lines(text)) {
    const auto parts = words(line);
    if (parts.size() < 10 || parts[3] != listening) continue;
    const size_t colon = parts[1].find(':');
    if (colon == std::string_view::npos) continue;
    const auto port = hex(parts[1].substr(colon + 1));
    const std::string address = address_text(parts[1].substr(0, colon));
    if (!port || address.empty()) continue;
    ports.push_back({.protocol = std::string(protocol),
                     .address = address,
                     .port = static_cast<int>(*port),
                     .user = static_cast<unsigned>(number(parts[7]).value_or(0)),
                     .inode = number(parts[9]).value_or(0)});
  }
  return ports;
}

std::map<uint64_t, int> socket_owners(const std::string& proc) {
  std::map<uint64_t, int> owners;
  for (const int pid : pids(proc)) {
    const std::string folder = proc + "/" + std::to_string(pid) + "/fd";
    const std::unique_ptr<DIR, int (*)(DIR*)> open(opendir(folder.c_str()), closedir);
    if (!open) continue;
    while (const dirent* entry = readdir(open.get())) {
      char target[64];
      const ssize_t size = readlinkat(dirfd(open.get()), entry->d_name, target, sizeof target);
      if (size <= 0) continue;
      const auto inode = socket_inode({target, static_cast<size_t>(size)});
      if (inode) owners.try_emplace(*inode, pid);
    }
  }
  return owners;
}

std::vector<Port> read_ports(const std::string& proc) {
  std::vector<Port> ports;
  for (const char* protocol : {"tcp", "tcp6", "udp", "udp6"}) {
    const auto text = read_text(proc + "/net/" + protocol);
    if (!text) continue;  // a kernel without IPv6 has no tcp6
    for (auto& port : parse_ports(*text, protocol)) ports.push_back(std::move(port));
  }
  const auto owners = socket_owners(proc);
  for (auto& port : ports) {
    const auto owner = owners.find(port.inode);
    if (owner == owners.end()) continue;
    const auto process = read_process(proc, owner->second);
    if (!process) continue;
    port.pid = process->pid;
    port.process = process->name;
  }
  std::ranges::sort(ports, [](const Port& a, const Port& b) {
    return std::tie(a.port, a.protocol, a.address) < std::tie(b.port, b.protocol, b.address);
  });
  return ports;
}

std::string port_json(const Port& port) {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .field("protocol", port.protocol)
      .field("address", port.address)
      .field("port", port.port)
      .field("user_id", static_cast<int64_t>(port.user));
  if (port.pid) {
    json.field("pid", port.pid).field("process", port.process);
  } else {
    json.key("pid").null().key("process").null();
  }
  json.end_object();
  return out;
}

}  // namespace engine::host
