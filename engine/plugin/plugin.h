/* The contract between the engine and a plugin: plain C, self-contained, version 1.
 *
 * A native plugin is a shared object that exports `engine_plugin_declare`, a function that returns
 * its declaration. The host reads the declaration without starting anything; `start` is called when
 * one of the plugin's operations is first called. Everything happens on one thread, the loop's,
 * except what `work` hands to a worker thread.
 *
 * Arguments and results are JSON text (RFC 8259, UTF-8). Bytes that are not UTF-8 travel as
 * {"$bytes": "<base64>"}, secrets as {"$secret": "<name>"}; a key of the user's own that begins
 * with '$' has that '$' doubled. Durations are integers in milliseconds, sizes integers in bytes,
 * times integers in milliseconds since 1970, all already checked against the declaration and
 * complete with defaults.
 *
 * Every struct begins with its own size (use sizeof), so that later versions can grow. Arrays of
 * structs are read with the stride of their first element's size.
 */
#ifndef ENGINE_PLUGIN_H
#define ENGINE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ENGINE_PLUGIN_ABI 1u

typedef enum engine_type {
  ENGINE_STRING,
  ENGINE_INTEGER,
  ENGINE_NUMBER,
  ENGINE_BOOLEAN,
  ENGINE_DURATION, /* "30s", "1h30m"; arrives in ms */
  ENGINE_SIZE,     /* "64KiB", "10MB"; arrives in bytes */
  ENGINE_TIME,     /* RFC 3339; arrives in ms since 1970 */
  ENGINE_LIST,
  ENGINE_MAP,
  ENGINE_ENUM,   /* one of `choices` */
  ENGINE_SECRET, /* a reference; read it with host->secret */
  ENGINE_ANY
} engine_type;

typedef enum engine_effect {
  ENGINE_READ,   /* looks */
  ENGINE_CHANGE, /* alters; nothing is lost */
  ENGINE_DESTROY /* something is lost */
} engine_effect;

/* Bits of engine_field.flags. */
enum {
  ENGINE_REQUIRED = 1,  /* a parameter that must be given */
  ENGINE_SENSITIVE = 2, /* its value is never shown or journaled in clear */
  ENGINE_SECRETS =
      4 /* secret references may stand inside the value (environment variables, headers) */
};

/* One parameter of an operation, one field of a result, or one configuration key. */
typedef struct engine_field {
  size_t size;
  const char* name;
  engine_type type;
  const char* help; /* one sentence */
  unsigned flags;
  const char* fallback; /* the default as JSON ("\"30s\"", "10", "true"), or NULL */
  const char* min;      /* as a user would write it ("1s", "0", "64KiB"), or NULL */
  const char* max;
  const char* const* choices; /* of an ENGINE_ENUM, ended by NULL */
  const char*
      items; /* of a list or map: the type of every item, by name ("string"), or NULL for any */
} engine_field;

/* A call in progress. A token, not an address: `done` and `fail` spend it, and a spent token is
 * refused and counted. */
typedef uint64_t engine_call;

typedef struct engine_error {
  size_t size;
  const char* code;    /* one of the shared codes (NOT_FOUND, TIMEOUT, ...) or "plugin.CODE" */
  const char* message; /* one lower-case sentence that names the thing */
  const char* hint;    /* what to do next, or NULL */
  const char* details; /* JSON, or NULL */
  int retryable;       /* non-zero: the same call may succeed later */
  int outcome_unknown; /* non-zero: the effect may have happened */
} engine_error;

/* A child process that a plugin asks the host to run; see host->spawn. Strings live only during the
 * call. */
typedef struct engine_spawn {
  size_t size;
  const char* const* argv; /* ended by NULL; argv[0] is looked up in PATH */
  const char* const* env;  /* NAME=value, ended by NULL: the whole environment */
  const char* cwd;         /* NULL: the engine's */
  const char* user;        /* NULL: the engine's */
  const char* input;       /* for standard input, or NULL for none */
  size_t input_size;
  size_t output_max;     /* bytes kept of each stream; the rest is read and counted */
  int64_t kill_after_ms; /* from SIGTERM to SIGKILL of the whole tree */
} engine_spawn;

typedef struct engine_exit {
  size_t size;
  int status; /* exit status, -1 when ended by a signal */
  int signal; /* 0, or the signal that ended it */
  const char* out;
  size_t out_size;
  uint64_t out_total; /* bytes written, kept or not */
  const char* err;
  size_t err_size;
  uint64_t err_total;
} engine_exit;

/* Exactly one of `exit` and `error` is given. */
typedef void (*engine_exited)(void* data, const engine_exit* exit, const engine_error* error);

typedef enum engine_log_level {
  ENGINE_DEBUG,
  ENGINE_INFO,
  ENGINE_WARN,
  ENGINE_ERROR
} engine_log_level;

/* Bits of engine_http_request.flags. */
enum {
  /* Doing it twice ends where doing it once does. Anything else but a read gets a connection of its
   * own and is never sent twice. */
  ENGINE_HTTP_IDEMPOTENT = 1,
  ENGINE_HTTP_TRUNCATE = 2, /* an answer beyond response_max is cut; otherwise it is an error */
  ENGINE_HTTP_INSECURE = 4  /* takes any certificate */
};

