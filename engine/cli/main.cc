// The program: finds the command, runs it.
#include <malloc.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cli/dispatch.h"

extern char** environ;

namespace {

constexpr int kMappedBytesMin = 512 << 10;

}  // namespace

int main(int argc, char** argv) {
  // Left to itself, glibc takes the first large block that is freed as a sign to keep all such
  // blocks: what one large answer needed would stay with the process.
  mallopt(M_MMAP_THRESHOLD, kMappedBytesMin);
  engine::cli::Variables variables;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals != text.npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return engine::cli::dispatch(std::move(variables),
                               std::vector<std::string>(argv + (argc > 0), argv + argc));
}
