/* Locked memory, the arena of keys, the mark that a fork wipes. */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/base/suites.h"
#include "tests/support/alloc.h"

/* munmap of this program is wrapped: was the memory wiped before it went? */
int __real_munmap(void *p, size_t n);
int __wrap_munmap(void *p, size_t n);

static const uint8_t *watched;
static bool watched_gone, watched_wiped;

int
__wrap_munmap(void *p, size_t n)
{
    const uint8_t *v = p;
    size_t i;

    if (watched != NULL && (uintptr_t)watched - (uintptr_t)p < n) {
        watched_gone = watched_wiped = true;
        for (i = 0; i < n; i++)
            watched_wiped = watched_wiped && v[i] == 0;
        watched = NULL;
    }
    return __real_munmap(p, n);
}

/* The line "VmFlags:" of the mapping that p lies in. */
static void
vm_flags(const uint8_t *p, char ret[256])
{
    FILE *f = fopen("/proc/self/smaps", "r");
    uintptr_t at = (uintptr_t)p;
    unsigned long from, to;
    bool inside = false;
    char line[512], *dash;

    ret[0] = '\0';
    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        from = strtoul(line, &dash, 16);
        if (*dash == '-') { /* else "Name:  value" */
            to = strtoul(dash + 1, NULL, 16);
            inside = at >= from && at < to;
        } else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            (void)snprintf(ret, 256, "%.200s", line + 8);
        }
    }
    if (f != NULL)
        (void)fclose(f);
}

/* The sanitizers' runtime answers mlock itself and locks nothing. */
static bool
locked_in(const char *flags)
{
#ifdef TEE_SANITIZER
    return flags[0] != '\0';
#else
    return strstr(flags, " lo") != NULL;
#endif
}

static bool
zero(const uint8_t *p, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (p[i] != 0)
            return false;
    }
    return true;
}

