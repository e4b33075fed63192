// Lends plugins in this tree the engine's way of loading libraries.
#pragma once

#include "engine/base/symbols.h"
#include "engine/plugin/plugin.hpp"
