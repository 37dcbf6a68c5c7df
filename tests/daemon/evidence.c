/* COLLECT and BUNDLE through the real child. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attest/att.h"
#include "tests/daemon/rig.h"
#include "tests/daemon/suites.h"

struct talk {
    struct rig r;
    struct ks_client *c;
    struct tee_msg q, a;
    struct tee_fault f;
};

/* With a root, since nothing else makes one. */
static void
talk_open(struct talk *t)
{
    static struct rig_sealed unused;

    memset(t, 0, sizeof(*t));
    rig_new(&t->r);
    CU_ASSERT_TRUE_FATAL(rig_seal(&t->r, "sim", &unused));
    t->c = rig_client(&t->r, "sim");
    rig_collect(&t->q, rig_section(&t->r, "sim"));
    tee_msg_init(&t->a, TEE_F_EVIDENCE);
}

static void
talk_close(struct talk *t)
{
    tee_msg_clear(&t->q);
    tee_msg_clear(&t->a);
    ks_client_free(t->c);
    rig_free(&t->r);
}

static enum tee_err
collect(struct talk *t)
{
    enum tee_err err = ks_client_call(t->c, &t->q, TEE_F_EVIDENCE, &t->a,
                                      rig_soon(10000), &t->f);

    if (err != TEE_OK)
        CU_ASSERT_EQUAL(t->f.err, err);
    return err;
}

static void
test_the_statement_says_what_was_asked(void)
{
    struct att_statement s;
    static struct talk t;
    char version[32] = PACKAGE_VERSION;

    talk_open(&t);
    CU_ASSERT_EQUAL_FATAL(collect(&t), TEE_OK);
    CU_ASSERT_EQUAL_FATAL(
        att_statement_parse(t.a.field[TEE_FF_STATEMENT].bytes, &s, NULL),
        TEE_OK);
    CU_ASSERT_EQUAL(s.origin, ATT_TEE);
    CU_ASSERT_STRING_EQUAL(s.key_type, "ed25519");
    CU_ASSERT_EQUAL(s.created, 1767225600);
    CU_ASSERT_STRING_EQUAL(s.version, version);
    CU_ASSERT_STRING_EQUAL(s.did, RIG_DID);
    CU_ASSERT_STRING_EQUAL(s.seal_root, "simulated");
    CU_ASSERT_STRING_EQUAL(s.seal_mask, "");
    CU_ASSERT_STRING_EQUAL(s.release_kid, "");
    /* agent-identity.md section 2, key K1 */
    CU_ASSERT_EQUAL(memcmp(s.key_sha256,
                           test_hex("21fe31dfa154a261626bf854046fd2271b7bed4b6a"
                                    "be45aa58877ef47f9721b9")
                               .p,
                           32),
                    0);
    CU_ASSERT_EQUAL(
        memcmp(s.config_sha256, rig_section(&t.r, "sim")->sha256, 32), 0);
    CU_ASSERT_EQUAL(memcmp(s.build_id, t.q.field[TEE_FF_BUILD_ID].bytes.p, 20),
                    0);
    talk_close(&t);
}

static void
test_the_field_is_binding_and_statement(void)
{
    uint8_t want[64], key[32];
    static struct talk t;

    talk_open(&t);
    CU_ASSERT_EQUAL_FATAL(collect(&t), TEE_OK);
    tee_key_hash(t.q.field[TEE_FF_PUBLIC_KEY].bytes, key);
    CU_ASSERT_EQUAL(tee_binding_hash(TEE_STR(RIG_DID), TEE_STR("challenge_123"),
                                     TEE_STR("nonce-abc"), key, want),
                    TEE_OK);
    tee_sha256(t.a.field[TEE_FF_STATEMENT].bytes, want + 32);
    CU_ASSERT_TRUE(tee_bytes_equal(t.a.field[TEE_FF_REPORT_DATA].bytes,
                                   (struct tee_bytes){ want, 64 }));
    CU_ASSERT_TRUE(tee_bytes_equal(t.a.field[TEE_FF_PLATFORM].bytes,
                                   TEE_STR("simulated")));
    CU_ASSERT_EQUAL(t.a.evidence.n, 1);
    /* the field stands in the evidence itself */
    CU_ASSERT_PTR_NOT_NULL(
        memmem(t.a.evidence.v[0].data.p, t.a.evidence.v[0].data.len, want, 64));
    talk_close(&t);
}

