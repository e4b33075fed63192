--- A made-up machine with a made-up Docker for the tests of Boulder's runbooks: states to which no dockerd can be
--- brought at will.
-- luacheck: globals docker host state report runbook
local times = require("std.times")

runbook = function(declared) return declared end

local NOW = times.now()
local world = { now = NOW }

function world.at(seconds_ago) return times.format(NOW - seconds_ago * 1000) end

--- A function that raises an error of an operation.
function world.raise(code, operation, more)
  local err = { code = code, operation = operation, message = "it says " .. code }
  for key, value in pairs(more or {}) do err[key] = value end
  return function() error(err, 0) end
end

--- One that raises what the plugin says of a daemon that does not answer.
function world.down(code) return world.raise(code, "docker.event.list", { details = { daemon = "default" } }) end

function world.event(id, action, seconds_ago, more)
  local attributes = { ["boulder.workspace"] = id, ["boulder.owner"] = "owner of " .. id }
  for key, value in pairs(more or {}) do attributes[key] = value end
  return {
    type = "container", id = id, name = "ws-" .. id, action = action, time = world.at(seconds_ago),
    attributes = attributes,
  }
end

--- Its two events.
function world.failed_start(id, seconds_ago)
  return world.event(id, "start", seconds_ago), world.event(id, "die", seconds_ago - 1, { exitCode = "1" })
end

-- As many health checks as push everything else out of what Docker keeps.
function world.health_checks()
  local events = {}
  for i = 1, 256 do events[i] = world.event("busy", "health_status", 300 - i) end
  return events
end

function world.container(id, seconds_ago, more)
  local made = {
    id = id, name = "ws-" .. id, image = "image-" .. id, state = "running", exit_code = 0, ports = {}, limits = {},
    labels = { ["boulder.workspace"] = id, ["boulder.owner"] = "owner of " .. id },
    created = world.at(seconds_ago), started = world.at(seconds_ago),
  }
  for key, value in pairs(more or {}) do made[key] = value end
  return made
end

local function fake_host(disk_used)
  host = {
    get = function()
      return {
        hostname = "here", cpu = { usage_percent = 5, count = 2 }, load = { one = 0.5 },
        memory = { used_percent = 50, total_bytes = 2 ^ 30, available_bytes = 2 ^ 29, used_bytes = 2 ^ 29 },
        disk = { ["/"] = { used_percent = disk_used or 10, available_bytes = 2 ^ 30 } },
      }
    end,
    disk = { list = function() return { { mount = "/" } } end },
    interface = {
      list = function()
        local figures = { bytes = 2048, errors = 3, dropped = 4 }
        return {
          { name = "lo", state = "unknown", received = figures, sent = figures },
          { name = "eth0", state = "up", received = figures, sent = figures },
        }
      end,
    },
    process = { list = function() return { { name = "hog", pid = 7, user = "ada", rss_bytes = 2 ^ 20 } } end },
    port = { list = function() return {} end },
  }
end

local function fake_state(kept)
  state = {
    get = function(args) return kept[args.name] and { value = kept[args.name] } or json.null end,
    set = function(args) kept[args.name] = json.decode(json.encode(args.value)) end,
    remove = function(args) kept[args.name] = nil end,
  }
end

-- given: { containers, services, events, logs, stats, stop, remove, get and ping (of system), disk_used, kept }; an
-- answer may be a function, which may fail.
local function build(given)
  world.reported, world.pulled, world.asked = nil, {}, {}
  report = function(words) world.reported = words end
  fake_host(given.disk_used)
  fake_state(given.kept or {})
  local containers = given.containers or {}
  local function of_id(id)
    for _, each in ipairs(containers) do if each.id == id then return each end end
    world.raise("NOT_FOUND", "docker.container.get")()
  end
  local function answer(value, args)
    if type(value) == "function" then return value(args) end
    return value
  end
  docker = {
    system = {
      get = function()
        if given.get then given.get() end
        return {
          name = "here", root_dir = "/data", version = "28", running = 1, paused = 0, stopped = 0, images = 1,
          driver = "overlay2", warnings = {},
        }
      end,
      ping = given.ping or function() return {} end,
    },
    container = {
      list = function(args)
        if not args.filters or args.filters.label[1] == "boulder.workspace" then return containers end
        return given.services or {}
      end,
      get = function(args) return of_id(args.container) end,
      logs = function(args)
        table.insert(world.asked, args)
        return answer(given.logs, args) or { stdout = "", stderr = "", truncated = false }
      end,
      stats = function(args)
        local traffic = { sent = 0, received = 0, read = 0, written = 0 }
        return answer(given.stats, args) or
          { cpu_percent = 0, memory = { used = 1024 }, network = traffic, block = traffic }
      end,
      stop = function(args) return answer(given.stop, args) end,
      remove = function(args) return answer(given.remove, args) end,
    },
    event = { list = function() return answer(given.events) or {} end },
    image = {
      get = world.raise("NOT_FOUND", "docker.image.get"),
      pull = function(args) table.insert(world.pulled, args.image) end,
    },
    network = { list = function() return {} end },
  }
end

--- Runs a runbook of Boulder in it, and answers its result.
function world.run(name, given, params)
  build(given)
  local declared, all = require(name), {}
  for _, param in ipairs(declared.params) do all[param[1]] = param[4] end
  for key, value in pairs(params or {}) do all[key] = value end
  return declared.run { params = all, dry_run = false }
end

--- Fails unless the report has these words.
function world.says(words)
  if not (world.reported or ""):find(words, 1, true) then
    error(("the report does not say '%s':\n%s"):format(words, world.reported), 2)
  end
end

return world
