// Rows as aligned columns.
#pragma once

#include <string>
#include <vector>

#include "engine/cli/terminal.h"

namespace engine::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> heading) : heading_(std::move(heading)) {}

  // Cells may be painted; the last column is cut where the terminal is too narrow, the others
  // never.
  Table& row(std::vector<std::string> cells);
  Table& right_aligned(size_t column);
  bool empty() const { return rows_.empty(); }

  std::string text(const Terminal& terminal) const;

 private:
  std::vector<std::string> heading_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<size_t> right_;
};

}  // namespace engine::cli
