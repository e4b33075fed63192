// docker.volume.*: storage that outlives containers.
#include "plugins/docker/operations.h"
#include "plugins/docker/params.h"
#include "plugins/docker/query.h"
#include "plugins/docker/reading.h"

namespace engine::docker {

namespace {

void write_volume(JsonWriter& json, element volume, bool raw) {
  json.begin_object()
      .field("name", text_at(volume, "Name"))
      .field("driver", text_at(volume, "Driver"))
      .field("mountpoint", text_at(volume, "Mountpoint"))
      .field("scope", text_at(volume, "Scope"));
  field_time(json, "created", text_at(volume, "CreatedAt"));
  field_value(json, "labels", volume, "Labels", "{}");
  field_value(json, "options", volume, "Options", "{}");
  if (raw) {
    json.key("raw");
    append_value(json, volume);
  }
  json.end_object();
}

void list(Call call) {
  const plugin::Args args = call.args();
  Query query;
  if (auto added = add_filters(query, args); !added) return call.fail(added.error());
  ask_json(call, {.path = "/volumes", .query = std::move(query).text()},
           [raw = args.boolean("raw")](JsonWriter& json, element root) {
             json.begin_array();
             for (const element volume : items_at(root, "Volumes")) write_volume(json, volume, raw);
             json.end_array();
           });
}

void ask_volume(const Call& call, Ask request) {
  const bool raw = call.args().boolean("raw");
  ask_json(call, std::move(request),
           [raw](JsonWriter& json, element volume) { write_volume(json, volume, raw); });
}

void get(Call call) {
  auto path = path_to("volume", call.args().string("volume"), "");
  if (!path) return call.fail(path.error());
  ask_volume(call, {.path = std::move(*path)});
}

// Docker answers with the volume that is there already, if its driver is the same.
void create(Call call) {
  const plugin::Args args = call.args();
  std::string body;
  JsonWriter json(body);
  json.begin_object().field("Name", args.string("volume")).field("Driver", args.string("driver"));
  for (const auto& [theirs, ours] : {std::pair("Labels", "labels"), {"DriverOpts", "options"}}) {
    if (auto given = call.resolved_map(ours); !given) {
      return call.fail(given.error());
    } else if (!given->empty()) {
      json.key(theirs).begin_object();
      for (const auto& [name, value] : *given) json.field(name, value);
      json.end_object();
    }
  }
  json.end_object();
  ask_volume(call, {.method = "POST",
                    .path = "/volumes/create",
                    .body = std::move(body),
                    .idempotent = true,
                    .more = kWholeCall});
}

void remove(Call call) {
  const plugin::Args args = call.args();
  auto path = path_to("volume", args.string("volume"), "");
  if (!path) return call.fail(path.error());
  Query query;
  query.flag("force", args.boolean("force"));
  ask(call,
      {.method = "DELETE",
       .path = std::move(*path),
       .query = std::move(query).text(),
       .more = kWholeCall},
      [call](const Response&) { call.done("{}"); });
}

void probe_remove(Call call) {
  probe_gone(call, path_to("volume", call.args().string("volume"), ""));
}

// Since API 1.42 only those without a name are pruned unless `all` is a filter, before that all of
// them are.
bool prunes_named_too(const std::string& api) {
  const auto parts = split(api, '.');
  return parts.size() == 2 && std::atoi(std::string(parts[0]).c_str()) == 1 &&
         std::atoi(std::string(parts[1]).c_str()) < 42;
}

void prune_now(const Call& call) {
  const plugin::Args args = call.args();
  const bool all = args.boolean("all"), old = prunes_named_too(api_of(call));
  if (!all && old) {
    return call.fail(Error(code::kUnsupported,
                           "this Docker daemon cannot prune volumes without a name alone",
                           "all = true prunes all that no container uses"));
  }
  auto filters = filters_json(args);
  if (!filters) return call.fail(filters.error());
  if (all && !old) {
    filters->pop_back();
    if (filters->back() != '{') *filters += ',';
    *filters += R"("all":["true"]})";
  }
  Query query;
  query.add("filters", *filters);
  ask_json(call,
           {.method = "POST",
            .path = "/volumes/prune",
            .query = std::move(query).text(),
            .more = kWholeCall},
           [](JsonWriter& json, element root) {
             json.begin_object();
             field_value(json, "removed", root, "VolumesDeleted", "[]");
             json.field("reclaimed", integer_at(root, "SpaceReclaimed")).end_object();
           });
}

void prune(Call call) {
  if (!api_of(call).empty()) return prune_now(call);
  ask(call, {.path = "/_ping"}, [call](const Response&) { prune_now(call); });
}

constexpr engine_field kVolume = required("volume", ENGINE_STRING, "The volume's name.");
constexpr engine_field kListParams[] = {kFilters, kRaw, kDaemon};
constexpr engine_field kGetParams[] = {kVolume, kRaw, kDaemon};
constexpr engine_field kGot[] = {
    field("name", ENGINE_STRING, "64 hexadecimal digits where nobody chose one."),
    field("driver", ENGINE_STRING, "Such as \"local\"."),
    field("mountpoint", ENGINE_STRING, "Where it lies on the daemon's machine."),
    field("scope", ENGINE_STRING, "local or global."),
    field("created", ENGINE_STRING, "When, RFC 3339."),
    field("labels", ENGINE_MAP, "Texts by name."),
    field("options", ENGINE_MAP, "The driver's."),
    kRawResult,
};
constexpr engine_field kCreateParams[] = {
    optional("volume", ENGINE_STRING, "Its name; without one Docker makes one up."),
    optional("driver", ENGINE_STRING, "What keeps it.", "\"local\""),
    optional("labels", ENGINE_MAP, "Texts by name."),
    optional("options", ENGINE_MAP, "The driver's.", nullptr, ENGINE_SECRETS),
    kRaw,
    kDaemon,
};
constexpr engine_field kRemoveParams[] = {
    kVolume,
    optional("force", ENGINE_BOOLEAN, "Also where its driver does not answer; also if it is gone.",
             "false"),
    kDaemon,
};
constexpr engine_field kPruneParams[] = {
    optional("all", ENGINE_BOOLEAN, "With those that have a name.", "false"),
    kFilters,
    kDaemon,
};
constexpr engine_field kPruned[] = {
    field("removed", ENGINE_LIST, "Names."),
    field("reclaimed", ENGINE_INTEGER, "Bytes that are free again."),
};

constexpr engine_operation kOperations[] = {
    operation("volume.list", "Lists volumes: name, driver, mountpoint, scope, created, labels.",
              ENGINE_READ, bound<list, lent>, kListParams),
    acting_on("volume", operation("volume.get", "Describes a volume.", ENGINE_READ,
                                  bound<get, lent>, kGetParams, kGot)),
    idempotent(acting_on("volume",
                         operation("volume.create", "Makes a volume, if it is not there already.",
                                   ENGINE_CHANGE, bound<create, lent>, kCreateParams, kGot))),
    probed(bound<probe_remove, lent>,
           acting_on("volume",
                     previewed(bound<get, lent>,
                               operation("volume.remove", "Removes a volume and what is in it.",
                                         ENGINE_DESTROY, bound<remove, lent>, kRemoveParams)))),
    lasting("10m",
            idempotent(operation("volume.prune", "Removes volumes that no container uses.",
                                 ENGINE_DESTROY, bound<prune, lent>, kPruneParams, kPruned))),
};

}  // namespace

Operations volume_operations() { return kOperations; }

}  // namespace engine::docker
