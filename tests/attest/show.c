#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "tests/attest/kit.h"
#include "tests/attest/suites.h"

/* Shown, and strict JSON; NULL: malformed. */
static cJSON *
show(struct tee_bytes v)
{
    char *text = NULL;
    cJSON *json = NULL;

    if (att_show(v.p, v.len, &text) != ATT_OK) {
        CU_ASSERT_PTR_NULL(text);
        return NULL;
    }
    CU_ASSERT_EQUAL(
        tee_json_parse(tee_bytes_of(text), (size_t)8 << 20, &json, NULL),
        TEE_OK);
    CU_ASSERT_EQUAL(strncmp(text, "{\"kind\":", 8), 0);
    CU_ASSERT(cJSON_IsFalse(att_member(json, "verified")));
    free(text);
    return json;
}

static bool
is(const cJSON *o, const char *name, const char *want)
{
    struct tee_bytes v;

    return att_text(o, name, &v) && tee_bytes_equal(v, tee_bytes_of(want));
}

static void
test_bundle(void)
{
    const cJSON *e;
    static struct kit k;
    cJSON *v;

    kit_make(&k, "session", k.root);
    v = show(tee_buf_view(&k.json));
    CU_ASSERT(is(v, "kind", "bundle"));
    CU_ASSERT(is(v, "platform", "simulated"));
    CU_ASSERT(is(att_member(v, "binding"), "nonce", KIT_NONCE));
    CU_ASSERT(is(att_member(v, "statement"), "origin", "tee_generated"));
    CU_ASSERT(is(att_member(v, "public_key"), "type", "ed25519"));
    CU_ASSERT(
        cJSON_IsTrue(att_member(att_member(v, "session"), "exporter_used")));
    e = att_member(v, "evidence");
    CU_ASSERT_EQUAL(cJSON_GetArraySize(e), 1);
    CU_ASSERT(is(e->child, "name", "simulated"));
    CU_ASSERT(cJSON_IsObject(att_member(e->child, "simulated")));
    cJSON_Delete(v);
    kit_clear(&k);
}

static void
test_parts(void)
{
    static struct kit k;
    cJSON *v;

    kit_make(&k, "tee-v1", NULL);
    v = show(k.b.statement);
    CU_ASSERT(is(v, "kind", "statement"));
    CU_ASSERT(is(att_member(v, "statement"), "did", KIT_DID));
    cJSON_Delete(v);
    v = show(k.b.blobs.v[0].data);
    CU_ASSERT(is(v, "kind", "simulated-evidence"));
    CU_ASSERT(cJSON_IsString(att_member(v, "field_s")));
    cJSON_Delete(v);
    /* shown although its statement is none */
    k.b.statement = TEE_STR("{\"v\": 1}");
    kit_sign(&k, NULL);
    v = show(tee_buf_view(&k.json));
    CU_ASSERT(is(v, "kind", "bundle"));
    CU_ASSERT(cJSON_IsNull(att_member(v, "statement")));
    cJSON_Delete(v);
    kit_clear(&k);
}

static void
test_malformed(void)
{
    static const char *const bad[] = { "", "x", "{}", "[]",
                                       "TEE-PKCS11-SIMULATED-EVIDENCE/v1\n" };
    size_t i;

    for (i = 0; i < TEE_LEN(bad); i++)
        CU_ASSERT_PTR_NULL(show(tee_bytes_of(bad[i])));
}

static const struct test tests[] = {
    { "a bundle is shown with what is in it", test_bundle },
    { "a statement and simulated evidence are shown", test_parts },
    { "what is none of them is malformed", test_malformed },
    { NULL, NULL }
};
const struct suite suite_show = { "show", tests };
