#!/bin/bash
# check-man.sh [ROOT]: manual and completion of the sources in ROOT (default:
# this script's) say what the programs in $builddir say.
#
#   commands      one page each; options of --help in page and completion, and
#                 the other way round; commands and options of later versions
#                 are named
#   keys          one entry each in tee-pkcs11.conf(5), with its facts, in the
#                 table's order, and no other
#   attributes    every CKA_TEE_*, CKO_TEE_*, CK_TEE_* of tee-pkcs11.h in
#                 tee-pkcs11(7), with its number, and no other
#   functions     every prototype of attest.h in tee-attest(3), and no other
#   pages         free of groff's warnings
#
# `check-man.sh --self-test` plants one omission after another in a copy and
# demands that each is found.
set -u
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
bad=0

complain() {
    echo "FAIL $*"
    bad=$((bad + 1))
}

# A page as text: escapes undone, requests and fonts dropped.
plain() {
    sed -e '/^\.\\"/d' -e 's/\\-/-/g' -e 's/\\f[BIRP]//g' -e 's/\\(lq/"/g' \
        -e 's/\\(rq/"/g' -e 's/^\.[A-Za-z]* *//' -e 's/\\e/\\/g' "$1"
}

# Long options that a text names.
options_in() {
    grep -oE -- '--[a-z][a-z-]*' | sort -u
}

differ() {
    local line

    while IFS= read -r line; do
        complain "$1: $line"
    done < <(comm "$2" "$3" "$4")
}

# ---- commands ---------------------------------------------------------------

commands() {
    "$tool" --help | sed -n 's/^  \([a-z][a-z-]*\)  *.*/\1/p'
}

# Options of a command by its help, of its page by the entries under OPTIONS.
check_command() {
    local c=$1 page=$man/tee-pkcs11-$1.1

    if [ ! -f "$page" ]; then
        complain "$c: has no page"
        return
    fi
    "$tool" "$c" --help | sed -n 's/^ \{2,6\}\(-[a-z], \)\{0,1\}\(--[a-z-]*\).*/\2/p' |
        sort -u >"$tmp/help"
    [ -s "$tmp/help" ] || complain "$c: --help lists no option"
    sed -n '/^\.SH OPTIONS/,/^\.SH /p' "$page" | awk '
        was { print } { was = ($0 == ".TP") }' >"$tmp/entries"
    plain "$tmp/entries" | options_in >"$tmp/page"
    differ "$c: page has no entry for" -23 "$tmp/help" "$tmp/page"
    differ "$c: page has an entry for what --help does not know" -13 \
        "$tmp/help" "$tmp/page"
    # shellcheck source=/dev/null
    (. "$completion" 2>/dev/null && _tee_pkcs11_options "$c") |
        options_in >"$tmp/words"
    differ "$c: completion lacks" -23 "$tmp/help" "$tmp/words"
    differ "$c: completion has, --help does not" -13 "$tmp/help" "$tmp/words"
    plain "$man/tee-pkcs11.1" | grep -qF "tee-pkcs11-$c (1)" ||
        complain "$c: tee-pkcs11(1) does not name its page"
    "$tool" "$c" --help | grep -q "man tee-pkcs11-$c\$" ||
        complain "$c: --help does not name its page"
}

# Every command that the completion offers exists, and the other way round.
check_completion() {
    sed -n 's/.*"\(init [a-z ]*\)".*/\1/p' "$completion" | tr ' ' '\n' |
        sort -u >"$tmp/words"
    commands | sort -u >"$tmp/help"
    differ "completion lacks the command" -23 "$tmp/help" "$tmp/words"
    differ "completion has a command that does not exist" -13 "$tmp/help" \
        "$tmp/words"
}

check_later() {
    local c

    for c in detect doctor acquire enroll refs seal unseal skr cert; do
        "$tool" "$c" >"$tmp/out" 2>&1
        if [ $? -ne 64 ] ||
            ! grep -q 'unsupported: not part of this version' "$tmp/out"; then
            complain "$c: does not say that it is unsupported"
        fi
        sed -n '/^\.SH NOT IN/,/^\.SH /p' "$man/tee-pkcs11.1" |
            grep -qw "$c" || complain "$c: tee-pkcs11(1) does not say so"
    done
}

check_commands() {
    local c n=0

    while read -r c; do
        check_command "$c"
        n=$((n + 1))
    done < <(commands)
    [ "$n" -ge 7 ] || complain "tee-pkcs11 --help lists $n commands"
    check_completion
    check_later
}

