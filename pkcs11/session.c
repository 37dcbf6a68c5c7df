#include <stdlib.h>
#include <string.h>

#include "pkcs11/tp11.h"

/*
 * Places for sessions; never freed, so that a stale handle always finds a lock
 * to look behind.  A handle is "how often times 4096 plus place": none is
 * given twice.  A place gets its lock when it is used for the first time.
 */
static struct tp11_session places[TP11_SESSIONS];
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic uint32_t made; /* places that have a lock */
static uint32_t free_list;    /* place + 1 */

_Static_assert((TP11_SESSIONS & (TP11_SESSIONS - 1)) == 0, "a power of two");

static bool
place_take(struct tp11_session **ret)
{
    uint32_t i;

    tp11_lock(&table_lock);
    i = atomic_load(&made);
    if (free_list != 0) {
        i = free_list - 1;
        free_list = places[i].next_free;
    } else if (i < TP11_SESSIONS) {
        tp11_lock_init(&places[i].lock);
        atomic_store(&made, i + 1);
    }
    tp11_unlock(&table_lock);
    if (i == TP11_SESSIONS)
        return false;
    *ret = &places[i];
    return true;
}

static void
place_give(struct tp11_session *s)
{
    tp11_lock(&table_lock);
    s->next_free = free_list;
    free_list = (uint32_t)(s - places) + 1;
    tp11_unlock(&table_lock);
}

/* Locked, if it is still that one. */
static bool
take(CK_SESSION_HANDLE h, struct tp11_session **ret)
{
    size_t i = h & (TP11_SESSIONS - 1);

    if (h == 0 || i >= atomic_load_explicit(&made, memory_order_acquire))
        return false;
    tp11_lock(&places[i].lock);
    if (places[i].handle != h) {
        tp11_unlock(&places[i].lock);
        return false;
    }
    *ret = &places[i];
    return true;
}

static CK_RV
fresh_view(struct tp11_session *s)
{
    if (s->view != NULL &&
        s->view->seq ==
            atomic_load_explicit(&s->token->seq, memory_order_acquire))
        return CKR_OK;
    tp11_view_put(s->view);
    s->view = tp11_token_view(s->token);
    return s->view != NULL ? CKR_OK : CKR_HOST_MEMORY;
}

CK_RV
tp11_session_take(CK_SESSION_HANDLE h, struct tp11_session **ret)
{
    CK_RV rv;

    if (!take(h, ret))
        return CKR_SESSION_HANDLE_INVALID;
    rv = fresh_view(*ret);
    if (rv != CKR_OK)
        tp11_unlock(&(*ret)->lock);
    return rv;
}

void
tp11_session_give(struct tp11_session *s)
{
    tp11_unlock(&s->lock);
}

CK_RV
tp11_session_object(const struct tp11_session *s, CK_OBJECT_HANDLE h,
                    const struct tp11_object **ret)
{
    const struct tp11_object *o = tp11_view_find(s->view, h);

    if (o == NULL)
        return CKR_OBJECT_HANDLE_INVALID;
    if (o->o != NULL && o->o->flags & KS_O_PRIVATE &&
        !tp11_sees_private(s->token))
        return CKR_USER_NOT_LOGGED_IN;
    *ret = o;
    return CKR_OK;
}

void
tp11_op_end(struct tp11_op *op)
{
    if (!op->active)
        return;
    ks_op_clear(&op->op);
    free(op->sig);
    op->sig = NULL;
    op->active = op->parts = op->given = op->private = false;
}

void
tp11_find_end(struct tp11_find *f)
{
    free(f->many);
    f->many = NULL;
    f->n = f->next = 0;
    f->active = false;
}

/* ---- opening and closing
 * -----------------------------------------------------
 */

/* Counts the session in. */
static CK_RV
count_in(struct tp11_token *t, bool rw)
{
    CK_RV rv = CKR_OK;

    tp11_lock(&t->lock);
    if (!rw && atomic_load(&t->login) == TP11_SO) {
        rv = CKR_SESSION_READ_WRITE_SO_EXISTS;
    } else {
        t->sessions++;
        t->rw_sessions += rw;
    }
    tp11_unlock(&t->lock);
    return rv;
}

