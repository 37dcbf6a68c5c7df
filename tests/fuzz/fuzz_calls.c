/*
 * Sequences of PKCS#11 calls: bytes choose functions and arguments, and the
 * model of tests/data/pkcs11/rows.txt says for the state at hand what each may
 * answer.  Anything else is a failure, and so is what no answer may do:
 * a signature of another length, a count over the room.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/pkcs11/calls.h"

#define CALLS   48 /* of one input */
#define KNOWN   8  /* handles that are remembered */
#define KDF_MAX 1  /* calls of one input that derive a key from a PIN */

static const struct list *list;
static struct model model;
static CK_ULONG sessions[KNOWN], objects[KNOWN];
static unsigned next_session, next_object, derived;
static bool dirty = true; /* the store is not as the house made it */

static void
make_house(void)
{
    const char *wrong = rows_load(TEE_ROWS);

    if (wrong == NULL)
        wrong = house_open(NULL, fuzz_folder(), false);
    if (wrong != NULL) {
        fprintf(stderr, "fuzz_calls: %s\n", wrong);
        exit(1);
    }
    list = house_list();
}

/* ---- arguments out of bytes
 * ---------------------------------------------------------
 */

static CK_SLOT_ID
a_slot(struct tee_cur *c)
{
    static const CK_SLOT_ID slots[] = { HOUSE_PLAIN, HOUSE_PLAIN,  HOUSE_PINNED,
                                        HOUSE_RAW,   HOUSE_P256,   HOUSE_EMPTY,
                                        HOUSE_SKR,   HOUSE_BROKEN, 99 };

    return slots[tee_cur_u8(c) % TEE_LEN(slots)];
}

static CK_ULONG
known(struct tee_cur *c, const CK_ULONG *v)
{
    uint8_t i = tee_cur_u8(c);

    if (i >= 250) /* none, one that never was, a huge one */
        return i == 250 ? 0 : i == 251 ? 4095 : ~(CK_ULONG)0 - i;
    return v[i % KNOWN];
}

static void
some_bytes(struct tee_cur *c, struct bytes *b)
{
    size_t n = tee_cur_u8(c) % 70;

    b->p = calloc(1, n + 1);
    if (b->p == NULL)
        abort();
    memset(b->p, 'a', n);
    b->len = n;
}

static void
text_bytes(struct bytes *b, const char *s)
{
    b->len = strlen(s);
    b->p = (uint8_t *)strdup(s);
    if (b->p == NULL)
        abort();
}

static void
a_pin(struct tee_cur *c, struct bytes *b)
{
    static const char *const pins[] = { HOUSE_USER, HOUSE_SO, "wrong-pin", "",
                                        "12345" };

    text_bytes(b, pins[tee_cur_u8(c) % TEE_LEN(pins)]);
}

/* One attribute in a shape that may fit it. */
static void
an_attribute(struct tee_cur *c, CK_ATTRIBUTE *a, uint8_t *room)
{
    static const CK_ATTRIBUTE_TYPE types[] = { CKA_CLASS,
                                               CKA_TOKEN,
                                               CKA_PRIVATE,
                                               CKA_LABEL,
                                               CKA_ID,
                                               CKA_VALUE,
                                               CKA_APPLICATION,
                                               CKA_KEY_TYPE,
                                               CKA_EC_PARAMS,
                                               CKA_EC_POINT,
                                               CKA_SENSITIVE,
                                               CKA_EXTRACTABLE,
                                               CKA_MODIFIABLE,
                                               CKA_COPYABLE,
                                               CKA_SIGN,
                                               CKA_CERTIFICATE_TYPE,
                                               CKA_SUBJECT,
                                               CKA_UNIQUE_ID,
                                               CKA_PROFILE_ID,
                                               CKA_DESTROYABLE,
                                               CKA_TEE_NONCE,
                                               CKA_TEE_KEY_REF,
                                               CKA_TEE_CHALLENGE_ID,
                                               CKA_TEE_KEY_ORIGIN,
                                               CKA_START_DATE,
                                               CKA_MODULUS_BITS,
                                               0x7777 };
    static const CK_ULONG numbers[] = { CKO_DATA,       CKO_CERTIFICATE,
                                        CKO_PUBLIC_KEY, CKO_PRIVATE_KEY,
                                        CKK_EC_EDWARDS, CKO_TEE_EVIDENCE,
                                        CKO_PROFILE,    77 };
    uint8_t shape = tee_cur_u8(c);
    CK_ULONG n = numbers[tee_cur_u8(c) % TEE_LEN(numbers)];

    a->type = types[tee_cur_u8(c) % TEE_LEN(types)];
    a->pValue = room;
    switch (shape % 6) {
    case 0:
        room[0] = tee_cur_u8(c) % 3;
        a->ulValueLen = 1;
        break;
    case 1:
        memcpy(room, &n, sizeof(n));
        a->ulValueLen = sizeof(n);
        break;
    case 2:
        memcpy(room, "\x06\x03\x2b\x65\x70", 5);
        a->ulValueLen = 5;
        break;
    case 3: /* a point of the curve, and 32 bytes for a seed */
        memcpy(room,
               "\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07"
               "\x3a\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07"
               "\x51\x1a",
               32);
        a->ulValueLen = 32;
        break;
    case 4:
        a->ulValueLen = tee_cur_u8(c);
        memset(room, 'x', a->ulValueLen);
        break;
    default:
        a->pValue = NULL;
        a->ulValueLen = tee_cur_u8(c) % 2;
        break;
    }
}

