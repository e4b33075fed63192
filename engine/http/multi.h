// libcurl's multi interface driven by our loop: sockets, one timer, and the transfers under way.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "engine/http/curl_library.h"
#include "engine/http/transfer.h"
#include "engine/loop/alarm.h"
#include "engine/loop/poll.h"

namespace engine::http {

class Multi {
 public:
  Multi(Loop& loop, const CurlLibrary& curl);
  ~Multi();
  Multi(const Multi&) = delete;
  Multi& operator=(const Multi&) = delete;

  // Keeps the transfer until it is over; what can't be started fails a turn later.
  Transfer& add(std::unique_ptr<Transfer> transfer);
  // Nobody waits for it any more.
  void drop(Transfer& transfer);
  // Lets a paused transfer go on.
  void unpause(Transfer& transfer);

  Loop& loop() { return loop_; }

 private:
  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* socket);
  static int on_timer(CURLM* multi, long ms, void* self);
  void act(curl_socket_t fd, int mask);
  void settle();
  std::unique_ptr<Transfer> take(Transfer& transfer);
  void begin(Transfer& transfer);
  void end_on_wire(Transfer& transfer);
  CURL* easy_handle();

  Loop& loop_;
  const CurlLibrary& curl_;
  CURLM* multi_;
  Alarm alarm_;
  std::unordered_map<curl_socket_t, std::unique_ptr<Poll>> polls_;
  std::unordered_map<Transfer*, std::unique_ptr<Transfer>> transfers_;
  std::vector<CURL*> idle_;
  std::vector<Transfer*>
      doomed_;      // dropped while libcurl was at work, which forbids to remove them
  int inside_ = 0;  // libcurl's calls on the stack
};

}  // namespace engine::http
