#include <stdlib.h>
#include <string.h>

#include "tests/pkcs11/calls.h"

void
call_init(struct call *c)
{
    memset(c, 0, sizeof(*c));
    c->room = SIZE_MAX;
    c->n = SIZE_MAX;
}

void
call_clear(struct call *c)
{
    free(c->t.value);
    free(c->t2.value);
    free(c->pin.p);
    free(c->pin2.p);
    free(c->in.p);
    free(c->sig.p);
    free(c->name.p);
    memset(c, 0, sizeof(*c));
}

static CK_ULONG
room(const struct call *c, size_t full)
{
    return c->room < full ? c->room : full;
}

#define GIVEN(what, p) ((c->nulls & (what)) != 0 ? NULL : (p))

/* ---- one function each: what of a call goes where
 * ---------------------------------
 */

#define PERFORM(name)                                                          \
    static CK_RV perform_##name(const struct list *l, struct call *c,          \
                                struct answer *a)

PERFORM(C_Initialize)
{
    (void)a;
    return l->C_Initialize(c->args_null ? NULL : &c->args);
}

PERFORM(C_Finalize)
{
    (void)a;
    return l->C_Finalize(c->out_null ? c : NULL);
}

PERFORM(C_GetInfo)
{
    return l->C_GetInfo(GIVEN(NULL_RET, &a->u.info));
}

PERFORM(C_GetSlotList)
{
    a->n = room(c, TEE_LEN(a->u.slots));
    return l->C_GetSlotList((CK_BBOOL)c->flags, c->out_null ? NULL : a->u.slots,
                            GIVEN(NULL_LEN, &a->n));
}

PERFORM(C_GetSlotInfo)
{
    return l->C_GetSlotInfo(c->slot, GIVEN(NULL_RET, &a->u.slot));
}

PERFORM(C_GetTokenInfo)
{
    return l->C_GetTokenInfo(c->slot, GIVEN(NULL_RET, &a->u.token));
}

PERFORM(C_GetMechanismList)
{
    a->n = room(c, TEE_LEN(a->u.mechs));
    return l->C_GetMechanismList(c->slot, c->out_null ? NULL : a->u.mechs,
                                 GIVEN(NULL_LEN, &a->n));
}

PERFORM(C_GetMechanismInfo)
{
    return l->C_GetMechanismInfo(c->slot, c->mech.mechanism,
                                 GIVEN(NULL_RET, &a->u.mech));
}

PERFORM(C_InitToken)
{
    CK_UTF8CHAR label[32];

    (void)a;
    memset(label, ' ', sizeof(label));
    memcpy(label, c->name.p != NULL ? c->name.p : label,
           c->name.len < sizeof(label) ? c->name.len : sizeof(label));
    return l->C_InitToken(c->slot, GIVEN(NULL_PIN, c->pin.p), c->pin.len,
                          GIVEN(NULL_NAME, label));
}

PERFORM(C_InitPIN)
{
    (void)a;
    return l->C_InitPIN(c->session, GIVEN(NULL_PIN, c->pin.p), c->pin.len);
}

PERFORM(C_SetPIN)
{
    (void)a;
    return l->C_SetPIN(c->session, GIVEN(NULL_PIN, c->pin.p), c->pin.len,
                       GIVEN(NULL_IN, c->pin2.p), c->pin2.len);
}

PERFORM(C_OpenSession)
{
    return l->C_OpenSession(c->slot, c->flags, NULL, NULL,
                            GIVEN(NULL_RET, &a->handle));
}

PERFORM(C_CloseSession)
{
    (void)a;
    return l->C_CloseSession(c->session);
}

PERFORM(C_CloseAllSessions)
{
    (void)a;
    return l->C_CloseAllSessions(c->slot);
}

PERFORM(C_GetSessionInfo)
{
    return l->C_GetSessionInfo(c->session, GIVEN(NULL_RET, &a->u.session));
}

PERFORM(C_Login)
{
    (void)a;
    return l->C_Login(c->session, c->user, GIVEN(NULL_PIN, c->pin.p),
                      c->pin.len);
}

