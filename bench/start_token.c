/*
 * start-token MODULE [resident]: from nothing to a signature and out again.
 * Prints the signature, or what was resident when it was made.
 */
#include <stdio.h>
#include <unistd.h>

#include "bench/bench.h"

int
main(int argc, char **argv)
{
    static unsigned char msg[BENCH_MESSAGE] = "32 bytes stand for a hash";
    struct bench_key k = { .type = BENCH_ED25519 };
    unsigned char sig[BENCH_SIG_MAX];
    size_t n;

    if (argc < 2)
        bench_die("usage: start-token MODULE [resident]");
    k.f = bench_load(argv[1]);
    k.session = bench_open(k.f, "sign");
    bench_key(&k, "ed");
    bench_sign_init(&k);
    n = bench_sign(&k, msg, sizeof(msg), sig);
    if (argc == 3)
        printf("%ld\n", bench_resident());
    else if (write(1, sig, n) != (ssize_t)n)
        bench_die("write");
    bench_check(k.f->C_Finalize(NULL), "C_Finalize");
    return 0;
}
