#include "config.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/support/alloc.h"

#define MOST 100000 /* a case that allocates more is not worth the time */

static _Thread_local bool armed, fired;
static _Thread_local unsigned until;
static bool no_mlock;

/* What --wrap makes of a name: __real_ is the original, __wrap_ is called. */
void *__real_malloc(size_t n);
void *__real_calloc(size_t k, size_t n);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t k, size_t n);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__real_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);
int __real_mlock(const void *p, size_t n);

void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t k, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t k, size_t n);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);
int __wrap_mlock(const void *p, size_t n);

void
alloc_fail(unsigned n)
{
    until = n;
    fired = false;
    armed = true;
}

bool
alloc_fail_end(void)
{
    armed = false;
    return fired;
}

void
alloc_no_mlock(bool on)
{
    no_mlock = on;
}

static bool
refuse(void)
{
    if (!armed || fired || until-- > 0)
        return false;
    fired = true;
    errno = ENOMEM;
    return true;
}

void *
__wrap_malloc(size_t n)
{
    return refuse() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t k, size_t n)
{
    return refuse() ? NULL : __real_calloc(k, n);
}

void *
__wrap_realloc(void *p, size_t n)
{
    return refuse() ? NULL : __real_realloc(p, n);
}

void *
__wrap_reallocarray(void *p, size_t k, size_t n)
{
    return refuse() ? NULL : __real_reallocarray(p, k, n);
}

char *
__wrap_strdup(const char *s)
{
    return refuse() ? NULL : __real_strdup(s);
}

char *
__wrap_strndup(const char *s, size_t n)
{
    return refuse() ? NULL : __real_strndup(s, n);
}

void *
__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
    return refuse() ? MAP_FAILED : __real_mmap(at, n, prot, flags, fd, off);
}

int
__wrap_mlock(const void *p, size_t n)
{
    if (no_mlock) {
        errno = ENOMEM;
        return -1;
    }
    return __real_mlock(p, n);
}

unsigned
alloc_torture(enum tee_err (*run)(void *arg), void *arg)
{
    enum tee_err err = TEE_E_NOMEM;
    unsigned n;

    for (n = 0; n < MOST; n++) {
        alloc_fail(n);
        err = run(arg);
        if (!alloc_fail_end())
            break;
        if (err != TEE_E_NOMEM) {
            printf("    allocation %u failed: %s\n", n, tee_err_name(err));
            CU_FAIL("a failed allocation was not reported as such");
        }
    }
    CU_ASSERT_EQUAL(err, TEE_OK);
    return n;
}
