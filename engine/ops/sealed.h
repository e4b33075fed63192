// The values of sensitive fields as the store keeps them: {"$sealed": base64} in their place.
#pragma once

#include <span>
#include <string>

#include "engine/base/seal.h"
#include "engine/ops/operation.h"

namespace engine::ops {

// In a JSON object of these fields. Where that fails the values are gone: {"$hidden":true}.
Result<void> seal(std::span<const Field> fields, std::string& json, Seal& key);
// With the values themselves.
Result<std::string> unsealed(std::string json, Seal& key);
// For onlookers: {"$hidden": true} wherever something sealed stands.
std::string without_seals(std::string json);

}  // namespace engine::ops
