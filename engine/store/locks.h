// Locks between processes, held by the kernel for an open file: a process that dies lets go of all
// of them. Each lock is one byte of one small file.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "engine/base/error.h"

namespace engine::store {

class LockFile {
 public:
  // Creates the file where missing (the folder must exist); with `write` false it is only looked
  // at.
  static Result<LockFile> open(const std::string& path, bool write);
  LockFile(LockFile&& other) noexcept;
  LockFile& operator=(LockFile&&) = delete;
  ~LockFile();

  // The turn to write, shared fairly: whoever has just had it waits behind those who were waiting.
  // Two bytes make the turnstile: a process passes `next` while it waits for `turn`, so the one
  // that has just let go cannot take it again before the one who stands in the turnstile.
  Result<void> take_turn();  // nothing to do for whoever still has it
  // Lets go if somebody stands in the turnstile: cheaper than letting go and coming back.
  void offer_turn();
  void end_turn();
  // Whether another open file has it; our own does not count.
  bool turn_is_held_elsewhere() const;

  // A process that carries runs holds the byte of its epoch for life.
  bool hold_epoch(int64_t epoch);
  void release_epoch(int64_t epoch);
  // Whether another open file holds that epoch; our own does not count.
  bool is_held_elsewhere(int64_t epoch) const;

 private:
  LockFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::string path_;
  int fd_;
  bool has_turn_ = false;
};

}  // namespace engine::store
