# System libraries, by pkg-config. What the system's release lacks, tools/setup has put into
# build/deps (docs/development.md says what and why).
set(deps ${CMAKE_SOURCE_DIR}/build/deps/usr)
if(EXISTS ${deps})
    set(ENV{PKG_CONFIG_PATH} "${deps}/lib/${CMAKE_LIBRARY_ARCHITECTURE}/pkgconfig")
    list(PREPEND CMAKE_PREFIX_PATH ${deps})
endif()

find_package(PkgConfig REQUIRED)
pkg_check_modules(libuv REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(openssl REQUIRED IMPORTED_TARGET openssl)
pkg_check_modules(sqlite REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(cares REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
if(JUNCTOR_TESTS)
    pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)
endif()

# These two come without a usable .pc file when unpacked into build/deps: the prefix inside it is
# /usr. They are linked statically where an archive exists, so the program needs no build folder.
function(junctor_library name header)
    find_path(${name}_include ${header} HINTS ${deps}/include REQUIRED)
    find_library(${name}_library NAMES lib${name}.a ${name} HINTS ${deps}/lib/${CMAKE_LIBRARY_ARCHITECTURE}
        REQUIRED)
    add_library(junctor::${name} UNKNOWN IMPORTED)
    set_target_properties(junctor::${name} PROPERTIES IMPORTED_LOCATION ${${name}_library}
        INTERFACE_INCLUDE_DIRECTORIES ${${name}_include})
endfunction()
junctor_library(yyjson yyjson.h)
junctor_library(llhttp llhttp.h)
