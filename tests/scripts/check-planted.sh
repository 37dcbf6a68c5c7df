#!/bin/bash
# check-planted.sh: each check of this folder finds what is planted for it in a
# tree, or in a shared object, that is good otherwise.
. "$(dirname "$0")/check-lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
top=$(mktemp -d) || exit 99
trap 'rm -rf "$top"' EXIT
read -ra cc <<<"${TEE_CC:-cc}"
tree=$top/tree
so=$top/so

# fresh: a small good tree.
fresh() {
    rm -rf "$tree"
    mkdir -p "$tree"/{include/tee-pkcs11,base,attest,keystore/ossl,pkcs11} \
        "$tree"/{daemon,tools,tests/scripts}
    printf '#ifndef TEE_H\n#define TEE_H\n#include <stddef.h>\nsize_t tee(void);\n#ifdef TEE_BASE_INTERNAL\nsize_t inner(void);\n#endif\n#endif\n' \
        >"$tree/base/tee.h"
    printf '#include <string.h>\n#include "base/tee.h"\n/* memcmp(a, b) */\nsize_t tee(void)\n{\n    return strlen("system(x)");\n}\n' \
        >"$tree/base/tee.c"
    printf '#include "keystore/ks.h"\n' >"$tree/pkcs11/entry.c"
    printf '#include "base/tee.h"\nint ks(void);\n' >"$tree/keystore/ks.h"
    printf '#include <stdint.h>\nint att(void);\n' \
        >"$tree/include/tee-pkcs11/attest.h"
    printf '# FILE WORD COUNT reason\n' >"$tree/tests/scripts/banned.allow"
}

# expect CHECK CODE TEXT WHAT: run on the tree, it ends so and says so.
expect() {
    local out code=0

    out=$(srcdir=$tree builddir=$top bash "$here/check-$1.sh" "${5-$tree}" 2>&1) ||
        code=$?
    if [ "$code" -eq "$2" ] && grep -qF -- "$3" <<<"$out"; then
        pass "$1: $4"
    else
        fault "$1: $4 (exit $code)"
        head -n 8 <<<"$out"
    fi
}

# planted CHECK FILE LINE TEXT: with this line at the end of the file.
planted() {
    fresh
    printf '%s\n' "$3" >>"$tree/$2"
    expect "$1" 1 "$4" "$3 in $2"
}

fresh
expect includes 0 "1 passed" "a good tree"
planted includes base/tee.c '#include "keystore/ks.h"' 'base/ may not include'
planted includes base/tee.c '#include <openssl/evp.h>' 'may not include <openssl'
planted includes keystore/a.c '  # include <openssl/evp.h>' 'may not include'
planted includes keystore/a.c '#include <cjson/cJSON.h>' 'may not include'
planted includes keystore/a.c '#include "pkcs11/tp11.h"' 'keystore/ may not'
planted includes keystore/a.c '#include "keystore/ossl/ossl_internal.h"' 'may not'
planted includes pkcs11/a.c '#include "keystore/ossl/plugin.h"' 'pkcs11/ may not'
planted includes pkcs11/a.c '#include "attest/att.h"' 'pkcs11/ may not include'
planted includes pkcs11/a.c '#include <curl/curl.h>' 'may not include <curl'
planted includes attest/a.c '#include "keystore/ks.h"' 'attest/ may not include'
planted includes tools/a.c '#include "attest/att.h"' 'tools/ may not include'
planted includes tools/a.c '#include "daemon/td.h"' 'tools/ may not include'
planted includes base/a.c '#include "tee.h"' 'may not include "tee.h"'
planted includes base/a.c '#include <pwd.h>' 'may not include <pwd.h>'
planted includes include/tee-pkcs11/attest.h '#include <stdlib.h>' 'may not'
planted includes include/tee-pkcs11/attest.h '#include "base/tee.h"' 'may not'
planted includes pkcs11/a.c '#define TEE_KS_INTERNAL' 'may not define'
planted includes keystore/ks.h '#define TEE_KS_INTERNAL' 'may not define'
planted includes base/a.c '#include HEADER' 'names no file'
rm -rf "$tree" && mkdir "$tree"
expect includes 1 "no file to check" "an empty tree"

