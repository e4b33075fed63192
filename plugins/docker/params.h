// The parameters that many of the plugin's operations have, in the same words everywhere.
#pragma once

#include "plugins/docker/client.h"

namespace engine::docker {

using plugin::acting_on, plugin::between, plugin::bound, plugin::field, plugin::idempotent,
    plugin::items, plugin::lasting, plugin::one_of, plugin::operation, plugin::optional,
    plugin::previewed, plugin::probed, plugin::required;

inline constexpr engine_field kDaemon =
    optional("daemon", ENGINE_STRING, "Which daemon: a name from the settings.", "\"default\"");
inline constexpr engine_field kContainer =
    required("container", ENGINE_STRING, "The container's name or id.");
inline constexpr engine_field kRaw =
    optional("raw", ENGINE_BOOLEAN, "Adds Docker's own answer as `raw`.", "false");
inline constexpr engine_field kRawResult =
    field("raw", ENGINE_ANY, "Docker's own answer, where it was asked for.");
inline constexpr engine_field kFilters =
    optional("filters", ENGINE_MAP, "Docker's filters: a text or a list of texts by name.");
inline constexpr engine_field kSince =
    optional("since", ENGINE_STRING, "From here on: a time, or how long ago (\"10m\").");
inline constexpr engine_field kUntil =
    optional("until", ENGINE_STRING, "Up to here: a time, or how long ago (\"10m\").");
inline constexpr engine_field kChanged =
    field("changed", ENGINE_BOOLEAN, "False: it was so already.");

}  // namespace engine::docker
