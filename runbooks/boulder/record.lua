--- The starts that earlier runs have seen on a daemon, which itself forgets them soon: what they know counts as long as
--- it lies in the window.

local record = {}

local SAME_MS = 2000 -- one start, seen twice
local ATTEMPTS_MAX = 1000
local REASON_MAX = 300

local function name_of(daemon) return "starts/" .. daemon end

--- What earlier runs noted: { at, newest, reach, attempts }; nil where there is nothing.
function record.recall(daemon)
  local known = state.get { name = name_of(daemon) }
  return known and known ~= json.null and known.value or nil
end

-- Cut between two characters.
local function short(reason)
  if #reason <= REASON_MAX then return reason end
  return (reason:sub(1, REASON_MAX):gsub("[\xC0-\xFF][\x80-\xBF]*$", ""))
end

-- Whether `now` is the same start as `before`. When a container that never started was tried is only guessed once its
-- event is gone.
local function is_same(now, before)
  if math.abs(now.at - before.at) <= SAME_MS then return true end
  return now.guessed and before.never_started or false
end

--- The attempts of this run and, from `from` on, those of earlier runs that it no longer sees, the oldest first.
function record.merge(attempts, before, from)
  local of_id, merged = {}, {}
  for _, attempt in ipairs(attempts) do
    of_id[attempt.id] = of_id[attempt.id] or {}
    table.insert(of_id[attempt.id], attempt)
  end
  local replaced = {}
  for _, old in ipairs(before and before.attempts or {}) do
    local is_known = false
    for _, new in ipairs(of_id[old.id] or {}) do
      if is_same(new, old) then
        is_known = is_known or not new.guessed
        if new.guessed then replaced[new] = true end
      end
    end
    if not is_known and old.at >= from then merged[#merged + 1] = old end
  end
  for _, attempt in ipairs(attempts) do
    if not replaced[attempt] then merged[#merged + 1] = attempt end
  end
  table.sort(merged, function(a, b) return a.at < b.at end)
  return merged
end

--- Notes what is known now, for `ttl`. seen: { at, newest, reach, attempts }
function record.remember(daemon, seen, ttl)
  local kept, reach = {}, seen.reach
  local first = math.max(1, #seen.attempts - ATTEMPTS_MAX + 1)
  if first > 1 then reach = math.max(reach, seen.attempts[first - 1].at + 1) end
  for i = first, #seen.attempts do
    local attempt = seen.attempts[i]
    kept[#kept + 1] = attempt.failed and {
      id = attempt.id, at = attempt.at, failed = true, name = attempt.name, workspace = attempt.workspace,
      owner = attempt.owner, kind = attempt.kind, reason = short(attempt.reason),
      never_started = attempt.never_started, guessed = attempt.guessed,
    } or { id = attempt.id, at = attempt.at, failed = false }
  end
  state.set {
    name = name_of(daemon), ttl = ttl,
    value = { at = seen.at, newest = seen.newest, reach = reach, attempts = json.list(kept) },
  }
end

return record
