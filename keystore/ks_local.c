/*
 * Origin `local`: a software key by explicit word.  TK lies in the store in
 * clear (file mode 0600), or in a box under scrypt(PIN).
 */
#include "config.h"

#include <sodium.h>
#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

_Static_assert(KS_PIN_BOX ==
                   NONCE + KS_TK + crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "box of a token key");

static enum tee_err
ready(const struct ks_conf_token *c, struct tee_fault *f)
{
    (void)c;
    (void)f;
    return TEE_OK;
}

/* [1, token uuid, origin, role] */
static void
box_aad(struct tee_buf *b, const struct ks_tk *tk, enum ks_role role)
{
    tee_buf_init(b, 64);
    tee_cbor_array(b, 4);
    tee_cbor_uint(b, 1);
    tee_cbor_bytes(b, (struct tee_bytes){ tk->uuid, sizeof(tk->uuid) });
    tee_cbor_uint(b, KS_LOCAL);
    tee_cbor_uint(b, (uint64_t)role);
}

static enum tee_err
box(const struct ks_tk *tk, enum ks_role role, const uint8_t *stretched,
    struct tee_buf *ret)
{
    uint8_t v[KS_PIN_BOX];
    struct tee_buf aad;
    enum tee_err err;

    box_aad(&aad, tk, role);
    err = aad.err;
    if (err == TEE_OK) {
        randombytes_buf(v, NONCE);
        (void)crypto_aead_xchacha20poly1305_ietf_encrypt(
            v + NONCE, NULL, tk->key, KS_TK, aad.p, aad.len, NULL, v,
            stretched);
        tee_buf_put(ret, v, sizeof(v));
        err = ret->err;
    }
    tee_buf_clear(&aad);
    return err;
}

static enum tee_err
wrap(struct ks_token *t, enum ks_role role, const struct ks_tk *tk,
     const uint8_t *stretched, struct ks_newwrap *ret, struct tee_fault *f)
{
    enum tee_err err = TEE_OK;

    (void)t;
    if (stretched == NULL) {
        ret->w.kind = KS_WRAP_CLEAR;
        ret->w.key = (struct tee_bytes){ tk->key, KS_TK };
        return TEE_OK;
    }
    err = box(tk, role, stretched, &ret->mem);
    if (err != TEE_OK)
        return tee_fault(f, err, "no memory");
    ret->w.kind = KS_WRAP_PIN;
    ret->w.key = tee_buf_view(&ret->mem);
    return TEE_OK;
}

static enum tee_err
unwrap(struct ks_token *t, enum ks_role role, const struct ks_wrap *w,
       const uint8_t *stretched, struct ks_tk *tk, struct tee_fault *f)
{
    struct tee_buf aad;
    enum tee_err err;
    int bad = -1;

    (void)t;
    if (w->key.len != (stretched == NULL ? KS_TK : KS_PIN_BOX))
        return tee_fault(f, TEE_E_STORE_ALTERED,
                         "store altered: token key of a wrong size");
    if (stretched == NULL) {
        memcpy(tk->key, w->key.p, KS_TK);
        return TEE_OK;
    }
    box_aad(&aad, tk, role);
    err = aad.err;
    if (err == TEE_OK)
        bad = crypto_aead_xchacha20poly1305_ietf_decrypt(
            tk->key, NULL, NULL, w->key.p + NONCE, w->key.len - NONCE, aad.p,
            aad.len, w->key.p, stretched);
    tee_buf_clear(&aad);
    if (err != TEE_OK)
        return tee_fault(f, err, "no memory");
    return bad == 0 ? TEE_OK : tee_fault(f, TEE_E_PIN, "wrong PIN");
}

const struct ks_ops ks_ops_local = {
    .ready = ready,
    .stat = ks_store_stat,
    .load = ks_store_read,
    .writes = true,
    .imports = true,
    .clear_wrap = KS_WRAP_CLEAR,
    .pin_wrap = KS_WRAP_PIN,
    .wrap = wrap,
    .unwrap = unwrap,
};
