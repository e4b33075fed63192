// Header names without regard to case, and URLs as they may be shown.
#include "engine/http/message.h"

#include <algorithm>

namespace engine::http {

namespace {

constexpr size_t kUsualLines = 16;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

// Where the authority ends; the position of the text's end if nothing follows.
size_t authority_end(std::string_view url, size_t from) {
  return std::min(url.find_first_of("/?#", from), url.size());
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

void Headers::add(std::string_view name, std::string_view value) {
  if (lines_.empty()) lines_.reserve(kUsualLines);
  lines_.emplace_back(lowered(name), value);
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const auto& [key, value] : lines_) {
    if (same_name(key, name)) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : lines_) {
    if (same_name(key, name)) values.push_back(value);
  }
  return values;
}

std::string shown_url(std::string_view url) {
  const size_t scheme = url.find("://");
  const size_t from = scheme == std::string_view::npos ? 0 : scheme + 3;
  const size_t end = authority_end(url, from);
  // The last '@' of the authority ends the user: a password may hold one.
  const size_t at = url.substr(0, end).rfind('@');
  std::string out(url.substr(0, from));
  out += url.substr(at == std::string_view::npos || at < from ? from : at + 1);
  if (const size_t fragment = out.find('#'); fragment != std::string::npos) out.erase(fragment);
  if (const size_t query = out.find('?'); query != std::string::npos) {
    out.erase(query + 1);
    out += "...";
  }
  return out;
}

std::string origin_of(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  std::string plain = lowered(url.substr(0, authority_end(url, scheme + 3)));
  if (const size_t at = plain.rfind('@'); at != std::string::npos) {
    plain.erase(scheme + 3, at + 1 - (scheme + 3));
  }
  const std::string_view port = plain.starts_with("https:") ? ":443" : ":80";
  if (plain.ends_with(port)) plain.erase(plain.size() - port.size());
  return plain;
}

}  // namespace engine::http
