// A plugin in C++: messages to the people on call, through a web service, and how much a log
// complains.
//
// Shows what beacon.c does not: a secret, the HTTP client that the engine lends, a key against
// sending twice, and work on a worker thread. Nothing may be thrown through the C functions.
#include <engine/plugin.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

const engine_host* host;

// ---- JSON: arguments are a flat object, already checked and complete with their defaults. ----

// The value of a member as JSON text, or empty.
std::string_view member(std::string_view json, std::string_view name) {
  int depth = 0;
  bool text = false;
  size_t opened = 0, value = 0;
  for (size_t at = 0; at < json.size(); ++at) {
    const char c = json[at];
    if (text && c == '\\') {
      ++at;
    } else if (c == '"') {
      text = !text;
      if (text) opened = at;
      const bool key = !text && depth == 1 && at + 1 < json.size() && json[at + 1] == ':';
      if (key && !value && json.substr(opened + 1, at - opened - 1) == name) value = at + 2;
    } else if (!text && (c == '{' || c == '[')) {
      ++depth;
    } else if (!text) {
      const bool closes = c == '}' || c == ']';
      if (value && depth == 1 && at >= value && (c == ',' || closes))
        return json.substr(value, at - value);
      if (closes) --depth;
    }
  }
  return {};
}

std::string text_of(std::string_view json) {
  std::string text;
  for (size_t at = 1; at + 1 < json.size(); ++at) {
    if (json[at] == '\\' && json[at + 1] == 'n') {
      text += '\n';
      ++at;
      continue;
    }
    if (json[at] == '\\' && json[at + 1] != 'u') ++at;
    text += json[at];
  }
  return text;
}

std::string_view args_of(engine_call call) {
  size_t size = 0;
  const char* json = host->args(call, &size);
  return {json, size};
}

void fail(engine_call call, const char* code, const std::string& message,
          const char* hint = nullptr) {
  engine_error error{};
  error.size = sizeof(error);
  error.code = code;
  error.message = message.c_str();
  error.hint = hint;
  host->fail(call, &error);
}

// ---- pager.message.send ----

// What the exchange needs until it has ended.
struct Sending {
  engine_call call;
};

// Exactly one of `response` and `error` is given.
void sent(void* data, const engine_http_response* response, const engine_error* error) {
  const std::unique_ptr<Sending> sending(static_cast<Sending*>(data));
  if (error) return host->fail(sending->call, error);  // its code and outcome_unknown are right
  if (response->status == 401 || response->status == 403)
    return fail(sending->call, "UNAUTHENTICATED", "the pager does not take this token",
                "give the parameter token a newer secret");
  if (response->status >= 400)
    return fail(sending->call, "pager.REFUSED",
                "the pager refused the message with status " + std::to_string(response->status));
  const std::string result = "{\"status\":" + std::to_string(response->status) + "}";
  host->done(sending->call, result.data(), result.size());
}

// Not idempotent: a message sent twice wakes somebody twice. So it carries the call's key, which
// stays the same when the engine repeats this very call, and the service drops the second one.
void send(void*, engine_call call) {
  const std::string_view args = args_of(call);
  const std::string url = text_of(member(args, "url"));
  const std::string body = "{\"text\":" + std::string(member(args, "text")) + "}";

  // A secret arrives as {"$secret": "name"}; its value is read here, and never logged or answered.
  const std::string name = text_of(member(member(args, "token"), "$secret"));
  engine_error error{};
  error.size = sizeof(error);
  size_t size = 0;
  const char* token = host->secret(call, name.c_str(), &size, &error);
  if (!token) return host->fail(call, &error);
  const std::string authorization = "Bearer " + std::string(token, size);

  const char* const headers[] = {
      "Content-Type",    "application/json", "Authorization", authorization.c_str(),
      "Idempotency-Key", host->key(call),    nullptr};
  engine_http_request request{};
  request.size = sizeof(request);
  request.method = "POST";
  request.url = url.c_str();
  request.headers = headers;
  request.body = body.data();
  request.body_size = body.size();
  request.response_max = 64 << 10;
  engine_http_events events{};
  events.size = sizeof(events);
  events.ended = sent;
  // Cancelled by the engine when the call times out or is cancelled.
  host->http(call, &request, &events, new Sending{call});
}

// ---- pager.log.count ----

// Lives until `counted`, whatever happens to the call.
struct Counting {
  engine_call call;
  std::string path, word;
  std::atomic<bool> stop{false};
  bool opened = false;
  int64_t lines = 0, found = 0;
};

