// Writing JSON text.
#include "engine/base/json.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace engine {
namespace {

constexpr std::array<bool, 256> escape_table() {
  std::array<bool, 256> escaped{};
  for (size_t c = 0; c < 0x20; ++c) escaped[c] = true;
  escaped['"'] = escaped['\\'] = true;
  return escaped;
}
constexpr std::array<bool, 256> kEscaped = escape_table();

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      break;
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\u00";
  out += kHex[static_cast<unsigned char>(c) >> 4];
  out += kHex[static_cast<unsigned char>(c) & 15];
}

// Whether any of eight letters is a control letter, a quote, a backslash or no ASCII.
bool is_special(uint64_t letters) {
  constexpr uint64_t kOnes = 0x0101010101010101, kHighBits = 0x8080808080808080;
  const uint64_t quotes = letters ^ (kOnes * '"'), backslashes = letters ^ (kOnes * '\\');
  return (((letters - kOnes * 0x20) | (quotes - kOnes) | (backslashes - kOnes) | letters) &
          kHighBits) != 0;
}

// Most texts stand in JSON as they are. A wrong no only costs time.
bool is_plain(std::string_view text) {
  size_t i = 0;
  for (uint64_t letters; i + sizeof letters <= text.size(); i += sizeof letters) {
    std::memcpy(&letters, text.data() + i, sizeof letters);
    if (is_special(letters)) return false;
  }
  for (; i < text.size(); ++i) {
    const auto letter = static_cast<unsigned char>(text[i]);
    if (letter >= 0x80 || kEscaped[letter]) return false;
  }
  return true;
}

void append_quoted(std::string& out, std::string_view text) {
  const size_t at = out.size() + 1;
  out.append(text.size() + 2, '"');
  text.copy(out.data() + at, text.size());
}

template <class Number>
void append_number(std::string& out, Number value) {
  std::array<char, 40> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  out.append(text.data(), end);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  if (is_plain(text)) return append_quoted(out, text);
  out += '"';
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!kEscaped[static_cast<unsigned char>(text[i])]) continue;
    out.append(text, begin, i - begin);
    append_escape(out, text[i]);
    begin = i + 1;
  }
  out.append(text, begin);
  out += '"';
}

void JsonWriter::separate() {
  if (!fresh_) out_ += ',';
  fresh_ = false;
}

JsonWriter& JsonWriter::begin_object() {
  separate();
  out_ += '{';
  fresh_ = true;
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  out_ += '}';
  fresh_ = false;
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  separate();
  out_ += '[';
  fresh_ = true;
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  out_ += ']';
  fresh_ = false;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  if (is_plain(name)) {
    append_quoted(out_, name);
  } else if (is_utf8(name)) {
    append_json_string(out_, name);
  } else {
    // A key has no form for bytes, so what is not ASCII is lost rather than the whole document.
    std::string ascii(name);
    for (char& c : ascii) c = static_cast<unsigned char>(c) < 0x80 ? c : '?';
    append_json_string(out_, ascii);
  }
  out_ += ':';
  fresh_ = true;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text) {
  separate();
  if (is_plain(text)) {
    append_quoted(out_, text);
  } else if (is_utf8(text)) {
    append_json_string(out_, text);
  } else {
    out_ += R"({"$bytes":")";
    out_ += base64_encode(text);
    out_ += "\"}";
  }
  return *this;
}

JsonWriter& JsonWriter::integer(int64_t value) {
  separate();
  append_number(out_, value);
  return *this;
}

JsonWriter& JsonWriter::unsigned_integer(uint64_t value) {
  separate();
  append_number(out_, value);
  return *this;
}

JsonWriter& JsonWriter::number(double value) {
  if (!std::isfinite(value)) return null();
  separate();
  const size_t begin = out_.size();
  append_number(out_, value);
  // "1" would be read back as an integer.
  if (out_.find_first_of(".e", begin) == std::string::npos) out_ += ".0";
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) { return raw(value ? "true" : "false"); }
JsonWriter& JsonWriter::null() { return raw("null"); }

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

void append_error_json(std::string& out, const Error& error) {
  JsonWriter json(out);
  json.begin_object().field("code", error.code).field("message", error.message);
  if (!error.hint.empty()) json.field("hint", error.hint);
  if (!error.operation.empty()) json.field("operation", error.operation);
  if (!error.details.empty()) json.field_raw("details", error.details);
  if (error.retryable) json.field("retryable", true);
  if (error.outcome_unknown) json.field("outcome_unknown", true);
  json.end_object();
}

}  // namespace engine
