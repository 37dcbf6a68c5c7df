#include <string.h>

#include "base/tee.h"

static const uint8_t nothing[1];

struct tee_bytes
tee_bytes_of(const char *s)
{
    return (struct tee_bytes){ (const uint8_t *)s, strlen(s) };
}

bool
tee_bytes_equal(struct tee_bytes a, struct tee_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

struct tee_cur
tee_cur_of(struct tee_bytes b)
{
    if (b.len == 0)
        b.p = nothing;
    return (struct tee_cur){ b.p, b.len, false };
}

const uint8_t *
tee_cur_take(struct tee_cur *c, size_t n)
{
    const uint8_t *p = c->p;

    if (c->bad || n > c->left) {
        c->bad = true;
        return NULL;
    }
    c->p += n;
    c->left -= n;
    return p;
}

struct tee_bytes
tee_cur_bytes(struct tee_cur *c, size_t n)
{
    const uint8_t *p = tee_cur_take(c, n);

    return (struct tee_bytes){ p != NULL ? p : nothing, p != NULL ? n : 0 };
}

void
tee_cur_copy(struct tee_cur *c, void *to, size_t n)
{
    const uint8_t *p = tee_cur_take(c, n);

    if (p == NULL)
        memset(to, 0, n);
    else
        memcpy(to, p, n);
}

/* n <= 8 bytes, big-endian; 0 when bad */
static uint64_t
be(struct tee_cur *c, size_t n)
{
    const uint8_t *p = tee_cur_take(c, n);
    uint64_t v = 0;
    size_t i;

    for (i = 0; p != NULL && i < n; i++)
        v = v << 8 | p[i];
    return v;
}

static uint64_t
le(struct tee_cur *c, size_t n)
{
    const uint8_t *p = tee_cur_take(c, n);
    uint64_t v = 0;
    size_t i;

    for (i = n; p != NULL && i > 0; i--)
        v = v << 8 | p[i - 1];
    return v;
}

uint8_t
tee_cur_u8(struct tee_cur *c)
{
    return (uint8_t)be(c, 1);
}

uint16_t
tee_cur_be16(struct tee_cur *c)
{
    return (uint16_t)be(c, 2);
}

uint32_t
tee_cur_be32(struct tee_cur *c)
{
    return (uint32_t)be(c, 4);
}

uint64_t
tee_cur_be64(struct tee_cur *c)
{
    return be(c, 8);
}

uint16_t
tee_cur_le16(struct tee_cur *c)
{
    return (uint16_t)le(c, 2);
}

uint32_t
tee_cur_le32(struct tee_cur *c)
{
    return (uint32_t)le(c, 4);
}

uint64_t
tee_cur_le64(struct tee_cur *c)
{
    return le(c, 8);
}

struct tee_bytes
tee_cur_lp16(struct tee_cur *c)
{
    return tee_cur_bytes(c, tee_cur_be16(c));
}

enum tee_err
tee_cur_end(const struct tee_cur *c)
{
    if (c->bad)
        return TEE_E_TRUNCATED;
    return c->left == 0 ? TEE_OK : TEE_E_MALFORMED;
}

/* Length of the sequence that b begins with, 0 if it is none (RFC 3629). */
static size_t
utf8_one(const uint8_t *p, size_t left)
{
    uint8_t lo = 0x80, hi = 0xbf;
    size_t n, i;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (n > left)
        return 0;
    if (p[0] == 0xe0)
        lo = 0xa0; /* overlong */
    else if (p[0] == 0xed)
        hi = 0x9f; /* surrogates */
    else if (p[0] == 0xf0)
        lo = 0x90; /* overlong */
    else if (p[0] == 0xf4)
        hi = 0x8f; /* over U+10FFFF */
    if (p[1] < lo || p[1] > hi)
        return 0;
    for (i = 2; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    return n;
}

bool
tee_utf8(struct tee_bytes b)
{
    size_t i = 0, n;

    while (i < b.len) {
        n = utf8_one(b.p + i, b.len - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}
