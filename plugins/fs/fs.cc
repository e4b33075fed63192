// The fs plugin: files and folders of this machine. Here is what it offers; calls.cc does it.
#include <memory>

#include "plugins/fs/archive_operations.h"
#include "plugins/fs/calls.h"

namespace engine::fs {

namespace {

using plugin::acting_on, plugin::between, plugin::bound, plugin::field, plugin::idempotent,
    plugin::items, plugin::lasting, plugin::one_of, plugin::operation, plugin::optional,
    plugin::previewed, plugin::probed, plugin::required;

constexpr engine_field kPath = required("path", ENGINE_STRING, "Absolute path.");
constexpr engine_field kCross =
    optional("cross", ENGINE_BOOLEAN, "Goes into other file systems too.", "false");
constexpr engine_field kUnreadable =
    field("unreadable", ENGINE_INTEGER, "Folders that could not be opened.");

constexpr engine_field kReadParams[] = {
    kPath,
    between(optional("offset", ENGINE_SIZE, "Where to begin.", "0"), "0", nullptr),
    between(optional("limit", ENGINE_SIZE, "How much at most.", "\"1MiB\""), "0", "64MiB"),
};
constexpr engine_field kRead[] = {
    field("data", ENGINE_STRING, "The content, text or bytes."),
    field("size", ENGINE_INTEGER, "Bytes in the whole file."),
    field("truncated", ENGINE_BOOLEAN, "There is more after it."),
};

constexpr engine_field kWriteParams[] = {
    kPath,
    required("data", ENGINE_STRING, "The content, text or bytes.", ENGINE_SECRETS),
    optional("mode", ENGINE_STRING,
             "Octal digits, such as \"0600\"; else the old file's, or 0644."),
    optional("parents", ENGINE_BOOLEAN, "Makes the folders above where they are missing.", "false"),
};
constexpr engine_field kWritten[] = {
    field("size", ENGINE_INTEGER, "Bytes in the file now."),
    field("created", ENGINE_BOOLEAN, "There was no such file before."),
};

constexpr engine_field kListParams[] = {
    kPath,
    between(optional("limit", ENGINE_INTEGER, "More entries than that are an error.", "10000"), "1",
            "1000000"),
};

constexpr const char* kTypes[] = {"any", "file", "directory", "link", "other", nullptr};
constexpr engine_field kFindParams[] = {
    kPath,
    optional("name", ENGINE_STRING, "A pattern for the name, such as \"*.log\"."),
    one_of(optional("type", ENGINE_ENUM, "What kind of entry.", "\"any\""), kTypes),
    optional("older_than", ENGINE_DURATION, "Last modified at least so long ago."),
    optional("newer_than", ENGINE_DURATION, "Last modified at most so long ago."),
    optional("larger_than", ENGINE_SIZE, "At least so large; leaves out directories."),
    optional("smaller_than", ENGINE_SIZE, "At most so large; leaves out directories."),
    between(optional("depth", ENGINE_INTEGER, "1: only what is directly in it."), "1", "256"),
    between(optional("limit", ENGINE_INTEGER, "How many are listed.", "1000"), "1", "100000"),
    kCross,
};
constexpr engine_field kFound[] = {
    field("entries", ENGINE_LIST, "As fs.list answers."),
    field("count", ENGINE_INTEGER, "How many are listed."),
    field("bytes", ENGINE_INTEGER, "Their size together."),
    field("truncated", ENGINE_BOOLEAN, "There are more than the limit."),
    kUnreadable,
};

constexpr engine_field kStatParams[] = {
    kPath,
    optional("follow", ENGINE_BOOLEAN, "Looks at what a link points to, not at the link.", "true"),
};
constexpr engine_field kStat[] = {
    field("name", ENGINE_STRING, "The last part of the path."),
    field("path", ENGINE_STRING, "The whole path, with links resolved."),
    field("type", ENGINE_STRING, "file, directory, link or other."),
    field("size", ENGINE_INTEGER, "In bytes."),
    field("modified_at", ENGINE_STRING, "When it was last modified, RFC 3339."),
    field("age_ms", ENGINE_INTEGER, "Since it was last modified."),
    field("mode", ENGINE_STRING, "Octal digits."),
    field("user_id", ENGINE_INTEGER, "The owner."),
    field("group_id", ENGINE_INTEGER, "The owning group."),
    field("links", ENGINE_INTEGER, "How many names the file has."),
    field("inode", ENGINE_INTEGER, "Its number in the file system."),
    field("disk_bytes", ENGINE_INTEGER, "What it takes on the disk."),
    field("target", ENGINE_STRING, "Where a link points to."),
};

constexpr engine_field kMkdirParams[] = {
    kPath,
    optional("parents", ENGINE_BOOLEAN, "Makes the folders above where they are missing.", "false"),
    optional("mode", ENGINE_STRING, "Octal digits.", "\"0755\""),
};
constexpr engine_field kMade[] = {
    field("created", ENGINE_BOOLEAN, "It was not there before."),
};

constexpr engine_field kRemoveParams[] = {
    kPath,
    optional("recursive", ENGINE_BOOLEAN, "A directory with all that is in it.", "false"),
};
constexpr engine_field kRemoved[] = {
    field("changed", ENGINE_BOOLEAN, "False if there was nothing."),
    field("entries", ENGINE_INTEGER, "Files, directories and links that went."),
    field("bytes", ENGINE_INTEGER, "Their size together."),
};

constexpr engine_field kFrom = required("from", ENGINE_STRING, "Absolute path of what is there.");
constexpr engine_field kTo =
    required("to", ENGINE_STRING, "Absolute path of the target itself, with its name.");
constexpr engine_field kOverwrite =
    optional("overwrite", ENGINE_BOOLEAN, "Replaces a file that is there.", "false");
constexpr engine_field kCopyParams[] = {
    kFrom, kTo, kOverwrite,
    optional("recursive", ENGINE_BOOLEAN, "A directory with all that is in it.", "false")};
constexpr engine_field kMoveParams[] = {kFrom, kTo, kOverwrite};
constexpr engine_field kMoved[] = {
    field("path", ENGINE_STRING, "The target, with links resolved."),
    field("bytes", ENGINE_INTEGER, "Bytes of the files; 0 for a directory that was only renamed."),
};

constexpr engine_field kUsageParams[] = {
    kPath,
    between(
        optional("top", ENGINE_INTEGER, "How many of the largest things in it are listed.", "10"),
        "0", "1000"),
    between(optional("limit", ENGINE_INTEGER, "How many entries are looked at.", "5000000"), "1",
            nullptr),
    kCross,
};
constexpr engine_field kUsage[] = {
    field("path", ENGINE_STRING, "With links resolved."),
    field("disk_bytes", ENGINE_INTEGER, "What it takes on the disk."),
    field("apparent_bytes", ENGINE_INTEGER, "The sizes of its files."),
    field("files", ENGINE_INTEGER, "All that are no directories."),
    field("directories", ENGINE_INTEGER, "With the one asked for."),
    field("truncated", ENGINE_BOOLEAN, "The limit was reached."),
    kUnreadable,
    field("largest", ENGINE_LIST, "What is directly in it: name, disk_bytes, files, ..."),
};

constexpr engine_operation kOperations[] = {
    acting_on("path", operation("read", "Reads a file, or a part of it.", ENGINE_READ,
                                bound<read, lent>, kReadParams, kRead)),
    acting_on("path", idempotent(previewed(
                          bound<preview_write, lent>,
                          operation("write",
                                    "Writes a file as a whole, replacing what it held; a crash "
                                    "leaves the old or the new.",
                                    ENGINE_CHANGE, bound<write, lent>, kWriteParams, kWritten)))),
    acting_on(
        "path",
        previewed(bound<preview_write, lent>,
                  operation("append", "Adds to the end of a file, which is made if it is missing.",
                            ENGINE_CHANGE, bound<append, lent>, kWriteParams, kWritten))),
    acting_on(
        "path",
        operation("list", "Lists a folder: name, path, type, size, modified_at, age_ms, mode.",
                  ENGINE_READ, bound<list, lent>, kListParams)),
    lasting("5m",
            acting_on("path",
                      operation("find", "Searches a folder and all below it, following no links.",
                                ENGINE_READ, bound<find, lent>, kFindParams, kFound))),
    acting_on("path", operation("stat", "Looks at a file, directory or link.", ENGINE_READ,
                                bound<stat, lent>, kStatParams, kStat)),
    acting_on("path", idempotent(operation(
                          "mkdir", "Makes a directory; one that is there is left as it is.",
                          ENGINE_CHANGE, bound<mkdir, lent>, kMkdirParams, kMade))),
    lasting(
        "5m",
        acting_on("path",
                  idempotent(previewed(
                      bound<preview_remove, lent>,
                      operation("remove",
                                "Removes a file, link or directory; nothing there changes nothing.",
                                ENGINE_DESTROY, bound<remove, lent>, kRemoveParams, kRemoved))))),
    lasting(
        "10m",
        acting_on("to",
                  probed(bound<probe_copy, lent>,
                         operation("copy", "Copies a file or directory with its mode and times.",
                                   ENGINE_CHANGE, bound<copy, lent>, kCopyParams, kMoved)))),
    lasting(
        "10m",
        acting_on("from",
                  probed(bound<probe_move, lent>,
                         operation("move", "Moves a file or directory, across file systems too.",
                                   ENGINE_CHANGE, bound<move, lent>, kMoveParams, kMoved)))),
    lasting(
        "5m",
        acting_on("path",
                  operation("disk_usage",
                            "Reckons what a folder takes on the disk, and what in it is largest.",
                            ENGINE_READ, bound<disk_usage, lent>, kUsageParams, kUsage))),
    lasting("30m", acting_on("into", operation("archive.create",
                                               "Packs a file or a folder into a tar archive.",
                                               ENGINE_CHANGE, bound<create_archive_call, lent>,
                                               kArchiveCreateParams, kArchiveCreated))),
    lasting("5m", acting_on("path", operation("archive.list", "Lists what is in a tar archive.",
                                              ENGINE_READ, bound<list_archive_call, lent>,
                                              kArchiveListParams, kArchiveListed))),
    lasting("30m",
            acting_on("into", operation("archive.extract",
                                        "Takes a tar archive apart; nothing leaves the folder.",
                                        ENGINE_CHANGE, bound<extract_archive_call, lent>,
                                        kArchiveExtractParams, kArchiveExtracted))),
};

constexpr engine_field kConfig[] = {
    items(optional("roots", ENGINE_LIST,
                   "Folders below which files may be changed; reading is not limited.", "[\"/\"]"),
          "string"),
};

int start(const engine_host* host, const char* config, size_t size, void**, engine_error*) {
  static std::unique_ptr<const Guard> owner;
  const plugin::Args given({config, size});
  owner = std::make_unique<const Guard>(given.strings("roots"), "/etc/passwd");
  guard = owner.get();
  lent = host;
  return 0;
}

constexpr engine_plugin kPlugin =
    plugin::declared("fs", "Files and folders of this machine.", start, kOperations, kConfig);

}  // namespace

}  // namespace engine::fs

extern "C" const engine_plugin* engine_plugin_fs(void) { return &engine::fs::kPlugin; }
