// Reads of the daemon as a whole.
#include "plugins/docker/operations.h"
#include "plugins/docker/params.h"
#include "plugins/docker/query.h"
#include "plugins/docker/reading.h"

namespace engine::docker {

namespace {

void write_raw(JsonWriter& json, const Call& call, element root) {
  if (!call.args().boolean("raw")) return;
  json.key("raw");
  append_value(json, root);
}

void get(Call call) {
  ask(call, {.path = "/info"}, [call](Response response) {
    const auto document = Document::read(response.body);
    if (!document) return call.fail(document.error());
    const element info = document->root();
    std::string out;
    JsonWriter json(out);
    json.begin_object()
        .field("id", text_at(info, "ID"))
        .field("name", text_at(info, "Name"))
        .field("version", text_at(info, "ServerVersion"))
        .field("api_version", response.headers.find("api-version").value_or(""))
        .field("os", text_at(info, "OperatingSystem"))
        .field("kernel", text_at(info, "KernelVersion"))
        .field("architecture", text_at(info, "Architecture"))
        .field("cpus", integer_at(info, "NCPU"))
        .field("memory", integer_at(info, "MemTotal"))
        .field("containers", integer_at(info, "Containers"))
        .field("running", integer_at(info, "ContainersRunning"))
        .field("paused", integer_at(info, "ContainersPaused"))
        .field("stopped", integer_at(info, "ContainersStopped"))
        .field("images", integer_at(info, "Images"))
        .field("root_dir", text_at(info, "DockerRootDir"))
        .field("driver", text_at(info, "Driver"))
        .field("cgroup_version", text_at(info, "CgroupVersion"));
    field_value(json, "warnings", info, "Warnings", "[]");
    write_raw(json, call, info);
    json.end_object();
    call.done(out);
  });
}

void ping(Call call) {
  const auto start = std::chrono::steady_clock::now();
  ask(call, {.path = "/_ping"}, [call, start](Response response) {
    const auto spent = std::chrono::steady_clock::now() - start;
    std::string out;
    JsonWriter(out)
        .begin_object()
        .field("api_version", response.headers.find("api-version").value_or(""))
        .field("duration_ms", int64_t{std::chrono::duration_cast<Millis>(spent).count()})
        .end_object();
    call.done(out);
  });
}

void version(Call call) {
  ask_json(call, {.path = "/version"}, [call](JsonWriter& json, element root) {
    json.begin_object()
        .field("version", text_at(root, "Version"))
        .field("api_version", text_at(root, "ApiVersion"))
        .field("min_api_version", text_at(root, "MinAPIVersion"))
        .field("used_api_version", api_of(call))
        .field("os", text_at(root, "Os"))
        .field("architecture", text_at(root, "Arch"))
        .field("kernel", text_at(root, "KernelVersion"))
        .key("components")
        .begin_object();
    for (const element component : items_at(root, "Components")) {
      json.field(text_at(component, "Name"), text_at(component, "Version"));
    }
    json.end_object();
    write_raw(json, call, root);
    json.end_object();
  });
}

// What `docker system df` counts for each kind.
struct Usage {
  int64_t count = 0, size = 0, reclaimable = 0;

