/* What a verification found: facts, claims, the verdict, and sentences. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEE_ATTEST_INTERNAL
#include "attest/att.h"

#define JSON_MAX ((size_t)256 << 10)

static void fact_v(struct att_result *r, const char *name, enum att_outcome o,
                   const char *fmt, va_list ap) TEE_PRINTF(4, 0);

static void
fact_v(struct att_result *r, const char *name, enum att_outcome o,
       const char *fmt, va_list ap)
{
    if (r->n_facts == ATT_FACTS_MAX)
        return;
    r->fact[r->n_facts].name = name;
    r->fact[r->n_facts].outcome = o;
    (void)vsnprintf(r->fact[r->n_facts].text, ATT_FACT_TEXT, fmt, ap);
    r->n_facts++;
}

void
att_fact(struct att_result *r, const char *name, enum att_outcome o,
         const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fact_v(r, name, o, fmt, ap);
    va_end(ap);
}

void
att_line(struct att_result *r, enum att_section s, const char *fmt, ...)
{
    va_list ap;

    if (r->n_lines[s] == ATT_LINES_MAX)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(r->line[s][r->n_lines[s]], ATT_FACT_TEXT, fmt, ap);
    va_end(ap);
    r->n_lines[s]++;
}

/* refused > could not appraise > simulated > verified */
static int
gravity(enum att_verdict v)
{
    switch (v) {
    case ATT_VERIFIED:
        return 0;
    case ATT_SIMULATED:
        return 1;
    case ATT_NOT_APPRAISED:
        return 2;
    case ATT_REFUSED:
    default:
        return 3;
    }
}

void
att_break(struct att_result *r, enum att_verdict v, enum tee_err reason,
          const char *fact, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fact_v(r, fact, v == ATT_REFUSED ? ATT_FAILED : ATT_NOT_CHECKED, fmt, ap);
    va_end(ap);
    if (gravity(v) <= gravity(r->verdict))
        return;
    r->verdict = v;
    r->reason = reason;
    va_start(ap, fmt);
    (void)vsnprintf(r->text, sizeof(r->text), fmt, ap);
    va_end(ap);
}

static const char *
outcome_word(enum att_outcome o)
{
    switch (o) {
    case ATT_PASSED:
        return "passed";
    case ATT_NOT_CHECKED:
        return "not-checked";
    case ATT_FAILED:
    default:
        return "failed";
    }
}

static void
put_facts(const struct att_result *r, struct tee_buf *b)
{
    size_t i;

    tee_buf_text(b, ",\"facts\":[");
    for (i = 0; i < r->n_facts; i++) {
        tee_buf_text(b, i > 0 ? ",{" : "{");
        att_put_text(b, "name", tee_bytes_of(r->fact[i].name));
        att_put_text(b, "outcome",
                     tee_bytes_of(outcome_word(r->fact[i].outcome)));
        att_put_text(b, "text", tee_bytes_of(r->fact[i].text));
        tee_buf_u8(b, '}');
    }
    tee_buf_u8(b, ']');
}

static void
put_lines(const struct att_result *r, enum att_section s, const char *name,
          struct tee_buf *b)
{
    size_t i;

    tee_buf_printf(b, ",\"%s\":[", name);
    for (i = 0; i < r->n_lines[s]; i++) {
        if (i > 0)
            tee_buf_u8(b, ',');
        tee_json_string(b, tee_bytes_of(r->line[s][i]));
    }
    tee_buf_u8(b, ']');
}

static void
put_result(const struct att_result *r, struct tee_buf *b)
{
    tee_buf_u8(b, '{');
    att_put_text(b, "verdict", tee_bytes_of(att_verdict_word(r->verdict)));
    att_put_text(
        b, "reason",
        tee_bytes_of(r->reason == TEE_OK ? "" : tee_err_name(r->reason)));
    att_put_text(b, "text", tee_bytes_of(r->text));
    put_facts(r, b);
    tee_buf_printf(b, ",\"claims\":%s", r->claims_json);
    put_lines(r, ATT_PROVES, "proves", b);
    put_lines(r, ATT_TRUSTS, "trusts", b);
    put_lines(r, ATT_DOES_NOT_PROVE, "does_not_prove", b);
    tee_buf_u8(b, '}');
}

/* The buffer's text as a string of its own. */
static enum tee_err
steal(struct tee_buf *b, char **ret)
{
    uint8_t *p = NULL;
    size_t n;
    enum tee_err err = tee_buf_steal(b, &p, &n);

    if (err == TEE_OK)
        *ret = (char *)p;
    tee_buf_clear(b);
    return err;
}

enum tee_err
att_result_render(struct att_result *r)
{
    struct tee_buf b;
    enum tee_err err;

    tee_buf_init(&b, JSON_MAX);
    att_claims_write(&r->claims, &b);
    err = steal(&b, &r->claims_json);
    if (err != TEE_OK)
        return err;
    put_result(r, &b);
    return steal(&b, &r->json);
}
