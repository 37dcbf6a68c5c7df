/*
 * Strict JSON over cJSON, and its canonical form.
 *
 * cJSON accepts much that RFC 8259 forbids (leading zeros, control
 * characters, a byte order mark, whatever follows) and keeps what RFC 7493
 * warns of (duplicate members, numbers that a double can't hold).  So a
 * scanner of our own judges the text first; cJSON only builds the tree of a
 * text that was found good.
 */
#include "config.h"

#include <cjson/cJSON.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tee.h"

#define DEPTH_MAX 64
/* cJSON copies a number into 64 bytes and would cut a longer one. */
#define NUMBER_MAX 63
#define SAFE_MAX   9007199254740991.0 /* 2^53 - 1, RFC 7493 section 2.2 */
/* From here on ECMAScript writes an exponent, ECMA-262 Number::toString. */
#define EXPONENT_FROM 1e21
#define DIGITS_MAX    17 /* enough for every double */

/* ---- numbers --------------------------------------------------------------
 */

/* 0.DIGITS times ten to the `point`; no leading or trailing zero digit. */
struct decimal {
    char digits[NUMBER_MAX + 1];
    int n;
    long point;
};

/* From the text of a number, which the caller knows to be well formed. */
static void
decimal_of(const char *s, struct decimal *ret)
{
    bool fraction = false;

    *ret = (struct decimal){ .n = 0 };
    for (; *s != '\0' && *s != 'e' && *s != 'E'; s++) {
        if (*s == '.')
            fraction = true;
        if (*s < '0' || *s > '9')
            continue;
        if (*s == '0' && ret->n == 0) { /* not a digit that counts yet */
            ret->point -= fraction;
            continue;
        }
        ret->digits[ret->n++] = *s;
        ret->point += !fraction;
    }
    if (*s != '\0') /* strtol saturates, and so large a double was refused */
        ret->point += strtol(s + 1, NULL, 10) % 100000;
    while (ret->n > 0 && ret->digits[ret->n - 1] == '0')
        ret->n--;
    ret->digits[ret->n] = '\0';
    if (ret->n == 0)
        ret->point = 0;
}

/* One more in the last place; a carry out of the front moves the point. */
static void
decimal_up(struct decimal *d)
{
    int i = d->n;

    while (i > 0 && d->digits[i - 1] == '9')
        d->digits[--i] = '0';
    if (i > 0) {
        d->digits[i - 1]++;
        return;
    }
    d->digits[0] = '1'; /* 999 -> 1000, of which 100 is kept */
    d->point++;
}

static bool
decimal_is(const struct decimal *d, double v)
{
    char s[NUMBER_MAX + 16];

    (void)snprintf(s, sizeof(s), "0.%se%ld", d->digits, d->point);
    return strtod(s, NULL) == v;
}

/*
 * The shortest digits that give v back, and of those the nearest.  The
 * nearest number of p digits may lie just outside below a power of two,
 * where doubles are closer together, while the next one up is inside.
 */
static void
shortest(double v, struct decimal *ret)
{
    char s[NUMBER_MAX];
    struct decimal up;
    int p;

    for (p = 1; p <= DIGITS_MAX; p++) {
        (void)snprintf(s, sizeof(s), "%.*e", p - 1, v);
        decimal_of(s, ret);
        if (decimal_is(ret, v))
            return;
        up = *ret;
        while (up.n < p) /* zeros at the end were dropped */
            up.digits[up.n++] = '0';
        up.digits[up.n] = '\0';
        decimal_up(&up);
        if (decimal_is(&up, v)) {
            *ret = up;
            return;
        }
    }
}

/* ECMA-262 Number::toString with radix 10, which RFC 8785 prescribes. */
static void
put_number(struct tee_buf *b, double v)
{
    struct decimal d;

    if (v == 0) {
        tee_buf_text(b, "0"); /* minus zero too */
        return;
    }
    if (v < 0)
        tee_buf_u8(b, '-');
    shortest(fabs(v), &d);
    if (d.point > 21 || d.point <= -6) {
        tee_buf_put(b, d.digits, 1);
        if (d.n > 1)
            tee_buf_printf(b, ".%s", d.digits + 1);
        tee_buf_printf(b, "e%+ld", d.point - 1);
    } else if (d.point <= 0) {
        tee_buf_printf(b, "0.%.*s%s", (int)-d.point, "000000", d.digits);
    } else if (d.point >= d.n) {
        tee_buf_printf(b, "%s%.*s", d.digits, (int)d.point - d.n,
                       "000000000000000000000");
    } else {
        tee_buf_put(b, d.digits, (size_t)d.point);
        tee_buf_printf(b, ".%s", d.digits + d.point);
    }
}

