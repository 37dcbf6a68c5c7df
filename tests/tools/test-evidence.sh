#!/bin/bash
# evidence: through the real module and the real helper, in every format, and
# what verify says of it.
. "$(dirname "$0")/lib.sh"
did=did:mesh:0123456789abcdef0123456789abcdef
nonce=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
ask=(--challenge c1 --nonce "$nonce")
B=$W/bundle.json

verify() {
    "$tool" verify "$@" >"$out" 2>"$err" </dev/null
    code=$?
}

tee_pkcs11 init demo --origin tee_generated --platform simulated --did "$did" \
    --state "$state"
expect 'evidence is fetched' 0 evidence demo "${ask[@]}" -o "$B"
yes_ "for its owner's eyes alone" test "$(stat -c %a "$B")" = 600
verify "$B" "${ask[@]}" --did "$did"
same 'and is simulated' "$code" 3
same 'the challenge is in it' "$(json binding.challenge "$B")" c1
same 'the nonce too' "$(json binding.nonce "$B")" "$nonce"
tee_pkcs11 evidence demo "${ask[@]}"
yes_ 'standard output is the default' test "$(json platform)" = simulated
tee_pkcs11 evidence demo "${ask[@]}" -o -
yes_ 'and "-" is the same' test "$(json platform)" = simulated
cp "$B" "$W/first"
tee_pkcs11 evidence demo "${ask[@]}" -o "$B"
verify "$B" "${ask[@]}" --did "$did"
same 'a file that is there is replaced' "$code" 3
expect 'the DID may be given too' 0 evidence demo "${ask[@]}" --did "$did"
refuses 'another DID than the configured one' 1 'DID' evidence demo \
    "${ask[@]}" --did did:mesh:other
expect 'a module by its path' 0 evidence demo "${ask[@]}" --module "$module"
refuses 'a module that is not there' 64 'cannot open' evidence demo \
    "${ask[@]}" --module "$W/gone.so"
refuses 'a module without a folder' 64 'with its folder' evidence demo \
    "${ask[@]}" --module tee-pkcs11.so
refuses 'a module that is none' 1 'not a PKCS#11 module' evidence demo \
    "${ask[@]}" --module "$builddir/.libs/libtee-attest.so"

# ---- formats --------------------------------------------------------------------
for f in tee agt session; do
    tee_pkcs11 evidence demo "${ask[@]}" --format "$f" -o "$W/$f"
    verify "$W/$f" "${ask[@]}" --did "$did"
    same "--format $f is simulated" "$code" 3
done
same 'agt is agt-v1' "$(json binding.type "$W/agt")" agt-v1
x=$(printf 'a0%.0s' $(seq 32))
tee_pkcs11 evidence demo "${ask[@]}" --format session --tls-exporter "$x" \
    -o "$W/tls"
verify "$W/tls" "${ask[@]}" --did "$did" --tls-exporter "$x"
same 'a session tied to its connection' "$code" 3
verify "$W/tls" "${ask[@]}" --did "$did" --tls-exporter "${x%0}1"
same 'is refused on another' "$code" 1
verify "$W/tls" "${ask[@]}" --did "$did"
no_ 'and where no connection is named' test "$code" -eq 0 -o "$code" -eq 3
for f in am tresor; do
    refuses "--format $f" 64 'not part of this version' evidence demo \
        "${ask[@]}" --format "$f"
done
refuses 'an unknown format' 64 'must be one of tee, agt' evidence demo \
    "${ask[@]}" --format tpm
refuses 'an exporter outside a session' 64 'session alone' evidence demo \
    "${ask[@]}" --tls-exporter "$x"
refuses 'a short exporter' 64 '64 lower-case hex' evidence demo "${ask[@]}" \
    --format session --tls-exporter a0
refuses 'an input without a meaning' 64 'no meaning' evidence demo \
    "${ask[@]}" --input "$B"

# ---- requests that are not complete ----------------------------------------------
refuses 'no nonce' 64 'needs --challenge and --nonce' evidence demo \
    --challenge c1
refuses 'no challenge' 64 'needs --challenge and --nonce' evidence demo \
    --nonce n
refuses 'a nonce of 1025 bytes' 64 '1024' evidence demo --challenge c \
    --nonce "$(printf 'n%.0s' $(seq 1025))"
expect 'a nonce of 1024 bytes' 0 evidence demo --challenge c \
    --nonce "$(printf 'n%.0s' $(seq 1024))"
refuses 'no such token' 64 'names no token' evidence nosuch "${ask[@]}"
refuses 'no such key' 64 'no such key' evidence 'pkcs11:token=demo;object=x' \
    "${ask[@]}"
refuses 'a device as output' 1 'not a regular file' evidence demo "${ask[@]}" \
    -o /dev/null
refuses 'a folder as output' 1 'not a regular file' evidence demo "${ask[@]}" \
    -o "$W"
refuses 'a PIN in the URI' 64 'never an argument' evidence \
    'pkcs11:token=demo?pin-value=123456' "${ask[@]}"
tee_pkcs11 evidence demo "${ask[@]}" --dry-run
same 'a dry run is no mistake' "$code" 0
says 'says what it would ask' 'binding    tee-v1'
says 'and asks nothing' 'nothing was asked'
tee_pkcs11 evidence 'pkcs11:token=demo;object=demo;type=private' "${ask[@]}"
same 'a private key by its URI' "$code" 0

