#!/bin/bash
# check-headers.sh [TREE]: each header compiles alone, also with its internal
# part; the public ones as C++ too, where there is a C++ compiler.
. "$(dirname "$0")/check-lib.sh"
cd "${1:-${srcdir:-.}}" || exit 99
build=${builddir:-.}
out=$(mktemp -d) || exit 99
trap 'rm -rf "$out"' EXIT
read -ra cc <<<"${TEE_CC:-cc}"
read -ra flags <<<"${TEE_CHECK_CPPFLAGS:-}"
flags+=(-I. -Iinclude "-I$build")

# try NAME COMPILER FLAG...: an empty file that includes it.
try() {
    local file=$1

    shift
    {
        # what the header says must come first
        case $file in
        include/tee-pkcs11/tee-pkcs11.h) echo '#include <p11-kit/pkcs11.h>' ;;
        esac
        echo "#include \"$file\""
        echo "#include \"$file\"" # and a second time
    } >"$out/alone.c"
    "$@" "${flags[@]}" -D_GNU_SOURCE -fsyntax-only "$out/alone.c" \
        >"$out/log" 2>&1 && return
    fault "$file does not compile alone: ${*}"
    sed 's/^/    /' "$out/log" | head -n 10
}

while read -r file; do
    # read by another header of its folder, or a list of macro calls
    case $file in *_internal.h | pkcs11/functions.h) continue ;; esac
    try "$file" "${cc[@]}" -x c -std=gnu11 -Wall -Wextra -Wpedantic -Werror
    while read -r macro; do
        try "$file" "${cc[@]}" -x c -std=gnu11 -Wall -Werror "-D$macro"
    done < <(sed -n 's/^#if.*\(TEE_[A-Z0-9]*_INTERNAL\)$/\1/p' "$file")
    case $file in include/*)
        ! command -v g++ >/dev/null ||
            try "$file" g++ -x c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror
        ;;
    esac
done < <(c_files include base attest skr keystore pkcs11 daemon tools |
    grep '\.h$')
finish "each header compiles alone"
