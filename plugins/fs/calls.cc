// Each operation of the fs plugin, from its arguments to the work on a thread.
#include "plugins/fs/calls.h"

#include "plugins/fs/content.h"
#include "plugins/fs/listing.h"
#include "plugins/fs/remove.h"
#include "plugins/fs/transfer.h"

namespace engine::fs {

namespace {

Deadline deadline_of(const plugin::Call& call) { return deadline_in(call.timeout()); }

struct Writing {
  std::string path, data;
  WriteOptions options;
};

Result<Writing> writing_of(const plugin::Call& call) {
  const auto args = call.args();
  Writing writing{args.string("path"), {}, {{}, args.boolean("parents")}};
  auto data = call.resolved_string("data");
  if (!data) return fail(data.error());
  writing.data = std::move(*data);
  if (const auto text = args.find_string("mode")) {
    const auto mode = parse_mode(*text);
    if (!mode) return fail(mode.error());
    writing.options.mode = *mode;
  }
  return writing;
}

using Write = Result<std::string> (*)(const Guard&, const std::string&, std::string_view,
                                      const WriteOptions&);
void answer_writing(const plugin::Call& call, Write how) {
  auto writing = writing_of(call);
  if (!writing) return call.fail(writing.error());
  call.answer_from_worker([how, writing = std::move(*writing)] {
    return how(*guard, writing.path, writing.data, writing.options);
  });
}

WalkOptions walk_of(const plugin::Call& call, const plugin::Args& args) {
  WalkOptions options{.cross_devices = args.boolean("cross"), .deadline = deadline_of(call)};
  if (const auto depth = args.find_integer("depth")) options.depth_max = static_cast<int>(*depth);
  return options;
}

using Removal = Result<std::string> (*)(const Guard&, const std::string&, bool, Deadline);
void answer_removal(const plugin::Call& call, Removal how) {
  const auto args = call.args();
  call.answer_from_worker(
      [how, path = args.string("path"), recursive = args.boolean("recursive"),
       deadline = deadline_of(call)] { return how(*guard, path, recursive, deadline); });
}

using Transfer = Result<std::string> (*)(const Guard&, const std::string&, const std::string&,
                                         const TransferOptions&);
void answer_transfer(const plugin::Call& call, Transfer how, bool recursive) {
  const auto args = call.args();
  const TransferOptions options{args.boolean("overwrite"), recursive, deadline_of(call)};
  call.answer_from_worker([how, from = args.string("from"), to = args.string("to"), options] {
    return how(*guard, from, to, options);
  });
}

using Probe = std::string (*)(const std::string&, const std::string&);
void answer_probe(const plugin::Call& call, Probe how) {
  const auto args = call.args();
  call.answer_from_worker([how, from = args.string("from"), to = args.string("to")] {
    return Result<std::string>(how(from, to));
  });
}

}  // namespace

void read(plugin::Call call) {
  const auto args = call.args();
  const ReadOptions options{args.integer("offset"), args.integer("limit")};
  call.answer_from_worker(
      [path = args.string("path"), options] { return read_content(path, options); });
}

void write(plugin::Call call) { answer_writing(call, write_content); }
void preview_write(plugin::Call call) { answer_writing(call, preview_write); }
void append(plugin::Call call) { answer_writing(call, append_content); }

void list(plugin::Call call) {
  const auto args = call.args();
  call.answer_from_worker([path = args.string("path"), limit = args.integer("limit"),
                           now = call.host()->now_ms()] { return list_folder(path, limit, now); });
}

void find(plugin::Call call) {
  const auto args = call.args();
  const FindQuery query{.name = args.find_string("name").value_or(""),
                        .type = args.string("type"),
                        .older_ms = args.find_integer("older_than"),
                        .newer_ms = args.find_integer("newer_than"),
                        .larger = args.find_integer("larger_than"),
                        .smaller = args.find_integer("smaller_than"),
                        .limit = args.integer("limit"),
                        .walk = walk_of(call, args)};
  call.answer_from_worker([path = args.string("path"), query, now = call.host()->now_ms()] {
    return find_entries(path, query, now);
  });
}

void stat(plugin::Call call) {
  const auto args = call.args();
  call.answer_from_worker([path = args.string("path"), follow = args.boolean("follow"),
                           now = call.host()->now_ms()] { return stat_entry(path, follow, now); });
}

void mkdir(plugin::Call call) {
  const auto args = call.args();
  const auto mode = parse_mode(args.string("mode"));
  if (!mode) return call.fail(mode.error());
  call.answer_from_worker([path = args.string("path"), parents = args.boolean("parents"),
                           mode = *mode] { return make_folder(*guard, path, parents, mode); });
}

void remove(plugin::Call call) { answer_removal(call, remove_path); }
void preview_remove(plugin::Call call) { answer_removal(call, preview_remove); }

void copy(plugin::Call call) { answer_transfer(call, copy_path, call.args().boolean("recursive")); }
void probe_copy(plugin::Call call) { answer_probe(call, probe_copy); }
void move(plugin::Call call) { answer_transfer(call, move_path, true); }
void probe_move(plugin::Call call) { answer_probe(call, probe_move); }

void disk_usage(plugin::Call call) {
  const auto args = call.args();
  const UsageOptions options{
      args.integer("top"),
      args.integer("limit"),
      {.cross_devices = args.boolean("cross"), .deadline = deadline_of(call)}};
  call.answer_from_worker(
      [path = args.string("path"), options] { return disk_usage(path, options); });
}

}  // namespace engine::fs