// On a worker thread: nothing of the host but log may be used here.
void count(void* data) {
  auto& counting = *static_cast<Counting*>(data);
  std::ifstream file(counting.path);
  counting.opened = file.is_open();
  std::string line;
  while (!counting.stop && std::getline(file, line)) {
    ++counting.lines;
    if (line.find(counting.word) != std::string::npos) ++counting.found;
  }
}

// Back on the loop's thread. After a cancel the answer reaches nobody, but it is owed.
void counted(void* data) {
  const std::unique_ptr<Counting> counting(static_cast<Counting*>(data));
  if (!counting->opened)
    return fail(counting->call, "NOT_FOUND", "cannot read the log " + counting->path);
  const std::string result = "{\"lines\":" + std::to_string(counting->lines) +
                             ",\"found\":" + std::to_string(counting->found) + "}";
  host->done(counting->call, result.data(), result.size());
}

void start_count(void*, engine_call call) {
  auto* counting = new Counting{};
  counting->call = call;
  counting->path = text_of(member(args_of(call), "path"));
  counting->word = text_of(member(args_of(call), "word"));
  host->set_data(call, counting);
  host->work(call, count, counted, counting);
}

void cancel_count(void*, engine_call call) {
  static_cast<Counting*>(host->data(call))->stop = true;
}

// ---- The declaration ----

engine_field field(const char* name, engine_type type, const char* help, unsigned flags = 0,
                   const char* fallback = nullptr) {
  engine_field made{};
  made.size = sizeof(made);
  made.name = name;
  made.type = type;
  made.help = help;
  made.flags = flags;
  made.fallback = fallback;
  return made;
}

const engine_field kSendParams[] = {
    field("text", ENGINE_STRING, "What to say.", ENGINE_REQUIRED),
    field("url", ENGINE_STRING, "Where the service takes messages.", ENGINE_REQUIRED),
    field("token", ENGINE_SECRET, "Who we are, to the service.", ENGINE_REQUIRED),
};
const engine_field kSendResults[] = {
    field("status", ENGINE_INTEGER, "The service's HTTP status."),
};
const engine_field kCountParams[] = {
    field("path", ENGINE_STRING, "The log file.", ENGINE_REQUIRED),
    field("word", ENGINE_STRING, "What to look for.", 0, "\"error\""),
};
const engine_field kCountResults[] = {
    field("lines", ENGINE_INTEGER, "All of them."),
    field("found", ENGINE_INTEGER, "Those with the word."),
};
const char* const kSendErrors[] = {"UNAUTHENTICATED", "pager.REFUSED", nullptr};
const char* const kCountErrors[] = {"NOT_FOUND", nullptr};

std::vector<engine_operation> operations() {
  engine_operation message{};
  message.size = sizeof(message);
  message.name = "message.send";
  message.summary = "Sends a message to whoever is on call.";
  message.effect = ENGINE_CHANGE;
  message.timeout = "30s";
  message.params = kSendParams;
  message.param_count = std::size(kSendParams);
  message.results = kSendResults;
  message.result_count = std::size(kSendResults);
  message.errors = kSendErrors;
  message.start = send;

  engine_operation log{};
  log.size = sizeof(log);
  log.name = "log.count";
  log.summary = "Counts the lines of a log that have a word.";
  log.effect = ENGINE_READ;
  log.idempotent = 1;
  log.timeout = "1m";
  log.params = kCountParams;
  log.param_count = std::size(kCountParams);
  log.results = kCountResults;
  log.result_count = std::size(kCountResults);
  log.errors = kCountErrors;
  log.start = start_count;
  log.cancel = cancel_count;
  return {message, log};
}

int start(const engine_host* given, const char*, size_t, void**, engine_error*) {
  host = given;
  return 0;
}

}  // namespace

// The one symbol that the engine looks for.
extern "C" __attribute__((visibility("default"))) const engine_plugin* engine_plugin_declare() {
  static const std::vector<engine_operation> declared = operations();
  static const engine_plugin plugin = [] {
    engine_plugin made{};
    made.size = sizeof(made);
    made.abi = ENGINE_PLUGIN_ABI;
    made.name = "pager";
    made.version = "1.0.0";
    made.summary = "Messages to the people on call.";
    made.operations = declared.data();
    made.operation_count = declared.size();
    made.start = start;
    return made;
  }();
  return &plugin;
}
