/* The token key under a root: known answers, and everything it is bound to. */
#include "config.h"

#include <sodium.h>
#include <string.h>

#include "daemon/td.h"
#include "tests/daemon/rig.h"
#include "tests/daemon/suites.h"

static uint8_t root[32], nonce[24];

static void
fixed(void)
{
    uint8_t i;

    for (i = 0; i < 32; i++)
        root[i] = (uint8_t)(0x40 + i);
    for (i = 0; i < 24; i++)
        nonce[i] = i;
}

static struct td_seal
seal_of(uint64_t role, bool pin)
{
    return (struct td_seal){
        .uuid = rig_uuid,
        .role = role,
        .origin = KS_TEE,
        .platform = TEE_STR("simulated"),
        .stretched = { rig_stretched, pin ? 32 : 0 },
    };
}

/* Computed by an independent program from doc/store-format.md, section 2. */
static const struct {
    uint64_t role;
    bool pin;
    const char *wrapped;
} answers[] = {
    { KS_USER, false,
      "000102030405060708090a0b0c0d0e0f1011121314151617333e33329b82e643c279b04a"
      "41ead9cdc9de412cc2509a3ff28952637f8f64718ce5ed0923ae228374c5edf91f8e282"
      "a" },
    { KS_USER, true,
      "000102030405060708090a0b0c0d0e0f1011121314151617fb0937b846309746cb958fe1"
      "0b3b6404223a9f701ff4b5707cdd6c56b7731ce47442db7940638fd0204f3b56b249d88"
      "1" },
    { KS_SO, true,
      "000102030405060708090a0b0c0d0e0f1011121314151617f78ca3c923731ac12a9a4950"
      "ba19b52fe08037b32244aff076060d5db1d8fb02ad36dd0667c3f6b89f6c4b432361617"
      "0" },
};

static void
test_the_known_answers_come_out_and_open(void)
{
    uint8_t w[TD_WRAPPED], tk[32];
    size_t i;

    fixed();
    for (i = 0; i < TEE_LEN(answers); i++) {
        struct td_seal s = seal_of(answers[i].role, answers[i].pin);
        struct tee_bytes want = test_hex(answers[i].wrapped);

        CU_ASSERT_EQUAL(td_seal(&s, root, rig_tk, nonce, w), TEE_OK);
        CU_ASSERT_EQUAL_FATAL(want.len, sizeof(w));
        CU_ASSERT_EQUAL(memcmp(w, want.p, sizeof(w)), 0);
        memset(tk, 0, sizeof(tk));
        CU_ASSERT_EQUAL(td_unseal(&s, root, want, tk, NULL), TEE_OK);
        CU_ASSERT_EQUAL(memcmp(tk, rig_tk, sizeof(tk)), 0);
    }
}

static void
test_two_wraps_of_one_key_share_no_nonce(void)
{
    struct td_seal s = seal_of(KS_USER, false);
    uint8_t a[TD_WRAPPED], b[TD_WRAPPED], tk[32] = { 0 };

    fixed();
    CU_ASSERT_EQUAL(td_seal(&s, root, rig_tk, NULL, a), TEE_OK);
    CU_ASSERT_EQUAL(td_seal(&s, root, rig_tk, NULL, b), TEE_OK);
    CU_ASSERT_NOT_EQUAL(memcmp(a, b, TD_NONCE), 0);
    CU_ASSERT_EQUAL(
        td_unseal(&s, root, (struct tee_bytes){ a, sizeof(a) }, tk, NULL),
        TEE_OK);
    CU_ASSERT_EQUAL(memcmp(tk, rig_tk, sizeof(tk)), 0);
}

static const uint8_t other_uuid[16] = { 0x10 };
static const uint8_t other_pin[32] = { 0x61 };

static void
change(struct td_seal *s, uint8_t r[32], unsigned what)
{
    switch (what) {
    case 0:
        s->uuid = other_uuid;
        break;
    case 1:
        s->role = s->role == KS_USER ? KS_SO : KS_USER;
        break;
    case 2:
        s->origin = KS_SKR;
        break;
    case 3:
        s->platform = TEE_STR("amd-sev-snp");
        break;
    case 4:
        s->stretched = (struct tee_bytes){ other_pin, 32 };
        break;
    case 5: /* a PIN where there was none, none where there was one */
        s->stretched.len = s->stretched.len == 0 ? 32 : 0;
        break;
    default:
        r[31] ^= 1;
    }
}
#define CHANGES 7

