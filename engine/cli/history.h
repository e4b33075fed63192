// A run's journal, sorted out for whoever asks why: what holds, what is open, what failed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/json_read.h"

namespace engine::cli {

class History {
 public:
  // From the journal's JSON array.
  static Result<History> read(std::string_view journal);

  using Entries = std::vector<JsonElement>;
  const Entries& all() const { return all_; }          // in order, attempts that are over included
  const Entries& holding() const { return holding_; }  // those that count
  // Intents whose end is not recorded, without those that are bodies of Lua plugins.
  Entries open_calls() const;
  // The intent of a result, or the entry itself where it is recorded whole.
  JsonElement begun(JsonElement entry) const;
  // The newest progress of a call, as JSON; empty: none.
  std::string progress_of(JsonElement call) const;
  // The entry that took the lock at a place as others know it; nothing where there is none.
  std::optional<JsonElement> lock_at(std::string_view public_place) const;
  // The steps of an entry, innermost first.
  std::vector<std::string> steps_of(int64_t id) const;
  // The innermost step that is open, where there is but one.
  std::string open_step() const;
  // The innermost step that failed last, with that error; empty: none.
  std::string failed_step(const Error& error) const;
  // The newest of that kind that counts.
  std::optional<JsonElement> last(std::string_view kind) const;
  int64_t last_at() const { return last_at_; }
  // Whether the run has taken that mail.
  bool has_taken(int64_t mail) const { return mail_.contains(mail); }

 private:
  explicit History(JsonDocument document) : document_(std::move(document)) {}
  void take(JsonElement entry);

  struct Step {
    std::string name;
    int64_t parent = 0;
    bool open = true;
    Error error{"", ""};
  };
  JsonDocument document_;
  Entries all_, holding_;
  std::map<std::string, JsonElement> calls_;  // by place
  std::map<std::string, JsonElement> open_;   // of these, those without an end
  std::map<std::string, JsonElement> progress_;
  std::map<int64_t, Step> steps_;
  std::vector<int64_t> failed_steps_;  // in the order of their ends
  std::set<int64_t> mail_;
  int64_t last_at_ = 0;
};

// Of an entry: "kind" of text, a number, a flag; what is absent is empty.
std::string entry_text(JsonElement entry, std::string_view name);
int64_t entry_number(JsonElement entry, std::string_view name);
std::string entry_json(JsonElement entry, std::string_view name);

}  // namespace engine::cli
