// Which mail goes to which wait.
#include "engine/runs/mailbox.h"

#include "engine/runs/match.h"

namespace engine::runs {

namespace {

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
