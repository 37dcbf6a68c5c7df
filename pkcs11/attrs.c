#include <stddef.h>
#include <string.h>

#include "pkcs11/tp11.h"

/* Which objects have an attribute at all. */
#define DATA    0x01u
#define CERT    0x02u
#define PUBLIC  0x04u
#define PRIVATE 0x08u
#define REQUEST 0x10u
#define PROFILE 0x20u
#define KEYS    (PUBLIC | PRIVATE)
#define STORED  (DATA | CERT | KEYS)
#define ALL     (STORED | REQUEST | PROFILE)

static unsigned
kind_of(const struct tp11_object *o)
{
    switch (o->kind) {
    case TP11_REQUEST:
        return REQUEST;
    case TP11_PROFILE:
        return PROFILE;
    case TP11_EVIDENCE:
    case TP11_STATUS:
        return DATA;
    case TP11_STORED:
    case TP11_SESSION:
        break;
    }
    return 1u << o->o->class;
}

/* ---- getters
 * --------------------------------------------------------------------
 */

static enum tp11_got
number(struct tp11_reader *r, CK_ULONG v, struct tee_bytes *ret)
{
    r->number = v;
    *ret = (struct tee_bytes){ (const uint8_t *)&r->number, sizeof(r->number) };
    return TP11_GOT;
}

static enum tp11_got
truth(struct tp11_reader *r, bool v, struct tee_bytes *ret)
{
    r->truth = v ? CK_TRUE : CK_FALSE;
    *ret = (struct tee_bytes){ &r->truth, sizeof(r->truth) };
    return TP11_GOT;
}

static enum tp11_got
get_class(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    (void)arg;
    switch (kind_of(r->object)) {
    case REQUEST:
        return number(r, CKO_TEE_EVIDENCE, ret);
    case PROFILE:
        return number(r, CKO_PROFILE, ret);
    case CERT:
        return number(r, CKO_CERTIFICATE, ret);
    case PUBLIC:
        return number(r, CKO_PUBLIC_KEY, ret);
    case PRIVATE:
        return number(r, CKO_PRIVATE_KEY, ret);
    default:
        return number(r, CKO_DATA, ret);
    }
}

static enum tp11_got
get_token(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    (void)arg;
    return truth(r, r->object->memory == NULL, ret);
}

static enum tp11_got
get_fixed(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    return truth(r, arg != 0, ret);
}

/* What the module makes itself has no flags set. */
static enum tp11_got
get_flag(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    return truth(r, r->object->o != NULL && (r->object->o->flags & arg) != 0,
                 ret);
}

static enum tp11_got
get_unique(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    (void)arg;
    *ret = tee_bytes_of(r->object->unique);
    return TP11_GOT;
}

/* arg: enum ks_attr. An empty value is how PKCS#11 says that there is none. */
static enum tp11_got
get_attr(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    *ret = r->object->o != NULL ? r->object->o->attr[arg]
                                : (struct tee_bytes){ 0 };
    return TP11_GOT;
}

static bool
is_ours(const struct tp11_object *o)
{
    return o->kind == TP11_EVIDENCE || o->kind == TP11_STATUS;
}

/* CKA_LABEL, CKA_APPLICATION: of tee-evidence and tee-status their names. */
static enum tp11_got
get_name(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    return is_ours(r->object) ? get_unique(r, 0, ret) : get_attr(r, arg, ret);
}

/* arg: offset of a part; not every type of key has it */
static enum tp11_got
get_part(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    const char *base = (const char *)&r->object->part;
    struct tee_bytes v;

    memcpy(&v, base + arg, sizeof(v));
    if (v.len == 0)
        return TP11_ABSENT;
    *ret = v;
    return TP11_GOT;
}

/* A secret: sensitive where the key has it. arg: the families, as bits */
static enum tp11_got
get_secret(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    (void)ret;
    return arg >> tp11_family(r->object->o->ktype) & 1u ? TP11_SENSITIVE
                                                        : TP11_ABSENT;
}
#define IN(family)  ((uintptr_t)1 << (family))
#define WITH_VALUE  (IN(TP11_EDWARDS) | IN(TP11_EC) | IN(TP11_MLDSA))
#define WITH_SEED   IN(TP11_MLDSA)
#define WITH_PRIMES IN(TP11_RSA)

