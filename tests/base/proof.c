/* What a bound key signs: known answers of agent-identity, 3 and 13. */
#include "config.h"

#include <sodium.h>
#include <string.h>

#include "tests/base/suites.h"

#define DID       "did:mesh:0123456789abcdef0123456789abcdef"
#define CHALLENGE "challenge_00112233aabbccdd"
#define NONCE     "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define SEED_K1                                                                \
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
#define PUB_K1                                                                 \
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define HASH_K1                                                                \
    "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9"
#define SPKI "302a300506032b6570032100"
#define S_HASH                                                                 \
    "bcfbdfbe96b7b599d77b61e8c601ad619c4004c9d2c183e7566ecfbc1b2a9198"
#define B_HASH                                                                 \
    "3d2a0ec75d9f09baf56c70ce77962a9872b762174148137495212409d4141ec3"

static bool
is(const uint8_t *p, size_t n, const char *hex)
{
    return tee_bytes_equal((struct tee_bytes){ p, n }, test_hex(hex));
}

/* The stand-in of section 13: 1184 bytes with the field at 0x50. */
static struct tee_blobs
stand_in(const char *b_hash)
{
    static uint8_t report[1184];
    struct tee_blobs v = { .n = 1 };

    memset(report, 0, sizeof(report));
    report[0] = 5;
    memcpy(report + 0x50, test_hex(b_hash).p, 32);
    memcpy(report + 0x70, test_hex(S_HASH).p, 32);
    v.v[0].name = TEE_STR("report");
    v.v[0].data = (struct tee_bytes){ report, sizeof(report) };
    return v;
}

/* Whether K1 signs these bytes to that signature. */
static bool
signs(struct tee_bytes message, const char *signature)
{
    uint8_t pk[32], sk[64], sig[64];

    (void)crypto_sign_seed_keypair(pk, sk, test_hex(SEED_K1).p);
    (void)crypto_sign_detached(sig, NULL, message.p, message.len, sk);
    return is(pk, 32, PUB_K1) && is(sig, 64, signature);
}

static void
test_digest(void)
{
    struct tee_blobs v = { .n = 2 };
    uint8_t e[32];

    v.v[0].name = TEE_STR("event_log");
    v.v[1].name = TEE_STR("report");
    v.v[1].data = TEE_STR("\x01\x02\x03");
    CU_ASSERT_EQUAL(tee_evidence_digest(&v, e), TEE_OK);
    CU_ASSERT_TRUE(is(e, 32,
                      "a99607840d2d43a84cf5c946fed7142b81bfb0a591bf7d42d6c88d"
                      "25aae51d31"));
}

static void
test_digest_order(void)
{
    static const char *const bad[][3] = {
        { "report", "event_log", NULL }, /* not ascending */
        { "report", "report", NULL },    /* twice */
        { "reports", "report", NULL },   /* a prefix comes first */
        { "", "report", NULL },          /* no name */
        { "a", "\x7f", "\x20" },
        { "\xc3\xa9", "z", NULL }, /* bytes, not letters */
    };
    struct tee_blobs v = { 0 };
    uint8_t e[32] = { 7 };
    size_t i, k;

    for (i = 0; i < TEE_LEN(bad); i++) {
        for (k = 0, v.n = 0; k < 3 && bad[i][k] != NULL; k++)
            v.v[v.n++].name = tee_bytes_of(bad[i][k]);
        CU_ASSERT_EQUAL(tee_evidence_digest(&v, e), TEE_E_ARG);
    }
    v.n = TEE_BLOBS_MAX + 1;
    CU_ASSERT_EQUAL(tee_evidence_digest(&v, e), TEE_E_ARG);
    CU_ASSERT_EQUAL(e[0], 7);
    v.n = 2;
    v.v[0].name = TEE_STR("report");
    v.v[1].name = TEE_STR("report2");
    CU_ASSERT_EQUAL(tee_evidence_digest(&v, e), TEE_OK);
}

/* Swapping two blobs, or moving a byte between name and blob, changes E. */
static void
test_digest_is_injective(void)
{
    struct tee_blobs v = { .n = 2 };
    uint8_t e[3][32];

    v.v[0] = (struct tee_blob){ TEE_STR("a"), TEE_STR("x") };
    v.v[1] = (struct tee_blob){ TEE_STR("b"), TEE_STR("y") };
    CU_ASSERT_EQUAL(tee_evidence_digest(&v, e[0]), TEE_OK);
    v.v[0].data = TEE_STR("y");
    v.v[1].data = TEE_STR("x");
    CU_ASSERT_EQUAL(tee_evidence_digest(&v, e[1]), TEE_OK);
    v.v[0] = (struct tee_blob){ TEE_STR("ax"), TEE_STR("") };
    v.v[1] = (struct tee_blob){ TEE_STR("b"), TEE_STR("y") };
    CU_ASSERT_EQUAL(tee_evidence_digest(&v, e[2]), TEE_OK);
    CU_ASSERT_NOT_EQUAL(memcmp(e[0], e[1], 32), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(e[0], e[2], 32), 0);
}

