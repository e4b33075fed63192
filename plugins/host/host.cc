// The host plugin: this machine as the kernel describes it, without any tool. Here is what it
// offers; calls.cc does it.
#include "plugins/host/calls.h"

namespace engine::host {

namespace {

using plugin::acting_on, plugin::between, plugin::bound, plugin::field, plugin::items,
    plugin::one_of, plugin::operation, plugin::optional, plugin::previewed, plugin::required;

constexpr engine_field kSample =
    between(optional("sample", ENGINE_DURATION,
                     "How long usage is watched; 0 means since the start.", "\"250ms\""),
            "0s", "10s");

constexpr engine_field kSampleOnly[] = {kSample};

constexpr engine_field kSummary[] = {
    field("hostname", ENGINE_STRING, "The machine's own name."),
    field("os", ENGINE_STRING, "Name and version of the distribution."),
    field("kernel", ENGINE_STRING, "Release of the kernel."),
    field("architecture", ENGINE_STRING, "Such as x86_64."),
    field("uptime_ms", ENGINE_INTEGER, "Since it was started."),
    field("booted_at", ENGINE_STRING, "When it was started, RFC 3339."),
    field("cpu", ENGINE_MAP, "As host.cpu.get answers."),
    field("load", ENGINE_MAP, "As host.load.get answers."),
    field("memory", ENGINE_MAP, "As host.memory.get answers, without swap."),
    field("swap", ENGINE_MAP, "total_bytes, used_bytes and used_percent."),
    field("disk", ENGINE_MAP, "By folder of mount, each as host.disk.list answers."),
};

constexpr engine_field kCpu[] = {
    field("count", ENGINE_INTEGER, "Processors that are online."),
    field("usage_percent", ENGINE_NUMBER, "Not idle; of all processors together."),
    field("user_percent", ENGINE_NUMBER, "In programs."),
    field("system_percent", ENGINE_NUMBER, "In the kernel."),
    field("iowait_percent", ENGINE_NUMBER, "Idle, but waiting for a disk."),
    field("steal_percent", ENGINE_NUMBER, "Taken by other virtual machines."),
    items(field("cores", ENGINE_LIST, "Usage of each processor in percent."), "number"),
};

constexpr engine_field kMemory[] = {
    field("total_bytes", ENGINE_INTEGER, "All there is."),
    field("available_bytes", ENGINE_INTEGER, "What new programs can have without swapping."),
    field("used_bytes", ENGINE_INTEGER, "All but what is available."),
    field("free_bytes", ENGINE_INTEGER, "Used for nothing at all, not even as a cache."),
    field("cached_bytes", ENGINE_INTEGER, "Kept of files that were read."),
    field("used_percent", ENGINE_NUMBER, "Used, of all."),
    field("swap", ENGINE_MAP, "total_bytes, used_bytes and used_percent."),
};

constexpr engine_field kLoad[] = {
    field("one", ENGINE_NUMBER, "Over the last minute."),
    field("five", ENGINE_NUMBER, "Over five minutes."),
    field("fifteen", ENGINE_NUMBER, "Over fifteen minutes."),
    field("one_per_cpu", ENGINE_NUMBER, "Over the last minute, for each processor."),
    field("running", ENGINE_INTEGER, "Threads that run or could."),
    field("threads", ENGINE_INTEGER, "All threads."),
};

constexpr engine_field kUptime[] = {
    field("uptime_ms", ENGINE_INTEGER, "Since the machine was started."),
    field("uptime", ENGINE_STRING, "The same for people."),
    field("booted_at", ENGINE_STRING, "When, RFC 3339."),
};

constexpr engine_field kDiskParams[] = {
    optional("all", ENGINE_BOOLEAN, "Also file systems that keep nobody's data, such as /proc.",
             "false"),
    optional("path", ENGINE_STRING, "Only the one, of any kind, that this absolute path is on."),
};

constexpr const char* kSorts[] = {"cpu", "memory", nullptr};
constexpr engine_field kProcessListParams[] = {
    one_of(optional("sort", ENGINE_ENUM, "What the greatest of comes first.", "\"cpu\""), kSorts),
    between(optional("limit", ENGINE_INTEGER, "How many are listed.", "20"), "1", "100000"),
    optional("name", ENGINE_STRING, "Only these: a name, or a pattern such as \"postgres*\"."),
    kSample,
};

constexpr engine_field kPid =
    between(required("pid", ENGINE_INTEGER, "The process's id."), "1", "4194304");
constexpr engine_field kProcessGetParams[] = {kPid, kSample};
constexpr engine_field kProcess[] = {
    field("pid", ENGINE_INTEGER, "Its id."),
    field("ppid", ENGINE_INTEGER, "Its parent's id."),
    field("name", ENGINE_STRING, "As the kernel knows it, cut to 15 bytes."),
    field("command", ENGINE_STRING, "The command line."),
    field("user", ENGINE_STRING, "Who runs it."),
    field("state", ENGINE_STRING, "running, sleeping, waiting for disk, stopped, zombie, ..."),
    field("cpu_percent", ENGINE_NUMBER, "100 is one processor fully used."),
    field("rss_bytes", ENGINE_INTEGER, "Memory that it has resident."),
    field("threads", ENGINE_INTEGER, "How many."),
    field("started_at", ENGINE_STRING, "When, RFC 3339."),
    field("start_time", ENGINE_INTEGER,
          "The kernel's tick of its start; with the pid it names one process."),
    field("program", ENGINE_STRING, "The file it runs; empty where one may not see it."),
    field("folder", ENGINE_STRING, "Its working folder; empty where one may not see it."),
    field("children", ENGINE_INTEGER, "Processes that it started and that are alive."),
};

constexpr const char* kSignals[] = {"TERM", "KILL", "INT",  "QUIT", "HUP",
                                    "USR1", "USR2", "STOP", "CONT", nullptr};
constexpr engine_field kSignalParams[] = {
    kPid,
    one_of(optional("signal", ENGINE_ENUM, "Which one.", "\"TERM\""), kSignals),
    optional("start_time", ENGINE_INTEGER,
             "As host.process.list told it; refuses a later process that got the same pid."),
};
constexpr engine_field kSignalled[] = {
    field("pid", ENGINE_INTEGER, "The process's id."),
    field("name", ENGINE_STRING, "Its name."),
    field("signal", ENGINE_STRING, "What was sent."),
    field("start_time", ENGINE_INTEGER, "The kernel's tick of its start."),
};

constexpr engine_operation kOperations[] = {
    operation("get", "Tells how the machine is: processors, load, memory, disks.", ENGINE_READ,
              bound<get, lent>, kSampleOnly, kSummary),
    operation("cpu.get", "Tells how busy the processors are.", ENGINE_READ, bound<get_cpu, lent>,
              kSampleOnly, kCpu),
    operation("memory.get", "Tells how much memory is used and available.", ENGINE_READ,
              bound<get_memory, lent>, {}, kMemory),
    operation("load.get", "Tells the load averages.", ENGINE_READ, bound<get_load, lent>, {},
              kLoad),
    operation("uptime.get", "Tells since when the machine runs.", ENGINE_READ,
              bound<get_uptime, lent>, {}, kUptime),
    operation("disk.list",
              "Lists mounted file systems: mount, device, type, size_bytes, used_bytes, "
              "used_percent, inodes.",
              ENGINE_READ, bound<list_disks, lent>, kDiskParams),
    operation("interface.list",
              "Lists network interfaces: name, state, mac, mtu, addresses, received, sent.",
              ENGINE_READ, bound<list_interfaces, lent>),
    operation("process.list",
              "Lists the processes that use most, each as host.process.get answers.", ENGINE_READ,
              bound<list_processes, lent>, kProcessListParams),
    acting_on("pid", operation("process.get", "Looks at one process.", ENGINE_READ,
                               bound<get_process, lent>, kProcessGetParams, kProcess)),
    acting_on("pid",
              previewed(bound<preview_signal, lent>,
                        operation("process.signal", "Sends a signal to a process; most end it.",
                                  ENGINE_DESTROY, bound<signal_process, lent>, kSignalParams,
                                  kSignalled))),
    operation("port.list", "Lists listening ports: protocol, address, port, pid, process, user_id.",
              ENGINE_READ, bound<list_ports, lent>),
};

constexpr engine_plugin kPlugin =
    plugin::declared("host", "This machine: processors, memory, disks, processes, ports.",
                     plugin::starting<lent>, kOperations);

}  // namespace

}  // namespace engine::host

extern "C" const engine_plugin* engine_plugin_host(void) { return &engine::host::kPlugin; }
