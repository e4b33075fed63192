#include "engine/cli/screen.h"

#include <csignal>
#include <cstdio>

#include "engine/base/text.h"
#include "engine/cli/report.h"
#include "engine/loop/signal.h"
#include "engine/loop/timer.h"

namespace engine::cli {

namespace {

constexpr Millis kFrame{100};
constexpr size_t kLinesMax = 12;

}  // namespace

Screen::Screen(Session& session, Loop& loop, const Clock& clock, std::string label,
               std::string_view past)
    : session_(session),
      loop_(loop),
      clock_(clock),
      label_(std::move(label)),
      live_(session.err.is_terminal && !session.quiet && label_.empty()),
      progress_({live_, session.log_debug()}, session.err) {
  if (const Result<JsonDocument> entries = read_json(past); entries && entries->root().is_array()) {
    for (const JsonElement entry : simdjson::dom::array(entries->root()))
      progress_.take(json_text(entry));
    static_cast<void>(progress_.said());
    static_cast<void>(progress_.reported());
  }
  if (!live_) return;
  timer_ = start_timer(loop_, kFrame, [this] { tick(); });
  resized_ = watch_signal(loop_, SIGWINCH, [this] {
    erase();
    draw();
  });
}

Screen::~Screen() { erase(); }

void Screen::entry(std::string_view entry) {
  progress_.take(entry);
  const std::string said = progress_.said();
  const std::vector<std::string> reports = progress_.reported();
  if (said.empty() && reports.empty()) return;
  erase();
  session_.say(labelled(said));
  for (const std::string& report : reports) {
    reported_ = true;
    // The data is the run's result where a program reads it; then a report is talk.
    if (session_.format == Format::table) {
      session_.print(report_text(report, session_.out));
      std::fflush(stdout);
    } else {
      session_.say(report_text(report, session_.err));
    }
  }
  draw();
}

std::string Screen::labelled(const std::string& lines) const {
  if (label_.empty()) return lines;
  std::string text;
  for (const std::string_view line : split(trim(lines), '\n'))
    text += label_ + " " + std::string(line) + "\n";
  return text;
}

void Screen::say(std::string_view line) {
  erase();
  session_.say(line);
  draw();
}

void Screen::stop() {
  erase();
  timer_.reset();
  resized_.reset();
  live_ = false;
}

void Screen::tick() {
  ++frame_;
  erase();
  draw();
  timer_ = start_timer(loop_, kFrame, [this] { tick(); });
}

// A line that was drawn before the window became narrower takes several rows now.
void Screen::erase() {
  if (drawn_.empty()) return;
  const int width = session_.err.width();
  int rows = 0;
  for (const int columns : drawn_) rows += columns <= width ? 1 : (columns + width - 1) / width;
  drawn_.clear();
  session_.say("\r\x1b[" + std::to_string(rows) + "A\x1b[J");
}

void Screen::draw() {
  if (!live_ || frame_ == 0) return;
  const int width = session_.err.width() - 1;
  std::string text;
  for (const std::string& line : progress_.live(clock_.wall_ms(), width, kLinesMax, frame_)) {
    drawn_.push_back(display_width(line));
    text += line + "\n";
  }
  session_.say(text);
}

}  // namespace engine::cli
