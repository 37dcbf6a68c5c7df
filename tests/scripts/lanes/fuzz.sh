#!/bin/bash
# libFuzzer, 20 seconds a target, two at a time: executions and edges at or
# above tests/fuzz/floors, no crash; then the canaries, which must be found.
. "$(dirname "$0")/lib.sh"
export seconds=${FUZZ_SECONDS:-20} build src
export ASAN_OPTIONS=abort_on_error=1:detect_leaks=1
export UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1
export TEE_TEST_SLOW=1
configure_build CC=clang-14 --enable-fuzz \
    --with-sanitizer=fuzzer-no-link,address,undefined CFLAGS='-O1 -g'
mk all # a make of its own, which must not meet the other target
mk fuzzers
mapfile -t targets < <(cd "$src" && tracked 'tests/fuzz/fuzz_*.c' |
    sed 's,.*/fuzz_\(.*\)\.c,\1,')
[ "${#targets[@]}" -gt 0 ]

# smoke NAME: one target from its corpus.
smoke() {
    local out=$build/fuzz.$1.out dir=$build/fuzz.$1 corpus=()

    mkdir -p "$dir/new" "$dir/tmp"
    if [ -d "$src/tests/fuzz/corpus/$1" ]; then
        corpus=("$src/tests/fuzz/corpus/$1")
    fi
    TMPDIR=$dir/tmp "$build/tests/fuzz/fuzz_$1" -max_total_time="$seconds" \
        -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=1 \
        -artifact_prefix="$dir/" "$dir/new" ${corpus[@]+"${corpus[@]}"} \
        >"$out" 2>&1 || {
        echo "fuzz_$1 failed:"
        tail -n 40 "$out"
        return 1
    }
    judge "$1" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$out")" \
        "$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$out" | tail -n 1)"
}

# judge NAME EXECUTIONS EDGES: against its line of tests/fuzz/floors.
judge() {
    local n execs edges

    while read -r n execs edges; do
        [ "$n" = "$1" ] || continue
        printf '== %-14s %9d executions (floor %d), %5d edges (floor %d)\n' \
            "$1" "$2" "$execs" "$3" "$edges"
        [ "$2" -ge "$execs" ] && [ "$3" -ge "$edges" ]
        return
    done <"$src/tests/fuzz/floors"
    echo "tests/fuzz/floors has no line for $1 ($2 executions, $3 edges)"
    return 1
}

# A canary is a bug in the target's own file, behind TEE_CANARY.
canary() {
    local dir=$build/canary.$1

    mkdir -p "$dir"
    if "$build/tests/fuzz/canary_$1" -max_total_time="$((seconds * 3))" \
        -artifact_prefix="$dir/" "$dir" "$src/tests/fuzz/corpus/$1" \
        >"$dir.out" 2>&1; then
        echo "canary_$1 was not found"
        return 1
    fi
    grep -q 'TEE_CANARY' "$dir.out" || {
        tail -n 30 "$dir.out"
        return 1
    }
    printf '== canary %s found after %s executions\n' "$1" \
        "$(sed -n 's/^#\([0-9]*\).*/\1/p' "$dir.out" | tail -n 1)"
}
export -f smoke judge canary
# shellcheck disable=SC2016 # the inner shell expands it
printf '%s\n' "${targets[@]}" | xargs -n 1 -P 2 bash -c 'smoke "$1"' smoke
for c in "$build"/tests/fuzz/canary_*; do
    case $c in *.o) continue ;; esac
    canary "${c##*/canary_}"
done
