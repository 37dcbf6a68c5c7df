#include <stdlib.h>
#include <string.h>

#include "pkcs11/tp11.h"

/* A signature that came first (C_VerifySignatureInit); p NULL: it comes last.
 * The longest that any key of ours makes is ML-DSA-87's. */
#define SIGNATURE_MAX 8192

/* Checks session and key, and copies what the public half needs. */
static CK_RV
choose(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE key, const struct tp11_object **o,
       struct tp11_away *ret)
{
    struct tp11_session *s;
    CK_RV rv;

    rv = tp11_session_take(h, &s);
    if (rv != CKR_OK)
        return rv;
    if (s->verify.active)
        rv = CKR_OPERATION_ACTIVE;
    if (rv == CKR_OK)
        rv = tp11_session_object(s, key, o);
    if (rv == CKR_OBJECT_HANDLE_INVALID ||
        (rv == CKR_OK &&
         ((*o)->o == NULL || (*o)->kind == TP11_REQUEST ||
          ((*o)->o->class != KS_PUBLIC && (*o)->o->class != KS_PRIVATE))))
        rv = CKR_KEY_HANDLE_INVALID;
    if (rv == CKR_OK) {
        *ret = (struct tp11_away){ h, s->token, s->view, s->rw };
        tp11_view_get(s->view);
    }
    tp11_session_give(s);
    return rv;
}

static CK_RV
start(struct tp11_session *s, const struct ks_object *o,
      const struct ks_mech *m, struct tee_bytes sig)
{
    struct tp11_op *op = &s->verify;
    uint8_t *copy = NULL;
    CK_RV rv;

    if (op->active)
        return CKR_OPERATION_ACTIVE;
    if (sig.p != NULL) {
        copy = malloc(sig.len + 1);
        if (copy == NULL)
            return CKR_HOST_MEMORY;
        memcpy(copy, sig.p, sig.len);
    }
    rv = tp11_rv(ks_verify_init(&op->op, o->ktype, o->spki, m));
    if (rv != CKR_OK) {
        free(copy);
        return rv;
    }
    op->active = true;
    op->given = copy != NULL;
    op->private = (o->flags & KS_O_PRIVATE) != 0;
    op->sig = copy;
    op->sig_len = sig.len;
    return CKR_OK;
}

static CK_RV
init_with(const struct tp11_away *a, const CK_MECHANISM *m,
          const struct tp11_object *o, struct tee_bytes sig)
{
    struct tp11_session *s;
    struct ks_mech mech;
    CK_RV rv;

    rv = tp11_mech_parse(m, o->o->ktype, &mech);
    if (rv != CKR_OK)
        return rv;
    if (o->o->class != KS_PUBLIC || (o->o->flags & KS_O_VERIFY) == 0)
        return CKR_KEY_FUNCTION_NOT_PERMITTED;
    /* loads the plug-in while no lock is held; start() says what it lacks */
    (void)ks_mech_possible(o->o->ktype, &mech);
    rv = tp11_session_take(a->session, &s);
    if (rv != CKR_OK)
        return rv;
    rv = start(s, o->o, &mech, sig);
    tp11_session_give(s);
    return rv;
}

static CK_RV
cancel(CK_SESSION_HANDLE h)
{
    struct tp11_session *s;
    CK_RV rv;

    rv = tp11_session_take(h, &s);
    if (rv != CKR_OK)
        return rv;
    tp11_op_end(&s->verify);
    tp11_session_give(s);
    return CKR_OK;
}

static CK_RV
init(CK_SESSION_HANDLE h, const CK_MECHANISM *m, CK_OBJECT_HANDLE key,
     struct tee_bytes sig)
{
    const struct tp11_object *o;
    struct tp11_away a;
    CK_RV rv;

    if (m == NULL)
        return cancel(h);
    rv = choose(h, key, &o, &a);
    if (rv != CKR_OK)
        return rv;
    rv = init_with(&a, m, o, sig);
    tp11_away_end(&a);
    return rv;
}

CK_RV
tp11_verify_init(CK_SESSION_HANDLE h, CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
    return init(h, m, key, (struct tee_bytes){ 0 });
}

