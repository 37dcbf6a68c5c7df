#include <string.h>

#include "pkcs11/tp11.h"

CK_RV
tp11_may_write(const struct tp11_away *a)
{
    if (!tp11_token_writable(a->token))
        return CKR_TOKEN_WRITE_PROTECTED;
    return a->rw ? CKR_OK : CKR_SESSION_READ_ONLY;
}

/* Private keys are private exactly when there is a PIN, and other objects only
 * then; what has to be seen without one never is (pkcs11.md 3.3, 6.2). */
static bool
settle_private(const struct tp11_token *t, enum ks_class class, uint32_t said,
               uint32_t *flags)
{
    bool no = (said & KS_O_PRIVATE) != 0 && (*flags & KS_O_PRIVATE) == 0;

    switch (class) {
    case KS_PRIVATE:
        *flags &= ~KS_O_PRIVATE;
        *flags |= t->conf->pin ? KS_O_PRIVATE : 0;
        return !(no && t->conf->pin);
    case KS_PUBLIC:
    case KS_CERT:
        return (*flags & KS_O_PRIVATE) == 0;
    case KS_DATA:
        break;
    }
    return t->conf->pin || (*flags & KS_O_PRIVATE) == 0;
}

CK_RV
tp11_settle_flags(const struct tp11_token *t, enum ks_class class,
                  const struct tp11_want *w, uint32_t *ret)
{
    uint32_t defaults = KS_O_MODIFIABLE | KS_O_DESTROYABLE, flags;

    defaults |= class == KS_PRIVATE ? KS_O_SIGN : KS_O_COPYABLE;
    defaults |= class == KS_PUBLIC ? KS_O_VERIFY : 0;
    flags = (w->flags & w->said) | (defaults & ~w->said);
    if (!settle_private(t, class, w->said, &flags))
        return CKR_TEMPLATE_INCONSISTENT;
    *ret = flags;
    return CKR_OK;
}

void
tp11_default_names(const struct tp11_token *t, struct ks_object *o,
                   uint8_t id[32])
{
    if (o->attr[KS_A_LABEL].len == 0)
        o->attr[KS_A_LABEL] = tee_bytes_of(t->conf->label);
    if (o->attr[KS_A_ID].len != 0)
        return;
    tee_sha256(o->spki, id);
    o->attr[KS_A_ID] = (struct tee_bytes){ id, 20 };
}

CK_RV
tp11_object_handle(struct tp11_token *t, const uint8_t uuid[16],
                   CK_OBJECT_HANDLE *ret)
{
    const struct tp11_object *o;
    struct tp11_view *v;
    enum tee_err err;

    err = tp11_token_update(t);
    if (err != TEE_OK)
        return tp11_rv(err);
    v = tp11_token_view(t);
    o = v != NULL ? tp11_view_uuid(v, uuid) : NULL;
    if (o != NULL)
        *ret = o->handle;
    tp11_view_put(v);
    return o != NULL ? CKR_OK : CKR_DEVICE_ERROR;
}

CK_RV
tp11_object_memory(const struct tp11_away *a, struct tp11_memory *from,
                   CK_OBJECT_HANDLE *ret)
{
    struct tp11_session *s;
    struct tp11_memory *m;
    CK_OBJECT_HANDLE h;
    enum tee_err err;
    CK_RV rv;

    from->session = a->session;
    err = tp11_memory_new(from, &m);
    if (err != TEE_OK)
        return tp11_rv(err);
    h = m->handle;
    rv = tp11_memory_add(a->token, m);
    if (rv != CKR_OK)
        return rv;
    rv = tp11_session_take(a->session, &s);
    if (rv != CKR_OK) { /* closed meanwhile: what it owns goes too */
        tp11_memory_drop(a->token, a->session);
        return rv;
    }
    tp11_session_give(s);
    *ret = h;
    return CKR_OK;
}

/* ---- C_CreateObject
 * ---------------------------------------------------------------
 */

