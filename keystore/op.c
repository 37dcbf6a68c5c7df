/*
 * Signing and verifying: what is common to all keys.  Which family does the
 * work is one look into a table.
 *
 * The way of an Ed25519 signature through here takes no lock, makes no system
 * call and allocates nothing.
 */
#include "config.h"

#include <sodium.h>
#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

static const struct ks_alg *const algs[KS_KTYPES] = {
    [KS_ED25519] = &ks_alg_ed25519, [KS_P256] = &ks_alg_plugin,
    [KS_P384] = &ks_alg_plugin,     [KS_P521] = &ks_alg_plugin,
    [KS_RSA2048] = &ks_alg_plugin,  [KS_RSA3072] = &ks_alg_plugin,
    [KS_RSA4096] = &ks_alg_plugin,  [KS_MLDSA44] = &ks_alg_plugin,
    [KS_MLDSA65] = &ks_alg_plugin,  [KS_MLDSA87] = &ks_alg_plugin,
};

const struct ks_alg *
ks_alg(enum ks_ktype type)
{
    return (unsigned)type < KS_KTYPES ? algs[type] : NULL;
}

bool
ks_mech_possible(enum ks_ktype type, const struct ks_mech *m)
{
    const struct ks_alg *alg = ks_alg(type);

    return alg != NULL && alg->check(type, m) == TEE_OK;
}

static enum tee_err
start(struct ks_op *op, enum ks_ktype type, const struct ks_mech *m)
{
    const struct ks_alg *alg = ks_alg(type);
    enum tee_err err;

    if (alg == NULL)
        return TEE_E_KEY_TYPE;
    err = alg->check(type, m);
    if (err != TEE_OK)
        return err;
    memset(op, 0, sizeof(*op));
    op->alg = alg;
    op->type = type;
    op->mech = *m;
    tee_buf_init(&op->msg, KS_MESSAGE_MAX);
    return TEE_OK;
}

enum tee_err
ks_sign_init(struct ks_op *op, struct ks_key *k, const struct ks_mech *m)
{
    enum tee_err err;

    if (!ks_token_here(k->t))
        return TEE_E_FORKED;
    err = start(op, k->type, m);
    if (err != TEE_OK)
        return err;
    (void)__atomic_add_fetch(&k->refs, 1, __ATOMIC_RELAXED);
    op->key = k;
    err = op->alg->sign_init(op);
    if (err != TEE_OK)
        ks_op_clear(op);
    return err;
}

enum tee_err
ks_verify_init(struct ks_op *op, enum ks_ktype type, struct tee_bytes spki,
               const struct ks_mech *m)
{
    enum tee_err err;

    if (ks_spki_type(spki) != type || type == KS_NONE)
        return TEE_E_KEY_TYPE;
    err = start(op, type, m);
    if (err != TEE_OK)
        return err;
    op->verify = true;
    err = op->alg->verify_init(op, spki);
    if (err != TEE_OK)
        ks_op_clear(op);
    return err;
}

/* Started for this, and in the process that may. */
static enum tee_err
usable(const struct ks_op *op, bool verify)
{
    if (op->alg == NULL || op->verify != verify || (!verify && op->key == NULL))
        return TEE_E_STATE;
    if (!verify && !ks_token_here(op->key->t))
        return TEE_E_FORKED;
    return TEE_OK;
}

enum tee_err
ks_op_update(struct ks_op *op, struct tee_bytes part)
{
    enum tee_err err = usable(op, op->verify);

    if (err != TEE_OK)
        return err;
    op->multipart = true;
    return op->alg->update(op, part);
}

/* A signature that did not verify never leaves: two of them may give the key
 * away. */
static enum tee_err
finish(enum tee_err err, uint8_t *sig, const size_t *len)
{
    if (err == TEE_E_SELFTEST)
        sodium_memzero(sig, *len);
    return err;
}

enum tee_err
ks_op_sign(struct ks_op *op, struct tee_bytes msg, uint8_t *sig, size_t *len)
{
    enum tee_err err = usable(op, false);

    if (err == TEE_OK && op->multipart)
        err = TEE_E_STATE;
    if (err != TEE_OK)
        return err;
    *len = ks_kinfo(op->type)->sig_len;
    return finish(op->alg->sign(op, msg, sig, len), sig, len);
}

enum tee_err
ks_op_sign_final(struct ks_op *op, uint8_t *sig, size_t *len)
{
    enum tee_err err = usable(op, false);

    if (err != TEE_OK)
        return err;
    *len = ks_kinfo(op->type)->sig_len;
    return finish(op->alg->sign_final(op, sig, len), sig, len);
}

enum tee_err
ks_op_verify(struct ks_op *op, struct tee_bytes msg, struct tee_bytes sig)
{
    enum tee_err err = usable(op, true);

    if (err == TEE_OK && op->multipart)
        err = TEE_E_STATE;
    return err == TEE_OK ? op->alg->verify(op, msg, sig) : err;
}

enum tee_err
ks_op_verify_final(struct ks_op *op, struct tee_bytes sig)
{
    enum tee_err err = usable(op, true);

    return err == TEE_OK ? op->alg->verify_final(op, sig) : err;
}

/* In a child of fork what belongs to the parent's keys is forgotten. */
void
ks_op_clear(struct ks_op *op)
{
    if (op->alg != NULL && (op->key == NULL || ks_token_here(op->key->t)))
        op->alg->clear(op);
    tee_buf_clear(&op->msg);
    ks_key_put(op->key);
    memset(op, 0, sizeof(*op));
}
