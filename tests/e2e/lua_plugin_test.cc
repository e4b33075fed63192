// Plugins written in Lua, through the program: declared, permitted, recorded, planned and broken as
// others are.
#include "tests/support/catch.h"
#include "tests/support/cli.h"

using namespace engine;
using test::Cli;
using test::Ended;

namespace {

constexpr const char* kPlugin = R"(
local function put(path, text)
  return fs.write { path = path, data = text }
end

return {
  summary = "Keeps notes in files.",
  version = "2.1",
  uses = { "fs:change" },
  config = { folder = { "string", default = ".", help = "Where notes are kept." } },
  operations = {
    ["note.put"] = {
      summary = "Writes a note.",
      effect = "change",
      idempotent = true,
      timeout = "5s",
      target = "name",
      errors = { "notes.TOO_LONG" },
      params = { { "name", "string", "Of the note." }, { "text", "string", "What it says.", "" } },
      results = { { "size", "integer", "Bytes written." } },
      run = function(args, ctx)
        if #args.text > 20 then fail("notes.TOO_LONG", "the note is too long") end
        return { size = put(ctx.config.folder .. "/" .. args.name, args.text).size }
      end,
    },
    ["note.get"] = {
      summary = "Reads a note.",
      effect = "read",
      params = { { "name", "string", "Of the note." } },
      run = function(args, ctx)
        return { text = fs.read { path = ctx.config.folder .. "/" .. args.name }.data }
      end,
    },
    ["note.touch"] = {
      summary = "Says that it only reads.",
      effect = "read",
      run = function(_, ctx) put(ctx.config.folder .. "/touched", "") end,
    },
    ["note.burn"] = {
      summary = "Does what the plugin has not declared.",
      effect = "destroy",
      run = function(_, ctx) fs.remove { path = ctx.config.folder .. "/gone" } end,
    },
    ["note.hang"] = {
      summary = "Takes too long.",
      effect = "change",
      timeout = "50ms",
      run = function()
        local guard <close> = setmetatable({}, { __close = function() log.info("closed") end })
        sleep("1h")
      end,
    },
    ["note.slip"] = {
      summary = "Has a bug.",
      effect = "read",
      params = { { "how", "string", "Which." } },
      run = function(args)
        if args.how == "nil" then return args.missing.field end
        if args.how == "memory" then return { ("x"):rep(16000000):rep(1), (function()
          local all = {}
          for i = 1, 1e9 do all[i] = ("x"):rep(100) .. i end
        end)() } end
        if args.how == "value" then return { put } end
      end,
    },
  },
}
)";

struct Notes {
  Cli cli;

  Notes() {
    cli.write("plugins/notes/plugin.lua", kPlugin);
    cli.env["ENGINE_PLUGIN_FOLDERS"] = cli.folder() + "/plugins";
    cli.env["ENGINE_PLUGINS_NOTES_FOLDER"] = cli.folder();
  }
  Ended run(const std::string& body, const std::string& allow = "\"notes:destroy\"",
            std::vector<std::string> arguments = {}) {
    return cli.runbook("return runbook { summary = \"T.\", allow = { " + allow +
                           " },\n  run = function()\n" + body + "\n  end }\n",
                       std::move(arguments));
  }
  std::string journal() {
    const Ended runs = cli.run({"runs", "-o", "jsonl"});
    const std::string id = test::member(runs.out.substr(0, runs.out.find('\n')), "run");
    return cli.run({"trace", id.substr(1, id.size() - 2), "-o", "json"}).out;
  }
};

}  // namespace

TEST_CASE_METHOD(Notes, "a Lua plugin is declared and listed as a native one is") {
  const Ended plugins = cli.run({"plugins", "-o", "jsonl"});
  CHECK(plugins.out.find(R"("name":"notes","version":"2.1","summary":"Keeps notes in files.")") !=
        std::string::npos);
  CHECK(plugins.out.find(R"("uses":["fs:change"])") != std::string::npos);

  const Ended shown = cli.run({"ops", "notes.note.put"});
  CHECK(shown.out.find("effect:     change") != std::string::npos);
  CHECK(shown.out.find("uses:       fs:change") != std::string::npos);
  CHECK(shown.out.find("notes.TOO_LONG") != std::string::npos);
  CHECK(shown.out.find("Of the note. [required]") != std::string::npos);

  const Ended help = cli.run({"call", "notes.note.put", "--help"});
  CHECK(help.out.find("--text STRING") != std::string::npos);
  const Ended wrong = cli.run({"call", "notes.note.put", "--nme", "a"});
  CHECK(wrong.code == 64);
  CHECK(wrong.err.find("--name") != std::string::npos);
}

