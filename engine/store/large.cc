// Zstandard, at the level that costs the writer least.
#include "engine/store/large.h"

#include "engine/base/json_read.h"
#include "engine/store/zstd_library.h"

namespace engine::store {

namespace {

constexpr int kLevel = 1;
constexpr std::string_view kMark = R"("large":)";
constexpr std::string_view kFrame = "\x28\xB5\x2F\xFD";  // what begins so is compressed

Error damaged(std::string_view name, std::string_view what) {
  return Error(code::kFailed,
               "the large result " + std::string(name) + " is damaged: " + std::string(what),
               "`sqlite3 engine.db 'PRAGMA integrity_check'` tells more");
}

// As it is on a machine without libzstd.
Result<std::string> compressed(std::string_view text) {
  const Result<const ZstdLibrary*> zstd = zstd_library();
  if (!zstd) return std::string(text);
  std::string packed((*zstd)->compress_bound(text.size()), '\0');
  const size_t size =
      (*zstd)->compress(packed.data(), packed.size(), text.data(), text.size(), kLevel);
  if ((*zstd)->is_error(size)) return fail(code::kInternal, (*zstd)->error_name(size));
  packed.resize(size);
  return packed;
}

Result<std::string> decompressed(std::string_view name, std::string_view packed, size_t size) {
  const Result<const ZstdLibrary*> zstd = zstd_library();
  if (!zstd) return fail(zstd.error());
  std::string text(size, '\0');
  const size_t found = (*zstd)->decompress(text.data(), text.size(), packed.data(), packed.size());
  if ((*zstd)->is_error(found)) return fail(damaged(name, (*zstd)->error_name(found)));
  if (found != size) return fail(damaged(name, "its size is wrong"));
  return text;
}

std::string name_of(std::string_view run, JsonElement entry) {
  const std::string place = std::string(json_string(entry, "p").value_or("")) + ":" +
                            std::to_string(json_integer(entry, "n").value_or(0));
  return large_name(run, static_cast<int>(json_integer(entry, "a").value_or(1)), place);
}

}  // namespace

std::string large_name(std::string_view run, int attempt, std::string_view place) {
  return std::string(run) + "/" + std::to_string(attempt) + "/" + std::string(place);
}

Result<void> keep_large(Database& db, std::string_view name, std::string_view text) {
  Result<std::string> packed = compressed(text);
  if (!packed) return fail(packed.error());
  Result<Statement> query =
      db.prepare("INSERT OR REPLACE INTO large(name, size, packed) VALUES(?, ?, ?)");
  if (!query) return fail(query.error());
  return query->bind(name, static_cast<int64_t>(text.size()), Bytes{*packed}).run();
}

Result<std::string> read_large(Database& db, std::string_view name) {
  Result<Statement> query = db.prepare("SELECT size, packed FROM large WHERE name = ?");
  if (!query) return fail(query.error());
  Result<bool> row = query->bind(name).step();
  if (!row) return fail(row.error());
  if (!*row) return fail(damaged(name, "it is not there"));
  const auto size = static_cast<size_t>(query->integer(0));
  const std::string_view packed = query->view(1);
  if (packed.starts_with(kFrame)) return decompressed(name, packed, size);
  if (packed.size() != size) return fail(damaged(name, "its size is wrong"));
  return std::string(packed);
}

Result<std::vector<std::string>> large_names(Database& db, std::string_view run) {
  const std::string first = std::string(run) + "/", last = std::string(run) + "0";  // behind '/'
  Result<Statement> query = db.prepare("SELECT name FROM large WHERE name >= ? AND name < ?");
  if (!query) return fail(query.error());
  query->bind(first, last);
  std::vector<std::string> names;
  for (;;) {
    Result<bool> row = query->step();
    if (!row) return fail(row.error());
    if (!*row) return names;
    names.push_back(query->text(0));
  }
}

Result<std::string> with_large(Database& db, std::string_view run, std::string journal) {
  if (journal.find(kMark) == std::string::npos) return journal;
  Result<JsonDocument> document = read_json(journal);
  if (!document) return fail(document.error());
  std::string whole = "[";
  for (const JsonElement entry : simdjson::dom::array(document->root())) {
    if (whole.size() > 1) whole += ',';
    whole += json_text(entry);
    if (!json_integer(entry, "large")) continue;
    Result<std::string> text = read_large(db, name_of(run, entry));
    if (!text) return fail(text.error());
    whole.back() = ',';
    whole += "\"ok\":" + *text + "}";
  }
  return whole + "]";
}

}  // namespace engine::store
