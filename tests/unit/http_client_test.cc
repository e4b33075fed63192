// The HTTP client against a server that behaves, and one that does not.
#include <stdlib.h>
#include <unistd.h>

#include <optional>

#include "engine/http/client.h"
#include "tests/support/catch.h"
#include "tests/support/http_server.h"

using namespace engine;
using http::Request;
using http::Response;
using test::HttpPeer;
using test::HttpServer;

namespace {

struct HttpFixture {
  HttpFixture() { unsetenv("http_proxy"); }
  ~HttpFixture() { CHECK(Task::alive == tasks_before); }

  long tasks_before = Task::alive;
  Loop loop;
  http::Client client{loop};

  Result<Response> ask(Request request) {
    std::optional<Result<Response>> outcome;
    auto exchange = client.start(std::move(request),
                                 [&](Result<Response> response) { outcome = std::move(response); });
    CHECK(!outcome.has_value());
    loop.run();
    REQUIRE(outcome.has_value());
    return std::move(*outcome);
  }
  Result<Response> get(const std::string& url) { return ask({.url = url}); }
};

std::string socket_path() { return "/tmp/engine-http-test-" + std::to_string(getpid()) + ".sock"; }

bool echo(HttpPeer& peer) { return peer.answer(200, peer.head + "\r\n" + peer.body); }

}  // namespace

TEST_CASE_METHOD(HttpFixture, "a request is answered with status, headers and body", "[http]") {
  HttpServer server([](HttpPeer& peer) {
    return peer.answer(404, "no such thing",
                       "X-Word: one\r\nx-word: two\r\nContent-Type: text/plain\r\n");
  });

  const auto response = get(server.url("/a?b=c"));

  REQUIRE(response.has_value());
  CHECK(response->status == 404);
  CHECK(response->body == "no such thing");
  CHECK(response->headers.find("content-TYPE") == "text/plain");
  CHECK(response->headers.all("x-word") == std::vector<std::string_view>{"one", "two"});
  CHECK(response->url == server.url("/a?b=c"));
}

TEST_CASE_METHOD(HttpFixture, "method, headers and body reach the server as given", "[http]") {
  HttpServer server(echo);
  const std::string method = GENERATE("POST", "PUT", "PATCH", "DELETE", "GET", "OPTIONS");
  Request request{
      .method = method, .url = server.url("/x"), .headers = {{"X-One", "1"}, {"X-Empty", ""}}};
  request.body = std::string("a\0b", 3);

  const auto response = ask(std::move(request));

  REQUIRE(response.has_value());
  CHECK(response->body.starts_with(method + " /x HTTP/1.1\r\n"));
  CHECK(response->body.find("X-One: 1\r\n") != std::string::npos);
  CHECK(response->body.find("X-Empty:\r\n") != std::string::npos);
  CHECK(response->body.find("Content-Type") == std::string::npos);
  CHECK(response->body.find("Expect") == std::string::npos);
  CHECK(response->body.ends_with(std::string("a\0b", 3)));
}

TEST_CASE_METHOD(HttpFixture, "requests without a body are framed as their method asks", "[http]") {
  HttpServer server(echo);

  const auto post = ask({.method = "POST", .url = server.url("/")});
  const auto remove = ask({.method = "DELETE", .url = server.url("/")});
  const auto head = ask({.method = "HEAD", .url = server.url("/")});

  REQUIRE(post.has_value());
  CHECK(post->body.find("Content-Length: 0\r\n") != std::string::npos);
  REQUIRE(remove.has_value());
  CHECK(remove->body.starts_with("DELETE / "));
  CHECK(remove->body.find("Content-Length") == std::string::npos);
  REQUIRE(head.has_value());
  CHECK(head->body.empty());
}

