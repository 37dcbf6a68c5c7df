#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "pkcs11/tp11.h"

enum { CLOSED = 0, OPEN, CLOSING };
#define STRIPES 16

/*
 * Everything that says "in this process" lies in one page that the kernel
 * wipes in a child of fork: there the module reads as never initialised, the
 * lock as free and the gates as empty, at no cost for the parent and without
 * a handler.  (All zero is what PTHREAD_MUTEX_INITIALIZER is here.)
 *
 * Each call counts itself in at a gate of its thread, so that C_Finalize can
 * wait until nobody is inside and calls of two threads share no cache line.
 */
struct here {
    pthread_mutex_t init;
    atomic_uint state;
    atomic_uint mark; /* of this initialisation; never 0 while OPEN */
    struct {
        _Alignas(64) atomic_uint inside;
    } gate[STRIPES];
};
static _Atomic(struct here *) here; /* made once, never unmapped */
static atomic_uint marks, threads;

/*
 * What a thread remembers: the mark of the initialisation that it is inside of
 * (0: outside; after fork a stale number, and no promise) and its gate.  A
 * pthread key, since thread-local variables of a loaded module take either a
 * library more (the loader's) or room that dlopen may not have.
 */
static _Atomic(uint64_t) thread_key; /* + 1; made once, never deleted */
#define MARK_BITS 24
#define MARK_MASK ((UINT32_C(1) << MARK_BITS) - 1)
struct me {
    uint32_t mark;
    uint32_t gate; /* + 1; 0: none yet */
};

static pthread_key_t
key_get(void)
{
    return (
        pthread_key_t)(atomic_load_explicit(&thread_key, memory_order_relaxed) -
                       1);
}

static struct me
me_get(void)
{
    uintptr_t v = (uintptr_t)pthread_getspecific(key_get());

    return (struct me){ v & MARK_MASK, (uint32_t)(v >> MARK_BITS) };
}

static bool
me_set(struct me m)
{
    uintptr_t v = (uintptr_t)m.gate << MARK_BITS | m.mark;

    return pthread_setspecific(key_get(), (void *)v) == 0;
}

/* Two threads may be first at once, and fork may come in between: the faster
 * one's key and page stay. */
static bool
key_make(void)
{
    pthread_key_t key;
    uint64_t none = 0;

    if (atomic_load(&thread_key) != 0)
        return true;
    if (pthread_key_create(&key, NULL) != 0)
        return false;
    if (!atomic_compare_exchange_strong(&thread_key, &none, (uint64_t)key + 1))
        (void)pthread_key_delete(key);
    return true;
}

static struct here *
here_get(void)
{
    struct here *h = atomic_load(&here), *none = NULL;
    struct tee_secret page = { 0 };

    if (h != NULL)
        return h;
    if (!key_make() || tee_secret_new(sizeof(*h), false, &page) != TEE_OK)
        return NULL;
    h = (struct here *)(void *)page.p;
    if (!atomic_compare_exchange_strong(&here, &none, h)) {
        tee_secret_free(&page);
        h = none;
    }
    return h;
}

static bool
am_inside(const struct here *h, struct me m)
{
    return m.mark != 0 && m.mark == atomic_load(&h->mark);
}

static void
come(struct tp11_call *c)
{
    c->err_no = errno;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &c->cancel);
}

static void
away(struct tp11_call *c)
{
    (void)pthread_setcancelstate(c->cancel, NULL);
    errno = c->err_no;
}

/* The thread is inside from now on. false: no memory for that. */
static bool
mark_in(const struct here *h, struct me *m)
{
    if (m->gate == 0)
        m->gate = atomic_fetch_add(&threads, 1) % STRIPES + 1;
    m->mark = atomic_load_explicit(&h->mark, memory_order_relaxed);
    return me_set(*m);
}

static void
mark_out(struct me m)
{
    m.mark = 0;
    (void)me_set(m); /* there is room: it was set before */
}

