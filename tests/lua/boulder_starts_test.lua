--- What Boulder's runbook counts as a start and as a failed one, where no dockerd can be brought to it at will.
local starts = require("starts")
local times = require("std.times")

local NOW = times.parse("2026-11-21T12:00:00Z")
local WINDOW = { from = NOW - 3600000, grace = 60000 }

local function at(seconds_ago) return NOW - seconds_ago * 1000 end

local function event(id, action, seconds_ago, more)
  local attributes = { ["boulder.workspace"] = id, name = "ws-" .. id }
  for key, value in pairs(more or {}) do attributes[key] = value end
  return { id = id, name = "ws-" .. id, action = action, time = times.format(at(seconds_ago)), attributes = attributes }
end

local function container(id, fields)
  local made = { id = id, name = "ws-" .. id, workspace = id, state = "running", created = at(7200), exit_code = 0 }
  for key, value in pairs(fields) do made[key] = value end
  return made
end

local function summary(containers, events, networks)
  return starts.summary(starts.attempts(containers, events or {}, networks or {}, WINDOW))
end

test("a start whose event is forgotten is known from its container", function()
  local seen = summary({
    container("up", { started = at(600) }),
    container("crashed", { state = "exited", started = at(600), finished = at(590), exit_code = 1 }),
    container("worked", { state = "exited", started = at(600), finished = at(300), exit_code = 1 }),
    container("older", { started = at(7000) }),
  })
  equal(seen.starts, 3)
  equal(seen.workspaces, { "crashed" })
  equal(seen.failed[1].reason, "ended with exit code 1 after 10 s")
end)

test("a start that both the events and the container tell of is one", function()
  local crashed = container("a", { state = "exited", started = at(600), finished = at(599), exit_code = 1 })
  local seen = summary({ crashed }, { event("a", "start", 600), event("a", "die", 599, { exitCode = "1" }) })
  equal(seen.starts, 1)
  equal(#seen.failed, 1)
end)

test("each start of a container that is started again and again counts", function()
  local events = {}
  for i = 3, 1, -1 do
    table.insert(events, event("a", "start", i * 10))
    table.insert(events, event("a", "die", i * 10 - 1, { exitCode = i == 1 and "0" or "2" }))
  end
  local seen = summary({}, events)
  equal(seen.starts, 3)
  equal(#seen.failed, 2)
  equal(#seen.users, 1)
end)

test("one that somebody stopped, or that ran longer than the grace time, has started well", function()
  local seen = summary({}, {
    event("a", "start", 600), event("a", "kill", 590), event("a", "die", 590, { exitCode = "137" }),
    event("b", "start", 600), event("b", "die", 500, { exitCode = "1" }),
  })
  equal(seen.starts, 2)
  equal(#seen.failed, 0)
end)

test("one whose start is forgotten and whose kill is not was stopped by somebody", function()
  local stopped = container("a", { state = "exited", started = at(600), finished = at(590), exit_code = 137 })
  local seen = summary({ stopped }, { event("a", "kill", 591), event("a", "die", 590, { exitCode = "137" }) })
  equal({ seen.starts, #seen.failed }, { 1, 0 })
end)

test("when a container could not be started is when it left its network", function()
  local old = { state = "exited", created = at(90000), started = at(80000), finished = at(70000), error = "no port" }
  local left = { action = "disconnect", time = times.format(at(300)), attributes = { container = "a" } }
  equal(summary({ container("a", old) }, {}, { left }).starts, 1)
  equal(summary({ container("a", old) }).starts, 0)
end)

test("a container that was created and never started is no start until it is thrown away", function()
  equal(summary({}, { event("a", "create", 600) }).starts, 0)
  local seen = summary({}, { event("a", "create", 600), event("a", "destroy", 590) })
  equal(seen.starts, 1)
  equal(seen.failed[1].reason, "removed before it ever started")
end)

test("users are owners, and one for each workspace without", function()
  local failed = { state = "created", created = at(60), error = "no port" }
  local with_owner = { state = "created", created = at(60), error = "no port", owner = "ada" }
  local seen = summary({
    container("a", with_owner), container("b", with_owner), container("c", failed), container("d", failed),
  })
  equal(seen.users, { "ada", "unknown owner of c", "unknown owner of d" })
  equal(seen.rate, 100.0)
end)
