// The C++ layer over the contract: typed arguments, secrets inside values, answers from worker
// threads.
#include "engine/plugin/plugin.hpp"

#include "engine/base/json_read.h"

namespace engine::plugin {

namespace {

using simdjson::dom::element;
using simdjson::dom::object;

// Text as it is; {"$bytes"} decoded; {"$secret"} resolved through the host.
Result<std::string> resolve(const engine_host* host, engine_call token, const element& value) {
  std::string_view text;
  if (!value.get(text)) return std::string(text);
  if (!value.at_key("$bytes").get(text)) return base64_decode(text);
  if (value.at_key("$secret").get(text))
    return fail(code::kInvalidArgument, "neither text nor a secret's reference");
  engine_error error{};
  size_t size = 0;
  const char* found = host->secret(token, std::string(text).c_str(), &size, &error);
  if (found) return std::string(found, size);
  return fail(error.code, error.message, error.hint ? error.hint : "");
}

}  // namespace

struct Args::Impl {
  JsonDocument document;
  element root = document.root();
  element at(std::string_view name) const {
    element value;
    if (root.at_key(name).get(value)) return {};
    return value;
  }
};

// The host has checked it: what can't be read is a bug of ours.
Args::Args(std::string_view json) : impl_(new Impl(read_json(json).value())) {}
Args::~Args() { delete impl_; }
Args::Args(Args&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}

bool Args::has(std::string_view name) const {
  element value;
  return !impl_->root.at_key(name).get(value) && !value.is_null();
}

std::string Args::string(std::string_view name) const { return find_string(name).value_or(""); }

std::optional<std::string> Args::find_string(std::string_view name) const {
  element value;
  std::string_view text;
  if (impl_->root.at_key(name).get(value)) return std::nullopt;
  if (!value.get(text)) return std::string(text);
  if (!value.at_key("$bytes").get(text)) return base64_decode(text).value_or("");
  return std::nullopt;
}

std::optional<int64_t> Args::find_integer(std::string_view name) const {
  int64_t value = 0;
  if (impl_->root.at_key(name).get(value)) return std::nullopt;
  return value;
}

int64_t Args::integer(std::string_view name) const { return find_integer(name).value_or(0); }

double Args::number(std::string_view name) const {
  double value = 0;
  if (impl_->root.at_key(name).get(value)) return 0;
  return value;
}

bool Args::boolean(std::string_view name) const {
  bool value = false;
  return !impl_->root.at_key(name).get(value) && value;
}

std::vector<std::string> Args::strings(std::string_view name) const {
  std::vector<std::string> found;
  simdjson::dom::array list;
  if (impl_->root.at_key(name).get(list)) return found;
  for (const element& item : list) {
    std::string_view text;
    if (!item.get(text)) {
      found.emplace_back(text);
    } else if (!item.at_key("$bytes").get(text)) {
      found.push_back(base64_decode(text).value_or(""));
    }
  }
  return found;
}

std::string Args::json(std::string_view name) const {
  element value;
  return impl_->root.at_key(name).get(value) ? std::string("null") : simdjson::minify(value);
}

Args Call::args() const {
  size_t size = 0;
  const char* text = host_->args(token_, &size);
  return Args(text ? std::string_view(text, size) : std::string_view("{}"));
}

std::string Call::key() const {
  const char* text = host_->key(token_);
  return text ? text : "";
}

Millis Call::timeout() const { return Millis(host_->timeout_ms(token_)); }

void Call::fail(const Error& error) const {
  const engine_error given = {.size = sizeof(engine_error),
                              .code = error.code.c_str(),
                              .message = error.message.c_str(),
                              .hint = error.hint.empty() ? nullptr : error.hint.c_str(),
                              .details = error.details.empty() ? nullptr : error.details.c_str(),
                              .retryable = error.retryable,
                              .outcome_unknown = error.outcome_unknown};
  host_->fail(token_, &given);
}

void Call::emit(const Happening& event) const {
  const engine_event given = {.size = sizeof(engine_event),
                              .kind = event.kind.c_str(),
                              .at_ms = event.at_ms,
                              .subject = event.subject.empty() ? nullptr : event.subject.c_str(),
                              .data = event.data.data(),
                              .data_size = event.data.size(),
                              .cursor = event.cursor.c_str()};
  host_->emit(token_, &given);
}

Result<std::string> Call::secret(std::string_view name) const { return resolved_string(name); }

Result<std::string> Call::resolved_string(std::string_view param) const {
  element value;
  size_t size = 0;
  const char* text = host_->args(token_, &size);
  const auto given = read_json({text ? text : "", size});
  if (!given || given->root().at_key(param).get(value)) {
    return engine::fail(code::kInvalidArgument, "there is no '" + std::string(param) + "'");
  }
  return resolve(host_, token_, value);
}

Result<std::vector<std::pair<std::string, std::string>>> Call::resolved_map(
    std::string_view param) const {
  std::vector<std::pair<std::string, std::string>> pairs;
  object members;
  size_t size = 0;
  const char* text = host_->args(token_, &size);
  const auto given = read_json({text ? text : "", size});
  if (!given || given->root().at_key(param).get(members)) return pairs;
  for (const auto& [name, value] : members) {
    Result<std::string> resolved = resolve(host_, token_, value);
    if (!resolved) return std::unexpected(resolved.error());
    // A user's own key that begins with '$' travels with it doubled.
    pairs.emplace_back(name.starts_with("$$") ? name.substr(1) : name, std::move(*resolved));
  }
  return pairs;
}

void Call::answer_from_worker(std::move_only_function<Result<std::string>()> work) const {
  struct Job {
    Call call;
    std::move_only_function<Result<std::string>()> work;
    Result<std::string> answer;
  };
  auto* job = new Job{*this, std::move(work), std::string()};
  host_->work(
      token_,
      [](void* data) {
        auto* running = static_cast<Job*>(data);
        running->answer = running->work();
      },
      [](void* data) {
        const std::unique_ptr<Job> ended(static_cast<Job*>(data));
        if (ended->answer) return ended->call.done(*ended->answer);
        ended->call.fail(ended->answer.error());
      },
      job);
}

}  // namespace engine::plugin
