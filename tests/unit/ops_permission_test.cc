// Who may do what.
#include "engine/ops/permission.h"
#include "tests/support/catch.h"

using namespace engine;
using namespace engine::ops;

namespace {

Operation operation(std::string name, Effect effect, bool by_name = false) {
  Operation op;
  op.name = std::move(name);
  op.effect = effect;
  op.always_allowed_by_name = by_name;
  return op;
}

Result<void> check(const Operation& op, const std::vector<std::string>& stated,
                   const OperatorPolicy& policy = {}) {
  return check_permission(op, op.effect, *Permissions::parse(stated), policy);
}

}  // namespace

TEST_CASE("reads are allowed, the rest is what the runbook states") {
  const Operation look = operation("fs.read", Effect::read);
  const Operation write = operation("fs.write", Effect::change);
  const Operation remove = operation("fs.remove", Effect::destroy);

  CHECK(check(look, {}));
  CHECK_FALSE(check(write, {}));
  CHECK(check(write, {"fs:change"}));
  CHECK_FALSE(check(remove, {"fs:change"}));
  CHECK(check(write, {"fs:destroy"}));
  CHECK(check(remove, {"fs.remove"}));
  CHECK_FALSE(check(write, {"fs.remove"}));
  CHECK_FALSE(check(write, {"docker:destroy"}));
}

TEST_CASE("a refusal names the line to add") {
  const Result<void> refused = check(operation("fs.remove", Effect::destroy), {"fs:change"});

  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == code::kPermissionDenied);
  CHECK(refused.error().message ==
        "fs.remove destroys something, and this runbook does not allow it");
  CHECK(
      refused.error().hint ==
      "add allow = { \"fs:destroy\" } to the runbook, or only this one: allow = { \"fs.remove\" }");
}

TEST_CASE("process.exec has to be allowed by its name, even where it only reads") {
  const Operation exec = operation("process.exec", Effect::read, true);

  CHECK_FALSE(check(exec, {}));
  CHECK_FALSE(check(exec, {"process:destroy"}));
  CHECK(check(exec, {"process.exec"}));
}

TEST_CASE("the operator's configuration narrows and never widens") {
  const Operation remove = operation("fs.remove", Effect::destroy);
  const Operation write = operation("fs.write", Effect::change);
  OperatorPolicy policy;
  policy.deny = *parse_grants({"fs:destroy"});

  CHECK_FALSE(check(remove, {"fs:destroy"}, policy));
  CHECK(check(write, {"fs:destroy"}, policy));
  CHECK_FALSE(check_permission(remove, Effect::destroy, Permissions::all(), policy));

  policy = {};
  policy.allow = *parse_grants({"fs:change"});
  CHECK(check(write, {"fs:change"}, policy));
  CHECK_FALSE(check(write, {}, policy));
  CHECK_FALSE(check(remove, {"fs:destroy"}, policy));
  CHECK(check(operation("docker.container.list", Effect::read), {}, policy));
}

TEST_CASE("an entry that is no permission is named") {
  const Result<Permissions> parsed = Permissions::parse({"fs:change", "fs:delete"});

  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().message == "'fs:delete' is no permission");
  CHECK_FALSE(Permissions::parse({"fs"}));
  CHECK_FALSE(Permissions::parse({""}));
}
