// Between Docker's words and ours.
#include "plugins/docker/network.h"

#include "plugins/docker/query.h"

namespace engine::docker {

namespace {

// "172.17.0.2/16" -> "172.17.0.2"
std::string_view address_of(std::string_view text) { return text.substr(0, text.find('/')); }

void write_subnets(JsonWriter& json, element network) {
  json.key("subnets").begin_array();
  for (const element subnet : items_at(network, "IPAM/Config")) {
    json.begin_object().field("subnet", text_at(subnet, "Subnet"));
    if (const auto text = text_at(subnet, "Gateway"); !text.empty()) json.field("gateway", text);
    if (const auto text = text_at(subnet, "IPRange"); !text.empty()) json.field("ip_range", text);
    json.end_object();
  }
  json.end_array();
}

void write_containers(JsonWriter& json, element network) {
  json.key("containers").begin_array();
  object containers;
  const auto found = member_at(network, "Containers");
  if (found && !found->get(containers)) {
    for (const auto& [id, container] : containers) {
      json.begin_object()
          .field("id", id)
          .field("name", text_at(container, "Name"))
          .field("ip", address_of(text_at(container, "IPv4Address")))
          .field("mac", text_at(container, "MacAddress"))
          .end_object();
    }
  }
  json.end_array();
}

}  // namespace

void write_network(JsonWriter& json, element network, NetworkParts parts) {
  json.begin_object()
      .field("id", text_at(network, "Id"))
      .field("name", text_at(network, "Name"))
      .field("driver", text_at(network, "Driver"))
      .field("scope", text_at(network, "Scope"));
  field_time(json, "created", text_at(network, "Created"));
  json.field("internal", boolean_at(network, "Internal"))
      .field("attachable", boolean_at(network, "Attachable"))
      .field("ipv6", boolean_at(network, "EnableIPv6"));
  write_subnets(json, network);
  field_value(json, "labels", network, "Labels", "{}");
  field_value(json, "options", network, "Options", "{}");
  if (parts.containers) write_containers(json, network);
  if (parts.raw) {
    json.key("raw");
    append_value(json, network);
  }
  json.end_object();
}

Result<std::string> network_request(const Call& call) {
  const plugin::Args args = call.args();
  const auto labels = call.resolved_map("labels");
  if (!labels) return fail(labels.error());
  const auto options = call.resolved_map("options");
  if (!options) return fail(options.error());
  std::string body;
  JsonWriter json(body);
  json.begin_object()
      .field("Name", args.string("network"))
      .field("CheckDuplicate", true)
      .field("Driver", args.string("driver"))
      .field("Internal", args.boolean("internal"))
      .field("Attachable", args.boolean("attachable"))
      .field("EnableIPv6", args.boolean("ipv6"));
  json.key("Labels").begin_object();
  for (const auto& [name, value] : *labels) json.field(name, value);
  if (const std::string key = call.key(); !key.empty()) json.field(kKeyLabel, key);
  json.end_object().key("Options").begin_object();
  for (const auto& [name, value] : *options) json.field(name, value);
  json.end_object();
  if (args.has("subnet") || args.has("gateway") || args.has("ip_range")) {
    json.key("IPAM").begin_object().key("Config").begin_array().begin_object();
    for (const auto& [theirs, ours] :
         {std::pair("Subnet", "subnet"), {"Gateway", "gateway"}, {"IPRange", "ip_range"}}) {
      if (args.has(ours)) json.field(theirs, args.string(ours));
    }
    json.end_object().end_array().end_object();
  }
  json.end_object();
  return body;
}

std::string join_request(const plugin::Args& args) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().field("Container", args.string("container"));
  json.key("EndpointConfig").begin_object();
  if (args.has("ip")) {
    json.key("IPAMConfig").begin_object().field("IPv4Address", args.string("ip")).end_object();
  }
  json.key("Aliases").begin_array();
  for (const std::string& alias : args.strings("aliases")) json.string(alias);
  json.end_array().end_object().end_object();
  return body;
}

std::string leave_request(const plugin::Args& args) {
  std::string body;
  JsonWriter(body)
      .begin_object()
      .field("Container", args.string("container"))
      .field("Force", args.boolean("force"))
      .end_object();
  return body;
}

bool is_on(element container, std::string_view network) {
  object networks;
  const auto found = member_at(container, "NetworkSettings/Networks");
  if (!found || found->get(networks)) return false;
  for (const auto& [name, endpoint] : networks) {
    const std::string_view id = text_at(endpoint, "NetworkID");
    if (name == network || (!id.empty() && network.size() >= 12 && id.starts_with(network)))
      return true;
  }
  return false;
}

}  // namespace engine::docker