/* NULL, or why a double can't stand for the number that is written here. */
static const char *
number_fault(const char *s, bool integer)
{
    double v = strtod(s, NULL), a = fabs(v);
    struct decimal text, back;

    if (!isfinite(v))
        return "number too large";
    decimal_of(s, &text);
    if (v == 0 && text.n != 0)
        return "number too small";
    if (a <= SAFE_MAX)
        return NULL;
    if (integer || a < EXPONENT_FROM)
        return "integer outside 2^53 - 1";
    /* Every double is whole here: keep only those that say what was said. */
    shortest(a, &back);
    if (text.n != back.n || text.point != back.point ||
        strcmp(text.digits, back.digits) != 0)
        return "number loses digits";
    return NULL;
}

/* ---- the scanner ------------------------------------------------------------
 */

struct scan {
    struct tee_cur c;
    size_t nodes;
    const char *why; /* NULL: good so far; a literal */
    enum tee_err err;
};

static bool
wrong(struct scan *s, const char *why)
{
    if (s->why == NULL) {
        s->why = why;
        s->err = TEE_E_MALFORMED;
    }
    return false;
}

static bool
too_much(struct scan *s, const char *why)
{
    (void)wrong(s, why);
    s->err = TEE_E_TOOBIG;
    return false;
}

/* The next byte, or -1 at the end. */
static int
peek(const struct scan *s)
{
    return s->c.left > 0 ? s->c.p[0] : -1;
}

static bool
is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool
take_if(struct scan *s, int want)
{
    if (peek(s) != want)
        return false;
    (void)tee_cur_u8(&s->c);
    return true;
}

static void
blanks(struct scan *s)
{
    int c = peek(s);

    while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        (void)tee_cur_u8(&s->c);
        c = peek(s);
    }
}

static bool
digits(struct scan *s)
{
    if (!is_digit(peek(s)))
        return wrong(s, "digit expected");
    while (is_digit(peek(s)))
        (void)tee_cur_u8(&s->c);
    return true;
}

/* RFC 8259 section 6 */
static bool
number_grammar(struct scan *s, bool *integer)
{
    *integer = true;
    (void)take_if(s, '-');
    if (take_if(s, '0')) {
        if (is_digit(peek(s)))
            return wrong(s, "number with a leading zero");
    } else if (!digits(s)) {
        return false;
    }
    if (take_if(s, '.')) {
        *integer = false;
        if (!digits(s))
            return false;
    }
    if (take_if(s, 'e') || take_if(s, 'E')) {
        *integer = false;
        if (!take_if(s, '+'))
            (void)take_if(s, '-');
        return digits(s);
    }
    return true;
}

static bool
number(struct scan *s)
{
    const uint8_t *from = s->c.p;
    char text[NUMBER_MAX + 1];
    const char *why;
    bool integer;
    size_t n;

    if (!number_grammar(s, &integer))
        return false;
    n = (size_t)(s->c.p - from);
    if (n > NUMBER_MAX)
        return wrong(s, "number longer than 63 characters");
    memcpy(text, from, n);
    text[n] = '\0';
    why = number_fault(text, integer);
    return why == NULL || wrong(s, why);
}

/* Four hex digits; -1 if they are not. */
static int
hex4(struct scan *s)
{
    int i, c, v = 0;

    for (i = 0; i < 4; i++) {
        c = peek(s);
        if (is_digit(c))
            c -= '0';
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f' && c > 0)
            c = (c | 0x20) - 'a' + 10;
        else
            return -1;
        v = v << 4 | c;
        (void)tee_cur_u8(&s->c);
    }
    return v;
}

/* Behind "\u": one code point, as one unit or as a surrogate pair. */
static bool
unicode_escape(struct scan *s)
{
    int v = hex4(s);

    if (v < 0)
        return wrong(s, "four hexadecimal digits expected");
    if (v == 0)
        return wrong(s, "NUL in a text");
    if (v < 0xd800 || v > 0xdfff)
        return true;
    if (v >= 0xdc00 || !take_if(s, '\\') || !take_if(s, 'u'))
        return wrong(s, "unpaired surrogate");
    v = hex4(s);
    return (v >= 0xdc00 && v <= 0xdfff) || wrong(s, "unpaired surrogate");
}

static bool
escape(struct scan *s)
{
    int c = peek(s);

    if (c <= 0 || strchr("\"\\/bfnrtu", c) == NULL)
        return wrong(s, "unknown escape");
    (void)tee_cur_u8(&s->c);
    return c != 'u' || unicode_escape(s);
}

