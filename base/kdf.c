#include <sodium.h>
#include <string.h>

#include "base/tee.h"

void
tee_sha256(struct tee_bytes b, uint8_t ret[32])
{
    (void)crypto_hash_sha256(ret, b.p, b.len);
}

/* RFC 5869, section 2.2; an absent salt is 32 zero bytes, which HMAC's own
 * padding of an empty key gives as well.  libsodium wants a pointer even so. */
static void
extract(struct tee_bytes ikm, struct tee_bytes salt, uint8_t prk[32])
{
    crypto_auth_hmacsha256_state st;

    if (salt.len == 0)
        salt = TEE_STR("");
    (void)crypto_auth_hmacsha256_init(&st, salt.p, salt.len);
    (void)crypto_auth_hmacsha256_update(&st, ikm.p, ikm.len);
    (void)crypto_auth_hmacsha256_final(&st, prk);
    sodium_memzero(&st, sizeof(st));
}

enum tee_err
tee_hkdf_sha256(struct tee_bytes ikm, struct tee_bytes salt,
                struct tee_bytes info, uint8_t *ret, size_t len)
{
    crypto_auth_hmacsha256_state st;
    uint8_t prk[32], t[32];
    size_t done, n;
    uint8_t i;

    if (len == 0 || len > (size_t)255 * 32)
        return TEE_E_ARG;
    extract(ikm, salt, prk);
    for (done = 0, i = 1; done < len; done += n, i++) {
        (void)crypto_auth_hmacsha256_init(&st, prk, sizeof(prk));
        if (i > 1)
            (void)crypto_auth_hmacsha256_update(&st, t, sizeof(t));
        (void)crypto_auth_hmacsha256_update(&st, info.p, info.len);
        (void)crypto_auth_hmacsha256_update(&st, &i, 1);
        (void)crypto_auth_hmacsha256_final(&st, t);
        n = len - done < sizeof(t) ? len - done : sizeof(t);
        memcpy(ret + done, t, n);
    }
    sodium_memzero(prk, sizeof(prk));
    sodium_memzero(t, sizeof(t));
    sodium_memzero(&st, sizeof(st));
    return TEE_OK;
}
