# tests.cmake: one ctest entry a file: tests/**/*.tcl by the harness, tests/unit/test_*.c and tests/grad/test_*.c as programs.

find_program(TCLSH NAMES tclsh tclsh8.6)
if(NOT TCLSH)
  message(STATUS "tests: no tclsh, so none are built")
  return()
endif()
set(SEQGEN_TEST_ENV
  SEQGEN=$<TARGET_FILE:seqgen> SEQGEN_TOOLS=${CMAKE_BINARY_DIR}/tests "CC=${CMAKE_C_COMPILER}")

# Tools and unit tests see the sources' headers and every library: they are part of the project.
function(seqgen_test_program target source)
  add_executable(${target} ${source})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/gen)
  target_link_libraries(${target} PRIVATE back interp front seqtrain)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endfunction()

file(GLOB tools CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/tools/*.c)
foreach(source IN LISTS tools)
  get_filename_component(name ${source} NAME_WE)
  if(NOT name STREQUAL inplace)
    seqgen_test_program(${name} ${source})
  endif()
endforeach()

# Compiles with libtcc and resolves what the generated C calls in itself. Without the library tests take programs, slowly.
find_library(TCC NAMES tcc)
if(TCC)
  seqgen_test_program(inplace ${PROJECT_SOURCE_DIR}/tests/tools/inplace.c)
  target_sources(inplace PRIVATE ${PROJECT_SOURCE_DIR}/gen/verify_compare.c ${PROJECT_SOURCE_DIR}/gen/verify_inputs.c ${PROJECT_SOURCE_DIR}/gen/verify_report.c ${PROJECT_SOURCE_DIR}/gen/cli.c)
  target_link_libraries(inplace PRIVATE ${TCC} ${CMAKE_DL_LIBS})
  set_target_properties(inplace PROPERTIES ENABLE_EXPORTS ON)
endif()

# tests/unit/toy_*.c are linked into every unit test: models small enough to know by heart.
file(GLOB toys CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/toy_*.c)
foreach(folder unit grad)
  file(GLOB programs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${folder}/test_*.c)
  foreach(source IN LISTS programs)
    get_filename_component(name ${source} NAME_WE)
    seqgen_test_program(${folder}_${name} ${source})
    if(folder STREQUAL unit)
      target_sources(${folder}_${name} PRIVATE ${toys})
    endif()
    add_test(NAME ${folder}/${name} COMMAND ${folder}_${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${folder}/${name} PROPERTIES TIMEOUT 2700 ENVIRONMENT "${SEQGEN_TEST_ENV}")
  endforeach()
endforeach()

# Label long: left out of the ordinary run (scripts/test); scripts/test-long and `ctest -L long` run them. One of them has a label of its own, exhaustive.
set(SEQGEN_LONG unit/vector_targets unit/every_float layers/firmware)

# COST starts the long ones first, so that two workers end together: seconds on a slow machine, 10 where nothing is said. The
# timeouts are for a slow, loaded one.
set(SEQGEN_COSTS tasks/interface=200 unit/vector=150 layers/targets=150 layers/recurrent=120 layers/threads=110 bench/instructions=100
  tasks/docs=90 golden/torch=90 tasks/specs_all=60 tasks/compare=60 layers/others=50 tasks/cli=50 bad/bad=45 tasks/first_names=30)
file(GLOB_RECURSE files RELATIVE ${PROJECT_SOURCE_DIR}/tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*.tcl)
list(REMOVE_ITEM files harness.tcl)
foreach(file IN LISTS files)
  get_filename_component(folder ${file} DIRECTORY)
  get_filename_component(name ${file} NAME_WE)
  if(folder MATCHES "^(fuzz|tools)$")
    continue()
  endif()
  if(folder STREQUAL bench AND NOT name MATCHES "^(instructions|command)$") # times are no tests
    continue()
  endif()
  set(cost 10)
  if("${SEQGEN_COSTS}" MATCHES "(^|;)${folder}/${name}=([0-9]+)")
    set(cost ${CMAKE_MATCH_2})
  endif()
  add_test(NAME ${folder}/${name} COMMAND ${TCLSH} ${PROJECT_SOURCE_DIR}/tests/harness.tcl ${PROJECT_SOURCE_DIR}/tests/${file})
  set_tests_properties(${folder}/${name} PROPERTIES TIMEOUT 2700 ENVIRONMENT "${SEQGEN_TEST_ENV}" COST ${cost} SKIP_RETURN_CODE 77)
  if("${folder}/${name}" IN_LIST SEQGEN_LONG)
    set_tests_properties(${folder}/${name} PROPERTIES TIMEOUT 3600 LABELS long)
  endif()
endforeach()
set_tests_properties(unit/every_float PROPERTIES LABELS "long;exhaustive" TIMEOUT 10800)

# Random specs, in parts that two workers can share. More of them: scripts/fuzz.
set(SEQGEN_FUZZ_PARTS 4)
math(EXPR last "${SEQGEN_FUZZ_PARTS} - 1")
foreach(part RANGE ${last})
  add_test(NAME fuzz/part_${part} COMMAND ${TCLSH} ${PROJECT_SOURCE_DIR}/tests/fuzz/fuzz.tcl
    --count 50 --seed ${part}00 --keep ${CMAKE_BINARY_DIR}/fuzz-failures)
  set_tests_properties(fuzz/part_${part} PROPERTIES TIMEOUT 2700 ENVIRONMENT "${SEQGEN_TEST_ENV}" COST 50 LABELS fuzz)
endforeach()
