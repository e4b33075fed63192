// The HTTP client as it is lent to plugins: C structs in, callbacks out, one Activity an exchange.
#include <unordered_map>

#include "engine/plugin/calls.h"

namespace engine::plugin {

namespace {

class LentExchange;
struct Lent {
  LentExchange* exchange;
  engine_call call;
  std::list<Activity>::iterator activity;
};

// Exchanges under way, by the number that their plugin holds.
std::unordered_map<uint64_t, Lent>& lent() {
  static std::unordered_map<uint64_t, Lent> table;
  return table;
}

class LentExchange final : public Task {
 public:
  LentExchange(uint64_t number, std::unique_ptr<http::Exchange> exchange)
      : number_(number), exchange_(std::move(exchange)) {}
  ~LentExchange() override { lent().erase(number_); }

  void resume() { exchange_->resume(); }

 private:
  uint64_t number_;
  std::unique_ptr<http::Exchange> exchange_;
};

// An answer as C shows it; refers to what it was made from.
class Shown {
 public:
  Shown(int status, const http::Headers& headers) {
    lines_.reserve(2 * headers.lines().size() + 1);
    for (const auto& [name, value] : headers.lines()) {
      lines_.push_back(name.c_str());
      lines_.push_back(value.c_str());
    }
    lines_.push_back(nullptr);
    response_ = {.size = sizeof(engine_http_response),
                 .status = status,
                 .headers = lines_.data(),
                 .body = "",
                 .body_size = 0,
                 .truncated = 0,
                 .url = ""};
  }
  explicit Shown(const http::Response& response) : Shown(response.status, response.headers) {
    response_.body = response.body.c_str();
    response_.body_size = response.body.size();
    response_.truncated = response.truncated;
    response_.url = response.url.c_str();
  }
  const engine_http_response* get() const { return &response_; }

 private:
  std::vector<const char*> lines_;
  engine_http_response response_;
};

void report(const engine_http_events& events, void* data, const Result<http::Response>& outcome) {
  if (outcome) return events.ended(data, Shown(*outcome).get(), nullptr);
  engine_error error;
  write_error(outcome.error(), &error);
  events.ended(data, nullptr, &error);
}

std::string text(const char* given) { return given ? given : ""; }

http::Request read_request(const engine_http_request& given, void* data, Millis call_timeout) {
  http::Request request{.url = text(given.url), .unix_socket = text(given.unix_socket)};
  if (given.method) request.method = given.method;
  for (const char* const* line = given.headers; line && line[0] && line[1]; line += 2) {
    request.headers.emplace_back(line[0], line[1]);
  }
  if (given.body) request.body.assign(given.body, given.body_size);
  if (given.produce) {
    request.produce = [produce = given.produce, data](char* into, size_t size) {
      return produce(data, into, size);
    };
    request.produce_size = given.produce_size;
  }
  request.tls = {.ca_file = text(given.ca_file),
                 .client_cert = text(given.client_cert),
                 .client_key = text(given.client_key),
                 .insecure = (given.flags & ENGINE_HTTP_INSECURE) != 0};
  if (given.connect_timeout_ms > 0) request.connect_timeout = Millis(given.connect_timeout_ms);
  request.timeout = given.timeout_ms > 0 ? Millis(given.timeout_ms) : call_timeout;
  if (given.response_max > 0) request.response_max = given.response_max;
  request.truncate = (given.flags & ENGINE_HTTP_TRUNCATE) != 0;
  request.idempotent = (given.flags & ENGINE_HTTP_IDEMPOTENT) != 0;
  request.redirects_max = given.redirects_max;
  return request;
}

http::StreamEvents read_events(const engine_http_events& given, void* data) {
  http::StreamEvents events;
  if (given.headers) {
    events.headers = [tell = given.headers, data](int status, const http::Headers& headers) {
      tell(data, Shown(status, headers).get());
    };
  }
  if (given.chunk) {
    events.chunk = [tell = given.chunk, data](std::string_view chunk) {
      return tell(data, chunk.data(), chunk.size()) == 0;
    };
  }
  return events;
}

Callback cancellation(const engine_http_events& events, void* data) {
  return [events, data] {
    report(events, data, fail(code::kCancelled, "the request was ended with its call"));
  };
}

uint64_t start(engine_call token, const engine_http_request* given,
               const engine_http_events* events, void* data) {
  static uint64_t next = 1;
  const uint64_t number = next++;
  CallRecord* record = Calls::instance().find(token);
  if (!record || !record->done) {
    if (record) record->loop->defer(cancellation(*events, data));
    return number;
  }
  const auto activity = record->activities.insert(record->activities.end(),
                                                  Activity{nullptr, cancellation(*events, data)});
  http::StreamEvents told = read_events(*events, data);
  told.ended = [token, activity, data, events = *events](Result<http::Response> outcome) {
    if (take(token, activity)) report(events, data, outcome);
  };
  auto exchange = std::make_unique<LentExchange>(
      number, record->http->start(read_request(*given, data, record->timeout), std::move(told)));
  lent().emplace(number, Lent{exchange.get(), token, activity});
  activity->task = std::move(exchange);
  return number;
}

void resume(uint64_t number) {
  const auto found = lent().find(number);
  if (found != lent().end()) found->second.exchange->resume();
}

void cancel(uint64_t number) {
  const auto found = lent().find(number);
  if (found == lent().end()) return;
  const auto [exchange, token, activity] = found->second;
  CallRecord* record = Calls::instance().find(token);
  Callback cancelled = std::move(activity->cancelled);
  record->loop->defer(std::move(cancelled));
  take(token, activity);
}

}  // namespace

void add_http_functions(engine_host& host) {
  host.http = start;
  host.http_resume = resume;
  host.http_cancel = cancel;
}

}  // namespace engine::plugin
