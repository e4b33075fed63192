// The texts that a run goes by: each is taken once, kept in the store by its hash, and used to the
// run's end, whatever becomes of the file, also by a later program.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/runs/library.h"
#include "engine/store/runs.h"

namespace engine::store {
class Database;
}

namespace engine::runs {

class Code {
 public:
  // `taken` is told of each text as it is taken.
  using Taken = std::function<void(const store::SourceText& text)>;
  Code(const Library& library, Taken taken);

  // Texts that the run has taken before: a JSON list of {"name","hash","file"?}.
  Result<void> recall(store::Database& database, std::string_view sources);

  // For require(name) out of the text named `from`.
  Result<const store::SourceText*> module(std::string_view name, std::string_view from);
  // One of the engine's own files, "engine/lua/prelude.lua".
  const store::SourceText& own(std::string_view name);
  // Takes a text unless one of that name was taken before; answers the one that holds.
  const store::SourceText& take(std::string_view name, std::string_view file,
                                std::string_view text);
  const store::SourceText* find(std::string_view name) const;
  std::vector<store::SourceText> all() const { return {texts_.begin(), texts_.end()}; }

 private:
  const store::SourceText& add(store::SourceText text);

  const Library& library_;
  Taken taken_;
  std::deque<store::SourceText> texts_;  // few, and looked at by reference
};

}  // namespace engine::runs
