#include <stdlib.h>
#include <string.h>

#include "tests/pkcs11/calls.h"

#define FULL VALUE_ROOM

struct var *
var_get(struct vars *v, const char *name)
{
    size_t i;

    for (i = 0; i < v->n; i++) {
        if (strcmp(v->v[i].name, name) == 0)
            return &v->v[i];
    }
    if (v->n == VARS)
        abort();
    memset(&v->v[v->n], 0, sizeof(v->v[v->n]));
    snprintf(v->v[v->n].name, sizeof(v->v[v->n].name), "%s", name);
    return &v->v[v->n++];
}

void
vars_clear(struct vars *v)
{
    size_t i;

    for (i = 0; i < v->n; i++)
        free(v->v[i].bytes.p);
    v->n = 0;
}

void
vars_copy(const struct vars *from, struct vars *to)
{
    struct var *v;
    size_t i;

    for (i = 0; i < from->n; i++) {
        v = var_get(to, from->v[i].name);
        v->number = from->v[i].number;
        if (set_bytes(&v->bytes, from->v[i].bytes.p, from->v[i].bytes.len) !=
            NULL)
            abort();
    }
}

const char *
set_bytes(struct bytes *b, const void *p, size_t n)
{
    free(b->p);
    b->p = malloc(n + 1);
    if (b->p == NULL)
        return "no memory";
    memcpy(b->p, p, n);
    b->p[n] = 0;
    b->len = n;
    return NULL;
}

/* "@sig", "@sig^3": with that bit changed, "@sig:63": so many bytes */
static const char *
saved_bytes(const char *word, struct vars *v, struct bytes *ret)
{
    char name[16];
    size_t n = strcspn(word, "^:");
    const struct bytes *from;
    const char *wrong;
    unsigned long x;

    snprintf(name, sizeof(name), "%.*s", (int)n, word);
    from = &var_get(v, name)->bytes;
    if (from->p == NULL)
        return "nothing was saved under that name";
    wrong = set_bytes(ret, from->p, from->len);
    if (wrong != NULL || word[n] == '\0')
        return wrong;
    x = strtoul(word + n + 1, NULL, 10);
    if (word[n] == '^' && x / 8 < ret->len)
        ret->p[x / 8] ^= (uint8_t)(1u << x % 8);
    else if (word[n] == ':' && x <= ret->len)
        ret->len = x;
    else
        return "more than was saved";
    return NULL;
}

static const char *
hex_bytes(const char *hex, struct bytes *ret)
{
    size_t n = strlen(hex) / 2;
    uint8_t *p = malloc(n + 1);
    const char *wrong = "not lower-case hex";

    if (p != NULL && tee_hex_decode(tee_bytes_of(hex), p, n) == TEE_OK)
        wrong = set_bytes(ret, p, n);
    free(p);
    return wrong;
}

static const char *
filled(const char *word, struct bytes *ret)
{
    char *end;
    size_t n = strtoul(word, &end, 10), i;
    const char *wrong;
    uint8_t *p;

    if (*end != '\0' || n > (size_t)64 << 20)
        return "neither bytes nor a number of them";
    p = malloc(n + 1);
    if (p == NULL)
        return "no memory";
    for (i = 0; i < n; i++)
        p[i] = (uint8_t)('a' + i % 26);
    wrong = set_bytes(ret, p, n);
    free(p);
    return wrong;
}

const char *
bytes_parse(const char *word, struct vars *v, struct bytes *ret)
{
    size_t n = strlen(word);

    if (word[0] == '@')
        return saved_bytes(word + 1, v, ret);
    if (strncmp(word, "x:", 2) == 0)
        return hex_bytes(word + 2, ret);
    if (n >= 2 && word[0] == '"' && word[n - 1] == '"')
        return set_bytes(ret, word + 1, n - 2);
    return filled(word, ret);
}

/* ---- templates
 * --------------------------------------------------------------------
 */

static const char *
next_attr(struct template *t, CK_ATTRIBUTE **ret)
{
    if (t->value == NULL)
        t->value = calloc(ATTRS, VALUE_ROOM);
    if (t->value == NULL)
        return "no memory";
    if (t->n == ATTRS)
        return "too many attributes";
    *ret = &t->attr[t->n];
    (*ret)->pValue = t->value + t->n * VALUE_ROOM;
    (*ret)->ulValueLen = 0;
    t->n++;
    return NULL;
}