/* What engine_http_request.produce answers instead of a number of bytes. */
enum {
  ENGINE_HTTP_WAIT = -1, /* nothing yet: host->http_resume asks again */
  ENGINE_HTTP_ABORT = -2 /* gives the request up */
};

/* A request; see host->http. Strings live only during the call of host->http. */
typedef struct engine_http_request {
  size_t size;
  const char* method;         /* NULL: "GET" */
  const char* url;            /* http or https */
  const char* unix_socket;    /* a path, or NULL; with it the URL's host is only a name */
  const char* const* headers; /* name, value, name, value, ..., ended by NULL; or NULL */
  const char* body;           /* or NULL */
  size_t body_size;
  /* Instead of `body`, or NULL: fills `into` and answers how many bytes it wrote, 0 at the end. */
  int64_t (*produce)(void* data, char* into, size_t size);
  int64_t produce_size;    /* of all that `produce` will write; -1: unknown */
  const char* ca_file;     /* NULL: the system's */
  const char* client_cert; /* PEM files, or NULL */
  const char* client_key;
  int64_t connect_timeout_ms; /* 0: 10 s */
  int64_t timeout_ms;         /* of the whole exchange; 0: as long as the call may take */
  uint64_t response_max;      /* bytes of the answer's body; 0: 16 MiB */
  int redirects_max;          /* 0: an answer that points elsewhere is the answer */
  unsigned flags;
} engine_http_request;

/* An answer, whatever its status. Valid during the callback that is given it. */
typedef struct engine_http_response {
  size_t size;
  int status;
  const char* const* headers; /* name (lower case), value, ..., ended by NULL */
  const char* body;           /* empty in `headers`, and where chunks were handed on */
  size_t body_size;
  int truncated;
  const char* url; /* where it came from, after redirects */
} engine_http_response;

/* What an exchange tells, in this order. */
typedef struct engine_http_events {
  size_t size;
  void (*headers)(void* data, const engine_http_response* response); /* or NULL */
  /* NULL: the body is collected. Zero: go on; else nothing more comes until host->http_resume. */
  int (*chunk)(void* data, const char* bytes, size_t size);
  /* Exactly once; exactly one of `response` and `error` is given. */
  void (*ended)(void* data, const engine_http_response* response, const engine_error* error);
} engine_http_events;

/* Something that happened in a backend; see engine_event_source. */
typedef struct engine_event {
  size_t size;
  const char* kind;    /* what happened, one word in the backend's own words: "die", "oom" */
  int64_t at_ms;       /* when, by the backend's clock, in ms since 1970 */
  const char* subject; /* the id of what it happened to, or NULL */
  const char* data;    /* a JSON object: the fields that the source declares */
  size_t data_size;
  /* Where to go on behind it: text of the source's own making, at most 4 KiB of UTF-8. The host
   * keeps it and gives it back as `cursor` of a later subscription, also in another process. */
  const char* cursor;
} engine_event;

/* What the host lends. Valid from start to stop. Functions not marked otherwise are for the loop's
 * thread. */
typedef struct engine_host {
  size_t size;
  uint32_t abi;
  void* uv_loop; /* the process's uv_loop_t */

  /* The call's checked arguments; valid until the call is spent. */
  const char* (*args)(engine_call call, size_t* size);
  /* A key that is the same whenever the same place of the same run is executed again: for backends
   * that deduplicate. Valid until the call is spent. */
  const char* (*key)(engine_call call);
  int64_t (*timeout_ms)(engine_call call);
  /* Anything the plugin wants to find again in `cancel`. */
  void (*set_data)(engine_call call, void* data);
  void* (*data)(engine_call call);

  /* Spend the call. Not inside `start` is no rule: answering at once is allowed. After a timeout or
   * a cancel the answer is dropped, but still owed. */
  void (*done)(engine_call call, const char* result, size_t size);
  void (*fail)(engine_call call, const engine_error* error);
  void (*progress)(engine_call call, const char* json, size_t size);

  /* The secret's value, or NULL with *error filled (strings valid until the next call of the host).
   * Valid until the call is spent; never log it or put it into a result. */
  const char* (*secret)(engine_call call, const char* name, size_t* size, engine_error* error);

  /* Runs a process; ended with everything it started when the call times out, is cancelled, or is
   * spent. */
  void (*spawn)(engine_call call, const engine_spawn* options, engine_exited exited, void* data);
  /* Runs `work` on a worker thread, then `finished` on the loop. The call may be spent meanwhile.
   */
  void (*work)(engine_call call, void (*work)(void* data), void (*finished)(void* data),
               void* data);
  /* Calls back once: after the delay, or a turn after the call ended, whichever is first. */
  void (*delay)(engine_call call, int64_t ms, void (*fired)(void* data), void* data);

  int64_t (*now_ms)(void);                                                      /* wall clock */
  void (*log)(engine_log_level level, const char* module, const char* message); /* any thread */

  /* Asks over HTTP; cancelled when the call times out, is cancelled, or is spent. Answers a number
   * for the functions below. No event comes before it has returned. */
  uint64_t (*http)(engine_call call, const engine_http_request* request,
                   const engine_http_events* events, void* data);
  /* Goes on after a chunk or a producer said to wait. A number that is over is ignored. */
  void (*http_resume)(uint64_t exchange);
  /* Ends it early: `ended` comes a turn later with CANCELLED. */
  void (*http_cancel)(uint64_t exchange);

  /* One event of a subscription; see engine_event_source. Strings live only during the call. After
   * a cancel it is dropped. What is wrong with it ends the subscription with INTERNAL. */
  void (*emit)(engine_call call, const engine_event* event);
} engine_host;