/* Counts it out; the last one logs out (pkcs11.md 3.2). */
static void
count_out(struct tp11_token *t, bool rw)
{
    bool last;

    tp11_lock(&t->lock);
    t->sessions--;
    t->rw_sessions -= rw;
    last = t->sessions == 0 && atomic_load(&t->login) != TP11_PUBLIC;
    if (last)
        atomic_store(&t->login, TP11_PUBLIC);
    tp11_unlock(&t->lock);
    if (last && t->conf->pin)
        ks_logout(t->ks);
}

/* A store that can't be read is an outage, not a token without a store. */
static CK_RV
token_ready(struct tp11_token *t)
{
    enum tee_err err = tp11_token_refresh(t);
    const struct ks_snap *snap = ks_snap_get(t->ks);
    bool ready = snap->initialised;

    ks_snap_put(snap);
    if (ready)
        return CKR_OK;
    return err != TEE_OK ? tp11_rv(err) : CKR_TOKEN_NOT_RECOGNIZED;
}

static CK_RV
flags_fit(CK_FLAGS flags)
{
    if ((flags & CKF_SERIAL_SESSION) == 0)
        return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
    if ((flags & CKF_ASYNC_SESSION) != 0)
        return CKR_SESSION_ASYNC_NOT_SUPPORTED;
    return (flags & ~(CKF_SERIAL_SESSION | CKF_RW_SESSION)) != 0
               ? CKR_ARGUMENTS_BAD
               : CKR_OK;
}

CK_RV
tp11_open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY notify,
                  CK_SESSION_HANDLE *ret)
{
    bool rw = (flags & CKF_RW_SESSION) != 0;
    struct tp11_session *s;
    struct tp11_token *t;
    CK_RV rv;

    (void)app;
    (void)notify;
    if (ret == NULL)
        return CKR_ARGUMENTS_BAD;
    rv = tp11_slot_token(slot, &t);
    if (rv == CKR_OK)
        rv = flags_fit(flags);
    if (rv == CKR_OK)
        rv = token_ready(t);
    if (rv != CKR_OK)
        return rv;
    if (!place_take(&s))
        return CKR_SESSION_COUNT;
    rv = count_in(t, rw);
    if (rv != CKR_OK) {
        place_give(s);
        return rv;
    }
    tp11_lock(&s->lock);
    s->last = s->last == 0 ? TP11_SESSIONS + (CK_ULONG)(s - places)
                           : s->last + TP11_SESSIONS;
    s->token = t;
    s->rw = rw;
    s->handle = s->last;
    *ret = s->handle;
    tp11_unlock(&s->lock);
    return CKR_OK;
}

/* Ends what the session holds and unlocks it. */
static void
close_locked(struct tp11_session *s)
{
    CK_SESSION_HANDLE h = s->handle;
    struct tp11_token *t = s->token;
    bool rw = s->rw;

    tp11_op_end(&s->sign);
    tp11_op_end(&s->verify);
    tp11_find_end(&s->find);
    tp11_pins_clear(s);
    tp11_view_put(s->view);
    s->view = NULL;
    s->token = NULL;
    s->handle = 0;
    tp11_unlock(&s->lock);
    tp11_memory_drop(t, h);
    count_out(t, rw);
    place_give(s);
}

CK_RV
tp11_close_session(CK_SESSION_HANDLE h)
{
    struct tp11_session *s;

    if (!take(h, &s))
        return CKR_SESSION_HANDLE_INVALID;
    close_locked(s);
    return CKR_OK;
}

void
tp11_sessions_close(struct tp11_token *t)
{
    uint32_t n = atomic_load(&made), i;

    for (i = 0; i < n; i++) {
        tp11_lock(&places[i].lock);
        if (places[i].handle != 0 && (t == NULL || places[i].token == t))
            close_locked(&places[i]);
        else
            tp11_unlock(&places[i].lock);
    }
}