static void
test_possession(void)
{
    struct tee_blobs v = stand_in(B_HASH);
    struct tee_buf b;
    uint8_t e[32];

    CU_ASSERT_EQUAL(tee_evidence_digest(&v, e), TEE_OK);
    CU_ASSERT_TRUE(is(e, 32,
                      "3e0c479fd643b3584b13743f117e8b7a8d65be929362fb30f6f87f"
                      "e42f6fda9d"));
    tee_buf_init(&b, 512);
    tee_pop_message(&b, TEE_STR(NONCE), e);
    CU_ASSERT_TRUE(is(b.p, b.len,
                      "7465652d706b637331312f706f702f76310040303031313232333334"
                      "34353536363737383839396161626263636464656566663030313132"
                      "32333334343535363637373838393961616262636364646565666"
                      "63e0c479fd643b3584b13743f117e8b7a8d65be929362fb30f6f87fe"
                      "42f6fda9d"));
    CU_ASSERT_TRUE(signs(tee_buf_view(&b),
                         "0cbb23b3c3a15847aa6af700b704c369e880b4430c669ee078ca"
                         "39308a5a102f0957bba11b6c325c632ccb20db77508d2fa27663"
                         "26d27f07809503bcbc82080f"));
    tee_buf_clear(&b);
}

static void
test_once_per_boot(void)
{
    static const char zero[] = "00000000000000000000000000000000"
                               "00000000000000000000000000000000";
    struct tee_blobs v = stand_in(zero);
    struct tee_buf b;
    uint8_t e[32];

    CU_ASSERT_EQUAL(tee_evidence_digest(&v, e), TEE_OK);
    tee_buf_init(&b, 512);
    tee_pop_message(&b, TEE_STR(""), e);
    CU_ASSERT_TRUE(is(b.p, b.len,
                      "7465652d706b637331312f706f702f763100008a5b8929c6b857285"
                      "13e3a517eb64f4e0e0ec12b0e7406993670cc7e251dbb4f"));
    CU_ASSERT_TRUE(signs(tee_buf_view(&b),
                         "26b69ca322da5e695c37ca59c817bf94d83ef19633d7f6e91987"
                         "9322ce10171aacc6d7745e70e2c1713bbc1bfdbbf7f6eb16588b"
                         "b3ff94391a235d1f6509250e"));
    tee_buf_clear(&b);
}

static void
session(const char *exporter, size_t len, const char *hash, const char *sig)
{
    uint8_t e[32], h[32];
    struct tee_buf b;

    memcpy(e,
           test_hex("8a5b8929c6b85728513e3a517eb64f4e0e0ec12b0e7406993670cc7e2"
                    "51dbb4f")
               .p,
           32);
    tee_buf_init(&b, 512);
    tee_session_message(&b, TEE_STR(DID), TEE_STR(CHALLENGE), TEE_STR(NONCE), e,
                        test_hex(exporter));
    CU_ASSERT_EQUAL(b.len, len);
    tee_sha256(tee_buf_view(&b), h);
    CU_ASSERT_TRUE(is(h, 32, hash));
    CU_ASSERT_TRUE(signs(tee_buf_view(&b), sig));
    tee_buf_clear(&b);
}

static void
test_session(void)
{
    session("", 192,
            "ee24a4e880998e82b901bd0eba7f3d2c788c42314bc05c669208f2967d0f41cf",
            "d0192a01c5459fa1207ee014868b8069ae81a76ff6df2f64c9b89727ce8b9859"
            "2841e5e49c488d96fd2cb4714e72ea583c37d623301e71cf45bc45eeebda5f05");
    session("a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf",
            224,
            "200a71a59643e779861c0b2332ca20512b67eba2e4b5aaeb80453fcdd2dc2c30",
            "9a67a169024042d5ac055969945f00ba7def860335fce96a7bca7c69875eee1d"
            "0399b5d74f0709705c771a824e19f3f5639cf73abbfa87a45c512d613776e406");
}

static void
test_too_long_parts(void)
{
    static const uint8_t e[32];
    static uint8_t big[65536];
    struct tee_bytes v = { big, sizeof(big) };
    struct tee_buf b;

    tee_buf_init(&b, 1 << 20);
    tee_pop_message(&b, v, e);
    CU_ASSERT_EQUAL(b.err, TEE_E_TOOBIG);
    tee_buf_clear(&b);
    tee_session_message(&b, TEE_STR(DID), v, TEE_STR(NONCE), e, TEE_STR(""));
    CU_ASSERT_EQUAL(b.err, TEE_E_TOOBIG);
    tee_buf_clear(&b);
}

