// Quotes inside a JSON string are escaped, and a user's own key that begins with '$' has it
// doubled: the marker stands in JSON only where something is sealed.
#include "engine/ops/sealed.h"

#include <functional>

#include "engine/base/json.h"
#include "engine/ops/check.h"

namespace engine::ops {

namespace {

constexpr std::string_view kOpening = R"({"$sealed":")";
constexpr std::string_view kClosing = R"("})";

using Instead = std::function<Result<std::string>(std::string_view sealed)>;

Result<std::string> replaced(std::string json, const Instead& instead) {
  size_t at = json.find(kOpening);
  if (at == std::string::npos) return json;
  std::string out;
  size_t copied = 0;
  for (; at != std::string::npos; at = json.find(kOpening, copied)) {
    const size_t begin = at + kOpening.size(), end = json.find('"', begin);
    Result<std::string> value = instead(std::string_view(json).substr(begin, end - begin));
    if (!value) return value;
    out.append(json, copied, at - copied).append(*value);
    copied = end + kClosing.size();
  }
  return out.append(json, copied);
}

}  // namespace

Result<void> seal(std::span<const Field> fields, std::string& json, Seal& key) {
  Result<void> done;
  replace_sensitive(fields, json, [&](std::string_view value) {
    const Result<std::string> sealed = key.close(value);
    if (sealed) return std::string(kOpening) + *sealed + std::string(kClosing);
    done = fail(sealed.error());
    return std::string(kHidden);
  });
  return done;
}

Result<std::string> unsealed(std::string json, Seal& key) {
  return replaced(std::move(json), [&key](std::string_view sealed) { return key.open(sealed); });
}

std::string without_seals(std::string json) {
  return *replaced(std::move(json), [](std::string_view) { return std::string(kHidden); });
}

}  // namespace engine::ops