typedef struct engine_operation {
  size_t size;
  const char* name;     /* "noun.verb" or "verb", without the plugin's name */
  const char* summary;  /* one sentence, present tense, ending in a full stop */
  engine_effect effect; /* the strongest it can have */
  int idempotent;       /* non-zero: doing it twice ends where doing it once does */
  const char* timeout;  /* "30s" */
  const engine_field* params;
  size_t param_count;
  const engine_field* results; /* none: it answers null or anything */
  size_t result_count;
  const char* const*
      errors;         /* the codes it can raise beside the common ones, ended by NULL, or NULL */
  const char* target; /* the parameter that names what it acts on, or NULL */

  /* Starts the call. self is what the plugin's start gave. */
  void (*start)(void* self, engine_call call);
  /* NULL: the effect is fixed. Else the effect of these arguments (JSON, checked). */
  engine_effect (*effect_of)(const char* args, size_t size);
  /* NULL: the answer of a cancelled call is simply dropped when it comes. Else: asks the call to
   * end early. */
  void (*cancel)(void* self, engine_call call);
  /* NULL: none. Answers what `start` would do, and changes nothing; for dry runs. */
  void (*preview)(void* self, engine_call call);
  /* NULL: none. Tells whether a call with this key took place: {"done": bool, "result": ...}, or {}
   * if unknown. */
  void (*probe)(void* self, engine_call call);
  /* Non-zero: a runbook must allow it by name even where its effect is ENGINE_READ. */
  int always_ask;
} engine_operation;

/* Events as they happen. A subscription is a call: what host->args gives it are the checked
 * parameters and, beside them, "cursor" (the text of an earlier event, or null) and "since_ms" (in
 * ms since 1970, or null). With a cursor, every event behind it follows, none twice; else with
 * since_ms, what the backend still knows from then on; else what happens from now on.
 *
 * It goes on until it is cancelled; its timeout is 0, which is none. Everything that the host lends
 * to a call is lent to it, and it is spent like any call: with fail when the backend cannot be
 * followed or is lost, with done when the backend ended it in order. Either way the host
 * subscribes again from the last cursor, later and later, until nobody wants it any more; so a
 * source that cannot go on says so at once and never stays silent. Before its first event, a
 * source calls host->progress(call, "{}", 2) once the backend has accepted it, so that people can
 * be told that it listens, and the delay before the next attempt is the shortest one again.
 *
 * An error whose code is INVALID_ARGUMENT, NOT_FOUND, UNSUPPORTED, UNAUTHENTICATED or
 * PERMISSION_DENIED before the backend accepted the first subscription is final: it is told to who
 * asked for the events. */
typedef struct engine_event_source {
  size_t size;
  const char* name;           /* a noun without the plugin's name, "container" */
  const char* summary;        /* one sentence, present tense, ending in a full stop */
  const char* const* kinds;   /* the kinds there are, ended by NULL; or NULL: any */
  const engine_field* params; /* of a subscription; not "cursor", "since" or "since_ms" */
  size_t param_count;
  const engine_field* fields; /* of an event's data */
  size_t field_count;
  void (*follow)(void* self, engine_call call);
  /* NULL: nothing to do beside what the host ends itself. The call is still owed done or fail,
   * unless the source forgets it here. */
  void (*cancel)(void* self, engine_call call);
} engine_event_source;

typedef struct engine_plugin {
  size_t size;
  uint32_t abi;     /* ENGINE_PLUGIN_ABI */
  const char* name; /* lower case, the folder's name */
  const char* version;
  const char* summary;
  const engine_field* config;
  size_t config_count;
  const engine_operation* operations;
  size_t operation_count;

  /* 0 on success; *self is handed to everything else. config is JSON, checked. NULL: nothing to
   * start. */
  int (*start)(const engine_host* host, const char* config, size_t config_size, void** self,
               engine_error* error);
  void (*stop)(void* self);
  /* 0 when the backend answers; quick, never blocks. NULL: always healthy. */
  int (*health)(void* self, engine_error* error);

  const engine_event_source* sources;
  size_t source_count;
} engine_plugin;

/* The function that a plugin exports, under the name engine_plugin_declare. */
typedef const engine_plugin* (*engine_plugin_entry)(void);

#ifdef __cplusplus
}
#endif

#endif
