--- Alert "High Memory Usage" (P3): ranks who uses the memory, names whom to contact, stops idle workspaces when it is
--- asked to, and says what else can be done.

local activity = require("activity")
local events = require("events")
local memory_report = require("memory_report")
local outage = require("outage")
local settings = require("settings")
local times = require("std.times")
local units = require("std.units")
local workspaces = require("workspaces")

local defaults = settings.high_memory
local AT_ONCE = 16

-- Every running container with its use; what is no workspace is ranked too.
local function measure(daemon)
  local of_workspace, looks = {}, { limit = AT_ONCE }
  for _, container in ipairs(workspaces.read(daemon)) do of_workspace[container.id] = container end
  for i, listed in ipairs(docker.container.list { daemon = daemon }) do
    looks[i] = function()
      local ok, stats = pcall(docker.container.stats, { daemon = daemon, container = listed.id })
      if ok then
        local container = of_workspace[listed.id]
        return {
          id = listed.id, name = listed.name, image = listed.image, stats = stats, container = container,
          workspace = container and container.workspace, owner = container and container.owner,
          used = stats.memory.used, limit = container and container.limits.memory or 0,
          resource_class = listed.labels[settings.labels.resource_class],
          auto_shutdown = (listed.labels[settings.labels.auto_shutdown] or "false") ~= "false",
        }
      end
      if stats.code ~= "NOT_FOUND" and stats.code ~= "CONFLICT" then error(stats, 0) end
    end
  end
  local consumers, seen = {}, parallel(looks)
  for i = 1, #looks do consumers[#consumers + 1] = seen[i] end
  table.sort(consumers, function(a, b) return a.used > b.used end)
  return consumers
end

