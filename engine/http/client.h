// An HTTP client on the loop: connections are kept and used again, bodies stream both ways,
// everything is bounded.
#pragma once

#include <functional>
#include <memory>

#include "engine/http/message.h"
#include "engine/loop/loop.h"
#include "engine/loop/task.h"

namespace engine::http {

using Answered = std::move_only_function<void(Result<Response>)>;

// What a streaming exchange tells, in this order; any of these may destroy the exchange.
struct StreamEvents {
  std::move_only_function<void(int status, const Headers& headers)> headers;  // may be empty
  // False: no more chunks, please, until resume(); only the end may come. The server is held back
  // meanwhile, and time limits go on.
  std::move_only_function<bool(std::string_view chunk)> chunk;
  Answered ended;  // exactly once
};

// One request and its answer under way. Destroying it cancels it and closes its connection.
class Exchange : public Task {
 public:
  // Goes on after a chunk was answered by false or a producer by kProduceWait; harmless otherwise.
  virtual void resume() = 0;
};

class Multi;

// Errors: BACKEND_UNAVAILABLE (nobody listens), NETWORK_ERROR, TIMEOUT, RESOURCE_EXHAUSTED (a limit
// on the answer), INVALID_ARGUMENT, ... Any status is an answer. `outcome_unknown` is set where the
// request was on its way and is not a read.
class Client {
 public:
  explicit Client(Loop& loop);
  // Exchanges that still exist then never end. Not from within their `headers` and `chunk`.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  std::unique_ptr<Exchange> start(Request request, Answered answered);
  std::unique_ptr<Exchange> start(Request request, StreamEvents events);

 private:
  Loop& loop_;
  std::unique_ptr<Multi> multi_;
};

}  // namespace engine::http
