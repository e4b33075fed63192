// Copies JSON, taking one '$' off a key or putting one before it.
#include "plugins/http/json_body.h"

#include <simdjson.h>

namespace engine::http_plugin {

namespace {

using simdjson::dom::element;

// An answer stands inside a result, which nests itself.
constexpr size_t kAnswerDepthMax = 60;

std::string text_of(const char* given) { return given ? given : ""; }

class Outgoing {
 public:
  explicit Outgoing(const plugin::Call& call) : call_(call) {}

  Result<void> write(JsonWriter& json, element value) {
    if (value.is_array()) return write_list(json, simdjson::dom::array(value));
    if (!value.is_object()) {
      json.raw(simdjson::minify(value));
      return {};
    }
    std::string_view text;
    if (!value.at_key("$secret").get(text)) return write_secret(json, std::string(text));
    if (!value.at_key("$bytes").get(text)) {
      return fail(code::kInvalidArgument, "the json of http.request holds bytes that are no text",
                  "JSON carries text alone; encode them, for example with crypto.base64.encode");
    }
    json.begin_object();
    for (const auto& [key, member] : simdjson::dom::object(value)) {
      json.key(key.starts_with("$$") ? key.substr(1) : key);
      if (auto written = write(json, member); !written) return written;
    }
    json.end_object();
    return {};
  }

 private:
  Result<void> write_list(JsonWriter& json, simdjson::dom::array list) {
    json.begin_array();
    for (const element item : list) {
      if (auto written = write(json, item); !written) return written;
    }
    json.end_array();
    return {};
  }

  Result<void> write_secret(JsonWriter& json, const std::string& name) {
    engine_error error{};
    size_t size = 0;
    const char* found = call_.host()->secret(call_.token(), name.c_str(), &size, &error);
    if (!found) return fail(error.code, error.message, text_of(error.hint));
    json.string({found, size});
    return {};
  }

  const plugin::Call& call_;
};

void write_escaped(JsonWriter& json, element value) {
  if (value.is_array()) {
    json.begin_array();
    for (const element item : simdjson::dom::array(value)) write_escaped(json, item);
    json.end_array();
  } else if (value.is_object()) {
    json.begin_object();
    for (const auto& [key, member] : simdjson::dom::object(value)) {
      json.key(key.starts_with('$') ? "$" + std::string(key) : std::string(key));
      write_escaped(json, member);
    }
    json.end_object();
  } else {
    json.raw(simdjson::minify(value));
  }
}

}  // namespace

Result<std::string> json_body(const plugin::Call& call, std::string_view param) {
  simdjson::dom::parser parser;
  element value;
  const std::string given = call.args().json(param);
  if (parser.parse(given).get(value)) return fail(code::kInvalidArgument, "json is no JSON");
  std::string out;
  JsonWriter json(out);
  if (auto written = Outgoing(call).write(json, value); !written) return fail(written.error());
  return out;
}

std::optional<std::string> json_answer(std::string_view text) {
  simdjson::dom::parser parser;
  element value;
  if (parser.allocate(text.size(), kAnswerDepthMax)) return std::nullopt;
  if (parser.parse(text.data(), text.size()).get(value)) return std::nullopt;
  // A key may also begin with a '$' that is written as an escape.
  const bool escapes = text.find("\"$") != std::string_view::npos ||
                       text.find("\"\\u0024") != std::string_view::npos;
  if (!escapes) return std::string(text);
  std::string out;
  JsonWriter json(out);
  write_escaped(json, value);
  return out;
}

}  // namespace engine::http_plugin
