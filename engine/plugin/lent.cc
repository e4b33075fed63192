// What the host lends to plugins, as C functions over the table of calls.
#include <csignal>
#include <cstring>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/loop/timer.h"
#include "engine/loop/work.h"
#include "engine/plugin/calls.h"

namespace engine::plugin {

namespace {

const char* args(engine_call token, size_t* size) {
  const CallRecord* record = Calls::instance().find(token);
  if (size) *size = record ? record->args.size() : 0;
  return record ? record->args.c_str() : nullptr;
}

const char* key(engine_call token) {
  const CallRecord* record = Calls::instance().find(token);
  return record ? record->key.c_str() : nullptr;
}

int64_t timeout_ms(engine_call token) {
  const CallRecord* record = Calls::instance().find(token);
  return record ? record->timeout.count() : 0;
}

void set_data(engine_call token, void* data) {
  if (CallRecord* record = Calls::instance().find(token)) record->data = data;
}

void* data(engine_call token) {
  const CallRecord* record = Calls::instance().find(token);
  return record ? record->data : nullptr;
}

void done(engine_call token, const char* result, size_t size) {
  Calls::instance().spend(token, result ? std::string(result, size) : std::string("null"));
}

Error read_error(const engine_error* given) {
  if (!given) return Error(code::kInternal, "the plugin failed without saying why");
  Error error(given->code ? given->code : code::kInternal,
              given->message ? given->message : "no message", given->hint ? given->hint : "");
  error.details = given->details ? given->details : "";
  error.retryable = given->retryable != 0;
  error.outcome_unknown = given->outcome_unknown != 0;
  return error;
}

void fail_call(engine_call token, const engine_error* error) {
  Calls::instance().spend(token, std::unexpected(read_error(error)));
}

void progress(engine_call token, const char* json, size_t size) {
  CallRecord* record = Calls::instance().find(token);
  if (!record || !record->progress || !record->done) return;
  record->progress(record->secrets->scrubbed(std::string(json, size)));
}

}  // namespace

void write_error(const Error& error, engine_error* into) {
  static std::string texts[4];
  texts[0] = error.code;
  texts[1] = error.message;
  texts[2] = error.hint;
  texts[3] = error.details;
  *into = {.size = sizeof(engine_error),
           .code = texts[0].c_str(),
           .message = texts[1].c_str(),
           .hint = texts[2].empty() ? nullptr : texts[2].c_str(),
           .details = texts[3].empty() ? nullptr : texts[3].c_str(),
           .retryable = error.retryable,
           .outcome_unknown = error.outcome_unknown};
}

bool take(engine_call token, std::list<Activity>::iterator activity) {
  CallRecord* record = Calls::instance().find(token);
  if (!record) return false;
  record->activities.erase(activity);
  return true;
}

namespace {

const char* secret(engine_call token, const char* name, size_t* size, engine_error* error) {
  CallRecord* record = Calls::instance().find(token);
  if (!record) {
    if (error) write_error(Error(code::kCancelled, "the call is over"), error);
    return nullptr;
  }
  Result<std::string> value = record->secrets->resolve(name);
  if (!value) {
    if (error) write_error(value.error(), error);
    return nullptr;
  }
  record->secret_values.push_back(std::move(*value));
  if (size) *size = record->secret_values.back().size();
  return record->secret_values.back().c_str();
}

void report_exit(engine_exited exited, void* context, const Result<ProcessExit>& outcome) {
  if (!outcome) {
    engine_error error;
    write_error(outcome.error(), &error);
    return exited(context, nullptr, &error);
  }
  const engine_exit exit = {.size = sizeof(engine_exit),
                            .status = outcome->status,
                            .signal = outcome->signal,
                            .out = outcome->out.data(),
                            .out_size = outcome->out.size(),
                            .out_total = outcome->out_bytes,
                            .err = outcome->err.data(),
                            .err_size = outcome->err.size(),
                            .err_total = outcome->err_bytes};
  exited(context, &exit, nullptr);
}

void spawn(engine_call token, const engine_spawn* given, engine_exited exited, void* context) {
  CallRecord* record = Calls::instance().find(token);
  const auto cancelled = [exited, context] {
    report_exit(exited, context, fail(code::kCancelled, "the process was ended with its call"));
  };
  if (!record || !record->done) {
    if (record) record->loop->defer(cancelled);
    return;
  }
  ProcessOptions options;
  for (const char* const* word = given->argv; word && *word; ++word)
    options.argv.emplace_back(*word);
  for (const char* const* pair = given->env; pair && *pair; ++pair) options.env.emplace_back(*pair);
  options.cwd = given->cwd ? given->cwd : "";
  options.user = given->user ? given->user : "";
  if (given->input) options.input = std::string(given->input, given->input_size);
  options.output_bytes_max = given->output_max;
  options.kill_after = Millis(given->kill_after_ms);
  if (!std::exchange(record->spawned, true)) options.key = record->key;
  const auto activity =
      record->activities.insert(record->activities.end(), Activity{nullptr, cancelled});
  activity->task = Process::start(*record->loop, std::move(options),
                                  [token, activity, exited, context](Result<ProcessExit> outcome) {
                                    if (take(token, activity))
                                      report_exit(exited, context, outcome);
                                  });
}

// Work can't be cut short: it is kept by the loop's pool until it ends, whatever became of its
// call.
void work(engine_call token, void (*run)(void*), void (*finished)(void*), void* context) {
  CallRecord* record = Calls::instance().find(token);
  if (!record) return;
  auto kept = std::make_shared<TaskPtr>();
  *kept = start_work(
      *record->loop, [run, context] { run(context); },
      [kept, finished, context]() mutable {
        const std::shared_ptr<TaskPtr> last = std::move(kept);
        finished(context);
      });
}

void delay(engine_call token, int64_t ms, void (*fired)(void*), void* context) {
  CallRecord* record = Calls::instance().find(token);
  if (!record) return;
  const auto call_back = [fired, context] { fired(context); };
  if (!record->done) return record->loop->defer(call_back);
  const auto activity =
      record->activities.insert(record->activities.end(), Activity{nullptr, call_back});
  activity->task = start_timer(*record->loop, Millis(ms), [token, activity, fired, context] {
    if (take(token, activity)) fired(context);
  });
}

int64_t now_ms() { return system_clock().wall_ms(); }

void write_log(engine_log_level level, const char* module, const char* message) {
  log::write(static_cast<log::Level>(level), module, message);
}

}  // namespace

engine_host host_functions() {
  engine_host host{};
  host.size = sizeof(engine_host);
  host.abi = ENGINE_PLUGIN_ABI;
  host.args = args;
  host.key = key;
  host.timeout_ms = timeout_ms;
  host.set_data = set_data;
  host.data = data;
  host.done = done;
  host.fail = fail_call;
  host.progress = progress;
  host.secret = secret;
  host.spawn = spawn;
  host.work = work;
  host.delay = delay;
  host.now_ms = now_ms;
  host.log = write_log;
  add_http_functions(host);
  add_event_functions(host);
  return host;
}

}  // namespace engine::plugin
