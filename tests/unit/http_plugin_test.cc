// http.request against a server of ours: what goes out, and what statuses mean.
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/catch.h"
#include "tests/support/http_server.h"
#include "tests/support/plugin_fixture.h"

using namespace engine;
using test::HttpPeer;
using test::HttpServer;

namespace {

struct HttpWorld : PluginFixture {
  HttpWorld() {
    unsetenv("http_proxy");
    setenv("ENGINE_SECRET_TOKEN", "s3cr3t-token", 1);
  }

  HttpServer echo{[](HttpPeer& peer) {
    const std::string headers = "X-Seen: " + peer.head.substr(0, peer.head.find(" HTTP")) + "\r\n";
    return peer.answer(200, peer.head + "\n" + peer.body, headers);
  }};

  static std::string args(const std::string& url, const std::string& more = "") {
    return "{\"url\":\"" + url + "\"" + more + "}";
  }
  std::string echoed(const std::string& more) {
    return answer("http.request", args(echo.url("/p"), more)).text("/body");
  }
};

std::string status_server(HttpWorld& world, int status, const std::string& more = "",
                          const std::string& headers = "") {
  HttpServer server(
      [&](HttpPeer& peer) { return peer.answer(status, "gone fishing\nsince 2020", headers); });
  const auto result = world.call("http.request", HttpWorld::args(server.url("/x"), more));
  if (result) return "ok " + std::to_string(Json(*result).integer("/status"));
  const Error& error = result.error();
  CHECK(error.message.find("gone fishing") != std::string::npos);
  CHECK(error.message.find("2020") == std::string::npos);
  return error.code + (error.retryable ? " retryable" : "") +
         (error.outcome_unknown ? " unknown" : "");
}

}  // namespace

TEST_CASE_METHOD(HttpWorld, "http.request answers status, headers, body and where from", "[http]") {
  const auto result = answer("http.request", args(echo.url("/p?x=1")));

  CHECK(result.integer("/status") == 200);
  CHECK(result.text("/headers/x-seen") == "GET /p?x=1");
  CHECK(result.text("/url") == echo.url("/p?..."));
  CHECK_FALSE(result.boolean("/truncated"));
  CHECK(result.integer("/duration_ms") >= 0);
}

TEST_CASE_METHOD(HttpWorld, "query, headers and bodies are put together", "[http]") {
  CHECK(echoed(R"(,"query":{"a":"x y","b&":"ü"})").starts_with("GET /p?a=x%20y&b%26=%C3%BC HTTP"));
  CHECK(echoed(R"(,"headers":{"X-A":"1"})").find("X-A: 1\r\n") != std::string::npos);
  const std::string form = echoed(R"(,"method":"POST","form":{"a":"1 2","b":"="})");
  CHECK(form.ends_with("\na=1%202&b=%3D"));
  CHECK(form.find("Content-Type: application/x-www-form-urlencoded\r\n") != std::string::npos);
  const std::string json =
      echoed(R"(,"method":"PUT","json":{"a":[1,{"$$ref":"x"}],"t":{"$secret":"token"}})");
  CHECK(json.find("Content-Type: application/json\r\n") != std::string::npos);
  CHECK(json.ends_with("\n{\"a\":[1,{\"$ref\":\"x\"}],\"t\":\"[secret token]\"}"));
  CHECK(echoed(R"(,"method":"PATCH","body":"as it is")").ends_with("\nas it is"));
  CHECK(code("http.request", args(echo.url("/"), R"(,"method":"POST","json":1,"body":"x")")) ==
        "INVALID_ARGUMENT");
}

TEST_CASE_METHOD(HttpWorld, "credentials reach the server and nobody else", "[http]") {
  std::string seen;
  HttpServer server([&](HttpPeer& peer) {
    seen = peer.head;
    return peer.answer(500, "you said: " + peer.head);
  });

  const auto result =
      call("http.request", args(server.url("/"), R"(,"bearer":{"$secret":"token"})"));

  CHECK(seen.find("Authorization: Bearer s3cr3t-token\r\n") != std::string::npos);
  REQUIRE_FALSE(result.has_value());
  CHECK((result.error().message + result.error().details).find("s3cr3t-token") ==
        std::string::npos);
  CHECK(
      code("http.request", args(server.url("/"), R"(,"user":"u","bearer":{"$secret":"token"})")) ==
      "INVALID_ARGUMENT");
  CHECK(code("http.request", args(server.url("/"), R"(,"bearer":{"$secret":"nobody"})")) ==
        "NOT_FOUND");
}

TEST_CASE_METHOD(HttpWorld, "basic authentication is user and password", "[http]") {
  std::string seen;
  HttpServer server([&](HttpPeer& peer) {
    seen = peer.head;
    return peer.answer(200, "");
  });
  answer("http.request", args(server.url("/"), R"(,"user":"me","password":{"$secret":"token"})"));
  CHECK(seen.find("Authorization: Basic bWU6czNjcjN0LXRva2Vu\r\n") != std::string::npos);
}

