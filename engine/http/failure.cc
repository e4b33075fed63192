// libcurl's codes as ours; every message names the request.
#include "engine/http/failure.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace engine::http {

namespace {

std::string name_of(const Request& request) {
  std::string name = request.method + " " + shown_url(request.url);
  if (!request.unix_socket.empty()) name += " on the unix socket '" + request.unix_socket + "'";
  return name;
}

std::string place_of(const Request& request) {
  if (!request.unix_socket.empty()) return "the unix socket '" + request.unix_socket + "'";
  return origin_of(request.url);
}

Error not_connected(const Request& request, const Failure& failure) {
  const int errnum = static_cast<int>(failure.os_errno);
  if (errnum == EACCES || errnum == EPERM) {
    return Error(code::kPermissionDenied, place_of(request) + " may not be used: permission denied",
                 "run as a user (or in a group) that may");
  }
  std::string why = errnum != 0 ? std::strerror(errnum) : std::string(failure.detail);
  Error error(code::kBackendUnavailable, "nothing answers at " + place_of(request) + ": " + why,
              "check that the service runs there");
  error.retryable = true;
  return error;
}

Error timed_out(const Request& request, const Failure& failure) {
  const bool connected = failure.sent_bytes > 0;
  Error error(code::kTimeout,
              name_of(request) +
                  (connected ? " got no whole answer in time" : " could not connect in time"),
              connected ? "give it more time (timeout)" : "check that the service runs there");
  error.retryable = true;
  return error;
}

bool says(std::string_view detail, std::initializer_list<std::string_view> phrases) {
  return std::ranges::any_of(phrases, [&](std::string_view phrase) {
    return detail.find(phrase) != std::string_view::npos;
  });
}

// By TLS's own message: then nobody has read what we sent.
bool refuses_our_certificate(std::string_view detail) {
  return says(detail, {" alert "}) && says(detail, {"certificate", "unknown ca"});
}

Error not_let_in(const Request& request, const Failure& failure) {
  const bool ours = !request.tls.client_cert.empty();
  return Error(code::kUnauthenticated,
               place_of(request) +
                   (ours ? " does not take the certificate '" + request.tls.client_cert + "': "
                         : " wants a certificate of ours: ") +
                   std::string(failure.detail),
               "set client_cert and client_key to a certificate that it trusts");
}

Error broken(const Request& request, const Failure& failure) {
  const bool cut = failure.answering || failure.outcome == CURLE_PARTIAL_FILE;
  Error error(code::kNetworkError,
              name_of(request) +
                  (cut ? " broke off in the middle of the answer: " : " broke off: ") +
                  std::string(failure.detail));
  if (says(failure.detail, {"wrong version number"})) {
    error.hint = "it seems to speak no TLS there";
  } else if (!failure.answering && request.url.starts_with("https:")) {
    // Who hangs up at once has often been sent a certificate that he does not take.
    error.hint =
        "if it wants a certificate of ours, set client_cert and client_key to one it trusts";
  }
  error.retryable = true;
  return error;
}

Error untrusted(const Request& request, const Failure& failure) {
  Error error(
      code::kFailed,
      "the certificate of " + place_of(request) + " is not trusted: " + std::string(failure.detail),
      "name the authority that signed it with ca_file");
  if (says(failure.detail, {"has expired", "not yet valid"})) {
    error.hint = "renew it there, or set the clock of the machine that has it wrong";
  } else if (says(failure.detail, {"target host name"})) {
    error.hint = "ask under a name that the certificate is made out to";
  }
  return error;
}

Error classified(const Request& request, const Failure& failure) {
  const std::string detail(failure.detail);
  switch (failure.outcome) {
    case CURLE_COULDNT_CONNECT:
      return not_connected(request, failure);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: {
      Error error(code::kNetworkError,
                  "the host of " + shown_url(request.url) + " has no address: " + detail,
                  "check its name and this machine's DNS");
      error.retryable = true;
      return error;
    }
    case CURLE_OPERATION_TIMEDOUT:
      return timed_out(request, failure);
    case CURLE_URL_MALFORMAT:
      return Error(code::kInvalidArgument,
                   "'" + shown_url(request.url) + "' is no URL that can be asked: " + detail);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return untrusted(request, failure);
    case CURLE_SSL_CACERT_BADFILE:
      return Error(code::kInvalidArgument,
                   "ca_file '" + request.tls.ca_file + "' cannot be used: " + detail);
    case CURLE_SSL_CERTPROBLEM:
      return Error(code::kInvalidArgument,
                   "client_cert '" + request.tls.client_cert + "' cannot be used: " + detail);
    case CURLE_OUT_OF_MEMORY:
      return Error(code::kResourceExhausted, "no memory for " + name_of(request));
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:  // of the answer: ours was looked at before
      return Error(code::kNetworkError, place_of(request) + " does not answer in HTTP: " + detail);
    default:
      if (refuses_our_certificate(detail)) return not_let_in(request, failure);
      return broken(request, failure);
  }
}

}  // namespace

Error error_of(const Request& request, const Failure& failure) {
  Error error = classified(request, failure);
  const bool unread = error.code == code::kUnauthenticated;
  error.outcome_unknown = failure.sent_bytes > 0 && !unread && !request.is_read();
  return error;
}

Error too_large(const Request& request, std::string_view what, uint64_t bytes_max) {
  Error error(code::kResourceExhausted,
              name_of(request) + ": " + std::string(what) + " is larger than " +
                  human_size(static_cast<int64_t>(bytes_max)),
              "ask for less, or allow more");
  error.outcome_unknown = !request.is_read();
  return error;
}

Error given_up(const Request& request) {
  Error error(code::kCancelled, name_of(request) + " was given up: its body could not be had");
  error.outcome_unknown = !request.is_read();
  return error;
}

}  // namespace engine::http
