// engine events: the event sources there are, and one of them followed live.
#include <csignal>
#include <cstdio>

#include "engine/base/clock.h"
#include "engine/cli/catalog.h"
#include "engine/cli/commands.h"
#include "engine/cli/event_lines.h"
#include "engine/cli/fields.h"
#include "engine/cli/table.h"
#include "engine/loop/signal.h"

namespace engine::cli {

namespace {

int list(Session& session, Catalog& catalog) {
  Table table({"EVENT SOURCE", "SUMMARY", "KINDS"});
  std::vector<std::string> items;
  for (const plugin::EventSource& source : catalog.plugins.sources()) {
    table.row({source.name, source.summary, joined(source.kinds)});
    items.push_back(source_json(source));
  }
  session.print_list(table, items);
  return 0;
}

// "10m", a time, or else a cursor.
void begin_at(const std::string& since, plugin::FollowOptions& options) {
  if (const auto ago = parse_duration(since)) {
    options.since_ms = system_clock().wall_ms() - ago->count();
  } else if (const auto at = parse_time(since)) {
    options.since_ms = *at;
  } else {
    options.cursor = since;
  }
}

int follow(Session& session, Catalog& catalog, const std::string& name,
           plugin::FollowOptions options) {
  Loop& loop = catalog.loop;
  std::vector<TaskPtr> signals;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    signals.push_back(watch_signal(loop, number, [&loop] { loop.stop(); }));
  }
  int code = 0;
  plugin::FollowEvents events;
  events.event = [&](const plugin::Event& event) {
    session.print(session.format == Format::table ? event_line(event, session.out)
                                                  : event_json(name, event) + "\n");
    // Whoever reads it live is not to wait for a full buffer; who has gone needs no more.
    if (std::fflush(stdout) != 0) loop.stop();
  };
  events.following = [&] { session.say("following " + name + "; Ctrl-C ends it\n"); };
  events.lost = [&](const Error& reason, Millis again_in) {
    session.say("lost " + name + ": " + made_visible(reason.message) + "; again in " +
                format_duration(again_in) + "\n");
  };
  events.failed = [&](const Error& error) {
    code = session.fail(error);
    loop.stop();
  };
  const auto subscription = catalog.plugins.follow(name, std::move(options), std::move(events));
  if (!subscription) return session.fail(subscription.error());
  const auto hold = loop.hold();
  loop.run();
  return code;
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto first = session.parse(command, arguments, {.stop = StopAt::first_word});
  if (!first) return first.error();
  const auto catalog = open_catalog(session);
  if (!catalog) return catalog.error();
  if (first->words.empty()) return list(session, **catalog);
  const std::string& name = first->words[0];
  const Result<plugin::EventSource> source = (*catalog)->plugins.source(name);
  if (!source) return session.fail(source.error());

  Command asked = command;
  asked.summary = source->summary;
  asked.usage = "events " + name + " [--since WHEN]" +
                (source->params.empty() ? "" : " [--ARGUMENT VALUE ...]");
  asked.details = source_text(*source);
  asked.examples.clear();
  asked.words_max = 0;
  const auto parsed =
      session.parse(asked, first->rest,
                    {.more = flags_beside(command, source->params), .more_heading = "Arguments"});
  if (!parsed) return parsed.error();
  const Result<Parsed> full = with_named(*parsed, command, source->params, "arg");
  if (!full) return session.usage_error(full.error(), asked);
  Result<std::string> args = arguments_json(source->params, *full);
  if (!args) return session.usage_error(args.error(), asked);

  plugin::FollowOptions options{.args = std::move(*args)};
  const auto since = parsed->value("since") ? parsed->value("since") : first->value("since");
  if (since) begin_at(*since, options);
  return follow(session, **catalog, name, std::move(options));
}

}  // namespace

Command events_command() {
  return {.name = "events",
          .summary = "Lists the event sources, or follows one live.",
          .usage = "events [SOURCE [--since WHEN] [--ARGUMENT VALUE ...]] [-o json]",
          .details =
              "A line for each event, until Ctrl-C. With -o json (or jsonl) each line is an object "
              "with source, kind, at, subject, data and cursor. When the backend is lost, it is "
              "followed on from the last event as soon as it is back. `engine events SOURCE "
              "--help` lists the source's own arguments.",
          .flags = {{"since", 's', "WHEN",
                     "Begins there instead of now: how long ago (10m), a time, or the cursor of an "
                     "event.",
                     false, false},
                    {"arg", 'a', "NAME=VALUE",
                     "An argument whose name is one of engine's own flags.", false, true}},
          .examples = {{"engine events", "The sources there are."},
                       {"engine events docker.container", "What happens to containers."},
                       {"engine events docker.container --since 10m -o json",
                        "For programs, with what happened in the last ten minutes."}},
          .run = run,
          .words_max = 1,
          .word = Word::source};
}

}  // namespace engine::cli
