// Draws a run's progress: lines for good above, the lines that change below, of which only our own
// are ever redrawn.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/cli/progress.h"
#include "engine/cli/session.h"
#include "engine/loop/loop.h"

namespace engine::cli {

class Screen {
 public:
  // With a label before each line nothing is redrawn, since other runs draw beside it. `past` are
  // entries (a JSON array) from before, which are not shown; empty: none.
  Screen(Session& session, Loop& loop, const Clock& clock, std::string label = {},
         std::string_view past = {});
  ~Screen();  // erases what changes

  void entry(std::string_view entry);  // of the run's journal
  void say(std::string_view line);
  void stop();  // no more drawing
  bool reported() const { return reported_; }
  std::string plan() const { return progress_.plan(); }

 private:
  std::string labelled(const std::string& lines) const;
  void tick();
  void erase();
  void draw();

  Session& session_;
  Loop& loop_;
  const Clock& clock_;
  const std::string label_;
  bool live_;
  Progress progress_;
  std::vector<int> drawn_;  // the widths of the lines that are on the screen
  int frame_ = 0;
  bool reported_ = false;
  TaskPtr timer_, resized_;
};

}  // namespace engine::cli
