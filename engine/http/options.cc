// A request as libcurl's options.
#include <algorithm>
#include <cctype>

#include "engine/http/transfer.h"

namespace engine::http {

namespace {

constexpr size_t kSocketPathMax = 107;  // what sockaddr_un holds

bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || kMarks.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

bool is_header_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool is_url(std::string_view text) {
  const bool known = text.starts_with("http://") || text.starts_with("https://");
  return known && std::ranges::all_of(text, [](unsigned char c) { return c > ' ' && c != 0x7f; });
}

}  // namespace

Result<void> Transfer::check() const {
  const auto bad = [](std::string message, std::string hint = {}) {
    return fail(code::kInvalidArgument, std::move(message), std::move(hint));
  };
  if (!is_token(request_.method)) return bad("'" + request_.method + "' is no HTTP method");
  if (!is_url(request_.url)) {
    return bad("'" + shown_url(request_.url) + "' is no URL that can be asked",
               "it begins with http:// or https:// and holds no spaces; write them as %20");
  }
  if (request_.unix_socket.size() > kSocketPathMax) {
    return bad("the path of the unix socket '" + request_.unix_socket + "' is longer than " +
               std::to_string(kSocketPathMax) + " bytes");
  }
  for (const auto& [name, value] : request_.headers) {
    if (!is_token(name)) return bad("'" + name + "' is no name of a header");
    if (!is_header_value(value)) return bad("the header '" + name + "' holds a line break");
    if (same_name(name, "content-length") || same_name(name, "transfer-encoding")) {
      return bad("the header '" + name + "' is set by the client itself");
    }
  }
  return {};
}

void Transfer::set_constants(const CurlLibrary& curl, CURL* easy) {
  curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // Otherwise a cancelled request waits for the thread that looks its name up.
  curl.easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  curl.easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  // Version 2 would bring repeats of its own (after GOAWAY) and nothing that we need.
  curl.easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl.easy_setopt(easy, CURLOPT_USERAGENT, "engine/" ENGINE_VERSION);
}

Result<void> Transfer::prepare(const CurlLibrary& curl, CURL* easy) {
  easy_ = easy;
  if (Result<void> good = check(); !good) return good;
  detail_[0] = '\0';
  curl.easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl.easy_setopt(easy, CURLOPT_ERRORBUFFER, detail_.data());
  curl.easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl.easy_setopt(easy, CURLOPT_WRITEDATA, this);
  set_target(curl);
  if (is_special()) {
    set_body(curl);
    set_tls(curl);
  }
  return set_headers(curl);
}

// A GET of the plainest kind leaves nothing behind in the handle that the next request does not
// set; anything else does.
bool Transfer::is_special() const {
  const Tls& tls = request_.tls;
  return request_.method != "GET" || !request_.body.empty() || request_.produce || tls.insecure ||
         !tls.ca_file.empty() || !tls.client_cert.empty() || !tls.client_key.empty();
}

void Transfer::set_target(const CurlLibrary& curl) {
  curl.easy_setopt(easy_, CURLOPT_URL, request_.url.c_str());
  const bool local = !request_.unix_socket.empty();
  curl.easy_setopt(easy_, CURLOPT_UNIX_SOCKET_PATH, local ? request_.unix_socket.c_str() : nullptr);
  curl.easy_setopt(easy_, CURLOPT_PROXY, local ? "" : nullptr);
  curl.easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(request_.connect_timeout.count()));
  Millis left{0};
  if (request_.timeout.count() > 0) {
    const auto spent =
        std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - started_);
    left = std::max(request_.timeout - spent, Millis(1));
  }
  curl.easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
  if (!request_.is_read() && !request_.idempotent) {
    // Libcurl repeats a request where a connection that was used before turns out to be closed.
    // Never this one.
    curl.easy_setopt(easy_, CURLOPT_FRESH_CONNECT, 1L);
    curl.easy_setopt(easy_, CURLOPT_FORBID_REUSE, 1L);
  }
}

void Transfer::set_body(const CurlLibrary& curl) {
  const bool plain = request_.method == "DELETE" || request_.is_read();
  if (request_.produce) {
    curl.easy_setopt(easy_, CURLOPT_UPLOAD, 1L);
    curl.easy_setopt(easy_, CURLOPT_READFUNCTION, &Transfer::on_read);
    curl.easy_setopt(easy_, CURLOPT_READDATA, this);
    curl.easy_setopt(easy_, CURLOPT_INFILESIZE_LARGE,
                     static_cast<curl_off_t>(request_.produce_size));
  } else if (request_.method == "HEAD") {
    curl.easy_setopt(easy_, CURLOPT_NOBODY, 1L);
    return;
  } else if (!request_.body.empty() || !plain) {
    curl.easy_setopt(easy_, CURLOPT_POST, 1L);
    curl.easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.data());
    curl.easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.body.size()));
  } else {
    curl.easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
    if (request_.method == "GET") return;
  }
  curl.easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void Transfer::set_tls(const CurlLibrary& curl) {
  const Tls& tls = request_.tls;
  if (!tls.ca_file.empty()) {
    curl.easy_setopt(easy_, CURLOPT_CAINFO, tls.ca_file.c_str());
    curl.easy_setopt(easy_, CURLOPT_CAPATH, nullptr);
  }
  if (!tls.client_cert.empty()) curl.easy_setopt(easy_, CURLOPT_SSLCERT, tls.client_cert.c_str());
  if (!tls.client_key.empty()) curl.easy_setopt(easy_, CURLOPT_SSLKEY, tls.client_key.c_str());
  if (!tls.insecure) return;
  curl.easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 0L);
  curl.easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 0L);
}

Result<void> Transfer::set_headers(const CurlLibrary& curl) {
  if (header_lines_) curl.slist_free_all(std::exchange(header_lines_, nullptr));
  free_lines_ = curl.slist_free_all;
  bool typed = false, expecting = false;
  std::vector<std::string> lines;
  for (const auto& [name, value] : request_.headers) {
    typed = typed || same_name(name, "content-type");
    expecting = expecting || same_name(name, "expect");
    // Libcurl's way of saying a header without a value.
    lines.push_back(value.empty() ? name + ";" : name + ": " + value);
  }
  const bool with_body = !request_.body.empty() || request_.produce || !request_.is_read();
  // A name and a colon alone take back what libcurl adds: a form's type, and a second's wait for
  // "100 Continue".
  if (with_body && !typed) lines.emplace_back("Content-Type:");
  if (with_body && !expecting) lines.emplace_back("Expect:");
  for (const std::string& line : lines) {
    curl_slist* longer = curl.slist_append(header_lines_, line.c_str());
    if (!longer) return fail(code::kResourceExhausted, "no memory for the headers of a request");
    header_lines_ = longer;
  }
  curl.easy_setopt(easy_, CURLOPT_HTTPHEADER, header_lines_);
  return {};
}

}  // namespace engine::http
