// Runbooks' durable key/value: JSON values by scope (a runbook) and name, with expiry and
// compare-and-set.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/store/database.h"

namespace engine::store {

struct StateValue {
  std::string name;
  std::string value;          // JSON
  int64_t version = 0;        // grows with every write to the store's state; never the same twice
  int64_t expires_at_ms = 0;  // 0: never
};

// A value whose time has come (`now_ms`) counts as absent everywhere. Writes: in a Job only.
Result<std::optional<StateValue>> get_state(Database& db, std::string_view scope,
                                            std::string_view name, int64_t now_ms);
// Answers the new version. Removes a few expired values on the way.
Result<int64_t> set_state(Database& db, std::string_view scope, std::string_view name,
                          std::string_view value, int64_t expires_at_ms, int64_t now_ms);

// What compare_and_set demands of the value that is there. All empty: that there is none.
struct StateExpected {
  std::optional<int64_t> version = {};
  std::optional<std::string> value = {};  // JSON; compared as text after minifying
};
// The new version, or nothing when the value was not as expected (and nothing was changed).
Result<std::optional<int64_t>> compare_and_set_state(Database& db, std::string_view scope,
                                                     std::string_view name,
                                                     const StateExpected& expected,
                                                     std::string_view value, int64_t expires_at_ms,
                                                     int64_t now_ms);
// False when there was none.
Result<bool> remove_state(Database& db, std::string_view scope, std::string_view name,
                          int64_t now_ms);
// Sorted by name.
Result<std::vector<StateValue>> list_state(Database& db, std::string_view scope,
                                           std::string_view name_prefix, int limit, int64_t now_ms);

}  // namespace engine::store
