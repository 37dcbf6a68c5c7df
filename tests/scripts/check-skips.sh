#!/bin/bash
# check-skips.sh FOLDER: each line "SKIP ..." in the logs of the lanes must
# begin with a line of tests/expected-skips (text, two spaces, "# reason").
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
logs=$1
bad=0

expected() {
    local line

    while IFS= read -r line; do
        case $line in '' | '#'*) continue ;; esac
        case $1 in "${line%%  # *}"*) return 0 ;; esac
    done <"$here/expected-skips"
    return 1
}

# What the test runner says of a script that said why itself.
told() {
    local name=${1##*/}

    [ "${1#tests/}" != "$1" ] &&
        grep -q "^ *SKIP:* *${name%%.sh*}: " "$logs"/*.log
}

without_reason=$(grep -v -e '^#' -e '^$' "$here/expected-skips" |
    grep -v '  # .')
if [ -n "$without_reason" ]; then
    echo "FAIL: tests/expected-skips gives no reason: $without_reason"
    bad=1
fi
while IFS= read -r line; do
    if ! expected "$line" && ! told "$line"; then
        echo "FAIL: tests/expected-skips does not name: SKIP $line"
        bad=1
    fi
done < <(sed -n 's/^ *SKIP:* *//p' "$logs"/*.log | sort -u)
exit "$bad"