/* Runs the check in a child; true when it says so, within five seconds. */
static bool
in_child(bool (*check)(void *arg), void *arg)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        (void)alarm(5);
        _exit(check(arg) ? 0 : 1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* ---- struct tee_secret ------------------------------------------------------
 */

static void
test_flags(void)
{
    struct tee_secret s;
    char flags[256];

    CU_ASSERT_EQUAL(tee_secret_new(32, true, &s), TEE_OK);
    vm_flags(s.p, flags);
    CU_ASSERT_PTR_NOT_NULL(strstr(flags, " dd")); /* not in a core dump */
    CU_ASSERT_PTR_NOT_NULL(strstr(flags, " wf")); /* not in a child */
    CU_ASSERT_TRUE(locked_in(flags));             /* not on a disk */
    CU_ASSERT_TRUE(s.locked && s.len == 32);
    CU_ASSERT_TRUE(zero(s.p, s.maplen));
    tee_secret_free(&s);
}

static void
test_wiped(void)
{
    struct tee_secret s;

    CU_ASSERT_EQUAL(tee_secret_new(5000, true, &s), TEE_OK);
    CU_ASSERT_TRUE(s.maplen >= 5000);
    memset(s.p, 0x5a, s.maplen);
    watched = s.p;
    tee_secret_free(&s);
    CU_ASSERT_TRUE(watched_gone && watched_wiped);
    CU_ASSERT_PTR_NULL(s.p);
    tee_secret_free(&s); /* twice, and of nothing */
    tee_secret_free(NULL);
}

static bool
secret_is_zero(void *arg)
{
    const struct tee_secret *s = arg;

    return zero(s->p, s->maplen);
}

static void
test_child_has_none(void)
{
    struct tee_secret s;

    CU_ASSERT_EQUAL(tee_secret_new(64, true, &s), TEE_OK);
    memset(s.p, 0x5a, 64);
    CU_ASSERT_TRUE(in_child(secret_is_zero, &s));
    CU_ASSERT_EQUAL(s.p[63], 0x5a);
    tee_secret_free(&s);
}

static void
test_lengths(void)
{
    struct tee_secret s = { .len = 77 };

    CU_ASSERT_EQUAL(tee_secret_new(0, false, &s), TEE_E_ARG);
    CU_ASSERT_EQUAL(tee_secret_new(SIZE_MAX, false, &s), TEE_E_ARG);
    CU_ASSERT_EQUAL(tee_secret_new(SIZE_MAX - 100, false, &s), TEE_E_ARG);
    CU_ASSERT_EQUAL(tee_secret_new(SIZE_MAX / 2, false, &s), TEE_E_NOMEM);
    CU_ASSERT_EQUAL(s.len, 77);
}

static void
test_lock_refused(void)
{
    struct tee_secret s = { .len = 77 };

    alloc_no_mlock(true);
    CU_ASSERT_EQUAL(tee_secret_new(32, true, &s), TEE_E_NOMEM);
    CU_ASSERT_EQUAL(s.len, 77);
    CU_ASSERT_EQUAL(tee_secret_new(32, false, &s), TEE_OK);
    CU_ASSERT_FALSE(s.locked);
    alloc_no_mlock(false);
    tee_secret_free(&s);
}

static enum tee_err
secret_round(void *arg)
{
    struct tee_secret s;
    enum tee_err err = tee_secret_new(32, true, &s);

    (void)arg;
    if (err == TEE_OK)
        tee_secret_free(&s);
    return err;
}

/* ---- the arena --------------------------------------------------------------
 */

static void
test_slots(void)
{
    struct tee_arena *a;
    uint8_t *slot[200];
    char flags[256];
    size_t i, k;

    CU_ASSERT_EQUAL(tee_arena_new(200, true, &a), TEE_OK);
    for (i = 0; i < 200; i++) {
        CU_ASSERT_EQUAL_FATAL(tee_arena_take(a, &slot[i]), TEE_OK);
        CU_ASSERT_TRUE(zero(slot[i], TEE_SLOT));
        memset(slot[i], (int)i + 1, TEE_SLOT);
    }
    for (i = 0; i < 200; i++) { /* nobody wrote on his neighbour */
        for (k = 0; k < TEE_SLOT; k++)
            CU_ASSERT_EQUAL(slot[i][k], (uint8_t)(i + 1));
        if (i % 50 != 0)
            continue;
        vm_flags(slot[i], flags);
        CU_ASSERT_PTR_NOT_NULL(strstr(flags, " dd"));
        CU_ASSERT_PTR_NOT_NULL(strstr(flags, " wf"));
        CU_ASSERT_TRUE(locked_in(flags));
    }
    CU_ASSERT_TRUE(tee_arena_locked(a));
    watched = slot[0];
    watched_gone = false;
    tee_arena_free(a);
    CU_ASSERT_TRUE(watched_gone && watched_wiped);
    tee_arena_free(NULL);
}

static void
test_ceiling_and_reuse(void)
{
    struct tee_arena *a;
    uint8_t *slot[3], *more = NULL;

    CU_ASSERT_EQUAL(tee_arena_new(3, false, &a), TEE_OK);
    CU_ASSERT_EQUAL(tee_arena_take(a, &slot[0]), TEE_OK);
    CU_ASSERT_EQUAL(tee_arena_take(a, &slot[1]), TEE_OK);
    CU_ASSERT_EQUAL(tee_arena_take(a, &slot[2]), TEE_OK);
    CU_ASSERT_EQUAL(tee_arena_take(a, &more), TEE_E_NOMEM);
    CU_ASSERT_PTR_NULL(more);
    memset(slot[1], 0x5a, TEE_SLOT);
    tee_arena_put(a, slot[1]);
    CU_ASSERT_TRUE(zero(slot[1], TEE_SLOT)); /* at once */
    tee_arena_put(a, NULL);
    CU_ASSERT_EQUAL(tee_arena_take(a, &more), TEE_OK);
    CU_ASSERT_PTR_EQUAL(more, slot[1]);
    CU_ASSERT_TRUE(zero(more, TEE_SLOT));
    tee_arena_free(a);
}

/* A slot given back twice must not make the arena think it has room. */
static void
test_put_twice(void)
{
    struct tee_arena *a;
    uint8_t *one, *two, *three = NULL;

    CU_ASSERT_EQUAL(tee_arena_new(2, false, &a), TEE_OK);
    CU_ASSERT_EQUAL(tee_arena_take(a, &one), TEE_OK);
    tee_arena_put(a, one);
    tee_arena_put(a, one);
    CU_ASSERT_EQUAL(tee_arena_take(a, &one), TEE_OK);
    CU_ASSERT_EQUAL(tee_arena_take(a, &two), TEE_OK);
    CU_ASSERT_EQUAL(tee_arena_take(a, &three), TEE_E_NOMEM);
    CU_ASSERT_PTR_NOT_EQUAL(one, two);
    tee_arena_free(a);
}

static void
test_arena_lock(void)
{
    struct tee_arena *a;
    uint8_t *slot = NULL;

    alloc_no_mlock(true);
    CU_ASSERT_EQUAL(tee_arena_new(4, true, &a), TEE_OK);
    CU_ASSERT_EQUAL(tee_arena_take(a, &slot), TEE_E_NOMEM);
    CU_ASSERT_PTR_NULL(slot);
    alloc_no_mlock(false); /* the limit was raised: it works from now on */
    CU_ASSERT_EQUAL(tee_arena_take(a, &slot), TEE_OK);
    CU_ASSERT_TRUE(tee_arena_locked(a));
    tee_arena_free(a);
    alloc_no_mlock(true);
    CU_ASSERT_EQUAL(tee_arena_new(4, false, &a), TEE_OK);
    CU_ASSERT_TRUE(tee_arena_locked(a)); /* nothing is unlocked yet */
    CU_ASSERT_EQUAL(tee_arena_take(a, &slot), TEE_OK);
    CU_ASSERT_FALSE(tee_arena_locked(a));
    alloc_no_mlock(false);
    tee_arena_free(a);
}

struct forked {
    struct tee_arena *a;
    uint8_t *slot;
};

/* What a child finds: no key, no slot to be had, and nothing that hangs. */
static bool
arena_is_dead(void *arg)
{
    struct forked *f = arg;
    uint8_t *more = NULL;
    bool ok = zero(f->slot, TEE_SLOT);

    ok = ok && tee_arena_take(f->a, &more) == TEE_E_FORKED && more == NULL;
    tee_arena_put(f->a, f->slot);
    (void)tee_arena_locked(f->a);
    tee_arena_free(f->a);
    return ok;
}

static _Atomic bool stop;

/* Holds the arena's lock most of the time. */
static void *
take_and_put(void *arg)
{
    uint8_t *slot;

    while (!atomic_load(&stop)) {
        if (tee_arena_take(arg, &slot) == TEE_OK)
            tee_arena_put(arg, slot);
    }
    return NULL;
}

static void
test_fork(void)
{
    struct forked f;
    pthread_t thread;
    int i;

    CU_ASSERT_EQUAL(tee_arena_new(8, true, &f.a), TEE_OK);
    CU_ASSERT_EQUAL(tee_arena_take(f.a, &f.slot), TEE_OK);
    memset(f.slot, 0x5a, TEE_SLOT);
    CU_ASSERT_EQUAL(pthread_create(&thread, NULL, take_and_put, f.a), 0);
    for (i = 0; i < 100; i++)
        CU_ASSERT_TRUE(in_child(arena_is_dead, &f));
    atomic_store(&stop, true);
    (void)pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(f.slot[63], 0x5a);
    tee_arena_free(f.a);
}

static void *
take_eight(void *arg)
{
    uint8_t *slot[8];
    uintptr_t bad = 0;
    int round, i;

    for (round = 0; round < 200; round++) {
        for (i = 0; i < 8; i++) {
            if (tee_arena_take(arg, &slot[i]) != TEE_OK)
                return (void *)1;
            bad |= !zero(slot[i], TEE_SLOT);
            memset(slot[i], round + i + 1, TEE_SLOT);
        }
        for (i = 0; i < 8; i++) {
            bad |= slot[i][0] != (uint8_t)(round + i + 1);
            tee_arena_put(arg, slot[i]);
        }
    }
    return (void *)bad;
}

static void
test_threads(void)
{
    struct tee_arena *a;
    pthread_t thread[4];
    void *bad;
    int i;

    CU_ASSERT_EQUAL(tee_arena_new(32, false, &a), TEE_OK);
    for (i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(pthread_create(&thread[i], NULL, take_eight, a), 0);
    for (i = 0; i < 1000; i++)
        (void)tee_arena_locked(a);
    for (i = 0; i < 4; i++) {
        (void)pthread_join(thread[i], &bad);
        CU_ASSERT_PTR_NULL(bad);
    }
    tee_arena_free(a);
}

static enum tee_err
arena_round(void *arg)
{
    struct tee_arena *a;
    enum tee_err err = tee_arena_new(100, true, &a);
    uint8_t *slot;
    int i;

    (void)arg;
    if (err != TEE_OK)
        return err;
    for (i = 0; i < 100 && err == TEE_OK; i++)
        err = tee_arena_take(a, &slot);
    tee_arena_free(a);
    return err;
}

static void
test_no_memory(void)
{
    CU_ASSERT_EQUAL(alloc_torture(secret_round, NULL), 1);
    CU_ASSERT_TRUE(alloc_torture(arena_round, NULL) >= 5);
}

/* ---- the mark ---------------------------------------------------------------
 */

static bool
mark_is_gone(void *arg)
{
    struct tee_forkmark *m = arg;
    bool gone = !tee_forkmark_here(m);

    return gone && tee_forkmark_set(m) == TEE_OK && tee_forkmark_here(m);
}

static void
test_mark(void)
{
    struct tee_forkmark m = { NULL };

    CU_ASSERT_FALSE(tee_forkmark_here(&m));
    tee_forkmark_clear(&m);
    alloc_fail(0);
    CU_ASSERT_EQUAL(tee_forkmark_set(&m), TEE_E_NOMEM);
    CU_ASSERT_TRUE(alloc_fail_end());
    CU_ASSERT_FALSE(tee_forkmark_here(&m));
    CU_ASSERT_EQUAL(tee_forkmark_set(&m), TEE_OK);
    CU_ASSERT_TRUE(tee_forkmark_here(&m));
    CU_ASSERT_TRUE(in_child(mark_is_gone, &m));
    CU_ASSERT_TRUE(tee_forkmark_here(&m));
    tee_forkmark_clear(&m);
    CU_ASSERT_FALSE(tee_forkmark_here(&m));
    CU_ASSERT_EQUAL(tee_forkmark_set(&m), TEE_OK); /* the same page again */
    CU_ASSERT_TRUE(tee_forkmark_here(&m));
    (void)munmap((void *)(uintptr_t)m.page, (size_t)sysconf(_SC_PAGESIZE));
}

/* The mark that a child sets is gone in its own child. */
static bool
mark_of_grandchild(void *arg)
{
    return mark_is_gone(arg) && in_child(mark_is_gone, arg);
}

static void
test_grandchild(void)
{
    struct tee_forkmark m = { NULL };

    CU_ASSERT_EQUAL(tee_forkmark_set(&m), TEE_OK);
    CU_ASSERT_TRUE(in_child(mark_of_grandchild, &m));
    (void)munmap((void *)(uintptr_t)m.page, (size_t)sysconf(_SC_PAGESIZE));
}

static const struct test tests[] = {
    { "a secret is locked, undumped and wiped at fork", test_flags },
    { "a secret is wiped before it is unmapped", test_wiped },
    { "a child of fork reads zeros", test_child_has_none },
    { "no length wraps", test_lengths },
    { "memory that can't be locked is refused, unless it may be",
      test_lock_refused },
    { "slots are zeroed, apart, and as locked", test_slots },
    { "a slot that was given back is wiped and used again",
      test_ceiling_and_reuse },
    { "a slot given back twice counts once", test_put_twice },
    { "an arena that can't be locked gives no slot", test_arena_lock },
    { "an arena is dead in a child, whoever held its lock", test_fork },
    { "four threads share an arena", test_threads },
    { "each allocation may fail", test_no_memory },
    { "the mark tells a child", test_mark },
    { "the mark tells a child's child", test_grandchild },
    { NULL, NULL },
};
const struct suite suite_secret = { "secret", tests };