PERFORM(C_LoginUser)
{
    (void)a;
    return l->C_LoginUser(c->session, c->user, GIVEN(NULL_PIN, c->pin.p),
                          c->pin.len, GIVEN(NULL_NAME, c->name.p), c->name.len);
}

PERFORM(C_Logout)
{
    (void)a;
    return l->C_Logout(c->session);
}

PERFORM(C_SessionCancel)
{
    (void)a;
    return l->C_SessionCancel(c->session, c->flags);
}

/* NULL with entries is what `null=t` means. */
static CK_ULONG
entries(const struct call *c)
{
    return (c->nulls & NULL_T) != 0 && c->t.n == 0 ? 1 : c->t.n;
}

PERFORM(C_CreateObject)
{
    return l->C_CreateObject(c->session, GIVEN(NULL_T, c->t.attr), entries(c),
                             GIVEN(NULL_RET, &a->handle));
}

PERFORM(C_CopyObject)
{
    return l->C_CopyObject(c->session, c->object, GIVEN(NULL_T, c->t.attr),
                           entries(c), GIVEN(NULL_RET, &a->handle));
}

PERFORM(C_DestroyObject)
{
    (void)a;
    return l->C_DestroyObject(c->session, c->object);
}

PERFORM(C_GetObjectSize)
{
    return l->C_GetObjectSize(c->session, c->object, GIVEN(NULL_RET, &a->n));
}

PERFORM(C_GetAttributeValue)
{
    (void)a;
    return l->C_GetAttributeValue(c->session, c->object,
                                  GIVEN(NULL_T, c->t.attr), entries(c));
}

PERFORM(C_SetAttributeValue)
{
    (void)a;
    return l->C_SetAttributeValue(c->session, c->object,
                                  GIVEN(NULL_T, c->t.attr), entries(c));
}

PERFORM(C_FindObjectsInit)
{
    (void)a;
    return l->C_FindObjectsInit(c->session, GIVEN(NULL_T, c->t.attr),
                                entries(c));
}

PERFORM(C_FindObjects)
{
    CK_ULONG max = c->n < TEE_LEN(a->found) ? c->n : TEE_LEN(a->found);

    return l->C_FindObjects(c->session, GIVEN(NULL_RET, a->found), max,
                            GIVEN(NULL_LEN, &a->n));
}

PERFORM(C_FindObjectsFinal)
{
    (void)a;
    return l->C_FindObjectsFinal(c->session);
}

PERFORM(C_SignInit)
{
    (void)a;
    return l->C_SignInit(c->session, GIVEN(NULL_MECH, &c->mech), c->object);
}

PERFORM(C_Sign)
{
    a->len = room(c, sizeof(a->out));
    return l->C_Sign(c->session, GIVEN(NULL_IN, c->in.p), c->in.len,
                     c->out_null ? NULL : a->out, GIVEN(NULL_LEN, &a->len));
}

PERFORM(C_SignUpdate)
{
    (void)a;
    return l->C_SignUpdate(c->session, GIVEN(NULL_IN, c->in.p), c->in.len);
}

PERFORM(C_SignFinal)
{
    a->len = room(c, sizeof(a->out));
    return l->C_SignFinal(c->session, c->out_null ? NULL : a->out,
                          GIVEN(NULL_LEN, &a->len));
}

PERFORM(C_VerifyInit)
{
    (void)a;
    return l->C_VerifyInit(c->session, GIVEN(NULL_MECH, &c->mech), c->object);
}

PERFORM(C_Verify)
{
    (void)a;
    return l->C_Verify(c->session, GIVEN(NULL_IN, c->in.p), c->in.len,
                       GIVEN(NULL_SIG, c->sig.p), c->sig.len);
}

PERFORM(C_VerifyUpdate)
{
    (void)a;
    return l->C_VerifyUpdate(c->session, GIVEN(NULL_IN, c->in.p), c->in.len);
}

PERFORM(C_VerifyFinal)
{
    (void)a;
    return l->C_VerifyFinal(c->session, GIVEN(NULL_SIG, c->sig.p), c->sig.len);
}

