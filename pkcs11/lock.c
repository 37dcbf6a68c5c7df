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

/* The mark of the initialisation that this thread is inside of.  After fork
 * it is a stale number, and not a promise. */
static _Thread_local unsigned inside;
static _Thread_local unsigned stripe; /* + 1 */

static struct here *
here_get(void)
{
    struct here *h = atomic_load(&here), *none = NULL;
    struct tee_secret page = { 0 };

    if (h != NULL)
        return h;
    if (tee_secret_new(sizeof(*h), false, &page) != TEE_OK)
        return NULL;
    h = (struct here *)(void *)page.p;
    if (!atomic_compare_exchange_strong(&here, &none, h)) {
        tee_secret_free(&page);
        h = none;
    }
    return h;
}

static atomic_uint *
my_gate(struct here *h)
{
    if (stripe == 0)
        stripe = atomic_fetch_add(&threads, 1) % STRIPES + 1;
    return &h->gate[stripe - 1].inside;
}

static bool
am_inside(const struct here *h)
{
    return inside != 0 && inside == atomic_load(&h->mark);
}

static void
away(struct tp11_call *c)
{
    inside = c->mark;
    errno = c->err_no;
    (void)pthread_setcancelstate(c->cancel, NULL);
}

static void
come(struct tp11_call *c)
{
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &c->cancel);
    c->err_no = errno;
    c->mark = inside;
}

CK_RV
tp11_enter(struct tp11_call *c)
{
    struct here *h = atomic_load_explicit(&here, memory_order_acquire);

    if (h == NULL)
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    if (am_inside(h))
        return CKR_FUNCTION_FAILED;
    come(c);
    /* count in first, look then: C_Finalize does it the other way round */
    c->gate = my_gate(h);
    atomic_fetch_add(c->gate, 1);
    if (atomic_load(&h->state) != OPEN) {
        atomic_fetch_sub(c->gate, 1);
        away(c);
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    }
    inside = atomic_load_explicit(&h->mark, memory_order_relaxed);
    return CKR_OK;
}

/* In a child that was forked inside of a call (by a signal handler) there is
 * nothing to count out of. */
CK_RV
tp11_leave(struct tp11_call *c, CK_RV rv)
{
    if (am_inside(atomic_load_explicit(&here, memory_order_relaxed)))
        atomic_fetch_sub(c->gate, 1);
    away(c);
    return rv;
}

/* A mark for this thread before the lock: what it calls meanwhile, and what
 * that calls, must not wait for it. */
static void
lock_here(struct here *h, struct tp11_call *c)
{
    come(c);
    tp11_lock(&h->init);
}

static void
unlock_here(struct here *h, struct tp11_call *c, unsigned state)
{
    atomic_store(&h->state, state);
    tp11_unlock(&h->init);
    away(c);
}

CK_RV
tp11_open_begin(struct tp11_call *c)
{
    struct here *h = here_get();
    unsigned mark;

    if (h == NULL)
        return CKR_HOST_MEMORY;
    if (am_inside(h))
        return CKR_CRYPTOKI_ALREADY_INITIALIZED;
    lock_here(h, c);
    if (atomic_load(&h->state) != CLOSED) {
        unlock_here(h, c, atomic_load(&h->state));
        return CKR_CRYPTOKI_ALREADY_INITIALIZED;
    }
    do
        mark = atomic_fetch_add(&marks, 1) + 1;
    while (mark == 0);
    atomic_store(&h->mark, mark);
    inside = mark;
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

    if (h == NULL)
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    lock_here(h, c);
    if (atomic_load(&h->state) != OPEN) {
        unlock_here(h, c, atomic_load(&h->state));
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    }
    inside = atomic_load(&h->mark);
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
