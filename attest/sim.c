/*
 * Simulated evidence: a format of our own that says so in its first line.
 *
 *     offset  size  content
 *     0       33    "TEE-PKCS11-SIMULATED-EVIDENCE/v1\n"
 *     33      32    Ed25519 public key, HKDF'd from the root file
 *     65      64    the caller-controlled field, B || S
 *     129     64    Ed25519 signature over bytes 0 to 128
 *
 * Everybody can make a root file, so the key in here anchors nothing: a right
 * signature is worth the verdict `simulated`, a wrong one is refused.
 */
#include <sodium.h>
#include <string.h>

#define TEE_ATTEST_INTERNAL
#include "attest/att.h"

#define MAGIC  TEE_STR(ATT_SIM_MAGIC)
#define SIGNED (ATT_SIM_LEN - crypto_sign_BYTES)
#define INFO   TEE_STR("tee-pkcs11/sim/v1")

static enum tee_err
derive(const uint8_t root[32], uint8_t pk[crypto_sign_PUBLICKEYBYTES],
       struct tee_secret *sk)
{
    uint8_t *seed = sk->p + crypto_sign_SECRETKEYBYTES;
    enum tee_err err;

    err = tee_hkdf_sha256((struct tee_bytes){ root, 32 }, TEE_STR(""), INFO,
                          seed, crypto_sign_SEEDBYTES);
    if (err == TEE_OK && crypto_sign_seed_keypair(pk, sk->p, seed) != 0)
        err = TEE_E_SELFTEST;
    return err;
}

enum tee_err
att_sim_write(const uint8_t root[32], const uint8_t field[64],
              struct tee_buf *ret)
{
    uint8_t pk[crypto_sign_PUBLICKEYBYTES], sig[crypto_sign_BYTES];
    struct tee_secret sk = { NULL, 0, 0, false };
    struct tee_buf b;
    enum tee_err err;

    tee_buf_init(&b, ATT_SIM_LEN);
    /* A laptop's limit on locked memory is no reason to fail here. */
    err = tee_secret_new(crypto_sign_SECRETKEYBYTES + crypto_sign_SEEDBYTES,
                         false, &sk);
    if (err == TEE_OK)
        err = derive(root, pk, &sk);
    if (err != TEE_OK)
        goto out;
    tee_buf_bytes(&b, MAGIC);
    tee_buf_put(&b, pk, sizeof(pk));
    tee_buf_put(&b, field, 64);
    err = b.err;
    if (err != TEE_OK)
        goto out;
    (void)crypto_sign_detached(sig, NULL, b.p, b.len, sk.p);
    tee_buf_put(&b, sig, sizeof(sig));
    tee_buf_bytes(ret, tee_buf_view(&b));
    err = b.err != TEE_OK ? b.err : ret->err;
out:
    tee_buf_clear(&b);
    tee_secret_free(&sk);
    return err;
}

bool
att_sim_marked(struct tee_bytes blob)
{
    struct tee_bytes magic = MAGIC;

    return blob.len >= magic.len &&
           tee_bytes_equal((struct tee_bytes){ blob.p, magic.len }, magic);
}

enum tee_err
att_sim_parse(struct tee_bytes blob, struct att_sim *ret, struct tee_fault *f)
{
    struct tee_cur c = tee_cur_of(blob);
    struct att_sim s;

    if (!att_sim_marked(blob))
        return tee_fault(f, TEE_E_MALFORMED,
                         "not simulated evidence: it does not begin with the "
                         "line that marks it");
    if (blob.len != ATT_SIM_LEN)
        return tee_fault(
            f, blob.len < ATT_SIM_LEN ? TEE_E_TRUNCATED : TEE_E_MALFORMED,
            "simulated evidence of %zu bytes, not %zu", blob.len, ATT_SIM_LEN);
    (void)tee_cur_take(&c, sizeof(ATT_SIM_MAGIC) - 1);
    tee_cur_copy(&c, s.public_key, sizeof(s.public_key));
    tee_cur_copy(&c, s.field, sizeof(s.field));
    tee_cur_copy(&c, s.signature, sizeof(s.signature));
    if (tee_cur_end(&c) != TEE_OK)
        return tee_fault(f, TEE_E_MALFORMED, "simulated evidence: wrong size");
    *ret = s;
    return TEE_OK;
}

enum tee_err
att_sim_verify(struct tee_bytes blob, struct att_sim *ret, struct tee_fault *f)
{
    struct att_sim s;
    enum tee_err err = att_sim_parse(blob, &s, f);

    if (err != TEE_OK)
        return err;
    if (crypto_core_ed25519_is_valid_point(s.public_key) != 1 ||
        crypto_sign_verify_detached(s.signature, blob.p, SIGNED,
                                    s.public_key) != 0)
        return tee_fault(f, TEE_E_SIGNATURE,
                         "the signature of the simulated evidence is wrong");
    *ret = s;
    return TEE_OK;
}
