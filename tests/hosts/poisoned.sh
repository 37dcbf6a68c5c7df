#!/bin/bash
# Hosts that export the names of libcrypto or of libsodium as their own.
. "$(dirname "$0")/lib.sh"

room bare
host "$hosts/host-bare" "$ours" "$D" ed ec rsa pss
check "a host without crypto of its own signs" right ed ec rsa pss

room ossl
host "$hosts/host-ossl" "$ours" "$D" ed ec rsa pss
check "a host with poisoned EVP, OPENSSL and CRYPTO names signs" \
    right ed ec rsa pss

room control
host "$hosts/host-bare" "$plain" "$D" ed ec rsa pss
check "control: linked plainly it signs in a host without crypto" \
    right ed ec rsa pss
room control-poisoned
host "$hosts/host-ossl" "$plain" "$D" ec
check "control: linked plainly it fails in the poisoned host" wrong ec
check "control: and for that reason" says '^poisoned: '

# libsodium is not deep-bound: the known answers refuse such a host.
for h in sign hash aead; do
    room "$h"
    host "$hosts/host-$h" "$ours" "$D" ed ec
    check "poisoned crypto_* ($h): C_Initialize refuses" \
        says '^refused: C_Initialize 0x5$'
done
finish
