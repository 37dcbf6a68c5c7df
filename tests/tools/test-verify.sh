#!/bin/bash
# verify, show and policy: verdicts and their exit codes, several files, JSON,
# references to nothing, hostile and oversized input.
. "$(dirname "$0")/lib.sh"
did=did:mesh:0123456789abcdef0123456789abcdef
nonce='nonce-abc'
ask=(--challenge c1 --nonce "$nonce" --did "$did")
B=$W/bundle.json

verify() {
    "$tool" verify "$@" >"$out" 2>"$err" </dev/null
    code=$?
}

# verdict SENTENCE STATUS WORD REASON ARG...
verdict() {
    local what=$1 want=$2 word=$3 reason=$4

    shift 4
    verify "$@"
    if [ "$code" -eq "$want" ] && grep -qx "verdict: $word" "$out" &&
        { [ -z "$reason" ] || grep -q "^because: $reason: " "$out"; }; then
        ok "$what"
    else
        bad "$what (status $code, not $want, or not $word: $reason)"
    fi
}

tee_pkcs11 init demo --origin tee_generated --platform simulated --did "$did" \
    --state "$state"
tee_pkcs11 evidence demo --challenge c1 --nonce "$nonce" -o "$B"
tee_pkcs11 init other --origin tee_generated --platform simulated --did "$did" \
    --state "$state"
tee_pkcs11 evidence other --challenge c1 --nonce "$nonce" -o "$W/other.json"

# ---- verdicts ------------------------------------------------------------------
verdict 'right answers are simulated' 3 simulated simulated "$B" "${ask[@]}"
says 'what it proves is said' 'proves:'
says 'whom it trusts is said' 'trusts:'
says 'what it does not prove is said' 'does not prove:'
says 'and that no TEE is proven' 'That there is any TEE'
verdict '--accept-simulated is for tests' 0 simulated simulated "$B" "${ask[@]}" \
    --accept-simulated
verdict 'another nonce is refused' 1 refused '' "$B" --challenge c1 \
    --nonce other --did "$did"
verdict 'and stays refused with --accept-simulated' 1 refused '' "$B" \
    --challenge c1 --nonce other --did "$did" --accept-simulated
verdict 'another challenge is refused' 1 refused '' "$B" --challenge c2 \
    --nonce "$nonce" --did "$did"
verdict 'another DID is refused' 1 refused '' "$B" --challenge c1 \
    --nonce "$nonce" --did did:mesh:other
verdict 'no nonce could not be appraised' 2 'could not appraise' '' "$B"
verdict 'and stays so with --accept-simulated' 2 'could not appraise' '' "$B" \
    --accept-simulated
verdict '--stale-ok takes it as what it is' 3 simulated simulated "$B" --stale-ok

# ---- the key that is expected ------------------------------------------------------
openssl=$(command -v openssl)
spki=$("$bin/json-get" "$B" public_key.spki)
printf '%s\n%s\n%s\n' '-----BEGIN PUBLIC KEY-----' "$spki" \
    '-----END PUBLIC KEY-----' >"$W/key.pem"
verdict 'the expected key (PEM)' 3 simulated '' "$B" "${ask[@]}" \
    --expect-key "$W/key.pem"
no_ 'is no longer "not enrolled"' grep -q 'key not enrolled' "$out"
printf '%s' "$spki" | base64 -d >"$W/key.der"
verdict 'the expected key (DER)' 3 simulated '' "$B" "${ask[@]}" \
    --expect-key "$W/key.der"
verdict 'another key is refused' 1 refused spki-mismatch "$W/other.json" \
    "${ask[@]}" --expect-key "$W/key.pem"
refuses 'a key file that holds none' 64 'not a public key' verify "$B" \
    "${ask[@]}" --expect-key "$B"
refuses 'a key file that is not there' 64 'No such file' verify "$B" \
    "${ask[@]}" --expect-key "$W/gone"
[ -z "$openssl" ] || {
    yes_ 'openssl takes the same key' "$openssl" pkey -pubin -in "$W/key.pem" \
        -noout
}

# ---- changed bundles ----------------------------------------------------------------
sed 's/"platform":"simulated"/"platform":"amd-sev-snp"/' "$B" >"$W/snp.json"
verify "$W/snp.json" "${ask[@]}" --accept-simulated
no_ 'relabelled as hardware it is no yes' test "$code" -eq 0 -o "$code" -eq 3
sed 's/"nonce":"nonce-abc"/"nonce":"nonce-abd"/' "$B" >"$W/nonce.json"
verdict 'a nonce changed in the bundle' 1 refused '' "$W/nonce.json" \
    --challenge c1 --nonce nonce-abd --did "$did"
