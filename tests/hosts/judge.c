/*
 * judge FOLDER TOKEN...: do the signatures verify?  A program of its own, so
 * that nothing of the host decides.  0: all of them; 1: one does not.
 */
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

static const char message[] = "signed inside a host";

static size_t
slurp(const char *dir, const char *token, const char *ext, unsigned char *ret,
      size_t room)
{
    char path[512];
    size_t n = 0;
    FILE *in;

    snprintf(path, sizeof(path), "%s/%s.%s", dir, token, ext);
    in = fopen(path, "rb");
    if (in != NULL) {
        n = fread(ret, 1, room, in);
        (void)fclose(in);
    }
    return n;
}

/* r || s as DER, in place; the signature of the module is raw. */
static size_t
ecdsa_der(unsigned char *sig, size_t len, size_t room)
{
    ECDSA_SIG *s = ECDSA_SIG_new();
    unsigned char *p = sig;
    int half = (int)(len / 2), n = -1;

    if (s != NULL && room >= len + 16 &&
        ECDSA_SIG_set0(s, BN_bin2bn(sig, half, NULL),
                       BN_bin2bn(sig + half, half, NULL)) == 1)
        n = i2d_ECDSA_SIG(s, &p);
    ECDSA_SIG_free(s);
    return n > 0 ? (size_t)n : 0;
}

static int
verifies(EVP_PKEY *key, const char *token, unsigned char *sig, size_t len,
         size_t room)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    const char *hash = strcmp(token, "ed") == 0 ? NULL : "SHA256";
    EVP_PKEY_CTX *pc;
    int ok;

    if (strcmp(token, "ec") == 0)
        len = ecdsa_der(sig, len, room);
    ok = EVP_DigestVerifyInit_ex(c, &pc, hash, NULL, NULL, key, NULL) == 1;
    if (ok && strcmp(token, "pss") == 0)
        ok = EVP_PKEY_CTX_set_rsa_padding(pc, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(pc, 32) == 1;
    ok = ok && EVP_DigestVerify(c, sig, len, (const unsigned char *)message,
                                sizeof(message) - 1) == 1;
    EVP_MD_CTX_free(c);
    return ok;
}

static int
judge(const char *dir, const char *token)
{
    unsigned char spki[1024], sig[1024];
    const unsigned char *p = spki;
    size_t n = slurp(dir, token, "spki", spki, sizeof(spki));
    size_t len = slurp(dir, token, "sig", sig, sizeof(sig));
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)n);
    int ok;

    ok = key != NULL && len > 0 && verifies(key, token, sig, len, sizeof(sig));
    EVP_PKEY_free(key);
    printf("%s: %s\n", token, ok ? "verifies" : "does not verify");
    return ok;
}

int
main(int argc, char **argv)
{
    int i, ok = argc > 2;

    for (i = 2; i < argc; i++)
        ok = judge(argv[1], argv[i]) && ok;
    return ok ? 0 : 1;
}
