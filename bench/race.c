#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/bench.h"

#define SAMPLES_MAX 64 /* in a block */

double
bench_now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int
by_value(const void *a, const void *b)
{
    double x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

double
bench_median(const double *v, unsigned n)
{
    double s[BENCH_ROUNDS];

    if (n == 0 || n > BENCH_ROUNDS)
        bench_die("a median of %u values", n);
    memcpy(s, v, n * sizeof(s[0]));
    qsort(s, n, sizeof(s[0]), by_value);
    return n % 2 != 0 ? s[n / 2] : (s[n / 2 - 1] + s[n / 2]) / 2;
}

double
bench_ratio(const double *a, const double *b, unsigned rounds)
{
    double r[BENCH_ROUNDS];

    for (unsigned i = 0; i < rounds; i++)
        r[i] = a[i] / b[i];
    return bench_median(r, rounds);
}

static double
sample(const struct bench_racer *r)
{
    double start;

    if (r->before != NULL)
        r->before(r->arg);
    start = bench_now();
    for (unsigned i = 0; i < r->batch; i++)
        r->run(r->arg);
    return (bench_now() - start) / r->batch;
}

static void
block(struct bench_racer *r, unsigned round)
{
    double v[SAMPLES_MAX], sum = 0;

    (void)sample(r); /* the caches are the others' */
    for (unsigned i = 0; i < r->samples; i++) {
        v[i] = sample(r);
        sum += v[i];
    }
    r->p50[round] = bench_median(v, r->samples);
    r->mean[round] = sum / r->samples;
}

/* Who goes first, and after whom, changes from round to round. */
void
bench_race(struct bench_racer *const *r, size_t n, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        for (size_t j = 0; j < n; j++)
            block(r[(i + (i % 2 == 0 ? j : n - j)) % n], i);
    }
}

void
bench_row(const char *id, const char *column, double value)
{
    printf("%s\t%s\t%.6g\n", id, column, value);
    fflush(stdout);
}

void
bench_note(const char *id, const char *fmt, ...)
{
    va_list ap;

    printf("%s\tnote\t", id);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
    fflush(stdout);
}