/* An object on its way: what it is made of, and what must be wiped. */
struct draft {
    struct ks_object o;
    struct tp11_want w;
    struct tee_buf spki, secret, value; /* value: of the object copied */
    struct ks_key *key;
    uint8_t id[32];
};

static void
draft_init(struct draft *d)
{
    memset(d, 0, sizeof(*d));
    tee_buf_init(&d->spki, KS_OBJECT_MAX);
    tee_buf_init(&d->secret, KS_OBJECT_MAX);
    tee_buf_init(&d->value, KS_OBJECT_MAX);
}

static void
draft_clear(struct draft *d)
{
    ks_key_put(d->key);
    tee_buf_clear(&d->spki);
    tee_buf_clear(&d->secret);
    tee_buf_clear(&d->value);
}

/* Names that are the module's own. */
static bool
is_reserved(const struct ks_object *o)
{
    static const enum ks_attr places[] = { KS_A_LABEL, KS_A_APPLICATION };
    static const char *const names[] = { TP11_EVIDENCE_NAME, TP11_STATUS_NAME };
    size_t i;

    for (i = 0; i < 4; i++) {
        if (tee_bytes_equal(o->attr[places[i / 2]], tee_bytes_of(names[i % 2])))
            return true;
    }
    return false;
}

/* A certificate bears the names of its key, unless somebody chose others. */
static void
names_of_key(const struct tp11_view *v, struct ks_object *o)
{
    const struct ks_object *k;
    size_t i;

    for (i = 0; i < v->n; i++) {
        k = v->object[i].o;
        if (k == NULL || (k->class != KS_PUBLIC && k->class != KS_PRIVATE) ||
            !tee_bytes_equal(k->spki, o->spki))
            continue;
        if (o->attr[KS_A_ID].len == 0)
            o->attr[KS_A_ID] = k->attr[KS_A_ID];
        if (o->attr[KS_A_LABEL].len == 0)
            o->attr[KS_A_LABEL] = k->attr[KS_A_LABEL];
        return;
    }
}

static CK_RV
draft_cert(const struct tp11_away *a, struct draft *d)
{
    CK_RV rv = tp11_import_cert(&d->w, &d->o);

    if (rv != CKR_OK)
        return rv;
    names_of_key(a->view, &d->o);
    tp11_default_names(a->token, &d->o, d->id);
    d->o.spki = (struct tee_bytes){ 0 };
    return CKR_OK;
}

/* Other origins than `local` take no private key from outside, ever. */
static CK_RV
draft_private(const struct tp11_away *a, struct draft *d)
{
    CK_RV rv;

    if (a->token->conf->origin != KS_LOCAL)
        return tp11_token_writable(a->token) ? CKR_FUNCTION_NOT_SUPPORTED
                                             : CKR_TOKEN_WRITE_PROTECTED;
    rv = tp11_import_private(a->token, &d->w, &d->o, &d->spki, &d->secret,
                             &d->key);
    if (rv == CKR_OK)
        tp11_default_names(a->token, &d->o, d->id);
    return rv;
}

static CK_RV
draft_public(const struct tp11_away *a, struct draft *d)
{
    CK_RV rv = tp11_import_public(&d->w, &d->o, &d->spki);

    if (rv == CKR_OK)
        tp11_default_names(a->token, &d->o, d->id);
    return rv;
}

/* The value of a private one is sealed in the store like a key. */
static CK_RV
draft_data(struct draft *d, struct tee_bytes value)
{
    if (is_reserved(&d->o))
        return CKR_ACTION_PROHIBITED;
    if (d->w.token && (d->o.flags & KS_O_PRIVATE) != 0) {
        d->o.attr[KS_A_VALUE] = (struct tee_bytes){ 0 };
        tee_buf_bytes(&d->secret, value);
    } else {
        d->o.attr[KS_A_VALUE] = value;
    }
    return tp11_rv(d->secret.err);
}

