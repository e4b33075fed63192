// Structured side-by-side work: nobody of a group is left when its parent wakes.
#include "engine/lua/group.h"

#include "engine/lua/errors.h"
#include "engine/ops/operation.h"

namespace engine::lua {
namespace {

constexpr int kFunctions = 1, kResults = 2, kThreads = 3, kFailed = 4;  // on the parent's stack

}  // namespace

void Group::Timer::delivered(Result<std::string>) {
  wait.reset();
  fired();
}

Group::Group(Scheduler& scheduler, Coroutine& parent, GroupOptions options)
    : scheduler_(scheduler),
      parent_(parent),
      options_(options),
      place_(options.body_of ? parent.last_place() : parent.next_place()),
      doubts_before_(scheduler.state().outside.doubts()),
      members_(static_cast<size_t>(options.count)),
      timer_([this] { timed_out(); }),
      grace_([this] { destroy(), finish_if_ended(); }) {
  ++scheduler_.groups;
}

Group::~Group() {
  --scheduler_.groups;
  drop(timer_);
  drop(grace_);
}

void Group::drop(Timer& timer) {
  timer.wait.reset();
  scheduler_.forget(timer);
}

std::string Group::path_of(int number) const {
  const std::string parent = place_.task.empty() ? "" : place_.task + "/";
  return parent + std::to_string(place_.number) + "." + std::to_string(number);
}

void Group::begin() {
  if (options_.timeout_ms >= 0) {
    const Place bound = options_.body_of ? Place{path_of(1), 0} : place_;
    timer_.wait =
        scheduler_.state().outside.deadline(bound, options_.timeout_ms, scheduler_.done(timer_));
  }
  start_more();
}

void Group::start_more() {
  const int limit = options_.limit > 0 ? options_.limit : options_.count;
  while (!closing_ && next_ < options_.count && alive_ < limit) {
    if (!protect(scheduler_.state(), start_member, this)) return;
  }
}

// Protected: making a thread may run out of memory.
int Group::start_member(lua_State* L) {
  Group& self = *static_cast<Group*>(lua_touserdata(L, 1));
  lua_State* parent = self.parent_.thread();
  const int number = self.next_ + 1;
  lua_State* thread = lua_newthread(L);
  lua_xmove(L, parent, 1);
  lua_rawseti(parent, kThreads, number);
  lua_rawgeti(parent, kFunctions, number);
  lua_xmove(parent, thread, 1);
  auto member =
      std::make_unique<Coroutine>(self.scheduler_, thread, self.path_of(number), self.parent_.step);
  member->within = self.options_.body_of ? self.options_.body_of : self.parent_.within;
  member->parent = &self;
  member->depth = self.parent_.depth + (self.options_.body_of ? 1 : 0);
  self.scheduler_.ready(*member);
  self.members_[static_cast<size_t>(self.next_)] = std::move(member);
  ++self.next_;
  ++self.alive_;
  return 0;
}

void Group::member_ended(Coroutine& member) {
  size_t index = 0;
  while (members_[index].get() != &member) ++index;
  const int number = static_cast<int>(index) + 1;
  lua_State* parent = parent_.thread();
  const bool failed = member.failed();
  if (lua_gettop(member.thread()) > 0 && !closing_) {
    lua_xmove(member.thread(), parent, 1);
    lua_rawseti(parent, kResults, number);  // within the list's size: allocates nothing
    lua_pushboolean(parent, failed);
    lua_rawseti(parent, kFailed, number);
  }
  members_[index].reset();
  lua_pushboolean(parent, 0);
  lua_rawseti(parent, kThreads, number);
  --alive_;
  if (failed && !options_.collect && !closing_) {
    first_failure_ = number;
    close(Error(code::kCancelled, "the task was cancelled because another one beside it failed"));
  } else if (options_.race && !closing_) {
    winner_ = number;
    close(Error(code::kCancelled, "the task was cancelled because another one ended first"));
  }
  start_more();
  finish_if_ended();
}

void Group::finish_if_ended() {
  if (woken_ || alive_ > 0 || (!closing_ && next_ < options_.count) || scheduler_.state().fatal)
    return;
  woken_ = true;
  drop(timer_);
  drop(grace_);
  parent_.group_ended();
}

void Group::close(const Error& reason) {
  closing_ = true;
  drop(timer_);
  for (const auto& member : members_) {
    if (member) member->cancel(reason);
  }
}

void Group::timed_out() {
  if (closing_) return;
  timed_out_ = true;
  close(Error(code::kCancelled, "the task was cancelled because its time of " +
                                    format_duration(Millis(options_.timeout_ms)) + " was over"));
  finish_if_ended();
}

void Group::cancel(const Error& reason) {
  if (woken_) return;
  cancelled_ = reason;
  close(reason);
  finish_if_ended();
}

void Group::start_grace() {
  if (grace_.wait) return;
  State& run = scheduler_.state();
  std::string path = place_.task.empty() ? "" : place_.task + "/";
  path += std::to_string(place_.number);
  grace_.wait = run.outside.deadline({std::move(path), 0}, run.limits.close_grace.count(),
                                     scheduler_.done(grace_));
}

void Group::destroy() {
  closing_ = true;
  for (auto& member : members_) {
    if (!member) continue;
    member->destroy();
    member.reset();
    --alive_;
  }
}

Error Group::too_long() const {
  const std::string limit = format_duration(Millis(options_.timeout_ms));
  if (!options_.body_of) return Error(code::kTimeout, "it did not end within " + limit);
  Error error(code::kTimeout, options_.body_of->name + " did not answer within " + limit);
  error.operation = options_.body_of->name;
  error.retryable = true;
  return error;
}

int Group::finish(lua_State* L, std::unique_ptr<Group>& group) {
  State& run = state(L);
  const int failure = group->first_failure_;
  const bool raises = group->cancelled_ || group->timed_out_;
  if (group->cancelled_) {
    run.pending = *group->cancelled_;
  } else if (group->timed_out_) {
    run.pending = group->too_long();
  }
  const int doubts_before = group->doubts_before_, winner = group->winner_;
  group.reset();  // what the wait owned is gone before the coroutine goes on
  if (raises && run.outside.doubts() > doubts_before) run.pending.outcome_unknown = true;
  if (raises) return raise_pending(L);
  if (failure) {
    lua_rawgeti(L, kResults, failure);
    add_callers(L);
    return lua_error(L);
  }
  lua_settop(L, kFailed);
  lua_remove(L, kThreads);
  lua_remove(L, kFunctions);
  lua_pushinteger(L, winner);
  return 3;
}

}  // namespace engine::lua
