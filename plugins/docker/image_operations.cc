// docker.image.list, get, tag, remove, prune.
#include "plugins/docker/image.h"
#include "plugins/docker/operations.h"
#include "plugins/docker/params.h"
#include "plugins/docker/query.h"

namespace engine::docker {

namespace {

// Docker's way to say that an image has none.
bool is_none(std::string_view name) { return name.starts_with("<none>"); }

void write_names(JsonWriter& json, std::string_view name, element image, std::string_view path) {
  json.key(name).begin_array();
  for (const element item : items_at(image, path)) {
    std::string_view text;
    if (!item.get(text) && !is_none(text)) json.string(text);
  }
  json.end_array();
}

void write_raw(JsonWriter& json, element value, bool raw) {
  if (!raw) return;
  json.key("raw");
  append_value(json, value);
}

void list(Call call) {
  const plugin::Args args = call.args();
  Query query;
  query.flag("all", args.boolean("all")).flag("digests", true);
  if (auto added = add_filters(query, args); !added) return call.fail(added.error());
  ask_json(call, {.path = "/images/json", .query = std::move(query).text()},
           [raw = args.boolean("raw")](JsonWriter& json, element root) {
             json.begin_array();
             for (const element image : items_at(root, "")) {
               json.begin_object().field("id", text_at(image, "Id"));
               write_names(json, "tags", image, "RepoTags");
               write_names(json, "digests", image, "RepoDigests");
               field_seconds(json, "created", integer_at(image, "Created"));
               json.field("size", integer_at(image, "Size"));
               field_value(json, "labels", image, "Labels", "{}");
               write_raw(json, image, raw);
               json.end_object();
             }
             json.end_array();
           });
}

void get(Call call) {
  const plugin::Args args = call.args();
  auto path = image_path(args.string("image"), "/json");
  if (!path) return call.fail(path.error());
  ask_json(call, {.path = std::move(*path)},
           [raw = args.boolean("raw")](JsonWriter& json, element image) {
             json.begin_object().field("id", text_at(image, "Id"));
             write_names(json, "tags", image, "RepoTags");
             write_names(json, "digests", image, "RepoDigests");
             field_time(json, "created", text_at(image, "Created"));
             json.field("size", integer_at(image, "Size"))
                 .field("os", text_at(image, "Os"))
                 .field("architecture", text_at(image, "Architecture"));
             field_value(json, "labels", image, "Config/Labels", "{}");
             field_value(json, "env", image, "Config/Env", "[]");
             field_value(json, "command", image, "Config/Cmd", "[]");
             field_value(json, "entrypoint", image, "Config/Entrypoint", "[]");
             json.field("user", text_at(image, "Config/User"))
                 .field("working_dir", text_at(image, "Config/WorkingDir"))
                 .field("layers", static_cast<int64_t>(items_at(image, "RootFS/Layers").size()));
             write_raw(json, image, raw);
             json.end_object();
           });
}

void tag(Call call) {
  const plugin::Args args = call.args();
  auto path = image_path(args.string("image"), "/tag");
  if (!path) return call.fail(path.error());
  const ImageName name = image_name(args.string("name"));
  Query query;
  query.add("repo", name.repo).add("tag", name.tag);
  ask(call,
      {.method = "POST",
       .path = std::move(*path),
       .query = std::move(query).text(),
       .idempotent = true},
      [call](const Response&) { call.done("{}"); });
}

// [{"Untagged": name}, {"Deleted": id}]
void write_removed(JsonWriter& json, const std::vector<element>& entries) {
  for (const auto& [key, member] : {std::pair("untagged", "Untagged"), {"deleted", "Deleted"}}) {
    json.key(key).begin_array();
    for (const element entry : entries) {
      if (const auto text = text_at(entry, member); !text.empty()) json.string(text);
    }
    json.end_array();
  }
}

void remove(Call call) {
  const plugin::Args args = call.args();
  auto path = image_path(args.string("image"), "");
  if (!path) return call.fail(path.error());
  Query query;
  query.flag("force", args.boolean("force")).flag("noprune", args.boolean("keep_parents"));
  ask_json(call,
           {.method = "DELETE",
            .path = std::move(*path),
            .query = std::move(query).text(),
            .more = kWholeCall},
           [](JsonWriter& json, element root) {
             json.begin_object();
             write_removed(json, items_at(root, ""));
             json.end_object();
           });
}

void preview_image(Call call) {
  auto path = image_path(call.args().string("image"), "/json");
  if (!path) return call.fail(path.error());
  ask_json(call, {.path = std::move(*path)}, [](JsonWriter& json, element root) {
    json.begin_object().field("id", text_at(root, "Id"));
    write_names(json, "tags", root, "RepoTags");
    json.field("size", integer_at(root, "Size")).end_object();
  });
}

void probe_remove(Call call) {
  probe_gone(call, image_path(call.args().string("image"), "/json"),
             R"({"untagged":[],"deleted":[]})");
}

Result<std::string> prune_query(const plugin::Args& args) {
  auto filters = filters_json(args);
  if (!filters) return fail(filters.error());
  if (args.boolean("all")) {
    filters->pop_back();
    if (filters->back() != '{') *filters += ',';
    *filters += R"("dangling":["false"]})";
  }
  Query query;
  if (*filters != "{}") query.add("filters", *filters);
  return std::move(query).text();
}

void prune(Call call) {
  auto query = prune_query(call.args());
  if (!query) return call.fail(query.error());
  ask_json(
      call,
      {.method = "POST", .path = "/images/prune", .query = std::move(*query), .more = kWholeCall},
      [](JsonWriter& json, element root) {
        json.begin_object();
        write_removed(json, items_at(root, "ImagesDeleted"));
        json.field("reclaimed", integer_at(root, "SpaceReclaimed")).end_object();
      });
}

constexpr engine_field kImage =
    required("image", ENGINE_STRING, "The image's name with its tag, or its id.");
constexpr engine_field kListParams[] = {
    optional("all", ENGINE_BOOLEAN, "With the layers between.", "false"),
    kFilters,
    kRaw,
    kDaemon,
};
constexpr engine_field kGetParams[] = {kImage, kRaw, kDaemon};
constexpr engine_field kGot[] = {
    field("id", ENGINE_STRING, "\"sha256:\" and 64 hexadecimal digits."),
    field("tags", ENGINE_LIST, "Its names."),
    field("digests", ENGINE_LIST, "Its names by what registries keep."),
    field("created", ENGINE_STRING, "When, RFC 3339."),
    field("size", ENGINE_INTEGER, "Of all layers."),
    field("os", ENGINE_STRING, "Such as \"linux\"."),
    field("architecture", ENGINE_STRING, "Such as \"amd64\"."),
    field("labels", ENGINE_MAP, "Texts by name."),
    field("env", ENGINE_LIST, "NAME=value, for its containers.", ENGINE_SENSITIVE),
    field("command", ENGINE_LIST, "What its containers run."),
    field("entrypoint", ENGINE_LIST, "What that is given to."),
    field("user", ENGINE_STRING, "Empty: root."),
    field("working_dir", ENGINE_STRING, "Where the program starts."),
    field("layers", ENGINE_INTEGER, "How many."),
    field("raw", ENGINE_ANY, "Docker's own answer, where it was asked for.", ENGINE_SENSITIVE),
};
constexpr engine_field kTagParams[] = {
    kImage,
    required("name", ENGINE_STRING, "The new name: repository:tag."),
    kDaemon,
};
constexpr engine_field kRemoveParams[] = {
    kImage,
    optional("force", ENGINE_BOOLEAN, "Also with several names, or a stopped container.", "false"),
    optional("keep_parents", ENGINE_BOOLEAN, "Keeps images without a name that it came from.",
             "false"),
    kDaemon,
};
constexpr engine_field kRemoved[] = {
    field("untagged", ENGINE_LIST, "Names that are gone."),
    field("deleted", ENGINE_LIST, "Ids of layers and images that are gone."),
};
constexpr engine_field kPruneParams[] = {
    optional("all", ENGINE_BOOLEAN, "All that no container uses, not only those without a name.",
             "false"),
    kFilters,
    kDaemon,
};
constexpr engine_field kPruned[] = {
    kRemoved[0],
    kRemoved[1],
    field("reclaimed", ENGINE_INTEGER, "Bytes that are free again."),
};

constexpr engine_operation kOperations[] = {
    operation("image.list", "Lists images: id, tags, digests, created, size, labels.", ENGINE_READ,
              bound<list, lent>, kListParams),
    acting_on("image", operation("image.get", "Describes an image.", ENGINE_READ, bound<get, lent>,
                                 kGetParams, kGot)),
    idempotent(
        acting_on("image", previewed(bound<preview_image, lent>,
                                     operation("image.tag", "Gives an image one more name.",
                                               ENGINE_CHANGE, bound<tag, lent>, kTagParams)))),
    lasting("5m",
            probed(bound<probe_remove, lent>,
                   acting_on("image",
                             previewed(bound<preview_image, lent>,
                                       operation("image.remove",
                                                 "Removes a name of an image, and with the last "
                                                 "one the image.",
                                                 ENGINE_DESTROY, bound<remove, lent>, kRemoveParams,
                                                 kRemoved))))),
    lasting("10m",
            idempotent(operation("image.prune", "Removes images that nothing uses.", ENGINE_DESTROY,
                                 bound<prune, lent>, kPruneParams, kPruned))),
};

}  // namespace

Operations image_operations() { return kOperations; }

}  // namespace engine::docker
