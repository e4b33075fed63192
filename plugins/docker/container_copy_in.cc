// docker.container.copy_in: files and folders of this machine into a container, in pieces, with the
// disk's work on worker threads.
#include "plugins/docker/container.h"
#include "plugins/docker/off_loop.h"
#include "plugins/docker/operations.h"
#include "plugins/docker/params.h"
#include "plugins/docker/query.h"
#include "plugins/docker/tar_writer.h"

namespace engine::docker {

namespace {

// An archive on its way in: the next piece is read while the one before is sent.
struct Sending {
  explicit Sending(const Call& of) : call(of) {}

  Call call;
  std::unique_ptr<TarWriter> writer;
  Asked asked;
  Result<std::string> piece = std::string();  // the worker's, while it is busy
  std::string ready;
  size_t sent = 0;
  bool busy = false, ended = false;
  std::optional<Error> error;

  void work() { piece = writer->next(); }

  void finished(const std::shared_ptr<Sending>&) {
    busy = false;
    if (!piece) {
      error = piece.error();
    } else {
      ready = std::exchange(*piece, {});
      sent = 0;
      ended = ready.empty();
    }
    asked.resume();
  }

  static int64_t produce(const std::shared_ptr<Sending>& self, char* into, size_t size) {
    if (self->error) return http::kProduceAbort;
    if (self->sent < self->ready.size()) {
      const size_t count = std::min(size, self->ready.size() - self->sent);
      std::copy_n(self->ready.data() + self->sent, count, into);
      self->sent += count;
      return static_cast<int64_t>(count);
    }
    if (self->ended) return 0;
    if (!self->busy) {
      self->busy = true;
      off_the_loop(self);
    }
    return http::kProduceWait;
  }
};

// "/etc/app/conf" -> "/etc/app" and "conf"
struct Target {
  std::string folder, name;
};

Result<Target> target_of(const std::string& path) {
  std::string trimmed = path;
  while (trimmed.size() > 1 && trimmed.ends_with('/')) trimmed.pop_back();
  const size_t slash = trimmed.rfind('/');
  Target target{trimmed.substr(0, slash), trimmed.substr(slash + 1)};
  if (!path.starts_with('/') || target.name.empty() || target.name == "." || target.name == "..") {
    return fail(code::kInvalidArgument, "path is the absolute path of a file or folder, not '" +
                                            shortened(path, 100) + "'");
  }
  if (target.folder.empty()) target.folder = "/";
  return target;
}

Result<unsigned> mode_of(const plugin::Args& args) {
  const std::string text = args.string("mode");
  char* end = nullptr;
  const unsigned long mode = std::strtoul(text.c_str(), &end, 8);
  if (text.empty() || *end != '\0' || mode > 07777) {
    return fail(code::kInvalidArgument, "'" + shortened(text, 20) + "' is not a file mode",
                "write octal digits, as chmod takes them: \"0644\"");
  }
  return static_cast<unsigned>(mode);
}

Result<std::unique_ptr<TarWriter>> writer_of(const Call& call, Target& target) {
  const plugin::Args args = call.args();
  if (args.has("data") == args.has("from")) {
    return fail(code::kInvalidArgument, "docker.container.copy_in takes one of data and from",
                "data = \"text or bytes\", or from = \"/path/here\"");
  }
  const std::string path = args.string("path");
  if (args.has("data")) {
    if (path.ends_with('/')) {
      return fail(code::kInvalidArgument, "path names a folder; data needs the name of a file");
    }
    auto data = call.resolved_string("data");
    const auto mode = mode_of(args);
    if (!data) return fail(data.error());
    if (!mode) return fail(mode.error());
    return std::make_unique<TarWriter>(target.name, std::move(*data), *mode);
  }
  const std::string from = args.string("from");
  if (!from.starts_with('/')) {
    return fail(code::kInvalidArgument,
                "from is an absolute path, not '" + shortened(from, 100) + "'");
  }
  // A file keeps its name in a folder that is named as one.
  const std::filesystem::path here(from);
  if (path.ends_with('/') && std::filesystem::is_regular_file(here)) {
    target = {path, here.filename().string()};
  }
  return TarWriter::of(from, target.name);
}

void copy_in(Call call) {
  auto target = target_of(call.args().string("path"));
  if (!target) return call.fail(target.error());
  auto writer = writer_of(call, *target);
  if (!writer) return call.fail(writer.error());
  auto path = container_path(call, "/archive");
  if (!path) return call.fail(path.error());
  auto sending = std::make_shared<Sending>(call);
  sending->writer = std::move(*writer);
  Query query;
  query.add("path", target->folder).add("noOverwriteDirNonDir", "true");
  sending->asked =
      try_ask(call,
              {.method = "PUT",
               .path = std::move(*path),
               .query = std::move(query).text(),
               .headers = {{"Content-Type", "application/x-tar"}},
               .produce = [sending](char* into,
                                    size_t size) { return Sending::produce(sending, into, size); },
               .more = kWholeCall},
              [call, sending](const Result<Response>& response) {
                if (sending->error) return call.fail(*sending->error);
                if (!response) return call.fail(response.error());
                std::string out;
                JsonWriter(out)
                    .begin_object()
                    .field("files", sending->writer->files())
                    .field("bytes", static_cast<int64_t>(sending->writer->bytes()))
                    .end_object();
                call.done(out);
              });
}

void preview_copy_in(Call call) {
  auto target = target_of(call.args().string("path"));
  if (!target) return call.fail(target.error());
  if (const auto writer = writer_of(call, *target); !writer) return call.fail(writer.error());
  inspect(call, [call](element container) { done_preview(call, container, true); });
}
constexpr engine_field kCopyInParams[] = {
    kContainer,
    required("path", ENGINE_STRING,
             "Absolute path in the container: of the file or folder that it becomes; with a slash "
             "at its end, of the folder that takes a file."),
    optional("data", ENGINE_STRING, "A file's content, text or bytes.", nullptr, ENGINE_SECRETS),
    optional("from", ENGINE_STRING,
             "Absolute path of a file or folder here; a folder is merged into one that is there."),
    optional("mode", ENGINE_STRING, "Of `data`, in octal digits.", "\"0644\""),
    kDaemon,
};
constexpr engine_field kCopiedIn[] = {
    field("files", ENGINE_INTEGER, "How many."),
    field("bytes", ENGINE_INTEGER, "Of all files together."),
};
constexpr engine_operation kOperations[] = {
    lasting("1h", idempotent(previewed(
                      bound<preview_copy_in, lent>,
                      acting_on("container",
                                operation("container.copy_in",
                                          "Puts a file or folder into a container.", ENGINE_CHANGE,
                                          bound<copy_in, lent>, kCopyInParams, kCopiedIn))))),
};

}  // namespace

Operations container_copy_in_operations() { return kOperations; }

}  // namespace engine::docker
