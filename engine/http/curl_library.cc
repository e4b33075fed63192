// dlopen and dlsym, with words for a machine without libcurl.
#include "engine/http/curl_library.h"

#include "engine/base/symbols.h"

namespace engine::http {

namespace {

// Both flavours of the same interface; the one over OpenSSL is what we are tested with.
constexpr const char* kFiles[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};

void* open_library() {
  for (const char* file : kFiles) {
    // Lazily: of the thirty libraries behind it nearly nothing is ever called.
    if (void* library = dlopen(file, RTLD_LAZY | RTLD_LOCAL)) return library;
  }
  return nullptr;
}

Result<const CurlLibrary*> load() {
  static CurlLibrary curl{};
  void* library = open_library();
  if (!library) {
    return fail(code::kUnsupported, "libcurl is not installed, which HTTP needs",
                "install the package libcurl4");
  }
  Symbols symbols(library);
  symbols.find(curl.global_init, "curl_global_init");
  symbols.find(curl.easy_init, "curl_easy_init");
  symbols.find(curl.easy_cleanup, "curl_easy_cleanup");
  symbols.find(curl.easy_reset, "curl_easy_reset");
  symbols.find(curl.easy_setopt, "curl_easy_setopt");
  symbols.find(curl.easy_getinfo, "curl_easy_getinfo");
  symbols.find(curl.easy_strerror, "curl_easy_strerror");
  symbols.find(curl.easy_pause, "curl_easy_pause");
  symbols.find(curl.slist_append, "curl_slist_append");
  symbols.find(curl.slist_free_all, "curl_slist_free_all");
  symbols.find(curl.multi_init, "curl_multi_init");
  symbols.find(curl.multi_cleanup, "curl_multi_cleanup");
  symbols.find(curl.multi_setopt, "curl_multi_setopt");
  symbols.find(curl.multi_add_handle, "curl_multi_add_handle");
  symbols.find(curl.multi_remove_handle, "curl_multi_remove_handle");
  symbols.find(curl.multi_socket_action, "curl_multi_socket_action");
  symbols.find(curl.multi_info_read, "curl_multi_info_read");
  symbols.find(curl.multi_assign, "curl_multi_assign");
  if (!symbols.missing().empty()) {
    return fail(code::kUnsupported, "the installed libcurl lacks " + symbols.missing(),
                "install the package libcurl4 of Debian 12 or later");
  }
  if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return fail(code::kUnsupported, "libcurl could not be initialised");
  }
  return &curl;
}

}  // namespace

Result<const CurlLibrary*> curl_library() {
  static const Result<const CurlLibrary*> loaded = load();
  return loaded;
}

}  // namespace engine::http
