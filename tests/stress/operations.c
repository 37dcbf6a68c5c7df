#include "config.h"

#include <sodium.h>
#include <string.h>

#include "tests/stress/stress.h"

/* ---- signing
 * ------------------------------------------------------------------------
 */

static void
sign_on(struct worker *w, CK_SLOT_ID slot)
{
    CK_SESSION_HANDLE s = session(w, slot, 0);
    struct pair k;
    unsigned i;

    if (s != 0 && base_pair(w, s, slot, &k)) {
        for (i = 0; i < 4 && sign_with(w, s, &k); i++)
            ;
    }
    done(w, s);
}

static void
sign_local(struct worker *w)
{
    sign_on(w, LOC);
}

static void
sign_tee(struct worker *w)
{
    sign_on(w, TEE);
}

static void
sign_ec(struct worker *w)
{
    sign_on(w, EC);
}

/*
 * One session that all threads use: what an application must not do, and what
 * must do no harm.  Everybody signs with the same key, and parts are empty, so
 * that it is known what each signature is of, whoever began the operation.
 */
static _Atomic CK_SESSION_HANDLE common;
static const CK_RV of_common[] = { CKR_OPERATION_ACTIVE,
                                   CKR_OPERATION_NOT_INITIALIZED,
                                   CKR_SESSION_HANDLE_INVALID, CKR_OK };

static CK_SESSION_HANDLE
common_session(struct worker *w)
{
    CK_SESSION_HANDLE old = atomic_load(&common), s;
    CK_SESSION_INFO info;

    if (old != 0 && TRY_OR(w, of_common, C_GetSessionInfo, old, &info))
        return old;
    s = session(w, LOC, 0);
    if (s == 0 || atomic_compare_exchange_strong(&common, &old, s))
        return s;
    done(w, s);
    return old;
}

static void
common_sign(struct worker *w, CK_SESSION_HANDLE s, const struct pair *k)
{
    CK_MECHANISM m = { k->mech, NULL, 0 };
    uint8_t msg[32], sig[64];
    CK_ULONG len = sizeof(sig);
    bool parts = dice(w, 2) == 0;
    struct tee_bytes signed_ = { msg, parts ? 0 : sizeof(msg) };

    fill(w, msg, sizeof(msg));
    (void)TRY_OR(w, of_common, C_SignInit, s, &m, k->priv);
    if (parts) {
        (void)TRY_OR(w, of_common, C_SignUpdate, s, msg, 0);
        if (!TRY_OR(w, of_common, C_SignFinal, s, sig, &len))
            return;
    } else if (!TRY_OR(w, of_common, C_Sign, s, msg, sizeof(msg), sig, &len)) {
        return;
    }
    witness(w, k, signed_, sig, len);
    (void)TRY_OR(w, of_common, C_VerifyInit, s, &m, k->pub);
    if (dice(w, 4) == 0)
        (void)TRY_OR(w, of_common, C_VerifyUpdate, s, msg, 0);
    if (!parts)
        (void)TRY_OR(w, of_common, C_Verify, s, msg, sizeof(msg), sig, len);
}

static void
common_rest(struct worker *w, CK_SESSION_HANDLE s)
{
    CK_OBJECT_HANDLE h[8];
    CK_ULONG n;

    switch (dice(w, 6)) {
    case 0:
        (void)TRY_OR(w, of_common, C_SessionCancel, s,
                     CKF_SIGN | CKF_VERIFY | CKF_FIND_OBJECTS);
        break;
    case 1:
        (void)TRY_OR(w, of_common, C_CloseSession, s);
        break;
    default:
        (void)TRY_OR(w, of_common, C_FindObjectsInit, s, NULL, 0);
        (void)TRY_OR(w, of_common, C_FindObjects, s, h, TEE_LEN(h), &n);
        (void)TRY_OR(w, of_common, C_FindObjectsFinal, s);
        break;
    }
}

static void
share(struct worker *w)
{
    CK_SESSION_HANDLE own = session(w, LOC, 0), s;
    struct pair k;
    unsigned i;

    if (own != 0 && base_pair(w, own, LOC, &k)) {
        for (i = 0; i < 8; i++) {
            s = common_session(w);
            if (s == 0)
                break;
            common_sign(w, s, &k);
        }
        if (i == 8)
            common_rest(w, s);
    }
    done(w, own);
}

