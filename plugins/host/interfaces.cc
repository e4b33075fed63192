// Puts together what /proc, /sys and getifaddrs know of an interface.
#include "plugins/host/interfaces.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <bit>
#include <cstring>
#include <memory>
#include <span>

namespace engine::host {

namespace {

std::string one_line(const std::string& path) {
  const auto text = read_text(path);
  return text ? std::string(trim(*text)) : std::string();
}

Traffic traffic_of(std::span<const std::string_view> figures) {
  return {number(figures[0]).value_or(0), number(figures[1]).value_or(0),
          number(figures[2]).value_or(0), number(figures[3]).value_or(0)};
}

int bits_of(const unsigned char* mask, size_t size) {
  int bits = 0;
  for (size_t i = 0; i < size; ++i) bits += std::popcount(mask[i]);
  return bits;
}

// The bytes of the address inside a socket address, and how many; 0 for other families.
size_t address_bytes(const sockaddr* address, unsigned char (&bytes)[16]) {
  if (!address) return 0;
  if (address->sa_family == AF_INET) {
    std::memcpy(bytes, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, 4);
    return 4;
  }
  if (address->sa_family == AF_INET6) {
    std::memcpy(bytes, &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, 16);
    return 16;
  }
  return 0;
}

void append_traffic(JsonWriter& json, const char* name, const Traffic& traffic) {
  json.key(name)
      .begin_object()
      .field("bytes", static_cast<int64_t>(traffic.bytes))
      .field("packets", static_cast<int64_t>(traffic.packets))
      .field("errors", static_cast<int64_t>(traffic.errors))
      .field("dropped", static_cast<int64_t>(traffic.dropped))
      .end_object();
}

}  // namespace

Result<std::vector<Interface>> read_interfaces(const std::string& proc, const std::string& sys) {
  const auto text = read_text(proc + "/net/dev");
  if (!text) return fail(text.error());
  std::vector<Interface> interfaces;
  for (const auto line : lines(*text)) {
    const size_t colon = line.rfind(':');  // an alias has one in its name
    if (colon == std::string_view::npos) continue;
    const auto name = words(line.substr(0, colon));
    const auto figures = words(line.substr(colon + 1));
    if (name.size() != 1 || figures.size() < 16) continue;
    Interface interface;
    interface.name = name[0];
    interface.received = traffic_of(std::span(figures).subspan(0, 4));
    interface.sent = traffic_of(std::span(figures).subspan(8, 4));
    const std::string folder = sys + "/class/net/" + interface.name;
    if (auto state = one_line(folder + "/operstate"); !state.empty()) interface.state = state;
    interface.mac = one_line(folder + "/address");
    interface.mtu = static_cast<int64_t>(number(one_line(folder + "/mtu")).value_or(0));
    interfaces.push_back(std::move(interface));
  }
  return interfaces;
}

std::map<std::string, std::vector<std::string>> interface_addresses() {
  std::map<std::string, std::vector<std::string>> found;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return found;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(first, freeifaddrs);
  for (const ifaddrs* each = first; each; each = each->ifa_next) {
    unsigned char address[16], mask[16];
    const size_t size = address_bytes(each->ifa_addr, address);
    if (size == 0) continue;
    char text[INET6_ADDRSTRLEN];
    if (!inet_ntop(each->ifa_addr->sa_family, address, text, sizeof text)) continue;
    const size_t mask_size = address_bytes(each->ifa_netmask, mask);
    std::string full = text;
    if (mask_size == size) full += "/" + std::to_string(bits_of(mask, size));
    found[each->ifa_name].push_back(std::move(full));
  }
  return found;
}

std::string interface_json(const Interface& interface) {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .field("name", interface.name)
      .field("state", interface.state)
      .field("mac", interface.mac)
      .field("mtu", interface.mtu);
  json.key("addresses").begin_array();
  for (const auto& address : interface.addresses) json.string(address);
  json.end_array();
  append_traffic(json, "received", interface.received);
  append_traffic(json, "sent", interface.sent);
  json.end_object();
  return out;
}

}  // namespace engine::host
