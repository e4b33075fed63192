// What the HTTP client hands on: whatever a server says becomes a result that is JSON, and an error
// that is; URLs are shown without what is secret in them.
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/base/json.h"
#include "engine/base/json_read.h"
#include "engine/http/message.h"
#include "plugins/http/answer.h"
#include "plugins/http/json_body.h"

using namespace engine;

static void check(bool holds) {
  if (!holds) std::abort();
}

// Nothing but {"$bytes"} of ours may look like a reference.
static void check_escaped(JsonElement value) {
  if (value.is_array()) {
    for (const JsonElement item : simdjson::dom::array(value)) check_escaped(item);
  } else if (value.is_object()) {
    for (const auto& [key, member] : simdjson::dom::object(value)) {
      check(!key.starts_with('$') || key.starts_with("$$"));
      check_escaped(member);
    }
  }
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const size_t cut = std::min<size_t>(data[0], size - 1);

  http::Response response{.status = 200 + data[1], .url = "http://h/" + std::string(bytes)};
  response.headers.add(bytes.substr(1, cut / 2), bytes.substr(0, cut));
  response.headers.add("content-type", "application/json");
  response.body = bytes.substr(cut);

  const std::string result = http_plugin::result_json(response, 5);
  check(is_utf8(result) && read_json(result).has_value());
  const Error error = http_plugin::status_error("POST", response);
  check(read_json(error.details).has_value());
  if (const auto answer = http_plugin::json_answer(response.body)) {
    const auto read = read_json(*answer);
    check(read.has_value());
    check_escaped(read->root());
  }

  const std::string shown = http::shown_url("https://user:" + std::string(bytes) + "@host/");
  check(shown.find("user:") == std::string::npos ||
        bytes.find_first_of("/?#") != std::string::npos);
  check(http::origin_of(http::shown_url(bytes)) == http::origin_of(bytes) ||
        bytes.find_first_of("?#@") != std::string::npos);
  return 0;
}
