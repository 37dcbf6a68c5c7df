#include <string.h>

#include "pkcs11/tp11.h"

/*
 * The little DER that key and certificate objects are made of; everything is
 * a view into the input.  Tags: X.690 section 8.
 */
#define D_INTEGER    0x02
#define D_BIT_STRING 0x03
#define D_OCTETS     0x04
#define D_OID        0x06
#define D_PRINTABLE  0x13
#define D_SEQUENCE   0x30
#define D_VERSION    0xa0 /* [0] of TBSCertificate */

/* Value and whole encoding of the next element. */
static struct tee_bytes
element(struct tee_cur *c, uint8_t tag, struct tee_bytes *whole)
{
    const uint8_t *start = c->p;
    struct tee_bytes v = tee_der_get(c, tag);

    whole->p = start;
    whole->len = c->bad ? 0 : (size_t)(c->p - start);
    return v;
}

/* Contents of a BIT STRING without unused bits. */
static struct tee_bytes
bits(struct tee_cur *c)
{
    struct tee_cur v = tee_cur_of(tee_der_get(c, D_BIT_STRING));

    if (tee_cur_u8(&v) != 0)
        v.bad = true;
    c->bad = c->bad || v.bad;
    return tee_cur_bytes(&v, v.left);
}

/* 04 41, 04 61, 04 81 85 and the point: CKA_EC_POINT (pkcs11.md 6.3, 6.4) */
static bool
wrap_point(struct tee_bytes point, struct tp11_parts *ret)
{
    uint8_t *p = ret->point_der;
    size_t head = point.len < 0x80 ? 2 : 3;

    if (point.len > 0xff || head + point.len > sizeof(ret->point_der))
        return false;
    p[0] = D_OCTETS;
    if (head == 3)
        p[1] = 0x81;
    p[head - 1] = (uint8_t)point.len;
    memcpy(p + head, point.p, point.len);
    ret->point = (struct tee_bytes){ p, head + point.len };
    return true;
}

/* SEQUENCE { modulus, publicExponent }, RFC 8017 A.1.1; without sign bytes */
static bool
rsa_parts(struct tee_bytes key, struct tp11_parts *ret)
{
    struct tee_cur c = tee_cur_of(key), in;
    struct tee_bytes n, e;

    in = tee_cur_of(tee_der_get(&c, D_SEQUENCE));
    n = tee_der_get(&in, D_INTEGER);
    e = tee_der_get(&in, D_INTEGER);
    if (c.bad || in.bad || c.left != 0 || in.left != 0)
        return false;
    if (n.len > 1 && n.p[0] == 0)
        n = (struct tee_bytes){ n.p + 1, n.len - 1 };
    if (e.len > 1 && e.p[0] == 0)
        e = (struct tee_bytes){ e.p + 1, e.len - 1 };
    ret->modulus = n;
    ret->exponent = e;
    return true;
}

/* The algorithm is judged already (ks_spki_type): its parts are taken. */
static bool
spki_open(struct tee_bytes spki, struct tee_bytes *oid,
          struct tee_bytes *params, struct tee_bytes *key)
{
    struct tee_cur c = tee_cur_of(spki), in, alg;
    struct tee_bytes whole;

    in = tee_cur_of(tee_der_get(&c, D_SEQUENCE));
    alg = tee_cur_of(tee_der_get(&in, D_SEQUENCE));
    (void)element(&alg, D_OID, oid);
    *params = (struct tee_bytes){ 0 };
    if (tee_der_peek(&alg) == D_OID) {
        (void)element(&alg, D_OID, &whole);
        *params = whole;
    }
    *key = bits(&in);
    return !c.bad && !in.bad && !alg.bad && c.left == 0 && in.left == 0;
}

bool
tp11_parts_of_spki(enum ks_ktype t, struct tee_bytes spki, bool raw_point,
                   struct tp11_parts *ret)
{
    struct tee_bytes oid, params, key;

    if (t == KS_NONE || !spki_open(spki, &oid, &params, &key))
        return false;
    ret->spki = spki;
    switch (tp11_family(t)) {
    case TP11_EDWARDS:
        ret->params = oid; /* 06 03 2b 65 70 */
        ret->point = key;
        return raw_point || wrap_point(key, ret);
    case TP11_EC:
        ret->params = params;
        return params.len != 0 && wrap_point(key, ret);
    case TP11_RSA:
        return rsa_parts(key, ret);
    case TP11_MLDSA:
        ret->value = key;
        return true;
    case TP11_FAMILIES:
        break;
    }
    return false;
}

