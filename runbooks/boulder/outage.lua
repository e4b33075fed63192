--- Whether an error means that Docker works for nobody, or only that it could not be asked: a daemon of another name, a
--- socket that one may not open and a wrong setting are no outage.

local outage = {}

local CODES = { BACKEND_UNAVAILABLE = true, TIMEOUT = true, NETWORK_ERROR = true }

--- Whether Docker, or our way to it, is what failed.
function outage.of_docker(err)
  local operation = type(err) == "table" and err.operation
  return operation and operation:find("^docker%.") ~= nil and err.code ~= "CANCELLED" or false
end

--- Whether no daemon answers. A plugin that could not be started names none that it has asked.
function outage.is(err)
  if not outage.of_docker(err) or not CODES[err.code] then return false end
  return err.code == "TIMEOUT" or (err.details ~= nil and err.details.daemon ~= nil)
end

--- The same for a call that may have taken too long by itself, such as reading a log: asks the daemon once more.
function outage.is_confirmed(daemon, err)
  if not outage.is(err) then return false end
  return not (pcall(docker.system.ping, { daemon = daemon }))
end

return outage
