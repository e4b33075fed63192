// What is asked and what is answered over HTTP: plain data, without a trace of libcurl.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/units.h"

namespace engine::http {

// Header lines in the order of their coming; a name may come more than once.
class Headers {
 public:
  // Names are kept in lower case.
  void add(std::string_view name, std::string_view value);
  // The first value under the name, whatever the case of either.
  std::optional<std::string_view> find(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& lines() const { return lines_; }
  void clear() { lines_.clear(); }

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

bool same_name(std::string_view a, std::string_view b);  // without regard to case

struct Tls {
  std::string ca_file = {};                       // empty: the system's
  std::string client_cert = {}, client_key = {};  // PEM files; empty: none
  bool insecure = false;                          // takes any certificate
};

// What a producer of a request's body answers instead of a number of bytes.
inline constexpr int64_t kProduceWait = -1;   // nothing yet; Exchange::resume() asks again
inline constexpr int64_t kProduceAbort = -2;  // gives the request up

struct Request {
  // Fills `into` and answers how many bytes it wrote, 0 at the end.
  using Producer = std::move_only_function<int64_t(char* into, size_t size)>;

  std::string method = "GET";
  std::string url = {};          // http or https
  std::string unix_socket = {};  // a path; then the URL's host is only a name
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  Producer produce = {};      // instead of `body`
  int64_t produce_size = -1;  // -1: unknown, the body goes out in chunks
  Tls tls = {};
  Millis connect_timeout{10'000};
  Millis timeout{0};                 // of the whole exchange; 0: none
  uint64_t response_max = 16 << 20;  // bytes of the body
  bool truncate = false;             // a longer body is cut; otherwise it is an error
  size_t headers_max = 64 << 10;
  int redirects_max = 0;
  // Doing it twice ends where doing it once does. Only reads and idempotent requests go over a
  // connection that was used before, since libcurl sends a request again by itself where such a
  // connection turns out to be closed.
  bool idempotent = false;

  bool is_read() const { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }
};

struct Response {
  int status = 0;
  Headers headers = {};
  std::string body = {};  // empty where chunks were handed on
  bool truncated = false;
  std::string url = {};  // where it came from, after redirects
};

// The URL as it may be shown: without user, password, and what the query says.
std::string shown_url(std::string_view url);
// "https://host:port" in lower case, the port left out where it is the scheme's own; empty for what
// is no URL.
std::string origin_of(std::string_view url);

}  // namespace engine::http
