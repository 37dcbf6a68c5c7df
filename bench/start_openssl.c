/* start-openssl KEY.pem: loads a key and signs, and nothing else. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <unistd.h>

#include "bench/bench.h"

int
main(int argc, char **argv)
{
    static unsigned char msg[BENCH_MESSAGE] = "32 bytes stand for a hash";
    unsigned char sig[BENCH_SIG_MAX];
    size_t n = sizeof(sig);
    FILE *f = argc == 2 ? fopen(argv[1], "re") : NULL;
    EVP_PKEY *key = f == NULL ? NULL : PEM_read_PrivateKey(f, NULL, NULL, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (key == NULL || ctx == NULL ||
        EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) != 1 ||
        EVP_DigestSign(ctx, sig, &n, msg, sizeof(msg)) != 1 ||
        write(1, sig, n) != (ssize_t)n)
        bench_die("start-openssl: no signature");
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    fclose(f);
    return 0;
}
