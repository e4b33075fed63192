// A Lua plugin's declaration, checked field by field; a fault names its line.
#include "engine/lua/plugin.h"

#include <algorithm>
#include <map>

#include "engine/lua/declared.h"
#include "engine/lua/interpreter.h"
#include "engine/lua/lexer.h"
#include "engine/ops/permission.h"
#include "engine/ops/registry.h"

namespace engine::lua {
namespace {

using Object = simdjson::dom::object;

constexpr size_t kDeclarationMemory = 16 << 20;
constexpr Millis kDeclarationTime{2000};

const std::vector<std::string> kFields = {"summary", "version", "config", "uses", "operations"};
const std::vector<std::string> kOperationFields = {
    "summary", "effect", "idempotent", "timeout", "target", "params", "results", "errors", "run"};

// A file that declares reaches nothing but modules.
class Declaring final : public Outside {
 public:
  Declaring(const PluginSource& plugin, const FindModule& modules)
      : plugin_(plugin), modules_(modules) {}

  TaskPtr call(const Place&, std::string_view, std::string, int, const Position&, Done) override {
    return nullptr;  // the top level cannot wait, so that this is not reached
  }
  TaskPtr wait(const Place&, int64_t, std::string_view, const Position&, Done) override {
    return nullptr;
  }
  void step_opened(int, int, std::string_view, const Position&) override {}
  void step_closed(int, const Error*) override {}
  void retrying(int, int, int, int64_t, const Error&) override {}
  void log(std::string_view, std::string_view, std::string, int) override {}
  void report(std::string) override {}
  int64_t now_ms() override { return 0; }
  uint64_t random_seed() override { return 0; }
  Result<Module> module(std::string_view name, std::string_view) override {
    if (modules_) return modules_(name, plugin_.file);
    return fail(code::kNotFound, "there is no module '" + std::string(name) + "'");
  }

 private:
  const PluginSource& plugin_;
  const FindModule& modules_;
};

class Reader {
 public:
  Reader(const PluginSource& plugin, PluginDeclaration& into) : plugin_(plugin), into_(into) {}

  Result<void> read(JsonElement root) {
    Object object;
    if (root.get(object)) return refuse(1, {"a plugin is a table with named fields", "", ""});
    for (const auto& [key, value] : object) {
      if (Checked fault = field(key, value))
        return refuse(fault_line_ ? fault_line_ : line(1, fault->word), *fault);
    }
    if (into_.summary.empty())
      return refuse(1, {"the plugin has no summary", "summary = \"Does this and that.\"", ""});
    if (into_.operations.empty())
      return refuse(1, {"the plugin has no operations",
                        "operations = { [\"thing.get\"] = { ... } }", "operations"});
    return {};
  }

 private:
  int line(int from, std::string_view word) const { return line_of(plugin_.text, from, word); }
  Result<void> refuse(int at, const Fault& fault) const {
    return fail(located(plugin_.source, plugin_.text, at, fault));
  }

  Checked field(std::string_view key, JsonElement value) {
    if (key == "config") return read_fields("config", into_.config, value);
    if (key == "operations") return operations(value);
    if (key == "uses") {
      if (Checked fault = read_texts("uses", "{ \"process.exec\" }", into_.uses, value))
        return fault;
      const auto parsed = ops::parse_grants(into_.uses);
      if (!parsed) return Fault{"uses: " + parsed.error().message, parsed.error().hint, "uses"};
      return {};
    }
    const std::optional<std::string> text = json_bytes(value);
    if (key == "summary" || key == "version") {
      if (!text) return Fault{std::string(key) + " is a text", "", std::string(key)};
      (key == "summary" ? into_.summary : into_.version) = *text;
      return {};
    }
    return Fault{"there is no " + in_quotes(key) + " in a plugin", did_you_mean(key, kFields),
                 std::string(key)};
  }

