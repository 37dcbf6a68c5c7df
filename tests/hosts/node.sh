#!/bin/bash
# Node: most builds of it export an OpenSSL of their own, in another version
# than ours.  The dynamic linker says who is bound to whom.
# shellcheck disable=SC2317 # called by check
. "$(dirname "$0")/lib.sh"
node=$(command -v node) || {
    skip "node is not installed (package nodejs)"
    finish
}
load='process.dlopen({ exports: {} }, process.argv[1])'

# node_host MODULE TOKEN...: the addon signs with all tokens; $D/bound lists
# the names that libcrypto and what uses it take from Node.
node_host() {
    export HOST_MODULE=$1 HOST_DIR=$D
    LD_DEBUG=bindings LD_DEBUG_OUTPUT=$D/ld host node -e "$load" \
        "$hosts/.libs/addon.so"
    [ "$code" -ne 0 ] || code=$(cat "$D/code" 2>/dev/null || echo 99)
    grep -hE "binding file [^ ]*/(libcrypto\.so\.3|tee-pkcs11[^ /]*|plain\.so) " \
        "$D"/ld.* | sed 's/ \[[0-9]*\]//g' >"$D/all"
    grep -E ' to node: ' "$D/all" >"$D/bound"
}
bound_to_libcrypto() {
    grep -q "/$1 to [^ ]*/libcrypto\.so\.3: .*\`EVP_PKEY_sign'" "$D/all" &&
        [ ! -s "$D/bound" ]
}

room node
node_host "$ours"
check "the module signs in Node $(node --version)" right ed ec rsa pss
check "the plug-in is bound to its own libcrypto, and that to itself" \
    bound_to_libcrypto tee-pkcs11-ossl.so

if nm -D --defined-only "$(readlink -f "$node")" |
    grep -q ' T EVP_PKEY_sign$'; then
    room control
    node_host "$plain"
    check "control: linked plainly it is bound to Node's" \
        grep -q "/plain\.so to node: .*\`EVP_PKEY_sign'" "$D/bound"
    check "control: and so is libcrypto itself" \
        grep -q "/libcrypto\.so\.3 to node: .*\`EVP_" "$D/bound"
else
    skip "this Node has no OpenSSL of its own, the control cannot fail"
fi
finish
