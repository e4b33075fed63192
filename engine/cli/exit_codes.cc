#include "engine/cli/exit_codes.h"

namespace engine::cli {

Exit exit_of(const Error& error) {
  if (error.code == code::kPermissionDenied || error.code == code::kUnauthenticated)
    return kExitNotPermitted;
  if (error.code == code::kTimeout) return kExitTimedOut;
  if (error.code == code::kCancelled) return kExitInterrupted;
  if (error.code == code::kInternal) return kExitInternal;
  for (const std::string_view input :
       {code::kInvalidArgument, code::kNotFound, code::kAlreadyExists, code::kReplayMismatch}) {
    if (error.code == input) return kExitInput;
  }
  return kExitUnavailable;
}

Exit exit_of_run(std::string_view state, std::string_view code) {
  if (state == "succeeded") return kExitOk;
  if (state == "cancelled") return kExitInterrupted;
  if (state == "skipped") return kExitSkipped;
  if (code == code::kTimeout) return kExitTimedOut;
  if (code == code::kPermissionDenied) return kExitNotPermitted;
  return kExitRunFailed;
}

}  // namespace engine::cli
