// What operations on our own store do, and what the journal says of them, is one commit: the
// process is thought to die behind every single write to the disk.
#include <filesystem>
#include <set>

#include "engine/base/json_read.h"
#include "engine/store/journal.h"
#include "engine/store/state.h"
#include "tests/support/catch.h"
#include "tests/support/lives.h"
#include "tests/support/recording_vfs.h"

using namespace engine;
using namespace engine::test;
namespace fs = std::filesystem;

namespace {

using Values = std::map<std::string, std::string>;

constexpr const char* kBody = R"(
local function lane(name)
  return function()
    for i = 1, 3 do
      world.make{ id = name .. i }
      local set = state.compare_and_set{ name = name .. i, value = "new" }
      state.compare_and_set{ name = name .. i, value = i, version = set.version }
      state.set{ name = name, value = i }
    end
    state.remove{ name = name }
    pcall(state.compare_and_set, { name = name .. "1", value = "never" })
  end
end
parallel { lane "a", lane "b" }
return #state.list{}
)";

Values values_of(store::Database& database) {
  Values values;
  const auto kept = store::list_state(database, "given", "", 1000, 1);
  REQUIRE(kept.has_value());
  for (const store::StateValue& value : *kept) values[value.name] = value.value;
  return values;
}

// The values that the journal's entries say are there.
Values values_told(const JsonDocument& journal) {
  Values values;
  for (const JsonElement entry : simdjson::dom::array(journal.root())) {
    const std::string_view op = json_string(entry, "op").value_or("");
    if (!op.starts_with("state.") || !json_member(entry, "ok")) continue;
    const JsonElement args = *json_member(entry, "args");
    const std::string name(*json_string(args, "name"));
    if (op == "state.remove") {
      values.erase(name);
    } else if (op != "state.list") {
      values[name] = json_text(*json_member(args, "value"));
    }
  }
  return values;
}

std::string copy_of(const std::string& image, const std::string& to) {
  fs::create_directories(to);
  for (const auto& file : fs::directory_iterator(image))
    fs::copy_file(file.path(), to + "/" + file.path().filename().string());
  return to;
}

// Answers the run's journal as it is on that disk; nothing where it has no run.
std::optional<JsonDocument> check_disk(const std::string& image) {
  const TemporaryFolder temporary;
  Loop loop;
  const auto opened = store::Store::open(loop, {.folder = copy_of(image, temporary.path() + "/s")});
  INFO((opened ? "" : opened.error().message));
  REQUIRE(opened.has_value());
  Result<store::Database*> database = (*opened)->reader();
  REQUIRE(database);
  const auto runs = store::list_runs(**database, {.limit = 1});
  REQUIRE(runs.has_value());
  const Values values = values_of(**database);
  if (runs->empty()) {
    CHECK(values == Values());
    return std::nullopt;
  }
  const Result<std::string> journal = store::read_journal(**database, runs->front());
  REQUIRE(journal);
  INFO(*journal);
  JsonDocument document = *read_json(*journal);
  CHECK(values == values_told(document));
  if (runs->front().has_ended()) return std::nullopt;
  return document;
}

// The engine begins anew on that disk, and everything that had been intended was done.
Values values_after_resume(const std::string& image, const JsonDocument& journal) {
  World world;
  copy_of(image, world.temporary.path() + "/state");
  for (const JsonElement entry : simdjson::dom::array(journal.root())) {
    if (const auto key = json_string(entry, "key")) world.keys[std::string(*key)] = "done";
  }
  const size_t before = world.keys.size();
  {
    Life life(world);
    const runs::Outcome outcome = life.resume();
    INFO(outcome.error);
    CHECK(outcome.result == "6");
    CHECK(before + world.happened.size() == 6);
  }
  Loop loop;
  const auto opened = store::Store::open(loop, {.folder = world.temporary.path() + "/state",
                                                .access = store::StoreOptions::Access::read});
  REQUIRE(opened.has_value());
  return values_of(**(*opened)->reader());
}

}  // namespace

TEST_CASE("rule 5: a value of our own store is there if and only if the journal says so") {
  recording_vfs::install();
  (void)recording_vfs::take();
  {
    World world;
    Life life(world, recording_vfs::kName);
    REQUIRE(life.run(kBody).result == "6");
  }
  const std::vector<recording_vfs::Write> writes = recording_vfs::take();
  const Values all = {{"a1", "1"}, {"a2", "2"}, {"a3", "3"}, {"b1", "1"}, {"b2", "2"}, {"b3", "3"}};
  const TemporaryFolder image;
  std::set<size_t> seen;  // lengths of the journal
  for (size_t i = 0; i < writes.size(); ++i) {
    recording_vfs::apply(writes[i], image.path());
    // A log's frame is of no use without what is written with it.
    const bool ends_frame = writes[i].file.ends_with("-wal") && writes[i].data.size() > 24;
    if (!ends_frame && i + 1 != writes.size()) continue;
    INFO("dead behind write " << i << " of " << writes.size());
    const auto journal = check_disk(image.path());
    if (!journal) continue;
    if (seen.insert(simdjson::dom::array(journal->root()).size()).second)
      CHECK(values_after_resume(image.path(), *journal) == all);
  }
  CHECK(seen.size() > 6);
}
