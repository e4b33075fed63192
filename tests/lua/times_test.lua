--- What std.times makes of moments.
local times = require("std.times")

test("a moment in milliseconds, whatever its zone", function()
  equal(times.parse("1970-01-01T00:00:00Z"), 0)
  equal(times.parse("2026-11-21T14:37:17.330417418Z"), 1795271837330)
  equal(times.parse("2026-11-21T15:37:17+01:00"), 1795271837000)
  equal(times.parse("2024-02-29T23:59:59.5-00:30"), 1709252999500)
end)

test("what is no moment is nil", function()
  equal(times.parse("0001-01-01T00:00:00Z") == nil, true)
  equal(times.parse("yesterday") == nil, true)
  equal(times.parse(json.null) == nil, true)
end)

test("a moment and a span as people read them", function()
  equal(times.format(1795271837330), "2026-11-21T14:37:17Z")
  equal(times.span(40000), "40 s")
  equal(times.span(18600000), "5 h 10 min")
  equal(times.span(7200000), "2 h")
  equal(times.span(86400000 * 3), "3 days")
end)
