#include "tests/support/cli.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "engine/base/json_read.h"
#include "tests/support/catch.h"

namespace engine::test {

namespace {

std::string content(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> command_line(const std::string& program,
                                      const std::vector<std::string>& arguments) {
  std::vector<std::string> line = {program};
  line.insert(line.end(), arguments.begin(), arguments.end());
  return line;
}

void check_sound(const Ended& ended) {
  INFO("stderr: " << ended.err);
  CHECK(ended.err.find("Sanitizer") == std::string::npos);
  CHECK(ended.err.find("runtime error:") == std::string::npos);
  CHECK((ended.signal == 0 || ended.signal == SIGKILL || ended.signal == SIGINT));
}

}  // namespace

Running::Running(pid_t pid, std::string out_file, std::string err_file)
    : pid_(pid), out_file_(std::move(out_file)), err_file_(std::move(err_file)) {}

Running::Running(Running&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), out_file_(other.out_file_), err_file_(other.err_file_) {}

Running::~Running() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::string Running::out() const { return content(out_file_); }
std::string Running::err() const { return content(err_file_); }

void Running::await(std::string_view text) const {
  constexpr int kLooksMax = 30'000;  // against a hang alone
  for (int looks = 0;; ++looks) {
    siginfo_t ended{};
    waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT);
    if ((out() + err()).find(text) != std::string::npos) return;
    INFO("waiting for: " << text << "\nout: " << out() << "\nerr: " << err());
    REQUIRE((ended.si_pid == 0 && looks < kLooksMax));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void Running::signal(int number) const { kill(pid_, number); }

bool Running::ended() const {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid_;
}

Ended Running::wait() {
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  Ended ended;
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  ended.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  ended.out = content(out_file_);
  ended.err = content(err_file_);
  check_sound(ended);
  return ended;
}

Cli::Cli() {
  char name[] = "/tmp/engine-e2e-XXXXXX";
  folder_ = mkdtemp(name);
  mkdir((folder_ + "/home").c_str(), 0700);
}

Cli::~Cli() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string Cli::write(const std::string& name, std::string_view text) const {
  const std::string file = folder_ + "/" + name;
  std::filesystem::create_directories(std::filesystem::path(file).parent_path());
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

std::string Cli::read(const std::string& name) const { return content(folder_ + "/" + name); }

std::vector<std::string> Cli::environment() const {
  std::map<std::string, std::string> variables = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                                                  {"HOME", folder_ + "/home"},
                                                  {"ENGINE_STATE_DIR", state_dir()}};
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = getenv(name)) variables[name] = value;
  }
  for (const auto& [name, value] : env) variables[name] = value;
  std::vector<std::string> result;
  for (const auto& [name, value] : variables) {
    if (!value.empty()) result.push_back(name + "=" + value);
  }
  return result;
}

Running Cli::start(const std::vector<std::string>& arguments) const {
  const std::string stem = folder_ + "/" + std::to_string(++count_);
  const std::vector<std::string> line = command_line(program, arguments), variables = environment();
  const std::vector<char*> argv = pointers(line), envp = pointers(variables);
  std::ofstream(stem + ".in", std::ios::binary) << input;
  const pid_t pid = fork();
  if (pid == 0) {
    const int in = open((stem + ".in").c_str(), O_RDONLY);
    const int out = open((stem + ".out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int err = open((stem + ".err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 || chdir(folder_.c_str()) != 0)
      _exit(126);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  return {pid, stem + ".out", stem + ".err"};
}

Ended Cli::runbook(std::string_view text, std::vector<std::string> arguments) const {
  const std::string file = write("given.lua", text);
  arguments.insert(arguments.begin(), {"run", file});
  return run(arguments);
}

TerminalRun::TerminalRun(const Cli& cli, const std::vector<std::string>& arguments, int columns) {
  const std::vector<std::string> line = command_line(cli.program, arguments);
  std::vector<std::string> variables = cli.environment();
  variables.emplace_back("TERM=xterm");
  const std::vector<char*> argv = pointers(line), envp = pointers(variables);
  winsize size{};
  size.ws_row = 24;
  size.ws_col = static_cast<unsigned short>(columns);
  pid_ = forkpty(&terminal_, nullptr, nullptr, &size);
  if (pid_ == 0) {
    if (chdir(cli.folder().c_str()) != 0) _exit(126);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
}

TerminalRun::~TerminalRun() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(terminal_);
}

bool TerminalRun::read_some() {
  char buffer[4096];
  const ssize_t count = ::read(terminal_, buffer, sizeof buffer);
  if (count <= 0) return false;
  seen_.append(buffer, static_cast<size_t>(count));
  return true;
}

bool TerminalRun::read_until(std::string_view text) {
  while (seen_.find(text) == std::string::npos) {
    if (!read_some()) return false;
  }
  return true;
}

void TerminalRun::type(std::string_view keys) const {
  REQUIRE(::write(terminal_, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
}

void TerminalRun::resize(int columns) const {
  winsize size{};
  size.ws_row = 24;
  size.ws_col = static_cast<unsigned short>(columns);
  REQUIRE(ioctl(terminal_, TIOCSWINSZ, &size) == 0);
}

int TerminalRun::wait() {
  while (read_some()) {
  }
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string member(std::string_view json, std::string_view name) {
  const Result<JsonDocument> document = read_json(json);
  if (!document) return "";
  const auto value = json_member(document->root(), name);
  return value ? json_text(*value) : "";
}

}  // namespace engine::test
