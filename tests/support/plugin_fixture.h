// Calls operations of the plugins through the real host, loop and argument check.
#pragma once

#include <simdjson.h>

#include <memory>
#include <optional>
#include <string>

#include "engine/loop/loop.h"
#include "engine/ops/check.h"
#include "engine/ops/registry.h"
#include "engine/ops/secrets.h"
#include "engine/plugin/host.h"
#include "tests/support/catch.h"

// JSON text with its parser, to look into.
class Json {
 public:
  explicit Json(const std::string& text) : parser_(std::make_unique<simdjson::dom::parser>()) {
    INFO(text);
    const bool bad = parser_->parse(text).get(root_);
    REQUIRE_FALSE(bad);
  }
  // By JSON pointer: "/disk/~1/used_percent", "/0/name".
  simdjson::dom::element at(const std::string& pointer) const {
    simdjson::dom::element found;
    INFO(pointer << " of " << simdjson::minify(root_));
    const bool missing = root_.at_pointer(pointer).get(found);
    REQUIRE_FALSE(missing);
    return found;
  }
  bool has(const std::string& pointer) const { return !root_.at_pointer(pointer).error(); }
  std::string text(const std::string& pointer) const {
    return std::string(std::string_view(at(pointer)));
  }
  int64_t integer(const std::string& pointer) const { return at(pointer); }
  double number(const std::string& pointer) const { return at(pointer); }
  bool boolean(const std::string& pointer) const { return at(pointer); }
  simdjson::dom::array list() const { return root_; }

 private:
  std::unique_ptr<simdjson::dom::parser> parser_;
  simdjson::dom::element root_;
};

class PluginFixture {
 public:
  PluginFixture() : PluginFixture("{}") {}
  // The same settings for every plugin; those that are shared objects are found too.
  explicit PluginFixture(std::string config)
      : host_(
            loop, registry, secrets,
            {.folders = {BUILT_PLUGINS}, .config = [config](std::string_view) { return config; }}) {
  }

  // As a runbook would call it.
  engine::Result<std::string> call(const std::string& name, const std::string& args) {
    return run(name, args, &engine::ops::Operation::start);
  }
  engine::Result<std::string> preview(const std::string& name, const std::string& args) {
    return run(name, args, &engine::ops::Operation::preview);
  }
  engine::Result<std::string> probe(const std::string& name, const std::string& args) {
    return run(name, args, &engine::ops::Operation::probe);
  }
  Json probed(const std::string& name, const std::string& args) {
    const auto result = probe(name, args);
    REQUIRE(result.has_value());
    return Json(*result);
  }
  Json answer(const std::string& name, const std::string& args) {
    auto result = call(name, args);
    INFO(name << args << ": " << (result ? "" : result.error().message));
    REQUIRE(result.has_value());
    return Json(*result);
  }
  std::string code(const std::string& name, const std::string& args) {
    const auto result = call(name, args);
    return result ? "none" : result.error().code;
  }

  engine::plugin::Host& host() { return host_; }

  engine::Loop loop;
  engine::ops::Registry registry;
  engine::ops::Secrets secrets{engine::ops::SecretsOptions{}};

 private:
  engine::Result<std::string> run(const std::string& name, const std::string& given,
                                  engine::ops::Start engine::ops::Operation::*way) {
    const auto found = registry.find(name);
    if (!found) return engine::fail(found.error());
    const engine::ops::Operation& operation = **found;
    auto args = engine::ops::check_args(operation, given);
    if (!args) return args;
    REQUIRE(static_cast<bool>(operation.*way));
    std::optional<engine::Result<std::string>> outcome;
    engine::ops::CallInput input;
    input.operation = name;
    input.args = *args;
    input.key = "test";
    input.timeout = operation.timeout;
    const engine::TaskPtr task =
        (operation.*way)(std::move(input), [&](engine::Result<std::string> result) {
          outcome = std::move(result);
          loop.stop();
        });
    loop.run();
    REQUIRE(outcome.has_value());
    return std::move(*outcome);
  }

  engine::plugin::Host host_;
};
