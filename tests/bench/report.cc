// Runs the measuring programs one after the other and makes a table and build/bench.json of what
// they say.
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "engine/base/json_read.h"

using namespace engine;

namespace {

struct Row {
  std::string name = {}, ours = {}, peer = {}, ratio = {}, goal = {}, verdict = {};
};

std::string text_of(const char* format, double value, const std::string& unit) {
  char text[64];
  std::snprintf(text, sizeof text, format, value, unit.c_str());
  return text;
}

std::string figure(double value, const std::string& unit) {
  return text_of(value >= 1000 ? "%.0f %s" : "%.3g %s", value, unit);
}

double number(JsonElement line, const char* name) {
  double value = 0;
  return line[name].get(value) == simdjson::SUCCESS ? value : 0;
}

Row row_of(JsonElement line) {
  const std::string unit(json_string(line, "unit").value_or(""));
  const std::string peer(json_string(line, "peer_name").value_or(""));
  const std::string sign = json_string(line, "better") == "lower" ? "<= " : ">= ";
  Row row{.name = std::string(json_string(line, "name").value_or("?")),
          .ours = figure(number(line, "ours"), unit),
          .verdict = json_boolean(line, "pass").value_or(false) ? "pass" : "MISS"};
  if (!peer.empty()) {
    row.peer = peer + ": " + figure(number(line, "peer"), unit);
    row.ratio = text_of("%.3gx%s", number(line, "ratio"), "");
  }
  if (number(line, "value_goal") != 0) row.goal = sign + figure(number(line, "value_goal"), unit);
  if (number(line, "ratio_goal") != 0) {
    row.goal +=
        (row.goal.empty() ? "" : ", ") + sign + text_of("%.3gx%s", number(line, "ratio_goal"), "");
  }
  return row;
}

// Lines that are no JSON objects are a program's own words and are passed on.
void run(const std::string& program, std::vector<Row>& rows, std::vector<std::string>& lines) {
  std::FILE* out = popen(program.c_str(), "r");
  if (!out) return;
  std::string line;
  for (int byte = std::fgetc(out); byte != EOF; byte = std::fgetc(out)) {
    if (byte != '\n') {
      line += static_cast<char>(byte);
      continue;
    }
    if (Result<JsonDocument> document = read_json(line); document && document->root().is_object()) {
      rows.push_back(row_of(document->root()));
      lines.push_back(line);
      std::fprintf(stderr, "bench: %s: %s\n", rows.back().name.c_str(), rows.back().ours.c_str());
    } else {
      std::fprintf(stderr, "bench: %s\n", line.c_str());
    }
    line.clear();
  }
  if (pclose(out) != 0) {
    rows.push_back({.name = program, .verdict = "failed"});
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<Row> rows;
  std::vector<std::string> lines;
  for (int i = 1; i < argc; ++i) run(argv[i], rows, lines);

  const char* format = "%-44s %14s  %-34s %8s  %-24s %s\n";
  std::printf(format, "what", "ours", "peer", "ratio", "goal", "");
  for (const Row& row : rows) {
    std::printf(format, row.name.c_str(), row.ours.c_str(), row.peer.c_str(), row.ratio.c_str(),
                row.goal.c_str(), row.verdict.c_str());
  }
  std::ofstream file("build/bench.json");
  file << "[";
  for (size_t i = 0; i < lines.size(); ++i) file << (i ? ",\n " : "") << lines[i];
  file << "]\n";
}
