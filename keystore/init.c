/*
 * Once a process: libsodium, and the proof that it computes what it should.
 * A host may export symbols of the same names; then a known answer comes out
 * wrong, and nothing is signed or sealed.
 */
#include "config.h"

#include <sodium.h>
#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

enum tee_err
ks_init(void)
{
    return sodium_init() < 0 ? TEE_E_SELFTEST : TEE_OK;
}

/* RFC 8032 section 7.1, test 2: the message is the byte 0x72. */
static const uint8_t seed[32] = { 0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96,
                                  0xda, 0x9d, 0xb6, 0xc3, 0x46, 0xec, 0x11,
                                  0x4e, 0x0f, 0x5b, 0x8a, 0x31, 0x9f, 0x35,
                                  0xab, 0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed,
                                  0x4f, 0xb8, 0xa6, 0xfb };
static const uint8_t public_key[32] = {
    0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a, 0x92, 0xb7, 0x0a,
    0xa7, 0x4d, 0x1b, 0x7e, 0xbc, 0x9c, 0x98, 0x2c, 0xcf, 0x2e, 0xc4,
    0x96, 0x8c, 0xc0, 0xcd, 0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c
};
static const uint8_t signature[64] = {
    0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8, 0x72, 0x0e, 0x82,
    0x0b, 0x5f, 0x64, 0x25, 0x40, 0xa2, 0xb2, 0x7b, 0x54, 0x16, 0x50,
    0x3f, 0x8f, 0xb3, 0x76, 0x22, 0x23, 0xeb, 0xdb, 0x69, 0xda, 0x08,
    0x5a, 0xc1, 0xe4, 0x3e, 0x15, 0x99, 0x6e, 0x45, 0x8f, 0x36, 0x13,
    0xd0, 0xf1, 0x1d, 0x8c, 0x38, 0x7b, 0x2e, 0xae, 0xb4, 0x30, 0x2a,
    0xee, 0xb0, 0x0d, 0x29, 0x16, 0x12, 0xbb, 0x0c, 0x00
};

static const uint8_t message[1] = { 0x72 };

/*
 * SHA-256(HMAC(key, box)) where box is the seed under XChaCha20-Poly1305 and
 * key is scrypt(seed) with N = 2: what the store is sealed with, in one answer.
 * Calculated with other code: Python's hashlib, and a cipher that passed
 * draft-irtf-cfrg-xchacha-03, A.3.1.
 */
static const uint8_t chained[32] = { 0xd5, 0xd7, 0x83, 0x7a, 0x57, 0x5a, 0x22,
                                     0x8f, 0xb0, 0xc3, 0x81, 0xbf, 0x4e, 0x61,
                                     0x5f, 0x96, 0x2f, 0xca, 0x05, 0x1b, 0xf1,
                                     0x29, 0xf2, 0xb4, 0x4f, 0xe4, 0x91, 0x9d,
                                     0xe7, 0x3e, 0xc1, 0xe5 };

static bool
opens(const uint8_t *box, size_t n, const uint8_t key[32])
{
    uint8_t out[sizeof(seed)];

    return crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, box, n,
                                                      message, sizeof(message),
                                                      public_key, key) == 0 &&
           memcmp(out, seed, sizeof(out)) == 0;
}

static bool
seals(void)
{
    uint8_t box[sizeof(seed) + crypto_aead_xchacha20poly1305_ietf_ABYTES];
    uint8_t key[32], mac[32], out[32];
    bool good;

    if (crypto_pwhash_scryptsalsa208sha256_ll(seed, sizeof(seed), public_key,
                                              sizeof(public_key), 2, 1, 1, key,
                                              sizeof(key)) != 0 ||
        crypto_aead_xchacha20poly1305_ietf_encrypt(
            box, NULL, seed, sizeof(seed), message, sizeof(message), NULL,
            public_key, key) != 0 ||
        crypto_auth_hmacsha256(mac, box, sizeof(box), key) != 0 ||
        crypto_hash_sha256(out, mac, sizeof(mac)) != 0)
        return false;
    good =
        memcmp(out, chained, sizeof(out)) == 0 && opens(box, sizeof(box), key);
    box[0] ^= 1;
    return good && !opens(box, sizeof(box), key);
}

enum tee_err
ks_selftest(void)
{
    uint8_t pk[32], sk[64], sig[64];
    bool good;

    if (crypto_sign_seed_keypair(pk, sk, seed) != 0 ||
        crypto_sign_detached(sig, NULL, message, sizeof(message), sk) != 0)
        return TEE_E_SELFTEST;
    good = memcmp(pk, public_key, sizeof(pk)) == 0 &&
           memcmp(sig, signature, sizeof(sig)) == 0 &&
           crypto_sign_verify_detached(sig, message, sizeof(message), pk) == 0;
    sig[0] ^= 1;
    good = good &&
           crypto_sign_verify_detached(sig, message, sizeof(message), pk) != 0;
    return good && seals() ? TEE_OK : TEE_E_SELFTEST;
}
