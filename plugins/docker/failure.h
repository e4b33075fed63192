// What Docker refuses and what does not answer, as our errors: Docker's own text under the shared
// code that it means.
#pragma once

#include "plugins/docker/daemon.h"

namespace engine::docker {

// An answer with a status of 400 and above.
Error refusal(const plugin::Response& response, const Daemon& daemon);
// Docker's text from an error's body: its `message`, or the body where that is no JSON.
std::string message_of(std::string_view body);
// The shared code of a status together with Docker's text.
std::string_view code_of(int status, std::string_view message);
// Whether it is asked without TLS and speaks nothing else.
bool wants_tls(std::string_view body);
// Whether it refuses the version of the API that was asked in.
bool speaks_other_version(const plugin::Response& response);
// What the HTTP client could not do, in words about the daemon.
Error unreachable(Error error, const Daemon& daemon);

}  // namespace engine::docker
