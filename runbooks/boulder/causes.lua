--- The common causes of failed starts that the guide names, each with what speaks for it: disk full, image pull
--- failures, port exhaustion.

local settings = require("settings")
local units = require("std.units")

local causes = {}

-- The file system that a path is on, of whatever kind, becomes one of the machine's.
local function add_disk_of(machine, path)
  local answered, disks = pcall(host.disk.list, { path = path })
  local disk = answered and disks[1] or { mount = path, error = disks.message }
  machine.disk[disk.mount] = machine.disk[disk.mount] or disk
  return disk.mount
end

local function fullness(disk)
  local inodes = disk.inodes and disk.inodes.used_percent or 0
  return math.max(disk.used_percent, inodes), inodes > disk.used_percent and "inodes" or "space"
end

--- The disks that starting a workspace needs, the root's and that of Docker's data, with how full they are.
---@return table[] { mount, used_percent, of, available_bytes, full, error? }
function causes.disks(machine, root_dir, limit)
  local mounts, found = { "/" }, {}
  local below = root_dir and add_disk_of(machine, root_dir) or "/"
  if below ~= "/" then mounts[2] = below end
  for _, mount in ipairs(mounts) do
    local disk = machine.disk[mount]
    if disk then
      if disk.error then
        found[#found + 1] = { mount = mount, full = true, error = disk.error }
      else
        local used, of = fullness(disk)
        found[#found + 1] = {
          mount = mount, used_percent = used, of = of, available_bytes = disk.available_bytes, full = used >= limit,
        }
      end
    end
  end
  return found
end

local function evidence_of(cause, errors)
  local lines, names, seen = {}, {}, {}
  for _, err in ipairs(errors) do
    if err.cause == cause then
      local line = ("%s: %s"):format(err.name, err.text)
      if not seen[line] then lines[#lines + 1], seen[line] = line, true end
      if err.workspace and not seen[err.workspace] then names[#names + 1], seen[err.workspace] = err.workspace, true end
    end
  end
  return { cause = cause, evidence = lines, workspaces = json.list(names) }
end

-- A workspace that says so in its log may have reached a limit of its own; Docker, and our own look, mean the host.
local function disk_full(errors, disks)
  local found = evidence_of("disk_full", errors)
  local told = #found.evidence
  for _, disk in ipairs(disks) do
    if disk.error then
      table.insert(found.evidence, 1, ("disk %s does not answer: %s"):format(disk.mount, disk.error))
    elseif disk.full then
      table.insert(found.evidence, 1, ("disk %s has %.0f %% of its %s used, %s left"):format(disk.mount,
        disk.used_percent, disk.of, units.format_size(disk.available_bytes)))
    end
  end
  found.on_host = #found.evidence > told
  for _, err in ipairs(errors) do
    if err.cause == "disk_full" and err.source == "start" then found.on_host = true end
  end
  found.advice = found.on_host and "clean up old workspaces (see below), or make the disk larger" or
    "the host's disks have room: look at the limits of the workspaces that say so"
  return found
end

local function image_pull(errors, images)
  local found = evidence_of("image_pull", errors)
  for _, image in ipairs(images) do
    local words = ("image %s is needed to start and not on this machine"):format(image.image)
    if image.refused then
      words = words .. ", and pulling it fails: " .. image.refused
    elseif image.planned then
      words = words .. "; a real run pulls it, which tells whether the registry allows that"
    elseif image.pulled then
      words = ("image %s was not on this machine, and pulling it works"):format(image.image)
    end
    found.evidence[#found.evidence + 1] = words
  end
  found.advice = "check registry auth: the credentials that Boulder pulls with (docker login REGISTRY), whether the "
    .. "registry answers from here, and the image's name and tag"
  return found
end

local function port_exhaustion(errors, networks)
  local found = evidence_of("port_exhaustion", errors)
  if #networks > 0 then
    found.evidence[#found.evidence + 1] = "networks without a container: " .. table.concat(networks, ", ")
  end
  found.advice = "check for leaked ports and free them; start other workspaces on other ports"
  if #networks > 0 then found.advice = found.advice .. "; remove networks that nobody uses (docker network prune)" end
  return found
end

--- The causes that something speaks for, in the guide's order. seen: { errors, disks, images, networks }
function causes.find(seen)
  local found = {}
  for _, cause in ipairs {
    disk_full(seen.errors, seen.disks),
    image_pull(seen.errors, seen.images),
    port_exhaustion(seen.errors, seen.networks),
  } do
    if #cause.evidence > 0 then found[#found + 1] = cause end
  end
  local memory = evidence_of("out_of_memory", seen.errors)
  if #memory.evidence > 0 then
    memory.advice = "give these workspaces a larger resource class; boulder/high-memory says who uses the memory"
    found[#found + 1] = memory
  end
  return found
end

--- The images that a start needs to pull, since they are not on this machine: those that every start needs, by the
--- settings, and those of containers that could not be started for want of them. What has a container starts without
--- its tag.
function causes.missing_images(daemon, containers, errors, of_every_start)
  local looks, seen, wanting = { limit = 8 }, {}, {}
  local function look(image)
    if not image or image == "" or seen[image] then return end
    seen[image] = true
    looks[#looks + 1] = function()
      local ok, err = pcall(docker.image.get, { daemon = daemon, image = image })
      if ok then return false end
      if err.code == "NOT_FOUND" then return { image = image } end
      error(err, 0)
    end
  end
  for _, err in ipairs(errors) do
    if err.source == "start" and err.cause == "image_pull" then wanting[err.name] = true end
  end
  for _, image in ipairs(of_every_start) do look(image) end
  for _, container in ipairs(containers) do
    if wanting[container.name] then look(container.image) end
  end
  local missing = {}
  for _, image in ipairs(parallel(looks)) do
    if image then missing[#missing + 1] = image end
  end
  return missing
end

--- Whether asking the registry tells anything and does no harm: something failed to be pulled, and no disk is full.
function causes.may_pull(errors, disks)
  for _, disk in ipairs(disks) do
    if disk.full then return false end
  end
  local has_failed = false
  for _, err in ipairs(errors) do
    if err.cause == "disk_full" and err.source ~= "log" then return false end
    has_failed = has_failed or err.cause == "image_pull"
  end
  return has_failed
end

--- Asks the registry for a missing image, which is what tells whether it may be pulled at all.
function causes.try_pull(daemon, image, dry_run)
  local ok, err = pcall(timeout, settings.start_failures.pull_timeout, function()
    docker.image.pull { daemon = daemon, image = image.image }
  end)
  if ok then
    image.pulled, image.planned = not dry_run, dry_run
  elseif err.code == "TIMEOUT" then
    image.refused = ("not done after %s; the registry is slow or does not answer"):format(
      settings.start_failures.pull_timeout)
  elseif err.code == "CANCELLED" then
    error(err, 0)
  else
    image.refused = err.message
  end
end

--- Whether errors speak of the daemon's addresses for networks rather than of ports.
function causes.wants_networks(errors)
  for _, err in ipairs(errors) do
    if err.cause == "port_exhaustion" and err.text:lower():find("address pools", 1, true) then return true end
  end
  return false
end

return causes
