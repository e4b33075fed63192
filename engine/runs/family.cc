// Reading how runs hang together from their rows.
#include "engine/runs/family.h"

#include "engine/base/hash.h"
#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/base/json_read.h"

namespace engine::runs {

namespace {

std::string id_from(const std::string& text) {
  return run_id_of(std::stoull(sha256_hex(text).substr(0, 16), nullptr, 16));
}

}  // namespace

std::string successor_id(const std::string& run, int attempt) {
  return id_from(run + "/" + std::to_string(attempt));
}

std::string child_id(const std::string& run, int attempt, std::string_view place) {
  return id_from(run + "/" + std::to_string(attempt) + "/" + std::string(place));
}

std::string triggered_by(const std::string& run, int depth) {
  std::string json;
  JsonWriter out(json);
  out.begin_object().field("kind", "run").field("run", run);
  if (depth > 0) out.field("depth", depth);
  out.end_object();
  return json;
}

int depth_of(std::string_view trigger) {
  const Result<JsonDocument> document = read_json(trigger);
  return document ? static_cast<int>(json_integer(document->root(), "depth").value_or(0)) : 0;
}

Result<store::RunRecord> latest_of(store::Database& db, const std::string& run) {
  Result<store::RunRecord> found = store::find_run(db, run);
  while (found && found->state == "succeeded") {
    const Result<JsonDocument> result = read_json(found->result);
    const std::string next = successor_id(found->id, found->attempt);
    if (!result || json_string(result->root(), "continued_as") != next) break;
    found = store::find_run(db, next);
  }
  return found;
}

Error told_of_run(Error error, const std::string& run) {
  std::string details;
  JsonWriter out(details);
  out.begin_object().field("run", run);
  if (const Result<JsonDocument> own = read_json(error.details); own && own->root().is_object()) {
    for (const auto& [name, value] : simdjson::dom::object(own->root())) {
      if (name != "run") out.field_raw(name, json_text(value));
    }
  }
  out.end_object();
  error.details = std::move(details);
  if (error.hint.find("engine trace ") == std::string::npos)  // of the child that it came from
    error.hint += (error.hint.empty() ? "" : "; ") + ("engine trace " + run + " shows what it did");
  return error;
}

Result<std::string> answer_of(const store::RunRecord& run) {
  if (run.state == "succeeded") return run.result.empty() ? "null" : run.result;
  return fail(told_of_run(error_from_json(run.error), run.id));
}

}  // namespace engine::runs
