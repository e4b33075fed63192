# Run by embed.cmake at build time: writes OUTPUT, a C++ file that holds the text of FILES (separated by commas).
string(REPLACE "," ";" files "${FILES}")
set(table "")
foreach(name IN LISTS files)
  file(READ ${SOURCE_DIR}/${name} text)
  file(SHA256 ${SOURCE_DIR}/${name} hash)
  string(APPEND table "    {\"${name}\", R\"embedded(${text})embedded\", \"${hash}\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Generated from the engine's Lua files.
#include \"engine/base/embedded.h\"

namespace engine {

static constexpr EmbeddedFile kFiles[] = {
${table}    {{}, {}, {}},
};

std::span<const EmbeddedFile> embedded_files() { return std::span(kFiles).first(std::size(kFiles) - 1); }

const EmbeddedFile& embedded_file(std::string_view name) {
  const EmbeddedFile* file = kFiles;
  while (!file->name.empty() && file->name != name) ++file;
  return *file;
}

}  // namespace engine
")
