// Bodies that stream, redirects, and exchanges that are given up.
#include <stdlib.h>

#include <optional>

#include "engine/http/client.h"
#include "engine/loop/timer.h"
#include "tests/support/catch.h"
#include "tests/support/http_server.h"

using namespace engine;
using http::Request;
using http::Response;
using test::HttpPeer;
using test::HttpServer;

namespace {

struct StreamFixture {
  StreamFixture() { unsetenv("http_proxy"); }

  Loop loop;
  http::Client client{loop};
  std::unique_ptr<http::Exchange> exchange;
  std::optional<Result<Response>> outcome;

  http::Answered keep() {
    return [this](Result<Response> response) {
      outcome = std::move(response);
      exchange.reset();
    };
  }
  Result<Response> ask(Request request) {
    exchange = client.start(std::move(request), keep());
    loop.run();
    REQUIRE(outcome.has_value());
    return std::move(*outcome);
  }
};

std::string moved_to(const std::string& where) { return "Location: " + where + "\r\n"; }

}  // namespace

TEST_CASE_METHOD(StreamFixture, "chunks arrive as they are sent, after the headers", "[http]") {
  HttpServer server([](HttpPeer& peer) {
    peer.send(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    return true;
  });
  std::string seen;
  exchange = client.start(
      {.url = server.url("/")},
      {.headers = [&](int status, const http::Headers&) { seen += std::to_string(status) + ":"; },
       .chunk =
           [&](std::string_view chunk) {
             seen += chunk;
             return true;
           },
       .ended = keep()});
  loop.run();

  REQUIRE(outcome.has_value());
  REQUIRE(outcome->has_value());
  CHECK(seen == "200:abcde");
  CHECK((*outcome)->body.empty());
}

TEST_CASE_METHOD(StreamFixture, "a body that ends with its connection is a whole answer",
                 "[http]") {
  HttpServer server([](HttpPeer& peer) {
    peer.send(
        "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nuntil the end");
    return false;
  });

  const auto response = ask({.method = "POST", .url = server.url("/")});

  REQUIRE(response.has_value());
  CHECK(response->body == "until the end");
}

TEST_CASE_METHOD(StreamFixture, "a paused stream holds the server back until it is resumed",
                 "[http]") {
  constexpr size_t kSize = 64 << 20;
  std::atomic<size_t> sent = 0;
  HttpServer server([&](HttpPeer& peer) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
    const std::string block(1 << 16, 'x');
    while (sent < kSize && peer.send(block)) sent += block.size();
    return sent == kSize;
  });
  size_t got = 0, sent_while_paused = 0;
  TaskPtr pause;
  exchange = client.start({.url = server.url("/"), .response_max = kSize},
                          {.headers = {},
                           .chunk =
                               [&](std::string_view chunk) {
                                 const bool first = got == 0;
                                 got += chunk.size();
                                 if (!first) return true;
                                 pause = start_timer(loop, Millis(100), [&] {
                                   sent_while_paused = sent;
                                   exchange->resume();
                                 });
                                 return false;
                               },
                           .ended = keep()});
  loop.run();

  REQUIRE(outcome.has_value());
  REQUIRE(outcome->has_value());
  CHECK(got == kSize);
  CHECK(sent_while_paused < kSize / 2);
}

TEST_CASE_METHOD(StreamFixture, "a produced body is sent as it comes", "[http]") {
  HttpServer server([](HttpPeer& peer) { return peer.answer(200, peer.head + "\n" + peer.body); });
  const int64_t size = GENERATE(int64_t{-1}, int64_t{6});
  int turn = 0;
  TaskPtr later;
  Request request{.method = "POST", .url = server.url("/"), .produce_size = size};
  request.produce = [&](char* into, size_t) -> int64_t {
    ++turn;
    if (turn == 2) {
      later = start_timer(loop, Millis(1), [&] { exchange->resume(); });
      return http::kProduceWait;
    }
    if (turn > 3) return 0;
    std::copy_n(turn == 1 ? "one" : "two", 3, into);
    return 3;
  };

  const auto response = ask(std::move(request));

  REQUIRE(response.has_value());
  CHECK(response->body.starts_with("POST / "));
  CHECK(response->body.ends_with("\nonetwo"));
  CHECK((response->body.find("chunked") != std::string::npos) == (size < 0));
}

TEST_CASE_METHOD(StreamFixture, "a producer that gives up ends the request", "[http]") {
  HttpServer server([](HttpPeer& peer) { return peer.answer(200, ""); });
  Request request{.method = "PUT", .url = server.url("/")};
  request.produce = [](char*, size_t) { return http::kProduceAbort; };

  const auto response = ask(std::move(request));

  REQUIRE(!response.has_value());
  CHECK(response.error().code == code::kCancelled);
}

