#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11/tp11.h"

void
tp11_token_open(struct tp11_token *t)
{
    tp11_lock_init(&t->lock);
    tp11_lock_init(&t->view_lock);
}

void
tp11_token_close(struct tp11_token *t)
{
    struct tp11_memory *m, *next;

    for (m = t->memory; m != NULL; m = next) {
        next = m->next;
        tp11_memory_put(m);
    }
    tp11_view_put(t->view);
    ks_token_free(t->ks);
    (void)pthread_mutex_destroy(&t->lock);
    (void)pthread_mutex_destroy(&t->view_lock);
}

struct tp11_view *
tp11_token_view(struct tp11_token *t)
{
    struct tp11_view *v;

    tp11_lock(&t->view_lock);
    v = t->view;
    if (v != NULL)
        tp11_view_get(v);
    tp11_unlock(&t->view_lock);
    return v;
}

static void
publish(struct tp11_token *t, struct tp11_view *v)
{
    struct tp11_view *old;

    tp11_lock(&t->view_lock);
    old = t->view;
    t->view = v;
    atomic_store_explicit(&t->seq, v->seq, memory_order_release);
    tp11_unlock(&t->view_lock);
    tp11_view_put(old);
}

/*
 * keystore/ logs out by itself when somebody else initialised the token anew:
 * the PIN of the old one shows nothing of the new one.  (It logs in before
 * t->login says so, and out after.)
 */
static void
follow_login(struct tp11_token *t, const struct ks_snap *now)
{
    if (t->conf->pin && !now->logged_in[KS_USER] && !now->logged_in[KS_SO])
        atomic_store(&t->login, TP11_PUBLIC);
}

/* The token's lock is held. */
static enum tee_err
update(struct tp11_token *t)
{
    const struct ks_snap *now = ks_snap_get(t->ks);
    struct tp11_view *v;
    enum tee_err err = TEE_OK;

    follow_login(t, now);
    if (t->changed || t->renew_private || t->view == NULL ||
        t->view->snap->generation != now->generation) {
        err = tp11_view_new(t, t->view, t->renew_private, &v);
        if (err == TEE_OK) {
            t->renew_private = false;
            t->changed = false;
            publish(t, v);
        }
    }
    ks_snap_put(now);
    return err;
}

enum tee_err
tp11_token_update(struct tp11_token *t)
{
    enum tee_err err;

    tp11_lock(&t->lock);
    err = update(t);
    tp11_unlock(&t->lock);
    return err;
}

void
tp11_token_changed(struct tp11_token *t)
{
    enum tee_err err = tp11_token_update(t);

    (void)err;
}

enum tee_err
tp11_token_refresh(struct tp11_token *t)
{
    bool was = atomic_load(&t->login) != TP11_PUBLIC;
    enum tee_err err = ks_token_refresh(t->ks, NULL);

    tp11_token_changed(t);
    if (was && atomic_load(&t->login) == TP11_PUBLIC && t->conf->pin) {
        tp11_sessions_logged_out(t);
        tp11_memory_drop(t, 0);
    }
    return err;
}

bool
tp11_token_writable(struct tp11_token *t)
{
    const struct ks_snap *s = ks_snap_get(t->ks);
    bool writable = s->writable;

    ks_snap_put(s);
    return writable;
}

bool
tp11_sees_private(const struct tp11_token *t)
{
    return !t->conf->pin || atomic_load(&t->login) == TP11_USER;
}

/* ---- session objects -------------------------------------------------------
 */

static size_t
memory_size(const struct tp11_memory *m)
{
    size_t n = m->object.spki.len, i;

    for (i = 0; i < KS_A_COUNT; i++)
        n += m->object.attr[i].len;
    for (i = 0; i < TP11_G_COUNT; i++)
        n += m->given[i].len;
    return n;
}

/* An empty value stays one: present, with no bytes. */
static void
keep(uint8_t **at, struct tee_bytes *v)
{
    if (v->p == NULL)
        return;
    if (v->len > 0)
        memcpy(*at, v->p, v->len);
    v->p = *at;
    *at += v->len;
}

static void
release(const struct tp11_memory *m)
{
    if (m->holder != NULL)
        tp11_memory_put(m->holder);
    else
        ks_key_put(m->key);
    ks_evidence_put(m->ev);
}