static CK_RV
draft_parse(const struct tp11_away *a, struct tp11_template t,
            enum ks_class class, struct draft *d)
{
    CK_RV rv;

    rv = tp11_template_parse(t, (enum tp11_use) class, false, &d->w);
    if (rv != CKR_OK)
        return rv;
    d->o.class = class;
    d->o.created = tee_clock.wall();
    memcpy(d->o.attr, d->w.attr, sizeof(d->o.attr));
    rv = tp11_settle_flags(a->token, class, &d->w, &d->o.flags);
    if (rv != CKR_OK)
        return rv;
    switch (class) {
    case KS_CERT:
        return draft_cert(a, d);
    case KS_PUBLIC:
        return draft_public(a, d);
    case KS_PRIVATE:
        return draft_private(a, d);
    case KS_DATA:
        break;
    }
    return draft_data(d, d->w.value[TP11_W_VALUE]);
}

/* Into the store, or into the memory of the session. */
static CK_RV
draft_add(const struct tp11_away *a, struct draft *d, CK_OBJECT_HANDLE *ret)
{
    struct tp11_memory m = { .kind = TP11_SESSION };
    uint8_t uuid[16];
    CK_RV rv;

    if ((d->o.flags & KS_O_PRIVATE) != 0 && !tp11_sees_private(a->token))
        return CKR_USER_NOT_LOGGED_IN;
    if (!d->w.token) {
        m.object = d->o;
        m.key = d->key;
        d->key = NULL; /* the session object's */
        return tp11_object_memory(a, &m, ret);
    }
    rv = tp11_may_write(a);
    if (rv != CKR_OK)
        return rv;
    rv = tp11_rv(ks_object_create(a->token->ks, &d->o, tee_buf_view(&d->secret),
                                  uuid, NULL));
    return rv != CKR_OK ? rv : tp11_object_handle(a->token, uuid, ret);
}

static CK_RV
create(const struct tp11_away *a, struct tp11_template t, CK_OBJECT_HANDLE *ret)
{
    CK_OBJECT_CLASS class;
    struct draft d;
    CK_RV rv;

    if (!tp11_template_class(t, &class))
        return CKR_TEMPLATE_INCOMPLETE;
    if (class == CKO_TEE_EVIDENCE)
        return tp11_evidence_create(a, t, ret);
    if (class > CKO_PRIVATE_KEY) /* the first four are enum ks_class */
        return CKR_ATTRIBUTE_VALUE_INVALID;
    draft_init(&d);
    rv = draft_parse(a, t, (enum ks_class) class, &d);
    if (rv == CKR_OK)
        rv = draft_add(a, &d, ret);
    draft_clear(&d);
    return rv;
}

CK_RV
tp11_create_object(CK_SESSION_HANDLE h, CK_ATTRIBUTE *t, CK_ULONG n,
                   CK_OBJECT_HANDLE *ret)
{
    struct tp11_away a;
    CK_RV rv;

    rv = tp11_go_away(h, &a);
    if (rv != CKR_OK)
        return rv;
    if (ret == NULL || (t == NULL && n > 0))
        rv = CKR_ARGUMENTS_BAD;
    else
        rv = create(&a, (struct tp11_template){ t, n }, ret);
    tp11_away_end(&a);
    return rv;
}

/* ---- C_CopyObject, C_SetAttributeValue, C_DestroyObject
 * -----------------------------
 */

/* An object of a's view, visible to this application. */
static CK_RV
away_object(const struct tp11_away *a, CK_OBJECT_HANDLE h,
            const struct tp11_object **ret)
{
    const struct tp11_session s = { .token = a->token, .view = a->view };

    return tp11_session_object(&s, h, ret);
}

/* Stored or a session object of an ordinary class, with that flag. */
static bool
allows(const struct tp11_object *o, uint32_t flag)
{
    return (o->kind == TP11_STORED || o->kind == TP11_SESSION) &&
           (o->o->flags & flag) != 0;
}

