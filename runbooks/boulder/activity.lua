--- When a workspace was last active, as well as that can be known from outside.
---
--- The last activity is the newest of: its start; the newest event that the daemon still knows about it (exec, attach,
--- copy, ...; health checks are none); its newest line of log; the label boulder.last_activity; the last time that an
--- earlier run saw what it sent, or read and wrote on disks, grow; and now, while it uses the processor. What is
--- unknown never makes a workspace idle by itself: it is idle from the newest of these on.

local outage = require("outage")
local settings = require("settings")
local times = require("std.times")
local units = require("std.units")

local activity = {}

-- Each daemon has its own.
local function name_of(daemon) return "counters/" .. daemon end

local KEPT = "14d" -- without a run, what was seen is forgotten

local function traffic(stats) return stats.network.sent + stats.block.read + stats.block.written end

-- Where a container has a health check, its commands cannot be told from a person's: neither counts.
local function counts(event, has_health)
  return not event.action:find("^health_status") and not (has_health and event.action:find("^exec_"))
end

--- The newest event of each container: a map of id to ms.
function activity.newest_events(events, with_health)
  local newest = {}
  for _, event in ipairs(events) do
    if counts(event, with_health[event.id]) then newest[event.id] = times.parse(event.time) end
  end
  return newest
end

--- The newest line of a container's log, in ms; nil where there is none or it cannot be read.
function activity.newest_line(daemon, id)
  local ok, logs = pcall(docker.container.logs, {
    daemon = daemon, container = id, tail = 1, timestamps = true, limit = "64KiB",
  })
  if not ok then
    if logs.code == "CANCELLED" or outage.is_confirmed(daemon, logs) then error(logs, 0) end
    return nil
  end
  local newest
  for _, output in ipairs { logs.stdout, logs.stderr } do
    for stamp in output:gmatch("(%d%d%d%d%-%d%d%-%d%dT%S+) ") do
      local at = times.parse(stamp)
      if at and (not newest or at > newest) then newest = at end
    end
  end
  return newest
end

--- What earlier runs saw: by id { traffic, moved, used (ms) }.
function activity.recall(daemon)
  local known = state.get { name = name_of(daemon) }
  return known and known ~= json.null and known.value or {}
end

--- Notes what was seen now, so that the next run knows who has been active between, and what Docker has forgotten.
function activity.remember(daemon, consumers)
  local seen = {}
  for _, each in ipairs(consumers) do
    if each.workspace then seen[each.id] = { traffic = each.traffic, moved = each.moved, used = each.used_at } end
  end
  state.set { name = name_of(daemon), value = json.map(seen), ttl = KEPT }
end

--- Fills in last_active (ms) and why, traffic, moved and used_at of a consumer { id, container, stats }.
--- evidence: { now, events, lines, remembered }
function activity.judge(consumer, evidence)
  local container, before = consumer.container, evidence.remembered[consumer.id]
  consumer.traffic = traffic(consumer.stats)
  consumer.moved = before and before.moved or nil
  consumer.used_at = evidence.events[consumer.id] or before and before.used or nil
  if before and math.abs(consumer.traffic - before.traffic) > units.size(settings.high_memory.idle_traffic) then
    consumer.moved = evidence.now
  end
  local label = container.labels[settings.labels.last_activity]
  local last, why = container.started or container.created or 0, "it was started"
  local function newer(at, words)
    if at and at > last then last, why = at, words end
  end
  newer(consumer.used_at, "Docker's last event about it")
  newer(evidence.lines[consumer.id], "its last line of log")
  newer(times.parse(label), "its label says so")
  newer(consumer.moved, "it sent or stored data")
  if consumer.stats.cpu_percent > settings.high_memory.idle_cpu then newer(evidence.now, "it uses the processor") end
  consumer.last_active, consumer.last_active_by = last, why
end

--- Looks once more, just before a workspace is stopped: whether it has been used since.
function activity.is_still_idle(daemon, consumer)
  local stats = docker.container.stats { daemon = daemon, container = consumer.id }
  return traffic(stats) == consumer.traffic and stats.cpu_percent <= settings.high_memory.idle_cpu
end

return activity
