#include "engine/cli/man.h"

#include "engine/base/text.h"
#include "engine/cli/command.h"
#include "engine/cli/exit_codes.h"

#ifndef ENGINE_VERSION
#define ENGINE_VERSION "0.1.0"
#endif

namespace engine::cli {

namespace {

// Text as roff takes it: no backslash, no hyphen that may break, no line that looks like a macro.
std::string roff(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else if (c == '"')
      result += "\\(dq";
    else if (c == '`')
      result += "\\(ga";
    else
      result += c == '\n' ? ' ' : c;
  }
  if (!result.empty() && (result[0] == '.' || result[0] == '\'')) result.insert(0, "\\&");
  return result;
}

// "engine config show" -> "engine-config-show"
std::string page_name(std::string_view command) {
  std::string name = "engine";
  for (const std::string_view word : split(command, ' ')) name += "-" + std::string(word);
  return name;
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::string heading(const std::string& name, std::string_view summary) {
  std::string about(summary);
  if (about.ends_with('.')) about.pop_back();
  if (!about.empty() && about[0] >= 'A' && about[0] <= 'Z')
    about[0] = static_cast<char>(about[0] - 'A' + 'a');
  return ".\\\" Made by `engine docs --man`; do not edit.\n.TH " + roff(upper(name)) +
         " 1 \"\" \"engine " ENGINE_VERSION "\" \"User Commands\"\n.SH NAME\n" + roff(name) +
         " \\- " + roff(about) + "\n";
}

std::string item(const std::string& tag, std::string_view text) {
  return ".TP\n" + tag + "\n" + roff(text) + "\n";
}

std::string flag_items(const std::vector<Flag>& flags) {
  std::string text;
  for (const Flag& flag : flags) {
    std::string tag = ".BR ";
    if (flag.letter) tag += roff(std::string("-") + flag.letter) + " \", \" ";
    tag += roff((flag.negatable ? "--[no-]" : "--") + flag.name);
    if (!flag.value.empty()) tag += " \" " + roff(flag.value) + "\"";
    text += item(tag, flag.help);
  }
  return text;
}

std::string example_items(const std::vector<Example>& examples) {
  std::string text;
  for (const Example& example : examples) text += item(".B " + roff(example.line), example.what);
  return text;
}

std::string page_of(const Command& command) {
  std::string text = heading(page_name(command.name), command.summary);
  text += ".SH SYNOPSIS\n.B engine\n" + roff(command.usage) + "\n";
  text += ".SH DESCRIPTION\n" + roff(command.summary) + "\n";
  if (!command.details.empty()) text += ".PP\n" + roff(command.details) + "\n";
  text += ".SH OPTIONS\n" + flag_items(command.flags);
  text += "The flags of every command, the exit codes and the files are described in\n.BR " +
          roff("engine") + " (1).\n";
  if (!command.examples.empty()) text += ".SH EXAMPLES\n" + example_items(command.examples);
  return text + ".SH SEE ALSO\n.BR engine (1)\n";
}

std::string program_page() {
  std::string text = heading("engine", "Runs operations work: runbooks in Lua, durably recorded.");
  text += ".SH SYNOPSIS\n.B engine\n.I COMMAND\n.RI [ ARGUMENT \" ...]\"\n.SH DESCRIPTION\n";
  text += roff(
              "Runbooks are plain Lua scripts; what they do to the outside goes through operations "
              "of plugins, is permitted by the runbook and recorded in a journal.") +
          "\n.SH COMMANDS\n";
  std::string also;
  for (const CommandEntry& entry : commands()) {
    const Command command = entry.make();
    if (command.hidden) continue;
    const std::string name = page_name(command.name);
    text += item(".BR " + roff(name) + " (1)", command.summary);
    also += (also.empty() ? ".BR " : " \", \"\n.BR ") + roff(name) + " (1)";
  }
  for (size_t at = also.find("(1) \", \"\n"); at != also.npos; at = also.find("(1) \", \"\n"))
    also.replace(at, 9, "(1),\n");
  text += ".SH OPTIONS\nEvery command knows these.\n" + flag_items(global_flags());
  text += ".SH EXIT STATUS\n";
  for (const ExitMeaning& exit : kExitMeanings)
    text += item(".B " + std::to_string(exit.code), exit.meaning);
  text += ".SH FILES\n";
  text += item(".I /etc/engine/engine.toml",
               "The configuration. `engine config show` says what "
               "holds and where it comes from.");
  text += item(".I /etc/engine/runbooks", "Runbooks, found by name.");
  text += item(".I /var/lib/engine", "The store of root's runs.");
  return text + ".SH SEE ALSO\n" + also + "\n";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> man_pages() {
  std::vector<std::pair<std::string, std::string>> pages = {{"engine.1", program_page()}};
  for (const CommandEntry& entry : commands()) {
    const Command command = entry.make();
    if (!command.hidden) pages.emplace_back(page_name(command.name) + ".1", page_of(command));
  }
  return pages;
}

}  // namespace engine::cli