TEST_CASE_METHOD(Notes, "its operations are called from a runbook and by hand") {
  const Ended ran =
      run("    notes.note.put { name = \"a\", text = \"hello\" }\n"
          "    return notes.note.get { name = \"a\" }.text");
  INFO(ran.err);
  CHECK(ran.code == 0);
  CHECK(ran.out == "hello\n");
  CHECK(cli.read("a") == "hello");

  const Ended called =
      cli.run({"call", "notes.note.put", "--name", "b", "--text", "x", "-o", "json"});
  CHECK(test::member(called.out, "result") == R"({"size":1})");
}

TEST_CASE_METHOD(Notes, "what its function calls is recorded below it") {
  CHECK(run("    notes.note.put { name = \"a\", text = \"hello\" }").code == 0);
  const std::string trace = journal();

  const size_t outer = trace.find(R"("operation":"notes.note.put","place":"1","effect":"change")");
  const size_t inner = trace.find(R"("operation":"fs.write","place":"1.1:1","effect":"change")");
  REQUIRE(outer != std::string::npos);
  REQUIRE(inner != std::string::npos);
  CHECK(trace.find(R"("children":[{"kind":"operation","operation":"fs.write")") > outer);
  CHECK(trace.find(R"("line":"plugins/notes/plugin.lua:3")") > inner);
}

TEST_CASE_METHOD(Notes, "a runbook allows its operations and not what they are made of") {
  const Ended refused = run("    notes.note.put { name = \"a\" }", "\"fs:destroy\"");
  CHECK(refused.code == 77);
  CHECK(refused.err.find("notes.note.put changes something, and this runbook does not allow it") !=
        std::string::npos);

  CHECK(run("    notes.note.put { name = \"a\" }", "\"notes:change\"").code == 0);

  const Ended direct = run("    fs.write { path = \"x\", data = \"\" }", "\"notes:change\"");
  CHECK(direct.code == 77);
}

TEST_CASE_METHOD(Notes, "its functions do no more than the plugin and the operation declare") {
  const Ended burn = run("    notes.note.burn {}");
  CHECK(burn.code == 77);
  CHECK(burn.err.find("fs.remove destroys something, and plugin 'notes' does not say that it uses "
                      "it") != std::string::npos);
  CHECK(burn.err.find("uses = { \"fs:destroy\" }") != std::string::npos);

  const Ended touch = run("    notes.note.touch {}");
  CHECK(touch.code == 77);
  CHECK(touch.err.find("which calls it, is declared a read") != std::string::npos);
}

TEST_CASE_METHOD(Notes, "the operator's configuration narrows what a plugin calls") {
  cli.env["ENGINE_PERMISSIONS_DENY"] = "fs:change";
  const Ended ran = run("    notes.note.put { name = \"a\" }");
  CHECK(ran.code == 77);
  CHECK(ran.err.find("the operator's configuration refuses fs.write") != std::string::npos);
}

TEST_CASE_METHOD(Notes, "in a dry run its reads run and its changes are planned") {
  cli.write("a", "old");
  const Ended ran =
      run("    report(notes.note.get { name = \"a\" }.text)\n"
          "    notes.note.put { name = \"a\", text = \"new\" }",
          "\"notes:change\"", {"--dry-run"});
  INFO(ran.err);
  CHECK(ran.code == 0);
  CHECK(ran.out.starts_with("old\n"));
  CHECK(ran.out.find("1. fs.write") != std::string::npos);
  CHECK(ran.out.find("2. ") == std::string::npos);
  CHECK(cli.read("a") == "old");
}

