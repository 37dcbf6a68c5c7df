#!/bin/bash
# Runs shellcheck over every tracked script, by its first line.
. "$(dirname "$0")/lib.sh"
cd "$src"
mapfile -t scripts < <(tracked | while read -r f; do
    [ -f "$f" ] || continue
    case $f in *.sh) echo "$f" ;; *)
        if head -n 1 "$f" | grep -aEq '^#!.*[/ ](ba)?sh( |$)'; then
            echo "$f"
        fi ;;
    esac
done)
shellcheck -x "${scripts[@]}"
echo "== ${#scripts[@]} scripts"