static enum tp11_use
set_use(const struct ks_object *o)
{
    return (enum tp11_use)((int)TP11_USE_SET_DATA + (int)o->class);
}

static void
apply(const struct tp11_want *w, struct ks_object *o)
{
    size_t i;

    for (i = 0; i < KS_A_COUNT; i++) {
        if (w->attr[i].p != NULL)
            o->attr[i] = w->attr[i];
    }
    o->flags = (o->flags & ~w->said) | w->flags;
}

static CK_RV
copy_data(const struct tp11_away *a, const struct ks_object *from,
          struct draft *d)
{
    struct tee_bytes value = from->attr[KS_A_VALUE];
    enum tee_err err = TEE_OK;

    if (d->w.value[TP11_W_VALUE].p != NULL) {
        value = d->w.value[TP11_W_VALUE];
    } else if (from->sealed.len > 0) {
        err = ks_data_open(a->token->ks, from, &d->value, NULL);
        value = tee_buf_view(&d->value);
    }
    return err != TEE_OK ? tp11_rv(err) : draft_data(d, value);
}

/* Nothing is copied from a private key (pkcs11-provider tries). */
static CK_RV
draft_copy(const struct tp11_away *a, const struct tp11_object *from,
           struct tp11_template t, struct draft *d)
{
    CK_RV rv;

    if (!allows(from, KS_O_COPYABLE) || from->o->class == KS_PRIVATE)
        return CKR_ACTION_PROHIBITED;
    rv = tp11_template_parse(t, set_use(from->o), true, &d->w);
    if (rv != CKR_OK)
        return rv;
    d->o = *from->o;
    d->o.sealed = (struct tee_bytes){ 0 };
    d->o.created = tee_clock.wall();
    apply(&d->w, &d->o);
    if (!d->w.has_token)
        d->w.token = from->memory == NULL;
    if (((d->o.flags ^ from->o->flags) & KS_O_PRIVATE) != 0)
        return CKR_TEMPLATE_INCONSISTENT;
    return d->o.class == KS_DATA ? copy_data(a, from->o, d) : CKR_OK;
}

static CK_RV
copy(const struct tp11_away *a, const struct tp11_object *from,
     struct tp11_template t, CK_OBJECT_HANDLE *ret)
{
    struct draft d;
    CK_RV rv;

    draft_init(&d);
    rv = draft_copy(a, from, t, &d);
    if (rv == CKR_OK)
        rv = draft_add(a, &d, ret);
    draft_clear(&d);
    return rv;
}

CK_RV
tp11_copy_object(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *t,
                 CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    const struct tp11_object *o;
    struct tp11_away a;
    CK_RV rv;

    rv = tp11_go_away(h, &a);
    if (rv != CKR_OK)
        return rv;
    if (ret == NULL || (t == NULL && n > 0))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = away_object(&a, object, &o);
    if (rv == CKR_OK)
        rv = copy(&a, o, (struct tp11_template){ t, n }, ret);
    tp11_away_end(&a);
    return rv;
}

/* A session object is replaced by one with the same handle. */
static CK_RV
set_memory(struct tp11_token *t, struct tp11_memory *old,
           const struct tp11_want *w)
{
    /* not a copy of all: its count and its place in the list are changed by
     * other threads meanwhile (requests, which have more, are never set) */
    struct tp11_memory m = { .handle = old->handle,
                             .session = old->session,
                             .kind = old->kind,
                             .object = old->object,
                             .key = old->key,
                             .holder = old->holder },
                       *new;
    enum tee_err err;

    apply(w, &m.object);
    if (w->value[TP11_W_VALUE].p != NULL)
        m.object.attr[KS_A_VALUE] = w->value[TP11_W_VALUE];
    if (m.key != NULL && m.holder == NULL)
        m.holder = old;
    if (m.holder != NULL)
        tp11_memory_get(m.holder);
    err = tp11_memory_new(&m, &new);
    return err != TEE_OK ? tp11_rv(err) : tp11_memory_swap(t, old, new);
}

