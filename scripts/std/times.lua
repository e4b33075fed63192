--- Moments as operations answer them (RFC 3339), as milliseconds since 1970, and back.

local times = {}

-- Days since 1970 of a date of the Gregorian calendar, the year beginning in March.
local function days(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  local era = year // 400
  local of_era = year - era * 400
  local of_year = (153 * (month - 3) + 2) // 5 + day - 1
  return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468
end

--- Milliseconds since 1970 of a moment; nil for what is none, and for the year 1, which Docker writes for "never".
---@param text any such as "2026-11-21T14:37:17.330Z" or "2026-11-21T15:37:17+01:00"
---@return integer?
function times.parse(text)
  if type(text) ~= "string" then return nil end
  local year, month, day, hour, minute, second, rest =
    text:match("^(%d%d%d%d)-(%d%d)-(%d%d)[Tt ](%d%d):(%d%d):(%d%d)(.*)$")
  if not year or year == "0001" then return nil end
  local fraction, zone = rest:match("^(%.?%d*)(.*)$")
  local shift = 0
  if zone ~= "Z" and zone ~= "z" then
    local sign, hours, minutes = zone:match("^([+-])(%d%d):?(%d%d)$")
    if not sign then return nil end
    shift = (hours * 60 + minutes) * (sign == "-" and -1 or 1)
  end
  local date = days(year // 1 | 0, month // 1 | 0, day // 1 | 0)
  local seconds = date * 86400 + hour * 3600 + (minute - shift) * 60 + second
  return (seconds * 1000 + (tonumber("0" .. fraction) or 0) * 1000) // 1 | 0
end

--- The run's time in milliseconds since 1970.
function times.now() return os.time() * 1000 end

--- A moment as RFC 3339 in UTC, to the second.
function times.format(ms) return os.date("!%Y-%m-%dT%H:%M:%SZ", ms // 1000 | 0) end

--- How long, in the one or two units that matter: "3 days", "5 h 10 min", "40 s".
function times.span(ms)
  local seconds = ms // 1000 | 0
  if seconds < 60 then return ("%d s"):format(seconds) end
  local minutes = seconds // 60
  if minutes < 60 then return ("%d min"):format(minutes) end
  local hours = minutes // 60
  if hours >= 48 then return ("%d days"):format(hours // 24) end
  if minutes % 60 == 0 then return ("%d h"):format(hours) end
  return ("%d h %d min"):format(hours, minutes % 60)
end

return times
