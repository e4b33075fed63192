# Run by embed.cmake at build time: writes OUTPUT, a C++ file that holds the text of FILES (separated by commas).
string(REPLACE "," ";" files "${FILES}")
set(table "")
foreach(name IN LISTS files)
  file(READ ${SOURCE_DIR}/${name} text)
  string(APPEND table "    {\"${name}\", R\"embedded(${text})embedded\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Generated from the engine's Lua files.
#include \"engine/base/embedded.h\"

namespace engine {

static constexpr EmbeddedFile kFiles[] = {
${table}    {{}, {}},
};

std::span<const EmbeddedFile> embedded_files() { return std::span(kFiles).first(std::size(kFiles) - 1); }

std::string_view embedded(std::string_view name) {
  for (const EmbeddedFile& file : embedded_files()) {
    if (file.name == name) return file.text;
  }
  return {};
}

}  // namespace engine
")
