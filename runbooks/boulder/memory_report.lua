--- What a person reads of high-memory: the verdict, the ranking, then the guide's options in its order.

local events = require("events")
local outage = require("outage")
local text = require("std.text")
local times = require("std.times")
local units = require("std.units")
local workspaces = require("workspaces")

local memory_report = {}

local size = units.format_size

local function count(number, noun) return ("%d %s%s"):format(number, noun, number == 1 and "" or "s") end

local function headline(seen)
  local memory = seen.machine.memory
  return ("%s: memory of %s is %.0f %% used, %s of %s available"):format(seen.high and "WARNING" or "OK",
    seen.machine.hostname, memory.used_percent, size(memory.available_bytes), size(memory.total_bytes))
end

local function add_ranking(lines, seen, params)
  local rows = {}
  for i, consumer in ipairs(seen.consumers) do
    if i > params.top then break end
    rows[i] = {
      memory = size(consumer.used), limit = consumer.limit > 0 and size(consumer.limit) or "none",
      cpu = ("%.1f %%"):format(consumer.stats.cpu_percent), container = consumer.name,
      workspace = consumer.workspace or "-", owner = consumer.workspace and workspaces.owner(consumer) or "-",
      idle = consumer.idle_ms and times.span(consumer.idle_ms) or "-",
    }
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = "Top memory consumers"
  if #rows == 0 then
    lines[#lines + 1] = "    no container runs"
    return
  end
  lines[#lines + 1] = text.indent(text.columns(rows, {
    { "memory", "MEMORY" }, { "limit", "LIMIT" }, { "cpu", "CPU" }, { "container", "CONTAINER" },
    { "workspace", "WORKSPACE" }, { "owner", "OWNER" }, { "idle", "IDLE" },
  }), 4)
  if #seen.consumers > params.top then
    lines[#lines + 1] = ("    and %d more"):format(#seen.consumers - params.top)
  end
end

local function add_processes(lines, seen)
  lines[#lines + 1] = ""
  lines[#lines + 1] = "Largest processes, in containers or not"
  for _, process in ipairs(seen.processes) do
    lines[#lines + 1] = ("    %10s  %d %s (%s)"):format(size(process.rss_bytes), process.pid, process.name,
      process.user)
  end
end

local function add_contacts(lines, seen)
  lines[#lines + 1] = ""
  lines[#lines + 1] = "a. Contact users to stop workspaces that they do not use"
  if #seen.contacts == 0 then lines[#lines + 1] = "    no workspace runs" end
  for _, contact in ipairs(seen.contacts) do
    local words = ("    %s: %s in %s"):format(contact.owner, size(contact.memory_bytes),
      table.concat(contact.workspaces, ", "))
    if #contact.idle > 0 then words = words .. "; idle: " .. table.concat(contact.idle, ", ") end
    lines[#lines + 1] = words
  end
end

local function add_idle(lines, seen, params, dry_run)
  lines[#lines + 1] = "b. Force-stop workspaces that are idle for longer than " .. params.idle
  if seen.events_since then
    lines[#lines + 1] = ("    Docker's events reach back only to %s; what was done before may be missing"):format(
      events.moment(seen.events_since, times.now()))
  end
  if #seen.idle == 0 then
    lines[#lines + 1] = "    there is none"
    return
  end
  local freed = 0
  for _, each in ipairs(seen.idle) do
    freed = freed + each.used
    lines[#lines + 1] = ("    %s (workspace %s, %s): idle for %s, since %s; %s"):format(each.name, each.workspace,
      workspaces.owner(each), times.span(each.idle_ms), each.last_active_by, size(each.used))
  end
  if #seen.stopped > 0 then
    lines[#lines + 1] = ("    %s %s; tell their owners"):format(dry_run and "would stop" or "stopped",
      count(#seen.stopped, "workspace"))
  end
  for _, each in ipairs(seen.spared) do
    lines[#lines + 1] = ("    %s %s"):format(each.name, each.reason)
  end
  for _, each in ipairs(seen.unstopped) do
    lines[#lines + 1] = ("    could not be stopped: %s: %s"):format(each.name, each.reason)
  end
  if not params.stop_idle then
    lines[#lines + 1] = ("  do: run it again with --stop-idle (--dry-run shows it first); that frees about %s"):format(
      size(freed))
  end
end

local function add_more_memory(lines, seen)
  lines[#lines + 1] = "c. Add more memory to the host"
  if seen.to_add > 0 then
    lines[#lines + 1] = ("    %s more would leave the usual headroom with what runs now"):format(size(seen.to_add))
  else
    lines[#lines + 1] = "    with what runs now, the usual headroom is left"
  end
end

local function add_prevention(lines, seen)
  local roomy, unlimited, without = {}, {}, {}
  for _, consumer in ipairs(seen.consumers) do
    if consumer.workspace then
      local class = consumer.resource_class and (" (%s)"):format(consumer.resource_class) or ""
      if consumer.limit == 0 then
        unlimited[#unlimited + 1] = consumer.name
      elseif consumer.used * 4 < consumer.limit then
        roomy[#roomy + 1] = consumer.name .. class
      end
      if not consumer.auto_shutdown then without[#without + 1] = consumer.name end
    end
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = "Prevention"
  lines[#lines + 1] = "    Lower the default resource class." .. (#roomy > 0 and
    " Less than a quarter of their limit is used by: " .. table.concat(roomy, ", ") or "") .. (#unlimited > 0 and
    " No limit at all: " .. table.concat(unlimited, ", ") or "")
  lines[#lines + 1] = "    Enable auto-shutdown." .. (#without > 0 and
    " It is not enabled for: " .. table.concat(without, ", ") or "")
end

function memory_report.write(seen, params, dry_run)
  local lines = { headline(seen) }
  add_ranking(lines, seen, params)
  add_processes(lines, seen)
  lines[#lines + 1] = ""
  lines[#lines + 1] = "Options"
  add_contacts(lines, seen)
  add_idle(lines, seen, params, dry_run)
  add_more_memory(lines, seen)
  add_prevention(lines, seen)
  report(table.concat(lines, "\n"))
end

--- When the daemon does not answer, or cannot be asked: the host, and what was seen before.
function memory_report.without_docker(seen, params, err)
  local lines = { headline(seen) }
  lines[#lines + 1] = outage.is(err) and "  Docker does not answer, so workspaces are unknown: " .. err.message or
    "  Docker could not be asked, so workspaces are unknown: " .. err.message
  if err.hint then lines[#lines + 1] = "  do: " .. err.hint end
  if seen.consumers then add_ranking(lines, seen, params) end
  add_processes(lines, seen)
  lines[#lines + 1] = ""
  add_more_memory(lines, seen)
  report(table.concat(lines, "\n"))
end

return memory_report
