// Child runs: started in one transaction with the entry that says so, awaited, and asked to end
// when the run that started them does not wait for them any more.
#include "engine/base/json.h"
#include "engine/base/log.h"
#include "engine/lua/runbook.h"
#include "engine/ops/check.h"
#include "engine/ops/sealed.h"
#include "engine/runs/entries.h"
#include "engine/runs/family.h"
#include "engine/runs/run_word.h"
#include "engine/store/children.h"

namespace engine::runs {

namespace {

constexpr int kDepthMax = 16;  // of runs, each started by the one before

std::string text_of(JsonElement object, std::string_view name) {
  return std::string(json_string(object, name).value_or(std::string_view()));
}

// The same arguments with other parameters.
std::string with_params(JsonElement args, std::string_view params) {
  std::string json;
  JsonWriter out(json);
  out.begin_object();
  for (const auto& [name, value] : simdjson::dom::object(args))
    out.field_raw(name, name == "params" ? std::string(params) : json_text(value));
  out.end_object();
  return json;
}

}  // namespace

void Run::note_start(const ops::Call& call) {
  has_children_ = true;
  const Result<JsonDocument> args = read_json(call.args);
  if (!json_boolean(args->root(), "detached").value_or(false))
    starts_.insert(place_key(call.task, call.number));
}

Result<std::unique_ptr<Run>> Run::prepare_child(Word& word) {
  const JsonElement args = word.args.root();
  StartRequest request;
  request.runbook = text_of(args, "runbook");
  const int depth = depth_of(request_.trigger) + 1;
  if (depth > kDepthMax) {
    return fail(code::kResourceExhausted,
                "runbook '" + request.runbook + "' is not started: run " + id_ +
                    " is the last of " + std::to_string(kDepthMax) +
                    " runs that were started by each other",
                "look for runbooks that start each other in a circle; continue_as goes on without "
                "end");
  }
  const auto params = json_member(args, "params");
  const std::string given = params ? json_text(*params) : "{}";
  request.params = given;
  request.principal = "run:" + id_;
  request.trigger = triggered_by(id_, depth);
  request.dry_run = request_.dry_run;
  request.id = child_id(id_, word.call.attempt, word.place);
  Result<std::unique_ptr<Run>> child = callbacks_.prepare(std::move(request));
  if (!child) return child;
  std::string sealed = given;
  ops::seal((*child)->interpreter_->info().params, sealed, shared_.seal);
  if (sealed != given) word.call.args = with_params(args, sealed);
  return child;
}

void Run::start_child(Word& word) {
  Result<std::unique_ptr<Run>> prepared = prepare_child(word);
  if (!prepared) {
    return shared_.loop.defer(
        word.while_alive([error = prepared.error()](Word& it) { it.answer(fail(error)); }));
  }
  auto child = std::make_shared<std::unique_ptr<Run>>(std::move(*prepared));
  auto added = std::make_shared<store::AddedRun>();
  const bool detached = json_boolean(word.args.root(), "detached").value_or(false);
  auto add = [row = (*child)->row(), entries = "[" + (*child)->first_entry() + "]", added,
              parent = detached ? "" : id_](store::Database& database,
                                            const ops::CallInput&) -> Result<std::string> {
    Result<store::AddedRun> run = store::add_run(database, row, parent, entries);
    if (!run) return fail(run.error());
    *added = std::move(*run);
    return "\"" + row.id + "\"";
  };
  transact(word.call, add, {},
           [self = word.self, child, added, carry = callbacks_.carry](Result<std::string> outcome) {
             if (outcome) carry(std::move(*child), *added);
             if (!*self) return;
             Done done = std::move((*self)->done);
             done(std::move(outcome));  // may destroy the word
           });
}

void Run::await_child(Word& word) {
  word.child = text_of(word.args.root(), "run");
  word.hold = shared_.loop.hold();
  shared_.loop.defer(word.while_alive([](Word& it) { it.run.watch_child(it); }));
}

// Said of the child itself, or right behind a start that was cut off: whether there is a child is
// known once that start is through.
void Run::stop_child(Word& word) {
  word.child = text_of(word.args.root(), "run");
  const std::string before = place_key(word.call.task, word.call.number - 1);
  if (word.child.empty() && starts_.contains(before)) {
    const RecordedCall* known = replay_ ? replay_->call(before) : nullptr;
    word.child = child_id(id_, known ? known->call.attempt : word.call.attempt, before);
  }
  word.hold = shared_.loop.hold();
  end_child(word.child, word.while_alive([](Word& it) { it.run.watch_child(it); }));
}

void Run::watch_child(Word& word) {
  look_at_child(word);
  if (word.done) wait_in_public(word);
}

void Run::look_at_child(Word& word) {
  const bool stops = word.call.operation == "stop_run";
  const auto answer = [&](Result<std::string> outcome) {
    word.answer(stops ? "null" : std::move(outcome));
  };
  Result<store::Database*> database = shared_.store.reader();
  Result<store::RunRecord> child =
      database ? latest_of(**database, word.child) : fail(database.error());
  if (!child) return answer(fail(child.error()));
  if (child->has_ended()) return answer(answer_of(*child));
  if (stops && child->id != word.child) end_child(word.child = child->id, [] {});
  if (Result<void> seen = callbacks_.see_to(child->id, id_); !seen)
    answer(fail(told_of_run(seen.error(), child->id)));
}

void Run::look_at_children() {
  if (ended_ || replaying()) return;
  std::vector<std::shared_ptr<Word*>> waiting;
  for (const auto& [place, word] : words_) {
    if (word->is_public &&
        (word->call.operation == "await_run" || word->call.operation == "stop_run"))
      waiting.push_back(word->self);
  }
  for (const auto& word : waiting) {
    if (*word && (*word)->done) look_at_child(**word);
  }
}

void Run::end_child(const std::string& child, Callback asked) {
  tell(
      [child, sender = "run:" + id_, now = shared_.clock.wall_ms()](
          store::Database& database) -> Result<std::vector<store::Next>> {
        Result<std::optional<store::Next>> told = store::ask_to_end(database, child, sender, now);
        if (!told) return fail(told.error());
        return *told ? std::vector{std::move(**told)} : std::vector<store::Next>();
      },
      std::move(asked));
}

void Run::end_children() {
  tell(
      [id = id_, sender = "run:" + id_, now = shared_.clock.wall_ms()](store::Database& database) {
        return store::ask_children_to_end(database, id, sender, now);
      },
      [] {});
}

// Changes the store, and rings at whoever got mail by that.
void Run::tell(std::function<Result<std::vector<store::Next>>(store::Database&)> change,
               Callback done) {
  auto told = std::make_shared<std::vector<store::Next>>();
  shared_.store.write(
      [change = std::move(change), told](store::Transaction& transaction) -> Result<void> {
        Result<std::vector<store::Next>> changed = change(transaction.db());
        if (!changed) return fail(changed.error());
        *told = std::move(*changed);
        return {};
      },
      [id = id_, told, mailed = callbacks_.mailed,
       done = std::move(done)](Result<void> committed) mutable {
        if (!committed) log::warn("runs", "run " + id + ": " + committed.error().message);
        for (const store::Next& run : *told) {
          if (committed) mailed(run.run, run.owner);
        }
        done();
      });
}

}  // namespace engine::runs
