#include "base/tee.h"

/* RFC 8949: major types in the upper three bits, section 3.1 */
enum major { UINT, NINT, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE };

static void
head(struct tee_buf *b, enum major m, uint64_t v)
{
    uint8_t top = (uint8_t)(m << 5);

    if (v < 24) {
        tee_buf_u8(b, (uint8_t)(top | v));
    } else if (v <= UINT8_MAX) {
        tee_buf_u8(b, top | 24);
        tee_buf_u8(b, (uint8_t)v);
    } else if (v <= UINT16_MAX) {
        tee_buf_u8(b, top | 25);
        tee_buf_be16(b, (uint16_t)v);
    } else if (v <= UINT32_MAX) {
        tee_buf_u8(b, top | 26);
        tee_buf_be32(b, (uint32_t)v);
    } else {
        tee_buf_u8(b, top | 27);
        tee_buf_be64(b, v);
    }
}

void
tee_cbor_uint(struct tee_buf *b, uint64_t v)
{
    head(b, UINT, v);
}

void
tee_cbor_int(struct tee_buf *b, int64_t v)
{
    if (v < 0)
        head(b, NINT, ~(uint64_t)v);
    else
        head(b, UINT, (uint64_t)v);
}

void
tee_cbor_bytes(struct tee_buf *b, struct tee_bytes v)
{
    head(b, BYTES, v.len);
    tee_buf_bytes(b, v);
}

void
tee_cbor_text(struct tee_buf *b, struct tee_bytes v)
{
    if (!tee_utf8(v)) {
        b->err = b->err == TEE_OK ? TEE_E_ARG : b->err;
        return;
    }
    head(b, TEXT, v.len);
    tee_buf_bytes(b, v);
}

void
tee_cbor_array(struct tee_buf *b, uint64_t n)
{
    head(b, ARRAY, n);
}

void
tee_cbor_map(struct tee_buf *b, uint64_t n)
{
    head(b, MAP, n);
}

void
tee_cbor_bool(struct tee_buf *b, bool v)
{
    tee_buf_u8(b, v ? 0xf5 : 0xf4);
}

void
tee_cbor_null(struct tee_buf *b)
{
    tee_buf_u8(b, 0xf6);
}

uint8_t
tee_cbor_peek(const struct tee_cur *c)
{
    return c->bad || c->left == 0 ? 255 : (uint8_t)(c->p[0] >> 5);
}

/* Argument of an item of major type m in its shortest form, section 4.2.1 */
static uint64_t
arg(struct tee_cur *c, enum major m)
{
    uint8_t first = tee_cur_u8(c), info = first & 0x1f;
    uint64_t v = info, least = 0;

    if (first >> 5 != (uint8_t)m || info > 27)
        c->bad = true;
    if (info == 24) {
        v = tee_cur_u8(c);
        least = 24;
    } else if (info == 25) {
        v = tee_cur_be16(c);
        least = (uint64_t)UINT8_MAX + 1;
    } else if (info == 26) {
        v = tee_cur_be32(c);
        least = (uint64_t)UINT16_MAX + 1;
    } else if (info == 27) {
        v = tee_cur_be64(c);
        least = (uint64_t)UINT32_MAX + 1;
    }
    if (v < least)
        c->bad = true;
    return c->bad ? 0 : v;
}

uint64_t
tee_cbor_get_uint(struct tee_cur *c)
{
    return arg(c, UINT);
}

int64_t
tee_cbor_get_int(struct tee_cur *c)
{
    bool neg = tee_cbor_peek(c) == NINT;
    uint64_t v = arg(c, neg ? NINT : UINT);

    if (v > INT64_MAX)
        c->bad = true;
    if (c->bad)
        return 0;
    return neg ? -1 - (int64_t)v : (int64_t)v;
}

static struct tee_bytes
string(struct tee_cur *c, enum major m)
{
    uint64_t n = arg(c, m);

    if (n > c->left)
        c->bad = true;
    return tee_cur_bytes(c, c->bad ? 0 : (size_t)n);
}

struct tee_bytes
tee_cbor_get_bytes(struct tee_cur *c)
{
    return string(c, BYTES);
}

struct tee_bytes
tee_cbor_get_text(struct tee_cur *c)
{
    struct tee_bytes v = string(c, TEXT);

    if (!tee_utf8(v)) {
        c->bad = true;
        v.len = 0;
    }
    return v;
}

/* Every item takes a byte, so a count over what is left is a lie. */
uint64_t
tee_cbor_get_array(struct tee_cur *c)
{
    uint64_t n = arg(c, ARRAY);

    if (n > c->left)
        c->bad = true;
    return c->bad ? 0 : n;
}

uint64_t
tee_cbor_get_map(struct tee_cur *c)
{
    uint64_t n = arg(c, MAP);

    if (n > c->left / 2)
        c->bad = true;
    return c->bad ? 0 : n;
}

bool
tee_cbor_get_bool(struct tee_cur *c)
{
    uint8_t v = tee_cur_u8(c);

    if (v != 0xf4 && v != 0xf5)
        c->bad = true;
    return !c->bad && v == 0xf5;
}

struct tee_cbor_keys
tee_cbor_open(struct tee_cur *c)
{
    return (struct tee_cbor_keys){ tee_cbor_get_map(c), 0, true };
}

bool
tee_cbor_key(struct tee_cur *c, struct tee_cbor_keys *k, uint64_t *ret)
{
    uint64_t v;

    if (c->bad || k->left == 0)
        return false;
    v = tee_cbor_get_uint(c);
    if (!k->first && v <= k->last)
        c->bad = true;
    if (c->bad)
        return false;
    k->left--;
    k->last = v;
    k->first = false;
    *ret = v;
    return true;
}

static void
skip(struct tee_cur *c, unsigned depth)
{
    uint64_t n;

    switch (depth > 8 ? 255 : tee_cbor_peek(c)) {
    case UINT:
        (void)tee_cbor_get_uint(c);
        return;
    case NINT:
        (void)tee_cbor_get_int(c);
        return;
    case BYTES:
        (void)tee_cbor_get_bytes(c);
        return;
    case TEXT:
        (void)tee_cbor_get_text(c);
        return;
    case ARRAY:
        for (n = tee_cbor_get_array(c); n > 0 && !c->bad; n--)
            skip(c, depth + 1);
        return;
    case MAP:
        for (n = tee_cbor_get_map(c); n > 0 && !c->bad; n--) {
            skip(c, depth + 1);
            skip(c, depth + 1);
        }
        return;
    case SIMPLE:
        if (c->left > 0 && c->p[0] == 0xf6)
            (void)tee_cur_u8(c);
        else
            (void)tee_cbor_get_bool(c);
        return;
    default:
        c->bad = true;
    }
}

void
tee_cbor_skip(struct tee_cur *c)
{
    skip(c, 0);
}
