/*
 * The types of configuration.md section 2: one value of one key into its
 * member.  The messages are those of its section 5.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

#define UNIX_MAX  107 /* sun_path without its NUL */
#define DID_MAX   512
#define LABEL_MAX 32
#define PORT_MAX  65535
#define ID_MAX    4294967294U /* (uid_t)-1 means "leave as it is" */
#define PCR_LAST  23

static enum tee_err
refuse(const struct ks_conf_key *k, const char *value, struct tee_fault *f,
       const char *must)
{
    char found[TEE_ESCAPED];

    if (k->quiet)
        return tee_fault(f, TEE_E_CONFIG, "%s: must be %s", k->name, must);
    tee_escape(tee_bytes_of(value), found);
    return tee_fault(f, TEE_E_CONFIG, "%s: must be %s; found \"%s\"", k->name,
                     must, found);
}

static enum tee_err
refuse_word(const struct ks_conf_key *k, const char *value, struct tee_fault *f)
{
    struct tee_buf b;
    const struct ks_word *w;
    enum tee_err err;

    tee_buf_init(&b, 256);
    tee_buf_text(&b, "one of ");
    for (w = k->words; w->word != NULL; w++)
        tee_buf_printf(&b, "%s%s", w == k->words ? "" : ", ", w->word);
    if (k->quiet)
        tee_buf_text(&b, "; a PIN is never written here");
    tee_buf_u8(&b, 0);
    err = b.err != TEE_OK ? b.err : refuse(k, value, f, (const char *)b.p);
    tee_buf_clear(&b);
    return err;
}

static enum tee_err
keep(const char *value, struct ks_conf_token *t, size_t at)
{
    char *copy = strdup(value);

    if (copy == NULL)
        return TEE_E_NOMEM;
    free(*(char **)(void *)((char *)t + at));
    *(char **)(void *)((char *)t + at) = copy;
    return TEE_OK;
}

static bool
only(const char *s, size_t n, const char *allowed)
{
    return strspn(s, allowed) >= n;
}

#define DIGITS "0123456789"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Decimal, no sign, no leading zero, at most max. */
static bool
number(const char *s, size_t n, uint64_t max, uint64_t *ret)
{
    uint64_t v = 0;
    size_t i;

    if (n == 0 || n > 10 || !only(s, n, DIGITS) || (s[0] == '0' && n > 1))
        return false;
    for (i = 0; i < n; i++)
        v = v * 10 + (uint64_t)(s[i] - '0');
    if (v > max)
        return false;
    *ret = v;
    return true;
}

/* Absolute, no ".", "..", empty component or trailing slash. */
static bool
is_path(const char *s)
{
    size_t n;

    if (*s != '/')
        return false;
    while (*s == '/') {
        s++;
        n = strcspn(s, "/");
        if (n == 0 || (n == 1 && s[0] == '.') ||
            (n == 2 && s[0] == '.' && s[1] == '.'))
            return false;
        s += n;
    }
    return true;
}

/* ---- URLs ---------------------------------------------------------------- */

/* Length of a lower-case host name or IPv4 address, 0: none. */
static size_t
host_len(const char *s)
{
    size_t n = strspn(s, LOWER DIGITS ".-"), i;

    if (n == 0 || n > 253 || s[0] == '.' || s[0] == '-' || s[n - 1] == '.' ||
        s[n - 1] == '-')
        return 0;
    for (i = 1; i < n; i++) {
        if (s[i] == '.' && (s[i - 1] == '.' || s[i - 1] == '-'))
            return 0;
        if (s[i - 1] == '.' && s[i] == '-')
            return 0;
    }
    return n;
}

/* What follows scheme://host[:port]; NULL: it is none. *host: where it is. */
static const char *
after_host(const char *s, const char *scheme, bool port_must, const char **host,
           size_t *len)
{
    size_t n = strlen(scheme);
    uint64_t port;

    if (strncmp(s, scheme, n) != 0)
        return NULL;
    *host = s + n;
    *len = host_len(*host);
    if (*len == 0)
        return NULL;
    s = *host + *len;
    if (*s != ':')
        return port_must ? NULL : s;
    n = strcspn(++s, "/");
    if (!number(s, n, PORT_MAX, &port) || port == 0)
        return NULL;
    return s + n;
}

static bool
is_https(const char *s)
{
    const char *host, *rest;
    size_t n;

    rest = after_host(s, "https://", false, &host, &n);
    return rest != NULL && *rest == '\0';
}