  Checked operations(JsonElement value) {
    Object object;
    if (value.get(object))
      return Fault{"operations is a table of operations by name",
                   "operations = { [\"thing.get\"] = { ... } }", "operations"};
    for (const auto& [key, declared] : object) {
      const std::string name(key);
      const std::vector<int> lines = declared_at(name);
      const int at = lines.empty() ? line(1, name) : lines.front();
      if (lines.size() > 1) {
        fault_line_ = lines[1];
        return Fault{"operation '" + plugin_.name + "." + name + "' is declared twice",
                     "the first one is in line " + std::to_string(lines[0]), name};
      }
      ops::Operation operation;
      operation.name = plugin_.name + "." + name;
      if (Checked fault = read_operation(operation, declared)) {
        fault_line_ = fault->word.empty() ? at : line(at, fault->word);
        fault->message.insert(0, "operation '" + operation.name + "': ");
        return fault;
      }
      into_.operations.push_back(std::move(operation));
    }
    return {};
  }

  // Lua forgets the first of two equal keys of a table: the text tells.
  std::vector<int> declared_at(const std::string& name) const {
    std::vector<int> lines;
    const std::vector<Token> tokens = tokens_of(plugin_.text);
    for (size_t i = 0; i + 3 < tokens.size(); ++i) {
      const Token& word = tokens[i + 1];
      if (tokens[i].is("[") && word.kind == Token::Kind::string && tokens[i + 2].is("]") &&
          tokens[i + 3].is("=") && string_value(word) == name)
        lines.push_back(word.line);
    }
    return lines;
  }

  static Checked read_operation(ops::Operation& operation, JsonElement value) {
    Object object;
    if (value.get(object)) return Fault{"it is a table", "", ""};
    bool runs = false;
    for (const auto& [key, member] : object) {
      if (key == "run") {
        bool function = false;
        runs = !member.get(function) && function;
      } else if (Checked fault = operation_field(operation, key, member)) {
        return fault;
      }
    }
    if (!runs) return Fault{"it has no function named run", "add run = function(args) ... end", ""};
    for (const ops::Field& result : operation.results) {
      if (result.help.empty()) return Fault{"results." + result.name + " has no help", "", ""};
    }
    return {};
  }

  static Checked operation_field(ops::Operation& operation, std::string_view key,
                                 JsonElement value) {
    const std::string name(key);
    if (key == "params") return read_fields(name, operation.params, value);
    if (key == "results") return read_fields(name, operation.results, value);
    if (key == "errors") return read_texts(name, "{ \"NOT_FOUND\" }", operation.errors, value);
    if (key == "timeout") return read_duration(name, operation.timeout, value);
    if (key == "idempotent") {
      if (value.get(operation.idempotent)) return Fault{"idempotent is true or false", "", name};
      return {};
    }
    if (!std::ranges::count(kOperationFields, key))
      return Fault{"there is no " + in_quotes(key) + " in an operation",
                   did_you_mean(key, kOperationFields), name};
    const std::optional<std::string> text = json_bytes(value);
    if (!text) return Fault{name + " is a text", "", name};
    if (key == "summary") operation.summary = *text;
    if (key == "target") operation.target = *text;
    if (key == "effect") return read_effect(operation, *text);
    return {};
  }

  static Checked read_effect(ops::Operation& operation, const std::string& text) {
    for (const ops::Effect effect :
         {ops::Effect::read, ops::Effect::change, ops::Effect::destroy}) {
      if (name_of(effect) != text) continue;
      operation.effect = effect;
      return {};
    }
    return Fault{"there is no effect " + in_quotes(text), "it is read, change or destroy", text};
  }

  const PluginSource& plugin_;
  PluginDeclaration& into_;
  int fault_line_ = 0;
};

}  // namespace

Result<PluginDeclaration> read_plugin(const PluginSource& plugin, ops::Registry& registry,
                                      const FindModule& modules) {
  Declaring outside(plugin, modules);
  Limits limits;
  limits.memory_bytes = kDeclarationMemory;
  limits.cpu = kDeclarationTime;
  Result<std::unique_ptr<Interpreter>> interpreter = Interpreter::create(limits, registry, outside);
  if (!interpreter) return fail(std::move(interpreter.error()));
  Result<std::string> declared = (*interpreter)->declare(plugin.source, plugin.text);
  if (!declared) return fail(std::move(declared.error()));
  const Result<JsonDocument> document = read_json(*declared);
  if (!document) return fail(document.error());
  PluginDeclaration declaration;
  if (Result<void> read = Reader(plugin, declaration).read(document->root()); !read)
    return fail(std::move(read.error()));
  return declaration;
}

}  // namespace engine::lua
