# layout.cmake: where things lie, the same in the build tree and under a prefix:
#
#   bin/seqgen   share/seqgen/templates/   lib/libseqrt.a      include/seqrt.h include/seqrt_data.h
#   lib/pkgconfig/seqrt.pc   lib/cmake/seqgen/   lib/libseqtrain.a   include/seqtrain.h
#
# seqgen finds the rest from its own place, so either tree can be moved. `lib` is not GNUInstallDirs' for that reason.

# ---- the build tree ----
file(GLOB_RECURSE SEQGEN_TEMPLATES RELATIVE ${PROJECT_SOURCE_DIR}/templates CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/templates/*.m4)
set(SEQGEN_BESIDE "")
function(seqgen_copy from to)
  add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/${to} DEPENDS ${PROJECT_SOURCE_DIR}/${from} VERBATIM
    COMMAND ${CMAKE_COMMAND} -E copy ${PROJECT_SOURCE_DIR}/${from} ${CMAKE_BINARY_DIR}/${to})
  set(SEQGEN_BESIDE ${SEQGEN_BESIDE} ${CMAKE_BINARY_DIR}/${to} PARENT_SCOPE)
endfunction()
foreach(template IN LISTS SEQGEN_TEMPLATES)
  seqgen_copy(templates/${template} share/seqgen/templates/${template})
endforeach()
set(SEQGEN_HEADERS runtime/seqrt.h runtime/seqrt_data.h runtime/trainer/seqtrain.h)
foreach(header IN LISTS SEQGEN_HEADERS)
  get_filename_component(name ${header} NAME)
  seqgen_copy(${header} include/${name})
endforeach()
add_custom_target(seqgen_beside ALL DEPENDS ${SEQGEN_BESIDE})
add_dependencies(seqgen seqgen_beside)

configure_file(scripts/cmake/seqrt.pc.in ${CMAKE_BINARY_DIR}/lib/pkgconfig/seqrt.pc @ONLY)
configure_file(scripts/cmake/seqgenConfig.cmake ${CMAKE_BINARY_DIR}/lib/cmake/seqgen/seqgenConfig.cmake COPYONLY)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/lib/cmake/seqgen/seqgenConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)

# ---- a prefix ----
install(TARGETS seqgen RUNTIME DESTINATION bin)
install(TARGETS seqrt seqtrain ARCHIVE DESTINATION lib)
install(FILES ${SEQGEN_HEADERS} DESTINATION include)
install(DIRECTORY templates/ DESTINATION share/seqgen/templates FILES_MATCHING PATTERN "*.m4")
install(DIRECTORY ${CMAKE_BINARY_DIR}/lib/pkgconfig ${CMAKE_BINARY_DIR}/lib/cmake DESTINATION lib)
install(FILES LICENSE DESTINATION share/doc/seqgen)
