// Our own runbooks on a made-up machine with a made-up Docker: their process dies behind each entry
// of their journal, and they end as if it had not.
#include <regex>

#include "engine/base/units.h"
#include "engine/plugin/host.h"
#include "engine/store/state.h"
#include "tests/support/crash_fixture.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

namespace {

constexpr int64_t kMinute = 60'000, kDay = 24 * 60 * kMinute;

// The plugins' own declarations, with answers of the test.
class OwnRunbooks : public CrashFixture {
 public:
  using Answer = std::function<Result<std::string>(JsonElement args)>;

  OwnRunbooks()
      : host(loop, registry, secrets,
             {.folders = {BUILT_PLUGINS}, .config = [](std::string_view) { return "{}"; }}) {
    library.emplace(std::vector<std::string>{folder / "runbooks", SOURCE_DIR "/runbooks"},
                    std::vector<std::string>{SOURCE_DIR "/scripts"});
    begin_anew();
    for (const char* name :
         {"docker.container.stop", "docker.container.remove", "docker.image.pull", "fs.remove"}) {
      answers[name] = [](JsonElement) { return "{}"; };
    }
    answer("docker.system.get", R"({"name":"here","root_dir":"/data","version":"28","running":1,
      "paused":0,"stopped":0,"images":1,"driver":"overlay2","warnings":[]})");
    answer("docker.system.ping", "{}");
    answer("docker.system.disk_usage", R"({"images":{"size":1},"containers":{"size":2},
      "volumes":{"size":3},"build_cache":{"size":4}})");
    answer("docker.network.list", "[]");
    answer("docker.event.list", "[]");
    answer("docker.container.logs", R"({"stdout":"","stderr":"","truncated":false})");
    answer("host.disk.list", R"([{"mount":"/"}])");
    answer("host.port.list", "[]");
    answer("host.process.list", R"([{"name":"hog","pid":7,"user":"ada","rss_bytes":1048576,
      "cpu_percent":1.5,"command":"hog"}])");
    answer("host.interface.list", R"([{"name":"eth0","state":"up",
      "received":{"bytes":1,"errors":0,"dropped":0},"sent":{"bytes":1,"errors":0,"dropped":0}}])");
    answer_host(50, 10);
    answers["docker.container.list"] = [this](JsonElement args) { return list(args); };
    answers["docker.container.get"] = [this](JsonElement args) { return get(args); };
    answers["docker.container.stats"] = [this](JsonElement args) {
      const std::string id(json_string(args, "container").value_or(""));
      return "{\"cpu_percent\":" + std::string(id.starts_with("busy") ? "50" : "0") +
             R"(,"memory":{"used":1024},"network":{"sent":0,"received":0},)"
             R"("block":{"read":0,"written":0}})";
    };
  }

  void answer(const std::string& name, const std::string& json) {
    answers[name] = [json](JsonElement) { return json; };
  }
  void answer_host(int memory, int disk) {
    answer("host.get",
           R"({"hostname":"here","os":"linux","uptime_ms":1,"cpu":{"usage_percent":5,"count":2},
      "load":{"one":0.5,"five":0.5,"fifteen":0.5,"one_per_cpu":0.1},"swap":{"used_percent":0},
      "memory":{"used_percent":)" +
               std::to_string(memory) +
               R"(,"total_bytes":1073741824,"available_bytes":536870912,"used_bytes":536870912},
      "disk":{"/":{"used_percent":)" +
               std::to_string(disk) +
               R"(,"available_bytes":1073741824,"size_bytes":2147483648,
      "inodes":{"used_percent":1}}}})");
  }

  static std::string ago(int64_t ms) { return format_time_utc(system_clock().wall_ms() - ms); }

  // A workspace of that id. `more` are further fields of what Docker tells of it.
  void workspace(const std::string& id, const std::string& state, int64_t since_ms,
                 const std::string& more = "") {
    const std::string at = ago(since_ms);
    containers[id] = "{\"id\":\"" + id + "\",\"name\":\"ws-" + id + "\",\"image\":\"image-" + id +
                     R"(","exit_code":0,"ports":[],"limits":{},"status":"","state":")" + state +
                     R"(","labels":{"boulder.workspace":")" + id + R"(","boulder.owner":"o-)" + id +
                     "\"},\"created\":\"" + at + "\"" +
                     (state == "created" ? "" : ",\"started\":\"" + at + "\"") +
                     (state == "exited" ? ",\"finished\":\"" + at + "\"" : "") +
                     (more.empty() ? "" : "," + more) + "}";
  }

  Outcome run_own(const std::string& runbook, const std::string& params) {
    for (const auto& [name, given] : answers) fake(name);
    std::optional<Result<Outcome>> ended;
    const Result<std::string> id = runner->start(
        {.runbook = runbook, .params = params, .principal = "unix:test", .trigger = "{}"}, {},
        [&](Result<Outcome> outcome) {
          ended = std::move(outcome);
          loop.stop();
        });
    if (!id) FAIL(id.error().message + " / " + id.error().hint);
    loop.run();
    REQUIRE(ended.has_value());
    REQUIRE(ended->has_value());
    INFO((*ended)->error);
    REQUIRE((*ended)->state == "succeeded");
    return **ended;
  }

  // What the world had seen when these entries were on disk, and no more.
  void restore(const Outcome& run, const Strings& kept, bool intended_is_done) {
    change([](store::Database& db) { return db.exec("DELETE FROM state"); });
    done.clear();
    happened.clear();
    std::map<std::string, std::string> begun;  // place -> key
    for (const std::string& entry : kept) {
      const Result<JsonDocument> document = read_json(entry);
      const JsonElement root = document->root();
      const std::string place = std::string(json_string(root, "p").value_or("")) + ":" +
                                std::to_string(json_integer(root, "n").value_or(0));
      const std::string kind = kind_of(entry);
      if (kind == "call") begun[place] = *json_string(root, "key");
      if (kind == "call" && intended_is_done) ++done[begun[place]];
      if (kind == "result" && !intended_is_done) ++done[begun[place]];
      if (kind == "op") restore_state(run, root);
    }
  }

  std::map<std::string, Answer> answers;
  std::map<std::string, std::string> containers;
  plugin::Host host;

 private:
  void restore_state(const Outcome& run, JsonElement entry) {
    const std::string_view op = json_string(entry, "op").value_or("");
    if (op != "state.set" && op != "state.remove") return;
    const JsonElement args = *json_member(entry, "args");
    const std::string name(*json_string(args, "name"));
    change([&](store::Database& db) -> Result<void> {
      if (op == "state.remove") {
        const Result<bool> removed = store::remove_state(db, run.runbook, name, 1);
        return removed ? Result<void>() : fail(removed.error());
      }
      const Result<int64_t> set =
          store::set_state(db, run.runbook, name, json_text(*json_member(args, "value")), 0, 1);
      return set ? Result<void>() : fail(set.error());
    });
  }

  void fake(const std::string& name) {
    const Result<const ops::Operation*> found = registry.find(name);
    INFO(name);
    REQUIRE(found);
    auto* op = const_cast<ops::Operation*>(*found);
    op->preview = op->rehearse = {};
    if (op->probe) {
      op->probe = [this](ops::CallInput input, Done answer) {
        const bool was_done = done.contains(input.key);
        return start_timer(loop, Millis(1), [was_done, answer = std::move(answer)]() mutable {
          answer(std::string(was_done ? R"({"done":true,"result":{}})" : R"({"done":false})"));
        });
      };
    }
    op->start = [this, name, changes = op->effect != ops::Effect::read,
                 idempotent = op->idempotent](ops::CallInput input, Done answer) -> TaskPtr {
      const Result<JsonDocument> args = read_json(input.args);
      if (changes) {
        happened.push_back(name + " " + input.args);
        ++done[input.key];
        if (idempotent) repeatable.insert(input.key);
      }
      return start_timer(loop, Millis(1),
                         [told = answers[name](args->root()),
                          answer = std::move(answer)]() mutable { answer(std::move(told)); });
    };
  }

  Result<std::string> list(JsonElement args) {
    const std::string filters = json_member(args, "filters") ? json_text(args) : "";
    if (filters.find("boulder.service") != filters.npos) return "[]";
    std::string all;
    for (const auto& [id, json] : containers) {
      if (!json_boolean(args, "all").value_or(false) &&
          json.find(R"("state":"running")") == json.npos)
        continue;
      all += (all.empty() ? "" : ",") + json;
    }
    return "[" + all + "]";
  }
  Result<std::string> get(JsonElement args) {
    const auto found = containers.find(std::string(*json_string(args, "container")));
    if (found == containers.end()) return fail(code::kNotFound, "there is no such container");
    return found->second;
  }
};

