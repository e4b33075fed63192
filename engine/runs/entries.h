// The journal's entries: JSON objects whose "t" says what happened. The format is described in
// ARCHITECTURE.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/ops/invoker.h"

namespace engine::runs::entries {

std::string started(int64_t at, std::string_view runbook, std::string_view params,
                    std::string_view trigger, bool dry_run);
std::string source(std::string_view name, std::string_view hash);
std::string step(int id, int parent, std::string_view name, std::string_view line, int64_t at);
std::string end_step(int id, const Error* error, int64_t at);
// A change that is about to start, and later how it ended.
std::string intent(const ops::Call& call);
std::string result(const ops::Call& call, const Result<std::string>& outcome, int64_t at,
                   int64_t ms);
// A call that is recorded whole: a read, a refusal, a planned change, an operation on our own
// store.
std::string whole(const ops::Call& call, const Result<std::string>& outcome, int64_t ms);
std::string waited(std::string_view task, int number, int64_t ms, int64_t at);
std::string retry(int step, int next, int attempts, int64_t delay_ms, const Error& error,
                  int64_t at);
std::string log(std::string_view level, std::string_view message, std::string_view fields, int step,
                int64_t at);
std::string progress(const ops::Call& call, std::string_view json, int64_t at);
std::string report(std::string_view json, int64_t at);
std::string cancel(std::string_view by, int64_t at);
// `result` and `error` are JSON; the one that is empty is left out.
std::string end(std::string_view state, std::string_view result, std::string_view error,
                int64_t at);

}  // namespace engine::runs::entries
