// Asking a Docker daemon: finds it by the call's `daemon`, negotiates the version of its API, and
// makes Docker's refusals our errors.
#pragma once

#include "plugins/docker/daemon.h"
#include "plugins/docker/reading.h"

namespace engine::docker {

using plugin::Call;
using plugin::Headers;
using plugin::Response;

// What the host lends and the daemons that the settings name, filled by the plugin's start.
extern const engine_host* lent;
Daemons& daemons();

// One request.
struct Ask {
  std::string method = "GET";
  std::string path = {};   // after the version: "/containers/json"; its parts encoded
  std::string query = {};  // as Query writes it
  std::string body = {};   // JSON, unless `headers` say otherwise
  std::vector<std::pair<std::string, std::string>> headers = {};
  plugin::Request::Producer produce = {};  // instead of `body`; then nothing is asked twice
  int64_t produce_size = -1;
  bool idempotent = false;  // reads are so anyway
  // How long it may take: the daemon's own patience and this; kWholeCall: as long as the call.
  Millis more{0};
  uint64_t response_max = 64 << 20;
};
inline constexpr Millis kWholeCall = Millis(-1);

// An answer handed on while it comes.
struct Hearing {
  std::move_only_function<void(const Headers& headers)> headers = {};
  // False: nothing more until `Asked::resume`. Only what a status below 400 brings.
  std::move_only_function<bool(std::string_view chunk)> chunk = {};
};

// A handle on what was asked: copy it freely; what is over ignores it.
class Asked {
 public:
  Asked() = default;
  explicit Asked(std::shared_ptr<plugin::Exchange> exchange) : exchange_(std::move(exchange)) {}
  void resume() const {
    if (exchange_) exchange_->resume();
  }
  void cancel() const {
    if (exchange_) exchange_->cancel();
  }

 private:
  std::shared_ptr<plugin::Exchange> exchange_;
};

// Exactly once. A status of 400 and above has become an error; 304 is an answer.
using Answered = std::move_only_function<void(Result<Response>)>;
Asked try_ask(const Call& call, Ask ask, Answered answered);
Asked try_ask(const Call& call, Ask ask, Hearing hearing, Answered answered);

// The same where every error is the call's: `heard` is called for answers alone.
using Heard = std::move_only_function<void(Response)>;
Asked ask(const Call& call, Ask ask, Heard heard);
Asked ask(const Call& call, Ask ask, Hearing hearing, Heard heard);

// The call's answer is what `write` makes of Docker's JSON.
using Write = std::move_only_function<void(JsonWriter& json, element root)>;
void done_json(const Call& call, const Response& response, Write write);
Asked ask_json(const Call& call, Ask ask, Write write);

// The probe of a removal: it is done where nothing is left at `path`, and then answered `result`.
void probe_gone(const Call& call, const Result<std::string>& path, std::string_view result = "{}");

// Calls back after that time, or a turn after the call's end: then what it asks is cancelled.
void later(const Call& call, int64_t ms, std::move_only_function<void()> then);

// The version that was negotiated with the call's daemon ("1.41"); empty before the first answer.
std::string api_of(const Call& call);

}  // namespace engine::docker
