// Each operation of the host plugin, from its arguments to its JSON.
#include "plugins/host/calls.h"

#include <sys/utsname.h>

#include <chrono>
#include <memory>

#include "plugins/host/disks.h"
#include "plugins/host/interfaces.h"
#include "plugins/host/ports.h"
#include "plugins/host/processes.h"
#include "plugins/host/sampling.h"
#include "plugins/host/signals.h"
#include "plugins/host/vitals.h"

namespace engine::host {

namespace {

const std::string kProc = "/proc";
const std::string kSys = "/sys";

template <class Items, class ToJson>
std::string array_of(const Items& items, const ToJson& to_json) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const auto& item : items) json.raw(to_json(item));
  json.end_array();
  return out;
}

Result<std::string> summary(const CpuTimes& before, int64_t now_ms) {
  const auto cpu = read_cpu(kProc);
  if (!cpu) return fail(cpu.error());
  const auto memory = read_memory(kProc);
  if (!memory) return fail(memory.error());
  const auto load = read_load(kProc);
  if (!load) return fail(load.error());
  const auto uptime = read_uptime_ms(kProc);
  if (!uptime) return fail(uptime.error());
  const auto disks = read_disks(kProc, false);
  if (!disks) return fail(disks.error());
  utsname kernel{};
  uname(&kernel);
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .field("hostname", kernel.nodename)
      .field("os", os_name("/etc/os-release"))
      .field("kernel", kernel.release)
      .field("architecture", kernel.machine)
      .field("uptime_ms", *uptime)
      .field("booted_at", format_time_utc(now_ms - *uptime))
      .field_raw("cpu", cpu_json(before, *cpu))
      .field_raw("load", load_json(*load, cpu->cores.size()))
      .field_raw("memory", memory_json(*memory))
      .field_raw("swap", swap_json(*memory));
  json.key("disk").begin_object();
  // A key that is no text would be no JSON; such a folder is in host.disk.list.
  for (const auto& disk : *disks) {
    if (is_utf8(disk.at.mount)) json.field_raw(disk.at.mount, disk_json(disk));
  }
  json.end_object().end_object();
  return out;
}

struct ProcessesBefore {
  CpuSample sample;
  std::chrono::steady_clock::time_point at;
};

void look_at_processes(ProcessesBefore& before) {
  before.sample = sample_of(read_processes(kProc));
  before.at = std::chrono::steady_clock::now();
}

int64_t passed_ms(const ProcessesBefore& before) {
  if (before.sample.empty()) return 0;
  const auto passed = std::chrono::steady_clock::now() - before.at;
  return std::chrono::duration_cast<Millis>(passed).count();
}

ProcessContext context() {
  const auto cpu = read_cpu(kProc);
  return {kProc, cpu ? cpu->booted_at_s : 0, read_users("/etc/passwd")};
}

SignalOrder order_of(const plugin::Args& args) {
  SignalOrder order{
      static_cast<int>(args.integer("pid")), signal_number(args.string("signal")), {}};
  if (const auto start = args.find_integer("start_time")) {
    order.start_time = static_cast<uint64_t>(*start);
  }
  return order;
}

std::string signalled_json(const Process& process, const std::string& signal) {
  std::string out;
  JsonWriter(out)
      .begin_object()
      .field("pid", process.pid)
      .field("name", process.name)
      .field("signal", signal)
      .field("start_time", static_cast<int64_t>(process.start_ticks))
      .end_object();
  return out;
}

}  // namespace

void get(plugin::Call call) {
  auto before = std::make_shared<CpuTimes>();
  answer_after(
      call, call.args().duration("sample"),
      [before] { *before = read_cpu(kProc).value_or(CpuTimes{}); },
      [before, now_ms = call.host()->now_ms()] { return summary(*before, now_ms); });
}

void get_cpu(plugin::Call call) {
  auto before = std::make_shared<CpuTimes>();
  answer_after(
      call, call.args().duration("sample"),
      [before] { *before = read_cpu(kProc).value_or(CpuTimes{}); },
      [before]() -> Result<std::string> {
        const auto now = read_cpu(kProc);
        if (!now) return fail(now.error());
        return cpu_json(*before, *now);
      });
}

