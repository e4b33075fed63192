// Our words for a container, as Docker's Config and HostConfig.
#include "plugins/docker/create_request.h"

#include "plugins/docker/body.h"
#include "plugins/docker/query.h"

namespace engine::docker {

namespace {

Error bad(std::string message, std::string hint = {}) {
  return Error(code::kInvalidArgument, std::move(message), std::move(hint));
}

constexpr const char* kPortUsage =
    R"(ports = { "8080:80", "127.0.0.1:53:53/udp", { private = 80, public = 8080 } })";

// One way into a container.
struct Port {
  std::string ip, outside, inside, type = "tcp";
};

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// [[ip:]public:]private[/type], as `docker run -p` takes it.
Result<Port> read_port(std::string_view text) {
  Port port;
  const std::string_view whole = text;
  if (const size_t slash = text.find('/'); slash != text.npos) {
    port.type = text.substr(slash + 1);
    text = text.substr(0, slash);
  }
  if (const size_t colon = text.rfind(':'); colon == text.npos) {
    port.inside = text;
  } else {
    port.inside = text.substr(colon + 1);
    text = text.substr(0, colon);
    const size_t before = text.rfind(':');
    port.outside = before == text.npos ? text : text.substr(before + 1);
    if (before != text.npos) port.ip = text.substr(0, before);
    if (port.ip.starts_with('[') && port.ip.ends_with(']')) {
      port.ip = port.ip.substr(1, port.ip.size() - 2);
    }
  }
  if (!is_number(port.inside) || (!port.outside.empty() && !is_number(port.outside))) {
    return fail(bad("'" + shortened(whole, 60) + "' is no port", kPortUsage));
  }
  return port;
}

Result<Port> read_port(element value) {
  std::string_view text;
  if (!value.get(text)) return read_port(text);
  if (value.is_int64() || value.is_uint64()) return read_port(std::string(simdjson::minify(value)));
  Port port;
  port.ip = text_at(value, "ip");
  const auto number = [&](std::string_view name) {
    return member_at(value, name) ? std::to_string(integer_at(value, name)) : std::string();
  };
  port.inside = number("private");
  port.outside = number("public");
  if (const auto type = text_at(value, "type"); !type.empty()) port.type = type;
  if (!is_number(port.inside)) return fail(bad("a port says no `private`", kPortUsage));
  return port;
}

Result<void> add_ports(Members& config, Members& host_config, const plugin::Args& args) {
  if (!args.has("ports")) return {};
  const std::string given = args.json("ports");
  const auto document = Document::read(given);
  array list;
  if (!document || document->root().get(list)) return {};
  std::map<std::string, std::vector<Port>> by_name;
  for (const element item : list) {
    auto port = read_port(item);
    if (!port) return fail(port.error());
    by_name[port->inside + "/" + port->type].push_back(std::move(*port));
  }
  std::string exposed, bindings;
  JsonWriter names(exposed), ways(bindings);
  names.begin_object();
  ways.begin_object();
  for (const auto& [name, ports] : by_name) {
    names.field_raw(name, "{}");
    ways.key(name).begin_array();
    for (const Port& port : ports) {
      ways.begin_object().field("HostIp", port.ip).field("HostPort", port.outside).end_object();
    }
    ways.end_array();
  }
  names.end_object();
  ways.end_object();
  config.set("ExposedPorts", std::move(exposed));
  host_config.set("PortBindings", std::move(bindings));
  return {};
}

Result<void> add_mounts(Members& host_config, const plugin::Args& args) {
  if (!args.has("mounts")) return {};
  const std::string given = args.json("mounts");
  const auto document = Document::read(given);
  array list;
  if (!document || document->root().get(list)) return {};
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const element mount : list) {
    const std::string_view target = text_at(mount, "target"), source = text_at(mount, "source");
    if (!target.starts_with('/')) {
      return fail(bad("a mount says no absolute `target`",
                      R"(mounts = { { source = "data", target = "/data" } })"));
    }
    std::string_view type = text_at(mount, "type");
    if (type.empty()) type = source.starts_with('/') ? "bind" : "volume";
    json.begin_object().field("Type", type).field("Target", target);
    if (!source.empty()) json.field("Source", source);
    json.field("ReadOnly", boolean_at(mount, "read_only")).end_object();
  }
  json.end_array();
  host_config.set("Mounts", std::move(out));
  return {};
}

Result<int64_t> nanoseconds(element check, std::string_view name) {
  const std::string_view text = text_at(check, name);
  if (text.empty()) return 0;
  const auto parsed = parse_duration(text);
  if (!parsed) {
    return fail(bad("healthcheck." + std::string(name) + " is no duration such as \"5s\""));
  }
  return parsed->count() * 1'000'000;
}

Result<void> add_healthcheck(Members& config, const plugin::Args& args) {
  if (!args.has("healthcheck")) return {};
  const std::string given = args.json("healthcheck");
  const auto document = Document::read(given);
  if (!document) return fail(document.error());
  const element check = document->root();
  Members members;
  std::string test;
  JsonWriter json(test);
  json.begin_array();
  if (const std::string_view line = text_at(check, "test"); !line.empty()) {
    json.string(line == "none" ? "NONE" : "CMD-SHELL");
    if (line != "none") json.string(line);
  } else {
    json.string("CMD");
    for (const element word : items_at(check, "test")) append_value(json, word);
  }
  json.end_array();
  members.set("Test", std::move(test));
  const std::pair<const char*, const char*> durations[] = {
      {"interval", "Interval"}, {"timeout", "Timeout"}, {"start_period", "StartPeriod"}};
  for (const auto& [ours, dockers] : durations) {
    const auto value = nanoseconds(check, ours);
    if (!value) return fail(value.error());
    if (*value > 0) members.set_integer(dockers, *value);
  }
  if (member_at(check, "retries")) members.set_integer("Retries", integer_at(check, "retries"));
  config.set("Healthcheck", members.json());
  return {};
}

Result<void> add_labels(Members& config, const Call& call, const plugin::Args& args) {
  Members labels;
  if (auto added = add_options(labels, args, "labels"); !added) return added;
  if (const std::string key = call.key(); !key.empty()) {
    labels.set_text(std::string(kKeyLabel), key);
  }
  config.set("Labels", labels.json());
  return {};
}

void add_plain(Members& config, Members& host_config, const plugin::Args& args) {
  config.set_text("Image", args.string("image"));
  for (const auto& [ours, dockers] : {std::pair("command", "Cmd"), {"entrypoint", "Entrypoint"}}) {
    if (args.has(ours)) config.set(dockers, args.json(ours));
  }
  const std::pair<const char*, const char*> texts[] = {{"user", "User"},
                                                       {"working_dir", "WorkingDir"},
                                                       {"hostname", "Hostname"},
                                                       {"stop_signal", "StopSignal"}};
  for (const auto& [ours, dockers] : texts) {
    if (args.has(ours)) config.set_text(dockers, args.string(ours));
  }
  if (args.boolean("tty")) config.set_flag("Tty");
  if (args.boolean("stdin")) config.set_flag("OpenStdin");
  if (args.has("stop_grace")) {
    config.set_integer("StopTimeout", (args.integer("stop_grace") + 999) / 1000);
  }
  if (args.has("network")) host_config.set_text("NetworkMode", args.string("network"));
  const std::pair<const char*, const char*> flags[] = {{"auto_remove", "AutoRemove"},
                                                       {"privileged", "Privileged"},
                                                       {"read_only", "ReadonlyRootfs"},
                                                       {"init", "Init"}};
  for (const auto& [ours, dockers] : flags) {
    if (args.boolean(ours)) host_config.set_flag(dockers);
  }
  const std::pair<const char*, const char*> lists[] = {{"volumes", "Binds"},
                                                       {"cap_add", "CapAdd"},
                                                       {"cap_drop", "CapDrop"},
                                                       {"dns", "Dns"},
                                                       {"hosts", "ExtraHosts"}};
  for (const auto& [ours, dockers] : lists) {
    if (args.has(ours)) host_config.set(dockers, args.json(ours));
  }
}

}  // namespace

Result<std::string> create_body(const Call& call) {
  const plugin::Args args = call.args();
  Members config, host_config;
  add_plain(config, host_config, args);
  Result<void> added = add_env(config, call);
  if (added) added = add_labels(config, call, args);
  if (added) added = add_ports(config, host_config, args);
  if (added) added = add_mounts(host_config, args);
  if (added) added = add_limits(host_config, args);
  if (added) added = add_healthcheck(config, args);
  if (added) added = add_options(host_config, args, "options");
  if (!added) return fail(added.error());
  config.set("HostConfig", host_config.json());
  return config.json();
}

}  // namespace engine::docker
