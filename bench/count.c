/*
 * count MODULE COLUMN: allocations of a signature and of a search, by malloc
 * and its like of this program, which every library of the process calls.  For
 * system calls strace looks at what lies between two marks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"

#define TIMES 200

static unsigned long allocations;

/* glibc's own, by the names under which it offers them. */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t align, size_t n);

#define SEEN __attribute__((visibility("default")))

SEEN void *
malloc(size_t n)
{
    allocations++;
    return __libc_malloc(n);
}

SEEN void *
calloc(size_t n, size_t size)
{
    allocations++;
    return __libc_calloc(n, size);
}

SEEN void *
realloc(void *p, size_t n)
{
    allocations++;
    return __libc_realloc(p, n);
}

SEEN void *
aligned_alloc(size_t align, size_t n)
{
    allocations++;
    return __libc_memalign(align, n);
}

SEEN int
posix_memalign(void **ret, size_t align, size_t n)
{
    allocations++;
    *ret = __libc_memalign(align, n);
    return *ret == NULL;
}

static void
mark(const char *what)
{
    if (write(-1, what, strlen(what)) >= 0) /* fails, and shows in a trace */
        bench_die("mark");
}

static void
sign_once(struct bench_key *k)
{
    static unsigned char msg[BENCH_MESSAGE];
    unsigned char sig[BENCH_SIG_MAX];

    bench_sign_init(k);
    (void)bench_sign(k, msg, sizeof(msg), sig);
}

static void
find_once(struct bench_key *k)
{
    char label[] = "ed";
    CK_ATTRIBUTE a = { CKA_LABEL, label, sizeof(label) - 1 };
    CK_OBJECT_HANDLE found[2];

    if (bench_find(k->f, k->session, &a, 1, found) != 2)
        bench_die("not one pair");
}

/* The first call may prepare things; the others are counted. */
static double
count(struct bench_key *k, void (*once)(struct bench_key *), const char *name)
{
    unsigned long before, after;

    once(k);
    mark(name);
    before = allocations;
    for (unsigned i = 0; i < TIMES; i++)
        once(k);
    after = allocations;
    mark("end");
    return (double)(after - before) / TIMES;
}

int
main(int argc, char **argv)
{
    struct bench_key k = { .type = BENCH_ED25519 };
    double sign, find;

    if (argc != 3)
        bench_die("usage: count MODULE COLUMN");
    k.f = bench_load(argv[1]);
    k.session = bench_open(k.f, "sign");
    bench_key(&k, "ed");
    if (allocations == 0)
        bench_die("count: allocations are not seen");
    sign = count(&k, sign_once, "sign");
    find = count(&k, find_once, "find");
    printf("ed25519-allocations\t%s\t%.6g\n", argv[2], sign);
    printf("find-allocations\t%s\t%.6g\n", argv[2], find);
    printf("times\t%s\t%d\n", argv[2], TIMES);
    return 0;
}
