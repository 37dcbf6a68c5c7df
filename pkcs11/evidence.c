#include <stdlib.h>
#include <string.h>

#include "pkcs11/tp11.h"

/* ---- pins: what a length query promised (pkcs11.md 10.3)
 * -------------------------
 */

#define PIN_MS   60000
#define PINS_MAX 16 /* a session; the oldest goes first */

static void
pin_free(struct tp11_pin *p)
{
    ks_evidence_put(p->ev);
    tee_buf_clear(&p->text);
    free(p);
}

static void
pin_drop(struct tp11_session *s, struct tp11_pin *p)
{
    struct tp11_pin **at = &s->pins;

    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    pin_free(p);
}

void
tp11_pins_clear(struct tp11_session *s)
{
    struct tp11_pin *p;

    while ((p = s->pins) != NULL) {
        s->pins = p->next;
        pin_free(p);
    }
}

struct tp11_pin *
tp11_pin_find(const struct tp11_session *s, CK_OBJECT_HANDLE o)
{
    struct tp11_pin *p = s->pins;

    while (p != NULL && p->object != o)
        p = p->next;
    return p != NULL && tee_clock.mono_ms() < p->until ? p : NULL;
}

/* One older pin of the same object, or one too many. */
static void
make_room(struct tp11_session *s, CK_OBJECT_HANDLE o)
{
    struct tp11_pin *p, *last = NULL;
    unsigned n = 0;

    for (p = s->pins; p != NULL && p->object != o; p = p->next) {
        last = p;
        n++;
    }
    if (p != NULL)
        pin_drop(s, p);
    else if (n >= PINS_MAX)
        pin_drop(s, last);
}

struct tp11_pin *
tp11_pin_make(struct tp11_session *s, const struct tp11_object *o)
{
    struct tp11_pin *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return NULL;
    make_room(s, o->handle);
    p->object = o->handle;
    p->until = tee_clock.mono_ms() + PIN_MS;
    p->ev = o->ev;
    if (p->ev != NULL)
        ks_evidence_get(p->ev);
    tee_buf_init(&p->text, KS_OBJECT_MAX);
    p->next = s->pins;
    s->pins = p;
    return p;
}

void
tp11_pin_read(struct tp11_session *s, struct tp11_pin *p, uint32_t bit)
{
    p->asked &= ~bit;
    if (p->asked == 0)
        pin_drop(s, p);
}

/* ---- evidence over a caller's nonce
 * -------------------------------------------------
 */

static CK_RV
request_parse(struct tp11_template t, struct tp11_want *w)
{
    CK_RV rv = tp11_template_parse(t, TP11_USE_REQUEST, false, w);

    if (rv != CKR_OK)
        return rv;
    if (w->given[TP11_G_KEY_REF].len == 0 ||
        w->given[TP11_G_CHALLENGE].len == 0 || w->given[TP11_G_NONCE].len == 0)
        return CKR_TEMPLATE_INCOMPLETE;
    return w->token ? CKR_TEMPLATE_INCONSISTENT : CKR_OK;
}

/* The private key of that CKA_ID, seen or not: its public half always is. */
static const struct tp11_object *
find_key(const struct tp11_away *a, struct tee_bytes id)
{
    uint32_t at = tp11_hash(id), i;
    const struct tp11_object *o;

    while (tp11_index_next(&a->view->by_id, &at, &i)) {
        o = &a->view->object[i];
        if (o->kind == TP11_STORED && o->o->class == KS_PRIVATE &&
            tee_bytes_equal(o->o->attr[KS_A_ID], id))
            return o;
    }
    return NULL;
}

/* What keystore/ says of a request, in the codes of pkcs11.md 10.3. */
static CK_RV
collect_rv(enum tee_err err)
{
    switch ((int)err) {
    case TEE_E_NOTFOUND:
        return CKR_TEMPLATE_INCOMPLETE;
    case TEE_E_ARG:
        return CKR_ATTRIBUTE_VALUE_INVALID;
    default:
        return tp11_rv(err);
    }
}

static CK_RV
collect(const struct tp11_away *a, const struct tp11_object *key,
        const struct tp11_want *w, struct tp11_memory *m)
{
    struct ks_evreq req = {
        .binding = w->given[TP11_G_BINDING],
        .did = w->given[TP11_G_DID],
        .challenge = w->given[TP11_G_CHALLENGE],
        .nonce = w->given[TP11_G_NONCE],
        .exporter = w->given[TP11_G_EXPORTER],
        .input = w->given[TP11_G_INPUT],
    };
    enum tee_err err;

    err = ks_evidence_collect(a->token->ks, key->o, &req, &m->ev, NULL);
    if (err != TEE_OK)
        return collect_rv(err);
    m->kind = TP11_REQUEST;
    m->object.class = KS_DATA;
    m->object.flags = KS_O_DESTROYABLE | (key->o->flags & KS_O_PRIVATE);
    m->object.attr[KS_A_LABEL] = w->attr[KS_A_LABEL];
    memcpy(m->given, w->given, sizeof(m->given));
    if (m->given[TP11_G_BINDING].len == 0)
        m->given[TP11_G_BINDING] = TEE_STR("tee-v1");
    if (m->given[TP11_G_DID].len == 0 && a->token->conf->did != NULL)
        m->given[TP11_G_DID] = tee_bytes_of(a->token->conf->did);
    return CKR_OK;
}

CK_RV
tp11_evidence_create(const struct tp11_away *a, struct tp11_template t,
                     CK_OBJECT_HANDLE *ret)
{
    const struct tp11_object *key;
    struct tp11_memory m = { 0 };
    struct tp11_want w;
    CK_RV rv;

    rv = request_parse(t, &w);
    if (rv != CKR_OK)
        return rv;
    key = find_key(a, w.given[TP11_G_KEY_REF]);
    if (key == NULL)
        return CKR_TEMPLATE_INCONSISTENT;
    if (a->token->conf->origin == KS_LOCAL)
        return CKR_ACTION_PROHIBITED;
    if ((key->o->flags & KS_O_PRIVATE) != 0 && !tp11_sees_private(a->token))
        return CKR_USER_NOT_LOGGED_IN; /* the proof needs the key */
    rv = collect(a, key, &w, &m);
    return rv != CKR_OK ? rv : tp11_object_memory(a, &m, ret);
}