TEST_CASE_METHOD(HttpFixture, "reads share a connection over a unix socket", "[http]") {
  HttpServer server(echo, socket_path());

  for (int i = 0; i < 3; ++i) {
    const auto response = ask({.url = server.url("/"), .unix_socket = server.unix_socket()});
    REQUIRE(response.has_value());
  }

  CHECK(server.connections() == 1);
  CHECK(server.requests() == 3);
}

TEST_CASE_METHOD(HttpFixture, "a change has a connection of its own", "[http]") {
  HttpServer server(echo);

  REQUIRE(get(server.url("/")).has_value());
  REQUIRE(ask({.method = "POST", .url = server.url("/")}).has_value());
  REQUIRE(get(server.url("/")).has_value());
  REQUIRE(ask({.method = "PUT", .url = server.url("/"), .idempotent = true}).has_value());

  CHECK(server.connections() == 2);
}

TEST_CASE_METHOD(HttpFixture, "a change is never sent twice, whatever becomes of its connection",
                 "[http]") {
  std::atomic<int> changes = 0;
  HttpServer server([&](HttpPeer& peer) {
    if (peer.head.starts_with("GET ")) return peer.answer(200, "ok");
    ++changes;
    return false;  // reads the request and closes
  });
  REQUIRE(get(server.url("/")).has_value());

  const auto response = ask({.method = "POST", .url = server.url("/"), .body = "x"});

  REQUIRE(!response.has_value());
  CHECK(response.error().code == code::kNetworkError);
  CHECK(response.error().outcome_unknown);
  CHECK(response.error().retryable);
  CHECK(changes == 1);
}

TEST_CASE_METHOD(HttpFixture, "a read is asked again where a kept connection turns out closed",
                 "[http]") {
  std::atomic<int> reads = 0;
  HttpServer server([&](HttpPeer& peer) { return ++reads == 2 ? false : peer.answer(200, "ok"); });
  REQUIRE(get(server.url("/")).has_value());

  const auto response = get(server.url("/"));

  REQUIRE(response.has_value());
  CHECK(reads == 3);
}

TEST_CASE_METHOD(HttpFixture, "nobody listening is BACKEND_UNAVAILABLE and worth another try",
                 "[http]") {
  const auto refused = get("http://127.0.0.1:1/x?token=abc");
  const auto missing =
      ask({.url = "http://docker/info", .unix_socket = "/nonexistent/docker.sock"});

  REQUIRE(!refused.has_value());
  CHECK(refused.error().code == code::kBackendUnavailable);
  CHECK(refused.error().retryable);
  CHECK(refused.error().message.find("127.0.0.1:1") != std::string::npos);
  CHECK(refused.error().message.find("abc") == std::string::npos);
  REQUIRE(!missing.has_value());
  CHECK(missing.error().code == code::kBackendUnavailable);
  CHECK(missing.error().message.find("'/nonexistent/docker.sock'") != std::string::npos);
  CHECK(missing.error().message.find("No such file") != std::string::npos);
}

TEST_CASE_METHOD(HttpFixture, "a host without an address is NETWORK_ERROR", "[http]") {
  const auto response = get("http://no-such-host.invalid/");

  REQUIRE(!response.has_value());
  CHECK(response.error().code == code::kNetworkError);
}

