// docker.container, docker.image, ...: the daemon's events of one type, followed live.
#include "plugins/docker/event.h"
#include "plugins/docker/lines.h"
#include "plugins/docker/operations.h"
#include "plugins/docker/params.h"
#include "plugins/docker/query.h"

namespace engine::docker {

namespace {

constexpr int64_t kBeatMs = 30'000;

// One subscription. A daemon that hangs says nothing, so it is asked now and then whether it lives.
class Following : public std::enable_shared_from_this<Following> {
 public:
  Following(Call call, const char* type) : call_(call), type_(type) {}

  void begin() {
    lent->set_data(call_.token(), this);
    const plugin::Args args = call_.args();
    auto query = query_of(args);
    if (!query) return finish(query.error());
    const auto daemon = daemons().find(args.string("daemon"));
    if (daemon != daemons().end()) beat_after(daemon->second.patience.count());
    stream_ = try_ask(call_,
                      {.path = "/events",
                       .query = std::move(*query),
                       .more = kWholeCall,
                       .response_max = UINT64_MAX},
                      {.headers = [self = shared_from_this()](const Headers&) { self->accept(); },
                       .chunk =
                           [self = shared_from_this()](std::string_view chunk) {
                             self->take(chunk);
                             return true;
                           }},
                      [self = shared_from_this()](Result<Response> response) {
                        self->finish(response ? Error(code::kBackendUnavailable,
                                                      "the Docker daemon ended its events")
                                              : response.error());
                      });
  }

  void cancel() { finish(Error(code::kCancelled, "nobody follows any more")); }

 private:
  Result<std::string> query_of(const plugin::Args& args) {
    auto filters = filters_json(args);
    if (!filters) return fail(filters.error());
    filters->pop_back();
    if (filters->back() != '{') *filters += ',';
    *filters += "\"type\":[\"" + std::string(type_) + "\"]}";
    Query query;
    query.add("filters", *filters);
    if (const auto cursor = args.find_string("cursor")) {
      if (!cursor_.read(*cursor)) {
        return fail(code::kInvalidArgument,
                    "'" + shortened(*cursor, 60) + "' is no cursor of docker." + type_,
                    "take it from an event, or say how long ago: 10m");
      }
      query.add("since", moment_text(cursor_.nanoseconds()));
    } else if (const auto since = args.find_integer("since_ms")) {
      query.add("since", moment_text(*since * 1'000'000));
    }
    return std::move(query).text();
  }

  void accept() {
    accepted_ = true;
    call_.progress("{}");
  }

  void take(std::string_view chunk) {
    const bool sane = lines_.feed(chunk, [this](const std::string& line) { tell(line); });
    if (!sane) finish(Error(code::kNetworkError, "the Docker daemon sent an event without an end"));
  }

  void tell(const std::string& line) {
    if (over_) return;
    const auto document = Document::read(line);
    if (!document) return finish(document.error());
    const element event = document->root();
    const int64_t nanoseconds = nanoseconds_of(event);
    if (!cursor_.take(nanoseconds, line)) return;
    plugin::Happening happening{.kind = std::string(action_of(event)),
                                .at_ms = nanoseconds / 1'000'000,
                                .subject = std::string(text_at(event, "Actor/ID")),
                                .data = {},
                                .cursor = cursor_.text()};
    JsonWriter json(happening.data);
    write_event(json, event);
    call_.emit(happening);
  }

  void beat_after(int64_t ms) {
    later(call_, ms, [self = shared_from_this()] { self->beat(); });
  }

  void beat() {
    if (over_) return;
    if (!accepted_) {
      return finish(Error(code::kTimeout, "the Docker daemon did not begin to tell its events"));
    }
    try_ask(call_, {.path = "/_ping"}, [self = shared_from_this()](Result<Response> response) {
      if (!response) return self->finish(response.error());
      if (!self->over_) self->beat_after(kBeatMs);
    });
  }

  // Everything else that is under way ends with the call.
  void finish(const Error& error) {
    if (std::exchange(over_, true)) return;
    call_.fail(error);
  }

  const Call call_;
  const char* const type_;
  Lines lines_;
  EventCursor cursor_;
  Asked stream_;
  bool accepted_ = false, over_ = false;
};

constexpr char kContainers[] = "container", kImages[] = "image", kVolumes[] = "volume",
               kNetworks[] = "network", kDaemons[] = "daemon";

template <const char* type>
void follow(void*, engine_call token) {
  std::make_shared<Following>(Call(lent, token), type)->begin();
}

// What is under way keeps it alive for as long as its call is.
void cancel(void*, engine_call token) {
  if (void* const data = lent->data(token)) static_cast<Following*>(data)->cancel();
}

constexpr const char* kContainerKinds[] = {
    "attach", "checkpoint",  "commit",      "copy",     "create",     "destroy", "detach",
    "die",    "exec_create", "exec_detach", "exec_die", "exec_start", "export",  "health_status",
    "kill",   "oom",         "pause",       "prune",    "rename",     "resize",  "restart",
    "start",  "stop",        "top",         "unpause",  "update",     nullptr};
constexpr const char* kImageKinds[] = {"delete", "import", "load", "prune", "pull",
                                       "push",   "save",   "tag",  "untag", nullptr};
constexpr const char* kVolumeKinds[] = {"create", "destroy", "mount", "prune", "unmount", nullptr};
constexpr const char* kNetworkKinds[] = {"connect", "create", "destroy", "disconnect",
                                         "prune",   "remove", "update",  nullptr};
constexpr const char* kDaemonKinds[] = {"reload", nullptr};

constexpr engine_field kParams[] = {kFilters, kDaemon};
constexpr engine_field kFields[] = {
    field("time", ENGINE_STRING, "When, by the daemon's clock, RFC 3339."),
    field("type", ENGINE_STRING, "container, image, volume, network or daemon."),
    field("action", ENGINE_STRING, "What happened; the same as the event's kind."),
    field("detail", ENGINE_STRING, "What Docker adds: the health, the command of an exec."),
    field("id", ENGINE_STRING, "Of what it happened to."),
    field("name", ENGINE_STRING, "Of what it happened to."),
    field("attributes", ENGINE_MAP, "Labels and what else Docker tells, as texts."),
    field("image", ENGINE_STRING, "The container's."),
    field("exit_code", ENGINE_INTEGER, "Of a container or an exec that ended."),
};

constexpr engine_event_source source(const char* name, const char* summary,
                                     const char* const* kinds, void (*follow)(void*, engine_call)) {
  return {.size = sizeof(engine_event_source),
          .name = name,
          .summary = summary,
          .kinds = kinds,
          .params = kParams,
          .param_count = std::size(kParams),
          .fields = kFields,
          .field_count = std::size(kFields),
          .follow = follow,
          .cancel = cancel};
}

constexpr engine_event_source kSources[] = {
    source(kContainers, "What happens to containers.", kContainerKinds, follow<kContainers>),
    source(kImages, "What happens to images.", kImageKinds, follow<kImages>),
    source(kVolumes, "What happens to volumes.", kVolumeKinds, follow<kVolumes>),
    source(kNetworks, "What happens to networks.", kNetworkKinds, follow<kNetworks>),
    source(kDaemons, "What happens to the daemon itself.", kDaemonKinds, follow<kDaemons>),
};

}  // namespace

std::span<const engine_event_source> event_sources() { return kSources; }

}  // namespace engine::docker
