// Lends plugins in this tree the engine's way into other programs' SQLite files.
#pragma once

#include "engine/plugin/plugin.hpp"
#include "engine/store/foreign.h"

namespace engine::plugin {

using store::ForeignDatabase;
using store::ForeignOptions;
using store::Interrupt;
using store::RowLimits;

}  // namespace engine::plugin
