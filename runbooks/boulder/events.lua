--- What a Docker daemon still knows of the past, and how far back that goes: it keeps its last 256 events of whatever
--- kind, each health check and each exec several of them, and none from before its own start.

local settings = require("settings")
local times = require("std.times")

local events = {}

local KEPT = 256 -- by Docker
local SAME_MS = 2000 -- an event and the container's own time of it

local function key(event) return ("%s %s %s"):format(event.time, event.action, event.id) end

--- All that the daemon knows, the oldest first. Read without a filter, which would hide how many there are.
---@return table { containers (of workspaces), networks, oldest (ms)?, newest (its key)?, keys, full }
function events.read(daemon)
  local all = docker.event.list { daemon = daemon, limit = 10000 }
  local read = { containers = {}, networks = {}, keys = {}, full = #all >= KEPT }
  for _, event in ipairs(all) do
    if event.type == "network" then
      table.insert(read.networks, event)
    elseif event.type == "container" and event.attributes[settings.labels.workspace] then
      table.insert(read.containers, event)
    end
    read.keys[key(event)] = true
  end
  if #all > 0 then read.oldest, read.newest = times.parse(all[1].time), key(all[#all]) end
  return read
end

-- A start that no event tells of: the daemon has forgotten what was before the oldest one.
local function forgot_a_start(read, containers, from)
  local told = {}
  for _, event in ipairs(read.containers) do
    if event.action == "start" then told[event.id] = times.parse(event.time) end
  end
  for _, container in ipairs(containers) do
    local started = container.started
    if started and started >= from and (not read.oldest or started < read.oldest - SAME_MS) and
      (not told[container.id] or told[container.id] < started - SAME_MS) then
      return true
    end
  end
  return false
end

--- From when on (ms) nothing is missing; 0 where nothing speaks for a gap since `from`.
--- before: { at, newest, reach } of an earlier run, which closes the gap when its newest event is still known.
function events.reach(read, containers, before, from, now)
  local oldest = read.oldest or now
  local reach = read.full and oldest or 0
  if forgot_a_start(read, containers, from) then reach = oldest end
  if not before or not before.newest then return reach end
  if read.keys[before.newest] then return math.min(reach, before.reach) end
  return before.at > from and oldest or reach
end

--- A moment for a person's eye: "12:05 UTC", with its date where that is another day.
function events.moment(ms, now)
  local same_day = ms // 86400000 == now // 86400000
  return os.date(same_day and "!%H:%M UTC" or "!%Y-%m-%d %H:%M UTC", ms // 1000 | 0)
end

return events
