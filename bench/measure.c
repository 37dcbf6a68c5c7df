/*
 * measure MODULE PROGRAMS [SOFTHSM]: everything that is timed.  The working
 * folder is private; run.sh made the tokens "sign", "one", "many" and "tee".
 */
#include <string.h>

#include "bench/bench.h"

static void
make_keys(CK_FUNCTION_LIST *f)
{
    static const char *const label[] = { "ed", "p256", "rsa2048" };
    struct bench_key k = { .f = f, .session = bench_open(f, "sign") };

    for (unsigned i = 0; i < 3; i++) {
        k.type = (enum bench_type)i;
        bench_generate(&k, label[i]);
    }
    bench_check(f->C_CloseSession(k.session), "C_CloseSession");
}

int
main(int argc, char **argv)
{
    struct bench b = { 0 };

    if (argc < 3 || argc > 4)
        bench_die("usage: measure MODULE PROGRAMS [SOFTHSM]");
    b.module = argv[1];
    b.programs = argv[2];
    b.ours = bench_load(b.module);
    make_keys(b.ours);
    if (argc == 4) {
        b.softhsm_path = argv[3];
        b.softhsm = bench_load(b.softhsm_path);
        make_keys(b.softhsm);
    }
    bench_signatures(&b);
    bench_threads(&b);
    bench_start(&b);
    bench_session(&b);
    bench_objects(&b);
    bench_check(b.ours->C_Finalize(NULL), "C_Finalize");
    return 0; /* SoftHSM2 may not survive its own C_Finalize */
}
