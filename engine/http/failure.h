// What went wrong on the wire, in our codes and words.
#pragma once

#include "engine/http/curl_library.h"
#include "engine/http/message.h"

namespace engine::http {

struct Failure {
  CURLcode outcome = CURLE_OK;
  std::string_view detail;  // libcurl's own words
  long sent_bytes = 0;      // of the request
  long os_errno = 0;
  bool answering = false;  // the answer had begun
};

Error error_of(const Request& request, const Failure& failure);
Error too_large(const Request& request, std::string_view what, uint64_t bytes_max);
Error given_up(const Request& request);

}  // namespace engine::http