static const char *
put_value(CK_ATTRIBUTE *a, const void *p, size_t n)
{
    if (n > VALUE_ROOM)
        return "a value with too many bytes for a template";
    memcpy(a->pValue, p, n);
    a->ulValueLen = n;
    return NULL;
}

/* In the shape of the attribute, unless the word says bytes. */
const char *
value_parse(const char *word, enum shape shape, struct vars *v, CK_ATTRIBUTE *a)
{
    struct bytes b = { 0 };
    const char *wrong;
    CK_BBOOL truth;
    CK_ULONG n;

    if (shape == SHAPE_BOOL &&
        (strcmp(word, "true") == 0 || strcmp(word, "false") == 0)) {
        truth = strcmp(word, "true") == 0;
        return put_value(a, &truth, sizeof(truth));
    }
    if (shape == SHAPE_ULONG && number_by_name(word, &n))
        return put_value(a, &n, sizeof(n));
    if (shape == SHAPE_BYTES && number_by_name(word, &n) && n > 255) {
        return put_value(a, &n, sizeof(n)); /* one mechanism of a list */
    }
    wrong = bytes_parse(word, v, &b);
    if (wrong == NULL)
        wrong = put_value(a, b.p, b.len);
    free(b.p);
    return wrong;
}

/* "name=value", "name=null", "name=null:20" (no address, that length) */
static const char *
attr_parse(char *word, struct vars *v, struct template *t)
{
    char *value = strchr(word, '=');
    const struct attr_name *name;
    const char *wrong;
    CK_ATTRIBUTE *a;

    if (value == NULL)
        return "an attribute without a value";
    *value++ = '\0';
    name = attr_by_name(word);
    if (name == NULL)
        return "no such attribute";
    wrong = next_attr(t, &a);
    if (wrong != NULL)
        return wrong;
    a->type = name->type;
    if (strncmp(value, "null", 4) == 0) {
        a->pValue = NULL;
        a->ulValueLen = value[4] == ':' ? strtoul(value + 5, NULL, 10) : 0;
        return NULL;
    }
    return value_parse(value, name->shape, v, a);
}

/* "name": room for all; "name:20": room for so many; "name:null": how long? */
static const char *
get_parse(char *word, struct vars *v, struct template *t)
{
    char *room = strchr(word, ':');
    const struct attr_name *name;
    const char *wrong;
    CK_ATTRIBUTE *a;

    (void)v;
    if (room != NULL)
        *room++ = '\0';
    name = attr_by_name(word);
    if (name == NULL)
        return "no such attribute";
    wrong = next_attr(t, &a);
    if (wrong != NULL)
        return wrong;
    a->type = name->type;
    a->ulValueLen = VALUE_ROOM;
    if (room != NULL && strcmp(room, "null") == 0) {
        a->pValue = NULL;
        a->ulValueLen = 0;
    } else if (room != NULL) {
        a->ulValueLen = strtoul(room, NULL, 10);
    }
    return NULL;
}

static const char *
list_parse(char *list, struct vars *v, struct template *t,
           const char *(*one)(char *, struct vars *, struct template *))
{
    const char *wrong = NULL;
    char *word;

    while (wrong == NULL && (word = strsep(&list, ",")) != NULL) {
        if (*word != '\0')
            wrong = one(word, v, t);
    }
    return wrong;
}

/* ---- the words of a call
 * --------------------------------------------------------------
 */

static const char *
key_slot(char *value, struct vars *v, struct call *c)
{
    const char *const *name = house_names();
    CK_ULONG i;

    (void)v;
    for (i = 0; name[i] != NULL; i++) {
        if (strcmp(name[i], value) == 0) {
            c->slot = i;
            return NULL;
        }
    }
    return number_by_name(value, &c->slot) ? NULL : "no such slot";
}

static const char *
handle(const char *value, struct vars *v, CK_ULONG *ret)
{
    char *end;

    *ret = strtoul(value, &end, 0);
    if (*end != '\0' || end == value)
        *ret = var_get(v, value)->number;
    return NULL;
}

static const char *
key_s(char *value, struct vars *v, struct call *c)
{
    return handle(value, v, &c->session);
}

