# How everything is compiled: the language, the warnings, the linker, the sanitizers. Targets take it from engine_settings.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# assert() stays in every build, so NDEBUG is never defined. Small code starts faster, and what takes time is in the
# libraries: -O2 makes the program 1.6 times as large and journaled reads an eighth faster.
set(CMAKE_CXX_FLAGS_RELEASE "-Os")
set(CMAKE_C_FLAGS_RELEASE "-O2")
set(CMAKE_CXX_FLAGS_DEBUG "-Og")
set(CMAKE_C_FLAGS_DEBUG "-Og")

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers carry the time of their making, which ccache would take for a change.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

find_program(MOLD mold)
find_program(LLD ld.lld)
if(MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_link_options(-fuse-ld=mold)
elseif(LLD)
  add_link_options(-fuse-ld=lld)
endif()

add_library(engine_settings INTERFACE)
target_compile_options(engine_settings INTERFACE -Wall -Wextra -Wpedantic -Werror)
# Declarations name the fields that they set; the others have defaults.
target_compile_options(engine_settings INTERFACE -Wno-missing-field-initializers)
target_link_options(engine_settings INTERFACE -Wl,--as-needed)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 inlines std::string and then sees overlong reads and overlaps in it that cannot happen.
  target_compile_options(engine_settings INTERFACE -Wno-restrict -Wno-stringop-overread -Wno-stringop-overflow
                         -Wno-maybe-uninitialized)
endif()
if(CCACHE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(engine_settings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  # libstdc++ hides std::expected from a clang that states an older version of concepts, though 16 has what it needs.
  target_compile_options(engine_settings INTERFACE -U__cpp_concepts -D__cpp_concepts=202002L -Wno-builtin-macro-redefined
                         -Wno-macro-redefined)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(engine_settings INTERFACE -ffunction-sections -fdata-sections)
  target_link_options(engine_settings INTERFACE -Wl,--gc-sections)
endif()
if(ENGINE_SANITIZE)
  target_compile_options(engine_settings INTERFACE -fsanitize=${ENGINE_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(engine_settings INTERFACE -fsanitize=${ENGINE_SANITIZE})
  if(ENGINE_SANITIZE MATCHES "undefined")
    target_compile_options(engine_settings INTERFACE -fno-sanitize-recover=undefined)
  endif()
endif()
if(ENGINE_COVERAGE)
  target_compile_options(engine_settings INTERFACE --coverage)
  target_link_options(engine_settings INTERFACE --coverage)
endif()
