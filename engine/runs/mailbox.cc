// Which mail goes to which wait.
#include "engine/runs/mailbox.h"

#include "engine/base/json_read.h"

namespace engine::runs {

namespace {

// Of maps the fields that are named, of anything else the same.
bool holds(JsonElement wanted, JsonElement value) {
  if (wanted.is_object()) {
    if (!value.is_object()) return false;
    for (const auto& [name, field] : simdjson::dom::object(wanted)) {
      const auto found = json_member(value, name);
      if (!found ? !field.is_null() : !holds(field, *found)) return false;
    }
    return true;
  }
  if (wanted.is_number() && value.is_number()) return double(wanted) == double(value);
  return json_text(wanted) == json_text(value);
}

bool holds(std::string_view wanted, std::string_view value) {
  const Result<JsonDocument> want = read_json(wanted);
  const Result<JsonDocument> have = read_json(value);
  return want && have && holds(want->root(), have->root());
}

bool fits(const Mailbox::Wait& wait, const store::Mail& mail) {
  return wait.kind == mail.kind && wait.name == mail.name && mail.at_ms >= wait.since_ms &&
         (wait.match.empty() || holds(wait.match, mail.data));
}

}  // namespace

bool Mailbox::add(store::Mail mail) {
  last_id_ = std::max(last_id_, mail.id);
  if (taken_.contains(mail.id)) return false;
  return unread_.emplace(mail.id, std::move(mail)).second;
}

void Mailbox::give() {
  for (auto wait = waits_.begin(); wait != waits_.end();) {
    auto mail = unread_.begin();
    while (mail != unread_.end() && !fits(*wait, mail->second)) ++mail;
    if (mail == unread_.end()) {
      ++wait;
      continue;
    }
    const Wait served = std::move(*wait);
    wait = waits_.erase(wait);
    taken_.insert(mail->first);
    const store::Mail& given = given_[served.place] = std::move(mail->second);
    unread_.erase(mail);
    served.given(given);
  }
}

bool Mailbox::forget(const std::string& place) {
  waits_.remove_if([&](const Wait& wait) { return wait.place == place; });
  const auto given = given_.find(place);
  if (given == given_.end()) return false;
  taken_.erase(given->second.id);
  unread_.emplace(given->second.id, std::move(given->second));
  given_.erase(given);
  return true;
}

}  // namespace engine::runs
