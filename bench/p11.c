#include <dlfcn.h>
#include <string.h>

#include "bench/bench.h"

#define MECH_EDWARDS_PAIR 0x1055UL /* PKCS#11 3.0, newer than the header */

void
bench_check(CK_RV rv, const char *what)
{
    if (rv != CKR_OK)
        bench_die("%s: 0x%lx", what, rv);
}

CK_FUNCTION_LIST *
bench_load(const char *path)
{
    CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
    void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList get;
    CK_FUNCTION_LIST *f;

    if (lib == NULL)
        bench_die("dlopen: %s", dlerror());
    *(void **)&get = dlsym(lib, "C_GetFunctionList");
    if (get == NULL)
        bench_die("%s: no C_GetFunctionList", path);
    bench_check(get(&f), "C_GetFunctionList");
    bench_check(f->C_Initialize(&args), "C_Initialize");
    return f;
}

static CK_SLOT_ID
find_slot(CK_FUNCTION_LIST *f, const char *token, CK_TOKEN_INFO *info)
{
    CK_SLOT_ID slot[64];
    CK_ULONG n = 64;
    size_t len = strlen(token);

    bench_check(f->C_GetSlotList(CK_TRUE, slot, &n), "C_GetSlotList");
    for (CK_ULONG i = 0; i < n; i++) {
        bench_check(f->C_GetTokenInfo(slot[i], info), "C_GetTokenInfo");
        if (len < sizeof(info->label) && memcmp(info->label, token, len) == 0 &&
            info->label[len] == ' ')
            return slot[i];
    }
    bench_die("no token %s", token);
}

CK_SESSION_HANDLE
bench_open(CK_FUNCTION_LIST *f, const char *token)
{
    static unsigned char pin[] = BENCH_PIN;
    CK_SESSION_HANDLE s;
    CK_TOKEN_INFO info;
    CK_SLOT_ID slot = find_slot(f, token, &info);
    CK_RV rv;

    bench_check(f->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION,
                                 NULL, NULL, &s),
                "C_OpenSession");
    if ((info.flags & CKF_LOGIN_REQUIRED) == 0)
        return s;
    rv = f->C_Login(s, CKU_USER, pin, sizeof(pin) - 1);
    if (rv != CKR_USER_ALREADY_LOGGED_IN)
        bench_check(rv, "C_Login");
    return s;
}

CK_ULONG
bench_find(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE s, CK_ATTRIBUTE *template,
           CK_ULONG n, CK_OBJECT_HANDLE found[2])
{
    CK_ULONG got = 0;

    bench_check(f->C_FindObjectsInit(s, template, n), "C_FindObjectsInit");
    bench_check(f->C_FindObjects(s, found, 2, &got), "C_FindObjects");
    bench_check(f->C_FindObjectsFinal(s), "C_FindObjectsFinal");
    return got;
}

/* The mechanism and the one parameter of each type of key. */
static CK_MECHANISM
pair_mechanism(enum bench_type type, CK_ATTRIBUTE *a)
{
    /* RFC 8410 and RFC 5480: the curves' object identifiers */
    static unsigned char ed[] = { 6, 3, 0x2b, 0x65, 0x70 };
    static unsigned char p256[] = {
        6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7
    };
    static CK_ULONG bits = 2048;

    switch (type) {
    case BENCH_RSA2048:
        *a = (CK_ATTRIBUTE){ CKA_MODULUS_BITS, &bits, sizeof(bits) };
        return (CK_MECHANISM){ CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
    case BENCH_P256:
        *a = (CK_ATTRIBUTE){ CKA_EC_PARAMS, p256, sizeof(p256) };
        return (CK_MECHANISM){ CKM_EC_KEY_PAIR_GEN, NULL, 0 };
    case BENCH_ED25519:
    default:
        *a = (CK_ATTRIBUTE){ CKA_EC_PARAMS, ed, sizeof(ed) };
        return (CK_MECHANISM){ MECH_EDWARDS_PAIR, NULL, 0 };
    }
}

void
bench_generate(struct bench_key *k, const char *label)
{
    CK_BBOOL yes = CK_TRUE;
    char name[32] = { 0 };
    CK_ULONG len = strnlen(label, sizeof(name) - 1);
    CK_ATTRIBUTE shared[4] = {
        { CKA_TOKEN, &yes, sizeof(yes) },
        { CKA_LABEL, name, len },
        { CKA_ID, name, len },
        { CKA_SIGN, &yes, sizeof(yes) },
    };
    CK_ATTRIBUTE public[5];
    CK_MECHANISM m;

    memcpy(name, label, len);
    memcpy(public, shared, sizeof(shared));
    public[3].type = CKA_VERIFY;
    m = pair_mechanism(k->type, &public[4]);
    bench_check(k->f->C_GenerateKeyPair(k->session, &m, public, 5, shared, 4,
                                        &k->public, &k->private),
                "C_GenerateKeyPair");
}

static CK_OBJECT_HANDLE
find_half(const struct bench_key *k, const char *label, CK_OBJECT_CLASS class)
{
    char name[32] = { 0 };
    CK_ULONG len = strnlen(label, sizeof(name) - 1);
    CK_ATTRIBUTE t[] = { { CKA_LABEL, name, len },
                         { CKA_CLASS, &class, sizeof(class) } };
    CK_OBJECT_HANDLE found[2];

    memcpy(name, label, len);
    if (bench_find(k->f, k->session, t, 2, found) != 1)
        bench_die("not one key %s of class %lu", label, class);
    return found[0];
}

void
bench_key(struct bench_key *k, const char *label)
{
    k->private = find_half(k, label, CKO_PRIVATE_KEY);
    k->public = find_half(k, label, CKO_PUBLIC_KEY);
}

void
bench_sign_init(const struct bench_key *k)
{
    static const CK_MECHANISM_TYPE of[] = {
        [BENCH_ED25519] = CKM_EDDSA,
        [BENCH_P256] = CKM_ECDSA,
        [BENCH_RSA2048] = CKM_RSA_PKCS,
    };
    CK_MECHANISM m = { of[k->type], NULL, 0 };

    bench_check(k->f->C_SignInit(k->session, &m, k->private), "C_SignInit");
}

size_t
bench_sign(const struct bench_key *k, unsigned char *msg, size_t len,
           unsigned char sig[BENCH_SIG_MAX])
{
    CK_ULONG n = BENCH_SIG_MAX;

    bench_check(k->f->C_Sign(k->session, msg, len, sig, &n), "C_Sign");
    return n;
}
