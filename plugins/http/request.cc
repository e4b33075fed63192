// Query, body and credentials put together; secrets are resolved here and nowhere earlier.
#include "plugins/http/request.h"

#include <algorithm>
#include <cctype>

#include "plugins/http/json_body.h"

namespace engine::http_plugin {

namespace {

std::string percent_encoded(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const unsigned char c : text) {
    if (std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      out += static_cast<char>(c);
    } else {
      out += {'%', kDigits[c >> 4], kDigits[c & 15]};
    }
  }
  return out;
}

bool has_header(const plugin::Request& request, std::string_view name) {
  return std::ranges::any_of(request.headers,
                             [&](const auto& line) { return http::same_name(line.first, name); });
}

void add_default(plugin::Request& request, const char* name, std::string value) {
  if (!has_header(request, name)) request.headers.emplace_back(name, std::move(value));
}

Result<void> add_query(const plugin::Call& call, plugin::Request& request) {
  const auto pairs = call.resolved_map("query");
  if (!pairs) return fail(pairs.error());
  if (pairs->empty()) return {};
  std::string fragment;
  if (const size_t at = request.url.find('#'); at != std::string::npos) {
    fragment = request.url.substr(at);
    request.url.resize(at);
  }
  request.url += request.url.find('?') == std::string::npos ? '?' : '&';
  request.url += encoded_pairs(*pairs) + fragment;
  return {};
}

Result<void> add_body(const plugin::Call& call, const plugin::Args& args,
                      plugin::Request& request) {
  const bool json = args.has("json"), form = args.has("form"), body = args.has("body");
  if (json + form + body > 1) {
    return fail(code::kInvalidArgument, "http.request takes one of json, form and body, not more");
  }
  if (json) {
    Result<std::string> text = json_body(call, "json");
    if (!text) return fail(text.error());
    request.body = std::move(*text);
    add_default(request, "Content-Type", "application/json");
  } else if (form) {
    const auto pairs = call.resolved_map("form");
    if (!pairs) return fail(pairs.error());
    request.body = encoded_pairs(*pairs);
    add_default(request, "Content-Type", "application/x-www-form-urlencoded");
  } else if (body) {
    Result<std::string> text = call.resolved_string("body");
    if (!text) return fail(text.error());
    request.body = std::move(*text);
  }
  return {};
}

Result<void> add_credentials(const plugin::Call& call, const plugin::Args& args,
                             plugin::Request& request) {
  const bool bearer = args.has("bearer"), basic = args.has("user") || args.has("password");
  if (!bearer && !basic) return {};
  if ((bearer && basic) || has_header(request, "authorization")) {
    return fail(code::kInvalidArgument, "http.request was given credentials in two ways",
                "use one of bearer, user with password, and the header Authorization");
  }
  if (bearer) {
    const Result<std::string> token = call.secret("bearer");
    if (!token) return fail(token.error());
    request.headers.emplace_back("Authorization", "Bearer " + *token);
    return {};
  }
  std::string password;
  if (args.has("password")) {
    Result<std::string> found = call.secret("password");
    if (!found) return fail(found.error());
    password = std::move(*found);
  }
  request.headers.emplace_back("Authorization",
                               "Basic " + base64_encode(args.string("user") + ":" + password));
  return {};
}

}  // namespace

std::string encoded_pairs(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out += percent_encoded(name) + "=" + percent_encoded(value);
  }
  return out;
}

engine_effect effect_of_method(std::string_view method) {
  if (method == "GET" || method == "HEAD" || method == "OPTIONS") return ENGINE_READ;
  return method == "DELETE" ? ENGINE_DESTROY : ENGINE_CHANGE;
}

Result<plugin::Request> request_of(const plugin::Call& call) {
  const plugin::Args args = call.args();
  plugin::Request request;
  request.method = args.string("method");
  Result<std::string> url = call.resolved_string("url");
  if (!url) return fail(url.error());
  request.url = std::move(*url);
  request.unix_socket = args.string("unix_socket");
  auto headers = call.resolved_map("headers");
  if (!headers) return fail(headers.error());
  request.headers = std::move(*headers);
  if (auto added = add_query(call, request); !added) return fail(added.error());
  if (auto added = add_body(call, args, request); !added) return fail(added.error());
  if (auto added = add_credentials(call, args, request); !added) return fail(added.error());
  request.tls = {.ca_file = args.string("ca_file"),
                 .client_cert = args.string("client_cert"),
                 .client_key = args.string("client_key"),
                 .insecure = args.boolean("insecure")};
  request.timeout = args.duration("timeout");
  request.response_max = static_cast<uint64_t>(args.integer("response_limit"));
  request.truncate = true;
  request.redirects_max = static_cast<int>(args.integer("redirects"));
  return request;
}

}  // namespace engine::http_plugin
