#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "bench/signer.h"

#define THREADS 8
#define ROUNDS  15
#define MS      40 /* of one block */

/* The two cores that everything runs on. */
static size_t cores[2];

struct crowd {
    void (*run)(void *);
    struct signer signer[THREADS];
    unsigned threads, round;
    pthread_barrier_t ready;
    atomic_bool stop;
    double rate[3][ROUNDS]; /* of 1, 2 and 8 threads */
};
struct worker {
    struct crowd *crowd;
    unsigned i;
    unsigned long made;
    char pad[64];
};

static int
core_of(size_t cpu)
{
    char path[96];
    int core = -1;
    FILE *f;

    (void)snprintf(path, sizeof(path),
                   "/sys/devices/system/cpu/cpu%zu/topology/core_id", cpu);
    f = fopen(path, "re");
    if (f != NULL && fscanf(f, "%d", &core) != 1)
        core = -1;
    if (f != NULL)
        fclose(f);
    return core;
}

/* Two processors that share no core, where there are such. */
static void
choose_cores(void)
{
    cpu_set_t may;
    unsigned n = 0;

    if (sched_getaffinity(0, sizeof(may), &may) != 0)
        bench_die("threads: no set of processors");
    for (size_t i = 0; i < CPU_SETSIZE; i++) {
        if (!CPU_ISSET(i, &may))
            continue;
        if (n < 2)
            cores[n++] = i;
        else if (core_of(cores[1]) == core_of(cores[0]))
            cores[1] = i;
    }
    if (n < 2)
        bench_die("threads: needs two processors");
}

static void *
work(void *arg)
{
    struct worker *w = arg;
    struct crowd *c = w->crowd;
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(cores[(w->i + c->round) % 2], &one);
    (void)pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
    pthread_barrier_wait(&c->ready);
    while (!atomic_load_explicit(&c->stop, memory_order_relaxed)) {
        c->run(&c->signer[w->i]);
        w->made++;
    }
    return NULL;
}

/* Signatures a second of that many threads, each with a session of its own. */
static double
rate(struct crowd *c, unsigned threads, unsigned round)
{
    const struct timespec pause = { 0, MS * 1000000L };
    struct worker w[THREADS] = { 0 };
    pthread_t t[THREADS];
    double start, sum = 0;

    c->round = round;
    atomic_store(&c->stop, false);
    pthread_barrier_init(&c->ready, NULL, threads + 1);
    for (unsigned i = 0; i < threads; i++) {
        w[i].crowd = c;
        w[i].i = i;
        if (pthread_create(&t[i], NULL, work, &w[i]) != 0)
            bench_die("pthread_create");
    }
    pthread_barrier_wait(&c->ready);
    start = bench_now();
    (void)nanosleep(&pause, NULL);
    atomic_store(&c->stop, true);
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(t[i], NULL);
        sum += (double)w[i].made;
    }
    pthread_barrier_destroy(&c->ready);
    return sum / (bench_now() - start) * 1e9;
}

static void
round_of(struct crowd *c, unsigned round)
{
    static const unsigned threads[3] = { 1, 2, THREADS };

    for (unsigned i = 0; i < 3; i++)
        c->rate[i][round] = rate(c, threads[i], round);
}

static void
finish(struct crowd *c)
{
    for (unsigned i = 0; i < THREADS; i++) {
        signer_verify(&c->signer[i]);
        signer_clear(&c->signer[i]);
    }
}

static void
rows(const struct crowd *c, const char *column)
{
    bench_row("threads-2", column, bench_ratio(c->rate[1], c->rate[0], ROUNDS));
    bench_row("threads-8", column, bench_ratio(c->rate[2], c->rate[1], ROUNDS));
}

void
bench_threads(const struct bench *b)
{
    static struct crowd ours, sodium, softhsm;

    choose_cores();
    ours.run = softhsm.run = run_module;
    sodium.run = run_sodium;
    for (unsigned i = 0; i < THREADS; i++) {
        signer_module(&ours.signer[i], b->ours, "sign", "ed", BENCH_ED25519);
        signer_sodium(&sodium.signer[i]);
        if (b->softhsm != NULL)
            signer_module(&softhsm.signer[i], b->softhsm, "sign", "ed",
                          BENCH_ED25519);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        round_of(&ours, i);
        round_of(&sodium, i);
        if (b->softhsm != NULL)
            round_of(&softhsm, i);
    }
    finish(&ours);
    finish(&sodium);
    rows(&ours, "ours");
    bench_note("threads-2", "bare libsodium %.3f",
               bench_ratio(sodium.rate[1], sodium.rate[0], ROUNDS));
    bench_note("threads-8", "bare libsodium %.3f",
               bench_ratio(sodium.rate[2], sodium.rate[1], ROUNDS));
    if (b->softhsm == NULL)
        return;
    finish(&softhsm);
    rows(&softhsm, "softhsm");
}
