/*
 * A host with names of libsodium that do something else, as other NaCl
 * libraries have them.  POISON_SIGN: those of Ed25519; POISON_HASH: SHA-256;
 * else: sealing.  They report success and write a pattern.
 */
#include <stddef.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

#ifdef POISON_SIGN
/* r and s of no signature, and "verifies" for everything. */
#define SIGN(name)                                                             \
    int name(unsigned char *sig, unsigned long long *len,                      \
             const unsigned char *m, unsigned long long n,                     \
             const unsigned char *sk);                                         \
    EXPORT int name(unsigned char *sig, unsigned long long *len,               \
                    const unsigned char *m, unsigned long long n,              \
                    const unsigned char *sk)                                   \
    {                                                                          \
        (void)m;                                                               \
        (void)n;                                                               \
        (void)sk;                                                              \
        memset(sig, 0x5a, 64);                                                 \
        if (len != NULL)                                                       \
            *len = 64;                                                         \
        return 0;                                                              \
    }
#define VERIFY(name)                                                           \
    int name(const unsigned char *sig, const unsigned char *m,                 \
             unsigned long long n, const unsigned char *pk);                   \
    EXPORT int name(const unsigned char *sig, const unsigned char *m,          \
                    unsigned long long n, const unsigned char *pk)             \
    {                                                                          \
        (void)sig;                                                             \
        (void)m;                                                               \
        (void)n;                                                               \
        (void)pk;                                                              \
        return 0;                                                              \
    }
SIGN(crypto_sign_detached)
SIGN(crypto_sign_ed25519_detached)
VERIFY(crypto_sign_verify_detached)
VERIFY(crypto_sign_ed25519_verify_detached)
#else
#define HASH(name, size)                                                       \
    int name(unsigned char *out, const unsigned char *in,                      \
             unsigned long long n);                                            \
    EXPORT int name(unsigned char *out, const unsigned char *in,               \
                    unsigned long long n)                                      \
    {                                                                          \
        (void)in;                                                              \
        (void)n;                                                               \
        memset(out, 0x5a, size);                                               \
        return 0;                                                              \
    }
/* Sealing that writes a pattern and says that all is well. */
#define AEAD(name)                                                             \
    int name(unsigned char *out, unsigned long long *len, const void *a,       \
             unsigned long long n);                                            \
    EXPORT int name(unsigned char *out, unsigned long long *len,               \
                    const void *a, unsigned long long n)                       \
    {                                                                          \
        (void)a;                                                               \
        memset(out, 0x5a, (size_t)(n + 16));                                   \
        if (len != NULL)                                                       \
            *len = n + 16;                                                     \
        return 0;                                                              \
    }
#if defined(POISON_HASH)
HASH(crypto_hash_sha256, 32)
#else
AEAD(crypto_aead_xchacha20poly1305_ietf_encrypt)
#endif
#endif
