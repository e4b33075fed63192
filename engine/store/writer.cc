// Natural batching: while one group is being synced, the next one gathers; nobody waits for a
// timer.
#include "engine/store/writer.h"

#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <iterator>
#include <span>

namespace engine::store {
namespace {

constexpr std::chrono::microseconds kKeen{150};
constexpr std::chrono::milliseconds kAnswersMax{3};
constexpr size_t kLazyBytesMax = 256 << 10;
// Of one transaction: other processes wait for their turn meanwhile, and the log grows by it.
constexpr size_t kGroupMax = 4096;
constexpr size_t kGroupBytesMax = 4 << 20;

size_t next_group(std::span<const Command> commands) {
  size_t count = 0, bytes = 0;
  while (count < commands.size() && count < kGroupMax && bytes < kGroupBytesMax) {
    const auto* append = std::get_if<AppendEntries>(&commands[count++].work);
    if (append) bytes += append->entries.size();
  }
  return count;
}

// Signals are the loop's business.
std::thread start_thread(auto body) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  std::thread thread(std::move(body));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

Writer::Writer(Loop& loop, std::unique_ptr<Committer> committer)
    : loop_(loop), committer_(std::move(committer)), thread_(start_thread([this] { work(); })) {}

Writer::~Writer() {
  end_thread();
  inbox_->open = false;
  inbox_->hold.reset();
}

void Writer::push(Command command, size_t bytes) {
  if (closing_) return;
  const bool waited_for = static_cast<bool>(command.committed);
  if (waited_for && inbox_->expected++ == 0) inbox_->hold = loop_.hold();
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(command));
    lazy_bytes_ += bytes;
    if (!wanted_ && (waited_for || lazy_bytes_ >= kLazyBytesMax)) wanted_ = wake = true;
  }
  if (wake) wanted_changed_.notify_one();
}

void Writer::flush() {
  {
    std::lock_guard lock(mutex_);
    if (queue_.empty() || wanted_) return;
    wanted_ = true;
  }
  wanted_changed_.notify_one();
}

void Writer::close() {
  end_thread();
  const std::shared_ptr<Inbox> inbox = inbox_;
  Loop& loop = loop_;
  while (inbox->open && inbox->expected > 0) give_answers(loop, inbox);  // may destroy this
}

void Writer::end_thread() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wanted_changed_.notify_one();
  thread_.join();
}

// A run that waited for the last group asks for its next one about now. Waking up for that, and
// coming back for the turn, would cost it as much again as half the disk does. Without yielding: a
// busy machine would give the core to somebody else for whole milliseconds.
bool Writer::more_comes_soon() const {
  static const bool alone = std::thread::hardware_concurrency() < 2;
  const auto until = std::chrono::steady_clock::now() + kKeen;
  while (!wanted_ && !closing_) {
    if (alone || std::chrono::steady_clock::now() > until) return false;
  }
  return true;
}

void Writer::work() {
  pthread_setname_np(pthread_self(), "store");
  std::vector<Command> commands;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wanted_changed_.wait(lock, [this] { return wanted_ || closing_; });
      if (queue_.empty() && closing_) break;
      commands.swap(queue_);
      wanted_ = false;
      lazy_bytes_ = 0;
    }
    for (std::span<Command> rest(commands); !rest.empty();) {
      const size_t count = next_group(rest);
      committer_->commit(rest.first(count));
      rest = rest.subspan(count);
    }
    post_answers(commands);
    commands.clear();
    if (!more_comes_soon()) committer_->rest();
  }
  committer_->close();
}

void Writer::post_answers(std::vector<Command>& commands) {
  bool first = false;
  {
    std::lock_guard lock(inbox_->mutex);
    const size_t before = inbox_->answers.size();
    for (Command& command : commands) {
      if (!command.committed) continue;
      inbox_->answers.push_back({std::move(command.committed), std::move(command.error)});
    }
    first = before == 0 && !inbox_->answers.empty();
  }
  if (first) loop_.post([&loop = loop_, inbox = inbox_] { give_answers(loop, inbox); });
}

// What is too much for one turn of the loop is left for the next.
void Writer::give_answers(Loop& loop, const std::shared_ptr<Inbox>& inbox) {
  std::shared_ptr<Inbox> alive = inbox;
  std::vector<Answer> answers;
  {
    std::lock_guard lock(alive->mutex);
    answers.swap(alive->answers);
  }
  const auto until = std::chrono::steady_clock::now() + kAnswersMax;
  auto next = answers.begin();
  while (next != answers.end() && std::chrono::steady_clock::now() < until) {
    if (!alive->open) return;
    Answer& answer = *next++;
    ++alive->answered;
    answer.committed(answer.error ? Result<void>(fail(*answer.error)) : Result<void>());
    // That may have destroyed the writer; the inbox is ours too.
    if (--alive->expected == 0) alive->hold.reset();
  }
  if (next == answers.end() || !alive->open) return;
  {
    std::lock_guard lock(alive->mutex);
    alive->answers.insert(alive->answers.begin(), std::move_iterator(next),
                          std::move_iterator(answers.end()));
  }
  loop.post([&loop, alive] { give_answers(loop, alive); });
}

}  // namespace engine::store
