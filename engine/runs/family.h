// Runs that follow from other runs: their ids, so that a crash starts none of them twice, and what
// the end of one means to whoever waits for it.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/store/runs.h"

namespace engine::runs {

// Of the run that goes on where that attempt of a run ended, and of one that is started at a place.
std::string successor_id(const std::string& run, int attempt);
std::string child_id(const std::string& run, int attempt, std::string_view place);

// The trigger of a run that another one started, which is the depth-th run in a row of such.
std::string triggered_by(const std::string& run, int depth);
int depth_of(std::string_view trigger);

// The run itself, or the last of those that have gone on where it ended.
Result<store::RunRecord> latest_of(store::Database& db, const std::string& run);
// Of one that has ended: its result, or its error with {"run": id} among the details.
Result<std::string> answer_of(const store::RunRecord& run);
// The same error as that of a run which never came to its end.
Error told_of_run(Error error, const std::string& run);

}  // namespace engine::runs
