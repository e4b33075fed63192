// Several processes over one store: turns, owners, and a process that dies.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <mutex>
#include <thread>

#include "engine/store/journal.h"
#include "engine/store/locks.h"
#include "tests/support/store_fixture.h"

using namespace engine;
using namespace engine::store;

namespace {

// Runs `body` in a process of its own; nothing of the test's own state is torn down there.
pid_t in_process(const std::function<int()>& body) {
  const pid_t pid = fork();
  if (pid == 0) _exit(body());
  return pid;
}

int status_of(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return status;
}

// Writes a run of `rows` commits, each waited for; answers 0 when all of them went well.
int write_a_run(const std::string& folder, int rows) {
  Loop loop;
  auto store = Store::open(loop, {.folder = folder});
  if (!store) return 2;
  int left = rows, failed = 0;
  const LiveRun run = (*store)->start_run(StoreFixture::new_run(), "[0]", {});
  std::function<void()> next = [&] {
    (*store)->append(run, "[1]", [&](Result<void> done) {
      failed += !done;
      if (--left > 0) return next();
      (*store)->finish_run(run, {"succeeded", 1, "", ""}, "[2]",
                           [&](Result<void> ended) { failed += !ended; });
    });
  };
  next();
  loop.run();
  return failed ? 1 : 0;
}

bool waits_in_the_turnstile(int fd) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_len = 1;
  return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace

TEST_CASE_METHOD(StoreFixture, "two and ten processes write at once and nothing is lost") {
  const int processes = GENERATE(2, 10);
  constexpr int kRows = 50;
  std::vector<pid_t> pids;
  for (int i = 0; i < processes; ++i) {
    pids.push_back(in_process([&] { return write_a_run(folder, kRows); }));
  }
  for (pid_t pid : pids) CHECK(status_of(pid) == 0);

  open();
  const std::vector<RunRecord> runs = *list_runs(reader(), {});
  CHECK(runs.size() == static_cast<size_t>(processes));
  for (const RunRecord& run : runs) {
    CHECK(run.state == "succeeded");
    int rows = 0;
    CHECK(read_journal_after(reader(), run, 0, [&](std::string_view) { ++rows; }).has_value());
    CHECK(rows == kRows + 2);
  }
  Result<Statement> check = reader().prepare("PRAGMA integrity_check");
  REQUIRE(*check->step());
  CHECK(check->text(0) == "ok");
}

TEST_CASE("whoever has just had the turn waits behind who was waiting") {
  TemporaryFolder temporary;
  const std::string path = temporary.path() + "/lock";
  Result<LockFile> first = LockFile::open(path, true);
  Result<LockFile> second = LockFile::open(path, true);
  const int watch = open(path.c_str(), O_RDWR | O_CLOEXEC);
  for (int round = 0; round < 20; ++round) {
    std::string order;
    std::mutex guard;  // the turn guards it too, but a file lock is nothing a sanitizer sees
    const auto note = [&](char who) {
      const std::lock_guard lock(guard);
      order += who;
    };
    REQUIRE(first->take_turn().has_value());
    note('a');
    std::thread other([&] {
      (void)second->take_turn();
      note('b');
      second->end_turn();
    });
    while (!waits_in_the_turnstile(watch)) std::this_thread::yield();
    first->end_turn();
    REQUIRE(first->take_turn().has_value());
    note('a');
    first->end_turn();
    other.join();
    CHECK(order == "aba");
  }
  close(watch);
}

TEST_CASE_METHOD(StoreFixture, "a process killed while it writes loses nothing that was answered") {
  open();
  store.reset();
  int answers[2];
  REQUIRE(pipe(answers) == 0);
  const pid_t pid = in_process([&] {
    Loop child_loop;
    auto opened = Store::open(child_loop, {.folder = folder});
    if (!opened) return 1;
    Store& child = **opened;
    const LiveRun run = child.start_run(new_run(), "[0]", {});
    std::function<void()> next = [&] {
      child.append(run, R"(["some entry"])", [&](Result<void> done) {
        if (done && ::write(answers[1], "x", 1) == 1) next();
      });
    };
    next();
    child_loop.run();
    return 0;
  });
  close(answers[1]);
  int answered = 0;
  char byte;
  while (answered < 200 && read(answers[0], &byte, 1) == 1) ++answered;
  kill(pid, SIGKILL);
  while (read(answers[0], &byte, 1) == 1) ++answered;
  close(answers[0]);
  CHECK(WIFSIGNALED(status_of(pid)));

  open();
  const RunRecord run = list_runs(reader(), {})->at(0);
  CHECK(run.state == "running");
  CHECK(store->state_of(run) == "interrupted");
  int rows = 0;
  REQUIRE(read_journal_after(reader(), run, 0, [&](std::string_view) { ++rows; }).has_value());
  CHECK(answered >= 200);
  CHECK(rows >= answered + 1);
  Result<Statement> check = reader().prepare("PRAGMA integrity_check");
  REQUIRE(*check->step());
  CHECK(check->text(0) == "ok");
}

TEST_CASE_METHOD(StoreFixture, "a run is alive while its process is, seen from another") {
  open();
  auto [live, id] = start();
  const pid_t pid = in_process([&] {
    Loop child_loop;
    auto opened = Store::open(child_loop, {.folder = folder, .access = StoreOptions::Access::read});
    if (!opened) return 2;
    Result<Database*> db = (*opened)->reader();
    if (!db) return 3;
    Result<RunRecord> run = find_run(**db, id);
    if (!run) return 4;
    return (*opened)->state_of(*run) == "running" ? 0 : 1;
  });
  CHECK(status_of(pid) == 0);
  const RunRecord run = *find_run(reader(), id);
  store.reset();
  open();
  CHECK(store->state_of(run) == "interrupted");
}

TEST_CASE_METHOD(StoreFixture, "owners that are gone and left no run are forgotten") {
  for (int i = 0; i < 5; ++i) {
    open();
    auto [live, id] = start();
    if (i != 2) REQUIRE(finish(live).has_value());
  }
  // The one with the interrupted run, and the present one.
  CHECK(*reader().number("SELECT count(*) FROM owner") == 2);
}

TEST_CASE_METHOD(StoreFixture, "a process whose epoch was taken away writes no more entries") {
  open();
  auto [live, id] = start();
  {
    Result<Database> other = Database::open(folder + "/engine.db", Database::Access::write);
    REQUIRE(other->exec("DELETE FROM owner").has_value());
  }
  CHECK(append(live, "[1]").error().code == code::kConflict);
}
