// The C++ layer over plugin.h for plugins in this tree: typed arguments, results, RAII. No more
// than that.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/base/units.h"
#include "engine/plugin/plugin.h"

namespace engine::plugin {

// The checked arguments of a call. A name that was not declared or not given is a bug where a value
// is demanded.
class Args {
 public:
  explicit Args(std::string_view json);
  ~Args();
  Args(Args&&) noexcept;

  bool has(std::string_view name) const;            // given or defaulted, and not null
  std::string string(std::string_view name) const;  // bytes come back as bytes
  int64_t integer(std::string_view name) const;  // also durations (ms), sizes (bytes), times (ms)
  double number(std::string_view name) const;
  bool boolean(std::string_view name) const;
  std::vector<std::string> strings(std::string_view name) const;
  std::string json(std::string_view name) const;  // the value's own text
  Millis duration(std::string_view name) const { return Millis(integer(name)); }

  std::optional<std::string> find_string(std::string_view name) const;
  std::optional<int64_t> find_integer(std::string_view name) const;

 private:
  struct Impl;
  Impl* impl_;
};

// What a source tells of one event. `data` is a JSON object.
struct Happening {
  std::string kind;
  int64_t at_ms = 0;
  std::string subject;
  std::string data;
  std::string cursor;
};

// A call in progress, by value: copy it into whatever finishes later.
class Call {
 public:
  Call(const engine_host* host, engine_call token) : host_(host), token_(token) {}

  Args args() const;
  std::string key() const;
  Millis timeout() const;
  void done(std::string_view json) const { host_->done(token_, json.data(), json.size()); }
  void fail(const Error& error) const;
  void progress(std::string_view json) const { host_->progress(token_, json.data(), json.size()); }
  void emit(const Happening& event) const;  // of a subscription
  // The value behind a {"$secret": name} reference, or the text itself where a plain string was
  // given.
  Result<std::string> secret(std::string_view name) const;
  // A map of strings in which secret references may stand (env, headers), resolved.
  Result<std::vector<std::pair<std::string, std::string>>> resolved_map(
      std::string_view param) const;
  Result<std::string> resolved_string(std::string_view param) const;
  // Runs `work` on a worker thread and answers with its result.
  void answer_from_worker(std::move_only_function<Result<std::string>()> work) const;

  const engine_host* host() const { return host_; }
  engine_call token() const { return token_; }

 private:
  const engine_host* host_;
  engine_call token_;
};

// Declarations, in the order name, type, help, default.
constexpr engine_field required(const char* name, engine_type type, const char* help,
                                unsigned flags = 0) {
  return {.size = sizeof(engine_field),
          .name = name,
          .type = type,
          .help = help,
          .flags = flags | ENGINE_REQUIRED,
          .fallback = nullptr,
          .min = nullptr,
          .max = nullptr,
          .choices = nullptr,
          .items = nullptr};
}
constexpr engine_field optional(const char* name, engine_type type, const char* help,
                                const char* fallback = nullptr, unsigned flags = 0) {
  return {.size = sizeof(engine_field),
          .name = name,
          .type = type,
          .help = help,
          .flags = flags,
          .fallback = fallback,
          .min = nullptr,
          .max = nullptr,
          .choices = nullptr,
          .items = nullptr};
}
constexpr engine_field field(const char* name, engine_type type, const char* help,
                             unsigned flags = 0) {
  return optional(name, type, help, nullptr, flags);
}
constexpr engine_field between(engine_field of, const char* min, const char* max) {
  of.min = min;
  of.max = max;
  return of;
}
constexpr engine_field one_of(engine_field of, const char* const* choices) {
  of.choices = choices;
  return of;
}
constexpr engine_field items(engine_field of, const char* type) {
  of.items = type;
  return of;
}

using Started = void (*)(void* self, engine_call call);

// One operation; what is seldom said is added around it: lasting("5m", acting_on("path",
// operation(...))).
constexpr engine_operation operation(const char* name, const char* summary, engine_effect effect,
                                     Started start, std::span<const engine_field> params = {},
                                     std::span<const engine_field> results = {}) {
  return {.size = sizeof(engine_operation),
          .name = name,
          .summary = summary,
          .effect = effect,
          .idempotent = effect == ENGINE_READ,
          .timeout = "30s",
          .params = params.data(),
          .param_count = params.size(),
          .results = results.data(),
          .result_count = results.size(),
          .errors = nullptr,
          .target = nullptr,
          .start = start,
          .effect_of = nullptr,
          .cancel = nullptr,
          .preview = nullptr,
          .probe = nullptr,
          .always_ask = 0};
}
constexpr engine_operation idempotent(engine_operation of) {
  of.idempotent = 1;
  return of;
}
constexpr engine_operation lasting(const char* timeout, engine_operation of) {
  of.timeout = timeout;
  return of;
}
constexpr engine_operation acting_on(const char* param, engine_operation of) {
  of.target = param;
  return of;
}
constexpr engine_operation previewed(Started preview, engine_operation of) {
  of.preview = preview;
  return of;
}
constexpr engine_operation probed(Started probe, engine_operation of) {
  of.probe = probe;
  return of;
}

using Start = decltype(engine_plugin::start);

// What a plugin of this tree is; it fills in the rest. Without settings, `start` is starting<host>.
constexpr engine_plugin declared(const char* name, const char* summary, Start start,
                                 std::span<const engine_operation> operations,
                                 std::span<const engine_field> config = {}) {
  return {.size = sizeof(engine_plugin),
          .abi = ENGINE_PLUGIN_ABI,
          .name = name,
          .version = "1",
          .summary = summary,
          .config = config.data(),
          .config_count = config.size(),
          .operations = operations.data(),
          .operation_count = operations.size(),
          .start = start,
          .stop = nullptr,
          .health = nullptr,
          .sources = nullptr,
          .source_count = 0};
}

// Keeps the host and nothing else.
template <const engine_host*& host>
int starting(const engine_host* lent, const char*, size_t, void**, engine_error*) {
  host = lent;
  return 0;
}

// Adapts `void stop(Call)` to engine_operation.start; `host` is a namespace-scope `const
// engine_host*` that the plugin's start filled.
template <auto function, const engine_host*& host>
void bound(void*, engine_call token) {
  function(Call(host, token));
}

}  // namespace engine::plugin
