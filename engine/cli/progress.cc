#include "engine/cli/progress.h"

#include <array>

#include "engine/base/text.h"
#include "engine/base/units.h"

namespace engine::cli {

namespace {

constexpr std::array<std::string_view, 10> kSpinner = {"⠋", "⠙", "⠹", "⠸", "⠼",
                                                       "⠴", "⠦", "⠧", "⠇", "⠏"};
constexpr size_t kFieldsMax = 2000;
constexpr size_t kPlannedArgumentsMax = 400;

std::string text_of(JsonElement entry, std::string_view name) {
  return made_visible(json_string(entry, name).value_or(""));
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return text;
}

std::string message_of(JsonElement entry) {
  const auto error = json_member(entry, "error");
  return error ? one_line(text_of(*error, "message")) : "";
}

std::string call_key(JsonElement entry) {
  return text_of(entry, "p") + "/" + std::to_string(json_integer(entry, "n").value_or(0));
}

std::string indent(int depth) { return std::string(static_cast<size_t>(depth) * 2, ' '); }

// {"a":1,"b":"x y"} -> a=1 b="x y"
std::string fields_text(JsonElement fields) {
  if (!fields.is_object()) return json_text(fields);
  std::string text;
  for (const auto& [key, value] : simdjson::dom::object(fields)) {
    text += " " + std::string(key) + "=";
    std::string_view plain;
    const bool bare = value.get(plain) == simdjson::SUCCESS && !plain.empty() &&
                      plain.find_first_of(" =\"\n") == plain.npos;
    text += bare ? std::string(plain) : json_text(value);
  }
  return shortened(text, kFieldsMax);
}

}  // namespace

void Progress::take(std::string_view text) {
  // Finished reads are most of a journal and are not shown.
  if (text.starts_with(R"({"t":"op")") && text.find(R"("planned":true)") == text.npos &&
      text.find(R"("op":"run")") == text.npos)
    return;
  Result<JsonDocument> document = read_json(text);
  if (!document) return;
  const JsonElement entry = document->root();
  const std::string_view kind = json_string(entry, "t").value_or("");
  if (kind == "attempt" || kind == "start") open_.clear(), calls_.clear();
  if (kind == "step") open_step(entry);
  if (kind == "end_step") close_step(entry);
  if (kind == "log") take_log(entry);
  if (kind == "queue") take_queue(entry);
  if (kind == "retry") take_retry(entry);
  if (kind == "call") {
    calls_[call_key(entry)] = {text_of(entry, "op"), json_integer(entry, "at").value_or(0),
                               static_cast<int>(json_integer(entry, "step").value_or(0))};
  }
  if (kind == "result") calls_.erase(call_key(entry));
  if (kind == "op") take_planned(entry), take_child(entry);
  if (kind == "report") {
    if (const auto value = json_member(entry, "value")) reported_.push_back(json_text(*value));
  }
}

void Progress::open_step(JsonElement entry) {
  const int id = static_cast<int>(json_integer(entry, "id").value_or(0));
  Step step;
  step.parent = static_cast<int>(json_integer(entry, "parent").value_or(0));
  step.name = one_line(text_of(entry, "name"));
  step.at = json_integer(entry, "at").value_or(0);
  if (const auto parent = open_.find(step.parent); parent != open_.end())
    step.depth = parent->second.depth + 1;
  if (!options_.live) say(step.depth, "step: " + step.name);
  open_[id] = std::move(step);
}

void Progress::close_step(JsonElement entry) {
  const auto found = open_.find(static_cast<int>(json_integer(entry, "id").value_or(0)));
  if (found == open_.end()) return;
  const Step step = std::move(found->second);
  open_.erase(found);
  const std::string took =
      human_duration(Millis(json_integer(entry, "at").value_or(step.at) - step.at));
  const std::string message = message_of(entry);
  if (options_.live) {
    const std::string mark =
        message.empty() ? terminal_.painted(Paint::green, "✓") : terminal_.painted(Paint::red, "✗");
    say(step.depth, mark + " " + step.name + "  " + terminal_.painted(Paint::dim, took) +
                        (message.empty() ? "" : "  " + message));
  } else if (message.empty()) {
    say(step.depth, "ok: " + step.name + " (" + took + ")");
  } else {
    say(step.depth, "failed: " + step.name + " (" + took + "): " + message);
  }
}

void Progress::take_log(JsonElement entry) {
  const std::string level = text_of(entry, "level");
  if (level == "debug" && !options_.debug) return;
  const Paint paint = level == "error" ? Paint::red : level == "warn" ? Paint::yellow : Paint::blue;
  std::string line = terminal_.painted(paint, level + ":") + " " + text_of(entry, "msg");
  if (const auto fields = json_member(entry, "fields")) {
    line += terminal_.painted(Paint::dim, made_visible(fields_text(*fields)));
  }
  say(depth_of(entry), line);
}

void Progress::take_queue(JsonElement entry) {
  std::string runs;
  if (const auto behind = json_member(entry, "behind")) {
    for (const JsonElement run : simdjson::dom::array(*behind))
      runs += (runs.empty() ? " behind run " : ", ") + made_visible(std::string_view(run));
  }
  say(0, terminal_.painted(Paint::yellow, "queued") +
             (runs.empty() ? ": as many runs of this process go on as limits.runs lets" : runs));
}

void Progress::take_retry(JsonElement entry) {
  say(depth_of(entry), terminal_.painted(Paint::yellow, "retry:") + " attempt " +
                           std::to_string(json_integer(entry, "next").value_or(0)) + " of " +
                           std::to_string(json_integer(entry, "attempts").value_or(0)) + " in " +
                           human_duration(Millis(json_integer(entry, "delay_ms").value_or(0))) +
                           ": " + message_of(entry));
}

void Progress::take_planned(JsonElement entry) {
  if (!json_boolean(entry, "planned").value_or(false)) return;
  std::string line = text_of(entry, "op");
  if (const auto args = json_member(entry, "args")) {
    line += " " + shortened(made_visible(json_text(*args)), kPlannedArgumentsMax);
  }
  line += "  " + terminal_.painted(Paint::dim, "(" + text_of(entry, "effect") + ", " +
                                                   text_of(entry, "line") + ")");
  if (const auto preview = json_member(entry, "preview")) {
    line += "\n       would answer " +
            shortened(made_visible(json_text(*preview)), kPlannedArgumentsMax);
  }
  planned_.push_back(std::move(line));
}

void Progress::take_child(JsonElement entry) {
  const auto id = json_string(entry, "ok");
  const auto args = json_member(entry, "args");
  if (json_string(entry, "op") != "run" || !id || !args) return;
  say(depth_of(entry), "run: " + text_of(*args, "runbook") + " is run " + made_visible(*id));
}

void Progress::say(int depth, std::string_view line) {
  said_ += indent(depth) + std::string(line) + "\n";
}

int Progress::depth_of(JsonElement entry) const {
  const auto step = open_.find(static_cast<int>(json_integer(entry, "step").value_or(0)));
  return step == open_.end() ? 0 : step->second.depth + 1;
}

std::vector<std::string> Progress::live(int64_t now_ms, int width, size_t lines_max,
                                        int frame) const {
  std::vector<std::string> lines;
  const std::string spinner(kSpinner[static_cast<size_t>(frame) % kSpinner.size()]);
  const auto add = [&](int depth, const std::string& mark, const std::string& text, int64_t since) {
    const std::string elapsed =
        "  " + human_duration(Millis(std::max<int64_t>(0, now_ms - since) / 100 * 100));
    const int room = width - depth * 2 - 2 - display_width(elapsed);
    const std::string shown = fitted(text, std::max(room, 4));
    lines.push_back(indent(depth) + terminal_.painted(Paint::blue, mark) + " " + shown +
                    terminal_.painted(Paint::dim, elapsed));
  };
  for (const auto& [id, step] : open_) {
    add(step.depth, spinner, step.name, step.at);
    for (const auto& [key, call] : calls_) {
      if (call.step == id) add(step.depth + 1, "·", call.operation, call.at);
    }
  }
  for (const auto& [key, call] : calls_) {
    if (call.step == 0) add(0, spinner, call.operation, call.at);
  }
  if (lines.size() > lines_max) {
    const size_t hidden = lines.size() - lines_max + 1;
    lines.erase(lines.begin(), lines.begin() + static_cast<long>(hidden));
    lines.insert(lines.begin(), fitted("… and " + std::to_string(hidden) + " more", width));
  }
  return lines;
}

std::string Progress::plan() const {
  if (planned_.empty()) return "plan: the run would change nothing\n";
  std::string text = "plan: what the run would do (nothing was changed)\n";
  for (size_t i = 0; i < planned_.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    text += std::string(number.size() < 4 ? 4 - number.size() : 0, ' ') + number + ". " +
            planned_[i] + "\n";
  }
  return text;
}

}  // namespace engine::cli
