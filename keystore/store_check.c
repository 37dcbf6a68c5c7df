/* What the syntax of a store file does not say: doc/store-format.md, 1. */
#include "config.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

#define A(x) (1u << (KS_A_##x))

/* What an object of each class can have. */
static const struct shape {
    const char *name;
    uint32_t flags;
    uint32_t attrs; /* bit: enum ks_attr */
} shapes[] = {
    [KS_DATA] = { "data",
                  KS_O_PRIVATE | KS_O_MODIFIABLE | KS_O_DESTROYABLE |
                      KS_O_COPYABLE,
                  A(LABEL) | A(APPLICATION) | A(OBJECT_ID) | A(VALUE) },
    [KS_CERT] = { "certificate",
                  KS_O_PRIVATE | KS_O_MODIFIABLE | KS_O_DESTROYABLE |
                      KS_O_COPYABLE | KS_O_TRUSTED,
                  A(LABEL) | A(ID) | A(SUBJECT) | A(ISSUER) | A(SERIAL) |
                      A(START) | A(END) | A(VALUE) | A(URL) },
    [KS_PUBLIC] = { "public key",
                    KS_O_PRIVATE | KS_O_MODIFIABLE | KS_O_DESTROYABLE |
                        KS_O_COPYABLE | KS_O_LOCAL | KS_O_VERIFY |
                        KS_O_TRUSTED | KS_O_EPHEMERAL,
                    A(LABEL) | A(ID) | A(SUBJECT) | A(START) | A(END) },
    [KS_PRIVATE] = { "private key",
                     KS_O_PRIVATE | KS_O_MODIFIABLE | KS_O_DESTROYABLE |
                         KS_O_LOCAL | KS_O_ALWAYS_SENSITIVE |
                         KS_O_NEVER_EXTRACTABLE | KS_O_SIGN | KS_O_EPHEMERAL,
                     A(LABEL) | A(ID) | A(SUBJECT) | A(START) | A(END) },
};

static enum tee_err
bad(struct tee_fault *f, const char *text)
{
    return tee_fault(f, TEE_E_MALFORMED, "%s", text);
}

/* ---- one object ------------------------------------------------------------
 */

static bool
date_ok(struct tee_bytes v)
{
    return v.len == 0 || v.len == 8; /* CK_DATE: YYYYMMDD */
}

static enum tee_err
attrs_check(const struct ks_object *o, struct tee_fault *f)
{
    uint32_t has = shapes[o->class].attrs;
    size_t i;

    for (i = 0; i < KS_A_COUNT; i++) {
        if (o->attr[i].p != NULL && (has & 1u << i) == 0)
            return tee_fault(f, TEE_E_MALFORMED, "a %s has no attribute %zu",
                             shapes[o->class].name, i);
    }
    if (o->attr[KS_A_LABEL].len > KS_NAME_MAX ||
        o->attr[KS_A_ID].len > KS_NAME_MAX)
        return bad(f, "label or id of more than 255 bytes");
    if (!tee_utf8(o->attr[KS_A_LABEL]) || !tee_utf8(o->attr[KS_A_APPLICATION]))
        return bad(f, "label or application is not UTF-8");
    if (!date_ok(o->attr[KS_A_START]) || !date_ok(o->attr[KS_A_END]))
        return bad(f, "a date is not of 8 characters");
    if (o->class == KS_CERT && o->attr[KS_A_VALUE].len == 0)
        return bad(f, "a certificate without value");
    return TEE_OK;
}

/* Where was the private half born: nowhere else than the origin says. */
static enum tee_err
birth_check(const struct ks_object *o, enum ks_origin origin,
            struct tee_fault *f)
{
    bool local = (o->flags & KS_O_LOCAL) != 0,
         ephemeral = (o->flags & KS_O_EPHEMERAL) != 0;
    uint32_t never_out = KS_O_ALWAYS_SENSITIVE | KS_O_NEVER_EXTRACTABLE;

    if ((o->flags & never_out) != 0 && !local)
        return bad(f, "always sensitive or never extractable, but not local");
    if (local && origin == KS_SKR)
        return bad(f, "a released key is not local");
    if (!local && origin == KS_TEE && o->class == KS_PRIVATE)
        return bad(f, "a key of tee_generated must be local");
    if (ephemeral && origin != KS_TEE)
        return bad(f, "only keys of tee_generated are ephemeral");
    if (ephemeral == (sodium_is_zero(o->boot, sizeof(o->boot)) == 1))
        return bad(f, "a boot id stands with ephemeral keys, and only there");
    return TEE_OK;
}