TEST_CASE_METHOD(Notes, "an error shows the plugin's line and the runbook's") {
  const Ended slip = run("    notes.note.slip { how = \"nil\" }");
  CHECK(slip.code == 1);
  CHECK(slip.err.find("attempt to index a nil value (field 'missing')") != std::string::npos);
  CHECK(slip.err.find("at plugins/notes/plugin.lua:58 in operation 'notes.note.slip'") !=
        std::string::npos);
  CHECK(slip.err.find(".lua:3 in main") != std::string::npos);

  const Ended said =
      run("    local ok, err = pcall(notes.note.put, { name = \"a\", text = (\"x\"):rep(21) })\n"
          "    return err.code .. \" \" .. err.operation");
  CHECK(said.out == "notes.TOO_LONG notes.note.put\n");

  const Ended value = run("    notes.note.slip { how = \"value\" }");
  CHECK(value.err.find("a function has no JSON form") != std::string::npos);
}

TEST_CASE_METHOD(Notes, "plugins in Lua call each other with what each of them uses") {
  cli.write(
      "plugins/outer/plugin.lua",
      "return {\n  summary = \"T.\",\n  uses = { \"notes:change\", \"state:change\" },\n"
      "  operations = {\n"
      "    [\"it.put\"] = { summary = \"Puts.\", effect = \"change\", run = function(_, ctx)\n"
      "      state.set { name = \"seen\", value = #ctx.key > 0 }\n"
      "      parallel { function() sleep(\"1ms\") end, function()\n"
      "        step(\"inner\", function() notes.note.put { name = \"a\", text = \"deep\" } end)\n"
      "      end }\n"
      "      return notes.note.get { name = \"a\" }\n    end },\n"
      "    [\"it.write\"] = { summary = \"Writes.\", effect = \"change\",\n"
      "      run = function() fs.write { path = \"x\", data = \"\" } end },\n"
      "    [\"it.round\"] = { summary = \"Calls itself.\", effect = \"read\",\n"
      "      run = function() return outer.it.round {} end },\n  },\n}\n");

  const Ended put = run("    return { outer.it.put {}.text, state.get { name = \"seen\" } }",
                        "\"outer:change\"", {"-o", "json"});
  INFO(put.err);
  CHECK(put.code == 0);
  const std::string trace = journal();
  CHECK(trace.find(R"("operation":"notes.note.put","place":"1.1/2.2:1")") != std::string::npos);
  CHECK(trace.find(R"("line":"plugins/outer/plugin.lua:10")") != std::string::npos);

  const Ended write = run("    outer.it.write {}", "\"outer:change\"");
  CHECK(write.err.find("plugin 'outer' does not say that it uses it") != std::string::npos);

  const Ended round = run("    return outer.it.round {}", "\"outer:change\"");
  CHECK(round.err.find("outer.it.round is called within operations of Lua plugins, 32 deep") !=
        std::string::npos);
  CHECK(round.err.find(".lua:3 in main") != std::string::npos);
}

TEST_CASE_METHOD(Notes, "its timeout names it and lets the function close") {
  const Ended ran = run("    notes.note.hang {}");
  CHECK(ran.code == 124);
  CHECK(ran.err.find("info: closed") != std::string::npos);
  CHECK(ran.err.find("notes.note.hang did not answer within 50ms") != std::string::npos);
  CHECK(journal().find(R"("error":{"code":"TIMEOUT")") != std::string::npos);
}

TEST_CASE_METHOD(Notes, "the run's memory limit holds inside of it") {
  const Ended ran = run("    pcall(notes.note.slip, { how = \"memory\" })");
  CHECK(ran.code == 1);
  CHECK(ran.err.find("the run needs more than its 64 MiB of memory") != std::string::npos);
}

TEST_CASE_METHOD(Notes, "wrong settings are an error of the call that needs them") {
  cli.env["ENGINE_PLUGINS_NOTES_FLDER"] = "x";
  const Ended ran = run("    notes.note.get { name = \"a\" }");
  CHECK(ran.code == 1);
  CHECK(ran.err.find("plugins.notes: there is no setting 'flder'") != std::string::npos);
}

