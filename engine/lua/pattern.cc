// The matcher: Lua's recursive one turned into a machine with a stack of places to come back to,
// one step at a time.
#include "engine/lua/pattern.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <limits>

namespace engine::lua {
namespace {

constexpr size_t kNowhere = std::numeric_limits<size_t>::max();

bool class_has(unsigned char c, unsigned char name) {
  bool in;
  switch (std::tolower(name)) {
    case 'a':
      in = std::isalpha(c);
      break;
    case 'c':
      in = std::iscntrl(c);
      break;
    case 'd':
      in = std::isdigit(c);
      break;
    case 'g':
      in = std::isgraph(c);
      break;
    case 'l':
      in = std::islower(c);
      break;
    case 'p':
      in = std::ispunct(c);
      break;
    case 's':
      in = std::isspace(c);
      break;
    case 'u':
      in = std::isupper(c);
      break;
    case 'w':
      in = std::isalnum(c);
      break;
    case 'x':
      in = std::isxdigit(c);
      break;
    case 'z':  // no longer in Lua's manual, still in its matcher
      in = c == '\0';
      break;
    default:
      return name == c;
  }
  return std::isupper(name) ? !in : in;
}

}  // namespace

size_t Matcher::frames_needed(std::string_view pattern) {
  size_t needed = 0;
  for (const char c : pattern) needed += std::strchr("*+-?()", c) != nullptr && c != '\0';
  return needed < kFramesMax ? needed : kFramesMax;
}

Matcher::Matcher(std::string_view text, std::string_view pattern, bool anchors,
                 std::span<PatternFrame> frames)
    : text_(text),
      pattern_(pattern),
      frames_(frames.data()),
      frames_max_(static_cast<int>(frames.size())),
      refused_end_(kNowhere),
      budget_(kSteps + kStepsPerByte * static_cast<int64_t>(text.size())) {
  anchored_ = anchors && pattern.starts_with('^');
  if (anchored_) pattern_.remove_prefix(1);
  const bool special = pattern_.empty() || std::strchr("$.()[%", pattern_[0]) != nullptr;
  const bool repeats = pattern_.size() > 1 && std::strchr("*?-", pattern_[1]) != nullptr;
  has_first_ = !special && !repeats;
  if (has_first_) first_ = pattern_[0];
}

void Matcher::move_to(PatternFrame* frames) {
  std::copy_n(frames_, frame_count_, frames);
  frames_ = frames;
}

void Matcher::search(size_t from) {
  attempt_ = from;
  refused_end_ = kNowhere;
  mode_ = Mode::attempt;
}

void Matcher::search_on() {
  refused_end_ = at_;
  attempt_ = at_;
  mode_ = anchored_ ? Mode::failed : Mode::attempt;
}

Matcher::Outcome Matcher::run(int64_t slice) {
  const int64_t pause = spent_ + slice;
  for (;;) {
    switch (mode_) {
      case Mode::attempt:
        mode_ = attempt();
        break;
      case Mode::item:
        mode_ = item();
        break;
      case Mode::grow:
        mode_ = grow();
        break;
      case Mode::back:
        mode_ = back();
        break;
      case Mode::matched:
        if (at_ != refused_end_) return Outcome::matched;
        mode_ = next_attempt();
        break;
      case Mode::failed:
        return Outcome::failed;
      case Mode::malformed:
        return Outcome::malformed;
    }
    ++spent_;
    if (spent_ > budget_) return Outcome::exhausted;
    if (spent_ > pause && mode_ != Mode::matched) return Outcome::paused;
  }
}

Matcher::Mode Matcher::attempt() {
  if (attempt_ > text_.size()) return Mode::failed;
  if (has_first_ && !anchored_) {
    const size_t found = text_.find(first_, attempt_);
    if (found == std::string_view::npos) return Mode::failed;
    spent_ += static_cast<int64_t>(found - attempt_) / 16;
    attempt_ = found;
  }
  level_ = 0;
  frame_count_ = 0;
  item_ = 0;
  at_ = attempt_;
  return Mode::item;
}

Matcher::Mode Matcher::next_attempt() {
  if (anchored_ || attempt_ >= text_.size()) return Mode::failed;
  ++attempt_;
  return Mode::attempt;
}

Matcher::Mode Matcher::broken(const char* problem) {
  problem_ = problem;
  return Mode::malformed;
}

Matcher::Mode Matcher::push(PatternFrame frame, Mode next) {
  if (frame_count_ >= frames_max_) return broken("pattern too complex");
  frames_[frame_count_++] = frame;
  return next;
}

Matcher::Mode Matcher::item() {
  if (item_ == pattern_.size()) return Mode::matched;
  switch (pattern_[item_]) {
    case '(':
      return open_capture();
    case ')':
      return close_capture();
    case '$':
      if (item_ + 1 == pattern_.size()) return at_ == text_.size() ? Mode::matched : Mode::back;
      break;
    case '%': {
      const unsigned char next = static_cast<unsigned char>(pattern_at(item_ + 1));
      if (next == 'b') return balance();
      if (next == 'f') return frontier();
      if (std::isdigit(next)) return back_reference();
      break;
    }
    default:
      break;
  }
  uint32_t after;
  if (!item_end(item_, after)) return Mode::malformed;
  return quantified(after);
}

// The item that ends at `after`, together with the quantifier there.
Matcher::Mode Matcher::quantified(uint32_t after) {
  using Kind = PatternFrame::Kind;
  const char quantifier = pattern_at(after);
  if (!single(at_, item_, after)) {
    if (quantifier != '*' && quantifier != '?' && quantifier != '-') return Mode::back;
    item_ = after + 1;
    return Mode::item;
  }
  if (quantifier == '*' || quantifier == '+') {
    return push({Kind::longest, 0, item_, after, at_, 1}, Mode::grow);
  }
  if (quantifier == '?' || quantifier == '-') {
    const bool optional = quantifier == '?';
    const PatternFrame frame{optional ? Kind::optional : Kind::shortest, 0, item_, after, at_, 0};
    item_ = after + 1;
    if (optional) ++at_;
    return push(frame, Mode::item);
  }
  ++at_;
  item_ = after;
  return Mode::item;
}

// Takes as many repetitions as there are, some at a time.
Matcher::Mode Matcher::grow() {
  PatternFrame& frame = frames_[frame_count_ - 1];
  constexpr size_t kAtOnce = 1024;
  const size_t stop = frame.count + kAtOnce;
  while (frame.count < stop && single(frame.at + frame.count, frame.item, frame.after))
    ++frame.count;
  spent_ += static_cast<int64_t>(frame.count + kAtOnce - stop) / 2;
  if (frame.count == stop) return Mode::grow;
  at_ = frame.at + frame.count;
  item_ = frame.after + 1;
  return Mode::item;
}

Matcher::Mode Matcher::back() {
  using Kind = PatternFrame::Kind;
  while (frame_count_ > 0) {
    PatternFrame& frame = frames_[frame_count_ - 1];
    switch (frame.kind) {
      case Kind::capture_opened:
        --level_;
        break;
      case Kind::capture_closed:
        captures_[frame.capture].length = kOpen;
        break;
      case Kind::optional:
        at_ = frame.at;
        item_ = frame.after + 1;
        --frame_count_;
        return Mode::item;
      case Kind::longest:
        return longest_back(frame);
      case Kind::shortest:
        return shortest_back(frame);
    }
    --frame_count_;
  }
  return next_attempt();
}

Matcher::Mode Matcher::longest_back(PatternFrame& frame) {
  const bool at_least_one = pattern_[frame.after] == '+';
  if (frame.count == (at_least_one ? 1u : 0u)) {
    --frame_count_;
    return Mode::back;
  }
  --frame.count;
  at_ = frame.at + frame.count;
  item_ = frame.after + 1;
  return Mode::item;
}

Matcher::Mode Matcher::shortest_back(PatternFrame& frame) {
  if (!single(frame.at, frame.item, frame.after)) {
    --frame_count_;
    return Mode::back;
  }
  at_ = ++frame.at;
  item_ = frame.after + 1;
  return Mode::item;
}

Matcher::Mode Matcher::open_capture() {
  if (level_ >= kCapturesMax) return broken("too many captures");
  const bool position = pattern_at(item_ + 1) == ')';
  captures_[level_++] = {at_, position ? kPosition : kOpen};
  item_ += position ? 2 : 1;
  return push({PatternFrame::Kind::capture_opened, 0, 0, 0, 0, 0}, Mode::item);
}

Matcher::Mode Matcher::close_capture() {
  int open = level_ - 1;
  while (open >= 0 && captures_[open].length != kOpen) --open;
  if (open < 0) return broken("invalid pattern capture");
  captures_[open].length = static_cast<ptrdiff_t>(at_ - captures_[open].start);
  ++item_;
  return push({PatternFrame::Kind::capture_closed, static_cast<uint8_t>(open), 0, 0, 0, 0},
              Mode::item);
}

Matcher::Mode Matcher::balance() {
  if (item_ + 3 >= pattern_.size()) return broken("malformed pattern (missing arguments to '%b')");
  const char opens = pattern_[item_ + 2], closes = pattern_[item_ + 3];
  if (at_ >= text_.size() || text_[at_] != opens) return Mode::back;
  int64_t depth = 1;
  for (size_t i = at_ + 1; i < text_.size(); ++i) {
    if (text_[i] == closes) {
      if (--depth > 0) continue;
      spent_ += static_cast<int64_t>(i - at_);
      at_ = i + 1;
      item_ += 4;
      return Mode::item;
    }
    if (text_[i] == opens) ++depth;
  }
  spent_ += static_cast<int64_t>(text_.size() - at_);
  return Mode::back;
}

Matcher::Mode Matcher::frontier() {
  item_ += 2;
  if (pattern_at(item_) != '[') return broken("missing '[' after '%f' in pattern");
  uint32_t after;
  if (!item_end(item_, after)) return Mode::malformed;
  const auto before = static_cast<unsigned char>(at_ == 0 ? '\0' : text_[at_ - 1]);
  const auto here = static_cast<unsigned char>(at_ < text_.size() ? text_[at_] : '\0');
  if (set_has(before, item_, after - 1) || !set_has(here, item_, after - 1)) return Mode::back;
  item_ = after;
  return Mode::item;
}

Matcher::Mode Matcher::back_reference() {
  const int index = pattern_[item_ + 1] - '1';
  if (index < 0 || index >= level_ || captures_[index].length == kOpen) {
    return broken("invalid capture index in pattern");
  }
  // Stock Lua reads a position capture as a length that no text has.
  if (captures_[index].length == kPosition) return Mode::back;
  const auto length = static_cast<size_t>(captures_[index].length);
  spent_ += static_cast<int64_t>(length) / 16;
  if (text_.size() - at_ < length ||
      text_.compare(at_, length, text_.substr(captures_[index].start, length)) != 0) {
    return Mode::back;
  }
  at_ += length;
  item_ += 2;
  return Mode::item;
}

bool Matcher::item_end(uint32_t start, uint32_t& after) {
  uint32_t i = start + 1;
  if (pattern_[start] == '%') {
    if (i == pattern_.size()) {
      problem_ = "malformed pattern (ends with '%')";
      return false;
    }
    after = i + 1;
    return true;
  }
  if (pattern_[start] == '[') {
    if (pattern_at(i) == '^') ++i;
    do {  // the first character is part of the set even when it is ']'
      if (i >= pattern_.size()) {
        problem_ = "malformed pattern (missing ']')";
        return false;
      }
      if (pattern_[i++] == '%') ++i;
    } while (pattern_at(i) != ']');
    ++i;
  }
  after = i;
  return true;
}

bool Matcher::single(size_t at, uint32_t start, uint32_t after) const {
  if (at >= text_.size()) return false;
  const auto c = static_cast<unsigned char>(text_[at]);
  switch (pattern_[start]) {
    case '.':
      return true;
    case '%':
      return class_has(c, static_cast<unsigned char>(pattern_[start + 1]));
    case '[':
      return set_has(c, start, after - 1);
    default:
      return static_cast<unsigned char>(pattern_[start]) == c;
  }
}

// `start` is at the '[', `last` at the ']'.
bool Matcher::set_has(unsigned char c, uint32_t start, uint32_t last) const {
  const auto byte = [this](uint32_t i) { return static_cast<unsigned char>(pattern_[i]); };
  uint32_t i = start + 1;
  const bool wanted = byte(i) != '^';
  if (!wanted) ++i;
  for (; i < last; ++i) {
    if (byte(i) == '%') {
      ++i;
      if (class_has(c, byte(i))) return wanted;
    } else if (byte(i + 1) == '-' && i + 2 < last) {
      if (byte(i) <= c && c <= byte(i + 2)) return wanted;
      i += 2;
    } else if (byte(i) == c) {
      return wanted;
    }
  }
  return !wanted;
}

}  // namespace engine::lua
