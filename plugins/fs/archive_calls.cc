// The archive operations, from their arguments to the work on a thread.
#include "plugins/fs/archive.h"
#include "plugins/fs/archive_operations.h"
#include "plugins/fs/calls.h"

namespace engine::fs {

void create_archive_call(plugin::Call call) {
  const auto args = call.args();
  const PackOptions options{args.boolean("overwrite"), deadline_in(call.timeout())};
  call.answer_from_worker([path = args.string("path"), into = args.string("into"), options] {
    return create_archive(*guard, path, into, options);
  });
}

void list_archive_call(plugin::Call call) {
  const auto args = call.args();
  call.answer_from_worker(
      [path = args.string("path"), limit = args.integer("limit"),
       deadline = deadline_in(call.timeout())] { return list_archive(path, limit, deadline); });
}

void extract_archive_call(plugin::Call call) {
  const auto args = call.args();
  const UnpackOptions options{args.integer("size_limit"), args.integer("entries_limit"),
                              deadline_in(call.timeout())};
  call.answer_from_worker([path = args.string("path"), into = args.string("into"), options] {
    return extract_archive(*guard, path, into, options);
  });
}

}  // namespace engine::fs
