// docker.image.pull: what the daemon tells while it fetches becomes progress; what it tells in the
// end, success or not, the answer.
#include <map>

#include "plugins/docker/image.h"
#include "plugins/docker/lines.h"
#include "plugins/docker/operations.h"
#include "plugins/docker/params.h"
#include "plugins/docker/query.h"

namespace engine::docker {

namespace {

class Pull {
 public:
  explicit Pull(Call call) : call_(call) {}

  void take(std::string_view chunk) {
    lines_.feed(chunk, [this](const std::string& line) { tell(line); });
  }
  void last() {
    if (const std::string rest = lines_.rest(); !trim(rest).empty()) tell(rest);
  }
  const std::optional<Error>& error() const { return error_; }
  bool newer() const { return newer_; }
  const std::string& digest() const { return digest_; }

 private:
  struct Layer {
    int64_t done = 0, total = 0;
  };

  void tell(const std::string& line) {
    const auto document = Document::read(line);
    if (!document) {
      error_ = document.error();
      return;
    }
    const element told = document->root();
    if (member_at(told, "error")) {
      const std::string_view detail = text_at(told, "errorDetail/message");
      error_ = stream_error(std::string(detail.empty() ? text_at(told, "error") : detail));
      return;
    }
    const std::string_view status = text_at(told, "status");
    constexpr std::string_view kDigest = "Digest: ";
    if (status.starts_with(kDigest)) digest_ = status.substr(kDigest.size());
    if (status.starts_with("Status: Downloaded newer")) newer_ = true;
    measure(status, told);
  }

  // Layers are told of one by one; those of which nothing is known yet count as nothing.
  void measure(std::string_view status, element told) {
    const std::string id(text_at(told, "id"));
    if (!id.empty() && status == "Downloading") {
      layers_[id] = {integer_at(told, "progressDetail/current"),
                     integer_at(told, "progressDetail/total")};
    } else if (status == "Download complete" || status == "Pull complete") {
      layers_[id].done = layers_[id].total;
    }
    Layer all;
    for (const auto& [layer, size] : layers_) {
      all.done += size.done;
      all.total += size.total;
    }
    const int64_t percent = all.total > 0 ? all.done * 100 / all.total : 0;
    const std::string text = (id.empty() ? "" : id + ": ") + std::string(status);
    if (percent == percent_ && text == text_) return;
    percent_ = percent;
    text_ = text;
    std::string json;
    JsonWriter(json)
        .begin_object()
        .field("percent", percent)
        .field("done", all.done)
        .field("total", all.total)
        .field("text", text)
        .end_object();
    call_.progress(json);
  }

  const Call call_;
  Lines lines_;
  std::map<std::string, Layer> layers_;
  std::optional<Error> error_;
  bool newer_ = false;
  std::string digest_, text_;
  int64_t percent_ = -1;
};

void answer(const Call& call, const Pull& pull) {
  auto path = image_path(call.args().string("image"), "/json");
  if (!path) return call.fail(path.error());
  ask_json(call, {.path = std::move(*path)},
           [digest = pull.digest(), newer = pull.newer()](JsonWriter& json, element root) {
             json.begin_object()
                 .field("id", text_at(root, "Id"))
                 .field("digest", digest)
                 .field("size", integer_at(root, "Size"))
                 .field("changed", newer)
                 .end_object();
           });
}

void pull(Call call) {
  const plugin::Args args = call.args();
  const ImageName name = image_name(args.string("image"));
  if (name.repo.empty()) {
    return call.fail(Error(code::kInvalidArgument, "the name of an image is empty"));
  }
  Ask request{.method = "POST",
              .path = "/images/create",
              .idempotent = true,
              .more = kWholeCall,
              .response_max = UINT64_MAX};
  Query query;
  query.add("fromImage", name.repo).add("tag", name.tag);
  if (args.has("platform")) query.add("platform", args.string("platform"));
  request.query = std::move(query).text();
  if (args.has("auth")) {
    const auto credentials = call.secret("auth");
    if (!credentials) return call.fail(credentials.error());
    auto header = registry_auth(*credentials);
    if (!header) return call.fail(header.error());
    request.headers.emplace_back("X-Registry-Auth", std::move(*header));
  }
  auto state = std::make_shared<Pull>(call);
  try_ask(call, std::move(request),
          {.chunk =
               [state](std::string_view chunk) {
                 state->take(chunk);
                 return true;
               }},
          [call, state](Result<Response> response) {
            if (!response) return call.fail(registry_error(response.error()));
            state->last();
            if (state->error()) return call.fail(*state->error());
            answer(call, *state);
          });
}

void preview(Call call) {
  const std::string name = call.args().string("image");
  auto path = image_path(name, "/json");
  if (!path) return call.fail(path.error());
  try_ask(call, {.path = std::move(*path)}, [call, name](const Result<Response>& response) {
    if (!response && response.error().code != code::kNotFound) return call.fail(response.error());
    std::string out;
    JsonWriter(out)
        .begin_object()
        .field("image", name)
        .field("present", response.has_value())
        .end_object();
    call.done(out);
  });
}

constexpr engine_field kParams[] = {
    required("image", ENGINE_STRING, "Name with tag or digest; without either it is \"latest\"."),
    optional("platform", ENGINE_STRING, "Such as \"linux/arm64\", where there are several."),
    optional("auth", ENGINE_SECRET,
             "Credentials for the registry: \"user:password\" or Docker's own JSON."),
    kDaemon,
};
constexpr engine_field kResults[] = {
    field("id", ENGINE_STRING, "The image's."),
    field("digest", ENGINE_STRING, "What the registry calls it."),
    field("size", ENGINE_INTEGER, "Of all layers."),
    field("changed", ENGINE_BOOLEAN, "False: the newest was there already."),
};
constexpr const char* kErrors[] = {"NOT_FOUND", "UNAUTHENTICATED", "NETWORK_ERROR",
                                   "RESOURCE_EXHAUSTED", nullptr};

constexpr engine_operation with_errors(engine_operation of) {
  of.errors = kErrors;
  return of;
}

constexpr engine_operation kOperations[] = {
    with_errors(lasting(
        "30m",
        idempotent(acting_on(
            "image", previewed(bound<preview, lent>,
                               operation("image.pull", "Fetches an image from its registry.",
                                         ENGINE_CHANGE, bound<pull, lent>, kParams, kResults)))))),
};

}  // namespace

Operations image_pull_operations() { return kOperations; }

}  // namespace engine::docker
