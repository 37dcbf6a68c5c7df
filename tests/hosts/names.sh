#!/bin/bash
# The poisoned host has every name of libcrypto that the plug-in imports.
. "$(dirname "$0")/lib.sh"
nm -D --undefined-only "$builddir/.libs/tee-pkcs11-ossl.so" |
    sed -n 's/^ *U \([A-Z][A-Z0-9]*_[A-Za-z0-9_]*\).*/\1/p' | sort >"$W/want"
nm -D --defined-only "$hosts/host-ossl" |
    sed -n 's/.* T //p' | sort >"$W/have"
D=$W code=0
comm -23 "$W/want" "$W/have" >"$W/out"
check "$(wc -l <"$W/want") names are imported" [ -s "$W/want" ]
check "all of them are poisoned" [ ! -s "$W/out" ]
finish
