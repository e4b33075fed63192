// Zstandard, at the level that costs the writer least.
#include "engine/store/large.h"

#include <zstd.h>

#include "engine/base/json_read.h"

namespace engine::store {

namespace {

constexpr int kLevel = 1;
constexpr std::string_view kMark = R"("large":)";

Error damaged(std::string_view name, std::string_view what) {
  return Error(code::kFailed,
               "the large result " + std::string(name) + " is damaged: " + std::string(what),
               "`sqlite3 engine.db 'PRAGMA integrity_check'` tells more");
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
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  const size_t size = ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), kLevel);
  if (ZSTD_isError(size)) return fail(code::kInternal, ZSTD_getErrorName(size));
  packed.resize(size);
  Result<Statement> query =
      db.prepare("INSERT OR REPLACE INTO large(name, size, packed) VALUES(?, ?, ?)");
  if (!query) return fail(query.error());
  return query->bind(name, static_cast<int64_t>(text.size()), Bytes{packed}).run();
}

Result<std::string> read_large(Database& db, std::string_view name) {
  Result<Statement> query = db.prepare("SELECT size, packed FROM large WHERE name = ?");
  if (!query) return fail(query.error());
  Result<bool> row = query->bind(name).step();
  if (!row) return fail(row.error());
  if (!*row) return fail(damaged(name, "it is not there"));
  std::string text(static_cast<size_t>(query->integer(0)), '\0');
  const std::string_view packed = query->view(1);
  const size_t size = ZSTD_decompress(text.data(), text.size(), packed.data(), packed.size());
  if (ZSTD_isError(size)) return fail(damaged(name, ZSTD_getErrorName(size)));
  if (size != text.size()) return fail(damaged(name, "its size is wrong"));
  return text;
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
