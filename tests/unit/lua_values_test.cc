// Values between Lua and JSON, and what a script can see of them.
#include "tests/support/catch.h"
#include "tests/support/lua_run.h"

using namespace engine;
using tests::LuaRun;

TEST_CASE("values survive the way through Lua") {
  const char* json = GENERATE("null", "true", "[]", "{}", "[[],{}]", R"({"a":{"b":[]},"c":{}})",
                              "9223372036854775807", "-9223372036854775808", "1.5", "1.0", "\"\"",
                              R"("\u0000é\"\\\n")", R"({"$bytes":"/wA="})", R"({"$secret":"a/b"})",
                              R"({"$planned":"x.get"})", R"({"$$bytes":"x","$$user":1})",
                              R"([null,1,null])", R"({"a":null})", R"({"1":"x","2":"y"})");
  LuaRun run;
  run.outside.answers["box.item.get"] = [json](std::string_view) {
    return Result<std::string>(json);
  };
  CHECK(run.run("local it = box.item.get{} return it") == json);
  CHECK(run.run("return box.item.stop{ v = box.item.get{} }.v") == json);
}

TEST_CASE("null is a value, an empty table a list unless it says otherwise") {
  LuaRun run;
  CHECK(run.run("return { a = json.null, b = {}, c = json.map{}, d = json.list{} }") ==
        R"({"a":null,"b":[],"c":{},"d":[]})");
  CHECK(run.run(
            "local t = box.item.get{ a = 1 } t.a = nil return { t, #box.item.stop{ l = {} }.l }") ==
        "[{},0]");
  CHECK(run.run("return { tostring(json.null), json.null == box.item.get{ n = json.null }.n }") ==
        R"(["null",true])");
}

TEST_CASE("what has no JSON form is an error that names its path") {
  LuaRun run;
  CHECK(run.run("box.item.get{ a = { 1, { b = print } } }") ==
        "INVALID_ARGUMENT: box.item.get: a[2].b: a function has no JSON form");
  CHECK(run.run("local t = {} t.t = { t } return t") ==
        "INVALID_ARGUMENT: what run returned cannot be kept: t[1]: the table contains itself");
  CHECK(run.run("return { 1, x = 2 }").ends_with("this one mixes both kinds of keys"));
  CHECK(run.run("return { [1.5] = 2 }").ends_with("keys of a map have to be strings"));
  CHECK(run.run("return { n = 0/0 }").ends_with("n: a number that is not finite has no JSON form"));
  CHECK(run.run("local t = {} for i = 1, 70 do t = { t } end return t")
            .ends_with("nested deeper than 64"));
  CHECK(run.run("return { [1] = 1, [1000] = 2 }")
            .ends_with("a list with 2 items reaches up to 1000"));
  CHECK(run.run("box.item.get(1)") ==
        "INVALID_ARGUMENT: box.item.get takes one table of named arguments");
  CHECK(run.run("box.item.get{ 1 }") ==
        "INVALID_ARGUMENT: box.item.get takes named arguments, not a list");
}

TEST_CASE("a placeholder of a dry run can be used as if it were a result") {
  LuaRun run;
  run.outside.answers["box.item.get"] = [](std::string_view) {
    return Result<std::string>(R"({"$planned":"box.item.get"})");
  };
  CHECK(run.run(R"(
    local it = box.item.get{}
    local seen = 0
    for _ in pairs(it) do seen = seen + 1 end
    for _ in ipairs(it.list) do seen = seen + 1 end
    return { tostring(it.disk["/"][1]), it.x > 3, it.x <= 3, #it, seen,
             it.size + 1, "a " .. it, it:match("x") })") ==
        R"(["<planned: box.item.get.disk./[1]>",false,false,0,0,{"$planned":"box.item.get.size"},)"
        R"({"$planned":"box.item.get"},{"$planned":"box.item.get.match"}])");
}

