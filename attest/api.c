/*
 * The public API: shims over the folder, and the only file with exported
 * names.  It checks what callers give, and nothing else.
 */
#include "config.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEE_ATTEST_INTERNAL
#include "attest/att.h"

#define SHOW_MAX  ((size_t)8 << 20)
#define TIME_LAST 253402300799 /* 9999-12-31T23:59:59Z */

const char *
att_version(void)
{
    return PACKAGE_VERSION;
}

static enum att_status
status_of(enum tee_err err)
{
    if (err == TEE_OK)
        return ATT_OK;
    return err == TEE_E_NOMEM ? ATT_E_NOMEM : ATT_E_MALFORMED;
}

static void
tell(char *why, size_t room, const char *text)
{
    if (why != NULL && room > 0)
        (void)snprintf(why, room, "%s", text);
}

/* ---- policy
 * ------------------------------------------------------------------- */

enum att_status
att_policy_parse(const uint8_t *json, size_t len, att_policy **ret, char *why,
                 size_t room)
{
    struct att_policy *p;
    struct tee_fault f = { .text = "" };
    enum tee_err err;

    if ((json == NULL && len > 0) || ret == NULL)
        return ATT_E_ARG;
    p = calloc(1, sizeof(*p));
    if (p == NULL)
        return ATT_E_NOMEM;
    err = att_policy_read((struct tee_bytes){ json, len }, p, &f);
    if (err == TEE_OK) {
        *ret = p;
        return ATT_OK;
    }
    free(p);
    tell(why, room, f.text);
    return status_of(err);
}

void
att_policy_free(att_policy *p)
{
    free(p);
}

enum att_status
att_policy_check(const att_policy *p, const uint8_t *claims, size_t len,
                 int64_t now, int *allow, char *why, size_t room)
{
    struct att_claims c;
    struct tee_fault f = { .text = "" };
    const char *first;
    enum tee_err err;

    if (allow == NULL || (claims == NULL && len > 0) || now < 0 ||
        now > TIME_LAST)
        return ATT_E_ARG;
    *allow = 0;
    err = att_claims_read((struct tee_bytes){ claims, len }, &c, &f);
    if (err != TEE_OK) {
        tell(why, room, f.text);
        return status_of(err);
    }
    first = att_policy_judge(p, &c, now);
    *allow = first == NULL;
    tell(why, room, first == NULL ? "" : first);
    return ATT_OK;
}

/* ---- options
 * -------------------------------------------------------------------- */

att_options *
att_options_new(void)
{
    return calloc(1, sizeof(struct att_options));
}

void
att_options_free(att_options *o)
{
    if (o == NULL)
        return;
    free(o->did);
    free(o->challenge);
    free(o->nonce);
    free(o->spki);
    free(o);
}

static bool
text_ok(const char *s, size_t max)
{
    size_t n;

    if (s == NULL)
        return true;
    n = strnlen(s, max + 1);
    return n >= 1 && n <= max &&
           tee_utf8((struct tee_bytes){ (const uint8_t *)s, n });
}

/* Replaces *to; NULL stays NULL. */
static bool
copy_text(const char *s, char **to)
{
    char *copy = s != NULL ? strdup(s) : NULL;

    if (s != NULL && copy == NULL)
        return false;
    free(*to);
    *to = copy;
    return true;
}

enum att_status
att_options_challenge(att_options *o, const char *did, const char *challenge,
                      const char *nonce)
{
    if (o == NULL || !text_ok(did, UINT16_MAX) ||
        !text_ok(challenge, UINT16_MAX) || !text_ok(nonce, ATT_NONCE_MAX))
        return ATT_E_ARG;
    if (!copy_text(did, &o->did) || !copy_text(challenge, &o->challenge) ||
        !copy_text(nonce, &o->nonce))
        return ATT_E_NOMEM;
    return ATT_OK;
}

void
att_options_stale_ok(att_options *o, int yes)
{
    if (o != NULL)
        o->stale_ok = yes != 0;
}

void
att_options_now(att_options *o, int64_t now)
{
    if (o == NULL)
        return;
    o->now = now;
    o->has_now = true;
}

void
att_options_policy(att_options *o, const att_policy *p)
{
    if (o != NULL)
        o->policy = p;
}

