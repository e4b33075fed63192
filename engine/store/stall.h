// Who keeps the store from being written, in words.
#pragma once

#include <string>

#include "engine/store/locks.h"

namespace engine::store {

std::string why_stalled(const std::string& file, const std::string& vfs, const LockFile& locks);

}  // namespace engine::store
