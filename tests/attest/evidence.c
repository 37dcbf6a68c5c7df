#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/attest/kit.h"
#include "tests/attest/suites.h"

static enum tee_err
parse(const char *text, struct att_bundle *ret)
{
    struct tee_fault f = { .text = "" };
    enum tee_err err = att_bundle_parse(tee_bytes_of(text), ret, &f);

    CU_ASSERT((err == TEE_OK) == (f.text[0] == '\0'));
    return err;
}

static bool
same(const struct att_bundle *a, const struct att_bundle *b)
{
    size_t i;

    if (a->blobs.n != b->blobs.n || a->endorsements.n != b->endorsements.n)
        return false;
    for (i = 0; i < a->blobs.n; i++) {
        if (!tee_bytes_equal(a->blobs.v[i].name, b->blobs.v[i].name) ||
            !tee_bytes_equal(a->blobs.v[i].data, b->blobs.v[i].data))
            return false;
    }
    for (i = 0; i < a->endorsements.n; i++) {
        if (!tee_bytes_equal(a->endorsements.v[i].data,
                             b->endorsements.v[i].data))
            return false;
    }
    return tee_bytes_equal(a->platform, b->platform) &&
           tee_bytes_equal(a->binding, b->binding) &&
           tee_bytes_equal(a->did, b->did) &&
           tee_bytes_equal(a->challenge, b->challenge) &&
           tee_bytes_equal(a->nonce, b->nonce) &&
           tee_bytes_equal(a->input, b->input) &&
           tee_bytes_equal(a->statement, b->statement) &&
           tee_bytes_equal(a->spki, b->spki) &&
           tee_bytes_equal(a->pop, b->pop) &&
           tee_bytes_equal(a->token, b->token) &&
           tee_bytes_equal(a->session_sig, b->session_sig) &&
           a->exporter_used == b->exporter_used && a->created == b->created;
}

/* Written, read, written: the same fields, and the same canonical bytes. */
static void
check_round(const struct att_bundle *b)
{
    struct att_bundle back;
    struct tee_buf json, again, canon;
    cJSON *v = NULL;

    tee_buf_init(&json, ATT_BUNDLE_MAX);
    tee_buf_init(&again, ATT_BUNDLE_MAX);
    tee_buf_init(&canon, ATT_BUNDLE_MAX);
    CU_ASSERT_EQUAL_FATAL(att_bundle_write(b, &json), TEE_OK);
    CU_ASSERT_EQUAL_FATAL(att_bundle_parse(tee_buf_view(&json), &back, NULL),
                          TEE_OK);
    CU_ASSERT(same(b, &back));
    CU_ASSERT_STRING_EQUAL(
        "ed25519", back.key_type.len == 7 ? "ed25519" : "another length");
    CU_ASSERT_EQUAL(att_bundle_write(&back, &again), TEE_OK);
    CU_ASSERT(tee_bytes_equal(tee_buf_view(&json), tee_buf_view(&again)));
    CU_ASSERT_EQUAL(
        tee_json_parse(tee_buf_view(&json), ATT_BUNDLE_MAX, &v, NULL), TEE_OK);
    CU_ASSERT_EQUAL(tee_json_canon(v, &canon), TEE_OK);
    CU_ASSERT(tee_bytes_equal(tee_buf_view(&json), tee_buf_view(&canon)));
    cJSON_Delete(v);
    att_bundle_clear(&back);
    tee_buf_clear(&json);
    tee_buf_clear(&again);
    tee_buf_clear(&canon);
}

static void
test_round(void)
{
    static const char *const bindings[] = { NULL, "tee-v1", "agt-v1",
                                            "session" };
    static struct kit k;
    size_t i;

    for (i = 0; i < TEE_LEN(bindings); i++) {
        kit_make(&k, bindings[i], i == 3 ? k.root : NULL);
        check_round(&k.b);
        kit_clear(&k);
    }
}

