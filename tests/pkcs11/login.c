#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pkcs11/tp11.h"
#include "tests/pkcs11/calls.h"
#include "tests/pkcs11/suites.h"

/* Who is in, where that is not told by the calls of one application alone. */

#define NEXT_USER "654321"

static const struct list *l;
static CK_SESSION_HANDLE s;

static CK_UTF8CHAR_PTR
text(const char *v)
{
    return (CK_UTF8CHAR_PTR)(uintptr_t)v;
}

static void
open_session(CK_SLOT_ID slot)
{
    CU_ASSERT_EQUAL_FATAL(l->C_OpenSession(slot,
                                           CKF_SERIAL_SESSION | CKF_RW_SESSION,
                                           NULL, NULL, &s),
                          CKR_OK);
}

static CK_RV
login(CK_USER_TYPE user, const char *pin)
{
    return l->C_Login(s, user, text(pin), strlen(pin));
}

static CK_STATE
state(void)
{
    CK_SESSION_INFO info = { 0 };

    CU_ASSERT_EQUAL(l->C_GetSessionInfo(s, &info), CKR_OK);
    return info.state;
}

/* How many private keys are seen, and one of them. */
static CK_ULONG
private_keys(CK_OBJECT_HANDLE *ret)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE t = { CKA_CLASS, &class, sizeof(class) };
    CK_ULONG n = 0;

    CU_ASSERT_EQUAL(l->C_FindObjectsInit(s, &t, 1), CKR_OK);
    CU_ASSERT_EQUAL(l->C_FindObjects(s, ret, 1, &n), CKR_OK);
    CU_ASSERT_EQUAL(l->C_FindObjectsFinal(s), CKR_OK);
    return n;
}

/* What another process would do. */
static enum tee_err
anew(const char *name)
{
    static const struct ks_object pub = { .flags = KS_O_VERIFY },
                                  priv = { .flags = KS_O_SIGN };
    struct ks_token *t = NULL;
    struct ks_conf *conf = NULL;
    uint8_t a[16], b[16];
    enum tee_err err;
    size_t i = 0;

    err = ks_conf_load(house_conf(), &conf, NULL);
    if (err != TEE_OK)
        return err;
    while (i < conf->n && strcmp(conf->token[i].name, name) != 0)
        i++;
    err =
        i < conf->n ? ks_token_new(conf, &conf->token[i], &t) : TEE_E_NOTFOUND;
    if (err == TEE_OK)
        err = ks_token_init(t, tee_bytes_of(HOUSE_SO), tee_bytes_of(NEXT_USER),
                            NULL);
    if (err == TEE_OK)
        err = ks_login(t, KS_USER, tee_bytes_of(NEXT_USER), NULL);
    if (err == TEE_OK)
        err = ks_generate(t, KS_ED25519, &pub, &priv, a, b, NULL);
    ks_token_free(t);
    ks_conf_free(conf);
    return err;
}

static void
test_a_login_ends_with_its_token(void)
{
    CK_MECHANISM m = { CKM_EDDSA, NULL, 0 };
    CK_BYTE in[3] = { 1 }, sig[64];
    CK_ULONG len = sizeof(sig);
    CK_OBJECT_HANDLE o = 0;

    l = linked_module();
    CU_ASSERT_TRUE_FATAL(house_restore());
    CU_ASSERT_EQUAL_FATAL(house_initialize_with(l), CKR_OK);
    open_session(HOUSE_PINNED);
    CU_ASSERT_EQUAL(login(CKU_USER, HOUSE_USER), CKR_OK);
    CU_ASSERT_EQUAL(private_keys(&o), 1);
    CU_ASSERT_EQUAL(l->C_SignInit(s, &m, o), CKR_OK);
    CU_ASSERT_EQUAL_FATAL(anew("pinned"), TEE_OK);
    CU_ASSERT_EQUAL(private_keys(&o), 0);
    CU_ASSERT_EQUAL(state(), CKS_RW_PUBLIC_SESSION);
    CU_ASSERT_EQUAL(l->C_Sign(s, in, sizeof(in), sig, &len),
                    CKR_OPERATION_NOT_INITIALIZED);
    CU_ASSERT_EQUAL(login(CKU_USER, HOUSE_USER), CKR_PIN_INCORRECT);
    CU_ASSERT_EQUAL(login(CKU_USER, NEXT_USER), CKR_OK);
    CU_ASSERT_EQUAL(private_keys(&o), 1);
    CU_ASSERT_EQUAL(l->C_SignInit(s, &m, o), CKR_OK);
    CU_ASSERT_EQUAL(l->C_Sign(s, in, sizeof(in), sig, &len), CKR_OK);
    CU_ASSERT_EQUAL(l->C_Finalize(NULL), CKR_OK);
}

