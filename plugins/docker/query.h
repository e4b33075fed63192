// What a request's address is made of: names as parts of a path, parameters, Docker's filters.
#pragma once

#include "engine/plugin/plugin.hpp"

namespace engine::docker {

// Bytes that may not stand there as they are become %XX; `keep` may.
std::string encoded(std::string_view text, std::string_view keep = "");

// a=1&b=two%20words
class Query {
 public:
  Query& add(std::string_view name, std::string_view value);
  Query& add(std::string_view name, int64_t value);
  Query& flag(std::string_view name, bool value);  // only where it is true
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

// "/containers/NAME" and `behind`. A name with a slash in it cannot stand there: NOT_FOUND, in
// Docker's words.
Result<std::string> path_to(std::string_view kind, std::string_view name, std::string_view behind);

// A name as the last part of an address; INVALID_ARGUMENT for one that would lead elsewhere.
Result<std::string> path_part(std::string_view kind, std::string_view name);

// The parameter `filters` as Docker reads it: {label = "a=b"}, {label = {"a", "b"}},
// {label = {a = "b"}} and {dangling = true} are all understood.
Result<std::string> filters_json(const plugin::Args& args);
// Adds it where filters were given.
Result<void> add_filters(Query& query, const plugin::Args& args);

// The label by which the probe of a call finds what the call made; the second adds that filter.
inline constexpr std::string_view kKeyLabel = "engine.key";
void add_key_filter(Query& query, std::string_view key);

// A point in time ("2026-11-21T02:00:00Z") or how long ago ("10m"), as Docker's seconds since 1970;
// nothing where it was not given.
Result<std::optional<std::string>> moment_of(const plugin::Args& args, std::string_view name,
                                             int64_t now_ms);

}  // namespace engine::docker
