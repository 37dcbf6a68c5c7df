#include <string.h>

#include "pkcs11/tp11.h"

/*
 * The signing path makes no system call and no allocation for one-shot
 * Ed25519: a session's lock, a look into its view, keystore/'s key.
 */

/* What C_SignInit needs of an object while it holds no lock. */
struct chosen {
    struct tp11_token *token;
    struct tp11_view *view; /* +1: o lives as long */
    const struct tp11_object *o;
};

/* CKR_KEY_HANDLE_INVALID, CKR_USER_NOT_LOGGED_IN */
static CK_RV
find_key(const struct tp11_session *s, CK_OBJECT_HANDLE h,
         const struct tp11_object **ret)
{
    CK_RV rv = tp11_session_object(s, h, ret);

    if (rv == CKR_OBJECT_HANDLE_INVALID)
        return CKR_KEY_HANDLE_INVALID;
    if (rv == CKR_OK &&
        (((*ret)->kind != TP11_STORED && (*ret)->kind != TP11_SESSION) ||
         ((*ret)->o->class != KS_PRIVATE && (*ret)->o->class != KS_PUBLIC)))
        return CKR_KEY_HANDLE_INVALID;
    return rv;
}

/* Cancels (m is NULL), or chooses the key for an operation. */
static CK_RV
choose(CK_SESSION_HANDLE h, const CK_MECHANISM *m, CK_OBJECT_HANDLE key,
       struct chosen *ret)
{
    struct tp11_session *s;
    CK_RV rv;

    rv = tp11_session_take(h, &s);
    if (rv != CKR_OK)
        return rv;
    if (m == NULL)
        tp11_op_end(&s->sign);
    else if (s->sign.active)
        rv = CKR_OPERATION_ACTIVE;
    else
        rv = find_key(s, key, &ret->o);
    if (rv == CKR_OK && m != NULL) {
        ret->token = s->token;
        ret->view = s->view;
        tp11_view_get(s->view);
    }
    tp11_session_give(s);
    return rv;
}

/* Session keys are at hand; others are opened, which may acquire them. */
static CK_RV
open_key(const struct chosen *c, struct ks_key **ret)
{
    return tp11_rv(ks_key_open(c->token->ks, c->o->o, ret, NULL));
}

/* The session again: it may have been closed, or used, meanwhile. */
static CK_RV
start(CK_SESSION_HANDLE h, const struct chosen *c, struct ks_key *key,
      const struct ks_mech *m)
{
    struct tp11_session *s;
    CK_RV rv;

    rv = tp11_session_take(h, &s);
    if (rv != CKR_OK)
        return rv;
    if (s->sign.active) {
        rv = CKR_OPERATION_ACTIVE;
    } else if ((c->o->o->flags & KS_O_PRIVATE) != 0 &&
               !tp11_sees_private(s->token)) {
        rv = CKR_USER_NOT_LOGGED_IN;
    } else {
        rv = tp11_rv(ks_sign_init(&s->sign.op, key, m));
        s->sign.active = rv == CKR_OK;
        s->sign.private = (c->o->o->flags & KS_O_PRIVATE) != 0;
        s->sign.sig_len = ks_kinfo(c->o->o->ktype)->sig_len;
    }
    tp11_session_give(s);
    return rv;
}

static CK_RV
init_with(CK_SESSION_HANDLE h, const CK_MECHANISM *m, const struct chosen *c)
{
    struct ks_key *opened = NULL, *key = NULL;
    struct ks_mech mech;
    CK_RV rv;

    rv = tp11_mech_parse(m, c->o->o->ktype, &mech);
    if (rv != CKR_OK)
        return rv;
    if (c->o->o->class != KS_PRIVATE || (c->o->o->flags & KS_O_SIGN) == 0)
        return CKR_KEY_FUNCTION_NOT_PERMITTED;
    if (c->o->memory != NULL) {
        key = c->o->memory->key;
    } else {
        rv = open_key(c, &opened);
        key = opened;
    }
    if (rv == CKR_OK)
        rv = start(h, c, key, &mech);
    ks_key_put(opened);
    return rv;
}

CK_RV
tp11_sign_init(CK_SESSION_HANDLE h, CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
    struct chosen c = { 0 };
    CK_RV rv;

    rv = choose(h, m, key, &c);
    if (rv != CKR_OK || m == NULL)
        return rv;
    rv = init_with(h, m, &c);
    tp11_view_put(c.view);
    return rv;
}

