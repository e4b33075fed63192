--- Removes the containers of old workspaces that are stopped. Volumes stay: they may hold a user's work.

local outage = require("outage")
local workspaces = require("workspaces")

local cleanup = {}

--- Stopped containers that nobody has used for `older_than` (ms), the oldest first. One that is labelled to be kept
--- is none.
function cleanup.candidates(containers, older_than, now)
  local found = {}
  for _, container in ipairs(containers) do
    local idle = now - workspaces.last_used(container)
    if not workspaces.is_up(container) and not container.kept and idle >= older_than then
      found[#found + 1] = {
        id = container.id, name = container.name, workspace = container.workspace, owner = container.owner,
        idle_ms = idle,
      }
    end
  end
  table.sort(found, function(a, b) return a.idle_ms > b.idle_ms end)
  return found
end

--- Adds what each would free: its own layer.
function cleanup.measure(daemon, candidates, label)
  local sizes = {}
  for _, container in ipairs(docker.container.list {
    daemon = daemon, all = true, size = true, filters = { label = { label } },
  }) do
    sizes[container.id] = container.size_rw
  end
  for _, candidate in ipairs(candidates) do candidate.bytes = sizes[candidate.id] or 0 end
end

--- Removes them without force, so that one that was started meanwhile stays. Answers the removed ones, the kept ones
--- with the reason of each, and the error if Docker does not answer any more.
function cleanup.remove(daemon, candidates)
  local removed, kept, down = {}, {}, nil
  for _, candidate in ipairs(candidates) do
    local ok, err = false, down
    if not down then ok, err = pcall(docker.container.remove, { daemon = daemon, container = candidate.id }) end
    if ok or err.code == "NOT_FOUND" then
      removed[#removed + 1] = candidate
    elseif err.code == "CANCELLED" then
      error(err, 0)
    else
      if outage.is(err) then down = err end
      candidate.reason = err.message
      kept[#kept + 1] = candidate
      log.warn("could not remove " .. candidate.name, { reason = err.message })
    end
  end
  return removed, kept, down
end

return cleanup