static const char *
key_o(char *value, struct vars *v, struct call *c)
{
    return handle(value, v, &c->object);
}

static const char *
key_flags(char *value, struct vars *v, struct call *c)
{
    CK_ULONG n;
    char *word;

    (void)v;
    while ((word = strsep(&value, "|")) != NULL) {
        if (!number_by_name(word, &n))
            return "no such flag";
        c->flags |= n;
        c->args.flags = c->flags;
        c->args_null = false;
    }
    return NULL;
}

static const char *
key_user(char *value, struct vars *v, struct call *c)
{
    (void)v;
    return number_by_name(value, &c->user) ? NULL : "no such user type";
}

static const char *
key_pin(char *value, struct vars *v, struct call *c)
{
    return bytes_parse(value, v, &c->pin);
}

static const char *
key_new(char *value, struct vars *v, struct call *c)
{
    return bytes_parse(value, v, &c->pin2);
}

static const char *
key_name(char *value, struct vars *v, struct call *c)
{
    return bytes_parse(value, v, &c->name);
}

static const char *
key_in(char *value, struct vars *v, struct call *c)
{
    return bytes_parse(value, v, &c->in);
}

static const char *
key_sig(char *value, struct vars *v, struct call *c)
{
    return bytes_parse(value, v, &c->sig);
}

static const char *
key_template(char *value, struct vars *v, struct call *c)
{
    return list_parse(value, v, &c->t, attr_parse);
}

static const char *
key_template2(char *value, struct vars *v, struct call *c)
{
    return list_parse(value, v, &c->t2, attr_parse);
}

static const char *
key_get(char *value, struct vars *v, struct call *c)
{
    return list_parse(value, v, &c->t, get_parse);
}

static const char *
key_mech(char *value, struct vars *v, struct call *c)
{
    (void)v;
    return number_by_name(value, &c->mech.mechanism) ? NULL
                                                     : "no such mechanism";
}

/* "null:8", "raw:16", "eddsa:FLAG:CONTEXT-LENGTH" (or "null" and a length),
 * "pss:HASH:MGF:SALT" */
static const char *
key_param(char *value, struct vars *v, struct call *c)
{
    char *kind = strsep(&value, ":"), *a = strsep(&value, ":"),
         *b = strsep(&value, ":"), *d = strsep(&value, ":");
    CK_ULONG n;

    (void)v;
    c->mech.pParameter = &c->param;
    if (strcmp(kind, "null") == 0 && a != NULL) {
        c->mech.pParameter = NULL;
        c->mech.ulParameterLen = strtoul(a, NULL, 10);
    } else if (strcmp(kind, "raw") == 0 && a != NULL) {
        c->mech.ulParameterLen = strtoul(a, NULL, 10);
    } else if (strcmp(kind, "eddsa") == 0 && b != NULL) {
        c->mech.ulParameterLen = sizeof(c->param.eddsa);
        c->param.eddsa.ph_flag = (CK_BBOOL)strtoul(a, NULL, 10);
        c->param.eddsa.context = strcmp(b, "null") == 0 ? NULL : c->context;
        c->param.eddsa.context_len = strtoul(d != NULL ? d : b, NULL, 10);
    } else if (strcmp(kind, "pss") == 0 && d != NULL && number_by_name(a, &n)) {
        c->mech.ulParameterLen = sizeof(c->param.pss);
        c->param.pss.hashAlg = n;
        c->param.pss.mgf = strtoul(b, NULL, 10);
        c->param.pss.sLen = strtoul(d, NULL, 10);
    } else {
        return "no such parameter";
    }
    return NULL;
}

/* "big=N": an attribute CKA_VALUE with so many bytes, outside of `value` */
static const char *
key_big(char *value, struct vars *v, struct call *c)
{
    const char *wrong = bytes_parse(value, v, &c->in);
    CK_ATTRIBUTE *a;

    if (wrong == NULL)
        wrong = next_attr(&c->t, &a);
    if (wrong == NULL)
        *a = (CK_ATTRIBUTE){ CKA_VALUE, c->in.p, c->in.len };
    return wrong;
}

