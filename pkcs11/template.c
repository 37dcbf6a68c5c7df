#include <string.h>

#include "pkcs11/tp11.h"

#define U(use) (1u << TP11_USE_##use)

#define KEYS       (U(PUBLIC) | U(PRIVATE))
#define GENERATE   (U(GEN_PUBLIC) | U(GEN_PRIVATE))
#define PUBLICS    (U(PUBLIC) | U(GEN_PUBLIC))
#define PRIVATES   (U(PRIVATE) | U(GEN_PRIVATE))
#define MAKE       (U(DATA) | U(CERT) | KEYS | GENERATE)
#define SET_KEYS   (U(SET_PUBLIC) | U(SET_PRIVATE))
#define SET        (U(SET_DATA) | U(SET_CERT) | SET_KEYS)
#define EVERYWHERE (MAKE | SET | U(REQUEST) | U(COPY))

/* What to do with a value; `arg` of the row says where it goes. */
enum action {
    DO_CLASS,
    DO_TOKEN,
    DO_FLAG,
    DO_TRUE, /* this or nothing; arg: the code if not */
    DO_FALSE,
    DO_WISH, /* a truth value that changes nothing */
    DO_TEXT,
    DO_ID,
    DO_BYTES,
    DO_DATE,
    DO_VALUE,
    DO_GIVEN_TEXT,
    DO_GIVEN_BYTES,
    DO_NONCE,
    DO_EXPORTER,
    DO_X509,
    DO_CATEGORY,
    DO_TYPE,
    DO_BITS,
    DO_SET,
    DO_READ_ONLY
};
struct row {
    CK_ATTRIBUTE_TYPE type;
    unsigned uses;
    enum action action;
    CK_ULONG arg;
};

