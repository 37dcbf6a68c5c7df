#!/bin/bash
# C programs through dlopen: load, sign, leave, in every order.
. "$(dirname "$0")/lib.sh"
need_program p11-host

# SoftHSM crashes or refuses in several of these, which is the point.
consumer() {
    token ed ed
    token ec p256
    for mode in plain deepbind no-finalize atexit-before atexit-after \
        after-cleanup forks; do
        run timeout 60 "$bin/p11-host" "$mode" "$M" ed ec >"$D/out"
    done
    ours || return 0
    run timeout 60 "$bin/p11-host" reload "$M" ed ec >"$D/out"
    # Ed25519 alone: libcrypto's own locks do not survive such a fork.
    run timeout 60 "$bin/p11-host" threads "$M" ed >"$D/out"
}
interop
