#include "pkcs11/tp11.h"

/* What the configuration says of a user type; `local` without a PIN lets
 * everybody in (pkcs11.md 3.3). */
static CK_RV
role_of(CK_USER_TYPE user, enum ks_role *ret)
{
    switch (user) {
    case CKU_USER:
        *ret = KS_USER;
        return CKR_OK;
    case CKU_SO:
        *ret = KS_SO;
        return CKR_OK;
    case CKU_CONTEXT_SPECIFIC: /* no key of ours asks for it */
        return CKR_OPERATION_NOT_INITIALIZED;
    default:
        return CKR_USER_TYPE_INVALID;
    }
}

/* The token's lock is held. */
static CK_RV
may_login(const struct tp11_token *t, enum ks_role role)
{
    enum tp11_login now = atomic_load(&t->login);

    if (now != TP11_PUBLIC)
        return (now == TP11_SO) == (role == KS_SO)
                   ? CKR_USER_ALREADY_LOGGED_IN
                   : CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
    if (role == KS_SO && t->sessions != t->rw_sessions)
        return CKR_SESSION_READ_ONLY_EXISTS;
    return CKR_OK;
}

static CK_RV
login_rv(enum ks_role role, enum tee_err err)
{
    switch ((int)err) {
    case TEE_E_EXISTS:
        return CKR_USER_ALREADY_LOGGED_IN;
    case TEE_E_STATE:
        return CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
    case TEE_E_PIN_TYPE: /* the SO's role may be missing, the user's PIN */
        return role == KS_SO ? CKR_USER_TYPE_INVALID
                             : CKR_USER_PIN_NOT_INITIALIZED;
    default:
        return tp11_rv(err);
    }
}

/* After the PIN was judged, which takes long and holds no lock. */
static CK_RV
logged_in(struct tp11_token *t, enum ks_role role)
{
    CK_RV rv;

    tp11_lock(&t->lock);
    rv = may_login(t, role);
    if (rv == CKR_OK && t->sessions == 0) /* closed meanwhile */
        rv = CKR_SESSION_HANDLE_INVALID;
    if (rv == CKR_OK) {
        atomic_store(&t->login, role == KS_SO ? TP11_SO : TP11_USER);
        /* handles from before the last logout stay invalid (C_Logout) */
        t->renew_private = t->conf->pin;
    }
    tp11_unlock(&t->lock);
    if (rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN && t->conf->pin)
        ks_logout(t->ks);
    return rv;
}

CK_RV
tp11_login(CK_SESSION_HANDLE h, CK_USER_TYPE user, const CK_UTF8CHAR *pin,
           CK_ULONG len)
{
    struct tp11_away a;
    enum ks_role role;
    CK_RV rv;

    rv = tp11_go_away(h, &a);
    if (rv != CKR_OK)
        return rv;
    if (pin == NULL && len > 0)
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = role_of(user, &role);
    if (rv == CKR_OK) {
        tp11_token_changed(a.token); /* is anybody still in? */
        tp11_lock(&a.token->lock);
        rv = may_login(a.token, role);
        tp11_unlock(&a.token->lock);
    }
    if (rv == CKR_OK)
        rv = login_rv(role, ks_login(a.token->ks, role,
                                     (struct tee_bytes){ pin, len }, NULL));
    if (rv == CKR_OK)
        rv = logged_in(a.token, role);
    tp11_token_changed(a.token);
    tp11_away_end(&a);
    return rv;
}

/* Profiles 2 and 3 name this function; nobody here has a name. */
CK_RV
tp11_login_user(CK_SESSION_HANDLE h, CK_USER_TYPE user, const CK_UTF8CHAR *pin,
                CK_ULONG len, const CK_UTF8CHAR *name, CK_ULONG name_len)
{
    struct tp11_away a;
    CK_RV rv;

    if (name == NULL && name_len == 0)
        return tp11_login(h, user, pin, len);
    rv = tp11_go_away(h, &a);
    if (rv != CKR_OK)
        return rv;
    tp11_away_end(&a);
    return name == NULL ? CKR_ARGUMENTS_BAD : CKR_USER_TYPE_INVALID;
}

/* On a token without a PIN being in means nothing, so leaving ends nothing. */
CK_RV
tp11_logout(CK_SESSION_HANDLE h)
{
    struct tp11_away a;
    bool was;
    CK_RV rv;

    rv = tp11_go_away(h, &a);
    if (rv != CKR_OK)
        return rv;
    tp11_lock(&a.token->lock);
    was = atomic_load(&a.token->login) != TP11_PUBLIC;
    atomic_store(&a.token->login, TP11_PUBLIC);
    tp11_unlock(&a.token->lock);
    if (was && a.token->conf->pin) {
        ks_logout(a.token->ks);
        tp11_sessions_logged_out(a.token);
        tp11_memory_drop(a.token, 0);
    }
    tp11_away_end(&a);
    return was ? CKR_OK : CKR_USER_NOT_LOGGED_IN;
}

CK_RV
tp11_init_pin(CK_SESSION_HANDLE h, const CK_UTF8CHAR *pin, CK_ULONG len)
{
    struct tp11_away a;
    CK_RV rv;

    rv = tp11_go_away(h, &a);
    if (rv != CKR_OK)
        return rv;
    if (pin == NULL && len > 0)
        rv = CKR_ARGUMENTS_BAD;
    else if (!tp11_token_writable(a.token))
        rv = CKR_TOKEN_WRITE_PROTECTED;
    else if (atomic_load(&a.token->login) != TP11_SO)
        rv = CKR_USER_NOT_LOGGED_IN;
    else
        rv = tp11_rv(
            ks_init_pin(a.token->ks, (struct tee_bytes){ pin, len }, NULL));
    tp11_token_changed(a.token);
    tp11_away_end(&a);
    return rv;
}

static CK_RV
set_pin(struct tp11_token *t, struct tee_bytes old, struct tee_bytes new)
{
    enum ks_role role = atomic_load(&t->login) == TP11_SO ? KS_SO : KS_USER;

    if (!t->conf->pin)
        return CKR_USER_PIN_NOT_INITIALIZED;
    return login_rv(role, ks_set_pin(t->ks, role, old, new, NULL));
}

CK_RV
tp11_set_pin(CK_SESSION_HANDLE h, const CK_UTF8CHAR *old, CK_ULONG old_len,
             const CK_UTF8CHAR *pin, CK_ULONG len)
{
    struct tp11_away a;
    CK_RV rv;

    rv = tp11_go_away(h, &a);
    if (rv != CKR_OK)
        return rv;
    if ((old == NULL && old_len > 0) || (pin == NULL && len > 0))
        rv = CKR_ARGUMENTS_BAD;
    else if (!tp11_token_writable(a.token))
        rv = CKR_TOKEN_WRITE_PROTECTED;
    else if (!a.rw)
        rv = CKR_SESSION_READ_ONLY;
    else
        rv = set_pin(a.token, (struct tee_bytes){ old, old_len },
                     (struct tee_bytes){ pin, len });
    tp11_token_changed(a.token);
    tp11_away_end(&a);
    return rv;
}
