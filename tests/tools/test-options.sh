#!/bin/bash
# The words of the command line, without a token: help, versions, what is not
# in this version, mistakes, PINs in the wrong place.
. "$(dirname "$0")/lib.sh"

plain() {
    "$tool" "$@" >"$out" 2>"$err" </dev/null
    code=$?
}

plain --help
same 'help is no mistake' "$code" 0
says 'the help lists the commands' '  evidence '
plain
same 'nothing to do is a mistake' "$code" 64
yes_ 'and the help goes to stderr then' test -s "$err" -a ! -s "$out"
for c in init status evidence verify show policy version; do
    plain "$c" --help
    same "$c --help is no mistake" "$code" 0
    says "$c --help shows how it is used" "usage: tee-pkcs11 [--conf FILE] $c"
    plain "$c" --nosuch -h
    same "$c: -h wins over a mistake" "$code" 0
    refuses "$c refuses an option that it does not have" 64 'no such option' \
        "$c" --nosuch
    refuses "$c does not take abbreviations" 64 'no such option' "$c" --hel
    for o in --pin --pin=123456 --so-pin --password; do
        refuses "$c refuses $o, with the reason" 64 'never an argument' \
            "$c" "$o" 654321
        no_ "$c does not repeat the value of $o" grep -q '123456\|654321' "$err"
    done
done
for c in detect doctor acquire enroll refs seal unseal skr cert; do
    refuses "$c says that it is not in this version" 64 \
        "$c: unsupported: not part of this version" "$c"
done
for o in --refs=x --enrolled=x --roots=x --fetch --connect=h:1; do
    refuses "verify $o says that it is not in this version" 64 \
        "${o%%=*}: unsupported: not part of this version" verify "$o" x
done
refuses 'an unknown command is refused' 64 'no such command' nosuch
plain --pin 123456 status
same 'a PIN before the command is refused' "$code" 64
says 'with the reason' 'never an argument' "$err"
plain --nosuch
same 'an unknown option before the command is refused' "$code" 64
for o in --set-pin=123456 -p123456; do
    plain "$o" status
    same "$o before the command is refused" "$code" 64
    no_ "and not repeated" grep -q 123456 "$err"
done
plain --conf
same '--conf wants a value' "$code" 64
plain --conf /a --conf /b status
same '--conf is given once' "$code" 64
refuses '--conf stands before the command' 64 'before the command' \
    status --conf "$conf"
plain --conf relative/path status
same '--conf is an absolute path' "$code" 64
says 'and the message says so' 'absolute path' "$err"

plain version
same 'version works without a configuration' "$code" 0
says 'version says what is built in' 'simulated'
yes_ 'version prints a build id' grep -Eq '^build-id +[0-9a-f]{40}$' "$out"
cp "$out" "$W/version"
plain --version
yes_ '--version is the same' cmp -s "$out" "$W/version"
plain version --json
same 'version --json is JSON' "$(json module)" "$module"
plain version x
same 'version takes no operand' "$code" 64

"$tool" version >/dev/full 2>"$err"
same 'a full disk is an error, not silence' "$?" 1
"$tool" version </dev/null >&- 2>"$err"
same 'and so is a closed standard output' "$?" 1

(
    export LC_ALL=C.UTF-8
    "$bin/pty" -- "$tool" show "$srcdir/tests/data/conf/README" >"$out"
)
no_ 'no escape sequences where nothing is drawn' grep -q "$(printf '\033')" \
    "$out"
finish
