#include "config.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define TEE_OSSL_INTERNAL
#include "keystore/ossl/plugin.h"

/*
 * The exported table: each entry finds its key or library, keeps the thread's
 * state as the host left it, and hands on.
 */

static enum tee_err
tab_open(void)
{
    struct kso_lib *lib;
    struct kso_scope s;
    enum tee_err err;

    kso_enter(&s);
    err = kso_lib_get(&lib);
    kso_leave(&s);
    return err;
}

/* Type and library of a call that makes something; inside a scope. */
static enum tee_err
begin(enum ks_ktype type, const struct kso_type **t, struct kso_lib **lib)
{
    *t = kso_type(type);
    return *t == NULL ? TEE_E_KEY_TYPE : kso_lib_get(lib);
}

static bool
tab_has(enum ks_ktype type, const struct ks_mech *m)
{
    const struct kso_type *t;
    struct kso_lib *lib;
    struct kso_scope s;
    bool ok;

    kso_enter(&s);
    ok = begin(type, &t, &lib) == TEE_OK &&
         t->family->check(lib, t, m) == TEE_OK;
    kso_leave(&s);
    return ok;
}

static void
tab_key_free(void *key)
{
    struct kso_key *k = key;
    struct kso_scope s;

    if (k == NULL || !kso_lib_here(k->lib))
        return;
    kso_enter(&s);
    kso_key_free(k);
    kso_leave(&s);
}

static enum tee_err
tab_generate(enum ks_ktype type, uint8_t *pkcs8, size_t *pkcs8_len,
             uint8_t *spki, size_t *spki_len)
{
    size_t room = *pkcs8_len;
    const struct kso_type *t;
    struct kso_key *k = NULL;
    struct kso_lib *lib;
    struct kso_scope s;
    struct tee_buf b;
    enum tee_err err;

    tee_buf_init(&b, TEE_PKCS8_MAX);
    kso_enter(&s);
    err = begin(type, &t, &lib);
    if (err == TEE_OK)
        err = kso_generate(lib, t, &b, &k);
    if (err == TEE_OK && k->spki_len > *spki_len)
        err = TEE_E_TOOBIG;
    if (err == TEE_OK)
        err = kso_out(&b, pkcs8, &room);
    if (err == TEE_OK) {
        memcpy(spki, k->spki, k->spki_len);
        *spki_len = k->spki_len;
        *pkcs8_len = room;
    }
    tee_buf_clear(&b);
    tab_key_free(k);
    kso_leave(&s);
    return err;
}

static enum tee_err
tab_private_new(enum ks_ktype type, struct tee_bytes pkcs8, void **ret)
{
    const struct kso_type *t;
    struct kso_lib *lib;
    struct kso_scope s;
    struct kso_key *k;
    enum tee_err err;

    kso_enter(&s);
    err = begin(type, &t, &lib);
    if (err == TEE_OK)
        err = kso_private_new(lib, t, pkcs8, &k);
    if (err == TEE_OK)
        *ret = k;
    kso_leave(&s);
    return err;
}

static enum tee_err
tab_public_new(enum ks_ktype type, struct tee_bytes spki, void **ret)
{
    const struct kso_type *t;
    struct kso_lib *lib;
    struct kso_scope s;
    struct kso_key *k;
    enum tee_err err;

    kso_enter(&s);
    err = begin(type, &t, &lib);
    if (err == TEE_OK)
        err = kso_public_new(lib, t, spki, &k);
    if (err == TEE_OK)
        *ret = k;
    kso_leave(&s);
    return err;
}

static enum tee_err
tab_spki(void *key, uint8_t *ret, size_t *len)
{
    const struct kso_key *k = key;

    if (k->spki_len > *len)
        return TEE_E_TOOBIG;
    memcpy(ret, k->spki, k->spki_len);
    *len = k->spki_len;
    return TEE_OK;
}

static enum tee_err
tab_sign(void *key, const struct ks_mech *m, struct tee_bytes msg, uint8_t *sig,
         size_t *len)
{
    struct kso_key *k = key;
    struct kso_scope s;
    enum tee_err err;

    kso_enter(&s);
    err = kso_usable(k, m, false);
    if (err == TEE_OK)
        err = kso_sign_one(k, m, msg, sig, len);
    kso_leave(&s);
    return err;
}

static enum tee_err
tab_verify(void *key, const struct ks_mech *m, struct tee_bytes msg,
           struct tee_bytes sig)
{
    struct kso_key *k = key;
    struct kso_scope s;
    enum tee_err err;

    kso_enter(&s);
    err = kso_usable(k, m, true);
    if (err == TEE_OK)
        err = kso_verify_one(k, m, msg, sig);
    kso_leave(&s);
    return err;
}

