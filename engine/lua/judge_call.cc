// The arguments of calls, as far as they are written as literals.
#include "engine/base/json.h"
#include "engine/base/json_read.h"
#include "engine/base/text.h"
#include "engine/lua/judge.h"
#include "engine/ops/check.h"
#include "engine/ops/check_value.h"

namespace engine::lua {
namespace {

// A list where no field has a name; a mixture is no JSON.
bool append_table(std::string& json, const Expression& table) {
  if (table.open) return false;
  const bool list = table.fields.empty() || table.fields[0].name.empty();
  json += list ? '[' : '{';
  for (size_t i = 0; i < table.fields.size(); ++i) {
    const Field& field = table.fields[i];
    if (field.name.empty() != list || (list && field.value.kind == Expression::Kind::nil))
      return false;
    if (field.value.kind == Expression::Kind::nil) continue;
    if (json.back() != '[' && json.back() != '{') json += ',';
    if (!list) {
      if (!is_utf8(field.name)) return false;
      append_json_string(json, field.name.starts_with('$') ? "$" + field.name : field.name);
      json += ':';
    }
    if (!append_literal(json, field.value)) return false;
  }
  json += list ? ']' : '}';
  return true;
}

const char* article(std::string_view word) {
  return word.starts_with('i') || word.starts_with('e') ? "an " : "a ";
}

}  // namespace

bool append_literal(std::string& json, const Expression& expression) {
  if (expression.kind == Expression::Kind::table) return append_table(json, expression);
  if (expression.kind != Expression::Kind::literal) return false;
  json += expression.text;
  return true;
}

void Judge::judge_call(const Call& call) {
  if (!is_settled(call.path) ||
      !registry_.is_plugin(call.path.text.substr(0, call.path.text.find('.'))))
    return;
  const auto op = registry_.find(call.path.text);
  if (op) {
    judge_arguments(**op, call);
    judge_permission(**op, call);
    return;
  }
  const auto below = registry_.children(call.path.text);
  if (op.error().code != code::kNotFound || !below || below->empty())
    return;  // said where the name is judged
  add(call.path.at, call.path.text + " is no operation, but holds some",
      "call one of them: " + call.path.text + "." + below->front() + "{...}");
}

void Judge::judge_arguments(const ops::Operation& op, const Call& call) {
  const auto& given = call.arguments;
  const bool one_table = given.size() == 1 && given[0].kind == Expression::Kind::table;
  const bool literal = !given.empty() && given[0].kind == Expression::Kind::literal;
  if (literal || (given.size() > 1 && given[0].kind == Expression::Kind::table)) {
    add(given[literal ? 0 : 1].at, op.name + " takes one table of named arguments",
        "write " + ops::signature(op));
    return;
  }
  if (!one_table && !given.empty()) return;
  bool complete = given.empty() || !given[0].open;
  if (one_table) {
    for (const Field& field : given[0].fields) {
      if (!field.name.empty()) {
        judge_parameter(op, field);
      } else {
        add(field.value.at, op.name + " takes named arguments only", "write " + ops::signature(op));
        complete = false;
        break;
      }
    }
  }
  for (const ops::Field& param : op.params) {
    if (!param.required || !complete) continue;
    bool present = false;
    if (one_table) {
      for (const Field& field : given[0].fields) {
        present =
            present || (field.name == param.name && field.value.kind != Expression::Kind::nil);
      }
    }
    if (!present)
      add(call.path.at, op.name + " needs the parameter '" + param.name + "'",
          "write " + ops::signature(op));
  }
}

void Judge::judge_parameter(const ops::Operation& op, const Field& given) {
  const ops::Field* param = op.param(given.name);
  if (!param) {
    std::vector<std::string> names;
    for (const ops::Field& each : op.params) names.push_back(each.name);
    const auto near = nearest(given.name, names);
    add(given.at, op.name + " has no parameter '" + given.name + "'",
        near ? "did you mean '" + *near + "'?" : "write " + ops::signature(op));
    return;
  }
  std::string json;
  if (!append_literal(json, given.value)) return;
  const auto document = read_json(json);
  if (!document) return;
  std::string ignored;
  JsonWriter writer(ignored);
  const auto problem = ops::write_checked(writer, *param, document->root(), ops::Form::as_written);
  if (!problem) return;
  const std::string_view type = ops::name_of(param->type);
  add(given.value.at, op.name + ": parameter '" + given.name + "' " + *problem,
      "it is " + (article(type) + std::string(type)) +
          (param->help.empty() ? "" : ": " + param->help));
}

}  // namespace engine::lua
