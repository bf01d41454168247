# Warnings, sanitizers and hardening: one interface target that every module links.
add_library(junctor_flags INTERFACE)
target_include_directories(junctor_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(junctor_flags INTERFACE _GNU_SOURCE JUNCTOR_VERSION="${PROJECT_VERSION}")
target_compile_options(junctor_flags INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes
    -Wold-style-definition -Wmissing-prototypes -Wundef -Wwrite-strings -Wcast-qual -Wvla
    -Walloca -Wformat=2 -Wnull-dereference -fno-common -fno-strict-aliasing)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(junctor_flags INTERFACE
        -Wcast-align=strict -Wimplicit-fallthrough=5 -Wduplicated-cond -Wduplicated-branches
        -Wlogical-op)
else()
    # clang counts assert(!"reason") as a conversion.
    target_compile_options(junctor_flags INTERFACE -Wimplicit-fallthrough -Wno-string-conversion)
endif()
if(JUNCTOR_WERROR)
    target_compile_options(junctor_flags INTERFACE -Werror)
endif()

# gnu17 assertions stay on in every build: CMake's default release flags turn them off.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2")

if(JUNCTOR_SANITIZE)
    target_compile_options(junctor_flags INTERFACE
        -fsanitize=${JUNCTOR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(junctor_flags INTERFACE -fsanitize=${JUNCTOR_SANITIZE})
    # The sanitizers' instrumentation makes gcc see null paths that are not there.
    target_compile_options(junctor_flags INTERFACE -Wno-null-dereference)
endif()
if(JUNCTOR_TEST_BUILD)
    target_compile_definitions(junctor_flags INTERFACE JUNCTOR_TEST_BUILD=1)
endif()
if(JUNCTOR_FUZZ)
    target_compile_options(junctor_flags INTERFACE -fsanitize=fuzzer-no-link)
    target_link_options(junctor_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(JUNCTOR_ANALYZE)
    target_compile_options(junctor_flags INTERFACE -fanalyzer)
endif()
if(JUNCTOR_COVER)
    target_compile_options(junctor_flags INTERFACE --coverage)
    target_link_options(junctor_flags INTERFACE --coverage)
endif()
if(JUNCTOR_HARDEN)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
    set(CMAKE_POSITION_INDEPENDENT_CODE ON)
    target_compile_options(junctor_flags INTERFACE
        -fstack-protector-strong -fstack-clash-protection -ftrivial-auto-var-init=zero
        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
    target_link_options(junctor_flags INTERFACE -pie -Wl,-z,relro,-z,now)
endif()
