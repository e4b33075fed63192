// The host plugin against this machine, and against trees of /proc that somebody odd might have.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "plugins/host/disks.h"
#include "plugins/host/interfaces.h"
#include "plugins/host/ports.h"
#include "plugins/host/processes.h"
#include "plugins/host/signals.h"
#include "plugins/host/vitals.h"
#include "tests/support/catch.h"
#include "tests/support/plugin_fixture.h"
#include "tests/support/temporary_folder.h"

using namespace engine;
using namespace engine::host;

namespace {

void put(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
}

std::string stat_line(int pid, const std::string& name, int cpu, int rss_pages) {
  return std::to_string(pid) + " (" + name + ") S 1 1 1 0 -1 0 0 0 0 0 " + std::to_string(cpu) +
         " 0 0 0 20 0 3 0 100 1000000 " + std::to_string(rss_pages) + " 18446744073709551615\n";
}

// A child that waits until it is told to end.
class Child {
 public:
  Child() {
    int ready[2];
    REQUIRE(pipe(ready) == 0);
    pid_ = fork();
    if (pid_ == 0) {
      signal(SIGTERM, SIG_DFL);  // the tests' own handler is inherited
      if (write(ready[1], "x", 1) != 1) _exit(1);
      for (;;) pause();
    }
    char byte = 0;
    REQUIRE(read(ready[0], &byte, 1) == 1);
    close(ready[0]);
    close(ready[1]);
  }
  ~Child() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  int pid() const { return pid_; }
  int ended_by() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

 private:
  int pid_ = 0;
};

std::string pid_args(int pid, const std::string& more = "") {
  return "{\"pid\":" + std::to_string(pid) + more + "}";
}

}  // namespace

TEST_CASE("a process's name may hold blanks, parentheses and what looks like fields", "[host]") {
  const auto process = parse_process(stat_line(42, "a) R 9 (b c", 7, 3));
  REQUIRE(process);
  CHECK(process->pid == 42);
  CHECK(process->name == "a) R 9 (b c");
  CHECK(process->state == 'S');
  CHECK(process->parent == 1);
  CHECK(process->cpu_ticks == 7);
  CHECK(process->threads == 3);
  CHECK(process->start_ticks == 100);
  CHECK(process->rss_bytes == 3 * static_cast<uint64_t>(getpagesize()));
}

TEST_CASE("text that is no stat line is no process", "[host]") {
  for (const char* text : {"", "1", "1 (x", "1 )x(", "x (y) S 1 2 3", "7 (short) S 1"}) {
    CHECK_FALSE(parse_process(text));
  }
}

TEST_CASE("processes that vanish between two looks are left out", "[host]") {
  const TemporaryFolder proc;
  put(proc.path() + "/10/stat", stat_line(10, "stays", 5, 1));
  std::filesystem::create_directories(proc.path() + "/11");  // its files are gone already
  put(proc.path() + "/self-made/stat", stat_line(12, "no number", 5, 1));

  const auto processes = read_processes(proc.path());

  REQUIRE(processes.size() == 1);
  CHECK(processes[0].name == "stays");
  CHECK_FALSE(read_process(proc.path(), 11));
}

TEST_CASE("processor use is what came since the sample, or over the whole life", "[host]") {
  const auto tick_ms = 1000 / sysconf(_SC_CLK_TCK);
  std::vector<Process> processes(2);
  processes[0].pid = 1;
  processes[0].cpu_ticks = 110;
  processes[1].pid = 2;
  processes[1].cpu_ticks = 50;

  reckon_cpu(processes, {{{1, 0}, 100}}, 20 * tick_ms, 100 * tick_ms);

  CHECK(processes[0].cpu_percent == 50);
  CHECK(processes[1].cpu_percent == 50);
}

TEST_CASE("processes are found by name or program, the greatest first", "[host]") {
  const TemporaryFolder proc;
  put(proc.path() + "/10/stat", stat_line(10, "postgres", 1, 5));
  put(proc.path() + "/11/stat", stat_line(11, "kworker/0:1", 9, 0));
  put(proc.path() + "/12/stat", stat_line(12, "a-name-cut-to-1", 2, 9));
  put(proc.path() + "/12/cmdline", std::string("/opt/x/a-name-cut-to-15-bytes\0-v\0", 33));
  auto all = read_processes(proc.path());

  const auto by_memory = choose(proc.path(), all, {.by_memory = true, .limit = 2});
  REQUIRE(by_memory.size() == 2);
  CHECK(by_memory[0].pid == 12);
  CHECK(by_memory[1].pid == 10);
  CHECK(choose(proc.path(), all, {.name = "post*"}).size() == 1);
  CHECK(choose(proc.path(), all, {.name = "a-name-cut-to-15-bytes"})[0].pid == 12);
  CHECK(choose(proc.path(), all, {.name = "post"}).empty());
  CHECK(command_line(proc.path(), 12) ==
        std::vector<std::string>{"/opt/x/a-name-cut-to-15-bytes", "-v"});
}

