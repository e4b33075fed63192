--- What the runbooks of Boulder go by: labels, limits of the operations guide, words in error texts. What differs at a
--- site is in site.lua.

local settings = {
  daemon = "default", -- of [plugins.docker.daemons]

  -- Labels of containers.
  labels = {
    workspace = "boulder.workspace",           -- the workspace's name; what has it is a workspace's container
    owner = "boulder.owner",                   -- whom to contact
    resource_class = "boulder.resource_class", -- small, medium, ...
    auto_shutdown = "boulder.auto_shutdown",   -- anything but "false": it is stopped when idle
    last_activity = "boulder.last_activity",   -- RFC 3339, where somebody keeps it
    service = "boulder.service",               -- Boulder's own containers, whose logs are read too
    keep = "boulder.keep",                     -- "true": never removed or stopped by a runbook
  },

  -- Alert "Workspace Start Failure Rate > 5%".
  start_failures = {
    since = "1h",              -- how far back starts and errors are looked at
    max_rate = 5,              -- percent of starts that may fail
    start_grace = "1m",        -- who dies with an error within this time has failed to start
    escalate_rate = 20,        -- percent
    escalate_users = 10,       -- more users than that
    escalate_after = "30m",    -- longer than that
    forget_after = "1h",       -- not seen for so long, it is another incident
    disk_full = 90,            -- percent of space or inodes
    cleanup_older_than = "7d", -- a stopped workspace that was active since is never removed
    images = {},               -- that every workspace start needs, beside those of the containers
    pull_timeout = "20s",      -- how long the registry may take to refuse
    log_limit = "256KiB",      -- of each log and stream, its newest bytes
    log_containers = 100,      -- whose logs are read, failed ones first
  },

  -- Alert "High Memory Usage".
  high_memory = {
    max_used = 85,          -- percent of the host's memory
    idle = "24h",           -- since the last activity
    idle_cpu = 2,           -- percent of one processor; above it nobody is idle
    idle_traffic = "64KiB", -- sent, and read or written on disks, between two looks
    top = 10,               -- how many consumers are shown
    headroom = 20,          -- percent that should be left of the host's memory
  },

  -- By which a cause is known in an error text: parts of it in lower case.
  causes = {
    disk_full = {
      "no space left on device", "disk quota exceeded", "enospc", "not enough disk space", "disk_full",
    },
    image_pull = {
      "no such image", "pull access denied", "manifest unknown", "unauthorized: authentication required",
      "failed to resolve reference", "error pulling image", "failed to pull image", "image pull failed",
      "toomanyrequests", "repository does not exist", "no basic auth credentials",
    },
    port_exhaustion = {
      "port is already allocated", "address already in use", "all predefined address pools",
      "all ports are allocated", "could not find an available", "no available ipv4", "port_conflict",
    },
  },
}

-- Lists are replaced as a whole, tables of names are merged; a name or type that nothing reads is refused.
local function merge(into, from, path)
  for name, value in pairs(from) do
    local where, old = path .. name, into[name]
    if old == nil then
      fail("INVALID_ARGUMENT", ("site.lua sets %s, which is no setting"):format(where),
        { hint = "settings.lua has them all" })
    elseif type(old) ~= type(value) then
      fail("INVALID_ARGUMENT", ("site.lua: %s is a %s, not a %s"):format(where, type(old), type(value)))
    elseif type(old) == "table" and #old == 0 and next(old) ~= nil then
      merge(old, value, where .. ".")
    else
      into[name] = value
    end
  end
end

merge(settings, require("site"), "")
return settings
