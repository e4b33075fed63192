// Completion in real shells, manual pages under their linters, annotations under Lua's own
// compiler.
#include <algorithm>
#include <filesystem>
#include <set>

#include "engine/base/json_read.h"
#include "engine/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/cli.h"

using namespace engine;
using test::Cli;
using test::Ended;
namespace fs = std::filesystem;

namespace {

struct Shell {
  Cli cli;
  std::string folder = fs::path(ENGINE_BINARY).parent_path();

  Shell() {
    cli.write("runbooks/fix/disk.lua",
              "return runbook { summary = \"T.\", params = { level = { \"enum\", values = { "
              "\"low\", \"high\" } }, keep = { \"duration\", default = \"1h\" } },\n"
              "  run = function() end }\n");
    cli.env["ENGINE_RUNBOOKS"] = cli.folder() + "/runbooks";
    cli.env["PATH"] = folder + ":/usr/bin:/bin";
  }

  Ended run(const std::string& program, const std::vector<std::string>& arguments) {
    const std::string before = std::exchange(cli.program, program);
    Ended ended = cli.run(arguments);
    cli.program = before;
    INFO(ended.err);
    CHECK(ended.code == 0);
    return ended;
  }
  // What bash would offer behind these words; the last one is at the cursor.
  std::string bash(const std::string& words) {
    return run("/bin/bash",
               {"--norc", "-c",
                "source <(engine completion bash)\nCOMP_WORDS=(engine " + words +
                    ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_engine\nprintf '%s\\n' "
                    "\"${COMPREPLY[@]}\""})
        .out;
  }
};

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> lines;
  for (const std::string_view line : split(text, '\n')) lines.emplace(line);
  return lines;
}

}  // namespace

TEST_CASE_METHOD(Shell, "bash completes commands and flags and names and values") {
  CHECK(bash("ru") == "run\nruns\n");
  CHECK(bash("run fi") == "fix/disk\n");
  CHECK(bash("run fix/disk --le") == "--level\n");
  CHECK(bash("run fix/disk --level ''") == "low\nhigh\n");
  CHECK(bash("run fix/disk --level = h") == "high\n");
  CHECK(bash("run fix/disk --output '='") == "table\njson\njsonl\n");
  CHECK(bash("call fs.rea") == "fs.read\n");
  CHECK(bash("call fs.read --off") == "--offset\n");
  CHECK(bash("config va") == "validate\n");
  CHECK(bash("runs --state fa") == "failed\n");
  CHECK(bash("completion ''") == "bash\nzsh\nfish\n");
  CHECK(bash("run " + cli.folder() + "/runbooks/f") == cli.folder() + "/runbooks/fix\n");
  CHECK(bash("nothing ''") == "\n");
}

TEST_CASE_METHOD(Shell, "bash offers what its own completion asks for") {
  const Ended ended =
      run("/bin/bash", {"--norc", "-c", "source <(engine completion bash); complete -p engine"});
  CHECK(ended.out == "complete -F _engine engine\n");
}

TEST_CASE_METHOD(Shell, "runs are completed with what they were") {
  CHECK(cli.run({"call", "crypto.uuid"}).code == 0);
  const std::string id = test::member(cli.run({"runs", "-o", "jsonl"}).out, "run");
  CHECK(cli.run({"complete", "--", "trace", ""}).out ==
        id.substr(1, id.size() - 2) + "\tcall crypto.uuid, succeeded\n");
}

TEST_CASE_METHOD(Shell, "fish completes with descriptions") {
  const auto fish = [&](const std::string& line) {
    return run("/usr/bin/fish",
               {"--no-config", "-c", "engine completion fish | source; complete -C '" + line + "'"})
        .out;
  };
  CHECK(fish("engine ru") ==
        "run\tRuns a runbook and waits for its end.\nruns\tLists runs, newest first.\n");
  CHECK(fish("engine run fix/disk --level ") == "high\nlow\n");
  CHECK(fish("engine run ") == "fix/disk\n");
}

TEST_CASE_METHOD(Shell, "zsh completes with descriptions") {
  const Ended ended =
      run("/usr/bin/zsh", {"-f", "-c",
                           "autoload -Uz compinit && compinit -u -D\n"
                           "eval \"$(engine completion zsh)\"\n"
                           "print -r -- ${_comps[engine]}\n"
                           "_describe() { print -rl -- ${(P)4}; }; _files() { print files; }\n"
                           "words=(engine run fix/disk --level ''); CURRENT=5; _engine\n"
                           "words=(engine ru); CURRENT=2; _engine\n"
                           "words=(engine run ./); CURRENT=3; _engine\ntrue\n"});
  CHECK(ended.out ==
        "_engine\nlow\nhigh\nrun:Runs a runbook and waits for its end.\nruns:Lists runs, newest "
        "first.\nfiles\n");
}

