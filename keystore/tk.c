/*
 * The token key: what is derived from it, what is sealed under it, and how a
 * PIN is stretched (doc/store-format.md, section 2).
 */
#include "config.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

#define TAG crypto_aead_xchacha20poly1305_ietf_ABYTES

_Static_assert(KS_SEAL_OVER ==
                   KS_SEAL_NONCE + crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "nonce and tag");
_Static_assert(KS_SEAL_NONCE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
               "nonce");

enum tee_err
ks_tk_new(struct tee_arena *arena, const uint8_t uuid[16],
          const uint8_t epoch[16], struct ks_tk **ret, struct tee_fault *f)
{
    struct ks_tk *tk = calloc(1, sizeof(*tk));
    enum tee_err err;

    if (tk == NULL)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    tk->refs = 1;
    tk->arena = arena;
    memcpy(tk->uuid, uuid, 16);
    memcpy(tk->epoch, epoch, 16);
    err = tee_arena_take(arena, &tk->key);
    if (err == TEE_OK)
        err = tee_arena_take(arena, &tk->seal);
    if (err != TEE_OK) {
        ks_tk_put(tk);
        return tee_fault(f, err, KS_NO_LOCKED);
    }
    *ret = tk;
    return TEE_OK;
}

enum tee_err
ks_tk_derive(struct ks_tk *tk)
{
    const struct tee_bytes salt = { tk->uuid, sizeof(tk->uuid) };
    const struct tee_bytes ikm = { tk->key, KS_TK };
    enum tee_err err;

    err =
        tee_hkdf_sha256(ikm, salt, TEE_STR("tee-pkcs11/seal/v1"), tk->seal, 32);
    if (err == TEE_OK)
        err = tee_hkdf_sha256(ikm, salt, TEE_STR("tee-pkcs11/mac/v1"),
                              tk->key + KS_TK, 32);
    return err;
}

void
ks_tk_get(struct ks_tk *tk)
{
    (void)__atomic_add_fetch(&tk->refs, 1, __ATOMIC_RELAXED);
}

void
ks_tk_put(struct ks_tk *tk)
{
    if (tk == NULL || __atomic_sub_fetch(&tk->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    tee_arena_put(tk->arena, tk->key);
    tee_arena_put(tk->arena, tk->seal);
    free(tk);
}

const uint8_t *
ks_tk_mac(const struct ks_tk *tk)
{
    return tk->key + KS_TK;
}

bool
ks_tk_fits(const struct ks_tk *tk, const struct ks_store *s)
{
    return memcmp(tk->uuid, s->uuid, 16) == 0 &&
           memcmp(tk->epoch, s->epoch, 16) == 0;
}

/* [1, token uuid, object uuid, origin, type, SPKI, flags] */
static void
object_aad(struct tee_buf *b, const struct ks_tk *tk, enum ks_origin origin,
           const struct ks_object *o)
{
    tee_buf_init(b, 128 + o->spki.len);
    tee_cbor_array(b, 7);
    tee_cbor_uint(b, 1);
    tee_cbor_bytes(b, (struct tee_bytes){ tk->uuid, 16 });
    tee_cbor_bytes(b, (struct tee_bytes){ o->uuid, 16 });
    tee_cbor_uint(b, (uint64_t)origin);
    tee_cbor_uint(b, o->class == KS_PRIVATE ? (uint64_t)o->ktype : 0);
    tee_cbor_bytes(b, o->class == KS_PRIVATE ? o->spki : TEE_STR(""));
    tee_cbor_uint(b, o->flags & KS_SEAL_FLAGS);
}

enum tee_err
ks_tk_seal(const struct ks_tk *tk, enum ks_origin origin,
           const struct ks_object *o, struct tee_bytes clear,
           struct tee_buf *ret)
{
    uint8_t nonce[KS_SEAL_NONCE];
    struct tee_buf aad;
    uint8_t *box;
    enum tee_err err;

    tee_buf_init(ret, KS_OBJECT_MAX + KS_SEAL_OVER);
    if (clear.len > KS_OBJECT_MAX)
        return TEE_E_TOOBIG;
    object_aad(&aad, tk, origin, o);
    err = aad.err;
    box = err == TEE_OK ? malloc(clear.len + TAG) : NULL;
    if (err == TEE_OK && box == NULL)
        err = TEE_E_NOMEM;
    if (err == TEE_OK) {
        randombytes_buf(nonce, sizeof(nonce));
        (void)crypto_aead_xchacha20poly1305_ietf_encrypt(
            box, NULL, clear.p, clear.len, aad.p, aad.len, NULL, nonce,
            tk->seal);
        tee_buf_put(ret, nonce, sizeof(nonce));
        tee_buf_put(ret, box, clear.len + TAG);
        err = ret->err;
    }
    free(box);
    tee_buf_clear(&aad);
    return err;
}

enum tee_err
ks_tk_open(const struct ks_tk *tk, enum ks_origin origin,
           const struct ks_object *o, uint8_t *ret, struct tee_fault *f)
{
    struct tee_buf aad;
    enum tee_err err;
    int bad = -1;

    object_aad(&aad, tk, origin, o);
    err = aad.err;
    if (err == TEE_OK && o->sealed.len >= KS_SEAL_OVER)
        bad = crypto_aead_xchacha20poly1305_ietf_decrypt(
            ret, NULL, NULL, o->sealed.p + KS_SEAL_NONCE,
            o->sealed.len - KS_SEAL_NONCE, aad.p, aad.len, o->sealed.p,
            tk->seal);
    tee_buf_clear(&aad);
    if (err != TEE_OK)
        return tee_fault(f, err, "no memory");
    if (bad != 0)
        return tee_fault(f, TEE_E_STORE_ALTERED,
                         "store altered: what is sealed in this object was "
                         "not sealed for it");
    return TEE_OK;
}

/* ---- PINs ---------------------------------------------------------------- */

static unsigned cost = 15;

void
ks_stretch_cost(unsigned log2n)
{
    cost = log2n == 14 ? 14 : 15;
}

unsigned
ks_stretch_log2n(void)
{
    return cost;
}

enum tee_err
ks_stretch(struct tee_bytes pin, const uint8_t salt[32], unsigned log2n,
           uint8_t ret[32], struct tee_fault *f)
{
    int saved = errno, bad;

    if (log2n < 14 || log2n > 17)
        return tee_fault(f, TEE_E_MALFORMED, "scrypt parameter out of range");
    bad = crypto_pwhash_scryptsalsa208sha256_ll(
        pin.p, pin.len, salt, 32, (uint64_t)1 << log2n, 8, 1, ret, 32);
    errno = saved;
    if (bad != 0)
        return tee_fault(f, TEE_E_NOMEM, "no memory to stretch a PIN (%u MiB)",
                         1u << (log2n - 10));
    return TEE_OK;
}
