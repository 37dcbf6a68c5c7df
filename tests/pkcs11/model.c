#include <stdlib.h>
#include <string.h>

#include "tests/pkcs11/calls.h"

/*
 * What a call may answer in which state.  The rules stand in the same file as
 * the rows: for each function, conditions in order of precedence, and behind
 * each what may be answered when it is the first that holds.  This file knows
 * what the conditions mean, and what an answer does to the state.
 */

#define RULES 400
struct rule {
    enum fn fn;
    bool any; /* of a "model *" block */
    bool (*holds)(const struct model *m, const struct call *c);
    char text[512];
    size_t n;
    CK_RV code[24];
};
static struct rule rules[RULES];
static size_t n_rules;

void
model_close(struct model *m)
{
    size_t i;

    m->initialised = false;
    m->n = 0;
    for (i = 0; i < HOUSE_SLOTS; i++)
        m->login[i] = CK_UNAVAILABLE_INFORMATION;
}

void
model_init(struct model *m)
{
    size_t i;

    memset(m, 0, sizeof(*m));
    model_close(m);
    for (i = 0; i < HOUSE_SLOTS; i++) {
        m->has_token[i] = i != HOUSE_BROKEN;
        m->ready[i] = m->has_token[i] && i != HOUSE_EMPTY &&
                      house_missing((enum house_slot)i) == NULL;
        m->pin[i] = i == HOUSE_PINNED;
    }
}

static struct model_session *
session_of(const struct model *m, CK_SESSION_HANDLE h)
{
    size_t i;

    for (i = 0; i < m->n; i++) {
        if (h != 0 && m->s[i].handle == h)
            return (struct model_session *)(uintptr_t)&m->s[i];
    }
    return NULL;
}

/* ---- conditions
 * ----------------------------------------------------------------------
 */

#define CONDITION(name)                                                        \
    static bool is_##name(const struct model *m, const struct call *c)

CONDITION(uninitialised)
{
    (void)c;
    return !m->initialised;
}

CONDITION(initialised)
{
    (void)c;
    return m->initialised;
}

CONDITION(bad_slot)
{
    (void)m;
    return c->slot >= HOUSE_SLOTS;
}

CONDITION(no_token)
{
    return !m->has_token[c->slot];
}

CONDITION(not_ready)
{
    return !m->ready[c->slot];
}

CONDITION(bad_session)
{
    return session_of(m, c->session) == NULL;
}

CONDITION(ro)
{
    return !session_of(m, c->session)->rw;
}

static CK_USER_TYPE
login_of(const struct model *m, const struct call *c)
{
    return m->login[session_of(m, c->session)->slot];
}

CONDITION(public)
{
    return login_of(m, c) == CK_UNAVAILABLE_INFORMATION;
}

CONDITION(same_user)
{
    return login_of(m, c) == c->user;
}

CONDITION(other_user)
{
    return login_of(m, c) != CK_UNAVAILABLE_INFORMATION &&
           login_of(m, c) != c->user;
}

CONDITION(so_slot)
{
    return m->login[c->slot] == CKU_SO;
}

CONDITION(not_so)
{
    return login_of(m, c) != CKU_SO;
}

CONDITION(pinless)
{
    return !m->pin[session_of(m, c->session)->slot];
}

CONDITION(sessions)
{
    size_t i;

    for (i = 0; i < m->n; i++) {
        if (m->s[i].handle != 0 && m->s[i].slot == c->slot)
            return true;
    }
    return false;
}

CONDITION(ro_sessions)
{
    CK_SLOT_ID slot = session_of(m, c->session)->slot;
    size_t i;

    for (i = 0; i < m->n; i++) {
        if (m->s[i].handle != 0 && m->s[i].slot == slot && !m->s[i].rw)
            return true;
    }
    return false;
}

CONDITION(so_and_ro)
{
    return c->user == CKU_SO && is_ro_sessions(m, c);
}

CONDITION(so_and_pinless)
{
    return c->user == CKU_SO && is_pinless(m, c);
}

CONDITION(full)
{
    size_t i, n = 0;

    (void)c;
    for (i = 0; i < m->n; i++)
        n += m->s[i].handle != 0;
    return n == 4096;
}

CONDITION(user_is_context)
{
    (void)m;
    return c->user == CKU_CONTEXT_SPECIFIC;
}

CONDITION(user_is_unknown)
{
    (void)m;
    return c->user > CKU_CONTEXT_SPECIFIC;
}

CONDITION(parallel)
{
    (void)m;
    return (c->flags & CKF_SERIAL_SESSION) == 0;
}

