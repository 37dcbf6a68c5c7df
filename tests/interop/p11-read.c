/*
 * p11-read MODULE TOKEN [evidence]: reads vendor attributes by number, through
 * whatever MODULE is (ours, p11-kit's proxy, p11-kit's client); with
 * `evidence` also collects a fresh bundle.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "tests/interop/p11.h"

static void
vendor(const struct p11 *p, const struct p11_key *k)
{
    CK_ULONG origin = 99;
    CK_BBOOL bound = 99;
    char platform[32] = "";
    CK_ATTRIBUTE a[] = { { CKA_TEE_KEY_ORIGIN, &origin, sizeof(origin) },
                         { CKA_TEE_KEY_BOUND, &bound, sizeof(bound) } };
    CK_ATTRIBUTE word = { CKA_TEE_PLATFORM, platform, sizeof(platform) - 1 };
    CK_RV rv;

    p11_check(p->f->C_GetAttributeValue(k->session, k->priv, a, 2),
              "CKA_TEE_KEY_ORIGIN, _BOUND");
    if (bound != CK_FALSE)
        p11_die("CKA_TEE_KEY_BOUND is %u", bound);
    rv = p->f->C_GetAttributeValue(k->session, k->priv, &word, 1);
    if (origin == CK_TEE_ORIGIN_TEE_GENERATED) {
        p11_check(rv, "CKA_TEE_PLATFORM");
        if (strcmp(platform, "simulated") != 0)
            p11_die("CKA_TEE_PLATFORM is %s", platform);
    } else if (origin != CK_TEE_ORIGIN_LOCAL ||
               rv != CKR_ATTRIBUTE_TYPE_INVALID) {
        p11_die("origin %lu, CKA_TEE_PLATFORM 0x%lx", origin, rv);
    }
}

static CK_OBJECT_HANDLE
request(const struct p11 *p, const struct p11_key *k)
{
    CK_OBJECT_CLASS class = CKO_TEE_EVIDENCE;
    CK_BBOOL no = CK_FALSE;
    unsigned char id[64];
    char challenge[] = "interop-challenge", nonce[] = "interop-nonce";
    CK_ATTRIBUTE get = { CKA_ID, id, sizeof(id) };
    CK_ATTRIBUTE t[] = {
        { CKA_CLASS, &class, sizeof(class) },
        { CKA_TOKEN, &no, sizeof(no) },
        { CKA_TEE_KEY_REF, id, 0 },
        { CKA_TEE_CHALLENGE_ID, challenge, sizeof(challenge) - 1 },
        { CKA_TEE_NONCE, nonce, sizeof(nonce) - 1 },
    };
    CK_OBJECT_HANDLE o;

    p11_check(p->f->C_GetAttributeValue(k->session, k->priv, &get, 1),
              "CKA_ID");
    t[2].ulValueLen = get.ulValueLen;
    p11_check(p->f->C_CreateObject(k->session, t, 5, &o), "C_CreateObject");
    return o;
}

static void
evidence(const struct p11 *p, const struct p11_key *k)
{
    static char bundle[1 << 20];
    CK_ATTRIBUTE a = { CKA_VALUE, NULL, 0 };
    CK_OBJECT_HANDLE o = request(p, k);

    p11_check(p->f->C_GetAttributeValue(k->session, o, &a, 1), "its length");
    if (a.ulValueLen >= sizeof(bundle))
        p11_die("a bundle of %lu bytes", a.ulValueLen);
    a.pValue = bundle;
    p11_check(p->f->C_GetAttributeValue(k->session, o, &a, 1), "the bundle");
    if (bundle[0] != '{' || strstr(bundle, "interop-nonce") == NULL)
        p11_die("no bundle over our nonce");
    p11_check(p->f->C_DestroyObject(k->session, o), "C_DestroyObject");
}

int
main(int argc, char **argv)
{
    struct p11 p;
    struct p11_key k;

    if (argc < 3)
        p11_die("usage: p11-read MODULE TOKEN [evidence]");
    p11_load(&p, argv[1], RTLD_NOW | RTLD_LOCAL);
    p11_init(&p);
    p11_open(&p, argv[2], &k);
    vendor(&p, &k);
    if (argc > 3)
        evidence(&p, &k);
    p11_check(p.f->C_Finalize(NULL), "C_Finalize");
    dlclose(p.lib);
    return 0;
}
