// docker.container.list and docker.container.get: Docker's words for a container as ours.
#include "plugins/docker/container.h"
#include "plugins/docker/operations.h"
#include "plugins/docker/params.h"
#include "plugins/docker/query.h"

namespace engine::docker {

namespace {

// A container that others are linked to has names of theirs too: "/web/db".
std::string_view own_name(element container) {
  std::string_view first;
  for (const element item : items_at(container, "Names")) {
    std::string_view name;
    if (item.get(name)) continue;
    name = bare_name(name);
    if (name.find('/') == std::string_view::npos) return name;
    if (first.empty()) first = name;
  }
  return first;
}

void write_listed_ports(JsonWriter& json, element container) {
  json.key("ports").begin_array();
  for (const element port : items_at(container, "Ports")) {
    json.begin_object();
    if (const std::string_view ip = text_at(port, "IP"); !ip.empty()) json.field("ip", ip);
    json.field("private", integer_at(port, "PrivatePort"));
    if (member_at(port, "PublicPort")) json.field("public", integer_at(port, "PublicPort"));
    json.field("type", text_at(port, "Type")).end_object();
  }
  json.end_array();
}

void write_network_names(JsonWriter& json, element container) {
  json.key("networks").begin_array();
  object networks;
  const auto found = member_at(container, "NetworkSettings/Networks");
  if (found && !found->get(networks)) {
    for (const auto& [name, network] : networks) json.string(name);
  }
  json.end_array();
}

void write_listed(JsonWriter& json, element container, bool raw) {
  json.begin_object()
      .field("id", text_at(container, "Id"))
      .field("name", own_name(container))
      .field("image", text_at(container, "Image"))
      .field("image_id", text_at(container, "ImageID"))
      .field("command", text_at(container, "Command"));
  field_seconds(json, "created", integer_at(container, "Created"));
  json.field("state", text_at(container, "State")).field("status", text_at(container, "Status"));
  field_value(json, "labels", container, "Labels", "{}");
  write_listed_ports(json, container);
  write_network_names(json, container);
  if (member_at(container, "SizeRw")) json.field("size_rw", integer_at(container, "SizeRw"));
  if (member_at(container, "SizeRootFs"))
    json.field("size_root", integer_at(container, "SizeRootFs"));
  if (raw) {
    json.key("raw");
    append_value(json, container);
  }
  json.end_object();
}

void list(Call call) {
  const plugin::Args args = call.args();
  Query query;
  query.flag("all", args.boolean("all")).flag("size", args.boolean("size"));
  if (args.has("limit")) query.add("limit", args.integer("limit"));
  if (auto added = add_filters(query, args); !added) return call.fail(added.error());
  const bool size = args.boolean("size");
  ask_json(call,
           {.path = "/containers/json",
            .query = std::move(query).text(),
            .more = size ? kWholeCall : Millis(0)},
           [raw = args.boolean("raw")](JsonWriter& json, element root) {
             json.begin_array();
             for (const element container : items_at(root, "")) write_listed(json, container, raw);
             json.end_array();
           });
}

void write_command(JsonWriter& json, element container) {
  json.key("command").begin_array().string(text_at(container, "Path"));
  for (const element word : items_at(container, "Args")) append_value(json, word);
  json.end_array();
}

// {"80/tcp": [{"HostIp", "HostPort"}]}: one entry for each way in, and one for a port without any.
void write_ports(JsonWriter& json, element container) {
  json.key("ports").begin_array();
  object ports;
  const auto found = member_at(container, "NetworkSettings/Ports");
  if (!found || found->get(ports)) ports = object();
  if (found) {
    for (const auto& [name, ways] : ports) {
      const size_t slash = name.find('/');
      const auto write = [&](std::string_view ip, std::string_view port) {
        json.begin_object();
        if (!ip.empty()) json.field("ip", ip);
        json.field("private", int64_t{std::atoi(std::string(name.substr(0, slash)).c_str())});
        if (!port.empty()) json.field("public", int64_t{std::atoi(std::string(port).c_str())});
        json.field("type", slash == name.npos ? "tcp" : name.substr(slash + 1)).end_object();
      };
      array bindings;
      if (ways.get(bindings) || bindings.size() == 0) {
        write("", "");
        continue;
      }
      for (const element way : bindings) write(text_at(way, "HostIp"), text_at(way, "HostPort"));
    }
  }
  json.end_array();
}

void write_mounts(JsonWriter& json, element container) {
  json.key("mounts").begin_array();
  for (const element mount : items_at(container, "Mounts")) {
    json.begin_object().field("type", text_at(mount, "Type"));
    if (const auto name = text_at(mount, "Name"); !name.empty()) json.field("name", name);
    json.field("source", text_at(mount, "Source"))
        .field("target", text_at(mount, "Destination"))
        .field("writable", boolean_at(mount, "RW"))
        .end_object();
  }
  json.end_array();
}

void write_networks(JsonWriter& json, element container) {
  json.key("networks").begin_object();
  object networks;
  const auto found = member_at(container, "NetworkSettings/Networks");
  if (found && !found->get(networks)) {
    for (const auto& [name, network] : networks) {
      json.key(name).begin_object().field("ip", text_at(network, "IPAddress"));
      json.field("gateway", text_at(network, "Gateway"))
          .field("mac", text_at(network, "MacAddress"));
      field_value(json, "aliases", network, "Aliases", "[]");
      json.end_object();
    }
  }
  json.end_object();
}

double cpus_of(element container) {
  const double nano = number_at(container, "HostConfig/NanoCpus");
  if (nano > 0) return nano / 1e9;
  const double quota = number_at(container, "HostConfig/CpuQuota");
  const double period = number_at(container, "HostConfig/CpuPeriod");
  return quota > 0 ? quota / (period > 0 ? period : 100'000) : 0;
}

// 0 and -1 are Docker's words for no limit.
void write_limits(JsonWriter& json, element container) {
  const int64_t memory = integer_at(container, "HostConfig/Memory");
  const int64_t pids = integer_at(container, "HostConfig/PidsLimit");
  const double cpus = cpus_of(container);
  json.key("limits").begin_object();
  if (memory > 0) json.field("memory", memory);
  if (cpus > 0) json.field("cpus", cpus);
  if (pids > 0) json.field("pids", pids);
  json.end_object();
}

void write_state(JsonWriter& json, element container) {
  json.field("state", text_at(container, "State/Status"))
      .field("running", boolean_at(container, "State/Running"))
      .field("paused", boolean_at(container, "State/Paused"))
      .field("restarting", boolean_at(container, "State/Restarting"))
      .field("exit_code", integer_at(container, "State/ExitCode"))
      .field("oom_killed", boolean_at(container, "State/OOMKilled"))
      .field("error", text_at(container, "State/Error"))
      .field("pid", integer_at(container, "State/Pid"));
  field_time(json, "created", text_at(container, "Created"));
  field_time(json, "started", text_at(container, "State/StartedAt"));
  field_time(json, "finished", text_at(container, "State/FinishedAt"));
  json.field("restart_count", integer_at(container, "RestartCount"));
  if (const auto health = text_at(container, "State/Health/Status"); !health.empty()) {
    json.field("health", health);
  } else {
    json.key("health").null();
  }
}

// The lines of `env` as a map: what is in a name is everything before the first '='.
void write_env(JsonWriter& json, element container) {
  json.key("env").begin_object();
  for (const element item : items_at(container, "Config/Env")) {
    std::string_view line;
    if (item.get(line)) continue;
    const size_t equals = line.find('=');
    const std::string name(line.substr(0, equals));
    json.field(name.starts_with('$') ? "$" + name : name,
               equals == line.npos ? std::string_view() : line.substr(equals + 1));
  }
  json.end_object();
}

void get(Call call) {
  inspect(call, [call](element container) {
    std::string out;
    JsonWriter json(out);
    json.begin_object()
        .field("id", text_at(container, "Id"))
        .field("name", bare_name(text_at(container, "Name")))
        .field("image", text_at(container, "Config/Image"))
        .field("image_id", text_at(container, "Image"));
    write_state(json, container);
    field_value(json, "labels", container, "Config/Labels", "{}");
    write_env(json, container);
    write_command(json, container);
    json.field("user", text_at(container, "Config/User"))
        .field("working_dir", text_at(container, "Config/WorkingDir"))
        .field("hostname", text_at(container, "Config/Hostname"))
        .field("tty", boolean_at(container, "Config/Tty"))
        .field("restart_policy", text_at(container, "HostConfig/RestartPolicy/Name"))
        .field("auto_remove", boolean_at(container, "HostConfig/AutoRemove"))
        .field("log_driver", text_at(container, "HostConfig/LogConfig/Type"));
    write_ports(json, container);
    write_mounts(json, container);
    write_networks(json, container);
    write_limits(json, container);
    if (call.args().boolean("raw")) {
      json.key("raw");
      append_value(json, container);
    }
    json.end_object();
    call.done(out);
  });
}

constexpr engine_field kListParams[] = {
    optional("all", ENGINE_BOOLEAN, "Those that do not run too.", "false"),
    between(optional("limit", ENGINE_INTEGER, "The newest so many, running or not."), "1", nullptr),
    kFilters,
    optional("size", ENGINE_BOOLEAN, "Adds size_rw and size_root, which takes long.", "false"),
    kRaw,
    kDaemon,
};
constexpr engine_field kGetParams[] = {kContainer, kRaw, kDaemon};
constexpr engine_field kGot[] = {
    field("id", ENGINE_STRING, "64 hexadecimal digits."),
    field("name", ENGINE_STRING, "Without the slash that Docker puts before it."),
    field("image", ENGINE_STRING, "As it was asked for."),
    field("image_id", ENGINE_STRING, "What that was."),
    field("state", ENGINE_STRING,
          "created, running, paused, restarting, removing, exited or dead."),
    field("running", ENGINE_BOOLEAN, "Also of one that is paused."),
    field("paused", ENGINE_BOOLEAN, "It is frozen."),
    field("restarting", ENGINE_BOOLEAN, "Docker is about to start it again."),
    field("exit_code", ENGINE_INTEGER, "Of the last time it ran."),
    field("oom_killed", ENGINE_BOOLEAN, "A process of it was killed for want of memory."),
    field("error", ENGINE_STRING, "Why it could not be started."),
    field("pid", ENGINE_INTEGER, "Of its first process, 0 if it does not run."),
    field("created", ENGINE_STRING, "When, RFC 3339."),
    field("started", ENGINE_STRING, "When it was started last; null: never."),
    field("finished", ENGINE_STRING, "When it ended last; null: never."),
    field("restart_count", ENGINE_INTEGER, "How often Docker started it again."),
    field("health", ENGINE_STRING, "starting, healthy or unhealthy; null: it has no check."),
    field("labels", ENGINE_MAP, "Texts by name."),
    field("env", ENGINE_MAP, "Environment variables by name.", ENGINE_SENSITIVE),
    field("command", ENGINE_LIST, "The program and its arguments."),
    field("user", ENGINE_STRING, "Empty: root, or what the image says."),
    field("working_dir", ENGINE_STRING, "Where the program starts."),
    field("hostname", ENGINE_STRING, "As it calls itself."),
    field("tty", ENGINE_BOOLEAN, "It writes to a terminal: one stream."),
    field("restart_policy", ENGINE_STRING, "no, always, unless-stopped or on-failure."),
    field("auto_remove", ENGINE_BOOLEAN, "It is removed when it ends."),
    field("log_driver", ENGINE_STRING, "Where its output goes, such as \"json-file\"."),
    field("ports", ENGINE_LIST, "private, type, and where it is published ip and public."),
    field("mounts", ENGINE_LIST, "type, name, source, target, writable."),
    field("networks", ENGINE_MAP, "ip, gateway, mac, aliases by the network's name."),
    field("limits", ENGINE_MAP, "memory, cpus, pids, as far as they are limited."),
    field("raw", ENGINE_ANY, "Docker's own answer, where it was asked for.", ENGINE_SENSITIVE),
};

constexpr engine_operation kOperations[] = {
    lasting("2m", operation("container.list",
                            "Lists containers: id, name, image, image_id, command, created, state, "
                            "status, labels, ports, networks.",
                            ENGINE_READ, bound<list, lent>, kListParams)),
    acting_on("container", operation("container.get", "Describes a container.", ENGINE_READ,
                                     bound<get, lent>, kGetParams, kGot)),
};

}  // namespace

Operations container_operations() { return kOperations; }

}  // namespace engine::docker
