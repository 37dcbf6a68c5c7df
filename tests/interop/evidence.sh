# shellcheck shell=bash
# What a bundle that a binding read must satisfy, by code that is not ours:
# JSON by Python, the possession proof by openssl.
evidence_checks() {
    # shellcheck disable=SC2154 # lib.sh sets here, D and TEE_TOOL
    must python3 "$here/check_bundle.py" "$D/bundle" "$D/pop.msg" "$D/pop.sig" \
        interop-challenge interop-nonce
    must openssl pkeyutl -verify -pubin -inkey "$D/ed.pem" -rawin \
        -in "$D/pop.msg" -sigfile "$D/pop.sig"
    must command -v "$TEE_TOOL"
    "$TEE_TOOL" verify "$D/bundle" --challenge interop-challenge \
        --nonce interop-nonce --did "did:mesh:$(printf '%032d' 7)" >"$D/verdict"
    must test $? -eq 3
    must has simulated "$D/verdict"
}
