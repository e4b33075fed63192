// docker.container.create and update: what a container is made of and may use.
#include "plugins/docker/body.h"
#include "plugins/docker/container.h"
#include "plugins/docker/create_request.h"
#include "plugins/docker/operations.h"
#include "plugins/docker/params.h"
#include "plugins/docker/query.h"

namespace engine::docker {

namespace {

void write_warnings(JsonWriter& json, element answer) {
  field_value(json, "warnings", answer, "Warnings", "[]");
}

// Docker makes a name up where none was given.
void done_created(const Call& call, element answer) {
  const auto write = [call](std::string_view id, std::string_view name, std::string_view warnings) {
    std::string out;
    JsonWriter(out)
        .begin_object()
        .field("id", id)
        .field("name", name)
        .field_raw("warnings", warnings)
        .end_object();
    call.done(out);
  };
  const std::string id(text_at(answer, "Id"));
  std::string warnings = "[]";
  if (const auto given = member_at(answer, "Warnings")) warnings = simdjson::minify(*given);
  if (call.args().has("name")) return write(id, call.args().string("name"), warnings);
  const auto path = container_path_of(id, "/json");
  if (!path) return call.fail(path.error());
  try_ask(call, {.path = *path}, [write, id, warnings](const Result<Response>& response) {
    std::string name;
    if (response) {
      const auto document = Document::read(response->body);
      if (document) name = bare_name(text_at(document->root(), "Name"));
    }
    write(id, name, warnings);
  });
}

Error without_image(Error error, const std::string& image) {
  if (error.code == code::kNotFound && error.message.find("No such image") != std::string::npos) {
    error.hint = "docker.image.pull{ image = \"" + image + "\" } fetches it";
  }
  return error;
}

void create(Call call) {
  const plugin::Args args = call.args();
  auto body = create_body(call);
  if (!body) return call.fail(body.error());
  Query query;
  if (args.has("name")) query.add("name", args.string("name"));
  if (args.has("platform")) query.add("platform", args.string("platform"));
  try_ask(call,
          {.method = "POST",
           .path = "/containers/create",
           .query = std::move(query).text(),
           .body = std::move(*body),
           .more = kWholeCall},
          [call](const Result<Response>& response) {
            if (!response) {
              return call.fail(without_image(response.error(), call.args().string("image")));
            }
            const auto document = Document::read(response->body);
            if (!document) return call.fail(document.error());
            done_created(call, document->root());
          });
}

// What a call with this key made carries the key.
void probe_create(Call call) {
  const std::string key = call.key();
  if (key.empty()) return call.done("{}");
  Query query;
  query.flag("all", true);
  add_key_filter(query, key);
  ask(call, {.path = "/containers/json", .query = std::move(query).text()},
      [call](const Response& response) {
        const auto document = Document::read(response.body);
        if (!document) return call.fail(document.error());
        const auto found = items_at(document->root(), "");
        if (found.empty()) return call.done(R"({"done":false})");
        const auto names = items_at(found.front(), "Names");
        std::string_view name;
        if (!names.empty() && !names.front().get(name)) name = bare_name(name);
        std::string out;
        JsonWriter(out)
            .begin_object()
            .field("done", true)
            .key("result")
            .begin_object()
            .field("id", text_at(found.front(), "Id"))
            .field("name", name)
            .field_raw("warnings", "[]")
            .end_object()
            .end_object();
        call.done(out);
      });
}

// An image that is missing and a name that is taken are found before anything is done.
void preview_create(Call call) {
  if (auto body = create_body(call); !body) return call.fail(body.error());
  const std::string image = call.args().string("image");
  try_ask(call, {.path = "/images/" + encoded(image, "/:@") + "/json"},
          [call, image](const Result<Response>& response) {
            if (!response) return call.fail(without_image(response.error(), image));
            const auto document = Document::read(response->body);
            if (!document) return call.fail(document.error());
            std::string out;
            JsonWriter(out)
                .begin_object()
                .field("image_id", text_at(document->root(), "Id"))
                .field("changes", true)
                .end_object();
            if (!call.args().has("name")) return call.done(out);
            const auto path = container_path_of(call.args().string("name"), "/json");
            if (!path) return call.done(out);  // Docker says it better
            try_ask(call, {.path = *path}, [call, out](const Result<Response>& taken) {
              if (!taken) return call.done(out);
              call.fail(Error(code::kAlreadyExists, "the name '" + call.args().string("name") +
                                                        "' is in use by a container"));
            });
          });
}

void update(Call call) {
  const plugin::Args args = call.args();
  Members limits;
  Result<void> added = add_limits(limits, args);
  if (added) added = add_options(limits, args, "options");
  if (!added) return call.fail(added.error());
  if (limits.empty()) {
    return call.fail(Error(code::kInvalidArgument, "docker.container.update was given no limit",
                           "docker.container.update{ container = \"db\", memory = \"512MiB\" }"));
  }
  auto path = container_path(call, "/update");
  if (!path) return call.fail(path.error());
  ask_json(call,
           {.method = "POST", .path = std::move(*path), .body = limits.json(), .idempotent = true},
           [](JsonWriter& json, element root) {
             json.begin_object();
             write_warnings(json, root);
             json.end_object();
           });
}

void preview_update(Call call) {
  inspect(call, [call](element container) { done_preview(call, container, true); });
}

constexpr engine_field strings(const char* name, const char* help) {
  return items(optional(name, ENGINE_LIST, help), "string");
}
constexpr engine_field kMemory =
    optional("memory", ENGINE_SIZE, "The most memory it may use: \"512MiB\".");
constexpr engine_field kMemorySwap =
    optional("memory_swap", ENGINE_SIZE, "The most of memory and swap together.");
constexpr engine_field kCpus =
    between(optional("cpus", ENGINE_NUMBER, "The most processors it may use: 0.5."), "0", nullptr);
constexpr engine_field kPids =
    between(optional("pids", ENGINE_INTEGER, "The most processes and threads."), "-1", nullptr);
constexpr engine_field kRestart =
    optional("restart", ENGINE_STRING, "no, always, unless-stopped, on-failure or on-failure:3.");
constexpr engine_field kOptions =
    optional("options", ENGINE_MAP, "More of Docker's HostConfig, in its own names; it wins.");

constexpr engine_field kCreateParams[] = {
    required("image", ENGINE_STRING, "A name or an id that the daemon has."),
    optional("name", ENGINE_STRING, "Else Docker makes one up."),
    strings("command", "The program and its arguments, or the arguments of `entrypoint`."),
    strings("entrypoint", "The program, instead of the image's."),
    items(optional("env", ENGINE_MAP, "Environment variables by name.", nullptr,
                   ENGINE_SENSITIVE | ENGINE_SECRETS),
          "string"),
    items(optional("labels", ENGINE_MAP, "Texts by name."), "string"),
    optional("ports", ENGINE_LIST,
             "What is published: \"127.0.0.1:8080:80/tcp\", or maps of ip, public, private, type."),
    strings("volumes", "\"name:/path\" or \"/outside:/inside:ro\", as `docker run -v` takes them."),
    items(optional("mounts", ENGINE_LIST, "Maps of type, source, target, read_only."), "map"),
    optional("network", ENGINE_STRING, "A network's name, bridge, host or none."),
    kRestart,
    kMemory,
    kMemorySwap,
    kCpus,
    kPids,
    optional("user", ENGINE_STRING, "Name or number, with a group after a colon."),
    optional("working_dir", ENGINE_STRING, "Where the program starts."),
    optional("hostname", ENGINE_STRING, "As it calls itself."),
    optional("tty", ENGINE_BOOLEAN, "Writes to a terminal: one stream.", "false"),
    optional("stdin", ENGINE_BOOLEAN, "Keeps standard input open.", "false"),
    optional("healthcheck", ENGINE_MAP,
             "test (a line for the shell, a list, or \"none\"), interval, timeout, start_period, "
             "retries."),
    optional("stop_signal", ENGINE_STRING, "What stops it: \"SIGTERM\"."),
    optional("stop_grace", ENGINE_DURATION, "From there to KILL."),
    optional("auto_remove", ENGINE_BOOLEAN, "Is removed when it ends.", "false"),
    optional("init", ENGINE_BOOLEAN, "Puts a small init before the program.", "false"),
    optional("read_only", ENGINE_BOOLEAN, "Nothing can be written beside its mounts.", "false"),
    optional("privileged", ENGINE_BOOLEAN, "May do what root may on the machine.", "false"),
    strings("cap_add", "Capabilities that it has more."),
    strings("cap_drop", "Capabilities that it has not."),
    strings("dns", "Addresses of name servers."),
    strings("hosts", "\"name:address\": what it finds beside DNS."),
    optional("platform", ENGINE_STRING, "Such as \"linux/amd64\"."),
    kOptions,
    kDaemon,
};
constexpr engine_field kCreated[] = {
    field("id", ENGINE_STRING, "64 hexadecimal digits."),
    field("name", ENGINE_STRING, "The one that was given, or Docker's."),
    field("warnings", ENGINE_LIST, "What Docker left out, in its words."),
};
constexpr engine_field kUpdateParams[] = {
    kContainer, kMemory, kMemorySwap, kCpus, kPids, kRestart, kOptions, kDaemon,
};
constexpr engine_field kUpdated[] = {
    field("warnings", ENGINE_LIST, "What Docker left out, in its words."),
};

constexpr engine_operation kOperations[] = {
    lasting("2m", probed(bound<probe_create, lent>,
                         previewed(bound<preview_create, lent>,
                                   acting_on("image", operation("container.create",
                                                                "Makes a container; it is not "
                                                                "started.",
                                                                ENGINE_CHANGE, bound<create, lent>,
                                                                kCreateParams, kCreated))))),
    idempotent(previewed(
        bound<preview_update, lent>,
        acting_on("container",
                  operation("container.update", "Changes a container's limits, also while it runs.",
                            ENGINE_CHANGE, bound<update, lent>, kUpdateParams, kUpdated)))),
};

}  // namespace

Operations container_create_operations() { return kOperations; }

}  // namespace engine::docker
