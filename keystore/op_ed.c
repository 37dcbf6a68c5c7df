/*
 * Ed25519 by libsodium: pure, and prehashed without a context (RFC 8032,
 * section 5.1).  With a context it is the plug-in's, where libcrypto can.
 */
#include "config.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"
#include "keystore/ossl/plugin.h"

/* PrivateKeyInfo up to the seed (RFC 8410, section 7) */
static const uint8_t pkcs8_head[16] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30,
                                        0x05, 0x06, 0x03, 0x2b, 0x65, 0x70,
                                        0x04, 0x22, 0x04, 0x20 };

static enum tee_err
check(enum ks_ktype type, const struct ks_mech *m)
{
    const struct tee_plugin *p;

    if (m->scheme != KS_EDDSA || m->hash != KS_H_NONE)
        return TEE_E_MECH;
    if (m->context_len == 0)
        return TEE_OK;
    p = ks_plugin(NULL);
    return p != NULL && p->has(type, m) ? TEE_OK : TEE_E_MECH_PARAM;
}

static bool
with_context(const struct ks_op *op)
{
    return op->mech.context_len > 0;
}

/* ---- keys ------------------------------------------------------------------
 */

static enum tee_err
make(enum ks_ktype type, uint8_t *secret, size_t *len, struct tee_fault *f)
{
    (void)type;
    (void)f;
    randombytes_buf(secret, KS_SEED);
    *len = KS_SEED;
    return TEE_OK;
}

static enum tee_err
load(struct ks_key *k, struct tee_bytes secret, struct tee_buf *spki,
     struct tee_fault *f)
{
    uint8_t der[KS_ED25519_SPKI];
    enum tee_err err;

    if (secret.len == sizeof(pkcs8_head) + KS_SEED &&
        sodium_memcmp(secret.p, pkcs8_head, sizeof(pkcs8_head)) == 0) {
        secret.p += sizeof(pkcs8_head);
        secret.len = KS_SEED;
    }
    if (secret.len != KS_SEED)
        return tee_fault(f, TEE_E_MALFORMED,
                         "an Ed25519 private key is a seed of 32 bytes");
    err = tee_arena_take(k->t->arena, &k->sk);
    if (err != TEE_OK)
        return tee_fault(f, err, KS_NO_LOCKED);
    (void)crypto_sign_seed_keypair(k->pk, k->sk, secret.p);
    ks_ed25519_spki(k->pk, der);
    tee_buf_put(spki, der, sizeof(der));
    return spki->err;
}

static void
key_clear(struct ks_key *k)
{
    tee_arena_put(k->t->arena, k->sk);
    k->sk = NULL;
}

/* ---- contexts: the plug-in, for the length of one operation
 * ------------------ */

static enum tee_err
plugin_private(struct ks_op *op)
{
    const size_t head = sizeof(pkcs8_head);
    struct tee_secret der = { 0 };
    enum tee_err err;

    op->by = ks_plugin(NULL);
    if (op->by == NULL)
        return TEE_E_UNAVAIL;
    err = tee_secret_new(head + KS_SEED, op->key->t->conf->lock_required, &der);
    if (err != TEE_OK)
        return err;
    memcpy(der.p, pkcs8_head, head);
    memcpy(der.p + head, op->key->sk, KS_SEED);
    err = op->by->private_new(KS_ED25519, (struct tee_bytes){ der.p, der.len },
                              &op->pub);
    tee_secret_free(&der);
    return err;
}

static enum tee_err
sign_init(struct ks_op *op)
{
    return with_context(op) ? plugin_private(op) : TEE_OK;
}

static enum tee_err
verify_init(struct ks_op *op, struct tee_bytes spki)
{
    memcpy(op->raw_pub, spki.p + (KS_ED25519_SPKI - 32), 32);
    if (!with_context(op))
        return TEE_OK;
    op->by = ks_plugin(NULL);
    return op->by == NULL ? TEE_E_UNAVAIL
                          : op->by->public_new(KS_ED25519, spki, &op->pub);
}

/* ---- one message
 * -------------------------------------------------------------- */

static void
prehash(crypto_sign_state *st, struct tee_bytes msg)
{
    (void)crypto_sign_init(st);
    (void)crypto_sign_update(st, msg.p, msg.len);
}

static bool
genuine(const struct ks_op *op, struct tee_bytes msg, const uint8_t sig[64],
        const uint8_t pk[32])
{
    crypto_sign_state st;

    if (with_context(op))
        return op->by->verify(op->pub, &op->mech, msg,
                              (struct tee_bytes){ sig, 64 }) == TEE_OK;
    if (!op->mech.prehash)
        return crypto_sign_verify_detached(sig, msg.p, msg.len, pk) == 0;
    prehash(&st, msg);
    return crypto_sign_final_verify(&st, sig, pk) == 0;
}

