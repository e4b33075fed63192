// The argument check: what was given against what was declared, with errors that show the right
// call.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "engine/ops/operation.h"

namespace engine::ops {

enum class Form {
  normalised,  // durations in ms, sizes in bytes, times in ms since 1970: what an operation is
               // started with
  as_written,  // "1h" stays "1h": what a runbook sees in ctx.params
};

// The arguments (a JSON object), complete with defaults. `subject` opens every error ("fs.read",
// "quickstart"), `what` names one field in them ("parameter", "setting").
Result<std::string> check_fields(std::string_view subject, std::string_view what,
                                 std::span<const Field> fields, std::string_view given, Form form);

// The same for a call; errors carry the operation and, as hint, the right call.
Result<std::string> check_args(const Operation& op, std::string_view given);

// fs.read{ path = <string>, [limit = <size>] }
std::string signature(const Operation& op);

// Checks a declaration's own default and limits, which plugins give as text, and fills the field
// from them.
Result<void> set_default(Field& field, std::string_view json);
Result<double> parse_limit(Type type, std::string_view text);

// Whether a dry run's placeholder or a secret's reference stands anywhere in this JSON text.
bool holds_placeholder(std::string_view json);
bool holds_secret(std::string_view json);

// Replaces, in a JSON object of these fields, what must not be told: values of sensitive fields,
// and what was given for a secret. References to secrets tell nothing and stay.
using Instead = std::function<std::string(std::string_view value)>;
void replace_sensitive(std::span<const Field> fields, std::string& json, const Instead& instead);
inline constexpr std::string_view kHidden = R"({"$hidden":true})";
void redact(std::span<const Field> fields, std::string& json);  // by kHidden

// What the target parameter says: its text, or its first item.
std::string target_of(const Operation& op, std::string_view args);

}  // namespace engine::ops
