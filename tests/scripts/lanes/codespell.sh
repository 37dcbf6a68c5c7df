#!/bin/bash
# Spelling of code, comments and documents; words that are right stand in
# tests/scripts/codespell.words.
. "$(dirname "$0")/lib.sh"
cd "$src"
tracked | grep -Ev '^tests/(data|fuzz/corpus)/' | xargs codespell \
    --ignore-words=tests/scripts/codespell.words