sed 's/^{/{"extra":1,/' "$B" >"$W/extra.json"
verdict 'an unknown member' 1 refused malformed "$W/extra.json" "${ask[@]}"
head -c 500 "$B" >"$W/cut.json"
verdict 'a truncated bundle' 1 refused malformed "$W/cut.json" "${ask[@]}"
: >"$W/empty"
verdict 'an empty file' 1 refused malformed "$W/empty" "${ask[@]}"
head -c 5000000 /dev/zero >"$W/big"
verdict 'more than 4 MiB' 1 refused malformed "$W/big" "${ask[@]}"
printf '{"\033[2J\033]0;x\007":1}' >"$W/hostile"
verify "$W/hostile" "${ask[@]}"
no_ 'a hostile bundle cannot speak to the terminal' \
    grep -q "$(printf '\033')" "$out"

# ---- several files, JSON, standard input ---------------------------------------------
verify "$B" "$W/other.json" "${ask[@]}"
same 'two simulated ones' "$code" 3
verify "$B" "$W/cut.json" "$W/other.json" "${ask[@]}" --accept-simulated
same 'one that is refused decides' "$code" 1
verify "$B" "$W/gone" "${ask[@]}"
same 'one that is not there decides' "$code" 64
says 'and the others are judged all the same' 'verdict: simulated'
verify - "${ask[@]}" <"$B"
"$tool" verify - "${ask[@]}" <"$B" >"$out" 2>"$err"
same 'standard input' "$?" 3
verify "$B" "$W/cut.json" "${ask[@]}" --json
same 'JSON has the exit code' "$code $(json exit)" '1 1'
same 'and each result' "$(json results) $(json results.0.exit) \
$(json results.0.result.verdict) $(json results.1.result.reason)" \
    '[2] 3 simulated malformed'
same 'facts under stable names' "$(json results.0.result.facts.0.name)" bundle
same 'and the claims' "$(json results.0.result.claims.key_origin)" local
verify "$W/big" "${ask[@]}" --json
same 'too big is a result in JSON too' "$(json results.0.result.verdict)" refused

# ---- time ----------------------------------------------------------------------------
verify "$B" "${ask[@]}" --now 2026-01-01T00:00:00Z --json
same '--now is the time of the judgement' \
    "$(json results.0.result.claims.verified_at)" 2026-01-01T00:00:00Z
refuses 'a time that is none' 64 'not a time' verify "$B" "${ask[@]}" \
    --now yesterday

# ---- words that do not fit -------------------------------------------------------------
refuses 'a nonce without challenge' 64 'belong together' verify "$B" --nonce x
refuses 'a nonce and --stale-ok' 64 'without a nonce' verify "$B" "${ask[@]}" \
    --stale-ok
refuses 'an exporter that is no hex' 64 '64 lower-case hex' verify "$B" \
    "${ask[@]}" --tls-exporter XX
refuses 'nothing to verify' 64 'needs FILE' verify

# ---- policies ---------------------------------------------------------------------------
printf '{"schema":"tee-pkcs11.policy/v1","require":{"key_origin":["skr",%s]}}' \
    '"tee_generated"' >"$W/strict"
printf '{"schema":"tee-pkcs11.policy/v1","require":{"keyorigin":"skr"}}' \
    >"$W/misspelt"
verify "$B" "${ask[@]}" --policy "$W/strict" --accept-simulated
no_ 'a policy that wants a TEE is not met by a simulation' \
    test "$code" -eq 0 -o "$code" -eq 3
verdict 'an invalid policy refuses' 1 refused policy-invalid "$B" "${ask[@]}" \
    --policy "$W/misspelt"
verify "$B" "${ask[@]}" --policy "$W/misspelt" --json
same 'in JSON too' "$(json results.0.result.reason)" policy-invalid
refuses 'a policy that is not there' 64 'No such file' verify "$B" "${ask[@]}" \
    --policy "$W/gone"

policy() {
    "$tool" policy check "$@" >"$out" 2>"$err" </dev/null
    code=$?
}
policy "$W/strict"
same 'policy check: valid' "$code $(cat "$out")" '0 valid'
policy "$W/misspelt"
same 'policy check: invalid' "$code" 1
says 'and the word that is wrong' keyorigin
policy "$W/empty"
same 'policy check: an empty file' "$code" 1

