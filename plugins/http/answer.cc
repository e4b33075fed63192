// Statuses as codes, headers as a map, JSON as it came.
#include "plugins/http/answer.h"

#include "plugins/http/json_body.h"
#include "plugins/http/request.h"

namespace engine::http_plugin {

namespace {

constexpr size_t kDetailBytes = 4096;
constexpr size_t kMessageBytes = 200;

bool is_json(const plugin::Response& response) {
  const std::string_view type = response.headers.find("content-type").value_or("");
  const std::string_view media = trim(type.substr(0, type.find(';')));
  return http::same_name(media, "application/json") || media.ends_with("+json");
}

void append_headers(JsonWriter& json, const plugin::Headers& headers) {
  std::map<std::string, std::string> joined;
  for (const auto& [name, value] : headers.lines()) {
    auto& text = joined[name.starts_with('$') ? "$" + name : name];
    text += text.empty() ? value : ", " + value;
  }
  json.key("headers").begin_object();
  for (const auto& [name, value] : joined) json.field(name, value);
  json.end_object();
}

std::string_view code_of(int status) {
  switch (status) {
    case 401:
    case 407:
      return code::kUnauthenticated;
    case 403:
      return code::kPermissionDenied;
    case 404:
    case 410:
      return code::kNotFound;
    case 405:
    case 501:
      return code::kUnsupported;
    case 408:
      return code::kTimeout;
    case 409:
    case 412:
      return code::kConflict;
    case 413:
    case 429:
      return code::kResourceExhausted;
    case 502:
    case 503:
    case 504:
      return code::kBackendUnavailable;
    default:
      return code::kFailed;
  }
}

// The first line of what the server said, for a person.
std::string said(const plugin::Response& response) {
  const std::string_view body = trim(response.body);
  if (body.empty() || !is_utf8(body) || body.starts_with('<')) return {};
  return ": " + shortened(body.substr(0, body.find('\n')), kMessageBytes);
}

}  // namespace

std::string result_json(const plugin::Response& response, int64_t duration_ms) {
  const bool parse = !response.truncated && !response.body.empty() && is_json(response);
  const std::optional<std::string> parsed = parse ? json_answer(response.body) : std::nullopt;
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("status", response.status);
  append_headers(json, response.headers);
  if (parsed) {
    json.field_raw("json", *parsed);
  } else {
    json.field("body", response.body);
  }
  json.field("truncated", response.truncated);
  json.field("url", http::shown_url(response.url)).field("duration_ms", duration_ms).end_object();
  return out;
}

Error status_error(const std::string& method, const plugin::Response& response) {
  const int status = response.status;
  Error error(code_of(status), method + " " + http::shown_url(response.url) +
                                   " was answered with " + std::to_string(status) + said(response));
  error.hint = "with check = false any status is an answer";
  error.retryable = status == 408 || status == 429 || (status >= 502 && status <= 504);
  const bool lost = status == 500 || status == 502 || status == 504;
  error.outcome_unknown = lost && effect_of_method(method) != ENGINE_READ;
  JsonWriter json(error.details);
  json.begin_object().field("status", status);
  if (const auto after = response.headers.find("retry-after")) json.field("retry_after", *after);
  json.field("body", shortened(response.body, kDetailBytes)).end_object();
  return error;
}

}  // namespace engine::http_plugin
