#include <stdio.h>
#include <string.h>

#include "tests/attest/keys.h"
#include "tests/attest/kit.h"
#include "tests/attest/suites.h"

static enum tee_err
collect(struct kit *k, struct tee_fault *f)
{
    enum tee_err err;

    f->text[0] = '\0';
    err = att_collect(&k->req, &k->c, f);
    CU_ASSERT((err == TEE_OK) == (f->text[0] == '\0'));
    return err;
}

/* What the field of the answer must be, made from its parts. */
static void
check_field(const struct kit *k, bool b, bool s)
{
    struct att_sim sim;
    uint8_t want[64] = { 0 };

    if (b)
        CU_ASSERT_EQUAL(tee_binding_hash(k->req.did, k->req.challenge,
                                         k->req.nonce, test_hex(KIT_K1_HASH).p,
                                         want),
                        TEE_OK);
    if (s)
        tee_sha256(tee_buf_view(&k->c.statement), want + 32);
    CU_ASSERT_EQUAL(k->c.report_data_len, 64);
    CU_ASSERT_EQUAL(memcmp(k->c.report_data, want, 64), 0);
    CU_ASSERT_EQUAL(k->c.blobs.n, 1);
    CU_ASSERT_EQUAL(k->c.endorsements.n, 0);
    CU_ASSERT_EQUAL(att_sim_verify(k->c.blobs.v[0].data, &sim, NULL), TEE_OK);
    CU_ASSERT_EQUAL(memcmp(sim.field, want, 64), 0);
    CU_ASSERT_STRING_EQUAL(k->c.platform, "simulated");
}

static void
test_bindings(void)
{
    static const struct {
        const char *binding;
        bool b, s;
    } rows[] = { { NULL, false, true },
                 { "tee-v1", true, true },
                 { "session", false, true },
                 { "agt-v1", true, false } };
    struct tee_fault f;
    static struct kit k;
    size_t i;

    for (i = 0; i < TEE_LEN(rows); i++) {
        kit_request(&k, rows[i].binding);
        CU_ASSERT_EQUAL(collect(&k, &f), TEE_OK);
        check_field(&k, rows[i].b, rows[i].s);
        CU_ASSERT((k.c.statement.len > 0) == rows[i].s);
        kit_clear(&k);
    }
}

static void
test_statement(void)
{
    struct att_statement s;
    struct tee_fault f;
    static struct kit k;

    kit_request(&k, "tee-v1");
    CU_ASSERT_EQUAL(collect(&k, &f), TEE_OK);
    CU_ASSERT_EQUAL(att_statement_parse(tee_buf_view(&k.c.statement), &s, NULL),
                    TEE_OK);
    CU_ASSERT_STRING_EQUAL(s.key_type, "ed25519");
    CU_ASSERT_EQUAL(memcmp(s.key_sha256, test_hex(KIT_K1_HASH).p, 32), 0);
    CU_ASSERT_STRING_EQUAL(s.seal_root, "simulated");
    CU_ASSERT_STRING_EQUAL(s.did, KIT_DID);
    kit_clear(&k);
}

/* Every other platform says so, in words; none is tried in its place. */
static void
test_platforms(void)
{
    static const char *const others[] = { "auto",          "amd-sev-snp",
                                          "intel-tdx",     "azure-cvm-sev-snp",
                                          "azure-cvm-tdx", "tpm2",
                                          "aws-nitro" };
    struct tee_fault f;
    static struct kit k;
    size_t i;

    for (i = 0; i < TEE_LEN(others); i++) {
        kit_request(&k, "tee-v1");
        k.req.platform = others[i];
        CU_ASSERT_EQUAL(collect(&k, &f), TEE_E_UNSUPPORTED);
        CU_ASSERT_PTR_NOT_NULL(strstr(f.text, others[i]));
        CU_ASSERT_EQUAL(strncmp(f.text, "unsupported: ", 13), 0);
        kit_clear(&k);
    }
    kit_request(&k, "tee-v1");
    k.req.platform = "";
    CU_ASSERT_EQUAL(collect(&k, &f), TEE_E_ARG);
    k.req.platform = "mock";
    CU_ASSERT_EQUAL(collect(&k, &f), TEE_E_ARG);
    kit_clear(&k);
}

