// engine runs --waiting: what runs wait for.
#pragma once

#include "engine/cli/session.h"

namespace engine::cli {

int show_waiting(Session& session, const config::Config& config, int limit);

}  // namespace engine::cli
