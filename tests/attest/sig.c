#include <sodium.h>
#include <string.h>

#include "tests/attest/keys.h"
#include "tests/attest/kit.h"
#include "tests/attest/suites.h"

/* K-P's message, 115 bytes */
#define MESSAGE                                                                \
    "7465652d706b637331312f706f702f7631004030303131323233333434353536363737"   \
    "383839396161626263636464656566663030313132323333343435353636373738383939" \
    "616162626363646465656666"                                                 \
    "3e0c479fd643b3584b13743f117e8b7a8d65be929362fb30f6f87fe42f6fda9d"

static enum tee_err
check(const char *spki, struct tee_bytes msg, struct tee_bytes sig)
{
    struct att_key k;

    CU_ASSERT_EQUAL_FATAL(att_key_parse(test_hex(spki), &k), TEE_OK);
    return att_sig_verify(&k, msg, sig);
}

static void
test_good(void)
{
    size_t i;

    CU_ASSERT_EQUAL(test_hex(MESSAGE).len, 115);
    for (i = 0; i < TEE_LEN(good_keys); i++)
        CU_ASSERT_EQUAL(check(good_keys[i].spki, test_hex(MESSAGE),
                              test_hex(good_keys[i].sig)),
                        TEE_OK);
}

static void
test_changed(void)
{
    uint8_t sig[512], msg[115];
    struct tee_bytes s;
    size_t i;

    memcpy(msg, test_hex(MESSAGE).p, sizeof(msg));
    for (i = 0; i < TEE_LEN(good_keys); i++) {
        s = test_hex(good_keys[i].sig);
        memcpy(sig, s.p, s.len);
        s.p = sig;
        sig[s.len / 2] ^= 1;
        CU_ASSERT_EQUAL(
            check(good_keys[i].spki, (struct tee_bytes){ msg, 115 }, s),
            TEE_E_SIGNATURE);
        sig[s.len / 2] ^= 1;
        msg[60] ^= 1;
        CU_ASSERT_EQUAL(
            check(good_keys[i].spki, (struct tee_bytes){ msg, 115 }, s),
            TEE_E_SIGNATURE);
        msg[60] ^= 1;
        s.len--;
        CU_ASSERT_EQUAL(
            check(good_keys[i].spki, (struct tee_bytes){ msg, 115 }, s),
            TEE_E_SIGNATURE);
        CU_ASSERT_EQUAL(check(good_keys[i].spki, (struct tee_bytes){ msg, 115 },
                              TEE_STR("")),
                        TEE_E_SIGNATURE);
        memset(sig, 0, sizeof(sig));
        s.len++;
        CU_ASSERT_EQUAL(
            check(good_keys[i].spki, (struct tee_bytes){ msg, 115 }, s),
            TEE_E_SIGNATURE);
    }
}

static const char *
key_of(const char *word)
{
    size_t i;

    for (i = 0; i < TEE_LEN(good_keys); i++) {
        if (strcmp(good_keys[i].word, word) == 0)
            return good_keys[i].spki;
    }
    CU_FAIL_FATAL("no such key");
    return "";
}

static void
test_other_forms(void)
{
    size_t i;

    for (i = 0; i < TEE_LEN(other_forms); i++)
        CU_ASSERT_EQUAL(check(key_of(other_forms[i].word), test_hex(MESSAGE),
                              test_hex(other_forms[i].sig)),
                        TEE_E_SIGNATURE);
}

/* N23: under key 01 00*31, OpenSSL takes 01 00*63 for every message. */
static void
test_small_order(void)
{
    static const uint8_t sig[64] = { 1 };
    uint8_t spki[44];
    struct att_key k;
    uint8_t pk[32] = { 1 };

    kit_spki(pk, spki);
    CU_ASSERT_EQUAL(att_key_parse((struct tee_bytes){ spki, 44 }, &k),
                    TEE_E_KEY_TYPE);
    /* and were it parsed, libsodium would refuse it */
    CU_ASSERT_NOT_EQUAL(
        crypto_sign_verify_detached(sig, (const uint8_t *)"any", 3, pk), 0);
}

/* A point that is not on its curve parses as a key, and verifies nothing. */
static void
test_off_curve(void)
{
    uint8_t spki[91];
    struct tee_bytes v = test_hex(key_of("ec-p256"));
    struct att_key k;

    memcpy(spki, v.p, sizeof(spki));
    spki[90] ^= 1;
    CU_ASSERT_EQUAL_FATAL(att_key_parse((struct tee_bytes){ spki, 91 }, &k),
                          TEE_OK);
    CU_ASSERT_EQUAL(
        att_sig_verify(&k, test_hex(MESSAGE), test_hex(good_keys[0].sig)),
        TEE_E_SIGNATURE);
}

static const struct test tests[] = {
    { "signatures that openssl made verify, of each type", test_good },
    { "a changed, cut, empty or zero signature is refused", test_changed },
    { "forms that are not the one of section 13 are refused",
      test_other_forms },
    { "a small-order key verifies nothing", test_small_order },
    { "a point off its curve verifies nothing", test_off_curve },
    { NULL, NULL }
};
const struct suite suite_sig = { "sig", tests };
