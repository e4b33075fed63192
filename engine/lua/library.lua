-- The functions of Lua's library that call back or walk tables, written in Lua: callbacks may wait, and a long call
-- lets other tasks run. Called once with the table of C++ primitives.

local core = ...

local concat, move, unpack, insert, remove = table.concat, table.move, table.unpack, table.insert, table.remove
local error, type, select, min, tointeger = error, type, select, math.min, math.tointeger
local settled, advance, captures, passed = core.settled, core.advance, core.captures, core.passed
local rest, replace_some, substitution = core.rest, core.replace_some, core.substitution

local AT_ONCE = 4096       -- elements that one call of stock Lua may walk
local UNPACK_MAX = 65536

core.set_driver(function(search)
  while not settled(search) do end
end)

local function bad_argument(number, name, text)
  error(("bad argument #%d to '%s' (%s)"):format(number, name, text), 3)
end

local function whole(value, number, name)
  local integer = tointeger(value)
  if not integer and type(value) == "string" then integer = tointeger(tonumber(value)) end
  if integer then return integer end
  if type(value) == "number" then
    error(("bad argument #%d to '%s' (number has no integer representation)"):format(number, name), 3)
  end
  error(("bad argument #%d to '%s' (number expected, got %s)"):format(
    number, name, value == nil and "no value" or type(value)), 3)
end

-- string.gsub

