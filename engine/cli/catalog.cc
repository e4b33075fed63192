#include "engine/cli/catalog.h"

namespace engine::cli {

std::expected<std::unique_ptr<Catalog>, int> open_catalog(Session& session) {
  const auto config = session.config();
  if (!config) return std::unexpected(config.error());
  auto catalog = std::make_unique<Catalog>(**config);
  if (Result<void> added = catalog->add_state(); !added) {
    return std::unexpected(session.fail(added.error()));
  }
  return catalog;
}

}  // namespace engine::cli
