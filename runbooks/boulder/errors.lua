--- Recent errors of workspaces, out of failed starts and logs, and which cause their words speak of.

local outage = require("outage")
local settings = require("settings")
local text = require("std.text")

local errors = {}

local AT_ONCE = 8
local LINE_MAX, LINES_MAX = 300, 3 -- of one container
local WORDS = { "error", "fatal", "panic", "failed" }

local function speaks_of(lower, words)
  for _, word in ipairs(words) do
    if lower:find(word, 1, true) then return true end
  end
  return false
end

--- The cause that a text speaks of: disk_full, image_pull, port_exhaustion; nil for none of them.
function errors.cause(message)
  local lower = message:lower()
  for cause, words in pairs(settings.causes) do
    if speaks_of(lower, words) then return cause end
  end
end

-- Without control characters, and without what Docker puts around the reason.
local function short(line)
  line = line:gsub("%c", " "):gsub("driver failed programming external connectivity on endpoint %S+ %(%x+%): ", "")
  line = line:gsub("failed to create shim task: OCI runtime create failed: runc create failed: ", "")
  return #line > LINE_MAX and line:sub(1, LINE_MAX - 3) .. "..." or line
end

-- What a program in a workspace says of ports and images is its own matter; a full disk may be the host's.
local function cause_in_log(line, source)
  local cause = errors.cause(line)
  return (source == "service" or cause == "disk_full") and cause or nil
end

-- The last few lines that tell of an error, those with a known cause before others.
local function telling(output, source)
  local known, other = {}, {}
  if not errors.cause(output) and not speaks_of(output:lower(), WORDS) then return {} end
  for _, line in ipairs(text.lines(output)) do
    if cause_in_log(line, source) then
      known[#known + 1] = line
    elseif speaks_of(line:lower(), WORDS) then
      other[#other + 1] = line
    end
  end
  local lines = #known > 0 and known or other
  return table.move(lines, math.max(1, #lines - LINES_MAX + 1), #lines, 1, {})
end

-- Answers { errors, unread, truncated }.
local function read_log(options, container, source)
  local ok, logs = pcall(docker.container.logs, {
    daemon = options.daemon, container = container.id, since = options.since, limit = options.limit,
  })
  if not ok then -- a log driver that cannot be read, a container that is gone
    if logs.code == "CANCELLED" or outage.is_confirmed(options.daemon, logs) then error(logs, 0) end
    return { errors = {}, unread = true }
  end
  local found = {}
  for _, output in ipairs { logs.stdout, logs.stderr } do
    for _, line in ipairs(telling(output, source)) do
      found[#found + 1] = {
        source = source, name = container.name, workspace = container.workspace, owner = container.owner,
        text = short(line), cause = cause_in_log(line, source),
      }
    end
  end
  return { errors = found, truncated = logs.truncated }
end

--- Errors in the logs of containers: failed ones first, then Boulder's own services, then the others; and the names of
--- those whose log was not read, or not from the beginning of the time asked for.
--- options: { daemon, since, limit = bytes, containers = at most so many, failed = set of ids }
function errors.in_logs(options, containers, services)
  local order, read = {}, { unread = {}, truncated = {} }
  local function add(list, source, wanted)
    for _, container in ipairs(list) do
      if wanted(container) then
        local full = #order >= options.containers
        table.insert(full and read.unread or order, full and container.name or { container, source })
      end
    end
  end
  add(containers, "log", function(container) return options.failed[container.id] end)
  add(services, "service", function() return true end)
  add(containers, "log", function(container) return not options.failed[container.id] end)
  local reads = { limit = AT_ONCE }
  for i, item in ipairs(order) do reads[i] = function() return read_log(options, item[1], item[2]) end end
  local found = {}
  for i, log in ipairs(parallel(reads)) do
    table.move(log.errors, 1, #log.errors, #found + 1, found)
    local name = order[i][1].name
    if log.unread then table.insert(read.unread, name) end
    if log.truncated then table.insert(read.truncated, name) end
  end
  return found, read
end

--- The errors of failed starts.
function errors.of_starts(failed)
  local found = {}
  for _, attempt in ipairs(failed) do
    found[#found + 1] = {
      source = "start", name = attempt.name, workspace = attempt.workspace, owner = attempt.owner,
      text = short(attempt.reason), cause = attempt.kind == "out_of_memory" and attempt.kind or
        errors.cause(attempt.reason),
    }
  end
  return found
end

--- Boulder's own containers.
function errors.services(daemon)
  return docker.container.list { daemon = daemon, all = true, filters = { label = { settings.labels.service } } }
end

return errors
