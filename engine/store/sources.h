// The texts that runs were started with, kept once each by content.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/store/database.h"

namespace engine::store {

// Does nothing when the text is there already.
Result<void> insert_source(Database& db, std::string_view hash, std::string_view text);
// NOT_FOUND when no run brought that text.
Result<std::string> source_text(Database& db, std::string_view hash);

}  // namespace engine::store