TEST_CASE_METHOD(HttpWorld, "a status of 400 and above is an error of its kind", "[http]") {
  CHECK(status_server(*this, 400) == "FAILED");
  CHECK(status_server(*this, 401) == "UNAUTHENTICATED");
  CHECK(status_server(*this, 403) == "PERMISSION_DENIED");
  CHECK(status_server(*this, 404) == "NOT_FOUND");
  CHECK(status_server(*this, 409) == "CONFLICT");
  CHECK(status_server(*this, 429) == "RESOURCE_EXHAUSTED retryable");
  CHECK(status_server(*this, 503) == "BACKEND_UNAVAILABLE retryable");
  CHECK(status_server(*this, 500, R"(,"method":"POST")") == "FAILED unknown");
  CHECK(status_server(*this, 404, R"(,"check":false)") == "ok 404");
  CHECK(status_server(*this, 304) == "ok 304");
}

TEST_CASE_METHOD(HttpWorld, "when to come again is in the error's details", "[http]") {
  HttpServer server([](HttpPeer& peer) { return peer.answer(429, "", "Retry-After: 30\r\n"); });
  const auto result = call("http.request", args(server.url("/")));
  REQUIRE_FALSE(result.has_value());
  CHECK(Json(result.error().details).text("/retry_after") == "30");
}

TEST_CASE_METHOD(HttpWorld, "a JSON answer is a value, with '$' of others escaped", "[http]") {
  std::string body = R"({"a": [1, 2.5], "big": 12345678901234567})";
  HttpServer server([&](HttpPeer& peer) {
    return peer.answer(200, body, "Content-Type: application/json; charset=utf-8\r\n");
  });

  const auto plain = answer("http.request", args(server.url("/")));
  body = R"({"x":{"$ref":"y","\u0024secret":"z"}})";
  const auto escaped = answer("http.request", args(server.url("/")));
  body = "{broken";
  const auto broken = answer("http.request", args(server.url("/")));

  CHECK(plain.integer("/json/big") == 12345678901234567);
  CHECK_FALSE(plain.has("/body"));
  CHECK(escaped.text("/json/x/$$ref") == "y");
  CHECK(escaped.text("/json/x/$$secret") == "z");
  CHECK(broken.text("/body") == "{broken");
  CHECK_FALSE(broken.has("/json"));
}

TEST_CASE_METHOD(HttpWorld, "a long answer is cut and says so; bytes stay bytes", "[http]") {
  HttpServer server([](HttpPeer& peer) { return peer.answer(200, std::string(5000, '\xff')); });
  const auto result = answer("http.request", args(server.url("/"), R"(,"response_limit":3)"));
  CHECK(result.boolean("/truncated"));
  CHECK(result.text("/body/$bytes") == "////");
}

TEST_CASE_METHOD(HttpWorld, "http.request goes through a unix socket", "[http]") {
  const std::string path = "/tmp/engine-http-plugin-" + std::to_string(getpid()) + ".sock";
  HttpServer server([](HttpPeer& peer) { return peer.answer(200, "inside"); }, path);
  const auto result =
      answer("http.request", args("http://docker/info", ",\"unix_socket\":\"" + path + "\""));
  CHECK(result.text("/body") == "inside");
}

TEST_CASE_METHOD(HttpWorld, "the effect of http.request follows from its method", "[http]") {
  const auto found = registry.find("http.request");
  REQUIRE(found.has_value());
  const auto effect = [&](const std::string& method) {
    return ops::name_of(
        (*found)->effect_of("{\"url\":\"http://x\",\"method\":\"" + method + "\"}"));
  };
  CHECK(effect("GET") == "read");
  CHECK(effect("HEAD") == "read");
  CHECK(effect("POST") == "change");
  CHECK(effect("PUT") == "change");
  CHECK(effect("DELETE") == "destroy");
}

TEST_CASE_METHOD(HttpWorld, "a request whose call is given up is closed", "[http]") {
  bool closed = false;
  {
    HttpServer server([&](HttpPeer& peer) {
      loop.post([this] { loop.stop(); });
      peer.wait_for_close();
      closed = true;
      return false;
    });
    const auto hold = loop.hold();
    const auto found = registry.find("http.request");
    REQUIRE(found.has_value());
    ops::CallInput input;
    input.operation = "http.request";
    input.args = *ops::check_args(**found, args(server.url("/")));
    input.timeout = Millis(60'000);
    TaskPtr task = (*found)->start(std::move(input), [](Result<std::string>) { FAIL("answered"); });
    loop.run();
    task.reset();
    loop.defer([this] { loop.stop(); });
    loop.run();  // what was handed to the request is freed
  }
  CHECK(closed);
}
