// The rules of [plugins.process], applied to one command.
#include "plugins/process/policy.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>

namespace engine::process {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSystemPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Programs that run whatever text they are given.
constexpr std::array<std::string_view, 10> kShells = {"sh",  "bash", "dash", "zsh",  "ksh",
                                                      "ash", "fish", "csh",  "tcsh", "mksh"};
// Programs that run the program that their arguments name.
constexpr std::array<std::string_view, 36> kLaunchers = {"env",         "nice",
                                                         "nohup",       "timeout",
                                                         "xargs",       "sudo",
                                                         "doas",        "su",
                                                         "runuser",     "setsid",
                                                         "stdbuf",      "ionice",
                                                         "chroot",      "find",
                                                         "busybox",     "toybox",
                                                         "time",        "watch",
                                                         "strace",      "ltrace",
                                                         "unshare",     "nsenter",
                                                         "setpriv",     "flock",
                                                         "parallel",    "chrt",
                                                         "taskset",     "script",
                                                         "systemd-run", "capsh",
                                                         "prlimit",     "pkexec",
                                                         "gdb",         "start-stop-daemon",
                                                         "fakeroot",    "linux64"};

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool has(std::span<const std::string_view> list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

fs::path folder_of(const Command& command) {
  std::error_code error;
  const fs::path here = fs::current_path(error);
  return command.cwd.empty() ? here : here / command.cwd;
}

// Links resolved as far as the path exists; empty where that is impossible (a loop of links).
fs::path resolved(const fs::path& path) {
  std::error_code error;
  fs::path found = fs::weakly_canonical(path, error);
  if (error) return {};
  return found.has_filename() || found == found.root_path() ? found : found.parent_path();
}

std::optional<std::string> find_in(std::string_view folders, std::string_view name) {
  for (const std::string_view folder : split(folders, ':')) {
    if (folder.empty()) continue;
    std::string file = std::string(folder) + "/" + std::string(name);
    if (access(file.c_str(), X_OK) == 0 && !fs::is_directory(file)) return file;
  }
  return std::nullopt;
}

std::string trusted_path() {
  const char* own = getenv("PATH");
  return (own ? std::string(own) + ":" : std::string()) + std::string(kSystemPath);
}

// All that one word could mean as the name of a program.
struct Program {
  std::string_view word;
  std::string file;   // as found, or empty
  fs::path resolved;  // of the file, or empty

  bool is_called(std::string_view name) const {
    return name_of(word) == name || name_of(file) == name || resolved.filename() == name;
  }
};

Program program_of(const Command& command, std::string_view word) {
  Program program{word, {}, {}};
  Command one = command;
  one.argv = {std::string(word)};
  program.file = find_program(one).value_or("");
  if (!program.file.empty()) program.resolved = resolved(program.file);
  return program;
}

bool is_allowed(const std::string& entry, const Program& program) {
  if (name_of(entry) != name_of(program.word)) return false;
  if (program.file.empty()) return program.word == entry;
  const bool bare = entry.find('/') == std::string::npos;
  const std::string trusted = bare ? find_in(trusted_path(), entry).value_or("") : entry;
  return !trusted.empty() && resolved(trusted) == program.resolved;
}

bool is_denied(const std::string& entry, const Program& program) {
  const bool bare = entry.find('/') == std::string::npos;
  if (bare && program.is_called(entry)) return true;
  if (program.file.empty()) return false;
  const std::string file = bare ? find_in(trusted_path(), entry).value_or("") : entry;
  if (file.empty()) return false;
  // One file that is many programs (busybox) is not what its link's name says.
  if (bare && resolved(file).filename() != entry) return false;
  std::error_code error;
  return fs::equivalent(file, program.file, error);
}

const std::string* denying(const Policy& policy, const Program& program) {
  for (const std::string& entry : policy.denied_commands) {
    if (is_denied(entry, program)) return &entry;
  }
  return nullptr;
}

std::unexpected<Error> refused(std::string message, std::string_view setting) {
  return fail(code::kPermissionDenied, std::move(message),
              "the operator decides: see " + std::string(setting) + " in [plugins.process]");
}

std::string in_quotes(std::string_view text) { return "'" + shortened(text, 200) + "'"; }

bool calls_one_of(const Program& program, std::span<const std::string_view> names) {
  return has(names, name_of(program.word)) || has(names, name_of(program.file)) ||
         has(names, program.resolved.filename().string());
}

bool launches(const Program& program) {
  const std::string file = program.resolved.filename().string();
  return calls_one_of(program, kLaunchers) || file.starts_with("ld-linux") ||
         file.starts_with("ld.so") || name_of(program.word).starts_with("ld-linux");
}

Result<void> check_launched(const Policy& policy, const Command& command) {
  for (size_t i = 1; i < command.argv.size(); ++i) {
    // env -S takes a whole command line as one argument.
    for (const std::string_view word : split(command.argv[i], ' ')) {
      if (word.empty() || word.starts_with('-')) continue;
      const Program program = program_of(command, word);
      if (const std::string* entry = denying(policy, program)) {
        return refused(in_quotes(command.argv[0]) + " may not be used to run " + in_quotes(word) +
                           ": denied_commands names " + in_quotes(*entry),
                       "denied_commands");
      }
      if (calls_one_of(program, kShells) && policy.allowed_commands.empty()) {
        return refused(in_quotes(command.argv[0]) + " may not be used to run the shell " +
                           in_quotes(word) + " while denied_commands is set",
                       "allowed_commands");
      }
    }
  }
  return {};
}

Result<void> check_commands(const Policy& policy, const Command& command) {
  if (policy.allowed_commands.empty() && policy.denied_commands.empty()) return {};
  const Program program = program_of(command, command.argv[0]);
  if (const std::string* entry = denying(policy, program)) {
    return refused(
        in_quotes(program.word) + " may not be run: denied_commands names " + in_quotes(*entry),
        "denied_commands");
  }
  const auto allows = [&program](const std::string& entry) { return is_allowed(entry, program); };
  const bool listed =
      std::any_of(policy.allowed_commands.begin(), policy.allowed_commands.end(), allows);
  if (!policy.allowed_commands.empty() && !listed) {
    return refused(in_quotes(program.word) + " may not be run: it is not among allowed_commands",
                   "allowed_commands");
  }
  if (!listed && calls_one_of(program, kShells)) {
    return refused("the shell " + in_quotes(program.word) +
                       " could run what denied_commands names, and is not among allowed_commands",
                   "allowed_commands");
  }
  if (!policy.denied_commands.empty() && launches(program)) return check_launched(policy, command);
  return {};
}

bool lies_below(const fs::path& path, const std::vector<std::string>& roots) {
  if (path.empty()) return false;
  if (path == "/dev/null") return true;
  return std::any_of(roots.begin(), roots.end(), [&path](const std::string& root) {
    const fs::path base = resolved(root);
    if (base.empty()) return false;
    return std::mismatch(base.begin(), base.end(), path.begin(), path.end()).first == base.end();
  });
}

// What may be meant as a path in an argument: the whole, what follows "--option=" or "-C", "@file",
// "file://".
std::vector<std::string_view> paths_in(std::string_view argument, const fs::path& folder) {
  std::vector<std::string_view> found;
  std::string_view rest = argument;
  if (rest.starts_with('-')) {
    const size_t value = std::min(rest.find('='), rest.find('/'));
    if (value == std::string_view::npos) return found;
    rest.remove_prefix(rest[value] == '=' ? value + 1 : value);
  }
  if (rest.starts_with('@')) rest.remove_prefix(1);
  if (rest.starts_with("file://")) rest.remove_prefix(7);
  if (rest.empty() || rest.find("://") != std::string_view::npos) return found;
  std::error_code error;
  const bool exists = fs::symlink_status(folder / rest, error).type() != fs::file_type::not_found;
  if (exists || rest.find('/') != std::string_view::npos || rest == "..") found.push_back(rest);
  const size_t assigned = rest.find('=');
  if (assigned != std::string_view::npos) {
    for (const std::string_view path : paths_in(rest.substr(assigned + 1), folder))
      found.push_back(path);
  }
  return found;
}

Result<void> check_paths(const Policy& policy, const Command& command) {
  if (policy.allowed_paths.empty()) return {};
  const fs::path folder = folder_of(command);
  const auto outside = [](std::string_view what) {
    return refused(in_quotes(what) + " lies outside allowed_paths", "allowed_paths");
  };
  if (!lies_below(resolved(folder), policy.allowed_paths)) return outside(folder.string());
  const Program program = program_of(command, command.argv[0]);
  // A program of the system is the command lists' business.
  const std::optional<std::string> system = find_in(trusted_path(), name_of(program.word));
  const bool of_system = system && resolved(*system) == program.resolved;
  if (!program.file.empty() && !of_system && !lies_below(program.resolved, policy.allowed_paths)) {
    return outside(program.file);
  }
  for (size_t i = 1; i < command.argv.size(); ++i) {
    for (const std::string_view path : paths_in(command.argv[i], folder)) {
      if (!lies_below(resolved(folder / path), policy.allowed_paths)) return outside(path);
    }
  }
  return {};
}

}  // namespace

std::optional<std::string> find_program(const Command& command) {
  const std::string& word = command.argv[0];
  if (word.find('/') == std::string::npos) {
    return find_in(command.path.empty() ? kSystemPath : std::string_view(command.path), word);
  }
  const std::string file = (folder_of(command) / word).string();
  if (access(file.c_str(), X_OK) != 0) return std::nullopt;
  return file;
}

Result<void> check(const Policy& policy, const Command& command) {
  if (Result<void> commands = check_commands(policy, command); !commands) return commands;
  return check_paths(policy, command);
}

int64_t limited_timeout(const Policy& policy, int64_t timeout_ms) {
  if (policy.max_timeout_ms == 0) return timeout_ms;
  return timeout_ms == 0 ? policy.max_timeout_ms : std::min(timeout_ms, policy.max_timeout_ms);
}

}  // namespace engine::process