/* ---- objects
 * ------------------------------------------------------------------------
 */

/* Others destroy their objects meanwhile; not every object has everything. */
static const CK_RV of_looking[] = { CKR_OBJECT_HANDLE_INVALID,
                                    CKR_ATTRIBUTE_TYPE_INVALID,
                                    CKR_ATTRIBUTE_SENSITIVE, CKR_OK };

/* The length that was promised holds: tee-status changes all the time. */
static void
read_value(struct worker *w, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h)
{
    CK_ATTRIBUTE t = { CKA_VALUE, NULL, 0 };

    if (!TRY_OR(w, of_looking, C_GetAttributeValue, s, h, &t, 1))
        return;
    t.pValue = w->room;
    if (t.ulValueLen > sizeof(w->room))
        failed("a value is very long", t.ulValueLen);
    else
        (void)TRY_OR(w, of_looking, C_GetAttributeValue, s, h, &t, 1);
}

static void
look_at(struct worker *w, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h)
{
    CK_OBJECT_CLASS class;
    CK_ULONG origin, size;
    uint8_t label[64], id[64];
    CK_ATTRIBUTE t[] = {
        { CKA_CLASS, &class, sizeof(class) },
        { CKA_LABEL, label, sizeof(label) },
        { CKA_ID, id, sizeof(id) },
        { CKA_TEE_KEY_ORIGIN, &origin, sizeof(origin) },
        { CKA_TEE_EVIDENCE, w->room, sizeof(w->room) },
    };

    (void)TRY_OR(w, of_looking, C_GetAttributeValue, s, h, t, TEE_LEN(t));
    (void)TRY_OR(w, of_looking, C_GetObjectSize, s, h, &size);
    read_value(w, s, h);
}

static void
look(struct worker *w)
{
    static const CK_SLOT_ID where[] = { LOC, TEE, EC };
    CK_SESSION_HANDLE s = session(w, where[dice(w, TEE_LEN(where))], 0);
    CK_OBJECT_HANDLE h[64];
    CK_ULONG n = 0, i;

    if (s == 0)
        return;
    if (TRY(w, C_FindObjectsInit, s, NULL, 0) &&
        TRY(w, C_FindObjects, s, h, TEE_LEN(h), &n) &&
        TRY(w, C_FindObjectsFinal, s)) {
        for (i = 0; i < n; i++)
            look_at(w, s, h[i]);
    }
    done(w, s);
}

/* Born, used, copied, renamed, destroyed: nobody else knows its name. */
static void
life(struct worker *w)
{
    CK_SESSION_HANDLE s = session(w, LOC, CKF_RW_SESSION);
    char label[48], other[] = "renamed";
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE rename = { CKA_LABEL, other, sizeof(other) - 1 };
    CK_ATTRIBUTE memory = { CKA_TOKEN, &no, sizeof(no) };
    CK_OBJECT_HANDLE copy;
    struct pair k;

    if (s == 0)
        return;
    (void)snprintf(label, sizeof(label), "k-%u-%lu", w->number, w->made++);
    if (make_pair(w, s, LOC, label, dice(w, 4) == 0, &k)) {
        (void)sign_with(w, s, &k);
        (void)TRY(w, C_SetAttributeValue, s, k.pub, &rename, 1);
        if (TRY(w, C_CopyObject, s, k.pub, &memory, 1, &copy)) {
            (void)TRY(w, C_DestroyObject, s, k.pub);
            k.pub = copy;
            (void)sign_with(w, s, &k);
        }
        (void)TRY(w, C_DestroyObject, s, k.priv);
        (void)TRY(w, C_DestroyObject, s, k.pub);
    }
    done(w, s);
}