/* What no simulated bundle has, but other platforms' bundles will. */
static void
test_round_full(void)
{
    static const char *const inputs[] = { "am-manifest", "am-runtime",
                                          "tresor-spki", "raw" };
    static struct kit k;
    size_t i;

    kit_make(&k, "tee-v1", NULL);
    k.b.platform = TEE_STR("amd-sev-snp");
    k.b.did = TEE_STR("did:mesh:\xc3\xa9\"\\\n");
    k.b.blobs.n = 3;
    k.b.blobs.v[0] = (struct tee_blob){ TEE_STR("event_log"), TEE_STR("\0\1") };
    k.b.blobs.v[1] = (struct tee_blob){ TEE_STR("report"), TEE_STR("r") };
    k.b.blobs.v[2] = (struct tee_blob){ TEE_STR("report_2"), TEE_STR("rr") };
    k.b.endorsements.n = 2;
    k.b.endorsements.v[0].data = TEE_STR("-----BEGIN CERTIFICATE-----\n");
    k.b.endorsements.v[1].data = TEE_STR("x");
    k.b.token = TEE_STR("a.b.c");
    check_round(&k.b);
    for (i = 0; i < TEE_LEN(inputs); i++) {
        k.b.binding = tee_bytes_of(inputs[i]);
        k.b.statement = TEE_STR("");
        k.b.input = TEE_STR("\0\xff input");
        check_round(&k.b);
    }
    kit_clear(&k);
}

/* The members of a bundle and of what is in it, and no others. */
static void
test_shape(void)
{
    static const char want[] =
        "{\"binding\":{\"challenge\":\"c\",\"did\":\"d\",\"nonce\":\"n\","
        "\"type\":\"session\"},\"created\":\"2026-01-02T00:00:00Z\","
        "\"evidence\":{\"simulated\":\"AQI=\"},\"platform\":\"simulated\","
        "\"pop\":\"cG9w\",\"public_key\":{\"spki\":\"MCowBQYDK2VwAyEA11qYAYKxCr"
        "fVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\",\"type\":\"ed25519\"},"
        "\"schema\":\"tee-pkcs11.evidence/v1\",\"session\":{\"exporter_used\":"
        "true,\"signature\":\"c2ln\"},\"statement\":\"e30=\"}";
    static struct kit k;
    struct tee_buf json;

    kit_request(&k, "session");
    k.b = (struct att_bundle){ .platform = TEE_STR("simulated"),
                               .binding = TEE_STR("session"),
                               .did = TEE_STR("d"),
                               .challenge = TEE_STR("c"),
                               .nonce = TEE_STR("n"),
                               .statement = TEE_STR("{}"),
                               .spki = k.req.spki,
                               .pop = TEE_STR("pop"),
                               .session_sig = TEE_STR("sig"),
                               .exporter_used = true,
                               .created = KIT_NOW };
    k.b.blobs.n = 1;
    k.b.blobs.v[0] = (struct tee_blob){ TEE_STR("simulated"), TEE_STR("\1\2") };
    tee_buf_init(&json, ATT_BUNDLE_MAX);
    CU_ASSERT_EQUAL(att_bundle_write(&k.b, &json), TEE_OK);
    CU_ASSERT(tee_bytes_equal(tee_buf_view(&json), TEE_STR(want)));
    tee_buf_clear(&json);
    kit_clear(&k);
}

/* Order, white space and blobs in another order are the reader's to take. */
static void
test_tolerance(void)
{
    static const char text[] =
        " { \"schema\" : \"tee-pkcs11.evidence/v1\", \"evidence\": {\n"
        "\"report\":\"AQ==\", \"event_log\":\"Ag==\" },\n"
        "\"public_key\": {\"type\":\"ed25519\",\"spki\":\"AA==\"},"
        "\"created\":\"2026-01-02T00:00:00Z\",\"platform\":\"x\","
        "\"binding\":{\"type\":\"raw\",\"input\":\"AA==\"} } ";
    struct att_bundle b;

    CU_ASSERT_EQUAL_FATAL(parse(text, &b), TEE_OK);
    CU_ASSERT_EQUAL(b.blobs.n, 2);
    CU_ASSERT(tee_bytes_equal(b.blobs.v[0].name, TEE_STR("event_log")));
    CU_ASSERT(tee_bytes_equal(b.blobs.v[0].data, TEE_STR("\2")));
    CU_ASSERT(tee_bytes_equal(b.blobs.v[1].data, TEE_STR("\1")));
    CU_ASSERT_EQUAL(b.pop.len, 0); /* absent: the verifier says so */
    CU_ASSERT_EQUAL(b.created, KIT_NOW);
    att_bundle_clear(&b);
    CU_ASSERT_PTR_NULL(b.store.p);
}

