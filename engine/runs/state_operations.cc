// Declarations of the state operations, and how each reads or changes the table.
#include "engine/runs/state_operations.h"

#include <map>

#include "engine/base/json.h"
#include "engine/base/json_read.h"
#include "engine/store/state.h"

namespace engine::runs {

namespace {

using ops::CallInput;
using ops::Effect;
using ops::Field;
using ops::Operation;
using ops::Type;

constexpr int kListMax = 10'000;

// What a dry run has set (nothing: removed), by run and name.
using Overlay = std::map<std::string, std::map<std::string, std::optional<store::StateValue>>>;

struct Tools {
  Loop& loop;
  StoreNow store;
  const Clock& clock;
  Overlay overlay;
};
using ToolsPtr = std::shared_ptr<Tools>;

struct Asked {
  JsonDocument document;
  std::string text(std::string_view name) const {
    return std::string(json_string(document.root(), name).value_or(std::string_view()));
  }
  std::string json(std::string_view name) const {
    const auto member = json_member(document.root(), name);
    return member ? json_text(*member) : "null";
  }
  bool has(std::string_view name) const { return json_member(document.root(), name).has_value(); }
  int64_t integer(std::string_view name) const {
    return json_integer(document.root(), name).value_or(0);
  }
  int64_t expires_at(int64_t now) const { return has("ttl") ? now + integer("ttl") : 0; }
};

Asked asked(const CallInput& input) { return Asked{std::move(*read_json(input.args))}; }

void write_value(JsonWriter& writer, const store::StateValue& value) {
  writer.begin_object()
      .field("name", value.name)
      .field_raw("value", value.value)
      .field("version", value.version);
  if (value.expires_at_ms != 0) writer.field("expires_at", format_time_utc(value.expires_at_ms));
  writer.end_object();
}

std::string one_value(const std::optional<store::StateValue>& value) {
  if (!value) return "null";
  std::string json;
  JsonWriter writer(json);
  write_value(writer, *value);
  return json;
}

std::string version_json(int64_t version) {
  return "{\"version\":" + std::to_string(version) + "}";
}

Error conflict(const std::string& name) {
  return Error(code::kConflict, "the value of '" + name + "' is not the expected one",
               "read it again with state.get, and decide anew");
}

Result<std::optional<store::StateValue>> current(Tools& tools, const CallInput& input,
                                                 const std::string& name) {
  if (input.dry_run) {
    const auto run = tools.overlay.find(input.run);
    if (run != tools.overlay.end()) {
      if (const auto at = run->second.find(name); at != run->second.end()) return at->second;
    }
  }
  Result<store::Database*> database = tools.store()->reader();
  if (!database) return std::unexpected(database.error());
  return store::get_state(**database, input.scope, name, tools.clock.wall_ms());
}

Result<std::string> get(Tools& tools, const CallInput& input) {
  Result<std::optional<store::StateValue>> value = current(tools, input, asked(input).text("name"));
  if (!value) return std::unexpected(value.error());
  return one_value(*value);
}

Result<std::string> list(Tools& tools, const CallInput& input) {
  const Asked args = asked(input);
  const std::string prefix = args.text("prefix");
  Result<store::Database*> database = tools.store()->reader();
  if (!database) return std::unexpected(database.error());
  Result<std::vector<store::StateValue>> stored =
      store::list_state(**database, input.scope, prefix, static_cast<int>(args.integer("limit")),
                        tools.clock.wall_ms());
  if (!stored) return std::unexpected(stored.error());
  std::map<std::string, store::StateValue> values;
  for (store::StateValue& value : *stored) values[value.name] = std::move(value);
  if (input.dry_run) {
    for (const auto& [name, value] : tools.overlay[input.run]) {
      values.erase(name);
      if (value && name.starts_with(prefix)) values[name] = *value;
    }
  }
  std::string json;
  JsonWriter writer(json);
  writer.begin_array();
  for (const auto& [name, value] : values) write_value(writer, value);
  writer.end_array();
  return json;
}

bool as_expected(const Asked& args, const std::optional<store::StateValue>& now) {
  if (args.has("version")) return now && now->version == args.integer("version");
  if (args.has("expected")) return now && now->value == args.json("expected");
  return !now.has_value();
}

// The same three changes on the overlay of a dry run.
Result<std::string> rehearse(Tools& tools, const CallInput& input) {
  const Asked args = asked(input);
  const std::string name = args.text("name");
  Result<std::optional<store::StateValue>> now = current(tools, input, name);
  if (!now) return std::unexpected(now.error());
  if (input.operation == "state.remove") {
    tools.overlay[input.run][name] = std::nullopt;
    return std::string(*now ? R"({"removed":true})" : R"({"removed":false})");
  }
  if (input.operation == "state.compare_and_set" && !as_expected(args, *now))
    return fail(conflict(name));
  store::StateValue value{name, args.json("value"), *now ? (*now)->version + 1 : 1,
                          args.expires_at(tools.clock.wall_ms())};
  const int64_t version = value.version;
  tools.overlay[input.run][name] = std::move(value);
  return version_json(version);
}

Result<std::string> set(const Clock& clock, store::Database& database, const CallInput& input) {
  const Asked args = asked(input);
  const int64_t now = clock.wall_ms();
  Result<int64_t> version = store::set_state(database, input.scope, args.text("name"),
                                             args.json("value"), args.expires_at(now), now);
  if (!version) return std::unexpected(version.error());
  return version_json(*version);
}

Result<std::string> compare_and_set(const Clock& clock, store::Database& database,
                                    const CallInput& input) {
  const Asked args = asked(input);
  const int64_t now = clock.wall_ms();
  store::StateExpected expected;
  if (args.has("version")) expected.version = args.integer("version");
  if (args.has("expected")) expected.value = args.json("expected");
  Result<std::optional<int64_t>> version =
      store::compare_and_set_state(database, input.scope, args.text("name"), expected,
                                   args.json("value"), args.expires_at(now), now);
  if (!version) return std::unexpected(version.error());
  if (!*version) return fail(conflict(args.text("name")));
  return version_json(**version);
}

Result<std::string> remove(const Clock& clock, store::Database& database, const CallInput& input) {
  Result<bool> removed =
      store::remove_state(database, input.scope, asked(input).text("name"), clock.wall_ms());
  if (!removed) return std::unexpected(removed.error());
  return std::string(*removed ? R"({"removed":true})" : R"({"removed":false})");
}

// Answers in the next turn; reading takes microseconds, so there is nothing to cancel but the
// delivery.
ops::Start answering(ToolsPtr tools, Result<std::string> (*answer)(Tools&, const CallInput&)) {
  return [tools, answer](CallInput input, Done done) -> TaskPtr {
    tools->loop.defer([outcome = answer(*tools, input), done = std::move(done)]() mutable {
      done(std::move(outcome));
    });
    return nullptr;
  };
}

ops::Transact transacting(const Clock& clock,
                          Result<std::string> (*change)(const Clock&, store::Database&,
                                                        const CallInput&)) {
  return [&clock, change](store::Database& database, const CallInput& input) {
    return change(clock, database, input);
  };
}

Field field(std::string name, Type type, std::string help, bool required = false) {
  Field made;
  made.name = std::move(name);
  made.type = type;
  made.help = std::move(help);
  made.required = required;
  return made;
}

Field name_field() {
  return field("name", Type::string, "The value's name; each runbook has names of its own", true);
}
Field ttl_field() {
  return field("ttl", Type::duration, "After this time the value counts as absent");
}

Operation reading(std::string name, std::string summary, std::vector<Field> params, ToolsPtr tools,
                  Result<std::string> (*answer)(Tools&, const CallInput&)) {
  Operation op;
  op.name = std::move(name);
  op.summary = std::move(summary);
  op.idempotent = true;
  op.params = std::move(params);
  op.start = answering(tools, answer);
  op.rehearse = op.start;
  return op;
}

Operation changing(std::string name, std::string summary, Effect effect, std::vector<Field> params,
                   ToolsPtr tools,
                   Result<std::string> (*change)(const Clock&, store::Database&,
                                                 const CallInput&)) {
  Operation op;
  op.name = std::move(name);
  op.summary = std::move(summary);
  op.effect = effect;
  op.params = std::move(params);
  op.target = "name";
  op.transact = transacting(tools->clock, change);
  op.rehearse = answering(tools, rehearse);
  return op;
}

}  // namespace

Result<void> add_state_operations(ops::Registry& registry, Loop& loop, StoreNow store,
                                  const Clock& clock) {
  const auto tools = std::make_shared<Tools>(loop, std::move(store), clock, Overlay());
  const Field value =
      field("value", Type::any, "What to keep: any value, at most a few KiB by good custom", true);
  Field limit = field("limit", Type::integer, "At most so many");
  limit.fallback = "1000";
  limit.min = 1;
  limit.max = kListMax;

  std::vector<Operation> operations;
  operations.push_back(reading("state.get",
                               "Answers {value, version} of a name, or null when there is none.",
                               {name_field()}, tools, get));
  Field prefix = field("prefix", Type::string, "Only names that begin with it");
  prefix.fallback = "\"\"";
  operations.push_back(reading("state.list", "Lists the runbook's values, sorted by name.",
                               {prefix, limit}, tools, list));
  operations.push_back(changing("state.set", "Keeps a value for later runs of the same runbook.",
                                Effect::change, {name_field(), value, ttl_field()}, tools, set));
  operations.push_back(changing(
      "state.compare_and_set",
      "Keeps a value if the present one is as expected; raises CONFLICT otherwise.", Effect::change,
      {name_field(), value, field("expected", Type::any, "The value that must be there"),
       field("version", Type::integer,
             "Its version, instead of the value; neither: there must be none"),
       ttl_field()},
      tools, compare_and_set));
  operations.push_back(changing("state.remove", "Removes a value; answers whether there was one.",
                                Effect::change, {name_field()}, tools, remove));
  for (Operation& op : operations) {
    if (Result<void> added = registry.add(std::move(op)); !added) return added;
  }
  return {};
}

}  // namespace engine::runs
