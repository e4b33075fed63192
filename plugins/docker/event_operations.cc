// docker.event.list: what the daemon still remembers, which is its last few hundred events.
#include <deque>

#include "plugins/docker/event.h"
#include "plugins/docker/lines.h"
#include "plugins/docker/operations.h"
#include "plugins/docker/params.h"
#include "plugins/docker/query.h"

namespace engine::docker {

namespace {

// The newest, each as JSON.
struct History {
  size_t limit = 0;
  Lines lines;
  std::deque<std::string> events;
  std::optional<Error> error;

  void take(const std::string& line) {
    const auto document = Document::read(line);
    if (!document) {
      error = document.error();
      return;
    }
    std::string text;
    JsonWriter json(text);
    write_event(json, document->root());
    events.push_back(std::move(text));
    if (events.size() > limit) events.pop_front();
  }
};

// Docker would wait for what is still to come.
std::string until_text(const std::optional<std::string>& given, int64_t now_ms) {
  const std::string now = moment_text(now_ms * 1'000'000);
  return given && std::strtod(given->c_str(), nullptr) < std::strtod(now.c_str(), nullptr) ? *given
                                                                                           : now;
}

void list(Call call) {
  const plugin::Args args = call.args();
  const int64_t now = call.host()->now_ms();
  const auto since = moment_of(args, "since", now);
  if (!since) return call.fail(since.error());
  const auto until = moment_of(args, "until", now);
  if (!until) return call.fail(until.error());
  Query query;
  query.add("since", since->value_or("0")).add("until", until_text(*until, now));
  if (auto added = add_filters(query, args); !added) return call.fail(added.error());
  auto history = std::make_shared<History>();
  history->limit = static_cast<size_t>(args.integer("limit"));
  ask(call,
      {.path = "/events",
       .query = std::move(query).text(),
       .more = kWholeCall,
       .response_max = UINT64_MAX},
      {.chunk =
           [history](std::string_view chunk) {
             history->lines.feed(chunk, [&](const std::string& line) { history->take(line); });
             return true;
           }},
      [call, history](const Response&) {
        if (history->error) return call.fail(*history->error);
        std::string out;
        JsonWriter json(out);
        json.begin_array();
        for (const std::string& event : history->events) json.raw(event);
        json.end_array();
        call.done(out);
      });
}

constexpr engine_field kListParams[] = {
    kSince,
    kUntil,
    kFilters,
    between(optional("limit", ENGINE_INTEGER, "The newest so many.", "1000"), "1", "100000"),
    kDaemon,
};

constexpr engine_operation kOperations[] = {
    operation("event.list",
              "Lists the events that the daemon still knows, oldest first: time, type, action, "
              "detail, id, name, attributes, image, exit_code.",
              ENGINE_READ, bound<list, lent>, kListParams),
};

}  // namespace

Operations event_operations() { return kOperations; }

}  // namespace engine::docker