/* A private key from outside, whose signatures are known. */
static void
import(struct worker *w)
{
    static CK_BYTE ed[] = { 6, 3, 0x2b, 0x65, 0x70 };
    CK_SESSION_HANDLE s = session(w, LOC, 0);
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_KEY_TYPE type = CKK_EC_EDWARDS;
    CK_BBOOL no = CK_FALSE;
    CK_MECHANISM m = { CKM_EDDSA, NULL, 0 };
    uint8_t seed[32], sk[64], sig[64];
    struct pair k = { .mech = CKM_EDDSA };
    CK_ULONG len = sizeof(sig);
    CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) },
                         { CKA_KEY_TYPE, &type, sizeof(type) },
                         { CKA_TOKEN, &no, sizeof(no) },
                         { CKA_EC_PARAMS, ed, sizeof(ed) },
                         { CKA_VALUE, seed, sizeof(seed) } };

    if (s == 0)
        return;
    fill(w, seed, sizeof(seed));
    (void)crypto_sign_seed_keypair(k.point, sk, seed);
    if (TRY(w, C_CreateObject, s, t, TEE_LEN(t), &k.priv) &&
        TRY(w, C_SignInit, s, &m, k.priv) &&
        TRY(w, C_Sign, s, seed, sizeof(seed), sig, &len))
        witness(w, &k, (struct tee_bytes){ seed, sizeof(seed) }, sig, len);
    done(w, s); /* and the key goes */
}

static void
data(struct worker *w)
{
    CK_SESSION_HANDLE s = session(w, LOC, CKF_RW_SESSION);
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_BBOOL yes = CK_TRUE;
    uint8_t value[100], back[100];
    char label[48];
    CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) },
                         { CKA_TOKEN, &yes, sizeof(yes) },
                         { CKA_LABEL, label, 0 },
                         { CKA_VALUE, value, sizeof(value) } };
    CK_ATTRIBUTE get = { CKA_VALUE, back, sizeof(back) };
    CK_OBJECT_HANDLE h;

    if (s == 0)
        return;
    fill(w, value, sizeof(value));
    t[2].ulValueLen = (CK_ULONG)snprintf(label, sizeof(label), "d-%u-%lu",
                                         w->number, w->made++);
    if (TRY(w, C_CreateObject, s, t, TEE_LEN(t), &h)) {
        fill(w, value, sizeof(value));
        if (TRY(w, C_SetAttributeValue, s, h, &t[3], 1) &&
            TRY(w, C_GetAttributeValue, s, h, &get, 1) &&
            memcmp(value, back, sizeof(value)) != 0)
            failed("a data object has another value", 0);
        (void)TRY(w, C_DestroyObject, s, h);
    }
    done(w, s);
}

static void
evidence_over(struct worker *w, CK_SESSION_HANDLE s, uint8_t *id, CK_ULONG len)
{
    CK_OBJECT_CLASS class = CKO_TEE_EVIDENCE;
    CK_BBOOL no = CK_FALSE;
    char nonce[33], did[] = "did:mesh:0123456789abcdef", challenge[] = "c_1";
    CK_ATTRIBUTE value = { CKA_VALUE, w->room, sizeof(w->room) };
    CK_ATTRIBUTE t[] = {
        { CKA_CLASS, &class, sizeof(class) },
        { CKA_TOKEN, &no, sizeof(no) },
        { CKA_TEE_KEY_REF, id, len },
        { CKA_TEE_AGENT_DID, did, sizeof(did) - 1 },
        { CKA_TEE_CHALLENGE_ID, challenge, sizeof(challenge) - 1 },
        { CKA_TEE_NONCE, nonce, sizeof(nonce) - 1 },
    };
    CK_OBJECT_HANDLE h;

    (void)snprintf(nonce, sizeof(nonce), "%016llx%016llx",
                   (unsigned long long)dice(w, UINT64_MAX),
                   (unsigned long long)dice(w, UINT64_MAX));
    if (!TRY(w, C_CreateObject, s, t, TEE_LEN(t), &h))
        return;
    if (TRY(w, C_GetAttributeValue, s, h, &value, 1) &&
        memmem(w->room, value.ulValueLen, nonce, sizeof(nonce) - 1) == NULL)
        failed("a bundle is about another nonce", 0);
    (void)TRY(w, C_DestroyObject, s, h);
}

