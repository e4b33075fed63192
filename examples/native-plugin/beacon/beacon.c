/* A plugin in C: the file by which this machine tells a load balancer whether it takes requests.
 *
 * The file holds one line, "up" or "down: why". Three operations read it, write it, and wait for it.
 * All that a plugin needs is <engine/plugin.h>; read that first, it is the whole contract.
 */
#include <engine/plugin.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_SIZE = 512, PATH_SIZE = 4096 };

/* What `start` makes and every other function is handed. */
struct beacon {
  const engine_host* host;
  char path[PATH_SIZE];
};

/* ---- JSON: arguments are a flat object, already checked and complete with their defaults. ---- */

/* The end of the string that begins at the quote `at`. */
static const char* string_end(const char* at) {
  for (++at; *at && *at != '"'; ++at) {
    if (*at == '\\' && at[1]) ++at;
  }
  return *at ? at + 1 : at;
}

/* Where the value of a member begins, or NULL. */
static const char* member(const char* json, const char* name) {
  const size_t length = strlen(name);
  int depth = 0;
  for (const char* at = json; *at;) {
    if (*at != '"') {
      depth += *at == '{' || *at == '[' ? 1 : *at == '}' || *at == ']' ? -1 : 0;
      ++at;
      continue;
    }
    const char* end = string_end(at);
    if (depth == 1 && *end == ':' && (size_t)(end - at) == length + 2 &&
        strncmp(at + 1, name, length) == 0)
      return end + 1;
    at = end;
  }
  return NULL;
}

/* The text of a member with its escapes resolved (other than \u, which stays as it is). */
static void member_text(const char* json, const char* name, char* into, size_t size) {
  const char* at = member(json, name);
  size_t used = 0;
  if (at && *at == '"') {
    for (++at; *at && *at != '"' && used + 1 < size; ++at) {
      if (*at == '\\' && strchr("\"\\/", at[1])) ++at;
      into[used++] = *at;
    }
  }
  into[used] = 0;
}

/* Appends a string, quoted; control characters, of which a line has none worth keeping, as blanks. */
static void append_text(char* json, size_t size, const char* text) {
  size_t used = strlen(json);
  if (used + 3 > size) return;
  json[used++] = '"';
  for (; *text && used + 4 < size; ++text) {
    if (*text == '"' || *text == '\\') json[used++] = '\\';
    json[used++] = (unsigned char)*text < ' ' ? ' ' : *text;
  }
  json[used++] = '"';
  json[used] = 0;
}

/* ---- The file ---- */

static void fail(const struct beacon* self, engine_call call, const char* code, const char* what,
                 const char* hint) {
  char message[PATH_SIZE + 100];
  snprintf(message, sizeof(message), "%s %s: %s", what, self->path, strerror(errno));
  const engine_error error = {.size = sizeof(error), .code = code, .message = message, .hint = hint};
  self->host->fail(call, &error); /* the strings are copied */
}

/* Zero on success; otherwise the call has been answered with an error. */
static int read_line(struct beacon* self, engine_call call, char* line) {
  FILE* file = fopen(self->path, "r");
  if (!file && errno == ENOENT) {
    fail(self, call, "NOT_FOUND", "nobody has written", "beacon.state.set writes it");
    return -1;
  }
  if (!file) {
    fail(self, call, "PERMISSION_DENIED", "cannot read", NULL);
    return -1;
  }
  if (!fgets(line, LINE_MAX_SIZE, file)) line[0] = 0;
  fclose(file);
  line[strcspn(line, "\n")] = 0;
  return 0;
}

static void answer(const struct beacon* self, engine_call call, const char* line, int changed) {
  char json[2 * LINE_MAX_SIZE + 100] = "{\"state\":";
  const int down = strncmp(line, "down", 4) == 0;
  strcat(json, down ? "\"down\",\"reason\":" : "\"up\",\"reason\":");
  append_text(json, sizeof(json), down && strlen(line) > 6 ? line + 6 : "");
  if (changed >= 0) strcat(json, changed ? ",\"changed\":true" : ",\"changed\":false");
  strcat(json, "}");
  self->host->done(call, json, strlen(json));
}

/* ---- Operations. Each ends with done or fail, exactly once, now or later. ---- */

static void state_get(void* data, engine_call call) {
  struct beacon* self = data;
  char line[LINE_MAX_SIZE];
  if (read_line(self, call, line) == 0) answer(self, call, line, -1);
}

/* Idempotent: the file ends with the same line however often it is called, so that the engine may
 * repeat it after a crash. The rename lets no reader see half a line. */
static void state_set(void* data, engine_call call) {
  struct beacon* self = data;
  size_t size;
  const char* args = self->host->args(call, &size);
  char state[8], reason[LINE_MAX_SIZE - 16], line[LINE_MAX_SIZE], old[LINE_MAX_SIZE] = "";
  member_text(args, "state", state, sizeof(state));
  member_text(args, "reason", reason, sizeof(reason));
  reason[strcspn(reason, "\n")] = 0;
  snprintf(line, sizeof(line), "%s%s%s", state, *reason ? ": " : "", reason);

  FILE* file = fopen(self->path, "r");
  if (file) {
    if (!fgets(old, sizeof(old), file)) old[0] = 0;
    fclose(file);
    old[strcspn(old, "\n")] = 0;
  }
  if (strcmp(old, line) == 0) {
    answer(self, call, line, 0);
    return;
  }
  char fresh[PATH_SIZE + 8];
  snprintf(fresh, sizeof(fresh), "%s.new", self->path);
  file = fopen(fresh, "w");
  if (!file || fprintf(file, "%s\n", line) < 0 || fclose(file) != 0 ||
      rename(fresh, self->path) != 0) {
    fail(self, call, errno == ENOSPC ? "DISK_FULL" : "FAILED", "cannot write", NULL);
    return;
  }
  answer(self, call, line, 1);
}