TEST_CASE("processor times tell usage, waiting and what others stole", "[host]") {
  const TemporaryFolder proc;
  put(proc.path() + "/stat", "cpu  20 0 10 60 5 0 0 5 0 0\ncpu0 20 0 10 60 5 0 0 5 0 0\nbtime 5\n");
  const auto times = read_cpu(proc.path());
  REQUIRE(times);
  const Json cpu(cpu_json({}, *times));
  CHECK(cpu.number("/usage_percent") == 35);
  CHECK(cpu.number("/user_percent") == 20);
  CHECK(cpu.number("/iowait_percent") == 5);
  CHECK(cpu.number("/steal_percent") == 5);
  CHECK(cpu.integer("/count") == 1);
  // Nothing passed: no division by it.
  CHECK(Json(cpu_json(*times, *times)).number("/usage_percent") == 0);
  put(proc.path() + "/stat", "nonsense\n");
  CHECK(read_cpu(proc.path()).error().code == "FAILED");
}

TEST_CASE("available memory is reckoned where the kernel does not tell", "[host]") {
  const TemporaryFolder proc;
  put(proc.path() + "/meminfo",
      "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 50 kB\nCached: 250 kB\n");
  const auto memory = read_memory(proc.path());
  REQUIRE(memory);
  CHECK(memory->available == 400 * 1024);
  CHECK(Json(memory_json(*memory)).number("/used_percent") == 60);
  CHECK(Json(swap_json(*memory)).number("/used_percent") == 0);
}

TEST_CASE("mounts are read with blanks in their names, and each real one once", "[host]") {
  const auto mounts = parse_mounts(
      "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
      "30 22 254:0 /srv/data /home/my\\040data rw - ext4 /dev/vda rw\n"
      "31 22 0:5 / /proc rw - proc proc rw\n"
      "32 22 7:1 / /snap/core ro - squashfs /dev/loop1 ro\n"
      "33 22 0:50 / /mnt/a\\134b ro,noatime - nfs4 server:/export rw\n"
      "34 22 0:60 / /cover rw - ext4 /dev/vdb rw\n"
      "35 34 0:61 / /cover rw - tmpfs tmpfs rw\n"
      "broken line\n");
  CHECK(mounts.size() == 6);
  const auto real = real_mounts(mounts);
  REQUIRE(real.size() == 2);
  CHECK(real[0].mount == "/");
  CHECK(real[1].mount == "/mnt/a\\b");
  CHECK(real[1].read_only);
  CHECK(std::ranges::count(mounts, "/home/my data", &Mount::mount) == 1);
}

TEST_CASE("a file system that does not answer is listed with the reason", "[host]") {
  const Disk disk = measure({.mount = "/nowhere/at/all",
                             .root = "/",
                             .type = "ext4",
                             .device = "/dev/x",
                             .number = "1:1"});
  CHECK(Json(disk_json(disk)).text("/error") == "No such file or directory");
}

TEST_CASE("listening sockets are read in both families", "[host]") {
  const std::string head =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
      "inode\n";
  const auto four = parse_ports(head +
                                    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 "
                                    "00:00000000 00000000  1000 0 777 1\n"
                                    "   1: 0100007F:1F91 0100007F:0050 01 00000000:00000000 "
                                    "00:00000000 00000000  1000 0 778 1\n"
                                    "   2: XYZ:0 00000000:0000 0A 0:0 00:0 0  1000 0 779 1\n",
                                "tcp");
  REQUIRE(four.size() == 1);
  CHECK(four[0].address == "127.0.0.1");
  CHECK(four[0].port == 8080);
  CHECK(four[0].user == 1000);
  CHECK(four[0].inode == 777);
  const auto six = parse_ports(
      head +
          "   0: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 07 "
          "00000000:00000000 00:00000000 00000000  0 0 9 2 x 0\n",
      "udp6");
  REQUIRE(six.size() == 1);
  CHECK(six[0].address == "::1");
  CHECK(six[0].port == 53);
}

TEST_CASE("interfaces have their counters, and a state where the kernel tells", "[host]") {
  const TemporaryFolder root;
  put(root.path() + "/proc/net/dev",
      "Inter-|   Receive  |  Transmit\n face |bytes packets errs\n"
      "  eth0: 100 2 3 4 0 0 0 0 500 6 7 8 0 0 0 0\nbad: 1 2\n");
  put(root.path() + "/sys/class/net/eth0/operstate", "up\n");
  put(root.path() + "/sys/class/net/eth0/mtu", "1500\n");
  const auto interfaces = read_interfaces(root.path() + "/proc", root.path() + "/sys");
  REQUIRE(interfaces);
  REQUIRE(interfaces->size() == 1);
  const Json eth0(interface_json((*interfaces)[0]));
  CHECK(eth0.text("/state") == "up");
  CHECK(eth0.integer("/mtu") == 1500);
  CHECK(eth0.integer("/received/dropped") == 4);
  CHECK(eth0.integer("/sent/bytes") == 500);
}

