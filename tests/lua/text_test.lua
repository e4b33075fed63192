--- What std.text makes of templates, lines and columns.
local text = require("std.text")

test("a template is filled, and a missing name is an error that names it", function()
  equal(text.fill("{{ who }} has {{n.x}} {{{{", { who = "db", n = { x = 3 } }), "db has 3 {{")
  equal(refused("INVALID_ARGUMENT", text.fill, "{{nobody}}", {}).message,
    "the template names {{nobody}}, which has no value")
  equal(text.fill("{{ok}}", { ok = false }), "false")
end)

test("text is split, trimmed, wrapped and indented", function()
  equal(text.split("a.b..c", "."), { "a", "b", "", "c" })
  equal(text.trim("  a b \n"), "a b")
  equal(text.lines("a\r\nb\n"), { "a", "b" })
  equal(text.wrap("one two three", 7), "one two\nthree")
  equal(text.indent("a\n\nb", 2), "  a\n\n  b")
  equal(text.starts_with("abc", "ab"), true)
  equal(text.ends_with("abc", "bc"), true)
end)

test("columns align, numbers to the right", function()
  equal(text.columns({ { name = "größe", n = 5 }, { name = "b", n = 12 } }, { "name", { "n", "count" } }),
    "name   count\ngröße      5\nb         12")
end)
