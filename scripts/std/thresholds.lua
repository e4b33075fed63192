--- Verdicts on measured values: ok, warning or critical, with a sentence for a person.

local units = require("std.units")

local thresholds = {}

local RANK = { ok = 0, warning = 1, critical = 2 }

-- A limit or a value in the unit's own measure: "5s" is 5000 where the unit is a duration.
local function measure(value, unit)
  if type(value) ~= "string" then return value end
  if unit == "duration" then return units.duration(value) end
  if unit == "size" then return units.size(value) end
  local number, percent = value:match("^%s*(%-?[%d.]+)%s*(%%?)%s*$")
  if not tonumber(number) or (percent == "%" and unit ~= "percent") then
    fail("INVALID_ARGUMENT", ('"%s" is not a limit in %s'):format(value, unit or "numbers"))
  end
  return tonumber(number)
end

local function shown(value, unit)
  if type(value) ~= "number" then return tostring(value) end
  if unit == "duration" then return units.format_duration(value) end
  if unit == "size" then return units.format_size(value) end
  if unit == "percent" then return units.format_percent(value) end
  return units.format_number(value) .. (unit and " " .. unit or "")
end

local function passed(value, limit, direction)
  if direction == "below" then return value < limit end
  return value > limit
end

--- Judges one value.
---
--- rule: { name = "Disk usage", warning = 70, critical = 85, unit = "percent", direction = "above", of = nil,
--- action = "Clean up" }. `unit` is percent, duration, size or a word to show; limits may be texts such as "5s".
--- `of` makes the value a share of it in percent ("Pool ready < 50 % of target"). A state that is no number is
--- judged by { critical = "unhealthy" } alike. A value that is nil is critical: what can't be measured is not well.
---@param value any
---@param rule table
---@return { level: string, name: string?, value: any, limit: any, sentence: string, action: string? }
function thresholds.check(value, rule)
  local direction, unit = rule.direction or "above", rule.unit
  if direction ~= "above" and direction ~= "below" then
    fail("INVALID_ARGUMENT", ('direction is "above" or "below", not "%s"'):format(tostring(direction)))
  end
  if rule.of and value ~= nil then value, unit = units.percent(value, rule.of), "percent" end
  local verdict = { level = "ok", name = rule.name, value = value }
  local name = rule.name or "value"
  if value == nil or value == json.null then
    verdict.level, verdict.sentence = "critical", name .. " could not be measured"
    verdict.action = rule.action
    return verdict
  end
  local is_state = type(value) == "boolean" or (type(value) == "string" and not unit)
  local measured = is_state and value or measure(value, unit)
  for _, level in ipairs({ "critical", "warning" }) do
    local limit = rule[level]
    if limit ~= nil then
      local reached
      if is_state then
        reached = value == limit
      else
        limit = measure(limit, unit)
        reached = passed(measured, limit, direction)
      end
      if reached then
        verdict.level, verdict.limit = level, limit
        break
      end
    end
  end
  local what = ("%s is %s"):format(name, shown(measured, unit)) .. (rule.of and " of " .. tostring(rule.of) or "")
  if verdict.level == "ok" then
    verdict.sentence = what
  elseif is_state then
    verdict.sentence = ("%s: %s"):format(what, verdict.level)
  else
    verdict.sentence = ("%s, %s %s (%s)"):format(what, direction, shown(verdict.limit, unit), verdict.level)
  end
  if verdict.level ~= "ok" then verdict.action = rule.action end
  return verdict
end

--- Judges a table of values by a table of rules with the same keys; the verdicts in the order of the keys.
---@param values table<string, any>
---@param rules table<string, table>
---@return table[]
function thresholds.check_all(values, rules)
  local verdicts = {}
  for key, rule in pairs(rules) do
    local verdict = thresholds.check(values[key], rule)
    verdict.name = verdict.name or key
    verdicts[#verdicts + 1] = verdict
  end
  return verdicts
end

--- The worst level among verdicts, or levels: "ok", "warning" or "critical".
---@param verdicts (table|string)[]
---@return string level, table|string|nil worst
function thresholds.worst(verdicts)
  local level, worst = "ok", nil
  for _, verdict in ipairs(verdicts) do
    local this = type(verdict) == "table" and verdict.level or verdict
    if RANK[this] > RANK[level] then level, worst = this, verdict end
  end
  return level, worst
end

return thresholds
