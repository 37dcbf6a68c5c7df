#include <stdlib.h>

#include "bench/signer.h"

#define MIB 1048576U

struct series {
    const char *id;
    enum bench_type type;
    unsigned samples, rounds;
};

static void
lane(struct bench_racer *r, void (*run)(void *), struct signer *s,
     unsigned samples)
{
    r->before = NULL;
    r->run = run;
    r->arg = s;
    r->samples = samples;
    r->batch = 1;
}

static void
verify_all(struct signer *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        signer_verify(&s[i]);
        signer_clear(&s[i]);
    }
}

static double
us(const struct bench_racer *r, unsigned rounds)
{
    return bench_median(r->p50, rounds) / 1000;
}

/* 32 bytes: p50 over libsodium, rate over libcrypto. */
static void
ed25519(const struct bench *b)
{
    static struct bench_racer ours, sodium, evp, softhsm;
    struct bench_racer *const all[] = { &ours, &sodium, &evp, &softhsm };
    struct signer s[4] = { 0 };
    const unsigned n = BENCH_MODULES(b) + 2, rounds = BENCH_ROUNDS;

    signer_module(&s[0], b->ours, "sign", "ed", BENCH_ED25519);
    signer_sodium(&s[1]);
    signer_openssl(&s[2], BENCH_ED25519);
    if (n == 4)
        signer_module(&s[3], b->softhsm, "sign", "ed", BENCH_ED25519);
    lane(&ours, run_module, &s[0], 50);
    lane(&sodium, run_sodium, &s[1], 50);
    lane(&evp, run_evp_fresh, &s[2], 25);
    lane(&softhsm, run_module, &s[3], 7);
    bench_race(all, n, rounds);
    verify_all(s, n);
    bench_row("ed25519-latency", "ours",
              bench_ratio(ours.p50, sodium.p50, rounds));
    bench_row("ed25519-rate", "ours", bench_ratio(evp.mean, ours.mean, rounds));
    bench_note("ed25519-latency", "%.2f us; libsodium %.2f", us(&ours, rounds),
               us(&sodium, rounds));
    bench_note("ed25519-rate", "libcrypto %.2f us; bare libsodium %.2f x",
               us(&evp, rounds), bench_ratio(evp.mean, sodium.mean, rounds));
    if (n < 4)
        return;
    bench_row("ed25519-latency", "softhsm",
              bench_ratio(softhsm.p50, sodium.p50, rounds));
    bench_row("ed25519-rate", "softhsm",
              bench_ratio(evp.mean, softhsm.mean, rounds));
}

static void
large(const struct bench *b)
{
    static struct bench_racer ours, sodium, softhsm;
    struct bench_racer *const all[] = { &ours, &sodium, &softhsm };
    struct signer s[3] = { 0 };
    unsigned char *msg = calloc(1, MIB);
    const unsigned n = BENCH_MODULES(b) + 1, rounds = 60;

    if (msg == NULL)
        bench_die("no memory");
    signer_module(&s[0], b->ours, "sign", "ed", BENCH_ED25519);
    signer_sodium(&s[1]);
    if (n == 3)
        signer_module(&s[2], b->softhsm, "sign", "ed", BENCH_ED25519);
    for (unsigned i = 0; i < n; i++) {
        s[i].msg = msg;
        s[i].len = MIB;
    }
    lane(&ours, run_module, &s[0], 3);
    lane(&sodium, run_sodium, &s[1], 3);
    lane(&softhsm, run_module, &s[2], 3);
    bench_race(all, n, rounds);
    verify_all(s, n);
    free(msg);
    bench_row("ed25519-1mib", "ours",
              bench_ratio(ours.p50, sodium.p50, rounds));
    bench_note("ed25519-1mib", "%.0f us; libsodium %.0f", us(&ours, rounds),
               us(&sodium, rounds));
    if (n == 3)
        bench_row("ed25519-1mib", "softhsm",
                  bench_ratio(softhsm.p50, sodium.p50, rounds));
}

/* C_Sign over EVP_PKEY_sign with a context that is made once; C_SignInit is
 * timed apart, and only noted. */
static void
plugin_key(const struct bench *b, const struct series *x)
{
    static struct bench_racer ours, init, evp, softhsm;
    struct bench_racer *const all[] = { &ours, &init, &evp, &softhsm };
    struct signer s[4] = { 0 };
    const unsigned n = BENCH_MODULES(b) + 2, rounds = x->rounds;

    signer_module(&s[0], b->ours, "sign", x->id, x->type);
    signer_module(&s[1], b->ours, "sign", x->id, x->type);
    signer_openssl(&s[2], x->type);
    if (n == 4)
        signer_module(&s[3], b->softhsm, "sign", x->id, x->type);
    lane(&ours, run_module_sign, &s[0], x->samples);
    lane(&init, run_module, &s[1], x->samples);
    lane(&evp, run_evp_prepared, &s[2], x->samples);
    lane(&softhsm, run_module_sign, &s[3], x->samples);
    ours.before = softhsm.before = run_module_init;
    bench_race(all, n, rounds);
    verify_all(s, n);
    bench_row(x->id, "ours", bench_ratio(ours.p50, evp.p50, rounds));
    bench_note(x->id, "%.1f us, with C_SignInit %.1f; libcrypto %.1f",
               us(&ours, rounds), us(&init, rounds), us(&evp, rounds));
    if (n == 4)
        bench_row(x->id, "softhsm", bench_ratio(softhsm.p50, evp.p50, rounds));
}

void
bench_signatures(const struct bench *b)
{
    static const struct series p256 = { "p256", BENCH_P256, 25, 200 };
    static const struct series rsa = { "rsa2048", BENCH_RSA2048, 5, 120 };

    ed25519(b);
    large(b);
    plugin_key(b, &p256);
    plugin_key(b, &rsa);
}
