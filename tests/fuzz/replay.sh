#!/bin/bash
# Replays tests/fuzz/corpus/NAME through each fuzz_NAME; one line each, one
# summary.  A canary must fail on its own inputs, corpus/canary_NAME.
set -u
src=${srcdir:-.}/tests/fuzz
bin=${builddir:-.}/tests/fuzz
passed=0
failed=0
TMPDIR=$(mktemp -d) || exit 99
export TMPDIR # of the targets
trap 'rm -rf "$TMPDIR"' EXIT
out=$TMPDIR/out

result() {
    if [ "$1" -eq 0 ]; then
        echo "PASS $2"
        passed=$((passed + 1))
    else
        echo "FAIL $2"
        sed 's/^/    /' "$out" | tail -n 20
        failed=$((failed + 1))
    fi
}

# libFuzzer replays files that are named, but would fuzz a folder.
replay() { "$1" "$2"/* >"$out" 2>&1; }

for file in "$src"/fuzz_*.c; do
    name=${file##*/fuzz_}
    name=${name%.c}
    replay "$bin/fuzz_$name" "$src/corpus/$name"
    result $? "the corpus of $name holds"
done
for dir in "$src"/corpus/canary_*/; do
    [ -d "$dir" ] || continue
    name=$(basename "$dir")
    for file in "$dir"*; do
        "$bin/$name" "$file" >"$out" 2>&1
        [ $? -gt 1 ] && grep -q TEE_CANARY "$out"
        result $? "the planted bug of $name is seen: ${file##*/}"
    done
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
