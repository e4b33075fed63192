// Reads what a runbook declares, without running it.
#pragma once

#include <string>

#include "engine/cli/engine.h"
#include "engine/lua/runbook.h"
#include "engine/runs/library.h"

namespace engine::cli {

Result<lua::RunbookInfo> inspect(Catalog& catalog, const runs::Source& source);

}  // namespace engine::cli
