// engine version: what this program is made of.
#include <string>

#include "engine/base/json.h"
#include "engine/cli/commands.h"
#include "engine/cli/libraries.h"
#include "engine/cli/session.h"

#ifndef ENGINE_VERSION
#define ENGINE_VERSION "0.1.0"
#endif

namespace engine::cli {

namespace {

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const bool verbose = parsed->has("verbose");
  if (session.format != Format::table) {
    std::string json;
    JsonWriter out(json);
    out.begin_object().field("version", ENGINE_VERSION);
    for (const Library& library : libraries()) out.field(library.name, library.version);
    out.end_object();
    session.print(json + "\n");
    return 0;
  }
  session.print("engine " ENGINE_VERSION "\n");
  if (!verbose) return 0;
  for (const Library& library : libraries())
    session.print("  " + library.name + " " + library.version + "\n");
  return 0;
}

}  // namespace

Command version_command() {
  return {
      .name = "version",
      .summary = "Prints the program's version.",
      .usage = "version [-v]",
      .details = "",
      .flags = {{"verbose", 'v', "", "With the versions of the libraries.", false, false}},
      .examples = {{"engine --version", "The same."}, {"engine version -v", "With the libraries."}},
      .run = run};
}

}  // namespace engine::cli
