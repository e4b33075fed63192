// The HTTP client as plugins get it: streaming, pausing, cancelling, and its last word exactly
// once.
#include <stdlib.h>

#include "engine/loop/timer.h"
#include "engine/plugin/calls.h"
#include "engine/plugin/http.hpp"
#include "tests/support/catch.h"
#include "tests/support/http_server.h"

using namespace engine;
using test::HttpPeer;
using test::HttpServer;

namespace {

struct LentFixture {
  LentFixture() {
    unsetenv("http_proxy");
    plugin::CallRecord& record = plugin::Calls::instance().open();
    record.loop = &loop;
    record.http = &client;
    record.secrets = &secrets;
    record.timeout = Millis(30'000);
    record.done = [](Result<std::string>) {};
    token = record.token;
  }
  ~LentFixture() {
    if (plugin::Calls::instance().find(token)) plugin::Calls::instance().spend(token, "null");
    loop.run();
  }

  Loop loop;
  http::Client client{loop};
  ops::Secrets secrets{{}};
  engine_call token = 0;
  engine_host host = plugin::host_functions();
  plugin::Call call() { return {&host, token}; }

  int ended = 0;
  std::string code, body;
  plugin::Answered keep() {
    return [this](Result<plugin::Response> response) {
      ++ended;
      code = response ? "ok" : response.error().code;
      if (response) body = response->body;
    };
  }
};

bool never_answer(HttpPeer& peer) {
  peer.wait_for_close();
  return false;
}

}  // namespace

TEST_CASE_METHOD(LentFixture, "a plugin's request is answered once, with all that was asked",
                 "[http]") {
  HttpServer server([](HttpPeer& peer) { return peer.answer(201, peer.head + peer.body); });
  send(call(),
       {.method = "POST", .url = server.url("/x"), .headers = {{"X-A", "b"}}, .body = "body"},
       keep());
  CHECK(ended == 0);
  loop.run();
  CHECK(ended == 1);
  CHECK(code == "ok");
  CHECK(body.starts_with("POST /x HTTP/1.1"));
  CHECK(body.find("X-A: b") != std::string::npos);
  CHECK(body.ends_with("body"));
}

TEST_CASE_METHOD(LentFixture, "a plugin streams, pauses and goes on", "[http]") {
  HttpServer server([](HttpPeer& peer) { return peer.answer(200, std::string(1'000'000, 'x')); });
  size_t got = 0;
  int status = 0, pauses = 0;
  plugin::Exchange exchange;
  TaskPtr wait;
  plugin::StreamEvents events;
  events.headers = [&](int seen, const plugin::Headers& headers) {
    status = seen;
    CHECK(headers.find("content-length") == "1000000");
  };
  events.chunk = [&](std::string_view chunk) {
    got += chunk.size();
    if (pauses == 3) return true;
    ++pauses;
    wait = start_timer(loop, Millis(1), [&] { exchange.resume(); });
    return false;
  };
  events.ended = keep();
  exchange = stream(call(), {.url = server.url("/")}, std::move(events));
  loop.run();
  CHECK(status == 200);
  CHECK(got == 1'000'000);
  CHECK(pauses == 3);
  CHECK(ended == 1);
  CHECK(body.empty());
}

TEST_CASE_METHOD(LentFixture, "a plugin's body is produced as it is wanted", "[http]") {
  HttpServer server([](HttpPeer& peer) { return peer.answer(200, peer.body); });
  int turns = 0;
  plugin::Request request{.method = "PUT", .url = server.url("/")};
  request.produce = [&](char* into, size_t) -> int64_t {
    if (++turns > 3) return 0;
    *into = static_cast<char>('0' + turns);
    return 1;
  };
  send(call(), std::move(request), keep());
  loop.run();
  CHECK(body == "123");
}

TEST_CASE_METHOD(LentFixture, "a cancelled exchange ends once, as CANCELLED", "[http]") {
  HttpServer server(never_answer);
  const plugin::Exchange exchange = send(call(), {.url = server.url("/")}, keep());
  loop.defer([&] {
    exchange.cancel();
    exchange.cancel();
    exchange.resume();
    CHECK(ended == 0);
  });
  loop.run();
  CHECK(ended == 1);
  CHECK(code == "CANCELLED");
}

TEST_CASE_METHOD(LentFixture, "exchanges end with their call", "[http]") {
  HttpServer server(never_answer);
  const bool spent = GENERATE(true, false);
  const plugin::Exchange first = send(call(), {.url = server.url("/")}, keep());
  send(call(), {.url = server.url("/")}, keep());
  loop.defer([&] {
    if (spent) plugin::Calls::instance().spend(token, "null");
    if (!spent) plugin::Calls::instance().abandon(token);
    first.resume();
    first.cancel();
    CHECK(ended == 0);
  });
  loop.run();
  CHECK(ended == 2);
  CHECK(code == "CANCELLED");
}

TEST_CASE_METHOD(LentFixture, "a request on a call that nobody waits for is cancelled at once",
                 "[http]") {
  plugin::Calls::instance().abandon(token);
  send(call(), {.url = "http://127.0.0.1:1/"}, keep());
  loop.run();
  CHECK(ended == 1);
  CHECK(code == "CANCELLED");
}
