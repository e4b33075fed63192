#include "engine/cli/session.h"

#include <unistd.h>

#include <cstdio>

#include "engine/base/files.h"
#include "engine/base/log.h"
#include "engine/base/text.h"
#include "engine/cli/excerpt.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/help.h"
#include "engine/cli/table.h"

namespace engine::cli {

namespace {

log::Level level_of(std::string_view name) {
  if (name == "debug") return log::Level::debug;
  if (name == "info") return log::Level::info;
  if (name == "error") return log::Level::error;
  if (name == "off") return log::Level::off;
  return log::Level::warn;
}

void write_all(std::FILE* file, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), file);
}

}  // namespace

Session::Session(Variables given) : variables(std::move(given)) {
  out = Terminal::of(STDOUT_FILENO, color_, variables);
  err = Terminal::of(STDERR_FILENO, color_, variables);
}

Result<void> Session::take_global_flags(const Parsed& parsed) {
  if (const auto dir = parsed.value("state-dir")) overrides_["state_dir"] = *dir;
  if (const auto file = parsed.value("config")) {
    if (file->empty())
      return engine::fail(code::kInvalidArgument, "--config needs the name of a file");
    config_file_ = *file;
  }
  if (const auto text = parsed.value("output")) {
    if (*text == "table")
      format = Format::table;
    else if (*text == "json")
      format = Format::json;
    else if (*text == "jsonl")
      format = Format::jsonl;
    else
      return engine::fail(code::kInvalidArgument, "no output format named '" + *text + "'",
                          "use table, json or jsonl");
  }
  if (const auto text = parsed.value("color")) {
    if (*text == "auto")
      color_ = ColorWish::automatic;
    else if (*text == "always")
      color_ = ColorWish::always;
    else if (*text == "never")
      color_ = ColorWish::never;
    else
      return engine::fail(code::kInvalidArgument, "--color cannot be '" + *text + "'",
                          "use auto, always or never");
    out = Terminal::of(STDOUT_FILENO, color_, variables);
    err = Terminal::of(STDERR_FILENO, color_, variables);
  }
  quiet = quiet || parsed.has("quiet");
  return {};
}

void Session::take_settings_ahead(std::span<const std::string> arguments) {
  for (size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    const std::string& argument = arguments[i];
    for (const std::string name : {"state-dir", "config"}) {
      std::optional<std::string> value;
      if (argument.starts_with("--" + name + "=")) value = argument.substr(name.size() + 3);
      if (argument == "--" + name && i + 1 < arguments.size()) value = arguments[i + 1];
      if (!value || value->empty()) continue;  // what is wrong with it is said later
      (name == "config" ? config_file_ : overrides_["state_dir"]) = *value;
    }
  }
}

std::expected<Parsed, int> Session::parse(const Command& command,
                                          std::span<const std::string> arguments,
                                          const Parsing& parsing) {
  std::vector<Flag> flags = command.flags;
  flags.insert(flags.end(), parsing.more.begin(), parsing.more.end());
  flags.insert(flags.end(), global_flags().begin(), global_flags().end());
  Result<Parsed> parsed = cli::parse(arguments, flags, parsing.stop);
  if (!parsed) return std::unexpected(usage_error(parsed.error(), command));
  if (Result<void> taken = take_global_flags(*parsed); !taken) {
    return std::unexpected(usage_error(taken.error(), command));
  }
  if (parsed->has("help") && (parsing.stop == StopAt::end || parsed->words.empty())) {
    print(command_help(command, out, parsing.more, parsing.more_heading));
    return std::unexpected(kExitOk);
  }
  take_settings_ahead(parsed->rest);
  if (parsed->has("help")) parsed->rest.push_back("--help");
  if (parsed->words.size() > command.words_max) {
    const std::string& word = parsed->words[command.words_max];
    const Error error(code::kInvalidArgument, "'" + shortened(word, 60) + "' is one word too many");
    return std::unexpected(usage_error(error, command));
  }
  if (parsed->words.size() < command.words_min) {
    return std::unexpected(
        usage_error(Error(code::kInvalidArgument, "a word is missing"), command));
  }
  return std::move(*parsed);
}

config::Sources Session::config_sources() const {
  config::Sources sources;
  sources.file = config_file_;
  sources.variables = variables;
  sources.flags = overrides_;
  sources.root = geteuid() == 0;
  sources.folders = config::folders_beside(program_folder());
  return sources;
}

std::expected<const config::Config*, int> Session::config() {
  if (config_) return &*config_;
  config::Loaded loaded = config::load(config_sources());
  for (const config::Problem& problem : loaded.warnings) say(problem_text(problem, "warning", err));
  for (const config::Problem& problem : loaded.problems) {
    write_all(stderr, problem_text(problem, "error", err));
  }
  if (!loaded.problems.empty()) return std::unexpected(kExitConfig);
  config_ = std::move(loaded.config);
  log::set_level(level_of(config_->log_level));
  return &*config_;
}

void Session::print(std::string_view text) const { write_all(stdout, text); }

void Session::print_list(const std::vector<std::string>& items) const {
  std::string text = format == Format::jsonl ? "" : "[";
  for (const std::string& item : items) {
    if (format != Format::jsonl && &item != &items.front()) text += ",";
    text += format == Format::jsonl ? item + "\n" : item;
  }
  print(format == Format::jsonl ? text : text + "]\n");
}

void Session::print_list(const Table& table, const std::vector<std::string>& items) const {
  if (format == Format::table) return print(table.text(out));
  print_list(items);
}

void Session::say(std::string_view text) const {
  if (!quiet) write_all(stderr, text);
}

void Session::complain(std::string_view text) const {
  std::fflush(stdout);
  write_all(stderr, text);
}

int Session::fail(const Error& error) const {
  std::fflush(stdout);
  write_all(stderr, error_text(error, err));
  return exit_of(error);
}

int Session::usage_error(const Error& error, const Command& command) const {
  std::string text = error_text(error, err);
  text += "usage: engine " + command.usage + "\n";
  text += "`engine " + command.name + " --help` tells more\n";
  write_all(stderr, text);
  return kExitUsage;
}

std::string hint_text(std::string_view hint, const Terminal& terminal) {
  if (hint.empty()) return "";
  const std::string shown = made_visible(hint) + "\n";
  return hint.front() == ' ' ? shown : terminal.painted(Paint::bold, "hint:") + " " + shown;
}

std::string error_text(const Error& error, const Terminal& terminal) {
  std::string text =
      terminal.painted(Paint::red, "error:") + " " + made_visible(error.message) + "\n";
  return text + hint_text(error.hint, terminal);
}

}  // namespace engine::cli