#define INCONSISTENT CKR_TEMPLATE_INCONSISTENT
#define READ_ONLY    CKR_ATTRIBUTE_READ_ONLY
static const struct row rows[] = {
    { CKA_CLASS, MAKE | U(REQUEST), DO_CLASS, 0 },
    { CKA_TOKEN, MAKE | U(REQUEST) | U(COPY), DO_TOKEN, 0 },
    { CKA_PRIVATE, MAKE | U(COPY), DO_FLAG, KS_O_PRIVATE },
    { CKA_PRIVATE, U(REQUEST), DO_FALSE, INCONSISTENT },
    { CKA_LABEL, MAKE | SET | U(REQUEST), DO_TEXT, KS_A_LABEL },
    { CKA_UNIQUE_ID, EVERYWHERE, DO_READ_ONLY, 0 },
    { CKA_APPLICATION, U(DATA) | U(SET_DATA), DO_TEXT, KS_A_APPLICATION },
    { CKA_OBJECT_ID, U(DATA) | U(SET_DATA), DO_BYTES, KS_A_OBJECT_ID },
    { CKA_VALUE, U(DATA) | U(CERT) | KEYS | U(SET_DATA), DO_VALUE,
      TP11_W_VALUE },
    { CKA_CERTIFICATE_TYPE, U(CERT), DO_X509, 0 },
    { CKA_CERTIFICATE_CATEGORY, U(CERT), DO_CATEGORY, 0 },
    { CKA_ISSUER, U(CERT), DO_BYTES, KS_A_ISSUER },
    { CKA_SERIAL_NUMBER, U(CERT), DO_BYTES, KS_A_SERIAL },
    { CKA_URL, U(CERT), DO_BYTES, KS_A_URL },
    { CKA_CHECK_VALUE, U(CERT), DO_VALUE, TP11_W_CHECK },
    /* the SO alone may trust, and none of ours does */
    { CKA_TRUSTED, U(CERT) | KEYS | GENERATE, DO_FALSE, READ_ONLY },
    { CKA_SUBJECT, U(CERT) | KEYS | GENERATE | U(SET_CERT) | SET_KEYS, DO_BYTES,
      KS_A_SUBJECT },
    { CKA_ID, U(CERT) | KEYS | GENERATE | U(SET_CERT) | SET_KEYS, DO_ID,
      KS_A_ID },
    { CKA_START_DATE, U(CERT) | KEYS | GENERATE | U(SET_CERT) | SET_KEYS,
      DO_DATE, KS_A_START },
    { CKA_END_DATE, U(CERT) | KEYS | GENERATE | U(SET_CERT) | SET_KEYS, DO_DATE,
      KS_A_END },
    { CKA_KEY_TYPE, KEYS | GENERATE, DO_TYPE, 0 },
    { CKA_SENSITIVE, PRIVATES, DO_TRUE, INCONSISTENT },
    { CKA_SENSITIVE, U(SET_PRIVATE), DO_TRUE, READ_ONLY },
    { CKA_EXTRACTABLE, PRIVATES, DO_FALSE, INCONSISTENT },
    { CKA_EXTRACTABLE, U(SET_PRIVATE), DO_FALSE, READ_ONLY },
    { CKA_ALWAYS_AUTHENTICATE, PRIVATES, DO_FALSE, INCONSISTENT },
    { CKA_WRAP_WITH_TRUSTED, PRIVATES, DO_FALSE, INCONSISTENT },
    { CKA_SIGN, PRIVATES | U(SET_PRIVATE), DO_FLAG, KS_O_SIGN },
    { CKA_VERIFY, PUBLICS | U(SET_PUBLIC), DO_FLAG, KS_O_VERIFY },
    { CKA_ENCRYPT, PUBLICS, DO_WISH, 0 },
    { CKA_VERIFY_RECOVER, PUBLICS, DO_WISH, 0 },
    { CKA_WRAP, PUBLICS, DO_WISH, 0 },
    { CKA_DECRYPT, PRIVATES, DO_WISH, 0 },
    { CKA_SIGN_RECOVER, PRIVATES, DO_WISH, 0 },
    { CKA_UNWRAP, PRIVATES, DO_WISH, 0 },
    { CKA_DERIVE, KEYS | GENERATE, DO_WISH, 0 },
    { CKA_MODULUS, KEYS, DO_VALUE, TP11_W_MODULUS },
    { CKA_MODULUS_BITS, U(GEN_PUBLIC), DO_BITS, 0 },
    { CKA_PUBLIC_EXPONENT, KEYS | U(GEN_PUBLIC), DO_VALUE, TP11_W_EXPONENT },
    { CKA_PRIVATE_EXPONENT, U(PRIVATE), DO_VALUE, TP11_W_D },
    { CKA_PRIME_1, U(PRIVATE), DO_VALUE, TP11_W_P },
    { CKA_PRIME_2, U(PRIVATE), DO_VALUE, TP11_W_Q },
    { CKA_EXPONENT_1, U(PRIVATE), DO_VALUE, TP11_W_DP },
    { CKA_EXPONENT_2, U(PRIVATE), DO_VALUE, TP11_W_DQ },
    { CKA_COEFFICIENT, U(PRIVATE), DO_VALUE, TP11_W_QI },
    { CKA_PUBLIC_KEY_INFO, KEYS | U(CERT), DO_VALUE, TP11_W_SPKI },
    { CKA_EC_PARAMS, KEYS | GENERATE, DO_VALUE, TP11_W_EC_PARAMS },
    { CKA_EC_POINT, KEYS, DO_VALUE, TP11_W_EC_POINT },
    { CKA_PARAMETER_SET, KEYS | GENERATE, DO_SET, 0 },
    { CKA_ALLOWED_MECHANISMS, KEYS | GENERATE, DO_VALUE, TP11_W_ALLOWED },
    { CKA_MODIFIABLE, MAKE | U(COPY), DO_FLAG, KS_O_MODIFIABLE },
    { CKA_DESTROYABLE, MAKE | U(COPY), DO_FLAG, KS_O_DESTROYABLE },
    { CKA_COPYABLE, U(DATA) | U(CERT) | PUBLICS | U(COPY), DO_FLAG,
      KS_O_COPYABLE },
    { CKA_COPYABLE, PRIVATES, DO_FALSE, INCONSISTENT },
    { CKA_LOCAL, KEYS | GENERATE, DO_READ_ONLY, 0 },
    { CKA_NEVER_EXTRACTABLE, PRIVATES, DO_READ_ONLY, 0 },
    { CKA_ALWAYS_SENSITIVE, PRIVATES, DO_READ_ONLY, 0 },
    { CKA_KEY_GEN_MECHANISM, KEYS | GENERATE, DO_READ_ONLY, 0 },
    { CKA_TEE_KEY_ORIGIN, KEYS | GENERATE, DO_READ_ONLY, 0 },
    { CKA_TEE_KEY_BOUND, KEYS | GENERATE, DO_READ_ONLY, 0 },
    { CKA_TEE_KEY_REF, U(REQUEST), DO_GIVEN_BYTES, TP11_G_KEY_REF },
    { CKA_TEE_AGENT_DID, U(REQUEST), DO_GIVEN_TEXT, TP11_G_DID },
    { CKA_TEE_CHALLENGE_ID, U(REQUEST), DO_GIVEN_TEXT, TP11_G_CHALLENGE },
    { CKA_TEE_NONCE, U(REQUEST), DO_NONCE, TP11_G_NONCE },
    { CKA_TEE_TLS_EXPORTER, U(REQUEST), DO_EXPORTER, TP11_G_EXPORTER },
    { CKA_TEE_BINDING, U(REQUEST), DO_GIVEN_TEXT, TP11_G_BINDING },
    { CKA_TEE_BINDING_INPUT, U(REQUEST), DO_GIVEN_BYTES, TP11_G_INPUT },
};
_Static_assert(TEE_LEN(rows) <= 128, "two words of `seen`");

