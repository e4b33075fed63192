// dlopen and dlsym, with words for a machine without libzstd.
#include "engine/store/zstd_library.h"

#include "engine/base/symbols.h"

namespace engine::store {

namespace {

Result<const ZstdLibrary*> load() {
  static ZstdLibrary zstd{};
  void* library = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    return fail(code::kUnsupported, "libzstd is not installed, which large results are kept with",
                "install the package libzstd1");
  }
  Symbols symbols(library);
  symbols.find(zstd.compress_bound, "ZSTD_compressBound");
  symbols.find(zstd.compress, "ZSTD_compress");
  symbols.find(zstd.decompress, "ZSTD_decompress");
  symbols.find(zstd.is_error, "ZSTD_isError");
  symbols.find(zstd.error_name, "ZSTD_getErrorName");
  if (!symbols.missing().empty())
    return fail(code::kUnsupported, "this machine's libzstd has no " + symbols.missing());
  return &zstd;
}

}  // namespace

Result<const ZstdLibrary*> zstd_library() {
  static const Result<const ZstdLibrary*> loaded = load();
  return loaded;
}

}  // namespace engine::store