# P NAME REQUIRE WANT [CLAIM=VALUE...]: a row of the table P1 to P16.
P() {
    local n=$1 want=$3 f
    local -A c=(
        [platform]='"amd-sev-snp"' [key_origin]='"skr"'
        [confidential_level]='"tee_vm"' [tcb_status]='"up_to_date"'
        [platform_verified]=true [report_data_match]=true
        [freshness]='"nonce"' [workload_measured]='"image"'
        [expires_at]='"2026-01-01T00:05:00Z"'
    )

    printf '{"schema":"tee-pkcs11.policy/v1","require":{%s}}' "$2" >"$W/p.json"
    shift 3
    for f in "$@"; do c[${f%%=*}]=${f#*=}; done
    for f in "${!c[@]}"; do printf ',"%s":%s' "$f" "${c[$f]}"; done |
        sed -e 's/^,/{/' -e 's/$/}/' >"$W/c.json"
    policy "$W/p.json" --claims "$W/c.json" --now 2026-01-01T00:00:00Z --json
    case $want in
    invalid) same "$n" "$code $(json answer)" '1 invalid' ;;
    allow) same "$n" "$code $(json answer)" '0 allow' ;;
    *) same "$n" "$code $(json answer) $(json reason)" "1 deny $want" ;;
    esac
}
any='"key_origin":["skr","tee_generated"]'
skr='"key_origin":"skr"'
tee='key_origin="tee_generated"'
P P1 "$any" allow
P P2 "$any" key_origin 'key_origin="local"'
P P3 '"key_bound_to_tee":true' allow "$tee"
P P4 '"key_bound_to_tee":false' key_bound_to_tee
P P5 '"confidential_level":{"min":"tee_vm"}' allow \
    'confidential_level="tee_container"'
P P6 '"confidential_level":{"min":"tee_vm"}' confidential_level \
    'confidential_level="secure_boot"'
P P7 '"confidential_level":"tee_vm"' confidential_level \
    'confidential_level="tee_container"'
P P8 '"tcb_status":["up_to_date"]' tcb_status 'tcb_status="unknown"'
P P9 "$skr" platform_verified platform_verified=false
P P10 "$skr" report_data_match report_data_match=false
P P11 "$skr" expired 'expires_at="2026-01-01T00:00:00Z"'
P P12 '"keyorigin":"skr"' invalid
P P13 '"tcb_status":[]' invalid
P P14 '"confidential_level":{"min":"tee_super"}' invalid
P P15 '"key_bound_to_tee":true' key_bound_to_tee "$tee" \
    'confidential_level="secure_boot"'
P P16 "$skr" freshness 'freshness="none"'
policy "$W/strict" --claims "$W/cut.json"
same 'claims that are no JSON' "$code" 64
policy "$W/strict" --claims "$W/gone"
same 'claims that are not there' "$code" 64
"$tool" policy judge "$W/strict" >"$out" 2>"$err"
same 'policy knows "check" alone' "$?" 64

# ---- show -------------------------------------------------------------------------------
show() {
    "$tool" show "$@" >"$out" 2>"$err" </dev/null
    code=$?
}
show "$B"
same 'show decodes a bundle' "$code" 0
says 'draws its chain' '[ok] possession'
says 'and says that nothing was compared' 'no challenge compared'
says 'and that nothing is verified' 'verified          no'
show "$B" --json
same 'show --json says what it is' "$(json kind) $(json verified)" 'bundle false'
sed 's/"platform":"simulated"/"platform":"\\u009b2J\\u202e"/' "$B" >"$W/c1.json"
show "$W/c1.json" --json
same 'show --json cannot speak to the terminal either' \
    "$code $(grep -c "$(printf '\302\233\|\342\200\256')" "$out")" '0 0'
same 'and says the same' "$(json platform)" "$(printf '\302\2332J\342\200\256')"
show "$W/nonce.json"
says 'a broken chain is drawn up to its break' '[NO]'
no_ 'and no further' grep -A 3 '\[NO\]' "$out" | grep -q '\[ok\]'
"$bin/json-get" "$B" statement | base64 -d >"$W/statement"
show "$W/statement" --json
same 'show decodes a key statement' "$(json kind)" statement
"$bin/json-get" "$B" evidence.simulated | base64 -d >"$W/sim"
show "$W/sim" --json
same 'show decodes simulated evidence' "$(json kind)" simulated-evidence
show "$W/cut.json"
same 'show refuses half a bundle' "$code" 1
show "$W/empty"
same 'and nothing' "$code" 1
show "$W/big"
same 'and too much' "$code" 1
show "$W/gone"
same 'a file that is not there is a mistake' "$code" 64
finish
