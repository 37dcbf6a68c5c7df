'use strict';
// consumer.js MODULE PIN FOLDER [ours]: the pkcs11js consumer.
const fs = require('fs');
const assert = require('assert');
const pkcs11js = require(process.env.PKCS11JS);

const CKM_EDDSA = 0x1057;
const TEE = {
    KEY_ORIGIN: 0x80544501,
    KEY_BOUND: 0x80544502,
    PLATFORM: 0x80544503,
    CHALLENGE_ID: 0x80544511,
    NONCE: 0x80544512,
    KEY_REF: 0x80544513,
    CKO_EVIDENCE: 0x80544501,
};
const [module_, pin, folder, ours] = process.argv.slice(2);
const p = new pkcs11js.PKCS11();

function open(label) {
    const slot = p.C_GetSlotList(true).find(
        (s) => p.C_GetTokenInfo(s).label.trim() === label);
    assert(slot !== undefined, 'no token ' + label);
    const session = p.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION);
    p.C_Login(session, pkcs11js.CKU_USER, pin);
    return session;
}

function privateKey(session) {
    p.C_FindObjectsInit(session, [
        { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
    ]);
    const key = p.C_FindObjects(session);
    p.C_FindObjectsFinal(session);
    assert(key, 'no private key');
    return key;
}

function sign(session, key, mechanism, from, to) {
    p.C_SignInit(session, { mechanism }, key);
    const sig = p.C_Sign(session, fs.readFileSync(folder + from),
        Buffer.alloc(64));
    fs.writeFileSync(folder + to, sig);
}

function read(session, object, type) {
    return p.C_GetAttributeValue(session, object, [{ type }])[0].value;
}

function vendor(session, key) {
    assert.strictEqual(
        Number(read(session, key, TEE.KEY_ORIGIN).readBigUInt64LE()), 2);
    assert.strictEqual(read(session, key, TEE.KEY_BOUND)[0], 0);
    assert.strictEqual(read(session, key, TEE.PLATFORM).toString(),
        'simulated');
}

function evidence(session, key) {
    const object = p.C_CreateObject(session, [
        { type: pkcs11js.CKA_CLASS, value: TEE.CKO_EVIDENCE },
        { type: pkcs11js.CKA_TOKEN, value: false },
        { type: TEE.KEY_REF, value: read(session, key, pkcs11js.CKA_ID) },
        { type: TEE.CHALLENGE_ID, value: Buffer.from('interop-challenge') },
        { type: TEE.NONCE, value: Buffer.from('interop-nonce') },
    ]);
    fs.writeFileSync(folder + '/bundle',
        read(session, object, pkcs11js.CKA_VALUE));
    p.C_DestroyObject(session, object);
}

p.load(module_);
p.C_Initialize();
const ed = open('ed');
const key = privateKey(ed);
sign(ed, key, CKM_EDDSA, '/msg', '/sig');
const ec = open('ec');
sign(ec, privateKey(ec), pkcs11js.CKM_ECDSA, '/hash', '/sig.ec');
if (ours) {
    vendor(ed, key);
    evidence(ed, key);
}
p.C_CloseSession(ed);
p.C_CloseSession(ec);
p.C_Finalize();
p.close();