TEST_CASE("host.get tells about this machine", "[host]") {
  PluginFixture fixture;
  const auto host = fixture.answer("host.get", R"({"sample":"20ms"})");
  char name[256];
  gethostname(name, sizeof name);
  CHECK(host.text("/hostname") == name);
  CHECK(host.integer("/cpu/count") == sysconf(_SC_NPROCESSORS_ONLN));
  CHECK(host.integer("/memory/total_bytes") > 0);
  CHECK(host.integer("/uptime_ms") > 0);
  CHECK(host.has("/disk/~1/used_percent"));
  CHECK(host.number("/load/one") >= 0);
}

TEST_CASE("the smaller host operations answer", "[host]") {
  PluginFixture fixture;
  CHECK(fixture.answer("host.cpu.get", R"({"sample":"0s"})").number("/usage_percent") >= 0);
  CHECK(fixture.answer("host.memory.get", "{}").has("/swap/used_percent"));
  CHECK(fixture.answer("host.load.get", "{}").number("/one_per_cpu") >= 0);
  CHECK(fixture.answer("host.uptime.get", "{}").text("/booted_at").ends_with("Z"));
  CHECK(fixture.answer("host.interface.list", "{}").has("/0/name"));
  const auto below = fixture.answer("host.disk.list", R"({"path":"/proc/self/no/such/file"})");
  CHECK(below.list().size() == 1);
  CHECK(below.text("/0/mount") == "/proc");
  CHECK(fixture.code("host.disk.list", R"({"path":"proc"})") == "INVALID_ARGUMENT");
  const auto all = fixture.answer("host.disk.list", R"({"all":true})");
  CHECK(all.list().size() > fixture.answer("host.disk.list", "{}").list().size());
}

TEST_CASE("our own process is among the processes, and looked at alone", "[host]") {
  PluginFixture fixture;
  const auto processes = fixture.answer("host.process.list", R"({"limit":100000,"sample":"10ms"})");
  bool found = false;
  for (const auto process : processes.list()) found |= int64_t(process["pid"]) == getpid();
  CHECK(found);

  const auto self = fixture.answer("host.process.get", pid_args(getpid()));
  CHECK(self.integer("/ppid") == getppid());
  CHECK(self.text("/program") == std::filesystem::read_symlink("/proc/self/exe"));
  CHECK(fixture.answer("host.process.list", R"({"limit":1,"sort":"memory","sample":"0s"})")
            .list()
            .size() == 1);
  CHECK(fixture.code("host.process.get", R"({"pid":4194304})") == "NOT_FOUND");
}

TEST_CASE("a port that we listen on is listed with our pid", "[host]") {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(listen(listener, 1) == 0);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);

  PluginFixture fixture;
  const auto ports = fixture.answer("host.port.list", "{}");
  close(listener);

  bool found = false;
  for (const auto port : ports.list()) {
    if (int64_t(port["port"]) != ntohs(address.sin_port)) continue;
    if (std::string_view(port["protocol"]) != "tcp") continue;
    found = true;
    CHECK(int64_t(port["pid"]) == getpid());
    CHECK(std::string_view(port["address"]) == "127.0.0.1");
  }
  CHECK(found);
}

TEST_CASE("a signal reaches the process that was meant", "[host]") {
  PluginFixture fixture;
  Child child;
  const auto start = read_process("/proc", child.pid())->start_ticks;

  const auto stale =
      fixture.code("host.process.signal", pid_args(child.pid(), ",\"start_time\":1"));
  const auto preview = fixture.preview("host.process.signal", pid_args(child.pid()));
  const auto sent = fixture.answer(
      "host.process.signal",
      pid_args(child.pid(), ",\"signal\":\"TERM\",\"start_time\":" + std::to_string(start)));

  CHECK(stale == "CONFLICT");
  REQUIRE(preview.has_value());
  CHECK(sent.integer("/pid") == child.pid());
  CHECK(child.ended_by() == SIGTERM);
}

TEST_CASE("init, the engine itself and nobody get no signals", "[host]") {
  PluginFixture fixture;
  CHECK(fixture.code("host.process.signal", pid_args(1)) == "PERMISSION_DENIED");
  CHECK(fixture.code("host.process.signal", pid_args(getpid())) == "PERMISSION_DENIED");
  CHECK(fixture.code("host.process.signal", pid_args(4194304)) == "NOT_FOUND");
  CHECK(fixture.code("host.process.signal", pid_args(0)) == "INVALID_ARGUMENT");
  CHECK(fixture.code("host.process.signal", pid_args(99, ",\"signal\":\"SEGV\"")) ==
        "INVALID_ARGUMENT");
}