static enum tp11_got
get_data_value(struct tp11_reader *r, struct tee_bytes *ret)
{
    if (r->object->kind == TP11_STATUS)
        return tp11_vendor_status(r, 0, ret);
    if (r->object->kind == TP11_EVIDENCE)
        return tp11_vendor_evidence(r, offsetof(struct ks_evidence, bundle),
                                    ret);
    if (r->object->o->sealed.len == 0)
        return get_attr(r, KS_A_VALUE, ret);
    if (r->opened == NULL)
        return TP11_ABSENT;
    *ret = tee_buf_view(r->opened);
    return TP11_GOT;
}

static enum tp11_got
get_value(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    switch (kind_of(r->object)) {
    case DATA:
        return get_data_value(r, ret);
    case PUBLIC:
        return get_part(r, offsetof(struct tp11_parts, value), ret);
    case PRIVATE:
        return get_secret(r, WITH_VALUE, ret);
    case REQUEST:
        return tp11_vendor_evidence(r, offsetof(struct ks_evidence, bundle),
                                    ret);
    default:
        return get_attr(r, arg, ret);
    }
}

static enum tp11_got
get_key_type(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    (void)arg;
    return number(r, tp11_key_type(r->object->o->ktype), ret);
}

static enum tp11_got
get_bits(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    (void)arg;
    if (tp11_family(r->object->o->ktype) != TP11_RSA)
        return TP11_ABSENT;
    return number(r, ks_kinfo(r->object->o->ktype)->bits, ret);
}

static enum tp11_got
get_set(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    (void)arg;
    if (tp11_family(r->object->o->ktype) != TP11_MLDSA)
        return TP11_ABSENT;
    return number(r, r->object->o->ktype - KS_MLDSA44 + 1u, ret);
}

static enum tp11_got
get_gen_mechanism(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    const struct ks_object *o = r->object->o;

    (void)arg;
    return number(r,
                  o->flags & KS_O_LOCAL ? tp11_gen_mechanism(o->ktype)
                                        : CK_UNAVAILABLE_INFORMATION,
                  ret);
}

static enum tp11_got
get_allowed(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    (void)arg;
    *ret = tp11_allowed(r->object->o->ktype);
    return TP11_GOT;
}

static enum tp11_got
get_profile(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    (void)arg;
    return number(r, r->object->profile, ret);
}

static enum tp11_got
get_x509(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    (void)arg;
    return number(r, CKC_X_509, ret);
}

static enum tp11_got
get_category(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    (void)arg;
    return number(r, r->object->o->category, ret);
}

static enum tp11_got
get_check(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    (void)arg;
    *ret = (struct tee_bytes){ r->object->part.check,
                               sizeof(r->object->part.check) };
    return TP11_GOT;
}

/* ---- the table, ascending (pkcs11.md 6.1 to 6.6, 10.2)
 * ------------------------------
 */

