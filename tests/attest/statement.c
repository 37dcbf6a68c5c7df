#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/attest/kit.h"
#include "tests/attest/suites.h"

#define CONFIG                                                                 \
    "7da61abb8d3d228e359d3ebc365d2a039094609934a9a3be4ae931cdd881d0e2"
#define BUILD "000102030405060708090a0b0c0d0e0f10111213"
#define POLICY                                                                 \
    "a490b22d7b74a59dcfe95a97cfe1b18d4b19fea9e3d44bdbcae792f050802085"

/* Identity reference, section 13, K-S. */
static const char k_s[] =
    "{\"config_sha256\":\"" CONFIG "\",\"created\":\"2026-01-01T00:00:00Z\","
    "\"did\":\"" KIT_DID "\",\"extractable\":false,\"key\":{"
    "\"public_key_sha256\":\"" KIT_K1_HASH "\",\"type\":\"ed25519\"},"
    "\"module\":{\"build_id\":\"" BUILD "\",\"version\":\"0.1.0\"},"
    "\"origin\":\"tee_generated\",\"seal\":{\"mask\":\"000000000000003f\","
    "\"root\":\"amd-sev-snp\"},\"v\":1}";

static struct att_statement
sample(void)
{
    struct att_statement s = { .origin = ATT_TEE,
                               .key_type = "ed25519",
                               .created = KIT_CREATED,
                               .version = "0.1.0",
                               .did = KIT_DID,
                               .seal_root = "amd-sev-snp",
                               .seal_mask = "000000000000003f" };

    memcpy(s.key_sha256, test_hex(KIT_K1_HASH).p, 32);
    memcpy(s.build_id, test_hex(BUILD).p, 20);
    memcpy(s.config_sha256, test_hex(CONFIG).p, 32);
    return s;
}

static enum tee_err
parse(const char *text, struct att_statement *ret)
{
    struct tee_fault f = { .text = "" };
    enum tee_err err = att_statement_parse(tee_bytes_of(text), ret, &f);

    CU_ASSERT((err == TEE_OK) == (f.text[0] == '\0'));
    return err;
}

static void
test_answer(void)
{
    static struct att_statement s, back;
    struct tee_buf b;
    uint8_t h[32];

    s = sample();
    tee_buf_init(&b, ATT_STATEMENT_MAX);
    CU_ASSERT_EQUAL(att_statement_write(&s, &b), TEE_OK);
    CU_ASSERT(tee_bytes_equal(tee_buf_view(&b), tee_bytes_of(k_s)));
    CU_ASSERT_EQUAL(b.len, 469);
    tee_sha256(tee_buf_view(&b), h);
    CU_ASSERT_EQUAL(
        memcmp(h,
               test_hex("bcfbdfbe96b7b599d77b61e8c601ad619c4004c9d2c183e7566ec"
                        "fbc1b2a9198")
                   .p,
               32),
        0);
    CU_ASSERT_EQUAL(parse(k_s, &back), TEE_OK);
    CU_ASSERT_EQUAL(memcmp(&back, &s, sizeof(s)), 0);
    tee_buf_clear(&b);
}

/* What is written is read again as it was. */
static void
check_round(const struct att_statement *s)
{
    struct att_statement back;
    struct tee_buf b, again;

    tee_buf_init(&b, ATT_STATEMENT_MAX);
    tee_buf_init(&again, ATT_STATEMENT_MAX);
    CU_ASSERT_EQUAL(att_statement_write(s, &b), TEE_OK);
    CU_ASSERT_EQUAL(att_statement_parse(tee_buf_view(&b), &back, NULL), TEE_OK);
    CU_ASSERT_EQUAL(att_statement_write(&back, &again), TEE_OK);
    CU_ASSERT(tee_bytes_equal(tee_buf_view(&b), tee_buf_view(&again)));
    CU_ASSERT_EQUAL(back.origin, s->origin);
    CU_ASSERT_STRING_EQUAL(back.did, s->did);
    CU_ASSERT_STRING_EQUAL(back.seal_root, s->seal_root);
    CU_ASSERT_STRING_EQUAL(back.release_kid, s->release_kid);
    tee_buf_clear(&b);
    tee_buf_clear(&again);
}

