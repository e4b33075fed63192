// docker.network.*: networks, and containers on them.
#include "plugins/docker/network.h"
#include "plugins/docker/operations.h"
#include "plugins/docker/params.h"
#include "plugins/docker/query.h"

namespace engine::docker {

namespace {

void list(Call call) {
  const plugin::Args args = call.args();
  Query query;
  if (auto added = add_filters(query, args); !added) return call.fail(added.error());
  ask_json(call, {.path = "/networks", .query = std::move(query).text()},
           [raw = args.boolean("raw")](JsonWriter& json, element root) {
             json.begin_array();
             for (const element network : items_at(root, ""))
               write_network(json, network, {.containers = false, .raw = raw});
             json.end_array();
           });
}

void get(Call call) {
  auto path = path_to("network", call.args().string("network"), "");
  if (!path) return call.fail(path.error());
  ask_json(call, {.path = std::move(*path)}, [call](JsonWriter& json, element root) {
    const bool raw = call.args().has("raw") && call.args().boolean("raw");
    write_network(json, root, {.containers = true, .raw = raw});
  });
}

void create(Call call) {
  auto body = network_request(call);
  if (!body) return call.fail(body.error());
  ask_json(
      call,
      {.method = "POST", .path = "/networks/create", .body = std::move(*body), .more = kWholeCall},
      [](JsonWriter& json, element root) {
        json.begin_object()
            .field("id", text_at(root, "Id"))
            .field("warning", text_at(root, "Warning"))
            .end_object();
      });
}

// The network that this very call made carries its key.
void probe_create(Call call) {
  const std::string key = call.key();
  if (key.empty()) return call.done("{}");
  Query query;
  add_key_filter(query, key);
  ask(call, {.path = "/networks", .query = std::move(query).text()},
      [call](const Response& response) {
        const auto document = Document::read(response.body);
        if (!document) return call.fail(document.error());
        element found;
        if (document->root().at(0).get(found)) return call.done(R"({"done":false})");
        std::string out;
        JsonWriter(out)
            .begin_object()
            .field("done", true)
            .key("result")
            .begin_object()
            .field("id", text_at(found, "Id"))
            .field("warning", "")
            .end_object()
            .end_object();
        call.done(out);
      });
}

void remove(Call call) {
  auto path = path_to("network", call.args().string("network"), "");
  if (!path) return call.fail(path.error());
  ask(call, {.method = "DELETE", .path = std::move(*path), .more = kWholeCall},
      [call](const Response&) { call.done("{}"); });
}

void probe_remove(Call call) {
  probe_gone(call, path_to("network", call.args().string("network"), ""));
}

void prune(Call call) {
  const plugin::Args args = call.args();
  Query query;
  if (auto added = add_filters(query, args); !added) return call.fail(added.error());
  ask_json(call,
           {.method = "POST",
            .path = "/networks/prune",
            .query = std::move(query).text(),
            .more = kWholeCall},
           [](JsonWriter& json, element root) {
             json.begin_object();
             field_value(json, "removed", root, "NetworksDeleted", "[]");
             json.end_object();
           });
}

// Whether the container is on the network so far decides whether anything has to be done.
void join_or_leave(const Call& call, std::string_view verb, bool joined_after) {
  const plugin::Args args = call.args();
  auto path = path_to("network", args.string("network"), verb);
  if (!path) return call.fail(path.error());
  auto container = path_to("container", args.string("container"), "/json");
  if (!container) return call.fail(container.error());
  ask(call, {.path = std::move(*container)},
      [call, path = std::move(*path), joined_after](const Response& response) {
        const auto document = Document::read(response.body);
        if (!document) return call.fail(document.error());
        if (is_on(document->root(), call.args().string("network")) == joined_after)
          return call.done(R"({"changed":false})");
        ask(call,
            {.method = "POST",
             .path = path,
             .body = joined_after ? join_request(call.args()) : leave_request(call.args()),
             .more = kWholeCall},
            [call](const Response&) { call.done(R"({"changed":true})"); });
      });
}

void connect(Call call) { join_or_leave(call, "/connect", true); }
void disconnect(Call call) { join_or_leave(call, "/disconnect", false); }

constexpr engine_field kNetwork = required("network", ENGINE_STRING, "The network's name or id.");
constexpr engine_field kListParams[] = {kFilters, kRaw, kDaemon};
constexpr engine_field kGetParams[] = {kNetwork, kRaw, kDaemon};
constexpr engine_field kGot[] = {
    field("id", ENGINE_STRING, "64 hexadecimal digits."),
    field("name", ENGINE_STRING, "As it was created."),
    field("driver", ENGINE_STRING, "bridge, host, none, overlay, ..."),
    field("scope", ENGINE_STRING, "local, global or swarm."),
    field("created", ENGINE_STRING, "When, RFC 3339."),
    field("internal", ENGINE_BOOLEAN, "Nothing outside can be reached."),
    field("attachable", ENGINE_BOOLEAN, "Containers may join a swarm's network."),
    field("ipv6", ENGINE_BOOLEAN, "It has IPv6."),
    field("subnets", ENGINE_LIST, "subnet, gateway, ip_range."),
    field("labels", ENGINE_MAP, "Texts by name."),
    field("options", ENGINE_MAP, "The driver's."),
    field("containers", ENGINE_LIST, "id, name, ip, mac of the running ones."),
    kRawResult,
};
constexpr engine_field kCreateParams[] = {
    required("network", ENGINE_STRING, "Its name."),
    optional("driver", ENGINE_STRING, "Of which kind it is.", "\"bridge\""),
    optional("internal", ENGINE_BOOLEAN, "Nothing outside can be reached.", "false"),
    optional("attachable", ENGINE_BOOLEAN, "Containers may join a swarm's network.", "false"),
    optional("ipv6", ENGINE_BOOLEAN, "With IPv6.", "false"),
    optional("subnet", ENGINE_STRING, "Such as \"10.7.0.0/24\"; else Docker chooses."),
    optional("gateway", ENGINE_STRING, "An address of the subnet."),
    optional("ip_range", ENGINE_STRING, "The part of the subnet that containers get."),
    optional("labels", ENGINE_MAP, "Texts by name."),
    optional("options", ENGINE_MAP, "The driver's."),
    kDaemon,
};
constexpr engine_field kCreated[] = {
    field("id", ENGINE_STRING, "The new network's."),
    field("warning", ENGINE_STRING, "Docker's, or empty."),
};
constexpr engine_field kRemoveParams[] = {kNetwork, kDaemon};
constexpr engine_field kPruneParams[] = {kFilters, kDaemon};
constexpr engine_field kPruned[] = {field("removed", ENGINE_LIST, "Names.")};
constexpr engine_field kConnectParams[] = {
    kNetwork,
    kContainer,
    items(optional("aliases", ENGINE_LIST, "Names that others find it by."), "string"),
    optional("ip", ENGINE_STRING, "Its address; else Docker chooses."),
    kDaemon,
};
constexpr engine_field kDisconnectParams[] = {
    kNetwork,
    kContainer,
    optional("force", ENGINE_BOOLEAN, "Also where the container does not answer.", "false"),
    kDaemon,
};
constexpr engine_field kJoined[] = {kChanged};

constexpr engine_operation kOperations[] = {
    operation("network.list",
              "Lists networks: id, name, driver, scope, created, internal, subnets, labels.",
              ENGINE_READ, bound<list, lent>, kListParams),
    acting_on("network", operation("network.get", "Describes a network.", ENGINE_READ,
                                   bound<get, lent>, kGetParams, kGot)),
    acting_on("network", probed(bound<probe_create, lent>,
                                operation("network.create", "Makes a network.", ENGINE_CHANGE,
                                          bound<create, lent>, kCreateParams, kCreated))),
    probed(bound<probe_remove, lent>,
           acting_on(
               "network",
               previewed(bound<get, lent>,
                         operation("network.remove", "Removes a network that no container is on.",
                                   ENGINE_DESTROY, bound<remove, lent>, kRemoveParams)))),
    lasting("5m", idempotent(operation("network.prune", "Removes networks that nothing is on.",
                                       ENGINE_DESTROY, bound<prune, lent>, kPruneParams, kPruned))),
    idempotent(acting_on(
        "network", operation("network.connect", "Puts a container on a network.", ENGINE_CHANGE,
                             bound<connect, lent>, kConnectParams, kJoined))),
    idempotent(acting_on(
        "network", operation("network.disconnect", "Takes a container off a network.",
                             ENGINE_CHANGE, bound<disconnect, lent>, kDisconnectParams, kJoined))),
};

}  // namespace

Operations network_operations() { return kOperations; }

}  // namespace engine::docker