/* ---- values
 * -------------------------------------------------------------------
 */

static bool
number(struct tee_bytes v, CK_ULONG *ret)
{
    if (v.len != sizeof(*ret))
        return false;
    memcpy(ret, v.p, sizeof(*ret));
    return true;
}

static bool
truth(struct tee_bytes v, bool *ret)
{
    if (v.len != sizeof(CK_BBOOL) || v.p[0] > CK_TRUE)
        return false;
    *ret = v.p[0] == CK_TRUE;
    return true;
}

static bool
text(struct tee_bytes v, size_t max)
{
    return v.len <= max && tee_utf8(v) &&
           (v.len == 0 || memchr(v.p, 0, v.len) == NULL);
}

/* CK_DATE, or nothing */
static bool
date(struct tee_bytes v)
{
    size_t i;

    for (i = 0; i < v.len; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return false;
    }
    return v.len == 0 || v.len == 8;
}

/* Truth values: token, flags, and what has to be so. */
static CK_RV
take_truth(const struct row *r, struct tee_bytes v, struct tp11_want *w)
{
    bool b;

    if (!truth(v, &b))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    switch ((int)r->action) {
    case DO_TOKEN:
        w->token = b;
        w->has_token = true;
        return CKR_OK;
    case DO_FLAG:
        w->said |= (uint32_t)r->arg;
        w->flags |= b ? (uint32_t)r->arg : 0;
        return CKR_OK;
    case DO_TRUE:
        return b ? CKR_OK : r->arg;
    case DO_FALSE:
        return b ? r->arg : CKR_OK;
    default: /* DO_WISH */
        return CKR_OK;
    }
}

static CK_RV
take_number(const struct row *r, struct tee_bytes v, struct tp11_want *w)
{
    CK_ULONG n;

    if (!number(v, &n))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    switch ((int)r->action) {
    case DO_X509:
        w->has_x509 = true;
        return n == CKC_X_509 ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID;
    case DO_CATEGORY: /* up to CK_CERTIFICATE_CATEGORY_OTHER_ENTITY */
        w->has_category = true;
        w->category = n;
        return n <= 3 ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID;
    case DO_TYPE:
        w->has_type = true;
        w->type = n;
        return CKR_OK;
    case DO_BITS:
        w->has_bits = true;
        w->bits = n;
        return CKR_OK;
    case DO_SET:
        w->has_set = true;
        w->set = n;
        return CKR_OK;
    default: /* DO_CLASS: chosen by it already */
        return CKR_OK;
    }
}

static bool
bytes_fit(enum action action, struct tee_bytes v)
{
    switch ((int)action) {
    case DO_TEXT:
        return text(v, TP11_LABEL_MAX);
    case DO_ID:
        return v.len <= TP11_ID_MAX;
    case DO_DATE:
        return date(v);
    case DO_GIVEN_TEXT: /* a DID may be as long as the configuration's */
        return v.len > 0 && text(v, 65535);
    case DO_NONCE: /* trust.md section 1: lp() of at most 1024 bytes */
        return v.len > 0 && text(v, 1024);
    case DO_EXPORTER: /* RFC 9266 */
        return v.len == 32;
    case DO_GIVEN_BYTES:
        return v.len > 0;
    default:
        return true;
    }
}

static CK_RV
take_bytes(const struct row *r, struct tee_bytes v, struct tp11_want *w)
{
    if (!bytes_fit(r->action, v))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    switch ((int)r->action) {
    case DO_TEXT:
    case DO_ID:
    case DO_BYTES:
    case DO_DATE:
        w->attr[r->arg] = v;
        break;
    case DO_VALUE:
        w->value[r->arg] = v;
        break;
    default:
        w->given[r->arg] = v;
        break;
    }
    return CKR_OK;
}

