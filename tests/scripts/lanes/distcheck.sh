#!/bin/bash
# What a packager does with the tarball: read-only sources, build, check,
# install, uninstall, nothing left behind.
. "$(dirname "$0")/lib.sh"
configure_build --enable-werror
mk distcheck DISTCHECK_CONFIGURE_FLAGS=--enable-werror >"$build/distcheck.out" 2>&1 || {
    tail -n 100 "$build/distcheck.out"
    exit 1
}
tail -n 4 "$build/distcheck.out"
