// JSON text: writing any bytes gives a document that is UTF-8, what is read and written is read as
// the same, and base64 gives back what it was given.
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/base/json.h"
#include "engine/base/json_read.h"

using namespace engine;

static void check(bool holds) {
  if (!holds) std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);

  std::string document;
  JsonWriter writer(document);
  writer.begin_object().key("text").string(bytes).end_object();
  check(is_utf8(document));

  const Result<std::string> back = base64_decode(base64_encode(bytes));
  check(back && *back == bytes);
  if (const Result<std::string> decoded = base64_decode(bytes)) {
    check(base64_decode(base64_encode(*decoded)).value() == *decoded);
  }

  if (const Result<JsonDocument> read = read_json(bytes)) {
    const std::string printed = json_text(read->root());
    const Result<JsonDocument> again = read_json(printed);
    check(again && json_text(again->root()) == printed);
  } else {
    check(!read.error().message.empty() && is_utf8(read.error().message));
  }

  const Error error = error_from_json(bytes);
  std::string written;
  append_error_json(written, error);
  check(is_utf8(written));
  check(error_from_json(written).code == error.code);
  return 0;
}
