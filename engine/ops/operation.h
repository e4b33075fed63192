// What an operation is: a declaration (data) and a way to start it. Everything else is a fold over
// the data.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/units.h"
#include "engine/loop/task.h"

namespace engine::store {
class Database;
}

namespace engine::ops {

enum class Type {
  string,
  integer,
  number,
  boolean,
  duration,
  size,
  time,
  list,
  map,
  choice,
  secret,
  any
};
enum class Effect { read, change, destroy };

std::string_view name_of(
    Type type);  // as plugin authors and documentation write it: "enum" for choice
std::string_view name_of(Effect effect);
std::optional<Type> type_named(std::string_view name);

// One parameter or one field of a result. Limits and defaults of durations and sizes are kept in ms
// and bytes.
struct Field {
  std::string name;
  Type type = Type::any;
  std::string help;
  bool required = false;
  bool sensitive = false;               // never shown or journaled in clear
  bool secrets = false;                 // secret references are resolved inside it
  std::optional<Type> item;             // of a list or a map, where all items are of one type
  std::optional<std::string> fallback;  // the default, as JSON, normalised
  std::optional<double> min, max;
  std::vector<std::string> choices;
};

// What a started call is given. `args` are checked, complete with defaults, and normalised:
// durations are milliseconds, sizes bytes, times milliseconds since 1970.
struct CallInput {
  std::string_view operation;
  std::string args;
  std::string key;  // idempotency key: the same for the same place of the same run
  Millis timeout{0};
  bool dry_run = false;
  std::string run;    // the run's id
  std::string scope;  // the runbook's name: whose `state` it is
  std::function<void(std::string json)> progress;
};
using Start = std::function<TaskPtr(CallInput input, Done done)>;

// The whole operation as a part of a transaction on our own store, so that its effect and the
// journal's record of it are one commit: exactly once, never in doubt. Runs on the writer's thread.
using Transact =
    std::function<Result<std::string>(store::Database& database, const CallInput& input)>;

// An operation that is a function of a Lua plugin: what a run needs to call it, as a task of its
// own.
struct Script {
  std::string source;  // for positions: "plugins/caddy/plugin.lua"
  std::string file, text;
  std::vector<std::string> uses;                  // what it may call, as a runbook's `allow`
  std::function<Result<std::string>()> settings;  // the plugin's, checked, as JSON
};

struct Operation {
  std::string name;  // in full: plugin.noun.verb
  std::string summary;
  Effect effect = Effect::read;                            // the strongest it can have
  std::function<Effect(std::string_view args)> effect_of;  // empty: always `effect`
  bool idempotent = false;
  bool always_allowed_by_name = false;  // needs a permission even where its effect is `read`
  Millis timeout{30'000};
  std::vector<Field> params;
  std::vector<Field> results;
  std::vector<std::string> errors;
  std::string target;  // the parameter that names what it acts on, or empty
  Start start;
  Transact transact;                     // instead of `start`, for changes of our own store
  std::shared_ptr<const Script> script;  // instead of `start`, where it is written in Lua
  Start rehearse;  // empty: a dry run plans it. Else a dry run calls this instead (state's overlay)
  Start preview;   // empty: none. Answers what a real call would do; must change nothing
  Start probe;     // empty: none. Answers {"done": bool, "result": any} or {} when it can't tell

  std::string_view plugin() const { return std::string_view(name).substr(0, name.find('.')); }
  std::string_view verb() const { return std::string_view(name).substr(name.find('.') + 1); }
  const Field* param(std::string_view param_name) const;
};

}  // namespace engine::ops
