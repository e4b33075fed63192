// From one state to another: start, stop, restart, pause, resume, signal, wait, remove, rename.
#include <algorithm>

#include "plugins/docker/container.h"
#include "plugins/docker/operations.h"
#include "plugins/docker/params.h"
#include "plugins/docker/query.h"

namespace engine::docker {

namespace {

constexpr int kNotModified = 304;
constexpr int64_t kAgainMs = 250;
constexpr int kAgainMax = 20;

// What containerd still holds of a checkpoint gets in the way of a start from it until containerd
// has tidied up. Such a start has done nothing.
bool was_too_early(const Error& error) { return error.code == code::kConflict && error.retryable; }

void start_at(const Call& call, const std::string& path, const std::string& query, int again) {
  try_ask(call, {.method = "POST", .path = path, .query = query, .more = kWholeCall},
          [=](const Result<Response>& response) {
            if (response) return done_changed(call, response->status != kNotModified);
            const Error& error = response.error();
            if (again == 0 || !was_too_early(error)) return call.fail(error);
            later(call, kAgainMs, [=] { start_at(call, path, query, again - 1); });
          });
}

void start(Call call) {
  auto path = container_path(call, "/start");
  if (!path) return call.fail(path.error());
  Query query;
  if (call.args().has("checkpoint")) {
    const std::string checkpoint = call.args().string("checkpoint");
    if (auto name = path_part("checkpoint", checkpoint); !name) return call.fail(name.error());
    query.add("checkpoint", checkpoint);
  }
  start_at(call, *path, std::move(query).text(), kAgainMax);
}

// How Docker takes a grace, whole seconds; what is begun is waited for.
int64_t seconds_of(Millis grace) { return (grace.count() + 999) / 1000; }

void stop_with(const Call& call, std::string_view verb, bool idempotent_too) {
  const plugin::Args args = call.args();
  Query query;
  Ask request{.idempotent = idempotent_too, .more = kWholeCall};
  if (args.has("grace")) {
    query.add("t", seconds_of(args.duration("grace")));
    request.more = args.duration("grace") + Millis(30'000);
  }
  request.query = std::move(query).text();
  post(call, verb, std::move(request),
       [call](const Response& response) { done_changed(call, response.status != kNotModified); });
}

void stop(Call call) { stop_with(call, "/stop", true); }
void restart(Call call) { stop_with(call, "/restart", false); }

// Docker's words, and those of the runtime below it.
bool says_already(const Error& error) {
  constexpr std::string_view kWords[] = {"is already paused", "is not paused",
                                         "cannot pause a paused", "cannot resume a running"};
  return std::ranges::any_of(
      kWords, [&](auto words) { return error.message.find(words) != std::string::npos; });
}

// Docker refuses to pause what is paused and to resume what is not. It hears of a change a moment
// late, and may refuse by what was before it: a refusal counts when a second one confirms it and
// the container is as it was wanted to be.
void freeze_or_thaw(const Call& call, const std::string& path, bool paused_after, int again) {
  try_ask(call, {.method = "POST", .path = path, .idempotent = true},
          [=](Result<Response> response) {
            if (response) return done_changed(call, true);
            const Error refused = response.error();
            if (!says_already(refused)) return call.fail(refused);
            inspect(call, [=](element container) {
              if (again == 0 || !boolean_at(container, "State/Running")) return call.fail(refused);
              const bool as_wanted = boolean_at(container, "State/Paused") == paused_after;
              if (as_wanted && again < kAgainMax) return done_changed(call, false);
              later(call, kAgainMs, [=] { freeze_or_thaw(call, path, paused_after, again - 1); });
            });
          });
}

void freeze_or_thaw(const Call& call, std::string_view verb, bool paused_after) {
  auto path = container_path(call, verb);
  if (!path) return call.fail(path.error());
  freeze_or_thaw(call, *path, paused_after, kAgainMax);
}

void pause(Call call) { freeze_or_thaw(call, "/pause", true); }
void resume(Call call) { freeze_or_thaw(call, "/unpause", false); }

void send_signal(Call call) {
  Query query;
  query.add("signal", call.args().string("signal"));
  post(call, "/kill", {.query = std::move(query).text()},
       [call](const Response&) { call.done("{}"); });
}

void wait(Call call) {
  Query query;
  query.add("condition", call.args().string("condition"));
  post(call, "/wait", {.query = std::move(query).text(), .idempotent = true, .more = kWholeCall},
       [call](const Response& response) {
         const auto document = Document::read(response.body);
         if (!document) return call.fail(document.error());
         const std::string_view error = text_at(document->root(), "Error/Message");
         if (!error.empty()) return call.fail(Error(code::kFailed, std::string(error)));
         std::string out;
         JsonWriter(out)
             .begin_object()
             .field("exit_code", integer_at(document->root(), "StatusCode"))
             .end_object();
         call.done(out);
       });
}

void remove(Call call) {
  const plugin::Args args = call.args();
  Query query;
  query.flag("force", args.boolean("force")).flag("v", args.boolean("volumes"));
  auto path = container_path(call, "");
  if (!path) return call.fail(path.error());
  ask(call,
      {.method = "DELETE",
       .path = std::move(*path),
       .query = std::move(query).text(),
       .more = kWholeCall},
      [call](const Response&) { call.done("{}"); });
}

void rename(Call call) {
  Query query;
  query.add("name", call.args().string("name"));
  post(call, "/rename", {.query = std::move(query).text()},
       [call](const Response&) { call.done("{}"); });
}

// What a dry run shows: the container and whether its state is another than the wanted one.
void preview_start(Call call) {
  inspect(call, [call](element container) {
    done_preview(call, container, !boolean_at(container, "State/Running"));
  });
}
void preview_stop(Call call) {
  inspect(call, [call](element container) {
    done_preview(call, container, boolean_at(container, "State/Running"));
  });
}
void preview_always(Call call) {
  inspect(call, [call](element container) { done_preview(call, container, true); });
}

void preview_running(const Call& call, std::string_view deed, auto changes) {
  inspect(call, [call, deed, changes](element container) {
    if (!boolean_at(container, "State/Running")) return call.fail(not_running(container, deed));
    done_preview(call, container, changes(container));
  });
}
void preview_pause(Call call) {
  preview_running(call, "paused", [](element c) { return !boolean_at(c, "State/Paused"); });
}
void preview_resume(Call call) {
  preview_running(call, "resumed", [](element c) { return boolean_at(c, "State/Paused"); });
}
void preview_signal(Call call) {
  preview_running(call, "signalled", [](element) { return true; });
}
void preview_remove(Call call) {
  inspect(call, [call](element container) {
    if (boolean_at(container, "State/Running") && !call.args().boolean("force")) {
      return call.fail(Error(code::kConflict,
                             "container " + std::string(bare_name(text_at(container, "Name"))) +
                                 " is running and would not be removed",
                             "stop it first, or give force = true"));
    }
    done_preview(call, container, true);
  });
}

constexpr const char* kDone = R"({"done":true,"result":{"changed":true}})";
constexpr const char* kDoneEmpty = R"({"done":true,"result":{}})";
constexpr const char* kNotDone = R"({"done":false})";
constexpr const char* kUnknown = "{}";

// A container that runs was started; one that never ran was not; one that ended may have been.
void probe_start(Call call) {
  inspect(call, [call](element container) {
    if (boolean_at(container, "State/Running")) return call.done(kDone);
    call.done(text_at(container, "State/Status") == "created" ? kNotDone : kUnknown);
  });
}

// Only a signal that cannot be survived leaves a trace.
void probe_signal(Call call) {
  inspect(call, [call](element container) {
    const std::string signal = call.args().string("signal");
    if (signal != "KILL" && signal != "SIGKILL" && signal != "9") return call.done(kUnknown);
    call.done(boolean_at(container, "State/Running") ? kNotDone : kDoneEmpty);
  });
}

void probe_remove(Call call) { probe_gone(call, container_path(call, "/json")); }

// Done if the new name is taken by what the old one no longer names.
void probe_rename(Call call) {
  auto path = container_path_of(call.args().string("name"), "/json");
  if (!path) return call.fail(path.error());
  try_ask(call, {.path = std::move(*path)}, [call](const Result<Response>& renamed) {
    if (!renamed && renamed.error().code != code::kNotFound) return call.fail(renamed.error());
    const bool there = renamed.has_value();
    try_inspect(call, [call, there](const Result<element>& old) {
      const bool gone = !old && old.error().code == code::kNotFound;
      const std::string wanted = call.args().string("name");
      if (old && bare_name(text_at(*old, "Name")) == wanted) return call.done(kDoneEmpty);
      if (!old && !gone) return call.fail(old.error());
      call.done(there && gone ? kDoneEmpty : old ? kNotDone : kUnknown);
    });
  });
}

constexpr engine_field kGrace = between(
    optional("grace", ENGINE_DURATION,
             "From the container's stop signal (TERM) to KILL; else what the container says, 10s."),
    "0s", "1h");

constexpr engine_field kStartParams[] = {
    kContainer,
    optional("checkpoint", ENGINE_STRING, "Goes on from a checkpoint instead of the beginning."),
    kDaemon,
};
constexpr engine_field kStopParams[] = {kContainer, kGrace, kDaemon};
constexpr engine_field kPlainParams[] = {kContainer, kDaemon};
constexpr engine_field kSignalParams[] = {
    kContainer,
    optional("signal", ENGINE_STRING, "Name or number: KILL, HUP, SIGUSR1, 10.", "\"KILL\""),
    kDaemon,
};
constexpr const char* kConditions[] = {"not-running", "next-exit", "removed", nullptr};
constexpr engine_field kWaitParams[] = {
    kContainer,
    one_of(optional("condition", ENGINE_ENUM, "What is waited for.", "\"not-running\""),
           kConditions),
    kDaemon,
};
constexpr engine_field kRemoveParams[] = {
    kContainer,
    optional("force", ENGINE_BOOLEAN, "One that runs is killed first.", "false"),
    optional("volumes", ENGINE_BOOLEAN, "Its volumes without a name go with it.", "false"),
    kDaemon,
};
constexpr engine_field kRenameParams[] = {
    kContainer,
    required("name", ENGINE_STRING, "The new name."),
    kDaemon,
};
constexpr engine_field kChangedResult[] = {kChanged};
constexpr engine_field kWaited[] = {
    field("exit_code", ENGINE_INTEGER, "Of its first process."),
};

constexpr engine_operation on_container(engine_operation of) { return acting_on("container", of); }

constexpr engine_operation kOperations[] = {
    lasting("2m", probed(bound<probe_start, lent>,
                         previewed(bound<preview_start, lent>,
                                   on_container(operation(
                                       "container.start",
                                       "Starts a container, or leaves it running.", ENGINE_CHANGE,
                                       bound<start, lent>, kStartParams, kChangedResult))))),
    lasting("61m", idempotent(previewed(
                       bound<preview_stop, lent>,
                       on_container(operation(
                           "container.stop", "Stops a container, or leaves it stopped.",
                           ENGINE_CHANGE, bound<stop, lent>, kStopParams, kChangedResult))))),
    lasting("61m",
            previewed(bound<preview_always, lent>,
                      on_container(operation(
                          "container.restart", "Stops a container and starts it again.",
                          ENGINE_CHANGE, bound<restart, lent>, kStopParams, kChangedResult)))),
    idempotent(previewed(
        bound<preview_pause, lent>,
        on_container(operation("container.pause", "Freezes all processes of a container.",
                               ENGINE_CHANGE, bound<pause, lent>, kPlainParams, kChangedResult)))),
    idempotent(previewed(
        bound<preview_resume, lent>,
        on_container(operation("container.resume", "Lets a paused container go on.", ENGINE_CHANGE,
                               bound<resume, lent>, kPlainParams, kChangedResult)))),
    probed(bound<probe_signal, lent>,
           previewed(bound<preview_signal, lent>,
                     on_container(operation(
                         "container.signal", "Sends a signal to a container's first process.",
                         ENGINE_CHANGE, bound<send_signal, lent>, kSignalParams)))),
    lasting("24h", on_container(operation("container.wait",
                                          "Waits until a container has ended, and answers how.",
                                          ENGINE_READ, bound<wait, lent>, kWaitParams, kWaited))),
    lasting("5m", probed(bound<probe_remove, lent>,
                         previewed(bound<preview_remove, lent>,
                                   on_container(operation(
                                       "container.remove", "Removes a container and what it wrote.",
                                       ENGINE_DESTROY, bound<remove, lent>, kRemoveParams))))),
    probed(bound<probe_rename, lent>,
           previewed(bound<preview_always, lent>,
                     on_container(operation("container.rename", "Gives a container another name.",
                                            ENGINE_CHANGE, bound<rename, lent>, kRenameParams)))),
};

}  // namespace

Operations container_state_operations() { return kOperations; }

}  // namespace engine::docker
