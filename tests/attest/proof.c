/* Identity reference, section 13: K-S, K-E, K-P, K-B, K-T; section 9.3: S3. */
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

#include "tests/attest/kit.h"
#include "tests/attest/suites.h"

#define STATEMENT_HASH                                                         \
    "bcfbdfbe96b7b599d77b61e8c601ad619c4004c9d2c183e7566ecfbc1b2a9198"
#define A2_BINDING                                                             \
    "3d2a0ec75d9f09baf56c70ce77962a9872b762174148137495212409d4141ec3"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"

static bool
is_hex(const uint8_t *p, size_t n, const char *want)
{
    struct tee_bytes w = test_hex(want);

    return w.len == n && memcmp(p, w.p, n) == 0;
}

/* The stand-in report of 1184 bytes with this field at 0x50. */
static void
report(const char *field, uint8_t ret[1184], uint8_t e[32])
{
    struct tee_blobs v = { .n = 1 };

    memset(ret, 0, 1184);
    ret[0] = 5;
    memcpy(ret + 0x50, test_hex(field).p, 64);
    v.v[0] = (struct tee_blob){ TEE_STR("report"), { ret, 1184 } };
    CU_ASSERT_EQUAL(tee_evidence_digest(&v, e), TEE_OK);
}

static void
check_signature(const struct tee_buf *m, const char *want)
{
    uint8_t sk[64], sig[64];
    struct att_key k;
    uint8_t spki[44];

    kit_k1(sk);
    kit_spki(sk + 32, spki);
    (void)crypto_sign_detached(sig, NULL, m->p, m->len, sk);
    CU_ASSERT(is_hex(sig, 64, want));
    CU_ASSERT_EQUAL(att_key_parse((struct tee_bytes){ spki, 44 }, &k), TEE_OK);
    CU_ASSERT_EQUAL(
        att_sig_verify(&k, tee_buf_view(m), (struct tee_bytes){ sig, 64 }),
        TEE_OK);
}

static void
test_evidence_digest(void)
{
    struct tee_blobs v = { .n = 2 };
    uint8_t e[32];

    v.v[0] = (struct tee_blob){ TEE_STR("event_log"), TEE_STR("") };
    v.v[1] = (struct tee_blob){ TEE_STR("report"), TEE_STR("\1\2\3") };
    CU_ASSERT_EQUAL(tee_evidence_digest(&v, e), TEE_OK);
    CU_ASSERT(is_hex(e, 32,
                     "a99607840d2d43a84cf5c946fed7142b81bfb0a591bf7d42d6c88d25"
                     "aae51d31"));
    v.v[0] = v.v[1];
    CU_ASSERT_EQUAL(tee_evidence_digest(&v, e), TEE_E_ARG);
    v.v[1] = (struct tee_blob){ TEE_STR("event_log"), TEE_STR("") };
    CU_ASSERT_EQUAL(tee_evidence_digest(&v, e), TEE_E_ARG);
}

static void
test_possession(void)
{
    struct tee_buf m;
    uint8_t r[1184], h[32], e[32];

    report(A2_BINDING STATEMENT_HASH, r, e);
    tee_sha256((struct tee_bytes){ r, sizeof(r) }, h);
    CU_ASSERT(is_hex(h, 32,
                     "ef984e4624796802f1fe6f76654f3181c78fbc9eb5502264e78304ab"
                     "51668daf"));
    CU_ASSERT(is_hex(e, 32,
                     "3e0c479fd643b3584b13743f117e8b7a8d65be929362fb30f6f87fe4"
                     "2f6fda9d"));
    tee_buf_init(&m, 512);
    tee_pop_message(&m, TEE_STR(KIT_NONCE), e);
    CU_ASSERT(is_hex(
        m.p, m.len,
        "7465652d706b637331312f706f702f7631004030303131323233333434353536363737"
        "3838393961616262636364646565666630303131323233333434353536363737383839"
        "39"
        "61616262636364646565"
        "66663e0c479fd643b3584b13743f117e8b7a8d65be929362fb30f6f87fe42f6fda9"
        "d"));
    check_signature(&m,
                    "0cbb23b3c3a15847aa6af700b704c369e880b4430c669ee078ca393"
                    "08a5a102f0957bba11b6c325c632ccb20db77508d2fa2766326d27f"
                    "07809503bcbc82080f");
    tee_buf_clear(&m);
}

static void
test_once_per_boot(void)
{
    struct tee_buf m;
    uint8_t r[1184], h[32], e[32];

    report(ZERO STATEMENT_HASH, r, e);
    tee_sha256((struct tee_bytes){ r, sizeof(r) }, h);
    CU_ASSERT(is_hex(h, 32,
                     "3e89d89e9b85889e701c764df899cc247c8c820ed6b3418e35bf07c2"
                     "7af6ad68"));
    tee_buf_init(&m, 512);
    tee_pop_message(&m, TEE_STR(""), e);
    CU_ASSERT(is_hex(m.p, m.len,
                     "7465652d706b637331312f706f702f763100008a5b8929c6b8572851"
                     "3e3a517eb64f4e0e0ec12b0e7406993670cc7e251dbb4f"));
    check_signature(&m,
                    "26b69ca322da5e695c37ca59c817bf94d83ef19633d7f6e9198793"
                    "22ce10171aacc6d7745e70e2c1713bbc1bfdbbf7f6eb16588bb3ff9"
                    "4391a235d1f6509250e");
    tee_buf_clear(&m);
}

