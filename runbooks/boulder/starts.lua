--- How many starts of workspaces there were, and which of them failed.
---
--- A start is an attempt to start a workspace's container. It failed when the container could not be started (Docker
--- keeps the error: no port, no disk, no such command), when it ended with an exit code other than 0, or was killed for
--- want of memory, within the grace time, or when it was removed without ever having started. Who was stopped by
--- somebody, ended with 0, or ran longer than the grace time, has started well. Attempts are taken from the daemon's
--- events and, where those no longer reach back (events.lua), from what it knows of each container.

local settings = require("settings")
local times = require("std.times")

local starts = {}

local SAME_MS = 2000 -- an event and the container's own time of one start

local function history_of(histories, event)
  local id = event.id
  histories[id] = histories[id] or {
    id = id, name = event.name, starts = {},
    workspace = event.attributes[settings.labels.workspace], owner = event.attributes[settings.labels.owner],
  }
  return histories[id]
end

-- What the events say of each container: its starts and how each ended.
local function read_histories(events)
  local histories = {}
  for _, event in ipairs(events) do
    local history, at = history_of(histories, event), times.parse(event.time)
    local last = history.starts[#history.starts]
    if event.action == "create" then
      history.created = at
    elseif event.action == "start" then
      table.insert(history.starts, { at = at })
    elseif event.action == "destroy" then
      history.destroyed = at
    elseif event.action == "kill" and not last then
      history.killed = at -- of a start that the daemon has forgotten
    elseif last and not last.ended then
      if event.action == "kill" then
        last.stopped = true
      elseif event.action == "oom" then
        last.oom = true
      elseif event.action == "die" then
        last.ended, last.exit_code = at, math.tointeger(tonumber(event.exit_code or event.attributes.exitCode))
      end
    end
  end
  return histories
end

-- Why an attempt failed; nil for one that did not.
local function failure(attempt, grace)
  if not attempt.ended or attempt.ended - attempt.at > grace then return nil end
  local lived = attempt.ended - attempt.at
  local after = lived < 1000 and "less than a second" or times.span(lived)
  if attempt.oom then return "killed for want of memory after " .. after, "out_of_memory" end
  if attempt.stopped or (attempt.exit_code or 0) == 0 then return nil end
  return ("ended with exit code %d after %s"):format(attempt.exit_code, after), "exited"
end

local function add(attempts, who, at, reason, kind)
  local attempt = {
    id = who.id, name = who.name, workspace = who.workspace or who.name, owner = who.owner, at = at,
    failed = reason ~= nil, reason = reason, kind = kind,
  }
  attempts[#attempts + 1] = attempt
  return attempt
end

-- One that could not be started; `guessed`: when that was is no longer known.
local function add_refused(attempts, who, at, reason, kind, guessed)
  local attempt = add(attempts, who, at, reason, kind)
  attempt.never_started, attempt.guessed = true, guessed
end

-- A failed start leaves the networks that it was about to join: the only event of it.
local function last_disconnects(network_events)
  local last = {}
  for _, event in ipairs(network_events) do
    local id = event.attributes.container
    if event.action == "disconnect" and id then last[id] = times.parse(event.time) end
  end
  return last
end

local function knows(history, started)
  for _, attempt in ipairs(history and history.starts or {}) do
    if math.abs(attempt.at - started) <= SAME_MS then return true end
  end
  return false
end

local function add_container(attempts, container, history, disconnected, window)
  local started = container.started
  if started and started >= window.from and not knows(history, started) then
    local attempt = {
      at = started, exit_code = container.exit_code, oom = container.oom_killed,
      ended = container.state == "exited" and not container.error and container.finished or nil,
      stopped = history ~= nil and history.killed ~= nil and history.killed >= started,
    }
    add(attempts, container, started, failure(attempt, window.grace))
  end
  if container.error and (container.state == "created" or container.state == "exited") then
    local at, guessed = disconnected, false
    if not at or at < (container.finished or 0) then
      at, guessed = started and container.finished or container.created, true
    end
    if at and at >= window.from then add_refused(attempts, container, at, container.error, "error", guessed) end
  end
end

--- Every attempt in the window { from, grace } (in ms), the oldest first.
function starts.attempts(containers, container_events, network_events, window)
  local attempts, histories = {}, read_histories(container_events)
  local disconnected, by_id = last_disconnects(network_events), {}
  for _, container in ipairs(containers) do
    by_id[container.id] = container
    add_container(attempts, container, histories[container.id], disconnected[container.id], window)
  end
  for _, history in pairs(histories) do
    local who = by_id[history.id] or history
    for _, attempt in ipairs(history.starts) do
      if attempt.at >= window.from then add(attempts, who, attempt.at, failure(attempt, window.grace)) end
    end
    if history.created and history.destroyed and #history.starts == 0 then
      add_refused(attempts, history, history.created, "removed before it ever started", "removed", true)
    end
  end
  table.sort(attempts, function(a, b) return a.at < b.at end)
  return attempts
end

--- Starts, failed ones, their rate in percent, the workspaces that failed and the users behind them. A workspace
--- without an owner counts as a user of its own.
function starts.summary(attempts)
  local failed, of_users, of_workspaces, users, names = {}, {}, {}, {}, {}
  for _, attempt in ipairs(attempts) do
    if attempt.failed then
      failed[#failed + 1] = attempt
      local user = attempt.owner or "unknown owner of " .. attempt.workspace
      if not of_users[user] then users[#users + 1], of_users[user] = user, true end
      if not of_workspaces[attempt.workspace] then
        names[#names + 1], of_workspaces[attempt.workspace] = attempt.workspace, true
      end
    end
  end
  return {
    starts = #attempts, failed = failed, users = users, workspaces = names,
    rate = #attempts == 0 and 0 or 100 * #failed / #attempts,
  }
end

return starts