struct edit {
    const char *from, *to;
};

/* On a session bundle with every member that it may have. */
static const struct edit edits[] = {
    { "\"schema\":\"tee-pkcs11.evidence/v1\",", "" },
    { "evidence/v1", "evidence/v2" },
    { "\"schema\":\"tee", "\"schema\":7,\"x\":\"tee" },
    { "{\"binding\"", "{\"x\":1,\"binding\"" },
    { "{\"binding\"", "{\"binding\":{},\"binding\"" },
    { "{\"binding\"", "[{\"binding\"" },
    { "{\"binding\":{", "{\"binding\":{\"x\":1," },
    { "\"type\":\"session\"", "\"type\":\"tee-v1\"" },
    { "\"type\":\"session\"", "\"type\":\"agt-v1\"" },
    { "\"type\":\"session\"", "\"type\":\"raw\"" },
    { "\"type\":\"session\"", "\"type\":\"tee-v2\"" },
    { "\"type\":\"session\"", "\"type\":\"\"" },
    { ",\"type\":\"session\"", "" },
    { "\"type\":\"session\"", "\"type\":\"session\",\"input\":\"AA==\"" },
    { "\"challenge\":\"" KIT_CHALLENGE "\",", "" },
    { "\"challenge\":\"" KIT_CHALLENGE "\"", "\"challenge\":\"\"" },
    { "\"challenge\":\"" KIT_CHALLENGE "\"", "\"challenge\":null" },
    { "\"did\":\"" KIT_DID "\",", "" },
    { "\"nonce\":\"" KIT_NONCE "\",", "" },
    { "\"nonce\":\"" KIT_NONCE "\"",
      "\"nonce\":\"" KIT_NONCE KIT_NONCE KIT_NONCE KIT_NONCE KIT_NONCE KIT_NONCE
          KIT_NONCE KIT_NONCE KIT_NONCE KIT_NONCE KIT_NONCE KIT_NONCE KIT_NONCE
              KIT_NONCE KIT_NONCE KIT_NONCE "x\"" },
    { "\"created\":\"2026-01-01T23:59:50Z\",", "" },
    { "2026-01-01T23:59:50Z", "2026-01-01 23:59:50Z" },
    { "2026-01-01T23:59:50Z", "2026-01-01T23:59:50" },
    { "\"created\":\"2026-01-01T23:59:50Z\"", "\"created\":1767312000" },
    { "\"platform\":\"simulated\",", "" },
    { "\"platform\":\"simulated\"", "\"platform\":\"\"" },
    { "\"platform\":\"simulated\"", "\"platform\":null" },
    { "\"platform\":\"simulated\"",
      "\"platform\":\"simulatedsimulatedsimulatedsimul\"" },
    { "\"evidence\":{\"simulated\"", "\"evidence\":{\"Simulated\"" },
    { "\"evidence\":{\"simulated\"", "\"evidence\":{\"\"" },
    { "\"evidence\":{\"simulated\"", "\"evidence\":{\"a-b\"" },
    { "\"evidence\":{\"simulated\"",
      "\"evidence\":{\"abcdefghijklmnopqrstuvwxyz0123456\"" },
    { "\"evidence\":{", "\"evidence\":{\"empty\":\"\"," },
    { "\"evidence\":{", "\"evidence\":{\"number\":5," },
    { "\"evidence\":{", "\"evidence\":{\"simulated\":\"AA==\"," },
    { "\"evidence\":{", "\"evidence\":{},\"x\":{" },
    { "\"evidence\":{", "\"evidence\":[],\"x\":{" },
    { "\"pop\":\"", "\"pop\":\"\",\"x\":\"" },
    { "\"pop\":\"", "\"pop\":\" " },
    { "\"pop\":\"", "\"pop\":\"\\n" },
    { "\"pop\":\"", "\"pop\":\"-" },
    { "\"pop\":\"", "\"pop\":\"AA==" },
    { "==\",\"public_key\"", "=\",\"public_key\"" },
    { "==\",\"public_key\"", "\",\"public_key\"" },
    { "\"public_key\":{", "\"public_key\":{\"x\":1," },
    { "\"public_key\":{\"spki\"", "\"public_key\":{\"der\"" },
    { ",\"type\":\"ed25519\"", "" },
    { "\"type\":\"ed25519\"", "\"type\":\"a-long-long-type\"" },
    { "\"session\":{", "\"session\":{\"x\":1," },
    { "\"exporter_used\":true", "\"exporter_used\":\"true\"" },
    { "\"exporter_used\":true", "\"exporter_used\":1" },
    { "\"exporter_used\":true,", "" },
    { "\"session\":{", "\"session\":null,\"x\":{" },
    { "\"signature\":\"", "\"signature\":\"\",\"x\":\"" },
    { "\"statement\":\"", "\"statement\":\"=" },
    { "\"statement\":\"", "\"statement\":null,\"x\":\"" },
    { "\"statement\":\"", "\"token\":\"\",\"statement\":\"" },
    { "\"statement\":\"", "\"token\":{},\"statement\":\"" },
    { "\"evidence\"", "\"endorsements\":[],\"evidence\"" },
    { "\"evidence\"", "\"endorsements\":[5],\"evidence\"" },
    { "\"evidence\"", "\"endorsements\":[\"\"],\"evidence\"" },
    { "\"evidence\"", "\"endorsements\":\"x\",\"evidence\"" },
};