// Without what depends on when it was looked at.
std::string timeless(const std::string& result) {
  std::string text = std::regex_replace(result, std::regex(R"(\d{4}-\d\d-\d\dT[0-9:.]+Z)"), "T");
  text = std::regex_replace(text, std::regex(R"(lasts for \d+ s)"), "lasts");
  return std::regex_replace(text, std::regex(R"re("(idle_ms|at|lasts_ms)":\d+)re"), "\"$1\":0");
}

void crash_behind_each_entry(OwnRunbooks& world, const Outcome& whole, size_t changes) {
  const Strings journal = world.entries(whole.id);
  const std::map<std::string, int> effects = world.done;
  REQUIRE(effects.size() == changes);
  for (size_t kept = 1; kept < journal.size(); ++kept) {
    for (const bool intended_is_done : {false, true}) {
      INFO("killed behind entry " << kept << ": " << journal[kept - 1]);
      const Strings left = until(journal, kept);
      world.crash(whole.id, left);
      world.restore(whole, left, intended_is_done);
      const Outcome again = world.resume(whole.id);
      INFO(again.error);
      REQUIRE(again.state == "succeeded");
      REQUIRE(timeless(again.result) == timeless(whole.result));
      REQUIRE(world.done.size() == effects.size());
      for (const auto& [key, times] : world.done) {
        INFO(key);
        REQUIRE(effects.contains(key));
        REQUIRE(times <= (intended_is_done && world.repeatable.contains(key) ? 2 : 1));
      }
    }
  }
}

}  // namespace

