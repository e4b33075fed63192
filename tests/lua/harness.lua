-- test, equal and refused, for the tests of what runbooks require. Answers a function that gives the failures.
-- luacheck: globals test equal refused

local failures = {}

function test(name, fn)
  local ok, err = xpcall(fn, function(e) return tostring(e) end)
  if not ok then failures[#failures + 1] = name .. ": " .. tostring(err) end
end

local function show(value) return type(value) == "table" and json.encode(value) or tostring(value) end

function equal(got, expected)
  if show(got) ~= show(expected) then error(("got %s, expected %s"):format(show(got), show(expected)), 2) end
end

function refused(code, fn, ...)
  local ok, err = pcall(fn, ...)
  if ok then error("was not refused", 2) end
  equal(type(err) == "table" and err.code or err, code)
  return err
end

return failures