fresh
expect headers 0 "1 passed" "a good tree"
planted headers base/x.h 'size_t x(void);' 'base/x.h does not compile alone'
planted headers base/x.h 'enum x { A };' 'base/x.h does not compile alone'
planted headers base/x.h '#if defined TEE_BASE_INTERNAL' 'does not compile'
fresh
sed -i 's/size_t inner/uint8_t inner/' "$tree/base/tee.h"
expect headers 1 "base/tee.h does not compile alone" "a bad internal part"
if command -v g++ >/dev/null; then
    planted headers include/tee-pkcs11/new.h 'int f(int class);' 'g++'
fi

fresh
expect banned 0 "1 passed" "a good tree"
for word in strcpy sprintf sscanf strtok gets alloca system popen atexit \
    getenv syslog getpwnam pthread_atfork memcmp pthread_create; do
    planted banned keystore/a.c "int x = $word (1);" "keystore/a.c $word: 1 times"
done
planted banned keystore/a.c 'x = "\"" + system(1);' 'a.c system: 1 times'
planted banned tests/a.c 'x = sscanf(s, "%d", &n);' 'tests/a.c sscanf: 1 times'
planted banned tests/a.c 'x = getenv("X");' 'tests/a.c getenv: 1 times'
planted banned attest/a.c 'm = EVP_get_digestbyname(n);' 'byname: 1 times'
planted banned attest/a.c 'm = EVP_MD_fetch( NULL, "SHA256", 0);' 'NULL-context'
planted banned pkcs11/a.c '__attribute__((constructor)) void f(void);' constructor
planted banned pkcs11/a.c '__attribute__((__destructor__)) void f(void);' constructor
planted banned tests/scripts/banned.allow 'base/tee.c memcmp 1 reason' '0 times'
planted banned tests/scripts/banned.allow 'base/tee.c memcmp 0' 'without a reason'
fresh
echo 'int x = memcmp(a, b, n) + memcmp(a, b, n);' >"$tree/keystore/a.c"
echo 'keystore/a.c memcmp 2 public values' >>"$tree/tests/scripts/banned.allow"
expect banned 0 "1 passed" "two that are allowed"
echo 'int y = memcmp(a, b, n);' >>"$tree/keystore/a.c"
expect banned 1 "memcmp: 3 times" "a third one"
fresh
echo 'int main(void) { exit(secure_getenv("X") != 0); }' >"$tree/tools/a.c"
expect banned 0 "1 passed" "a program may exit"

# shared NAME SOURCE FLAG...: a shared object as ours are linked.
shared() {
    local name=$1 source=$2

    shift 2
    printf '%s\n' "$source" >"$top/a.c"
    mkdir -p "$so"
    "${cc[@]}" -shared -fPIC -o "$so/$name" "$top/a.c" -Wl,-z,nodelete \
        -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack -Wl,--build-id=sha1 \
        -Wl,--no-as-needed -lsodium "$@" || fault "no compiler"
}
fresh
three='void C_GetFunctionList(void) {} void C_GetInterface(void) {}
void C_GetInterfaceList(void) {}'
bad() { expect "$1" 1 "$2" "$3" "$so"; }
shared tee-pkcs11.so "$three"
expect needed 0 "0 failed" "a good module" "$so"
expect exports 0 "0 failed" "a good module" "$so"
shared tee-pkcs11.so "$three" -lcrypto
bad needed "needs libc.so libcrypto.so libsodium.so" "a module with libcrypto"
shared tee-pkcs11.so "$three" -Wl,-rpath,/tmp
bad needed "RPATH" "a module with a path of its own"
shared tee-pkcs11.so "$three" -Wl,-z,lazy
bad needed "not so: is bound at load" "a module that is bound late"
shared tee-pkcs11.so "$three" -Wl,-z,execstack
bad needed "not so: has no executable stack" "a module with code on its stack"
shared tee-pkcs11.so "$three" -Wl,--build-id=none
bad needed "not so: has a build id" "a module without a build id"
shared tee-pkcs11.so "$three __attribute__((constructor)) static void x(void) {}"
bad needed "constructor or destructor" "a module with a constructor"
shared tee-pkcs11.so "$three void C_Initialize(void) {}"
bad exports "C_Initialize" "one name more"
shared tee-pkcs11.so 'void C_GetFunctionList(void) {}'
bad exports "> C_GetInterface" "one name less"
rm -rf "$so"
mkdir "$so"
bad needed "nothing was built" "no module"
bad exports "nothing was built" "no module"
finish
