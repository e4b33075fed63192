--- What std.thresholds says of measured values.
local thresholds = require("std.thresholds")
local check = thresholds.check

test("a value above its limit is a warning, then critical", function()
  local rule = { name = "Disk usage", warning = 70, critical = 85, unit = "percent", action = "Clean up" }
  equal(check(70, rule).level, "ok")
  equal(check(71, rule).level, "warning")
  equal(check(90, rule).sentence, "Disk usage is 90 %, above 85 % (critical)")
  equal(check(90, rule).action, "Clean up")
end)

test("a share of a target is judged from below", function()
  local rule = { name = "Pool ready", warning = "50 %", critical = "20 %", direction = "below", of = 10 }
  equal(check(6, rule).level, "ok")
  equal(check(4, rule).level, "warning")
  equal(check(1, rule).sentence, "Pool ready is 10 % of 10, below 20 % (critical)")
end)

test("limits have units, states are compared, and what is unknown is critical", function()
  equal(check("6s", { warning = "5s", critical = "10s", unit = "duration" }).level, "warning")
  equal(check("unhealthy", { critical = "unhealthy" }).level, "critical")
  equal(check("healthy", { critical = "unhealthy" }).level, "ok")
  equal(check(nil, { warning = 1 }).level, "critical")
  refused("INVALID_ARGUMENT", check, 1, { warning = "much" })
  refused("INVALID_ARGUMENT", check, 1, { warning = 1, direction = "up" })
end)

test("the worst of several", function()
  local verdicts = thresholds.check_all({ jobs = 9, failed = 0 },
    { jobs = { warning = 8, critical = 10 }, failed = { warning = 5, critical = 10 } })
  equal(#verdicts, 2)
  local level, worst = thresholds.worst(verdicts)
  equal(level, "warning")
  equal(worst.name, "jobs")
  equal(thresholds.worst({ "ok", "critical" }), "critical")
end)
