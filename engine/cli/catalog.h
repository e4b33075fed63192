// For commands that only look: the configuration and the catalog of operations, plugins and
// runbooks.
#pragma once

#include <expected>
#include <memory>

#include "engine/cli/engine.h"
#include "engine/cli/session.h"

namespace engine::cli {

// With all operations declared, `state` included. The exit code where there is none; that was said.
std::expected<std::unique_ptr<Catalog>, int> open_catalog(Session& session);

}  // namespace engine::cli