/* The text as a whole is known to be UTF-8. */
static bool
string(struct scan *s)
{
    int c;

    if (!take_if(s, '"'))
        return wrong(s, "string expected");
    for (;;) {
        c = peek(s);
        if (c < 0)
            return wrong(s, "text ends inside a string");
        if (c < 0x20)
            return wrong(s, "control character in a string");
        (void)tee_cur_u8(&s->c);
        if (c == '"')
            return true;
        if (c == '\\' && !escape(s))
            return false;
    }
}

static bool value(struct scan *s, unsigned depth);

static bool
word(struct scan *s, const char *w)
{
    for (; *w != '\0'; w++) {
        if (!take_if(s, *w))
            return wrong(s, "value expected");
    }
    return true;
}

static bool
array(struct scan *s, unsigned depth)
{
    (void)tee_cur_u8(&s->c);
    blanks(s);
    if (take_if(s, ']'))
        return true;
    do {
        if (!value(s, depth))
            return false;
    } while (take_if(s, ','));
    return take_if(s, ']') || wrong(s, "',' or ']' expected");
}

static bool
object(struct scan *s, unsigned depth)
{
    (void)tee_cur_u8(&s->c);
    blanks(s);
    if (take_if(s, '}'))
        return true;
    do {
        blanks(s);
        if (!string(s))
            return false;
        blanks(s);
        if (!take_if(s, ':'))
            return wrong(s, "':' expected");
        if (!value(s, depth))
            return false;
    } while (take_if(s, ','));
    return take_if(s, '}') || wrong(s, "',' or '}' expected");
}

static bool
bare(struct scan *s, unsigned depth)
{
    switch (peek(s)) {
    case '{':
        return object(s, depth + 1);
    case '[':
        return array(s, depth + 1);
    case '"':
        return string(s);
    case 't':
        return word(s, "true");
    case 'f':
        return word(s, "false");
    case 'n':
        return word(s, "null");
    default:
        if (peek(s) == '-' || is_digit(peek(s)))
            return number(s);
        return wrong(s, "value expected");
    }
}

/* depth: arrays and objects that this value stands in */
static bool
value(struct scan *s, unsigned depth)
{
    if (depth > DEPTH_MAX)
        return too_much(s, "nested deeper than 64");
    if (++s->nodes > TEE_JSON_NODES)
        return too_much(s, "more than 65536 values");
    blanks(s);
    if (!bare(s, depth))
        return false;
    blanks(s);
    return true;
}

static enum tee_err
scan(struct tee_bytes text, struct tee_fault *f)
{
    struct scan s = { .c = tee_cur_of(text) };

    if (!tee_utf8(text))
        return tee_fault(f, TEE_E_MALFORMED, "JSON is not UTF-8");
    if (value(&s, 0) && s.c.left > 0)
        (void)wrong(&s, "bytes behind the value");
    if (s.why == NULL)
        return TEE_OK;
    return tee_fault(f, s.err, "JSON, byte %zu: %s", text.len - s.c.left,
                     s.why);
}

/* ---- trees ------------------------------------------------------------------
 */

/*
 * UTF-16 code unit order of two UTF-8 texts.  It is byte order but for the
 * code points beyond U+FFFF (lead bytes f0..f4): their surrogates sort below
 * U+E000..U+FFFF (lead bytes ee and ef).
 */
static int
utf16_order(const char *a, const char *b)
{
    const uint8_t *p = (const uint8_t *)a, *q = (const uint8_t *)b;

    while (*p == *q && *p != 0) {
        p++;
        q++;
    }
    if (*p >= 0xee && *q >= 0xee && (*p >= 0xf0) != (*q >= 0xf0))
        return *p >= 0xf0 ? -1 : 1;
    return *p - *q;
}

static int
by_name(const void *a, const void *b)
{
    const cJSON *const *x = a, *const *y = b;

    return utf16_order((*x)->string, (*y)->string);
}

/* The members of an object in canonical order; free() them. */
static enum tee_err
sorted(const cJSON *v, const cJSON ***ret, size_t *n)
{
    const cJSON **m, *c;
    size_t i = 0;

    for (c = v->child; c != NULL; c = c->next)
        i++;
    m = calloc(i + 1, sizeof(const cJSON *));
    if (m == NULL)
        return TEE_E_NOMEM;
    i = 0;
    for (c = v->child; c != NULL; c = c->next) {
        if (c->string == NULL) {
            free(m);
            return TEE_E_ARG;
        }
        m[i++] = c;
    }
    qsort(m, i, sizeof(const cJSON *), by_name);
    *ret = m;
    *n = i;
    return TEE_OK;
}