static CK_RV
set_stored(const struct tp11_away *a, const struct ks_object *o,
           struct tp11_want *w)
{
    CK_RV rv = tp11_may_write(a);

    if (rv != CKR_OK)
        return rv;
    if (w->value[TP11_W_VALUE].p != NULL && o->sealed.len > 0)
        return CKR_ATTRIBUTE_READ_ONLY;
    w->attr[KS_A_VALUE] = w->value[TP11_W_VALUE];
    rv = tp11_rv(
        ks_object_set(a->token->ks, o->uuid, w->attr, w->said, w->flags, NULL));
    return rv != CKR_OK ? rv : tp11_rv(tp11_token_update(a->token));
}

static CK_RV
set(const struct tp11_away *a, const struct tp11_object *o,
    struct tp11_template t)
{
    struct ks_object after;
    struct tp11_want w;
    CK_RV rv;

    if (!allows(o, KS_O_MODIFIABLE))
        return CKR_ACTION_PROHIBITED;
    rv = tp11_template_parse(t, set_use(o->o), false, &w);
    if (rv != CKR_OK)
        return rv;
    after = *o->o;
    apply(&w, &after);
    if (after.class == KS_DATA && is_reserved(&after))
        return CKR_ACTION_PROHIBITED;
    return o->memory != NULL ? set_memory(a->token, o->memory, &w)
                             : set_stored(a, o->o, &w);
}

CK_RV
tp11_set_attribute_value(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE object,
                         CK_ATTRIBUTE *t, CK_ULONG n)
{
    const struct tp11_object *o;
    struct tp11_away a;
    CK_RV rv;

    rv = tp11_go_away(h, &a);
    if (rv != CKR_OK)
        return rv;
    if (t == NULL && n > 0)
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = away_object(&a, object, &o);
    if (rv == CKR_OK)
        rv = set(&a, o, (struct tp11_template){ t, n });
    tp11_away_end(&a);
    return rv;
}

static CK_RV
destroy(const struct tp11_away *a, const struct tp11_object *o)
{
    CK_RV rv;

    if (o->o == NULL || (o->o->flags & KS_O_DESTROYABLE) == 0)
        return CKR_ACTION_PROHIBITED;
    if (o->memory != NULL)
        return tp11_memory_swap(a->token, o->memory, NULL);
    rv = tp11_may_write(a);
    if (rv == CKR_OK)
        rv = tp11_rv(ks_object_destroy(a->token->ks, o->o->uuid, NULL));
    return rv != CKR_OK ? rv : tp11_rv(tp11_token_update(a->token));
}

CK_RV
tp11_destroy_object(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE object)
{
    const struct tp11_object *o;
    struct tp11_away a;
    CK_RV rv;

    rv = tp11_go_away(h, &a);
    if (rv != CKR_OK)
        return rv;
    rv = away_object(&a, object, &o);
    if (rv == CKR_OK)
        rv = destroy(&a, o);
    tp11_away_end(&a);
    return rv;
}

static CK_ULONG
size_of(const struct ks_object *o)
{
    CK_ULONG n = o->spki.len + o->sealed.len;
    size_t i;

    for (i = 0; i < KS_A_COUNT; i++)
        n += o->attr[i].len;
    return n;
}

/* What the object says takes in the store; the module's own take nothing. */
CK_RV
tp11_get_object_size(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE object,
                     CK_ULONG *ret)
{
    const struct tp11_object *o = NULL;
    struct tp11_session *s;
    CK_RV rv;

    rv = tp11_session_take(h, &s);
    if (rv != CKR_OK)
        return rv;
    if (ret == NULL)
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = tp11_session_object(s, object, &o);
    if (rv == CKR_OK)
        *ret = o->o != NULL ? size_of(o->o) : 0;
    tp11_session_give(s);
    return rv;
}
