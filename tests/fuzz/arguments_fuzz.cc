// Arguments: any text is refused, or becomes an object that the check takes again, unchanged.
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/base/json_read.h"
#include "engine/ops/check.h"

using namespace engine;

static void check(bool holds) {
  if (!holds) std::abort();
}

static ops::Field field(std::string name, ops::Type type) {
  ops::Field made;
  made.name = std::move(name);
  made.type = type;
  return made;
}

static ops::Operation declared() {
  ops::Operation op;
  op.name = "fuzz.item.take";
  op.params = {field("text", ops::Type::string),  field("count", ops::Type::integer),
               field("share", ops::Type::number), field("flag", ops::Type::boolean),
               field("list", ops::Type::list),    field("map", ops::Type::map),
               field("kind", ops::Type::choice),  field("any", ops::Type::any)};
  op.params[0].sensitive = true;
  op.params[1].min = 0;
  op.params[4].item = ops::Type::string;
  op.params[6].choices = {"a", "b"};
  return op;
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  static const ops::Operation op = declared();
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  const Result<std::string> args = ops::check_args(op, text);
  if (!args) {
    check(!args.error().message.empty());
    return 0;
  }
  check(read_json(*args).has_value());
  const Result<std::string> again = ops::check_args(op, *args);
  check(again && *again == *args);
  std::string kept = *args;
  ops::redact(op.params, kept);
  check(read_json(kept).has_value());
  ops::holds_placeholder(*args);
  ops::holds_secret(*args);
  return 0;
}
