#include "engine/cli/history.h"

#include <algorithm>

#include "engine/base/json.h"
#include "engine/runs/recorded.h"

namespace engine::cli {

namespace {

std::string place_of(JsonElement entry) {
  return runs::place_key(entry_text(entry, "p"), static_cast<int>(entry_number(entry, "n")));
}

// As others know it: what is asked in a later attempt has its number before it.
std::string public_place_of(JsonElement entry) {
  const int64_t attempt = entry_number(entry, "a");
  return (attempt > 1 ? std::to_string(attempt) + "/" : "") + place_of(entry);
}

}  // namespace

std::string entry_text(JsonElement entry, std::string_view name) {
  return std::string(json_string(entry, name).value_or(""));
}

int64_t entry_number(JsonElement entry, std::string_view name) {
  return json_integer(entry, name).value_or(0);
}

std::string entry_json(JsonElement entry, std::string_view name) {
  const auto value = json_member(entry, name);
  return value ? json_text(*value) : "";
}

Result<History> History::read(std::string_view journal) {
  Result<JsonDocument> document = read_json(journal);
  if (!document) return fail(document.error());
  History history(std::move(*document));
  const JsonElement root = history.document_.root();
  if (!root.is_array()) return fail(code::kInternal, "a journal is a list of entries");
  for (const JsonElement entry : simdjson::dom::array(root)) {
    history.all_.push_back(entry);
    history.last_at_ = std::max(history.last_at_, entry_number(entry, "at"));
    if (const int64_t mail = entry_number(entry, "mail"); mail != 0) history.mail_.insert(mail);
  }
  history.holding_ = runs::Recorded::effective(root);
  for (const JsonElement entry : history.holding_) history.take(entry);
  return history;
}

void History::take(JsonElement entry) {
  const std::string kind = entry_text(entry, "t");
  if (kind == "op" || kind == "call") calls_.insert_or_assign(place_of(entry), entry);
  if (kind == "call") open_.insert_or_assign(place_of(entry), entry);
  if (kind == "result") open_.erase(place_of(entry));
  if (kind == "progress") progress_.insert_or_assign(place_of(entry), entry);
  if (kind == "step") {
    steps_[entry_number(entry, "id")] = {entry_text(entry, "name"), entry_number(entry, "parent")};
  }
  if (kind != "end_step") return;
  const auto found = steps_.find(entry_number(entry, "id"));
  if (found == steps_.end()) return;
  found->second.open = false;
  if (!json_member(entry, "error")) return;
  found->second.error = error_from_json(entry_json(entry, "error"));
  failed_steps_.push_back(found->first);
}

History::Entries History::open_calls() const {
  Entries found;
  for (const JsonElement entry : holding_) {
    if (entry_text(entry, "t") != "call" || json_boolean(entry, "lua").value_or(false)) continue;
    if (open_.contains(place_of(entry))) found.push_back(entry);
  }
  return found;
}

JsonElement History::begun(JsonElement entry) const {
  const auto found = calls_.find(place_of(entry));
  return found == calls_.end() ? entry : found->second;
}

std::string History::progress_of(JsonElement call) const {
  const auto found = progress_.find(place_of(call));
  return found == progress_.end() ? "" : entry_json(found->second, "value");
}

std::optional<JsonElement> History::lock_at(std::string_view public_place) const {
  for (size_t i = holding_.size(); i-- > 0;) {
    const JsonElement entry = holding_[i];
    if (json_string(entry, "op") == "lock" && public_place_of(entry) == public_place) return entry;
  }
  return std::nullopt;
}

std::vector<std::string> History::steps_of(int64_t id) const {
  std::vector<std::string> names;
  for (auto at = steps_.find(id); at != steps_.end(); at = steps_.find(at->second.parent))
    names.push_back(at->second.name);
  return names;
}

std::string History::open_step() const {
  std::set<int64_t> innermost;
  for (const auto& [id, step] : steps_) {
    if (!step.open) continue;
    innermost.insert(id);
    innermost.erase(step.parent);
  }
  return innermost.size() == 1 ? steps_.at(*innermost.begin()).name : "";
}

// A failure closes the steps around it from the inside: the first of the last row of them.
std::string History::failed_step(const Error& error) const {
  for (size_t at = failed_steps_.size(); at-- > 0;) {
    const Step& step = steps_.at(failed_steps_[at]);
    if (step.error.code != error.code || step.error.message != error.message) continue;
    while (at > 0 && steps_.at(failed_steps_[at - 1]).parent == failed_steps_[at]) --at;
    return steps_.at(failed_steps_[at]).name;
  }
  return "";
}

std::optional<JsonElement> History::last(std::string_view kind) const {
  for (size_t i = holding_.size(); i-- > 0;) {
    if (json_string(holding_[i], "t") == kind) return holding_[i];
  }
  return std::nullopt;
}

}  // namespace engine::cli
