// JSON values as SQLite's, and back.
#include <sqlite3.h>

#include "engine/base/json.h"
#include "engine/base/json_read.h"
#include "engine/store/foreign.h"

namespace engine::store {

namespace {

Result<void> bind_value(sqlite3_stmt* statement, int index, JsonElement value) {
  using simdjson::dom::element_type;
  int status = SQLITE_OK;
  const auto type = value.type();
  if (type == element_type::STRING) {
    const auto text = std::string_view(value);
    status = sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT,
                                 SQLITE_UTF8);
  } else if (type == element_type::INT64) {
    status = sqlite3_bind_int64(statement, index, int64_t(value));
  } else if (type == element_type::DOUBLE) {
    status = sqlite3_bind_double(statement, index, double(value));
  } else if (type == element_type::BOOL) {
    status = sqlite3_bind_int64(statement, index, bool(value));
  } else if (type == element_type::NULL_VALUE) {
    status = sqlite3_bind_null(statement, index);
  } else if (const auto bytes = json_bytes(value)) {
    status = sqlite3_bind_blob64(statement, index, bytes->data(), bytes->size(), SQLITE_TRANSIENT);
  } else {
    return fail(code::kInvalidArgument,
                "parameter " + std::to_string(index) + " of the statement is no single value",
                "give text, bytes, a number, a boolean or null");
  }
  if (status == SQLITE_OK) return {};
  return fail(code::kInvalidArgument,
              "parameter " + std::to_string(index) + " of the statement cannot be bound");
}

std::unexpected<Error> wrong_count(int wanted, size_t given) {
  return fail(code::kInvalidArgument, "the statement has " + std::to_string(wanted) +
                                          " parameters, and " + std::to_string(given) +
                                          " were given");
}

Result<void> bind_list(sqlite3_stmt* statement, simdjson::dom::array list) {
  const int wanted = sqlite3_bind_parameter_count(statement);
  if (list.size() != static_cast<size_t>(wanted)) return wrong_count(wanted, list.size());
  int index = 0;
  for (const JsonElement value : list) {
    if (auto bound = bind_value(statement, ++index, value); !bound) return bound;
  }
  return {};
}

Result<void> bind_map(sqlite3_stmt* statement, JsonElement map) {
  const int wanted = sqlite3_bind_parameter_count(statement);
  for (int index = 1; index <= wanted; ++index) {
    const char* name = sqlite3_bind_parameter_name(statement, index);
    if (!name || *name == '?') {
      return fail(code::kInvalidArgument, "the statement's parameters have no names",
                  "give params as a list, or write :name in the statement");
    }
    JsonElement value;
    if (map.at_key(name + 1).get(value)) {
      return fail(code::kInvalidArgument,
                  "the statement's parameter " + std::string(name) + " was not given");
    }
    if (auto bound = bind_value(statement, index, value); !bound) return bound;
  }
  return {};
}

}  // namespace

Result<void> bind_json(sqlite3_stmt* statement, std::string_view params) {
  if (params.empty() || params == "null") {
    const int wanted = sqlite3_bind_parameter_count(statement);
    if (wanted > 0) return wrong_count(wanted, 0);
    return {};
  }
  const Result<JsonDocument> document = read_json(params);
  if (!document) return fail(document.error());
  const JsonElement root = document->root();
  simdjson::dom::array list;
  if (!root.get(list)) return bind_list(statement, list);
  if (root.is_object()) return bind_map(statement, root);
  return fail(code::kInvalidArgument, "params is neither a list nor a map");
}

void append_row(std::string& out, sqlite3_stmt* statement,
                const std::vector<std::string>& columns) {
  JsonWriter json(out);
  json.begin_object();
  for (int i = 0; i < static_cast<int>(columns.size()); ++i) {
    const std::string& name = columns[static_cast<size_t>(i)];
    json.key(name.starts_with('$') ? "$" + name : name);
    switch (sqlite3_column_type(statement, i)) {
      case SQLITE_INTEGER:
        json.integer(sqlite3_column_int64(statement, i));
        break;
      case SQLITE_FLOAT:
        json.number(sqlite3_column_double(statement, i));
        break;
      case SQLITE_NULL:
        json.null();
        break;
      default: {
        const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, i));
        const auto size = static_cast<size_t>(sqlite3_column_bytes(statement, i));
        json.string({data ? data : "", size});
      }
    }
  }
  json.end_object();
}

}  // namespace engine::store
