--- What std.tables makes of lists and maps.
local tables = require("std.tables")

local people = { { name = "b", age = 2 }, { name = "a", age = 2 }, { name = "c", age = 1 } }

test("lists are filtered, mapped and reduced", function()
  equal(tables.map(tables.filter(people, function(p) return p.age == 2 end), "name"), { "b", "a" })
  equal(tables.reduce({ 1, 2, 3 }, 0, function(a, b) return a + b end), 6)
  equal(tables.sum(people, "age"), 5)
end)

test("sorting keeps the order of equals and the given table", function()
  equal(tables.map(tables.sort_by(people, "age"), "name"), { "c", "b", "a" })
  equal(tables.map(tables.sort_by(people, "age", { descending = true }), "name"), { "b", "a", "c" })
  equal(people[1].name, "b")
end)

test("items are grouped, indexed, found and counted once", function()
  equal(#tables.group(people, "age")[2], 2)
  equal(tables.index_by(people, "name").c.age, 1)
  equal(tables.find(people, function(p) return p.name == "a" end).age, 2)
  equal(tables.unique({ 1, 2, 1 }), { 1, 2 })
  equal(tables.keys({ b = 1, a = 2 }), { "a", "b" })
  equal(tables.values({ b = 1, a = 2 }), { 2, 1 })
  equal(tables.max_by(people, "age").name, "b")
  equal(tables.min_by({}, "age"), nil)
end)
