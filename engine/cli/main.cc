// The program: finds the command, runs it.
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cli/dispatch.h"

extern char** environ;

int main(int argc, char** argv) {
  engine::cli::Variables variables;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals != text.npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return engine::cli::dispatch(std::move(variables),
                               std::vector<std::string>(argv + (argc > 0), argv + argc));
}