TEST_CASE_METHOD(OwnRunbooks, "all ours: high memory stops idle workspaces once") {
  answer_host(95, 10);
  workspace("idle1", "running", 3 * kDay);
  workspace("idle2", "running", 4 * kDay);
  workspace("busy", "running", 3 * kDay);
  const Outcome whole = run_own("boulder/high-memory", R"({"stop_idle":true})");
  INFO(whole.result);
  CHECK(whole.result.find(R"("stopped":["ws-idle1","ws-idle2"])") != std::string::npos);
  crash_behind_each_entry(*this, whole, 2);
}

TEST_CASE_METHOD(OwnRunbooks, "all ours: failing starts clear old workspaces once") {
  answer_host(50, 97);
  workspace("old1", "exited", 30 * kDay);
  workspace("old2", "exited", 20 * kDay);
  workspace("bad", "exited", 5 * kMinute, R"("error":"no space left on device")");
  const Outcome whole = run_own("boulder/workspace-start-failures", R"({"cleanup":true})");
  INFO(whole.result);
  CHECK(whole.result.find(R"("removed":["ws-old1","ws-old2"])") != std::string::npos);
  crash_behind_each_entry(*this, whole, 2);
}

TEST_CASE_METHOD(OwnRunbooks, "all ours: failing starts try a missing image once") {
  workspace("bad", "created", 5 * kMinute, R"("error":"No such image: image-bad")");
  answers["docker.image.get"] = [](JsonElement) {
    return fail(code::kNotFound, "there is no such image");
  };
  const Outcome whole = run_own("boulder/workspace-start-failures", "{}");
  INFO(whole.result);
  crash_behind_each_entry(*this, whole, 1);
}

TEST_CASE_METHOD(OwnRunbooks, "all ours: the quickstart removes old files once") {
  workspace("up", "running", kDay);
  answer("fs.find", R"({"entries":[{"path":"/tmp/x/a","size":5},{"path":"/tmp/x/b","size":7}],
    "count":2,"bytes":12,"truncated":false})");
  const Outcome whole =
      run_own(SOURCE_DIR "/examples/quickstart/quickstart.lua", R"({"folder":"/tmp/x"})");
  INFO(whole.result);
  CHECK(whole.result.find(R"("freed_bytes":12)") != std::string::npos);
  CHECK(whole.result.find(R"("removed":2)") != std::string::npos);
  crash_behind_each_entry(*this, whole, 2);
}