static void
test_forms(void)
{
    struct att_statement s = sample();

    s.seal_root[0] = s.seal_mask[0] = '\0'; /* ephemeral */
    check_round(&s);
    s.did[0] = '\0';
    check_round(&s);
    SET(s.seal_root, "tpm2");
    SET(s.seal_mask, "900800");
    check_round(&s);
    SET(s.seal_root, "simulated");
    s.seal_mask[0] = '\0';
    check_round(&s);
    s.seal_root[0] = '\0';
    s.origin = ATT_SKR;
    SET(s.release_kid, "https://h.managedhsm.azure.net/keys/a/1");
    SET(s.release_mode, "oct");
    check_round(&s);
    SET(s.did, "did:mesh:ag\xc3\xa9nt \"\\\n");
    check_round(&s);
}

struct edit {
    const char *from, *to;
};

/* Each one makes another text of K-S, and none of them a statement. */
static const struct edit edits[] = {
    /* not its own canonical form */
    { "\"did\":", "\"did\": " },
    { "{\"config", " {\"config" },
    { "\"v\":1}", "\"v\":1}\n" },
    { "\"v\":1}", "\"v\":1.0}" },
    { "\"v\":1}", "\"v\":1e0}" },
    { "\"extractable\":false,\"key\"", "\"key\"" },
    { "\"created\":\"2026-01-01T00:00:00Z\",\"did\":\"" KIT_DID "\"",
      "\"did\":\"" KIT_DID "\",\"created\":\"2026-01-01T00:00:00Z\"" },
    { "did:mesh", "did:\\u006desh" },
    { "\"mask\":\"000000000000003f\",\"root\":\"amd-sev-snp\"",
      "\"root\":\"amd-sev-snp\",\"mask\":\"000000000000003f\"" },
    /* null, other values, other types */
    { "\"did\":\"" KIT_DID "\"", "\"did\":null" },
    { "\"did\":\"" KIT_DID "\"", "\"did\":\"\"" },
    { "\"did\":\"" KIT_DID "\"", "\"did\":7" },
    { "\"v\":1", "\"v\":2" },
    { "\"v\":1", "\"v\":\"1\"" },
    { "\"v\":1", "\"v\":null" },
    { ",\"v\":1", "" },
    { "\"extractable\":false", "\"extractable\":true" },
    { "\"extractable\":false", "\"extractable\":\"false\"" },
    { "\"extractable\":false", "\"extractable\":0" },
    { "\"extractable\":false", "\"extractable\":null" },
    /* origin and what belongs to it */
    { "\"origin\":\"tee_generated\"", "\"origin\":\"local\"" },
    { "\"origin\":\"tee_generated\"", "\"origin\":\"skr\"" },
    { "\"origin\":\"tee_generated\"", "\"origin\":\"TEE_GENERATED\"" },
    { "\"origin\":\"tee_generated\",", "" },
    { "\"seal\":", "\"release\":{\"kid\":\"https://h/keys/a/1\",\"mode\":"
                   "\"oct\",\"policy_sha256\":\"" POLICY "\"},\"seal\":" },
    { "\"seal\":{\"mask\":\"000000000000003f\",\"root\":\"amd-sev-snp\"}",
      "\"release\":{\"kid\":\"https://h/keys/a/1\",\"mode\":\"oct\","
      "\"policy_sha256\":\"" POLICY "\"}" },
    { "\"seal\":{\"mask\":\"000000000000003f\",\"root\":\"amd-sev-snp\"}",
      "\"seal\":{}" },
    { "\"seal\":{\"mask\":\"000000000000003f\",\"root\":\"amd-sev-snp\"}",
      "\"seal\":null" },
    { "\"seal\":{\"mask\":\"000000000000003f\",\"root\":\"amd-sev-snp\"}",
      "\"seal\":[]" },
    { "000000000000003f", "000000000000003F" },
    { "000000000000003f", "3f" },
    { "000000000000003f", "" },
    { "000000000000003f", "00000000000000003f" },
    { "amd-sev-snp", "simulated" },
    { "amd-sev-snp", "tpm2" },
    { "amd-sev-snp", "intel-tdx" },
    { "amd-sev-snp", "" },
    { "\"root\":\"amd-sev-snp\"", "\"root\":\"amd-sev-snp\",\"x\":1" },
    { "\"mask\":\"000000000000003f\",", "" },
    /* members that are not in the list, or twice */
    { "\"v\":1", "\"v\":1,\"w\":1" },
    { "\"module\"", "\"a\":\"b\",\"module\"" },
    { "\"v\":1", "\"v\":1,\"v\":1" },
    { "\"type\":\"ed25519\"", "\"type\":\"ed25519\",\"x\":\"\"" },
    { "\"version\":\"0.1.0\"", "\"version\":\"0.1.0\",\"x\":\"\"" },
    /* digests, times, words */
    { CONFIG, "7DA61abb8d3d228e359d3ebc365d2a039094609934a9a3be4ae931cdd881d0"
              "e2" },
    { CONFIG, "7da61abb" },
    { CONFIG, CONFIG "00" },
    { KIT_K1_HASH, "21fe" },
    { BUILD, "0001" },
    { "2026-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00" },
    { "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.0Z" },
    { "2026-01-01T00:00:00Z", "2026-01-01T00:00:00" },
    { "2026-01-01T00:00:00Z", "2026-02-30T00:00:00Z" },
    { "2026-01-01T00:00:00Z", "" },
    { "\"created\":\"2026-01-01T00:00:00Z\"", "\"created\":1767225600" },
    { "\"ed25519\"", "\"Ed25519\"" },
    { "\"ed25519\"", "\"p256\"" },
    { "\"ed25519\"", "\"\"" },
    { "\"0.1.0\"", "\"\"" },
    { "\"0.1.0\"", "\"0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0\"" },
    { "\"key\":{", "\"key\":[{" },
};

