// A request that came in over HTTP, whole, and what it is answered: plain data, without a trace of
// the server's library.
#pragma once

#include <string>

#include "engine/http/message.h"

namespace engine::http {

struct Received {
  std::string method;  // in upper case, as it came
  std::string path;    // decoded, begins with "/", without "." and ".." parts
  std::string query;   // as it came, without "?"
  Headers headers = {};
  std::string body = {};  // raw bytes
  std::string peer = {};  // its address, "127.0.0.1"; empty over a unix socket
  std::string user = {};  // who is behind a unix socket, "unix:ops"; empty over TCP
};

struct Reply {
  int status = 200;
  Headers headers = {};
  std::string body = {};
};

}  // namespace engine::http