CONDITION(async)
{
    (void)m;
    return (c->flags & CKF_ASYNC_SESSION) != 0;
}

CONDITION(dont_block)
{
    (void)m;
    return (c->flags & CKF_DONT_BLOCK) != 0;
}

CONDITION(reserved)
{
    (void)m;
    return c->out_null;
}

CONDITION(null_ret)
{
    (void)m;
    return (c->nulls & NULL_RET) != 0;
}

CONDITION(null_len)
{
    (void)m;
    return (c->nulls & NULL_LEN) != 0;
}

CONDITION(null_in)
{
    (void)m;
    return (c->nulls & NULL_IN) != 0 && c->in.len > 0;
}

CONDITION(null_sig)
{
    (void)m;
    return (c->nulls & NULL_SIG) != 0 || c->sig.p == NULL;
}

CONDITION(null_t)
{
    (void)m;
    return (c->nulls & NULL_T) != 0;
}

CONDITION(null_pin)
{
    (void)m;
    return (c->nulls & NULL_PIN) != 0 && c->pin.len > 0;
}

CONDITION(null_name)
{
    (void)m;
    return (c->nulls & NULL_NAME) != 0;
}

CONDITION(named)
{
    (void)m;
    return c->name.p != NULL || c->name.len > 0;
}

CONDITION(null_mech)
{
    (void)m;
    return (c->nulls & NULL_MECH) != 0;
}

CONDITION(out_null)
{
    (void)m;
    return c->out_null;
}

CONDITION(out_null_some)
{
    (void)m;
    return c->out_null && c->room > 0;
}

CONDITION(out_small)
{
    return c->room < session_of(m, c->session)->sig_len;
}

CONDITION(null_ret_some)
{
    (void)m;
    return (c->nulls & NULL_RET) != 0 && c->n > 0;
}

CONDITION(null_new)
{
    (void)m;
    return (c->nulls & NULL_IN) != 0 && c->pin2.len > 0;
}

CONDITION(sign_none)
{
    return session_of(m, c->session)->sign == OP_NONE;
}

CONDITION(sign_parts)
{
    return session_of(m, c->session)->sign == OP_PARTS;
}

CONDITION(sign_active)
{
    return session_of(m, c->session)->sign != OP_NONE;
}

CONDITION(verify_active)
{
    return session_of(m, c->session)->verify != OP_NONE;
}

/* The signature comes last, or came first. */
CONDITION(verify_none)
{
    enum model_op op = session_of(m, c->session)->verify;

    return op != OP_ONE && op != OP_PARTS;
}

CONDITION(verify_parts)
{
    return session_of(m, c->session)->verify == OP_PARTS;
}

CONDITION(given_none)
{
    enum model_op op = session_of(m, c->session)->verify;

    return op != OP_GIVEN && op != OP_GIVEN_PARTS;
}

CONDITION(given_parts)
{
    return session_of(m, c->session)->verify == OP_GIVEN_PARTS;
}

CONDITION(find_none)
{
    return !session_of(m, c->session)->find;
}

CONDITION(find_active)
{
    return session_of(m, c->session)->find;
}

CONDITION(else)
{
    (void)m;
    (void)c;
    return true;
}

#define NAMED(word, name)                                                      \
    {                                                                          \
        word, is_##name                                                        \
    }
static const struct {
    const char *word;
    bool (*holds)(const struct model *m, const struct call *c);
} conditions[] = {
    NAMED("uninitialised", uninitialised),
    NAMED("initialised", initialised),
    NAMED("bad-slot", bad_slot),
    NAMED("no-token", no_token),
    NAMED("not-ready", not_ready),
    NAMED("bad-session", bad_session),
    NAMED("ro", ro),
    NAMED("public", public),
    NAMED("same-user", same_user),
    NAMED("other-user", other_user),
    NAMED("so-slot", so_slot),
    NAMED("not-so", not_so),
    NAMED("pinless", pinless),
    NAMED("sessions", sessions),
    NAMED("full", full),
    NAMED("so-and-ro", so_and_ro),
    NAMED("so-and-pinless", so_and_pinless),
    NAMED("user=context", user_is_context),
    NAMED("user=unknown", user_is_unknown),
    NAMED("parallel", parallel),
    NAMED("async", async),
    NAMED("dont-block", dont_block),
    NAMED("reserved", reserved),
    NAMED("null=ret", null_ret),
    NAMED("null=len", null_len),
    NAMED("null=in", null_in),
    NAMED("null=sig", null_sig),
    NAMED("null=t", null_t),
    NAMED("null=pin", null_pin),
    NAMED("null=name", null_name),
    NAMED("named", named),
    NAMED("null=mech", null_mech),
    NAMED("out=null", out_null),
    NAMED("out=null-some", out_null_some),
    NAMED("out-small", out_small),
    NAMED("null=ret-some", null_ret_some),
    NAMED("null=new", null_new),
    NAMED("sign-none", sign_none),
    NAMED("sign-parts", sign_parts),
    NAMED("sign-active", sign_active),
    NAMED("verify-active", verify_active),
    NAMED("verify-none", verify_none),
    NAMED("verify-parts", verify_parts),
    NAMED("given-none", given_none),
    NAMED("given-parts", given_parts),
    NAMED("find-none", find_none),
    NAMED("find-active", find_active),
    NAMED("else", else),
};