static void
a_template(struct tee_cur *c, struct template *t)
{
    size_t i;

    t->n = tee_cur_u8(c) % 7;
    t->value = calloc(ATTRS, VALUE_ROOM);
    if (t->value == NULL)
        abort();
    for (i = 0; i < t->n; i++)
        an_attribute(c, &t->attr[i], t->value + i * VALUE_ROOM);
}

static void
a_mechanism(struct tee_cur *c, struct call *call)
{
    static const CK_MECHANISM_TYPE types[] = {
        CKM_EDDSA,        CKM_EDDSA,  CKM_ECDSA, CKM_RSA_PKCS,
        CKM_ECDSA_SHA256, CKM_SHA256, 0x7777
    };
    uint8_t p = tee_cur_u8(c);

    call->mech.mechanism = types[tee_cur_u8(c) % TEE_LEN(types)];
    if (p < 200)
        return;
    call->mech.pParameter = p == 255 ? NULL : (void *)&call->param;
    call->mech.ulParameterLen = p % 2 ? sizeof(call->param.eddsa) : p % 32;
    call->param.eddsa.ph_flag = tee_cur_u8(c) % 3;
}

/* Rarely a NULL, mostly enough room. */
static void
outputs(struct tee_cur *c, struct call *call)
{
    uint8_t b = tee_cur_u8(c);

    call->out_null = b >= 224;
    if (b >= 160 && b < 224)
        call->room = b - 160;
    b = tee_cur_u8(c);
    if (b >= 240)
        call->nulls = 1u << (b - 240) % 8;
}

/* ---- a call out of bytes
 * -----------------------------------------------------------------
 */

static const enum fn functions[] = {
    FN_C_OpenSession,
    FN_C_FindObjectsInit,
    FN_C_FindObjects,
    FN_C_FindObjectsFinal,
    FN_C_SignInit,
    FN_C_Sign,
    FN_C_SignUpdate,
    FN_C_SignFinal,
    FN_C_VerifyInit,
    FN_C_Verify,
    FN_C_VerifyUpdate,
    FN_C_VerifyFinal,
    FN_C_VerifySignatureInit,
    FN_C_VerifySignature,
    FN_C_VerifySignatureUpdate,
    FN_C_VerifySignatureFinal,
    FN_C_CreateObject,
    FN_C_CopyObject,
    FN_C_DestroyObject,
    FN_C_GetAttributeValue,
    FN_C_SetAttributeValue,
    FN_C_GetObjectSize,
    FN_C_GenerateKeyPair,
    FN_C_Login,
    FN_C_LoginUser,
    FN_C_Logout,
    FN_C_InitPIN,
    FN_C_SetPIN,
    FN_C_InitToken,
    FN_C_CloseSession,
    FN_C_CloseAllSessions,
    FN_C_GetSessionInfo,
    FN_C_GetTokenInfo,
    FN_C_GetSlotInfo,
    FN_C_GetSlotList,
    FN_C_GetMechanismList,
    FN_C_GetMechanismInfo,
    FN_C_SessionCancel,
    FN_C_GenerateRandom,
    FN_C_SeedRandom,
    FN_C_GetInfo,
    FN_C_GetFunctionStatus,
    FN_C_WaitForSlotEvent,
    FN_C_Digest,
    FN_C_Finalize,
    FN_C_Initialize,
};