static enum tee_err
tab_op_new(void *key, const struct ks_mech *m, bool verify, void **ret)
{
    struct kso_op *op;
    struct kso_scope s;
    enum tee_err err;

    kso_enter(&s);
    err = kso_usable(key, m, verify);
    if (err == TEE_OK)
        err = kso_op_new(key, m, verify, &op);
    if (err == TEE_OK)
        *ret = op;
    kso_leave(&s);
    return err;
}

static enum tee_err
tab_op_update(void *op, struct tee_bytes part)
{
    struct kso_op *o = op;
    struct kso_scope s;
    enum tee_err err;

    kso_enter(&s);
    err = kso_op_usable(o, o->verify);
    if (err == TEE_OK && part.len > 0 &&
        EVP_DigestUpdate(o->md, part.p, part.len) != 1)
        err = TEE_E_UNAVAIL;
    kso_leave(&s);
    return err;
}

static enum tee_err
tab_op_sign(void *op, uint8_t *sig, size_t *len)
{
    uint8_t md[EVP_MAX_MD_SIZE];
    struct kso_op *o = op;
    struct tee_bytes in;
    struct kso_scope s;
    enum tee_err err;

    kso_enter(&s);
    err = kso_op_usable(o, false);
    if (err == TEE_OK && *len < o->key->type->sig_len)
        err = TEE_E_TOOBIG; /* before the digest is final: try again */
    if (err == TEE_OK)
        err = kso_op_digest(o, md, &in);
    if (err == TEE_OK)
        err = kso_sign_in(o->key, &o->m, in, sig, len);
    kso_leave(&s);
    return err;
}

static enum tee_err
tab_op_verify(void *op, struct tee_bytes sig)
{
    uint8_t md[EVP_MAX_MD_SIZE];
    struct kso_op *o = op;
    struct tee_bytes in;
    struct kso_scope s;
    enum tee_err err;

    kso_enter(&s);
    err = kso_op_usable(o, true);
    if (err == TEE_OK)
        err = kso_op_digest(o, md, &in);
    if (err == TEE_OK)
        err = o->key->type->family->verify(o->key, &o->m, in, sig);
    kso_leave(&s);
    return err;
}

static void
tab_op_free(void *op)
{
    struct kso_op *o = op;
    struct kso_scope s;

    if (o == NULL || !kso_lib_here(o->key->lib))
        return;
    kso_enter(&s);
    EVP_MD_CTX_free(o->md);
    sodium_memzero(o, sizeof(*o));
    free(o);
    kso_leave(&s);
}

static enum tee_err
tab_parts_private(enum ks_ktype type, const struct ks_parts *p, uint8_t *pkcs8,
                  size_t *len)
{
    const struct kso_type *t;
    struct kso_lib *lib;
    struct kso_scope s;
    struct tee_buf b;
    enum tee_err err;

    tee_buf_init(&b, TEE_PKCS8_MAX);
    kso_enter(&s);
    err = begin(type, &t, &lib);
    if (err == TEE_OK)
        err = t->family->parts_private(lib, t, p, &b);
    if (err == TEE_OK)
        err = kso_out(&b, pkcs8, len);
    tee_buf_clear(&b);
    kso_leave(&s);
    return err;
}

static enum tee_err
tab_parts_public(enum ks_ktype type, const struct ks_parts *p, uint8_t *spki,
                 size_t *len)
{
    const struct kso_type *t;
    struct kso_lib *lib;
    struct kso_scope s;
    struct tee_buf b;
    enum tee_err err;

    tee_buf_init(&b, TEE_SPKI_MAX);
    kso_enter(&s);
    err = begin(type, &t, &lib);
    if (err == TEE_OK)
        err = t->family->parts_public(lib, t, p, &b);
    if (err == TEE_OK)
        err = kso_out(&b, spki, len);
    tee_buf_clear(&b);
    kso_leave(&s);
    return err;
}

__attribute__((visibility("default"))) const struct tee_plugin tee_plugin = {
    .version = TEE_PLUGIN_VERSION,
    .size = sizeof(struct tee_plugin),
    .open = tab_open,
    .abandon = kso_lib_abandon,
    .has = tab_has,
    .generate = tab_generate,
    .private_new = tab_private_new,
    .public_new = tab_public_new,
    .spki = tab_spki,
    .key_free = tab_key_free,
    .sign = tab_sign,
    .verify = tab_verify,
    .op_new = tab_op_new,
    .op_update = tab_op_update,
    .op_sign = tab_op_sign,
    .op_verify = tab_op_verify,
    .op_free = tab_op_free,
    .parts_private = tab_parts_private,
    .parts_public = tab_parts_public,
};
