// What libcurl calls back while a transfer is on the wire, and what becomes of it in the end.
#include "engine/http/transfer.h"

#include <algorithm>
#include <charconv>

#include "engine/base/text.h"
#include "engine/http/failure.h"

namespace engine::http {

namespace {

// Headers that may go to another origin: nothing of these is a credential.
constexpr std::string_view kHarmless[] = {"accept", "accept-language", "user-agent"};

constexpr uint64_t kReserveMax = 4 << 20;

int status_of(std::string_view line) {
  const size_t space = line.find(' ');
  int status = 0;
  if (space != std::string_view::npos) {
    std::from_chars(line.data() + space + 1, line.data() + line.size(), status);
  }
  return status;
}

std::string origin_of_target(std::string_view location, std::string_view base) {
  if (location.starts_with("//")) {
    return origin_of(std::string(base.substr(0, base.find(':') + 1)) + std::string(location));
  }
  const size_t scheme = location.find("://");
  const bool absolute = scheme != std::string_view::npos && scheme < location.find_first_of("/?#");
  return origin_of(absolute ? location : base);
}

}  // namespace

Transfer::Transfer(Request request, StreamEvents events, Gone gone)
    : self_(std::make_shared<Transfer*>(this)),
      request_(std::move(request)),
      events_(std::move(events)),
      gone_(std::move(gone)),
      started_(std::chrono::steady_clock::now()) {
  if (request_.method.empty()) request_.method = "GET";
}

Transfer::~Transfer() {
  *self_ = nullptr;
  if (header_lines_) free_lines_(header_lines_);
}

CURL* Transfer::release() { return std::exchange(easy_, nullptr); }

void Transfer::fail_with(Error error) { error_ = std::move(error); }

void Transfer::orphan() {
  if (!abandoned_) gone_();
}

size_t Transfer::on_header(char* data, size_t size, size_t count, void* self) {
  const bool go_on = static_cast<Transfer*>(self)->take_header({data, size * count});
  return go_on ? size * count : 0;
}

bool Transfer::take_header(std::string_view line) {
  if (abandoned_) return false;
  header_bytes_ += line.size();
  if (header_bytes_ > request_.headers_max) {
    error_ = too_large(request_, "the headers of the answer", request_.headers_max);
    return false;
  }
  if (line.starts_with("HTTP/")) {  // also after an interim answer such as 100
    response_.status = status_of(line);
    response_.headers.clear();
    return true;
  }
  line = trim(line);
  if (line.empty()) {
    // What comes after the body are trailers.
    if (response_.status >= 200 && !headers_over_) headers_end();
    return !abandoned_;
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || headers_over_) return true;
  response_.headers.add(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
  return true;
}

void Transfer::headers_end() {
  headers_over_ = true;
  redirecting_ = will_redirect();
  if (redirecting_) return;
  if (!events_.chunk) {
    uint64_t length = 0;
    const std::string_view text = response_.headers.find("content-length").value_or("");
    std::from_chars(text.data(), text.data() + text.size(), length);
    response_.body.reserve(std::min({length, request_.response_max, kReserveMax}));
  }
  if (events_.headers) events_.headers(response_.status, response_.headers);
}

size_t Transfer::on_body(char* data, size_t size, size_t count, void* self) {
  return static_cast<Transfer*>(self)->take_body({data, size * count});
}

// Anything but the chunk's size ends the transfer.
size_t Transfer::take_body(std::string_view chunk) {
  const size_t size = chunk.size();
  if (abandoned_) return CURL_WRITEFUNC_ERROR;
  if (redirecting_) return size;
  if (pause_) return CURL_WRITEFUNC_PAUSE;
  const uint64_t room = request_.response_max - body_bytes_;
  const bool too_much = size > room;
  if (too_much && !request_.truncate) {
    error_ = too_large(request_, "the answer", request_.response_max);
    return CURL_WRITEFUNC_ERROR;
  }
  chunk = chunk.substr(0, room);
  body_bytes_ += chunk.size();
  if (!events_.chunk) {
    response_.body += chunk;
  } else if (!chunk.empty() && !events_.chunk(chunk)) {
    pause_ = true;
  }
  if (!too_much) return size;
  response_.truncated = true;
  return CURL_WRITEFUNC_ERROR;
}

size_t Transfer::on_read(char* into, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  if (transfer->abandoned_) return CURL_READFUNC_ABORT;
  const int64_t bytes = transfer->request_.produce(into, size * count);
  if (bytes == kProduceWait) return CURL_READFUNC_PAUSE;
  if (bytes >= 0) return static_cast<size_t>(bytes);
  transfer->error_ = given_up(transfer->request_);
  return CURL_READFUNC_ABORT;
}

void Transfer::unpause(const CurlLibrary& curl) {
  pause_ = false;
  if (easy_) curl.easy_pause(easy_, CURLPAUSE_CONT);
}

// A body is never sent a second time: other methods are followed only where the answer says "look
// there" (303).
bool Transfer::will_redirect() const {
  const int status = response_.status;
  const bool moved = status == 301 || status == 302 || status == 307 || status == 308;
  const bool reading = request_.method == "GET" || request_.method == "HEAD";
  if (request_.redirects_max <= 0 || !(status == 303 || (moved && reading))) return false;
  const auto location = response_.headers.find("location");
  if (!location) return false;
  const std::string here = origin_of(request_.url),
                    there = origin_of_target(*location, request_.url);
  if (here == there) return true;
  const bool safe = there.starts_with("https://") || here.starts_with("http://");
  return safe && request_.unix_socket.empty();
}

void Transfer::redirect() {
  const std::string url = std::exchange(next_url_, {});
  if (origin_of(url) != origin_of(request_.url)) {
    std::erase_if(request_.headers, [](const auto& line) {
      return std::ranges::none_of(kHarmless,
                                  [&](auto name) { return same_name(name, line.first); });
    });
    request_.tls.client_cert.clear();
    request_.tls.client_key.clear();
  }
  if (request_.method != "HEAD") request_.method = "GET";
  request_.body.clear();
  request_.produce = nullptr;
  request_.url = url;
  --request_.redirects_max;
  response_ = Response{};
  header_bytes_ = 0;
  headers_over_ = redirecting_ = false;
}

bool Transfer::over(const CurlLibrary& curl, CURLcode outcome) {
  // To libcurl, headers that break off are an answer without a body.
  if (outcome == CURLE_OK && !headers_over_) outcome = CURLE_PARTIAL_FILE;
  if (outcome != CURLE_OK && !response_.truncated) {
    if (!error_) error_ = failure(curl, outcome);
    return false;
  }
  response_.url = request_.url;
  const char* next = nullptr;
  if (!redirecting_) return false;
  curl.easy_getinfo(easy_, CURLINFO_REDIRECT_URL, &next);
  if (!next) return false;
  next_url_ = next;
  return true;
}

Error Transfer::failure(const CurlLibrary& curl, CURLcode outcome) const {
  Failure seen{.outcome = outcome, .detail = detail_.data()};
  if (seen.detail.empty()) seen.detail = curl.easy_strerror(outcome);
  curl.easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &seen.sent_bytes);
  curl.easy_getinfo(easy_, CURLINFO_OS_ERRNO, &seen.os_errno);
  seen.answering = response_.status != 0;
  return error_of(request_, seen);
}

void Transfer::deliver() {
  if (abandoned_) return;
  gone_();
  Answered ended = std::move(events_.ended);
  if (error_) return ended(std::unexpected(std::move(*error_)));  // may destroy the exchange
  ended(std::move(response_));                                    // may destroy the exchange
}

}  // namespace engine::http