static void
check_session(size_t exporter, const char *hash, const char *sig)
{
    struct tee_buf m;
    uint8_t r[1184], e[32], h[32], x[32];
    size_t i;

    for (i = 0; i < sizeof(x); i++)
        x[i] = (uint8_t)(0xa0 + i);
    report(ZERO STATEMENT_HASH, r, e);
    tee_buf_init(&m, 512);
    tee_session_message(&m, TEE_STR(KIT_DID), TEE_STR(KIT_CHALLENGE),
                        TEE_STR(KIT_NONCE), e,
                        (struct tee_bytes){ x, exporter });
    CU_ASSERT_EQUAL(m.len, 192 + exporter);
    tee_sha256(tee_buf_view(&m), h);
    CU_ASSERT(is_hex(h, 32, hash));
    check_signature(&m, sig);
    tee_buf_clear(&m);
}

static void
test_session(void)
{
    check_session(
        0, "ee24a4e880998e82b901bd0eba7f3d2c788c42314bc05c669208f2967d0f41cf",
        "d0192a01c5459fa1207ee014868b8069ae81a76ff6df2f64c9b89727ce8b98592841e5"
        "e49c488d96fd2cb4714e72ea583c37d623301e71cf45bc45eeebda5f05");
    check_session(
        32, "200a71a59643e779861c0b2332ca20512b67eba2e4b5aaeb80453fcdd2dc2c30",
        "9a67a169024042d5ac055969945f00ba7def860335fce96a7bca7c69875eee1d0399b5"
        "d74f0709705c771a824e19f3f5639cf73abbfa87a45c512d613776e406");
}

/* AES-256-GCM of nothing: the tag alone (the module has no AES-GCM). */
static void
gcm_tag(const uint8_t key[32], const uint8_t nonce[12], struct tee_bytes aad,
        uint8_t tag[16])
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    uint8_t none[16];
    int n = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_EQUAL(EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce),
                    1);
    if (aad.len > 0)
        CU_ASSERT_EQUAL(EVP_EncryptUpdate(c, NULL, &n, aad.p, (int)aad.len), 1);
    CU_ASSERT_EQUAL(EVP_EncryptFinal_ex(c, none, &n), 1);
    CU_ASSERT_EQUAL(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16, tag), 1);
    EVP_CIPHER_CTX_free(c);
}

static void
test_seal_s3(void)
{
    struct tee_buf head, salted;
    uint8_t root[32], nonce[12], salt[32], key[32], tag[16];
    size_t i;

    for (i = 0; i < sizeof(root); i++)
        root[i] = (uint8_t)(0x40 + i);
    for (i = 0; i < sizeof(nonce); i++)
        nonce[i] = (uint8_t)i;
    tee_buf_init(&salted, 256);
    tee_buf_text(&salted, "tee-pkcs11/seal/salt/v1");
    tee_buf_lp16(&salted, TEE_STR("simulated"));
    tee_buf_lp16(&salted, TEE_STR("k"));
    tee_sha256(tee_buf_view(&salted), salt);
    CU_ASSERT_EQUAL(tee_hkdf_sha256((struct tee_bytes){ root, 32 },
                                    (struct tee_bytes){ salt, 32 },
                                    TEE_STR("tee-pkcs11/seal/aes-256-gcm/v1"),
                                    key, sizeof(key)),
                    TEE_OK);
    CU_ASSERT(is_hex(key, 32,
                     "80f29b5bbc1da17f10f4fa9bd9bce3884cb2b13d16f40ebf53f528b3"
                     "c1876858"));
    tee_buf_init(&head, 256);
    tee_buf_text(&head, "TPS1\1\1");
    tee_buf_lp16(&head, TEE_STR("simulated"));
    tee_buf_lp16(&head, TEE_STR("k"));
    tee_buf_lp16(&head, TEE_STR(""));
    gcm_tag(key, nonce, tee_buf_view(&head), tag);
    CU_ASSERT(is_hex(tag, 16, "bc58ace3bf9d11c251306e39c7742425"));
    tee_buf_put(&head, nonce, sizeof(nonce));
    tee_buf_put(&head, tag, sizeof(tag));
    CU_ASSERT(is_hex(head.p, head.len,
                     "545053310101000973696d756c6174656400016b0000000102030405"
                     "060708090a0bbc58ace3bf9d11c251306e39c7742425"));
    gcm_tag(key, nonce, TEE_STR(""), tag);
    CU_ASSERT(is_hex(tag, 16, "c2cbd82d968f1ee9e4fe49e251b33f23"));
    tee_buf_clear(&head);
    tee_buf_clear(&salted);
}

static const struct test tests[] = {
    { "K-E: the evidence digest, in bundle order only", test_evidence_digest },
    { "K-P: the proof of possession", test_possession },
    { "K-B: the proof over once-per-boot evidence", test_once_per_boot },
    { "K-T: the attested session, without and with exporter", test_session },
    { "S3: key, sealed form and raw form from a simulated root", test_seal_s3 },
    { NULL, NULL }
};
const struct suite suite_proof = { "proof", tests };
