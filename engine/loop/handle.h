// libuv keeps using a handle's memory until its close callback, so the memory is freed there.
#pragma once

#include <uv.h>

#include <memory>

namespace engine {

struct CloseHandle {
  template <class T>
  void operator()(T* handle) const noexcept {
    auto* base = reinterpret_cast<uv_handle_t*>(handle);
    base->data = nullptr;
    uv_close(base, [](uv_handle_t* closed) noexcept { delete reinterpret_cast<T*>(closed); });
  }
};

// Only ever holds a handle that was initialised.
template <class T>
using HandlePtr = std::unique_ptr<T, CloseHandle>;

}  // namespace engine