/* /keys/NAME or /keys/NAME/VERSION, names as Key Vault has them. */
static bool
is_akv(const char *s)
{
    const char *host, *p;
    size_t n;

    p = after_host(s, "https://", false, &host, &n);
    if (p == NULL || strncmp(p, "/keys/", 6) != 0)
        return false;
    p += 6;
    n = strcspn(p, "/");
    if (n == 0 || n > 127 || !only(p, n, LOWER UPPER DIGITS "-"))
        return false;
    p += n;
    if (*p == '\0')
        return true;
    n = strlen(++p);
    return n >= 1 && n <= 64 && only(p, n, LOWER UPPER DIGITS);
}

static bool
is_proxy(const char *s)
{
    const char *host, *rest;
    size_t n;

    rest = after_host(s, "http://", true, &host, &n);
    return rest != NULL && *rest == '\0';
}

/* Four numbers, the first two of them a and (when not 256) b. */
static bool
is_ipv4_in(const char *s, size_t len, unsigned a, unsigned b)
{
    uint64_t v[4];
    size_t i, n;

    for (i = 0; i < 4; i++) {
        n = 0;
        while (n < len && s[n] != '.')
            n++;
        if (!number(s, n, 255, &v[i]))
            return false;
        s += n;
        len -= n;
        if (i < 3) {
            if (len == 0)
                return false;
            s++;
            len--;
        }
    }
    return len == 0 && v[0] == a && (b == 256 || v[1] == b);
}

/* The metadata address: whoever answers there hands out our identity. */
static bool
is_imds(const char *s)
{
    const char *host, *rest;
    size_t n;

    rest = after_host(s, "http://", false, &host, &n);
    if (rest == NULL || *rest != '\0')
        return false;
    return is_ipv4_in(host, n, 169, 254) || is_ipv4_in(host, n, 127, 256) ||
           (n == 9 && strncmp(host, "localhost", 9) == 0);
}

/* ---- other texts --------------------------------------------------------- */

static bool
is_uuid(const char *s)
{
    size_t i;

    if (strlen(s) != 36)
        return false;
    for (i = 0; i < 36; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (s[i] != '-')
                return false;
        } else if (!only(s + i, 1, DIGITS "abcdef")) {
            return false;
        }
    }
    return true;
}

/* did:METHOD:ID; the id is any visible UTF-8, methods differ in theirs. */
static bool
is_did(const char *s)
{
    size_t n;

    if (strlen(s) > DID_MAX || strncmp(s, "did:", 4) != 0)
        return false;
    s += 4;
    n = strspn(s, LOWER DIGITS);
    if (n == 0 || s[n] != ':' || s[n + 1] == '\0')
        return false;
    return strcspn(s, " \t\"'<>\\") == strlen(s);
}

static bool
is_label(const char *s)
{
    size_t n = strlen(s), i;

    if (n == 0 || n > LABEL_MAX || !tee_utf8(tee_bytes_of(s)))
        return false;
    for (i = 0; i < n; i++) {
        if ((uint8_t)s[i] < 0x20 || s[i] == 0x7f)
            return false;
        /* U+0080..U+009F are control characters too */
        if ((uint8_t)s[i] == 0xc2 && (uint8_t)s[i + 1] < 0xa0)
            return false;
    }
    return true;
}

static bool
is_tcti(const char *s)
{
    if (strncmp(s, "device:", 7) == 0)
        return is_path(s + 7);
    if (strncmp(s, "swtpm:path=", 11) == 0)
        return is_path(s + 11);
    return strcmp(s, "tabrmd") == 0;
}

static enum tee_err
set_via(const struct ks_conf_key *k, const char *value, struct ks_conf_token *t,
        struct tee_fault *f)
{
    if (strcmp(value, "process") == 0)
        return TEE_OK;
    if (strncmp(value, "unix:", 5) == 0 && strlen(value + 5) <= UNIX_MAX &&
        is_path(value + 5))
        return keep(value + 5, t, k->at);
    return refuse(k, value, f,
                  "process, or unix: and an absolute path of at most 107 "
                  "bytes");
}

static enum tee_err
set_label(const struct ks_conf_key *k, const char *value,
          struct ks_conf_token *t, struct tee_fault *f)
{
    if (!is_label(value))
        return refuse(k, value, f,
                      "1 to 32 bytes of UTF-8 without control characters");
    memcpy((char *)t + k->at, value, strlen(value) + 1);
    return TEE_OK;
}

/* ---- numbers ------------------------------------------------------------- */