TEST_CASE("pairs goes through keys in one order, and next agrees") {
  LuaRun run;
  CHECK(run.run(R"(
    local t, seen = { z = 1, a = 1, [2.5] = 1, [10] = 1, [1] = 1, [true] = 1, [false] = 1 }, {}
    for k in pairs(t) do seen[#seen + 1] = tostring(k) end
    local k = nil
    repeat k = next(t, k) if k ~= nil then seen[#seen + 1] = tostring(k) end until k == nil
    return table.concat(seen, " "))") == R"("1 2.5 10 a z false true 1 2.5 10 a z false true")");
  CHECK(run.run("local t, n = { a = 1, b = 2, c = 3 }, 0 for k in pairs(t) do t[k] = nil t.b = nil "
                "n = n + 1 end return n") == "2");
  CHECK(run.run("local n = 0 for i, v in pairs({ 1, 2, 3 }) do n = n + i * v end return n") ==
        "14");
  CHECK(run.run("for k in pairs({ [{}] = 1 }) do end").find("there is no order to go by") !=
        std::string::npos);
  CHECK(run.run("return { next({}) == nil, (next({ 5 })) }") == "[true,1]");
}

TEST_CASE("nothing a script can print holds an address") {
  LuaRun run;
  CHECK(run.run("return { tostring({}), tostring(print), tostring(box), string.format('%s', {}), "
                "tostring(error) }") == R"(["table","function","operations","table","function"])");
}

TEST_CASE("the sandbox has nothing that reaches out or hides") {
  LuaRun run;
  CHECK(run.run(R"(
    local found = {}
    for _, name in ipairs { "io", "debug", "package", "coroutine", "dofile", "loadfile",
                            "collectgarbage" } do
      if rawget(_G, name) ~= nil then found[#found + 1] = name end
    end
    return { found, os.execute == nil, os.getenv == nil, string.dump == nil,
             pcall(setmetatable, {}, { __gc = print }), pcall(setmetatable, {}, { __mode = "k" }),
             load("\27Lua") == nil, pcall(rawset, box, "x", 1),
              pcall(function() box.item.get = 1 end) })")
            .starts_with("[[],true,true,true,false,false,true,false,false,"));
  CHECK(run.run("x = 1 return x + load('return x + 1')()") == "3");
  CHECK(run.run("return load('return y', 'n', 't', { y = 4 })()") == "4");
}

TEST_CASE("math has the names of Lua 5.4's manual alone") {
  LuaRun run;
  CHECK(run.run("local names = '' for name in pairs(math) do names = names .. name .. ' ' end "
                "return names") ==
        "\"abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min mininteger "
        "modf pi rad random randomseed sin sqrt tan tointeger type ult \"");
}

TEST_CASE("globals of one run are not seen by another") {
  LuaRun run;
  CHECK(run.run("leak = 1 string.leak = 1 return leak") == "1");
  CHECK(run.run("return rawget(_G, 'leak') == nil and string.leak == nil") == "true");
}

TEST_CASE("the library that comes at its first use is not made of what a script has changed") {
  LuaRun run;
  CHECK(run.run(R"(
    type, tostring, error, pairs, setmetatable = nil, nil, nil, nil, nil
    local text = ("%s-%d"):format(true, 2)
    local sorted = { 3, 1, 2 }
    table.sort(sorted)
    local joined = parallel {
      function() return text end,
      function() return table.concat(sorted) end,
    }
    return joined[1] .. joined[2])") == R"("true-2123")");
  CHECK(run.run("return ('7' + 1) .. -('2') .. #_G.string.rep('x', 3)") == R"("8-23")");
  CHECK(run.run("string = { upper = function() return 'mine' end } "
                "return ('a'):upper() .. string.upper('a')") == R"("Amine")");
  CHECK(run.run("function step() return 'my step' end sleep '1ms' return step()") ==
        R"("my step")");
  CHECK(run.run("return tostring(select(2, pcall(function() return {} + '1' end)))")
            .find(":1: attempt to add") != std::string::npos);
}

TEST_CASE("modules are loaded once, from outside, and a circle is an error that shows the way") {
  LuaRun run;
  run.outside.modules = {{"a", "log.info('loading')\nreturn { n = ... }"},
                         {"b", "return require('c')"},
                         {"c", "return require('b')"},
                         {"bad", "local x = = 1"},
                         {"waits", "\nbox.item.get{}"}};
  const std::string loads = run.run("return { require('a').n, require('a') == require('a') }");
  CHECK(loads == R"(["a",true])");
  CHECK(run.outside.events.size() == 1);
  CHECK(run.run("require('b')") ==
        "INVALID_ARGUMENT: modules require each other in a circle: b.lua -> c.lua -> b.lua");
  CHECK(run.run("require('bad')") == "INVALID_ARGUMENT: bad.lua:1: unexpected symbol near '='");
  CHECK(
      run.run("require('waits')") ==
      "INVALID_ARGUMENT: box.item.get waits, and cannot be called inside 'require' (waits.lua:2)");
  CHECK(run.run("require('none')") == "NOT_FOUND: no module named 'none' for test.lua");
}