/* ---- the file's rules
 * -------------------------------------------------------------------
 */

static const char *
parse_rule(char *text, struct rule *r)
{
    char *word = strsep(&text, " ");
    size_t i;

    for (i = 0; i < TEE_LEN(conditions); i++) {
        if (strcmp(conditions[i].word, word) == 0)
            r->holds = conditions[i].holds;
    }
    if (r->holds == NULL)
        return "no such condition";
    while ((word = strsep(&text, " ")) != NULL) {
        if (*word == '\0')
            continue;
        if (r->n == TEE_LEN(r->code) || !code_by_name(word, &r->code[r->n++]))
            return "no such code";
    }
    return r->n > 0 ? NULL : "a rule without a code";
}

const char *
model_line(const char *line)
{
    static enum fn fn;
    static bool any;
    char text[512];
    struct rule *r = &rules[n_rules];

    if (strncmp(line, "model ", 6) == 0) {
        any = strcmp(line + 6, "*") == 0;
        return any || fn_by_name(line + 6, &fn) ? NULL : "no such function";
    }
    if (n_rules == RULES)
        return "too many rules";
    memset(r, 0, sizeof(*r));
    r->fn = fn;
    r->any = any;
    snprintf(text, sizeof(text), "%s", line + strspn(line, " "));
    snprintf(r->text, sizeof(r->text), "%s", text);
    n_rules++;
    return parse_rule(text, r);
}

bool
model_allows(const struct model *m, const struct call *c, CK_RV rv,
             const char **rule)
{
    bool own = false;
    size_t i, k;

    for (i = 0; i < n_rules; i++)
        own = own || (!rules[i].any && rules[i].fn == c->fn);
    *rule = "no rule at all";
    for (i = 0; i < n_rules; i++) {
        if (rules[i].any == own || (own && rules[i].fn != c->fn) ||
            !rules[i].holds(m, c))
            continue;
        *rule = rules[i].text;
        for (k = 0; k < rules[i].n; k++) {
            if (rules[i].code[k] == rv)
                return true;
        }
        return false;
    }
    return false;
}

/* ---- what an answer does
 * ---------------------------------------------------------------------
 */

static void
after_open(struct model *m, const struct call *c, const struct answer *a)
{
    struct model_session *s = NULL;
    size_t i;

    for (i = 0; i < m->n && s == NULL; i++) {
        if (m->s[i].handle == 0)
            s = &m->s[i];
    }
    if (s == NULL) {
        if (m->n == MODEL_SESSIONS)
            abort();
        s = &m->s[m->n++];
    }
    memset(s, 0, sizeof(*s));
    s->handle = a->handle;
    s->slot = c->slot;
    s->rw = (c->flags & CKF_RW_SESSION) != 0;
}

/* The last session of a token logs out. */
static void
after_close(struct model *m, CK_SLOT_ID slot)
{
    size_t i;

    for (i = 0; i < m->n; i++) {
        if (m->s[i].handle != 0 && m->s[i].slot == slot)
            return;
    }
    m->login[slot] = CK_UNAVAILABLE_INFORMATION;
}

static void
after_close_all(struct model *m, CK_SLOT_ID slot)
{
    size_t i;

    for (i = 0; i < m->n; i++) {
        if (m->s[i].slot == slot)
            m->s[i].handle = 0;
    }
    m->login[slot] = CK_UNAVAILABLE_INFORMATION;
}

/* Operations with private keys end; which ones they were, the next call of
 * each tells: the model forgets both kinds. */
static void
after_logout(struct model *m, CK_SLOT_ID slot)
{
    size_t i;

    m->login[slot] = CK_UNAVAILABLE_INFORMATION;
    for (i = 0; i < m->n; i++) {
        if (m->s[i].slot == slot && m->pin[slot])
            m->s[i].sign = OP_NONE;
    }
}

