#include <string.h>

#include "pkcs11/tp11.h"
#include "tests/pkcs11/suites.h"

#define ED_SPKI                                                                \
    "302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325" \
    "af021a68f707511a"
/* RFC 6979 A.2.5 */
#define P256_SPKI                                                              \
    "3059301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31"   \
    "c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e9" \
    "5628bc64f2f1b20c2d7e9f5177a3c294d4462299"
/* Self-signed, Ed25519, serial 0x1234 */
#define CERT                                                                   \
    "3082012c3081dfa00302010202021234300506032b657030153113301106035504030c"   \
    "0a7465652d706b63733131301e170d3236313132343039353132355a170d333631313231" \
    "3039353132355a30153113301106035504030c0a7465652d706b63733131302a30050603" \
    "2b65700321002a9641977bc14411dcd8b6fed277cb13a6dfa6ab84f3082a34f76120c09d" \
    "77b2a3533051301d0603551d0e04160414237e715e12ff7f3798104eded2a11fd8974596" \
    "29301f0603551d23041830168014237e715e12ff7f3798104eded2a11fd897459629300f" \
    "0603551d130101ff040530030101ff300506032b6570034100a26aba7b54564bbd99f35a" \
    "19741229da2422658d1a32e86afb1a1818d5ffc93d054340f4e122da31dc667466e1fcf9" \
    "66a791da5b1142c4193a5067df770d6b05"

static bool
same(struct tee_bytes v, const char *hex)
{
    return tee_bytes_equal(v, test_hex(hex));
}

static void
test_an_edwards_key_has_point_and_parameters(void)
{
    struct tp11_parts p = { 0 };

    CU_ASSERT_FATAL(
        tp11_parts_of_spki(KS_ED25519, test_hex(ED_SPKI), false, &p));
    CU_ASSERT(same(p.params, "06032b6570"));
    CU_ASSERT(same(p.point, "0420d75a980182b10ab7d54bfed3c964073a0ee172f3daa6"
                            "2325af021a68f707511a"));
    CU_ASSERT(same(p.spki, ED_SPKI));
    CU_ASSERT_FATAL(
        tp11_parts_of_spki(KS_ED25519, test_hex(ED_SPKI), true, &p));
    CU_ASSERT(same(p.point, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325"
                            "af021a68f707511a"));
}

static void
test_a_p256_key_has_an_octet_string_point(void)
{
    struct tp11_parts p = { 0 };

    CU_ASSERT_FATAL(
        tp11_parts_of_spki(KS_P256, test_hex(P256_SPKI), false, &p));
    CU_ASSERT(same(p.params, "06082a8648ce3d030107"));
    CU_ASSERT_EQUAL(p.point.len, 67);
    CU_ASSERT_EQUAL(memcmp(p.point.p, "\x04\x41\x04", 3), 0);
}

/* The raw form is for Edwards keys alone. */
static void
test_a_raw_point_is_for_edwards_keys_alone(void)
{
    struct tp11_parts p = { 0 };

    CU_ASSERT_FATAL(tp11_parts_of_spki(KS_P256, test_hex(P256_SPKI), true, &p));
    CU_ASSERT_EQUAL(p.point.len, 67);
}

static void
test_a_point_over_127_bytes_has_a_long_length(void)
{
    uint8_t der[200];
    struct tp11_parts p = { 0 };
    /* SEQUENCE { SEQUENCE { ecPublicKey, secp521r1 }, BIT STRING } */
    static const uint8_t head[] = { 0x30, 0x81, 0x9b, 0x30, 0x10, 0x06, 0x07,
                                    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
                                    0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23,
                                    0x03, 0x81, 0x86, 0x00, 0x04 };

    memset(der, 7, sizeof(der));
    memcpy(der, head, sizeof(head));
    CU_ASSERT_FATAL(
        tp11_parts_of_spki(KS_P521, (struct tee_bytes){ der, 158 }, false, &p));
    CU_ASSERT_EQUAL(p.point.len, 136);
    CU_ASSERT_EQUAL(memcmp(p.point.p, "\x04\x81\x85\x04", 4), 0);
}

static void
test_every_prefix_of_a_key_is_refused(void)
{
    struct tee_bytes spki = test_hex(P256_SPKI);
    struct tp11_parts p;
    size_t n;

    for (n = 0; n < spki.len; n++) {
        p = (struct tp11_parts){ 0 };
        CU_ASSERT_FALSE(tp11_parts_of_spki(
            KS_P256, (struct tee_bytes){ spki.p, n }, false, &p));
    }
    CU_ASSERT_FALSE(tp11_parts_of_spki(KS_NONE, spki, false, &p));
}

