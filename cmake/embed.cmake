# Puts the engine's own Lua files (engine/**/*.lua) into the program. engine::embedded("engine/lua/prelude.lua") in
# engine/base/embedded.h answers the text.
function(embed_lua target)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/engine/*.lua)
  set(output ${CMAKE_BINARY_DIR}/generated/embedded.cc)
  set(paths ${files})
  list(TRANSFORM paths PREPEND ${CMAKE_SOURCE_DIR}/)
  list(JOIN files "," joined)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${CMAKE_SOURCE_DIR} -DFILES=${joined} -DOUTPUT=${output}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
    DEPENDS ${paths} ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
  add_custom_target(generated DEPENDS ${output})
endfunction()
