#include "tests/support/torment.h"

#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <thread>

#include "engine/base/json_read.h"
#include "engine/store/journal.h"
#include "engine/store/store.h"
#include "tests/support/catch.h"

namespace engine::test {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kShortSeconds = 24;
constexpr int kStrikesMin = 3;
constexpr milliseconds kLook{3};
// Against hangs alone.
constexpr milliseconds kNeverSoLong{300'000};

void breathe(milliseconds time = kLook) { std::this_thread::sleep_for(time); }

uint32_t chosen_seed() {
  const char* given = std::getenv("ENGINE_TEST_SEED");
  return given ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10)) : std::random_device()();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
    lines.push_back(text.substr(at, end - at));
  return lines;
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool is_stopped(pid_t pid) {
  return content("/proc/" + std::to_string(pid) + "/stat").find(") T ") != std::string::npos;
}

// What an engine says that finds the run in other hands, or at its end.
bool was_refused(const Ended& ended) {
  for (const char* words :
       {"is going on: a living process carries it", "nothing is left to do",
        "so that it does not go on", "another process has taken the run up meanwhile",
        "did not end in doubt", "there are no interrupted runs"}) {
    if (ended.err.find(words) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

milliseconds torture_time(double share) {
  const char* given = std::getenv("TORTURE_SECONDS");
  const int seconds = given ? std::atoi(given) : kShortSeconds;
  return milliseconds(static_cast<int64_t>(1000 * share * seconds));
}

Torment::Torment(Wishes wishes)
    : wishes_(wishes), seed_(chosen_seed()), random_(seed_), workers_(wishes.engines) {
  WARN("seed " << seed_ << " (ENGINE_TEST_SEED gives it back)");
  wishes_.programs.containers = wishes_.docker != nullptr;
  if (wishes_.docker) cli.env["DOCKER_HOST"] = wishes_.docker->docker_host();
}

Torment::~Torment() {
  for (Worker& worker : workers_) worker.engine.reset();
  if (!wishes_.docker) return;
  for (const Job& job : jobs_) {
    for (const auto& [label, state] : job.program.containers()) {
      const HttpAnswer found = wishes_.docker->request(
          "GET", R"(/containers/json?all=1&filters={"label":["torture=)" + label + R"("]})");
      const Result<JsonDocument> list = read_json(found.body);
      if (!list || !list->root().is_array()) continue;
      for (const JsonElement container : simdjson::dom::array(list->root()))
        wishes_.docker->remove(std::string(json_string(container, "Id").value_or("none")));
    }
  }
}

void Torment::go_on_for(milliseconds time) {
  const steady_clock::time_point until = steady_clock::now() + time;
  for (int strikes = 0; strikes < kStrikesMin || steady_clock::now() < until; ++strikes) {
    if (std::ranges::count(jobs_, false, &Job::checked) < wishes_.engines) add_job();
    employ();
    wait_for_a_moment();
    strike();
    check_store();
    reap();
    look();
  }
  const steady_clock::time_point patience = steady_clock::now() + kNeverSoLong;
  while (!all_checked() && steady_clock::now() < patience) {
    employ();
    breathe(milliseconds(30));
    reap();
    look();
  }
  for (const Job& job : jobs_) {
    INFO(job.program.name() << ", run " << job.run.id << ", is " << job.state);
    CHECK(job.checked);
  }
  check_store();
  WARN(jobs_.size() << " runs, " << kills_ << " kills, " << stops_ << " stops, " << doubts_
                    << " doubts that ended a run");
}

bool Torment::all_checked() const { return std::ranges::all_of(jobs_, &Job::checked); }

void Torment::add_job() {
  const std::string name = "p" + std::to_string(jobs_.size()) + "x";
  TorturedProgram program(wishes_.docker ? unique(name) + "x" : name, random_(), wishes_.programs);
  cli.write(name + ".lua", program.runbook());
  const std::string folder = cli.folder() + "/" + name;
  std::filesystem::create_directories(folder);
  jobs_.push_back({std::move(program), folder});
}

void Torment::look() {
  Loop loop;
  const auto store = store::Store::open(
      loop, {.folder = cli.state_dir(), .access = store::StoreOptions::Access::read});
  if (!store) return;  // killed before there was one
  Result<store::Database*> database = (*store)->reader();
  REQUIRE(database);
  const auto runs = store::list_runs(**database, {.limit = 1000});
  REQUIRE(runs.has_value());
  for (Job& job : jobs_) {
    if (job.checked) continue;
    const std::string file = std::filesystem::path(job.folder).filename().string() + ".lua";
    int found = 0;
    for (const store::RunRecord& run : *runs) {
      if (!run.file.ends_with("/" + file)) continue;
      ++found;
      job.run = run;
      job.state = (*store)->state_of(run);
    }
    INFO(job.program.name());
    CHECK(found <= 1);
    if (job.state == "succeeded") check(job);
    if (job.state == "failed") check_end(job);
  }
}

void Torment::check_store() {
  Loop loop;
  const auto store = store::Store::open(
      loop, {.folder = cli.state_dir(), .access = store::StoreOptions::Access::read});
  if (!store) return;
  auto check = (*(*store)->reader())->prepare("PRAGMA integrity_check");
  REQUIRE(check);
  const auto row = check->step();
  INFO((row ? "" : row.error().message));
  REQUIRE(row);
  CHECK(check->text(0) == "ok");
}

// Programs fail for nothing but a doubt, which is told.
void Torment::check_end(const Job& job) {
  INFO("seed " << seed_ << ", program " << job.program.name() << ": " << job.run.error);
  INFO(cli.run({"trace", job.run.id}).out);
  REQUIRE(job.run.error.find(R"("code":"IN_DOUBT")") != std::string::npos);
}

void Torment::check(Job& job) {
  job.checked = true;
  const std::string fault = job.program.fault_of(lines_of(content(job.folder + "/ledger")));
  INFO("seed " << seed_ << ", program " << job.program.name());
  if (!fault.empty()) {
    UNSCOPED_INFO(job.program.runbook());
    UNSCOPED_INFO(cli.run({"trace", job.run.id}).out);
    UNSCOPED_INFO(cli.run({"logs", job.run.id}).out);
    UNSCOPED_INFO(content(job.folder + "/ledger"));
  }
  CHECK(fault == "");
  CHECK(job.run.result == job.program.result());
  for (const auto& [name, text] : job.program.files())
    CHECK(content(job.folder + "/" + name) == text);
  if (wishes_.docker) check_containers(job);
}

// Docker's own record of what was done tells more than what there is: nothing was made, started or
// removed twice.
void Torment::check_containers(const Job& job) {
  for (const auto& [label, state] : job.program.containers()) {
    const HttpAnswer found = wishes_.docker->request(
        "GET", R"(/containers/json?all=1&filters={"label":["torture=)" + label + R"("]})");
    const Result<JsonDocument> list = read_json(found.body);
    REQUIRE(list);
    INFO("container " << label << " should be " << state << ": " << found.body);
    std::vector<std::string> states;
    for (const JsonElement container : simdjson::dom::array(list->root()))
      states.emplace_back(json_string(container, "State").value_or("?"));
    CHECK(states == (state == "removed" ? std::vector<std::string>() : std::vector{state}));
    const HttpAnswer events = wishes_.docker->request(
        "GET", "/events?since=0&until=" + std::to_string(std::time(nullptr) + 1) +
                   R"(&filters={"type":["container"],"label":["torture=)" + label + R"("]})");
    const auto times = [&](const std::string& action) {
      int count = 0;
      const std::string word = "\"Action\":\"" + action + "\"";
      for (size_t at = 0; (at = events.body.find(word, at)) != std::string::npos; ++at) ++count;
      return count;
    };
    INFO(events.body);
    CHECK(times("create") == 1);
    CHECK(times("start") == (state == "created" ? 0 : 1));
    CHECK(times("destroy") == (state == "removed" ? 1 : 0));
  }
}

// Of two engines for one run, one gets it.
void Torment::employ() {
  for (Worker& worker : workers_) {
    if (worker.engine) continue;
    if (below(6) == 0) {
      start(worker, {"resume"});
      continue;
    }
    Job& job = jobs_[jobs_.size() - 1 - below(std::min<int>(wishes_.engines, jobs_.size()))];
    Job* wanted = job.checked ? nullptr : &job;
    if (!wanted) {
      const auto open = std::ranges::find(jobs_, false, &Job::checked);
      if (open == jobs_.end()) return;
      wanted = &*open;
    }
    std::vector<std::string> words = work_for(*wanted);
    if (!words.empty()) start(worker, std::move(words));
  }
}

std::vector<std::string> Torment::work_for(Job& job) {
  if (job.run.id.empty()) {
    // Only one engine at a time begins it, or there would be two runs.
    for (const Worker& worker : workers_) {
      if (worker.engine && worker.words.find(job.folder) != std::string::npos) return {};
    }
    std::vector<std::string> words = {"run", job.folder + ".lua", "--folder", job.folder};
    if (wishes_.docker) words.insert(words.end(), {"--image", DockerDaemon::kImage});
    return words;
  }
  if (job.state == "failed") {
    ++doubts_;
    return {"resume", job.run.id, "--assume", assumption(job)};
  }
  return {"resume", job.run.id};
}

// A person looks into the ledger for the line of the call that is in doubt.
std::string Torment::assumption(const Job& job) {
  Loop loop;
  const auto store = store::Store::open(
      loop, {.folder = cli.state_dir(), .access = store::StoreOptions::Access::read});
  REQUIRE(store);
  const auto journal = store::read_journal(**(*store)->reader(), job.run);
  REQUIRE(journal);
  const JsonDocument document = *read_json(*journal);
  std::string line;
  std::map<std::string, std::string> begun;
  for (const JsonElement entry : simdjson::dom::array(document.root())) {
    const std::string place = std::string(json_string(entry, "p").value_or("")) + ":" +
                              std::to_string(json_integer(entry, "n").value_or(0));
    const auto kind = json_string(entry, "t");
    const auto args = json_member(entry, "args");
    if (kind == "call" && args) begun[place] = json_string(*args, "data").value_or("");
    const auto error = json_member(entry, "error");
    if (kind == "result" && error && json_string(*error, "code") == "IN_DOUBT") line = begun[place];
  }
  INFO(*journal);
  REQUIRE(line.ends_with("\n"));
  line.pop_back();
  const std::vector<std::string> ledger = lines_of(content(job.folder + "/ledger"));
  return std::ranges::count(ledger, line) > 0 ? "done" : "not-done";
}

void Torment::start(Worker& worker, std::vector<std::string> words) {
  worker.words.clear();
  for (const std::string& word : words) worker.words += word + " ";
  worker.struck = false;
  worker.engine.emplace(cli.start(words));
}

void Torment::reap() {
  for (Worker& worker : workers_) {
    if (!worker.engine || !worker.engine->ended()) continue;
    const Ended ended = worker.engine->wait();
    worker.engine.reset();
    INFO("seed " << seed_ << ": engine " << worker.words << "\n" << ended.out << ended.err);
    if (worker.struck) continue;
    const bool doubt = ended.err.find("IN_DOUBT") != std::string::npos;
    CHECK((ended.code == 0 || (ended.code == 1 && doubt) || was_refused(ended)));
  }
}

size_t Torment::activity() const {
  size_t sum = 0;
  std::error_code none;
  for (const Job& job : jobs_) {
    if (job.checked) continue;
    const auto size = std::filesystem::file_size(job.folder + "/ledger", none);
    if (!none) sum += size + 1;
  }
  return sum;
}

// Now and then at once, most often a little after something has happened.
void Torment::wait_for_a_moment() {
  if (below(3) == 0) return breathe(milliseconds(below(600)));
  const size_t before = activity();
  const auto some_ended = [&] {
    return std::ranges::any_of(
        workers_, [](const Worker& worker) { return worker.engine && worker.engine->ended(); });
  };
  const steady_clock::time_point patience = steady_clock::now() + std::chrono::seconds(5);
  while (activity() == before && !some_ended() && steady_clock::now() < patience) breathe();
  breathe(milliseconds(below(40)));
}

void Torment::strike() {
  Worker& worker = workers_[below(static_cast<int>(workers_.size()))];
  if (!worker.engine || worker.engine->ended()) return;
  if (below(4) == 0) stop_and_see(worker);
  if (below(8) == 0) return worker.engine->signal(SIGCONT);  // spared
  ++kills_;
  worker.struck = true;
  worker.engine->signal(SIGKILL);
  (void)worker.engine->wait();
  worker.engine.reset();
}

// A stopped engine keeps its runs: nobody else gets them.
void Torment::stop_and_see(Worker& worker) {
  ++stops_;
  const pid_t pid = worker.engine->pid();
  worker.engine->signal(SIGSTOP);
  while (!is_stopped(pid) && !worker.engine->ended()) breathe();
  look();
  for (const Job& job : jobs_) {
    if (job.checked || job.state != "running" || workers_.size() > 1) continue;
    const Ended refused = cli.run({"resume", job.run.id});
    INFO("seed " << seed_ << ": " << refused.err);
    CHECK(refused.err.find("is going on: a living process carries it") != std::string::npos);
  }
  breathe(milliseconds(below(150)));
  if (below(2) == 0) worker.engine->signal(SIGCONT);
}

}  // namespace engine::test
