#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tee.h"

#define FILE_MAX_BYTES  65536
#define LINE_MAX_BYTES  2048
#define VALUE_MAX_BYTES 1024
#define WORD_MAX_BYTES  32
#define SECTIONS_MAX    64
#define PAIRS_MAX       256 /* a section; there are far fewer keys */

/* Where the parser stands: before the first section, or in one. */
struct parser {
    struct tee_ini *ini;
    struct tee_ini_section *in; /* NULL: before the first */
    bool closed;                /* pairs of a repeated section are ignored */
    unsigned line;
    struct tee_fault *f;
};

/* An error of the line at hand; inside a section it is that section's. */
static enum tee_err bad(struct parser *p, const char *fmt, ...)
    TEE_PRINTF(2, 3);

static enum tee_err
bad(struct parser *p, const char *fmt, ...)
{
    char text[TEE_FAULT_TEXT];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (p->in == NULL)
        return tee_fault(p->f, TEE_E_CONFIG, "%s", text);
    if (p->in->bad_line == 0) { /* the first one is the one reported */
        p->in->bad_line = p->line;
        memcpy(p->in->bad_text, text, sizeof(text));
    }
    return TEE_OK;
}

void
tee_escape(struct tee_bytes v, char ret[TEE_ESCAPED])
{
    size_t n = v.len < 64 ? v.len : 64, i, at = 0;

    for (i = 0; i < n; i++) {
        uint8_t c = v.p[i];

        if (c < 0x20 || c > 0x7e || c == '\\')
            at += (size_t)snprintf(ret + at, TEE_ESCAPED - at, "\\x%02x", c);
        else
            ret[at++] = (char)c;
    }
    ret[at] = '\0';
    if (n < v.len)
        (void)snprintf(ret + at, TEE_ESCAPED - at, "...");
}

static bool
is_wsp(char c)
{
    return c == ' ' || c == '\t';
}

static char *
trim(char *s)
{
    size_t n;

    while (is_wsp(*s))
        s++;
    n = strlen(s);
    while (n > 0 && is_wsp(s[n - 1]))
        s[--n] = '\0';
    return s;
}

static bool
is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_alnum(char c)
{
    return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
}

static bool
key_ok(const char *s)
{
    const char *p;

    if (!is_lower(*s))
        return false;
    for (p = s; is_lower(*p) || is_digit(*p) || *p == '_'; p++)
        ;
    return *p == '\0' && p - s <= WORD_MAX_BYTES;
}

static bool
name_ok(const char *s)
{
    const char *p;

    if (!is_alnum(*s))
        return false;
    for (p = s; is_alnum(*p) || *p == '.' || *p == '_' || *p == '-'; p++)
        ;
    return *p == '\0' && p - s <= WORD_MAX_BYTES;
}

/* Grows the array *v by one zeroed element of `size` bytes. */
static void *
append(void **v, size_t *n, size_t size)
{
    uint8_t *p = reallocarray(*v, *n + 1, size);

    if (p == NULL)
        return NULL;
    *v = p;
    memset(p + *n * size, 0, size);
    return p + (*n)++ * size;
}

static struct tee_ini_section *
section_find(const struct tee_ini *ini, const char *name)
{
    size_t i;

    for (i = 0; i < ini->n; i++) {
        if (strcmp(ini->section[i].name, name) == 0)
            return &ini->section[i];
    }
    return NULL;
}

/* A section given twice is one bad token, not two: whoever wrote it twice
 * may have meant either. */
static enum tee_err
section_line(struct parser *p, char *name)
{
    struct tee_ini_section *s = section_find(p->ini, name);
    void *v = p->ini->section;

    if (s != NULL) {
        p->in = s;
        p->closed = true;
        return bad(p, "section was already opened in line %u", s->line);
    }
    if (p->ini->n == SECTIONS_MAX) {
        p->in = NULL;
        return bad(p, "more than %d sections", SECTIONS_MAX);
    }
    s = append(&v, &p->ini->n, sizeof(*s));
    if (s == NULL)
        return tee_fault(p->f, TEE_E_NOMEM, "no memory");
    p->ini->section = v;
    s->name = name;
    s->line = p->line;
    p->in = s;
    p->closed = false;
    return TEE_OK;
}

static enum tee_err
value_check(struct parser *p, const char *key, const char *value)
{
    const char *c;

    if (*value == '\0')
        return bad(p, "%s: the value is empty", key);
    if (strlen(value) > VALUE_MAX_BYTES)
        return bad(p, "%s: the value is longer than %d bytes", key,
                   VALUE_MAX_BYTES);
    if (*value == '"' || *value == '\'')
        return bad(p, "%s: a value is written without quotes", key);
    for (c = value; *c != '\0'; c++) {
        if (*c == '\t')
            return bad(p, "%s: no tab inside a value", key);
        if (*c == '#' && c > value && is_wsp(c[-1]))
            return bad(p, "%s: a comment must be on a line of its own", key);
    }
    return TEE_OK;
}

