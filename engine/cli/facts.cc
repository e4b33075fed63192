#include "engine/cli/facts.h"

#include <memory>

#include "engine/base/json.h"
#include "engine/base/json_read.h"
#include "engine/cli/catalog.h"
#include "engine/cli/records.h"

namespace engine::cli {

Facts known_facts(Session& session) {
  auto catalog = std::make_shared<std::unique_ptr<Catalog>>();
  return [&session, catalog](const std::string& name) -> std::optional<OperationFacts> {
    if (!*catalog) {
      auto opened = open_catalog(session);
      if (!opened) return std::nullopt;
      *catalog = std::move(*opened);
    }
    const Result<const ops::Operation*> op = (*catalog)->registry.find(name);
    if (!op) return std::nullopt;
    return OperationFacts{(*op)->idempotent, static_cast<bool>((*op)->probe)};
  };
}

std::string facts_json(const Facts& facts, const std::set<std::string>& operations) {
  std::string json;
  JsonWriter out(json);
  out.begin_object();
  for (const std::string& name : operations) {
    const std::optional<OperationFacts> known = facts(name);
    if (!known) continue;
    out.key(name).begin_object().field("idempotent", known->idempotent);
    out.field("probed", known->probed).end_object();
  }
  out.end_object();
  return json;
}

Facts noted_facts(Records& records) {
  return [json = records.note("operations")](
             const std::string& name) -> std::optional<OperationFacts> {
    const Result<JsonDocument> notes = read_json(json);
    const auto known = notes ? json_member(notes->root(), name) : std::nullopt;
    if (!known) return std::nullopt;
    return OperationFacts{json_boolean(*known, "idempotent").value_or(false),
                          json_boolean(*known, "probed").value_or(false)};
  };
}

}  // namespace engine::cli