/* agent-identity section 2: the raw key is hashed, and nothing else. */
static void
test_key_hash(void)
{
    uint8_t h[32];

    tee_key_hash(test_hex(SPKI PUB_K1), h);
    CU_ASSERT_TRUE(is(h, 32, HASH_K1));
    tee_key_hash(test_hex(PUB_K1), h); /* no SubjectPublicKeyInfo: as it is */
    CU_ASSERT_TRUE(is(h, 32, HASH_K1));
    tee_key_hash(test_hex("0420" PUB_K1), h);
    CU_ASSERT_TRUE(is(h, 32,
                      "3cff750890e5117fa7eeff3c052fa627151d29b111505137f884867"
                      "a5cc85f8a"));
    tee_key_hash(test_hex(SPKI PUB_K1 "00"), h); /* another length */
    CU_ASSERT_FALSE(is(h, 32, HASH_K1));
}

static const char did_a4[] = "did:mesh:";

/* A DID of "did:mesh:" and n times c. */
static struct tee_bytes
long_did(char c, size_t n)
{
    static uint8_t did[65536];

    memcpy(did, did_a4, sizeof(did_a4) - 1);
    memset(did + sizeof(did_a4) - 1, c, n);
    return (struct tee_bytes){ did, sizeof(did_a4) - 1 + n };
}

static void
binding(struct tee_bytes did, const char *challenge, const char *nonce,
        const char *hash, const char *want)
{
    uint8_t ret[32];

    CU_ASSERT_EQUAL(tee_binding_hash(did, tee_bytes_of(challenge),
                                     tee_bytes_of(nonce), test_hex(hash).p,
                                     ret),
                    TEE_OK);
    CU_ASSERT_TRUE(is(ret, 32, want));
}

static void
test_binding(void)
{
    binding(TEE_STR("did:mesh:agent-1"), "challenge_123", "nonce-abc",
            "72cd6e8422c407fb6d098690f1130b7ded7ec2f7f5e1d30bd9d521f015363793",
            "a9beac248d1221961e3fba0ea8daca0945128b11d30b06bdf0ffe8bd837668e5");
    binding(TEE_STR(DID), CHALLENGE, NONCE, HASH_K1, B_HASH);
    binding(TEE_STR("did:mesh:ag\xc3\xa9nt-\xe6\x9d\xb1\xe4\xba\xac"),
            "challenge_\xc3\xa9", "nonce-\xc3\xbc", HASH_K1,
            "da8c248b9f82be7fb80d7e017d0513b794e5a61df494cd9929c7d204ecfad65c");
    binding(long_did('a', 300), "c", "n", HASH_K1,
            "5e254b80ffe5c3fbe3892924d14df1753b0a35cd4141940093ae7a0ddfff51f4");
    binding(long_did('b', 65526), "c", "n", HASH_K1,
            "288a8046c7bc8b5a2f15a179ed282b517cd9a2dde6c49521887af0b041007edb");
}

static void
test_binding_limits(void)
{
    static uint8_t big[65536];
    struct tee_bytes over = { big, 65536 }, most = { big, 65535 },
                     long_nonce = { big, 1025 }, none = { NULL, 0 },
                     one = TEE_STR("x");
    uint8_t key[32] = { 0 }, ret[32] = { 7 };

    CU_ASSERT_EQUAL(tee_binding_hash(none, one, one, key, ret), TEE_E_ARG);
    CU_ASSERT_EQUAL(tee_binding_hash(one, none, one, key, ret), TEE_E_ARG);
    CU_ASSERT_EQUAL(tee_binding_hash(one, one, none, key, ret), TEE_E_ARG);
    CU_ASSERT_EQUAL(tee_binding_hash(over, one, one, key, ret), TEE_E_ARG);
    CU_ASSERT_EQUAL(tee_binding_hash(one, over, one, key, ret), TEE_E_ARG);
    CU_ASSERT_EQUAL(tee_binding_hash(one, one, long_nonce, key, ret),
                    TEE_E_ARG);
    CU_ASSERT_EQUAL(ret[0], 7);
    long_nonce.len = 1024;
    CU_ASSERT_EQUAL(tee_binding_hash(most, most, long_nonce, key, ret), TEE_OK);
}

static const struct test tests[] = {
    { "the evidence digest gives answer K-E", test_digest },
    { "names that don't ascend have no digest", test_digest_order },
    { "names and blobs can't trade places", test_digest_is_injective },
    { "possession gives answer K-P", test_possession },
    { "evidence without a nonce gives answer K-B", test_once_per_boot },
    { "an attested session gives both answers K-T", test_session },
    { "a part over 65535 bytes is refused", test_too_long_parts },
    { "a key is named by the hash of its raw bytes", test_key_hash },
    { "the binding hash gives answers A1 to A5", test_binding },
    { "the binding hash has limits", test_binding_limits },
    { NULL, NULL },
};
const struct suite suite_proof = { "proof", tests };