PERFORM(C_VerifySignatureInit)
{
    (void)a;
    return l->C_VerifySignatureInit(c->session, GIVEN(NULL_MECH, &c->mech),
                                    c->object, GIVEN(NULL_SIG, c->sig.p),
                                    c->sig.len);
}

PERFORM(C_VerifySignature)
{
    (void)a;
    return l->C_VerifySignature(c->session, GIVEN(NULL_IN, c->in.p), c->in.len);
}

PERFORM(C_VerifySignatureUpdate)
{
    (void)a;
    return l->C_VerifySignatureUpdate(c->session, GIVEN(NULL_IN, c->in.p),
                                      c->in.len);
}

PERFORM(C_VerifySignatureFinal)
{
    (void)a;
    return l->C_VerifySignatureFinal(c->session);
}

PERFORM(C_GenerateKeyPair)
{
    return l->C_GenerateKeyPair(c->session, GIVEN(NULL_MECH, &c->mech),
                                GIVEN(NULL_T, c->t.attr), entries(c),
                                c->t2.attr, c->t2.n,
                                GIVEN(NULL_RET, &a->handle), &a->handle2);
}

PERFORM(C_SeedRandom)
{
    (void)a;
    return l->C_SeedRandom(c->session, GIVEN(NULL_IN, c->in.p), c->in.len);
}

PERFORM(C_GenerateRandom)
{
    a->len = room(c, sizeof(a->out));
    return l->C_GenerateRandom(c->session, c->out_null ? NULL : a->out, a->len);
}

PERFORM(C_GetFunctionStatus)
{
    (void)a;
    return l->C_GetFunctionStatus(c->session);
}

PERFORM(C_CancelFunction)
{
    (void)a;
    return l->C_CancelFunction(c->session);
}

PERFORM(C_WaitForSlotEvent)
{
    return l->C_WaitForSlotEvent(c->flags, GIVEN(NULL_RET, &a->handle),
                                 c->out_null ? a : NULL);
}

PERFORM(C_GetInterfaceList)
{
    a->n = room(c, TEE_LEN(a->interfaces));
    return l->C_GetInterfaceList(c->out_null ? NULL : a->interfaces,
                                 GIVEN(NULL_LEN, &a->n));
}

PERFORM(C_GetInterface)
{
    struct tp11_interface *i = NULL;
    CK_RV rv;

    rv = l->C_GetInterface(c->name.p, c->has_version ? &c->version : NULL,
                           GIVEN(NULL_RET, &i), c->flags);
    if (rv == CKR_OK)
        memcpy(&a->version, i->list, sizeof(a->version));
    return rv;
}

/* Those that are not offered: what they are given does not matter. */
PERFORM(C_GetOperationState)
{
    return l->C_GetOperationState(c->session, a->out, &a->len);
}

PERFORM(C_EncryptInit)
{
    (void)a;
    return l->C_EncryptInit(c->session, &c->mech, c->object);
}

PERFORM(C_DecryptInit)
{
    (void)a;
    return l->C_DecryptInit(c->session, &c->mech, c->object);
}

PERFORM(C_DigestInit)
{
    (void)a;
    return l->C_DigestInit(c->session, &c->mech);
}

PERFORM(C_Digest)
{
    return l->C_Digest(c->session, c->in.p, c->in.len, a->out, &a->len);
}

PERFORM(C_SignRecoverInit)
{
    (void)a;
    return l->C_SignRecoverInit(c->session, &c->mech, c->object);
}

PERFORM(C_GenerateKey)
{
    return l->C_GenerateKey(c->session, &c->mech, c->t.attr, c->t.n,
                            &a->handle);
}

PERFORM(C_WrapKey)
{
    return l->C_WrapKey(c->session, &c->mech, c->object, c->object, a->out,
                        &a->len);
}

PERFORM(C_UnwrapKey)
{
    return l->C_UnwrapKey(c->session, &c->mech, c->object, c->in.p, c->in.len,
                          c->t.attr, c->t.n, &a->handle);
}

PERFORM(C_DeriveKey)
{
    return l->C_DeriveKey(c->session, &c->mech, c->object, c->t.attr, c->t.n,
                          &a->handle);
}

