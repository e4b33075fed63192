// The script docker-daemon keeps the daemon; a test holds a lock on its lease, which goes with the
// test however that ends.
#include "tests/support/docker_daemon.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "engine/base/hash.h"
#include "engine/base/id.h"
#include "engine/base/json.h"
#include "tests/support/busybox_image.h"

namespace engine::test {

namespace {

const char* const kKeeper = SOURCE_DIR "/tests/support/docker-daemon";
// Made by tools/setup.
const char* const kCriu = SOURCE_DIR "/build/criu/bin/criu";
const char* const kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const char* const kPathWithCriu =
    "PATH=" SOURCE_DIR
    "/build/criu/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Between two looks at a condition.
void breathe() { std::this_thread::sleep_for(std::chrono::milliseconds(10)); }

// `settings` are NAME=value for the script.
pid_t spawn_keeper(std::vector<std::string> words, std::vector<std::string> settings,
                   const std::string& log) {
  words.insert(words.begin(), kKeeper);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<char*> environment;
  for (std::string& setting : settings) environment.push_back(setting.data());
  environment.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  pid_t pid = -1;
  if (posix_spawn(&pid, kKeeper, &files, nullptr, argv.data(), environment.data()) != 0) pid = -1;
  posix_spawn_file_actions_destroy(&files);
  return pid;
}

int locked(const std::string& path, int how) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0 && flock(fd, how) == 0) return fd;
  close(fd);
  return -1;
}

bool held(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0) return false;
  const int fd = locked(path, LOCK_SH | LOCK_NB);
  if (fd >= 0) close(fd);
  return fd < 0;
}

// The build's, so that two of them on a machine don't meet.
std::string shared_folder() {
  const std::string build = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  return "/tmp/engine-docker-" + sha256_hex(build).substr(0, 8);
}

std::string own_folder() {
  char name[] = "/tmp/engine-docker-own-XXXXXX";
  return mkdtemp(name);
}

// Fails the test, or ends the program that measures.
void demand(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what);
}

}  // namespace

bool DockerDaemon::possible() {
  const auto without = [](const char* what) {
    std::printf("skipped: a private dockerd needs %s\n", what);
    return false;
  };
  if (geteuid() != 0) return without("root");
  for (const char* program : {"/usr/sbin/dockerd", "/usr/bin/busybox", "/usr/bin/unshare"}) {
    if (access(program, X_OK) != 0) return without(program);
  }
  return true;
}

bool DockerDaemon::can_checkpoint() {
  if (!possible()) return false;
  if (access(kCriu, X_OK) != 0) {
    std::printf("skipped: checkpoints need %s, which tools/setup test makes\n", kCriu);
    return false;
  }
  const std::unique_ptr<FILE, int (*)(FILE*)> check(
      popen((std::string(kCriu) + " check 2>&1").c_str(), "re"), pclose);
  std::string line, last;
  for (int c = 0; check && (c = std::fgetc(check.get())) != EOF;) {
    if (c != '\n')
      line += static_cast<char>(c);
    else
      last = std::exchange(line, {});
  }
  if (last == "Looks good.") return true;
  std::printf("skipped: checkpoints need a kernel that CRIU works with: %s\n", last.c_str());
  return false;
}

DockerDaemon& DockerDaemon::shared() {
  static const std::unique_ptr<DockerDaemon> one(new DockerDaemon(SharedOne{}));
  return *one;
}

DockerDaemon::DockerDaemon(SharedOne) : folder_(shared_folder()) {
  socket_ = folder_ + "/docker.sock";
  const int starting = locked(folder_ + ".lock", LOCK_EX);
  if (!held(folder_ + "/alive")) {
    const pid_t cleaner = spawn_keeper({"clean", folder_}, {kPath}, "/dev/null");
    waitpid(cleaner, nullptr, 0);
    std::filesystem::create_directories(folder_);
    launch({}, {kPathWithCriu, "DOCKER_DAEMON_GRACE=3", "DOCKER_DAEMON_LOCK=" + folder_ + ".lock"});
  } else {
    lease_ = locked(folder_ + "/lease", LOCK_SH);
  }
  wait_until_it_answers();
  import_image();
  close(starting);
}

DockerDaemon::DockerDaemon(const std::vector<std::string>& options) : folder_(own_folder()) {
  socket_ = folder_ + "/docker.sock";
  launch(options, {kPathWithCriu});
  wait_until_it_answers();
  import_image();
}

DockerDaemon::DockerDaemon(WithoutCriu) : folder_(own_folder()) {
  socket_ = folder_ + "/docker.sock";
  launch({}, {kPath});
  wait_until_it_answers();
  import_image();
}