CK_RV
tp11_enter(struct tp11_call *c)
{
    struct here *h = atomic_load_explicit(&here, memory_order_acquire);
    struct me me;

    if (h == NULL)
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    me = me_get();
    if (am_inside(h, me))
        return CKR_FUNCTION_FAILED;
    come(c);
    if (!mark_in(h, &me)) {
        away(c);
        return CKR_HOST_MEMORY;
    }
    /* count in first, look then: C_Finalize does it the other way round */
    c->gate = &h->gate[me.gate - 1].inside;
    atomic_fetch_add(c->gate, 1);
    if (atomic_load(&h->state) == OPEN) {
        /* Between mark and count others may have closed and opened again.
         * From here on nobody can, so this mark is the one to leave by. */
        if (!am_inside(h, me))
            (void)mark_in(h, &me);
        return CKR_OK;
    }
    atomic_fetch_sub(c->gate, 1);
    mark_out(me);
    away(c);
    return CKR_CRYPTOKI_NOT_INITIALIZED;
}

/* In a child that was forked inside of a call (by a signal handler) there is
 * nothing to count out of. */
CK_RV
tp11_leave(struct tp11_call *c, CK_RV rv)
{
    struct me me = me_get();

    if (am_inside(atomic_load_explicit(&here, memory_order_relaxed), me))
        atomic_fetch_sub(c->gate, 1);
    mark_out(me);
    away(c);
    return rv;
}

/* ---- C_Initialize and C_Finalize
 * -------------------------------------------------
 */

static void
lock_here(struct here *h, struct tp11_call *c)
{
    come(c);
    tp11_lock(&h->init);
}

static void
unlock_here(struct here *h, struct tp11_call *c, unsigned state)
{
    mark_out(me_get());
    atomic_store(&h->state, state);
    tp11_unlock(&h->init);
    away(c);
}

CK_RV
tp11_open_begin(struct tp11_call *c)
{
    struct here *h = here_get();
    struct me me;

    if (h == NULL)
        return CKR_HOST_MEMORY;
    me = me_get();
    if (am_inside(h, me))
        return CKR_CRYPTOKI_ALREADY_INITIALIZED;
    lock_here(h, c);
    if (atomic_load(&h->state) != CLOSED) {
        unlock_here(h, c, atomic_load(&h->state));
        return CKR_CRYPTOKI_ALREADY_INITIALIZED;
    }
    /* not 0, and not that of a call before */
    atomic_store(&h->mark, atomic_fetch_add(&marks, 1) % MARK_MASK + 1);
    if (!mark_in(h, &me)) {
        unlock_here(h, c, CLOSED);
        return CKR_HOST_MEMORY;
    }
    return CKR_OK;
}

CK_RV
tp11_open_end(struct tp11_call *c, CK_RV rv)
{
    unlock_here(atomic_load(&here), c, rv == CKR_OK ? OPEN : CLOSED);
    return rv;
}

static void
wait_until_empty(struct here *h)
{
    static const struct timespec nap = { .tv_nsec = 200000 };
    size_t i;

    for (i = 0; i < STRIPES; i++) {
        while (atomic_load(&h->gate[i].inside) != 0)
            (void)nanosleep(&nap, NULL);
    }
}

CK_RV
tp11_close_begin(struct tp11_call *c)
{
    struct here *h = atomic_load(&here);
    struct me me;

    if (h == NULL)
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    me = me_get();
    lock_here(h, c);
    if (atomic_load(&h->state) != OPEN) {
        unlock_here(h, c, atomic_load(&h->state));
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    }
    (void)mark_in(h, &me); /* there is room: this thread was in before */
    atomic_store(&h->state, CLOSING);
    wait_until_empty(h);
    return CKR_OK;
}

void
tp11_close_end(struct tp11_call *c)
{
    unlock_here(atomic_load(&here), c, CLOSED);
}

void
tp11_lock_init(pthread_mutex_t *m)
{
    static const pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;

    *m = fresh;
}

/* A mutex of ours can't fail: default type, always initialised.  If it does,
 * going on would be worse than stopping. */
void
tp11_lock(pthread_mutex_t *m)
{
    if (pthread_mutex_lock(m) != 0)
        abort();
}

void
tp11_unlock(pthread_mutex_t *m)
{
    if (pthread_mutex_unlock(m) != 0)
        abort();
}
