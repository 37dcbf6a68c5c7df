/*
 * A host that is an OpenSSL program itself: it reads OPENSSL_CONF, engines
 * included, and only then loads the module.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "tests/hosts/scenario.h"

/* Its own use of libcrypto, before and after the module's. */
static int
own_work(void)
{
    unsigned char md[EVP_MAX_MD_SIZE];
    size_t n = 0;

    return EVP_Q_digest(NULL, "SHA256", "-fips", "abc", 3, md, &n) == 1 &&
           n == 32 && md[0] == 0xba && md[31] == 0xad;
}

int
main(int argc, char **argv)
{
    const char *tokens[9] = { NULL };
    int i, code;

    if (argc < 4 || argc > 11)
        return 64;
    for (i = 3; i < argc; i++)
        tokens[i - 3] = argv[i];
    if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1 ||
        !own_work()) {
        fprintf(stderr, "host: libcrypto does not start\n");
        return 3;
    }
    code = scenario(argv[1], argv[2], tokens);
    return own_work() ? code : 3;
}