/* Names are compared as decoded: "a" and "\u0061" are the same member. */
static enum tee_err
no_duplicates(const cJSON *v, struct tee_fault *f)
{
    const cJSON **m = NULL, *c;
    enum tee_err err = TEE_OK;
    char name[TEE_ESCAPED];
    size_t n = 0, i;

    if (cJSON_IsObject(v)) {
        err = sorted(v, &m, &n);
        for (i = 1; err == TEE_OK && i < n; i++) {
            if (strcmp(m[i - 1]->string, m[i]->string) != 0)
                continue;
            tee_escape(tee_bytes_of(m[i]->string), name);
            err = tee_fault(f, TEE_E_MALFORMED, "JSON: duplicate member \"%s\"",
                            name);
        }
        free(m);
    }
    for (c = v->child; err == TEE_OK && c != NULL; c = c->next)
        err = no_duplicates(c, f); /* as deep as the scanner allowed */
    return err;
}

/*
 * The decimal point of strtod, snprintf and cJSON is the thread's locale's.
 * glibc keeps the "C" locale as a static object: nothing is allocated.
 */
static locale_t
c_locale(void)
{
    return uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
}

enum tee_err
tee_json_parse(struct tee_bytes text, size_t max, struct cJSON **ret,
               struct tee_fault *f)
{
    locale_t old;
    enum tee_err err;
    cJSON *v = NULL;

    if (text.len > max)
        return tee_fault(f, TEE_E_TOOBIG, "JSON of %zu bytes, at most %zu",
                         text.len, max);
    old = c_locale();
    err = scan(text, f);
    if (err == TEE_OK) {
        v = cJSON_ParseWithLength((const char *)text.p, text.len);
        err = v != NULL ? no_duplicates(v, f) : TEE_E_NOMEM;
    }
    (void)uselocale(old);
    if (err == TEE_E_NOMEM)
        (void)tee_fault(f, err, "no memory for JSON of %zu bytes", text.len);
    if (err != TEE_OK) {
        cJSON_Delete(v);
        return err;
    }
    *ret = v;
    return TEE_OK;
}

static enum tee_err canon(const cJSON *v, struct tee_buf *b, unsigned depth);

static enum tee_err
canon_array(const cJSON *v, struct tee_buf *b, unsigned depth)
{
    const cJSON *c;
    enum tee_err err = TEE_OK;

    tee_buf_u8(b, '[');
    for (c = v->child; err == TEE_OK && c != NULL; c = c->next) {
        if (c != v->child)
            tee_buf_u8(b, ',');
        err = canon(c, b, depth + 1);
    }
    tee_buf_u8(b, ']');
    return err;
}

static enum tee_err
canon_object(const cJSON *v, struct tee_buf *b, unsigned depth)
{
    const cJSON **m;
    enum tee_err err;
    size_t n, i;

    err = sorted(v, &m, &n);
    if (err != TEE_OK)
        return err;
    tee_buf_u8(b, '{');
    for (i = 0; err == TEE_OK && i < n; i++) {
        if (i > 0)
            tee_buf_u8(b, ',');
        tee_json_string(b, tee_bytes_of(m[i]->string));
        tee_buf_u8(b, ':');
        if (i > 0 && strcmp(m[i - 1]->string, m[i]->string) == 0)
            err = TEE_E_ARG;
        else
            err = canon(m[i], b, depth + 1);
    }
    tee_buf_u8(b, '}');
    free(m);
    return err;
}

static enum tee_err
canon(const cJSON *v, struct tee_buf *b, unsigned depth)
{
    if (depth > DEPTH_MAX)
        return TEE_E_TOOBIG;
    if (cJSON_IsObject(v))
        return canon_object(v, b, depth);
    if (cJSON_IsArray(v))
        return canon_array(v, b, depth);
    if (cJSON_IsString(v) && v->valuestring != NULL)
        tee_json_string(b, tee_bytes_of(v->valuestring));
    else if (cJSON_IsNumber(v) && isfinite(v->valuedouble))
        put_number(b, v->valuedouble);
    else if (cJSON_IsBool(v))
        tee_buf_text(b, cJSON_IsTrue(v) ? "true" : "false");
    else if (cJSON_IsNull(v))
        tee_buf_text(b, "null");
    else
        return TEE_E_ARG; /* raw text, NaN, infinity */
    return b->err;
}

enum tee_err
tee_json_canon(const struct cJSON *v, struct tee_buf *ret)
{
    locale_t old = c_locale();
    enum tee_err err = canon(v, ret, 0);

    (void)uselocale(old);
    return err != TEE_OK ? err : ret->err;
}