void get_memory(plugin::Call call) {
  const auto memory = read_memory(kProc);
  if (!memory) return call.fail(memory.error());
  std::string json = memory_json(*memory);
  json.pop_back();
  call.done(json + ",\"swap\":" + swap_json(*memory) + "}");
}

void get_load(plugin::Call call) {
  const auto load = read_load(kProc);
  if (!load) return call.fail(load.error());
  const auto cpu = read_cpu(kProc);
  if (!cpu) return call.fail(cpu.error());
  call.done(load_json(*load, cpu->cores.size()));
}

void get_uptime(plugin::Call call) {
  const auto uptime = read_uptime_ms(kProc);
  if (!uptime) return call.fail(uptime.error());
  call.done(uptime_json(*uptime, call.host()->now_ms()));
}

void list_disks(plugin::Call call) {
  call.answer_from_worker([all = call.args().boolean("all"),
                           path = call.args().string("path")]() -> Result<std::string> {
    if (!path.empty()) {
      const auto disk = disk_below(kProc, path);
      if (!disk) return fail(disk.error());
      return "[" + disk_json(*disk) + "]";
    }
    const auto disks = read_disks(kProc, all);
    if (!disks) return fail(disks.error());
    return array_of(*disks, disk_json);
  });
}

void list_interfaces(plugin::Call call) {
  call.answer_from_worker([]() -> Result<std::string> {
    auto interfaces = read_interfaces(kProc, kSys);
    if (!interfaces) return fail(interfaces.error());
    auto addresses = interface_addresses();
    for (auto& each : *interfaces) each.addresses = std::move(addresses[each.name]);
    return array_of(*interfaces, interface_json);
  });
}

void list_processes(plugin::Call call) {
  const auto args = call.args();
  ProcessQuery query{.by_memory = args.string("sort") == "memory",
                     .name = args.find_string("name").value_or(""),
                     .limit = static_cast<size_t>(args.integer("limit"))};
  auto before = std::make_shared<ProcessesBefore>();
  answer_after(
      call, args.duration("sample"), [before] { look_at_processes(*before); },
      [before, query]() -> Result<std::string> {
        auto processes = read_processes(kProc);
        const auto uptime = read_uptime_ms(kProc);
        if (!uptime) return fail(uptime.error());
        reckon_cpu(processes, before->sample, passed_ms(*before), *uptime);
        const auto details = context();
        return array_of(choose(kProc, std::move(processes), query),
                        [&](const Process& each) { return process_json(each, details); });
      });
}

void get_process(plugin::Call call) {
  const auto args = call.args();
  const int pid = static_cast<int>(args.integer("pid"));
  auto before = std::make_shared<ProcessesBefore>();
  answer_after(
      call, args.duration("sample"),
      [before, pid] {
        if (auto one = read_process(kProc, pid)) before->sample = sample_of({*one});
        before->at = std::chrono::steady_clock::now();
      },
      [before, pid]() -> Result<std::string> {
        auto one = read_process(kProc, pid);
        if (!one) return fail(code::kNotFound, "no process " + std::to_string(pid));
        const auto uptime = read_uptime_ms(kProc);
        if (!uptime) return fail(uptime.error());
        std::vector<Process> processes = {std::move(*one)};
        reckon_cpu(processes, before->sample, passed_ms(*before), *uptime);
        return process_json(processes[0], context(), true);
      });
}

void signal_process(plugin::Call call) {
  const auto args = call.args();
  const auto process = send_signal(kProc, order_of(args));
  if (!process) return call.fail(process.error());
  call.done(signalled_json(*process, args.string("signal")));
}

void preview_signal(plugin::Call call) {
  const auto args = call.args();
  const auto process = check_order(kProc, order_of(args));
  if (!process) return call.fail(process.error());
  call.done(signalled_json(*process, args.string("signal")));
}

void list_ports(plugin::Call call) {
  call.answer_from_worker(
      []() -> Result<std::string> { return array_of(read_ports(kProc), port_json); });
}

}  // namespace engine::host