CK_RV
tp11_close_all_sessions(CK_SLOT_ID slot)
{
    struct tp11_token *t;
    CK_RV rv = tp11_slot_token(slot, &t);

    if (rv == CKR_OK)
        tp11_sessions_close(t);
    return rv;
}

/* Locks anew and nothing freed: another thread of the parent may have been
 * half-way through any of it. */
void
tp11_sessions_abandon(void)
{
    CK_SESSION_HANDLE last;
    uint32_t n = atomic_load(&made), i;

    tp11_lock_init(&table_lock);
    free_list = 0;
    for (i = n; i-- > 0;) {
        last = places[i].last;
        memset(&places[i], 0, sizeof(places[i]));
        tp11_lock_init(&places[i].lock);
        places[i].last = last;
        places[i].next_free = free_list;
        free_list = i + 1;
    }
}

void
tp11_sessions_logged_out(struct tp11_token *t)
{
    uint32_t n = atomic_load(&made), i;
    struct tp11_session *s;

    for (i = 0; i < n; i++) {
        s = &places[i];
        tp11_lock(&s->lock);
        if (s->handle != 0 && s->token == t) {
            if (s->sign.private)
                tp11_op_end(&s->sign);
            if (s->verify.private)
                tp11_op_end(&s->verify);
        }
        tp11_unlock(&s->lock);
    }
}

CK_RV
tp11_go_away(CK_SESSION_HANDLE h, struct tp11_away *ret)
{
    struct tp11_session *s;
    CK_RV rv = tp11_session_take(h, &s);

    if (rv != CKR_OK)
        return rv;
    ret->session = h;
    ret->token = s->token;
    ret->rw = s->rw;
    ret->view = s->view;
    tp11_view_get(s->view);
    tp11_session_give(s);
    return CKR_OK;
}

void
tp11_away_end(struct tp11_away *a)
{
    tp11_view_put(a->view);
    a->view = NULL;
}

static CK_STATE
state_of(const struct tp11_session *s)
{
    switch (atomic_load(&s->token->login)) {
    case TP11_SO:
        return CKS_RW_SO_FUNCTIONS;
    case TP11_USER:
        return s->rw ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
    case TP11_PUBLIC:
        break;
    }
    return s->rw ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
}

CK_RV
tp11_get_session_info(CK_SESSION_HANDLE h, CK_SESSION_INFO *info)
{
    struct tp11_session *s;

    if (info == NULL)
        return CKR_ARGUMENTS_BAD;
    if (!take(h, &s))
        return CKR_SESSION_HANDLE_INVALID;
    info->slotID = s->token->id;
    info->state = state_of(s);
    info->flags = CKF_SERIAL_SESSION | (s->rw ? CKF_RW_SESSION : 0);
    info->ulDeviceError = 0;
    tp11_unlock(&s->lock);
    return CKR_OK;
}

/* Operations that are not active, and kinds that we never have, are cancelled
 * by saying so. */
CK_RV
tp11_session_cancel(CK_SESSION_HANDLE h, CK_FLAGS flags)
{
    struct tp11_session *s;

    if (!take(h, &s))
        return CKR_SESSION_HANDLE_INVALID;
    if ((flags & CKF_SIGN) != 0)
        tp11_op_end(&s->sign);
    if ((flags & CKF_VERIFY) != 0)
        tp11_op_end(&s->verify);
    if ((flags & CKF_FIND_OBJECTS) != 0)
        tp11_find_end(&s->find);
    tp11_unlock(&s->lock);
    return CKR_OK;
}

CK_RV
tp11_not_parallel(CK_SESSION_HANDLE h)
{
    struct tp11_session *s;

    if (!take(h, &s))
        return CKR_SESSION_HANDLE_INVALID;
    tp11_unlock(&s->lock);
    return CKR_FUNCTION_NOT_PARALLEL;
}
