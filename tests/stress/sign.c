#include "config.h"

#include <openssl/ecdsa.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <string.h>

#include "tests/stress/stress.h"

/* ---- somebody else's code
 * ------------------------------------------------------------
 */

EVP_PKEY *
public_key(struct tee_bytes spki)
{
    const unsigned char *p = spki.p;

    return d2i_PUBKEY(NULL, &p, (long)spki.len);
}

/* r || s, as Cryptoki has it. */
static bool
ecdsa_right(EVP_PKEY *key, struct tee_bytes msg, const uint8_t sig[64])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    ECDSA_SIG *rs = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(sig, 32, NULL), *s = BN_bin2bn(sig + 32, 32, NULL);
    unsigned char *der = NULL;
    bool right = false;
    int n;

    if (ctx == NULL || rs == NULL || ECDSA_SIG_set0(rs, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        goto out;
    }
    n = i2d_ECDSA_SIG(rs, &der);
    right = n > 0 &&
            EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
            EVP_DigestVerify(ctx, der, (size_t)n, msg.p, msg.len) == 1;
out:
    OPENSSL_free(der);
    ECDSA_SIG_free(rs);
    EVP_MD_CTX_free(ctx);
    return right;
}

void
witness(struct worker *w, const struct pair *k, struct tee_bytes msg,
        const uint8_t *sig, CK_ULONG len)
{
    bool right = len == 64;

    if (right && k->mech == CKM_EDDSA)
        right = crypto_sign_verify_detached(sig, msg.p, msg.len, k->point) == 0;
    else if (right)
        right = ecdsa_right(w->ec, msg, sig);
    if (!right)
        failed("a signature is wrong, its length", len);
    w->signatures++;
}

/* ---- keys
 * ---------------------------------------------------------------------------
 */

bool
base_pair(struct worker *w, CK_SESSION_HANDLE s, CK_SLOT_ID slot,
          struct pair *ret)
{
    ret->mech = slot == EC ? CKM_ECDSA_SHA256 : CKM_EDDSA;
    memcpy(ret->point, base_point[slot], sizeof(ret->point));
    ret->priv = find(w, s, CKO_PRIVATE_KEY, "base");
    ret->pub = ret->priv != 0 ? find(w, s, CKO_PUBLIC_KEY, "base") : 0;
    return ret->pub != 0;
}

/* CKA_EC_POINT of an Edwards key: OCTET STRING of 32 bytes. */
static bool
get_point(struct worker *w, CK_SESSION_HANDLE s, struct pair *k)
{
    uint8_t der[34];
    CK_ATTRIBUTE t = { CKA_EC_POINT, der, sizeof(der) };

    if (!TRY(w, C_GetAttributeValue, s, k->pub, &t, 1))
        return false;
    memcpy(k->point, der + 2, sizeof(k->point));
    return true;
}

bool
make_pair(struct worker *w, CK_SESSION_HANDLE s, CK_SLOT_ID slot,
          const char *label, bool stored, struct pair *ret)
{
    static CK_BYTE ed[] = { 6, 3, 0x2b, 0x65, 0x70 },
                   p256[] = { 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 };
    CK_BBOOL token = stored ? CK_TRUE : CK_FALSE;
    CK_MECHANISM m = { CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0 };
    char name[64];
    CK_ATTRIBUTE pub[] = {
        { CKA_EC_PARAMS, ed, sizeof(ed) },
        { CKA_TOKEN, &token, sizeof(token) },
        { CKA_LABEL, name, strlen(label) },
    };

    ret->mech = CKM_EDDSA;
    if (slot == EC) {
        ret->mech = CKM_ECDSA_SHA256;
        m.mechanism = CKM_EC_KEY_PAIR_GEN;
        pub[0] = (CK_ATTRIBUTE){ CKA_EC_PARAMS, p256, sizeof(p256) };
    }
    (void)snprintf(name, sizeof(name), "%s", label);
    if (!TRY(w, C_GenerateKeyPair, s, &m, pub, 3, pub + 1, 2, &ret->pub,
             &ret->priv))
        return false;
    return slot == EC || get_point(w, s, ret);
}

/* ---- ways to sign and to verify
 * -------------------------------------------------------
 */

enum { ONE_SHOT, ASKED_FIRST, IN_PARTS, CANCELLED, WAYS };

static bool
sign(struct worker *w, CK_SESSION_HANDLE s, uint64_t way, uint8_t *msg,
     CK_ULONG n, uint8_t sig[64], CK_ULONG *len)
{
    switch (way) {
    case IN_PARTS:
        return TRY(w, C_SignUpdate, s, msg, n / 2) &&
               TRY(w, C_SignUpdate, s, msg + n / 2, n - n / 2) &&
               TRY(w, C_SignFinal, s, sig, len);
    case CANCELLED:
        if (TRY(w, C_SessionCancel, s, CKF_SIGN))
            (void)WANT(w, CKR_OPERATION_NOT_INITIALIZED, C_Sign, s, msg, n, sig,
                       len);
        return false;
    case ASKED_FIRST:
        if (!TRY(w, C_Sign, s, msg, n, NULL, len))
            return false;
        if (*len != 64)
            failed("the length of a signature is wrong", *len);
        break;
    default:
        break;
    }
    return TRY(w, C_Sign, s, msg, n, sig, len);
}

/* The signature last, then those of 3.2, where it comes first. */
static void
verify(struct worker *w, CK_SESSION_HANDLE s, const struct pair *k,
       uint8_t *msg, CK_ULONG n, uint8_t sig[64])
{
    CK_MECHANISM m = { k->mech, NULL, 0 };
    CK_RV want = CKR_OK;
    uint64_t way = dice(w, 4);

    if (dice(w, 8) == 0) {
        sig[dice(w, 64)] ^= (uint8_t)(1u << dice(w, 8));
        want = CKR_SIGNATURE_INVALID;
    }
    if (way < 2 ? !TRY(w, C_VerifyInit, s, &m, k->pub)
                : !TRY(w, C_VerifySignatureInit, s, &m, k->pub, sig, 64))
        return;
    switch (way) {
    case 0:
        (void)WANT(w, want, C_Verify, s, msg, n, sig, 64);
        break;
    case 1:
        if (TRY(w, C_VerifyUpdate, s, msg, n / 2) &&
            TRY(w, C_VerifyUpdate, s, msg + n / 2, n - n / 2))
            (void)WANT(w, want, C_VerifyFinal, s, sig, 64);
        break;
    case 2:
        (void)WANT(w, want, C_VerifySignature, s, msg, n);
        break;
    default:
        if (TRY(w, C_VerifySignatureUpdate, s, msg, n / 2) &&
            TRY(w, C_VerifySignatureUpdate, s, msg + n / 2, n - n / 2))
            (void)WANT(w, want, C_VerifySignatureFinal, s);
        break;
    }
}

bool
sign_with(struct worker *w, CK_SESSION_HANDLE s, const struct pair *k)
{
    CK_MECHANISM m = { k->mech, NULL, 0 };
    uint8_t msg[200], sig[64];
    CK_ULONG n = 1 + dice(w, sizeof(msg) - 1), len = sizeof(sig);
    uint64_t way = dice(w, WAYS);

    fill(w, msg, n);
    if (!TRY(w, C_SignInit, s, &m, k->priv))
        return false;
    if (!sign(w, s, way, msg, n, sig, &len))
        return way == CANCELLED && quiet(w);
    witness(w, k, (struct tee_bytes){ msg, n }, sig, len);
    verify(w, s, k, msg, n, sig);
    return true;
}
