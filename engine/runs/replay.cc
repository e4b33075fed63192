// Matching what a script asks with what its journal holds.
#include "engine/runs/replay.h"

#include "engine/base/json_read.h"
#include "engine/base/text.h"

namespace engine::runs {

namespace {

constexpr size_t kShownMax = 200;

std::string shown(std::string_view operation, std::string_view args, std::string_view line) {
  std::string text = operation.empty() ? "a wait of " + std::string(args) + " ms"
                                       : std::string(operation) + " " +
                                             std::string(shortened(std::string(args), kShownMax));
  return line.empty() ? text : text + " (" + std::string(line) + ")";
}

std::string compact(std::string_view json) {
  const Result<JsonDocument> document = read_json(json);
  return document ? json_text(document->root()) : std::string(json);
}

}  // namespace

class Replay::Pending : public Task {
 public:
  Pending(Replay& replay, size_t order, Asked asked, Done done, Begin begin)
      : replay_(replay),
        order(order),
        asked(std::move(asked)),
        done(std::move(done)),
        begin(std::move(begin)) {}
  ~Pending() override {
    if (!begun_) replay_.forget(*this);
  }

  Done answer() {
    Done last = std::move(done);
    done = nullptr;
    return last;
  }
  void go() {
    begun_ = true;
    work_ = begin(answer());
  }

 private:
  Replay& replay_;
  bool begun_ = false;
  TaskPtr work_;

 public:
  const size_t order;
  const Asked asked;
  Done done;  // empty: it was answered
  Begin begin;
};

Replay::Replay(std::string run, Recorded recorded, Dropped dropped)
    : run_(std::move(run)), recorded_(std::move(recorded)), dropped_(std::move(dropped)) {}
Replay::~Replay() = default;

TaskPtr Replay::ask(Asked asked, Done done, Begin begin) {
  if (!fault_) compare(asked);
  auto pending = std::make_unique<Pending>(*this, ++asked_count_, std::move(asked), std::move(done),
                                           std::move(begin));
  pending_[pending->asked.place] = pending.get();
  in_order_[pending->order] = pending.get();
  return pending;
}

void Replay::forget(Pending& pending) {
  pending_.erase(pending.asked.place);
  in_order_.erase(pending.order);
  gone_.insert(pending.asked.place);
  if (pending.done && !fault_) dropped_(pending.asked.place);
}

RecordedCall* Replay::call(const std::string& place) {
  const auto found = recorded_.calls.find(place);
  return found == recorded_.calls.end() ? nullptr : &found->second;
}

const Replay::Asked* Replay::asked(const std::string& place) const {
  const auto found = pending_.find(place);
  return found == pending_.end() ? nullptr : &found->second->asked;
}

void Replay::compare(const Asked& asked) {
  const auto call = recorded_.calls.find(asked.place);
  const auto wait = recorded_.waits.find(asked.place);
  const bool known = call != recorded_.calls.end() || wait != recorded_.waits.end();
  if (!known) return;
  // Bounds that are the program's own have no number.
  if (asked.operation.empty() && wait != recorded_.waits.end() && asked.place.ends_with(":0"))
    return;
  const bool same =
      asked.operation.empty()
          ? wait != recorded_.waits.end() && std::to_string(wait->second) == asked.args
          : call != recorded_.calls.end() && call->second.call.operation == asked.operation &&
                call->second.call.args == compact(asked.args);
  if (!same)
    differs(asked.place, journal_at(asked.place), shown(asked.operation, asked.args, asked.line));
}

const Delivery* Replay::next() {
  if (fault_ || next_ == recorded_.deliveries.size()) return nullptr;
  return &recorded_.deliveries[next_++];
}

bool Replay::deliver(const Delivery& delivery, Result<std::string> outcome) {
  const auto found = pending_.find(delivery.place);
  if (found != pending_.end()) {
    Done done = found->second->answer();
    pending_.erase(found);
    done(std::move(outcome));
    return true;
  }
  if (!gone_.contains(delivery.place))
    differs(delivery.place, journal_at(delivery.place), script_at(delivery.place));
  return false;
}

void Replay::pass(const Delivery& delivery) {
  const auto found = pending_.find(delivery.place);
  if (found == pending_.end()) return;
  const Asked& asked = found->second->asked;
  differs(delivery.place, journal_at(delivery.place) + ", which the script stopped waiting for",
          shown(asked.operation, asked.args, asked.line) + ", which it still waits for");
}

void Replay::script_ended() {
  while (const Delivery* left = next()) {
    if (left->kind == Delivery::Kind::passed || left->kind == Delivery::Kind::cancel ||
        left->kind == Delivery::Kind::clock)
      continue;
    if (gone_.contains(left->place)) continue;
    differs(left->place, journal_at(left->place), "the script's end");
  }
}

void Replay::check_open_calls() {
  for (const auto& [place, known] : recorded_.calls) {
    if (known.outcome || known.begun || pending_.contains(place) || gone_.contains(place)) continue;
    differs(place, journal_at(place), script_at(place));
  }
}

void Replay::release(const Deliver& deliver) {
  live_ = true;
  const std::map<size_t, Pending*> waiting = std::move(in_order_);
  in_order_.clear();
  pending_.clear();
  for (const auto& [order, pending] : waiting) {
    if (!pending->done) continue;
    RecordedCall* known = call(pending->asked.place);
    if (known && known->outcome && !known->call.cut) {
      deliver(*known, pending->answer());
    } else {
      pending->go();
    }
  }
}

void Replay::stop(Error reason) {
  if (!fault_) fault_ = std::move(reason);
}

std::string Replay::journal_at(const std::string& place) const {
  if (const auto found = recorded_.calls.find(place); found != recorded_.calls.end()) {
    const ops::Call& call = found->second.call;
    return shown(call.operation, call.args, call.line);
  }
  const auto wait = recorded_.waits.find(place);
  return wait == recorded_.waits.end() ? "nothing" : shown("", std::to_string(wait->second), "");
}

// What the same task waits for instead.
std::string Replay::script_at(const std::string& place) const {
  const std::string task = place.substr(0, place.find(':') + 1);
  for (const auto& [order, pending] : in_order_) {
    const Asked& asked = pending->asked;
    if (asked.place.starts_with(task)) return shown(asked.operation, asked.args, asked.line);
  }
  return "nothing";
}

void Replay::differs(const std::string& place, const std::string& journal,
                     const std::string& script) {
  if (fault_) return;
  stop(Error(code::kReplayMismatch,
             "run " + run_ + " cannot be replayed: at place " + place + " the journal has " +
                 journal + ", the script has " + script,
             "what was recorded does not follow from this code; engine trace " + run_ +
                 " shows what was done, engine run starts anew"));
}

}  // namespace engine::runs