/* Waits without holding anybody up: host->delay calls back, and the loop does other work meanwhile.
 * A plugin must never sleep on the loop's thread. */
struct waiting {
  struct beacon* self;
  engine_call call;
  int64_t every_ms;
  int cancelled;
  char state[8];
};

static void look(void* data) {
  struct waiting* wait = data;
  struct beacon* self = wait->self;
  char line[LINE_MAX_SIZE];
  if (wait->cancelled) {
    /* Timed out or cancelled: nobody hears this answer, but it is owed all the same. */
    const engine_error error = {.size = sizeof(error), .code = "CANCELLED", .message = "cancelled"};
    self->host->fail(wait->call, &error);
    free(wait);
    return;
  }
  if (read_line(self, wait->call, line) != 0) {
    free(wait);
    return;
  }
  if (strncmp(line, wait->state, strlen(wait->state)) == 0) {
    answer(self, wait->call, line, -1);
    free(wait);
    return;
  }
  char json[LINE_MAX_SIZE * 2] = "";
  append_text(json, sizeof(json), line);
  self->host->progress(wait->call, json, strlen(json)); /* `engine run` shows it live */
  self->host->delay(wait->call, wait->every_ms, look, wait);
}

static void state_wait(void* data, engine_call call) {
  struct beacon* self = data;
  size_t size;
  const char* args = self->host->args(call, &size);
  struct waiting* wait = calloc(1, sizeof(*wait));
  wait->self = self;
  wait->call = call;
  wait->every_ms = atoll(member(args, "every")); /* durations arrive in milliseconds */
  member_text(args, "state", wait->state, sizeof(wait->state));
  self->host->set_data(call, wait); /* for state_wait_cancel */
  look(wait);
}

/* The delay fires early once the call has ended, so that all there is to do is to remember. */
static void state_wait_cancel(void* data, engine_call call) {
  struct beacon* self = data;
  struct waiting* wait = self->host->data(call);
  if (wait) wait->cancelled = 1;
}

/* ---- The declaration: from it come checks, permission, help, documentation, completion. ---- */

static const char* const states[] = {"up", "down", NULL};
static const char* const set_errors[] = {"DISK_FULL", NULL};
static const char* const get_errors[] = {"NOT_FOUND", "PERMISSION_DENIED", NULL};

#define FIELD .size = sizeof(engine_field)

static const engine_field config[] = {
    {FIELD, .name = "path", .type = ENGINE_STRING, .help = "The file.",
     .fallback = "\"/run/beacon\""},
};
static const engine_field results[] = {
    {FIELD, .name = "state", .type = ENGINE_ENUM, .help = "What the file says.", .choices = states},
    {FIELD, .name = "reason", .type = ENGINE_STRING, .help = "Why it is down, or empty."},
    {FIELD, .name = "changed", .type = ENGINE_BOOLEAN,
     .help = "Whether the file said something else before; set alone answers it."},
};
static const engine_field set_params[] = {
    {FIELD, .name = "state", .type = ENGINE_ENUM, .help = "What the file is to say.",
     .flags = ENGINE_REQUIRED, .choices = states},
    {FIELD, .name = "reason", .type = ENGINE_STRING, .help = "Why, for people.", .fallback = "\"\""},
};
static const engine_field wait_params[] = {
    {FIELD, .name = "state", .type = ENGINE_ENUM, .help = "What to wait for.",
     .flags = ENGINE_REQUIRED, .choices = states},
    {FIELD, .name = "every", .type = ENGINE_DURATION, .help = "Time between two looks.",
     .fallback = "\"1s\"", .min = "10ms"},
};

#define OPERATION .size = sizeof(engine_operation), .results = results

static const engine_operation operations[] = {
    {OPERATION, .name = "state.get", .summary = "Tells what the file says.", .effect = ENGINE_READ,
     .idempotent = 1, .timeout = "5s", .result_count = 2, .errors = get_errors, .start = state_get},
    {OPERATION, .name = "state.set", .summary = "Writes the file, if it says something else.",
     .effect = ENGINE_CHANGE, .idempotent = 1, .timeout = "5s", .params = set_params,
     .param_count = 2, .result_count = 3, .errors = set_errors, .start = state_set},
    {OPERATION, .name = "state.wait", .summary = "Waits until the file says this.",
     .effect = ENGINE_READ, .idempotent = 1, .timeout = "10m", .params = wait_params,
     .param_count = 2, .result_count = 2, .errors = get_errors, .start = state_wait,
     .cancel = state_wait_cancel},
};

/* Called at the first call of an operation, not when the plugin is listed. */
static int start(const engine_host* host, const char* settings, size_t size, void** self,
                 engine_error* error) {
  (void)size;
  struct beacon* made = calloc(1, sizeof(*made));
  made->host = host;
  member_text(settings, "path", made->path, sizeof(made->path));
  if (made->path[0] != '/') {
    free(made);
    error->code = "INVALID_ARGUMENT";
    error->message = "plugins.beacon.path must be an absolute path";
    return 1;
  }
  *self = made;
  return 0;
}

static const engine_plugin plugin = {
    .size = sizeof(engine_plugin),
    .abi = ENGINE_PLUGIN_ABI,
    .name = "beacon",
    .version = "1.0.0",
    .summary = "The file that tells a load balancer whether this machine takes requests.",
    .config = config,
    .config_count = 1,
    .operations = operations,
    .operation_count = 3,
    .start = start,
    .stop = free,
};

/* The one symbol that the engine looks for. */
__attribute__((visibility("default"))) const engine_plugin* engine_plugin_declare(void) {
  return &plugin;
}
