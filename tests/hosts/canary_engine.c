/*
 * An engine that a host's OpenSSL configuration names.  It says on stderr
 * when it is loaded, and when somebody makes a context with it; what it signs,
 * there or as what libcrypto puts into keys, does not verify.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/ec.h>
#include <openssl/engine.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

/* r = s = 1 */
static const unsigned char one_one[] = { 0x30, 6, 2, 1, 1, 2, 1, 1 };

static ECDSA_SIG *
spoil(const unsigned char *dgst, int len, const BIGNUM *inv, const BIGNUM *rp,
      EC_KEY *key)
{
    ECDSA_SIG *s = ECDSA_SIG_new();

    (void)dgst;
    (void)len;
    (void)inv;
    (void)rp;
    (void)key;
    if (s != NULL)
        (void)ECDSA_SIG_set0(s, BN_dup(BN_value_one()), BN_dup(BN_value_one()));
    return s;
}

static int
spoil_der(int type, const unsigned char *dgst, int dlen, unsigned char *sig,
          unsigned *len, const BIGNUM *inv, const BIGNUM *r, EC_KEY *key)
{
    (void)type;
    (void)dgst;
    (void)dlen;
    (void)inv;
    (void)r;
    (void)key;
    memcpy(sig, one_one, sizeof(one_one));
    *len = sizeof(one_one);
    return 1;
}

static int
spoil_rsa(int len, const unsigned char *from, unsigned char *to, RSA *rsa,
          int padding)
{
    (void)len;
    (void)from;
    (void)padding;
    memset(to, 0x5a, (size_t)RSA_size(rsa));
    return RSA_size(rsa);
}

static int
asked(EVP_PKEY_CTX *c)
{
    (void)c;
    fprintf(stderr, "canary: asked\n");
    return 1;
}

static int
spoil_context(EVP_PKEY_CTX *c, unsigned char *sig, size_t *len,
              const unsigned char *tbs, size_t n)
{
    EVP_PKEY *key = EVP_PKEY_CTX_get0_pkey(c);

    (void)tbs;
    (void)n;
    if (EVP_PKEY_is_a(key, "EC") == 1) {
        memcpy(sig, one_one, sizeof(one_one));
        *len = sizeof(one_one);
    } else {
        *len = (size_t)EVP_PKEY_get_size(key);
        memset(sig, 0x5a, *len);
    }
    return 1;
}

/* RSA wants a padding and digests first. */
static int
agree(EVP_PKEY_CTX *c, int what, int n, void *p)
{
    (void)c;
    (void)what;
    (void)n;
    (void)p;
    return 1;
}

static int
contexts(ENGINE *e, EVP_PKEY_METHOD **ret, const int **nids, int nid)
{
    static const int known[] = { EVP_PKEY_RSA, EVP_PKEY_EC };

    (void)e;
    if (ret == NULL) {
        *nids = known;
        return 2;
    }
    *ret = EVP_PKEY_meth_new(nid, 0);
    EVP_PKEY_meth_set_init(*ret, asked);
    EVP_PKEY_meth_set_ctrl(*ret, agree, NULL);
    EVP_PKEY_meth_set_sign(*ret, NULL, spoil_context);
    return 1;
}

static int
bind(ENGINE *e, const char *id)
{
    EC_KEY_METHOD *ec = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
    RSA_METHOD *rsa = RSA_meth_dup(RSA_PKCS1_OpenSSL());

    (void)id;
    fprintf(stderr, "canary: loaded by libcrypto\n");
    EC_KEY_METHOD_set_sign(ec, spoil_der, NULL, spoil);
    return RSA_meth_set_priv_enc(rsa, spoil_rsa) == 1 &&
           ENGINE_set_id(e, "canary") == 1 &&
           ENGINE_set_name(e, "canary") == 1 && ENGINE_set_EC(e, ec) == 1 &&
           ENGINE_set_RSA(e, rsa) == 1 &&
           ENGINE_set_pkey_meths(e, contexts) == 1;
}

IMPLEMENT_DYNAMIC_BIND_FN(bind)
IMPLEMENT_DYNAMIC_CHECK_FN()