static void
fill(struct tee_cur *c, struct call *call)
{
    static const CK_FLAGS flags[] = { CKF_SERIAL_SESSION,
                                      CKF_SERIAL_SESSION | CKF_RW_SESSION,
                                      0,
                                      CKF_SERIAL_SESSION | CKF_ASYNC_SESSION,
                                      CKF_SIGN | CKF_FIND_OBJECTS,
                                      CKF_VERIFY,
                                      1 };

    call_init(call);
    call->fn = functions[tee_cur_u8(c) % TEE_LEN(functions)];
    call->slot = a_slot(c);
    call->session = known(c, sessions);
    call->object = known(c, objects);
    call->flags = flags[tee_cur_u8(c) % TEE_LEN(flags)];
    call->user = tee_cur_u8(c) % 4;
    call->n = tee_cur_u8(c) % 9;
    outputs(c, call);
    a_mechanism(c, call);
    some_bytes(c, &call->in);
    some_bytes(c, &call->sig);
    a_pin(c, &call->pin);
    a_pin(c, &call->pin2);
    a_template(c, &call->t);
    if (call->fn == FN_C_GenerateKeyPair) {
        call->mech.mechanism = CKM_EC_EDWARDS_KEY_PAIR_GEN;
        a_template(c, &call->t2);
    }
    if (call->fn == FN_C_InitToken && call->slot < HOUSE_SLOTS)
        text_bytes(&call->name, house_names()[call->slot]);
    call->args.flags = CKF_OS_LOCKING_OK;
    call->args.pReserved = call->reserved;
    snprintf(call->reserved, sizeof(call->reserved), "conf=%s", house_conf());
}

static bool
derives(const struct call *c)
{
    return c->fn == FN_C_Login || c->fn == FN_C_LoginUser ||
           c->fn == FN_C_InitPIN || c->fn == FN_C_SetPIN ||
           c->fn == FN_C_InitToken;
}

static bool
writes(const struct call *c)
{
    return derives(c) || c->fn == FN_C_CreateObject ||
           c->fn == FN_C_CopyObject || c->fn == FN_C_DestroyObject ||
           c->fn == FN_C_SetAttributeValue || c->fn == FN_C_GenerateKeyPair;
}

static void
remember(const struct call *c, const struct answer *a)
{
    CK_ULONG i;

    if (a->rv != CKR_OK)
        return;
    if (c->fn == FN_C_OpenSession)
        sessions[next_session++ % KNOWN] = a->handle;
    if (c->fn == FN_C_FindObjects) {
        for (i = 0; i < a->n && i < KNOWN; i++)
            objects[next_object++ % KNOWN] = a->found[i];
    }
    if (c->fn == FN_C_CreateObject || c->fn == FN_C_CopyObject ||
        c->fn == FN_C_GenerateKeyPair)
        objects[next_object++ % KNOWN] = a->handle;
    if (c->fn == FN_C_GenerateKeyPair)
        objects[next_object++ % KNOWN] = a->handle2;
}

/* What holds whatever the state is. */
static void
must_hold(const struct call *c, const struct answer *a)
{
    bool signs = c->fn == FN_C_Sign || c->fn == FN_C_SignFinal;

    if (signs && (a->rv == CKR_OK || a->rv == CKR_BUFFER_TOO_SMALL))
        FUZZ_MUST(a->len == 64);
    if (c->fn == FN_C_FindObjects && a->rv == CKR_OK)
        FUZZ_MUST(a->n <= c->n);
    if (c->fn == FN_C_OpenSession && a->rv == CKR_OK)
        FUZZ_MUST(a->handle != 0);
}

static void
one_call(struct tee_cur *c)
{
    static struct call call;
    static struct answer a;
    const char *rule;
    bool allowed;

    fill(c, &call);
    if (!derives(&call) || derived++ < KDF_MAX) {
        dirty = dirty || writes(&call);
        call_perform(list, &call, &a);
        allowed = model_allows(&model, &call, a.rv, &rule);
        if (!allowed)
            fprintf(stderr, "%s: %s, but the model says \"%s\"\n",
                    fn_name(call.fn), code_name(a.rv), rule);
        FUZZ_MUST(allowed);
        must_hold(&call, &a);
        model_after(&model, &call, &a);
        remember(&call, &a);
    }
    call_clear(&call);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct tee_cur c = tee_cur_of((struct tee_bytes){ p, n });
    unsigned i;

    if (list == NULL)
        make_house();
    if (dirty)
        FUZZ_MUST(house_restore());
    dirty = false;
    derived = next_session = next_object = 0;
    memset(sessions, 0, sizeof(sessions));
    memset(objects, 0, sizeof(objects));
    model_init(&model);
    FUZZ_MUST(house_initialize() == CKR_OK);
    model.initialised = true;
    for (i = 0; i < CALLS && c.left > 0 && !c.bad; i++)
        one_call(&c);
    (void)list->C_Finalize(NULL);
    return 0;
}
