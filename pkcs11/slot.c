#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11/tp11.h"

/* Written in C_Initialize and C_Finalize alone; ids ascend. */
static struct tp11_token *tokens;
static size_t n_tokens;

/*
 * The one static that survives: applications remember slot ids across
 * C_Finalize and C_Initialize.  An id is a name's place here; the first
 * configuration fills it in the order of the file.
 */
#define NAMES 512
static char names[NAMES][sizeof(((struct ks_conf_token *)0)->name)];
static size_t n_names;

static bool
slot_id(const char *name, CK_SLOT_ID *ret)
{
    size_t i;

    for (i = 0; i < n_names && strcmp(names[i], name) != 0; i++)
        ;
    if (i == NAMES)
        return false;
    if (i == n_names) {
        (void)snprintf(names[i], sizeof(names[i]), "%s", name);
        n_names++;
    }
    *ret = i;
    return true;
}

static int
by_id(const void *a, const void *b)
{
    const struct tp11_token *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

/* A name for which there is no id any more has no slot. */
static void
slots_name(const struct ks_conf *conf)
{
    struct tp11_token *t;
    size_t i;

    for (i = 0; i < conf->n; i++) {
        t = &tokens[n_tokens];
        t->conf = &conf->token[i];
        if (!slot_id(t->conf->name, &t->id)) {
            tee_log("[%s] left out: over %d names of tokens in one process",
                    t->conf->name, NAMES);
            continue;
        }
        tp11_token_open(t);
        n_tokens++;
    }
}

enum tee_err
tp11_slots_open(const struct ks_conf *conf)
{
    enum tee_err err = TEE_OK;
    size_t i;

    if (conf->n == 0)
        return TEE_OK;
    tokens = calloc(conf->n, sizeof(tokens[0]));
    if (tokens == NULL)
        return TEE_E_NOMEM;
    slots_name(conf);
    qsort(tokens, n_tokens, sizeof(tokens[0]), by_id);
    for (i = 0; err == TEE_OK && i < n_tokens; i++) {
        if (tokens[i].conf->bad_line == 0)
            err = ks_token_new(conf, tokens[i].conf, &tokens[i].ks);
    }
    return err;
}

/* Out of sight first: a child forked meanwhile must find nothing of what is
 * half gone (tp11_slots_abandon). */
void
tp11_slots_close(void)
{
    struct tp11_token *t = tokens;
    size_t n = n_tokens, i;

    n_tokens = 0;
    tokens = NULL;
    for (i = 0; i < n; i++)
        tp11_token_close(&t[i]);
    free(t);
}

/* Another thread of the parent may have been half-way through changing any of
 * this: only what ks_token_free promises to do in a child is done. */
void
tp11_slots_abandon(void)
{
    size_t i;

    for (i = 0; i < n_tokens; i++)
        ks_token_free(tokens[i].ks);
    tokens = NULL;
    n_tokens = 0;
}

struct tp11_token *
tp11_slot(CK_SLOT_ID id)
{
    size_t i;

    for (i = 0; i < n_tokens; i++) {
        if (tokens[i].id == id)
            return &tokens[i];
    }
    return NULL;
}

CK_RV
tp11_slot_token(CK_SLOT_ID id, struct tp11_token **ret)
{
    struct tp11_token *t = tp11_slot(id);

    if (t == NULL)
        return CKR_SLOT_ID_INVALID;
    if (t->ks == NULL)
        return CKR_TOKEN_NOT_PRESENT;
    *ret = t;
    return CKR_OK;
}

CK_RV
tp11_get_slot_list(CK_BBOOL present, CK_SLOT_ID *slot, CK_ULONG *n)
{
    CK_ULONG room, have = 0;
    size_t i;

    if (n == NULL)
        return CKR_ARGUMENTS_BAD;
    room = *n;
    for (i = 0; i < n_tokens; i++) {
        if (present && tokens[i].ks == NULL)
            continue;
        if (slot != NULL && have < room)
            slot[have] = tokens[i].id;
        have++;
    }
    *n = have;
    return slot != NULL && room < have ? CKR_BUFFER_TOO_SMALL : CKR_OK;
}

void
tp11_pad(CK_UTF8CHAR *to, size_t room, const char *text)
{
    size_t n = strnlen(text, room);

    memset(to, ' ', room);
    memcpy(to, text, n);
}

CK_RV
tp11_get_slot_info(CK_SLOT_ID id, CK_SLOT_INFO *info)
{
    const struct tp11_token *t = tp11_slot(id);
    char text[sizeof(info->slotDescription) + 1];

    if (info == NULL)
        return CKR_ARGUMENTS_BAD;
    if (t == NULL)
        return CKR_SLOT_ID_INVALID;
    memset(info, 0, sizeof(*info));
    if (t->ks != NULL) {
        info->flags = CKF_TOKEN_PRESENT;
        (void)snprintf(text, sizeof(text), "%s", t->conf->name);
    } else {
        (void)snprintf(text, sizeof(text), "%s: configuration line %u",
                       t->conf->name, t->conf->bad_line);
    }
    tp11_pad(info->slotDescription, sizeof(info->slotDescription), text);
    tp11_pad(info->manufacturerID, sizeof(info->manufacturerID), TP11_NAME);
    return CKR_OK;
}

/* From the configuration only (design section 3). */
static const char *
model(const struct ks_conf_token *c)
{
    return c->platform == KS_PLAT_SIMULATED ? "simulated"
                                            : ks_origin_word(c->origin);
}

/* First 16 hex digits of SHA-256 of the UUID; blank before the first init. */
static void
serial(const struct ks_snap *s, CK_UTF8CHAR ret[16])
{
    static const uint8_t none[16];
    char hex[2 * 32 + 1];
    uint8_t sum[32];

    if (memcmp(s->uuid, none, sizeof(none)) == 0) {
        tp11_pad(ret, 16, "");
        return;
    }
    tee_sha256((struct tee_bytes){ s->uuid, sizeof(s->uuid) }, sum);
    tee_hex((struct tee_bytes){ sum, sizeof(sum) }, hex);
    memcpy(ret, hex, 16);
}

static CK_FLAGS
tries(unsigned left, CK_FLAGS low, CK_FLAGS final, CK_FLAGS locked)
{
    if (left == 0)
        return locked;
    if (left == 1)
        return final | low;
    return left < KS_TRIES ? low : 0;
}

static CK_FLAGS
token_flags(const struct ks_conf_token *c, const struct ks_snap *s)
{
    CK_FLAGS flags = CKF_RNG;

    if (s->initialised)
        flags |= CKF_TOKEN_INITIALIZED;
    if (!s->writable)
        flags |= CKF_WRITE_PROTECTED;
    if (!c->pin)
        return flags;
    flags |= CKF_LOGIN_REQUIRED;
    if (s->user_pin)
        flags |= CKF_USER_PIN_INITIALIZED |
                 tries(s->user_tries, CKF_USER_PIN_COUNT_LOW,
                       CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_LOCKED);
    if (s->so_pin)
        flags |= tries(s->so_tries, CKF_SO_PIN_COUNT_LOW, CKF_SO_PIN_FINAL_TRY,
                       CKF_SO_PIN_LOCKED);
    return flags;
}

static void
token_counts(struct tp11_token *t, CK_TOKEN_INFO *info)
{
    info->ulMaxSessionCount = TP11_SESSIONS;
    info->ulMaxRwSessionCount = TP11_SESSIONS;
    info->ulMaxPinLen = KS_PIN_MAX;
    info->ulMinPinLen = t->conf->pin ? KS_PIN_MIN : 0;
    info->ulTotalPublicMemory = CK_UNAVAILABLE_INFORMATION;
    info->ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION;
    info->ulTotalPrivateMemory = CK_UNAVAILABLE_INFORMATION;
    info->ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION;
    tp11_lock(&t->lock);
    info->ulSessionCount = t->sessions;
    info->ulRwSessionCount = t->rw_sessions;
    tp11_unlock(&t->lock);
}

CK_RV
tp11_get_token_info(CK_SLOT_ID id, CK_TOKEN_INFO *info)
{
    const struct ks_snap *s;
    struct tp11_token *t;
    CK_RV rv;

    if (info == NULL)
        return CKR_ARGUMENTS_BAD;
    rv = tp11_slot_token(id, &t);
    if (rv != CKR_OK)
        return rv;
    (void)tp11_token_refresh(t);
    s = ks_snap_get(t->ks);
    memset(info, 0, sizeof(*info));
    tp11_pad(info->label, sizeof(info->label), t->conf->label);
    tp11_pad(info->manufacturerID, sizeof(info->manufacturerID), TP11_NAME);
    tp11_pad(info->model, sizeof(info->model), model(t->conf));
    serial(s, info->serialNumber);
    info->flags = token_flags(t->conf, s);
    token_counts(t, info);
    tp11_pad(info->utcTime, sizeof(info->utcTime), "");
    ks_snap_put(s);
    return CKR_OK;
}

/* The configured label, blank-padded, and no other (pkcs11.md 3.1). */
static bool
label_fits(const struct ks_conf_token *c, const CK_UTF8CHAR *label)
{
    CK_UTF8CHAR want[32];

    tp11_pad(want, sizeof(want), c->label);
    return memcmp(want, label, sizeof(want)) == 0;
}

CK_RV
tp11_init_token(CK_SLOT_ID id, const CK_UTF8CHAR *pin, CK_ULONG len,
                const CK_UTF8CHAR *label)
{
    struct tee_bytes so = { pin, len };
    struct tee_fault f = { 0 };
    struct tp11_token *t;
    unsigned open;
    CK_RV rv;

    if (label == NULL || (pin == NULL && len > 0))
        return CKR_ARGUMENTS_BAD;
    rv = tp11_slot_token(id, &t);
    if (rv != CKR_OK)
        return rv;
    tp11_lock(&t->lock);
    open = t->sessions;
    tp11_unlock(&t->lock);
    if (open != 0)
        return CKR_SESSION_EXISTS;
    if (!label_fits(t->conf, label))
        return CKR_ARGUMENTS_BAD;
    if (!t->conf->pin) /* accepted and ignored (design section 4) */
        so = (struct tee_bytes){ 0 };
    rv = tp11_rv(ks_token_init(t->ks, so, (struct tee_bytes){ 0 }, &f));
    tp11_token_changed(t);
    return rv;
}

/* A slot never changes: CKR_FUNCTION_NOT_SUPPORTED is what tools tolerate best
 * from a wait that would last for ever (pkcs11.md 2.2). */
CK_RV
tp11_wait_for_slot_event(CK_FLAGS flags, const CK_SLOT_ID *slot,
                         const void *reserved)
{
    if (slot == NULL || reserved != NULL)
        return CKR_ARGUMENTS_BAD;
    return (flags & CKF_DONT_BLOCK) != 0 ? CKR_NO_EVENT
                                         : CKR_FUNCTION_NOT_SUPPORTED;
}
