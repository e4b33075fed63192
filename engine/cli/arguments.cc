#include "engine/cli/arguments.h"

#include <algorithm>

#include "engine/base/text.h"

namespace engine::cli {

namespace {

std::string dashed(std::string_view name) {
  std::string result(name);
  std::ranges::replace(result, '_', '-');
  return result;
}

class Parser {
 public:
  Parser(std::span<const std::string> arguments, std::span<const Flag> flags, StopAt stop)
      : arguments_(arguments), flags_(flags), stop_(stop) {}

  Result<Parsed> parse() {
    for (next_ = 0; next_ < arguments_.size();) {
      const std::string& argument = arguments_[next_++];
      if (argument == "--") {
        parsed_.words.insert(parsed_.words.end(), arguments_.begin() + static_cast<long>(next_),
                             arguments_.end());
        break;
      }
      Result<void> read = {};
      if (argument.starts_with("--")) {
        read = long_flag(std::string_view(argument).substr(2));
      } else if (argument.size() > 1 && argument[0] == '-') {
        read = letters(std::string_view(argument).substr(1));
      } else {
        parsed_.words.push_back(argument);
        if (stop_ == StopAt::first_word) {
          parsed_.rest.assign(arguments_.begin() + static_cast<long>(next_), arguments_.end());
          break;
        }
      }
      if (!read) return engine::fail(read.error());
    }
    return std::move(parsed_);
  }

 private:
  Result<void> long_flag(std::string_view text) {
    const size_t equals = text.find('=');
    const std::string name = dashed(text.substr(0, equals));
    std::optional<std::string_view> value;
    if (equals != text.npos) value = text.substr(equals + 1);
    for (const Flag& flag : flags_) {
      if (dashed(flag.name) == name) return take(flag, "--" + name, value);
      if (!flag.negatable || "no-" + dashed(flag.name) != name) continue;
      if (value) return fail(code::kInvalidArgument, "--" + name + " takes no value");
      parsed_.values.emplace_back(flag.name, "false");
      return {};
    }
    return unknown("--" + name);
  }

  Result<void> letters(std::string_view text) {
    while (!text.empty()) {
      const auto flag = std::ranges::find(flags_, text[0], &Flag::letter);
      const std::string shown = std::string("-") + text[0];
      if (flag == flags_.end()) return unknown(shown);
      text.remove_prefix(1);
      if (flag->value.empty()) {
        parsed_.values.emplace_back(flag->name, "true");
        continue;
      }
      std::optional<std::string_view> value;
      if (!text.empty()) value = text.substr(text[0] == '=' ? 1 : 0);
      return take(*flag, shown, value);
    }
    return {};
  }

  Result<void> take(const Flag& flag, const std::string& shown,
                    std::optional<std::string_view> value) {
    if (flag.value.empty()) {
      if (value && (!flag.negatable || (*value != "true" && *value != "false"))) {
        return fail(code::kInvalidArgument, shown + " takes no value");
      }
      parsed_.values.emplace_back(flag.name, value.value_or("true"));
      return {};
    }
    if (!value) {
      if (next_ >= arguments_.size()) {
        return fail(code::kInvalidArgument, shown + " needs a value",
                    "write " + shown + " " + flag.value);
      }
      value = arguments_[next_++];
    }
    parsed_.values.emplace_back(flag.name, *value);
    return {};
  }

  Result<void> unknown(const std::string& shown) const {
    std::vector<std::string> names;
    for (const Flag& flag : flags_) {
      names.push_back("--" + dashed(flag.name));
      if (flag.negatable) names.push_back("--no-" + dashed(flag.name));
    }
    const auto near = nearest(shown, names);
    return fail(code::kInvalidArgument, "no flag named " + shortened(shown, 60),
                near ? "did you mean " + *near + "?" : "");
  }

  std::span<const std::string> arguments_;
  std::span<const Flag> flags_;
  StopAt stop_;
  size_t next_ = 0;
  Parsed parsed_;
};

}  // namespace

bool Parsed::has(std::string_view flag) const { return value(flag).value_or("false") != "false"; }

std::optional<std::string> Parsed::value(std::string_view flag) const {
  std::optional<std::string> last;
  for (const auto& [name, text] : values) {
    if (name == flag) last = text;
  }
  return last;
}

Words Parsed::all(std::string_view flag) const {
  Words found;
  for (const auto& [name, text] : values) {
    if (name == flag) found.push_back(text);
  }
  return found;
}

Result<Parsed> parse(std::span<const std::string> arguments, std::span<const Flag> flags,
                     StopAt stop) {
  return Parser(arguments, flags, stop).parse();
}

}  // namespace engine::cli
