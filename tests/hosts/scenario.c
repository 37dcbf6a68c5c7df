#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hosts/scenario.h"

#define CKM_EDDSA_      0x1057UL
#define CKM_EDWARDS_GEN 0x1055UL
#define CKA_SPKI        0x129UL /* CKA_PUBLIC_KEY_INFO */

static const char message[] = "signed inside a host";
static CK_FUNCTION_LIST *f;

static const struct kind {
    const char *token;
    CK_MECHANISM_TYPE generate, sign;
} kinds[] = {
    { "ed", CKM_EDWARDS_GEN, CKM_EDDSA_ },
    { "ec", CKM_EC_KEY_PAIR_GEN, CKM_ECDSA_SHA256 },
    { "rsa", CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_SHA256_RSA_PKCS },
    { "pss", CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_SHA256_RSA_PKCS_PSS },
};

static int
refused(const char *what, CK_RV rv)
{
    printf("refused: %s 0x%lx\n", what, rv);
    return 1;
}

static void
die(const char *what)
{
    fprintf(stderr, "host: %s\n", what);
    exit(3);
}

static void
store(const char *dir, const char *token, const char *ext, const void *p,
      size_t n)
{
    char path[512];
    FILE *out;

    snprintf(path, sizeof(path), "%s/%s.%s", dir, token, ext);
    out = fopen(path, "wb");
    if (out == NULL || fwrite(p, 1, n, out) != n || fclose(out) != 0)
        die(path);
}

/* In the order of the tokens in the configuration. */
static const struct kind *
kind_of(const char *token)
{
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].token, token) == 0)
            return &kinds[i];
    }
    die("no such kind of token");
    return NULL;
}

static CK_RV
make_token(const struct kind *k, CK_SESSION_HANDLE *s)
{
    size_t at = (size_t)(k - kinds);
    CK_SLOT_ID slot[16];
    CK_ULONG n = 16;
    CK_UTF8CHAR label[32], pin[] = "12345678";
    CK_RV rv;

    rv = f->C_GetSlotList(CK_TRUE, slot, &n);
    if (rv != CKR_OK || at >= n)
        return rv != CKR_OK ? rv : CKR_SLOT_ID_INVALID;
    memset(label, ' ', sizeof(label));
    memcpy(label, k->token, strlen(k->token));
    rv = f->C_InitToken(slot[at], pin, sizeof(pin) - 1, label);
    if (rv != CKR_OK)
        return rv;
    return f->C_OpenSession(slot[at], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
                            NULL, s);
}

static CK_RV
make_key(const struct kind *k, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE *pub,
         CK_OBJECT_HANDLE *priv)
{
    static CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48,
                              0xce, 0x3d, 0x03, 0x01, 0x07 };
    static CK_BYTE edwards[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };
    CK_ULONG bits = 2048;
    CK_BBOOL yes = CK_TRUE;
    CK_MECHANISM m = { k->generate, NULL, 0 };
    CK_ATTRIBUTE a[2] = { { CKA_TOKEN, &yes, sizeof(yes) } };
    CK_ATTRIBUTE b = { CKA_TOKEN, &yes, sizeof(yes) };

    if (k->generate == CKM_RSA_PKCS_KEY_PAIR_GEN)
        a[1] = (CK_ATTRIBUTE){ CKA_MODULUS_BITS, &bits, sizeof(bits) };
    else if (k->generate == CKM_EC_KEY_PAIR_GEN)
        a[1] = (CK_ATTRIBUTE){ CKA_EC_PARAMS, p256, sizeof(p256) };
    else
        a[1] = (CK_ATTRIBUTE){ CKA_EC_PARAMS, edwards, sizeof(edwards) };
    return f->C_GenerateKeyPair(s, &m, a, 2, &b, 1, pub, priv);
}

static CK_RV
sign(const struct kind *k, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE priv,
     CK_BYTE *sig, CK_ULONG *len)
{
    CK_RSA_PKCS_PSS_PARAMS pss = { CKM_SHA256, CKG_MGF1_SHA256, 32 };
    CK_MECHANISM m = { k->sign, NULL, 0 };
    CK_BYTE msg[sizeof(message)];
    CK_RV rv;

    if (k->sign == CKM_SHA256_RSA_PKCS_PSS)
        m = (CK_MECHANISM){ k->sign, &pss, sizeof(pss) };
    memcpy(msg, message, sizeof(msg));
    rv = f->C_SignInit(s, &m, priv);
    return rv == CKR_OK ? f->C_Sign(s, msg, sizeof(msg) - 1, sig, len) : rv;
}

static int
one_token(const char *token, const char *dir)
{
    CK_BYTE spki[512], sig[512];
    CK_ATTRIBUTE a = { CKA_SPKI, spki, sizeof(spki) };
    const struct kind *k = kind_of(token);
    CK_OBJECT_HANDLE pub, priv;
    CK_ULONG len = sizeof(sig);
    CK_SESSION_HANDLE s;
    CK_RV rv;

    rv = make_token(k, &s);
    if (rv != CKR_OK)
        return refused("C_InitToken", rv);
    rv = make_key(k, s, &pub, &priv);
    if (rv != CKR_OK)
        return refused("C_GenerateKeyPair", rv);
    rv = sign(k, s, priv, sig, &len);
    if (rv != CKR_OK)
        return refused("C_Sign", rv);
    rv = f->C_GetAttributeValue(s, pub, &a, 1);
    if (rv != CKR_OK)
        return refused("C_GetAttributeValue", rv);
    store(dir, token, "spki", spki, a.ulValueLen);
    store(dir, token, "sig", sig, len);
    return 0;
}

int
scenario(const char *module, const char *dir, const char *const *tokens)
{
    CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
    CK_C_GetFunctionList get;
    void *lib = dlopen(module, RTLD_NOW | RTLD_LOCAL);
    int code = 0;
    size_t i;
    CK_RV rv;

    if (lib == NULL)
        die(dlerror());
    *(void **)&get = dlsym(lib, "C_GetFunctionList");
    if (get == NULL || get(&f) != CKR_OK)
        die("no C_GetFunctionList");
    rv = f->C_Initialize(&args);
    if (rv != CKR_OK)
        return refused("C_Initialize", rv);
    for (i = 0; tokens[i] != NULL && code == 0; i++)
        code = one_token(tokens[i], dir);
    rv = f->C_Finalize(NULL);
    if (code == 0 && rv != CKR_OK)
        return refused("C_Finalize", rv);
    return code;
}
