// The house: everything real but the operations, which answer at once.
#include "tests/bench/house.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "engine/loop/timer.h"
#include "engine/runs/resumption.h"
#include "engine/store/journal.h"
#include "tests/bench/bench.h"
#include "tests/bench/program.h"

namespace engine::bench {

namespace {

constexpr size_t kOperationsMax = 1000;  // so that runs do not wait for each other

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void stop_with(const Error& error) {
  std::fprintf(stderr, "bench: %s\n", error.message.c_str());
  std::exit(1);
}

// Answers at the end of the loop's turn: as quick as an operation may be.
struct Nothing : Task {
  Nothing(Loop& loop, Done done) {
    loop.defer([alive = std::weak_ptr<int>(alive_), done = std::move(done)]() mutable {
      if (!alive.expired()) done("null");  // may destroy this
    });
  }
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

std::vector<double> gaps(const std::vector<double>& times) {
  std::vector<double> found;
  for (size_t i = 1; i < times.size(); ++i) found.push_back(times[i] - times[i - 1]);
  return found;
}

}  // namespace

House::House(const std::string& folder, std::optional<runs::ParkingOptions> parking)
    : folder_(folder), secrets_({}), library_({}, {}) {
  auto opened = store::Store::open(loop_, {.folder = folder});
  if (!opened) stop_with(opened.error());
  store_ = std::move(*opened);
  for (ops::Operation add : {operation("bench.item.look", ops::Effect::read),
                             operation("bench.item.touch", ops::Effect::change)}) {
    if (auto added = registry_.add(std::move(add)); !added) stop_with(added.error());
  }
  invoker_ = std::make_unique<ops::Invoker>(loop_, registry_, system_clock(), ops::OperatorPolicy{},
                                            kOperationsMax);
  runs::RunnerOptions options;
  options.limits.cpu = Millis(3'600'000);
  options.parking = parking;
  runner_ = std::make_unique<runs::Runner>(loop_, *store_, registry_, *invoker_, secrets_, library_,
                                           system_clock(), options);
}

House::~House() {
  runner_.reset();
  invoker_.reset();
  store_.reset();
}

ops::Operation House::operation(const std::string& name, ops::Effect effect) {
  ops::Operation made;
  made.name = name;
  made.summary = "Does nothing.";
  made.effect = effect;
  made.idempotent = true;
  made.start = [this](ops::CallInput input, Done done) -> TaskPtr {
    calls[input.run].push_back(now_seconds());
    return std::make_unique<Nothing>(loop_, std::move(done));
  };
  return made;
}

std::string House::runbook(const std::string& body) {
  std::string file =
      folder_ + "/" + std::to_string(getpid()) + "-" + std::to_string(ids_.size()) + ".lua";
  std::ofstream(file) << "return runbook { summary = \"Measured\", allow = { \"bench:change\" },\n"
                      << "  run = function(ctx) " << body << " end }\n";
  return file;
}

void House::start_one(const std::string& file) {
  auto id = runner_->start(
      {.runbook = file, .principal = "unix:bench", .trigger = "{\"kind\":\"person\"}"}, {},
      [this](Result<runs::Outcome> outcome) {
        if (!outcome) stop_with(outcome.error());
        if (outcome->state == "failed") stop_with({code::kFailed, outcome->error});
        if (left_ > 0) start_next();
        if (++ended_ >= wanted_) loop_.stop();
      });
  if (!id) stop_with(id.error());
  ids_.push_back(*id);
}

void House::start(const std::string& body, int runs) {
  const std::string file = runbook(body);
  for (int i = 0; i < runs; ++i) start_one(file);
}

void House::start_in_turn(const std::string& body, int runs, int side_by_side) {
  next_ = runbook(body);
  left_ = runs;
  for (int i = 0; i < side_by_side; ++i) start_next();
}

void House::start_next() {
  --left_;
  start_one(next_);
}

void House::until_ended(int runs) {
  wanted_ = runs;
  if (ended_ < wanted_) loop_.run();
}

void House::until(const std::function<bool()>& done) {
  double asked = now_seconds();
  TaskPtr timer;
  bool over = false;
  std::function<void()> look = [&] {
    worst_turn_ms_ = std::max(worst_turn_ms_, 1e3 * (now_seconds() - asked) - 1);
    over = done();
    if (over) return loop_.stop();
    asked = now_seconds();
    timer = start_timer(loop_, Millis(1), look);
  };
  timer = start_timer(loop_, Millis(1), look);
  while (!over) loop_.run();  // a run that ends may stop the loop
}

store::Database& House::database() {
  auto database = store_->reader();
  if (!database) stop_with(database.error());
  return **database;
}

void House::change(std::function<Result<void>(store::Database& db)> work) {
  store_->write([&](store::Transaction& transaction) { return work(transaction.db()); },
                [&](Result<void> done) {
                  if (!done) stop_with(done.error());
                  loop_.stop();
                });
  loop_.run();
}

void House::park(const std::string& body, int runs) {
  const std::string file = runbook(body);
  for (int i = 0; i < runs; ++i) {
    auto id = runner_->start(
        {.runbook = file, .principal = "unix:bench", .trigger = "{\"kind\":\"person\"}"}, {}, {});
    if (!id) stop_with(id.error());
  }
  until([&] { return runner_->alive() == 0; });
  change([](store::Database&) { return Result<void>(); });  // behind them all
}

void House::kill_all() {
  for (int times = 0; times < 2; ++times) {
    for (const std::string& id : ids_) (void)runner_->cancel(id, "unix:bench");
  }
}

double House::replay_seconds(const std::string& body) {
  start(body, 1);
  until_ended(1);
  const std::string id = ids_.back();
  auto database = store_->reader();
  if (!database) stop_with(database.error());
  auto journal = store::read_journal(**database, *store::find_run(**database, id));
  if (!journal) stop_with(journal.error());
  journal->resize(journal->rfind(R"(,{"t":"end")"));
  store_->write(
      [&](store::Transaction& transaction) -> Result<void> {
        store::Database& db = transaction.db();
        (void)db.exec("DELETE FROM journal");
        const auto row = store::append_entries(db, 1, 0, *journal + "]");
        if (!row) return fail(row.error());
        return db.exec(
            "UPDATE run SET state = 'running', owner = 0,"
            " tail = (SELECT max(id) FROM journal)");
      },
      [&](Result<void> done) {
        if (!done) stop_with(done.error());
        loop_.stop();
      });
  loop_.run();
  const double began = now_seconds();
  auto resumed = runner_->resume({.run = id, .principal = "unix:bench"}, {},
                                 [this](Result<runs::Outcome> outcome) {
                                   if (!outcome) stop_with(outcome.error());
                                   if (outcome->state != "succeeded")
                                     stop_with({code::kFailed, outcome->error});
                                   loop_.stop();
                                 });
  if (!resumed) stop_with(resumed.error());
  loop_.run();
  return now_seconds() - began;
}

double House::median_gap_us() const {
  std::vector<double> medians;
  for (const auto& [run, times] : calls) {
    const std::vector<double> each = gaps(times);
    if (!each.empty()) medians.push_back(1e6 * median(each));
  }
  return median(medians);
}

double House::p99_gap_ms() const {
  std::vector<double> all;
  for (const auto& [run, times] : calls) {
    for (const double gap : gaps(times)) all.push_back(1e3 * gap);
  }
  std::ranges::sort(all);
  return all.empty() ? 0 : all[all.size() * 99 / 100];
}

}  // namespace engine::bench
