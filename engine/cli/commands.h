// Every command, each in a file of its own.
#pragma once

#include "engine/cli/command.h"

namespace engine::cli {

Command run_command();
Command call_command();
Command resume_command();
Command cancel_command();
Command approve_command();
Command signal_command();
Command list_command();
Command show_command();
Command check_command();
Command runs_command();
Command logs_command();
Command trace_command();
Command why_command();
Command export_command();
Command schedule_next_command();
Command ops_command();
Command plugins_command();
Command events_command();
Command docs_command();
Command completion_command();
Command complete_command();
Command config_show_command();
Command config_validate_command();
Command version_command();

}  // namespace engine::cli
