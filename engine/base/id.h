// Names for runs: short enough to type, unique across machines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace engine {

inline constexpr size_t kRunIdLength = 12;

// Twelve characters of Crockford's base 32 (60 random bits, lower case, no i l o u):
// "7k3mq9x2f4ab".
std::string new_run_id();
std::string run_id_of(uint64_t bits);
bool is_run_id_prefix(std::string_view text);
// Bytes from the kernel's random generator; never fails (the process ends if the kernel has none).
void random_bytes(void* into, size_t count);

}  // namespace engine
