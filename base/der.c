#include "base/tee.h"

/* X.690 section 8.1.3 and 10.1: definite, minimal, at most four octets */
static size_t
get_length(struct tee_cur *c)
{
    uint8_t first = tee_cur_u8(c);
    size_t n = 0;
    unsigned i, octets = first & 0x7fu;

    if (first < 0x80)
        return first;
    if (octets == 0 || octets > 4) {
        c->bad = true;
        return 0;
    }
    for (i = 0; i < octets; i++)
        n = n << 8 | tee_cur_u8(c);
    if (n < 0x80 || (octets > 1 && n >> 8 * (octets - 1) == 0))
        c->bad = true;
    return n;
}

struct tee_bytes
tee_der_get(struct tee_cur *c, uint8_t tag)
{
    size_t n;

    if (tee_cur_u8(c) != tag)
        c->bad = true;
    n = get_length(c);
    return tee_cur_bytes(c, n);
}

uint8_t
tee_der_peek(const struct tee_cur *c)
{
    return c->bad || c->left == 0 ? 0 : c->p[0];
}

static void
put_head(struct tee_buf *b, uint8_t tag, size_t n)
{
    unsigned octets = n < 0x100 ? 1 : n < 0x10000 ? 2 : n < 0x1000000 ? 3 : 4;

    if (n > UINT32_MAX) {
        b->err = b->err == TEE_OK ? TEE_E_TOOBIG : b->err;
        return;
    }
    tee_buf_u8(b, tag);
    if (n < 0x80) {
        tee_buf_u8(b, (uint8_t)n);
        return;
    }
    tee_buf_u8(b, (uint8_t)(0x80u | octets));
    while (octets-- > 0)
        tee_buf_u8(b, (uint8_t)(n >> 8 * octets));
}

void
tee_der_put(struct tee_buf *b, uint8_t tag, struct tee_bytes v)
{
    put_head(b, tag, v.len);
    tee_buf_bytes(b, v);
}

void
tee_der_put_uint(struct tee_buf *b, struct tee_bytes be)
{
    while (be.len > 0 && be.p[0] == 0) {
        be.p++;
        be.len--;
    }
    if (be.len == 0) {
        tee_der_put(b, 0x02, (struct tee_bytes){ (const uint8_t *)"", 1 });
        return;
    }
    put_head(b, 0x02, be.len + (be.p[0] >> 7));
    if (be.p[0] >= 0x80)
        tee_buf_u8(b, 0);
    tee_buf_bytes(b, be);
}
