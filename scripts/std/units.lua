--- Durations, sizes and shares as people write them, and back.

local units = {}

local MS = { ms = 1, s = 1000, m = 60000, h = 3600000, d = 86400000, w = 604800000 }
local ORDER = { "w", "d", "h", "m", "s", "ms" }
local BYTES = {
  [""] = 1, B = 1, k = 1000, kB = 1000, K = 1000, KB = 1000, M = 1000 ^ 2, MB = 1000 ^ 2, G = 1000 ^ 3, GB = 1000 ^ 3,
  T = 1000 ^ 4, TB = 1000 ^ 4, Ki = 1024, KiB = 1024, Mi = 1024 ^ 2, MiB = 1024 ^ 2, Gi = 1024 ^ 3, GiB = 1024 ^ 3,
  Ti = 1024 ^ 4, TiB = 1024 ^ 4,
}

local function refuse(what, value, example)
  fail("INVALID_ARGUMENT", ("%s is not %s"):format(type(value) == "string" and '"' .. value .. '"' or tostring(value),
    what), { hint = "write it like " .. example })
end

--- A duration in milliseconds.
---@param text string such as "1h30m", "250ms", "1.5s"
---@return integer
function units.duration(text)
  local total, rest = 0, text
  if type(text) ~= "string" or text == "" then refuse("a duration", text, '"1h30m"') end
  while rest ~= "" do
    local number, unit, after = rest:match("^(%d+%.?%d*)(%a+)(.*)$")
    if not number or not MS[unit] then refuse("a duration", text, '"1h30m"') end
    total = total + tonumber(number) * MS[unit]
    rest = after
  end
  return math.floor(total + 0.5)
end

--- A duration in seconds.
---@param text string
---@return number
function units.seconds(text) return units.duration(text) / 1000 end

--- The shortest exact form of a duration: 5400000 -> "1h30m".
---@param ms integer
---@return string
function units.format_duration(ms)
  if type(ms) ~= "number" or ms < 0 or ms >= 2 ^ 53 then refuse("a count of milliseconds", ms, "90000") end
  local left, parts = math.floor(ms + 0.5), {}
  for _, unit in ipairs(ORDER) do
    local count = left // MS[unit]
    if count > 0 then parts[#parts + 1] = count .. unit end
    left = left % MS[unit]
  end
  return #parts > 0 and table.concat(parts) or "0s"
end

--- A size in bytes.
---@param text string|integer such as "10MB", "1.5GiB", "512"
---@return integer
function units.size(text)
  local number, unit = tostring(text):match("^(%d+%.?%d*)%s*(%a*)$")
  if not number or not BYTES[unit] then refuse("a size", text, '"1.5GiB"') end
  return math.floor(tonumber(number) * BYTES[unit] + 0.5)
end

--- A size for a person's eye: 1610612736 -> "1.5 GiB".
---@param bytes number
---@return string
function units.format_size(bytes)
  local names, at = { "B", "KiB", "MiB", "GiB", "TiB" }, 1
  while math.abs(bytes) >= 1024 and at < #names do bytes, at = bytes / 1024, at + 1 end
  return ("%s %s"):format(units.format_number(bytes), names[at])
end

--- A number with one decimal where it needs one: 5.0 -> "5", 2.345 -> "2.3".
---@param number number
---@return string
function units.format_number(number)
  return (("%.1f"):format(number):gsub("%.0$", ""))
end

--- What share of `whole` is `part`, in percent; 0 of nothing is 0.
---@param part number
---@param whole number
---@return number
function units.percent(part, whole)
  if whole == 0 then return 0 end
  return part / whole * 100
end

--- "45.3 %"
---@param percent number
---@return string
function units.format_percent(percent) return units.format_number(percent) .. " %" end

return units
