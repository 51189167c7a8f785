# testudo_room(FOLDER deps...): every .cpp of this folder becomes the static library testudo_FOLDER.
# Dependencies are named `testudo_x` for other rooms, anything else is a library.
function(testudo_room folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp)
  if(NOT sources)
    add_library(testudo_${folder} INTERFACE)
    target_include_directories(testudo_${folder} INTERFACE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(testudo_${folder} INTERFACE ${ARGN})
    return()
  endif()
  add_library(testudo_${folder} STATIC ${sources})
  target_include_directories(testudo_${folder} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(testudo_${folder} PUBLIC ${ARGN})
endfunction()

# testudo_tests(FOLDER deps...): every .cpp of this folder becomes one GoogleTest program, one CTest
# entry per program.
function(testudo_tests folder)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp)
  if(NOT sources)
    return()
  endif()
  string(REPLACE "/" "_" name ${folder})
  add_executable(test_${name} ${sources})
  target_include_directories(test_${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(test_${name} PRIVATE TESTUDO_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                             TESTUDO_BINARY_DIR="${CMAKE_BINARY_DIR}")
  # What is tested is optimised, the tests need not be: that halves the time to build them.
  target_compile_options(test_${name} PRIVATE -O0 -U_FORTIFY_SOURCE)
  target_link_libraries(test_${name} PRIVATE ${ARGN} GTest::gtest_main)
  add_test(NAME ${name} COMMAND test_${name})
endfunction()