static void
test_negatives(void)
{
    struct att_bundle b;
    static struct kit k;
    enum tee_err err;
    char *text;
    size_t i;

    kit_make(&k, "session", k.root);
    memset(&b, 7, sizeof(b));
    for (i = 0; i < TEE_LEN(edits); i++) {
        text = kit_edit(tee_buf_view(&k.json), edits[i].from, edits[i].to);
        err = parse(text, &b);
        CU_ASSERT(err == TEE_E_MALFORMED);
        if (err != TEE_E_MALFORMED)
            printf("    %s: %s -> %s\n", tee_err_name(err), edits[i].from,
                   edits[i].to);
        free(text);
    }
    CU_ASSERT_EQUAL(b.created, 0x0707070707070707); /* untouched */
    kit_clear(&k);
}

/* Only a session has a session, and only some bindings a statement. */
static void
test_binding_rules(void)
{
    struct att_bundle b;
    static struct kit k;
    char *text;

    kit_make(&k, "tee-v1", NULL);
    text = kit_edit(tee_buf_view(&k.json), "\"type\":\"tee-v1\"",
                    "\"type\":\"session\"");
    CU_ASSERT_EQUAL(parse(text, &b), TEE_E_MALFORMED);
    free(text);
    text = kit_edit(tee_buf_view(&k.json), "\"type\":\"tee-v1\"",
                    "\"type\":\"agt-v1\"");
    CU_ASSERT_EQUAL(parse(text, &b), TEE_E_MALFORMED);
    free(text);
    kit_clear(&k);
    kit_make(&k, "agt-v1", NULL);
    text = kit_edit(tee_buf_view(&k.json), "\"type\":\"agt-v1\"",
                    "\"type\":\"tee-v1\"");
    CU_ASSERT_EQUAL(parse(text, &b), TEE_E_MALFORMED);
    free(text);
    kit_clear(&k);
}

static void
test_write_refuses(void)
{
    static uint8_t big[(1 << 20) + 1];
    static struct att_bundle bad[12];
    struct tee_buf json;
    static struct kit k;
    size_t i;

    kit_make(&k, "tee-v1", NULL);
    for (i = 0; i < TEE_LEN(bad); i++)
        bad[i] = k.b;
    bad[0].pop = TEE_STR("");
    bad[1].platform = TEE_STR("");
    bad[2].binding = TEE_STR("tee");
    bad[3].statement = TEE_STR("");
    bad[4].key_type = TEE_STR("p256");
    bad[5].spki = TEE_STR("x");
    bad[6].blobs.n = 0;
    bad[7].blobs.v[0].data = (struct tee_bytes){ big, sizeof(big) };
    bad[8].blobs.n = 2; /* twice the same name */
    bad[8].blobs.v[1] = bad[8].blobs.v[0];
    bad[9].nonce = (struct tee_bytes){ big, ATT_NONCE_MAX + 1 };
    bad[10].input = TEE_STR("x");
    bad[11].did = TEE_STR("\xff");
    tee_buf_init(&json, ATT_BUNDLE_MAX);
    for (i = 0; i < TEE_LEN(bad); i++)
        CU_ASSERT_EQUAL(att_bundle_write(&bad[i], &json), TEE_E_ARG);
    bad[0] = k.b;
    bad[0].blobs.n = TEE_BLOBS_MAX + 1;
    CU_ASSERT_EQUAL(att_bundle_write(&bad[0], &json), TEE_E_ARG);
    bad[0] = k.b;
    bad[0].created = -62167219201;
    CU_ASSERT_EQUAL(att_bundle_write(&bad[0], &json), TEE_E_ARG);
    CU_ASSERT_EQUAL(json.len, 0);
    kit_clear(&k);
}

