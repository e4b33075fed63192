// Two looks at the machine: worker thread, timer, worker thread.
#include "plugins/host/sampling.h"

#include <map>

namespace engine::host {

namespace {

struct Sampling {
  plugin::Call call;
  Millis interval;
  std::move_only_function<void()> first;
  std::move_only_function<Result<std::string>()> second;
};

// By call, and never destroyed: a worker thread may be in the middle of one when the process ends.
std::map<engine_call, Sampling>& samplings() {
  static auto& all = *new std::map<engine_call, Sampling>();
  return all;
}

void second_look(void* data) {
  auto& sampling = *static_cast<Sampling*>(data);
  const plugin::Call call = sampling.call;
  auto second = std::move(sampling.second);
  samplings().erase(call.token());
  call.answer_from_worker(std::move(second));
}

void first_look_taken(void* data) {
  auto& sampling = *static_cast<Sampling*>(data);
  sampling.call.host()->delay(sampling.call.token(), sampling.interval.count(), second_look, data);
}

}  // namespace

void answer_after(const plugin::Call& call, Millis interval, std::move_only_function<void()> first,
                  std::move_only_function<Result<std::string>()> second) {
  if (interval.count() <= 0) return call.answer_from_worker(std::move(second));
  const auto [at, is_new] = samplings().insert_or_assign(
      call.token(), Sampling{call, interval, std::move(first), std::move(second)});
  call.host()->work(
      call.token(), [](void* data) { static_cast<Sampling*>(data)->first(); }, first_look_taken,
      &at->second);
}

}  // namespace engine::host
