-- The control words of a run, written over a few primitives that know how to wait. Called once with their table.

local host = ...

local type, error, pcall, pairs, ipairs = type, error, pcall, pairs, ipairs
local pack, unpack = host.pack, host.unpack
local fail = fail

local function refuse(message, hint)
  fail("INVALID_ARGUMENT", message, hint and { hint = hint })
end

local function check_function(value, word, shape)
  if type(value) ~= "function" then refuse(word .. " takes a function, not a " .. type(value), shape) end
end

function sleep(duration)
  if type(duration) == "table" then
    for key in pairs(duration) do
      if key ~= "till" then
        refuse("sleep does not know '" .. tostring(key) .. "'", 'sleep{ till = "2026-11-21T02:00:00Z" }')
      end
    end
    return host.wait_till(duration.till, "sleep")
  end
  host.wait(host.duration(duration, "sleep"), "sleep")
end

function continue_as(params)
  if params ~= nil and type(params) ~= "table" then
    refuse("continue_as takes the parameters of the next run", "return continue_as{ page = 2 }")
  end
  host.continue_as(params or {})
end

-- Its options by name, each of its kind; `required` is one of them.
local function check_options(word, options, kinds, required, shape)
  if type(options) ~= "table" then refuse(word .. " takes one table of named options", shape) end
  for key, value in pairs(options) do
    local kind = kinds[key]
    if not kind then refuse(word .. " has no option '" .. tostring(key) .. "'", shape) end
    if kind ~= "any" and type(value) ~= kind then
      refuse(word .. ": " .. key .. " is a " .. kind .. ", not a " .. type(value), shape)
    end
  end
  if options[required] == nil then refuse(word .. " needs " .. required, shape) end
end

-- Sends a signal to a run, which takes it now or when it comes to wait for it.
function signal(run, name, data)
  if type(run) ~= "string" or type(name) ~= "string" then
    refuse("signal takes a run's id, a name and, if you like, data", 'signal(id, "ready", { host = "a" })')
  end
  host.word("signal", { run = run, name = name, data = data })
end

local WAIT_FOR = { signal = "string", event = "string", match = "table", since = "any", timeout = "any" }
local WAIT_FOR_SHAPE = 'wait_for{ signal = "ready", timeout = "1h" }, or wait_for{ event = "docker.container" }'

-- Answers the signal, { signal, data, by, at }, or the event, { event, kind, subject, data, at, cursor }.
function wait_for(what)
  local kind = type(what) == "table" and what.event ~= nil and "event" or "signal"
  check_options("wait_for", what, WAIT_FOR, kind, WAIT_FOR_SHAPE)
  if what.event and what.signal then refuse("wait_for waits for a signal or for an event", WAIT_FOR_SHAPE) end
  local since, cursor = what.since, nil
  local from_start = what.event and since == "start" or nil
  if since == "start" then since = nil end
  if since == "now" then since = 0 end
  if what.event and type(since) == "string" and not pcall(host.duration, since, "since") then
    since, cursor = nil, since
  end
  return host.word("wait_for", {
    signal = what.signal,
    event = what.event,
    match = what.match,
    from_start = from_start,
    cursor = cursor,
    since = since and host.duration(since, "wait_for: since") or nil,
    timeout = what.timeout ~= nil and host.duration(what.timeout, "wait_for: timeout") or nil,
  })
end

local APPROVE = { message = "string", choices = "table", by = "any", timeout = "any", default = "string" }
local APPROVE_SHAPE = 'approve{ message = "Remove 3 hosts?", by = { "unix:ops" }, timeout = "4h", default = "reject" }'

local function texts(list, what)
  local copy = {}
  for index, text in pairs(list) do
    if type(index) ~= "number" or type(text) ~= "string" then refuse(what .. " is a list of texts", APPROVE_SHAPE) end
    copy[index] = text
  end
  if #copy == 0 then refuse(what .. " is a list of at least one text", APPROVE_SHAPE) end
  return copy
end

local function has(list, text)
  for _, other in ipairs(list) do
    if other == text then return true end
  end
  return false
end

-- Answers the choice: { choice, by, comment, at }. Without choices of the runbook's own, a rejection is an error.
function approve(what)
  check_options("approve", what, APPROVE, "message", APPROVE_SHAPE)
  local choices = what.choices and texts(what.choices, "approve: choices") or { "approve", "reject" }
  if what.default and not has(choices, what.default) then
    refuse("approve: the default '" .. what.default .. "' is none of the choices", APPROVE_SHAPE)
  end
  local by = what.by
  if type(by) == "string" then by = { by } end
  if by ~= nil and type(by) ~= "table" then refuse("approve: by is a principal or a list of them", APPROVE_SHAPE) end
  local answer = host.word("approve", {
    message = what.message,
    choices = choices,
    by = by and texts(by, "approve: by") or nil,
    timeout = what.timeout ~= nil and host.duration(what.timeout, "approve: timeout") or nil,
    default = what.default,
  })
  if not what.choices and answer.choice == "reject" then
    local reason = answer.comment and ": " .. answer.comment or ""
    fail("PERMISSION_DENIED", (answer.by and "rejected by " .. answer.by or "nobody approved in time") .. reason)
  end
  return answer
