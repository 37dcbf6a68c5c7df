/*
 * The token key under a root: doc/store-format.md, section 2, "root".
 *
 *     KEK     = HKDF-SHA256(root || stretched, salt = token UUID,
 *                           info = "tee-pkcs11/kek/v1" || role)
 *     wrapped = nonce || XChaCha20-Poly1305-IETF(KEK, nonce, token key)
 *     AAD     = [1, token UUID, origin, role, platform]
 */
#include "config.h"

#include <sodium.h>
#include <string.h>

#include "daemon/td.h"

#define KEK_INFO "tee-pkcs11/kek/v1"
#define AAD_MAX  96

/* Input and output of the derivation, in locked memory. */
struct derive {
    uint8_t ikm[64];
    uint8_t kek[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
};

static enum tee_err
derive(const struct td_seal *s, const uint8_t root[32], struct tee_secret *ret)
{
    uint8_t info[sizeof(KEK_INFO)]; /* the role stands where NUL would */
    struct derive *d;
    enum tee_err err;

    if (s->stretched.len != 0 && s->stretched.len != 32)
        return TEE_E_ARG;
    if (s->role != KS_USER && s->role != KS_SO)
        return TEE_E_ARG;
    err = tee_secret_new(sizeof(*d), s->must_lock, ret);
    if (err != TEE_OK)
        return err;
    d = (struct derive *)ret->p;
    memcpy(d->ikm, root, 32);
    if (s->stretched.len != 0)
        memcpy(d->ikm + 32, s->stretched.p, 32);
    memcpy(info, KEK_INFO, sizeof(KEK_INFO) - 1);
    info[sizeof(KEK_INFO) - 1] = (uint8_t)s->role;
    err = tee_hkdf_sha256((struct tee_bytes){ d->ikm, 32 + s->stretched.len },
                          (struct tee_bytes){ s->uuid, 16 },
                          (struct tee_bytes){ info, sizeof(info) }, d->kek,
                          sizeof(d->kek));
    if (err != TEE_OK)
        tee_secret_free(ret);
    return err;
}

static void
aad(const struct td_seal *s, struct tee_buf *b)
{
    tee_buf_init(b, AAD_MAX);
    tee_cbor_array(b, 5);
    tee_cbor_uint(b, 1);
    tee_cbor_bytes(b, (struct tee_bytes){ s->uuid, 16 });
    tee_cbor_uint(b, s->origin);
    tee_cbor_uint(b, s->role);
    tee_cbor_text(b, s->platform);
}

enum tee_err
td_seal(const struct td_seal *s, const uint8_t root[32], const uint8_t tk[32],
        const uint8_t *nonce, uint8_t ret[TD_WRAPPED])
{
    struct tee_secret kek = { 0 };
    struct tee_buf a;
    enum tee_err err;

    aad(s, &a);
    err = a.err;
    if (err == TEE_OK)
        err = derive(s, root, &kek);
    if (err != TEE_OK)
        goto out;
    if (nonce != NULL)
        memcpy(ret, nonce, TD_NONCE);
    else
        randombytes_buf(ret, TD_NONCE);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(
        ret + TD_NONCE, NULL, tk, 32, a.p, a.len, NULL, ret,
        ((struct derive *)kek.p)->kek);
out:
    tee_secret_free(&kek);
    tee_buf_clear(&a);
    return err;
}

/* A wrong PIN and an altered file look alike to the cipher; which of the two
 * the caller can do something about depends on whether there was a PIN. */
static enum tee_err
unopened(const struct td_seal *s, struct tee_fault *f)
{
    if (s->stretched.len != 0)
        return tee_fault(f, TEE_E_PIN, "the PIN does not open the token key");
    return tee_fault(f, TEE_E_SEAL_AUTH,
                     "the token key does not open: it was sealed to another "
                     "root, or the store was altered");
}

enum tee_err
td_unseal(const struct td_seal *s, const uint8_t root[32],
          struct tee_bytes wrapped, uint8_t ret[32], struct tee_fault *f)
{
    struct tee_secret kek = { 0 };
    struct tee_buf a;
    enum tee_err err;

    if (wrapped.len != TD_WRAPPED)
        return tee_fault(f, TEE_E_SEAL_FORMAT,
                         "wrapped token key of %zu bytes; must be %d",
                         wrapped.len, TD_WRAPPED);
    aad(s, &a);
    err = a.err;
    if (err == TEE_OK)
        err = derive(s, root, &kek);
    if (err != TEE_OK) {
        (void)tee_fault(f, err, "key derivation: %s", tee_err_name(err));
        goto out;
    }
    /* writes ret only after the tag was right */
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            ret, NULL, NULL, wrapped.p + TD_NONCE, wrapped.len - TD_NONCE, a.p,
            a.len, wrapped.p, ((struct derive *)kek.p)->kek) != 0)
        err = unopened(s, f);
out:
    tee_secret_free(&kek);
    tee_buf_clear(&a);
    return err;
}

/* { 0: platform } */
void
td_root_write(struct tee_buf *b, struct tee_bytes platform)
{
    tee_cbor_map(b, 1);
    tee_cbor_uint(b, 0);
    tee_cbor_text(b, platform);
}

enum tee_err
td_root_parse(struct tee_bytes root, struct tee_bytes *platform,
              struct tee_fault *f)
{
    struct tee_cur c = tee_cur_of(root);
    struct tee_cbor_keys keys = tee_cbor_open(&c);
    struct tee_bytes p = { NULL, 0 };
    uint64_t key;

    while (tee_cbor_key(&c, &keys, &key)) {
        if (key == 0)
            p = tee_cbor_get_text(&c);
        else
            c.bad = true;
    }
    if (tee_cur_end(&c) != TEE_OK || p.len == 0)
        return tee_fault(f, TEE_E_SEAL_FORMAT,
                         "root parameters of the token key: malformed");
    *platform = p;
    return TEE_OK;
}
