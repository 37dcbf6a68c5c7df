#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tee.h"

void
tee_buf_init(struct tee_buf *b, size_t max)
{
    *b = (struct tee_buf){ .max = max };
}

void
tee_buf_clear(struct tee_buf *b)
{
    if (b->p != NULL)
        sodium_memzero(b->p, b->room);
    free(b->p);
    tee_buf_init(b, b->max);
}

/* realloc would leave the old bytes behind, so: new, copy, wipe, free */
static bool
grow(struct tee_buf *b, size_t need)
{
    size_t room = b->room < 64 ? 64 : b->room;
    uint8_t *p;

    while (room < need)
        room = room > SIZE_MAX / 2 ? need : room * 2;
    p = malloc(room);
    if (p == NULL) {
        b->err = TEE_E_NOMEM;
        return false;
    }
    if (b->p != NULL) {
        memcpy(p, b->p, b->len);
        sodium_memzero(b->p, b->room);
    }
    free(b->p);
    b->p = p;
    b->room = room;
    return true;
}

/* Room for n more bytes and a NUL behind them. */
static bool
want(struct tee_buf *b, size_t n)
{
    if (b->err != TEE_OK)
        return false;
    /* the NUL must not wrap either, whatever the ceiling */
    if (n > b->max || b->len > b->max - n || n >= SIZE_MAX - b->len) {
        b->err = TEE_E_TOOBIG;
        return false;
    }
    return b->len + n < b->room || grow(b, b->len + n + 1);
}

void
tee_buf_put(struct tee_buf *b, const void *p, size_t n)
{
    if (!want(b, n) || n == 0)
        return;
    memcpy(b->p + b->len, p, n);
    b->len += n;
}

void
tee_buf_bytes(struct tee_buf *b, struct tee_bytes v)
{
    tee_buf_put(b, v.p, v.len);
}

static void
put_be(struct tee_buf *b, uint64_t v, size_t n)
{
    uint8_t be[8];
    size_t i;

    for (i = n; i > 0; i--) {
        be[i - 1] = (uint8_t)v;
        v >>= 8;
    }
    tee_buf_put(b, be, n);
}

void
tee_buf_u8(struct tee_buf *b, uint8_t v)
{
    put_be(b, v, 1);
}

void
tee_buf_be16(struct tee_buf *b, uint16_t v)
{
    put_be(b, v, 2);
}

void
tee_buf_be32(struct tee_buf *b, uint32_t v)
{
    put_be(b, v, 4);
}

void
tee_buf_be64(struct tee_buf *b, uint64_t v)
{
    put_be(b, v, 8);
}

void
tee_buf_lp16(struct tee_buf *b, struct tee_bytes v)
{
    if (v.len > UINT16_MAX) {
        if (b->err == TEE_OK)
            b->err = TEE_E_TOOBIG;
        return;
    }
    tee_buf_be16(b, (uint16_t)v.len);
    tee_buf_bytes(b, v);
}

void
tee_buf_text(struct tee_buf *b, const char *s)
{
    tee_buf_put(b, s, strlen(s));
}

void
tee_buf_printf(struct tee_buf *b, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) {
        b->err = b->err == TEE_OK ? TEE_E_ARG : b->err;
        return;
    }
    if (!want(b, (size_t)n))
        return;
    va_start(ap, fmt);
    (void)vsnprintf((char *)b->p + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
}

struct tee_bytes
tee_buf_view(const struct tee_buf *b)
{
    return (struct tee_bytes){ b->p, b->len };
}

enum tee_err
tee_buf_steal(struct tee_buf *b, uint8_t **ret, size_t *len)
{
    tee_buf_put(b, "", 0); /* memory for the NUL, even behind nothing */
    if (b->err != TEE_OK)
        return b->err;
    b->p[b->len] = '\0';
    *ret = b->p;
    *len = b->len;
    tee_buf_init(b, b->max);
    return TEE_OK;
}
