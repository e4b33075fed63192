// Structs of other versions are read with their own size: what they lack is zero.
#include "engine/plugin/declaration.h"

#include <algorithm>
#include <cstring>

#include "engine/ops/check.h"

namespace engine::plugin {

namespace {

template <class Struct>
Struct own_version(const void* foreign, size_t size) {
  Struct copy{};
  std::memcpy(&copy, foreign, std::min(size, sizeof(Struct)));
  return copy;
}

// The elements of an array whose stride is its first element's size.
template <class Struct>
std::vector<Struct> own_versions(const Struct* first, size_t count) {
  std::vector<Struct> copies;
  const auto* at = reinterpret_cast<const char*>(first);
  for (size_t index = 0; index < count; ++index) {
    copies.push_back(own_version<Struct>(at, first->size));
    at += first->size;
  }
  return copies;
}

// The number of an enum of the plugin's: it may be none of ours, and must not be loaded as one.
template <class Enum>
int number_of(const Enum& foreign) {
  static_assert(sizeof(Enum) == sizeof(int));
  int number = 0;
  std::memcpy(&number, &foreign, sizeof(number));
  return number;
}

Result<ops::Field> read_field(const engine_field& declared) {
  ops::Field field;
  field.name = declared.name ? declared.name : "";
  const auto bad = [&](const std::string& what) {
    return fail(code::kInvalidArgument, "'" + field.name + "' " + what);
  };
  const int type = number_of(declared.type);
  if (type < ENGINE_STRING || type > ENGINE_ANY) return bad("has an unknown type");
  field.type = static_cast<ops::Type>(type);
  field.help = declared.help ? declared.help : "";
  field.required = (declared.flags & ENGINE_REQUIRED) != 0;
  field.sensitive = (declared.flags & ENGINE_SENSITIVE) != 0;
  field.secrets = (declared.flags & ENGINE_SECRETS) != 0;
  for (const char* const* choice = declared.choices; choice && *choice; ++choice)
    field.choices.emplace_back(*choice);
  if (declared.items) {
    field.item = ops::type_named(declared.items);
    if (!field.item)
      return bad("has items of the unknown type '" + std::string(declared.items) + "'");
  }
  if (declared.min) {
    const Result<double> limit = ops::parse_limit(field.type, declared.min);
    if (!limit) return bad("has a bad minimum: " + limit.error().message);
    field.min = *limit;
  }
  if (declared.max) {
    const Result<double> limit = ops::parse_limit(field.type, declared.max);
    if (!limit) return bad("has a bad maximum: " + limit.error().message);
    field.max = *limit;
  }
  if (declared.fallback) {
    if (Result<void> set = ops::set_default(field, declared.fallback); !set)
      return std::unexpected(set.error());
  }
  return field;
}

Result<std::vector<ops::Field>> read_fields(const engine_field* first, size_t count) {
  std::vector<ops::Field> fields;
  if (count == 0) return fields;
  for (const engine_field& declared : own_versions(first, count)) {
    Result<ops::Field> field = read_field(declared);
    if (!field) return std::unexpected(field.error());
    fields.push_back(std::move(*field));
  }
  return fields;
}

}  // namespace

Result<ops::Operation> read_operation(const std::string& plugin, const engine_operation& declared) {
  ops::Operation op;
  op.name = plugin + "." + (declared.name ? declared.name : "");
  const auto bad = [&](const std::string& what) {
    return fail(code::kInvalidArgument, "operation '" + op.name + "': " + what);
  };
  op.summary = declared.summary ? declared.summary : "";
  const int effect = number_of(declared.effect);
  if (effect < ENGINE_READ || effect > ENGINE_DESTROY) return bad("has an unknown effect");
  op.effect = static_cast<ops::Effect>(effect);
  op.idempotent = declared.idempotent != 0;
  op.always_allowed_by_name = declared.always_ask != 0;
  op.target = declared.target ? declared.target : "";
  for (const char* const* error = declared.errors; error && *error; ++error)
    op.errors.emplace_back(*error);
  if (declared.timeout) {
    const Result<Millis> timeout = parse_duration(declared.timeout);
    if (!timeout) return bad("has a bad timeout: " + timeout.error().message);
    op.timeout = *timeout;
  }
  Result<std::vector<ops::Field>> params = read_fields(declared.params, declared.param_count);
  if (!params) return bad(params.error().message);
  op.params = std::move(*params);
  Result<std::vector<ops::Field>> results = read_fields(declared.results, declared.result_count);
  if (!results) return bad(results.error().message);
  op.results = std::move(*results);
  if (declared.effect_of) {
    op.effect_of = [effect_of = declared.effect_of](std::string_view args) {
      return static_cast<ops::Effect>(effect_of(args.data(), args.size()));
    };
  }
  return op;
}

namespace {

Result<DeclaredSource> read_source(const std::string& plugin, const engine_event_source& declared) {
  DeclaredSource source{.functions = declared};
  EventSource& shown = source.shown;
  shown.name = plugin + "." + (declared.name ? declared.name : "");
  const auto bad = [&](const std::string& what) {
    return fail(code::kInvalidArgument, "event source '" + shown.name + "': " + what);
  };
  if (!declared.name || !*declared.name || std::strchr(declared.name, '.'))
    return bad("its name is one word");
  if (!declared.follow) return bad("it has no function that follows it");
  shown.summary = declared.summary ? declared.summary : "";
  for (const char* const* kind = declared.kinds; kind && *kind; ++kind)
    shown.kinds.emplace_back(*kind);
  Result<std::vector<ops::Field>> params = read_fields(declared.params, declared.param_count);
  if (!params) return bad(params.error().message);
  for (const ops::Field& param : *params) {
    if (param.name == "cursor" || param.name == "since" || param.name == "since_ms")
      return bad("'" + param.name + "' is the host's own parameter");
  }
  shown.params = std::move(*params);
  Result<std::vector<ops::Field>> fields = read_fields(declared.fields, declared.field_count);
  if (!fields) return bad(fields.error().message);
  shown.fields = std::move(*fields);
  return source;
}

Result<std::vector<DeclaredSource>> read_sources(const engine_plugin& plugin) {
  std::vector<DeclaredSource> sources;
  if (plugin.source_count == 0) return sources;
  for (const engine_event_source& declared : own_versions(plugin.sources, plugin.source_count)) {
    Result<DeclaredSource> source = read_source(plugin.name, declared);
    if (!source) return fail(source.error());
    for (const DeclaredSource& other : sources) {
      if (other.shown.name == source->shown.name) {
        return fail(code::kInvalidArgument,
                    "event source '" + source->shown.name + "' is declared twice");
      }
    }
    sources.push_back(std::move(*source));
  }
  return sources;
}

}  // namespace

Result<Declaration> read_declaration(const engine_plugin* plugin,
                                     const std::string& expected_name) {
  const auto bad = [&](const std::string& what) {
    return fail(code::kInvalidArgument, "plugin '" + expected_name + "' " + what);
  };
  if (!plugin) return bad("returned no declaration");
  if (plugin->abi != ENGINE_PLUGIN_ABI) {
    return bad("was built for version " + std::to_string(plugin->abi) +
               " of plugin.h; this engine speaks version " + std::to_string(ENGINE_PLUGIN_ABI));
  }
  Declaration declaration;
  declaration.functions = own_version<engine_plugin>(plugin, plugin->size);
  const engine_plugin& own = declaration.functions;
  declaration.name = own.name ? own.name : "";
  declaration.version = own.version ? own.version : "";
  declaration.summary = own.summary ? own.summary : "";
  if (declaration.name != expected_name) return bad("calls itself '" + declaration.name + "'");
  if (own.operation_count > 0)
    declaration.operations = own_versions(own.operations, own.operation_count);
  Result<std::vector<ops::Field>> config = read_fields(own.config, own.config_count);
  if (!config) return bad("has a bad setting: " + config.error().message);
  declaration.config = std::move(*config);
  Result<std::vector<DeclaredSource>> sources = read_sources(own);
  if (!sources) return fail(sources.error());
  declaration.sources = std::move(*sources);
  return declaration;
}

}  // namespace engine::plugin
