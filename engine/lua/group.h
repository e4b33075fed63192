// Tasks side by side as one wait of the task that started them: parallel and timeout are made of
// it.
#pragma once

#include <memory>
#include <vector>

#include "engine/lua/coroutine.h"

namespace engine::lua {

struct GroupOptions {
  int count = 0;
  int limit = 0;            // running at once; 0: all
  bool collect = false;     // a failure stops nobody
  bool race = false;        // the first that ends stops the others
  int64_t timeout_ms = -1;  // negative: none
  // The operation whose function is the one member; the group's place is then that of its call.
  const ops::Operation* body_of = nullptr;
};

// Lives in the parent's frame, whose stack holds: functions, results, threads, failed flags (lists
// of `count`).
class Group {
 public:
  Group(Scheduler& scheduler, Coroutine& parent, GroupOptions options);
  ~Group();

  void begin();
  void member_ended(Coroutine& member);
  // The parent was cancelled: cancels the members; the parent wakes with `reason` when they have
  // closed.
  void cancel(const Error& reason);
  // A cancelled member waits in a <close> handler: it has the grace time for that.
  void start_grace();
  void destroy();

  // In the parent, when it wakes: answers the results, the failed flags and, of a race, the
  // winner's number; or raises what ended the group.
  static int finish(lua_State* L, std::unique_ptr<Group>& group);

 private:
  struct Timer final : Waiter {
    explicit Timer(std::function<void()> fired) : fired(std::move(fired)) {}
    void delivered(Result<std::string> result) override;
    std::function<void()> fired;
    TaskPtr wait;
  };
  static int start_member(lua_State* L);
  std::string path_of(int number) const;  // of a member, from 1
  Error too_long() const;
  void start_more();
  void close(const Error& reason);
  void timed_out();
  void finish_if_ended();
  void drop(Timer& timer);

  Scheduler& scheduler_;
  Coroutine& parent_;
  const GroupOptions options_;
  Place place_;
  const int doubts_before_;
  std::vector<std::unique_ptr<Coroutine>> members_;  // by number; null when ended or not started
  int next_ = 0, alive_ = 0;
  int first_failure_ = 0, winner_ = 0;  // their numbers, from 1
  bool closing_ = false, timed_out_ = false, woken_ = false;
  std::optional<Error> cancelled_;
  Timer timer_, grace_;
};

}  // namespace engine::lua
