/*
 * Keys whose algorithm is the plug-in's: RSA, EC, ML-DSA.  Their private
 * halves are PKCS#8 at rest and the plug-in's objects while usable.
 */
#include "config.h"

#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"
#include "keystore/ossl/plugin.h"

#define SPKI_ROOM 3072 /* on the stack; the largest, ML-DSA-87, has 2614 */

static bool
fits(enum ks_ktype type, enum ks_scheme scheme)
{
    switch (scheme) {
    case KS_ECDSA:
        return type >= KS_P256 && type <= KS_P521;
    case KS_RSA_PKCS1:
    case KS_RSA_PSS:
        return type >= KS_RSA2048 && type <= KS_RSA4096;
    case KS_MLDSA:
        return type >= KS_MLDSA44 && type <= KS_MLDSA87;
    case KS_EDDSA:
    default:
        return false;
    }
}

static enum tee_err
check(enum ks_ktype type, const struct ks_mech *m)
{
    const struct tee_plugin *p;

    if (!fits(type, m->scheme))
        return TEE_E_MECH;
    p = ks_plugin(NULL);
    if (p == NULL)
        return TEE_E_UNAVAIL;
    if (p->has(type, m))
        return TEE_OK;
    return m->scheme == KS_RSA_PSS ? TEE_E_MECH_PARAM : TEE_E_MECH;
}

/* ---- keys ------------------------------------------------------------------
 */

static enum tee_err
make(enum ks_ktype type, uint8_t *secret, size_t *len, struct tee_fault *f)
{
    const struct tee_plugin *p = ks_plugin(f);
    uint8_t spki[SPKI_ROOM];
    size_t n = sizeof(spki);
    enum tee_err err;

    if (p == NULL)
        return TEE_E_UNAVAIL;
    *len = TEE_PKCS8_MAX;
    err = p->generate(type, secret, len, spki, &n);
    if (err != TEE_OK)
        return tee_fault(f, err, "%s: the key could not be made",
                         ks_kinfo(type)->word);
    return TEE_OK;
}

static enum tee_err
load(struct ks_key *k, struct tee_bytes secret, struct tee_buf *spki,
     struct tee_fault *f)
{
    const struct tee_plugin *p = ks_plugin(f);
    uint8_t der[SPKI_ROOM];
    size_t n = sizeof(der);
    enum tee_err err;

    if (p == NULL)
        return TEE_E_UNAVAIL;
    k->by = p;
    err = p->private_new(k->type, secret, &k->handle);
    if (err == TEE_OK)
        err = p->spki(k->handle, der, &n);
    if (err != TEE_OK)
        return tee_fault(f, err, "not a usable %s private key",
                         ks_kinfo(k->type)->word);
    tee_buf_put(spki, der, n);
    return spki->err;
}

static void
key_clear(struct ks_key *k)
{
    if (k->handle != NULL)
        k->by->key_free(k->handle);
    k->handle = NULL;
}

/* ---- operations -------------------------------------------------------------
 */

static enum tee_err
sign_init(struct ks_op *op)
{
    op->by = op->key->by;
    return TEE_OK;
}

static enum tee_err
verify_init(struct ks_op *op, struct tee_bytes spki)
{
    op->by = ks_plugin(NULL);
    if (op->by == NULL)
        return TEE_E_UNAVAIL;
    return op->by->public_new(op->type, spki, &op->pub);
}

static bool
checks(const struct ks_op *op)
{
    return !op->verify && op->key->t->conf->verify_after_sign;
}

static enum tee_err
sign(struct ks_op *op, struct tee_bytes msg, uint8_t *sig, size_t *len)
{
    enum tee_err err;

    err = op->by->sign(op->key->handle, &op->mech, msg, sig, len);
    if (err == TEE_OK && checks(op) &&
        op->by->verify(op->key->handle, &op->mech, msg,
                       (struct tee_bytes){ sig, *len }) != TEE_OK)
        return TEE_E_SELFTEST;
    return err;
}

static enum tee_err
verify(struct ks_op *op, struct tee_bytes msg, struct tee_bytes sig)
{
    return op->by->verify(op->pub, &op->mech, msg, sig);
}

/* Mechanisms with a hash run along; of the others, and of ML-DSA, the message
 * is collected. */
static bool
runs_along(const struct ks_op *op)
{
    return op->mech.hash != KS_H_NONE && op->mech.scheme != KS_MLDSA;
}

static enum tee_err
stream_start(struct ks_op *op)
{
    void *key = op->verify ? op->pub : op->key->handle;
    enum tee_err err = TEE_OK;

    if (op->stream == NULL)
        err = op->by->op_new(key, &op->mech, op->verify, &op->stream);
    if (err == TEE_OK && checks(op) && op->check == NULL)
        err = op->by->op_new(key, &op->mech, true, &op->check);
    return err;
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
        err = op->by->op_update(op->stream, part);
    if (err == TEE_OK && op->check != NULL)
        err = op->by->op_update(op->check, part);
    return err;
}

static enum tee_err
sign_final(struct ks_op *op, uint8_t *sig, size_t *len)
{
    enum tee_err err = op->msg.err;

    if (err != TEE_OK)
        return err;
    if (!runs_along(op))
        return sign(op, tee_buf_view(&op->msg), sig, len);
    err = stream_start(op);
    if (err == TEE_OK)
        err = op->by->op_sign(op->stream, sig, len);
    if (err == TEE_OK && op->check != NULL &&
        op->by->op_verify(op->check, (struct tee_bytes){ sig, *len }) != TEE_OK)
        return TEE_E_SELFTEST;
    return err;
}

static enum tee_err
verify_final(struct ks_op *op, struct tee_bytes sig)
{
    enum tee_err err = op->msg.err;

    if (err != TEE_OK)
        return err;
    if (!runs_along(op))
        return verify(op, tee_buf_view(&op->msg), sig);
    err = stream_start(op);
    return err == TEE_OK ? op->by->op_verify(op->stream, sig) : err;
}

static void
clear(struct ks_op *op)
{
    if (op->stream != NULL)
        op->by->op_free(op->stream);
    if (op->check != NULL)
        op->by->op_free(op->check);
    if (op->pub != NULL)
        op->by->key_free(op->pub);
    op->stream = op->check = op->pub = NULL;
}

const struct ks_alg ks_alg_plugin = {
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

/* ---- from the parts of a template
 * --------------------------------------------- */

enum tee_err
ks_parts_private(enum ks_ktype type, const struct ks_parts *p,
                 struct tee_buf *pkcs8)
{
    const struct tee_plugin *plugin = ks_plugin(NULL);
    struct tee_secret der = { 0 };
    size_t n = TEE_PKCS8_MAX;
    enum tee_err err;

    if (plugin == NULL)
        return TEE_E_UNAVAIL;
    err = tee_secret_new(n, false, &der);
    if (err != TEE_OK)
        return err;
    err = plugin->parts_private(type, p, der.p, &n);
    if (err == TEE_OK) {
        tee_buf_put(pkcs8, der.p, n);
        err = pkcs8->err;
    }
    tee_secret_free(&der);
    return err;
}

enum tee_err
ks_parts_public(enum ks_ktype type, const struct ks_parts *p,
                struct tee_buf *spki)
{
    const struct tee_plugin *plugin = ks_plugin(NULL);
    uint8_t der[SPKI_ROOM];
    size_t n = sizeof(der);
    enum tee_err err;

    if (plugin == NULL)
        return TEE_E_UNAVAIL;
    err = plugin->parts_public(type, p, der, &n);
    if (err != TEE_OK)
        return err;
    tee_buf_put(spki, der, n);
    return spki->err;
}
