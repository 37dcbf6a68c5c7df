/* Bundles that somebody changed, cut, swapped or made up. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/attest/kit.h"
#include "tests/attest/suites.h"

/* The verdict over json with A2's question; *reason is a static word. */
static enum att_verdict
verdict(struct tee_bytes json, const char **reason)
{
    static char word[64];
    att_options *o = att_options_new();
    att_result *r = NULL;
    enum att_verdict v;

    if (o == NULL)
        abort();
    att_options_now(o, KIT_NOW);
    CU_ASSERT_EQUAL(att_options_challenge(o, KIT_DID, KIT_CHALLENGE, KIT_NONCE),
                    ATT_OK);
    CU_ASSERT_EQUAL_FATAL(att_verify(json.p, json.len, o, &r), ATT_OK);
    v = att_result_verdict(r);
    SET(word, att_result_reason(r));
    if (reason != NULL)
        *reason = word;
    CU_ASSERT(strstr(att_result_claims(r), "\"key_origin\":\"local\"") != NULL);
    att_result_free(r);
    att_options_free(o);
    return v;
}

static void
refused(struct tee_bytes json, const char *why)
{
    const char *reason;

    CU_ASSERT_EQUAL(verdict(json, &reason), ATT_REFUSED);
    CU_ASSERT_STRING_EQUAL(reason, why);
    if (strcmp(reason, why) != 0)
        printf("    %s, not %s\n", reason, why);
}

static void
refused_text(char *json, const char *why)
{
    refused(tee_bytes_of(json), why);
    free(json);
}

/* Replaces a base64 member with v. */
static void
refused_bytes(const struct kit *k, const char *member, struct tee_bytes v,
              const char *why)
{
    refused_text(kit_set(tee_buf_view(&k->json), member, kit_base64(v)), why);
}

/* ---- possession -------------------------------------------------------------
 */

static void
test_possession(void)
{
    struct tee_buf m;
    static struct kit k;
    uint8_t e[32], sig[64], pk[32], sk[64], seed[32] = { 9 };
    char *text;

    kit_make(&k, "tee-v1", NULL);
    CU_ASSERT_EQUAL(tee_evidence_digest(&k.b.blobs, e), TEE_OK);
    tee_buf_init(&m, 4096);
    /* absent (N24) */
    text = kit_edit(tee_buf_view(&k.json), "\"pop\":\"", "\"token\":\"");
    refused_text(text, "possession");
    /* over another nonce, over none, as hashed hex */
    tee_pop_message(&m, TEE_STR("another nonce"), e);
    (void)crypto_sign_detached(sig, NULL, m.p, m.len, k.sk);
    refused_bytes(&k, "pop", (struct tee_bytes){ sig, 64 }, "possession");
    tee_buf_clear(&m);
    tee_pop_message(&m, TEE_STR(""), e);
    (void)crypto_sign_detached(sig, NULL, m.p, m.len, k.sk);
    refused_bytes(&k, "pop", (struct tee_bytes){ sig, 64 }, "possession");
    tee_buf_clear(&m);
    /* over other evidence */
    tee_pop_message(&m, TEE_STR(KIT_NONCE), pk);
    (void)crypto_sign_detached(sig, NULL, m.p, m.len, k.sk);
    refused_bytes(&k, "pop", (struct tee_bytes){ sig, 64 }, "possession");
    tee_buf_clear(&m);
    /* by another key */
    (void)crypto_sign_seed_keypair(pk, sk, seed);
    tee_pop_message(&m, TEE_STR(KIT_NONCE), e);
    (void)crypto_sign_detached(sig, NULL, m.p, m.len, sk);
    refused_bytes(&k, "pop", (struct tee_bytes){ sig, 64 }, "possession");
    tee_buf_clear(&m);
    kit_clear(&k);
}