# ---- keys -------------------------------------------------------------------

check_keys() {
    sed -n '/^\.SH KEYS/,/^\.SH EXAMPLES/p' "$man/tee-pkcs11.conf.5" | awk '
        was == 2 { print key "\t" $0 }
        { was = ($0 == ".TP") ? 1 : (was == 1 && /^\.B /) ? 2 : 0
          if (was == 2) key = substr($0, 4) }' >"$tmp/entries"
    plain "$tmp/entries" >"$tmp/page"
    "$keys" >"$tmp/table" || complain "keys: the table cannot be printed"
    [ "$(wc -l <"$tmp/table")" -ge 40 ] || complain "keys: the table is short"
    diff "$tmp/table" "$tmp/page" >"$tmp/diff" && return
    sed -n 's/^< /FAIL key: page does not say: /p
            s/^> /FAIL key: page says, the table does not: /p' "$tmp/diff"
    bad=$((bad + 1))
}

# ---- attributes -------------------------------------------------------------

check_attributes() {
    local header=$from/include/tee-pkcs11/tee-pkcs11.h name value

    plain "$man/tee-pkcs11.7" >"$tmp/page"
    sed -n 's/^#define \(CK[AO]*_TEE_[A-Z_]*\)  *\(0x[0-9a-f]*\|[0-9]*\)UL$/\1 \2/p' \
        "$header" >"$tmp/names"
    [ "$(wc -l <"$tmp/names")" -ge 20 ] || complain "attributes: too few found"
    while read -r name value; do
        grep -qw "$name" "$tmp/page" || complain "$name: not in tee-pkcs11(7)"
        case $name in
        CKA_*) grep -q "^$name \" $value\"\$" "$tmp/page" ||
            complain "$name: tee-pkcs11(7) does not say $value" ;;
        CKO_*) grep -q "($value)" "$tmp/page" ||
            complain "$name: tee-pkcs11(7) does not say $value" ;;
        esac
    done <"$tmp/names"
    grep -oE 'CK[AO]*_TEE_[A-Z_]+' "$tmp/page" | sort -u >"$tmp/said"
    cut -d ' ' -f 1 "$tmp/names" | sort -u >"$tmp/known"
    differ "tee-pkcs11(7) names what the header does not have" -13 \
        "$tmp/known" "$tmp/said"
}

# ---- functions --------------------------------------------------------------

check_functions() {
    tr '\n' ' ' <"$from/include/tee-pkcs11/attest.h" | tr -s ' ' |
        grep -oE 'ATT_API [^;{]*\([^;]*\);' | sed 's/^ATT_API //' |
        sort >"$tmp/known"
    [ "$(wc -l <"$tmp/known")" -ge 20 ] || complain "functions: too few found"
    plain "$man/tee-attest.3" | grep -E '^[a-z].*\(.*\);$' | sort >"$tmp/said"
    differ "tee-attest(3) lacks" -23 "$tmp/known" "$tmp/said"
    differ "tee-attest(3) has, attest.h does not" -13 "$tmp/known" "$tmp/said"
    sed 's/.*\(att_[a-z_]*\)(.*/\1/' "$tmp/known" | while read -r f; do
        sed -n '/^\.SH DESCRIPTION/,$p' "$man/tee-attest.3" | grep -qw "$f" ||
            echo "$f"
    done >"$tmp/undescribed"
    while read -r f; do
        complain "tee-attest(3) does not describe $f"
    done <"$tmp/undescribed"
}

# ---- pages ------------------------------------------------------------------

