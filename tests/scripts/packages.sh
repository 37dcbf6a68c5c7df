# shellcheck shell=bash
# tests/scripts/packages.sh: what quickstart, run-tests and .ci/run share: the
# packages of Debian 12 that each needs, and a place to build in.  Sourced.

# shellcheck disable=SC2034 # used by those who source this
packages_build="autoconf automake gcc libc6-dev libcjson-dev libp11-kit-dev \
libsodium-dev libssl-dev libtool make pkg-config"
packages_demo="opensc openssl"
packages_test="default-jdk-headless g++ git gnutls-bin groff-base \
libcunit1-dev libengine-pkcs11-openssl libnss3-tools nginx openssh-client \
p11-kit p11-kit-modules procps python3 python3-pykcs11 softhsm2 strace \
util-linux xz-utils"
packages_lanes="ca-certificates clang-14 clang-format-14 clang-tidy-14 \
codespell cppcheck libclang-rt-14-dev llvm-14 shellcheck valgrind"

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

missing() {
    local p

    for p in "$@"; do
        dpkg-query -W -f '${Status}' "$p" 2>/dev/null |
            grep -q '^install ok installed' || printf '%s ' "$p"
    done
}

# with_node PACKAGE...: the list, and Node where no other Node is there.
with_node() {
    echo "$@"
    command -v node >/dev/null || echo nodejs npm libnode-dev
}

# install_packages LOG PACKAGE...: what is missing of them; names what cannot
# be had.  Services of what is installed are not started: only their programs
# are used.
install_packages() {
    local log=$1 want policy=/usr/sbin/policy-rc.d made='' code=0

    shift
    want=$(missing "$@")
    [ -n "${want// /}" ] || return 0
    echo "installing: $want"
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        echo "cannot install without root or sudo; as root:"
        echo "    apt-get install $want"
        return 1
    fi
    if [ ! -e "$policy" ] &&
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null; then
        as_root chmod 755 "$policy"
        made=yes
    fi
    # shellcheck disable=SC2086 # a list of words
    {
        as_root apt-get update -qq
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends $want
    } >"$log" 2>&1 </dev/null || code=$?
    [ -z "$made" ] || as_root rm -f "$policy"
    [ "$code" -ne 0 ] || return 0
    tail -n 20 "$log"
    # shellcheck disable=SC2086
    echo "these packages cannot be had: $(missing $want)"
    return 1
}

# ---- a place to build in ------------------------------------------------------

# Why the module would refuse a program below this folder: everything above it
# must belong to root or to us, and nobody else may write there, except in a
# sticky folder of root such as /tmp.  Silent when all is well.
untrusted() {
    local p=$1 mode uid

    while :; do
        read -r mode uid < <(stat -c '%a %u' "$p")
        if [ "$uid" -ne 0 ] && [ "$uid" -ne "$(id -u)" ]; then
            echo "$p belongs to uid $uid"
            return
        fi
        if ((8#$mode & 8#22)) && ! ((8#$mode & 8#1000 && uid == 0)); then
            echo "$p can be written by others (mode $mode)"
            return
        fi
        [ "$p" != / ] || return 0
        p=$(dirname "$p")
    done
}

# Tests that step down from root need to reach what they run.
unreachable() {
    if [ "$(id -u)" -eq 0 ] &&
        ! setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$1"; then
        echo "$1 is closed to users without privileges"
    fi
}

# A folder of ours under a name that others could have taken.
make_private() {
    mkdir -m "$2" "$1" 2>/dev/null || [ -d "$1" ] || return 1
    if [ -L "$1" ] || [ "$(stat -c %u "$1")" -ne "$(id -u)" ]; then
        echo "$1: is not ours" >&2
        return 1
    fi
    chmod "$2" "$1"
}

# work_folder TOP NAME MODE: makes TOP/.NAME, or says why not and makes another;
# its path is in $work.
work_folder() {
    local why

    work=$1/.$2
    if make_private "$work" "$3" 2>/dev/null; then
        why=$(untrusted "$work")
        [ -n "$why" ] || [ "$3" != 755 ] || why=$(unreachable "$work")
        [ -n "$why" ] || return 0
        rmdir "$work" 2>/dev/null
    else
        why="$1 cannot be written"
    fi
    work=/var/tmp/tee-pkcs11-$2-$(id -u)
    echo "$why."
    echo "Programs that lie there would be refused by the module or out of its"
    echo "users' reach, so this builds in $work instead."
    echo "A clone in a folder of your own, mode 755 or 700, builds in place."
    make_private "$work" "$3"
}

# The tracked files as they are now, or everything where there is no git.
list_sources() {
    if [ -e "$1/.git" ] && command -v git >/dev/null; then
        git -c safe.directory='*' -C "$1" ls-files
    else
        (cd "$1" && find . -path './.[!.]*' -prune -o -path './build*' -prune \
            -o -type f -print)
    fi
}

# copy_sources TOP DIR: DIR becomes a copy with a configure script.  The copy
# makes a tree that was configured in place no obstacle and leaves TOP as it is.
copy_sources() {
    local stamp

    stamp=$(cd "$1" && list_sources "$1" | while IFS= read -r f; do
        [ ! -f "$f" ] || stat -c '%n %Y %s' "$f"
    done | sha256sum)
    if [ -x "$2/configure" ] && [ "$stamp" = "$(cat "$2.stamp" 2>/dev/null)" ]; then
        return 0
    fi
    rm -rf "$2" "$2.stamp"
    mkdir "$2" || return 1
    (cd "$1" && list_sources "$1" | while IFS= read -r f; do
        [ ! -f "$f" ] || printf '%s\0' "$f"
    done | tar -cf - --null -T -) | tar -xf - -C "$2" || return 1
    (cd "$2" && { [ ! -f Makefile ] || make -s distclean; } &&
        autoreconf -fi) || return 1
    printf '%s\n' "$stamp" >"$2.stamp"
}
