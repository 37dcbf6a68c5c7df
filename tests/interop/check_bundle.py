"""check_bundle.py BUNDLE MESSAGE SIGNATURE CHALLENGE NONCE

Writes the message and the signature of the possession proof (trust.md,
section 1), built here from the bundle alone, for openssl to check.
"""
import base64
import hashlib
import json
import sys


def lp(b):
    return len(b).to_bytes(2, "big") + b


def main(bundle, message, signature, challenge, nonce):
    with open(bundle, "rb") as f:
        b = json.load(f)
    assert b["platform"] == "simulated", b["platform"]
    assert b["binding"]["type"] == "tee-v1", b["binding"]
    assert b["binding"]["challenge"] == challenge
    assert b["binding"]["nonce"] == nonce
    statement = json.loads(base64.b64decode(b["statement"], validate=True))
    spki = base64.b64decode(b["public_key"]["der"]
                            if "der" in b["public_key"]
                            else b["public_key"]["spki"], validate=True)
    assert statement["origin"] == "tee_generated"
    assert statement["extractable"] is False
    assert statement["key"]["public_key_sha256"] == hashlib.sha256(
        spki[-32:]).hexdigest()
    digest = hashlib.sha256()
    for name in sorted(b["evidence"]):
        blob = base64.b64decode(b["evidence"][name], validate=True)
        digest.update(lp(name.encode()) + hashlib.sha256(blob).digest())
    with open(message, "wb") as f:
        f.write(b"tee-pkcs11/pop/v1" + lp(nonce.encode()) + digest.digest())
    with open(signature, "wb") as f:
        f.write(base64.b64decode(b["pop"], validate=True))


main(*sys.argv[1:])
