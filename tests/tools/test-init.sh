#!/bin/bash
# init: what it makes, what it refuses, and that a failure leaves nothing.
. "$(dirname "$0")/lib.sh"

did=did:mesh:0123456789abcdef0123456789abcdef

# as SENTENCE...: nothing under $W changed by a run that must fail.
unchanged() {
    local what=$1 before

    shift
    before=$(fingerprint "$W/etc"; [ -d "$state" ] && fingerprint "$state")
    refuses "$what" "$@"
    same "$what: nothing was left" \
        "$(fingerprint "$W/etc"; [ -d "$state" ] && fingerprint "$state")" \
        "$before"
}

reset
expect 'a simulated token is made where nothing was' 0 init agent \
    --origin tee_generated --platform simulated --did "$did" --state "$state"
says 'init says where the section is' "[agent] in $conf"
yes_ 'the configuration has the section' grep -qx '\[agent\]' "$conf"
yes_ 'the store is its owner'"'"'s alone' \
    test "$(stat -c %a "$state") $(stat -c %a "$state/agent.token")" = '700 600'
expect 'status can use it' 0 status agent
same 'no temporary file is left beside the configuration' \
    "$(ls -A "$W/etc")" tee-pkcs11.conf
same 'no temporary file is left beside the store' \
    "$(cd "$state" && echo .[!.]* *)" '.[!.]* agent.lock agent.token simulated.root'

printf '\n# a comment of the operator\n' >>"$conf"
cp "$conf" "$W/before"
expect 'a local token is added' 0 init web --origin local --state "$state"
yes_ 'what was there stays, comments too' \
    cmp -s -n "$(stat -c %s "$W/before")" "$W/before" "$conf"
says 'init says that the key is in clear' 'token key in clear' "$err"
chmod 640 "$conf"
expect 'P-256 works' 0 init p256 --origin local --key-type p256 --state "$state"
same 'the mode of the configuration stays' "$(stat -c %a "$conf")" 640
expect 'no key works' 0 init empty --origin local --key-type none \
    --state "$state"
tee_pkcs11 status --json
same 'every token is usable' "$(json exit)" 0
same 'four tokens' "$(json tokens)" '[4]'
same 'one has no key' "$(json tokens.3.keys)" 0
same 'one is P-256' "$(json tokens.2.key_type)" p256
same 'the DID is in the section' "$(grep -c "^did *= $did\$" "$conf")" 1

pin=$(pin_file 'correct horse' pin)
so=$(pin_file '12345678' so)
expect 'a token with PINs' 0 init safe --origin local --pin-file "$pin" \
    --so-pin-file "$so" --state "$state"
tee_pkcs11 status safe --json
same 'it has a PIN' "$(json tokens.0.status.pin)" true
says 'init warns of a short PIN on a local token' 'short PIN' \
    <("$tool" --conf "$conf" status safe)
expect 'a PIN over a simulated root' 0 init agent2 --origin tee_generated \
    --platform simulated --pin-file "$pin" --state "$state"
printf 'from a pipe\nso from it too\n' |
    "$tool" --conf "$conf" init piped --origin local --pin-file - \
        --so-pin-file - --state "$state" >"$out" 2>"$err"
same 'both PINs from standard input' "$?" 0

unchanged 'a section that exists' 64 'exists already' init web --origin local \
    --state "$state"
unchanged 'no origin' 64 'never guessed' init x --state "$state"
unchanged 'skr' 64 unsupported init x --origin skr --state "$state"
unchanged 'hardware' 64 'unsupported: platform = amd-sev-snp' init x \
    --origin tee_generated --platform amd-sev-snp --state "$state"
unchanged 'no platform is never "simulated"' 64 'unsupported: platform = auto' \
    init x --origin tee_generated --state "$state"
unchanged 'an unknown origin' 64 'key_origin: must be one of' init x \
    --origin hardware --state "$state"
unchanged 'simulated for a local key' 64 'platform has no meaning' init x \
    --origin local --platform simulated --state "$state"
unchanged 'an unknown key type' 64 'key_type: must be one of' init x \
    --origin local --key-type dsa --state "$state"
unchanged 'a key type that libcrypto lacks' 64 ml-dsa-65 init x --origin local \
    --key-type ml-dsa-65 --state "$state"
unchanged 'a bad DID' 64 'did: must be' init x --origin local --did nonsense \
    --state "$state"
for l in '' 'a b' 'é' '.a' '[a]' 'a#b' \
    123456789012345678901234567890123; do
    unchanged "the label \"$l\"" 64 'init:' init --origin local \
        --state "$state" -- "$l"
done
unchanged 'an SO PIN without a PIN' 64 'needs --pin-file' init x \
    --origin local --so-pin-file "$so" --state "$state"
unchanged 'a short PIN' 64 '6 to 64 bytes' init x --origin local \
    --pin-file "$(pin_file 12345 short)" --state "$state"
