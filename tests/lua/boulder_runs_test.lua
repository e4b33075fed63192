--- Boulder's two runbooks as a whole: what Docker has forgotten, what hangs half-way, what goes away meanwhile.
local world = require("boulder_world")

local at, container, down, event = world.at, world.container, world.down, world.event
local failed_start, health_checks, raise, run, says =
  world.failed_start, world.health_checks, world.raise, world.run, world.says
local NOW = world.now

local function starts(given, params) return run("workspace-start-failures", given, params) end

local function a_log(words) return { stdout = "", stderr = words, truncated = false } end

local incident = { since = NOW - 60000 }

test("all is well only where Docker's events cover the window, and only that ends an incident", function()
  local kept = { ["incident/default"] = incident }
  local result = starts { containers = { container("busy", 4000) }, events = health_checks(), kept = kept }
  equal(result.verdict, "unknown")
  result = starts { containers = { container("up", 600) }, events = health_checks(), kept = kept }
  equal(result.verdict, "unknown")
  equal(result.events_since, at(299))
  says("UNKNOWN: 0 of 1 workspace start failed")
  local moment = os.date("!%H:%M UTC", NOW // 1000 - 299)
  says(("Docker's events reach back only to %s; failures may be missing"):format(moment))
  equal(kept["incident/default"], incident)
  says("earlier runs have seen that starts fail since " .. os.date("!%H:%M UTC", NOW // 1000 - 60))

  kept["starts/default"] = nil
  result = starts { containers = { container("up", 600) }, events = { event("up", "start", 600) }, kept = kept }
  equal(result.verdict, "ok")
  equal(result.events_since, json.null)
  equal(kept["incident/default"], nil)
  equal(starts({ kept = kept }).verdict, "unknown")
  equal(kept["incident/default"], nil)
end)

test("what earlier runs have seen counts when Docker has forgotten it", function()
  local kept = {}
  local up = container("up", 700)
  local events = { event("up", "start", 700), failed_start("a", 600) }
  local first = starts { containers = { up }, events = events, kept = kept }
  equal({ first.starts, first.failed, first.verdict }, { 2, 1, "critical" })

  local second = starts { containers = { up }, events = health_checks(), kept = kept }
  equal({ second.starts, second.failed }, { 2, 1 })
  equal(second.users, { "owner of a" })
  equal(second.events_since, at(299))
  equal(starts({ events = health_checks(), kept = kept }, { since = "5m" }).starts, 0)
end)

test("there is no gap while the newest event of an earlier run is still known", function()
  local kept, events = {}, health_checks()
  events[1] = event("up", "start", 299)
  starts { containers = { container("up", 299) }, events = { events[1] }, kept = kept }
  local result = starts { containers = { container("up", 299) }, events = events, kept = kept }
  equal({ result.verdict, result.events_since }, { "ok", json.null })
end)

test("a daemon that was started anew has forgotten what was before", function()
  local kept, up = {}, { container("up", 900) }
  starts { containers = up, events = { event("up", "start", 900) }, kept = kept }
  local result = starts { containers = up, events = { event("up", "pause", 100) }, kept = kept }
  equal({ result.verdict, result.events_since }, { "unknown", at(100) })
  result = starts { containers = up, events = { event("up", "pause", 100) } }
  equal({ result.verdict, result.events_since }, { "unknown", at(100) })

  kept["starts/default"] = nil
  starts { events = { event("gone", "start", 900) }, kept = kept }
  result = starts { containers = { container("new", 90) }, events = { event("new", "start", 90) }, kept = kept }
  equal({ result.verdict, result.events_since }, { "unknown", at(90) })
end)

test("a start that is only guessed is the one that an earlier run has seen", function()
  local refused = container("a", 900, { state = "created", started = json.null, error = "no port" })
  local left = { type = "network", action = "disconnect", time = at(500), attributes = { container = "a" } }
  local kept = {}
  equal(starts({ containers = { refused }, events = { left }, kept = kept }).failed, 1)
  equal(starts({ containers = { refused }, events = {}, kept = kept }).failed, 1)
  equal(starts({ events = { event("a", "create", 900), event("a", "destroy", 10) }, kept = kept }).failed, 1)
end)

test("an outage at any moment escalates, is noted and answers what is known", function()
  for _, code in ipairs { "BACKEND_UNAVAILABLE", "TIMEOUT", "NETWORK_ERROR" } do
    for _, given in ipairs { { get = down(code) }, { events = down(code) } } do
      given.kept, given.disk_used = {}, 95
      local result = starts(given)
      equal({ result.verdict, result.docker_outage.code, result.escalate.needed }, { "critical", code, true })
      equal(result.escalate.reasons, { "Docker does not answer, so no workspace can start" })
      equal(given.kept["incident/default"].since, NOW)
      equal(result.causes[1].cause, "disk_full")
      says("CRITICAL, ESCALATE: Docker does not answer")
      says("it says " .. code)
    end
  end
end)

test("what earlier runs know is told while Docker is down", function()
  local kept = {}
  starts { events = { failed_start("a", 600) }, kept = kept }
  local result = starts { get = down("TIMEOUT"), kept = kept }
  equal({ result.failed, result.users }, { 1, { "owner of a" } })
end)

test("a daemon that could not be asked is no outage, and the run fails with its error", function()
  local kept = {}
  local function is_unknown(code)
    local get = raise(code, "docker.system.get", { hint = "do this" })
    equal(refused(code, starts, { get = get, kept = kept }).hint, "do this")
    says("UNKNOWN: Docker could not be asked")
    says("do: do this")
    says("Host here")
  end
  is_unknown("NOT_FOUND")
  is_unknown("PERMISSION_DENIED")
  is_unknown("INVALID_ARGUMENT")
  is_unknown("BACKEND_UNAVAILABLE") -- the plugin, which could not be started
  equal(kept, {})
  refused("FAILED", starts, { get = raise("FAILED", "state.get") })
  equal(world.reported, nil)
end)

test("each daemon has an incident and starts of its own", function()
  local kept = {}
  starts({ events = { failed_start("a", 600) }, kept = kept }, { daemon = "east" })
  local west = starts({ containers = { container("b", 60) }, events = { event("b", "start", 60) }, kept = kept },
    { daemon = "west" })
  equal({ west.verdict, west.starts, west.failing_since }, { "ok", 1, json.null })
  equal(kept["incident/east"].since, NOW)
end)

test("headline and verdict go with causes and with how long the alert fires", function()
  local service = { { id = "s", name = "daemon", labels = {} } }
  local up = { containers = { container("up", 60) }, events = { event("up", "start", 60) } }
  up.services, up.logs = service, a_log("pull access denied for workspace")
  equal(starts(up).verdict, "warning")
  says("WARNING: the starts that Docker saw are fine, but errors speak of image pull failures")

  up.logs = nil
  local firing = starts(up, { firing_for = "40m" })
  equal({ firing.verdict, firing.escalate.needed }, { "critical", true })
  equal(starts(up, { firing_for = "20m" }).verdict, "warning")
  says("WARNING: the alert has been firing for 20m, though 0 of 1 workspace start failed")

  equal(starts({}).verdict, "unknown")
  says("UNKNOWN: Docker saw no start of a workspace in the last 1h")
  up.disk_used = 95
  equal(starts(up).verdict, "warning")
  says("fine, but there are signs of disk full")
end)

test("one user is affected and two users are", function()
  local one = starts({ events = { failed_start("a", 60) } }, { escalate_users = 0, escalate_rate = 100 })
  equal(one.escalate.reasons, { "1 user is affected (escalate above 0)" })
  local events = { failed_start("a", 60) }
  events[3], events[4] = failed_start("b", 50)
  local two = starts({ events = events }, { escalate_users = 0, escalate_rate = 100 })
  equal(two.escalate.reasons, { "2 users are affected (escalate above 0)" })
end)

test("what a program in a workspace says of ports is no cause, and what a service says is", function()
  local given = {
    containers = { container("up", 60) }, events = { event("up", "start", 60) },
    logs = a_log("error: listen 3000: address already in use"),
  }
  local result = starts(given)
  equal({ result.verdict, result.causes }, { "ok", {} })
  equal(result.errors[1].text, "error: listen 3000: address already in use")
  given.services = { { id = "s", name = "daemon", labels = {} } }
  equal(starts(given).causes[1].cause, "port_exhaustion")
end)

test("logs are read from the time asked for, and what was not read is named", function()
  local containers = {}
  for i = 1, 102 do containers[i] = container(("%03d"):format(i), 60) end
  local result = starts {
    containers = containers,
    logs = function(args)
      if args.container == "002" then raise("FAILED", "docker.container.logs")() end
      return { stdout = "", stderr = "", truncated = args.container == "001" }
    end,
  }
  local asked = world.asked[1]
  equal({ asked.since, asked.tail or "all" }, { "1h", "all" })
  equal(result.logs, { unread = { "ws-101", "ws-102", "ws-002" }, truncated = { "ws-001" } })
  says("not read: the log of ws-101, ws-102, ws-002")
  says("only the newest lines were read of ws-001")
end)

test("one log that cannot be read in time is no outage while the daemon answers", function()
  local given = {
    containers = { container("up", 60) }, events = { event("up", "start", 60) },
    logs = raise("TIMEOUT", "docker.container.logs"),
  }
  equal(starts(given).logs.unread, { "ws-up" })
  given.ping = down("TIMEOUT")
  equal(starts(given).docker_outage.code, "TIMEOUT")
end)

test("a cleanup that Docker's end interrupts says what it removed and what not, and escalates", function()
  local old = { state = "exited", finished = at(90000) }
  local removed = {}
  local result = starts({
    containers = { container("a", 100000, old), container("b", 100000, old), container("c", 100000, old) },
    disk_used = 95,
    remove = function(args)
      if args.container ~= "a" then world.down("TIMEOUT")() end
      removed[#removed + 1] = args.container
    end,
  }, { cleanup = true, cleanup_older_than = "1h" })
  equal(removed, { "a" })
  equal({ result.cleanup.removed, result.cleanup.kept }, { { "ws-a" }, { "ws-b", "ws-c" } })
  equal(result.docker_outage.code, "TIMEOUT")
end)

test("only what a start needs is pulled, after a pull has failed, onto a disk with room", function()
  local settings = require("settings").start_failures
  settings.images = { "workspace:v2" }
  local given = {
    containers = { container("up", 60) }, events = { event("up", "start", 60) },
    services = { { id = "s", name = "daemon", labels = {} } },
  }
  equal(starts(given).missing_images, { { image = "workspace:v2" } })
  equal(world.pulled, {})
  given.logs = a_log("pull access denied for workspace")
  starts(given, { check_registry = false })
  equal(world.pulled, {})
  starts(given)
  equal(world.pulled, { "workspace:v2" })
  given.disk_used = 95
  starts(given)
  equal(world.pulled, {})
  settings.images = {}
end)

test("the network's counters are beside processors, memory and disks", function()
  equal(starts({}).network[1].name, "eth0")
  says("network eth0: 2 KiB received, 2 KiB sent since it came up; 6 errors, 8 dropped")
end)

test("high-memory tells of the host when Docker fails, and half-way of the ranking", function()
  for _, code in ipairs { "BACKEND_UNAVAILABLE", "TIMEOUT", "NETWORK_ERROR" } do
    refused(code, run, "high-memory", { containers = { container("a", 60) }, stats = down(code) })
    says("OK: memory of here is 50 % used")
    says("Docker does not answer, so workspaces are unknown: it says " .. code)
    says("7 hog (ada)")
  end
  refused("TIMEOUT", run, "high-memory", { containers = { container("a", 60) }, events = down("TIMEOUT") })
  says("ws-a")
  refused("NOT_FOUND", run, "high-memory", { events = raise("NOT_FOUND", "docker.event.list", { hint = "name it" }) })
  says("Docker could not be asked")
  says("do: name it")
end)

test("a container that is removed while it is measured is left out", function()
  local result = run("high-memory", {
    containers = { container("a", 60), container("b", 60) },
    stats = function(args) if args.container == "a" then raise("NOT_FOUND", "docker.container.stats")() end end,
  })
  equal(#result.consumers, 1)
end)

test("a workspace that cannot be stopped holds up no other", function()
  local result = run("high-memory", {
    containers = { container("a", 100000), container("b", 100000), container("c", 100000) },
    stop = function(args)
      if args.container == "a" then raise("FAILED", "docker.container.stop")() end
      if args.container == "b" then raise("NOT_FOUND", "docker.container.stop")() end
    end,
  }, { stop_idle = true })
  equal({ result.stopped, result.spared, result.unstopped }, { { "ws-c" }, { "ws-b" }, { "ws-a" } })
  says("could not be stopped: ws-a: it says FAILED")
  says("ws-b has been removed meanwhile")

  local tried = 0
  result = run("high-memory", {
    containers = { container("a", 100000), container("b", 100000) },
    stop = function()
      tried = tried + 1
      world.down("TIMEOUT")()
    end,
  }, { stop_idle = true })
  equal({ tried, result.unstopped }, { 1, { "ws-a", "ws-b" } })
end)

test("what a workspace did is known of each daemon, also when Docker has forgotten it", function()
  local kept, given = {}, { containers = { container("a", 100000) } }
  given.kept, given.events = kept, { event("a", "attach", 3600) }
  equal(run("high-memory", given, { daemon = "east" }).idle, {})
  given.events = health_checks()
  local result = run("high-memory", given, { daemon = "east" })
  equal({ result.idle, result.events_since }, { {}, at(299) })
  says("Docker's events reach back only to")
  equal(run("high-memory", given, { daemon = "west" }).idle, { "ws-a" })
end)
