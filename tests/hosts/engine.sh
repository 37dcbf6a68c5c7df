#!/bin/bash
# Hosts under an openssl.cnf that loads an engine.
# shellcheck disable=SC2317 # called by check
. "$(dirname "$0")/lib.sh"

# engine_conf ID FILE LINE...: an engine, and the default context of libcrypto
# spoilt: it finds nothing any more.
engine_conf() {
    export OPENSSL_CONF=$D/openssl.cnf
    printf '%s\n' 'openssl_conf = init' '[init]' 'engines = engines' \
        'alg_section = algorithms' '[algorithms]' \
        'default_properties = fips=yes' '[engines]' 'e = section' \
        '[section]' "engine_id = $1" "dynamic_path = $2" \
        "${@:3}" >"$OPENSSL_CONF"
}
# canary ROOM [LINE]
canary() {
    room "$1"
    engine_conf canary "$hosts/.libs/canary.so" "${@:2}"
}
loaded() { says '^canary: loaded'; }
# As if the engine, which libcrypto loaded, were not there.
not_asked() {
    [ "$code" -eq 0 ] && loaded && ! grep -qv '^canary: loaded' "$D/err" &&
        judge "$@"
}
refused() { [ "$code" -eq 1 ] && says "^refused: $1 "; }

for h in host-bare host-libcrypto; do
    canary "loaded-$h"
    host "$hosts/$h" "$ours" "$D" ed ec rsa pss
    check "$h, an engine is loaded: it is not asked" not_asked ed ec rsa pss
    canary "control-$h"
    host "$hosts/$h" "$plain" "$D" ec
    check "$h, control: linked plainly it fails under that configuration" \
        refused C_GenerateKeyPair
done

# An engine that signs wrongly, as the default for contexts (PKEY_CRYPTO) or
# as what libcrypto puts into keys.
for default in PKEY_CRYPTO EC,RSA; do
    for t in ec rsa pss; do
        canary "$t-$default" "default_algorithms = $default"
        host "$hosts/host-libcrypto" "$ours" "$D" "$t"
        check "$t, an engine is the default for $default: nothing wrong comes out" \
            refused C_Sign
    done
done

engine=$(openssl version -e 2>/dev/null |
    sed -n 's/^ENGINESDIR: "\(.*\)"$/\1/p')/pkcs11.so
if [ ! -e "$engine" ]; then
    skip "the pkcs11 engine is not installed (package libengine-pkcs11-openssl)"
    finish
fi
for init in 0 1; do
    for default in '' 'default_algorithms = ALL'; do
        for h in host-bare host-libcrypto; do
            room "pkcs11-$init-${#default}-$h"
            engine_conf pkcs11 "$engine" "MODULE_PATH = $ours" \
                "init = $init" ${default:+"$default"}
            host "$hosts/$h" "$ours" "$D" ed ec rsa pss
            check "$h, pkcs11 engine of this module, init $init, ${default:-no default}" \
                right ed ec rsa pss
        done
    done
done
finish
