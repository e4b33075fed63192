// C++ values over the C structs of the lent HTTP client.
#include "engine/plugin/http.hpp"

namespace engine::plugin {

namespace {

// What an exchange keeps for its callbacks; freed by the last one.
struct Kept {
  Request::Producer produce;
  StreamEvents events;
};

Response read_response(const engine_http_response& given) {
  Response response{.status = given.status};
  for (const char* const* line = given.headers; line[0]; line += 2) {
    response.headers.add(line[0], line[1]);
  }
  response.body.assign(given.body, given.body_size);
  response.truncated = given.truncated != 0;
  response.url = given.url;
  return response;
}

Error read_error(const engine_error& given) {
  Error error(given.code, given.message, given.hint ? given.hint : "");
  error.details = given.details ? given.details : "";
  error.retryable = given.retryable != 0;
  error.outcome_unknown = given.outcome_unknown != 0;
  return error;
}

void on_headers(void* data, const engine_http_response* response) {
  static_cast<Kept*>(data)->events.headers(response->status, read_response(*response).headers);
}

int on_chunk(void* data, const char* bytes, size_t size) {
  return static_cast<Kept*>(data)->events.chunk({bytes, size}) ? 0 : 1;
}

void on_end(void* data, const engine_http_response* response, const engine_error* error) {
  const std::unique_ptr<Kept> kept(static_cast<Kept*>(data));
  if (error) return kept->events.ended(std::unexpected(read_error(*error)));
  kept->events.ended(read_response(*response));
}

int64_t on_produce(void* data, char* into, size_t size) {
  return static_cast<Kept*>(data)->produce(into, size);
}

unsigned flags_of(const Request& request) {
  unsigned flags = 0;
  if (request.idempotent) flags |= ENGINE_HTTP_IDEMPOTENT;
  if (request.truncate) flags |= ENGINE_HTTP_TRUNCATE;
  if (request.tls.insecure) flags |= ENGINE_HTTP_INSECURE;
  return flags;
}

const char* or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

}  // namespace

Exchange send(const Call& call, Request request, Answered answered) {
  return stream(call, std::move(request), {.ended = std::move(answered)});
}

Exchange stream(const Call& call, Request request, StreamEvents events) {
  std::vector<const char*> lines;
  for (const auto& [name, value] : request.headers) {
    lines.push_back(name.c_str());
    lines.push_back(value.c_str());
  }
  lines.push_back(nullptr);
  auto* kept = new Kept{std::move(request.produce), std::move(events)};
  const engine_http_request given = {.size = sizeof(engine_http_request),
                                     .method = request.method.c_str(),
                                     .url = request.url.c_str(),
                                     .unix_socket = or_null(request.unix_socket),
                                     .headers = lines.data(),
                                     .body = request.body.empty() ? nullptr : request.body.data(),
                                     .body_size = request.body.size(),
                                     .produce = kept->produce ? on_produce : nullptr,
                                     .produce_size = request.produce_size,
                                     .ca_file = or_null(request.tls.ca_file),
                                     .client_cert = or_null(request.tls.client_cert),
                                     .client_key = or_null(request.tls.client_key),
                                     .connect_timeout_ms = request.connect_timeout.count(),
                                     .timeout_ms = request.timeout.count(),
                                     .response_max = request.response_max,
                                     .redirects_max = request.redirects_max,
                                     .flags = flags_of(request)};
  const engine_http_events told = {.size = sizeof(engine_http_events),
                                   .headers = kept->events.headers ? on_headers : nullptr,
                                   .chunk = kept->events.chunk ? on_chunk : nullptr,
                                   .ended = on_end};
  return {call.host(), call.host()->http(call.token(), &given, &told, kept)};
}

}  // namespace engine::plugin