/* Says how long, or makes sure that it fits: CKR_OK with *done, then, or
 * CKR_BUFFER_TOO_SMALL, and the operation stays (pkcs11.md, section 5). */
static CK_RV
length_first(const struct tp11_op *op, const CK_BYTE *sig, CK_ULONG *len,
             bool *done)
{
    CK_ULONG room = *len;

    *done = sig == NULL || room < op->sig_len;
    if (!*done)
        return CKR_OK;
    *len = op->sig_len;
    return sig == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
}

/* Signs under the session's lock; ends the operation unless it stays. */
static CK_RV
one_shot(struct tp11_op *op, struct tee_bytes in, CK_BYTE *sig, CK_ULONG *len)
{
    bool stays;
    size_t n;
    CK_RV rv;

    if (op->parts) {
        tp11_op_end(op);
        return CKR_OPERATION_ACTIVE;
    }
    if (len == NULL || (in.p == NULL && in.len > 0)) {
        tp11_op_end(op);
        return CKR_ARGUMENTS_BAD;
    }
    rv = length_first(op, sig, len, &stays);
    if (stays)
        return rv;
    n = op->sig_len;
    rv = tp11_rv(ks_op_sign(&op->op, in, sig, &n));
    if (rv == CKR_OK)
        *len = n;
    tp11_op_end(op);
    return rv;
}

CK_RV
tp11_sign(CK_SESSION_HANDLE h, const CK_BYTE *in, CK_ULONG len, CK_BYTE *sig,
          CK_ULONG *sig_len)
{
    struct tp11_session *s;
    CK_RV rv;

    rv = tp11_session_take(h, &s);
    if (rv != CKR_OK)
        return rv;
    rv = s->sign.active
             ? one_shot(&s->sign, (struct tee_bytes){ in, len }, sig, sig_len)
             : CKR_OPERATION_NOT_INITIALIZED;
    tp11_session_give(s);
    return rv;
}

/* 0x201: a message over its limit is the caller's to split, not the store's. */
CK_RV
tp11_op_update(struct tp11_op *op, const CK_BYTE *in, CK_ULONG len)
{
    enum tee_err err;

    if (in == NULL && len > 0) {
        tp11_op_end(op);
        return CKR_ARGUMENTS_BAD;
    }
    err = ks_op_update(&op->op, (struct tee_bytes){ in, len });
    op->parts = true;
    if (err != TEE_OK)
        tp11_op_end(op);
    return err == TEE_E_TOOBIG ? CKR_TOKEN_RESOURCE_EXCEEDED : tp11_rv(err);
}

CK_RV
tp11_sign_update(CK_SESSION_HANDLE h, const CK_BYTE *in, CK_ULONG len)
{
    struct tp11_session *s;
    CK_RV rv;

    rv = tp11_session_take(h, &s);
    if (rv != CKR_OK)
        return rv;
    rv = s->sign.active ? tp11_op_update(&s->sign, in, len)
                        : CKR_OPERATION_NOT_INITIALIZED;
    tp11_session_give(s);
    return rv;
}

static CK_RV
final(struct tp11_op *op, CK_BYTE *sig, CK_ULONG *len)
{
    bool stays;
    size_t n;
    CK_RV rv;

    if (len == NULL) {
        tp11_op_end(op);
        return CKR_ARGUMENTS_BAD;
    }
    rv = length_first(op, sig, len, &stays);
    if (stays)
        return rv;
    n = op->sig_len;
    rv = tp11_rv(ks_op_sign_final(&op->op, sig, &n));
    if (rv == CKR_OK)
        *len = n;
    tp11_op_end(op);
    return rv;
}

CK_RV
tp11_sign_final(CK_SESSION_HANDLE h, CK_BYTE *sig, CK_ULONG *sig_len)
{
    struct tp11_session *s;
    CK_RV rv;

    rv = tp11_session_take(h, &s);
    if (rv != CKR_OK)
        return rv;
    rv = s->sign.active ? final(&s->sign, sig, sig_len)
                        : CKR_OPERATION_NOT_INITIALIZED;
    tp11_session_give(s);
    return rv;
}
