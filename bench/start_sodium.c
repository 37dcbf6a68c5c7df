/* start-sodium: what an empty program with libsodium has resident. */
#include <sodium.h>
#include <stdio.h>

#include "bench/bench.h"

int
main(void)
{
    if (sodium_init() < 0)
        bench_die("sodium_init");
    printf("%ld\n", bench_resident());
    return 0;
}
