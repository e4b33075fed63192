--- Since when starts fail too often, and whether that is to be escalated. The moment is kept between runs, so that the
--- runbook knows how long it lasts though each run sees but a moment.

local times = require("std.times")
local units = require("std.units")

local incident = {}

-- Each daemon has its own.
local function name_of(daemon) return "incident/" .. daemon end

--- Notes that starts fail too often (true), no longer do (false), or that nobody knows (nil: what was noted holds);
--- answers since when they fail, in ms since 1970, or nil.
--- `firing_for` (ms): how long the alert has been firing, if that is longer than runs have seen.
function incident.note(daemon, failing, firing_for, forget_after)
  local name = name_of(daemon)
  if failing == false then
    state.remove { name = name }
    return nil
  end
  local now, known = times.now(), state.get { name = name }
  local noted = known and known ~= json.null and known.value.since or nil
  if failing == nil then return noted end
  local since = math.min(now - firing_for, noted or now)
  state.set { name = name, value = { since = since }, ttl = forget_after }
  return since
end

--- The guide's three criteria, of which one is enough, and a Docker that does not answer; none counts while no alert is
--- due. seen: { failing, outage, rate, users, lasts_ms }, limits: { rate, users, after }
function incident.escalation(seen, limits)
  local are = seen.users == 1 and "user is" or "users are"
  local criteria = {
    { name = "error rate", holds = seen.failing and seen.rate > limits.rate,
      words = ("error rate is %.0f %% (escalate above %s %%)"):format(seen.rate, units.format_number(limits.rate)) },
    { name = "users", holds = seen.failing and seen.users > limits.users,
      words = ("%d %s affected (escalate above %d)"):format(seen.users, are, limits.users) },
    { name = "duration", holds = seen.failing and seen.lasts_ms > units.duration(limits.after),
      words = ("it lasts for %s (escalate after %s)"):format(times.span(seen.lasts_ms), limits.after) },
  }
  if seen.outage then
    local words = "Docker does not answer, so no workspace can start"
    table.insert(criteria, 1, { name = "docker", holds = true, words = words })
  end
  local reasons = {}
  for _, criterion in ipairs(criteria) do
    if criterion.holds then reasons[#reasons + 1] = criterion.words end
  end
  return { needed = #reasons > 0, reasons = json.list(reasons), criteria = criteria }
end

return incident