TEST_CASE_METHOD(HttpFixture, "an answer cut in the middle is NETWORK_ERROR", "[http]") {
  const std::string method = GENERATE("GET", "POST");
  const std::string start =
      GENERATE("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", "HTTP/1.1 200 OK\r\nX: y",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc");
  HttpServer server([&](HttpPeer& peer) {
    peer.send(start);
    return false;
  });

  const auto response = ask({.method = method, .url = server.url("/")});

  REQUIRE(!response.has_value());
  CHECK(response.error().code == code::kNetworkError);
  CHECK(response.error().outcome_unknown == (method == "POST"));
}

TEST_CASE_METHOD(HttpFixture, "what is not HTTP is an error", "[http]") {
  HttpServer server([](HttpPeer& peer) {
    peer.send("SSH-2.0-OpenSSH\r\n\r\n");
    return false;
  });

  const auto response = get(server.url("/"));

  REQUIRE(!response.has_value());
  CHECK(response.error().code == code::kNetworkError);
}

TEST_CASE_METHOD(HttpFixture, "a server that never answers is TIMEOUT", "[http]") {
  HttpServer server([](HttpPeer& peer) {
    peer.wait_for_close();
    return false;
  });

  const auto response = ask({.method = "POST", .url = server.url("/"), .timeout = Millis(50)});

  REQUIRE(!response.has_value());
  CHECK(response.error().code == code::kTimeout);
  CHECK(response.error().outcome_unknown);
}

TEST_CASE_METHOD(HttpFixture, "an answer beyond its limit is an error, or cut where that is asked",
                 "[http]") {
  HttpServer server([](HttpPeer& peer) { return peer.answer(200, std::string(100'000, 'x')); });

  const auto refused = ask({.url = server.url("/"), .response_max = 1000});
  const auto cut = ask({.url = server.url("/"), .response_max = 1000, .truncate = true});
  const auto whole = ask({.url = server.url("/"), .response_max = 100'000, .truncate = true});

  REQUIRE(!refused.has_value());
  CHECK(refused.error().code == code::kResourceExhausted);
  REQUIRE(cut.has_value());
  CHECK(cut->truncated);
  CHECK(cut->body == std::string(1000, 'x'));
  REQUIRE(whole.has_value());
  CHECK(!whole->truncated);
  CHECK(whole->body.size() == 100'000);
}

TEST_CASE_METHOD(HttpFixture, "endless headers are an error", "[http]") {
  HttpServer server([](HttpPeer& peer) {
    peer.send("HTTP/1.1 200 OK\r\n");
    while (peer.send("X-More: " + std::string(1000, 'x') + "\r\n")) continue;
    return false;
  });

  const auto response = get(server.url("/"));

  REQUIRE(!response.has_value());
  CHECK(response.error().code == code::kResourceExhausted);
}

TEST_CASE_METHOD(HttpFixture, "what cannot be a request is refused before anything is sent",
                 "[http]") {
  const std::vector<Request> requests = [] {
    std::vector<Request> list;
    list.push_back({.url = "ftp://example.com/"});
    list.push_back({.url = "file:///etc/passwd"});
    list.push_back({.url = "http://a b/"});
    list.push_back({.url = "http://a/\r\nX: y"});
    list.push_back({.url = "http://"});
    list.push_back({.method = "GET /\r\n", .url = "http://127.0.0.1:1/"});
    list.push_back({.url = "http://127.0.0.1:1/", .headers = {{"X", "a\r\nY: b"}}});
    list.push_back({.url = "http://127.0.0.1:1/", .headers = {{"X y", "a"}}});
    list.push_back({.url = "http://127.0.0.1:1/", .headers = {{"Content-Length", "5"}}});
    list.push_back({.url = "http://a/", .unix_socket = std::string(200, 'x')});
    return list;
  }();
  for (const Request& request : requests) {
    Request copy{.method = request.method,
                 .url = request.url,
                 .unix_socket = request.unix_socket,
                 .headers = request.headers};
    const auto response = ask(std::move(copy));
    INFO(request.url);
    REQUIRE(!response.has_value());
    CHECK(response.error().code == code::kInvalidArgument);
  }
}

TEST_CASE("a URL is shown without user, password and query", "[http]") {
  CHECK(http::shown_url("https://u:p@x@h:1/a?token=s#f") == "https://h:1/a?...");
  CHECK(http::shown_url("http://h/a@b") == "http://h/a@b");
  CHECK(http::shown_url("nonsense") == "nonsense");
  CHECK(http::origin_of("HTTP://u:p@Host:80/x") == "http://host");
  CHECK(http::origin_of("https://host:8443?x") == "https://host:8443");
  CHECK(http::origin_of("host").empty());
}