chmod 644 "$pin"
unchanged 'a PIN that others can read' 64 'chmod 600' init x --origin local \
    --pin-file "$pin" --state "$state"
chmod 600 "$pin"
unchanged 'a PIN file that is not there' 1 'No such file' init x \
    --origin local --pin-file "$W/gone" --state "$state"
unchanged 'a state with ".." in it' 64 'state: must be an absolute path' \
    init x --origin local --state "$state/../other"
unchanged 'a state below a file' 1 'mkdir' init x --origin local \
    --state "$conf/state"
: >"$W/mine"
unchanged 'a configuration that others can write' 64 'may write' \
    init x --origin local --state "$(chmod 666 "$conf"; echo "$state")"
chmod 640 "$conf"

# A store that another configuration left is not overwritten.
cp "$state/web.token" "$state/left.token"
unchanged 'a store that is there already' 64 'a store is there already' \
    init left --origin local --state "$state"

# New folders of a failed run go too.
rm -rf "$W/new"
"$tool" --conf "$W/new/conf/tee.conf" init x --origin local \
    --key-type ml-dsa-65 --state "$W/new/state/deep" >"$out" 2>"$err"
same 'a failure where nothing was' "$?" 64
no_ 'leaves no folder' test -e "$W/new"

# Several at once: each gets its section, or says why not.
rm -rf "$W/many"
for i in 1 2 3 4 5 6; do
    "$tool" --conf "$W/many/tee.conf" init "t$i" --origin local \
        --state "$W/many/state" >/dev/null 2>"$W/many.$i" &
done
wait
same 'six at once make six sections' \
    "$(grep -c '^\[t[1-6]\]$' "$W/many/tee.conf")" 6
"$tool" --conf "$W/many/tee.conf" status >"$out" 2>"$err"
same 'and six tokens' "$?" 0

# The search.  Place 3 for a user ...
user=$W/user
mkdir "$user"
if [ "$(id -u)" -eq 0 ]; then
    chmod 755 "$W"
    chown 65534:65534 "$user"
    AS=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
as_user() {
    ${AS[@]+"${AS[@]}"} env "$@" >"$out" 2>"$err" </dev/null
    code=$?
}
if [ -n "${AS[*]-}" ] && ! "${AS[@]}" test -x "$builddir/.libs"; then
    skip 'as a user: the build tree is not readable for others'
else
    as_user HOME="$user" "$tool" init mine --origin tee_generated \
        --platform simulated
    same 'a user needs no option but the origin' "$code" 0
    at=$user/.config/tee-pkcs11
    same "the user's folders are private" \
        "$(stat -c %a "$user/.config" "$at" "$at/tee-pkcs11.conf" \
            "$user/.local/state/tee-pkcs11" | tr '\n' ' ')" '700 700 600 700 '
    as_user HOME="$user" "$tool" status mine
    same 'and status finds it there' "$code" 0
    as_user HOME="$user" XDG_CONFIG_HOME="$user/xc" XDG_STATE_HOME="$user/xs" \
        "$tool" init mine --origin local
    same 'XDG variables move both' "$code" 0
    yes_ 'to their folders' test -f "$user/xc/tee-pkcs11/tee-pkcs11.conf" \
        -a -f "$user/xs/tee-pkcs11/mine.token"
    as_user HOME="$user" TEE_PKCS11_CONF="$user/named.conf" "$tool" init mine \
        --origin local --state "$user/named"
    same 'a configuration that is named is made where it is named' "$code" 0
    yes_ 'there' grep -q '^\[mine\]$' "$user/named.conf"
    as_user HOME="$user" "$tool" --conf /etc/tee-pkcs11-nobody.conf init x \
        --origin local --state "$user/named"
    same 'a folder that the user may not write is an error' "$code" 1
fi

# ... and place 4 for root, in a file system of its own.
if [ "$(id -u)" -ne 0 ] || ! unshare -m true 2>/dev/null; then
    skip "as root: needs root and a mount namespace"
else
    # shellcheck disable=SC2016 # the inner shell expands it
    unshare -m bash -c 'mount -t tmpfs -o mode=755 tmpfs /etc &&
        mount -t tmpfs -o mode=755 tmpfs /var/lib &&
        "$1" init main --origin local && "$1" status main &&
        stat -c "%a %n" /etc/tee-pkcs11 /etc/tee-pkcs11/tee-pkcs11.conf \
            /var/lib/tee-pkcs11 /var/lib/tee-pkcs11/main.token' \
        bash "$tool" >"$out" 2>"$err" </dev/null
    same 'root needs no option but the origin' "$?" 0
    says "root's configuration is readable by all" \
        '644 /etc/tee-pkcs11/tee-pkcs11.conf'
    says "root's store is not" '700 /var/lib/tee-pkcs11'
fi
finish
