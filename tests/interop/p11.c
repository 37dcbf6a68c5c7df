#include <dlfcn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/interop/p11.h"

#define MECH_EDDSA    0x1057UL
#define KEY_EDWARDS   0x40UL
#define A_PUBLIC_INFO 0x129UL

void
p11_die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

void
p11_check(CK_RV rv, const char *what)
{
    if (rv != CKR_OK)
        p11_die("%s: 0x%lx", what, rv);
}

void
p11_load(struct p11 *p, const char *path, int flags)
{
    CK_C_GetFunctionList get;

    p->lib = dlopen(path, flags);
    if (p->lib == NULL)
        p11_die("dlopen: %s", dlerror());
    *(void **)&get = dlsym(p->lib, "C_GetFunctionList");
    if (get == NULL)
        p11_die("no C_GetFunctionList");
    p11_check(get(&p->f), "C_GetFunctionList");
}

void
p11_init(const struct p11 *p)
{
    CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };

    p11_check(p->f->C_Initialize(&args), "C_Initialize");
}

static CK_SLOT_ID
find_slot(const struct p11 *p, const char *token)
{
    CK_SLOT_ID slot[64];
    CK_ULONG n = 64;
    CK_TOKEN_INFO info;
    size_t len = strlen(token);

    p11_check(p->f->C_GetSlotList(CK_TRUE, slot, &n), "C_GetSlotList");
    for (CK_ULONG i = 0; i < n; i++) {
        p11_check(p->f->C_GetTokenInfo(slot[i], &info), "C_GetTokenInfo");
        if (len < sizeof(info.label) && memcmp(info.label, token, len) == 0 &&
            info.label[len] == ' ')
            return slot[i];
    }
    p11_die("no token %s", token);
}

static CK_OBJECT_HANDLE
find_key(const struct p11 *p, CK_SESSION_HANDLE s, CK_OBJECT_CLASS class)
{
    CK_ATTRIBUTE a = { CKA_CLASS, &class, sizeof(class) };
    CK_OBJECT_HANDLE o;
    CK_ULONG n = 0;

    p11_check(p->f->C_FindObjectsInit(s, &a, 1), "C_FindObjectsInit");
    p11_check(p->f->C_FindObjects(s, &o, 1, &n), "C_FindObjects");
    p11_check(p->f->C_FindObjectsFinal(s), "C_FindObjectsFinal");
    if (n != 1)
        p11_die("no object of class %lu", class);
    return o;
}

void
p11_open(const struct p11 *p, const char *token, struct p11_key *ret)
{
    static unsigned char pin[] = "123456";
    CK_RV rv;

    p11_check(p->f->C_OpenSession(find_slot(p, token), CKF_SERIAL_SESSION, NULL,
                                  NULL, &ret->session),
              "C_OpenSession");
    rv = p->f->C_Login(ret->session, CKU_USER, pin, sizeof(pin) - 1);
    if (rv != CKR_USER_ALREADY_LOGGED_IN)
        p11_check(rv, "C_Login");
    ret->priv = find_key(p, ret->session, CKO_PRIVATE_KEY);
    ret->pub = find_key(p, ret->session, CKO_PUBLIC_KEY);
}

static int
is_edwards(const struct p11 *p, const struct p11_key *k)
{
    CK_KEY_TYPE type = 0;
    CK_ATTRIBUTE a = { CKA_KEY_TYPE, &type, sizeof(type) };

    p11_check(p->f->C_GetAttributeValue(k->session, k->priv, &a, 1),
              "CKA_KEY_TYPE");
    return type == KEY_EDWARDS;
}

void
p11_sign(const struct p11 *p, const struct p11_key *k,
         const unsigned char msg[32], unsigned char sig[64])
{
    CK_MECHANISM m = { is_edwards(p, k) ? MECH_EDDSA : CKM_ECDSA, NULL, 0 };
    unsigned char copy[32];
    CK_ULONG len = 64;

    memcpy(copy, msg, sizeof(copy));
    p11_check(p->f->C_SignInit(k->session, &m, k->priv), "C_SignInit");
    p11_check(p->f->C_Sign(k->session, copy, sizeof(copy), sig, &len),
              "C_Sign");
    if (len != 64)
        p11_die("signature of %lu bytes", len);
}

static EVP_PKEY *
public_key(const struct p11 *p, const struct p11_key *k)
{
    unsigned char der[256];
    const unsigned char *next = der;
    CK_ATTRIBUTE a = { A_PUBLIC_INFO, der, sizeof(der) };
    EVP_PKEY *key;

    p11_check(p->f->C_GetAttributeValue(k->session, k->pub, &a, 1),
              "CKA_PUBLIC_KEY_INFO");
    key = d2i_PUBKEY(NULL, &next, (long)a.ulValueLen);
    if (key == NULL)
        p11_die("CKA_PUBLIC_KEY_INFO: not a SubjectPublicKeyInfo");
    return key;
}

static int
ecdsa_valid(EVP_PKEY *key, const unsigned char msg[32],
            const unsigned char sig[64])
{
    ECDSA_SIG *s = ECDSA_SIG_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    unsigned char *der = NULL;
    int len, ok;

    if (s == NULL || ctx == NULL)
        p11_die("no memory");
    ECDSA_SIG_set0(s, BN_bin2bn(sig, 32, NULL), BN_bin2bn(sig + 32, 32, NULL));
    len = i2d_ECDSA_SIG(s, &der);
    ok = len > 0 && EVP_PKEY_verify_init(ctx) == 1 &&
         EVP_PKEY_verify(ctx, der, (size_t)len, msg, 32) == 1;
    OPENSSL_free(der);
    EVP_PKEY_CTX_free(ctx);
    ECDSA_SIG_free(s);
    return ok;
}

void
p11_verify(const struct p11 *p, const struct p11_key *k,
           const unsigned char msg[32], const unsigned char sig[64])
{
    EVP_PKEY *key = public_key(p, k);
    EVP_MD_CTX *ctx;
    int ok;

    if (!is_edwards(p, k)) {
        ok = ecdsa_valid(key, msg, sig);
    } else {
        ctx = EVP_MD_CTX_new();
        ok = ctx != NULL &&
             EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
             EVP_DigestVerify(ctx, sig, 64, msg, 32) == 1;
        EVP_MD_CTX_free(ctx);
    }
    EVP_PKEY_free(key);
    if (!ok)
        p11_die("libcrypto does not verify the signature");
}
