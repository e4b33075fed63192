// The sqlite plugin: other programs' databases, each call on a connection of its own.
#include <sys/stat.h>

#include "plugins/sqlite/backup.h"

namespace engine::sqlite_plugin {

namespace {

using plugin::acting_on, plugin::between, plugin::bound, plugin::field, plugin::idempotent,
    plugin::lasting, plugin::operation, plugin::optional, plugin::required;
using plugin::ForeignDatabase, plugin::ForeignOptions, plugin::Interrupt, plugin::RowLimits;
using Access = ForeignOptions::Access;

const engine_host* lent = nullptr;

constexpr engine_field kPath = required("path", ENGINE_STRING, "Absolute path of the database.");
constexpr engine_field kBusy =
    between(optional("busy_timeout", ENGINE_DURATION,
                     "How long to wait for another program that holds it.", "\"5s\""),
            "0s", "5m");
constexpr engine_field kSqlParam = required("sql", ENGINE_STRING, "One statement.");
constexpr engine_field kBound =
    optional("params", ENGINE_ANY, "Values of the statement's ? (a list) or :name (a map).");

constexpr engine_field kQueryParams[] = {
    kPath,
    kSqlParam,
    kBound,
    between(optional("limit", ENGINE_INTEGER, "How many rows at most.", "1000"), "1", "1000000"),
    between(optional("size_limit", ENGINE_SIZE, "How much at most.", "\"1MiB\""), "1", "64MiB"),
    kBusy,
};
constexpr engine_field kRows[] = {
    field("columns", ENGINE_LIST, "The names, in order."),
    field("rows", ENGINE_LIST, "A map each."),
    field("truncated", ENGINE_BOOLEAN, "There was more than a limit."),
};
constexpr engine_field kExecParams[] = {
    kPath,
    required("sql", ENGINE_STRING, "One statement; with `script` any number."),
    kBound,
    optional("script", ENGINE_BOOLEAN, "All statements as one transaction.", "false"),
    optional("create", ENGINE_BOOLEAN, "Makes the file where it is missing.", "false"),
    kBusy,
};
constexpr engine_field kExeced[] = {
    field("changes", ENGINE_INTEGER, "Rows that were inserted, changed or deleted."),
    field("last_id", ENGINE_INTEGER, "The rowid of the last row inserted."),
};
constexpr engine_field kCheckParams[] = {
    kPath,
    optional("quick", ENGINE_BOOLEAN, "Leaves out what takes long: indexes and uniqueness.",
             "false"),
    between(optional("limit", ENGINE_INTEGER, "How many problems are listed.", "100"), "1",
            "10000"),
    kBusy,
};
constexpr engine_field kChecked[] = {
    field("ok", ENGINE_BOOLEAN, "No problem was found."),
    field("problems", ENGINE_LIST, "In SQLite's words."),
};
constexpr engine_field kVacuumParams[] = {kPath, kBusy};
constexpr engine_field kVacuumed[] = {
    field("size_before", ENGINE_INTEGER, "Bytes."),
    field("size_after", ENGINE_INTEGER, "Bytes."),
};
constexpr engine_field kBackupParams[] = {
    kPath,
    required("to", ENGINE_STRING, "Absolute path of the copy."),
    optional("overwrite", ENGINE_BOOLEAN, "Replaces a file that is there.", "false"),
    kBusy,
};
constexpr engine_field kBackedUp[] = {
    field("path", ENGINE_STRING, "The copy."),
    field("bytes", ENGINE_INTEGER, "Its size."),
};

// Opens the database on a worker thread and lets `work` use it; a cancelled call is interrupted.
void with_database(const plugin::Call& call, Access access,
                   std::move_only_function<Result<std::string>(ForeignDatabase&)> work) {
  const auto args = call.args();
  auto interrupt = std::make_shared<Interrupt>();
  // The work keeps it until the call is spent, and cancel comes no later.
  call.host()->set_data(call.token(), interrupt.get());
  const ForeignOptions options{access, static_cast<int>(args.integer("busy_timeout"))};
  call.answer_from_worker([path = args.string("path"), options, interrupt,
                           work = std::move(work)]() mutable -> Result<std::string> {
    auto database = ForeignDatabase::open(path, options, interrupt);
    if (!database) return fail(database.error());
    return work(**database);
  });
}

void query(plugin::Call call) {
  const auto args = call.args();
  with_database(call, Access::read,
                [sql = args.string("sql"), params = args.json("params"),
                 limits = RowLimits{args.integer("limit"), args.integer("size_limit")}](
                    ForeignDatabase& database) { return database.query(sql, params, limits); });
}

void exec(plugin::Call call) {
  const auto args = call.args();
  const bool script = args.boolean("script");
  if (script && args.has("params")) {
    return call.fail(Error(code::kInvalidArgument, "a script of sqlite.exec takes no params"));
  }
  with_database(call, args.boolean("create") ? Access::create : Access::write,
                [script, sql = args.string("sql"),
                 params = args.json("params")](ForeignDatabase& database) -> Result<std::string> {
                  const auto outcome = script ? database.script(sql) : database.exec(sql, params);
                  if (!outcome) return fail(outcome.error());
                  std::string out;
                  JsonWriter(out)
                      .begin_object()
                      .field("changes", outcome->changes)
                      .field("last_id", outcome->last_id)
                      .end_object();
                  return out;
                });
}

void integrity_check(plugin::Call call) {
  const auto args = call.args();
  with_database(call, Access::read,
                [quick = args.boolean("quick"),
                 limit = args.integer("limit")](ForeignDatabase& database) -> Result<std::string> {
                  const auto problems = database.problems(quick, limit);
                  if (!problems) return fail(problems.error());
                  std::string out;
                  JsonWriter json(out);
                  json.begin_object().field("ok", problems->empty()).key("problems").begin_array();
                  for (const std::string& problem : *problems) json.string(problem);
                  json.end_array().end_object();
                  return out;
                });
}

int64_t size_of(const std::string& path) {
  struct stat found {};
  return stat(path.c_str(), &found) == 0 ? static_cast<int64_t>(found.st_size) : 0;
}

void vacuum(plugin::Call call) {
  const std::string path = call.args().string("path");
  with_database(call, Access::write, [path](ForeignDatabase& database) -> Result<std::string> {
    const int64_t before = size_of(path);
    if (const auto done = database.vacuum(); !done) return fail(done.error());
    std::string out;
    JsonWriter(out)
        .begin_object()
        .field("size_before", before)
        .field("size_after", size_of(path))
        .end_object();
    return out;
  });
}

void backup(plugin::Call call) {
  const auto args = call.args();
  with_database(
      call, Access::read,
      [path = args.string("path"), to = args.string("to"), overwrite = args.boolean("overwrite")](
          ForeignDatabase& database) { return back_up(database, path, to, overwrite); });
}

void cancel(void*, engine_call call) {
  if (void* interrupt = lent->data(call)) static_cast<Interrupt*>(interrupt)->raise();
}

constexpr engine_operation on_file(engine_operation of) {
  of.cancel = cancel;
  return acting_on("path", of);
}

constexpr engine_operation kOperations[] = {
    on_file(operation("query", "Reads rows from an SQLite file.", ENGINE_READ, bound<query, lent>,
                      kQueryParams, kRows)),
    on_file(operation("exec",
                      "Changes an SQLite file: a statement, or a script as one transaction.",
                      ENGINE_CHANGE, bound<exec, lent>, kExecParams, kExeced)),
    lasting("30m",
            on_file(operation("integrity_check", "Looks for damage in an SQLite file.", ENGINE_READ,
                              bound<integrity_check, lent>, kCheckParams, kChecked))),
    lasting("30m", on_file(idempotent(operation(
                       "vacuum", "Rewrites an SQLite file without the space that is free in it.",
                       ENGINE_CHANGE, bound<vacuum, lent>, kVacuumParams, kVacuumed)))),
    lasting("30m",
            on_file(operation("backup", "Copies an SQLite file that may be in use.", ENGINE_CHANGE,
                              bound<backup, lent>, kBackupParams, kBackedUp))),
};

constexpr engine_plugin kPlugin = plugin::declared("sqlite", "SQLite databases of other programs.",
                                                   plugin::starting<lent>, kOperations);

}  // namespace

}  // namespace engine::sqlite_plugin

extern "C" const engine_plugin* engine_plugin_sqlite(void) {
  return &engine::sqlite_plugin::kPlugin;
}