static enum tee_err
set_number(const struct ks_conf_key *k, const char *value,
           struct ks_conf_token *t, struct tee_fault *f)
{
    char must[64];
    struct tee_buf b;
    uint64_t v;
    enum tee_err err;

    if (number(value, strlen(value), k->max, &v) && v >= k->min) {
        if (k->kind == KS_CK_SECONDS)
            *(unsigned *)(void *)((char *)t + k->at) = (unsigned)v;
        else
            *(int *)(void *)((char *)t + k->at) = (int)v;
        return TEE_OK;
    }
    tee_buf_init(&b, sizeof(must));
    tee_buf_printf(&b, "a number %sfrom %u to %u",
                   k->kind == KS_CK_SECONDS ? "of seconds " : "", k->min,
                   k->max);
    tee_buf_u8(&b, 0);
    err = b.err != TEE_OK ? b.err : refuse(k, value, f, (const char *)b.p);
    tee_buf_clear(&b);
    return err;
}

/* A name that may stand in a command which the operator will paste. */
static bool
is_account_name(const char *s, size_t n)
{
    return n > 0 && n <= 32 && only(s, n, LOWER DIGITS "_-") &&
           only(s, 1, LOWER "_");
}

static enum tee_err
refuse_account(const struct ks_conf_key *k, const char *item, size_t n,
               const char *value, struct tee_fault *f)
{
    bool group = k->kind == KS_CK_GID || k->kind == KS_CK_GIDS;

    if (!is_account_name(item, n))
        return refuse(k, value, f, "a number");
    return tee_fault(f, TEE_E_CONFIG,
                     "%s: must be a number; \"%s %.*s\" prints it", k->name,
                     group ? "getent group" : "id -u", (int)n, item);
}

static enum tee_err
set_account(const struct ks_conf_key *k, const char *value,
            struct ks_conf_token *t, struct tee_fault *f)
{
    uint64_t v;

    if (!number(value, strlen(value), ID_MAX, &v))
        return refuse_account(k, value, strlen(value), value, f);
    if (k->kind == KS_CK_UID) {
        t->has_user = true;
        t->user = (uid_t)v;
    } else {
        t->has_group = true;
        t->group = (gid_t)v;
    }
    return TEE_OK;
}

/*
 * One item of a comma separated list, without the blanks around it.  Moves
 * *s behind it; false: there is none left.
 */
static bool
next_item(const char **s, const char **item, size_t *n)
{
    const char *p;

    if (*s == NULL)
        return false;
    p = *s + strspn(*s, " \t");
    *item = p;
    *n = strcspn(p, ",");
    *s = p[*n] == ',' ? p + *n + 1 : NULL;
    while (*n > 0 && (p[*n - 1] == ' ' || p[*n - 1] == '\t'))
        (*n)--;
    return true;
}

static enum tee_err
set_ids(const struct ks_conf_key *k, const char *value, struct ks_conf_token *t,
        struct tee_fault *f)
{
    struct ks_ids *ids = (struct ks_ids *)(void *)((char *)t + k->at);
    const char *s = value, *item;
    uint64_t v;
    size_t n;

    ids->n = 0;
    while (next_item(&s, &item, &n)) {
        if (!number(item, n, ID_MAX, &v))
            return refuse_account(k, item, n, value, f);
        if (ids->n == KS_IDS_MAX || (ids->n > 0 && v <= ids->v[ids->n - 1]))
            return refuse(k, value, f,
                          "a list of at most 64 numbers, ascending, without "
                          "duplicates");
        ids->v[ids->n++] = (uint32_t)v;
    }
    t->has_allow = true;
    return TEE_OK;
}

static enum tee_err
set_pcrs(const struct ks_conf_key *k, const char *value,
         struct ks_conf_token *t, struct tee_fault *f)
{
    const char *s = value, *item;
    uint32_t mask = 0;
    uint64_t v;
    size_t n;

    while (next_item(&s, &item, &n)) {
        if (!number(item, n, PCR_LAST, &v) || mask >> v != 0)
            return refuse(k, value, f,
                          "a list of numbers from 0 to 23, ascending, without "
                          "duplicates");
        mask |= (uint32_t)1 << v;
    }
    t->pcrs = mask;
    return TEE_OK;
}

/* ---- words --------------------------------------------------------------- */

static const struct ks_word *
word_find(const struct ks_conf_key *k, const char *value)
{
    const struct ks_word *w;

    for (w = k->words; w->word != NULL; w++) {
        if (strcmp(w->word, value) == 0)
            return w;
    }
    return NULL;
}

