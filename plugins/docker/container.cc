// Addresses and inspection.
#include "plugins/docker/container.h"

#include "plugins/docker/query.h"

namespace engine::docker {

Result<std::string> container_path_of(std::string_view name, std::string_view behind) {
  return path_to("container", name, behind);
}

Result<std::string> container_path(const Call& call, std::string_view behind) {
  return container_path_of(call.args().string("container"), behind);
}

void try_inspect(const Call& call, std::move_only_function<void(Result<element>)> seen) {
  auto path = container_path(call, "/json");
  if (!path) return seen(fail(path.error()));
  try_ask(call, {.path = std::move(*path)},
          [seen = std::move(seen)](Result<Response> response) mutable {
            if (!response) return seen(fail(response.error()));
            const auto document = Document::read(response->body);
            if (!document) return seen(fail(document.error()));
            seen(document->root());
          });
}

void inspect(const Call& call, std::move_only_function<void(element)> seen) {
  try_inspect(call, [call, seen = std::move(seen)](Result<element> container) mutable {
    if (!container) return call.fail(container.error());
    seen(*container);
  });
}

void post(const Call& call, std::string_view behind, Ask request, Heard heard) {
  auto path = container_path(call, behind);
  if (!path) return call.fail(path.error());
  request.method = "POST";
  request.path = std::move(*path);
  ask(call, std::move(request), std::move(heard));
}

void done_changed(const Call& call, bool changed) {
  call.done(changed ? R"({"changed":true})" : R"({"changed":false})");
}

Error not_running(element container, std::string_view deed) {
  return Error(code::kConflict, "container " + std::string(bare_name(text_at(container, "Name"))) +
                                    " is not running and cannot be " + std::string(deed));
}

void done_preview(const Call& call, element container, bool changes) {
  std::string out;
  JsonWriter(out)
      .begin_object()
      .field("id", text_at(container, "Id"))
      .field("name", bare_name(text_at(container, "Name")))
      .field("state", text_at(container, "State/Status"))
      .field("changes", changes)
      .end_object();
  call.done(out);
}

}  // namespace engine::docker
