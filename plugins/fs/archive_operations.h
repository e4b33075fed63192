// How archives are declared: a part of the fs plugin's table.
#pragma once

#include "engine/plugin/plugin.hpp"

namespace engine::fs {

void create_archive_call(plugin::Call call);
void list_archive_call(plugin::Call call);
void extract_archive_call(plugin::Call call);

inline constexpr engine_field kArchiveCreateParams[] = {
    plugin::required("path", ENGINE_STRING, "Absolute path of the file or folder to pack."),
    plugin::required("into", ENGINE_STRING, "The archive: .tar.gz, .tgz, or .tar for a plain one."),
    plugin::optional("overwrite", ENGINE_BOOLEAN, "Replaces a file that is there.", "false"),
};
inline constexpr engine_field kArchiveCreated[] = {
    plugin::field("path", ENGINE_STRING, "The archive, with links resolved."),
    plugin::field("entries", ENGINE_INTEGER, "Files, folders and links in it."),
    plugin::field("bytes", ENGINE_INTEGER, "Of the files."),
    plugin::field("size", ENGINE_INTEGER, "Of the archive."),
    plugin::field("skipped", ENGINE_INTEGER, "Sockets, pipes and devices left out."),
};

inline constexpr engine_field kArchiveListParams[] = {
    plugin::required("path", ENGINE_STRING, "Absolute path of the archive."),
    plugin::between(
        plugin::optional("limit", ENGINE_INTEGER, "How many entries are listed.", "10000"), "1",
        "1000000"),
};
inline constexpr engine_field kArchiveListed[] = {
    plugin::field("entries", ENGINE_LIST, "name, type, size, modified_at, mode, target."),
    plugin::field("count", ENGINE_INTEGER, "How many are listed."),
    plugin::field("bytes", ENGINE_INTEGER, "Their size together."),
    plugin::field("truncated", ENGINE_BOOLEAN, "There are more than the limit."),
};

inline constexpr engine_field kArchiveExtractParams[] = {
    plugin::required("path", ENGINE_STRING, "Absolute path of the archive."),
    plugin::required("into", ENGINE_STRING, "A folder that is missing or empty."),
    plugin::optional("size_limit", ENGINE_SIZE, "More in the files is an error.", "\"1GiB\""),
    plugin::between(
        plugin::optional("entries_limit", ENGINE_INTEGER, "More entries are an error.", "100000"),
        "1", "10000000"),
};
inline constexpr engine_field kArchiveExtracted[] = {
    plugin::field("path", ENGINE_STRING, "The folder, with links resolved."),
    plugin::field("entries", ENGINE_INTEGER, "What was in the archive."),
    plugin::field("bytes", ENGINE_INTEGER, "Of the files."),
};

}  // namespace engine::fs