static void
test_a_certificate_has_its_parts(void)
{
    struct tp11_parts p = { 0 };

    CU_ASSERT_FATAL(tp11_parts_of_cert(test_hex(CERT), &p));
    CU_ASSERT(same(p.serial, "02021234"));
    CU_ASSERT(
        same(p.subject, "30153113301106035504030c0a7465652d706b63733131"));
    CU_ASSERT(same(p.issuer, "30153113301106035504030c0a7465652d706b63733131"));
    CU_ASSERT_EQUAL(p.spki.len, 44);
}

static void
test_every_prefix_of_a_certificate_is_refused(void)
{
    struct tee_bytes der = test_hex(CERT);
    struct tp11_parts p = { 0 };
    size_t n;

    for (n = 0; n < der.len; n++)
        CU_ASSERT_FALSE(tp11_parts_of_cert((struct tee_bytes){ der.p, n }, &p));
}

/* What is still a certificate has views inside of it. */
static void
test_a_flipped_bit_never_leads_outside(void)
{
    struct tee_bytes der = test_hex(CERT);
    uint8_t copy[512];
    struct tp11_parts p;
    size_t bit;

    for (bit = 0; bit < der.len * 8; bit++) {
        memcpy(copy, der.p, der.len);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        p = (struct tp11_parts){ 0 };
        if (!tp11_parts_of_cert((struct tee_bytes){ copy, der.len }, &p))
            continue;
        CU_ASSERT(p.subject.p >= copy &&
                  p.subject.p + p.subject.len <= copy + der.len);
        CU_ASSERT(p.spki.p >= copy && p.spki.p + p.spki.len <= copy + der.len);
    }
}

static void
test_bytes_behind_a_certificate_are_refused(void)
{
    struct tp11_parts p = { 0 };

    CU_ASSERT_FALSE(tp11_parts_of_cert(test_hex(CERT "00"), &p));
}

static void
test_curves_are_known_by_their_whole_encoding(void)
{
    static const struct {
        const char *hex;
        enum ks_ktype type;
    } t[] = {
        { "06032b6570", KS_ED25519 },
        { "130c656477617264733235353139", KS_ED25519 },
        { "06082a8648ce3d030107", KS_P256 },
        { "06052b81040022", KS_P384 },
        { "06052b81040023", KS_P521 },
        { "06032b6571", KS_NONE }, /* Ed448 */
        { "06032b65", KS_NONE },
        { "06032b657000", KS_NONE },
        { "", KS_NONE },
        { "0c0c656477617264733235353139", KS_NONE },
        { "06052b8104000a", KS_NONE }, /* secp256k1 */
    };
    size_t i;

    for (i = 0; i < TEE_LEN(t); i++)
        CU_ASSERT_EQUAL(tp11_curve(test_hex(t[i].hex)), t[i].type);
}

/* FIPS 180: one block, two, the empty message, the padding's borders */
static void
test_check_values_are_the_first_bytes_of_sha1(void)
{
    static const struct {
        size_t n;
        const char *hex;
    } t[] = {
        { 0, "da39a3" },  { 1, "86f7e4" },  { 55, "c1c8bb" }, { 56, "c2db33" },
        { 63, "03f09f" }, { 64, "0098ba" }, { 65, "116553" },
    };
    uint8_t a[65], got[3];
    size_t i;

    memset(a, 'a', sizeof(a));
    for (i = 0; i < TEE_LEN(t); i++) {
        tp11_check_value((struct tee_bytes){ a, t[i].n }, got);
        CU_ASSERT_EQUAL(memcmp(got, test_hex(t[i].hex).p, 3), 0);
    }
    tp11_check_value(TEE_STR("abc"), got);
    CU_ASSERT_EQUAL(memcmp(got, "\xa9\x99\x3e", 3), 0);
}

static const struct test tests[] = {
    { "an Edwards key has point and parameters",
      test_an_edwards_key_has_point_and_parameters },
    { "a P-256 key has an OCTET STRING point",
      test_a_p256_key_has_an_octet_string_point },
    { "a raw point is for Edwards keys alone",
      test_a_raw_point_is_for_edwards_keys_alone },
    { "a point over 127 bytes has a long length",
      test_a_point_over_127_bytes_has_a_long_length },
    { "every prefix of a key is refused",
      test_every_prefix_of_a_key_is_refused },
    { "a certificate has its parts", test_a_certificate_has_its_parts },
    { "every prefix of a certificate is refused",
      test_every_prefix_of_a_certificate_is_refused },
    { "a flipped bit never leads outside",
      test_a_flipped_bit_never_leads_outside },
    { "bytes behind a certificate are refused",
      test_bytes_behind_a_certificate_are_refused },
    { "curves are known by their whole encoding",
      test_curves_are_known_by_their_whole_encoding },
    { "check values are the first bytes of SHA-1",
      test_check_values_are_the_first_bytes_of_sha1 },
    { NULL, NULL },
};
const struct suite der_suite = { "der", tests };