end

local LOCK = { timeout = "any", ttl = "any", name = "string" }
local LOCK_SHAPE = 'local held <close> = lock("database", { timeout = "10m" })'

local Lock = {
  __close = function(held)
    if held.at then host.word("unlock", { at = held.at }) end
  end,
  __metatable = false,
}

-- Waits until the lock is the run's own, and answers a value that lets go of it when it is closed.
function lock(name, options)
  if type(name) ~= "string" then refuse("lock takes a name", LOCK_SHAPE) end
  local how = { name = name }
  for key, value in pairs(options or {}) do how[key] = value end
  check_options("lock", how, LOCK, "name", LOCK_SHAPE)
  local at = host.word("lock", {
    name = name,
    timeout = how.timeout ~= nil and host.duration(how.timeout, "lock: timeout") or nil,
    ttl = how.ttl ~= nil and host.duration(how.ttl, "lock: ttl") or nil,
  })
  return setmetatable({ name = name, at = at }, Lock)
end

local RUN_SHAPE = 'run("backup", { host = "db-1" }, { detached = true })'

-- A child run that nobody waits for any more comes to its end before its starter goes on; also one whose start was cut
-- off, so that its name is not known here.
local Child = {
  __close = function(child, err)
    if child.over then return end
    local failed = type(err) == "table" and err or {}
    local details = type(failed.details) == "table" and failed.details or {}
    if child.run and details.run == child.run then return end -- that end was its own
    if not child.run and failed.code ~= "CANCELLED" then return end
    host.word("stop_run", { run = child.run, runbook = child.runbook })
  end,
  __metatable = false,
}

-- Starts a run of another runbook and answers its result; detached, { run = id } at once.
function run(name, params, options)
  if type(name) ~= "string" then refuse("run takes the name of a runbook", RUN_SHAPE) end
  if (params ~= nil and type(params) ~= "table") or (options ~= nil and type(options) ~= "table") then
    refuse("run takes the runbook's parameters and its own options as tables", RUN_SHAPE)
  end
  local how = { name = name }
  for key, value in pairs(options or {}) do how[key] = value end
  check_options("run", how, { name = "string", detached = "boolean" }, "name", RUN_SHAPE)
  local child <close> = setmetatable({ runbook = name, over = how.detached }, Child)
  local id = host.word("run", {
    runbook = name,
    params = params and next(params) ~= nil and params or nil,
    detached = how.detached or nil,
  })
  child.over = how.detached or type(id) ~= "string"
  if child.over then return how.detached and { run = id } or id end -- detached, or planned
  child.run = id
  local result = host.word("await_run", { run = id, runbook = name })
  child.over = true
  return result
end

-- The parameter's name is how a traceback knows a step.
function step(step_name, fn, ...)
  if type(step_name) ~= "string" then
    refuse("step takes a name and a function", 'step("Check disks", function() ... end)')
  end
  check_function(fn, "step", 'step("' .. step_name .. '", function() ... end)')
  local open <close> = host.step_open(step_name)
  return fn(...)
end

