// The events of a subscription on their way from the plugin to whoever follows.
#include "engine/base/json.h"
#include "engine/base/json_read.h"
#include "engine/plugin/calls.h"

namespace engine::plugin {

namespace {

constexpr size_t kCursorBytesMax = 4096;

// What is wrong with it, or nullptr.
const char* fault(const engine_event& event, std::string_view data, bool trusted) {
  if (!event.kind || !*event.kind) return "no kind";
  if (!event.cursor || !*event.cursor) return "no cursor";
  const std::string_view cursor = event.cursor;
  if (cursor.size() > kCursorBytesMax || !is_utf8(cursor))
    return "a cursor that is no text of at most 4 KiB";
  if (trusted) return nullptr;
  const Result<JsonDocument> document = read_json(data);
  return document && document->root().is_object() ? nullptr : "data that is no JSON object";
}

void emit(engine_call token, const engine_event* given) {
  CallRecord* record = Calls::instance().find(token);
  if (!record || !record->done || !record->emit) return;
  std::string data = given->data ? std::string(given->data, given->data_size) : "{}";
  if (const char* wrong = fault(*given, data, record->trusted)) {
    return Calls::instance().spend(
        token, fail(code::kInternal, "plugin '" + record->plugin + "' gave an event with " + wrong,
                    "this is a bug of the plugin"));
  }
  if (record->secrets->any()) data = record->secrets->scrubbed(std::move(data));
  const auto tell = record->emit;
  tell({.kind = given->kind,
        .at_ms = given->at_ms,
        .subject = given->subject ? given->subject : "",
        .data = std::move(data),
        .cursor = given->cursor});  // may destroy the call
}

}  // namespace

void add_event_functions(engine_host& host) { host.emit = emit; }

}  // namespace engine::plugin
