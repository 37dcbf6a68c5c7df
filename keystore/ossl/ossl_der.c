#include "config.h"

#include <string.h>

#define TEE_OSSL_INTERNAL
#include "keystore/ossl/plugin.h"

/* X.690 tags */
#define INTEGER    0x02
#define BIT_STRING 0x03
#define OCTETS     0x04
#define SEQUENCE   0x30

struct tee_bytes
kso_der_uint(struct tee_cur *c)
{
    struct tee_bytes v = tee_der_get(c, INTEGER);

    if (c->bad)
        return v;
    /* X.690 section 8.3.2: shortest form; ours are never negative */
    if (v.len == 0 || v.p[0] >= 0x80 ||
        (v.len > 1 && v.p[0] == 0 && v.p[1] < 0x80)) {
        c->bad = true;
        return v;
    }
    if (v.p[0] == 0) {
        v.p++;
        v.len--;
    }
    return v;
}

/* The one SEQUENCE that the input must be.  TEE_E_TRUNCATED when the input
 * ends before it does; whatever is wrong inside is TEE_E_MALFORMED. */
static enum tee_err
outer(struct tee_bytes der, struct tee_cur *body)
{
    struct tee_cur c = tee_cur_of(der);

    if (der.len > 0 && der.p[0] != SEQUENCE)
        return TEE_E_MALFORMED;
    *body = tee_cur_of(tee_der_get(&c, SEQUENCE));
    return tee_cur_end(&c);
}

/* AlgorithmIdentifier: compared byte for byte with the only right one. */
static bool
algorithm(struct tee_cur *c, const struct kso_type *t)
{
    return tee_bytes_equal(tee_der_get(c, SEQUENCE), t->alg);
}

enum tee_err
kso_pkcs8_get(const struct kso_type *t, struct tee_bytes der,
              struct tee_bytes *ret)
{
    struct tee_bytes version, inner;
    enum tee_err err;
    struct tee_cur c;
    bool same;

    err = outer(der, &c);
    if (err != TEE_OK)
        return err;
    version = kso_der_uint(&c);
    same = algorithm(&c, t);
    inner = tee_der_get(&c, OCTETS);
    /* RFC 5208 section 5: version 0; attributes are not for us */
    if (tee_cur_end(&c) != TEE_OK || version.len != 0)
        return TEE_E_MALFORMED;
    if (!same)
        return TEE_E_KEY_TYPE;
    *ret = inner;
    return TEE_OK;
}

void
kso_der_wrap(struct tee_buf *ret, uint8_t tag, struct tee_buf *b)
{
    if (b->err != TEE_OK && ret->err == TEE_OK)
        ret->err = b->err;
    tee_der_put(ret, tag, tee_buf_view(b));
    tee_buf_clear(b);
}

void
kso_pkcs8_put(const struct kso_type *t, struct tee_bytes inner,
              struct tee_buf *ret)
{
    struct tee_buf body;

    tee_buf_init(&body, TEE_PKCS8_MAX);
    tee_der_put_uint(&body, (struct tee_bytes){ NULL, 0 });
    tee_der_put(&body, SEQUENCE, t->alg);
    tee_der_put(&body, OCTETS, inner);
    kso_der_wrap(ret, SEQUENCE, &body);
}

enum tee_err
kso_spki_get(const struct kso_type *t, struct tee_bytes der,
             struct tee_bytes *ret)
{
    struct tee_bytes bits;
    enum tee_err err;
    struct tee_cur c;
    bool same;

    err = outer(der, &c);
    if (err != TEE_OK)
        return err;
    same = algorithm(&c, t);
    bits = tee_der_get(&c, BIT_STRING);
    /* the first octet counts unused bits: none */
    if (tee_cur_end(&c) != TEE_OK || bits.len < 1 || bits.p[0] != 0)
        return TEE_E_MALFORMED;
    if (!same)
        return TEE_E_KEY_TYPE;
    *ret = (struct tee_bytes){ bits.p + 1, bits.len - 1 };
    return TEE_OK;
}

void
kso_spki_put(const struct kso_type *t, struct tee_bytes bits,
             struct tee_buf *ret)
{
    struct tee_buf body, string;

    tee_buf_init(&body, TEE_SPKI_MAX);
    tee_buf_init(&string, TEE_SPKI_MAX);
    tee_buf_u8(&string, 0);
    tee_buf_bytes(&string, bits);
    tee_der_put(&body, SEQUENCE, t->alg);
    kso_der_wrap(&body, BIT_STRING, &string);
    kso_der_wrap(ret, SEQUENCE, &body);
}

enum tee_err
kso_out(const struct tee_buf *b, uint8_t *ret, size_t *len)
{
    if (b->err != TEE_OK)
        return b->err;
    if (b->len > *len)
        return TEE_E_TOOBIG;
    memcpy(ret, b->p, b->len);
    *len = b->len;
    return TEE_OK;
}
