// Files on their way into a request and out of an answer, read and written on worker threads with
// a small buffer, whatever their size.
#pragma once

#include "plugins/docker/client.h"

namespace engine::docker {

// The body of a request. `asked` is resumed when there is more to send.
class FileSource : public std::enable_shared_from_this<FileSource> {
 public:
  static Result<std::shared_ptr<FileSource>> open(const Call& call, const std::string& path);
  ~FileSource();

  int64_t size() const { return size_; }
  plugin::Request::Producer producer();
  void feeds(Asked asked) { asked_ = std::move(asked); }
  // Why the request was given up.
  const std::optional<Error>& error() const { return error_; }

 private:
  FileSource(const Call& call, std::string path, int fd, int64_t size);
  int64_t produce(char* into, size_t size);
  void read_more();

  const Call call_;
  const std::string path_;
  const int fd_;
  const int64_t size_;
  std::string buffer_, next_;
  size_t taken_ = 0;
  int problem_ = 0;  // errno
  bool reading_ = false, at_end_ = false;
  Asked asked_;
  std::optional<Error> error_;
};

// Where an answer goes: a sibling of `path` that takes its place in the end, or is gone.
class FileSink : public std::enable_shared_from_this<FileSink> {
 public:
  // ALREADY_EXISTS where something is there and `overwrite` is false.
  static Result<std::shared_ptr<FileSink>> create(const Call& call, const std::string& path,
                                                  bool overwrite);
  ~FileSink();

  // False: no more, please, until the Asked that it `holds` is resumed.
  bool write(std::string_view chunk);
  void holds(Asked asked) { asked_ = std::move(asked); }
  bool failed() const { return problem_ != 0; }
  // Everything was written; answers the file's size.
  void finish(std::move_only_function<void(Result<int64_t>)> finished);

 private:
  FileSink(const Call& call, std::string path, std::string temporary, int fd, bool overwrite);
  void flush();
  void flushed();
  void conclude();

  const Call call_;
  const std::string path_, temporary_;
  const int fd_;
  const bool overwrite_;
  std::string pending_, writing_;
  int64_t size_ = 0;
  int problem_ = 0;
  bool busy_ = false, held_ = false, kept_ = false;
  Asked asked_;
  std::move_only_function<void(Result<int64_t>)> finished_;
};

}  // namespace engine::docker