PERFORM(C_MessageSignInit)
{
    (void)a;
    return l->C_MessageSignInit(c->session, &c->mech, c->object);
}

PERFORM(C_SignMessage)
{
    return l->C_SignMessage(c->session, NULL, 0, c->in.p, c->in.len, a->out,
                            &a->len);
}

PERFORM(C_MessageVerifyInit)
{
    (void)a;
    return l->C_MessageVerifyInit(c->session, &c->mech, c->object);
}

PERFORM(C_MessageEncryptInit)
{
    (void)a;
    return l->C_MessageEncryptInit(c->session, &c->mech, c->object);
}

PERFORM(C_EncapsulateKey)
{
    return l->C_EncapsulateKey(c->session, &c->mech, c->object, c->t.attr,
                               c->t.n, a->out, &a->len, &a->handle);
}

PERFORM(C_AsyncComplete)
{
    return l->C_AsyncComplete(c->session, c->name.p, a->out);
}

PERFORM(C_WrapKeyAuthenticated)
{
    return l->C_WrapKeyAuthenticated(c->session, &c->mech, c->object, c->object,
                                     NULL, 0, a->out, &a->len);
}

#define HAS(name) [FN_##name] = perform_##name
static CK_RV (*const performers[FN_COUNT])(const struct list *, struct call *,
                                           struct answer *) = {
    HAS(C_Initialize),
    HAS(C_Finalize),
    HAS(C_GetInfo),
    HAS(C_GetSlotList),
    HAS(C_GetSlotInfo),
    HAS(C_GetTokenInfo),
    HAS(C_GetMechanismList),
    HAS(C_GetMechanismInfo),
    HAS(C_InitToken),
    HAS(C_InitPIN),
    HAS(C_SetPIN),
    HAS(C_OpenSession),
    HAS(C_CloseSession),
    HAS(C_CloseAllSessions),
    HAS(C_GetSessionInfo),
    HAS(C_Login),
    HAS(C_LoginUser),
    HAS(C_Logout),
    HAS(C_SessionCancel),
    HAS(C_CreateObject),
    HAS(C_CopyObject),
    HAS(C_DestroyObject),
    HAS(C_GetObjectSize),
    HAS(C_GetAttributeValue),
    HAS(C_SetAttributeValue),
    HAS(C_FindObjectsInit),
    HAS(C_FindObjects),
    HAS(C_FindObjectsFinal),
    HAS(C_SignInit),
    HAS(C_Sign),
    HAS(C_SignUpdate),
    HAS(C_SignFinal),
    HAS(C_VerifyInit),
    HAS(C_Verify),
    HAS(C_VerifyUpdate),
    HAS(C_VerifyFinal),
    HAS(C_VerifySignatureInit),
    HAS(C_VerifySignature),
    HAS(C_VerifySignatureUpdate),
    HAS(C_VerifySignatureFinal),
    HAS(C_GenerateKeyPair),
    HAS(C_SeedRandom),
    HAS(C_GenerateRandom),
    HAS(C_GetFunctionStatus),
    HAS(C_CancelFunction),
    HAS(C_WaitForSlotEvent),
    HAS(C_GetInterfaceList),
    HAS(C_GetInterface),
    HAS(C_GetOperationState),
    HAS(C_EncryptInit),
    HAS(C_DecryptInit),
    HAS(C_DigestInit),
    HAS(C_Digest),
    HAS(C_SignRecoverInit),
    HAS(C_GenerateKey),
    HAS(C_WrapKey),
    HAS(C_UnwrapKey),
    HAS(C_DeriveKey),
    HAS(C_MessageSignInit),
    HAS(C_SignMessage),
    HAS(C_MessageVerifyInit),
    HAS(C_MessageEncryptInit),
    HAS(C_EncapsulateKey),
    HAS(C_AsyncComplete),
    HAS(C_WrapKeyAuthenticated),
};

bool
call_known(enum fn fn)
{
    return performers[fn] != NULL;
}

void
call_perform(const struct list *list, struct call *c, struct answer *a)
{
    memset(a, 0, sizeof(*a));
    a->rv = performers[c->fn](list, c, a);
}
