// Disks that fail, fill up, are read-only or hold something else: said in words, and never a run
// that claims more than it has on disk.
#include <fstream>

#include "engine/store/journal.h"
#include "tests/support/failing_vfs.h"
#include "tests/support/small_disk.h"
#include "tests/support/store_fixture.h"

using namespace engine;
using namespace engine::store;
using failing_vfs::Failure;
using Access = StoreOptions::Access;

namespace {

struct FailingFixture : StoreFixture {
  FailingFixture() {
    failing_vfs::install();
    REQUIRE(try_open(Access::write, failing_vfs::kName).has_value());
  }
  ~FailingFixture() { failing_vfs::failure = Failure::none; }
};

struct SmallDiskFixture : StoreFixture {
  engine::test::SmallDisk disk{folder};
  ~SmallDiskFixture() { store.reset(); }
};

void write_file(const std::string& path, const std::string& bytes, std::streamoff at = 0) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  if (!file) file.open(path, std::ios::binary | std::ios::out);
  file.seekp(at);
  file << bytes;
}

}  // namespace

TEST_CASE_METHOD(FailingFixture,
                 "after a failed commit nothing of that run is accepted and it is let go") {
  auto [live, id] = start();
  const Failure kind = GENERATE(Failure::sync, Failure::write, Failure::full);
  failing_vfs::failure = kind;
  const Result<void> lost = append(live, R"([{"t":"call"}])");
  failing_vfs::failure = Failure::none;

  REQUIRE_FALSE(lost.has_value());
  CHECK(lost.error().code == (kind == Failure::full ? code::kDiskFull : code::kFailed));
  CHECK(lost.error().message.find(folder + "/engine.db") != std::string::npos);
  CHECK_FALSE(lost.error().hint.empty());
  CHECK(append(live, "[2]").error().message == lost.error().message);
  CHECK(store->state_of(*find_run(reader(), id)) == "running");

  const std::string end = GENERATE("succeeded", "failed");
  CHECK(finish(live, end).error().message == lost.error().message);
  const RunRecord run = *find_run(reader(), id);
  CHECK(store->state_of(run) == "interrupted");
  CHECK(*read_journal(reader(), run) == R"([{"t":"start"}])");
}

TEST_CASE_METHOD(FailingFixture, "a run whose start could not be recorded leaves nothing behind") {
  failing_vfs::failure = Failure::sync;
  Answer started, appended, ended;
  const LiveRun live = store->start_run(new_run(), "[1]", started.committed());
  store->append(live, "[2]", appended.committed());
  loop.run();
  failing_vfs::failure = Failure::none;
  store->finish_run(live, {"failed", 1, "", ""}, "[3]", ended.committed());
  loop.run();

  CHECK(started.result->error().message.find("fsync failed") != std::string::npos);
  CHECK_FALSE(appended.result->has_value());
  CHECK_FALSE(ended.result->has_value());
  CHECK(list_runs(reader(), {})->empty());
  auto [next, id] = start();
  CHECK(finish(next).has_value());
}

TEST_CASE_METHOD(SmallDiskFixture,
                 "a disk that fills up fails the write, and the store goes on once there is room") {
  if (!disk.mounted) return;
  open();
  auto [live, id] = start();
  const std::string entries = "[\"" + std::string(50'000, 'x') + "\"]";
  Result<void> written;
  int rows = 0;
  for (; written && rows < 100; ++rows) written = append(live, entries);

  REQUIRE_FALSE(written.has_value());
  CHECK(written.error().code == code::kDiskFull);
  REQUIRE(disk.change(0, "size=8m"));
  CHECK(finish(live, "succeeded").error().code == code::kDiskFull);
  CHECK(store->state_of(*find_run(reader(), id)) == "interrupted");
  int kept = 0;
  REQUIRE(read_journal_after(reader(), *find_run(reader(), id), 0, [&](std::string_view) {
            ++kept;
          }).has_value());
  CHECK(kept == rows);
}

TEST_CASE_METHOD(SmallDiskFixture, "a store cannot be made on a full disk") {
  if (!disk.mounted) return;
  write_file(folder + "/filler", std::string(2 << 20, 'x'));

  const Result<void> opened = try_open();
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == code::kDiskFull);
}

