// Why a run is as it is, from journals that were written for the purpose.
#include "engine/cli/inquiry.h"

#include "engine/base/json.h"
#include "tests/support/store_fixture.h"

using namespace engine;
using namespace engine::cli;

namespace {

struct InquiryFixture : StoreFixture {
  // A run whose process died with these entries as its journal; its id.
  std::string interrupted(const std::string& entries) {
    open();
    const auto [live, id] = start();
    REQUIRE(append(live, entries));
    store.reset();
    return id;
  }
  std::vector<Cause> ask(const std::string& id, const Facts& facts = {}) {
    config::Config config;
    config.state_dir = folder;
    auto records = Records::open(config);
    REQUIRE(records);
    const auto run = (*records)->find(id);
    REQUIRE(run);
    const Facts none = [](const std::string&) { return std::nullopt; };
    const auto causes = Inquiry(**records, facts ? facts : none).causes(*run);
    REQUIRE(causes);
    return *causes;
  }
};

bool has(const std::string& text, std::string_view part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

constexpr const char* kThreeCalls =
    R"([{"t":"step","id":1,"parent":0,"name":"Outer","line":"a.lua:1","at":1},)"
    R"({"t":"step","id":2,"parent":1,"name":"Inner","line":"a.lua:2","at":2},)"
    R"({"t":"call","p":"","n":1,"op":"x.ended","args":{},"effect":"change","at":3},)"
    R"({"t":"result","p":"","n":1,"ok":null,"at":4,"ms":1},)"
    R"({"t":"call","p":"1.1","n":1,"op":"x.again","args":{"id":"a"},"effect":"change","step":2,)"
    R"("line":"a.lua:3","at":5},)"
    R"({"t":"call","p":"1.2","n":1,"op":"x.looks","args":{},"effect":"change","at":6},)"
    R"({"t":"call","p":"1.3","n":1,"op":"x.asks","args":{},"target":"db",)"
    R"("effect":"destroy","at":7},)"
    R"({"t":"call","p":"1.4","n":1,"op":"x.body","args":{},"effect":"change","lua":true,"at":8}])";

}  // namespace

TEST_CASE("each call in doubt is told with what would settle it") {
  InquiryFixture fixture;
  const std::string id = fixture.interrupted(kThreeCalls);
  const Facts facts = [](const std::string& name) -> std::optional<OperationFacts> {
    return OperationFacts{name == "x.again", name == "x.looks"};
  };
  const std::vector<Cause> causes = fixture.ask(id, facts);
  REQUIRE(causes.size() == 5);
  CHECK(causes[0].kind == "interrupted");
  CHECK(causes[0].step == "Inner");
  CHECK(causes[0].at_ms == 8);
  CHECK(causes[1].text ==
        "x.again {\"id\":\"a\"} had begun, and nobody knows whether it took effect");
  CHECK(causes[1].line == "a.lua:3");
  CHECK(causes[1].step == "Inner");
  CHECK(has(causes[1].next, "does it again, which does no harm"));
  CHECK(has(causes[2].next, "looks whether it took effect: x.looks can tell"));
  CHECK(has(causes[3].next, "find out whether it took effect on 'db', then engine resume " + id +
                                " --assume done, or --assume not-done"));
  CHECK(causes[4].kind == "started");

  // An operation that is not known here may be any of them: a person has to look.
  CHECK(has(fixture.ask(id)[1].next, "find out whether it took effect"));
}

TEST_CASE("attempts of a retry that had ended well are not told of another failure") {
  InquiryFixture fixture;
  fixture.open();
  const auto [live, id] = fixture.start();
  const std::string refused = R"({"code":"NETWORK_ERROR","message":"no","operation":"x.get"})";
  const std::string get = R"("op":"x.get","args":{},"effect":"read")";
  REQUIRE(fixture.append(
      live, R"([{"t":"op","p":"","n":1,"at":1,"ms":1,)" + get + R"(,"error":)" + refused +
                R"(},{"t":"retry","step":0,"next":2,"attempts":3,"delay_ms":5,"at":2,"error":)" +
                refused + R"(},{"t":"wait","p":"","n":2,"ms":5,"at":3},)" +
                R"({"t":"op","p":"","n":3,"at":4,"ms":1,"ok":1,)" + get + "}]"));
  StoreFixture::Answer answer;
  store::RunEnd end;
  end.state = "failed";
  end.finished_at_ms = 9;
  end.error = R"({"code":"FAILED","message":"else","traceback":[{"source":"a.lua","line":7}]})";
  fixture.store->finish_run(live, end, R"([{"t":"end","state":"failed","at":9}])",
                            answer.committed());
  fixture.loop.run();
  const std::vector<Cause> causes = fixture.ask(id);
  REQUIRE(causes.size() == 3);
  CHECK(causes[0].text == "it failed: else (FAILED)");
  CHECK(causes[0].line == "a.lua:7");
  CHECK(causes[1].kind == "earlier_error");
  CHECK(causes[2].kind == "started");
}
