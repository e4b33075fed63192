// Run ids and the randomness behind them.
#include "engine/base/id.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

namespace engine {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
static_assert(kAlphabet.size() == 32);

}  // namespace

void random_bytes(void* into, size_t count) {
  auto* next = static_cast<char*>(into);
  while (count > 0) {
    const ssize_t got = getrandom(next, count, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) abort();
    next += got;
    count -= static_cast<size_t>(got);
  }
}

std::string run_id_of(uint64_t bits) {
  std::string id(kRunIdLength, '0');
  for (char& c : id) {
    c = kAlphabet[bits % 32];
    bits /= 32;
  }
  return id;
}

std::string new_run_id() {
  uint64_t bits = 0;
  random_bytes(&bits, sizeof bits);
  return run_id_of(bits);
}

bool is_run_id_prefix(std::string_view text) {
  return !text.empty() && text.size() <= kRunIdLength &&
         text.find_first_not_of(kAlphabet) == std::string_view::npos;
}

}  // namespace engine
