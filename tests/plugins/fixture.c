/* A plugin in plain C. What is broken about it depends on how it is compiled. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/plugin/plugin.h"

static const engine_host* host;

#if defined(FIXTURE_UNRESOLVED)
void nobody_has_this(void);
#endif

static void say(void* self, engine_call call) {
  (void)self;
#if defined(FIXTURE_SILENT)
  (void)call;
#elif defined(FIXTURE_UNRESOLVED)
  (void)call;
  nobody_has_this();
#elif defined(FIXTURE_GARBLED)
  host->done(call, "{\"text\":", 8);
#else
  size_t size = 0;
  const char* args = host->args(call, &size);
  char copy[1024];
  size = size < sizeof(copy) ? size : sizeof(copy);
  memcpy(copy, args, size);
  host->progress(call, "\"halfway\"", 9);
  host->done(call, copy, size);
#if defined(FIXTURE_HASTY)
  host->done(call, "2", 1);
#endif
#endif
}

static void refuse(void* self, engine_call call) {
  (void)self;
  const engine_error error = {.size = sizeof(error), .code = NAME ".REFUSED", .message = "it does not want to"};
  host->fail(call, &error);
}

static int start(const engine_host* given, const char* config, size_t size, void** self, engine_error* error) {
  (void)config, (void)size, (void)self;
#if defined(FIXTURE_GRUMPY)
  (void)given;
  error->code = "UNAUTHENTICATED";
  error->message = "the backend does not know us";
  return 1;
#else
  (void)error;
  host = given;
  return 0;
#endif
}

static const engine_field params[] = {
    {.size = sizeof(engine_field), .name = "text", .type = ENGINE_STRING, .help = "What to say", .flags = ENGINE_REQUIRED},
#if defined(FIXTURE_UNTYPED)
    {.size = sizeof(engine_field), .name = "times", .type = 99, .help = "How often"},
#else
    {.size = sizeof(engine_field), .name = "times", .type = ENGINE_INTEGER, .help = "How often", .fallback = "1",
     .min = "1", .max = "9"},
#endif
};

static const engine_operation operations[] = {
    {.size = sizeof(engine_operation), .name = "text.say", .summary = "Answers its arguments.", .effect = ENGINE_READ,
     .timeout = "1s", .params = params, .param_count = 2, .start = say},
#if defined(FIXTURE_TWICE)
    {.size = sizeof(engine_operation), .name = "text.say", .summary = "The same again.", .effect = ENGINE_READ,
     .start = say},
#endif
    {.size = sizeof(engine_operation), .name = "text.refuse", .summary = "Fails.", .effect = ENGINE_CHANGE,
     .start = refuse},
};

/* Three numbers behind the cursor, and the line is cut. */
static void follow(void* self, engine_call call) {
  (void)self;
  size_t size = 0;
  const char* cursor = strstr(host->args(call, &size), "\"cursor\":\"");
  const int last = cursor ? atoi(cursor + strlen("\"cursor\":\"")) : 0;
  if (strstr(host->args(call, &size), "\"refuse\":true")) {
    const engine_error error = {.size = sizeof(error), .code = "NOT_FOUND", .message = "there are no ticks"};
    host->fail(call, &error);
    return;
  }
  host->progress(call, "{}", 2);
  for (int number = last + 1; number <= last + 3; ++number) {
    char data[64], text[16];
    snprintf(text, sizeof(text), "%d", number);
#if defined(FIXTURE_GARBLED)
    snprintf(data, sizeof(data), "[%d]", number);
#else
    snprintf(data, sizeof(data), "{\"number\":%d}", number);
#endif
    const engine_event event = {.size = sizeof(event), .kind = "tick", .at_ms = number * 1000, .subject = "clock",
                                .data = data, .data_size = strlen(data), .cursor = text};
    host->emit(call, &event);
  }
  const engine_error error = {.size = sizeof(error), .code = "NETWORK_ERROR", .message = "the line was cut"};
  host->fail(call, &error);
}

static const char* const kinds[] = {"tick", NULL};
static const engine_field follow_params[] = {
    {.size = sizeof(engine_field), .name = "refuse", .type = ENGINE_BOOLEAN, .help = "Tells nothing", .fallback = "false"},
};
static const engine_field event_fields[] = {
    {.size = sizeof(engine_field), .name = "number", .type = ENGINE_INTEGER, .help = "Which one"},
};
static const engine_event_source sources[] = {
    {.size = sizeof(engine_event_source), .name = "clock", .summary = "Ticks.", .kinds = kinds, .params = follow_params,
     .param_count = 1, .fields = event_fields, .field_count = 1, .follow = follow},
};

static const engine_plugin plugin = {
    .size = sizeof(engine_plugin),
#if defined(FIXTURE_STALE)
    .abi = 99,
#else
    .abi = ENGINE_PLUGIN_ABI,
#endif
    .name = NAME,
    .version = "1.2",
    .summary = "A fixture.",
    .operations = operations,
    .operation_count = sizeof(operations) / sizeof(operations[0]),
    .start = start,
    .sources = sources,
    .source_count = 1,
};

#if defined(FIXTURE_EMPTY)
const engine_plugin* something_else(void) { return &plugin; }
#else
const engine_plugin* engine_plugin_declare(void) { return &plugin; }
#endif
