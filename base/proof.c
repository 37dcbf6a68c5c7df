#include <sodium.h>
#include <string.h>

#include "base/tee.h"

/* RFC 8410: SEQUENCE { SEQUENCE { 1.3.101.112 }, BIT STRING of 32 bytes } */
static const uint8_t ed25519_head[12] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                          0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };

void
tee_key_hash(struct tee_bytes spki, uint8_t ret[32])
{
    size_t head = sizeof(ed25519_head);

    if (spki.len == head + 32 && memcmp(spki.p, ed25519_head, head) == 0)
        spki = (struct tee_bytes){ spki.p + head, 32 };
    tee_sha256(spki, ret);
}

static void
hash_lp(crypto_hash_sha256_state *st, struct tee_bytes v)
{
    const uint8_t head[2] = { (uint8_t)(v.len >> 8), (uint8_t)v.len };

    (void)crypto_hash_sha256_update(st, head, sizeof(head));
    (void)crypto_hash_sha256_update(st, v.p, v.len);
}

/* The nonce has no length in front: what follows it is of fixed size. */
enum tee_err
tee_binding_hash(struct tee_bytes did, struct tee_bytes challenge,
                 struct tee_bytes nonce, const uint8_t key_hash[32],
                 uint8_t ret[32])
{
    static const char label[] = "agentmesh-attest-v1";
    crypto_hash_sha256_state st;

    if (did.len == 0 || did.len > UINT16_MAX || challenge.len == 0 ||
        challenge.len > UINT16_MAX || nonce.len == 0 || nonce.len > 1024)
        return TEE_E_ARG;
    (void)crypto_hash_sha256_init(&st);
    (void)crypto_hash_sha256_update(&st, (const uint8_t *)label,
                                    sizeof(label) - 1);
    hash_lp(&st, did);
    hash_lp(&st, challenge);
    (void)crypto_hash_sha256_update(&st, nonce.p, nonce.len);
    (void)crypto_hash_sha256_update(&st, key_hash, 32);
    (void)crypto_hash_sha256_final(&st, ret);
    return TEE_OK;
}

static bool
ascends(struct tee_bytes a, struct tee_bytes b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

    return c < 0 || (c == 0 && a.len < b.len);
}

bool
tee_blobs_ascend(const struct tee_blobs *v)
{
    size_t i;

    if (v->n > TEE_BLOBS_MAX)
        return false;
    for (i = 0; i < v->n; i++) {
        struct tee_bytes name = v->v[i].name;

        if (name.len == 0 || name.len > UINT16_MAX ||
            (i > 0 && !ascends(v->v[i - 1].name, name)))
            return false;
    }
    return true;
}

enum tee_err
tee_evidence_digest(const struct tee_blobs *v, uint8_t ret[32])
{
    crypto_hash_sha256_state st;
    uint8_t h[32];
    size_t i;

    if (!tee_blobs_ascend(v))
        return TEE_E_ARG;
    (void)crypto_hash_sha256_init(&st);
    for (i = 0; i < v->n; i++) {
        tee_sha256(v->v[i].data, h);
        hash_lp(&st, v->v[i].name);
        (void)crypto_hash_sha256_update(&st, h, sizeof(h));
    }
    (void)crypto_hash_sha256_final(&st, ret);
    return TEE_OK;
}

void
tee_pop_message(struct tee_buf *b, struct tee_bytes nonce, const uint8_t e[32])
{
    tee_buf_text(b, "tee-pkcs11/pop/v1");
    tee_buf_lp16(b, nonce);
    tee_buf_put(b, e, 32);
}

void
tee_session_message(struct tee_buf *b, struct tee_bytes did,
                    struct tee_bytes challenge, struct tee_bytes nonce,
                    const uint8_t e[32], struct tee_bytes exporter)
{
    tee_buf_text(b, "tee-pkcs11/session/v1");
    tee_buf_lp16(b, did);
    tee_buf_lp16(b, challenge);
    tee_buf_lp16(b, nonce);
    tee_buf_put(b, e, 32);
    tee_buf_lp16(b, exporter);
}