static void
test_without_a_challenge_the_binding_is_zero(void)
{
    static const uint8_t zero[32];
    static struct talk t;

    talk_open(&t);
    t.q.field[TEE_FF_CHALLENGE].present = false;
    t.q.field[TEE_FF_NONCE].present = false;
    CU_ASSERT_EQUAL_FATAL(collect(&t), TEE_OK);
    CU_ASSERT_EQUAL_FATAL(t.a.field[TEE_FF_REPORT_DATA].bytes.len, 64);
    CU_ASSERT_EQUAL(memcmp(t.a.field[TEE_FF_REPORT_DATA].bytes.p, zero, 32), 0);
    talk_close(&t);
}

static void
test_an_ephemeral_key_is_sealed_to_nothing(void)
{
    struct att_statement s;
    static struct talk t;

    talk_open(&t);
    tee_msg_num(&t.q, TEE_FF_EPHEMERAL, 1);
    CU_ASSERT_EQUAL_FATAL(collect(&t), TEE_OK);
    CU_ASSERT_EQUAL_FATAL(
        att_statement_parse(t.a.field[TEE_FF_STATEMENT].bytes, &s, NULL),
        TEE_OK);
    CU_ASSERT_STRING_EQUAL(s.seal_root, "");
    talk_close(&t);
}

/* ---- what is not collected
 * ------------------------------------------------------
 */

static void
no_did(struct tee_msg *q)
{
    q->field[TEE_FF_DID].present = false;
}

static void
other_did(struct tee_msg *q)
{
    tee_msg_bytes(q, TEE_FF_DID, TEE_STR("did:mesh:other"));
}

static void
other_config(struct tee_msg *q)
{
    static uint8_t sha[32];

    memcpy(sha, q->field[TEE_FF_CONFIG_SHA256].bytes.p, 32);
    sha[31] ^= 1;
    tee_msg_bytes(q, TEE_FF_CONFIG_SHA256, (struct tee_bytes){ sha, 32 });
}

static void
other_type(struct tee_msg *q)
{
    tee_msg_bytes(q, TEE_FF_KEY_TYPE, TEE_STR("p256"));
}

static void
no_key(struct tee_msg *q)
{
    tee_msg_bytes(q, TEE_FF_PUBLIC_KEY, TEE_STR("\x30\x00"));
}

static void
small_order_key(struct tee_msg *q)
{
    static uint8_t spki[44];

    memcpy(spki, q->field[TEE_FF_PUBLIC_KEY].bytes.p, 12);
    memset(spki + 12, 0, 32);
    spki[12] = 1;
    tee_msg_bytes(q, TEE_FF_PUBLIC_KEY, (struct tee_bytes){ spki, 44 });
}

static void
no_nonce(struct tee_msg *q)
{
    q->field[TEE_FF_NONCE].present = false;
}

static void
no_challenge(struct tee_msg *q)
{
    q->field[TEE_FF_CHALLENGE].present = false;
}

static void
unknown_binding(struct tee_msg *q)
{
    tee_msg_bytes(q, TEE_FF_BINDING, TEE_STR("tee-v2"));
}

static void
some_input(struct tee_msg *q)
{
    tee_msg_bytes(q, TEE_FF_INPUT, TEE_STR("x"));
}

