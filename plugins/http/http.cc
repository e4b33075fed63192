// The http plugin: one operation, http.request.
#include "plugins/http/answer.h"
#include "plugins/http/request.h"

namespace engine::http_plugin {

namespace {

using plugin::between, plugin::bound, plugin::field, plugin::items, plugin::lasting, plugin::one_of,
    plugin::operation, plugin::optional, plugin::required;

const engine_host* lent = nullptr;

constexpr const char* kMethods[] = {"GET",   "HEAD",   "POST",    "PUT",
                                    "PATCH", "DELETE", "OPTIONS", nullptr};

constexpr engine_field kParams[] = {
    required("url", ENGINE_STRING, "Begins with http:// or https://.", ENGINE_SECRETS),
    one_of(optional("method", ENGINE_ENUM, "What to do there.", "\"GET\""), kMethods),
    items(optional("headers", ENGINE_MAP, "Header lines by name.", nullptr, ENGINE_SECRETS),
          "string"),
    items(optional("query", ENGINE_MAP, "Added to the URL, encoded.", nullptr, ENGINE_SECRETS),
          "string"),
    optional("json", ENGINE_ANY, "A body: the value as JSON.", nullptr, ENGINE_SECRETS),
    items(optional("form", ENGINE_MAP, "A body: a form's fields.", nullptr, ENGINE_SECRETS),
          "string"),
    optional("body", ENGINE_STRING, "A body: text or bytes as they are.", nullptr, ENGINE_SECRETS),
    optional("bearer", ENGINE_SECRET, "A token for the header Authorization."),
    optional("user", ENGINE_STRING, "For basic authentication, with `password`."),
    optional("password", ENGINE_SECRET, "For basic authentication, with `user`."),
    between(optional("timeout", ENGINE_DURATION, "For the whole exchange.", "\"30s\""), "1ms",
            "10m"),
    optional("unix_socket", ENGINE_STRING,
             "Path of a unix socket to use; the URL's host is then only a name."),
    between(optional("redirects", ENGINE_INTEGER,
                     "How many are followed, by reads; a body is never sent twice.", "5"),
            "0", "20"),
    optional("check", ENGINE_BOOLEAN, "Raises an error for a status of 400 and above.", "true"),
    between(optional("response_limit", ENGINE_SIZE, "What is kept of the body.", "\"1MiB\""), "1",
            "64MiB"),
    optional("ca_file", ENGINE_STRING, "PEM file of who may sign the server's certificate."),
    optional("client_cert", ENGINE_STRING, "PEM file with our own certificate."),
    optional("client_key", ENGINE_STRING, "PEM file with its key."),
    optional("insecure", ENGINE_BOOLEAN, "Takes any certificate.", "false"),
};

constexpr engine_field kResults[] = {
    field("status", ENGINE_INTEGER, "Such as 200."),
    field("headers", ENGINE_MAP, "By name in lower case; several of one name are joined."),
    field("body", ENGINE_STRING, "Text or bytes; absent where `json` holds it."),
    field("json", ENGINE_ANY, "The body's value, where the answer says that it is JSON."),
    field("truncated", ENGINE_BOOLEAN, "There was more than the limit."),
    field("url", ENGINE_STRING, "Where the answer came from, without its query."),
    field("duration_ms", ENGINE_INTEGER, "From the request to the answer's end."),
};

void request(plugin::Call call) {
  Result<plugin::Request> made = request_of(call);
  if (!made) return call.fail(made.error());
  const auto start = std::chrono::steady_clock::now();
  const bool check = call.args().boolean("check");
  send(call, std::move(*made),
       [call, start, check,
        method = call.args().string("method")](Result<plugin::Response> response) {
         if (!response) return call.fail(response.error());
         if (check && response->status >= 400) return call.fail(status_error(method, *response));
         const auto spent = std::chrono::steady_clock::now() - start;
         call.done(result_json(*response, std::chrono::duration_cast<Millis>(spent).count()));
       });
}

engine_effect effect_of(const char* args, size_t size) {
  return effect_of_method(plugin::Args({args, size}).string("method"));
}

constexpr engine_operation by_method(engine_operation of) {
  of.effect_of = effect_of;
  return of;
}

constexpr engine_operation kOperations[] = {
    lasting("10m",
            by_method(plugin::acting_on(
                "url",
                operation("request", "Makes an HTTP request; its effect follows from the method.",
                          ENGINE_DESTROY, bound<request, lent>, kParams, kResults)))),
};

constexpr engine_plugin kPlugin =
    plugin::declared("http", "Requests to web services, over TCP, TLS and unix sockets.",
                     plugin::starting<lent>, kOperations);

}  // namespace

}  // namespace engine::http_plugin

extern "C" const engine_plugin* engine_plugin_http(void) { return &engine::http_plugin::kPlugin; }
