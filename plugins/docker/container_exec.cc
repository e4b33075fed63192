// docker.container.exec: runs a program inside a container; made, started, and asked how it ended.
#include "plugins/docker/body.h"
#include "plugins/docker/container.h"
#include "plugins/docker/frames.h"
#include "plugins/docker/operations.h"
#include "plugins/docker/params.h"
#include "plugins/docker/query.h"

namespace engine::docker {

namespace {

// A program's end is known to the daemon a moment after its output has ended.
constexpr int64_t kAskAgainMs = 20;
constexpr size_t kTailBytes = 2048;

struct Execution {
  Execution(const Call& of, bool terminal, size_t bytes_max)
      : call(of), frames(terminal), out(bytes_max), err(bytes_max) {}

  Call call;
  FrameReader frames;
  Head out, err;
  std::string id;
};
using ExecutionPtr = std::shared_ptr<Execution>;

Result<std::string> exec_body(const Call& call) {
  const plugin::Args args = call.args();
  if (args.strings("argv").empty()) {
    return fail(code::kInvalidArgument, "argv names no program",
                R"(docker.container.exec{ container = "db", argv = { "ls", "-l" } })");
  }
  Members body;
  for (const std::string& word : args.strings("argv")) {
    if (!is_utf8(word))
      return fail(code::kInvalidArgument, "an argument holds bytes that are no text");
  }
  body.set("Cmd", args.json("argv"));
  if (auto added = add_env(body, call); !added) return fail(added.error());
  if (args.has("user")) body.set_text("User", args.string("user"));
  if (args.has("cwd")) body.set_text("WorkingDir", args.string("cwd"));
  if (args.boolean("tty")) body.set_flag("Tty");
  if (args.boolean("privileged")) body.set_flag("Privileged");
  body.set_flag("AttachStdout");
  body.set_flag("AttachStderr");
  return body.json();
}

Error failed(Execution& execution, int64_t exit_code) {
  std::string said = execution.err.take();
  said = said.substr(said.size() - std::min(said.size(), kTailBytes));
  const std::vector<std::string> argv = execution.call.args().strings("argv");
  Error error(code::kFailed, "'" + argv.front() + "' in container " +
                                 execution.call.args().string("container") + " ended with status " +
                                 std::to_string(exit_code));
  if (const auto text = trim(said); !text.empty() && is_utf8(text)) {
    error.message += ": " + std::string(text);
  }
  JsonWriter(error.details)
      .begin_object()
      .field("exit_code", exit_code)
      .field("stderr", said)
      .end_object();
  return error;
}

void done(Execution& execution, int64_t exit_code) {
  if (exit_code != 0 && execution.call.args().boolean("check")) {
    return execution.call.fail(failed(execution, exit_code));
  }
  const bool truncated = execution.out.truncated() || execution.err.truncated();
  std::string out;
  JsonWriter(out)
      .begin_object()
      .field("exit_code", exit_code)
      .field("stdout", execution.out.take())
      .field("stderr", execution.err.take())
      .field("truncated", truncated)
      .end_object();
  execution.call.done(out);
}

void ask_how_it_ended(const ExecutionPtr& execution);

void ask_again(const ExecutionPtr& execution) {
  later(execution->call, kAskAgainMs, [execution] { ask_how_it_ended(execution); });
}

void ask_how_it_ended(const ExecutionPtr& execution) {
  try_ask(execution->call, {.path = "/exec/" + execution->id + "/json"},
          [execution](const Result<Response>& response) {
            const auto give_up = [&](Error error) {
              error.outcome_unknown = true;  // it ran; how it ended is not known
              execution->call.fail(error);
            };
            if (!response) return give_up(response.error());
            const auto document = Document::read(response->body);
            if (!document) return give_up(document.error());
            const element root = document->root();
            if (boolean_at(root, "Running") || !member_at(root, "ExitCode")) {
              return ask_again(execution);
            }
            done(*execution, integer_at(root, "ExitCode"));
          });
}

void start(const ExecutionPtr& execution) {
  const bool terminal = execution->call.args().boolean("tty");
  ask(execution->call,
      {.method = "POST",
       .path = "/exec/" + execution->id + "/start",
       .body = terminal ? R"({"Detach":false,"Tty":true})" : R"({"Detach":false,"Tty":false})",
       .more = kWholeCall,
       .response_max = UINT64_MAX},
      {.chunk =
           [execution](std::string_view chunk) {
             execution->frames.feed(chunk, [&](Stream stream, std::string_view bytes) {
               (stream == Stream::out ? execution->out : execution->err).append(bytes);
             });
             return true;
           }},
      [execution](const Response&) {
        if (execution->frames.whole()) return ask_how_it_ended(execution);
        Error error(code::kNetworkError, "the output of a program in container " +
                                             execution->call.args().string("container") +
                                             " broke off in the middle");
        error.outcome_unknown = true;
        execution->call.fail(error);
      });
}

void exec(Call call) {
  auto body = exec_body(call);
  if (!body) return call.fail(body.error());
  const plugin::Args args = call.args();
  post(call, "/exec", {.body = std::move(*body)}, [call](const Response& response) {
    const auto document = Document::read(response.body);
    if (!document) return call.fail(document.error());
    const plugin::Args given = call.args();
    auto execution = std::make_shared<Execution>(call, given.boolean("tty"),
                                                 static_cast<size_t>(given.integer("limit")));
    execution->id = encoded(text_at(document->root(), "Id"));
    start(execution);
  });
}

void preview_exec(Call call) {
  inspect(call, [call](element container) {
    if (boolean_at(container, "State/Running") && !boolean_at(container, "State/Paused")) {
      return done_preview(call, container, true);
    }
    call.fail(Error(code::kConflict,
                    "container " + std::string(bare_name(text_at(container, "Name"))) +
                        " does not run: it is " + std::string(text_at(container, "State/Status"))));
  });
}

constexpr engine_field kExecParams[] = {
    kContainer,
    items(required("argv", ENGINE_LIST, "The program and its arguments; no shell takes part."),
          "string"),
    items(optional("env", ENGINE_MAP, "More environment variables by name.", nullptr,
                   ENGINE_SENSITIVE | ENGINE_SECRETS),
          "string"),
    optional("user", ENGINE_STRING, "Name or number, with a group after a colon."),
    optional("cwd", ENGINE_STRING, "Where the program starts."),
    optional("tty", ENGINE_BOOLEAN, "Gives it a terminal: one stream.", "false"),
    optional("privileged", ENGINE_BOOLEAN, "May do what root may on the machine.", "false"),
    optional("check", ENGINE_BOOLEAN, "Raises an error for a status that is not 0.", "false"),
    between(
        optional("limit", ENGINE_SIZE, "What is kept of each stream: its first bytes.", "\"1MiB\""),
        "1", "64MiB"),
    kDaemon,
};
constexpr engine_field kExeced[] = {
    field("exit_code", ENGINE_INTEGER, "The program's status."),
    field("stdout", ENGINE_STRING, "Text or bytes; of a terminal, everything."),
    field("stderr", ENGINE_STRING, "Text or bytes."),
    field("truncated", ENGINE_BOOLEAN, "There was more than the limit."),
};

// No probe: nothing outside tells whether a program ran.
constexpr engine_operation kOperations[] = {
    lasting("1h",
            previewed(
                bound<preview_exec, lent>,
                acting_on("container",
                          operation("container.exec", "Runs a program inside a running container.",
                                    ENGINE_CHANGE, bound<exec, lent>, kExecParams, kExeced)))),
};

}  // namespace

Operations container_exec_operations() { return kOperations; }

}  // namespace engine::docker
