-- What luacheck accepts as given: the globals that a runbook sees, and those of the engine's own Lua.
std = "lua54"
max_line_length = 120
-- A variable that closes a scope is used by being there, which luacheck does not see.
ignore = { "211/open", "211/guard", "211/lock" }
self = false

-- The control words, the values' helpers, and a global for each plugin.
local words = {
  "runbook", "step", "parallel", "first", "timeout", "retry", "sleep", "signal", "wait_for", "approve", "lock",
  "run", "continue_as", "fail", "log", "report", "secret", "alert",
  "json", "fake", "calls", "test", "equal", "refused",
  "host", "process", "fs", "state", "crypto", "http", "sqlite", "docker",
}

files["runbooks"] = { read_globals = words }
files["examples"] = { read_globals = words }
files["scripts"] = { read_globals = words }
files["tests"] = { read_globals = words }
files["plugins"] = { read_globals = words }

-- The prelude makes those words, and is given its primitives as locals.
files["engine"] = { globals = words, ignore = { "122/table", "122/string", "142/table", "142/string" } }

-- Heads without bodies.
files["engine/cli/luacats.lua"] = { ignore = { "1..", "212" } }
