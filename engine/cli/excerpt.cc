#include "engine/cli/excerpt.h"

namespace engine::cli {

std::string excerpt(std::string_view source, int line, int column, const Terminal& terminal) {
  const std::string number = std::to_string(line);
  std::string shown, before;
  for (size_t i = 0; i < source.size(); ++i) {
    if (static_cast<int>(i) + 1 == column) before = shown;
    shown += source[i] == '\t' ? "    " : std::string(1, source[i]);
  }
  if (static_cast<size_t>(column) > source.size()) before = shown;
  shown = made_visible(shown);
  std::string text = "  " + terminal.painted(Paint::dim, number + " |") + " " + shown + "\n";
  if (column < 1) return text;
  const std::string gap(static_cast<size_t>(display_width(made_visible(before))), ' ');
  text += "  " + std::string(number.size(), ' ') + terminal.painted(Paint::dim, " |") + " " + gap +
          terminal.painted(Paint::red, "^") + "\n";
  return text;
}

std::string problem_text(const config::Problem& problem, std::string_view severity,
                         const Terminal& terminal) {
  std::string place = problem.file;
  if (problem.line > 0)
    place += ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
  const Paint paint = severity == "error" ? Paint::red : Paint::yellow;
  std::string text = terminal.painted(Paint::bold, made_visible(place) + ":") + " " +
                     terminal.painted(paint, std::string(severity) + ":") + " " +
                     made_visible(problem.message) + "\n";
  if (!problem.source.empty())
    text += excerpt(problem.source, problem.line, problem.column, terminal);
  if (!problem.hint.empty())
    text += "  " + terminal.painted(Paint::bold, "hint:") + " " + made_visible(problem.hint) + "\n";
  return text;
}

}  // namespace engine::cli