static enum tee_err
sign_alone(struct ks_op *op, struct tee_bytes msg, uint8_t *sig, size_t *len)
{
    crypto_sign_state st;
    int bad;

    if (with_context(op))
        return op->by->sign(op->pub, &op->mech, msg, sig, len);
    if (op->mech.prehash) {
        prehash(&st, msg);
        bad = crypto_sign_final_create(&st, sig, NULL, op->key->sk);
    } else {
        bad = crypto_sign_detached(sig, NULL, msg.p, msg.len, op->key->sk);
    }
    *len = crypto_sign_BYTES;
    return bad == 0 ? TEE_OK : TEE_E_SELFTEST;
}

static enum tee_err
sign(struct ks_op *op, struct tee_bytes msg, uint8_t *sig, size_t *len)
{
    enum tee_err err = sign_alone(op, msg, sig, len);

    if (err == TEE_OK && op->key->t->conf->verify_after_sign &&
        !genuine(op, msg, sig, op->key->pk))
        return TEE_E_SELFTEST;
    return err;
}

static enum tee_err
verify(struct ks_op *op, struct tee_bytes msg, struct tee_bytes sig)
{
    if (sig.len != crypto_sign_BYTES)
        return TEE_E_SIG_LEN;
    return genuine(op, msg, sig.p, op->raw_pub) ? TEE_OK : TEE_E_SIGNATURE;
}

/* ---- parts: the hash runs along, a pure message is collected
 * ------------------- */

static bool
runs_along(const struct ks_op *op)
{
    return op->mech.prehash && !with_context(op);
}

static enum tee_err
stream_start(struct ks_op *op)
{
    if (op->stream != NULL)
        return TEE_OK;
    op->stream = malloc(sizeof(crypto_sign_state));
    if (op->stream == NULL)
        return TEE_E_NOMEM;
    (void)crypto_sign_init(op->stream);
    return TEE_OK;
}

static enum tee_err
update(struct ks_op *op, struct tee_bytes part)
{
    enum tee_err err;

    if (!runs_along(op)) {
        tee_buf_bytes(&op->msg, part);
        return op->msg.err;
    }
    err = stream_start(op);
    if (err == TEE_OK)
        (void)crypto_sign_update(op->stream, part.p, part.len);
    return err;
}

static enum tee_err
sign_final(struct ks_op *op, uint8_t *sig, size_t *len)
{
    crypto_sign_state st;
    enum tee_err err;

    if (op->msg.err != TEE_OK)
        return op->msg.err;
    if (!runs_along(op))
        return sign(op, tee_buf_view(&op->msg), sig, len);
    err = stream_start(op);
    if (err != TEE_OK)
        return err;
    memcpy(&st, op->stream, sizeof(st));
    *len = crypto_sign_BYTES;
    if (crypto_sign_final_create(op->stream, sig, NULL, op->key->sk) != 0 ||
        (op->key->t->conf->verify_after_sign &&
         crypto_sign_final_verify(&st, sig, op->key->pk) != 0))
        return TEE_E_SELFTEST;
    return TEE_OK;
}

static enum tee_err
verify_final(struct ks_op *op, struct tee_bytes sig)
{
    enum tee_err err;

    if (op->msg.err != TEE_OK)
        return op->msg.err;
    if (!runs_along(op))
        return verify(op, tee_buf_view(&op->msg), sig);
    if (sig.len != crypto_sign_BYTES)
        return TEE_E_SIG_LEN;
    err = stream_start(op);
    if (err != TEE_OK)
        return err;
    return crypto_sign_final_verify(op->stream, sig.p, op->raw_pub) == 0
               ? TEE_OK
               : TEE_E_SIGNATURE;
}

static void
clear(struct ks_op *op)
{
    if (op->stream != NULL)
        sodium_memzero(op->stream, sizeof(crypto_sign_state));
    free(op->stream);
    if (op->pub != NULL)
        op->by->key_free(op->pub);
    op->stream = NULL;
    op->pub = NULL;
}

const struct ks_alg ks_alg_ed25519 = {
    .check = check,
    .make = make,
    .load = load,
    .key_clear = key_clear,
    .sign_init = sign_init,
    .verify_init = verify_init,
    .update = update,
    .sign = sign,
    .sign_final = sign_final,
    .verify = verify,
    .verify_final = verify_final,
    .clear = clear,
};
