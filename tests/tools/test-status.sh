#!/bin/bash
# status: what it says of good tokens, of broken configurations (the texts of
# the reference, word for word), and of stores that cannot be used.
. "$(dirname "$0")/lib.sh"
mkdir -p "$W/etc"
data=$srcdir/tests/data/conf

# golden SENTENCE TEXT LINE...: a configuration of these lines, and the whole
# error that status prints for it (FILE stands for its path).
golden() {
    local what=$1 text=${2//FILE/$conf}

    shift 2
    printf '%s\n' "$@" >"$conf"
    tee_pkcs11 status
    if [ "$code" -eq 64 ] && grep -qxF -- "\`- [NO] configuration  $text" "$out"; then
        ok "$what"
    elif [ "$code" -eq 64 ] && grep -qxF -- "tee-pkcs11: $text" "$err"; then
        ok "$what"
    else
        bad "$what: not: $text"
    fi
}

# ---- no configuration, and bad ones -----------------------------------------
"$tool" status >"$out" 2>"$err"
code=$?
if [ -e /etc/tee-pkcs11/tee-pkcs11.conf ]; then
    skip 'no configuration at all: this host has one'
else
    same 'no configuration at all' \
        "$code $(cat "$err")" "64 tee-pkcs11: no configuration; looked in: \
$HOME/.config/tee-pkcs11/tee-pkcs11.conf, /etc/tee-pkcs11/tee-pkcs11.conf"
fi
rm -f "$conf"
refuses 'a named configuration that is not there' 64 "$conf: no such file" status

cp "$data/broken1.conf" "$conf"
tee_pkcs11 status
same 'a misspelt key: status 64' "$code" 64
says 'a misspelt key: the text of the reference' \
    "$conf:3: [agent]: unknown key \"key_orgin\"; did you mean \"key_origin\"?"
says 'and the other token is listed' 'backup  local, ed25519'
tee_pkcs11 status --json
same 'as JSON: status 64 too' "$code $(json exit)" '64 64'
same 'as JSON: the section is not usable' \
    "$(json tokens.0.usable) $(json tokens.0.error)" 'false configuration'
same 'as JSON: the text' "$(json tokens.0.text)" \
    "$conf:3: [agent]: unknown key \"key_orgin\"; did you mean \"key_origin\"?"
tee_pkcs11 status backup
same 'a bad section is said whatever was asked for' "$code" 64
cp "$data/broken2.conf" "$conf"
tee_pkcs11 status
says 'a repeated key' "$conf:6: [agent]: \"platform\" was already given in line 4"
cp "$data/broken3.conf" "$conf"
tee_pkcs11 status
says 'a release without public key' \
    "$conf:3: [agent]: key_origin = skr needs \"public_key\""

S="state = $state"
L='key_origin = local'
T='key_origin = tee_generated'
golden 'not a pair' 'FILE:2: [a]: not a section, a "key = value" or a comment' \
    '[a]' hello
golden 'a comment behind a value' \
    'FILE:2: [a]: lock: a comment must be on a line of its own' \
    '[a]' 'lock = try # why' "$L" "$S"
golden 'a word' \
    'FILE:2: [a]: ec_point: must be one of der, raw; found "octet-string"' \
    '[a]' 'ec_point = octet-string' "$L" "$S"
golden 'a PIN in the configuration is not echoed' \
    'FILE:2: [a]: pin: must be one of no, yes; a PIN is never written here' \
    '[a]' 'pin = 123456' "$L" "$S"
golden 'a path' \
    'FILE:2: [a]: state: must be an absolute path without "." or ".."; found "~/keys"' \
    '[a]' 'state = ~/keys' "$L"
golden 'an account' \
    'FILE:2: [a]: user: must be a number; "id -u www-data" prints it' \
    '[a]' 'user = www-data' "$L" "$S"
golden 'a key without meaning for the origin' \
    'FILE:4: [a]: key_ttl has no meaning for key_origin = local' \
    '[a]' "$L" "$S" 'key_ttl = 60'
golden 'a key without meaning for the service' \
    'FILE:5: [a]: user has no meaning with via = unix:' \
    '[a]' "$L" "$S" 'via = unix:/run/x' 'user = 33'
golden 'no origin' 'FILE:1: [a]: "key_origin" is missing; it has no default' \
    '[a]' "$S"
golden 'key_in without a service' \
    'FILE:4: [a]: key_in = service needs via = unix:PATH' \
    '[a]' "$L" "$S" 'key_in = service'
golden 'a repeated section' 'FILE:4: [a]: section was already opened in line 1' \
    '[a]' "$L" "$S" '[a]' "$L" "$S"
golden 'an error outside a section' \
    'FILE:1: only "log" may stand before the first section; found "lock"' \
    'lock = try' '[a]' "$L" "$S"

printf '[a]\n%s\n%s\n' "$L" "$S" >"$conf"
chmod 664 "$conf"
refuses 'a configuration that the group may write' 64 \
    "$conf: group may write (mode 0664); \"chmod 644 $conf\"" status
chmod 666 "$conf"
refuses 'a configuration that all may write' 64 "others may write" status
chmod 644 "$conf"
ln "$conf" "$W/etc/second"
refuses 'a configuration with two links' 64 'links' status
rm "$W/etc/second"
chmod 777 "$W/etc"
refuses 'a folder that all may write' 64 \
    "$W/etc: folder is writable by others" status
chmod 755 "$W/etc"
mv "$conf" "$W/real.conf"
ln -s "$W/real.conf" "$conf"
refuses 'a link' 64 'symbolic link' status
rm "$conf"
if [ "$(id -u)" -eq 0 ]; then
    cp "$W/real.conf" "$conf"
    chown 65534 "$conf"
    refuses 'a configuration of somebody else' 64 \
        "$conf: owned by uid 65534; must be root or uid 0" status
    rm "$conf"
else
    skip 'a configuration of somebody else: needs root'
fi
head -c 70000 /dev/zero | tr '\0' '#' >"$conf"
refuses 'a configuration over 64 KiB' 64 '65536' status
rm "$conf"

# ---- tokens ------------------------------------------------------------------
tee_pkcs11 init sim --origin tee_generated --platform simulated --state "$state"
tee_pkcs11 init soft --origin local --state "$state"
pin=$(pin_file 'a good long PIN' pin)
tee_pkcs11 init safe --origin local --pin-file "$pin" --state "$state"
{
    printf '\n[later]\n%s\n%s\n' "$L" "$S"
    printf '\n[hard]\n%s\nplatform = amd-sev-snp\n%s\n' "$T" "$S"
    printf '\n[needy]\n%s\nplatform = simulated\nrequire = /p.json\n%s\n' \
        "$T" "$S"
} >>"$conf"
expect 'tokens that cannot be used are status 1' 1 status
says 'a simulated token breaks at its hardware' '[NO] hardware       simulated'
says 'a token key in clear is noted' 'token key in clear'
says 'a PIN is shown with its tries' 'set, 10 of 10 tries left'
says 'an advisory counter is noted' 'pin-counter: advisory'
says 'a token without store says what to do' 'no store;'
says 'hardware is unsupported' 'unsupported: platform = amd-sev-snp'
says 'a policy of its own is refused, not ignored' 'unsupported: require'
for t in sim soft safe; do expect "$t can be used" 0 status "$t"; done
for t in later hard needy; do expect "$t cannot be used" 1 status "$t"; done
tee_pkcs11 status sim --json
serial=$(json tokens.0.serial)
expect 'a token is found by its serial number' 0 status "pkcs11:serial=$serial"
expect 'and by its model' 0 status \
    "pkcs11:model=simulated;manufacturer=tee-pkcs11;serial=$serial"
refuses 'a token that does not exist' 64 'names no token' status nosuch
refuses 'a URI that is none' 64 'not a PKCS#11 URI' status 'pkcs11:token=%zz'
refuses 'a PIN in the URI' 64 'never an argument' status \
    'pkcs11:token=sim?pin-value=123456'
tee_pkcs11 status --json
same 'all six as JSON' "$(json tokens)" '[6]'
same 'with what the token itself says' "$(json tokens.1.status.section)" soft
same 'and null where there is nothing to say' "$(json tokens.4.status)" null

# ---- stores that cannot be used ----------------------------------------------
cp "$state/soft.token" "$W/good"
head -c 100 "$W/good" >"$state/soft.token"
expect 'a truncated store' 1 status soft
says 'is malformed, with its file' "$state/soft.token"
expect 'does not touch the others' 0 status sim
cp "$W/good" "$state/soft.token"
chmod 644 "$state/soft.token"
expect 'a store that others may read' 1 status soft
says 'says who' 'others may read'
chmod 600 "$state/soft.token"
cp "$state/sim.token" "$state/soft.token"
expect "another token's store under this name" 1 status soft
cp "$W/good" "$state/soft.token"
expect 'and as it was, all is well' 0 status soft

# ---- a terminal ----------------------------------------------------------------
LC_ALL=C.UTF-8 TERM=xterm "$bin/pty" -- "$tool" --conf "$conf" status sim >"$out"
says 'a terminal gets lines and marks' "$(printf '\342\234\223')"
yes_ 'and colours' grep -q "$(printf '\033')\\[32m" "$out"
LC_ALL=C.UTF-8 NO_COLOR=1 "$bin/pty" -- "$tool" --conf "$conf" status sim >"$out"
says 'NO_COLOR is plain' '[ok] configuration'
LC_ALL=C "$bin/pty" -- "$tool" --conf "$conf" status sim >"$out"
says 'another locale is plain' '[ok] configuration'
no_ 'plain is ASCII' grep -q "$(printf '[\200-\377]')" "$out"
finish