  void add(int64_t bytes, bool in_use) {
    ++count;
    size += bytes;
    if (!in_use) reclaimable += bytes;
  }
};

void write_usage(JsonWriter& json, std::string_view name, const Usage& usage) {
  json.key(name)
      .begin_object()
      .field("count", usage.count)
      .field("size", usage.size)
      .field("reclaimable", std::max<int64_t>(0, usage.reclaimable))
      .end_object();
}

Usage usage_of_images(element root) {
  Usage usage;
  int64_t used = 0;
  for (const element image : items_at(root, "Images")) {
    ++usage.count;
    if (integer_at(image, "Containers") <= 0) continue;
    // Layers that images share are counted once: they stay as long as one that is used.
    used += integer_at(image, "Size") - std::max<int64_t>(0, integer_at(image, "SharedSize"));
  }
  usage.size = integer_at(root, "LayersSize");
  usage.reclaimable = usage.size - used;
  return usage;
}

Usage usage_of_containers(element root) {
  Usage usage;
  for (const element container : items_at(root, "Containers")) {
    const std::string_view state = text_at(container, "State");
    const bool in_use = state == "running" || state == "paused" || state == "restarting";
    usage.add(integer_at(container, "SizeRw"), in_use);
  }
  return usage;
}

Usage usage_of_volumes(element root) {
  Usage usage;
  for (const element volume : items_at(root, "Volumes")) {
    // -1: the daemon does not know.
    const int64_t bytes = std::max<int64_t>(0, integer_at(volume, "UsageData/Size"));
    usage.add(bytes, integer_at(volume, "UsageData/RefCount") != 0);
  }
  return usage;
}

Usage usage_of_build_cache(element root) {
  Usage usage;
  for (const element record : items_at(root, "BuildCache")) {
    const bool kept = boolean_at(record, "InUse") || boolean_at(record, "Shared");
    usage.add(boolean_at(record, "Shared") ? 0 : integer_at(record, "Size"), kept);
  }
  return usage;
}

void disk_usage(Call call) {
  ask_json(call, {.path = "/system/df", .more = kWholeCall},
           [call](JsonWriter& json, element root) {
             json.begin_object();
             write_usage(json, "images", usage_of_images(root));
             write_usage(json, "containers", usage_of_containers(root));
             write_usage(json, "volumes", usage_of_volumes(root));
             write_usage(json, "build_cache", usage_of_build_cache(root));
             write_raw(json, call, root);
             json.end_object();
           });
}

constexpr engine_field kReadParams[] = {kRaw, kDaemon};
constexpr engine_field kPingParams[] = {kDaemon};
constexpr engine_field kInfo[] = {
    field("id", ENGINE_STRING, "The daemon's own."),
    field("name", ENGINE_STRING, "The machine's."),
    field("version", ENGINE_STRING, "Of Docker, such as \"28.5.2\"."),
    field("api_version", ENGINE_STRING, "The newest that the daemon speaks."),
    field("os", ENGINE_STRING, "The machine's system, in words."),
    field("kernel", ENGINE_STRING, "Its version."),
    field("architecture", ENGINE_STRING, "Such as \"x86_64\"."),
    field("cpus", ENGINE_INTEGER, "How many processors."),
    field("memory", ENGINE_INTEGER, "The machine's, in bytes."),
    field("containers", ENGINE_INTEGER, "All of them."),
    field("running", ENGINE_INTEGER, "Containers that run."),
    field("paused", ENGINE_INTEGER, "Containers that are paused."),
    field("stopped", ENGINE_INTEGER, "Containers that do not run."),
    field("images", ENGINE_INTEGER, "How many there are."),
    field("root_dir", ENGINE_STRING, "Where the daemon keeps everything."),
    field("driver", ENGINE_STRING, "Of its storage, such as \"overlay2\"."),
    field("cgroup_version", ENGINE_STRING, "\"1\" or \"2\"."),
    field("warnings", ENGINE_LIST, "What the daemon complains about."),
    kRawResult,
};
constexpr engine_field kPinged[] = {
    field("api_version", ENGINE_STRING, "The newest that the daemon speaks."),
    field("duration_ms", ENGINE_INTEGER, "How long it took."),
};
constexpr engine_field kVersion[] = {
    field("version", ENGINE_STRING, "Of Docker."),
    field("api_version", ENGINE_STRING, "The newest that the daemon speaks."),
    field("min_api_version", ENGINE_STRING, "The oldest that the daemon speaks."),
    field("used_api_version", ENGINE_STRING, "What was negotiated."),
    field("os", ENGINE_STRING, "Such as \"linux\"."),
    field("architecture", ENGINE_STRING, "Such as \"amd64\"."),
    field("kernel", ENGINE_STRING, "Its version."),
    field("components", ENGINE_MAP, "Versions by name: Engine, containerd, runc."),
    kRawResult,
};
constexpr engine_field kUsage[] = {
    field("images", ENGINE_MAP, "count, size and reclaimable, in bytes."),
    field("containers", ENGINE_MAP, "The same, of what containers wrote."),
    field("volumes", ENGINE_MAP, "The same."),
    field("build_cache", ENGINE_MAP, "The same."),
    kRawResult,
};

constexpr engine_operation kOperations[] = {
    operation("system.get", "Describes the Docker daemon and its machine.", ENGINE_READ,
              bound<get, lent>, kReadParams, kInfo),
    operation("system.ping", "Asks the Docker daemon for a sign of life.", ENGINE_READ,
              bound<ping, lent>, kPingParams, kPinged),
    operation("system.version", "Tells the versions of Docker and of what it uses.", ENGINE_READ,
              bound<version, lent>, kReadParams, kVersion),
    lasting("5m", operation("system.disk_usage",
                            "Tells how much disk images, containers, volumes and build cache take.",
                            ENGINE_READ, bound<disk_usage, lent>, kReadParams, kUsage)),
};

}  // namespace

Operations system_operations() { return kOperations; }

}  // namespace engine::docker
