// RFC 3986, and Docker's map of lists.
#include "plugins/docker/query.h"

#include <cctype>

#include "engine/plugin/json.hpp"

namespace engine::docker {

namespace {

using simdjson::dom::element;

Error bad_filter(std::string_view key) {
  return Error(code::kInvalidArgument,
               "the filter '" + std::string(key) + "' is neither text nor a list of texts",
               "filters = { label = { \"tier=web\" }, status = { \"exited\" } }");
}

// A user's own key that begins with '$' travels with it doubled.
std::string_view own_key(std::string_view key) {
  return key.starts_with("$$") ? key.substr(1) : key;
}

std::optional<std::string> filter_text(element value) {
  std::string_view text;
  if (!value.get(text)) return std::string(text);
  if (value.is_bool() || value.is_number()) return std::string(simdjson::minify(value));
  return std::nullopt;
}

Result<void> append_filter(JsonWriter& json, std::string_view key, element value) {
  json.key(own_key(key)).begin_array();
  if (const auto one = filter_text(value)) {
    json.string(*one);
  } else if (simdjson::dom::array list; !value.get(list)) {
    for (const element item : list) {
      const auto text = filter_text(item);
      if (!text) return fail(bad_filter(key));
      json.string(*text);
    }
  } else if (simdjson::dom::object pairs; !value.get(pairs)) {
    for (const auto& [name, member] : pairs) {
      const auto text = filter_text(member);
      if (!text) return fail(bad_filter(key));
      json.string(std::string(own_key(name)) + "=" + *text);
    }
  } else {
    return fail(bad_filter(key));
  }
  json.end_array();
  return {};
}

}  // namespace

std::string encoded(std::string_view text, std::string_view keep) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~";
  std::string out;
  for (const char sign : text) {
    const auto c = static_cast<unsigned char>(sign);
    const bool plain = std::isalnum(c) != 0 || kPlain.find(sign) != std::string_view::npos;
    if (plain || keep.find(sign) != std::string_view::npos) {
      out += sign;
    } else {
      out += {'%', kDigits[c >> 4], kDigits[c & 15]};
    }
  }
  return out;
}

Query& Query::add(std::string_view name, std::string_view value) {
  if (!text_.empty()) text_ += '&';
  text_ += encoded(name) + "=" + encoded(value);
  return *this;
}

Query& Query::add(std::string_view name, int64_t value) {
  return add(name, std::string_view(std::to_string(value)));
}

Query& Query::flag(std::string_view name, bool value) { return value ? add(name, "true") : *this; }

Result<std::string> path_to(std::string_view kind, std::string_view name, std::string_view behind) {
  if (name.starts_with('/')) name.remove_prefix(1);
  if (name.empty()) {
    return fail(code::kInvalidArgument, "the name of a " + std::string(kind) + " is empty");
  }
  if (std::ranges::any_of(name, [](unsigned char c) { return c < ' ' || c == 0x7f; })) {
    return fail(code::kInvalidArgument,
                "the name of a " + std::string(kind) + " has no control characters");
  }
  // Docker would take it for another address.
  if (name.find('/') != std::string_view::npos || name == "." || name == "..") {
    return fail(code::kNotFound, "No such " + std::string(kind) + ": " + std::string(name));
  }
  return "/" + std::string(kind) + "s/" + encoded(name) + std::string(behind);
}

Result<std::string> path_part(std::string_view kind, std::string_view name) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos) {
    return fail(code::kInvalidArgument,
                "'" + shortened(name, 60) + "' is no name of a " + std::string(kind));
  }
  return encoded(name);
}

Result<std::string> filters_json(const plugin::Args& args) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  const auto given = read_json(args.json("filters"));
  simdjson::dom::object filters;
  if (given && !given->root().get(filters)) {
    for (const auto& [key, value] : filters) {
      if (auto appended = append_filter(json, key, value); !appended) return fail(appended.error());
    }
  }
  json.end_object();
  return out;
}

Result<void> add_filters(Query& query, const plugin::Args& args) {
  if (!args.has("filters")) return {};
  auto filters = filters_json(args);
  if (!filters) return fail(filters.error());
  if (*filters != "{}") query.add("filters", *filters);
  return {};
}

void add_key_filter(Query& query, std::string_view key) {
  std::string filters;
  JsonWriter(filters)
      .begin_object()
      .key("label")
      .begin_array()
      .string(std::string(kKeyLabel) + "=" + std::string(key))
      .end_array()
      .end_object();
  query.add("filters", filters);
}

Result<std::optional<std::string>> moment_of(const plugin::Args& args, std::string_view name,
                                             int64_t now_ms) {
  const auto given = args.find_string(name);
  if (!given || given->empty()) return std::nullopt;
  int64_t ms = 0;
  if (const auto ago = parse_duration(*given)) {
    ms = std::max<int64_t>(0, now_ms - ago->count());
  } else if (const auto at = parse_time(*given)) {
    ms = *at;
  } else {
    return fail(code::kInvalidArgument,
                std::string(name) + " is a time such as \"2026-11-21T02:00:00Z\" or how long ago " +
                    "such as \"10m\", not \"" + shortened(*given, 60) + "\"");
  }
  std::string fraction = std::to_string(ms % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return std::to_string(ms / 1000) + "." + fraction;
}

}  // namespace engine::docker
