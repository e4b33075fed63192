// The libraries that the program is linked with, for `engine version -v`.
#pragma once

#include <string>
#include <vector>

namespace engine::cli {

struct Library {
  std::string name, version;
};
std::vector<Library> libraries();

}  // namespace engine::cli
