// The journal's entries: JSON objects whose "t" says what happened. The format is described in
// ARCHITECTURE.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/ops/invoker.h"
#include "engine/store/runs.h"

namespace engine::runs::entries {

// `source` names the runbook's text.
std::string started(int64_t at, std::string_view runbook, std::string_view source,
                    std::string_view params, std::string_view trigger, bool dry_run, bool goes_on);
// The script may not go on yet: `behind` is who has the seats that it waits for, or empty where
// they are those of its process.
std::string queued(const std::vector<std::string>& behind, int64_t at);
// The script of a run that was queued, or that has taken a seat of its runbook, begins.
std::string began(int64_t at);
// The run was taken up again, from the process that is gone (`was`, where it is known); `assumed`
// is what a person said of calls in doubt, or empty.
std::string resumed(std::string_view by, std::string_view assumed,
                    const std::optional<store::Owner>& was, int64_t at);
// A new attempt takes over the first `keep` entries that counted so far. `sources`: all that it
// uses where they are not those of before.
std::string attempt(int number, size_t keep, std::string_view from,
                    const std::vector<store::SourceText>& sources, std::string_view by,
                    std::string_view assumed, int64_t at);
std::string source(const store::SourceText& text);
std::string step(int id, int parent, std::string_view name, std::string_view line, int64_t at);
std::string end_step(int id, const Error* error, int64_t at);
// A change that is about to start, and later how it ended.
std::string intent(const ops::Call& call);
// Whether the answer is kept beside the journal, and its entry tells only how large it is.
bool is_large(const ops::Call& call, const Result<std::string>& outcome);
std::string result(const ops::Call& call, const Result<std::string>& outcome, int64_t at,
                   int64_t ms);
// A call that is recorded whole: a read, a refusal, a planned change, an operation on our own
// store.
std::string whole(const ops::Call& call, const Result<std::string>& outcome, int64_t ms);
// The script is given what stands in an earlier entry: the answer of an operation on our own store.
std::string delivered(const ops::Call& call, int64_t at);
// The script is given what the function of a Lua plugin's operation begins with.
std::string begun(const ops::Call& call, std::string_view settings, Millis timeout, int64_t at);
// The wall clock was set by so much, which is no time that has passed.
std::string clock_set(int64_t ms, int64_t at);
std::string waited(std::string_view task, int number, int64_t ms, int64_t at);
std::string retry(int step, int next, int attempts, int64_t delay_ms, const Error& error,
                  int64_t at);
std::string log(std::string_view level, std::string_view message, std::string_view fields, int step,
                int64_t at);
std::string progress(const ops::Call& call, std::string_view json, int64_t at);
std::string report(std::string_view json, int64_t at);
// By a person, or, where `by` is empty, for `reason`. `mail`: which of the run's mail asked for it,
// or 0.
std::string cancel(std::string_view by, const Error& reason, int64_t mail, int64_t at);
// `result` and `error` are JSON; the one that is empty is left out.
std::string end(std::string_view state, std::string_view result, std::string_view error,
                int64_t at);

}  // namespace engine::runs::entries