static CK_RV
take(const struct row *r, struct tee_bytes v, struct tp11_want *w)
{
    switch (r->action) {
    case DO_TOKEN:
    case DO_FLAG:
    case DO_TRUE:
    case DO_FALSE:
    case DO_WISH:
        return take_truth(r, v, w);
    case DO_CLASS:
    case DO_X509:
    case DO_CATEGORY:
    case DO_TYPE:
    case DO_BITS:
    case DO_SET:
        return take_number(r, v, w);
    case DO_TEXT:
    case DO_ID:
    case DO_BYTES:
    case DO_DATE:
    case DO_VALUE:
    case DO_GIVEN_TEXT:
    case DO_GIVEN_BYTES:
    case DO_NONCE:
    case DO_EXPORTER:
        return take_bytes(r, v, w);
    case DO_READ_ONLY:
        break;
    }
    return CKR_ATTRIBUTE_READ_ONLY;
}

/* ---- templates
 * ------------------------------------------------------------------
 */

/* The row for this use; `known`: there is one for some other. */
static const struct row *
find(CK_ATTRIBUTE_TYPE type, unsigned uses, bool *known)
{
    size_t i;

    *known = false;
    for (i = 0; i < TEE_LEN(rows); i++) {
        if (rows[i].type != type)
            continue;
        *known = true;
        if ((rows[i].uses & uses) != 0)
            return &rows[i];
    }
    return NULL;
}

bool
tp11_template_class(struct tp11_template t, CK_OBJECT_CLASS *ret)
{
    CK_ULONG i;

    for (i = 0; i < t.n && i < TP11_SEARCH_MAX; i++) {
        if (t.t[i].type == CKA_CLASS)
            return t.t[i].pValue != NULL &&
                   number(
                       (struct tee_bytes){ t.t[i].pValue, t.t[i].ulValueLen },
                       ret);
    }
    return false;
}

static CK_RV
class_fits(const struct row *r, enum tp11_use use, struct tee_bytes v)
{
    static const CK_OBJECT_CLASS classes[] = {
        [TP11_USE_DATA] = CKO_DATA,
        [TP11_USE_CERT] = CKO_CERTIFICATE,
        [TP11_USE_PUBLIC] = CKO_PUBLIC_KEY,
        [TP11_USE_PRIVATE] = CKO_PRIVATE_KEY,
        [TP11_USE_GEN_PUBLIC] = CKO_PUBLIC_KEY,
        [TP11_USE_GEN_PRIVATE] = CKO_PRIVATE_KEY,
        [TP11_USE_REQUEST] = CKO_TEE_EVIDENCE,
    };
    CK_ULONG n;

    if (r->action != DO_CLASS || use >= TEE_LEN(classes))
        return CKR_OK;
    if (!number(v, &n))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    return n == classes[use] ? CKR_OK : CKR_TEMPLATE_INCONSISTENT;
}

static CK_RV
parse_one(const CK_ATTRIBUTE *a, enum tp11_use use, bool copy, uint64_t seen[2],
          struct tp11_want *w)
{
    /* an empty value has an address too: it was said */
    struct tee_bytes v = { a->pValue != NULL ? a->pValue : "", a->ulValueLen };
    bool known, sets = use >= TP11_USE_SET_DATA;
    const struct row *r;
    size_t i;
    CK_RV rv;

    r = find(a->type, 1u << use | (copy ? U(COPY) : 0), &known);
    if (r == NULL)
        return known && sets ? CKR_ATTRIBUTE_READ_ONLY
                             : CKR_ATTRIBUTE_TYPE_INVALID;
    if (a->pValue == NULL && a->ulValueLen > 0)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    if (a->ulValueLen > KS_OBJECT_MAX)
        return CKR_DEVICE_MEMORY;
    i = (size_t)(r - rows);
    if (seen[i / 64] >> i % 64 & 1u)
        return CKR_TEMPLATE_INCONSISTENT;
    seen[i / 64] |= UINT64_C(1) << i % 64;
    rv = class_fits(r, use, v);
    return rv != CKR_OK ? rv : take(r, v, w);
}

CK_RV
tp11_template_parse(struct tp11_template t, enum tp11_use use, bool copy,
                    struct tp11_want *ret)
{
    struct tp11_want w = { 0 };
    uint64_t seen[2] = { 0 };
    CK_RV rv = CKR_OK;
    CK_ULONG i;

    if (t.n > TP11_SEARCH_MAX)
        return CKR_TEMPLATE_INCONSISTENT;
    for (i = 0; rv == CKR_OK && i < t.n; i++)
        rv = parse_one(&t.t[i], use, copy, seen, &w);
    if (rv == CKR_OK)
        *ret = w;
    return rv;
}