enum tee_err
tp11_memory_new(const struct tp11_memory *from, struct tp11_memory **ret)
{
    size_t n = memory_size(from), i;
    struct tp11_memory *m = NULL;
    uint8_t *at = NULL;

    if (n <= KS_OBJECT_MAX) {
        m = malloc(sizeof(*m));
        at = malloc(n + 1); /* also an empty value points somewhere */
    }
    if (m == NULL || at == NULL) {
        free(m);
        free(at);
        release(from);
        return n > KS_OBJECT_MAX ? TEE_E_TOOBIG : TEE_E_NOMEM;
    }
    *m = *from;
    atomic_init(&m->refs, 1);
    m->own = at;
    m->own_len = n;
    m->next = NULL;
    keep(&at, &m->object.spki);
    for (i = 0; i < KS_A_COUNT; i++)
        keep(&at, &m->object.attr[i]);
    for (i = 0; i < TP11_G_COUNT; i++)
        keep(&at, &m->given[i]);
    if (m->handle == 0)
        m->handle = tp11_handle_next();
    *ret = m;
    return TEE_OK;
}

void
tp11_memory_get(struct tp11_memory *m)
{
    atomic_fetch_add(&m->refs, 1);
}

void
tp11_memory_put(struct tp11_memory *m)
{
    if (m == NULL || atomic_fetch_sub(&m->refs, 1) != 1)
        return;
    release(m);
    sodium_memzero(m->own, m->own_len); /* values of private objects too */
    free(m->own);
    free(m);
}

/* Where the list ends, or the place of one item. The token's lock is held. */
static struct tp11_memory **
place_of(struct tp11_token *t, const struct tp11_memory *m)
{
    struct tp11_memory **at = &t->memory;

    while (*at != NULL && *at != m)
        at = &(*at)->next;
    return at;
}

/* Takes the item at *at out of the list. The token's lock is held. */
static void
unlink_memory(struct tp11_token *t, struct tp11_memory **at)
{
    struct tp11_memory *m = *at;

    *at = m->next;
    t->n_memory--;
    t->changed = true;
    tp11_memory_put(m);
}

CK_RV
tp11_memory_add(struct tp11_token *t, struct tp11_memory *m)
{
    struct tp11_memory **end;
    enum tee_err err;

    tp11_lock(&t->lock);
    if (t->n_memory >= KS_OBJECTS_MAX) {
        tp11_unlock(&t->lock);
        tp11_memory_put(m);
        return tp11_rv(TEE_E_TOOBIG);
    }
    end = place_of(t, NULL);
    *end = m;
    t->n_memory++;
    t->changed = true;
    err = update(t);
    if (err != TEE_OK) /* nobody saw it */
        unlink_memory(t, end);
    tp11_unlock(&t->lock);
    return tp11_rv(err);
}

void
tp11_memory_drop(struct tp11_token *t, CK_SESSION_HANDLE of)
{
    struct tp11_memory **at;
    enum tee_err err = TEE_OK;

    tp11_lock(&t->lock);
    for (at = &t->memory; *at != NULL;) {
        if (of != 0 ? (*at)->session == of
                    : ((*at)->object.flags & KS_O_PRIVATE) != 0)
            unlink_memory(t, at);
        else
            at = &(*at)->next;
    }
    if (t->changed)
        err = update(t);
    tp11_unlock(&t->lock);
    (void)err; /* no memory: they go with the next view */
}

CK_RV
tp11_memory_swap(struct tp11_token *t, const struct tp11_memory *old,
                 struct tp11_memory *new)
{
    struct tp11_memory **at;
    enum tee_err err;

    tp11_lock(&t->lock);
    at = place_of(t, old);
    if (*at == NULL) { /* somebody was faster */
        tp11_unlock(&t->lock);
        tp11_memory_put(new);
        return CKR_OBJECT_HANDLE_INVALID;
    }
    if (new != NULL) {
        new->next = (*at)->next;
        (*at)->next = new;
        t->n_memory++;
    }
    unlink_memory(t, at);
    err = update(t);
    tp11_unlock(&t->lock);
    return tp11_rv(err);
}
