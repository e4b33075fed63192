// One exchange on the wire: libcurl's handle, its callbacks, and what they gather. Outlives its
// Exchange where libcurl is at work while that is destroyed.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "engine/http/client.h"
#include "engine/http/curl_library.h"

namespace engine::http {

class Transfer {
 public:
  // Told when the transfer can't be reached any more: it ended, or its Multi is gone.
  using Gone = std::move_only_function<void()>;

  Transfer(Request request, StreamEvents events, Gone gone);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // What every request has in common; for a handle that is new or was reset.
  static void set_constants(const CurlLibrary& curl, CURL* easy);
  // Sets the handle up for the request as it is now; the handle is kept until release().
  Result<void> prepare(const CurlLibrary& curl, CURL* easy);
  CURL* release();
  // True when the handle must be reset before another request uses it.
  bool is_special() const;
  // Libcurl is through. True when a redirect is to be followed: release(), redirect(), prepare().
  bool over(const CurlLibrary& curl, CURLcode outcome);
  void redirect();
  void fail_with(Error error);
  // Tells the outcome, unless abandoned.
  void deliver();

  // From now on nothing is told.
  void abandon() { abandoned_ = true; }
  void orphan();
  void unpause(const CurlLibrary& curl);
  // Empty once the transfer is destroyed.
  std::shared_ptr<Transfer*> self() const { return self_; }

 private:
  static size_t on_header(char* data, size_t size, size_t count, void* self);
  static size_t on_body(char* data, size_t size, size_t count, void* self);
  static size_t on_read(char* into, size_t size, size_t count, void* self);
  bool take_header(std::string_view line);
  void headers_end();
  size_t take_body(std::string_view chunk);

  Result<void> check() const;
  void set_target(const CurlLibrary& curl);
  Result<void> set_headers(const CurlLibrary& curl);
  void set_body(const CurlLibrary& curl);
  void set_tls(const CurlLibrary& curl);
  bool will_redirect() const;
  Error failure(const CurlLibrary& curl, CURLcode outcome) const;

  std::shared_ptr<Transfer*> self_;
  Request request_;
  StreamEvents events_;
  Gone gone_;
  CURL* easy_ = nullptr;
  curl_slist* header_lines_ = nullptr;
  void (*free_lines_)(curl_slist*) = nullptr;
  std::array<char, CURL_ERROR_SIZE> detail_{};
  std::chrono::steady_clock::time_point started_;

  Response response_;
  std::string next_url_;
  std::optional<Error> error_;
  size_t header_bytes_ = 0;
  uint64_t body_bytes_ = 0;
  bool headers_over_ = false;
  bool redirecting_ = false;
  bool pause_ = false;
  bool abandoned_ = false;
};

}  // namespace engine::http