/* A signing call ends its operation, but for a size query, one that had too
 * little room, and a part. */
static void
after_signing(struct model_session *s, const struct call *c, CK_RV rv)
{
    if (c->fn == FN_C_SignUpdate) {
        s->sign = rv == CKR_OK ? OP_PARTS : OP_NONE;
        return;
    }
    if (rv == CKR_BUFFER_TOO_SMALL || (rv == CKR_OK && c->out_null))
        return;
    s->sign = OP_NONE;
}

static void
after_verifying(struct model_session *s, const struct call *c, CK_RV rv)
{
    if (c->fn == FN_C_VerifyUpdate)
        s->verify = rv == CKR_OK ? OP_PARTS : OP_NONE;
    else if (c->fn == FN_C_VerifySignatureUpdate)
        s->verify = rv == CKR_OK ? OP_GIVEN_PARTS : OP_NONE;
    else
        s->verify = OP_NONE;
}

/* Of Ed25519 and P-256 64 bytes, P-384 96, RSA-2048 256. */
static size_t
sig_len(CK_SLOT_ID slot)
{
    return slot == HOUSE_RSA ? 256 : slot == HOUSE_P384 ? 96 : 64;
}

static void
after_init(struct model_session *s, const struct call *c, CK_RV rv)
{
    bool cancels = (c->nulls & NULL_MECH) != 0;

    if (rv != CKR_OK)
        return;
    if (c->fn == FN_C_SignInit) {
        s->sign = cancels ? OP_NONE : OP_ONE;
        s->sig_len = sig_len(s->slot);
    } else if (c->fn == FN_C_VerifyInit) {
        s->verify = cancels ? OP_NONE : OP_ONE;
    } else {
        s->verify = cancels ? OP_NONE : OP_GIVEN;
    }
}

static void
after_cancel(struct model_session *s, CK_FLAGS flags)
{
    if ((flags & CKF_SIGN) != 0)
        s->sign = OP_NONE;
    if ((flags & CKF_VERIFY) != 0)
        s->verify = OP_NONE;
    if ((flags & CKF_FIND_OBJECTS) != 0)
        s->find = false;
}

static void
after_session_call(struct model *m, const struct call *c,
                   const struct answer *a)
{
    struct model_session *s = session_of(m, c->session);
    CK_RV rv = a->rv;

    if (s == NULL || rv == CKR_OPERATION_NOT_INITIALIZED)
        return;
    switch ((int)c->fn) {
    case FN_C_SignInit:
    case FN_C_VerifyInit:
    case FN_C_VerifySignatureInit:
        after_init(s, c, rv);
        break;
    case FN_C_Sign:
    case FN_C_SignUpdate:
    case FN_C_SignFinal:
        after_signing(s, c, rv);
        break;
    case FN_C_Verify:
    case FN_C_VerifyUpdate:
    case FN_C_VerifyFinal:
    case FN_C_VerifySignature:
    case FN_C_VerifySignatureUpdate:
    case FN_C_VerifySignatureFinal:
        after_verifying(s, c, rv);
        break;
    case FN_C_FindObjectsInit:
        s->find = s->find || rv == CKR_OK;
        break;
    case FN_C_FindObjectsFinal:
        s->find = false;
        break;
    case FN_C_SessionCancel:
        after_cancel(s, c->flags);
        break;
    case FN_C_Login:
    case FN_C_LoginUser:
        if (rv == CKR_OK)
            m->login[s->slot] = c->user;
        break;
    case FN_C_Logout:
        if (rv == CKR_OK)
            after_logout(m, s->slot);
        break;
    case FN_C_CloseSession:
        s->handle = 0;
        after_close(m, s->slot);
        break;
    default:
        break;
    }
}

void
model_after(struct model *m, const struct call *c, const struct answer *a)
{
    switch ((int)c->fn) {
    case FN_C_Initialize:
        m->initialised = m->initialised || a->rv == CKR_OK;
        break;
    case FN_C_Finalize:
        if (a->rv == CKR_OK)
            model_close(m);
        break;
    case FN_C_OpenSession:
        if (a->rv == CKR_OK)
            after_open(m, c, a);
        break;
    case FN_C_CloseAllSessions:
        if (a->rv == CKR_OK)
            after_close_all(m, c->slot);
        break;
    case FN_C_InitToken:
        if (a->rv == CKR_OK)
            m->ready[c->slot] = true;
        break;
    default:
        after_session_call(m, c, a);
        break;
    }
}