check_pages() {
    local p

    command -v groff >/dev/null || {
        echo "SKIP check-man: groff is not installed"
        return
    }
    for p in "$man"/*.[1-9]; do
        groff -man -ww -z -Tutf8 "$p" >"$tmp/out" 2>&1
        [ ! -s "$tmp/out" ] || complain "$(cat "$tmp/out")"
    done
}

check_all() {
    from=$1
    man=$from/man
    completion=$from/tools/completion/tee-pkcs11
    check_commands
    check_keys
    check_attributes
    check_functions
    check_pages
}

# ---- planted omissions ------------------------------------------------------

# A fresh copy of what is compared.
copy_sources() {
    rm -rf "$copy"
    mkdir -p "$copy/tools" "$copy/include"
    cp -R "$root/man" "$copy/man"
    cp -R "$root/tools/completion" "$copy/tools/completion"
    cp -R "$root/include/tee-pkcs11" "$copy/include/tee-pkcs11"
    chmod -R u+w "$copy"
}

# plant WHAT FILE SED COMPLAINT: one thing missing, and exactly that is found.
plant() {
    copy_sources
    sed -i "$3" "$copy/$2"
    if cmp -s "$copy/$2" "$root/$2"; then
        echo "FAIL self-test: $1: nothing was planted"
        failed=$((failed + 1))
    elif bash "$0" "$copy" >"$tmp/planted" 2>&1 ||
        ! grep -qF -- "$4" "$tmp/planted"; then
        echo "FAIL self-test: $1 was not found; instead:"
        sed 's/^/    /' "$tmp/planted"
        failed=$((failed + 1))
    else
        echo "PASS self-test: $1"
    fi
}

self_test() {
    failed=0
    copy=$tmp/copy
    copy_sources
    if ! bash "$0" "$copy" >"$tmp/planted" 2>&1; then
        cat "$tmp/planted"
        echo "FAIL self-test: the copy must pass before anything is planted"
        return 1
    fi
    plant 'an option without entry' man/tee-pkcs11-verify.1 \
        '/^\.B \\-\\-accept\\-simulated$/d' \
        'verify: page has no entry for: --accept-simulated'
    plant 'an entry without option' man/tee-pkcs11-show.1 \
        's/^\.B \\-\\-json$/.B \\-\\-yaml/' \
        'show: page has an entry for what --help does not know: --yaml'
    plant 'a completion without an option' tools/completion/tee-pkcs11 \
        's/--policy --expect-key /--policy /' \
        'verify: completion lacks: --expect-key'
    plant 'a completion without a command' tools/completion/tee-pkcs11 \
        's/show policy version/show version/' \
        'completion lacks the command: policy'
    plant 'a key without entry' man/tee-pkcs11.conf.5 \
        '/^\.B verify_after_sign$/d' 'page does not say: verify_after_sign'
    plant 'a wrong default' man/tee-pkcs11.conf.5 \
        's/Default: 3600/Default: 36/' 'page does not say: key_ttl'
    plant 'a word that a key does not take' man/tee-pkcs11.conf.5 \
        's/word: der, raw/word: der, raw, hex/' 'page says, the table does not'
    plant 'an attribute without entry' man/tee-pkcs11.7 \
        '/CKA_TEE_EXPIRES/d' 'CKA_TEE_EXPIRES: not in tee-pkcs11(7)'
    plant 'a wrong number' man/tee-pkcs11.7 's/0x80544506/0x80544507/' \
        'CKA_TEE_EVIDENCE_TIME: tee-pkcs11(7) does not say 0x80544506'
    plant 'an attribute that does not exist' man/tee-pkcs11.7 \
        's/^\.BR CKA_TEE_CLAIMS /.BR CKA_TEE_SECRETS /' \
        'names what the header does not have: CKA_TEE_SECRETS'
    plant 'a function without prototype' man/tee-attest.3 \
        '/att_options_exporter(/d' 'tee-attest(3) lacks: enum att_status att_options_exporter'
    plant 'another prototype' man/tee-attest.3 's/int \*allow/bool *allow/' \
        'tee-attest(3) lacks: enum att_status att_policy_check'
    plant 'a function that nothing describes' man/tee-attest.3 \
        's/^\.B att_show$/.B it/' 'does not describe att_show'
    plant 'a later command that is not named' man/tee-pkcs11.1 \
        's/^\.BR doctor ,$//' 'doctor: tee-pkcs11(1) does not say so'
    # shellcheck disable=SC2016 # sed's $ is its last line
    plant 'a page that groff warns of' man/tee-pkcs11-show.1 '$a .NOSUCH x' \
        NOSUCH
    [ "$failed" -eq 0 ]
}

tool=${builddir:?}/.libs/tee-pkcs11-test
export LD_LIBRARY_PATH=$builddir/.libs
[ -x "$tool" ] || tool=$builddir/tee-pkcs11-test
keys=$builddir/tests/tools/conf-keys
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
if [ "${1:-}" = --self-test ]; then
    self_test
    exit
fi
check_all "${1:-$root}"
[ "$bad" -eq 0 ] && echo "PASS manual and completion say what the programs say"
[ "$bad" -eq 0 ]
