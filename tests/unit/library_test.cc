// How runbooks and the modules that they require are found in several folders.
#include "engine/runs/library.h"

#include <filesystem>
#include <fstream>

#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

using namespace engine;
using runs::Library;

namespace {

struct Folders : TemporaryFolder {
  std::string site = path() + "/site", shipped = path() + "/shipped", scripts = path() + "/scripts";
  Library library{{site, shipped}, {scripts}};

  static std::string write(const std::string& file, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file) << text;
    return file;
  }
  std::string module(const std::string& name, const std::string& from) const {
    const Result<runs::Source> found = library.module(name, from);
    return found ? found->text : found.error().code;
  }
};

}  // namespace

TEST_CASE_METHOD(Folders,
                 "a runbook's module of an earlier folder holds before the one beside it") {
  const std::string runbook = write(shipped + "/boulder/a.lua", "");
  write(shipped + "/boulder/site.lua", "shipped");
  write(scripts + "/site.lua", "script");
  CHECK(module("site", runbook) == "shipped");

  write(site + "/nexus/site.lua", "another system's");
  CHECK(module("site", runbook) == "shipped");
  const std::string own = write(site + "/boulder/site.lua", "site");
  CHECK(module("site", runbook) == "site");
  write(shipped + "/boulder/starts.lua", "starts");
  CHECK(module("starts", own) == "starts");
}

TEST_CASE_METHOD(Folders, "a runbook outside all folders has the modules beside it and scripts") {
  const std::string runbook = write(path() + "/elsewhere/a.lua", "");
  write(path() + "/elsewhere/site.lua", "beside");
  write(site + "/site.lua", "site");
  write(scripts + "/std/units.lua", "units");
  CHECK(module("site", runbook) == "beside");
  CHECK(module("std.units", runbook) == "units");
  CHECK(module("std.unit", runbook) == "NOT_FOUND");
}