local function judge_activity(seen, params)
  local consumers = seen.consumers
  local has_health, evidence = {}, { now = times.now(), lines = {}, remembered = activity.recall(params.daemon) }
  local reads, ids = { limit = AT_ONCE }, {}
  for _, consumer in ipairs(consumers) do
    if consumer.workspace then
      has_health[consumer.id] = consumer.container.health
      ids[#ids + 1] = consumer.id
      reads[#reads + 1] = function() return activity.newest_line(params.daemon, consumer.id) end
    end
  end
  for i, at in pairs(parallel(reads)) do evidence.lines[ids[i]] = at end
  local idle_after, idle = units.duration(params.idle), {}
  local told = events.read(params.daemon)
  evidence.events = activity.newest_events(told.containers, has_health)
  local reach = events.reach(told, {}, nil, 0, evidence.now)
  seen.events_since = reach > evidence.now - idle_after and reach or nil
  for _, consumer in ipairs(consumers) do
    if consumer.workspace then
      activity.judge(consumer, evidence)
      consumer.idle_ms = math.max(0, evidence.now - consumer.last_active)
      consumer.idle = consumer.idle_ms > idle_after and not consumer.container.kept
      if consumer.idle then idle[#idle + 1] = consumer end
    end
  end
  activity.remember(params.daemon, consumers)
  return idle
end

-- Looked at once more, and stopped where it is idle still.
local function stop(consumer, daemon)
  if not activity.is_still_idle(daemon, consumer) then return false end
  docker.container.stop { daemon = daemon, container = consumer.id }
  return true
end

-- A failure is its own, and the others are stopped all the same, unless Docker is gone. Fills in stopped, spared (used
-- or removed meanwhile) and unstopped, those two each with its reason.
local function stop_idle(seen, params)
  local tasks, down = { limit = AT_ONCE }, nil
  for i, consumer in ipairs(seen.idle) do
    tasks[i] = function()
      local ok, answer = false, down
      if not down then ok, answer = pcall(stop, consumer, params.daemon) end
      if not ok and answer.code == "CANCELLED" then error(answer, 0) end
      if not ok and outage.is(answer) then down = answer end
      return { ok = ok, answer = answer }
    end
  end
  for i, done in ipairs(parallel(tasks)) do
    local consumer = seen.idle[i]
    if done.ok and done.answer then
      table.insert(seen.stopped, consumer)
    elseif done.ok or done.answer.code == "NOT_FOUND" then
      consumer.reason = done.ok and "has just been used, and was left alone" or "has been removed meanwhile"
      table.insert(seen.spared, consumer)
      log.info(consumer.name .. " " .. consumer.reason)
    else
      consumer.reason = done.answer.message
      table.insert(seen.unstopped, consumer)
      log.warn("could not stop " .. consumer.name, { reason = consumer.reason })
    end
  end
end

local function sum(consumers, field)
  local total = 0
  for _, consumer in ipairs(consumers) do total = total + consumer[field] end
  return total
end

-- What would have to be added so that the headroom is left while everything goes on as it is.
local function missing_memory(memory)
  return math.max(0, memory.used_bytes / (1 - defaults.headroom / 100) - memory.total_bytes) // 1 | 0
end

local function shown(consumer)
  return {
    name = consumer.name, workspace = consumer.workspace, owner = consumer.owner, image = consumer.image,
    memory_bytes = consumer.used, limit_bytes = consumer.limit, cpu_percent = consumer.stats.cpu_percent,
    idle = consumer.idle or false, idle_ms = consumer.idle_ms, resource_class = consumer.resource_class,
    last_active = consumer.last_active and times.format(consumer.last_active),
  }
end

-- One entry for each owner: their idle workspaces and what they use.
local function contacts(consumers)
  local by_owner, list = {}, {}
  for _, consumer in ipairs(consumers) do
    if consumer.workspace then
      local owner = workspaces.owner(consumer)
      local contact = by_owner[owner]
      if not contact then
        contact = { owner = owner, memory_bytes = 0, workspaces = json.list {}, idle = json.list {} }
        by_owner[owner], list[#list + 1] = contact, contact
      end
      contact.memory_bytes = contact.memory_bytes + consumer.used
      table.insert(contact.workspaces, consumer.workspace)
      if consumer.idle then table.insert(contact.idle, consumer.workspace) end
    end
  end
  table.sort(list, function(a, b) return a.memory_bytes > b.memory_bytes end)
  return list
end

local function names(consumers)
  local list = json.list {}
  for _, consumer in ipairs(consumers) do list[#list + 1] = consumer.name end
  return list
end

local function result_of(seen, dry_run)
  local consumers = json.list {}
  for _, consumer in ipairs(seen.consumers) do consumers[#consumers + 1] = shown(consumer) end
  return {
    verdict = seen.high and "warning" or "ok",
    used_percent = seen.machine.memory.used_percent,
    consumers = consumers,
    contacts = json.list(seen.contacts),
    idle = names(seen.idle),
    stopped = dry_run and json.list {} or names(seen.stopped),
    spared = names(seen.spared),
    unstopped = names(seen.unstopped),
    events_since = seen.events_since and times.format(seen.events_since) or json.null,
    reclaimable_bytes = sum(seen.idle, "used"),
    memory_to_add_bytes = missing_memory(seen.machine.memory),
  }
end

-- All that asks Docker.
local function look_at_docker(seen, params)
  seen.consumers = step("Rank the consumers", measure, params.daemon)
  seen.idle = step("Look for idle workspaces", judge_activity, seen, params)
end

return runbook {
  summary = "High memory usage: ranks the consumers, names their owners, and can stop idle workspaces.",
  severity = "P3",
  on = { alert "HighMemoryUsage" },
  timeout = "15m",
  allow = { "state:change", "docker.container.stop" },
  params = {
    { "stop_idle", "boolean", "Stops workspaces that have been idle for long; else they are only named", false },
    { "idle", "duration", "How long ago the last activity of an idle workspace is", defaults.idle },
    { "max_used", "number", "Percent of the host's memory from which on usage is high", defaults.max_used,
      min = 0, max = 100 },
    { "top", "integer", "How many consumers are shown", defaults.top, min = 1 },
    { "daemon", "string", "Which Docker daemon", settings.daemon },
  },
  run = function(ctx)
    local params, seen = ctx.params, { stopped = {}, spared = {}, unstopped = {} }
    seen.machine = step("Check the host's memory", host.get)
    seen.high = seen.machine.memory.used_percent >= params.max_used
    seen.processes = host.process.list { sort = "memory", limit = 5, sample = "0s" }
    seen.to_add = missing_memory(seen.machine.memory)
    local ok, err = pcall(look_at_docker, seen, params)
    if not ok then
      if outage.of_docker(err) then memory_report.without_docker(seen, params, err) end
      error(err, 0)
    end
    seen.contacts = contacts(seen.consumers)
    if params.stop_idle and #seen.idle > 0 then step("Stop idle workspaces", stop_idle, seen, params) end
    memory_report.write(seen, params, ctx.dry_run)
    return result_of(seen, ctx.dry_run)
  end,
}
