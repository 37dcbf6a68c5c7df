#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11/tp11.h"

/* Profiles that are always served; 4 when there is a certificate (pkcs11.md
 * 6.6). */
static const CK_ULONG profiles[] = { CKP_BASELINE_PROVIDER,
                                     CKP_EXTENDED_PROVIDER,
                                     CKP_AUTHENTICATION_TOKEN,
                                     CKP_PUBLIC_CERTIFICATES_TOKEN };
#define PROFILES TEE_LEN(profiles)
#define MADE     (PROFILES + 2) /* and tee-evidence, tee-status */

void
tp11_view_get(struct tp11_view *v)
{
    atomic_fetch_add(&v->refs, 1);
}

void
tp11_view_put(struct tp11_view *v)
{
    size_t i;

    if (v == NULL || atomic_fetch_sub(&v->refs, 1) != 1)
        return;
    for (i = 0; i < v->n; i++)
        tp11_memory_put(v->object[i].memory);
    tp11_index_clear(&v->by_handle);
    tp11_index_clear(&v->by_id);
    tp11_index_clear(&v->by_label);
    tp11_index_clear(&v->by_unique);
    free(v->object);
    ks_snap_put(v->snap);
    free(v);
}

static struct tee_bytes
unique_of(const struct tp11_object *o)
{
    return tee_bytes_of(o->unique);
}

static uint32_t
handle_hash(CK_OBJECT_HANDLE h)
{
    return (uint32_t)((uint64_t)h * 0x9e3779b97f4a7c15u >> 32);
}

const struct tp11_object *
tp11_view_find(const struct tp11_view *v, CK_OBJECT_HANDLE h)
{
    uint32_t at = handle_hash(h), i;

    while (tp11_index_next(&v->by_handle, &at, &i)) {
        if (v->object[i].handle == h)
            return &v->object[i];
    }
    return NULL;
}

static const struct tp11_object *
find_unique(const struct tp11_view *v, struct tee_bytes unique)
{
    uint32_t at = tp11_hash(unique), i;

    while (tp11_index_next(&v->by_unique, &at, &i)) {
        if (tee_bytes_equal(unique_of(&v->object[i]), unique))
            return &v->object[i];
    }
    return NULL;
}

const struct tp11_object *
tp11_view_uuid(const struct tp11_view *v, const uint8_t uuid[16])
{
    char hex[33];

    tee_hex((struct tee_bytes){ uuid, 16 }, hex);
    return find_unique(v, tee_bytes_of(hex));
}

/* ---- filling a view
 * ----------------------------------------------------------
 */

static struct tp11_object *
next_object(struct tp11_view *v, enum tp11_kind kind)
{
    struct tp11_object *o = &v->object[v->n++];

    o->kind = kind;
    return o;
}

/* A key or certificate whose DER does not parse keeps what does not need it:
 * the store judged it before. */
static void
set_parts(const struct tp11_token *t, struct tp11_object *o)
{
    const struct ks_object *k = o->o;

    if (k->class == KS_PUBLIC || k->class == KS_PRIVATE)
        (void)tp11_parts_of_spki(k->ktype, k->spki, t->conf->ec_point_raw,
                                 &o->part);
    if (k->class == KS_CERT) {
        (void)tp11_parts_of_cert(k->attr[KS_A_VALUE], &o->part);
        tp11_check_value(k->attr[KS_A_VALUE], o->part.check);
    }
}

static void
add_stored(const struct tp11_token *t, struct tp11_view *v)
{
    struct tp11_object *o;
    size_t i;

    for (i = 0; i < v->snap->n; i++) {
        o = next_object(v, TP11_STORED);
        o->o = v->snap->object[i];
        tee_hex((struct tee_bytes){ o->o->uuid, 16 }, o->unique);
        set_parts(t, o);
    }
}

static void
add_memory(const struct tp11_token *t, struct tp11_view *v)
{
    struct tp11_memory *m;
    struct tp11_object *o;

    for (m = t->memory; m != NULL; m = m->next) {
        o = next_object(v, m->kind);
        tp11_memory_get(m);
        o->memory = m;
        o->handle = m->handle;
        o->o = &m->object;
        o->ev = m->ev;
        (void)snprintf(o->unique, sizeof(o->unique), "session-%lu", m->handle);
        set_parts(t, o);
    }
}

static bool
has_certificate(const struct tp11_view *v)
{
    size_t i;

    for (i = 0; i < v->n; i++) {
        if (v->object[i].o != NULL && v->object[i].o->class == KS_CERT)
            return true;
    }
    return false;
}

/* Of several keys' evidence the newest; the last of equally old ones. */
static const struct ks_evidence *
newest(const struct ks_snap *s)
{
    const struct ks_evidence *e = NULL;
    size_t i;

    for (i = 0; i < s->n_evidence; i++) {
        if (e == NULL || s->evidence[i]->time >= e->time)
            e = s->evidence[i];
    }
    return e;
}