static void
test_negatives(void)
{
    static struct att_statement s, before;
    char *text;
    size_t i;

    s = before = sample();
    for (i = 0; i < TEE_LEN(edits); i++) {
        text = kit_edit(tee_bytes_of(k_s), edits[i].from, edits[i].to);
        CU_ASSERT_EQUAL(parse(text, &s), TEE_E_MALFORMED);
        if (att_statement_parse(tee_bytes_of(text), &s, NULL) == TEE_OK)
            printf("    taken: %s\n", text);
        free(text);
    }
    CU_ASSERT_EQUAL(memcmp(&s, &before, sizeof(s)), 0);
    CU_ASSERT_EQUAL(parse("[]", &s), TEE_E_MALFORMED);
    CU_ASSERT_EQUAL(parse("{}", &s), TEE_E_MALFORMED);
    CU_ASSERT_EQUAL(parse("", &s), TEE_E_MALFORMED);
    CU_ASSERT_EQUAL(parse("null", &s), TEE_E_MALFORMED);
}

static const struct edit release_edits[] = {
    { "https://h.x/keys/a/1", "http://h.x/keys/a/1" },
    { "https://h.x/keys/a/1", "https://" },
    { "https://h.x/keys/a/1", "" },
    { "\"mode\":\"oct\"", "\"mode\":\"Oct\"" },
    { "\"mode\":\"oct\"", "\"mode\":\"\"" },
    { "\"mode\":\"oct\",", "" },
    { POLICY, "" },
    { "\"origin\":\"skr\"", "\"origin\":\"tee_generated\"" },
    { ",\"release\":{\"kid\":\"https://h.x/keys/a/1\",\"mode\":\"oct\","
      "\"policy_sha256\":\"" POLICY "\"}",
      "" },
    { "\"v\":1", "\"seal\":{\"mask\":\"\",\"root\":\"simulated\"},\"v\":1" },
};