function parallel(tasks)
  if type(tasks) ~= "table" then refuse("parallel takes a table of functions", "parallel { f, g }") end
  local keys, functions, limit, collect = {}, {}, 0, false
  for key, value in pairs(tasks) do
    if type(value) == "function" then
      keys[#keys + 1] = key
      functions[#functions + 1] = value
    elseif key == "limit" and type(value) == "number" and value >= 1 then
      limit = value // 1 | 0
    elseif key == "collect" and type(value) == "boolean" then
      collect = value
    else
      refuse("parallel takes functions, limit and collect, not a " .. type(value) .. " as '" .. tostring(key) .. "'",
        "parallel { f, g, limit = 2, collect = true }")
    end
  end
  if #functions == 0 then return {} end
  local results, failed = host.group(functions, limit, collect, nil, "parallel")
  local shaped = {}
  for index, key in ipairs(keys) do
    if not collect then
      shaped[key] = results[index]
    elseif failed[index] then
      shaped[key] = { ok = false, error = results[index] }
    else
      shaped[key] = { ok = true, value = results[index] }
    end
  end
  return shaped
end

-- Answers the winner's value and its key; a failure that comes first is the outcome.
function first(tasks)
  if type(tasks) ~= "table" then refuse("first takes a table of functions", "first { f, g }") end
  local keys, functions = {}, {}
  for key, value in pairs(tasks) do
    check_function(value, "first", "first { f, g }")
    keys[#keys + 1] = key
    functions[#functions + 1] = value
  end
  if #functions == 0 then refuse("first takes at least one function", "first { f, g }") end
  local results, _, winner = host.group(functions, 0, false, nil, "first", nil, true)
  return results[winner], keys[winner]
end

function timeout(duration, fn, ...)
  local limit = host.duration(duration, "timeout")
  check_function(fn, "timeout", 'timeout("30s", function() ... end)')
  local arguments = pack(...)
  local results
  host.group({ function() results = pack(fn(unpack(arguments, 1, arguments.n))) end }, 0, false, limit, "timeout")
  return unpack(results, 1, results.n)
end

local OPTIONS = { attempts = true, backoff = true, first = true, max = true, jitter = true, on = true }
local NEVER = {
  CANCELLED = true, INVALID_ARGUMENT = true, PERMISSION_DENIED = true, UNSUPPORTED = true, IN_DOUBT = true,
  REPLAY_MISMATCH = true,
}
local GROWTH = {
  constant = function(first) return first end,
  linear = function(first, attempt) return first * attempt end,
  exponential = function(first, attempt) return first * 2.0 ^ (attempt - 1) end,
}

local function codes(on)
  if on == nil then return nil end
  local set = {}
  for _, code in ipairs(type(on) == "table" and on or { on }) do set[code] = true end
  return set
end

local function jitter_of(jitter)
  if jitter == nil or jitter == true then return 0.5 end
  if jitter == false then return 0 end
  if type(jitter) ~= "number" or jitter < 0 or jitter > 1 then
    refuse("retry: jitter is true, false or a number from 0 to 1")
  end
  return jitter
end

local function plan(options)
  if type(options) ~= "table" then
    refuse("retry takes options and a function", 'retry({ attempts = 3, first = "1s" }, function() ... end)')
  end
  for key in pairs(options) do
    if not OPTIONS[key] then
      refuse("retry has no option '" .. tostring(key) .. "'", "there are attempts, backoff, first, max, jitter and on")
    end
  end
  local attempts = options.attempts or 3
  if type(attempts) ~= "number" or attempts < 1 then refuse("retry: attempts is a number from 1 on") end
  local growth = GROWTH[options.backoff or "exponential"]
  if not growth then
    refuse("retry: there is no backoff '" .. tostring(options.backoff) .. "'",
      "there are exponential, linear and constant")
  end
  return {
    attempts = attempts // 1 | 0,
    growth = growth,
    first = host.duration(options.first or "1s", "retry: first"),
    max = host.duration(options.max or "1m", "retry: max"),
    jitter = jitter_of(options.jitter),
    on = codes(options.on),
  }
end

local function repeats(plan_, err)
  local code, in_doubt = host.error_of(err)
  if code == "CANCELLED" or code == "IN_DOUBT" or in_doubt then return false end
  if plan_.on then return plan_.on[code] or false end
  return not NEVER[code]
end

function retry(options, fn)
  local how = plan(options)
  check_function(fn, "retry", 'retry({ attempts = 3 }, function() ... end)')
  local attempt = 1
  while true do
    local doubts = host.doubts()
    local results = pack(pcall(fn, attempt))
    if results[1] then return unpack(results, 2, results.n) end
    local err = results[2]
    -- A change that a timeout or a failing sibling cut off may have happened: repeating could do it twice.
    if host.doubts() > doubts then
      if type(err) == "table" then err.outcome = "unknown" end
      error(err, 0)
    end
    if attempt >= how.attempts or not repeats(how, err) then error(err, 0) end
    local delay = how.growth(how.first, attempt)
    if delay > how.max then delay = how.max end
    delay = delay * (1 - how.jitter * host.random())
    attempt = attempt + 1
    host.retry_wait(attempt, how.attempts, delay // 1 | 0, err)
  end
end

-- An operation that a Lua plugin has written: the road lets it begin and is told how it ended; between the two its
-- function is a task of this run.
host.on_scripted(function(name)
  return function(...)
    local begun = host.call(name, ...)
    local call <close> = host.begun(begun)
    if not call then return begun end -- planned
    local limit = begun.timeout > 0 and begun.timeout or nil
    local function body() return host.body()(begun.args, { config = begun.settings, key = begun.key }) end
    local ran, result = pcall(host.group, { body }, 0, false, limit, name, name)
    if ran then result = result[1] end
    local recorded, value = host.ended(call, ran, result)
    if not recorded then
      if type(value) == "table" and value.code and not value.operation then value.operation = name end
      error(value, 0)
    end
    return value
  end
end)
