#include "engine/cli/table.h"

#include <algorithm>

namespace engine::cli {

namespace {

constexpr std::string_view kGap = "  ";
constexpr int kLastColumnMin = 8;

}  // namespace

Table& Table::row(std::vector<std::string> cells) {
  cells.resize(heading_.size());
  rows_.push_back(std::move(cells));
  return *this;
}

Table& Table::right_aligned(size_t column) {
  right_.push_back(column);
  return *this;
}

std::string Table::text(const Terminal& terminal) const {
  std::vector<int> widths;
  for (const std::string& name : heading_) widths.push_back(display_width(name));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  int before_last = 0;
  for (size_t i = 0; i + 1 < widths.size(); ++i)
    before_last += widths[i] + static_cast<int>(kGap.size());
  const int last_max = std::max(kLastColumnMin, terminal.width() - before_last);

  std::string result;
  const auto append = [&](const std::vector<std::string>& cells, Paint paint) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      const bool last = i + 1 == cells.size();
      const bool right = std::ranges::count(right_, i) > 0;
      // A painted cell is never cut: its escape sequence could be left open.
      const bool cut = last && terminal.is_terminal && cells[i].find('\x1b') == std::string::npos;
      const std::string cell = cut ? fitted(cells[i], last_max) : cells[i];
      const std::string padding(static_cast<size_t>(std::max(0, widths[i] - display_width(cell))),
                                ' ');
      line += right ? padding : "";
      line += terminal.painted(paint, cell);
      if (last) break;
      line += right ? "" : padding;
      line += kGap;
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    result += line + "\n";
  };
  append(heading_, Paint::bold);
  for (const auto& row : rows_) append(row, Paint::none);
  return result;
}

}  // namespace engine::cli
