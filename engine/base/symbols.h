// The functions of a library that is loaded while the program runs.
#pragma once

#include <dlfcn.h>

#include <string>

namespace engine {

class Symbols {
 public:
  // `library` as dlopen answers it, not null.
  explicit Symbols(void* library) : library_(library) {}

  template <class Function>
  void find(Function& into, const char* name) {
    into = reinterpret_cast<Function>(dlsym(library_, name));
    if (!into && missing_.empty()) missing_ = name;
  }
  // The first that the library does not have; empty when it has all.
  const std::string& missing() const { return missing_; }

 private:
  void* library_;
  std::string missing_;
};

}  // namespace engine
