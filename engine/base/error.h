// What can go wrong, said once: an error carries a code that a caller may branch on and words for a
// person.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace engine {

// The shared set of codes. A plugin may add its own, written `plugin.CODE`.
namespace code {
inline constexpr std::string_view kInvalidArgument = "INVALID_ARGUMENT";
inline constexpr std::string_view kNotFound = "NOT_FOUND";
inline constexpr std::string_view kAlreadyExists = "ALREADY_EXISTS";
inline constexpr std::string_view kConflict = "CONFLICT";
inline constexpr std::string_view kPermissionDenied = "PERMISSION_DENIED";
inline constexpr std::string_view kUnauthenticated = "UNAUTHENTICATED";
inline constexpr std::string_view kResourceExhausted = "RESOURCE_EXHAUSTED";
inline constexpr std::string_view kDiskFull = "DISK_FULL";
inline constexpr std::string_view kBackendUnavailable = "BACKEND_UNAVAILABLE";
inline constexpr std::string_view kNetworkError = "NETWORK_ERROR";
inline constexpr std::string_view kTimeout = "TIMEOUT";
inline constexpr std::string_view kCancelled = "CANCELLED";
inline constexpr std::string_view kInDoubt = "IN_DOUBT";
inline constexpr std::string_view kReplayMismatch = "REPLAY_MISMATCH";
inline constexpr std::string_view kUnsupported = "UNSUPPORTED";
inline constexpr std::string_view kFailed = "FAILED";
inline constexpr std::string_view kInternal = "INTERNAL";
}  // namespace code

// `message` is one lower-case sentence that names the thing; `hint` says what to do next. `details`
// is JSON text or empty. `outcome_unknown` marks an effect that may or may not have happened
// (design rule "in doubt").
struct Error {
  std::string code;
  std::string message;
  std::string hint;
  std::string operation;
  std::string details;
  bool retryable = false;
  bool outcome_unknown = false;

  Error(std::string_view code, std::string message, std::string hint = {})
      : code(code), message(std::move(message)), hint(std::move(hint)) {}
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(std::string_view code, std::string message,
                                   std::string hint = {}) {
  return std::unexpected<Error>(std::in_place, code, std::move(message), std::move(hint));
}
inline std::unexpected<Error> fail(Error error) { return std::unexpected<Error>(std::move(error)); }

}  // namespace engine
