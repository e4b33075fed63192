# The libraries that the engine stands on, all of them Debian packages; tools/setup installs them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)
pkg_check_modules(ARCHIVES REQUIRED IMPORTED_TARGET lua5.4 libuv sqlite3 nettle)
pkg_check_modules(SPDLOG REQUIRED IMPORTED_TARGET spdlog)

add_library(engine_libraries INTERFACE)
target_link_libraries(engine_libraries INTERFACE PkgConfig::SIMDJSON Threads::Threads ${CMAKE_DL_LIBS})
if(ENGINE_STATIC)
  # Each shared library costs the start of the process 50 to 100 us, and every `engine run` is a process.
  target_include_directories(engine_libraries SYSTEM INTERFACE ${ARCHIVES_INCLUDE_DIRS})
  target_compile_definitions(engine_libraries INTERFACE SPDLOG_HEADER_ONLY SPDLOG_FMT_EXTERNAL FMT_HEADER_ONLY)
  target_link_libraries(engine_libraries INTERFACE
    -Wl,--whole-archive -l:libuv_a.a -Wl,--no-whole-archive -l:liblua5.4.a -l:libnettle.a -lsqlite3 -lm -lz)
else()
  target_link_libraries(engine_libraries INTERFACE PkgConfig::ARCHIVES PkgConfig::SPDLOG)
endif()

# Time zones, read from the system's zoneinfo.
find_package(date REQUIRED)
target_link_libraries(engine_libraries INTERFACE $<TARGET_FILE:date::date-tz>)
set_source_files_properties(${CMAKE_SOURCE_DIR}/engine/base/zone.cc PROPERTIES SKIP_PRECOMPILE_HEADERS ON
  COMPILE_DEFINITIONS "$<TARGET_PROPERTY:date::date-tz,INTERFACE_COMPILE_DEFINITIONS>")

find_path(TOMLPLUSPLUS toml++/toml.h)
if(NOT TOMLPLUSPLUS)
  message(FATAL_ERROR "toml++ is missing; run tools/setup build")
endif()