static void
evidence(struct worker *w)
{
    CK_SESSION_HANDLE s = session(w, TEE, 0);
    uint8_t id[64];
    CK_ATTRIBUTE get = { CKA_ID, id, sizeof(id) };
    CK_OBJECT_HANDLE key;

    if (s == 0)
        return;
    key = find(w, s, CKO_PRIVATE_KEY, "base");
    if (key != 0 && TRY(w, C_GetAttributeValue, s, key, &get, 1))
        evidence_over(w, s, id, get.ulValueLen);
    done(w, s);
}

/* ---- PINs
 * ---------------------------------------------------------------------------
 */

/* The login is the application's: others log in and out, and close all. */
static const CK_RV of_login[] = {
    CKR_USER_ALREADY_LOGGED_IN,    CKR_USER_NOT_LOGGED_IN,
    CKR_SESSION_HANDLE_INVALID,    CKR_KEY_HANDLE_INVALID,
    CKR_OPERATION_NOT_INITIALIZED, CKR_OK
};
static CK_UTF8CHAR user_pin[] = USER_PIN, so_pin[] = SO_PIN;
#define PIN_LEN (sizeof(user_pin) - 1)
_Static_assert(sizeof(user_pin) == sizeof(so_pin), "one length for both");

static void
sign_private(struct worker *w, CK_SESSION_HANDLE s)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE t = { CKA_CLASS, &class, sizeof(class) };
    CK_MECHANISM m = { CKM_EDDSA, NULL, 0 };
    struct pair k = { .mech = CKM_EDDSA };
    uint8_t msg[64], sig[64];
    CK_ULONG n = 0, len = sizeof(sig);

    if (!TRY_OR(w, of_login, C_FindObjectsInit, s, &t, 1) ||
        !TRY_OR(w, of_login, C_FindObjects, s, &k.priv, 1, &n) ||
        !TRY_OR(w, of_login, C_FindObjectsFinal, s) || n != 1)
        return;
    fill(w, msg, sizeof(msg));
    memcpy(k.point, base_point[PIN], sizeof(k.point));
    if (TRY_OR(w, of_login, C_SignInit, s, &m, k.priv) &&
        TRY_OR(w, of_login, C_Sign, s, msg, sizeof(msg), sig, &len))
        witness(w, &k, (struct tee_bytes){ msg, sizeof(msg) }, sig, len);
}

static void
login(struct worker *w)
{
    CK_SESSION_HANDLE s = session(w, PIN, CKF_RW_SESSION);
    unsigned i;

    if (s == 0)
        return;
    if (w->good[FN_C_SetPIN] == 0 || dice(w, 4) == 0)
        (void)TRY_OR(w, of_login, C_SetPIN, s, user_pin, PIN_LEN, user_pin,
                     PIN_LEN);
    if (dice(w, 2) == 0)
        (void)TRY_OR(w, of_login, C_Login, s, CKU_USER, user_pin, PIN_LEN);
    else
        (void)TRY_OR(w, of_login, C_LoginUser, s, CKU_USER, user_pin, PIN_LEN,
                     NULL, 0);
    for (i = 0; i < 4; i++)
        sign_private(w, s);
    if (dice(w, 2) == 0)
        (void)TRY_OR(w, of_login, C_Logout, s);
    done(w, s);
}

/* C_InitToken by one thread pulls the ground from under the others here. */
static const CK_RV of_renewal[] = { CKR_SESSION_EXISTS,
                                    CKR_SESSION_HANDLE_INVALID,
                                    CKR_USER_ALREADY_LOGGED_IN,
                                    CKR_USER_ANOTHER_ALREADY_LOGGED_IN,
                                    CKR_USER_NOT_LOGGED_IN,
                                    CKR_USER_PIN_NOT_INITIALIZED,
                                    CKR_OK };

static void
renew(struct worker *w)
{
    CK_UTF8CHAR label[32];
    CK_SESSION_HANDLE s;

    memset(label, ' ', sizeof(label));
    memcpy(label, "new", 3);
    (void)TRY_OR(w, of_renewal, C_InitToken, NEW, so_pin, PIN_LEN, label);
    s = session(w, NEW, CKF_RW_SESSION);
    if (s == 0)
        return;
    (void)TRY_OR(w, of_renewal, C_Login, s, CKU_SO, so_pin, PIN_LEN);
    (void)TRY_OR(w, of_renewal, C_InitPIN, s, user_pin, PIN_LEN);
    (void)TRY_OR(w, of_renewal, C_Logout, s);
    (void)TRY_OR(w, of_renewal, C_Login, s, CKU_USER, user_pin, PIN_LEN);
    done(w, s);
}

