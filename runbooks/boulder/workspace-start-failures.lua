--- Alert "Workspace Start Failure Rate > 5%" (P2): looks at the host, the Docker daemon and recent errors, tells the
--- common causes apart, clears old workspaces when it is asked to, and says whether to escalate.

local causes = require("causes")
local cleanup = require("cleanup")
local errors = require("errors")
local events = require("events")
local incident = require("incident")
local outage = require("outage")
local ports = require("ports")
local record = require("record")
local settings = require("settings")
local starts = require("starts")
local start_report = require("start_report")
local times = require("std.times")
local units = require("std.units")
local workspaces = require("workspaces")

local defaults = settings.start_failures
local ROOT_DIR = "/var/lib/docker" -- where Docker keeps everything, unless it says otherwise

-- The guide's `boulder admin stats`: processors, memory, disks and network.
local function read_machine()
  local seen = parallel { machine = host.get, interfaces = host.interface.list }
  seen.machine.interfaces = json.list {}
  for _, interface in ipairs(seen.interfaces) do
    local carries = interface.name ~= "lo" and not interface.name:find("^veth")
    if carries and interface.state ~= "down" then table.insert(seen.machine.interfaces, interface) end
  end
  return seen.machine
end

local function newer(attempts, from)
  local found = {}
  for _, attempt in ipairs(attempts) do
    if attempt.at >= from then found[#found + 1] = attempt end
  end
  return found
end

-- What is kept for later runs goes back as far as any of them looks by default.
local function count_starts(seen, params)
  local daemon, now = params.daemon, times.now()
  local from = now - units.duration(params.since)
  local window = {
    from = math.min(from, now - units.duration(defaults.since)), grace = units.duration(params.start_grace),
  }
  seen.containers = workspaces.read(daemon)
  local told = events.read(daemon)
  local attempts = starts.attempts(seen.containers, told.containers, told.networks, window)
  attempts = record.merge(attempts, seen.before, window.from)
  local reach = events.reach(told, seen.containers, seen.before, window.from, now)
  record.remember(daemon, { at = now, newest = told.newest, reach = reach, attempts = attempts },
    units.format_duration(now - window.from))
  seen.starts = starts.summary(newer(attempts, from))
  seen.events_since = reach > from and reach or nil
end

local function gather_errors(seen, params)
  local failed = {}
  for _, attempt in ipairs(seen.starts.failed) do failed[attempt.id] = true end
  local found = errors.of_starts(seen.starts.failed)
  local in_logs, read = errors.in_logs({
    daemon = params.daemon, since = params.since, limit = defaults.log_limit, containers = defaults.log_containers,
    failed = failed,
  }, seen.containers, errors.services(params.daemon))
  seen.logs = read
  return table.move(in_logs, 1, #in_logs, #found + 1, found)
end

local function look_for_causes(seen, ctx)
  local params = ctx.params
  seen.disks = causes.disks(seen.machine, seen.here and seen.docker.root_dir, params.disk_full)
  seen.images = causes.missing_images(params.daemon, seen.containers, seen.errors, defaults.images)
  if #seen.images > 0 and params.check_registry and causes.may_pull(seen.errors, seen.disks) then
    step("Check the registry", function()
      for _, image in ipairs(seen.images) do causes.try_pull(params.daemon, image, ctx.dry_run) end
    end)
  end
  seen.ports = ports.holders(params.daemon, seen.containers, seen.starts.failed, seen.here)
  seen.networks = causes.wants_networks(seen.errors) and ports.unused_networks(params.daemon) or {}
  return causes.find { errors = seen.errors, disks = seen.disks, images = seen.images, networks = seen.networks }
end

-- What could be cleared, where a disk of the host is full; cleared only when that was asked for.
local function clear_old_workspaces(seen, params)
  local is_full = false
  for _, cause in ipairs(seen.causes) do is_full = is_full or cause.on_host or false end
  if not is_full then return { candidates = {}, removed = {}, kept = {}, asked = params.cleanup } end
  local candidates = cleanup.candidates(seen.containers, units.duration(params.cleanup_older_than), times.now())
  if #candidates > 0 then cleanup.measure(params.daemon, candidates, settings.labels.workspace) end
  local done = { candidates = candidates, removed = {}, kept = {}, asked = params.cleanup, disk_full = true }
  if params.cleanup and #candidates > 0 then
    done.removed, done.kept, seen.outage = step("Remove old workspaces", cleanup.remove, params.daemon, candidates)
  end
  return done
end

-- All that asks Docker, in the guide's order.
local function look_at_docker(seen, ctx)
  local params = ctx.params
  seen.docker = step("Check the Docker daemon", docker.system.get, { daemon = params.daemon })
  seen.here = seen.docker.name == seen.machine.hostname
  step("Count starts of workspaces", count_starts, seen, params)
  seen.errors = step("Gather recent errors", gather_errors, seen, params)
  seen.causes = step("Look for common causes", look_for_causes, seen, ctx)
  seen.cleanup = clear_old_workspaces(seen, params)
end

-- What is known without Docker: this machine, and what earlier runs have seen.
local function go_without_docker(seen, params)
  local from = times.now() - units.duration(params.since)
  local before = seen.before and seen.before.attempts or {}
  seen.starts = seen.starts or starts.summary(newer(before, from))
  seen.errors = seen.errors or errors.of_starts(seen.starts.failed)
  local root = seen.docker and (seen.here and seen.docker.root_dir or nil) or ROOT_DIR
  seen.disks = causes.disks(seen.machine, root, params.disk_full)
  seen.causes = seen.causes or causes.find { errors = seen.errors, disks = seen.disks, images = {}, networks = {} }
end

local function judge(seen, params)
  local started, firing_for = seen.starts, units.duration(params.firing_for)
  seen.failing = seen.outage ~= nil or started.rate > params.max_rate or firing_for > 0
  -- Nothing seen is no proof that all is well, so it ends no incident.
  seen.is_known = started.starts > 0 and not seen.events_since
  local failing
  if seen.failing then failing = true elseif seen.is_known then failing = false end
  seen.since = incident.note(params.daemon, failing, firing_for, defaults.forget_after)
  local escalation = incident.escalation({
    failing = seen.failing, outage = seen.outage, rate = started.rate, users = #started.users,
    lasts_ms = seen.since and times.now() - seen.since or 0,
  }, { rate = params.escalate_rate, users = params.escalate_users, after = params.escalate_after })
  seen.verdict = escalation.needed and "critical" or (seen.failing or #seen.causes > 0) and "warning"
    or seen.is_known and "ok" or "unknown"
  return escalation
end

local function names_of(list)
  local names = {}
  for _, item in ipairs(list) do names[#names + 1] = item.name end
  return json.list(names)
end

local function moment(ms) return ms and times.format(ms) or json.null end

local function result_of(seen, dry_run)
  local down = seen.outage and { code = seen.outage.code, message = seen.outage.message }
  return {
    verdict = seen.verdict,
    docker_outage = down or json.null,
    starts = seen.starts.starts,
    failed = #seen.starts.failed,
    rate_percent = seen.starts.rate,
    users = json.list(seen.starts.users),
    workspaces = json.list(seen.starts.workspaces),
    failing_since = moment(seen.since),
    events_since = moment(seen.events_since),
    causes = json.list(seen.causes),
    errors = json.list(seen.errors),
    logs = { unread = json.list(seen.logs.unread), truncated = json.list(seen.logs.truncated) },
    ports = json.list(seen.ports),
    missing_images = json.list(seen.images),
    disks = json.list(seen.disks),
    network = seen.machine.interfaces,
    cleanup = {
      candidates = names_of(seen.cleanup.candidates), kept = names_of(seen.cleanup.kept),
      removed = dry_run and json.list {} or names_of(seen.cleanup.removed),
    },
    escalate = seen.escalation,
  }
end

-- Until Docker has told more.
local function nothing_seen(params)
  return {
    logs = { unread = {}, truncated = {} }, ports = {}, images = {},
    cleanup = { candidates = {}, removed = {}, kept = {}, asked = params.cleanup },
  }
end

return runbook {
  summary = "Workspace start failure rate above 5 %: finds the cause, and says whether to escalate.",
  severity = "P2",
  on = { alert "WorkspaceStartFailureRate" },
  timeout = "15m",
  allow = { "state:change", "docker.container.remove", "docker.image.pull" },
  params = {
    { "since", "duration", "How far back starts and errors are looked at", defaults.since },
    { "cleanup", "boolean", "Removes old stopped workspaces where the disk is full; else they are only named", false },
    { "cleanup_older_than", "duration", "How long ago an old workspace was last active", defaults.cleanup_older_than },
    { "check_registry", "boolean", "Pulls missing images that starts need, once a pull has failed", true },
    { "firing_for", "duration", "How long the alert has been firing, if that is known", "0s" },
    { "max_rate", "number", "Percent of starts that may fail", defaults.max_rate, min = 0, max = 100 },
    { "escalate_rate", "number", "Escalate above so many percent", defaults.escalate_rate, min = 0, max = 100 },
    { "escalate_users", "integer", "Escalate when more users are affected", defaults.escalate_users, min = 0 },
    { "escalate_after", "duration", "Escalate when it lasts longer", defaults.escalate_after },
    { "start_grace", "duration", "Who ends with an error so soon has failed to start", defaults.start_grace },
    { "disk_full", "number", "Percent from which on a disk is full", defaults.disk_full, min = 0, max = 100 },
    { "daemon", "string", "Which Docker daemon", settings.daemon },
  },
  run = function(ctx)
    local params = ctx.params
    local seen = nothing_seen(params)
    seen.machine = step("Check system resources", read_machine)
    seen.before = record.recall(params.daemon)
    local ok, err = pcall(look_at_docker, seen, ctx)
    if not ok and not outage.is(err) then
      if outage.of_docker(err) then start_report.could_not_ask(seen.machine, err) end
      error(err, 0)
    end
    if not ok then
      seen.outage = err
      go_without_docker(seen, params)
    end
    seen.escalation = step("Decide on escalation", judge, seen, params)
    start_report.write(seen, params, ctx.dry_run)
    return result_of(seen, ctx.dry_run)
  end,
}
