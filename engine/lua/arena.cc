// Size classes over chunks for what is small, malloc for what is large; both are known, so that all
// can be dropped.
#include "engine/lua/arena.h"

#include <cassert>
#include <cstdlib>
#include <cstring>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

namespace engine::lua {
namespace {

constexpr size_t kFirstChunk = 32 << 10;
constexpr size_t kChunk = 128 << 10;

}  // namespace

// Precedes a large block; its size keeps the block aligned to 16.
struct alignas(16) Arena::Large {
  Large* previous;
  Large* next;
};

Arena::Arena(size_t limit, void* owner) : limit_(limit), owner_(owner) {}

Arena::~Arena() {
  for (void* chunk : chunks_) {
    std::free(chunk);
  }
  while (large_) {
    Large* next = large_->next;
    std::free(large_);
    large_ = next;
  }
}

void* Arena::allocate(void* arena, void* block, size_t old_size, size_t new_size) noexcept {
  return static_cast<Arena*>(arena)->resize(block, block ? old_size : 0, new_size);
}

void* Arena::resize(void* block, size_t old_size, size_t new_size) {
  if (new_size == 0) {
    if (block) release(block, old_size);
    return nullptr;
  }
  if (new_size > old_size && used_ + (new_size - old_size) > limit_) {
    if (refused_) refused_(owner_);
    return nullptr;
  }
  if (new_size >= kReportedMin && taken_) taken_(owner_, new_size);
  if (block && small(old_size) && small(new_size) && class_of(old_size) == class_of(new_size)) {
    used_ += new_size - old_size;
    return block;
  }
  if (block && !small(old_size) && !small(new_size)) return resize_large(block, old_size, new_size);
  void* fresh = take(new_size);
  if (!fresh) {
    assert(new_size > old_size && "shrinking a block never fails");
    return nullptr;
  }
  if (block) {
    std::memcpy(fresh, block, old_size < new_size ? old_size : new_size);
    release(block, old_size);
  }
  return fresh;
}

void* Arena::take(size_t size) {
  void* block = small(size) ? take_small(size) : take_large(size);
  if (block) used_ += size;
  return block;
}

void* Arena::take_small(size_t size) {
  const size_t index = class_of(size);
  const size_t rounded = (index + 1) * kGrain;
  if (Free* block = free_[index]) {
    ASAN_UNPOISON_MEMORY_REGION(block, rounded);
    free_[index] = block->next;
    return block;
  }
  if (static_cast<size_t>(end_ - next_) < rounded && !add_chunk()) return nullptr;
  char* block = next_;
  next_ += rounded;
  ASAN_UNPOISON_MEMORY_REGION(block, rounded);
  return block;
}

bool Arena::add_chunk() {
  const size_t size = chunks_.empty() ? kFirstChunk : kChunk;
  auto* chunk = static_cast<char*>(std::malloc(size));
  if (!chunk) return false;
  chunks_.push_back(chunk);
  next_ = chunk;
  end_ = chunk + size;
  ASAN_POISON_MEMORY_REGION(chunk, size);
  return true;
}

void* Arena::take_large(size_t size) {
  auto* block = static_cast<Large*>(std::malloc(sizeof(Large) + size));
  if (!block) return nullptr;
  block->previous = nullptr;
  block->next = large_;
  if (large_) large_->previous = block;
  large_ = block;
  return block + 1;
}

void* Arena::resize_large(void* block, size_t old_size, size_t new_size) {
  Large* old = static_cast<Large*>(block) - 1;
  auto* moved = static_cast<Large*>(std::realloc(old, sizeof(Large) + new_size));
  if (!moved) return new_size < old_size ? block : nullptr;
  (moved->previous ? moved->previous->next : large_) = moved;
  if (moved->next) moved->next->previous = moved;
  used_ += new_size - old_size;
  return moved + 1;
}

void Arena::release(void* block, size_t size) {
  used_ -= size;
  if (small(size)) {
    const size_t index = class_of(size);
    auto* free = static_cast<Free*>(block);
    free->next = free_[index];
    free_[index] = free;
    ASAN_POISON_MEMORY_REGION(block, (index + 1) * kGrain);
    return;
  }
  Large* large = static_cast<Large*>(block) - 1;
  (large->previous ? large->previous->next : large_) = large->next;
  if (large->next) large->next->previous = large->previous;
  std::free(large);
}

}  // namespace engine::lua