/* RFC 5280 section 4.1, as far as the objects need it. */
bool
tp11_parts_of_cert(struct tee_bytes der, struct tp11_parts *ret)
{
    struct tee_cur c = tee_cur_of(der), cert, tbs;
    struct tee_bytes ignored;

    cert = tee_cur_of(tee_der_get(&c, D_SEQUENCE));
    tbs = tee_cur_of(tee_der_get(&cert, D_SEQUENCE));
    if (tee_der_peek(&tbs) == D_VERSION)
        (void)tee_der_get(&tbs, D_VERSION);
    (void)element(&tbs, D_INTEGER, &ret->serial);
    (void)tee_der_get(&tbs, D_SEQUENCE); /* signature */
    (void)element(&tbs, D_SEQUENCE, &ret->issuer);
    (void)tee_der_get(&tbs, D_SEQUENCE); /* validity */
    (void)element(&tbs, D_SEQUENCE, &ret->subject);
    (void)element(&tbs, D_SEQUENCE, &ret->spki);
    (void)element(&cert, D_SEQUENCE, &ignored); /* signatureAlgorithm */
    (void)bits(&cert);
    return !c.bad && !cert.bad && !tbs.bad && c.left == 0 && cert.left == 0;
}

/* pkcs11.md 6.3 and 6.4: the values are whole DER encodings */
enum ks_ktype
tp11_curve(struct tee_bytes params)
{
    static const struct {
        enum ks_ktype type;
        size_t len;
        const char *der;
    } curves[] = {
        { KS_ED25519, 5, "\x06\x03\x2b\x65\x70" },
        { KS_ED25519, 14, "\x13\x0c\x65\x64wards25519" },
        { KS_P256, 10, "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07" },
        { KS_P384, 7, "\x06\x05\x2b\x81\x04\x00\x22" },
        { KS_P521, 7, "\x06\x05\x2b\x81\x04\x00\x23" },
    };
    size_t i;

    for (i = 0; i < TEE_LEN(curves); i++) {
        if (params.len == curves[i].len &&
            memcmp(params.p, curves[i].der, params.len) == 0)
            return curves[i].type;
    }
    return KS_NONE;
}

static uint32_t
rol(uint32_t v, unsigned n)
{
    return v << n | v >> (32 - n);
}

/* FIPS 180-4 section 6.1.2: one block */
static void
sha1_block(const uint8_t b[64], uint32_t h[5])
{
    static const uint32_t k[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc,
                                   0xca62c1d6 };
    uint32_t w[80], s[5], f, next;
    unsigned i;

    for (i = 0; i < 16; i++)
        w[i] = (uint32_t)b[4 * i] << 24 | (uint32_t)b[4 * i + 1] << 16 |
               (uint32_t)b[4 * i + 2] << 8 | b[4 * i + 3];
    for (; i < 80; i++)
        w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    memcpy(s, h, sizeof(s));
    for (i = 0; i < 80; i++) {
        if (i < 20)
            f = (s[1] & s[2]) | (~s[1] & s[3]);
        else if (i >= 40 && i < 60)
            f = (s[1] & s[2]) | (s[1] & s[3]) | (s[2] & s[3]);
        else
            f = s[1] ^ s[2] ^ s[3];
        next = rol(s[0], 5) + f + s[4] + k[i / 20] + w[i];
        s[4] = s[3];
        s[3] = s[2];
        s[2] = rol(s[1], 30);
        s[1] = s[0];
        s[0] = next;
    }
    for (i = 0; i < 5; i++)
        h[i] += s[i];
}

void
tp11_check_value(struct tee_bytes v, uint8_t ret[3])
{
    uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
                      0xc3d2e1f0 };
    struct tee_cur c = tee_cur_of(v);
    uint64_t n = (uint64_t)v.len * 8;
    uint8_t last[128] = { 0 };
    size_t rest, i;

    while (c.left >= 64)
        sha1_block(tee_cur_take(&c, 64), h);
    rest = c.left;
    tee_cur_copy(&c, last, rest);
    last[rest] = 0x80;
    rest = rest < 56 ? 64 : 128;
    for (i = 0; i < 8; i++)
        last[rest - 1 - i] = (uint8_t)(n >> (8 * i));
    sha1_block(last, h);
    if (rest == 128)
        sha1_block(last + 64, h);
    for (i = 0; i < 3; i++)
        ret[i] = (uint8_t)(h[0] >> (24 - 8 * i));
}