local function gsub_text(search, replacement, max)
  local text, count, all = replace_some(search, replacement, max)
  if all then return text, count end
  local pieces = { text }
  local more
  repeat
    text, more, all = replace_some(search, replacement, max - count)
    pieces[#pieces + 1] = text
    count = count + more
  until all
  return concat(pieces), count
end

local function gsub_values(search, lookup, max)
  local pieces, count, size = {}, 0, 0
  while count < max do
    local found = advance(search)
    if found == false then break end
    if found then
      local value = lookup(captures(search))
      local before, matched = passed(search)
      local kind = type(value)
      if not value then
        value = matched
      elseif kind ~= "string" and kind ~= "number" then
        error(("invalid replacement value (a %s)"):format(kind), 3)
      end
      pieces[size + 1], pieces[size + 2] = before, value
      size = size + 2
      count = count + 1
    end
  end
  pieces[size + 1] = rest(search)
  return table.concat(pieces), count
end

--- Like Lua's; the function or the table's __index may wait.
function string.gsub(text, pattern, replacement, max)
  max = max == nil and math.maxinteger or whole(max, 4, "gsub")
  if type(text) ~= "string" and type(text) ~= "number" then
    bad_argument(1, "gsub", "string expected, got " .. (text == nil and "no value" or type(text)))
  end
  local kind = type(replacement)
  if kind == "function" then return gsub_values(substitution(text, pattern), replacement, max) end
  if kind == "table" then
    return gsub_values(substitution(text, pattern), function(key) return replacement[key] end, max)
  end
  if kind ~= "string" and kind ~= "number" then
    bad_argument(3, "gsub", "string/function/table expected, got " .. (replacement == nil and "no value" or kind))
  end
  return gsub_text(substitution(text, pattern), replacement, max)
end

-- table

local function check_table(value, name)
  if type(value) == "table" then return end
  error(("bad argument #1 to '%s' (table expected, got %s)"):format(
    name, value == nil and "no value" or type(value)), 3)
end

--- Like Lua's; a long list is joined piece by piece.
function table.concat(list, separator, first, last)
  check_table(list, "concat")
  first = first == nil and 1 or whole(first, 3, "concat")
  last = last == nil and #list or whole(last, 4, "concat")
  if last - first < AT_ONCE then return concat(list, separator, first, last) end
  local pieces = {}
  for from = first, last, AT_ONCE do
    pieces[#pieces + 1] = concat(list, separator, from, min(last, from + AT_ONCE - 1))
  end
  return table.concat(pieces, separator)
end

--- Like Lua's; a long range is moved piece by piece.
function table.move(from, first, last, to, target)
  check_table(from, "move")
  first, last, to = whole(first, 2, "move"), whole(last, 3, "move"), whole(to, 4, "move")
  target = target == nil and from or target
  if last < first then return target end
  if last - first < AT_ONCE then return move(from, first, last, to, target) end
  if to > last or to <= first or target ~= from then
    for at = first, last, AT_ONCE do
      move(from, at, min(last, at + AT_ONCE - 1), to + (at - first), target)
    end
  else
    for stop = last, first, -AT_ONCE do
      local at = stop - AT_ONCE + 1
      if at < first then at = first end
      move(from, at, stop, to + (at - first), target)
    end
  end
  return target
end

--- Like Lua's; inserting far from a long list's end goes piece by piece.
function table.insert(list, ...)
  check_table(list, "insert")
  if select("#", ...) ~= 2 then return insert(list, ...) end
  local at, value = ...
  at = whole(at, 2, "insert")
  local size = #list
  if size - at < AT_ONCE or at < 1 then return insert(list, at, value) end
  table.move(list, at, size, at + 1)
  list[at] = value
end

--- Like Lua's; removing far from a long list's end goes piece by piece.
function table.remove(list, at)
  check_table(list, "remove")
  local size = #list
  if at == nil then return remove(list) end
  at = whole(at, 2, "remove")
  if size - at < AT_ONCE or at < 1 then return remove(list, at) end
  local value = list[at]
  table.move(list, at + 1, size, at)
  list[size] = nil
  return value
end

--- Like Lua's, up to 65536 values.
function table.unpack(list, first, last)
  first = first == nil and 1 or whole(first, 2, "unpack")
  last = last == nil and #list or whole(last, 3, "unpack")
  if last - first >= UNPACK_MAX then error("too many results to unpack", 2) end
  return unpack(list, first, last)
end

-- Sorts runs of a few by insertion, then merges runs pairwise: stable, and it ends whatever the order function says.
local RUN = 8

local function sort_runs(list, size, less)
  for first = 1, size, RUN do
    for i = first + 1, min(first + RUN - 1, size) do
      local value, at = list[i], i - 1
      while at >= first and less(value, list[at]) do
        list[at + 1] = list[at]
        at = at - 1
      end
      list[at + 1] = value
    end
  end
end

local function merge(from, to, first, middle, last, less)
  local left, right, at = first, middle, first
  while left < middle and right <= last do
    if less(from[right], from[left]) then
      to[at], right = from[right], right + 1
    else
      to[at], left = from[left], left + 1
    end
    at = at + 1
  end
  for i = left, middle - 1 do to[at], at = from[i], at + 1 end
  for i = right, last do to[at], at = from[i], at + 1 end
end

local function natural(a, b) return a < b end

-- Says what stock Lua would about the first two values that have no order, but at the caller's line.
local function check_order(list, size)
  local kind = type(list[1])
  for i = 2, size do
    local other = type(list[i])
    if other ~= kind and (kind == "number" or kind == "string" or other == "nil") then
      error(("attempt to compare %s with %s"):format(other, kind), 3)
    end
  end
  local meta = kind == "table" and getmetatable(list[1])
  if size > 1 and (kind == "boolean" or kind == "function" or kind == "nil"
      or kind == "table" and not (type(meta) == "table" and meta.__lt)) then
    error(("attempt to compare two %s values"):format(kind), 3)
  end
end

--- Like Lua's, but stable; the order function may wait, and one that contradicts itself does no harm.
function table.sort(list, less)
  check_table(list, "sort")
  if less ~= nil and type(less) ~= "function" then
    bad_argument(2, "sort", "function expected, got " .. type(less))
  end
  local size = #list
  if not less then
    check_order(list, size)
    less = natural
  end
  local from, to = table.move(list, 1, size, 1, {}), {}
  sort_runs(from, size, less)
  local width = RUN
  while width < size do
    for first = 1, size, 2 * width do
      local middle = min(first + width, size + 1)
      merge(from, to, first, middle, min(first + 2 * width - 1, size), less)
    end
    from, to = to, from
    width = 2 * width
  end
  table.move(from, 1, size, 1, list)
end