static void
test_nothing_opens_elsewhere_or_otherwise(void)
{
    size_t i;
    unsigned what;

    for (i = 0; i < TEE_LEN(answers); i++) {
        for (what = 0; what < CHANGES; what++) {
            struct td_seal s = seal_of(answers[i].role, answers[i].pin);
            struct tee_fault f = { 0 };
            uint8_t tk[32] = { 0 };
            enum tee_err want;

            fixed();
            change(&s, root, what);
            want = s.stretched.len != 0 ? TEE_E_PIN : TEE_E_SEAL_AUTH;
            CU_ASSERT_EQUAL(
                td_unseal(&s, root, test_hex(answers[i].wrapped), tk, &f),
                want);
            CU_ASSERT_EQUAL(f.err, want);
            CU_ASSERT_NOT_EQUAL(f.text[0], '\0');
            CU_ASSERT_TRUE(sodium_is_zero(tk, sizeof(tk)));
        }
    }
}

static void
test_no_flipped_bit_opens(void)
{
    struct td_seal s = seal_of(KS_USER, false);
    uint8_t w[TD_WRAPPED], tk[32] = { 0 };
    size_t bit;

    fixed();
    CU_ASSERT_EQUAL_FATAL(td_seal(&s, root, rig_tk, nonce, w), TEE_OK);
    for (bit = 0; bit < sizeof(w) * 8; bit++) {
        w[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CU_ASSERT_EQUAL(
            td_unseal(&s, root, (struct tee_bytes){ w, sizeof(w) }, tk, NULL),
            TEE_E_SEAL_AUTH);
        w[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CU_ASSERT_TRUE(sodium_is_zero(tk, sizeof(tk)));
}

static void
test_another_length_is_no_wrapped_key(void)
{
    struct td_seal s = seal_of(KS_USER, false);
    uint8_t w[TD_WRAPPED + 1] = { 0 }, tk[32];
    size_t n;

    fixed();
    CU_ASSERT_EQUAL_FATAL(td_seal(&s, root, rig_tk, nonce, w), TEE_OK);
    for (n = 0; n <= sizeof(w); n++) {
        if (n != TD_WRAPPED)
            CU_ASSERT_EQUAL(
                td_unseal(&s, root, (struct tee_bytes){ w, n }, tk, NULL),
                TEE_E_SEAL_FORMAT);
    }
}

static void
test_roles_and_stretched_pins_have_a_form(void)
{
    struct td_seal s = seal_of(0, false);
    uint8_t w[TD_WRAPPED];

    fixed();
    CU_ASSERT_EQUAL(td_seal(&s, root, rig_tk, nonce, w), TEE_E_ARG);
    s.role = 3;
    CU_ASSERT_EQUAL(td_seal(&s, root, rig_tk, nonce, w), TEE_E_ARG);
    s = seal_of(KS_USER, true);
    s.stretched.len = 31;
    CU_ASSERT_EQUAL(td_seal(&s, root, rig_tk, nonce, w), TEE_E_ARG);
}

static void
test_root_parameters_say_the_platform_and_nothing_else(void)
{
    static const char *const wrong[] = {
        "",                             /* nothing */
        "a0",                           /* an empty map */
        "a10069",                       /* cut */
        "a1006973696d756c6174656400",   /* a byte more */
        "a1016973696d756c61746564",     /* another key */
        "a2006973696d756c617465640100", /* one key more */
        "a1004973696d756c61746564",     /* bytes, not text */
        "a10060",                       /* no platform */
        "bf006973696d756c61746564ff",   /* indefinite */
        "b801006973696d756c61746564",   /* long form of a short count */
        "81006973696d756c61746564",     /* an array */
    };
    struct tee_bytes p = { NULL, 0 };
    struct tee_buf b;
    size_t i;

    tee_buf_init(&b, 64);
    td_root_write(&b, TEE_STR("simulated"));
    CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&b),
                                   test_hex("a1006973696d756c61746564")));
    CU_ASSERT_EQUAL(td_root_parse(tee_buf_view(&b), &p, NULL), TEE_OK);
    CU_ASSERT_TRUE(tee_bytes_equal(p, TEE_STR("simulated")));
    for (i = 0; i < TEE_LEN(wrong); i++) {
        struct tee_fault f = { 0 };

        p = (struct tee_bytes){ NULL, 0 };
        CU_ASSERT_EQUAL(td_root_parse(test_hex(wrong[i]), &p, &f),
                        TEE_E_SEAL_FORMAT);
        CU_ASSERT_PTR_NULL(p.p);
    }
    tee_buf_clear(&b);
}

static const struct test tests[] = {
    { "the known answers come out and open",
      test_the_known_answers_come_out_and_open },
    { "two wraps of one key share no nonce",
      test_two_wraps_of_one_key_share_no_nonce },
    { "a wrapped key opens under no other token, role, origin, platform, PIN "
      "or root",
      test_nothing_opens_elsewhere_or_otherwise },
    { "no flipped bit of a wrapped key opens", test_no_flipped_bit_opens },
    { "another length is no wrapped key",
      test_another_length_is_no_wrapped_key },
    { "roles and stretched PINs have a form",
      test_roles_and_stretched_pins_have_a_form },
    { "root parameters say the platform and nothing else",
      test_root_parameters_say_the_platform_and_nothing_else },
    { NULL, NULL },
};
const struct suite suite_seal = { "seal", tests };