static void
add_made(struct tp11_view *v)
{
    size_t n = has_certificate(v) ? PROFILES : PROFILES - 1, i;
    const struct ks_evidence *e = newest(v->snap);
    struct tp11_object *o;

    for (i = 0; i < n; i++) {
        o = next_object(v, TP11_PROFILE);
        o->profile = profiles[i];
        (void)snprintf(o->unique, sizeof(o->unique), "profile-%lu",
                       profiles[i]);
    }
    if (e != NULL) {
        o = next_object(v, TP11_EVIDENCE);
        o->ev = e;
        (void)snprintf(o->unique, sizeof(o->unique), "%s", TP11_EVIDENCE_NAME);
    }
    o = next_object(v, TP11_STATUS);
    (void)snprintf(o->unique, sizeof(o->unique), "%s", TP11_STATUS_NAME);
}

/* Evidence is about a private key; its public key object carries it too. */
static void
set_evidence(struct tp11_view *v)
{
    const struct tp11_object *key;
    struct tp11_object *o;
    size_t i, k;

    for (i = 0; i < v->snap->n_evidence; i++) {
        key = tp11_view_uuid(v, v->snap->evidence[i]->key);
        if (key == NULL || key->kind != TP11_STORED)
            continue;
        for (k = 0; k < v->n; k++) {
            o = &v->object[k];
            if (o == key ||
                (o->kind == TP11_STORED && o->o->class == KS_PUBLIC &&
                 tee_bytes_equal(o->o->spki, key->o->spki)))
                o->ev = v->snap->evidence[i];
        }
    }
}

static void
set_handles(struct tp11_view *v, const struct tp11_view *old,
            bool renew_private)
{
    const struct tp11_object *was;
    struct tp11_object *o;
    size_t i;

    for (i = 0; i < v->n; i++) {
        o = &v->object[i];
        if (o->memory != NULL)
            continue;
        was = old != NULL ? find_unique(old, unique_of(o)) : NULL;
        if (was == NULL ||
            (renew_private && o->o != NULL && o->o->flags & KS_O_PRIVATE))
            o->handle = tp11_handle_next();
        else
            o->handle = was->handle;
    }
}

static enum tee_err
index_unique(struct tp11_view *v)
{
    enum tee_err err = tp11_index_init(&v->by_unique, v->n);
    size_t i;

    for (i = 0; err == TEE_OK && i < v->n; i++)
        tp11_index_add(&v->by_unique, tp11_hash(unique_of(&v->object[i])),
                       (uint32_t)i);
    return err;
}

static struct tee_bytes
label_of(const struct tp11_object *o)
{
    if (o->o != NULL)
        return o->o->attr[KS_A_LABEL];
    if (o->kind == TP11_PROFILE)
        return (struct tee_bytes){ 0 };
    return unique_of(o);
}

static enum tee_err
index_others(struct tp11_view *v)
{
    const struct tp11_object *o;
    size_t i;

    if (tp11_index_init(&v->by_handle, v->n) != TEE_OK ||
        tp11_index_init(&v->by_id, v->n) != TEE_OK ||
        tp11_index_init(&v->by_label, v->n) != TEE_OK)
        return TEE_E_NOMEM;
    for (i = 0; i < v->n; i++) {
        o = &v->object[i];
        tp11_index_add(&v->by_handle, handle_hash(o->handle), (uint32_t)i);
        tp11_index_add(&v->by_label, tp11_hash(label_of(o)), (uint32_t)i);
        if (o->o != NULL)
            tp11_index_add(&v->by_id, tp11_hash(o->o->attr[KS_A_ID]),
                           (uint32_t)i);
    }
    return TEE_OK;
}

enum tee_err
tp11_view_new(const struct tp11_token *t, const struct tp11_view *old,
              bool renew_private, struct tp11_view **ret)
{
    struct tp11_view *v = calloc(1, sizeof(*v));
    enum tee_err err = TEE_E_NOMEM;

    if (v == NULL)
        return TEE_E_NOMEM;
    atomic_init(&v->refs, 1);
    v->seq = old != NULL ? old->seq + 1 : 1;
    v->snap = ks_snap_get(t->ks);
    v->object = calloc(v->snap->n + t->n_memory + MADE, sizeof(v->object[0]));
    if (v->object == NULL)
        goto out;
    add_stored(t, v);
    add_memory(t, v);
    if (v->snap->initialised)
        add_made(v);
    err = index_unique(v);
    if (err != TEE_OK)
        goto out;
    set_evidence(v);
    set_handles(v, old, renew_private);
    err = index_others(v);
    if (err != TEE_OK)
        goto out;
    *ret = v;
    v = NULL;
out:
    tp11_view_put(v);
    return err;
}
