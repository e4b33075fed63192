// Lends plugins in this tree the engine's way of reading JSON.
#pragma once

#include "engine/base/json_read.h"
#include "engine/plugin/plugin.hpp"
