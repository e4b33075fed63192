// Checkpoints: a container's processes on disk. Docker answers before the container is as it was
// wanted to be; the call ends when it is.
#include "plugins/docker/body.h"
#include "plugins/docker/container.h"
#include "plugins/docker/operations.h"
#include "plugins/docker/params.h"
#include "plugins/docker/query.h"

namespace engine::docker {

namespace {

constexpr int64_t kLookAgainMs = 50;
constexpr int kLooksMax = 100;
constexpr int kSteadyLooks = 3;

void fail_after_saving(const Call& call, Error error) {
  error.outcome_unknown = true;
  call.fail(error);
}

void done_when_ended(const Call& call) {
  auto path = container_path(call, "/wait");
  if (!path) return call.fail(path.error());
  try_ask(call,
          {.method = "POST",
           .path = std::move(*path),
           .query = "condition=not-running",
           .idempotent = true,
           .more = kWholeCall},
          [call](const Result<Response>& response) {
            // One that goes with its end has ended.
            const bool gone = !response && response.error().code == code::kNotFound;
            if (response || gone) return call.done("{}");
            fail_after_saving(call, response.error());
          });
}

// It is paused while it is saved, which Docker may show late, and then for a moment longer.
void done_when_as_before(const Call& call, bool paused_before, int looks_left, int steady = 0) {
  try_inspect(call, [=](Result<element> container) {
    if (!container) return fail_after_saving(call, container.error());
    const bool as_before = boolean_at(*container, "State/Paused") == paused_before;
    const int now_steady = as_before ? steady + 1 : 0;
    if (now_steady == kSteadyLooks || looks_left == 0) return call.done("{}");
    later(call, kLookAgainMs,
          [=] { done_when_as_before(call, paused_before, looks_left - 1, now_steady); });
  });
}

void save(const Call& call, std::move_only_function<void()> saved) {
  const plugin::Args args = call.args();
  Members body;
  body.set_text("CheckpointID", args.string("name"));
  body.set("Exit", args.boolean("leave_running") ? "false" : "true");
  post(call, "/checkpoints", {.body = body.json(), .more = kWholeCall},
       [saved = std::move(saved)](const Response&) mutable { saved(); });
}

void create(Call call) {
  if (!call.args().boolean("leave_running")) return save(call, [call] { done_when_ended(call); });
  inspect(call, [call](element container) {
    const bool paused = boolean_at(container, "State/Paused");
    save(call, [call, paused] { done_when_as_before(call, paused, kLooksMax); });
  });
}

void with_list(const Call& call, std::move_only_function<void(std::vector<element>)> seen) {
  auto path = container_path(call, "/checkpoints");
  if (!path) return call.fail(path.error());
  ask(call, {.path = std::move(*path)},
      [call, seen = std::move(seen)](const Response& response) mutable {
        const auto document = Document::read(response.body);
        if (!document) return call.fail(document.error());
        seen(items_at(document->root(), ""));
      });
}

void list(Call call) {
  with_list(call, [call](const std::vector<element>& checkpoints) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const element checkpoint : checkpoints) {
      json.begin_object().field("name", text_at(checkpoint, "Name")).end_object();
    }
    json.end_array();
    call.done(out);
  });
}

void remove(Call call) {
  const auto name = path_part("checkpoint", call.args().string("name"));
  if (!name) return call.fail(name.error());
  auto path = container_path(call, "/checkpoints/" + *name);
  if (!path) return call.fail(path.error());
  ask(call, {.method = "DELETE", .path = std::move(*path), .more = kWholeCall},
      [call](const Response&) { call.done("{}"); });
}

// Whether the container has the checkpoint that the call names.
void look(const Call& call, std::move_only_function<void(bool there)> seen) {
  with_list(call, [call, seen = std::move(seen)](const std::vector<element>& all) mutable {
    const std::string name = call.args().string("name");
    seen(std::ranges::any_of(all, [&](element one) { return text_at(one, "Name") == name; }));
  });
}

void probe(const Call& call, bool wanted) {
  look(call, [call, wanted](bool there) {
    call.done(there == wanted ? R"({"done":true,"result":{}})" : R"({"done":false})");
  });
}
void probe_create(Call call) { probe(call, true); }
void probe_remove(Call call) { probe(call, false); }

// What a dry run shows, or refuses as Docker would.
void preview(const Call& call, bool wanted, std::string_view code, const std::string& what) {
  look(call, [=](bool there) {
    if (there != wanted) {
      return call.fail(Error(code, "checkpoint " + call.args().string("name") + " " + what +
                                       " for container " + call.args().string("container")));
    }
    inspect(call, [call, wanted](element container) {
      const bool can = wanted || boolean_at(container, "State/Running");
      if (!can) return call.fail(not_running(container, "saved"));
      done_preview(call, container, true);
    });
  });
}
void preview_create(Call call) { preview(call, false, code::kAlreadyExists, "already exists"); }
void preview_remove(Call call) { preview(call, true, code::kNotFound, "does not exist"); }

constexpr engine_field kName =
    required("name", ENGINE_STRING, "The checkpoint's name, one of its container's.");
constexpr engine_field kCreateParams[] = {
    kContainer,
    kName,
    optional("leave_running", ENGINE_BOOLEAN, "The container goes on; else it ends.", "false"),
    kDaemon,
};
constexpr engine_field kListParams[] = {kContainer, kDaemon};
constexpr engine_field kRemoveParams[] = {kContainer, kName, kDaemon};

constexpr engine_operation on_container(engine_operation of) { return acting_on("container", of); }

constexpr engine_operation kOperations[] = {
    lasting("5m", probed(bound<probe_create, lent>,
                         previewed(bound<preview_create, lent>,
                                   on_container(operation(
                                       "checkpoint.create",
                                       "Saves a running container's processes; needs an "
                                       "experimental daemon with CRIU.",
                                       ENGINE_CHANGE, bound<create, lent>, kCreateParams))))),
    on_container(operation("checkpoint.list", "Lists a container's checkpoints: name.", ENGINE_READ,
                           bound<list, lent>, kListParams)),
    probed(bound<probe_remove, lent>,
           previewed(bound<preview_remove, lent>,
                     on_container(operation("checkpoint.remove", "Removes a checkpoint.",
                                            ENGINE_DESTROY, bound<remove, lent>, kRemoveParams)))),
};

}  // namespace

Operations checkpoint_operations() { return kOperations; }

}  // namespace engine::docker
