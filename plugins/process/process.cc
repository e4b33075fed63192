// process.exec: runs a program and answers with its status and output.
#include <map>

#include "engine/plugin/plugin.hpp"
#include "plugins/process/environment.h"
#include "plugins/process/policy.h"

namespace engine::process {
namespace {

using plugin::bound;
using plugin::Call;
using plugin::field;
using plugin::items;
using plugin::optional;

constexpr size_t kTailLines = 10;

const engine_host* lent = nullptr;
Policy g_policy;

// What a call waits for. Found by the call's token, so that a callback that comes late finds
// nothing.
struct Execution {
  std::string program;
  int64_t started_ms = 0;
  int64_t timeout_ms = 0;
  bool check = false;
  std::vector<std::string> values;  // of the environment, for sanitizing
};
std::map<engine_call, Execution>& executions() {
  static std::map<engine_call, Execution> running;
  return running;
}

// A call's own arguments, ready for the host.
struct Order {
  Command command;
  std::vector<std::string> env;
  std::string user;
  std::optional<std::string> input;
};

void refuse(const Call& call, Error error, const std::vector<std::string>& values) {
  call.fail(g_policy.sanitize_error_messages ? sanitized(std::move(error), values) : error);
}

// The shape of the call: argv, or a command for the shell.
Result<std::vector<std::string>> words_of(const plugin::Args& args) {
  const char* const usage =
      "process.exec{ argv = { \"ls\", \"-l\" } }, or process.exec{ shell = true, command = \"ls | "
      "wc -l\" }";
  const bool shell = args.boolean("shell");
  if (shell != args.has("command") || shell == args.has("argv")) {
    return fail(code::kInvalidArgument,
                "needs argv, or a command together with shell = true, and not both", usage);
  }
  std::vector<std::string> words = args.strings("argv");
  if (shell) words = {"/bin/sh", "-c", args.string("command")};
  if (words.empty() || words[0].empty()) {
    return fail(code::kInvalidArgument, "argv names no program", usage);
  }
  for (const std::string& word : words) {
    if (word.find('\0') != std::string::npos) {
      return fail(code::kInvalidArgument, "an argument contains a zero byte");
    }
  }
  return words;
}

Result<Order> order_of(const Call& call, const plugin::Args& args) {
  Result<std::vector<std::string>> words = words_of(args);
  if (!words) return fail(words.error());
  Order order;
  order.user = args.string("user");
  order.command.argv = std::move(*words);
  order.command.cwd = args.string("cwd");
  Result<Variables> given = call.resolved_map("env");
  if (!given) return fail(given.error());
  Result<std::vector<std::string>> env =
      environment(args.boolean("inherit_env"), order.user, *given);
  if (!env) return fail(env.error());
  order.env = std::move(*env);
  order.command.path = value_in(order.env, "PATH");
  if (args.has("stdin")) {
    Result<std::string> input = call.resolved_string("stdin");
    if (!input) return fail(input.error());
    order.input = std::move(*input);
  }
  return order;
}

std::vector<std::string> values_of(const std::vector<std::string>& env) {
  std::vector<std::string> values;
  for (const std::string& variable : env) values.push_back(variable.substr(variable.find('=') + 1));
  return values;
}

std::string last_lines(std::string_view text) {
  text = trim(text);
  std::vector<std::string_view> lines = split(text, '\n');
  if (lines.size() > kTailLines) lines.erase(lines.begin(), lines.end() - kTailLines);
  std::string tail;
  for (const std::string_view line : lines) tail += (tail.empty() ? "" : "\n") + std::string(line);
  return shortened(tail, 4096);
}

// What check = true makes of a program that did not end with status 0.
Error failure(const Execution& execution, const engine_exit& exit) {
  const std::string tail = last_lines({exit.err, exit.err_size});
  Error error(code::kFailed, "'" + execution.program + "' ");
  error.message += exit.signal != 0 ? "was ended by signal " + std::to_string(exit.signal)
                                    : "ended with status " + std::to_string(exit.status);
  if (!tail.empty() && is_utf8(tail)) error.message += ": " + tail;
  JsonWriter details(error.details);
  details.begin_object().field("status", exit.status).field("signal", exit.signal);
  details.field("err", tail).end_object();
  return error;
}

std::string result_json(const Execution& execution, const engine_exit& exit) {
  std::string text;
  text.reserve(exit.out_size + exit.err_size + 200);
  JsonWriter json(text);
  json.begin_object().field("status", exit.status).field("signal", exit.signal);
  json.field("out", std::string_view(exit.out, exit.out_size));
  json.field("err", std::string_view(exit.err, exit.err_size));
  json.field("out_truncated", exit.out_total > exit.out_size);
  json.field("err_truncated", exit.err_total > exit.err_size);
  json.field("out_bytes", static_cast<int64_t>(exit.out_total));
  json.field("err_bytes", static_cast<int64_t>(exit.err_total));
  json.field("duration_ms", lent->now_ms() - execution.started_ms).end_object();
  return text;
}

void audit(const Call& call, const Execution& execution, const std::string& what) {
  if (!g_policy.audit_log) return;
  lent->log(ENGINE_INFO, "process", (call.key() + " " + execution.program + " " + what).c_str());
}

void* as_data(engine_call token) { return reinterpret_cast<void*>(static_cast<uintptr_t>(token)); }

void exited(void* data, const engine_exit* exit, const engine_error* error) {
  const engine_call token = reinterpret_cast<uintptr_t>(data);
  const auto found = executions().find(token);
  if (found == executions().end()) return;
  const Execution execution = std::move(found->second);
  executions().erase(found);
  const Call call(lent, token);
  if (error) {
    audit(call, execution, std::string("failed: ") + error->code);
    return refuse(call, Error(error->code, error->message, error->hint ? error->hint : ""),
                  execution.values);
  }
  audit(call, execution,
        "ended with status " + std::to_string(exit->status) + " after " +
            format_duration(Millis(lent->now_ms() - execution.started_ms)));
  if (execution.check && exit->status != 0) {
    return refuse(call, failure(execution, *exit), execution.values);
  }
  call.done(result_json(execution, *exit));
}

// Spending the call ends the process with everything it started.
void timed_out(void* data) {
  const engine_call token = reinterpret_cast<uintptr_t>(data);
  const auto found = executions().find(token);
  if (found == executions().end()) return;
  const Execution execution = std::move(found->second);
  executions().erase(found);
  Error error(code::kTimeout,
              "'" + execution.program + "' was ended: it took longer than " +
                  format_duration(Millis(execution.timeout_ms)),
              execution.timeout_ms == g_policy.max_timeout_ms
                  ? "the operator's limit is max_timeout in [plugins.process]"
                  : "give it more time with `timeout`, or none with timeout = \"0s\"");
  error.outcome_unknown = true;
  audit(Call(lent, token), execution, "timed out");
  refuse(Call(lent, token), std::move(error), execution.values);
}

std::vector<const char*> pointers(const std::vector<std::string>& texts) {
  std::vector<const char*> found;
  for (const std::string& text : texts) found.push_back(text.c_str());
  found.push_back(nullptr);
  return found;
}

void exec(Call call) {
  const plugin::Args args = call.args();
  const Result<Order> order = order_of(call, args);
  if (!order) return refuse(call, order.error(), {});
  std::vector<std::string> values = values_of(order->env);
  if (const Result<void> allowed = check(g_policy, order->command); !allowed) {
    return refuse(call, allowed.error(), values);
  }
  const std::vector<const char*> argv = pointers(order->command.argv), env = pointers(order->env);
  const engine_spawn spawn = {
      .size = sizeof(engine_spawn),
      .argv = argv.data(),
      .env = env.data(),
      .cwd = order->command.cwd.empty() ? nullptr : order->command.cwd.c_str(),
      .user = order->user.empty() ? nullptr : order->user.c_str(),
      .input = order->input ? order->input->data() : nullptr,
      .input_size = order->input ? order->input->size() : 0,
      .output_max = static_cast<size_t>(args.integer("output_limit")),
      .kill_after_ms = args.integer("kill_after"),
  };
  const int64_t timeout_ms = limited_timeout(g_policy, args.integer("timeout"));
  const Execution& execution = executions()[call.token()] = {
      args.boolean("shell") ? "sh" : order->command.argv[0], lent->now_ms(), timeout_ms,
      args.boolean("check"), std::move(values)};
  audit(call, execution, "started");
  lent->spawn(call.token(), &spawn, exited, as_data(call.token()));
  if (timeout_ms > 0) lent->delay(call.token(), timeout_ms, timed_out, as_data(call.token()));
}

// What a dry run shows: the same checks, and the file that would be executed.
void preview(Call call) {
  const plugin::Args args = call.args();
  const Result<std::vector<std::string>> words = words_of(args);
  if (!words) return refuse(call, words.error(), {});
  const Result<std::vector<std::string>> env =
      environment(args.boolean("inherit_env"), args.string("user"), {});
  Command command{*words, args.string("cwd"), value_in(*env, "PATH")};
  if (const Result<void> allowed = check(g_policy, command); !allowed) {
    return refuse(call, allowed.error(), {});
  }
  const std::optional<std::string> program = find_program(command);
  std::string text;
  JsonWriter json(text);
  json.begin_object().field("would_run", program ? *program : command.argv[0]);
  json.field("found", program.has_value()).end_object();
  call.done(text);
}

engine_effect effect_of(const char* args, size_t size) {
  return plugin::Args({args, size}).boolean("read") ? ENGINE_READ : ENGINE_CHANGE;
}

constexpr engine_field kParams[] = {
    items(optional("argv", ENGINE_LIST, "The program and its arguments; no shell reads them."),
          "string"),
    optional("shell", ENGINE_BOOLEAN, "Have /bin/sh run `command` instead of argv.", "false"),
    optional("command", ENGINE_STRING, "The command line, with shell = true alone."),
    items(optional("env", ENGINE_MAP, "Environment variables; values may be secrets.", nullptr,
                   ENGINE_SECRETS),
          "string"),
    optional("inherit_env", ENGINE_BOOLEAN,
             "Begin with the engine's own PATH, HOME, user, language, time zone, proxies and "
             "sockets, and nothing else of it.",
             "true"),
    optional("cwd", ENGINE_STRING, "The folder to run it in; by default the engine's."),
    optional("stdin", ENGINE_STRING, "Its standard input, which may be a secret; by default empty.",
             nullptr, ENGINE_SECRETS),
    optional("timeout", ENGINE_DURATION,
             "When the program and all that it started are ended; 0s is never.", "\"30s\""),
    optional("kill_after", ENGINE_DURATION, "From SIGTERM to SIGKILL when it is ended.", "\"5s\""),
    optional("user", ENGINE_STRING, "The user to run it as, which takes an engine run by root."),
    plugin::between(optional("output_limit", ENGINE_SIZE,
                             "How much of each output is kept; the rest is counted.", "\"1MiB\""),
                    "0", "64MiB"),
    optional("check", ENGINE_BOOLEAN, "Raise FAILED unless it ends with status 0.", "false"),
    optional("read", ENGINE_BOOLEAN,
             "It only looks: it runs in a dry run too, and nothing is written down before it.",
             "false"),
};

constexpr engine_field kResults[] = {
    field("status", ENGINE_INTEGER, "The exit status, -1 if a signal ended it."),
    field("signal", ENGINE_INTEGER, "The signal that ended it, or 0."),
    field("out", ENGINE_STRING, "What it wrote to standard output."),
    field("err", ENGINE_STRING, "What it wrote to standard error."),
    field("out_truncated", ENGINE_BOOLEAN, "Whether it wrote more to it than is kept."),
    field("err_truncated", ENGINE_BOOLEAN, "The same of standard error."),
    field("out_bytes", ENGINE_INTEGER, "All that it wrote, kept or not."),
    field("err_bytes", ENGINE_INTEGER, "The same of standard error."),
    field("duration_ms", ENGINE_INTEGER, "How long it took."),
};

constexpr engine_field kConfig[] = {
    optional("max_timeout", ENGINE_DURATION,
             "The longest that a program may run, whatever a runbook says; 0s is without end.",
             "\"0s\""),
    items(optional("allowed_paths", ENGINE_LIST,
                   "Folders in which programs run and to which their arguments may point, links "
                   "resolved; empty is everywhere.",
                   "[]"),
          "string"),
    items(
        optional("allowed_commands", ENGINE_LIST,
                 "The only programs that may be run, by name or path; empty is all. A shell in it "
                 "can run anything.",
                 "[]"),
        "string"),
    items(optional("denied_commands", ENGINE_LIST,
                   "Programs that may not be run, by name or path, whatever links to them or "
                   "launches them. Shells are refused with it unless allowed_commands names them.",
                   "[]"),
          "string"),
    optional("sanitize_error_messages", ENGINE_BOOLEAN,
             "Keep paths and values of environment variables out of errors.", "false"),
    optional("audit_log", ENGINE_BOOLEAN,
             "Also tell the engine's log of every start and end; the journal has them always.",
             "false"),
};

constexpr const char* kErrors[] = {"FAILED", "TIMEOUT", "NOT_FOUND", "PERMISSION_DENIED", nullptr};

// The operation's own timeout is none: the parameter's is the one that ends the program.
constexpr engine_operation exec_operation() {
  engine_operation of =
      plugin::operation("exec", "Runs a program and answers with its status and output.",
                        ENGINE_CHANGE, bound<exec, lent>, kParams, kResults);
  of =
      plugin::lasting("0s", plugin::acting_on("argv", plugin::previewed(bound<preview, lent>, of)));
  of.errors = kErrors;
  of.effect_of = effect_of;
  of.always_ask = 1;
  return of;
}

constexpr engine_operation kOperations[] = {exec_operation()};

int start(const engine_host* host, const char* config, size_t size, void**, engine_error*) {
  lent = host;
  const plugin::Args settings({config, size});
  g_policy.max_timeout_ms = settings.integer("max_timeout");
  g_policy.allowed_paths = settings.strings("allowed_paths");
  g_policy.allowed_commands = settings.strings("allowed_commands");
  g_policy.denied_commands = settings.strings("denied_commands");
  g_policy.sanitize_error_messages = settings.boolean("sanitize_error_messages");
  g_policy.audit_log = settings.boolean("audit_log");
  return 0;
}

constexpr engine_plugin kPlugin =
    plugin::declared("process", "Runs programs.", start, kOperations, kConfig);

}  // namespace
}  // namespace engine::process

extern "C" const engine_plugin* engine_plugin_process(void) { return &engine::process::kPlugin; }