static enum tee_err
key_check(const struct ks_object *o, enum ks_origin origin, struct tee_fault *f)
{
    bool key = o->class == KS_PUBLIC || o->class == KS_PRIVATE;

    if (!key)
        return o->ktype == KS_NONE && o->spki.p == NULL
                   ? birth_check(o, origin, f)
                   : bad(f, "key type or public key of what is no key");
    if (o->ktype <= KS_NONE || o->ktype >= KS_KTYPES)
        return bad(f, "a key without known type");
    if (o->spki.p == NULL || o->spki.len == 0)
        return bad(f, "a key without public key");
    if (ks_spki_type(o->spki) != o->ktype)
        return bad(f, "a public key of another type");
    return birth_check(o, origin, f);
}

/* Sealed are private keys and the values of private data, nothing else. */
static enum tee_err
sealed_check(const struct ks_object *o, enum ks_origin origin,
             struct tee_fault *f)
{
    bool key = o->class == KS_PRIVATE, there = o->sealed.p != NULL,
         data = o->class == KS_DATA && (o->flags & KS_O_PRIVATE) != 0,
         outside = origin == KS_SKR || (o->flags & KS_O_EPHEMERAL) != 0;

    if (data && origin == KS_SKR)
        return bad(f, "private data without a token key");
    if (data && o->attr[KS_A_VALUE].p != NULL)
        return bad(f, "private data in clear");
    if (there && !key && !data)
        return bad(f, "sealed value of a public object");
    if (!there && (data || (key && !outside)))
        return bad(f, "sealed value is missing");
    if (there && o->sealed.len < (key ? KS_SEAL_OVER + 1 : KS_SEAL_OVER))
        return bad(f, "sealed value is too short");
    if (there && o->ktype == KS_ED25519 && origin != KS_SKR &&
        o->sealed.len != KS_SEAL_OVER + 32)
        return bad(f, "sealed value is not one of an Ed25519 seed");
    return TEE_OK;
}

enum tee_err
ks_object_check(const struct ks_object *o, enum ks_origin origin,
                struct tee_fault *f)
{
    enum tee_err err;

    if ((unsigned)o->class > KS_PRIVATE)
        return bad(f, "unknown class");
    if ((o->flags & ~shapes[o->class].flags) != 0)
        return tee_fault(f, TEE_E_MALFORMED, "flags 0x%x of a %s",
                         (unsigned)(o->flags & ~shapes[o->class].flags),
                         shapes[o->class].name);
    if (o->category != 0 && o->class != KS_CERT)
        return bad(f, "category of what is no certificate");
    if (o->created < 0)
        return bad(f, "time before the epoch");
    err = attrs_check(o, f);
    if (err == TEE_OK)
        err = key_check(o, origin, f);
    if (err == TEE_OK)
        err = sealed_check(o, origin, f);
    return err;
}

/* ---- evidence --------------------------------------------------------------
 */

static bool
name_before(struct tee_bytes a, struct tee_bytes b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

    return c != 0 ? c < 0 : a.len < b.len;
}

enum tee_err
ks_evidence_check(const struct ks_evidence *e, struct tee_fault *f)
{
    size_t i;

    if (e->time < 0)
        return bad(f, "time before the epoch");
    if (e->platform.len == 0 || e->platform.len > KS_PLATFORM_MAX ||
        !tee_utf8(e->platform))
        return bad(f, "platform is no word of 1 to 31 bytes");
    if (e->report_data.len > 64)
        return bad(f, "caller-controlled field of more than 64 bytes");
    if (e->blobs.n == 0 || e->blobs.n > TEE_BLOBS_MAX ||
        e->endorsements.n > TEE_BLOBS_MAX)
        return bad(f, "number of blobs or endorsements");
    for (i = 0; i < e->blobs.n; i++) {
        if (e->blobs.v[i].name.len == 0 || !tee_utf8(e->blobs.v[i].name))
            return bad(f, "a blob without a name");
        if (i > 0 && !name_before(e->blobs.v[i - 1].name, e->blobs.v[i].name))
            return bad(f, "names of blobs are not ascending");
    }
    return TEE_OK;
}

/* ---- the whole -------------------------------------------------------------
 */

