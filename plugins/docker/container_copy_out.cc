// docker.container.copy_out: files and folders out of a container, unpacked on worker threads while
// more of them comes.
#include "plugins/docker/container.h"
#include "plugins/docker/frames.h"
#include "plugins/docker/off_loop.h"
#include "plugins/docker/operations.h"
#include "plugins/docker/params.h"
#include "plugins/docker/query.h"
#include "plugins/docker/unpacking.h"

namespace engine::docker {

namespace {

constexpr size_t kQueueMax = 1 << 20;
constexpr uint64_t kSymlinkMode = 1ULL << 27;  // as Go writes it

// What is kept where no place on this machine was named: one file's first bytes.
struct Content final : TarSink {
  explicit Content(size_t bytes_max) : head(bytes_max) {}

  Result<void> begin(const TarEntry& entry) override {
    if (entry.type != '0' && entry.type != '7') {
      return fail(code::kInvalidArgument,
                  "'" + entry.name + "' in the container is no file; say where to put it",
                  "to = \"/path/here\"");
    }
    size = entry.size;
    return {};
  }
  Result<void> data(std::string_view bytes) override {
    head.append(bytes);
    return {};
  }
  Result<void> end() override { return {}; }

  Head head;
  uint64_t size = 0;
};

// An archive on its way out: what has come is unpacked while more of it comes, and the daemon is
// held back where the disk is slower.
struct Receiving {
  explicit Receiving(const Call& of) : call(of) {}

  Call call;
  TarReader reader;
  std::unique_ptr<TarSink> sink;
  Asked asked;
  std::string queue;     // has come, not yet unpacked
  std::string piece;     // the worker's, while it is busy
  Result<void> outcome;  // the worker's too
  bool busy = false, paused = false, ended = false, answered = false;
  std::string link;  // where the path leads, if it is a link

  void work() { outcome = reader.feed(piece, *sink); }

  void begin_work(const std::shared_ptr<Receiving>& self) {
    busy = true;
    piece = std::exchange(queue, {});
    off_the_loop(self);
  }

  void finished(const std::shared_ptr<Receiving>& self) {
    busy = false;
    if (answered) return;
    if (!outcome) return fail_call(outcome.error());
    if (!queue.empty()) begin_work(self);
    if (std::exchange(paused, false)) asked.resume();
    if (ended && !busy) conclude();
  }

  bool take(const std::shared_ptr<Receiving>& self, std::string_view chunk) {
    if (!link.empty()) return true;
    queue += chunk;
    if (!busy) begin_work(self);
    paused = queue.size() > kQueueMax;
    return !paused;
  }

  void fail_call(const Error& error) {
    answered = true;
    call.fail(error);
  }

