--- The workspaces of Boulder as Docker knows them: containers with the label of a workspace.

local settings = require("settings")
local times = require("std.times")

local workspaces = {}

local labels = settings.labels
local AT_ONCE = 16

--- What a label says; nil where there is none or it is empty.
local function label(container, name)
  local value = container.labels[name]
  return value ~= "" and value or nil
end

local function present(value)
  if value == json.null or value == "" then return nil end
  return value
end

local function record(listed, seen)
  return {
    id = listed.id, name = listed.name, image = seen.image, labels = listed.labels,
    workspace = label(listed, labels.workspace) or listed.name,
    owner = label(listed, labels.owner),
    kept = label(listed, labels.keep) == "true",
    state = seen.state, error = present(seen.error), exit_code = seen.exit_code,
    oom_killed = seen.oom_killed, restart_count = seen.restart_count or 0,
    created = times.parse(seen.created), started = times.parse(seen.started),
    finished = times.parse(seen.finished),
    ports = listed.ports, limits = seen.limits, health = present(seen.health),
  }
end

--- Every container of a workspace, running or not; one that is removed meanwhile is left out.
function workspaces.read(daemon)
  local listed = docker.container.list { daemon = daemon, all = true, filters = { label = { labels.workspace } } }
  local looks = { limit = AT_ONCE }
  for i, container in ipairs(listed) do
    looks[i] = function()
      local ok, seen = pcall(docker.container.get, { daemon = daemon, container = container.id })
      if ok then return record(container, seen) end
      if seen.code ~= "NOT_FOUND" then error(seen, 0) end
    end
  end
  local seen, found = parallel(looks), {}
  for i = 1, #listed do found[#found + 1] = seen[i] end
  return found
end

--- Whom to contact, in words.
function workspaces.owner(container) return container.owner or "unknown owner" end

--- When somebody last did something with a stopped container, as far as Docker knows.
function workspaces.last_used(container)
  return math.max(container.created or 0, container.started or 0, container.finished or 0)
end

function workspaces.is_up(container)
  return container.state == "running" or container.state == "paused" or container.state == "restarting"
end

return workspaces
