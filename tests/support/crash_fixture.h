// Runs whose process dies: what it had recorded up to some entry is put back, and the run is taken
// up again. The world keeps what had been done to it.
#pragma once

#include <deque>
#include <regex>
#include <string>
#include <vector>

#include "engine/runs/resumption.h"
#include "engine/store/mail.h"
#include "engine/store/state.h"
#include "tests/support/runs_fixture.h"

namespace engine::runs {

class CrashFixture : public RunsFixture {
 public:
  using Strings = std::vector<std::string>;

  // A run that succeeds takes its mail with it; here all that was ever sent is known.
  CrashFixture() {
    change([](store::Database& db) {
      return db.exec(
          "CREATE TABLE sent AS SELECT * FROM mail; CREATE UNIQUE INDEX sent_by_id ON sent(id);"
          "CREATE TRIGGER mail_sent AFTER INSERT ON mail BEGIN"
          " INSERT OR IGNORE INTO sent SELECT * FROM mail WHERE id = new.id; END");
    });
  }

  // The run's entries, each as its own text.
  Strings entries(const std::string& id) {
    store->flush();
    const Result<JsonDocument> journal = read_json(journal_text(id));
    REQUIRE(journal);
    Strings texts;
    for (const JsonElement entry : simdjson::dom::array(journal->root()))
      texts.push_back(json_text(entry));
    return texts;
  }

  // As if the process had died when these entries were all that is on disk.
  void crash(const std::string& id, const Strings& kept) {
    std::string all;
    for (const std::string& entry : kept) all += (all.empty() ? "" : ",") + entry;
    const std::string row = "[" + all + "]";
    change([&](store::Database& db) {
      return execute(db, "DELETE FROM journal WHERE run = (SELECT key FROM run WHERE id = ?)", id);
    });
    change([&](store::Database& db) -> Result<void> {
      Result<store::Statement> insert = db.prepare(
          "INSERT INTO journal(run, prev, entries) SELECT key, 0, ? FROM run WHERE id = ?");
      if (!insert) return fail(insert.error());
      return insert->bind(row, id).run();
    });
    change([&](store::Database& db) {
      return execute(db,
                     "UPDATE run SET state = 'running', owner = 0, attempt = 1, result = NULL,"
                     " error = NULL, finished_at = NULL,"
                     " tail = (SELECT max(id) FROM journal WHERE run = run.key) WHERE id = ?",
                     id);
    });
    change([&](store::Database& db) {
      return execute(db, "INSERT OR IGNORE INTO mail SELECT * FROM sent WHERE run = ?", id);
    });
  }

  // The same, but hours ago.
  void crash_long_ago(const std::string& id, Strings kept) {
    for (std::string& entry : kept)
      entry = std::regex_replace(entry, std::regex(R"("at":17)"), R"("at":15)");
    crash(id, kept);
    change([&](store::Database& db) {
      return execute(db, "UPDATE run SET started_at = started_at - 200000000000 WHERE id = ?", id);
    });
  }

  void keep_state(const std::string& scope, const std::string& name) {
    change([&](store::Database& db) -> Result<void> {
      const Result<int64_t> set = store::set_state(db, scope, name, "1", 0, 1);
      return set ? Result<void>() : fail(set.error());
    });
  }

  std::vector<store::Mail> signals(const std::string& id) {
    std::vector<store::Mail> mail;
    Result<store::Statement> query = (*store->reader())
                                         ->prepare(
                                             "SELECT id, run, kind, name, data, sender, at FROM "
                                             "sent WHERE run = ? AND kind = 'signal' ORDER BY id");
    REQUIRE(query);
    query->bind(id);
    while (*query->step()) {
      mail.push_back({query->integer(0), query->text(1), query->text(2), query->text(3),
                      query->text(4), query->text(5), query->integer(6)});
    }
    return mail;
  }

  // As if no more than the first so many had been sent.
  void restore_mail(const std::vector<store::Mail>& sent, size_t count) {
    change([](store::Database& db) { return db.exec("DELETE FROM mail"); });
    for (size_t i = 0; i < count; ++i) {
      change([&](store::Database& db) -> Result<void> {
        Result<store::Statement> insert =
            db.prepare("INSERT INTO mail VALUES(?, ?, ?, ?, ?, ?, ?)");
        if (!insert) return fail(insert.error());
        const store::Mail& one = sent[i];
        return insert->bind(one.id, one.run, one.kind, one.name, one.data, one.sender, one.at_ms)
            .run();
      });
    }
  }

  Result<std::string> try_resume(ResumeRequest request) {
    if (request.principal.empty()) request.principal = "unix:test";
    last = nullptr;
    return runner->resume(
        request, [this](std::string_view entry) { watched.emplace_back(entry); },
        [this](Result<Outcome> outcome) {
          resumed.push_back(std::move(outcome));
          last = &resumed.back();
          if (runner->alive() == 0) loop.stop();
        });
  }

  Outcome resume(ResumeRequest request) {
    const Result<std::string> id = try_resume(std::move(request));
    if (!id) FAIL(id.error().message + " / " + id.error().hint);
    loop.run();
    REQUIRE(last != nullptr);
    if (!*last) FAIL(last->error().message);
    return **last;
  }
  Outcome resume(const std::string& id) { return resume(ResumeRequest{.run = id}); }

  void change(std::function<Result<void>(store::Database& db)> work) {
    bool committed = false;
    store->write([&](store::Transaction& transaction) { return work(transaction.db()); },
                 [&](Result<void> outcome) {
                   INFO((outcome ? "" : outcome.error().message));
                   CHECK(outcome);
                   committed = true;
                   loop.stop();
                 });
    while (!committed) loop.run();
  }

  // Lets the loop go on until it is so.
  void wait_until(std::function<bool()> is) {
    bool done = false;
    std::function<void()> look = [&] {
      store->flush();
      if (!is()) return loop.defer(look);
      done = true;
      loop.stop();
    };
    loop.defer(look);
    while (!done) loop.run();
  }

  static Result<void> execute(store::Database& db, std::string_view sql, const std::string& id) {
    Result<store::Statement> statement = db.prepare(sql);
    if (!statement) return fail(statement.error());
    return statement->bind(id).run();
  }

  std::deque<Result<Outcome>> resumed;
};

inline size_t first(const std::vector<std::string>& entries, std::string_view part) {
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].find(part) != std::string::npos) return i;
  }
  FAIL("no entry has " + std::string(part));
  return 0;
}

inline std::vector<std::string> until(const std::vector<std::string>& entries, size_t count) {
  return {entries.begin(), entries.begin() + static_cast<long>(count)};
}

inline std::string kind_of(const std::string& entry) {
  const Result<JsonDocument> document = read_json(entry);
  return std::string(json_string(document->root(), "t").value_or(""));
}

}  // namespace engine::runs