/* n blobs named a0, a1, ... */
static enum tee_err
parse_blobs(size_t n)
{
    struct tee_buf b;
    struct att_bundle v;
    enum tee_err err;
    size_t i;

    tee_buf_init(&b, ATT_BUNDLE_MAX);
    tee_buf_text(&b, "{\"schema\":\"tee-pkcs11.evidence/v1\",\"platform\":"
                     "\"x\",\"created\":\"2026-01-02T00:00:00Z\",\"public_key"
                     "\":{\"type\":\"ed25519\",\"spki\":\"AA==\"},\"binding\":{"
                     "\"type\":\"raw\",\"input\":\"AA==\"},\"evidence\":{");
    for (i = 0; i < n; i++)
        tee_buf_printf(&b, "%s\"a%zu\":\"AA==\"", i > 0 ? "," : "", i);
    tee_buf_text(&b, "}}");
    err = att_bundle_parse(tee_buf_view(&b), &v, NULL);
    if (err == TEE_OK) {
        CU_ASSERT_EQUAL(v.blobs.n, n);
        att_bundle_clear(&v);
    }
    tee_buf_clear(&b);
    return err;
}

static void
test_limits(void)
{
    struct att_bundle v;
    struct tee_buf b;
    static struct kit k;

    CU_ASSERT_EQUAL(parse_blobs(16), TEE_OK);
    CU_ASSERT_EQUAL(parse_blobs(17), TEE_E_TOOBIG);
    CU_ASSERT_EQUAL(parse_blobs(200), TEE_E_TOOBIG);
    kit_make(&k, "tee-v1", NULL);
    tee_buf_init(&b, ATT_BUNDLE_MAX + 1);
    tee_buf_bytes(&b, tee_buf_view(&k.json));
    while (b.len < ATT_BUNDLE_MAX)
        tee_buf_u8(&b, ' ');
    CU_ASSERT_EQUAL(att_bundle_parse(tee_buf_view(&b), &v, NULL), TEE_OK);
    att_bundle_clear(&v);
    tee_buf_u8(&b, ' ');
    CU_ASSERT_EQUAL(att_bundle_parse(tee_buf_view(&b), &v, NULL), TEE_E_TOOBIG);
    tee_buf_clear(&b);
    kit_clear(&k);
}

static void
test_every_prefix_is_refused(void)
{
    struct att_bundle b;
    static struct kit k;
    size_t n;

    kit_make(&k, "session", k.root);
    for (n = 0; n < k.json.len; n++)
        CU_ASSERT_EQUAL(
            att_bundle_parse((struct tee_bytes){ k.json.p, n }, &b, NULL),
            TEE_E_MALFORMED);
    kit_clear(&k);
}

static const struct test tests[] = {
    { "simulated bundles of each binding are read as written", test_round },
    { "bundles of other platforms are, too", test_round_full },
    { "a bundle has these members, and absent ones are left out", test_shape },
    { "order and white space are free", test_tolerance },
    { "each listed mistake is refused", test_negatives },
    { "members go with the binding that they belong to", test_binding_rules },
    { "what could not be read is not written", test_write_refuses },
    { "16 blobs and 3 MiB are read, more is not", test_limits },
    { "every prefix is refused", test_every_prefix_is_refused },
    { NULL, NULL }
};
const struct suite suite_evidence = { "evidence", tests };