static void
test_release_negatives(void)
{
    static struct att_statement s, back;
    struct tee_buf b;
    char *text;
    size_t i;

    s = sample();
    s.seal_root[0] = s.seal_mask[0] = '\0';
    s.origin = ATT_SKR;
    SET(s.release_kid, "https://h.x/keys/a/1");
    SET(s.release_mode, "oct");
    memcpy(s.release_policy, test_hex(POLICY).p, 32);
    tee_buf_init(&b, ATT_STATEMENT_MAX);
    CU_ASSERT_EQUAL(att_statement_write(&s, &b), TEE_OK);
    for (i = 0; i < TEE_LEN(release_edits); i++) {
        text = kit_edit(tee_buf_view(&b), release_edits[i].from,
                        release_edits[i].to);
        CU_ASSERT_EQUAL(parse(text, &back), TEE_E_MALFORMED);
        free(text);
    }
    tee_buf_clear(&b);
}

/* What can't be read is not written either. */
static void
test_write_refuses(void)
{
    static struct att_statement s[10];
    struct tee_buf b;
    size_t i;

    for (i = 0; i < TEE_LEN(s); i++)
        s[i] = sample();
    s[0].origin = ATT_LOCAL;
    s[1].origin = ATT_SKR;
    SET(s[2].release_kid, "https://h.x/keys/a/1");
    SET(s[3].key_type, "p256");
    s[4].key_type[0] = '\0';
    s[5].created = -62167219201;
    s[6].version[0] = '\0';
    SET(s[7].did, "did:\xff");
    memset(s[8].version, 'a', sizeof(s[8].version)); /* no NUL */
    SET(s[9].seal_mask, "3f");
    tee_buf_init(&b, ATT_STATEMENT_MAX);
    for (i = 0; i < TEE_LEN(s); i++)
        CU_ASSERT_EQUAL(att_statement_write(&s[i], &b), TEE_E_ARG);
    CU_ASSERT_EQUAL(b.len, 0);
    tee_buf_clear(&b);
}

static void
test_prefixes(void)
{
    struct att_statement s;
    size_t n;

    for (n = 0; n < sizeof(k_s) - 1; n++)
        CU_ASSERT_EQUAL(
            att_statement_parse((struct tee_bytes){ (const uint8_t *)k_s, n },
                                &s, NULL),
            TEE_E_MALFORMED);
}

/* One bit changed: refused, or read as what it says now and nothing else. */
static void
test_bit_flips(void)
{
    uint8_t text[sizeof(k_s) - 1];
    struct tee_bytes v = { text, sizeof(text) };
    struct att_statement s;
    struct tee_buf again;
    size_t i, taken = 0;

    memcpy(text, k_s, sizeof(text));
    tee_buf_init(&again, ATT_STATEMENT_MAX);
    for (i = 0; i < 8 * sizeof(text); i++) {
        text[i / 8] ^= (uint8_t)(1u << i % 8);
        if (att_statement_parse(v, &s, NULL) == TEE_OK) {
            CU_ASSERT_EQUAL(att_statement_write(&s, &again), TEE_OK);
            CU_ASSERT(tee_bytes_equal(v, tee_buf_view(&again)));
            CU_ASSERT_FALSE(tee_bytes_equal(v, tee_bytes_of(k_s)));
            tee_buf_clear(&again);
            taken++;
        }
        text[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    CU_ASSERT(taken > 0); /* hex digits and the DID are values */
    tee_buf_clear(&again);
}

static const struct test tests[] = {
    { "K-S: the statement, its bytes and its hash", test_answer },
    { "every form that may be written is read again", test_forms },
    { "each listed mistake is refused", test_negatives },
    { "mistakes in a release are refused", test_release_negatives },
    { "what could not be read is not written", test_write_refuses },
    { "every prefix is refused", test_prefixes },
    { "a flipped bit is refused or another statement", test_bit_flips },
    { NULL, NULL }
};
const struct suite suite_statement = { "statement", tests };
