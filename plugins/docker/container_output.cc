// What a container says and what it uses: logs and stats.
#include "plugins/docker/container.h"
#include "plugins/docker/frames.h"
#include "plugins/docker/operations.h"
#include "plugins/docker/params.h"
#include "plugins/docker/query.h"

namespace engine::docker {

namespace {

// The newest of both streams; frames are taken apart as they come and never kept.
struct Log {
  Log(bool terminal, size_t bytes_max) : frames(terminal), out(bytes_max), err(bytes_max) {}

  bool feed(std::string_view chunk) {
    return frames.feed(chunk, [this](Stream stream, std::string_view bytes) {
      (stream == Stream::out ? out : err).append(bytes);
    });
  }

  FrameReader frames;
  Tail out, err;
};

std::string answer_of(Log& log) {
  const bool truncated = log.out.truncated() || log.err.truncated();
  const auto bytes = static_cast<int64_t>(log.out.total() + log.err.total());
  std::string out;
  out.reserve(log.out.size() + log.err.size() + 4096);
  JsonWriter(out)
      .begin_object()
      .field("stdout", log.out.take())
      .field("stderr", log.err.take())
      .field("truncated", truncated)
      .field("bytes", bytes)
      .end_object();
  return out;
}

Result<std::string> logs_query(const Call& call) {
  const plugin::Args args = call.args();
  const bool out = args.boolean("stdout"), err = args.boolean("stderr");
  if (!out && !err) {
    return fail(code::kInvalidArgument, "neither stdout nor stderr is wanted");
  }
  Query query;
  query.flag("stdout", out).flag("stderr", err).flag("timestamps", args.boolean("timestamps"));
  if (args.has("tail")) query.add("tail", args.integer("tail"));
  const int64_t now = call.host()->now_ms();
  for (const char* name : {"since", "until"}) {
    const auto moment = moment_of(args, name, now);
    if (!moment) return fail(moment.error());
    if (*moment) query.add(name, **moment);
  }
  return std::move(query).text();
}

void logs(Call call) {
  auto query = logs_query(call);
  if (!query) return call.fail(query.error());
  // Whether there are frames in the stream is told by the container alone, in API 1.41.
  inspect(call, [call, query = std::move(*query)](element container) mutable {
    const auto limit = static_cast<size_t>(call.args().integer("limit"));
    auto log = std::make_shared<Log>(boolean_at(container, "Config/Tty"), limit);
    auto path = container_path_of(text_at(container, "Id"), "/logs");
    if (!path) return call.fail(path.error());
    ask(call,
        {.path = std::move(*path),
         .query = std::move(query),
         .more = kWholeCall,
         .response_max = UINT64_MAX},
        {.chunk =
             [log](std::string_view chunk) {
               log->feed(chunk);
               return true;
             }},
        [call, log](const Response&) {
          if (!log->frames.whole()) {
            return call.fail(Error(code::kNetworkError, "the log of container " +
                                                            call.args().string("container") +
                                                            " broke off in the middle"));
          }
          call.done(answer_of(*log));
        });
  });
}

// The same arithmetic as `docker stats`.
double cpu_percent(element stats) {
  const double cpu = number_at(stats, "cpu_stats/cpu_usage/total_usage") -
                     number_at(stats, "precpu_stats/cpu_usage/total_usage");
  const double system = number_at(stats, "cpu_stats/system_cpu_usage") -
                        number_at(stats, "precpu_stats/system_cpu_usage");
  double cpus = number_at(stats, "cpu_stats/online_cpus");
  if (cpus == 0) {
    cpus = static_cast<double>(items_at(stats, "cpu_stats/cpu_usage/percpu_usage").size());
  }
  return cpu > 0 && system > 0 ? cpu / system * cpus * 100 : 0;
}

// Without the file pages that the kernel can drop: total_inactive_file in cgroup v1, inactive_file
// in v2.
int64_t memory_used(element stats) {
  const int64_t usage = integer_at(stats, "memory_stats/usage");
  int64_t inactive = integer_at(stats, "memory_stats/stats/total_inactive_file");
  if (!member_at(stats, "memory_stats/stats/total_inactive_file")) {
    inactive = integer_at(stats, "memory_stats/stats/inactive_file");
  }
  return inactive < usage ? usage - inactive : usage;
}

void write_traffic(JsonWriter& json, element stats) {
  int64_t received = 0, sent = 0;
  object networks;
  const auto found = member_at(stats, "networks");
  if (found && !found->get(networks)) {
    for (const auto& [name, network] : networks) {
      received += integer_at(network, "rx_bytes");
      sent += integer_at(network, "tx_bytes");
    }
  }
  json.key("network").begin_object().field("received", received).field("sent", sent).end_object();
}

void write_block(JsonWriter& json, element stats) {
  int64_t read = 0, written = 0;
  for (const element entry : items_at(stats, "blkio_stats/io_service_bytes_recursive")) {
    const std::string_view op = text_at(entry, "op");
    if (op == "Read" || op == "read") read += integer_at(entry, "value");
    if (op == "Write" || op == "write") written += integer_at(entry, "value");
  }
  json.key("block").begin_object().field("read", read).field("written", written).end_object();
}

void write_stats(JsonWriter& json, element root, bool raw) {
  const int64_t used = memory_used(root), limit = integer_at(root, "memory_stats/limit");
  json.begin_object().field("cpu_percent", cpu_percent(root)).key("memory").begin_object();
  json.field("used", used).field("limit", limit);
  json.field("percent",
             limit > 0 ? static_cast<double>(used) * 100 / static_cast<double>(limit) : 0)
      .end_object();
  write_traffic(json, root);
  write_block(json, root);
  json.field("pids", integer_at(root, "pids_stats/current"));
  if (raw) {
    json.key("raw");
    append_value(json, root);
  }
  json.end_object();
}

void stats(Call call) {
  auto path = container_path(call, "/stats");
  if (!path) return call.fail(path.error());
  ask(call, {.path = std::move(*path), .query = "stream=false"}, [call](const Response& response) {
    if (trim(response.body).empty()) {
      return call.fail(Error(code::kNotFound, "the container '" + call.args().string("container") +
                                                  "' was removed while it was measured"));
    }
    done_json(call, response, [raw = call.args().boolean("raw")](JsonWriter& json, element root) {
      write_stats(json, root, raw);
    });
  });
}

constexpr engine_field kLogsParams[] = {
    kContainer,
    kSince,
    kUntil,
    between(optional("tail", ENGINE_INTEGER, "The last so many lines."), "0", nullptr),
    optional("stdout", ENGINE_BOOLEAN, "With what it wrote to standard output.", "true"),
    optional("stderr", ENGINE_BOOLEAN, "With what it wrote to standard error.", "true"),
    optional("timestamps", ENGINE_BOOLEAN, "Puts the time before each line.", "false"),
    between(optional("limit", ENGINE_SIZE, "What is kept of each stream: its newest bytes.",
                     "\"1MiB\""),
            "1", "64MiB"),
    kDaemon,
};
constexpr engine_field kLogs[] = {
    field("stdout", ENGINE_STRING, "Text or bytes; of a terminal, everything."),
    field("stderr", ENGINE_STRING, "Text or bytes."),
    field("truncated", ENGINE_BOOLEAN, "Older bytes were left out; lines begin whole."),
    field("bytes", ENGINE_INTEGER, "What there was, kept or not."),
};
constexpr engine_field kStatsParams[] = {kContainer, kRaw, kDaemon};
constexpr engine_field kStats[] = {
    field("cpu_percent", ENGINE_NUMBER, "Over the last second; 100 is one processor."),
    field("memory", ENGINE_MAP, "used and limit in bytes, percent."),
    field("network", ENGINE_MAP, "received and sent, in bytes since the start."),
    field("block", ENGINE_MAP, "read and written, in bytes since the start."),
    field("pids", ENGINE_INTEGER, "Processes and threads."),
    kRawResult,
};

constexpr engine_operation kOperations[] = {
    lasting("10m",
            acting_on("container", operation("container.logs", "Reads what a container wrote.",
                                             ENGINE_READ, bound<logs, lent>, kLogsParams, kLogs))),
    acting_on("container",
              operation("container.stats", "Measures what a container uses, for a second.",
                        ENGINE_READ, bound<stats, lent>, kStatsParams, kStats)),
};

}  // namespace

Operations container_output_operations() { return kOperations; }

}  // namespace engine::docker