#define PART(member)     offsetof(struct tp11_parts, member)
#define EVIDENCE(member) offsetof(struct ks_evidence, member)
static const struct row {
    CK_ATTRIBUTE_TYPE type;
    unsigned kinds;
    tp11_getter *get;
    uintptr_t arg;
} rows[] = {
    { CKA_CLASS, ALL, get_class, 0 },
    { CKA_TOKEN, ALL, get_token, 0 },
    { CKA_PRIVATE, ALL, get_flag, KS_O_PRIVATE },
    { CKA_LABEL, ALL, get_name, KS_A_LABEL },
    { CKA_UNIQUE_ID, ALL, get_unique, 0 },
    { CKA_APPLICATION, DATA, get_name, KS_A_APPLICATION },
    { CKA_VALUE, STORED | REQUEST, get_value, KS_A_VALUE },
    { CKA_OBJECT_ID, DATA, get_attr, KS_A_OBJECT_ID },
    { CKA_CERTIFICATE_TYPE, CERT, get_x509, 0 },
    { CKA_ISSUER, CERT, get_attr, KS_A_ISSUER },
    { CKA_SERIAL_NUMBER, CERT, get_attr, KS_A_SERIAL },
    { CKA_TRUSTED, CERT | KEYS, get_flag, KS_O_TRUSTED },
    { CKA_CERTIFICATE_CATEGORY, CERT, get_category, 0 },
    { CKA_URL, CERT, get_attr, KS_A_URL },
    { CKA_CHECK_VALUE, CERT, get_check, 0 },
    { CKA_KEY_TYPE, KEYS, get_key_type, 0 },
    { CKA_SUBJECT, CERT | KEYS, get_attr, KS_A_SUBJECT },
    { CKA_ID, CERT | KEYS, get_attr, KS_A_ID },
    { CKA_SENSITIVE, PRIVATE, get_fixed, 1 },
    { CKA_ENCRYPT, KEYS, get_fixed, 0 },
    { CKA_DECRYPT, KEYS, get_fixed, 0 },
    { CKA_WRAP, KEYS, get_fixed, 0 },
    { CKA_UNWRAP, KEYS, get_fixed, 0 },
    { CKA_SIGN, PRIVATE, get_flag, KS_O_SIGN },
    { CKA_SIGN_RECOVER, KEYS, get_fixed, 0 },
    { CKA_VERIFY, PUBLIC, get_flag, KS_O_VERIFY },
    { CKA_VERIFY_RECOVER, KEYS, get_fixed, 0 },
    { CKA_DERIVE, KEYS, get_fixed, 0 },
    { CKA_START_DATE, CERT | KEYS, get_attr, KS_A_START },
    { CKA_END_DATE, CERT | KEYS, get_attr, KS_A_END },
    { CKA_MODULUS, KEYS, get_part, PART(modulus) },
    { CKA_MODULUS_BITS, KEYS, get_bits, 0 },
    { CKA_PUBLIC_EXPONENT, KEYS, get_part, PART(exponent) },
    { CKA_PRIVATE_EXPONENT, PRIVATE, get_secret, WITH_PRIMES },
    { CKA_PRIME_1, PRIVATE, get_secret, WITH_PRIMES },
    { CKA_PRIME_2, PRIVATE, get_secret, WITH_PRIMES },
    { CKA_EXPONENT_1, PRIVATE, get_secret, WITH_PRIMES },
    { CKA_EXPONENT_2, PRIVATE, get_secret, WITH_PRIMES },
    { CKA_COEFFICIENT, PRIVATE, get_secret, WITH_PRIMES },
    { CKA_PUBLIC_KEY_INFO, CERT | KEYS, get_part, PART(spki) },
    { CKA_EXTRACTABLE, PRIVATE, get_fixed, 0 },
    { CKA_LOCAL, KEYS, get_flag, KS_O_LOCAL },
    { CKA_NEVER_EXTRACTABLE, PRIVATE, get_flag, KS_O_NEVER_EXTRACTABLE },
    { CKA_ALWAYS_SENSITIVE, PRIVATE, get_flag, KS_O_ALWAYS_SENSITIVE },
    { CKA_KEY_GEN_MECHANISM, KEYS, get_gen_mechanism, 0 },
    { CKA_MODIFIABLE, ALL, get_flag, KS_O_MODIFIABLE },
    { CKA_COPYABLE, ALL, get_flag, KS_O_COPYABLE },
    { CKA_DESTROYABLE, ALL, get_flag, KS_O_DESTROYABLE },
    { CKA_EC_PARAMS, KEYS, get_part, PART(params) },
    { CKA_EC_POINT, KEYS, get_part, PART(point) },
    { CKA_ALWAYS_AUTHENTICATE, PRIVATE, get_fixed, 0 },
    { CKA_WRAP_WITH_TRUSTED, KEYS, get_fixed, 0 },
    { CKA_PROFILE_ID, PROFILE, get_profile, 0 },
    { CKA_PARAMETER_SET, KEYS, get_set, 0 },
    { CKA_SEED, PRIVATE, get_secret, WITH_SEED },
    { CKA_ALLOWED_MECHANISMS, KEYS, get_allowed, 0 },
    { CKA_TEE_KEY_ORIGIN, KEYS, tp11_vendor_origin, 0 },
    { CKA_TEE_KEY_BOUND, KEYS, tp11_vendor_bound, 0 },
    { CKA_TEE_PLATFORM, KEYS | REQUEST, tp11_vendor_platform, 0 },
    { CKA_TEE_EVIDENCE, KEYS | REQUEST, tp11_vendor_evidence,
      EVIDENCE(bundle) },
    { CKA_TEE_EVIDENCE_TYPE, KEYS | REQUEST, tp11_vendor_type, 0 },
    { CKA_TEE_EVIDENCE_TIME, KEYS | REQUEST, tp11_vendor_time, 0 },
    { CKA_TEE_REPORT_DATA, KEYS | REQUEST, tp11_vendor_evidence,
      EVIDENCE(report_data) },
    { CKA_TEE_RAW_REPORT, KEYS | REQUEST, tp11_vendor_raw, 0 },
    { CKA_TEE_ENDORSEMENTS, KEYS | REQUEST, tp11_vendor_endorsements, 0 },
    { CKA_TEE_LAST_ERROR, KEYS, tp11_vendor_error, 0 },
    { CKA_TEE_STATEMENT, KEYS | REQUEST, tp11_vendor_evidence,
      EVIDENCE(statement) },
    { CKA_TEE_AGENT_DID, REQUEST, tp11_vendor_given, TP11_G_DID },
    { CKA_TEE_CHALLENGE_ID, REQUEST, tp11_vendor_given, TP11_G_CHALLENGE },
    { CKA_TEE_NONCE, REQUEST, tp11_vendor_given, TP11_G_NONCE },
    { CKA_TEE_KEY_REF, REQUEST, tp11_vendor_given, TP11_G_KEY_REF },
    { CKA_TEE_TLS_EXPORTER, REQUEST, tp11_vendor_given, TP11_G_EXPORTER },
    { CKA_TEE_BINDING, REQUEST, tp11_vendor_given, TP11_G_BINDING },
    { CKA_TEE_BINDING_INPUT, REQUEST, tp11_vendor_given, TP11_G_INPUT },
};

