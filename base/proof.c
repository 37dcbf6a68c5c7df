#include <sodium.h>
#include <string.h>

#include "base/tee.h"

static bool
ascends(struct tee_bytes a, struct tee_bytes b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

    return c < 0 || (c == 0 && a.len < b.len);
}

enum tee_err
tee_evidence_digest(const struct tee_blobs *v, uint8_t ret[32])
{
    crypto_hash_sha256_state st;
    uint8_t head[2], h[32];
    size_t i;

    if (v->n > TEE_BLOBS_MAX)
        return TEE_E_ARG;
    (void)crypto_hash_sha256_init(&st);
    for (i = 0; i < v->n; i++) {
        const struct tee_blob *b = &v->v[i];

        if (b->name.len == 0 || b->name.len > UINT16_MAX ||
            (i > 0 && !ascends(v->v[i - 1].name, b->name)))
            return TEE_E_ARG;
        head[0] = (uint8_t)(b->name.len >> 8);
        head[1] = (uint8_t)b->name.len;
        tee_sha256(b->data, h);
        (void)crypto_hash_sha256_update(&st, head, sizeof(head));
        (void)crypto_hash_sha256_update(&st, b->name.p, b->name.len);
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
