#include "config.h"

#include <stdlib.h>
#include <string.h>

#define TEE_OSSL_INTERNAL
#include "keystore/ossl/plugin.h"

/* ---- contexts ------------------------------------------------------------ */

/* The prepared context of a slot; another thread may be first to make it. */
static enum tee_err
prototype(struct kso_key *k, const struct ks_mech *m, size_t slot,
          kso_prepare *prepare, EVP_PKEY_CTX **ret)
{
    EVP_PKEY_CTX *seen = atomic_load(&k->proto[slot]), *mine;
    enum tee_err err;

    if (seen == NULL) {
        err = prepare(k, m, !k->private, &mine);
        if (err != TEE_OK)
            return err;
        if (atomic_compare_exchange_strong(&k->proto[slot], &seen, mine))
            seen = mine;
        else
            EVP_PKEY_CTX_free(mine);
    }
    *ret = seen;
    return TEE_OK;
}

/*
 * A context is prepared once and copied: copying costs a hundredth of a P-256
 * signature, preparing a tenth.  Not an engine's: it need not be able to.
 */
enum tee_err
kso_context(struct kso_key *k, const struct ks_mech *m, bool verify,
            size_t slot, kso_prepare *prepare, EVP_PKEY_CTX **ret)
{
    EVP_PKEY_CTX *proto, *c;
    enum tee_err err;

    if (slot >= KSO_PROTOS || verify == k->private || k->checked)
        return prepare(k, m, verify, ret);
    err = prototype(k, m, slot, prepare, &proto);
    if (err != TEE_OK)
        return err;
    c = EVP_PKEY_CTX_dup(proto);
    if (c == NULL)
        return TEE_E_NOMEM;
    *ret = c;
    return TEE_OK;
}

const struct kso_name kso_name_ec = { "EC", "1.2.840.10045.2.1", EVP_PKEY_EC };
const struct kso_name kso_name_rsa = { "RSA", "1.2.840.113549.1.1.1",
                                       EVP_PKEY_RSA };

/* An engine has no way to import a key: see ossl_engine.c. */
static EVP_PKEY_CTX *
context_of(struct kso_lib *lib, const struct kso_name *name)
{
    return EVP_PKEY_CTX_new_from_name(
        lib->ctx, kso_engine_has_name(name) ? name->oid : name->name, NULL);
}

enum tee_err
kso_keygen(struct kso_lib *lib, const struct kso_name *name,
           const OSSL_PARAM *params, EVP_PKEY **ret)
{
    EVP_PKEY_CTX *c = context_of(lib, name);
    enum tee_err err = TEE_E_UNAVAIL;
    EVP_PKEY *pkey = NULL;

    if (c != NULL && EVP_PKEY_keygen_init(c) == 1 &&
        EVP_PKEY_CTX_set_params(c, params) == 1 &&
        EVP_PKEY_generate(c, &pkey) == 1) {
        *ret = pkey;
        err = TEE_OK;
    }
    EVP_PKEY_CTX_free(c);
    return err;
}

enum tee_err
kso_fromdata(struct kso_lib *lib, const struct kso_name *name, int selection,
             OSSL_PARAM *params, EVP_PKEY **ret)
{
    EVP_PKEY_CTX *c = context_of(lib, name);
    enum tee_err err = TEE_E_UNAVAIL;
    EVP_PKEY *pkey = NULL;

    if (c == NULL || EVP_PKEY_fromdata_init(c) != 1)
        goto out;
    if (EVP_PKEY_fromdata(c, &pkey, selection, params) != 1) {
        err = TEE_E_MALFORMED;
        goto out;
    }
    *ret = pkey;
    err = TEE_OK;
out:
    EVP_PKEY_CTX_free(c);
    return err;
}

enum tee_err
kso_build(struct kso_lib *lib, const struct kso_name *name, int selection,
          OSSL_PARAM_BLD *bld, EVP_PKEY **ret)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    enum tee_err err;

    if (params == NULL)
        return TEE_E_NOMEM;
    err = kso_fromdata(lib, name, selection, params, ret);
    OSSL_PARAM_free(params); /* wipes what came from secure numbers */
    return err;
}

/* ---- keys ------------------------------------------------------------------
 */

static enum tee_err
key_new(struct kso_lib *lib, const struct kso_type *t, bool private,
        EVP_PKEY *pkey, struct tee_bytes spki, struct kso_key **ret)
{
    struct kso_key *k = calloc(1, sizeof(*k) + spki.len);

    if (k == NULL)
        return TEE_E_NOMEM;
    k->lib = lib;
    k->type = t;
    k->private = private;
    k->checked = private && kso_engine_signs(t->family->name);
    k->pkey = pkey;
    k->spki_len = spki.len;
    memcpy(k->spki, spki.p, spki.len);
    *ret = k;
    return TEE_OK;
}

enum tee_err
kso_private_new(struct kso_lib *lib, const struct kso_type *t,
                struct tee_bytes pkcs8, struct kso_key **ret)
{
    EVP_PKEY *pkey = NULL;
    struct tee_buf spki;
    enum tee_err err;

    if (pkcs8.len > TEE_PKCS8_MAX)
        return TEE_E_TOOBIG;
    tee_buf_init(&spki, TEE_SPKI_MAX);
    err = t->family->private_parse(lib, t, pkcs8, &pkey, &spki);
    if (err == TEE_OK)
        err = spki.err;
    if (err == TEE_OK)
        err = key_new(lib, t, true, pkey, tee_buf_view(&spki), ret);
    if (err != TEE_OK)
        EVP_PKEY_free(pkey);
    tee_buf_clear(&spki);
    return err;
}

