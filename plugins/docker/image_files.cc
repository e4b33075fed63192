// docker.image.import, load and save: archives between files and the daemon, in small pieces.
#include "plugins/docker/file_streams.h"
#include "plugins/docker/image.h"
#include "plugins/docker/lines.h"
#include "plugins/docker/operations.h"
#include "plugins/docker/params.h"
#include "plugins/docker/query.h"

namespace engine::docker {

namespace {

// What the daemon tells of an archive that it takes.
struct Told {
  Lines lines;
  std::vector<std::string> streams;  // what it says of load
  std::string status;                // the last; an import's is the image's id
  std::optional<Error> error;

  void take(const std::string& line) {
    const auto document = Document::read(line);
    if (!document) {
      error = document.error();
    } else if (member_at(document->root(), "error")) {
      error = stream_error(std::string(text_at(document->root(), "error")));
    } else if (const auto text = text_at(document->root(), "stream"); !text.empty()) {
      streams.emplace_back(trim(text));
    } else if (const auto said = text_at(document->root(), "status"); !said.empty()) {
      status = said;
    }
  }
};

// Sends the file as the body and hands on what the daemon told, if that was no error.
void send_file(const Call& call, Ask request,
               std::move_only_function<void(const Told& told)> taken) {
  auto file = FileSource::open(call, call.args().string("path"));
  if (!file) return call.fail(file.error());
  request.method = "POST";
  request.produce = (*file)->producer();
  request.produce_size = (*file)->size();
  request.headers = {{"Content-Type", "application/x-tar"}};
  request.more = kWholeCall;
  request.response_max = UINT64_MAX;
  auto told = std::make_shared<Told>();
  const auto take = [told](const std::string& line) { told->take(line); };
  (*file)->feeds(try_ask(call, std::move(request),
                         {.chunk =
                              [told, take](std::string_view chunk) {
                                told->lines.feed(chunk, take);
                                return true;
                              }},
                         [call, told, take, file = *file,
                          taken = std::move(taken)](Result<Response> response) mutable {
                           if (file->error()) return call.fail(*file->error());
                           if (!response) return call.fail(response.error());
                           if (const std::string rest = told->lines.rest(); !trim(rest).empty())
                             take(rest);
                           if (told->error) return call.fail(*told->error);
                           taken(*told);
                         }));
}

void import(Call call) {
  const plugin::Args args = call.args();
  Query query;
  query.add("fromSrc", "-");
  if (args.has("image")) {
    const ImageName name = image_name(args.string("image"));
    query.add("repo", name.repo).add("tag", name.tag);
  }
  if (args.has("message")) query.add("message", args.string("message"));
  if (args.has("platform")) query.add("platform", args.string("platform"));
  for (const std::string& change : args.strings("changes")) query.add("changes", change);
  send_file(call, {.path = "/images/create", .query = std::move(query).text()},
            [call](const Told& told) {
              std::string out;
              JsonWriter(out).begin_object().field("id", told.status).end_object();
              call.done(out);
            });
}

void load(Call call) {
  send_file(call, {.path = "/images/load", .query = "quiet=true"}, [call](const Told& told) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().key("images").begin_array();
    for (const std::string& line : told.streams) {
      for (const std::string_view said : {"Loaded image: ", "Loaded image ID: "}) {
        if (line.starts_with(said)) json.string(std::string_view(line).substr(said.size()));
      }
    }
    json.end_array().end_object();
    call.done(out);
  });
}

void save(Call call) {
  const plugin::Args args = call.args();
  Query query;
  for (const std::string& image : args.strings("images")) query.add("names", image);
  auto sink = FileSink::create(call, args.string("path"), args.boolean("overwrite"));
  if (!sink) return call.fail(sink.error());
  const auto file = *sink;
  file->holds(try_ask(call,
                      {.path = "/images/get",
                       .query = std::move(query).text(),
                       .more = kWholeCall,
                       .response_max = UINT64_MAX},
                      {.chunk = [file](std::string_view chunk) { return file->write(chunk); }},
                      [call, file](Result<Response> response) {
                        // Docker ends an archive that it cannot complete without another word.
                        if (!response && !file->failed()) return call.fail(response.error());
                        file->finish([call](Result<int64_t> size) {
                          if (!size) return call.fail(size.error());
                          std::string out;
                          JsonWriter(out).begin_object().field("size", *size).end_object();
                          call.done(out);
                        });
                      }));
}

constexpr engine_field kImportParams[] = {
    required("path", ENGINE_STRING, "A tar archive of a root file system, also compressed."),
    optional("image", ENGINE_STRING, "The new image's name: repository:tag."),
    items(optional("changes", ENGINE_LIST, "Lines as in a Dockerfile: \"CMD sh\", \"LABEL a=b\"."),
          "string"),
    optional("message", ENGINE_STRING, "Why, for the image's history."),
    optional("platform", ENGINE_STRING, "Such as \"linux/arm64\"; else the daemon's own."),
    kDaemon,
};
constexpr engine_field kImported[] = {field("id", ENGINE_STRING, "The new image's.")};
constexpr engine_field kLoadParams[] = {
    required("path", ENGINE_STRING, "An archive that image.save wrote, also compressed."),
    kDaemon,
};
constexpr engine_field kLoaded[] = {field("images", ENGINE_LIST, "Their names, or ids.")};
constexpr engine_field kSaveParams[] = {
    items(required("images", ENGINE_LIST, "Names or ids."), "string"),
    required("path", ENGINE_STRING, "The file to write, which appears when it is complete."),
    optional("overwrite", ENGINE_BOOLEAN, "Replaces a file that is there.", "false"),
    kDaemon,
};
constexpr engine_field kSaved[] = {field("size", ENGINE_INTEGER, "The file's.")};

constexpr engine_operation kOperations[] = {
    lasting(
        "30m",
        acting_on("path", operation("image.import",
                                    "Makes an image of a root file system in a tar archive.",
                                    ENGINE_CHANGE, bound<import, lent>, kImportParams, kImported))),
    lasting("30m", idempotent(acting_on(
                       "path", operation("image.load", "Takes the images out of an archive.",
                                         ENGINE_CHANGE, bound<load, lent>, kLoadParams, kLoaded)))),
    lasting("30m",
            acting_on("path", operation("image.save", "Writes images into an archive.",
                                        ENGINE_CHANGE, bound<save, lent>, kSaveParams, kSaved))),
};

}  // namespace

Operations image_file_operations() { return kOperations; }

}  // namespace engine::docker
