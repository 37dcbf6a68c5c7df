# shellcheck shell=bash
# What the checks of `make check` share: a list of faults, one summary line.
# They exit 0, 1, or 77 when there is nothing to check.
set -u
passed=0
failed=0

pass() {
    echo "PASS $1"
    passed=$((passed + 1))
}

# fault WHAT: one line for each place.
fault() {
    echo "FAIL $1"
    failed=$((failed + 1))
}

finish() {
    [ "$failed" -ne 0 ] || [ -z "${1-}" ] || pass "$1"
    echo "$passed passed, $failed failed, 0 skipped"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

# The C files below these folders of the tree, sorted.
c_files() {
    local f

    for f in "$@"; do
        [ ! -d "$f" ] || find "$f" -name '*.[ch]' -type f
    done | sort
}
