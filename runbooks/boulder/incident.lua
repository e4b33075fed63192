--- Since when starts fail too often, and whether that is to be escalated. The moment is kept between runs, so that the
--- runbook knows how long it lasts though each run sees but a moment.

local times = require("std.times")
local units = require("std.units")

local incident = {}

local NAME = "incident"

--- Notes that starts fail too often, or no longer do; answers since when, in ms since 1970, or nil.
--- `firing_for` (ms): how long the alert has been firing, if that is longer than runs have seen.
function incident.note(failing, firing_for, forget_after)
  if not failing then
    state.remove { name = NAME }
    return nil
  end
  local now, known = times.now(), state.get { name = NAME }
  local since = math.min(now - firing_for, known and known ~= json.null and known.value.since or now)
  state.set { name = NAME, value = { since = since }, ttl = forget_after }
  return since
end

--- The guide's three criteria, of which one is enough; none counts while no alert is due.
--- seen: { failing, rate, users, lasts_ms }, limits: { rate, users, after }
function incident.escalation(seen, limits)
  local criteria = {
    { name = "error rate", holds = seen.failing and seen.rate > limits.rate,
      words = ("error rate is %.0f %% (escalate above %s %%)"):format(seen.rate, units.format_number(limits.rate)) },
    { name = "users", holds = seen.failing and seen.users > limits.users,
      words = ("%d users are affected (escalate above %d)"):format(seen.users, limits.users) },
    { name = "duration", holds = seen.failing and seen.lasts_ms > units.duration(limits.after),
      words = ("it lasts for %s (escalate after %s)"):format(times.span(seen.lasts_ms), limits.after) },
  }
  local reasons = {}
  for _, criterion in ipairs(criteria) do
    if criterion.holds then reasons[#reasons + 1] = criterion.words end
  end
  return { needed = #reasons > 0, reasons = json.list(reasons), criteria = criteria }
end

return incident
