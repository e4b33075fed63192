// The table of commands, in the order in which help lists them.
#include "engine/cli/commands.h"

#include <array>

namespace engine::cli {

namespace {

constexpr std::array kCommands = {
    CommandEntry{"run", run_command},
    CommandEntry{"call", call_command},
    CommandEntry{"resume", resume_command},
    CommandEntry{"cancel", cancel_command},
    CommandEntry{"approve", approve_command},
    CommandEntry{"signal", signal_command},
    CommandEntry{"list", list_command},
    CommandEntry{"show", show_command},
    CommandEntry{"check", check_command},
    CommandEntry{"runs", runs_command},
    CommandEntry{"logs", logs_command},
    CommandEntry{"trace", trace_command},
    CommandEntry{"why", why_command},
    CommandEntry{"export", export_command},
    CommandEntry{"schedule next", schedule_next_command},
    CommandEntry{"ops", ops_command},
    CommandEntry{"plugins", plugins_command},
    CommandEntry{"events", events_command},
    CommandEntry{"config show", config_show_command},
    CommandEntry{"config validate", config_validate_command},
    CommandEntry{"version", version_command},
    CommandEntry{"completion", completion_command},
    CommandEntry{"docs", docs_command},
    CommandEntry{"complete", complete_command},
};

}  // namespace

std::span<const CommandEntry> commands() { return kCommands; }

const std::vector<Flag>& global_flags() {
  static const std::vector<Flag> flags = {
      {"state-dir", 0, "DIR", "Folder of the store.", false, false},
      {"config", 0, "FILE", "Configuration to use instead of the one that would be found.", false,
       false},
      {"output",
       'o',
       "FORMAT",
       "What stdout carries: table (default), json, or jsonl (a line for each item).",
       false,
       false,
       {"table", "json", "jsonl"}},
      {"color",
       0,
       "WHEN",
       "auto (default), always or never; NO_COLOR is heeded.",
       false,
       false,
       {"auto", "always", "never"}},
      {"quiet", 'q', "", "Says nothing but errors on stderr.", false, false},
      {"help", 'h', "", "Shows help.", false, false},
  };
  return flags;
}

}  // namespace engine::cli