TEST_CASE_METHOD(Notes, "engine check reads a plugin's declaration") {
  const std::string good = cli.folder() + "/plugins/notes/plugin.lua";
  CHECK(cli.run({"check", good}).code == 0);
  const std::string bad = cli.write(
      "plugins/bad/plugin.lua",
      "return {\n  summary = \"T.\",\n  operations = {\n    [\"a.get\"] = { summary = \"Gets.\",\n"
      "      efect = \"read\", run = function() end },\n  },\n}\n");
  const Ended checked = cli.run({"check", bad});
  CHECK(checked.code == 65);
  CHECK(checked.out.find(bad + ":5:1: operation 'bad.a.get': there is no 'efect'") !=
        std::string::npos);
  CHECK(checked.out.find("did you mean 'effect'?") != std::string::npos);
}

TEST_CASE("a broken Lua plugin is one line with its place and the others work on") {
  Cli cli;
  cli.env["ENGINE_PLUGIN_FOLDERS"] = cli.folder() + "/plugins:" + cli.folder() + "/more";
  const auto plugin = [&](const std::string& name, const std::string& text) {
    cli.write("plugins/" + name + "/plugin.lua", text);
  };
  const std::string get = "[\"a.get\"] = { summary = \"Gets.\", effect = \"read\", run = print }";
  plugin("syntax", "return {\n  summary = = 1\n}");
  plugin("raises", "local x\nprint(x.y)\n");
  plugin("waits", "sleep(\"1s\")\n");
  plugin("nothing", "return 1\n");
  plugin("typo", "return {\n  summary = \"T.\",\n  operatoins = {},\n}");
  plugin("effect",
         "return {\n  summary = \"T.\",\n  operations = {\n    [\"a.get\"] = {\n"
         "      summary = \"Gets.\",\n      effect = \"look\", run = print } } }");
  plugin("twofold", "return {\n  summary = \"T.\",\n  operations = {\n    " + get + ",\n    " +
                        get + ",\n  } }");
  plugin("name",
         "return { summary = \"T.\", operations = { [\"A\"] = { summary = \"Gets.\", run = "
         "function() end } } }");
  plugin("grant",
         "return { summary = \"T.\",\n uses = { \"fs\" }, operations = { [\"a.get\"] = { "
         "summary = \"Gets.\", run = function() end } } }");
  const std::string good =
      "return { summary = \"T.\", operations = { [\"a.get\"] = { summary = \"Gets.\", effect = "
      "\"read\", run = function() return 7 end } } }";
  plugin("good", good);
  cli.write("more/good/plugin.lua", good);

  const std::string listed = cli.run({"plugins"}).out;
  INFO(listed);
  const auto says = [&](const std::string& line) { return listed.find(line) != std::string::npos; };
  CHECK(says("plugins/syntax/plugin.lua:2:13: unexpected symbol near '='"));
  CHECK(says("plugins/raises/plugin.lua:2: attempt to index a nil value (local 'x')"));
  CHECK(says("plugins/waits/plugin.lua:1: sleep waits, and cannot be called at the top level"));
  CHECK(says("plugins/nothing/plugin.lua: the file does not return a table"));
  CHECK(says("plugins/typo/plugin.lua:3: there is no 'operatoins' in a plugin"));
  CHECK(says("plugins/effect/plugin.lua:6: operation 'effect.a.get': there is no effect 'look'"));
  CHECK(says("plugins/twofold/plugin.lua:5: operation 'twofold.a.get' is declared twice"));
  CHECK(says("operation 'name.A': a name is plugin.noun.verb or plugin.verb, in lower case"));
  CHECK(says("plugins/grant/plugin.lua:2: uses: 'fs' is no permission"));
  CHECK(says("more/good/plugin.lua is not used: " + cli.folder() + "/plugins/good/plugin.lua"));

  CHECK(cli.run({"call", "good.a.get"}).out == "7\n");
  const Ended call = cli.run({"call", "raises.a.get"});
  CHECK(call.code == 69);
  CHECK(call.err.find("plugins/raises/plugin.lua:2") != std::string::npos);
}