static const struct {
    const char *what;
    void (*change)(struct tee_msg *);
    enum tee_err err;
} wrong[] = {
    { "no DID for a challenge", no_did, TEE_E_ARG },
    { "another DID than the section's", other_did, TEE_E_ARG },
    { "a section read at another time", other_config, TEE_E_CONFIG },
    { "a key type that is not the key's", other_type, TEE_E_KEY_TYPE },
    { "no public key", no_key, TEE_E_KEY_TYPE },
    { "a public key of small order", small_order_key, TEE_E_KEY_TYPE },
    { "a challenge without a nonce", no_nonce, TEE_E_ARG },
    { "a nonce without a challenge", no_challenge, TEE_E_ARG },
    { "a binding that nobody knows", unknown_binding, TEE_E_ARG },
    { "an input that this binding has not", some_input, TEE_E_ARG },
};

static void
test_what_cannot_be_compared_is_not_collected(void)
{
    static struct talk t;
    size_t i;

    talk_open(&t);
    for (i = 0; i < TEE_LEN(wrong); i++) {
        enum tee_err err;

        rig_collect(&t.q, rig_section(&t.r, "sim"));
        wrong[i].change(&t.q);
        err = collect(&t);
        if (err != wrong[i].err)
            printf("    %s: %s: %s\n", wrong[i].what, tee_err_name(err),
                   t.f.text);
        CU_ASSERT_EQUAL(err, wrong[i].err);
        CU_ASSERT_NOT_EQUAL(t.f.text[0], '\0');
        tee_msg_clear(&t.q);
        tee_msg_clear(&t.a);
    }
    /* and the child is still there */
    rig_collect(&t.q, rig_section(&t.r, "sim"));
    CU_ASSERT_EQUAL(collect(&t), TEE_OK);
    talk_close(&t);
}

static void
test_without_a_root_nothing_is_collected_and_none_made(void)
{
    static struct talk t;

    talk_open(&t);
    CU_ASSERT_EQUAL(unlink(t.r.root), 0);
    CU_ASSERT_EQUAL(collect(&t), TEE_E_UNAVAIL);
    CU_ASSERT_NOT_EQUAL(access(t.r.root, F_OK), 0);
    talk_close(&t);
}

/* ---- BUNDLE
 * ---------------------------------------------------------------------
 */

static void
test_the_bundle_holds_what_was_collected(void)
{
    static struct tee_msg q, a;
    static struct att_bundle b;
    static struct talk t;

    talk_open(&t);
    CU_ASSERT_EQUAL_FATAL(collect(&t), TEE_OK);
    rig_bundle(&q, &t.q, &t.a);
    tee_msg_init(&a, TEE_F_JSON);
    CU_ASSERT_EQUAL_FATAL(
        ks_client_call(t.c, &q, TEE_F_JSON, &a, rig_soon(10000), &t.f), TEE_OK);
    CU_ASSERT_EQUAL_FATAL(
        att_bundle_parse(a.field[TEE_FF_JSON].bytes, &b, &t.f), TEE_OK);
    CU_ASSERT_TRUE(tee_bytes_equal(b.platform, TEE_STR("simulated")));
    CU_ASSERT_TRUE(tee_bytes_equal(b.binding, TEE_STR("tee-v1")));
    CU_ASSERT_TRUE(tee_bytes_equal(b.did, TEE_STR(RIG_DID)));
    CU_ASSERT_TRUE(tee_bytes_equal(b.challenge, TEE_STR("challenge_123")));
    CU_ASSERT_TRUE(tee_bytes_equal(b.nonce, TEE_STR("nonce-abc")));
    CU_ASSERT_TRUE(tee_bytes_equal(b.key_type, TEE_STR("ed25519")));
    CU_ASSERT_TRUE(
        tee_bytes_equal(b.statement, t.a.field[TEE_FF_STATEMENT].bytes));
    CU_ASSERT_TRUE(tee_bytes_equal(b.spki, t.q.field[TEE_FF_PUBLIC_KEY].bytes));
    CU_ASSERT_TRUE(tee_bytes_equal(b.pop, q.field[TEE_FF_POP].bytes));
    CU_ASSERT_EQUAL(b.session_sig.len, 0);
    CU_ASSERT_EQUAL_FATAL(b.blobs.n, t.a.evidence.n);
    CU_ASSERT_TRUE(tee_bytes_equal(b.blobs.v[0].data, t.a.evidence.v[0].data));
    att_bundle_clear(&b);
    tee_msg_clear(&q);
    tee_msg_clear(&a);
    talk_close(&t);
}