static void
test_local_is_prohibited(void)
{
    struct tee_fault f;
    static struct kit k;

    kit_request(&k, "tee-v1");
    k.req.statement.origin = ATT_LOCAL;
    CU_ASSERT_EQUAL(collect(&k, &f), TEE_E_PROHIBITED);
    kit_request(&k, "agt-v1"); /* without a statement too */
    k.req.statement.origin = ATT_LOCAL;
    CU_ASSERT_EQUAL(collect(&k, &f), TEE_E_PROHIBITED);
    kit_clear(&k);
}

static void
test_refusals(void)
{
    static const char *const later[] = { "am-manifest", "am-runtime",
                                         "tresor-spki", "raw" };
    struct tee_fault f;
    static struct kit k;
    size_t i;

    for (i = 0; i < TEE_LEN(later); i++) {
        kit_request(&k, later[i]);
        CU_ASSERT_EQUAL(collect(&k, &f), TEE_E_UNSUPPORTED);
    }
    kit_request(&k, "tee-v2");
    CU_ASSERT_EQUAL(collect(&k, &f), TEE_E_ARG);
    kit_request(&k, "tee-v1");
    k.req.sim_root = NULL;
    CU_ASSERT_EQUAL(collect(&k, &f), TEE_E_ARG);
    kit_request(&k, "tee-v1");
    k.req.nonce = TEE_STR("");
    CU_ASSERT_EQUAL(collect(&k, &f), TEE_E_ARG);
    kit_request(&k, "tee-v1");
    k.req.challenge = TEE_STR("");
    CU_ASSERT_EQUAL(collect(&k, &f), TEE_E_ARG);
    kit_request(&k, "tee-v1");
    k.req.did = TEE_STR("");
    CU_ASSERT_EQUAL(collect(&k, &f), TEE_E_ARG);
    kit_request(&k, "tee-v1");
    k.req.input = TEE_STR("x");
    CU_ASSERT_EQUAL(collect(&k, &f), TEE_E_ARG);
    kit_request(&k, "agt-v1");
    k.req.challenge = k.req.nonce = TEE_STR("");
    CU_ASSERT_EQUAL(collect(&k, &f), TEE_E_ARG);
    kit_request(&k, "tee-v1");
    SET(k.req.statement.key_type, "ec-p256");
    CU_ASSERT_EQUAL(collect(&k, &f), TEE_E_ARG);
    kit_request(&k, "tee-v1");
    k.req.statement.origin = ATT_SKR;
    CU_ASSERT_EQUAL(collect(&k, &f), TEE_E_ARG);
    kit_request(&k, "tee-v1");
    k.req.statement.version[0] = '\0';
    CU_ASSERT_EQUAL(collect(&k, &f), TEE_E_ARG);
    kit_request(&k, "tee-v1");
    k.req.spki = test_hex(foreign_keys[0].spki);
    CU_ASSERT_EQUAL(collect(&k, &f), TEE_E_KEY_TYPE);
    CU_ASSERT_EQUAL(k.c.store.len, 0);
    CU_ASSERT_PTR_NULL(k.c.store.p);
}

/* Evidence is about keys of every type of the statement. */
static void
test_key_types(void)
{
    struct att_statement s;
    struct tee_fault f;
    static struct kit k;
    size_t i;

    for (i = 0; i < TEE_LEN(good_keys); i++) {
        kit_request(&k, "tee-v1");
        k.req.spki = test_hex(good_keys[i].spki);
        CU_ASSERT_EQUAL(collect(&k, &f), TEE_OK);
        CU_ASSERT_EQUAL(
            att_statement_parse(tee_buf_view(&k.c.statement), &s, NULL),
            TEE_OK);
        CU_ASSERT_STRING_EQUAL(s.key_type, good_keys[i].word);
        kit_clear(&k);
    }
}

static const struct test tests[] = {
    { "each binding fills the field as it should", test_bindings },
    { "the statement is completed with the key", test_statement },
    { "platforms that can't be collected say so", test_platforms },
    { "nothing is collected about a local key", test_local_is_prohibited },
    { "requests that make no sense are refused", test_refusals },
    { "every key type has its statement", test_key_types },
    { NULL, NULL }
};
const struct suite suite_collect = { "collect", tests };
