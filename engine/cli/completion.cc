// engine completion: the scripts by which shells ask the program itself.
#include <map>

#include "engine/base/text.h"
#include "engine/cli/commands.h"
#include "engine/cli/session.h"

namespace engine::cli {

namespace {

constexpr std::string_view kBash =
    R"(# Completion of engine for bash; made by `engine completion bash`.

_engine() {
  local current=${COMP_WORDS[COMP_CWORD]} line name
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files | :folders)
        compopt -o filenames 2>/dev/null
        [[ $line == :files ]] && line=-f || line=-d
        while IFS= read -r name; do
          COMPREPLY+=("$name")
        done < <(compgen "$line" -- "$current")
        ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("${COMP_WORDS[0]/#\~/$HOME}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}

complete -F _engine engine
)";

constexpr std::string_view kZsh = R"(#compdef engine
# Completion of engine for zsh; made by `engine completion zsh`.

_engine() {
  local program=${(Q)words[1]/#\~/$HOME} line value about
  local -a found
  for line in "${(@f)$($program complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      '') ;;
      :files) _files ;;
      :folders) _files -/ ;;
      *)
        value=${line%%$'\t'*}
        about=${line#*$'\t'}
        [[ $line == *$'\t'* ]] || about=
        found+=("${value//:/\\:}${about:+:$about}")
        ;;
    esac
  done
  (( $#found )) && _describe -t engine engine found
}

if [[ $funcstack[1] == _engine ]]; then
  _engine "$@"
else
  compdef _engine engine
fi
)";

constexpr std::string_view kFish =
    R"(# Completion of engine for fish; made by `engine completion fish`.

function __engine_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] complete -- $words[2..] "$current" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path "$current"
            case :folders
                __fish_complete_directories "$current" ''
            case '*'
                echo $line
        end
    end
end

complete -c engine -f -a '(__engine_complete)'
)";

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const std::map<std::string, std::string_view> scripts = {
      {"bash", kBash}, {"zsh", kZsh}, {"fish", kFish}};
  const auto script = scripts.find(parsed->words[0]);
  if (script == scripts.end()) {
    const Error error(code::kInvalidArgument,
                      "no completion for a shell named '" + shortened(parsed->words[0], 60) + "'",
                      "there is one for bash, zsh and fish");
    return session.usage_error(error, command);
  }
  session.print(script->second);
  return 0;
}

}  // namespace

Command completion_command() {
  return {.name = "completion",
          .summary = "Prints the completion script of a shell.",
          .usage = "completion bash|zsh|fish",
          .details =
              "Commands, flags, runbooks with their parameters, operations with their "
              "arguments, and runs are completed; the script asks the program itself. An "
              "installed engine has put the scripts where the shells look for them.",
          .flags = {},
          .examples = {{"source <(engine completion bash)", "For this shell."},
                       {"engine completion zsh > ~/.zfunc/_engine", "For a folder of $fpath."},
                       {"engine completion fish | source", "For this shell."}},
          .run = run,
          .words_min = 1,
          .words_max = 1,
          .word = Word::shell};
}

}  // namespace engine::cli
