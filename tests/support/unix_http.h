// One blocking HTTP exchange over a unix socket: what tests ask a real daemon with, apart from the
// client under test.
#pragma once

#include <string>
#include <string_view>

namespace engine::test {

struct HttpAnswer {
  int status = 0;  // 0: nobody answered
  std::string body;
};

HttpAnswer ask_unix(const std::string& socket, std::string_view method, std::string_view path,
                    std::string_view body = "", std::string_view type = "application/json");

}  // namespace engine::test
