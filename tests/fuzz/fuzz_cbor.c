/*
 * The strict decoder: what it takes whole, written again, gives the same
 * bytes, since there is one encoding of each item; tee_cbor_skip agrees with
 * it about every input; nothing is read after the first error.
 */
#include "tests/fuzz/fuzz.h"

#define DEPTH_MAX 8 /* of tee_cbor_skip */

static void item(struct tee_cur *c, struct tee_buf *b, unsigned depth);

static void
items(struct tee_cur *c, struct tee_buf *b, uint64_t n, unsigned depth)
{
    for (; n > 0 && !c->bad; n--)
        item(c, b, depth);
}

static void
simple(struct tee_cur *c, struct tee_buf *b)
{
    if (c->p[0] == 0xf6) {
        (void)tee_cur_u8(c);
        tee_cbor_null(b);
        return;
    }
    tee_cbor_bool(b, tee_cbor_get_bool(c));
}

static void
number(struct tee_cur *c, struct tee_buf *b)
{
    struct tee_cur again = *c;
    uint64_t u = tee_cbor_get_uint(&again);
    int64_t i;

    if (!again.bad) { /* a number over INT64_MAX has no signed form */
        i = tee_cbor_get_int(c);
        FUZZ_MUST(c->bad ? u > INT64_MAX && i == 0 : i >= 0);
        *c = again;
        tee_cbor_uint(b, u);
        return;
    }
    FUZZ_MUST(u == 0);
    i = tee_cbor_get_int(c);
    FUZZ_MUST(c->bad ? i == 0 : i < 0);
    tee_cbor_int(b, i);
}

static void
item(struct tee_cur *c, struct tee_buf *b, unsigned depth)
{
    uint8_t major = depth > DEPTH_MAX ? 255 : tee_cbor_peek(c);
    struct tee_bytes v;
    uint64_t n;

    if (major <= 1) {
        number(c, b);
    } else if (major == 2 || major == 3) {
        v = major == 2 ? tee_cbor_get_bytes(c) : tee_cbor_get_text(c);
        FUZZ_MUST(!c->bad || v.len == 0);
        FUZZ_MUST(major == 2 || tee_utf8(v));
        (major == 2 ? tee_cbor_bytes : tee_cbor_text)(b, v);
    } else if (major == 4) {
        n = tee_cbor_get_array(c);
        FUZZ_MUST(n <= c->left);
        tee_cbor_array(b, n);
        items(c, b, n, depth + 1);
    } else if (major == 5) {
        n = tee_cbor_get_map(c);
        FUZZ_MUST(n <= c->left / 2);
        tee_cbor_map(b, n);
        items(c, b, 2 * n, depth + 1);
    } else if (major == 7) {
        simple(c, b);
    } else {
        c->bad = true;
    }
}

/* Keys of a map with numbers as keys ascend, or the cursor is bad. */
static void
keys(struct tee_bytes in)
{
    struct tee_cur c = tee_cur_of(in);
    struct tee_cbor_keys k = tee_cbor_open(&c);
    uint64_t key, last = 0, n = 0, want = k.left;

    while (tee_cbor_key(&c, &k, &key)) {
        FUZZ_MUST(n == 0 || key > last);
        last = key;
        n++;
        tee_cbor_skip(&c);
    }
    FUZZ_MUST(c.bad || n == want);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct tee_bytes in = { p, n }, out;
    struct tee_cur a = tee_cur_of(in), s = tee_cur_of(in);
    struct tee_buf b;

    tee_buf_init(&b, n);
    item(&a, &b, 0);
    tee_cbor_skip(&s);
    FUZZ_MUST(a.bad == s.bad);
    if (!a.bad) {
        FUZZ_MUST(a.left == s.left);
        out = tee_buf_view(&b);
        FUZZ_MUST(b.err == TEE_OK && out.len == n - a.left);
        FUZZ_MUST(tee_bytes_equal(out, (struct tee_bytes){ in.p, n - a.left }));
    }
    tee_buf_clear(&b);
    keys(in);
    return 0;
}
