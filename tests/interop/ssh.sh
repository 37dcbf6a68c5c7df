#!/bin/bash
# OpenSSH: ssh-keygen -D lists the P-256 key, ssh-agent signs with it, and
# ssh-keygen verifies what the agent signed.
. "$(dirname "$0")/lib.sh"
need ssh-keygen ssh-agent ssh-add

listing() {
    run ssh-keygen -D "$M" >"$D/keys"
    must has '^ecdsa-sha2-nistp256 ' "$D/keys"
    grep '^ecdsa-sha2-nistp256 ' "$D/keys" | head -n 1 >"$D/ec.pub"
    public ec "$D/ec.pem"
    must ssh_key_is_the_tokens
}

ssh_key_is_the_tokens() {
    ssh-keygen -e -m PKCS8 -f "$D/ec.pub" | cmp - "$D/ec.pem"
}

agent() {
    serve ssh-agent -D -a "$D/agent.sock" -P '/*'
    until_true 10 test -S "$D/agent.sock" || fail "ssh-agent: no socket"
    export SSH_AUTH_SOCK=$D/agent.sock SSH_ASKPASS=$D/askpass \
        SSH_ASKPASS_REQUIRE=force DISPLAY=none
    printf '#!/bin/sh\necho %s\n' "$PIN" >"$D/askpass"
    chmod 755 "$D/askpass"
    run ssh-add -s "$M" >"$D/out"
    run ssh-add -L >"$D/out"
    must has '^ecdsa-sha2-nistp256 ' "$D/out"
    run ssh-add -T "$D/ec.pub" >"$D/out"
    signature
    run ssh-add -e "$M" >"$D/out"
    stop "$server" ssh-agent
}

signature() {
    head -c 3000 /dev/urandom >"$D/msg"
    run ssh-keygen -Y sign -n test -f "$D/ec.pub" "$D/msg" >"$D/out"
    printf 'me %s\n' "$(cat "$D/ec.pub")" >"$D/signers"
    must ssh_verify
}

ssh_verify() {
    ssh-keygen -Y verify -n test -I me -f "$D/signers" -s "$D/msg.sig" \
        <"$D/msg"
}

consumer() {
    token ed ed
    token ec p256
    listing
    agent
}
interop
