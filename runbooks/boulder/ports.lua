--- Who holds the ports that workspaces could not get, and which of them have leaked.
---
--- A port has leaked when it is published by a container of a workspace that has stopped or failed otherwise, or by
--- a docker-proxy process whose container does not publish it (any more). A wanted port that another program or another
--- container holds is no leak, but it is named too.

local workspaces = require("workspaces")

local ports = {}

local WANTED = { ":(%d+) failed: port is already allocated", ":(%d+): bind: address already in use" }

--- The port that an error text says was taken; nil where it names none.
function ports.wanted(message)
  for _, pattern in ipairs(WANTED) do
    local port = message:match(pattern)
    if port then return math.tointeger(tonumber(port)) end
  end
end

local function key(port, protocol) return ("%d/%s"):format(port, protocol) end

-- protocol without the 4 or 6 that some sources put behind it
local function plain(protocol) return (protocol:gsub("[46]$", "")) end

-- Workspaces of which a container is down, by name.
local function stopped_workspaces(containers)
  local stopped = {}
  for _, container in ipairs(containers) do
    if not workspaces.is_up(container) then stopped[container.workspace] = container.name end
  end
  return stopped
end

-- What running containers publish, workspaces or not, by port and protocol.
local function published(daemon, containers)
  local by_id, held = {}, {}
  for _, container in ipairs(containers) do by_id[container.id] = container end
  for _, container in ipairs(docker.container.list { daemon = daemon }) do
    for _, port in ipairs(container.ports) do
      if port.public and port.public ~= json.null then
        held[key(port.public, plain(port.type))] = {
          port = port.public, protocol = plain(port.type), container = container.name,
          workspace = by_id[container.id] and by_id[container.id].workspace,
          owner = by_id[container.id] and by_id[container.id].owner,
        }
      end
    end
  end
  return held
end

-- A port is also held by who listens on it. docker-proxy is told by its name and its arguments.
local function listeners(here)
  if not here then return {} end
  local found = {}
  for _, listener in ipairs(host.port.list()) do
    found[key(listener.port, plain(listener.protocol))] = {
      port = listener.port, protocol = plain(listener.protocol),
      process = listener.process ~= json.null and listener.process or nil,
      pid = listener.pid ~= json.null and listener.pid or nil,
    }
  end
  return found
end

local function of_container(holder, stopped)
  holder.held_by = "container " .. holder.container
  local down = holder.workspace and stopped[holder.workspace]
  if down then
    holder.leaked = true
    holder.why = ("workspace %s is down (%s), but this container of it still runs"):format(holder.workspace, down)
    holder.advice = "docker stop " .. holder.container
  elseif not holder.workspace then
    holder.why = "the container belongs to no workspace"
  else
    holder.why = ("workspace %s uses it"):format(holder.workspace)
  end
  return holder
end

local function of_process(holder)
  holder.held_by = holder.pid and ("%s (pid %d)"):format(holder.process or "process", holder.pid) or
    "a process that only root can see"
  if holder.process and holder.process:find("docker-proxy", 1, true) then
    holder.leaked, holder.why = true, "no running container publishes it"
    holder.advice = ("kill %d"):format(holder.pid)
  else
    holder.why = "another program listens on it"
  end
  return holder
end

--- Leaked ports, and the holders of wanted ones. `failed` are failed starts, `here`: the daemon is on this machine.
---@return table[] sorted by port: { port, protocol, held_by, leaked, why, advice?, workspace?, owner?, wanted_by }
function ports.holders(daemon, containers, failed, here)
  local wanted_by = {}
  for _, attempt in ipairs(failed) do
    local port = ports.wanted(attempt.reason)
    if port then
      wanted_by[port] = wanted_by[port] or {}
      wanted_by[port][attempt.workspace] = true
    end
  end
  local holders, held, stopped = {}, published(daemon, containers), stopped_workspaces(containers)
  for _, holder in pairs(held) do holders[#holders + 1] = of_container(holder, stopped) end
  for at, holder in pairs(listeners(here)) do
    if not held[at] then holders[#holders + 1] = of_process(holder) end
  end
  local told = {}
  for _, holder in ipairs(holders) do
    local names = {}
    for name in pairs(wanted_by[holder.port] or {}) do names[#names + 1] = name end
    holder.wanted_by, holder.leaked = json.list(names), holder.leaked or false
    if holder.leaked or #names > 0 then told[#told + 1] = holder end
  end
  table.sort(told, function(a, b) return a.port < b.port end)
  return told
end

--- Networks that no container uses, where the daemon has no addresses left for new ones.
function ports.unused_networks(daemon)
  local names = {}
  for _, network in ipairs(docker.network.list { daemon = daemon, filters = { dangling = { "true" } } }) do
    names[#names + 1] = network.name
  end
  table.sort(names)
  return names
end

return ports