static const char *
key_version(char *value, struct vars *v, struct call *c)
{
    char *minor = strchr(value, '.');

    (void)v;
    c->has_version = minor != NULL;
    c->version.major = (CK_BYTE)strtoul(value, NULL, 10);
    c->version.minor =
        (CK_BYTE)(minor != NULL ? strtoul(minor + 1, NULL, 10) : 0);
    return minor != NULL ? NULL : "not a version";
}

static const char *
key_n(char *value, struct vars *v, struct call *c)
{
    (void)v;
    c->n = strtoul(value, NULL, 10);
    return NULL;
}

static const char *
key_out(char *value, struct vars *v, struct call *c)
{
    (void)v;
    if (strcmp(value, "null") == 0 || strcmp(value, "given") == 0)
        c->out_null = true;
    else
        c->room = strtoul(value, NULL, 10);
    return NULL;
}

static const char *
key_null(char *value, struct vars *v, struct call *c)
{
    static const struct {
        const char *name;
        unsigned bit;
    } map[] = {
        { "ret", NULL_RET }, { "len", NULL_LEN },   { "in", NULL_IN },
        { "sig", NULL_SIG }, { "t", NULL_T },       { "mech", NULL_MECH },
        { "pin", NULL_PIN }, { "name", NULL_NAME },
    };
    size_t i;

    (void)v;
    for (i = 0; i < TEE_LEN(map); i++) {
        if (strcmp(map[i].name, value) == 0) {
            c->nulls |= map[i].bit;
            return NULL;
        }
    }
    return "no such pointer";
}

static CK_RV
callback(void *mutex)
{
    (void)mutex;
    abort(); /* the host's mutexes are never used */
}

static CK_RV
callback_new(void **mutex)
{
    (void)mutex;
    abort();
}

static const char *
key_mutexes(char *value, struct vars *v, struct call *c)
{
    unsigned long n = strtoul(value, NULL, 10);

    (void)v;
    c->args_null = false;
    c->args.CreateMutex = n > 0 ? callback_new : NULL;
    c->args.DestroyMutex = n > 1 ? callback : NULL;
    c->args.LockMutex = n > 2 ? callback : NULL;
    c->args.UnlockMutex = n > 3 ? callback : NULL;
    return NULL;
}

/* "_" is a blank, "%" the path of the house's configuration. */
static const char *
key_reserved(char *value, struct vars *v, struct call *c)
{
    struct bytes b = { 0 };
    const char *wrong = NULL;
    size_t n = 0, i;

    c->args_null = false;
    c->args.pReserved = c->reserved;
    if (value[0] >= '0' && value[0] <= '9') {
        wrong = bytes_parse(value, v, &b);
        snprintf(c->reserved, sizeof(c->reserved), "%s", b.p);
        free(b.p);
        return wrong;
    }
    for (i = 0; value[i] != '\0' && n < sizeof(c->reserved) - 200; i++) {
        if (value[i] == '%')
            n += (size_t)snprintf(c->reserved + n, 200, "%s", house_conf());
        else
            c->reserved[n++] = value[i] == '_'   ? ' '
                               : value[i] == '~' ? '\t'
                                                 : value[i];
    }
    c->reserved[n] = '\0';
    return NULL;
}

const char *
word_parse(char *word, struct vars *v, struct call *c)
{
    static const struct {
        const char *key;
        const char *(*parse)(char *, struct vars *, struct call *);
    } keys[] = {
        { "slot", key_slot },
        { "s", key_s },
        { "o", key_o },
        { "flags", key_flags },
        { "user", key_user },
        { "pin", key_pin },
        { "new", key_new },
        { "name", key_name },
        { "in", key_in },
        { "sig", key_sig },
        { "t", key_template },
        { "t2", key_template2 },
        { "get", key_get },
        { "mech", key_mech },
        { "param", key_param },
        { "n", key_n },
        { "out", key_out },
        { "null", key_null },
        { "mutexes", key_mutexes },
        { "reserved", key_reserved },
        { "big", key_big },
        { "version", key_version },
    };
    char *value = strchr(word, '=');
    size_t i;

    if (value == NULL)
        return "a word without a value";
    *value++ = '\0';
    for (i = 0; i < TEE_LEN(keys); i++) {
        if (strcmp(keys[i].key, word) == 0)
            return keys[i].parse(value, v, c);
    }
    return "no such word";
}