/* ---- a token of a TEE with a PIN, which the house does not have ------------
 */

static CK_RV
vault_initialize(void)
{
    char path[400], conf[1024], reserved[500];
    CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK,
                                  .pReserved = reserved };
    int fd, n;

    (void)snprintf(path, sizeof(path), "%s.vault", house_conf());
    n = snprintf(conf, sizeof(conf),
                 "log = none\n[vault]\nkey_origin = tee_generated\n"
                 "platform = simulated\npin = yes\nstate = %s\n"
                 "did = did:mesh:0123456789abcdef0123456789abcdef\n",
                 house_state());
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL_FATAL(write(fd, conf, (size_t)n), n);
    CU_ASSERT_EQUAL_FATAL(close(fd), 0);
    (void)snprintf(reserved, sizeof(reserved), "conf=%s", path);
    return l->C_Initialize(&args);
}

static void
vault_make(CK_SLOT_ID slot, CK_BYTE *id)
{
    CK_MECHANISM m = { CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0 };
    CK_BYTE ed[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE t[] = { { CKA_TOKEN, &yes, 1 },
                         { CKA_ID, id, 1 },
                         { CKA_EC_PARAMS, ed, sizeof(ed) } };
    CK_UTF8CHAR label[32];
    CK_OBJECT_HANDLE a, b;

    tp11_pad(label, sizeof(label), "vault");
    CU_ASSERT_EQUAL(
        l->C_InitToken(slot, text(HOUSE_SO), strlen(HOUSE_SO), label), CKR_OK);
    open_session(slot);
    CU_ASSERT_EQUAL(login(CKU_SO, HOUSE_SO), CKR_OK);
    CU_ASSERT_EQUAL(l->C_InitPIN(s, text(HOUSE_USER), strlen(HOUSE_USER)),
                    CKR_OK);
    CU_ASSERT_EQUAL(l->C_Logout(s), CKR_OK);
    CU_ASSERT_EQUAL(login(CKU_USER, HOUSE_USER), CKR_OK);
    CU_ASSERT_EQUAL(l->C_GenerateKeyPair(s, &m, t, 3, t, 2, &a, &b), CKR_OK);
    CU_ASSERT_EQUAL(l->C_Logout(s), CKR_OK);
}

static CK_RV
ask_evidence(CK_BYTE *id)
{
    CK_OBJECT_CLASS class = CKO_TEE_EVIDENCE;
    CK_BYTE one = 'c';
    CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) },
                         { CKA_TEE_KEY_REF, id, 1 },
                         { CKA_TEE_CHALLENGE_ID, &one, 1 },
                         { CKA_TEE_NONCE, &one, 1 } };
    CK_OBJECT_HANDLE o;

    return l->C_CreateObject(s, t, 4, &o);
}

static void
test_evidence_wants_a_login(void)
{
    CK_BYTE id = 1, other = 2;
    CK_SLOT_ID slot;
    CK_ULONG n = 1;

    if (house_missing(HOUSE_TEE) != NULL) {
        test_skip(house_missing(HOUSE_TEE));
        return;
    }
    l = linked_module();
    CU_ASSERT_TRUE_FATAL(house_restore());
    CU_ASSERT_EQUAL_FATAL(vault_initialize(), CKR_OK);
    CU_ASSERT_EQUAL_FATAL(l->C_GetSlotList(CK_TRUE, &slot, &n), CKR_OK);
    vault_make(slot, &id);
    CU_ASSERT_EQUAL(ask_evidence(&id), CKR_USER_NOT_LOGGED_IN);
    CU_ASSERT_EQUAL(ask_evidence(&other), CKR_TEMPLATE_INCONSISTENT);
    CU_ASSERT_EQUAL(login(CKU_USER, HOUSE_USER), CKR_OK);
    CU_ASSERT_EQUAL(ask_evidence(&id), CKR_OK);
    CU_ASSERT_EQUAL(l->C_Finalize(NULL), CKR_OK);
}

static const struct test tests[] = {
    { "a login ends with the token that it opened",
      test_a_login_ends_with_its_token },
    { "evidence about a key behind a PIN wants a login",
      test_evidence_wants_a_login },
    { NULL, NULL },
};
const struct suite login_suite = { "login", tests };