TEST_CASE_METHOD(StreamFixture, "destroying an exchange closes its connection", "[http]") {
  std::atomic<bool> closed = false;
  {
    HttpServer server([&](HttpPeer& peer) {
      peer.wait_for_close();
      closed = true;
      return false;
    });
    exchange = client.start({.url = server.url("/")}, keep());
    const TaskPtr cancel = start_timer(loop, Millis(20), [&] { exchange.reset(); });
    loop.run();
  }
  CHECK(closed);
  CHECK(!outcome.has_value());
}

TEST_CASE_METHOD(StreamFixture, "an exchange may be destroyed by any of its own events", "[http]") {
  HttpServer server([](HttpPeer& peer) { return peer.answer(200, "abc"); });
  const bool in_headers = GENERATE(true, false);
  exchange = client.start({.url = server.url("/")}, {.headers =
                                                         [&](int, const http::Headers&) {
                                                           if (in_headers) exchange.reset();
                                                         },
                                                     .chunk =
                                                         [&](std::string_view) {
                                                           exchange.reset();
                                                           return true;
                                                         },
                                                     .ended = keep()});
  loop.run();
  CHECK(!exchange);
  CHECK(!outcome.has_value());
}

TEST_CASE("a client may go before its exchanges", "[http]") {
  HttpServer server([](HttpPeer& peer) {
    peer.wait_for_close();
    return false;
  });
  Loop loop;
  auto client = std::make_unique<http::Client>(loop);
  auto exchange = client->start({.url = server.url("/")}, [](Result<Response>) {});
  const TaskPtr end = start_timer(loop, Millis(5), [&] { client.reset(); });
  loop.run();
  exchange->resume();
  exchange.reset();
}

TEST_CASE_METHOD(StreamFixture, "redirects are followed for reads, as often as allowed", "[http]") {
  HttpServer server([](HttpPeer& peer) {
    if (peer.head.starts_with("GET /end ")) return peer.answer(200, "there");
    if (peer.head.starts_with("GET /loop ")) return peer.answer(302, "", moved_to("/loop"));
    return peer.answer(301, "ignored", moved_to("end"));
  });

  const auto followed = ask({.url = server.url("/start"), .redirects_max = 1});
  const auto plain = ask({.url = server.url("/start")});
  const auto endless = ask({.url = server.url("/loop"), .redirects_max = 3});

  REQUIRE(followed.has_value());
  CHECK(followed->body == "there");
  CHECK(followed->url == server.url("/end"));
  REQUIRE(plain.has_value());
  CHECK(plain->status == 301);
  REQUIRE(endless.has_value());
  CHECK(endless->status == 302);
  CHECK(server.requests() == 2 + 1 + 4);
}

TEST_CASE_METHOD(StreamFixture, "a body is never sent to where a redirect points", "[http]") {
  HttpServer server([](HttpPeer& peer) {
    if (peer.head.starts_with("GET /done ")) return peer.answer(200, peer.head + peer.body);
    const bool see_other = peer.head.find(" /see ") != std::string::npos;
    return peer.answer(see_other ? 303 : 307, "", moved_to("/done"));
  });

  const auto kept =
      ask({.method = "POST", .url = server.url("/keep"), .body = "secret", .redirects_max = 5});
  const auto seen =
      ask({.method = "POST", .url = server.url("/see"), .body = "secret", .redirects_max = 5});

  REQUIRE(kept.has_value());
  CHECK(kept->status == 307);
  REQUIRE(seen.has_value());
  CHECK(seen->status == 200);
  CHECK(seen->body.find("secret") == std::string::npos);
}

TEST_CASE_METHOD(StreamFixture, "credentials stay with the origin they were given for", "[http]") {
  HttpServer other([](HttpPeer& peer) { return peer.answer(200, peer.head); });
  HttpServer server(
      [&](HttpPeer& peer) { return peer.answer(302, "", moved_to(other.url("/there"))); });
  Request request{.url = server.url("/"), .redirects_max = 5};
  request.headers = {
      {"Authorization", "Bearer abc"}, {"X-Api-Key", "abc"}, {"Accept", "text/plain"}};

  const auto response = ask(std::move(request));

  REQUIRE(response.has_value());
  CHECK(response->body.starts_with("GET /there "));
  CHECK(response->body.find("abc") == std::string::npos);
  CHECK(response->body.find("Accept: text/plain") != std::string::npos);
}

TEST_CASE_METHOD(StreamFixture, "many exchanges share the loop", "[http]") {
  HttpServer server([](HttpPeer& peer) { return peer.answer(200, peer.head); });
  std::vector<std::unique_ptr<http::Exchange>> exchanges;
  int good = 0;
  for (int i = 0; i < 50; ++i) {
    exchanges.push_back(client.start(
        {.url = server.url("/" + std::to_string(i))}, [&, i](Result<Response> response) {
          if (response && response->body.starts_with("GET /" + std::to_string(i) + " ")) ++good;
        }));
  }
  loop.run();
  CHECK(good == 50);
}
