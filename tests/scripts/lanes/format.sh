#!/bin/bash
# clang-format 14's output, never debated.
. "$(dirname "$0")/lib.sh"
cd "$src"
tracked -z '*.c' '*.h' | xargs -0 clang-format-14 --dry-run -Werror