static enum tee_err
pair_line(struct parser *p, char *key, char *value)
{
    struct tee_ini_pair **list = &p->ini->top, *pair;
    size_t *n = &p->ini->n_top, i;
    void *v;

    if (p->in != NULL) {
        list = &p->in->pair;
        n = &p->in->n;
    }
    for (i = 0; i < *n; i++) {
        if (strcmp((*list)[i].key, key) == 0)
            return bad(p, "\"%s\" was already given in line %u", key,
                       (*list)[i].line);
    }
    if (*n == PAIRS_MAX)
        return bad(p, "more than %d keys in one section", PAIRS_MAX);
    v = *list;
    pair = append(&v, n, sizeof(*pair));
    if (pair == NULL)
        return tee_fault(p->f, TEE_E_NOMEM, "no memory");
    *list = v;
    pair->key = key;
    pair->value = value;
    pair->line = p->line;
    return value_check(p, key, value);
}

static enum tee_err
not_a_line(struct parser *p)
{
    return bad(p, "not a section, a \"key = value\" or a comment");
}

/* One line without its LF and without control characters. */
static enum tee_err
one_line(struct parser *p, char *s)
{
    char *eq;
    size_t n;

    s = trim(s);
    n = strlen(s);
    if (n == 0 || *s == '#')
        return TEE_OK;
    if (*s == '[') {
        if (n < 3 || s[n - 1] != ']')
            return not_a_line(p);
        s[n - 1] = '\0';
        return name_ok(s + 1) ? section_line(p, s + 1) : not_a_line(p);
    }
    eq = strchr(s, '=');
    if (eq == NULL)
        return not_a_line(p);
    *eq = '\0';
    s = trim(s);
    if (!key_ok(s))
        return not_a_line(p);
    return p->closed ? TEE_OK : pair_line(p, s, trim(eq + 1));
}

/* TEE_OK with *good false: the line is bad and was reported.  U+0080 to
 * U+009F are control characters too: C2 and their own value in UTF-8. */
static enum tee_err
lexical(struct parser *p, const char *s, size_t n, bool *good)
{
    size_t i;

    *good = false;
    if (n > LINE_MAX_BYTES)
        return bad(p, "line is longer than %d bytes", LINE_MAX_BYTES);
    for (i = 0; i < n; i++) {
        uint8_t c = (uint8_t)s[i];

        if (c == '\r')
            return bad(p, "carriage return; save the file with Unix line "
                          "ends");
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return bad(p, "control character 0x%02x", c);
        if (c == 0xc2 && i + 1 < n && (uint8_t)s[i + 1] < 0xa0)
            return bad(p, "control character 0x%02x", (uint8_t)s[i + 1]);
    }
    *good = true;
    return TEE_OK;
}

static enum tee_err
lines(struct parser *p, char *text, size_t len)
{
    char *s = text, *nl, *end = text + len;
    enum tee_err err;
    bool good;

    while (s < end) {
        p->line++;
        nl = memchr(s, '\n', (size_t)(end - s));
        if (nl == NULL) {
            p->in = NULL; /* what was cut off could be anything */
            return bad(p, "the last line has no line end; the file may be "
                          "truncated");
        }
        err = lexical(p, s, (size_t)(nl - s), &good);
        *nl = '\0';
        if (err == TEE_OK && good)
            err = one_line(p, s);
        if (err != TEE_OK)
            return err;
        s = nl + 1;
    }
    return TEE_OK;
}

static enum tee_err
whole(struct tee_bytes text, struct tee_fault *f)
{
    if (text.len > FILE_MAX_BYTES)
        return tee_fault(f, TEE_E_TOOBIG, "larger than %d bytes",
                         FILE_MAX_BYTES);
    if (text.len >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
        return tee_fault(f, TEE_E_CONFIG,
                         "begins with a byte order mark; save it without");
    if (!tee_utf8(text))
        return tee_fault(f, TEE_E_CONFIG, "not UTF-8");
    return TEE_OK;
}

enum tee_err
tee_ini_parse(struct tee_bytes text, struct tee_ini **ret, unsigned *line,
              struct tee_fault *f)
{
    struct parser p = { .f = f };
    enum tee_err err;

    *line = 0;
    err = whole(text, f);
    if (err != TEE_OK)
        return err;
    p.ini = calloc(1, sizeof(*p.ini));
    if (p.ini != NULL)
        p.ini->text = malloc(text.len + 1);
    if (p.ini == NULL || p.ini->text == NULL) {
        err = tee_fault(f, TEE_E_NOMEM, "no memory");
        goto out;
    }
    if (text.len > 0)
        memcpy(p.ini->text, text.p, text.len);
    p.ini->text[text.len] = '\0';
    err = lines(&p, p.ini->text, text.len);
    if (err != TEE_OK) {
        *line = p.line;
        goto out;
    }
    *ret = p.ini;
    p.ini = NULL; /* now the caller's */
out:
    tee_ini_free(p.ini);
    return err;
}

void
tee_ini_free(struct tee_ini *ini)
{
    size_t i;

    if (ini == NULL)
        return;
    for (i = 0; i < ini->n; i++)
        free(ini->section[i].pair);
    free(ini->section);
    free(ini->top);
    free(ini->text);
    free(ini);
}