enum tee_err
kso_public_new(struct kso_lib *lib, const struct kso_type *t,
               struct tee_bytes spki, struct kso_key **ret)
{
    EVP_PKEY *pkey = NULL;
    enum tee_err err;

    if (spki.len > TEE_SPKI_MAX)
        return TEE_E_TOOBIG;
    err = t->family->public_parse(lib, t, spki, &pkey);
    if (err == TEE_OK)
        err = key_new(lib, t, false, pkey, spki, ret);
    if (err != TEE_OK)
        EVP_PKEY_free(pkey);
    return err;
}

void
kso_key_free(struct kso_key *k)
{
    size_t i;

    for (i = 0; i < KSO_PROTOS; i++)
        EVP_PKEY_CTX_free(atomic_load(&k->proto[i]));
    EVP_PKEY_free(k->pkey);
    free(k);
}

enum tee_err
kso_generate(struct kso_lib *lib, const struct kso_type *t,
             struct tee_buf *pkcs8, struct kso_key **ret)
{
    enum tee_err err;

    err = t->family->generate(lib, t, pkcs8);
    if (err == TEE_OK)
        err = pkcs8->err;
    if (err == TEE_OK)
        err = kso_private_new(lib, t, tee_buf_view(pkcs8), ret);
    return err;
}

/* ---- signing and verifying --------------------------------------------------
 */

enum tee_err
kso_usable(const struct kso_key *k, const struct ks_mech *m, bool verify)
{
    if (!kso_lib_here(k->lib))
        return TEE_E_FORKED;
    if (!kso_alive())
        return TEE_E_UNAVAIL;
    if (!verify && !k->private)
        return TEE_E_KEY_TYPE;
    return k->type->family->check(k->lib, k->type, m);
}

static enum tee_err
digest(const struct kso_lib *lib, enum ks_hash h, struct tee_bytes msg,
       uint8_t ret[EVP_MAX_MD_SIZE])
{
    unsigned n;

    if (EVP_Digest(msg.p, msg.len, ret, &n, lib->md[h], NULL) != 1)
        return TEE_E_UNAVAIL;
    return TEE_OK;
}

enum tee_err
kso_sign_in(struct kso_key *k, const struct ks_mech *m, struct tee_bytes in,
            uint8_t *sig, size_t *len)
{
    const struct kso_family *f = k->type->family;
    size_t n = *len;
    enum tee_err err;

    err = f->sign(k, m, in, sig, &n);
    if (err == TEE_OK && k->checked &&
        f->verify(k, m, in, (struct tee_bytes){ sig, n }) != TEE_OK) {
        OPENSSL_cleanse(sig, n);
        err = TEE_E_UNAVAIL;
    }
    if (err == TEE_OK)
        *len = n;
    return err;
}

enum tee_err
kso_sign_one(struct kso_key *k, const struct ks_mech *m, struct tee_bytes msg,
             uint8_t *sig, size_t *len)
{
    uint8_t md[EVP_MAX_MD_SIZE];
    struct tee_bytes in = msg;
    enum tee_err err;

    if (m->hash != KS_H_NONE) {
        err = digest(k->lib, m->hash, msg, md);
        if (err != TEE_OK)
            return err;
        in = (struct tee_bytes){ md, kso_hash_len(m->hash) };
    }
    if (*len < k->type->sig_len)
        return TEE_E_TOOBIG;
    return kso_sign_in(k, m, in, sig, len);
}

enum tee_err
kso_verify_one(struct kso_key *k, const struct ks_mech *m, struct tee_bytes msg,
               struct tee_bytes sig)
{
    uint8_t md[EVP_MAX_MD_SIZE];
    struct tee_bytes in = msg;
    enum tee_err err;

    if (m->hash != KS_H_NONE) {
        err = digest(k->lib, m->hash, msg, md);
        if (err != TEE_OK)
            return err;
        in = (struct tee_bytes){ md, kso_hash_len(m->hash) };
    }
    return k->type->family->verify(k, m, in, sig);
}

enum tee_err
kso_op_new(struct kso_key *k, const struct ks_mech *m, bool verify,
           struct kso_op **ret)
{
    struct kso_op *op;

    if (m->hash == KS_H_NONE)
        return TEE_E_MECH;
    op = calloc(1, sizeof(*op));
    if (op == NULL)
        return TEE_E_NOMEM;
    op->key = k;
    op->m = *m;
    op->verify = verify;
    op->md = EVP_MD_CTX_new();
    if (op->md == NULL ||
        EVP_DigestInit_ex2(op->md, k->lib->md[m->hash], NULL) != 1) {
        EVP_MD_CTX_free(op->md);
        free(op);
        return TEE_E_NOMEM;
    }
    *ret = op;
    return TEE_OK;
}

enum tee_err
kso_op_usable(const struct kso_op *op, bool verify)
{
    if (op->verify != verify || op->done)
        return TEE_E_STATE;
    if (!kso_lib_here(op->key->lib))
        return TEE_E_FORKED;
    return kso_alive() ? TEE_OK : TEE_E_UNAVAIL;
}

enum tee_err
kso_op_digest(struct kso_op *op, uint8_t md[EVP_MAX_MD_SIZE],
              struct tee_bytes *ret)
{
    unsigned n;

    op->done = true;
    if (EVP_DigestFinal_ex(op->md, md, &n) != 1)
        return TEE_E_UNAVAIL;
    *ret = (struct tee_bytes){ md, n };
    return TEE_OK;
}