static void
close_all(struct worker *w)
{
    (void)TRY(w, C_CloseAllSessions, dice(w, 4) == 0 ? NEW : PIN);
}

/* ---- the rest
 * -----------------------------------------------------------------------
 */

static void
ask(struct worker *w)
{
    CK_SLOT_ID slots[SLOTS], slot = (CK_SLOT_ID)dice(w, SLOTS);
    CK_MECHANISM_TYPE mechs[64];
    CK_MECHANISM_INFO mi;
    CK_TOKEN_INFO ti;
    CK_SLOT_INFO si;
    CK_INFO info;
    CK_ULONG n = TEE_LEN(slots), k = TEE_LEN(mechs);

    (void)TRY(w, C_GetInfo, &info);
    if (TRY(w, C_GetSlotList, CK_TRUE, slots, &n) && n != SLOTS)
        failed("the number of slots is wrong", n);
    (void)TRY(w, C_GetSlotInfo, slot, &si);
    (void)TRY(w, C_GetTokenInfo, slot, &ti);
    if (TRY(w, C_GetMechanismList, slot, mechs, &k))
        (void)TRY(w, C_GetMechanismInfo, slot, mechs[dice(w, k)], &mi);
    (void)WANT(w, CKR_NO_EVENT, C_WaitForSlotEvent, CKF_DONT_BLOCK, &slot,
               NULL);
}

/* As a library does that finds the module loaded already. */
static void
load_again(struct worker *w)
{
    struct tp11_interface all[3], *one = NULL;
    CK_FUNCTION_LIST *old = NULL;
    CK_ULONG n = TEE_LEN(all);

    (void)TRY(w, C_GetFunctionList, &old);
    (void)TRY(w, C_GetInterfaceList, all, &n);
    if (TRY(w, C_GetInterface, NULL, NULL, &one, 0) && one->list != list)
        failed("C_GetInterface gives another list", 0);
}

static void
no_key(struct worker *w)
{
    CK_SESSION_HANDLE s = session(w, LOC, dice(w, 2) * CKF_RW_SESSION);
    CK_MECHANISM m = { CKM_SHA256, NULL, 0 };
    CK_BYTE random[32] = { 0 };

    if (s == 0)
        return;
    (void)TRY(w, C_GenerateRandom, s, random, sizeof(random));
    (void)WANT(w, CKR_RANDOM_SEED_NOT_SUPPORTED, C_SeedRandom, s, random,
               sizeof(random));
    (void)WANT(w, CKR_FUNCTION_NOT_PARALLEL, C_GetFunctionStatus, s);
    (void)WANT(w, CKR_FUNCTION_NOT_PARALLEL, C_CancelFunction, s);
    (void)WANT(w, CKR_FUNCTION_NOT_SUPPORTED, C_DigestInit, s, &m);
    (void)WANT(w, CKR_FUNCTION_NOT_SUPPORTED, C_MessageSignInit, s, &m, 0);
    if (TRY(w, C_FindObjectsInit, s, NULL, 0))
        (void)WANT(w, CKR_OPERATION_ACTIVE, C_FindObjectsInit, s, NULL, 0);
    done(w, s); /* with the search open */
}

static void
odds(struct worker *w)
{
    ask(w);
    load_again(w);
    no_key(w);
}

const struct story stories[] = {
    { "sign-local", sign_local, 30 },
    { "sign-tee", sign_tee, 20 },
    { "sign-p256", sign_ec, 10 },
    { "share", share, 15 },
    { "look", look, 10 },
    { "life", life, 8 },
    { "import", import, 6 },
    { "data", data, 6 },
    { "evidence", evidence, 3 },
    { "login", login, 6 },
    { "renew", renew, 2 },
    { "close-all", close_all, 1 },
    { "odds", odds, 20 },
    { NULL, NULL, 0 },
};
