#include <sodium.h>
#include <string.h>

#include "base/tee.h"

void
tee_hex(struct tee_bytes b, char *ret)
{
    static const char digit[] = "0123456789abcdef";
    size_t i;

    for (i = 0; i < b.len; i++) {
        ret[2 * i] = digit[b.p[i] >> 4];
        ret[2 * i + 1] = digit[b.p[i] & 15];
    }
    ret[2 * b.len] = '\0';
}

static int
nibble(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

enum tee_err
tee_hex_decode(struct tee_bytes s, uint8_t *ret, size_t want)
{
    size_t i;

    if (want > SIZE_MAX / 2 || s.len != 2 * want)
        return TEE_E_MALFORMED;
    for (i = 0; i < s.len; i++) {
        if (nibble(s.p[i]) < 0)
            return TEE_E_MALFORMED;
    }
    for (i = 0; i < want; i++)
        ret[i] = (uint8_t)((unsigned)nibble(s.p[2 * i]) << 4 |
                           (unsigned)nibble(s.p[2 * i + 1]));
    return TEE_OK;
}

/*
 * libsodium does the coding in constant time and refuses white space, wrong
 * padding and trailing bits that are not zero.  But its 1.0.18 takes some
 * bytes over 0x7f for letters, so only ASCII is given to it.
 */
static bool
ascii(const uint8_t *p, size_t n)
{
    uint8_t all = 0;
    size_t i;

    for (i = 0; i < n; i++)
        all |= p[i];
    return all < 0x80;
}

static void
b64(struct tee_buf *b, struct tee_bytes v, int variant)
{
    char piece[4 * 16 + 1];
    size_t n;

    while (v.len > 0) {
        n = v.len < 48 ? v.len : 48;
        (void)sodium_bin2base64(piece, sizeof(piece), v.p, n, variant);
        tee_buf_text(b, piece);
        v.p += n;
        v.len -= n;
    }
    sodium_memzero(piece, sizeof(piece));
}

static enum tee_err
b64_decode(struct tee_bytes s, int variant, struct tee_buf *ret)
{
    size_t n, used, before = ret->len;
    uint8_t piece[48];
    bool good = true;

    while (good && s.len > 0) {
        n = s.len < 64 ? s.len : 64;
        /* padding may stand in the last piece only */
        good = (n == s.len || memchr(s.p, '=', n) == NULL) && ascii(s.p, n) &&
               sodium_base642bin(piece, sizeof(piece), (const char *)s.p, n,
                                 NULL, &used, NULL, variant) == 0;
        if (good)
            tee_buf_put(ret, piece, used);
        s.p += n;
        s.len -= n;
    }
    sodium_memzero(piece, sizeof(piece));
    if (ret->err == TEE_OK && good)
        return TEE_OK;
    if (ret->len > before) /* all or nothing */
        sodium_memzero(ret->p + before, ret->len - before);
    ret->len = before;
    return good ? ret->err : TEE_E_MALFORMED;
}

void
tee_base64(struct tee_buf *b, struct tee_bytes v)
{
    b64(b, v, sodium_base64_VARIANT_ORIGINAL);
}

enum tee_err
tee_base64_decode(struct tee_bytes s, struct tee_buf *ret)
{
    if (s.len % 4 != 0)
        return TEE_E_MALFORMED;
    return b64_decode(s, sodium_base64_VARIANT_ORIGINAL, ret);
}

void
tee_base64url(struct tee_buf *b, struct tee_bytes v)
{
    b64(b, v, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

enum tee_err
tee_base64url_decode(struct tee_bytes s, struct tee_buf *ret)
{
    return b64_decode(s, sodium_base64_VARIANT_URLSAFE_NO_PADDING, ret);
}

void
tee_json_string(struct tee_buf *b, struct tee_bytes v)
{
    static const char short_form[] = "\bb\tt\nn\ff\rr\"\"\\\\";
    const char *s;
    size_t i, from = 0;

    if (!tee_utf8(v)) {
        b->err = b->err == TEE_OK ? TEE_E_ARG : b->err;
        return;
    }
    tee_buf_u8(b, '"');
    for (i = 0; i < v.len; i++) {
        if (v.p[i] >= 0x20 && v.p[i] != '"' && v.p[i] != '\\')
            continue;
        tee_buf_put(b, v.p + from, i - from);
        from = i + 1;
        for (s = short_form; *s != '\0' && (uint8_t)*s != v.p[i]; s += 2)
            ;
        if (*s != '\0')
            tee_buf_printf(b, "\\%c", s[1]);
        else
            tee_buf_printf(b, "\\u%04x", v.p[i]);
    }
    if (v.len > from)
        tee_buf_put(b, v.p + from, v.len - from);
    tee_buf_u8(b, '"');
}

void
tee_pem(struct tee_buf *b, const char *label, struct tee_bytes der)
{
    struct tee_bytes line;

    tee_buf_printf(b, "-----BEGIN %s-----\n", label);
    while (der.len > 0) {
        line = (struct tee_bytes){ der.p, der.len < 48 ? der.len : 48 };
        tee_base64(b, line);
        tee_buf_u8(b, '\n');
        der.p += line.len;
        der.len -= line.len;
    }
    tee_buf_printf(b, "-----END %s-----\n", label);
}

static bool
line_is(struct tee_bytes line, const char *word, const char *label)
{
    struct tee_cur c = tee_cur_of(line);
    struct tee_bytes w = tee_bytes_of(word), l = tee_bytes_of(label);
    bool ok;

    ok = tee_bytes_equal(tee_cur_bytes(&c, w.len), w) &&
         tee_bytes_equal(tee_cur_bytes(&c, l.len), l) &&
         tee_bytes_equal(tee_cur_bytes(&c, 5), TEE_STR("-----"));
    return ok && tee_cur_end(&c) == TEE_OK;
}

/* The next line without its end; CRLF is tolerated, as RFC 7468 section 2. */
static struct tee_bytes
next_line(struct tee_cur *c)
{
    const uint8_t *nl = memchr(c->p, '\n', c->left);
    size_t n = nl != NULL ? (size_t)(nl - c->p) : c->left;
    struct tee_bytes line = tee_cur_bytes(c, n);

    if (nl != NULL)
        (void)tee_cur_u8(c);
    if (line.len > 0 && line.p[line.len - 1] == '\r')
        line.len--;
    return line;
}

enum tee_err
tee_pem_decode(struct tee_bytes s, const char *label, struct tee_buf *ret)
{
    struct tee_cur c = tee_cur_of(s);
    struct tee_buf text;
    struct tee_bytes line;
    enum tee_err err;

    tee_buf_init(&text, s.len + 1);
    if (!line_is(next_line(&c), "-----BEGIN ", label))
        return TEE_E_MALFORMED;
    for (;;) {
        if (c.left == 0) {
            tee_buf_clear(&text);
            return TEE_E_TRUNCATED;
        }
        line = next_line(&c);
        if (line_is(line, "-----END ", label))
            break;
        tee_buf_bytes(&text, line);
    }
    err = text.err;
    if (err == TEE_OK && (c.left != 0 || text.len == 0))
        err = TEE_E_MALFORMED;
    if (err == TEE_OK)
        err = tee_base64_decode(tee_buf_view(&text), ret);
    tee_buf_clear(&text);
    return err;
}
