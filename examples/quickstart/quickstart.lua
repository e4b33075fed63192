--- Looks at this machine, says first whether anything is wrong, and clears old temporary files
--- out of one folder.

local LEVELS = { "ok", "warning", "critical" }
local CONTAINERS = 10 -- that are shown
local LIMITS = {
  disk = { 85, 95 },
  inodes = { 85, 95 },
  memory = { 85, 95 },
  swap = { 50, 80 },
  load = { 1.5, 4 }, -- for each processor
}

local function size(bytes)
  local units = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" }
  local unit = 1
  while bytes >= 1024 and unit < #units do
    bytes, unit = bytes / 1024, unit + 1
  end
  return (unit == 1 and "%d %s" or "%.1f %s"):format(bytes, units[unit])
end

local function age(ms)
  local hours = ms // 3600000
  if hours < 48 then return ("%d h"):format(hours) end
  return ("%d days"):format(hours // 24)
end

local function count(number, noun)
  return ("%d %s%s"):format(number, noun, number == 1 and "" or "s")
end

local function cut(text, length)
  text = text:gsub("%c", " ")
  return #text > length and text:sub(1, length - 3) .. "..." or text
end

local function level(value, limits)
  return value >= limits[2] and 3 or value >= limits[1] and 2 or 1
end

--- Everything that is beyond a limit, the worst first.
local function judge(machine)
  local findings = {}
  local function add(value, limits, words)
    local found = level(value, limits)
    if found > 1 then findings[#findings + 1] = { level = found, words = words } end
  end
  for mount, disk in pairs(machine.disk) do
    if disk.error then
      local words = ("disk %s does not answer: %s"):format(mount, disk.error)
      findings[#findings + 1] = { level = 3, words = words }
    elseif not disk.read_only then
      add(disk.used_percent, LIMITS.disk,
        ("disk %s is %.0f %% full, %s left"):format(mount, disk.used_percent,
          size(disk.available_bytes)))
      add(disk.inodes.used_percent, LIMITS.inodes,
        ("disk %s has %.0f %% of its inodes used"):format(mount, disk.inodes.used_percent))
    end
  end
  add(machine.memory.used_percent, LIMITS.memory,
    ("memory is %.0f %% used, %s left"):format(machine.memory.used_percent,
      size(machine.memory.available_bytes)))
  add(machine.swap.used_percent, LIMITS.swap,
    ("swap is %.0f %% used"):format(machine.swap.used_percent))
  add(machine.load.one_per_cpu, LIMITS.load,
    ("load is %.1f for each processor"):format(machine.load.one_per_cpu))
  table.sort(findings, function(a, b)
    if a.level ~= b.level then return a.level > b.level end
    return a.words < b.words
  end)
  return findings
end

-- Without a daemon the rest is worth reading all the same; one that hangs holds nothing up for long.
local function observe_docker()
  local ok, seen = pcall(timeout, "5s", function()
    return parallel {
      system = function() return docker.system.get() end,
      containers = function() return docker.container.list { all = true } end,
      usage = function() return docker.system.disk_usage() end,
    }
  end)
  if ok then return seen end
  if seen.code == "CANCELLED" then error(seen, 0) end
  if seen.code == "TIMEOUT" then return { absent = "one is there, but it hangs or is very busy" } end
  return { absent = seen.message }
end

local function observe()
  return parallel {
    docker = observe_docker,
    machine = function() return host.get() end,
    by_cpu = function() return host.process.list { sort = "cpu", limit = 5 } end,
    by_memory = function()
      return host.process.list { sort = "memory", limit = 5, sample = "0s" }
    end,
    ports = function() return host.port.list() end,
  }
end

--- Old files under the folder; none where the folder is missing.
local function find_old(folder, older_than)
  local ok, found = pcall(fs.find, { path = folder, type = "file", older_than = older_than })
  if ok then return found end
  if found.code ~= "NOT_FOUND" then error(found, 0) end
  log.info("there is no " .. folder)
  return { entries = {}, count = 0, bytes = 0, truncated = false }
end

local function clean(found)
  local removed, bytes, kept = 0, 0, {}
  for _, file in ipairs(found.entries) do
    local ok, err = pcall(fs.remove, { path = file.path })
    if ok then
      removed, bytes = removed + 1, bytes + file.size
    elseif err.code == "PERMISSION_DENIED" then
      kept[#kept + 1] = file.path
      log.warn("could not remove a file", { path = file.path, reason = err.message })
    else
      error(err, 0)
    end
  end
  return { removed = removed, bytes = bytes, kept = kept }
end

local function add_machine(lines, machine)
  local function add(label, text, ...)
    lines[#lines + 1] = ("  %-10s" .. text):format(label, ...)
  end
  add("machine", "%s, %s, up %s", machine.hostname, machine.os, age(machine.uptime_ms))
  add("cpu", "%s, %.0f %% busy, load %.2f %.2f %.2f", count(machine.cpu.count, "processor"),
    machine.cpu.usage_percent, machine.load.one, machine.load.five, machine.load.fifteen)
  add("memory", "%.0f %% of %s used, %s available", machine.memory.used_percent,
    size(machine.memory.total_bytes), size(machine.memory.available_bytes))
  for mount, disk in pairs(machine.disk) do
    if not disk.error then
      add("disk", "%s: %.0f %% of %s used, %s left", mount, disk.used_percent,
        size(disk.size_bytes), size(disk.available_bytes))
    end
  end
end

local function add_processes(lines, title, processes)
  lines[#lines + 1] = ""
  lines[#lines + 1] = "  " .. title
  lines[#lines + 1] = "       pid      cpu      memory  user       command"
  for _, process in ipairs(processes) do
    local command = process.command ~= "" and process.command or "[" .. process.name .. "]"
    lines[#lines + 1] = ("  %8d  %5.1f %%  %10s  %-10s %s"):format(process.pid,
      process.cpu_percent, size(process.rss_bytes), cut(process.user, 10), cut(command, 50))
  end
end

local function add_ports(lines, ports)
  lines[#lines + 1] = ""
  lines[#lines + 1] = "  listening ports"
  if #ports == 0 then lines[#lines + 1] = "      none" end
  for _, port in ipairs(ports) do
    local known = port.pid ~= json.null
    local owner = known and ("%s (%d)"):format(port.process, port.pid) or "not ours to see"
    lines[#lines + 1] = ("  %8d  %-5s %-24s %s"):format(port.port, port.protocol, port.address,
      cut(owner, 40))
  end
end

local function add_docker(lines, seen)
  lines[#lines + 1] = ""
  if seen.absent then
    lines[#lines + 1] = "  no Docker daemon answers: " .. seen.absent
    return
  end
  local usage = seen.usage
  lines[#lines + 1] = ("  Docker %s: %s, %d running; images %s, containers %s, volumes %s, build cache %s"):format(
    seen.system.version, count(#seen.containers, "container"), seen.system.running, size(usage.images.size),
    size(usage.containers.size), size(usage.volumes.size), size(usage.build_cache.size))
  for index, container in ipairs(seen.containers) do
    if index > CONTAINERS then
      lines[#lines + 1] = ("      and %d more"):format(#seen.containers - CONTAINERS)
      break
    end
    lines[#lines + 1] = ("      %-10s %-24s %-24s %s"):format(container.state, cut(container.name, 24),
      cut(container.image, 24), container.status)
  end
end

local function cleanup_words(params, found, cleaned, dry_run)
  local where = ("older than %s in %s"):format(params.older_than, params.folder)
  if found.count == 0 then return "nothing " .. where end
  if not cleaned then
    return ("%s %s, %s; left alone"):format(count(found.count, "file"), where, size(found.bytes))
  end
  if dry_run then
    return ("would remove %s %s, %s"):format(count(found.count, "file"), where, size(found.bytes))
  end
  local words = ("removed %s %s, %s freed"):format(count(cleaned.removed, "file"), where,
    size(cleaned.bytes))
  if #cleaned.kept > 0 then
    words = words .. "; " .. count(#cleaned.kept, "file") .. " could not be removed"
  end
  if found.truncated then words = words .. "; there are more, run again" end
  return words
end

local function write_report(seen, findings, cleanup)
  local worst = findings[1] and findings[1].level or 1
  local verdict = findings[1] and findings[1].words or
    "disks, memory and load are within their limits"
  local lines = { LEVELS[worst]:upper() .. ": " .. verdict }
  for index = 2, #findings do
    lines[#lines + 1] = ("  %s: %s"):format(LEVELS[findings[index].level], findings[index].words)
  end
  lines[#lines + 1] = ""
  add_machine(lines, seen.machine)
  lines[#lines + 1] = ("  %-10s%s"):format("cleanup", cleanup)
  add_processes(lines, "busiest processes", seen.by_cpu)
  add_processes(lines, "largest processes", seen.by_memory)
  add_ports(lines, seen.ports)
  add_docker(lines, seen.docker)
  report(table.concat(lines, "\n"))
  return LEVELS[worst]
end

return runbook {
  summary = "Diagnoses this machine and clears old temporary files out of a folder.",
  allow = { "fs:destroy" },
  timeout = "10m",
  params = {
    { "folder", "string", "Where old files are looked for", "/tmp/engine-quickstart" },
    { "older_than", "duration", "How old a file must be", "7d" },
    { "clean", "boolean", "Removes them; false only counts", true },
  },
  run = function(ctx)
    local params = ctx.params
    local seen = step("Look at the machine", observe)
    local findings = judge(seen.machine)
    local found = step("Find old files", find_old, params.folder, params.older_than)
    local cleaned
    if params.clean and found.count > 0 then
      cleaned = step("Remove " .. count(found.count, "old file"), clean, found)
    end
    local cleanup = cleanup_words(params, found, cleaned, ctx.dry_run)
    local verdict = write_report(seen, findings, cleanup)
    return {
      verdict = verdict,
      findings = #findings,
      old_files = found.count,
      removed = cleaned and cleaned.removed or 0,
      freed_bytes = cleaned and cleaned.bytes or 0,
    }
  end,
}
