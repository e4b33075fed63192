// The audit, as it comes out of the journal.
#include "engine/store/audit.h"
#include "tests/support/store_fixture.h"

using namespace engine;
using namespace engine::store;

TEST_CASE_METHOD(StoreFixture, "the audit tells who did what, to what, and how it went") {
  open();
  auto [live, id] = start();
  REQUIRE(append(live, R"([
    {"t":"op","p":"0","n":1,"op":"host.get","args":{},"effect":"read","at":10,"ms":3,"ok":{"a":1}},
    {"t":"log","level":"info","msg":"x","at":11},
    {"t":"op","p":"0","n":2,"op":"fs.remove","args":{"path":"/a"},"target":"/a",
     "effect":"destroy","at":12,"ms":0,"error":{"code":"PERMISSION_DENIED","message":"no"}},
    {"t":"op","p":"0","n":3,"op":"fs.write","args":{},"effect":"change","at":13,"ms":0,
     "planned":true,"ok":null}])")
              .has_value());
  REQUIRE(append(live, R"([{"t":"call","p":"0","n":4,"op":"fs.write",
    "args":{"path":"/b","token":{"$secret":"t"}},"target":"/b","effect":"change","at":14},
    {"t":"call","p":"0.1","n":4,"op":"fs.mkdir","args":{},"effect":"change","at":15}])")
              .has_value());
  auto [other, other_id] = start();
  REQUIRE(
      append(other, R"([{"t":"call","p":"0","n":4,"op":"a.b","args":{},"effect":"change","at":16},
    {"t":"result","p":"0","n":4,"at":17,"ms":1,"error":{"code":"TIMEOUT","message":"m"}}])")
          .has_value());
  REQUIRE(append(live, R"([{"t":"result","p":"0","n":4,"at":19,"ms":5,"ok":null}])").has_value());

  const std::vector<AuditRecord> all = *read_audit(reader(), {});
  REQUIRE(all.size() == 6);
  std::string outcomes;
  for (const AuditRecord& record : all) outcomes += record.operation + "=" + record.outcome + " ";
  CHECK(outcomes ==
        "host.get=ok fs.remove=PERMISSION_DENIED fs.write=planned fs.write=ok fs.mkdir=unknown "
        "a.b=TIMEOUT ");
  CHECK(all[3].principal == "unix:ops");
  CHECK(all[3].trigger == R"({"kind":"person"})");
  CHECK(all[3].run == id);
  CHECK(all[3].target == "/b");
  CHECK(all[3].arguments == R"({"path":"/b","token":{"$secret":"t"}})");
  CHECK(all[3].effect == "change");
  CHECK(all[3].at_ms == 14);
  CHECK(all[3].duration_ms == 5);

  CHECK(read_audit(reader(), {.run = other_id})->size() == 1);
  CHECK(read_audit(reader(), {.changes_only = true})->size() == 5);
  CHECK(read_audit(reader(), {.operation = "fs.write", .limit = 1})->size() == 1);
}
