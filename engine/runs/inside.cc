// Where a run and its Lua plugins meet.
#include "engine/runs/inside.h"

#include "engine/runs/entries.h"
#include "engine/runs/run.h"

namespace engine::runs {

Inside::Inside(ops::Caller& run, const ops::Operation& operation)
    : run_(run), scope_("plugin " + std::string(operation.plugin())) {
  // The declaration was read with the same words; should they not parse, nothing is permitted.
  if (Result<ops::Permissions> uses = ops::Permissions::of(operation)) permissions_ = *uses;
}

ops::Caller& Run::caller(const ops::Operation* within) {
  if (!within) return *this;
  std::unique_ptr<ops::Caller>& inside = insides_[within];
  if (!inside) inside = std::make_unique<Inside>(*this, *within);
  return *inside;
}

void Run::entered(const ops::Call& call, std::string_view settings, Millis timeout) {
  ops::Call& body = bodies_[place_key(call.task, call.number)] = call;
  if (!body.intended) journal_->note(entries::intent(body));
  body.intended = true;
  journal_->note(entries::begun(body, settings, timeout, tick()));
}

Result<std::string> Run::ended(const lua::Place& place, Result<std::string> outcome) {
  const auto body = bodies_.find(place_key(place.task, place.number));
  if (body == bodies_.end()) return outcome;
  const ops::Call call = std::move(body->second);
  bodies_.erase(body);
  ops::Invoker::ended(caller(place.within), call, outcome);
  return outcome;
}

// A script that was cut off between two of its turns has told nobody how they ended.
void Run::end_bodies() {
  for (const auto& [place, call] : std::exchange(bodies_, {})) {
    Error error(code::kCancelled, call.operation + " was cut off");
    error.operation = call.operation;
    Result<std::string> outcome = std::unexpected(std::move(error));
    ended(call, outcome);
  }
}

lua::Outside::Module Run::plugin(const ops::Operation& operation) {
  const ops::Script& script = *operation.script;
  return {script.source, *code_.take(script.source, script.file, script.text).text};
}

}  // namespace engine::runs
