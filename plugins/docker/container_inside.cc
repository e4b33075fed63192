// What goes on in containers and what is left of them: top, changes, prune.
#include <cctype>

#include "plugins/docker/body.h"
#include "plugins/docker/container.h"
#include "plugins/docker/operations.h"
#include "plugins/docker/params.h"
#include "plugins/docker/query.h"

namespace engine::docker {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

void write_cell(JsonWriter& json, const std::string& title, std::string_view cell) {
  if (title != "pid" && title != "ppid") {
    json.field(title, cell);
    return;
  }
  json.field(title, int64_t{std::atoll(std::string(cell).c_str())});
}

void top(Call call) {
  auto path = container_path(call, "/top");
  if (!path) return call.fail(path.error());
  Query query;
  query.add("ps_args", call.args().string("ps_args"));
  ask_json(call, {.path = std::move(*path), .query = std::move(query).text()},
           [](JsonWriter& json, element root) {
             const auto titles = items_at(root, "Titles");
             json.begin_array();
             for (const element process : items_at(root, "Processes")) {
               json.begin_object();
               size_t column = 0;
               for (const element cell : items_at(process, "")) {
                 std::string_view title, text;
                 if (column >= titles.size() || titles[column++].get(title) || cell.get(text))
                   continue;
                 write_cell(json, lower(title), text);
               }
               json.end_object();
             }
             json.end_array();
           });
}

void changes(Call call) {
  auto path = container_path(call, "/changes");
  if (!path) return call.fail(path.error());
  ask_json(call, {.path = std::move(*path), .more = kWholeCall},
           [](JsonWriter& json, element root) {
             constexpr std::string_view kKinds[] = {"modified", "added", "removed"};
             json.begin_array();
             for (const element change : items_at(root, "")) {
               const auto kind = static_cast<size_t>(integer_at(change, "Kind"));
               json.begin_object()
                   .field("path", text_at(change, "Path"))
                   .field("kind", kind < std::size(kKinds) ? kKinds[kind] : "unknown")
                   .end_object();
             }
             json.end_array();
           });
}

void prune(Call call) {
  Query query;
  if (auto added = add_filters(query, call.args()); !added) return call.fail(added.error());
  ask_json(call,
           {.method = "POST",
            .path = "/containers/prune",
            .query = std::move(query).text(),
            .more = kWholeCall},
           [](JsonWriter& json, element root) {
             json.begin_object();
             field_value(json, "removed", root, "ContainersDeleted", "[]");
             json.field("reclaimed", integer_at(root, "SpaceReclaimed")).end_object();
           });
}

// The filters of a list know no `until`: then it is only said that no more than these would go.
void preview_prune(Call call) {
  const auto given = filters_json(call.args());
  if (!given) return call.fail(given.error());
  const auto document = Document::read(*given);
  if (!document) return call.fail(document.error());
  Members filters;
  filters.set("status", R"(["created","exited","dead"])");
  object all;
  bool exact = true;
  if (!document->root().get(all)) {
    for (const auto& [name, value] : all) {
      if (name == "label") filters.set("label", simdjson::minify(value));
      exact = exact && name == "label";
    }
  }
  Query query;
  query.flag("all", true).add("filters", filters.json());
  ask_json(call, {.path = "/containers/json", .query = std::move(query).text()},
           [exact](JsonWriter& json, element root) {
             json.begin_object().key(exact ? "removes" : "removes_at_most").begin_array();
             for (const element container : items_at(root, "")) {
               const auto names = items_at(container, "Names");
               std::string_view name;
               const bool named = !names.empty() && !names.front().get(name);
               json.string(named ? bare_name(name) : text_at(container, "Id"));
             }
             json.end_array().end_object();
           });
}

constexpr engine_field kTopParams[] = {
    kContainer,
    optional("ps_args", ENGINE_STRING, "What `ps` is asked for, with its pid.", "\"-ef\""),
    kDaemon,
};
constexpr engine_field kPlainParams[] = {kContainer, kDaemon};
constexpr engine_field kPruneParams[] = {kFilters, kDaemon};
constexpr engine_field kPruned[] = {
    field("removed", ENGINE_LIST, "Ids."),
    field("reclaimed", ENGINE_INTEGER, "Bytes of disk that are free now."),
};

constexpr engine_operation on_container(engine_operation of) { return acting_on("container", of); }

constexpr engine_operation kOperations[] = {
    on_container(operation("container.top",
                           "Lists a container's processes: a map each, by the columns of `ps`.",
                           ENGINE_READ, bound<top, lent>, kTopParams)),
    lasting("2m", on_container(operation("container.changes",
                                         "Lists what differs from the image: path and kind "
                                         "(added, modified, removed).",
                                         ENGINE_READ, bound<changes, lent>, kPlainParams))),
    lasting("10m", previewed(bound<preview_prune, lent>,
                             operation("container.prune", "Removes all containers that do not run.",
                                       ENGINE_DESTROY, bound<prune, lent>, kPruneParams, kPruned))),
};

}  // namespace

Operations container_inside_operations() { return kOperations; }

}  // namespace engine::docker
