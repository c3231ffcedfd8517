# seqgenConfig.cmake: find_package(seqgen) gives seqgen::seqgen (the generator), seqgen::seqrt (the runtime),
# seqgen::seqtrain (the trainer's command line, on top of it) and
#
#   seqgen_add_model(TARGET SPEC [NO_MAIN] [OPTIONS ARG ...] [DEPENDS FILE ...])
#
# which makes TARGET a static library from the spec, with TARGET.h on its include path: seqgen is run again when the
# spec, the file behind --weights, a file of DEPENDS (name the data files here) or seqgen itself changes. OPTIONS go to
# seqgen as they are; it runs in CMAKE_CURRENT_BINARY_DIR, and reads relative paths from there.
# NO_MAIN leaves the trainer out: no main, no NAME_main, and the runtime is all that is linked.

get_filename_component(SEQGEN_PREFIX ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)

if(NOT TARGET seqgen::seqgen)
  include(CMakeFindDependencyMacro)
  find_dependency(PkgConfig)
  pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
  add_executable(seqgen::seqgen IMPORTED)
  set_target_properties(seqgen::seqgen PROPERTIES IMPORTED_LOCATION ${SEQGEN_PREFIX}/bin/seqgen)
  add_library(seqgen::seqrt STATIC IMPORTED)
  set_target_properties(seqgen::seqrt PROPERTIES
    IMPORTED_LOCATION ${SEQGEN_PREFIX}/lib/libseqrt.a
    INTERFACE_INCLUDE_DIRECTORIES ${SEQGEN_PREFIX}/include
    INTERFACE_LINK_LIBRARIES "PkgConfig::JANSSON;m")
  add_library(seqgen::seqtrain STATIC IMPORTED)
  set_target_properties(seqgen::seqtrain PROPERTIES
    IMPORTED_LOCATION ${SEQGEN_PREFIX}/lib/libseqtrain.a
    INTERFACE_INCLUDE_DIRECTORIES ${SEQGEN_PREFIX}/include
    INTERFACE_LINK_LIBRARIES "seqgen::seqrt;pthread")
endif()

# The files behind --weights among seqgen's options
function(seqgen_weights result)
  set(files)
  foreach(option IN LISTS ARGN)
    if(before STREQUAL "--weights" OR option MATCHES "^--weights=")
      string(REGEX REPLACE "^--weights=" "" file ${option})
      if(NOT file MATCHES "^\\$<")
        get_filename_component(file ${file} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_BINARY_DIR})
      endif()
      list(APPEND files ${file})
    endif()
    set(before ${option})
  endforeach()
  set(${result} ${files} PARENT_SCOPE)
endfunction()

function(seqgen_add_model target spec)
  cmake_parse_arguments(PARSE_ARGV 2 MODEL "NO_MAIN" "" "OPTIONS;DEPENDS")
  if(MODEL_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "seqgen_add_model(${target}): found ${MODEL_UNPARSED_ARGUMENTS}; expected NO_MAIN, OPTIONS or DEPENDS")
  endif()
  if(NOT CMAKE_C_COMPILER_LOADED)
    message(FATAL_ERROR "seqgen_add_model(${target}): the model is C, which this project has not enabled; expected project(NAME C ...) or enable_language(C)")
  endif()
  get_filename_component(spec ${spec} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
  set(dir ${CMAKE_CURRENT_BINARY_DIR}/${target}.seqgen)
  file(MAKE_DIRECTORY ${dir})
  seqgen_weights(weights ${MODEL_OPTIONS})
  add_custom_command(OUTPUT ${dir}/${target}.c ${dir}/${target}.h VERBATIM
    COMMAND seqgen::seqgen ${spec} -o ${dir}/${target}.c ${MODEL_OPTIONS}
    DEPENDS ${spec} ${weights} ${MODEL_DEPENDS} seqgen::seqgen
    COMMENT "seqgen ${target}")
  add_library(${target} STATIC ${dir}/${target}.c)
  target_include_directories(${target} PUBLIC ${dir})
  if(MODEL_NO_MAIN)
    target_compile_definitions(${target} PRIVATE SEQGEN_NO_MAIN)
    target_link_libraries(${target} PUBLIC seqgen::seqrt)
  else()
    target_link_libraries(${target} PUBLIC seqgen::seqtrain)
  endif()
  set_target_properties(${target} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON)
endfunction()
