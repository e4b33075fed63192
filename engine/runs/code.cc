// Taking texts, and finding them again by name.
#include "engine/runs/code.h"

#include <algorithm>
#include <map>

#include "engine/base/embedded.h"
#include "engine/base/hash.h"
#include "engine/base/json_read.h"
#include "engine/store/sources.h"

namespace engine::runs {

namespace {

store::SourceText make(std::string_view name, std::string_view file, std::string_view text) {
  return {std::string(name), sha256_hex(text), std::make_shared<const std::string>(text),
          std::string(file)};
}

const store::SourceText& shared_text(const EmbeddedFile& file) {
  static std::map<std::string_view, store::SourceText> known;
  const auto found = known.find(file.name);
  if (found != known.end()) return found->second;
  return known
      .emplace(file.name, store::SourceText{std::string(file.name), std::string(file.sha256),
                                            std::make_shared<const std::string>(file.text)})
      .first->second;
}

}  // namespace

Code::Code(const Library& library, Taken taken) : library_(library), taken_(std::move(taken)) {}

Result<void> Code::recall(store::Database& database, std::string_view sources) {
  const Result<JsonDocument> document = read_json(sources);
  if (!document) return fail(document.error());
  for (const JsonElement source : simdjson::dom::array(document->root())) {
    const std::string_view name = json_string(source, "name").value_or("");
    const std::string_view hash = json_string(source, "hash").value_or("");
    if (find(name)) continue;
    if (const EmbeddedFile& present = embedded_file(name); present.sha256 == hash) {
      texts_.push_back(shared_text(present));
      continue;
    }
    Result<std::string> text = store::source_text(database, hash);
    if (!text) return fail(text.error());
    texts_.push_back({std::string(name), std::string(hash),
                      std::make_shared<const std::string>(std::move(*text)),
                      std::string(json_string(source, "file").value_or(""))});
  }
  return {};
}

const store::SourceText* Code::find(std::string_view name) const {
  const auto found = std::ranges::find(texts_, name, &store::SourceText::name);
  return found == texts_.end() ? nullptr : &*found;
}

const store::SourceText& Code::add(store::SourceText text) {
  texts_.push_back(std::move(text));
  taken_(texts_.back());
  return texts_.back();
}

const store::SourceText& Code::own(std::string_view name) {
  const store::SourceText* known = find(name);
  return known ? *known : add(shared_text(embedded_file(name)));
}

const store::SourceText& Code::take(std::string_view name, std::string_view file,
                                    std::string_view text) {
  const store::SourceText* known = find(name);
  return known ? *known : add(make(name, file, text));
}

Result<const store::SourceText*> Code::module(std::string_view name, std::string_view from) {
  std::string label(name);
  std::ranges::replace(label, '.', '/');
  if (const store::SourceText* known = find(label + ".lua")) return known;
  const store::SourceText* requiring = find(from);
  Result<Source> found =
      library_.module(name, requiring ? std::string_view(requiring->file) : std::string_view());
  if (!found) return fail(found.error());
  return &take(found->label, found->file, found->text);
}

}  // namespace engine::runs