static enum tee_err
wrap_check(const struct ks_wrap *w, enum ks_origin origin, struct tee_fault *f)
{
    bool root = w->kind == KS_WRAP_ROOT;

    if (w->kind == KS_WRAP_NONE)
        return TEE_OK;
    if (origin == KS_SKR || (origin == KS_TEE) != root)
        return bad(f, "wrap of a kind that this origin does not have");
    if (root != (w->root.p != NULL))
        return bad(f, "root parameters stand with a root, and only there");
    if ((w->kind == KS_WRAP_CLEAR && (w->key.len != 32 || w->has_kdf)) ||
        (w->kind == KS_WRAP_PIN && (w->key.len != 72 || !w->has_kdf)))
        return bad(f, "wrap of a wrong shape");
    if (w->key.len == 0 || w->key.len > KS_WRAP_MAX ||
        w->root.len > KS_WRAP_MAX)
        return bad(f, "wrap of a wrong size");
    return TEE_OK;
}

/* The SO has a PIN; a user without one is alone.  Without TK there is no
 * wrap; without wrap a TK lives only in one process (tee_generated). */
static enum tee_err
wraps_check(const struct ks_store *s, struct tee_fault *f)
{
    const struct ks_wrap *user = &s->wrap[KS_USER], *so = &s->wrap[KS_SO];
    bool none = user->kind == KS_WRAP_NONE && so->kind == KS_WRAP_NONE;
    enum tee_err err;

    if (none)
        return s->origin == KS_LOCAL ? bad(f, "no wrap of the token key")
                                     : TEE_OK;
    err = wrap_check(user, s->origin, f);
    if (err == TEE_OK)
        err = wrap_check(so, s->origin, f);
    if (err != TEE_OK)
        return err;
    if (so->kind != KS_WRAP_NONE && !so->has_kdf)
        return bad(f, "a security officer without a PIN");
    if (so->kind != KS_WRAP_NONE && user->kind != KS_WRAP_NONE &&
        !user->has_kdf)
        return bad(f, "a security officer over a user without a PIN");
    return TEE_OK;
}

static int
by_uuid(const void *a, const void *b)
{
    const struct ks_object *const *x = a, *const *y = b;

    return memcmp((*x)->uuid, (*y)->uuid, 16);
}

static enum tee_err
unique_check(const struct ks_store *s, struct tee_fault *f)
{
    const struct ks_object **sorted;
    enum tee_err err = TEE_OK;
    size_t i;

    if (s->n < 2)
        return TEE_OK;
    sorted = malloc(s->n * sizeof(*sorted));
    if (sorted == NULL)
        return TEE_E_NOMEM;
    memcpy(sorted, s->object, s->n * sizeof(*sorted));
    qsort(sorted, s->n, sizeof(*sorted), by_uuid);
    for (i = 1; i < s->n && err == TEE_OK; i++) {
        if (by_uuid(&sorted[i - 1], &sorted[i]) == 0)
            err = bad(f, "two objects of the same uuid");
    }
    free(sorted);
    return err;
}

static enum tee_err
one_evidence_check(const struct ks_store *s, size_t at, struct tee_fault *f)
{
    const struct ks_evidence *e = s->evidence[at];
    const struct ks_object *key = ks_store_find(s, e->key);
    size_t i;

    if (key == NULL || key->class != KS_PRIVATE)
        return bad(f, "about no private key of this file");
    for (i = 0; i < at; i++) {
        if (memcmp(s->evidence[i]->key, e->key, 16) == 0)
            return bad(f, "second one about the same key");
    }
    return ks_evidence_check(e, f);
}

static enum tee_err
evidences_check(const struct ks_store *s, struct tee_fault *f)
{
    enum tee_err err = TEE_OK;
    size_t i;

    if (s->n_evidence > 0 && s->origin == KS_LOCAL)
        return bad(f, "evidence about local keys");
    for (i = 0; i < s->n_evidence && err == TEE_OK; i++) {
        err = one_evidence_check(s, i, f);
        if (err != TEE_OK)
            tee_fault_prefix(f, "evidence %zu", i);
    }
    return err;
}

enum tee_err
ks_store_check(const struct ks_store *s, struct tee_fault *f)
{
    enum tee_err err;
    size_t i;

    if (s->time < 0)
        return bad(f, "time before the epoch");
    if (sodium_is_zero(s->uuid, sizeof(s->uuid)) == 1)
        return bad(f, "a token without uuid");
    if (s->has_mac == (s->origin == KS_SKR))
        return bad(f, "mac stands with a token key, and only there");
    err = wraps_check(s, f);
    for (i = 0; i < s->n && err == TEE_OK; i++) {
        err = ks_object_check(s->object[i], s->origin, f);
        if (err != TEE_OK)
            tee_fault_prefix(f, "object %zu", i);
    }
    if (err == TEE_OK)
        err = unique_check(s, f);
    if (err == TEE_OK)
        err = evidences_check(s, f);
    return err;
}