static const struct row *
find(CK_ATTRIBUTE_TYPE type)
{
    size_t low = 0, high = TEE_LEN(rows), mid;

    while (low < high) {
        mid = (low + high) / 2;
        if (rows[mid].type == type)
            return &rows[mid];
        if (rows[mid].type < type)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

void
tp11_reader_init(struct tp11_reader *r, const struct tp11_token *t,
                 const struct tp11_object *o)
{
    r->token = t;
    r->object = o;
    r->pin = NULL;
    r->opened = NULL;
    tee_buf_init(&r->made, KS_OBJECT_MAX);
}

void
tp11_reader_clear(struct tp11_reader *r)
{
    tee_buf_clear(&r->made);
}

enum tp11_got
tp11_attr_get(struct tp11_reader *r, CK_ATTRIBUTE_TYPE type,
              struct tee_bytes *ret)
{
    const struct row *row = find(type);

    if (row == NULL || (row->kinds & kind_of(r->object)) == 0)
        return TP11_ABSENT;
    return row->get(r, row->arg, ret);
}

bool
tp11_attr_matches(const struct tp11_token *t, const struct tp11_object *o,
                  const CK_ATTRIBUTE *a)
{
    struct tee_bytes have, want = { a->pValue, a->ulValueLen };
    struct tp11_reader r;
    bool same;

    tp11_reader_init(&r, t, o);
    same = tp11_attr_get(&r, a->type, &have) == TP11_GOT &&
           tee_bytes_equal(have, want);
    tp11_reader_clear(&r);
    return same;
}

/* ---- C_GetAttributeValue
 * --------------------------------------------------------------
 */

/* One entry with its value at hand; ~0UL where it can't be given. */
static CK_RV
hand_out(CK_ATTRIBUTE *a, struct tee_bytes v)
{
    if (a->pValue == NULL) {
        a->ulValueLen = v.len;
        return CKR_OK;
    }
    if (a->ulValueLen < v.len) {
        a->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_BUFFER_TOO_SMALL;
    }
    if (v.len > 0)
        memcpy(a->pValue, v.p, v.len);
    a->ulValueLen = v.len;
    return CKR_OK;
}

static CK_RV
refuse(CK_ATTRIBUTE *a, enum tp11_got got)
{
    a->ulValueLen = CK_UNAVAILABLE_INFORMATION;
    switch (got) {
    case TP11_SENSITIVE:
        return CKR_ATTRIBUTE_SENSITIVE;
    case TP11_NOMEM:
        return CKR_HOST_MEMORY;
    case TP11_GOT:
    case TP11_ABSENT:
        break;
    }
    return CKR_ATTRIBUTE_TYPE_INVALID;
}

/* The snapshot rule (pkcs11.md 10.3): a length query pins the value. */
static CK_RV
read_pinned(struct tp11_session *s, struct tp11_reader *r, uint32_t bit,
            CK_ATTRIBUTE *a)
{
    struct tp11_pin *pin = tp11_pin_find(s, r->object->handle);
    bool asks = a->pValue == NULL;
    struct tee_bytes v;
    enum tp11_got got;
    CK_RV rv;

    if (asks && pin == NULL) {
        pin = tp11_pin_make(s, r->object);
        if (pin == NULL)
            return refuse(a, TP11_NOMEM);
    }
    r->pin = pin;
    got = tp11_attr_get(r, a->type, &v);
    if (got != TP11_GOT)
        return refuse(a, got);
    /* endorsements are made of the evidence, which is pinned already */
    if (asks && v.p == r->made.p && pin->text.len == 0 &&
        a->type != CKA_TEE_ENDORSEMENTS) {
        tee_buf_bytes(&pin->text, v);
        if (pin->text.err != TEE_OK)
            return refuse(a, TP11_NOMEM);
    }
    rv = hand_out(a, v);
    if (asks)
        pin->asked |= bit;
    else if (pin != NULL && rv == CKR_OK)
        tp11_pin_read(s, pin, bit);
    return rv;
}

static CK_RV
read_one(struct tp11_session *s, struct tp11_reader *r, CK_ATTRIBUTE *a)
{
    uint32_t bit = tp11_pin_bit(r->object, a->type);
    struct tee_bytes v;
    enum tp11_got got;

    if (bit != 0)
        return read_pinned(s, r, bit, a);
    r->pin = NULL;
    got = tp11_attr_get(r, a->type, &v);
    return got == TP11_GOT ? hand_out(a, v) : refuse(a, got);
}

/* Some values need more than memory at hand: evidence may be newer than the
 * session's view, and the value of a private data object is sealed. */
struct beforehand {
    bool vendor, value; /* are asked for */
    bool opened;
    CK_RV rv; /* of opening it */
    struct tee_buf clear;
};

static void
look(struct tp11_template t, struct beforehand *b)
{
    CK_ULONG i;

    for (i = 0; i < t.n; i++) {
        b->vendor = b->vendor || t.t[i].type >> 8 == CKA_TEE_KEY_ORIGIN >> 8;
        b->value = b->value || t.t[i].type == CKA_VALUE;
    }
}

static bool
is_sealed(const struct tp11_object *o)
{
    return o != NULL && o->kind == TP11_STORED && o->o->class == KS_DATA &&
           o->o->sealed.len > 0;
}

/* No lock is held: sealed values may need the private child. */
static CK_RV
prepare(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE object, struct beforehand *b)
{
    const struct tp11_object *o;
    struct tp11_away a;
    CK_RV rv;

    rv = tp11_go_away(h, &a);
    if (rv != CKR_OK)
        return rv;
    if (b->vendor)
        rv = tp11_rv(tp11_token_update(a.token));
    o = tp11_view_find(a.view, object);
    if (b->value && is_sealed(o) && tp11_sees_private(a.token)) {
        b->rv = tp11_rv(ks_data_open(a.token->ks, o->o, &b->clear, NULL));
        b->opened = b->rv == CKR_OK;
    }
    tp11_away_end(&a);
    return rv;
}

static CK_RV
read_all(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE object, struct tp11_template t,
         const struct beforehand *b)
{
    const struct tp11_object *o;
    struct tp11_session *s;
    struct tp11_reader r;
    CK_RV rv, one;
    CK_ULONG i;

    rv = tp11_session_take(h, &s);
    if (rv != CKR_OK)
        return rv;
    rv = tp11_session_object(s, object, &o);
    if (rv == CKR_OK) {
        tp11_reader_init(&r, s->token, o);
        r.opened = b->opened ? &b->clear : NULL;
        rv = b->rv;
        for (i = 0; i < t.n; i++) {
            one = read_one(s, &r, &t.t[i]);
            rv = rv == CKR_OK ? one : rv;
        }
        tp11_reader_clear(&r);
    }
    tp11_session_give(s);
    return rv;
}

CK_RV
tp11_get_attribute_value(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE object,
                         CK_ATTRIBUTE *t, CK_ULONG n)
{
    struct tp11_template template = { t, n };
    struct beforehand b = { .rv = CKR_OK };
    CK_RV rv = CKR_OK;

    if (t == NULL && n > 0)
        return CKR_ARGUMENTS_BAD;
    tee_buf_init(&b.clear, KS_OBJECT_MAX);
    look(template, &b);
    if (b.vendor || b.value)
        rv = prepare(h, object, &b);
    if (rv == CKR_OK)
        rv = read_all(h, object, template, &b);
    tee_buf_clear(&b.clear);
    return rv;
}
