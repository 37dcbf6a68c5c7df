/*
 * Evidence as somebody sends it: bundle, statement or simulated blob.  What
 * the readers take, the writers give back; whatever it is, the verdict is
 * never `verified`, no key is ever bound to a TEE, and the result is JSON.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define TEE_ATTEST_INTERNAL
#include "attest/att.h"
#include "tests/fuzz/fuzz.h"

#define NOW 1767312000 /* 2026-01-02T00:00:00Z */

static void
is_json(const char *text)
{
    cJSON *v = NULL;

    FUZZ_MUST(tee_json_parse(tee_bytes_of(text), (size_t)16 << 20, &v, NULL) ==
              TEE_OK);
    cJSON_Delete(v);
}

static void
judge(struct tee_bytes in)
{
    att_options *o = att_options_new();
    att_result *r = NULL;

    if (o == NULL)
        return;
    att_options_now(o, NOW);
    att_options_stale_ok(o, 1);
    FUZZ_MUST(att_verify(in.p, in.len, o, &r) == ATT_OK);
    FUZZ_MUST(att_result_verdict(r) != ATT_VERIFIED);
    FUZZ_MUST(att_result_reason(r)[0] != '\0');
    FUZZ_MUST(strstr(att_result_claims(r), "\"key_bound_to_tee\":false") !=
              NULL);
    FUZZ_MUST(strstr(att_result_claims(r), "\"platform_verified\":false") !=
              NULL);
    is_json(att_result_json(r));
    att_result_free(r);
    att_options_free(o);
}

/* A bundle that could be written is written as it was read. */
static void
bundle(struct tee_bytes in)
{
    struct att_bundle b, again;
    struct tee_buf once, twice;

    memset(&b, 7, sizeof(b));
    if (att_bundle_parse(in, &b, NULL) != TEE_OK) {
        FUZZ_MUST(b.created == 0x0707070707070707);
        return;
    }
    tee_buf_init(&once, ATT_BUNDLE_MAX);
    tee_buf_init(&twice, ATT_BUNDLE_MAX);
    if (att_bundle_write(&b, &once) == TEE_OK) { /* pop, and a key of ours */
        FUZZ_MUST(att_bundle_parse(tee_buf_view(&once), &again, NULL) ==
                  TEE_OK);
        FUZZ_MUST(att_bundle_write(&again, &twice) == TEE_OK);
        FUZZ_MUST(tee_bytes_equal(tee_buf_view(&once), tee_buf_view(&twice)));
        att_bundle_clear(&again);
    }
    tee_buf_clear(&once);
    tee_buf_clear(&twice);
    att_bundle_clear(&b);
}

static void
statement(struct tee_bytes in)
{
    struct att_statement s;
    struct tee_buf b;

    if (att_statement_parse(in, &s, NULL) != TEE_OK)
        return;
    tee_buf_init(&b, ATT_STATEMENT_MAX);
    FUZZ_MUST(att_statement_write(&s, &b) == TEE_OK);
    FUZZ_MUST(tee_bytes_equal(in, tee_buf_view(&b)));
    tee_buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct tee_bytes in = { p, n };
    struct att_sim sim;
    char *text = NULL;

    bundle(in);
    statement(in);
    FUZZ_MUST(att_sim_parse(in, &sim, NULL) != TEE_OK || n == ATT_SIM_LEN);
    (void)att_key_type(in);
    judge(in);
    if (att_show(p, n, &text) == ATT_OK) {
        is_json(text);
        free(text);
    }
    return 0;
}
