# shellcheck shell=bash
# What the lanes share.  A lane is green when it exits 0; it prints lines that
# begin with "== " for what is worth reading in a green run.
set -euo pipefail
: "${src:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)}"
: "${LANES:=${TMPDIR:-/tmp}/tee-lanes}"
lane=$(basename "$0" .sh)
build=$LANES/$lane
jobs=${LANE_JOBS:-2}
export TEE_VECTORS=${TEE_VECTORS:-$src/../shared/vectors}
mkdir -p "$build"

configure_build() {
    # with dash: libtool's script takes most of a build's time
    (cd "$build" && CONFIG_SHELL=/bin/sh /bin/sh "$src/configure" "$@" >configure.out 2>&1) || {
        tail -n 30 "$build/configure.out"
        return 1
    }
}

mk() { make -s -C "$build" -j"$jobs" "$@"; }

# make check, and the SKIP lines of its logs, which expected-skips judges.
check() {
    local code=0

    mk check "$@" >"$build/check.out" 2>&1 || code=$?
    if [ "$code" -ne 0 ]; then
        cat "$build/check.out"
        show_failed
    fi
    find "$build/tests" -name '*.log' -exec sed -n '/^SKIP/p' {} + | sort -u
    grep -E '^# (TOTAL|PASS|FAIL|ERROR):' "$build/check.out" |
        tr -s ' \n' ' ' | sed 's/^/== /'
    echo
    return "$code"
}

# tests_but PATTERN: the tests of make check but those.
tests_but() {
    # shellcheck disable=SC2016 # make expands it
    printf 'include Makefile\nshow:\n\t@echo $(filter-out %s,$(TESTS))\n' "$1" |
        make -s -C "$build" -f - show
}

show_failed() {
    local f

    find "$build/tests" -name '*.trs' -exec \
        grep -l '^:test-result: *\(FAIL\|ERROR\)' {} + | while read -r f; do
        echo "---- ${f%.trs}.log"
        grep -v '^PASS' "${f%.trs}.log" | tail -n 40
    done
}

tracked() { git -C "$src" ls-files "$@"; }
