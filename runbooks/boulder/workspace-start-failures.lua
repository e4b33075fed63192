--- Alert "Workspace Start Failure Rate > 5%" (P2): looks at the host, the Docker daemon and recent errors, tells the
--- common causes apart, clears old workspaces when it is asked to, and says whether to escalate.

local causes = require("causes")
local cleanup = require("cleanup")
local errors = require("errors")
local incident = require("incident")
local ports = require("ports")
local settings = require("settings")
local starts = require("starts")
local start_report = require("start_report")
local times = require("std.times")
local units = require("std.units")
local workspaces = require("workspaces")

local defaults = settings.start_failures

local function read_daemon(daemon, machine)
  local ok, answer = pcall(docker.system.get, { daemon = daemon })
  if ok then return answer end
  if answer.code ~= "CANCELLED" then start_report.without_docker(machine, answer) end
  error(answer, 0)
end

local function read_events(daemon, since)
  local label = settings.labels.workspace
  return parallel {
    containers = function()
      return docker.event.list {
        daemon = daemon, since = since, limit = 10000, filters = { type = { "container" }, label = { label } },
      }
    end,
    networks = function()
      return docker.event.list { daemon = daemon, since = since, limit = 10000, filters = { type = { "network" } } }
    end,
  }
end

local function count_starts(seen, params)
  local window = { from = times.now() - units.duration(params.since), grace = units.duration(params.start_grace) }
  seen.starts = starts.summary(starts.attempts(seen.containers, seen.events.containers, seen.events.networks, window))
end

local function gather_errors(seen, params)
  local failed = {}
  for _, attempt in ipairs(seen.starts.failed) do failed[attempt.id] = true end
  local found = errors.of_starts(seen.starts.failed)
  local in_logs = errors.in_logs({
    daemon = params.daemon, since = params.since, lines = defaults.log_lines, containers = defaults.log_containers,
    failed = failed,
  }, seen.containers, errors.services(params.daemon))
  table.move(in_logs, 1, #in_logs, #found + 1, found)
  return found
end

local function look_for_causes(seen, ctx)
  local params = ctx.params
  seen.disks = causes.disks(seen.machine, seen.here and seen.docker.root_dir, params.disk_full)
  seen.images = causes.missing_images(params.daemon, seen.containers, defaults.images)
  if #seen.images > 0 and params.check_registry then
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
    done.removed, done.kept = step("Remove old workspaces", cleanup.remove, params.daemon, candidates)
  end
  return done
end

local function judge(seen, params)
  local failing = seen.starts.rate > params.max_rate
  local since = incident.note(failing, units.duration(params.firing_for), defaults.forget_after)
  seen.since = since
  seen.failing = failing
  return incident.escalation({
    failing = failing, rate = seen.starts.rate, users = #seen.starts.users,
    lasts_ms = since and times.now() - since or 0,
  }, { rate = params.escalate_rate, users = params.escalate_users, after = params.escalate_after })
end

local function names_of(list)
  local names = {}
  for _, item in ipairs(list) do names[#names + 1] = item.name end
  return json.list(names)
end

local function result_of(seen, dry_run)
  return {
    verdict = seen.escalation.needed and "critical" or seen.failing and "warning" or "ok",
    starts = seen.starts.starts,
    failed = #seen.starts.failed,
    rate_percent = seen.starts.rate,
    users = json.list(seen.starts.users),
    workspaces = json.list(seen.starts.workspaces),
    failing_since = seen.since and times.format(seen.since) or json.null,
    causes = json.list(seen.causes),
    errors = json.list(seen.errors),
    ports = json.list(seen.ports),
    missing_images = json.list(seen.images),
    disks = json.list(seen.disks),
    cleanup = {
      candidates = names_of(seen.cleanup.candidates), kept = names_of(seen.cleanup.kept),
      removed = dry_run and json.list {} or names_of(seen.cleanup.removed),
    },
    escalate = seen.escalation,
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
    { "check_registry", "boolean", "Pulls images of workspaces that are missing, to see whether that works", true },
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
    local params, seen = ctx.params, {}
    seen.machine = step("Check system resources", host.get)
    seen.docker = step("Check the Docker daemon", read_daemon, params.daemon, seen.machine)
    seen.here = seen.docker.name == seen.machine.hostname
    step("Count starts of workspaces", function()
      seen.containers = workspaces.read(params.daemon)
      seen.events = read_events(params.daemon, params.since)
      count_starts(seen, params)
    end)
    seen.errors = step("Gather recent errors", gather_errors, seen, params)
    seen.causes = step("Look for common causes", look_for_causes, seen, ctx)
    seen.cleanup = clear_old_workspaces(seen, params)
    seen.escalation = step("Decide on escalation", judge, seen, params)
    start_report.write(seen, params, ctx.dry_run)
    return result_of(seen, ctx.dry_run)
  end,
}
