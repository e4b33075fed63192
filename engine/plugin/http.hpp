// The lent HTTP client for plugins in this tree: requests and answers as C++ values.
#pragma once

#include "engine/http/message.h"
#include "engine/plugin/plugin.hpp"

namespace engine::plugin {

using http::Headers;
using http::Request;
using http::Response;

// Exactly once, also when the call is cancelled (CANCELLED).
using Answered = std::move_only_function<void(Result<Response>)>;

struct StreamEvents {
  std::move_only_function<void(int status, const Headers& headers)> headers = {};
  // False: nothing more until `Exchange::resume`.
  std::move_only_function<bool(std::string_view chunk)> chunk = {};
  Answered ended = {};
};

// A number: copy it freely; what is over ignores it.
class Exchange {
 public:
  Exchange() = default;
  Exchange(const engine_host* host, uint64_t number) : host_(host), number_(number) {}
  void resume() const {
    if (host_) host_->http_resume(number_);
  }
  void cancel() const {
    if (host_) host_->http_cancel(number_);
  }

 private:
  const engine_host* host_ = nullptr;
  uint64_t number_ = 0;
};

// A timeout of 0 is the call's own.
Exchange send(const Call& call, Request request, Answered answered);
Exchange stream(const Call& call, Request request, StreamEvents events);

}  // namespace engine::plugin
