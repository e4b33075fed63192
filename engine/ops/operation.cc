// The words for types and effects, and looking up a parameter.
#include "engine/ops/operation.h"

#include <array>

namespace engine::ops {

std::string_view name_of(Type type) {
  static constexpr std::array<std::string_view, 12> kNames = {
      "string", "integer", "number", "boolean", "duration", "size",
      "time",   "list",    "map",    "enum",    "secret",   "any"};
  return kNames.at(static_cast<size_t>(type));
}

std::string_view name_of(Effect effect) {
  static constexpr std::array<std::string_view, 3> kNames = {"read", "change", "destroy"};
  return kNames.at(static_cast<size_t>(effect));
}

std::optional<Type> type_named(std::string_view name) {
  for (int index = 0; index <= static_cast<int>(Type::any); ++index) {
    if (name_of(static_cast<Type>(index)) == name) return static_cast<Type>(index);
  }
  return std::nullopt;
}

const Field* Operation::param(std::string_view param_name) const {
  for (const Field& field : params) {
    if (field.name == param_name) return &field;
  }
  return nullptr;
}

}  // namespace engine::ops
