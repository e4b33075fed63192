// The memory of one run's Lua: blocks by size class, a hard limit, and everything dropped at once
// at the end.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace engine::lua {

class Arena {
 public:
  // `owner` is whatever the holder wants to find again from a lua_State.
  Arena(size_t limit, void* owner);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // A lua_Alloc; `arena` is the Arena. Growing fails at the limit; shrinking never fails, as Lua
  // demands.
  static void* allocate(void* arena, void* block, size_t old_size, size_t new_size) noexcept;

  void* owner() const { return owner_; }
  size_t used() const { return used_; }
  // Called when the limit refuses a block; Lua then collects garbage and asks once more.
  void on_refusal(void (*refused)(void* owner)) { refused_ = refused; }
  // Called for each block that is too large to be filled in no time.
  void on_large(void (*taken)(void* owner, size_t size)) { taken_ = taken; }

 private:
  static constexpr size_t kGrain = 16;
  static constexpr size_t kSmallMax = 512;
  static constexpr size_t kReportedMin = 16 << 10;
  struct Free {
    Free* next;
  };
  struct Large;

  static bool small(size_t size) { return size <= kSmallMax; }
  static size_t class_of(size_t size) { return (size + kGrain - 1) / kGrain - 1; }

  void* resize(void* block, size_t old_size, size_t new_size);
  void* take(size_t size);
  void* take_small(size_t size);
  void* take_large(size_t size);
  void* resize_large(void* block, size_t old_size, size_t new_size);
  void release(void* block, size_t size);
  bool add_chunk();

  size_t limit_;
  size_t used_ = 0;
  void* owner_;
  void (*refused_)(void*) = nullptr;
  void (*taken_)(void*, size_t) = nullptr;
  std::array<Free*, kSmallMax / kGrain> free_{};
  char* next_ = nullptr;
  char* end_ = nullptr;
  std::vector<void*> chunks_;
  Large* large_ = nullptr;
};

}  // namespace engine::lua
