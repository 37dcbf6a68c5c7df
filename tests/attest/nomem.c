/* Each allocation fails in turn: TEE_E_NOMEM, nothing lost, nothing half. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "tests/attest/kit.h"
#include "tests/attest/suites.h"
#include "tests/support/alloc.h"

static struct kit kit;

static enum tee_err
err_of(enum att_status st)
{
    CU_ASSERT(st == ATT_OK || st == ATT_E_NOMEM);
    return st == ATT_OK ? TEE_OK : TEE_E_NOMEM;
}

static enum tee_err
run_json(void *arg)
{
    const struct tee_bytes *text = arg;
    struct tee_buf b;
    cJSON *v = NULL;
    enum tee_err err = tee_json_parse(*text, 1 << 20, &v, NULL);

    tee_buf_init(&b, 1 << 20);
    if (err == TEE_OK)
        err = tee_json_canon(v, &b);
    cJSON_Delete(v);
    tee_buf_clear(&b);
    return err;
}

static enum tee_err
run_collect(void *arg)
{
    struct att_collected c;
    enum tee_err err = att_collect(arg, &c, NULL);

    if (err == TEE_OK)
        att_collected_clear(&c);
    return err;
}

static enum tee_err
run_write(void *arg)
{
    struct tee_buf b;
    enum tee_err err;

    tee_buf_init(&b, ATT_BUNDLE_MAX);
    err = att_bundle_write(arg, &b);
    tee_buf_clear(&b);
    return err;
}

static enum tee_err
run_parse(void *arg)
{
    const struct tee_bytes *text = arg;
    struct att_bundle b;
    enum tee_err err = att_bundle_parse(*text, &b, NULL);

    if (err == TEE_OK)
        att_bundle_clear(&b);
    return err;
}

static enum tee_err
run_statement(void *arg)
{
    const struct tee_bytes *text = arg;

    return att_statement_parse(*text, NULL, NULL);
}

static enum tee_err
run_verify(void *arg)
{
    const struct tee_bytes *text = arg;
    att_options *o = att_options_new();
    att_result *r = NULL;
    enum att_status st;

    if (o == NULL)
        return TEE_E_NOMEM;
    att_options_now(o, KIT_NOW);
    st = att_options_challenge(o, KIT_DID, KIT_CHALLENGE, KIT_NONCE);
    if (st == ATT_OK)
        st = att_options_expect_key(o, kit.spki, sizeof(kit.spki));
    if (st == ATT_OK)
        st = att_verify(text->p, text->len, o, &r);
    if (st == ATT_OK)
        CU_ASSERT_EQUAL(att_result_verdict(r), ATT_SIMULATED);
    att_result_free(r);
    att_options_free(o);
    return err_of(st);
}

static enum tee_err
run_show(void *arg)
{
    const struct tee_bytes *text = arg;
    char *json = NULL;
    enum att_status st = att_show(text->p, text->len, &json);

    free(json);
    return err_of(st);
}

static enum tee_err
run_policy(void *arg)
{
    static const char policy[] = "{\"schema\":\"tee-pkcs11.policy/v1\","
                                 "\"require\":{\"key_origin\":[\"skr\"]}}";
    static const char claims[] = "{\"key_origin\":\"skr\"}";
    att_policy *p = NULL;
    enum att_status st;
    int allow = 1;

    (void)arg;
    st = att_policy_parse((const uint8_t *)policy, sizeof(policy) - 1, &p, NULL,
                          0);
    if (st == ATT_OK) {
        st = att_policy_check(p, (const uint8_t *)claims, sizeof(claims) - 1,
                              KIT_NOW, &allow, NULL, 0);
        CU_ASSERT_EQUAL(allow, 0);
    }
    att_policy_free(p);
    return err_of(st);
}

static void *
counted(size_t n)
{
    return malloc(n); /* of this program, so that it is counted */
}

/* cJSON is a shared library: its allocations are counted through its hooks. */
static void
test_all(void)
{
    cJSON_Hooks hooks = { counted, free };
    struct tee_bytes json = TEE_STR("{\"b\":[1,\"x\",{}],\"a\":null}");
    struct tee_bytes bundle, statement;

    kit_make(&kit, "session", NULL);
    bundle = tee_buf_view(&kit.json);
    statement = kit.b.statement;
    cJSON_InitHooks(&hooks);
    CU_ASSERT(alloc_torture(run_json, &json) > 10);
    CU_ASSERT(alloc_torture(run_collect, &kit.req) > 5);
    CU_ASSERT(alloc_torture(run_write, &kit.b) > 2);
    CU_ASSERT(alloc_torture(run_parse, &bundle) > 20);
    CU_ASSERT(alloc_torture(run_statement, &statement) > 20);
    CU_ASSERT(alloc_torture(run_verify, &bundle) > 50);
    CU_ASSERT(alloc_torture(run_policy, NULL) > 10);
    cJSON_InitHooks(NULL);
    kit_clear(&kit);
}

/* What show can't read for want of memory it must not call malformed. */
static void
test_show(void)
{
    cJSON_Hooks hooks = { counted, free };
    struct tee_bytes bundle;

    kit_make(&kit, "tee-v1", NULL);
    bundle = tee_buf_view(&kit.json);
    cJSON_InitHooks(&hooks);
    CU_ASSERT(alloc_torture(run_show, &bundle) > 20);
    cJSON_InitHooks(NULL);
    kit_clear(&kit);
}

static const struct test tests[] = {
    { "every failed allocation is an error of its own", test_all },
    { "show tells no memory from malformed", test_show },
    { NULL, NULL }
};
const struct suite suite_nomem = { "nomem", tests };
