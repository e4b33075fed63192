--- What lists and maps are asked for: filter, map, group, sort_by and the like. None changes the table it is given.

local tables = {}

-- A function as it is; a name stands for the field of that name.
local function getter(by)
  if type(by) == "function" then return by end
  return function(value) return value[by] end
end

--- The items for which `keep` answers true.
function tables.filter(list, keep)
  local kept = {}
  for i, value in ipairs(list) do
    if keep(value, i) then kept[#kept + 1] = value end
  end
  return kept
end

--- What `fn`, or the field of that name, makes of each item.
function tables.map(list, fn)
  local made, get = {}, getter(fn)
  for i, value in ipairs(list) do made[#made + 1] = get(value, i) end
  return made
end

--- fn(fn(initial, first), second) ...
function tables.reduce(list, initial, fn)
  local result = initial
  for _, value in ipairs(list) do result = fn(result, value) end
  return result
end

--- A list of items for each key that `by` gives; items without a key are left out.
function tables.group(list, by)
  local groups, key_of = {}, getter(by)
  for _, value in ipairs(list) do
    local key = key_of(value)
    if key ~= nil then
      groups[key] = groups[key] or {}
      table.insert(groups[key], value)
    end
  end
  return groups
end

--- The items by their key; of several with one key the last.
function tables.index_by(list, by)
  local index, key_of = {}, getter(by)
  for _, value in ipairs(list) do
    local key = key_of(value)
    if key ~= nil then index[key] = value end
  end
  return index
end

--- A sorted copy. Equal ones keep their order; items without a key come last.
---@param options? { descending?: boolean }
function tables.sort_by(list, by, options)
  local sorted, key_of = table.move(list, 1, #list, 1, {}), getter(by)
  local descending = options and options.descending
  table.sort(sorted, function(a, b)
    local left, right = key_of(a), key_of(b)
    if left == nil or right == nil then return left ~= nil and right == nil end
    if descending then return right < left end
    return left < right
  end)
  return sorted
end

--- The keys, sorted.
function tables.keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  return keys
end

--- The values in the order of their keys.
function tables.values(map)
  local values = {}
  for _, value in pairs(map) do values[#values + 1] = value end
  return values
end

--- The first item for which `wanted` answers true, and its place; nil if there is none.
function tables.find(list, wanted)
  for i, value in ipairs(list) do
    if wanted(value) then return value, i end
  end
end

--- Each item once (or the first item of each key), in order.
function tables.unique(list, by)
  local seen, kept = {}, {}
  local key_of = by and getter(by) or function(value) return value end
  for _, value in ipairs(list) do
    local key = key_of(value)
    if not seen[key] then
      seen[key] = true
      kept[#kept + 1] = value
    end
  end
  return kept
end

--- The sum of what `by` gives, or of the items themselves.
function tables.sum(list, by)
  local total, get = 0, by and getter(by) or function(value) return value end
  for _, value in ipairs(list) do total = total + (get(value) or 0) end
  return total
end

local function extreme(list, by, better)
  local get, best, best_key = getter(by), nil, nil
  for _, value in ipairs(list) do
    local key = get(value)
    if key ~= nil and (best_key == nil or better(key, best_key)) then best, best_key = value, key end
  end
  return best, best_key
end

--- The item with the greatest key, and the key; nil of an empty list.
function tables.max_by(list, by) return extreme(list, by, function(a, b) return a > b end) end

--- The item with the least key, and the key; nil of an empty list.
function tables.min_by(list, by) return extreme(list, by, function(a, b) return a < b end) end

return tables
