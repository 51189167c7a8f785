# Compiler flags, compiler cache and linker.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  # The cache is shared by checkouts: paths are taken relative to the base, and the build folder's
  # own path is not part of the key.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers
                    # g++ 12 sees overlaps and dangling storage in its own std::string (GCC bug 105651).
                    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
                    -fno-omit-frame-pointer -fdiagnostics-color=auto)
# Position independent, stack protector and fortified libc: the daemon reads what attackers write.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_compile_options(-fstack-protector-strong)
if(NOT TESTUDO_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
if(TESTUDO_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
endif()
if(TESTUDO_FUZZ)
  # The rooms are instrumented for coverage; each fuzzer links libFuzzer's main itself.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
