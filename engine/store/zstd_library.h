// libzstd, loaded for the first result that is large: most processes never meet one.
#pragma once

#include <zstd.h>

#include "engine/base/error.h"

namespace engine::store {

struct ZstdLibrary {
  decltype(&ZSTD_compressBound) compress_bound;
  decltype(&ZSTD_compress) compress;
  decltype(&ZSTD_decompress) decompress;
  decltype(&ZSTD_isError) is_error;
  decltype(&ZSTD_getErrorName) error_name;
};

// Loaded once for the process and never unloaded. UNSUPPORTED where the library is not installed.
// Any thread.
Result<const ZstdLibrary*> zstd_library();

}  // namespace engine::store