TEST_CASE_METHOD(SmallDiskFixture, "a read-only store is refused for writing and can be read") {
  if (!disk.mounted) return;
  open();
  auto [live, id] = start();
  REQUIRE(finish(live).has_value());
  store.reset();
  REQUIRE(disk.change(MS_RDONLY, "size=1m"));

  const Result<void> opened = try_open();
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == code::kPermissionDenied);
  const Result<void> looked = try_open(Access::read);
  INFO((looked ? "" : looked.error().message));
  REQUIRE(looked.has_value());
  CHECK(find_run(reader(), id)->state == "succeeded");
  const Result<void> refused = write([](Transaction&) -> Result<void> { return {}; });
  CHECK(refused.error().code == code::kPermissionDenied);
}

TEST_CASE_METHOD(StoreFixture, "looking at a store that is not there creates nothing") {
  const Result<void> opened = try_open(Access::read);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == code::kNotFound);
  CHECK_FALSE(std::filesystem::exists(folder));
}

TEST_CASE_METHOD(StoreFixture, "the store's folder is for its owner alone") {
  open();
  using std::filesystem::perms;
  CHECK((std::filesystem::status(folder).permissions() & perms::mask) == perms::owner_all);
}

TEST_CASE_METHOD(StoreFixture, "a folder that cannot be made is an error in words") {
  write_file(temporary.path() + "/file", "x");
  folder = temporary.path() + "/file/state";
  const Result<void> opened = try_open();
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().message.find(folder) != std::string::npos);
}

TEST_CASE_METHOD(StoreFixture, "a file that is no database is refused as damaged") {
  std::filesystem::create_directories(folder);
  write_file(folder + "/engine.db", std::string(8192, 'x'));

  const Result<void> opened = try_open();
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().message.find("is damaged") != std::string::npos);
  CHECK(opened.error().hint.find(".recover") != std::string::npos);
}

TEST_CASE_METHOD(StoreFixture, "a damaged table fails the write that meets it, with words") {
  open();
  for (int i = 0; i < 3; ++i) {
    auto [live, id] = start();
    REQUIRE(finish(live).has_value());
  }
  REQUIRE(reader().number("SELECT 1").has_value());
  store.reset();
  {
    Result<Database> db = Database::open(folder + "/engine.db", Database::Access::write);
    REQUIRE(*db->number("SELECT count(*) FROM run") == 3);
    REQUIRE(*db->checkpoint(Database::Checkpoint::truncate));
  }
  const auto size = std::filesystem::file_size(folder + "/engine.db");
  write_file(folder + "/engine.db", std::string(size - 4096, 'x'), 4096);

  Result<void> failed = try_open();
  if (failed) {
    Answer answer;
    store->start_run(new_run(), "[1]", answer.committed());
    loop.run();
    failed = *answer.result;
  }
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().message.find("is damaged") != std::string::npos);
}

TEST_CASE_METHOD(StoreFixture, "a newer store is refused, naming both versions") {
  open();
  store.reset();
  const int schema = GENERATE(3, 7);
  {
    Result<Database> db = Database::open(folder + "/engine.db", Database::Access::write);
    const std::string sql = "PRAGMA user_version = " + std::to_string((schema << 16) | 9);
    REQUIRE(db->exec(sql.c_str()).has_value());
  }
  const Result<void> opened = try_open();
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == code::kUnsupported);
  CHECK(opened.error().message.find("it has schema " + std::to_string(schema) +
                                    " and journal format 9, this engine knows schema 3") !=
        std::string::npos);
}

TEST_CASE_METHOD(StoreFixture, "another program's database is left alone") {
  std::filesystem::create_directories(folder);
  {
    Result<Database> db = Database::open(folder + "/engine.db", Database::Access::create);
    REQUIRE(db->exec("CREATE TABLE theirs(x)").has_value());
  }
  const Result<void> opened = try_open();
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().message.find("of another program") != std::string::npos);
}