/* The operation of this call, or why there is none; `given`: of which kind. */
static CK_RV
take_op(CK_SESSION_HANDLE h, bool given, struct tp11_session **ret)
{
    CK_RV rv = tp11_session_take(h, ret);

    if (rv != CKR_OK)
        return rv;
    if ((*ret)->verify.active && (*ret)->verify.given == given)
        return CKR_OK;
    tp11_session_give(*ret);
    return CKR_OPERATION_NOT_INITIALIZED;
}

static CK_RV
one_shot(struct tp11_op *op, struct tee_bytes in, struct tee_bytes sig)
{
    CK_RV rv;

    if (op->parts)
        rv = CKR_OPERATION_ACTIVE;
    else if ((in.p == NULL && in.len > 0) || sig.p == NULL)
        rv = CKR_ARGUMENTS_BAD;
    else
        rv = tp11_rv(ks_op_verify(&op->op, in, sig));
    tp11_op_end(op);
    return rv;
}

static CK_RV
final(struct tp11_op *op, struct tee_bytes sig)
{
    CK_RV rv = CKR_ARGUMENTS_BAD;

    if (sig.p != NULL)
        rv = tp11_rv(ks_op_verify_final(&op->op, sig));
    tp11_op_end(op);
    return rv;
}

CK_RV
tp11_verify(CK_SESSION_HANDLE h, const CK_BYTE *in, CK_ULONG len,
            const CK_BYTE *sig, CK_ULONG sig_len)
{
    struct tp11_session *s;
    CK_RV rv = take_op(h, false, &s);

    if (rv != CKR_OK)
        return rv;
    rv = one_shot(&s->verify, (struct tee_bytes){ in, len },
                  (struct tee_bytes){ sig, sig_len });
    tp11_session_give(s);
    return rv;
}

static CK_RV
update(CK_SESSION_HANDLE h, bool given, const CK_BYTE *in, CK_ULONG len)
{
    struct tp11_session *s;
    CK_RV rv = take_op(h, given, &s);

    if (rv != CKR_OK)
        return rv;
    rv = tp11_op_update(&s->verify, in, len);
    tp11_session_give(s);
    return rv;
}

CK_RV
tp11_verify_update(CK_SESSION_HANDLE h, const CK_BYTE *in, CK_ULONG len)
{
    return update(h, false, in, len);
}

CK_RV
tp11_verify_final(CK_SESSION_HANDLE h, const CK_BYTE *sig, CK_ULONG sig_len)
{
    struct tp11_session *s;
    CK_RV rv = take_op(h, false, &s);

    if (rv != CKR_OK)
        return rv;
    rv = final(&s->verify, (struct tee_bytes){ sig, sig_len });
    tp11_session_give(s);
    return rv;
}

/* ---- 3.2: the signature first
 * ------------------------------------------------------
 */

CK_RV
tp11_verify_signature_init(CK_SESSION_HANDLE h, CK_MECHANISM *m,
                           CK_OBJECT_HANDLE key, const CK_BYTE *sig,
                           CK_ULONG sig_len)
{
    struct tee_bytes v = { sig, sig_len };
    struct tp11_session *s;
    CK_RV rv;

    if (m != NULL && (sig == NULL || sig_len > SIGNATURE_MAX)) {
        rv = tp11_session_take(h, &s);
        if (rv != CKR_OK)
            return rv;
        tp11_session_give(s);
        return sig == NULL ? CKR_ARGUMENTS_BAD : CKR_SIGNATURE_LEN_RANGE;
    }
    return init(h, m, key, v);
}

CK_RV
tp11_verify_signature(CK_SESSION_HANDLE h, const CK_BYTE *in, CK_ULONG len)
{
    struct tp11_session *s;
    CK_RV rv = take_op(h, true, &s);

    if (rv != CKR_OK)
        return rv;
    rv = one_shot(&s->verify, (struct tee_bytes){ in, len },
                  (struct tee_bytes){ s->verify.sig, s->verify.sig_len });
    tp11_session_give(s);
    return rv;
}

CK_RV
tp11_verify_signature_update(CK_SESSION_HANDLE h, const CK_BYTE *in,
                             CK_ULONG len)
{
    return update(h, true, in, len);
}

CK_RV
tp11_verify_signature_final(CK_SESSION_HANDLE h)
{
    struct tp11_session *s;
    CK_RV rv = take_op(h, true, &s);

    if (rv != CKR_OK)
        return rv;
    rv = final(&s->verify,
               (struct tee_bytes){ s->verify.sig, s->verify.sig_len });
    tp11_session_give(s);
    return rv;
}
