--- What a person reads of workspace-start-failures: the verdict first, then causes with what to do, then what was seen.

local events = require("events")
local times = require("std.times")
local units = require("std.units")
local workspaces = require("workspaces")

local start_report = {}

local TITLES = {
  disk_full = "disk full", image_pull = "image pull failures", port_exhaustion = "port exhaustion",
  out_of_memory = "out of memory",
}
local SHOWN = 10 -- of any list

local function count(number, noun) return ("%d %s%s"):format(number, noun, number == 1 and "" or "s") end

-- Names in one line.
local function some(names)
  local shown = table.concat(table.move(names, 1, math.min(#names, SHOWN), 1, {}), ", ")
  return #names > SHOWN and ("%s and %d more"):format(shown, #names - SHOWN) or shown
end

local function add_some(lines, list, words)
  for i, item in ipairs(list) do
    if i > SHOWN then
      lines[#lines + 1] = ("    and %d more"):format(#list - SHOWN)
      return
    end
    lines[#lines + 1] = "    " .. words(item)
  end
end

local function of_starts(seen, since)
  local started = seen.starts
  if started.starts == 0 then return ("Docker saw no start of a workspace in the last %s"):format(since) end
  local words = ("%d of %s failed in the last %s (%s %%)"):format(#started.failed,
    count(started.starts, "workspace start"), since, units.format_number(started.rate))
  if #started.failed == 0 then return words end
  return ("%s, %s affected"):format(words, count(#started.users, "user"))
end

local function of_causes(seen)
  local titles, said = {}, {}
  for i, cause in ipairs(seen.causes) do titles[i] = TITLES[cause.cause] end
  for _, err in ipairs(seen.errors) do said[err.cause or false] = true end
  local all_said = true
  for _, cause in ipairs(seen.causes) do all_said = all_said and said[cause.cause] or false end
  return (all_said and "errors speak of %s" or "there are signs of %s"):format(table.concat(titles, ", "))
end

-- Says why the verdict is what it is.
local function reason(seen, params)
  if seen.outage then return "Docker does not answer, so no workspace can start" end
  local words = of_starts(seen, params.since)
  if seen.failing then
    if seen.starts.rate > params.max_rate then return words end
    return ("the alert has been firing for %s, though %s"):format(params.firing_for, words)
  end
  if seen.verdict == "warning" then
    if seen.starts.starts > 0 and #seen.starts.failed == 0 then words = "the starts that Docker saw are fine" end
    return ("%s, but %s"):format(words, of_causes(seen))
  end
  if seen.verdict == "unknown" and seen.starts.starts == 0 then
    return words .. "; if users try to start some, Boulder does not come so far as to ask Docker"
  end
  return words
end

local WORDS = { critical = "CRITICAL, ESCALATE", warning = "WARNING", unknown = "UNKNOWN", ok = "OK" }

local function add_headline(lines, seen, params)
  lines[#lines + 1] = WORDS[seen.verdict] .. ": " .. reason(seen, params)
  if seen.events_since then
    lines[#lines + 1] = ("  Docker's events reach back only to %s; failures may be missing"):format(
      events.moment(seen.events_since, times.now()))
  end
  if seen.since and not seen.failing then
    lines[#lines + 1] = ("  earlier runs have seen that starts fail since %s"):format(
      events.moment(seen.since, times.now()))
  end
end

local function add_outage(lines, err)
  if not err then return end
  lines[#lines + 1] = "    " .. err.message
  lines[#lines + 1] = "  do: systemctl status docker; journalctl -u docker --since -1h"
end

local function add_escalation(lines, seen)
  if not seen.failing then return end
  lines[#lines + 1] = ""
  lines[#lines + 1] = seen.escalation.needed and "ESCALATE, because" or "No reason to escalate yet:"
  for _, criterion in ipairs(seen.escalation.criteria) do
    if criterion.holds or not seen.escalation.needed then lines[#lines + 1] = "    " .. criterion.words end
  end
end

local function add_causes(lines, seen)
  for _, cause in ipairs(seen.causes) do
    lines[#lines + 1] = ""
    lines[#lines + 1] = "CAUSE: " .. TITLES[cause.cause]
    add_some(lines, cause.evidence, function(line) return line end)
    lines[#lines + 1] = "  do: " .. cause.advice
  end
  if #seen.causes == 0 and #seen.starts.failed > 0 then
    lines[#lines + 1] = ""
    lines[#lines + 1] = "CAUSE: none of the common ones (disk, image pull, ports, memory); read the errors below"
  end
end

local function add_ports(lines, holders)
  if #holders == 0 then return end
  lines[#lines + 1] = ""
  lines[#lines + 1] = "Ports"
  add_some(lines, holders, function(holder)
    local words = ("%d/%s  %s%s: %s"):format(holder.port, holder.protocol, holder.leaked and "LEAKED, " or "",
      "held by " .. holder.held_by, holder.why)
    if #holder.wanted_by > 0 then words = words .. "; wanted by " .. table.concat(holder.wanted_by, ", ") end
    if holder.owner then words = words .. "; owner " .. holder.owner end
    return holder.advice and words .. "; free it: " .. holder.advice or words
  end)
end

local function add_cleanup(lines, seen, params, dry_run)
  local done = seen.cleanup
  if not done.disk_full then return end
  lines[#lines + 1] = ""
  if #done.candidates == 0 then
    lines[#lines + 1] = ("Cleanup: no stopped workspace is older than %s"):format(params.cleanup_older_than)
    return
  end
  local bytes, verb = 0, "Cleanup: could remove"
  for _, each in ipairs(done.candidates) do bytes = bytes + each.bytes end
  if done.asked then verb = dry_run and "Cleanup: would remove" or "Cleanup: removed" end
  local list = done.asked and not dry_run and done.removed or done.candidates
  lines[#lines + 1] = ("%s %s, unused for %s or longer, %s in all"):format(verb,
    count(#list, "stopped workspace"), params.cleanup_older_than, units.format_size(bytes))
  add_some(lines, list, function(each)
    return ("%s (workspace %s, %s), unused for %s, %s"):format(each.name, each.workspace, workspaces.owner(each),
      times.span(each.idle_ms), units.format_size(each.bytes))
  end)
  for _, each in ipairs(done.kept) do
    lines[#lines + 1] = ("    %s could not be removed: %s"):format(each.name, each.reason)
  end
  if not done.asked then lines[#lines + 1] = "  do: run it again with --cleanup (--dry-run shows it first)" end
end

-- What was said several times is one line, with how often.
local function add_errors(lines, errors)
  if #errors == 0 then return end
  local words, times_said = {}, {}
  for _, err in ipairs(errors) do
    local who = err.workspace and (" (%s)"):format(workspaces.owner(err)) or ""
    local line = ("%-8s%s%s: %s"):format(err.source, err.name, who, err.text)
    if not times_said[line] then words[#words + 1] = line end
    times_said[line] = (times_said[line] or 0) + 1
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = "Recent errors"
  add_some(lines, words, function(line)
    return times_said[line] > 1 and ("%s (%d times)"):format(line, times_said[line]) or line
  end)
end

local function add_unread(lines, logs)
  if #logs.unread > 0 then
    lines[#lines + 1] = ("  not read: the log of %s"):format(some(logs.unread))
  end
  if #logs.truncated > 0 then
    lines[#lines + 1] = ("  only the newest lines were read of %s"):format(some(logs.truncated))
  end
end

local function add_machine(lines, machine)
  lines[#lines + 1] = ""
  lines[#lines + 1] = "Host " .. machine.hostname
  lines[#lines + 1] = ("    cpu     %.0f %% busy, load %.2f on %s"):format(machine.cpu.usage_percent,
    machine.load.one, count(machine.cpu.count, "processor"))
  lines[#lines + 1] = ("    memory  %.0f %% of %s used, %s available"):format(machine.memory.used_percent,
    units.format_size(machine.memory.total_bytes), units.format_size(machine.memory.available_bytes))
  for mount, disk in pairs(machine.disk) do
    if not disk.error then
      lines[#lines + 1] = ("    disk    %s: %.0f %% used, %s left"):format(mount, disk.used_percent,
        units.format_size(disk.available_bytes))
    end
  end
  for _, interface in ipairs(machine.interfaces) do
    local received, sent = interface.received, interface.sent
    lines[#lines + 1] = ("    network %s: %s received, %s sent since it came up; %d errors, %d dropped"):format(
      interface.name, units.format_size(received.bytes), units.format_size(sent.bytes), received.errors + sent.errors,
      received.dropped + sent.dropped)
  end
end

local function add_docker(lines, seen)
  local system = seen.docker
  lines[#lines + 1] = ("Docker %s on %s, storage driver %s"):format(system.version, system.name,
    system.driver)
  lines[#lines + 1] = ("    %d running, %d paused, %d stopped containers, %s; data in %s"):format(system.running,
    system.paused, system.stopped, count(system.images, "image"), system.root_dir)
  if not seen.here then
    lines[#lines + 1] = "    it is on another machine: its disks and processes were not looked at"
  end
  for _, warning in ipairs(system.warnings) do lines[#lines + 1] = "    warning: " .. warning end
end

function start_report.write(seen, params, dry_run)
  local lines = {}
  add_headline(lines, seen, params)
  add_outage(lines, seen.outage)
  add_escalation(lines, seen)
  add_causes(lines, seen)
  add_ports(lines, seen.ports)
  add_cleanup(lines, seen, params, dry_run)
  add_errors(lines, seen.errors)
  add_unread(lines, seen.logs)
  add_machine(lines, seen.machine)
  if seen.docker then add_docker(lines, seen) end
  report(table.concat(lines, "\n"))
end

--- When the daemon could not be asked, which says nothing about workspaces: what to do about that, and the host.
function start_report.could_not_ask(machine, err)
  local lines = { "UNKNOWN: Docker could not be asked", "    " .. err.message }
  if err.hint then lines[#lines + 1] = "  do: " .. err.hint end
  add_machine(lines, machine)
  report(table.concat(lines, "\n"))
end

return start_report
