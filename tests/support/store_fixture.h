// A loop and a store in a folder of its own, with writes that are waited for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/id.h"
#include "engine/loop/loop.h"
#include "engine/store/store.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

struct StoreFixture {
  TemporaryFolder temporary;
  std::string folder = temporary.path() + "/state";
  engine::Loop loop;
  std::unique_ptr<engine::store::Store> store;

  engine::Result<void> try_open(
      engine::store::StoreOptions::Access access = engine::store::StoreOptions::Access::write,
      const std::string& vfs = {}) {
    store.reset();
    engine::store::StoreOptions options;
    options.folder = folder;
    options.access = access;
    options.vfs = vfs;
    auto opened = engine::store::Store::open(loop, std::move(options));
    if (!opened) return engine::fail(opened.error());
    store = std::move(*opened);
    return {};
  }
  void open() {
    const auto opened = try_open();
    INFO((opened ? "" : opened.error().message));
    REQUIRE(opened);
  }
  engine::store::Database& reader() {
    auto db = store->reader();
    REQUIRE(db);
    return **db;
  }

  static engine::store::NewRun new_run(const std::string& runbook = "quickstart") {
    engine::store::NewRun run;
    run.id = engine::new_run_id();
    run.runbook = runbook;
    run.file = runbook + ".lua";
    run.principal = "unix:ops";
    run.trigger = R"({"kind":"person"})";
    run.created_at_ms = run.started_at_ms = 1000;
    return run;
  }
  // Keeps the answer of one write; the callback may be called once only.
  struct Answer {
    std::optional<engine::Result<void>> result;
    engine::store::Committed committed() {
      return [this](engine::Result<void> outcome) {
        if (result) std::abort();
        result = std::move(outcome);
      };
    }
  };

  engine::Result<void> write(engine::store::Job job) {
    Answer answer;
    store->write(std::move(job), answer.committed());
    loop.run();
    REQUIRE(answer.result.has_value());
    return *answer.result;
  }
  engine::Result<void> append(engine::store::LiveRun run, std::string entries) {
    Answer answer;
    store->append(run, std::move(entries), answer.committed());
    loop.run();
    REQUIRE(answer.result.has_value());
    return *answer.result;
  }
  std::pair<engine::store::LiveRun, std::string> start(engine::store::NewRun run = new_run()) {
    Answer answer;
    std::string id = run.id;
    const auto live = store->start_run(std::move(run), R"([{"t":"start"}])", answer.committed());
    loop.run();
    REQUIRE(answer.result.has_value());
    REQUIRE(answer.result->has_value());
    return {live, std::move(id)};
  }
  engine::Result<void> finish(engine::store::LiveRun run, const std::string& state = "succeeded") {
    Answer answer;
    engine::store::RunEnd end;
    end.state = state;
    end.finished_at_ms = 2000;
    end.result = R"({"ok":true})";
    store->finish_run(run, end, R"([{"t":"end"}])", answer.committed());
    loop.run();
    REQUIRE(answer.result.has_value());
    return *answer.result;
  }
};
