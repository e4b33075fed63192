// Lua's patterns with a bound on the work: the same matches as stock Lua's, but the search can be
// paused between steps, and a pattern that explodes ends as `exhausted` instead of running for
// hours. Knows nothing of Lua's C API.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace engine::lua {

inline constexpr int kCapturesMax = 32;
inline constexpr int kFramesMax = 200;  // quantifiers and captures that may be open at once

// A place to come back to when what follows it does not match.
struct PatternFrame {
  enum class Kind : uint8_t { capture_opened, capture_closed, optional, longest, shortest };
  Kind kind;
  uint8_t capture;  // of capture_closed
  uint32_t item;    // the single-character item that repeats
  uint32_t after;   // where its quantifier is
  size_t at;        // where in the text
  size_t count;     // repetitions taken by `longest`
};

// One search. Trivially destructible, so that Lua errors may jump over it; text, pattern and frames
// are the caller's.
class Matcher {
 public:
  enum class Outcome { matched, failed, paused, exhausted, malformed };
  struct Capture {
    size_t start;
    ptrdiff_t length;  // or one of the marks below
  };
  static constexpr ptrdiff_t kOpen = -1, kPosition = -2;
  // A search may take so many steps in all; long texts get more.
  static constexpr int64_t kSteps = 5'000'000, kStepsPerByte = 64;

  // `anchors`: a '^' at the pattern's start holds it to where the search begins; otherwise '^' is a
  // character.
  Matcher(std::string_view text, std::string_view pattern, bool anchors,
          std::span<PatternFrame> frames);
  static size_t frames_needed(std::string_view pattern);

  void move_to(PatternFrame* frames);  // of the same number

  void search(size_t from);    // for the first match at `from` or later
  void search_on();            // for the next match, after one was found
  Outcome run(int64_t slice);  // paused: call again

  size_t match_start() const { return attempt_; }
  size_t match_end() const { return at_; }
  std::span<const Capture> captures() const { return {captures_, static_cast<size_t>(level_)}; }
  std::string_view text() const { return text_; }
  bool anchored() const { return anchored_; }
  int64_t spent() const { return spent_; }
  const char* problem() const { return problem_; }  // of malformed, in Lua's words

 private:
  enum class Mode : uint8_t { attempt, item, grow, back, matched, failed, malformed };

  Mode attempt();
  Mode item();
  Mode quantified(uint32_t after);
  Mode grow();
  Mode back();
  Mode longest_back(PatternFrame& frame);
  Mode shortest_back(PatternFrame& frame);
  Mode open_capture();
  Mode close_capture();
  Mode balance();
  Mode frontier();
  Mode back_reference();
  Mode next_attempt();
  Mode broken(const char* problem);
  Mode push(PatternFrame frame, Mode next);

  bool item_end(uint32_t start, uint32_t& after);  // false: malformed
  bool single(size_t at, uint32_t start, uint32_t after) const;
  bool set_has(unsigned char c, uint32_t start, uint32_t last) const;
  char pattern_at(size_t i) const { return i < pattern_.size() ? pattern_[i] : '\0'; }

  std::string_view text_, pattern_;
  PatternFrame* frames_;
  int frames_max_;
  int frame_count_ = 0;
  int level_ = 0;
  Mode mode_ = Mode::failed;
  bool anchored_ = false;
  char first_ = '\0';  // the literal that every match begins with
  bool has_first_ = false;
  uint32_t item_ = 0;  // in the pattern
  size_t at_ = 0;      // in the text
  size_t attempt_ = 0;
  size_t refused_end_;  // a match that ends here is not taken (it would repeat an empty one)
  int64_t spent_ = 0, budget_;
  const char* problem_ = "";
  Capture captures_[kCapturesMax];
};

}  // namespace engine::lua
