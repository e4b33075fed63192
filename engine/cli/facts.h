// How calls in doubt could be settled: from the operations that are known here, or as an export
// notes it.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "engine/cli/session.h"

namespace engine::cli {

class Records;

struct OperationFacts {
  bool idempotent = false;
  bool probed = false;
};
// Nothing for an operation that is not known.
using Facts = std::function<std::optional<OperationFacts>(const std::string& operation)>;

// Looked up when the first is asked for. `session` outlives it.
Facts known_facts(Session& session);

// As a note of an export: {"docker.container.stop":{"idempotent":true,"probed":false}}.
std::string facts_json(const Facts& facts, const std::set<std::string>& operations);
Facts noted_facts(Records& records);

}  // namespace engine::cli
