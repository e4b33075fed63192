// What the program's exit codes mean: the one table that the program, its help and its reference
// page are made from.
#pragma once

#include <array>
#include <string_view>

#include "engine/base/error.h"

namespace engine::cli {

enum Exit : int {
  kExitOk = 0,
  kExitRunFailed = 1,
  kExitUsage = 64,
  kExitInput = 65,
  kExitUnavailable = 69,
  kExitInternal = 70,
  kExitSkipped = 75,
  kExitNotPermitted = 77,
  kExitConfig = 78,
  kExitTimedOut = 124,
  kExitInterrupted = 130,
};

struct ExitMeaning {
  Exit code;
  std::string_view meaning;
};
inline constexpr std::array kExitMeanings = {
    ExitMeaning{kExitOk, "The command did what it was asked."},
    ExitMeaning{kExitRunFailed, "The run failed."},
    ExitMeaning{kExitUsage,
                "The command line is wrong: an unknown command or flag, a missing word."},
    ExitMeaning{
        kExitInput,
        "A bad runbook or input: no such name, a wrong parameter, a finding of `engine check`."},
    ExitMeaning{kExitUnavailable,
                "A backend or the store could not be used before the run could start."},
    ExitMeaning{kExitInternal, "An error inside the engine, or its output could not be written."},
    ExitMeaning{kExitSkipped,
                "The run was skipped: its runbook lets no more of its runs go on at a time."},
    ExitMeaning{kExitNotPermitted,
                "Not permitted: by the runbook's `allow`, the configuration, or the system."},
    ExitMeaning{kExitConfig, "The configuration is wrong."},
    ExitMeaning{kExitTimedOut, "The run or the operation timed out."},
    ExitMeaning{kExitInterrupted, "Cancelled, as by Ctrl-C."},
};

// For an error before or without a run.
Exit exit_of(const Error& error);
// For a run that ended; `code` is its error's.
Exit exit_of_run(std::string_view state, std::string_view code);

}  // namespace engine::cli