/* Every enum of struct ks_conf_token has the size of unsigned. */
_Static_assert(sizeof(enum ks_platform) == sizeof(unsigned), "enum");

static enum tee_err
set_word(const struct ks_conf_key *k, const char *value,
         struct ks_conf_token *t, struct tee_fault *f)
{
    const struct ks_word *w = word_find(k, value);
    unsigned v;

    if (w == NULL)
        return refuse_word(k, value, f);
    if (k->kind == KS_CK_FLAG) {
        *(bool *)((char *)t + k->at) = w->value != 0;
    } else {
        v = (unsigned)w->value;
        memcpy((char *)t + k->at, &v, sizeof(v));
    }
    return TEE_OK;
}

enum tee_err
ks_conf_log_value(const struct ks_conf_key *k, const char *value,
                  enum tee_log_sink *ret, struct tee_fault *f)
{
    const struct ks_word *w = word_find(k, value);

    if (w == NULL)
        return refuse_word(k, value, f);
    *ret = (enum tee_log_sink)w->value;
    return TEE_OK;
}

/* ---- the kinds ----------------------------------------------------------- */

static bool
is_root(const char *s)
{
    return strcmp(s, "/") == 0 || is_path(s);
}

static bool
is_proxy_or_none(const char *s)
{
    return strcmp(s, "none") == 0 || is_proxy(s);
}

/* Kinds whose text is kept as it is: what it must look like. */
static const struct text_kind {
    enum ks_conf_kind kind;
    bool (*ok)(const char *s);
    const char *must;
} text_kinds[] = {
    { KS_CK_PATH, is_path, "an absolute path without \".\" or \"..\"" },
    { KS_CK_ROOT, is_root, "an absolute path without \".\" or \"..\"" },
    { KS_CK_DID, is_did, "did:METHOD:ID of at most 512 bytes" },
    { KS_CK_HTTPS, is_https, "https://host[:port] without a path" },
    { KS_CK_AKV, is_akv,
      "https://host[:port]/keys/NAME or "
      "https://host[:port]/keys/NAME/VERSION" },
    { KS_CK_PROXY, is_proxy_or_none, "none or http://host:port" },
    { KS_CK_IMDS, is_imds,
      "http://host[:port] with a link-local or loopback host" },
    { KS_CK_TCTI, is_tcti, "device:PATH, tabrmd or swtpm:path=PATH" },
    { KS_CK_UUID, is_uuid, "a UUID in lower case, 8-4-4-4-12 digits" },
};

static enum tee_err
set_text(const struct ks_conf_key *k, const char *value,
         struct ks_conf_token *t, struct tee_fault *f)
{
    const struct text_kind *x;

    for (x = text_kinds; x < text_kinds + TEE_LEN(text_kinds); x++) {
        if (x->kind != k->kind)
            continue;
        if (!x->ok(value))
            return refuse(k, value, f, x->must);
        return keep(value, t, k->at);
    }
    return TEE_E_STATE; /* a row of the table without its kind here */
}

typedef enum tee_err setter(const struct ks_conf_key *k, const char *value,
                            struct ks_conf_token *t, struct tee_fault *f);
static setter *const setters[KS_CK_KINDS] = {
    [KS_CK_WORD] = set_word,     [KS_CK_FLAG] = set_word,
    [KS_CK_NUMBER] = set_number, [KS_CK_SECONDS] = set_number,
    [KS_CK_PATH] = set_text,     [KS_CK_ROOT] = set_text,
    [KS_CK_LABEL] = set_label,   [KS_CK_VIA] = set_via,
    [KS_CK_DID] = set_text,      [KS_CK_HTTPS] = set_text,
    [KS_CK_AKV] = set_text,      [KS_CK_PROXY] = set_text,
    [KS_CK_IMDS] = set_text,     [KS_CK_TCTI] = set_text,
    [KS_CK_UUID] = set_text,     [KS_CK_UID] = set_account,
    [KS_CK_GID] = set_account,   [KS_CK_UIDS] = set_ids,
    [KS_CK_GIDS] = set_ids,      [KS_CK_PCRS] = set_pcrs,
};

enum tee_err
ks_conf_value(const struct ks_conf_key *k, const char *value,
              struct ks_conf_token *t, struct tee_fault *f)
{
    if (setters[k->kind] == NULL)
        return tee_fault(f, TEE_E_CONFIG,
                         "\"%s\" may stand only before the first section",
                         k->name);
    return setters[k->kind](k, value, t, f);
}
