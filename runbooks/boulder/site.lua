--- What this site sets apart from settings.lua, by the same names. A file boulder/site.lua in a folder of runbooks that
--- comes first (/etc/engine/runbooks/boulder/site.lua) is read instead of this one.

return {
  -- labels = { owner = "com.example.owner" },
  -- start_failures = { escalate_users = 5 },
  -- high_memory = { idle = "12h" },
}
