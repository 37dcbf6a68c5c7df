"""consumer.py MODULE TOKEN PIN FOLDER [ours]: the PyKCS11 consumer."""
import sys

import PyKCS11
from PyKCS11 import (CKA_CLASS, CKA_EC_POINT, CKA_ID, CKA_TOKEN, CKA_VALUE,
                     CKF_SERIAL_SESSION, CKO_PRIVATE_KEY, CKO_PUBLIC_KEY)

CKM_EDDSA = 0x1057
CKA_TEE_KEY_ORIGIN = 0x80544501
CKA_TEE_KEY_BOUND = 0x80544502
CKA_TEE_PLATFORM = 0x80544503
CKA_TEE_CHALLENGE_ID = 0x80544511
CKA_TEE_NONCE = 0x80544512
CKA_TEE_KEY_REF = 0x80544513
CKO_TEE_EVIDENCE = 0x80544501


def number(raw):
    return int.from_bytes(bytes(raw), "little")


def slot_of(lib, label):
    for slot in lib.getSlotList(tokenPresent=True):
        if lib.getTokenInfo(slot).label.strip() == label:
            return slot
    raise SystemExit("no token " + label)


def sign(session, folder):
    key = session.findObjects([(CKA_CLASS, CKO_PRIVATE_KEY)])[0]
    with open(folder + "/msg", "rb") as f:
        msg = f.read()
    sig = session.sign(key, msg, PyKCS11.Mechanism(CKM_EDDSA, None))
    with open(folder + "/sig", "wb") as f:
        f.write(bytes(sig))
    return key


def vendor(session, key):
    origin, bound, platform = session.getAttributeValue(
        key, [CKA_TEE_KEY_ORIGIN, CKA_TEE_KEY_BOUND, CKA_TEE_PLATFORM])
    assert number(origin) == 2, origin
    assert number(bound) == 0, bound
    assert bytes(platform) == b"simulated", platform


def evidence(session, key, folder):
    key_id = session.getAttributeValue(key, [CKA_ID])[0]
    obj = session.createObject([
        (CKA_CLASS, CKO_TEE_EVIDENCE),
        (CKA_TOKEN, PyKCS11.CK_FALSE),
        (CKA_TEE_KEY_REF, bytes(key_id)),
        (CKA_TEE_CHALLENGE_ID, b"interop-challenge"),
        (CKA_TEE_NONCE, b"interop-nonce"),
    ])
    value = bytes(session.getAttributeValue(obj, [CKA_VALUE])[0])
    with open(folder + "/bundle", "wb") as f:
        f.write(value)
    session.destroyObject(obj)


def main(module, token, pin, folder, ours=""):
    lib = PyKCS11.PyKCS11Lib()
    lib.load(module)
    session = lib.openSession(slot_of(lib, token), CKF_SERIAL_SESSION)
    session.login(pin)
    public = session.findObjects([(CKA_CLASS, CKO_PUBLIC_KEY)])[0]
    assert len(session.getAttributeValue(public, [CKA_EC_POINT])[0]) == 34
    key = sign(session, folder)
    if ours:
        vendor(session, key)
        evidence(session, key, folder)
    session.logout()
    session.closeSession()


main(*sys.argv[1:])