  void conclude() {
    answered = true;
    if (!reader.whole()) {
      return call.fail(Error(code::kNetworkError, "what came from container " +
                                                      call.args().string("container") +
                                                      " broke off in the middle"));
    }
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    if (auto* content = dynamic_cast<Content*>(sink.get())) {
      const bool truncated = content->head.truncated();
      json.field("data", content->head.take())
          .field("bytes", static_cast<int64_t>(content->size))
          .field("truncated", truncated);
    } else {
      const auto& unpacked = static_cast<Unpacking&>(*sink);
      json.field("path", unpacked.path())
          .field("files", unpacked.files())
          .field("bytes", static_cast<int64_t>(unpacked.bytes()))
          .field("skipped", unpacked.skipped());
    }
    json.end_object();
    call.done(out);
  }
};

// Docker tells of a link in a header, and sends the link itself.
std::string link_in(const Headers& headers) {
  const auto stat = headers.find("x-docker-container-path-stat");
  if (!stat) return {};
  const auto text = base64_decode(*stat);
  const auto document = Document::read(text ? *text : std::string("{}"));
  if (!document) return {};
  const auto mode = static_cast<uint64_t>(integer_at(document->root(), "mode"));
  if ((mode & kSymlinkMode) == 0) return {};
  return std::string(text_at(document->root(), "linkTarget"));
}

std::unique_ptr<TarSink> sink_of(const plugin::Args& args) {
  if (!args.has("to")) {
    return std::make_unique<Content>(static_cast<size_t>(args.integer("limit")));
  }
  return std::make_unique<Unpacking>(args.string("to"),
                                     static_cast<uint64_t>(args.integer("size_limit")));
}

void receive(const Call& call, const std::string& path, bool follows) {
  auto address = container_path(call, "/archive");
  if (!address) return call.fail(address.error());
  auto receiving = std::make_shared<Receiving>(call);
  receiving->sink = sink_of(call.args());
  Query query;
  query.add("path", path);
  receiving->asked = try_ask(
      call,
      {.path = std::move(*address),
       .query = std::move(query).text(),
       .more = kWholeCall,
       .response_max = UINT64_MAX},
      {.headers =
           [receiving, follows](const Headers& headers) {
             if (follows) receiving->link = link_in(headers);
           },
       .chunk = [receiving](std::string_view chunk) { return receiving->take(receiving, chunk); }},
      [call, receiving](const Result<Response>& response) {
        if (receiving->answered) return;
        if (!response) return receiving->fail_call(response.error());
        if (!receiving->link.empty()) return receive(call, receiving->link, false);
        receiving->ended = true;
        if (!receiving->busy) receiving->conclude();
      });
}

void copy_out(Call call) {
  const plugin::Args args = call.args();
  const std::string path = args.string("path"), to = args.string("to");
  if (!path.starts_with('/')) {
    return call.fail(
        Error(code::kInvalidArgument,
              "path is an absolute path in the container, not '" + shortened(path, 100) + "'"));
  }
  if (args.has("to") && (!to.starts_with('/') || to == "/")) {
    return call.fail(Error(code::kInvalidArgument, "to is an absolute path on this machine, not '" +
                                                       shortened(to, 100) + "'"));
  }
  receive(call, path, true);
}

engine_effect effect_of_copy_out(const char* args, size_t size) {
  return plugin::Args({args, size}).has("to") ? ENGINE_CHANGE : ENGINE_READ;
}

void preview_copy_out(Call call) {
  inspect(call, [call](element container) { done_preview(call, container, true); });
}

constexpr engine_field kCopyOutParams[] = {
    kContainer,
    required("path", ENGINE_STRING, "Absolute path in the container."),
    optional("to", ENGINE_STRING,
             "Absolute path here: of the file or folder that it becomes. Without it, the answer "
             "holds a file's content."),
    between(optional("limit", ENGINE_SIZE, "What is kept of a file's content.", "\"1MiB\""), "1",
            "64MiB"),
    between(
        optional("size_limit", ENGINE_SIZE, "With `to`, more than that is an error.", "\"10GiB\""),
        "1", nullptr),
    kDaemon,
};
constexpr engine_field kCopiedOut[] = {
    field("data", ENGINE_STRING, "The content, text or bytes."),
    field("truncated", ENGINE_BOOLEAN, "There is more of it."),
    field("path", ENGINE_STRING, "Where it was put."),
    field("files", ENGINE_INTEGER, "How many were put there."),
    field("bytes", ENGINE_INTEGER, "Of the file, or of all files together."),
    field("skipped", ENGINE_INTEGER, "Devices and pipes, which are left out."),
};

constexpr engine_operation by_arguments(engine_operation of) {
  of.effect_of = effect_of_copy_out;
  return of;
}

constexpr engine_operation kOperations[] = {
    lasting("1h", idempotent(by_arguments(previewed(
                      bound<preview_copy_out, lent>,
                      acting_on("container", operation("container.copy_out",
                                                       "Takes a file or folder out of a "
                                                       "container; nothing leaves the folder it "
                                                       "is put into.",
                                                       ENGINE_CHANGE, bound<copy_out, lent>,
                                                       kCopyOutParams, kCopiedOut)))))),
};

}  // namespace

Operations container_copy_out_operations() { return kOperations; }

}  // namespace engine::docker