mkdir "$W/a folder"
cp "$conf" "$W/a folder/my tokens.conf"
"$tool" --conf "$W/a folder/my tokens.conf" evidence demo "${ask[@]}" \
    >"$out" 2>"$err"
same 'a configuration with blanks in its path' "$?" 0
"$tool" --conf "$W/gone.conf" evidence demo "${ask[@]}" >"$out" 2>"$err"
same 'a configuration that is not there' "$?" 64
says 'is named' "$W/gone.conf: no such file" "$err"
printf '[bad]\nkey_orgin = local\n' >"$W/bad.conf"
"$tool" --conf "$W/bad.conf" evidence bad "${ask[@]}" >"$out" 2>"$err"
same 'a section that is wrong' "$?" 64
says 'is said' "$W/bad.conf:2: [bad]: unknown key" "$err"
"$tool" --conf relative.conf evidence demo "${ask[@]}" >"$out" 2>"$err"
same 'a relative configuration' "$?" 64
says 'is said to be so' 'absolute path' "$err"

# ---- other tokens ------------------------------------------------------------------
tee_pkcs11 init soft --origin local --state "$state"
refuses 'a local key has no evidence' 1 'local' evidence soft "${ask[@]}" \
    --did "$did"
tee_pkcs11 init bare --origin tee_generated --platform simulated \
    --state "$state"
refuses 'no DID anywhere' 1 'use --did' evidence bare "${ask[@]}"
expect 'the DID of the request' 0 evidence bare "${ask[@]}" --did "$did"
tee_pkcs11 init nokey --origin tee_generated --platform simulated \
    --key-type none --state "$state"
refuses 'a token without a key' 64 'no such key' evidence nokey "${ask[@]}" \
    --did "$did"
printf '\n[later]\nkey_origin = local\nstate = %s\n' "$state" >>"$conf"
refuses 'a token without a store' 1 'no store yet' evidence later "${ask[@]}"

# ---- PINs ---------------------------------------------------------------------------
pin=$(pin_file 'correct horse' pin)
wrong=$(pin_file 'wrong horse' wrong)
tee_pkcs11 init safe --origin tee_generated --platform simulated --did "$did" \
    --pin-file "$pin" --state "$state"
expect 'the PIN of a file' 0 evidence safe "${ask[@]}" --pin-file "$pin"
refuses 'a wrong PIN' 1 'wrong PIN' evidence safe "${ask[@]}" \
    --pin-file "$wrong"
expect 'the PIN of the URI'"'"'s source' 0 evidence \
    "pkcs11:token=safe?pin-source=file:$pin" "${ask[@]}"
"$tool" --conf "$conf" evidence safe "${ask[@]}" --pin-file - <"$pin" \
    >"$out" 2>"$err"
same 'the PIN of standard input' "$?" 0
setsid "$tool" --conf "$conf" evidence safe "${ask[@]}" >"$out" 2>"$err" </dev/null
same 'no terminal and no PIN is an error' "$?" 1
says 'that says what to use' '--pin-file' "$err"

on_tty() { "$bin/pty" "$@" >"$out"; }
on_tty 'PIN: ' 'correct horse' -- "$tool" --conf "$conf" evidence safe \
    "${ask[@]}" -o "$W/tty"
same 'the PIN of a terminal' "$?" 0
no_ 'is not shown' grep -q horse "$out"
on_tty 'PIN: ' 'wrong horse' -- "$tool" --conf "$conf" evidence safe \
    "${ask[@]}" -o "$W/tty2"
same 'a wrong one there' "$?" 1
on_tty 'PIN: ' '^C' -- "$tool" --conf "$conf" evidence safe "${ask[@]}"
same 'the interrupt key ends it' "$?" 130
on_tty 'PIN: ' '^C' 'echo is ' '' -- bash -c "trap : INT
    '$tool' --conf '$conf' evidence safe ${ask[*]}; stty -a | grep -q ' echo ' && echo echo is on; read -r x"
yes_ 'and leaves the terminal with its echo' grep -q 'echo is on' "$out"
on_tty 'New PIN: ' 'one long PIN' 'once more: ' 'one long PIN' -- \
    bash -c "'$tool' --conf '$conf' init asked --origin local --pin-file - \
        --state '$state'"
same 'init asks twice' "$?" 0
on_tty 'New PIN: ' 'one long PIN' 'once more: ' 'another PIN' -- \
    bash -c "'$tool' --conf '$conf' init asked2 --origin local --pin-file - \
        --state '$state'"
same 'two PINs that differ' "$?" 1
says 'are said to' 'the two PINs differ'
no_ 'and no token is made' grep -q asked2 "$conf"
"$tool" --conf "$conf" evidence asked "${ask[@]}" --did "$did" \
    --pin-file "$(pin_file 'one long PIN' asked)" >"$out" 2>"$err"
says 'the asked PIN is the one that counts' 'local' "$err"

# ---- ten wrong tries -------------------------------------------------------------
tee_pkcs11 init lock --origin local --pin-file "$pin" --state "$state"
for _ in 1 2 3 4 5 6 7 8 9 10; do
    tee_pkcs11 evidence lock "${ask[@]}" --did "$did" --pin-file "$wrong"
done
refuses 'ten wrong PINs lock the token' 1 'locked' evidence lock "${ask[@]}" \
    --did "$did" --pin-file "$pin"
expect 'status cannot use it' 1 status lock
says 'and says why' 'locked'
finish
