#include "engine/cli/dispatch.h"

#include <algorithm>
#include <cstdio>

#include "engine/base/text.h"
#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/help.h"
#include "engine/cli/session.h"

namespace engine::cli {

namespace {

// What a wrong first word is answered with.
Command program() {
  Command program;
  program.name = "";
  program.usage = "COMMAND [ARGUMENT ...]";
  return program;
}

const CommandEntry* find_command(std::string_view name) {
  const auto found = std::ranges::find(commands(), name, &CommandEntry::name);
  return found == commands().end() ? nullptr : &*found;
}

bool has_subcommands(const std::string& word) {
  return std::ranges::any_of(
      commands(), [&](const CommandEntry& entry) { return entry.name.starts_with(word + " "); });
}

bool asks_for_help(const std::vector<std::string>& words) {
  return std::ranges::any_of(
      words, [](const std::string& word) { return word == "--help" || word == "-h"; });
}

int say_unknown(const Session& session, const std::string& name) {
  std::vector<std::string> names, below;
  for (const CommandEntry& entry : commands()) {
    names.emplace_back(entry.name);
    names.emplace_back(entry.name.substr(0, entry.name.find(' ')));
    if (entry.name.starts_with(name + " ")) below.emplace_back(entry.name);
  }
  Error error(code::kInvalidArgument, "no command named '" + shortened(name, 60) + "'");
  if (const auto near = nearest(name, names)) error.hint = "did you mean `engine " + *near + "`?";
  if (!below.empty()) {
    error.message = "`engine " + name + "` needs one more word";
    error.hint.clear();
    for (const std::string& each : below)
      error.hint += (error.hint.empty() ? "" : " or ") + ("`engine " + each + "`");
  }
  session.say(error_text(error, session.err) + "`engine --help` lists the commands\n");
  return kExitUsage;
}

int run_command(Session& session, std::vector<std::string> arguments) {
  std::vector<Flag> flags = global_flags();
  flags.push_back({"version", 0, "", "", false, false});
  flags.push_back({"verbose", 'v', "", "", false, false});
  Result<Parsed> parsed = parse(arguments, flags, StopAt::first_word);
  if (parsed) {
    if (Result<void> taken = session.take_global_flags(*parsed); !taken)
      parsed = fail(taken.error());
  }
  if (!parsed) return session.usage_error(parsed.error(), program());
  std::vector<std::string> words = std::move(parsed->words);
  if (parsed->has("version")) {
    return version_command().run(
        session, version_command(),
        parsed->has("verbose") ? std::vector<std::string>{"-v"} : std::vector<std::string>{});
  }
  if (words.empty() || (words.size() == 1 && words[0] == "help" && parsed->rest.empty())) {
    const bool asked = parsed->has("help") || !words.empty();
    if (asked)
      session.print(program_help(session.out));
    else
      std::fputs(program_help(session.err).c_str(), stderr);
    return asked ? kExitOk : kExitUsage;
  }
  std::string name = words[0];
  std::vector<std::string> rest = std::move(parsed->rest);
  if (name == "help") {  // engine help run
    name = rest[0];
    rest.erase(rest.begin());
    rest.push_back("--help");
  }
  if (parsed->has("help")) rest.push_back("--help");
  if (has_subcommands(name) && (rest.empty() || rest[0].starts_with('-'))) {
    if (!asks_for_help(rest)) return say_unknown(session, name);
    session.print(group_help(name, session.out));
    return kExitOk;
  }
  if (has_subcommands(name)) {
    name += " " + rest[0];
    rest.erase(rest.begin());
  }
  const CommandEntry* entry = find_command(name);
  if (!entry) return say_unknown(session, name);
  const Command command = entry->make();
  return command.run(session, command, rest);
}

}  // namespace

int dispatch(Variables variables, std::vector<std::string> arguments) {
  Session session(std::move(variables));
  const int code = run_command(session, std::move(arguments));
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
    std::fputs("error: the output could not be written\n", stderr);
    return code == kExitOk ? kExitInternal : code;
  }
  return code;
}

}  // namespace engine::cli