enum att_status
att_options_expect_key(att_options *o, const uint8_t *spki, size_t len)
{
    uint8_t *copy;

    if (o == NULL || spki == NULL ||
        att_key_type((struct tee_bytes){ spki, len }) == NULL)
        return ATT_E_ARG;
    copy = malloc(len);
    if (copy == NULL)
        return ATT_E_NOMEM;
    memcpy(copy, spki, len);
    free(o->spki);
    o->spki = copy;
    o->spki_len = len;
    return ATT_OK;
}

enum att_status
att_options_exporter(att_options *o, const uint8_t *x, size_t len)
{
    if (o == NULL || x == NULL || len != sizeof(o->exporter))
        return ATT_E_ARG;
    memcpy(o->exporter, x, len);
    o->has_exporter = true;
    return ATT_OK;
}

/* ---- verification
 * ----------------------------------------------------------------- */

enum att_status
att_verify(const uint8_t *bundle, size_t len, const att_options *o,
           att_result **ret)
{
    static const struct att_options none;
    struct att_result *r;
    enum tee_err err;

    if ((bundle == NULL && len > 0) || ret == NULL)
        return ATT_E_ARG;
    if (sodium_init() < 0)
        return ATT_E_NOMEM;
    r = calloc(1, sizeof(*r));
    if (r == NULL)
        return ATT_E_NOMEM;
    att_claims_init(&r->claims);
    err =
        att_judge((struct tee_bytes){ bundle, len }, o != NULL ? o : &none, r);
    if (err == TEE_OK)
        err = att_result_render(r);
    if (err != TEE_OK) {
        att_result_free(r);
        return ATT_E_NOMEM;
    }
    *ret = r;
    return ATT_OK;
}

void
att_result_free(att_result *r)
{
    if (r == NULL)
        return;
    free(r->claims_json);
    free(r->json);
    free(r);
}

/* Without a result the answer is no. */
enum att_verdict
att_result_verdict(const att_result *r)
{
    return r != NULL ? r->verdict : ATT_REFUSED;
}

const char *
att_verdict_word(enum att_verdict v)
{
    switch (v) {
    case ATT_VERIFIED:
        return "verified";
    case ATT_NOT_APPRAISED:
        return "could not appraise";
    case ATT_SIMULATED:
        return "simulated";
    case ATT_REFUSED:
    default:
        return "refused";
    }
}

const char *
att_result_reason(const att_result *r)
{
    return r == NULL || r->reason == TEE_OK ? "" : tee_err_name(r->reason);
}

const char *
att_result_text(const att_result *r)
{
    return r != NULL ? r->text : "";
}

size_t
att_result_facts(const att_result *r)
{
    return r != NULL ? r->n_facts : 0;
}

enum att_status
att_result_fact(const att_result *r, size_t i, struct att_fact *ret)
{
    if (r == NULL || ret == NULL || i >= r->n_facts)
        return ATT_E_ARG;
    *ret = (struct att_fact){ r->fact[i].name, r->fact[i].outcome,
                              r->fact[i].text };
    return ATT_OK;
}

const char *
att_result_line(const att_result *r, enum att_section s, size_t i)
{
    if (r == NULL || (unsigned)s >= TEE_LEN(r->n_lines) || i >= r->n_lines[s])
        return NULL;
    return r->line[s][i];
}

const char *
att_result_claims(const att_result *r)
{
    return r != NULL ? r->claims_json : "";
}

const char *
att_result_json(const att_result *r)
{
    return r != NULL ? r->json : "";
}

/* ---- display
 * ----------------------------------------------------------------------- */

enum att_status
att_show(const uint8_t *data, size_t len, char **ret)
{
    struct tee_buf b;
    uint8_t *text = NULL;
    size_t n;
    enum tee_err err;

    if ((data == NULL && len > 0) || ret == NULL)
        return ATT_E_ARG;
    tee_buf_init(&b, SHOW_MAX);
    err = att_show_json((struct tee_bytes){ data, len }, &b);
    if (err == TEE_OK)
        err = tee_buf_steal(&b, &text, &n);
    tee_buf_clear(&b);
    if (err == TEE_OK)
        *ret = (char *)text;
    return status_of(err);
}
