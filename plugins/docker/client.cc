// One exchange: the version first where it isn't known, then the request, and again where the
// daemon behind the socket turned out to be another.
#include "plugins/docker/client.h"

#include "plugins/docker/failure.h"

namespace engine::docker {

const engine_host* lent = nullptr;

Daemons& daemons() {
  static Daemons all;
  return all;
}

namespace {

constexpr size_t kRefusalBytesMax = 64 << 10;
// Ours comes before the host's, which cannot name the daemon.
constexpr Millis kAhead{200};

struct Asking {
  Call call;
  Daemon& daemon;
  Ask ask;
  Hearing hearing;
  Answered answered;
  int status = 0;
  std::string refusal;    // the body of an answer that is an error
  bool produced = false;  // its body is on its way and cannot be had twice
  bool again = false;
  std::shared_ptr<plugin::Exchange> exchange = std::make_shared<plugin::Exchange>();
};
using AskingPtr = std::shared_ptr<Asking>;

void send_versioned(const AskingPtr& asking);

Millis within(const Asking& asking, Millis wanted) {
  const Millis most = asking.call.timeout() - kAhead;
  if (most.count() <= 0) return wanted;
  return wanted.count() <= 0 ? most : std::min(wanted, most);
}

plugin::Request request_to(const Asking& asking) {
  const Daemon& daemon = asking.daemon;
  return {.unix_socket = daemon.unix_socket, .tls = daemon.tls};
}

void give_up(const AskingPtr& asking, const Error& error) {
  // Whoever answers there next time may be another.
  if (error.code != code::kCancelled) asking->daemon.api.clear();
  asking->answered(fail(unreachable(error, asking->daemon)));
}

void negotiate(const AskingPtr& asking) {
  plugin::Request request = request_to(*asking);
  request.url = asking->daemon.base + "/_ping";
  request.timeout = within(*asking, asking->daemon.patience);
  *asking->exchange =
      plugin::send(asking->call, std::move(request), [asking](Result<Response> response) {
        if (!response) return give_up(asking, response.error());
        Daemon& daemon = asking->daemon;
        const auto reported = response->headers.find("api-version");
        const int status = response->status;
        if (!reported &&
            (status == 401 || status == 403 || status >= 500 || wants_tls(response->body))) {
          return asking->answered(fail(refusal(*response, daemon)));
        }
        auto api = negotiated_api(reported.value_or(""), daemon);
        if (!api) return asking->answered(fail(api.error()));
        daemon.api = std::move(*api);
        daemon.reported = reported.value_or("");
        send_versioned(asking);
      });
}

void begin(const AskingPtr& asking) {
  Daemon& daemon = asking->daemon;
  if (!daemon.pinned_api.empty()) daemon.api = daemon.pinned_api;
  if (daemon.api.empty()) return negotiate(asking);
  send_versioned(asking);
}

void conclude(const AskingPtr& asking, Response response) {
  Daemon& daemon = asking->daemon;
  const auto reported = response.headers.find("api-version");
  if (reported && *reported != daemon.reported && !daemon.reported.empty()) daemon.api.clear();
  if (asking->hearing.chunk && response.status >= 400) response.body = std::move(asking->refusal);
  if (response.status < 400) return asking->answered(std::move(response));
  if (speaks_other_version(response) && !asking->again && !asking->produced) {
    asking->again = true;
    daemon.api.clear();
    return begin(asking);
  }
  asking->answered(fail(refusal(response, daemon)));
}

plugin::StreamEvents events_of(const AskingPtr& asking) {
  plugin::StreamEvents events;
  if (asking->hearing.headers || asking->hearing.chunk) {
    events.headers = [asking](int status, const Headers& headers) {
      asking->status = status;
      if (status < 400 && asking->hearing.headers) asking->hearing.headers(headers);
    };
  }
  if (asking->hearing.chunk) {
    events.chunk = [asking](std::string_view chunk) {
      if (asking->status < 400) return asking->hearing.chunk(chunk);
      asking->refusal += chunk.substr(0, kRefusalBytesMax - asking->refusal.size());
      return true;
    };
  }
  events.ended = [asking](Result<Response> response) {
    if (!response) return give_up(asking, response.error());
    conclude(asking, std::move(*response));
  };
  return events;
}

void send_versioned(const AskingPtr& asking) {
  Ask& ask = asking->ask;
  plugin::Request request = request_to(*asking);
  request.method = ask.method;
  request.url = asking->daemon.base + "/v" + asking->daemon.api + ask.path;
  if (!ask.query.empty()) request.url += "?" + ask.query;
  request.headers = ask.headers;
  request.idempotent = ask.idempotent;
  request.response_max = ask.response_max;
  const bool whole = ask.more == kWholeCall;
  request.timeout = within(*asking, whole ? Millis(0) : asking->daemon.patience + ask.more);
  if (ask.produce) {
    request.produce = std::move(ask.produce);
    request.produce_size = ask.produce_size;
    asking->produced = true;
  } else if (!ask.body.empty()) {
    request.body = ask.body;
    if (ask.headers.empty()) request.headers.emplace_back("Content-Type", "application/json");
  }
  *asking->exchange = plugin::stream(asking->call, std::move(request), events_of(asking));
}

Answered failing(const Call& call, Heard heard) {
  return [call, heard = std::move(heard)](Result<Response> response) mutable {
    if (!response) return call.fail(response.error());
    heard(std::move(*response));
  };
}

}  // namespace

Asked try_ask(const Call& call, Ask ask, Hearing hearing, Answered answered) {
  const std::string name = call.args().string("daemon");
  const auto found = daemons().find(name.empty() ? "default" : name);
  if (found == daemons().end()) {
    std::vector<std::string> names;
    for (const auto& [known, daemon] : daemons()) names.push_back(known);
    const auto near = nearest(name, names);
    answered(fail(code::kNotFound, "no Docker daemon is named '" + name + "'",
                  near ? "did you mean '" + *near + "'?"
                       : "name it in the configuration: [plugins.docker.daemons." + name + "]"));
    return {};
  }
  auto asking = std::make_shared<Asking>(Asking{.call = call,
                                                .daemon = found->second,
                                                .ask = std::move(ask),
                                                .hearing = std::move(hearing),
                                                .answered = std::move(answered)});
  begin(asking);
  return Asked(asking->exchange);
}

Asked try_ask(const Call& call, Ask ask, Answered answered) {
  return try_ask(call, std::move(ask), {}, std::move(answered));
}

Asked ask(const Call& call, Ask ask, Hearing hearing, Heard heard) {
  return try_ask(call, std::move(ask), std::move(hearing), failing(call, std::move(heard)));
}

Asked ask(const Call& call, Ask ask, Heard heard) {
  return try_ask(call, std::move(ask), {}, failing(call, std::move(heard)));
}

void done_json(const Call& call, const Response& response, Write write) {
  const auto document = Document::read(response.body);
  if (!document) return call.fail(document.error());
  std::string out;
  out.reserve(response.body.size());
  JsonWriter json(out);
  write(json, document->root());
  call.done(out);
}

Asked ask_json(const Call& call, Ask ask, Write write) {
  return engine::docker::ask(call, std::move(ask),
                             [call, write = std::move(write)](const Response& response) mutable {
                               done_json(call, response, std::move(write));
                             });
}

void probe_gone(const Call& call, const Result<std::string>& path, std::string_view result) {
  if (!path) return call.fail(path.error());
  const std::string gone = R"({"done":true,"result":)" + std::string(result) + "}";
  try_ask(call, {.path = *path}, [call, gone](const Result<Response>& response) {
    if (response) return call.done(R"({"done":false})");
    if (response.error().code == code::kNotFound) return call.done(gone);
    call.fail(response.error());
  });
}

void later(const Call& call, int64_t ms, std::move_only_function<void()> then) {
  using Then = std::move_only_function<void()>;
  call.host()->delay(
      call.token(), ms,
      [](void* data) {
        const std::unique_ptr<Then> kept(static_cast<Then*>(data));
        (*kept)();
      },
      new Then(std::move(then)));
}

std::string api_of(const Call& call) {
  const auto found = daemons().find(call.args().string("daemon"));
  return found == daemons().end() ? std::string() : found->second.api;
}

}  // namespace engine::docker
