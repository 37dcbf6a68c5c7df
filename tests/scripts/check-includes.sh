#!/bin/bash
# check-includes.sh [TREE]: who may include whom (design section 2, style.md
# section 1).  Nothing points upward; foreign libraries stay where they are
# allowed; each folder's internal part is for that folder's .c files alone.
. "$(dirname "$0")/check-lib.sh"
cd "${1:-${srcdir:-.}}" || exit 99

# May FOLDER include "NAME"?  include/ is for everybody.
ours_ok() {
    case $1:$2 in
    *:config.h | *:tee-pkcs11/*) ;;
    base:base/*) ;;
    attest:attest/* | attest:base/*) ;;
    skr:skr/* | skr:attest/* | skr:base/*) ;;
    keystore/ossl:keystore/ossl/* | keystore/ossl:base/*) ;;
    # enums of key types, mechanisms and curves, which cross the border
    keystore/ossl:keystore/ks.h) ;;
    # the border of the plug-in, and no more of it
    keystore:keystore/ossl/plugin.h) ;;
    *:keystore/ossl/*) return 1 ;;
    keystore:keystore/* | keystore:base/*) ;;
    pkcs11:pkcs11/* | pkcs11:keystore/* | pkcs11:base/*) ;;
    daemon:daemon/* | daemon:skr/* | daemon:attest/*) ;;
    daemon:keystore/* | daemon:base/*) ;;
    tools:tools/* | tools:keystore/* | tools:base/*) ;;
    *) return 1 ;;
    esac
}

# May FILE include <NAME>?  The C library's headers are for all folders but
# include/, which has the fewest.
foreign_ok() {
    case $2:$1 in
    openssl/*:keystore/ossl/* | openssl/*:attest/* | openssl/*:skr/*) ;;
    openssl/*:daemon/* | openssl/*:tools/*) ;;
    openssl/*:base/json.c | openssl/*:base/jose.c | openssl/*:base/ossl.c) ;;
    cjson/*:attest/* | cjson/*:skr/* | cjson/*:daemon/* | cjson/*:tools/*) ;;
    cjson/*:base/json.c | cjson/*:base/jose.c) ;;
    curl/*:skr/* | curl/*:daemon/*) ;;
    tss2/*:attest/collect_vtpm.c | tss2/*:daemon/*) ;;
    p11-kit/pkcs11*:pkcs11/* | p11-kit/*:tools/*) ;;
    openssl/* | cjson/* | curl/* | tss2/* | p11-kit/*) return 1 ;;
    syslog.h:* | pwd.h:* | grp.h:* | netdb.h:*) return 1 ;;
    stddef.h:include/* | stdint.h:include/*) ;;
    *:include/*) return 1 ;;
    esac
}

# Which macro opens the internal part of a folder's header.
internal_ok() {
    case $1:$2 in
    attest:TEE_ATTEST_INTERNAL | keystore:TEE_KS_INTERNAL) ;;
    keystore/ossl:TEE_OSSL_INTERNAL | pkcs11:TEE_PKCS11_INTERNAL) ;;
    *) return 1 ;;
    esac
}

judge() {
    local file=$1 line=$2 kind=$3 name=$4 folder

    case $file in
    keystore/ossl/*) folder=keystore/ossl ;;
    *) folder=${file%%/*} ;;
    esac
    case $kind in
    ours)
        ours_ok "$folder" "$name" ||
            fault "$file:$line: $folder/ may not include \"$name\""
        ;;
    foreign)
        foreign_ok "$file" "$name" ||
            fault "$file:$line: $folder/ may not include <$name>"
        ;;
    macro)
        case $file in *.c) internal_ok "$folder" "$name" && return ;; esac
        fault "$file:$line: may not define $name"
        ;;
    *) fault "$file:$line: an include that names no file" ;;
    esac
}

mapfile -t files < <(c_files include base attest skr keystore pkcs11 daemon tools)
[ "${#files[@]}" -gt 0 ] || fault "no file to check"
list=$(awk '
    /^[ \t]*#[ \t]*include/ {
        sub(/^[ \t]*#[ \t]*include[ \t]*/, "")
        kind = /^"[^"]+"/ ? "ours" : /^<[^>]+>/ ? "foreign" : "unknown"
        name = substr($0, 2)
        sub(/[">].*/, "", name)
        print FILENAME, FNR, kind, name
    }
    /^[ \t]*#[ \t]*define[ \t]+TEE_[A-Z0-9]+_INTERNAL[ \t]*$/ {
        print FILENAME, FNR, "macro", $NF
    }' "${files[@]}" </dev/null) || fault "awk gave up"
while read -r file line kind name; do
    judge "$file" "$line" "$kind" "$name"
done <<<"$list"
finish "every include follows the arrows"