TEST_CASE_METHOD(Shell, "manual pages are free of faults") {
  CHECK(cli.run({"docs", "--quiet", "--man", cli.folder() + "/man"}).code == 0);
  std::string pages;
  size_t count = 0;
  for (const auto& entry : fs::directory_iterator(cli.folder() + "/man")) {
    pages += " " + entry.path().string();
    ++count;
  }
  CHECK(count > 10);
  CHECK(run("/bin/sh",
            {"-c", "mandoc -T lint -W warning" + pages + " | grep -v 'missing date' || true"})
            .out.empty());
  CHECK(cli.read("man/engine-run.1").find("engine run NAME|FILE") == std::string::npos);
  CHECK(cli.read("man/engine-config-show.1").find(".TH ENGINE\\-CONFIG\\-SHOW 1") !=
        std::string::npos);
}

TEST_CASE_METHOD(Shell, "annotations for editors name every operation and parameter and word") {
  CHECK(cli.run({"docs", "--quiet", "--luacats", cli.folder() + "/stubs"}).code == 0);
  std::string files, all;
  for (const auto& entry : fs::recursive_directory_iterator(cli.folder() + "/stubs")) {
    if (!entry.is_regular_file()) continue;
    files += " " + entry.path().string();
    all += cli.read(fs::relative(entry.path(), cli.folder()));
  }
  run("/bin/sh", {"-c", "luac5.4 -p" + files});

  const std::set<std::string> lines = lines_of(all);
  const Ended ops = cli.run({"ops", "-o", "jsonl"});
  for (const std::string& line : lines_of(ops.out)) {
    if (line.empty()) continue;
    const std::string quoted = test::member(line, "name");
    const std::string name = quoted.substr(1, quoted.size() - 2);
    const bool takes = test::member(line, "params") != "[]";
    INFO(name);
    CHECK(lines.contains("function " + name + "(" + (takes ? "args" : "") + ") end"));
    if (!takes) continue;
    const size_t at = all.find("\n---@class engine." + name + ".params\n");
    REQUIRE(at != std::string::npos);
    const std::string fields = all.substr(at + 1, all.find("\n\n", at + 1) - at);
    const Result<JsonDocument> params = read_json(test::member(line, "params"));
    REQUIRE(params);
    for (const JsonElement param : simdjson::dom::array(params->root())) {
      const std::string field = "---@field " + std::string(*json_string(param, "name"));
      const bool required = json_boolean(param, "required").value_or(false);
      CHECK(fields.find("\n" + field + (required ? " " : "? ")) != std::string::npos);
    }
  }
  for (const char* word :
       {"runbook(", "step(", "parallel(", "timeout(", "retry(", "sleep(", "fail(", "report(",
        "secret(", "alert(", "cron(", "webhook(", "event(", "print(", "log.info(", "json.encode(",
        "units.duration(", "thresholds.check("})
    CHECK(all.find("function " + std::string(word)) != std::string::npos);
}

TEST_CASE_METHOD(Shell, "each line of annotations is one that a language server knows") {
  CHECK(cli.run({"docs", "--quiet", "--luacats", cli.folder() + "/stubs"}).code == 0);
  const std::set<std::string> tags = {"meta",   "class", "field",   "param",
                                      "return", "alias", "overload"};
  for (const auto& entry : fs::recursive_directory_iterator(cli.folder() + "/stubs")) {
    if (!entry.is_regular_file()) continue;
    std::set<std::string> classes, fields;
    for (const std::string& line : lines_of(cli.read(fs::relative(entry.path(), cli.folder())))) {
      if (!line.starts_with("---@")) continue;
      INFO(entry.path().string() << ": " << line);
      const size_t end = line.find(' ');
      CHECK(tags.contains(line.substr(4, end == line.npos ? end : end - 4)));
      if (!line.starts_with("---@field ")) continue;
      // A name, perhaps a '?', a type, and words.
      const std::vector<std::string_view> words = split(line, ' ');
      REQUIRE(words.size() >= 3);
      const std::string_view type = words[2];
      CHECK_FALSE(type.empty());
      CHECK(std::ranges::count(line, '<') == std::ranges::count(line, '>'));
    }
  }
}

TEST_CASE_METHOD(Shell, "help of a group of commands lists them") {
  const Ended help = cli.run({"config", "--help"});
  CHECK(help.code == 0);
  CHECK(help.out.find("config validate") != std::string::npos);
  CHECK(cli.run({"help", "config"}).out == help.out);
  CHECK(cli.run({"config"}).code == 64);
  CHECK(cli.run({"completion", "tcsh"}).code == 64);
}
