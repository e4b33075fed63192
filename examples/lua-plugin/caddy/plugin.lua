--- Where a Caddy server sends requests to, through its admin API.
---
--- A plugin is a folder with this file; the folder's name is the plugin's. The file returns its declaration, and each
--- operation's `run` is an ordinary Lua function, which may wait and call operations as a runbook does.

-- What several operations take is declared once.
local id = { "id", "string", "The `@id` of a reverse proxy in Caddy's configuration." }

-- Only a declared operation is visible to runbooks: this is the plugin's own.
-- ctx.config holds the settings of [plugins.caddy], checked and complete.
local function admin(ctx, method, path, value)
  local answer = http.request {
    method = method,
    url = ctx.config.admin .. path,
    unix_socket = ctx.config.socket,
    json = value,
    check = false, -- the status is ours to judge
    timeout = "5s",
  }
  if answer.status < 400 then return answer.json end
  local said = type(answer.json) == "table" and answer.json.error or answer.body or ""
  if answer.status == 404 or said:find("unknown object ID", 1, true) then
    fail("NOT_FOUND", "Caddy knows nothing under " .. path, { hint = "give the proxy an @id in Caddy's configuration" })
  end
  fail("caddy.REFUSED", "Caddy refused " .. method .. " " .. path .. ": " .. said)
end

local function addresses(upstreams)
  local list = {}
  for _, upstream in ipairs(upstreams or {}) do list[#list + 1] = upstream.dial end
  return list
end

local function same(a, b)
  return table.concat(a, "\n") == table.concat(b, "\n")
end

return {
  summary = "Where a Caddy server sends requests to.",
  version = "1.0.0",

  -- The table [plugins.caddy] of the configuration.
  config = {
    admin = { "string", default = "http://localhost:2019", help = "Address of Caddy's admin API." },
    socket = { "string", default = "", help = "Path of a unix socket to reach it by; empty: none." },
  },

  -- All that the functions below may call beside reads; `engine plugins` shows it. A runbook allows this plugin's
  -- operations ("caddy:change"), not what they are made of.
  uses = { "http:change" },

  operations = {
    ["upstream.list"] = {
      summary = "Lists the addresses that Caddy proxies to, with how they are.",
      effect = "read",
      timeout = "10s",
      errors = { "caddy.REFUSED" },
      results = {
        { "address", "string", "host:port." },
        { "requests", "integer", "Requests that it is answering now." },
        { "fails", "integer", "How often it failed lately." },
      },
      run = function(_, ctx)
        local list = {}
        for _, upstream in ipairs(admin(ctx, "GET", "/reverse_proxy/upstreams") or {}) do
          list[#list + 1] = { address = upstream.address, requests = upstream.num_requests, fails = upstream.fails }
        end
        return list
      end,
    },

    ["upstream.set"] = {
      summary = "Sends a proxy's requests to these addresses from now on.",
      effect = "change",
      idempotent = true, -- twice ends where once does, so that a retry is safe
      timeout = "30s",
      target = "id", -- for the audit: what it acts on
      errors = { "NOT_FOUND", "caddy.REFUSED" },
      params = {
        id,
        { "addresses", "list", item = "string", help = "Each as host:port." },
        { "drain", "duration", "How long to wait before the change.", "0s" },
      },
      results = {
        { "changed", "boolean", "Whether they were other ones." },
        { "before", "list", item = "string", help = "The addresses until now." },
      },
      run = function(args, ctx)
        local path = "/id/" .. args.id .. "/upstreams"
        local before = addresses(admin(ctx, "GET", path))
        if same(before, args.addresses) then return { changed = false, before = before } end

        sleep(args.drain) -- durations arrive in milliseconds
        local upstreams = {}
        for i, address in ipairs(args.addresses) do upstreams[i] = { dial = address } end
        admin(ctx, "PATCH", path, upstreams)
        return { changed = true, before = before }
      end,
    },
  },
}
