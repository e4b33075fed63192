#include "engine/cli/candidates.h"

#include <algorithm>
#include <optional>
#include <set>

namespace engine::cli {

namespace {

bool is_flag(const std::string& word) { return word.size() > 1 && word[0] == '-'; }

// The words up to the cursor, read from the left.
class Reader {
 public:
  Reader(std::vector<std::string> words, const Known& known) : known_(known) {
    cursor_ = words.empty() ? "" : words.back();
    if (!words.empty()) words.pop_back();
    words_ = std::move(words);
    join_values();
  }

  std::vector<Candidate> read() {
    flags_ = global_flags();
    for (const std::string& word : words_) take(word);
    if (wants_)
      values(*wants_);
    else if (!ended_ && cursor_.starts_with('-'))
      at_flag();
    else if (!command_)
      command_words();
    else
      at_word();
    std::erase_if(found_, [&](const Candidate& candidate) {
      return candidate.value[0] != ':' && !candidate.value.starts_with(cursor_);
    });
    return std::move(found_);
  }

 private:
  // "--color" "=" "al" -> "--color=al", of which the shell completes "al".
  void join_values() {
    std::vector<std::string> joined;
    for (size_t i = 0; i < words_.size(); ++i) {
      if (words_[i] != "=" || joined.empty()) {
        joined.push_back(words_[i]);
      } else if (i + 1 < words_.size()) {
        joined.back() += "=" + words_[++i];
      } else {
        pending_ = joined.back();
        joined.pop_back();
      }
    }
    if (cursor_ == "=" && !joined.empty()) {
      pending_ = joined.back();
      joined.pop_back();
      cursor_.clear();
    }
    words_ = std::move(joined);
    if (!pending_.empty()) words_.push_back(pending_);
  }

  const Flag* flag_named(const std::string& word) const {
    for (const Flag& flag : flags_) {
      if (word == "--" + flag.name || (flag.letter && word == std::string("-") + flag.letter))
        return &flag;
    }
    return nullptr;
  }

  void take(const std::string& word) {
    if (wants_) {
      if (known_.setting) known_.setting(wants_->name, word);
      wants_.reset();
    } else if (word == "--") {
      ended_ = true;
    } else if (!ended_ && is_flag(word)) {
      take_flag(word);
    } else if (!command_) {
      name_ += (name_.empty() ? "" : " ") + word;
      find_command();
    } else {
      take_word(word);
    }
  }

  void take_flag(const std::string& word) {
    const size_t equals = word.find('=');
    const Flag* flag = flag_named(word.substr(0, equals));
    if (!flag) return;
    given_.insert(flag->name);
    if (equals != word.npos && known_.setting) known_.setting(flag->name, word.substr(equals + 1));
    if (equals == word.npos && !flag->value.empty()) wants_ = *flag;
  }

  void take_word(const std::string& word) {
    const bool has_flags = command_->word == Word::operation || command_->word == Word::source ||
                           command_->name == "run";
    if (count_++ > 0 || !has_flags) return;
    for (Flag& flag : known_.flags(*command_, word)) flags_.push_back(std::move(flag));
  }

  void find_command() {
    if (name_ == "help") name_.clear();  // engine help run
    for (const CommandEntry& entry : commands()) {
      if (entry.name != name_) continue;
      command_ = entry.make();
      flags_.insert(flags_.end(), command_->flags.begin(), command_->flags.end());
    }
  }

  void command_words() {
    std::set<std::string> seen;
    const std::string before = name_.empty() ? "" : name_ + " ";
    for (const CommandEntry& entry : commands()) {
      if (!entry.name.starts_with(before)) continue;
      const Command command = entry.make();
      if (command.hidden && cursor_.empty()) continue;
      if (entry.name == "complete") continue;
      const std::string rest = command.name.substr(before.size());
      const std::string word = rest.substr(0, rest.find(' '));
      if (seen.insert(word).second) add(word, word == rest ? command.summary : "");
    }
  }

  void at_flag() {
    const size_t equals = cursor_.find('=');
    if (equals != cursor_.npos) {
      const Flag* flag = flag_named(cursor_.substr(0, equals));
      if (!flag) return;
      for (const std::string& choice : flag->choices)
        add(cursor_.substr(0, equals + 1) + choice, "");
      return;
    }
    for (const Flag& flag : flags_) {
      if (given_.contains(flag.name) && !flag.repeatable) continue;
      add("--" + flag.name, flag.help);
      if (flag.negatable && cursor_.starts_with("--n")) add("--no-" + flag.name, flag.help);
    }
  }

  void values(const Flag& flag) {
    for (const std::string& choice : flag.choices) add(choice, "");
    if (!flag.choices.empty()) return;
    if (flag.value == "DIR" || flag.value == "FOLDER") return add(kFoldersCandidate, "");
    const bool file = flag.value == "FILE" || flag.name.find("path") != flag.name.npos ||
                      flag.name.find("file") != flag.name.npos ||
                      flag.name.find("folder") != flag.name.npos || flag.name == "cwd";
    if (file) return add(kFilesCandidate, "");
    if (flag.name == "runbook") take_names(Word::runbook);
  }

  void at_word() {
    if (count_ >= command_->words_max) return;
    switch (command_->word) {
      case Word::none:
        return;
      case Word::folder:
        return add(kFoldersCandidate, "");
      case Word::shell:
        for (const char* shell : {"bash", "zsh", "fish"}) add(shell, "");
        return;
      case Word::runbook:
        if (cursor_.find('/') != cursor_.npos || cursor_.starts_with('.')) add(kFilesCandidate, "");
        break;
      case Word::run_then_file:
        if (count_ > 0) return add(kFilesCandidate, "");
        return take_names(Word::run);
      case Word::recorded_run:
        if (count_ > 0) return;
        if (!cursor_.empty()) add(kFilesCandidate, "");
        return take_names(Word::run);
      case Word::operation:
      case Word::plugin:
      case Word::run:
      case Word::source:
        break;
    }
    take_names(command_->word);
  }

  void take_names(Word kind) {
    for (Candidate& candidate : known_.names(kind)) found_.push_back(std::move(candidate));
  }

  void add(std::string value, std::string about) {
    found_.push_back({std::move(value), std::move(about)});
  }

  const Known& known_;
  std::vector<std::string> words_;
  std::string cursor_, pending_, name_;
  std::vector<Flag> flags_;
  std::set<std::string, std::less<>> given_;
  std::optional<Command> command_;
  std::optional<Flag> wants_;  // its value is what comes next
  size_t count_ = 0;           // words behind the command
  bool ended_ = false;         // by "--"
  std::vector<Candidate> found_;
};

}  // namespace

std::vector<Candidate> candidates(std::vector<std::string> words, const Known& known) {
  return Reader(std::move(words), known).read();
}

}  // namespace engine::cli