static void
test_every_bit_of_pop(void)
{
    static struct kit k;
    uint8_t sig[64];
    size_t i;

    kit_make(&k, "tee-v1", NULL);
    memcpy(sig, k.pop, sizeof(sig));
    for (i = 0; i < 8 * sizeof(sig); i++) {
        sig[i / 8] ^= (uint8_t)(1u << i % 8);
        refused_bytes(&k, "pop", (struct tee_bytes){ sig, 64 }, "possession");
        sig[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (i = 1; i < sizeof(sig); i++)
        refused_bytes(&k, "pop", (struct tee_bytes){ sig, i }, "possession");
    kit_clear(&k);
}

/* A signature by the same key over something else that it signs (K-T). */
static void
test_session_as_pop(void)
{
    char *text;
    static struct kit k;

    kit_make(&k, "session", NULL);
    refused_bytes(&k, "pop", (struct tee_bytes){ k.session, 64 }, "possession");
    refused_bytes(&k, "signature", (struct tee_bytes){ k.pop, 64 },
                  "possession");
    refused_text(kit_edit(tee_buf_view(&k.json), "\"pop\":\"", "\"token\":\""),
                 "possession");
    /* said to be tied to a connection: can't be checked without it */
    text = kit_edit(tee_buf_view(&k.json), "\"exporter_used\":false",
                    "\"exporter_used\":true");
    CU_ASSERT_EQUAL(verdict(tee_bytes_of(text), NULL), ATT_NOT_APPRAISED);
    free(text);
    kit_clear(&k);
}

/* ---- the statement
 * -------------------------------------------------------------
 */

/* Each bit: refused, since S is in the evidence. */
static void
test_every_bit_of_statement(void)
{
    static uint8_t text[ATT_STATEMENT_MAX];
    struct tee_bytes v;
    static struct kit k;
    size_t i;

    kit_make(&k, "tee-v1", NULL);
    v = (struct tee_bytes){ text, k.b.statement.len };
    memcpy(text, k.b.statement.p, v.len);
    for (i = 0; i < 8 * v.len; i++) {
        char *json;

        text[i / 8] ^= (uint8_t)(1u << i % 8);
        json = kit_set(tee_buf_view(&k.json), "statement", kit_base64(v));
        CU_ASSERT_EQUAL(verdict(tee_bytes_of(json), NULL), ATT_REFUSED);
        free(json);
        text[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    kit_clear(&k);
}

static void
test_other_statement(void)
{
    static struct kit k, other;
    char *text;

    kit_make(&k, "tee-v1", NULL);
    /* well formed, about this key, but not what was signed */
    kit_request(&other, "tee-v1");
    other.req.statement.created--;
    kit_collect(&other, NULL);
    refused_bytes(&k, "statement", other.b.statement, "report-data-mismatch");
    kit_clear(&other);
    /* signed, but about another key */
    text = kit_edit(k.b.statement, KIT_K1_HASH,
                    "0000000000000000000000000000000000000000000000000000000000"
                    "000000");
    refused_bytes(&k, "statement", tee_bytes_of(text), "spki-mismatch");
    free(text);
    text = kit_edit(k.b.statement, "\"v\":1", "\"v\":2");
    refused_bytes(&k, "statement", tee_bytes_of(text), "malformed");
    free(text);
    kit_clear(&k);
}

/* Signed as it stands, and wrong all the same. */
static void
test_signed_wrong_statements(void)
{
    static struct kit k;

    kit_request(&k, "tee-v1");
    SET(k.req.statement.did, "did:mesh:other");
    kit_collect(&k, NULL);
    refused(tee_buf_view(&k.json), "report-data-mismatch");
    kit_clear(&k);
    kit_request(&k, "tee-v1");
    k.req.statement.created = KIT_NOW + 121;
    kit_collect(&k, NULL);
    refused(tee_buf_view(&k.json), "not-yet-valid");
    kit_clear(&k);
    kit_request(&k, "tee-v1"); /* sealed to hardware, says a simulated one */
    SET(k.req.statement.seal_root, "amd-sev-snp");
    SET(k.req.statement.seal_mask, "000000000000003f");
    kit_collect(&k, NULL);
    refused(tee_buf_view(&k.json), "malformed");
    kit_clear(&k);
    kit_request(&k, "tee-v1"); /* ephemeral is fine */
    k.req.statement.seal_root[0] = '\0';
    kit_collect(&k, NULL);
    CU_ASSERT_EQUAL(verdict(tee_buf_view(&k.json), NULL), ATT_SIMULATED);
    kit_clear(&k);
}

/* ---- the field
 * ------------------------------------------------------------------
 */

/* Evidence over this field instead, signed with the same root and key. */
static void
with_field(struct kit *k, const uint8_t field[64])
{
    struct tee_buf blob;

    tee_buf_init(&blob, ATT_SIM_LEN);
    if (att_sim_write(k->root, field, &blob) != TEE_OK)
        abort();
    k->b.blobs.v[0].data = tee_buf_view(&blob);
    kit_sign(k, NULL);
    tee_buf_clear(&blob);
}

/* This statement instead, and the evidence signed over exactly that. */
static void
with_statement(struct kit *k, struct tee_bytes jcs)
{
    uint8_t field[64];

    memcpy(field, k->c.report_data, sizeof(field));
    tee_sha256(jcs, field + 32);
    k->b.statement = jcs;
    with_field(k, field);
}

/* Right hash, wrong type; released, says simulated evidence */
static void
test_claims_of_statement(void)
{
    static struct att_statement s;
    static struct kit k;
    struct tee_buf b;
    char *text;

    kit_make(&k, "tee-v1", NULL);
    text = kit_edit(k.b.statement, "ed25519", "ec-p256");
    with_statement(&k, tee_bytes_of(text));
    refused(tee_buf_view(&k.json), "spki-mismatch");
    free(text);
    CU_ASSERT_EQUAL(att_statement_parse(tee_buf_view(&k.c.statement), &s, NULL),
                    TEE_OK);
    s.origin = ATT_SKR;
    s.seal_root[0] = '\0';
    SET(s.release_kid, "https://h.managedhsm.azure.net/keys/a/1");
    SET(s.release_mode, "oct");
    tee_buf_init(&b, ATT_STATEMENT_MAX);
    CU_ASSERT_EQUAL(att_statement_write(&s, &b), TEE_OK);
    with_statement(&k, tee_buf_view(&b));
    refused(tee_buf_view(&k.json), "malformed");
    tee_buf_clear(&b);
    kit_clear(&k);
}

/* S || B; B || 0 (N24); 0 || S; B || B; a bit at each end */
static void
test_fields(void)
{
    uint8_t good[64], bad[7][64];
    static struct kit k;
    size_t i;

    kit_make(&k, "tee-v1", NULL);
    memcpy(good, k.c.report_data, sizeof(good));
    for (i = 0; i < TEE_LEN(bad); i++)
        memcpy(bad[i], good, sizeof(good));
    memcpy(bad[0], good + 32, 32);
    memcpy(bad[0] + 32, good, 32);
    memset(bad[1] + 32, 0, 32);
    memset(bad[2], 0, 32);
    memcpy(bad[3] + 32, good, 32);
    bad[4][0] ^= 0x80;
    bad[5][63] ^= 1;
    bad[6][32] ^= 1;
    for (i = 0; i < TEE_LEN(bad); i++) {
        with_field(&k, bad[i]);
        refused(tee_buf_view(&k.json), "report-data-mismatch");
    }
    with_field(&k, good);
    CU_ASSERT_EQUAL(verdict(tee_buf_view(&k.json), NULL), ATT_SIMULATED);
    kit_clear(&k);
    /* and a statement does not make agt-v1 more than it is */
    kit_make(&k, "agt-v1", NULL);
    with_field(&k, good);
    refused(tee_buf_view(&k.json), "report-data-mismatch");
    kit_clear(&k);
}

/* ---- the evidence
 * ------------------------------------------------------------------
 */

/* Any bit, pop signed anew each time: only the evidence's own signature and
 * field stand against it. */
static void
test_every_bit_of_evidence(void)
{
    uint8_t blob[ATT_SIM_LEN];
    const char *reason;
    static struct kit k;
    size_t i;

    kit_make(&k, "tee-v1", NULL);
    memcpy(blob, k.c.blobs.v[0].data.p, sizeof(blob));
    k.b.blobs.v[0].data = (struct tee_bytes){ blob, sizeof(blob) };
    for (i = 0; i < 8 * sizeof(blob); i++) {
        blob[i / 8] ^= (uint8_t)(1u << i % 8);
        kit_sign(&k, NULL);
        CU_ASSERT_EQUAL(verdict(tee_buf_view(&k.json), &reason), ATT_REFUSED);
        CU_ASSERT_STRING_EQUAL(reason,
                               i < 33 * 8 ? "malformed" : "signature-invalid");
        blob[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (i = 1; i < sizeof(blob); i++) {
        k.b.blobs.v[0].data.len = i;
        kit_sign(&k, NULL);
        refused(tee_buf_view(&k.json), i < 33 ? "malformed" : "truncated");
    }
    kit_clear(&k);
}

/* Changed without a new pop: possession breaks first. */
static void
test_evidence_without_key(void)
{
    uint8_t blob[ATT_SIM_LEN];
    static struct kit k;

    kit_make(&k, "tee-v1", NULL);
    memcpy(blob, k.c.blobs.v[0].data.p, sizeof(blob));
    blob[100] ^= 1;
    refused_bytes(&k, ATT_SIM_BLOB, (struct tee_bytes){ blob, sizeof(blob) },
                  "possession");
    kit_clear(&k);
}

/* Evidence of another challenge, or of another key, under this one's name. */
static void
test_swaps(void)
{
    uint8_t seed[32] = { 7 }, pk[32], sk[64], spki[44];
    static struct kit k, other;
    char *text, *twice;

    kit_make(&k, "tee-v1", NULL);
    kit_request(&other, "tee-v1");
    other.req.nonce = TEE_STR("another nonce");
    kit_collect(&other, NULL);
    k.b.blobs = other.b.blobs;
    kit_sign(&k, NULL);
    refused(tee_buf_view(&k.json), "report-data-mismatch");
    /* the bundle of the other challenge as this one's answer */
    text = kit_set(tee_buf_view(&other.json), "nonce", KIT_NONCE);
    refused_text(text, "possession");
    kit_clear(&other);
    kit_clear(&k);
    /* another public key over the same evidence */
    kit_make(&k, "tee-v1", NULL);
    (void)crypto_sign_seed_keypair(pk, sk, seed);
    kit_spki(pk, spki);
    refused_bytes(&k, "spki", (struct tee_bytes){ spki, 44 }, "spki-mismatch");
    text = kit_set(tee_buf_view(&k.json), "spki",
                   kit_base64((struct tee_bytes){ spki, 44 }));
    twice = kit_edit(tee_bytes_of(text), "\"type\":\"ed25519\"",
                     "\"type\":\"ec-p256\"");
    refused_text(twice, "spki-mismatch");
    free(text);
    kit_clear(&k);
}

/* N23 in a whole bundle: a small-order key, and the signature that OpenSSL
 * takes for it, as pop. */
static void
test_small_order_bundle(void)
{
    uint8_t spki[44], pk[32] = { 1 }, sig[64] = { 1 };
    char *text, *whole;
    static struct kit k;

    kit_make(&k, "tee-v1", NULL);
    kit_spki(pk, spki);
    text = kit_set(tee_buf_view(&k.json), "spki",
                   kit_base64((struct tee_bytes){ spki, 44 }));
    whole = kit_set(tee_bytes_of(text), "pop",
                    kit_base64((struct tee_bytes){ sig, 64 }));
    refused_text(whole, "malformed");
    free(text);
    kit_clear(&k);
}

/* ---- names
 * ------------------------------------------------------------------------
 */

/* Evidence is under E with its name: a swap of names is another digest. */
static void
test_blob_names(void)
{
    static struct kit k;
    char *text, *whole;

    kit_make(&k, "tee-v1", NULL);
    k.b.platform = TEE_STR("amd-sev-snp");
    k.b.blobs.n = 2;
    k.b.blobs.v[0] = (struct tee_blob){ TEE_STR("event_log"), TEE_STR("a") };
    k.b.blobs.v[1] = (struct tee_blob){ TEE_STR("report"), TEE_STR("b") };
    kit_sign(&k, NULL);
    CU_ASSERT_EQUAL(verdict(tee_buf_view(&k.json), NULL), ATT_NOT_APPRAISED);
    text = kit_edit(tee_buf_view(&k.json), "\"event_log\":\"YQ==\"",
                    "\"event_log\":\"Yg==\"");
    whole = kit_edit(tee_bytes_of(text), "\"report\":\"Yg==\"",
                     "\"report\":\"YQ==\"");
    refused_text(whole, "possession");
    free(text);
    refused_text(kit_edit(tee_buf_view(&k.json), "\"event_log\"", "\"quote\""),
                 "possession");
    kit_clear(&k);
}

static const char *const platforms[] = {
    "amd-sev-snp", "intel-tdx", "azure-cvm-sev-snp", "azure-cvm-tdx", "tpm2",
    "aws-nitro",   "mock",      "Simulated",         "simulated ",    "sim"
};

/* The simulated bundle as if it were of another platform. */
static void
test_relabelled(void)
{
    static const char *const names[] = { "report", "quote", "simulated" };
    static struct kit k;
    size_t i, j;

    kit_make(&k, "tee-v1", NULL);
    for (i = 0; i < TEE_LEN(platforms); i++) {
        refused_text(kit_set(tee_buf_view(&k.json), "platform", platforms[i]),
                     "malformed");
        /* the blob renamed as well, and signed anew */
        for (j = 0; j < TEE_LEN(names); j++) {
            k.b.platform = tee_bytes_of(platforms[i]);
            k.b.blobs.v[0].name = tee_bytes_of(names[j]);
            kit_sign(&k, NULL);
            refused(tee_buf_view(&k.json), "malformed");
        }
        k.b.platform = TEE_STR("simulated");
        k.b.blobs.v[0].name = TEE_STR("simulated");
        kit_sign(&k, NULL);
    }
    kit_clear(&k);
}

/* A simulated bundle with more in it than simulated evidence. */
static void
test_company(void)
{
    static struct kit k;

    kit_make(&k, "tee-v1", NULL);
    k.b.blobs.n = 2;
    k.b.blobs.v[1] = k.b.blobs.v[0];
    k.b.blobs.v[0] = (struct tee_blob){ TEE_STR("report"), TEE_STR("x") };
    kit_sign(&k, NULL);
    refused(tee_buf_view(&k.json), "malformed");
    k.b.blobs.v[0] = k.b.blobs.v[1]; /* the same, behind it */
    k.b.blobs.v[1] = (struct tee_blob){ TEE_STR("tpm_quote"), TEE_STR("x") };
    kit_sign(&k, NULL);
    refused(tee_buf_view(&k.json), "malformed");
    k.b.blobs.n = 1;
    k.b.blobs.v[0].name = TEE_STR("report");
    kit_sign(&k, NULL);
    refused(tee_buf_view(&k.json), "malformed");
    k.b.blobs.v[0].name = TEE_STR("simulated");
    k.b.endorsements.n = 1;
    k.b.endorsements.v[0].data = TEE_STR("-----BEGIN CERTIFICATE-----");
    kit_sign(&k, NULL);
    refused(tee_buf_view(&k.json), "malformed");
    k.b.endorsements.n = 0;
    k.b.token = TEE_STR("a.b.c");
    kit_sign(&k, NULL);
    refused(tee_buf_view(&k.json), "malformed");
    k.b.token = TEE_STR("");
    kit_sign(&k, NULL);
    CU_ASSERT_EQUAL(verdict(tee_buf_view(&k.json), NULL), ATT_SIMULATED);
    kit_clear(&k);
}

/* Whatever single bit of the JSON changes, nothing is ever verified, and a
 * verdict of `simulated` is only over the same evidence, key and answer. */
static void
test_every_bit_of_json(void)
{
    static struct kit k;
    size_t i, still = 0;
    uint8_t was;

    kit_make(&k, "tee-v1", NULL);
    for (i = 0; i < k.json.len; i++) {
        was = k.json.p[i];
        k.json.p[i] ^= (uint8_t)(1u << i % 8);
        if (verdict(tee_buf_view(&k.json), NULL) == ATT_SIMULATED) {
            /* digits of `created`, which is a claim */
            CU_ASSERT(was >= '0' && was <= '9');
            still++;
        }
        k.json.p[i] = was;
    }
    CU_ASSERT(still <= 14);
    kit_clear(&k);
}

static const struct test tests[] = {
    { "pop absent, over other bytes or by another key is refused",
      test_possession },
    { "every flipped bit and every prefix of pop is refused",
      test_every_bit_of_pop },
    { "one signature is not taken for the other", test_session_as_pop },
    { "every flipped bit of the statement is refused",
      test_every_bit_of_statement },
    { "another statement than the signed one is refused",
      test_other_statement },
    { "a signed statement that is wrong is refused",
      test_signed_wrong_statements },
    { "a signed statement of another type or origin is refused",
      test_claims_of_statement },
    { "the whole field is compared, in its order", test_fields },
    { "every flipped bit and every prefix of evidence is refused",
      test_every_bit_of_evidence },
    { "evidence changed by one without the key is refused",
      test_evidence_without_key },
    { "evidence of another challenge or key is refused", test_swaps },
    { "a small-order key is refused whatever it signed",
      test_small_order_bundle },
    { "blobs under each other's names are refused", test_blob_names },
    { "a simulated bundle relabelled as any platform is refused",
      test_relabelled },
    { "a simulated bundle with anything else in it is refused", test_company },
    { "a flipped bit of the JSON changes no claim that counts",
      test_every_bit_of_json },
    { NULL, NULL }
};
const struct suite suite_attacks = { "attacks", tests };
