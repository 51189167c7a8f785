# Every header compiles alone: one generated source per header that includes it, twice. They are compiled, never linked;
# a header that leans on what others happened to include before it stops the build here and is named.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/userspace ${CMAKE_SOURCE_DIR}/userspace/*.h)
set(sources)
foreach(header ${headers})
  # Without the wing. (Not by a regular expression: CMake's would match at each new start of the rest.)
  string(FIND ${header} "/" slash)
  math(EXPR behind "${slash} + 1")
  string(SUBSTRING ${header} ${behind} -1 include)
  string(MAKE_C_IDENTIFIER ${include} name)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/headers/${name}.cpp)
  set(text "#include \"${include}\"\n#include \"${include}\"\n")
  file(CONFIGURE OUTPUT ${source} CONTENT "${text}" @ONLY)
  list(APPEND sources ${source})
endforeach()
if(sources)
  add_library(house_headers OBJECT ${sources})
  target_include_directories(house_headers PRIVATE ${CMAKE_SOURCE_DIR}/userspace/programs
                             ${CMAKE_SOURCE_DIR}/userspace/programs/daemon ${CMAKE_SOURCE_DIR}/userspace/programs/cli)
  target_link_libraries(house_headers PRIVATE testudo_api testudo_config testudo_decide testudo_engine testudo_enforce
                        testudo_acquire testudo_xdp testudo_net)
  if(TARGET testudo_skeleton)
    add_dependencies(house_headers testudo_skeleton)
  endif()
endif()
if(TARGET house_headers)
  # Nothing of them is run: no optimisation (which fortified libc headers would ask for), no debug information.
  target_compile_options(house_headers PRIVATE -O0 -g0 -U_FORTIFY_SOURCE)
endif()