DockerDaemon::~DockerDaemon() {
  close(lease_);
  if (folder_ != shared_folder()) waitpid(keeper_, nullptr, 0);
}

void DockerDaemon::launch(const std::vector<std::string>& options,
                          const std::vector<std::string>& settings) {
  lease_ = locked(folder_ + "/lease", LOCK_SH);
  std::vector<std::string> words = {"run", folder_};
  words.insert(words.end(), options.begin(), options.end());
  keeper_ = spawn_keeper(std::move(words), settings, folder_ + "/log");
}

void DockerDaemon::wait_until_it_answers() const {
  while (request("GET", "/_ping").status != 200) {
    const bool keeper_gone = keeper_ > 0 && waitpid(keeper_, nullptr, WNOHANG) != 0;
    demand(!ended() && !keeper_gone,
           "dockerd ended before it answered: " + content(folder_ + "/log"));
    breathe();
  }
}

void DockerDaemon::import_image() const {
  if (request("GET", std::string("/images/") + kImage + "/json").status == 200) return;
  const HttpAnswer answer =
      ask_unix(socket_, "POST", "/images/create?fromSrc=-&repo=engine-test/busybox&tag=1",
               busybox_tar(), "application/x-tar");
  demand(answer.status == 200, answer.body);
}

std::string DockerDaemon::network_namespace() const {
  std::string keeper = content(folder_ + "/keeper");
  keeper.erase(keeper.find('\n'));
  return "/proc/" + keeper + "/ns/net";
}

void DockerDaemon::inside(const std::function<void()>& work) const {
  const int space = open(network_namespace().c_str(), O_RDONLY | O_CLOEXEC);
  demand(space >= 0, "no network namespace of dockerd");
  int entered = -1;
  std::thread([&] {
    entered = setns(space, CLONE_NEWNET);
    if (entered == 0) work();
  }).join();
  close(space);
  demand(entered == 0, "cannot enter the network namespace of dockerd");
}

HttpAnswer DockerDaemon::request(std::string_view method, std::string_view path,
                                 std::string_view json) const {
  return ask_unix(socket_, method, path, json);
}

std::string DockerDaemon::run(const std::string& name, const std::string& script,
                              const std::string& extra) const {
  std::string body = std::string("{\"Image\":\"") + kImage + "\",\"Cmd\":[\"sh\",\"-c\",";
  append_json_string(body, script);
  body += "]" + (extra.empty() ? "" : "," + extra) + "}";
  const HttpAnswer created = request("POST", "/containers/create?name=" + name, body);
  demand(created.status == 201, created.body);
  const size_t at = created.body.find("\"Id\":\"") + 6;
  std::string id = created.body.substr(at, 64);
  const HttpAnswer started = request("POST", "/containers/" + id + "/start");
  demand(started.status == 204, started.body);
  return id;
}

int DockerDaemon::wait(const std::string& container) const {
  const HttpAnswer answer = request("POST", "/containers/" + container + "/wait");
  demand(answer.status == 200, answer.body);
  return std::atoi(answer.body.c_str() + answer.body.find("\"StatusCode\":") + 13);
}

void DockerDaemon::remove(const std::string& container) const {
  request("DELETE", "/containers/" + container + "?force=1&v=1");
}

bool DockerDaemon::ended() const { return access((folder_ + "/ended").c_str(), F_OK) == 0; }

pid_t DockerDaemon::pid() const { return std::atoi(content(folder_ + "/pid").c_str()); }

void DockerDaemon::end_by(int signal) {
  demand(keeper_ > 0, "this dockerd is shared");
  ::kill(pid(), signal);
  while (!ended()) breathe();
}

void DockerDaemon::stop() { end_by(SIGTERM); }

void DockerDaemon::kill() { end_by(SIGKILL); }

void DockerDaemon::start() {
  std::filesystem::remove(folder_ + "/ended");
  std::ofstream(folder_ + "/commands") << "start\n";
  wait_until_it_answers();
}

void DockerDaemon::pause() {
  ::kill(pid(), SIGSTOP);
  // Until one of its threads has seen the signal, the others still answer.
  const std::string stat = "/proc/" + std::to_string(pid()) + "/stat";
  while (content(stat).find(") T ") == std::string::npos) breathe();
}

void DockerDaemon::resume() { ::kill(pid(), SIGCONT); }

std::string unique(const std::string& stem) { return stem + "-" + new_run_id().substr(0, 8); }

}  // namespace engine::test
