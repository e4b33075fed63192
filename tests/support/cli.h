// Runs the program as a person would: in a folder and with a store of its own, its words and exit
// code caught.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace engine::test {

struct Ended {
  int code = -1;  // exit code, -1 when a signal ended it
  int signal = 0;
  std::string out, err;
};

// A program that goes on; destroying it kills it.
class Running {
 public:
  Running(pid_t pid, std::string out_file, std::string err_file);
  Running(Running&& other) noexcept;
  ~Running();

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  bool ended() const;  // wait() will not wait
  // What it has said so far.
  std::string out() const;
  std::string err() const;
  // Waits until it has said that on stdout or stderr; fails the test where it ends without.
  void await(std::string_view text) const;
  // Waits for its end. Fails the test where the program crashed or a sanitizer complained.
  Ended wait();

 private:
  pid_t pid_;
  std::string out_file_, err_file_;
};

class Cli {
 public:
  Cli();
  ~Cli();
  Cli(const Cli&) = delete;
  Cli& operator=(const Cli&) = delete;

  const std::string& folder() const { return folder_; }
  std::string state_dir() const { return folder_ + "/state"; }
  // Writes a file below the folder and answers its path.
  std::string write(const std::string& name, std::string_view text) const;
  std::string read(const std::string& name) const;

  // The environment is PATH, a HOME in the folder, ENGINE_STATE_DIR, and this. An empty value takes
  // a variable away.
  std::map<std::string, std::string> env;
  std::string input;  // for stdin
  std::string program = ENGINE_BINARY;

  Running start(const std::vector<std::string>& arguments) const;
  Ended run(const std::vector<std::string>& arguments) const { return start(arguments).wait(); }
  // Runs a runbook given as text.
  Ended runbook(std::string_view text, std::vector<std::string> arguments = {}) const;

  // The arguments of execve for a child of our own making.
  std::vector<std::string> environment() const;

 private:
  std::string folder_;
  mutable int count_ = 0;
};

// The program on a terminal of its own.
class TerminalRun {
 public:
  TerminalRun(const Cli& cli, const std::vector<std::string>& arguments, int columns);
  ~TerminalRun();

  // Reads until the screen's bytes contain `text`; false when the program ended before.
  bool read_until(std::string_view text);
  void type(std::string_view keys) const;
  void resize(int columns) const;
  int wait();  // reads the rest; the exit code
  const std::string& seen() const { return seen_; }

 private:
  bool read_some();
  pid_t pid_ = -1;
  int terminal_ = -1;
  std::string seen_;
};

// A value of a JSON object, as its own text; empty where there is none.
std::string member(std::string_view json, std::string_view name);

}  // namespace engine::test
