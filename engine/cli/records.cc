#include "engine/cli/records.h"

#include <cstdlib>

#include "engine/base/id.h"
#include "engine/base/text.h"
#include "engine/loop/timer.h"
#include "engine/ops/sealed.h"
#include "engine/store/exported.h"
#include "engine/store/journal.h"

namespace engine::cli {

namespace {

constexpr int kRings = 50;
constexpr Millis kBetweenRings{20};
constexpr int64_t kAheadShown = 5;

}  // namespace

Result<std::unique_ptr<Records>> Records::open(const config::Config& config) {
  std::unique_ptr<Records> records(new Records());
  auto opened = open_store(records->loop_, config, store::StoreOptions::Access::read);
  if (!opened) return fail(opened.error());
  records->store_ = std::move(*opened);
  Result<store::Database*> db = records->store_->reader();
  if (!db) return fail(db.error());
  records->db_ = *db;
  return records;
}

Result<std::unique_ptr<Records>> Records::open_file(const std::string& file) {
  Result<store::Database> opened = store::open_export(file);
  if (!opened) return fail(opened.error());
  std::unique_ptr<Records> records(new Records());
  records->file_ = std::move(*opened);
  records->db_ = &*records->file_;
  return records;
}

std::string Records::note(std::string_view name) {
  return exported() ? store::export_note(*db_, name).value_or("") : "";
}

int64_t Records::now_ms() {
  return exported() ? std::atoll(note("at").c_str()) : system_clock().wall_ms();
}

std::expected<NamedRun, int> named_run(Session& session, const Command& command,
                                       const Words& words) {
  const std::string& word = words[0];
  const bool is_file = !is_run_id_prefix(word);
  if (!is_file && words.size() > 1) {
    return std::unexpected(session.usage_error(
        Error(code::kInvalidArgument, "'" + made_visible(words[1]) + "' is one word too many",
              "a run's id behind the name of an exported file names one of its runs"),
        command));
  }
  NamedRun named;
  if (is_file) {
    auto opened = Records::open_file(word);
    if (!opened) return std::unexpected(session.fail(opened.error()));
    named.records = std::move(*opened);
  } else {
    const auto config = session.config();
    if (!config) return std::unexpected(config.error());
    auto opened = Records::open(**config);
    if (!opened) return std::unexpected(session.fail(opened.error()));
    named.records = std::move(*opened);
  }
  const std::string id = !is_file ? word : words.size() > 1 ? words[1] : named.records->note("run");
  Result<store::RunRecord> run = named.records->find(id);
  if (!run) return std::unexpected(session.fail(run.error()));
  named.run = std::move(*run);
  return named;
}

Result<store::RunRecord> Records::find(std::string_view id_prefix) {
  if (!is_run_id_prefix(id_prefix)) {
    return fail(code::kInvalidArgument, "'" + shortened(id_prefix, 40) + "' is no run's id",
                "`engine runs` lists the runs; the first characters of an id will do");
  }
  return store::find_run(*db_, id_prefix);
}

Result<std::string> Records::journal(const store::RunRecord& run) {
  Result<std::string> journal = store::read_journal(*db_, run);
  if (journal) journal = ops::without_seals(std::move(*journal));
  return journal;
}

Result<void> Records::send(const store::RunRecord& run, store::Mail mail, Check check) {
  mail.run = run.id;
  mail.sender = person();
  mail.at_ms = system_clock().wall_ms();
  Result<void> sent;
  store_->write(
      [mail = std::move(mail), check = std::move(check)](store::Transaction& transaction) mutable {
        Result<void> allowed = check ? check(transaction.db(), mail) : Result<void>();
        if (!allowed) return allowed;
        Result<int64_t> id = store::send_mail(transaction.db(), mail);
        return id ? Result<void>() : Result<void>(fail(id.error()));
      },
      [&](Result<void> outcome) {
        sent = std::move(outcome);
        loop_.stop();
      });
  loop_.run();
  if (sent) ring(run.id);
  return sent;
}

Result<std::vector<store::Next>> Records::ahead_of(const store::Waiting& waiting) {
  return store::ahead_of(
      *db_, waiting.run, waiting.place, now_ms(),
      [this](int64_t epoch) { return exported() || store_->is_alive(epoch); }, kAheadShown);
}

// A process that has only just begun to carry the run may not have its bell yet.
void Records::ring(const std::string& id) {
  for (int times = 0; times < kRings; ++times) {
    const Result<store::RunRecord> now = store::find_run(*db_, id);
    if (now && now->state == "waiting") return store_->ring_all();
    if (!now || now->state != "running" || !store_->is_alive(now->owner)) return;
    if (store_->ring(now->owner)) return;
    const TaskPtr pause = start_timer(loop_, kBetweenRings, [this] { loop_.stop(); });
    loop_.run();
  }
}

void append_run(JsonWriter& out, const store::RunRecord& run, std::string_view state) {
  out.field("run", run.id).field("runbook", run.runbook).field("state", state);
  out.field("started_at", format_time_utc(run.started_at_ms));
  if (run.finished_at_ms > 0) {
    out.field("finished_at", format_time_utc(run.finished_at_ms));
    out.field("duration_ms", run.finished_at_ms - run.started_at_ms);
  } else {
    out.key("finished_at").null().key("duration_ms").null();
  }
  out.field_raw("result", run.result.empty() ? "null" : run.result);
  out.field_raw("error", run.error.empty() ? "null" : run.error);
  out.field("principal", run.principal)
      .field_raw("trigger", run.trigger)
      .field_raw("params", ops::without_seals(run.params));
  out.field("dry_run", run.dry_run);
}

std::string duration_text(const store::RunRecord& run) {
  return run.finished_at_ms > 0 ? human_duration(Millis(run.finished_at_ms - run.started_at_ms))
                                : "-";
}

}  // namespace engine::cli
