#!/bin/bash
# tests/scripts/mutate.sh: planted faults that named tests must find.
. "$(dirname "$0")/lib.sh"
bash "$src/tests/scripts/mutate.sh" "$build"
