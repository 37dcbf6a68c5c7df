#!/bin/bash
# tests/scripts/mutate.sh: planted faults that named tests must find, forty at
# least.
. "$(dirname "$0")/lib.sh"
bash "$src/tests/scripts/mutate.sh" "$build"
total=$(grep -c '^id:' "$src/tests/mutate/list")
[ "$total" -ge 40 ]
