#!/bin/bash
# tests/interop/run.sh [NAME...]: runs the consumers, two at a time, and closes
# with one summary line.  TEE_MODULE names the module, TEE_TOOL the command,
# TEE_INTEROP_BIN the folder of the C consumers.
set -u
names=("$@")
here=$(cd "$(dirname "$0")" && pwd)
all="dlopen engine gnutls-tls java nginx nss p11-kit-list p11-kit-proxy \
p11-kit-rpc p11tool pkcs11-tool pkcs11js pykcs11 ssh"
logs=$(mktemp -d) || exit 1
trap 'rm -rf "$logs"' EXIT
export here logs

one() {
    timeout -k 5 300 bash "$here/$1.sh" >"$logs/$1" 2>&1
    echo $? >"$logs/$1.status"
}
export -f one

[ $# -gt 0 ] || read -r -a names <<<"$all"
# shellcheck disable=SC2016 # the inner shell expands it
printf '%s\0' "${names[@]}" | xargs -0 -n 1 -P 2 bash -c 'one "$1"' one

passed=0 failed=0 skipped=0
for f in "$logs"/*.status; do
    n=$(basename "$f" .status)
    case $(cat "$f") in
    0) passed=$((passed + 1)); echo "PASS interop: $n" ;;
    77) skipped=$((skipped + 1)); echo "SKIP interop: $(tail -n 1 "$logs/$n")" ;;
    *) failed=$((failed + 1)); echo "FAIL interop: $n"
        sed 's/^/    /' "$logs/$n" | tail -n 40 ;;
    esac
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
