// Requests' bodies.
#include "plugins/docker/body.h"

#include <charconv>
#include <cmath>

namespace engine::docker {

namespace {

Result<void> append_plain(JsonWriter& json, element value) {
  if (value.is_array()) {
    json.begin_array();
    for (const element item : array(value)) {
      if (auto written = append_plain(json, item); !written) return written;
    }
    json.end_array();
  } else if (value.is_object()) {
    json.begin_object();
    for (const auto& [key, member] : object(value)) {
      if (key == "$bytes" || key == "$secret") {
        return fail(code::kInvalidArgument, "bytes that are no text and secrets cannot stand here");
      }
      json.key(key.starts_with("$$") ? key.substr(1) : key);
      if (auto written = append_plain(json, member); !written) return written;
    }
    json.end_object();
  } else {
    json.raw(simdjson::minify(value));
  }
  return {};
}

// "on-failure:3"
Result<std::string> restart_policy(const std::string& text) {
  const size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  int64_t most = 0;
  if (colon != std::string::npos) {
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + colon + 1, end, most);
    if (read.ec != std::errc() || read.ptr != end || name != "on-failure") {
      return fail(code::kInvalidArgument,
                  "restart is no, always, unless-stopped, on-failure or on-failure:3, not '" +
                      shortened(text, 60) + "'");
    }
  }
  std::string out;
  JsonWriter(out).begin_object().field("Name", name).field("MaximumRetryCount", most).end_object();
  return out;
}

}  // namespace

void Members::set_text(std::string name, std::string_view text) {
  std::string json;
  JsonWriter(json).string(text);
  set(std::move(name), std::move(json));
}

std::string Members::json() const {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  for (const auto& [name, value] : members_) json.field_raw(name, value);
  json.end_object();
  return out;
}

Result<std::string> plain_json(std::string_view given) {
  auto document = Document::read(given);
  if (!document) return fail(document.error());
  std::string out;
  JsonWriter json(out);
  if (auto written = append_plain(json, document->root()); !written) return fail(written.error());
  return out;
}

Result<void> add_options(Members& members, const plugin::Args& args, std::string_view param) {
  if (!args.has(param)) return {};
  const std::string given = args.json(param);
  const auto document = Document::read(given);
  if (!document) return fail(document.error());
  object options;
  if (document->root().get(options)) return {};  // {} in Lua may be a list
  for (const auto& [key, value] : options) {
    auto plain = plain_json(simdjson::minify(value));
    if (!plain) return fail(plain.error());
    members.set(std::string(key.starts_with("$$") ? key.substr(1) : key), std::move(*plain));
  }
  return {};
}

Result<void> add_env(Members& members, const Call& call) {
  const auto variables = call.resolved_map("env");
  if (!variables) return fail(variables.error());
  if (variables->empty()) return {};
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const auto& [name, value] : *variables) {
    if (!is_utf8(value)) {
      return fail(code::kInvalidArgument,
                  "the variable '" + name + "' holds bytes that are no text");
    }
    json.string(name + "=" + value);
  }
  json.end_array();
  members.set("Env", std::move(out));
  return {};
}

Result<void> add_limits(Members& host_config, const plugin::Args& args) {
  if (args.has("memory")) host_config.set_integer("Memory", args.integer("memory"));
  if (args.has("memory_swap")) host_config.set_integer("MemorySwap", args.integer("memory_swap"));
  if (args.has("cpus")) {
    host_config.set_integer("NanoCpus", std::llround(args.number("cpus") * 1e9));
  }
  if (args.has("pids")) host_config.set_integer("PidsLimit", args.integer("pids"));
  if (!args.has("restart")) return {};
  auto policy = restart_policy(args.string("restart"));
  if (!policy) return fail(policy.error());
  host_config.set("RestartPolicy", std::move(*policy));
  return {};
}

}  // namespace engine::docker
