#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/tee.h"

static size_t
page_size(void)
{
    long n = sysconf(_SC_PAGESIZE);

    return n > 0 ? (size_t)n : 4096;
}

enum tee_err
tee_secret_new(size_t len, bool must_lock, struct tee_secret *ret)
{
    size_t page = page_size();
    struct tee_secret s = { 0 };
    void *p;

    if (len == 0 || len > SIZE_MAX - page)
        return TEE_E_ARG;
    s.len = len;
    s.maplen = (len + page - 1) / page * page;
    p = mmap(NULL, s.maplen, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return TEE_E_NOMEM;
    s.p = p;
    s.locked = mlock(p, s.maplen) == 0;
    if ((must_lock && !s.locked) || madvise(p, s.maplen, MADV_DONTDUMP) != 0 ||
        madvise(p, s.maplen, MADV_WIPEONFORK) != 0) {
        (void)munmap(p, s.maplen);
        return TEE_E_NOMEM;
    }
    *ret = s;
    return TEE_OK;
}

void
tee_secret_free(struct tee_secret *s)
{
    if (s == NULL || s->p == NULL)
        return;
    sodium_memzero(s->p, s->maplen);
    (void)munmap(s->p, s->maplen);
    *s = (struct tee_secret){ 0 };
}

/*
 * Threads look at the mark while another one sets or clears it; the pointer
 * and the byte are atomic for their sake, at no cost on the machines we know.
 */
static void *
page_of(const struct tee_forkmark *m)
{
    return (void *)(uintptr_t)__atomic_load_n(&m->page, __ATOMIC_ACQUIRE);
}

enum tee_err
tee_forkmark_set(struct tee_forkmark *m)
{
    size_t page = page_size();
    void *p;

    if (page_of(m) == NULL) {
        p = mmap(NULL, page, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            return TEE_E_NOMEM;
        if (madvise(p, page, MADV_WIPEONFORK) != 0) {
            (void)munmap(p, page);
            return TEE_E_NOMEM;
        }
        __atomic_store_n(&m->page, (volatile uint8_t *)p, __ATOMIC_RELEASE);
    }
    __atomic_store_n(m->page, 1, __ATOMIC_RELEASE);
    return TEE_OK;
}

bool
tee_forkmark_here(const struct tee_forkmark *m)
{
    const uint8_t *page = page_of(m);

    return page != NULL && __atomic_load_n(page, __ATOMIC_ACQUIRE) == 1;
}

/* The page stays mapped: another thread may be looking at it. */
void
tee_forkmark_clear(struct tee_forkmark *m)
{
    uint8_t *page = page_of(m);

    if (page != NULL)
        __atomic_store_n(page, 0, __ATOMIC_RELEASE);
}

/*
 * Chunks of 64 slots, each with its own bitmap of taken ones; the list only
 * grows, so a slot's address stays good.  Where pages are larger than a chunk
 * of 4096 bytes, the rest of its page stays unused.
 *
 * In a child of fork another thread may have held the lock, and the slots are
 * wiped: the mark tells, before the lock is touched, that nothing here may be
 * used.  tee_arena_free takes no lock, so a child may give the memory back.
 */
struct chunk {
    struct tee_secret mem;
    uint64_t taken;
    struct chunk *next;
};
struct tee_arena {
    pthread_mutex_t lock;
    struct tee_forkmark mark;
    struct chunk *chunks;
    size_t max, used;
    bool must_lock;
    _Atomic bool some_unlocked;
};
#define CHUNK_SLOTS 64 /* bits of the map */

enum tee_err
tee_arena_new(size_t max, bool must_lock, struct tee_arena **ret)
{
    struct tee_arena *a = calloc(1, sizeof(*a));

    if (a == NULL)
        return TEE_E_NOMEM;
    if (tee_forkmark_set(&a->mark) != TEE_OK) {
        free(a);
        return TEE_E_NOMEM;
    }
    (void)pthread_mutex_init(&a->lock, NULL); /* cannot fail in glibc */
    a->max = max;
    a->must_lock = must_lock;
    *ret = a;
    return TEE_OK;
}

void
tee_arena_free(struct tee_arena *a)
{
    struct chunk *c, *next;

    if (a == NULL)
        return;
    for (c = a->chunks; c != NULL; c = next) {
        next = c->next;
        tee_secret_free(&c->mem);
        free(c);
    }
    (void)munmap(page_of(&a->mark), page_size());
    (void)pthread_mutex_destroy(&a->lock);
    free(a);
}

static enum tee_err
chunk_new(struct tee_arena *a, struct chunk **ret)
{
    struct chunk *c = calloc(1, sizeof(*c));
    enum tee_err err;

    if (c == NULL)
        return TEE_E_NOMEM;
    err = tee_secret_new((size_t)CHUNK_SLOTS * TEE_SLOT, a->must_lock, &c->mem);
    if (err != TEE_OK) {
        free(c);
        return err;
    }
    if (!c->mem.locked)
        atomic_store(&a->some_unlocked, true);
    c->next = a->chunks;
    a->chunks = c;
    *ret = c;
    return TEE_OK;
}

static enum tee_err
take_locked(struct tee_arena *a, uint8_t **ret)
{
    struct chunk *c;
    enum tee_err err;
    unsigned i;

    if (a->used >= a->max)
        return TEE_E_NOMEM;
    for (c = a->chunks; c != NULL && c->taken == UINT64_MAX; c = c->next)
        ;
    if (c == NULL) {
        err = chunk_new(a, &c);
        if (err != TEE_OK)
            return err;
    }
    for (i = 0; (c->taken >> i & 1) != 0; i++)
        ;
    c->taken |= (uint64_t)1 << i;
    a->used++;
    *ret = c->mem.p + (size_t)i * TEE_SLOT;
    return TEE_OK;
}

enum tee_err
tee_arena_take(struct tee_arena *a, uint8_t **ret)
{
    enum tee_err err;

    if (!tee_forkmark_here(&a->mark))
        return TEE_E_FORKED;
    (void)pthread_mutex_lock(&a->lock);
    err = take_locked(a, ret);
    (void)pthread_mutex_unlock(&a->lock);
    return err;
}

void
tee_arena_put(struct tee_arena *a, uint8_t *slot)
{
    struct chunk *c;

    if (slot == NULL || !tee_forkmark_here(&a->mark))
        return; /* the kernel wiped it for the child */
    sodium_memzero(slot, TEE_SLOT);
    (void)pthread_mutex_lock(&a->lock);
    for (c = a->chunks; c != NULL; c = c->next) {
        size_t off = (size_t)((uintptr_t)slot - (uintptr_t)c->mem.p);
        uint64_t bit = (uint64_t)1 << off / TEE_SLOT % CHUNK_SLOTS;

        if (off >= c->mem.len)
            continue;
        if ((c->taken & bit) != 0) {
            c->taken &= ~bit;
            a->used--;
        }
        break;
    }
    (void)pthread_mutex_unlock(&a->lock);
}

bool
tee_arena_locked(const struct tee_arena *a)
{
    return !atomic_load(&a->some_unlocked);
}
