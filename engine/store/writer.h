// The writer's thread: takes everything that is queued at once, has it committed as one group,
// posts the answers to the loop, and takes what has gathered meanwhile.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/loop/loop.h"
#include "engine/store/committer.h"

namespace engine::store {

class Writer {
 public:
  // All functions: loop's thread. `committer` is the thread's from now on, but for its epoch().
  Writer(Loop& loop, std::unique_ptr<Committer> committer);
  ~Writer();  // everything queued is on disk; answers still to be given are dropped

  void push(Command command, size_t bytes);
  void flush();
  // Waits until everything queued is on disk, ends the thread, gives the answers.
  void close();
  int64_t epoch() const { return committer_->epoch(); }
  // What is still waited for, and how many answers were given so far.
  size_t expected() const { return inbox_->expected; }
  size_t answered() const { return inbox_->answered; }

 private:
  struct Answer {
    Committed committed;
    std::shared_ptr<const Error> error;
  };
  // Shared with functions posted to the loop, which may run after the writer is gone.
  struct Inbox {
    std::mutex mutex;
    std::vector<Answer> answers;  // under the mutex
    bool open = true;             // this and the rest: loop's thread
    size_t expected = 0;
    size_t answered = 0;
    std::unique_ptr<Loop::Hold> hold;
  };

  void work();
  bool more_comes_soon() const;
  void end_thread();
  void post_answers(std::vector<Command>& commands);
  static void give_answers(Loop& loop, const std::shared_ptr<Inbox>& inbox);

  Loop& loop_;
  std::unique_ptr<Committer> committer_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::mutex mutex_;
  std::condition_variable wanted_changed_;
  std::vector<Command> queue_;  // under the mutex, as the rest
  size_t lazy_bytes_ = 0;
  // Set under the mutex; looked at without it by more_comes_soon().
  std::atomic<bool> wanted_ = false;  // somebody waits for what is queued
  std::atomic<bool> closing_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace engine::store