static void
test_a_bundle_of_another_platform_is_not_written(void)
{
    static struct tee_msg q, a;
    static struct talk t;

    talk_open(&t);
    CU_ASSERT_EQUAL_FATAL(collect(&t), TEE_OK);
    rig_bundle(&q, &t.q, &t.a);
    tee_msg_bytes(&q, TEE_FF_PLATFORM, TEE_STR("amd-sev-snp"));
    tee_msg_init(&a, TEE_F_JSON);
    CU_ASSERT_EQUAL(
        ks_client_call(t.c, &q, TEE_F_JSON, &a, rig_soon(10000), &t.f),
        TEE_E_CONFIG);
    tee_msg_clear(&q);
    tee_msg_clear(&a);
    talk_close(&t);
}

/* 16 blobs of 128 KiB, again and again: what it holds in between is nothing. */
static void
test_its_memory_stays_bounded(void)
{
    static uint8_t blob[(size_t)128 << 10];
    static const char names[] = "abcdefghijklmnop";
    static struct tee_msg q, a;
    struct tee_blobs v = { .n = TEE_BLOBS_MAX };
    struct tee_buf status;
    static struct talk t;
    const char *p;
    size_t i;

    talk_open(&t);
    CU_ASSERT_EQUAL_FATAL(collect(&t), TEE_OK);
    for (i = 0; i < v.n; i++)
        v.v[i] = (struct tee_blob){ { (const uint8_t *)names + i, 1 },
                                    { blob, sizeof(blob) } };
    for (i = 0; i < 6; i++) {
        rig_bundle(&q, &t.q, &t.a);
        tee_msg_blobs(&q, TEE_FF_EVIDENCE, &v);
        tee_msg_init(&a, TEE_F_JSON);
        CU_ASSERT_EQUAL(
            ks_client_call(t.c, &q, TEE_F_JSON, &a, rig_soon(20000), &t.f),
            TEE_OK);
        CU_ASSERT_TRUE(a.field[TEE_FF_JSON].bytes.len > v.n * sizeof(blob));
        tee_msg_clear(&q);
        tee_msg_clear(&a);
    }
#ifndef TEE_SANITIZER
    CU_ASSERT_TRUE_FATAL(rig_proc(rig_child(), "status", &status));
    p = strstr((const char *)status.p, "\nVmRSS:");
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    CU_ASSERT_TRUE(strtoul(p + 7, NULL, 10) < 12288); /* KiB */
    tee_buf_clear(&status);
#else
    (void)status;
    (void)p;
#endif
    talk_close(&t);
}

static const struct test tests[] = {
    { "the statement says what was asked",
      test_the_statement_says_what_was_asked },
    { "the field is binding and statement",
      test_the_field_is_binding_and_statement },
    { "without a challenge the binding is zero",
      test_without_a_challenge_the_binding_is_zero },
    { "an ephemeral key is sealed to nothing",
      test_an_ephemeral_key_is_sealed_to_nothing },
    { "what cannot be compared is not collected",
      test_what_cannot_be_compared_is_not_collected },
    { "without a root nothing is collected, and none is made",
      test_without_a_root_nothing_is_collected_and_none_made },
    { "the bundle holds what was collected",
      test_the_bundle_holds_what_was_collected },
    { "a bundle of another platform is not written",
      test_a_bundle_of_another_platform_is_not_written },
    { "its memory stays bounded", test_its_memory_stays_bounded },
    { NULL, NULL },
};
const struct suite suite_evidence = { "evidence", tests };
