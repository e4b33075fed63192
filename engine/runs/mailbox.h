// What was sent to a run and what its tasks wait for: the oldest mail goes to the oldest wait that
// it fits.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <set>
#include <string>

#include "engine/store/mail.h"

namespace engine::runs {

class Mailbox {
 public:
  struct Wait {
    std::string place;
    std::string kind;  // of mail: signal, approval
    std::string name;
    std::string match = {};  // a JSON object that the mail's data must contain; empty: any
    int64_t since_ms = 0;    // older mail does not count
    std::function<void(const store::Mail& mail)> given;
  };

  // Mail that the journal tells of is not given again.
  void taken(int64_t id) {
    taken_.insert(id);
    unread_.erase(id);
  }
  // False for what is known already.
  bool add(store::Mail mail);
  void wait(Wait wait) { waits_.push_back(std::move(wait)); }
  // Brings mail and waits together.
  void give();
  // The task at that place has what it was given.
  void accept(const std::string& place) { given_.erase(place); }
  // The task waits no more. What it was given and did not take is there for others: true.
  bool forget(const std::string& place);

  int64_t last_id() const { return last_id_; }

 private:
  std::map<int64_t, store::Mail> unread_;
  std::set<int64_t> taken_;
  std::list<Wait> waits_;                     // as they began
  std::map<std::string, store::Mail> given_;  // by place
  int64_t last_id_ = 0;
};

}  // namespace engine::runs
