/* op_plugin.c: RSA and EC keys of a token, through the plug-in. */
#include "config.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/keystore/fixture.h"
#include "tests/keystore/suites.h"

static const struct ks_mech ecdsa = { .scheme = KS_ECDSA, .hash = KS_SHA256 };
static const struct ks_mech digest = { .scheme = KS_ECDSA };

static bool
plugin_there(void)
{
    struct tee_fault f = { 0 };

    if (ks_plugin(&f) != NULL)
        return true;
    test_skip("the plug-in is not built");
    return false;
}

static void
generated(void)
{
    static const enum ks_ktype types[] = { KS_P256, KS_P384, KS_RSA2048 };
    struct fix *x, *y;
    uint8_t pub[16], priv[16];
    size_t i;

    if (!plugin_there())
        return;
    x = fix_made(FIX_LOCAL, NULL, NULL);
    for (i = 0; i < TEE_LEN(types); i++) {
        CHECK_ERR(fix_generate(x, types[i], pub, priv), TEE_OK);
        CHECK_ERR(fix_sign(x, priv), TEE_OK);
        y = fix_again(x);
        CHECK_ERR(ks_token_refresh(y->t, &y->f), TEE_OK);
        CHECK_ERR(fix_sign(y, priv), TEE_OK);
        fix_free(y);
        /* what is sealed is bound to its public half here too */
        CU_ASSERT_EQUAL(ks_spki_type(fix_object(x, priv)->spki), types[i]);
        ks_logout(x->t);
        CU_ASSERT_EQUAL(x->t->n_keys, 0);
    }
    fix_free(x);
}

static struct tee_bytes
data(const char *name, uint8_t *to, size_t room)
{
    const char *src = secure_getenv("srcdir");
    char path[512];
    FILE *from;
    size_t n = 0;

    (void)snprintf(path, sizeof(path), "%s/tests/data/store/keys/%s",
                   src != NULL ? src : ".", name);
    from = fopen(path, "rb");
    if (from != NULL) {
        n = fread(to, 1, room, from);
        (void)fclose(from);
    }
    CU_ASSERT_TRUE(n > 0);
    return (struct tee_bytes){ to, n };
}

static void
imported(void)
{
    static const struct {
        const char *name;
        enum ks_ktype type;
    } rows[] = { { "p256", KS_P256 },
                 { "p521", KS_P521 },
                 { "rsa2048", KS_RSA2048 } };
    struct ks_object o = { .class = KS_PRIVATE, .flags = KS_O_SIGN };
    static uint8_t secret[2048], spki[1024];
    uint8_t priv[16];
    struct tee_bytes s, p;
    char name[32];
    struct fix *x;
    size_t i;

    if (!plugin_there())
        return;
    x = fix_made(FIX_LOCAL "verify_after_sign = yes\n", NULL, NULL);
    for (i = 0; i < TEE_LEN(rows); i++) {
        (void)snprintf(name, sizeof(name), "%s.pkcs8", rows[i].name);
        s = data(name, secret, sizeof(secret));
        (void)snprintf(name, sizeof(name), "%s.spki", rows[i].name);
        p = data(name, spki, sizeof(spki));
        o.ktype = rows[i].type;
        o.spki = p;
        CHECK_ERR(ks_object_create(x->t, &o, s, priv, &x->f), TEE_OK);
        CHECK_ERR(fix_sign(x, priv), TEE_OK);
        spki[p.len - 1] ^= 1;
        CHECK_ERR(ks_object_create(x->t, &o, s, priv, &x->f), TEE_E_SPKI);
        o.spki = (struct tee_bytes){ 0 };
        o.ktype = KS_P384;
        CHECK_ERR(ks_object_create(x->t, &o, s, priv, &x->f), TEE_E_KEY_TYPE);
        o.ktype = rows[i].type;
        s.len--;
        CU_ASSERT_NOT_EQUAL(ks_object_create(x->t, &o, s, priv, &x->f), TEE_OK);
    }
    CU_ASSERT_EQUAL(fix_snap(x)->n, TEE_LEN(rows));
    fix_free(x);
}

/* In parts, in one piece, as a digest: one message, three ways. */
static void
parts(void)
{
    static const char *const confs[] = { FIX_LOCAL, FIX_LOCAL
                                         "verify_after_sign = yes\n" };
    uint8_t sig[64], h[32];
    struct ks_op op = { 0 };
    struct ks_key *k = NULL;
    struct tee_buf spki;
    struct fix *x;
    size_t i, n;

    if (!plugin_there())
        return;
    tee_sha256(TEE_STR("message"), h);
    for (i = 0; i < TEE_LEN(confs); i++) {
        x = fix_new("agent", confs[i]);
        tee_buf_init(&spki, TEE_SPKI_MAX);
        CHECK_ERR(ks_key_new(x->t, KS_P256, (struct tee_bytes){ 0 }, &spki, &k,
                             &x->f),
                  TEE_OK);
        CHECK_ERR(ks_sign_init(&op, k, &ecdsa), TEE_OK);
        CHECK_ERR(ks_op_update(&op, TEE_STR("mess")), TEE_OK);
        CHECK_ERR(ks_op_update(&op, TEE_STR("age")), TEE_OK);
        CHECK_ERR(ks_op_sign_final(&op, sig, &n), TEE_OK);
        ks_op_clear(&op);
        CU_ASSERT_EQUAL(n, 64);
        CHECK_ERR(ks_verify_init(&op, KS_P256, tee_buf_view(&spki), &digest),
                  TEE_OK);
        CHECK_ERR(ks_op_verify(&op, (struct tee_bytes){ h, 32 },
                               (struct tee_bytes){ sig, n }),
                  TEE_OK);
        ks_op_clear(&op);
        CHECK_ERR(ks_verify_init(&op, KS_P256, tee_buf_view(&spki), &ecdsa),
                  TEE_OK);
        CHECK_ERR(ks_op_update(&op, TEE_STR("message")), TEE_OK);
        sig[9] ^= 1;
        CHECK_ERR(ks_op_verify_final(&op, (struct tee_bytes){ sig, n }),
                  TEE_E_SIGNATURE);
        ks_op_clear(&op);
        /* a digest given in parts is collected */
        CHECK_ERR(ks_sign_init(&op, k, &digest), TEE_OK);
        CHECK_ERR(ks_op_update(&op, (struct tee_bytes){ h, 16 }), TEE_OK);
        CHECK_ERR(ks_op_update(&op, (struct tee_bytes){ h + 16, 16 }), TEE_OK);
        CHECK_ERR(ks_op_sign_final(&op, sig, &n), TEE_OK);
        ks_op_clear(&op);
        CHECK_ERR(ks_verify_init(&op, KS_P256, tee_buf_view(&spki), &ecdsa),
                  TEE_OK);
        CHECK_ERR(
            ks_op_verify(&op, TEE_STR("message"), (struct tee_bytes){ sig, n }),
            TEE_OK);
        ks_op_clear(&op);
        ks_key_put(k);
        tee_buf_clear(&spki);
        fix_free(x);
    }
}

static void
mechanisms(void)
{
    static const struct {
        enum ks_ktype type;
        struct ks_mech m;
        bool can;
    } rows[] = {
        { KS_P256, { .scheme = KS_ECDSA }, true },
        { KS_P521, { .scheme = KS_ECDSA, .hash = KS_SHA512 }, true },
        { KS_P256, { .scheme = KS_EDDSA }, false },
        { KS_P256, { .scheme = KS_RSA_PKCS1 }, false },
        { KS_RSA2048, { .scheme = KS_RSA_PKCS1 }, true },
        { KS_RSA2048, { .scheme = KS_RSA_PKCS1, .hash = KS_SHA256 }, true },
        { KS_RSA2048, { .scheme = KS_ECDSA }, false },
        { KS_MLDSA44, { .scheme = KS_ECDSA }, false },
        { (enum ks_ktype)77, { .scheme = KS_ECDSA }, false },
    };
    size_t i;

    if (!plugin_there())
        return;
    for (i = 0; i < TEE_LEN(rows); i++)
        CU_ASSERT_EQUAL(ks_mech_possible(rows[i].type, &rows[i].m),
                        rows[i].can);
}

/* agent-identity.md section 13: the proof is in the key's own algorithm. */
static void
proofs(void)
{
    static const struct ks_mech pss = { .scheme = KS_RSA_PSS,
                                        .hash = KS_SHA256,
                                        .pss_hash = KS_SHA256,
                                        .pss_mgf = KS_SHA256,
                                        .pss_salt = 32 };
    static const struct ks_mech p384 = { .scheme = KS_ECDSA,
                                         .hash = KS_SHA384 };
    static const struct {
        enum ks_ktype type;
        const struct ks_mech *m;
    } rows[] = { { KS_P256, &ecdsa },
                 { KS_P384, &p384 },
                 { KS_RSA2048, &pss } };
    struct ks_op op = { 0 };
    struct ks_key *k = NULL;
    struct tee_buf spki, sig;
    struct fix *x;
    size_t i;

    if (!plugin_there())
        return;
    x = fix_new("agent", FIX_LOCAL);
    for (i = 0; i < TEE_LEN(rows); i++) {
        tee_buf_init(&spki, TEE_SPKI_MAX);
        tee_buf_init(&sig, 8192);
        CHECK_ERR(ks_key_new(x->t, rows[i].type, (struct tee_bytes){ 0 }, &spki,
                             &k, &x->f),
                  TEE_OK);
        CHECK_ERR(ks_key_prove(k, TEE_STR("proof"), &sig, &x->f), TEE_OK);
        CHECK_ERR(
            ks_verify_init(&op, rows[i].type, tee_buf_view(&spki), rows[i].m),
            TEE_OK);
        CHECK_ERR(ks_op_verify(&op, TEE_STR("proof"), tee_buf_view(&sig)),
                  TEE_OK);
        ks_op_clear(&op);
        ks_key_put(k);
        tee_buf_clear(&sig);
        tee_buf_clear(&spki);
    }
    fix_free(x);
}

/* A PIN and the root of the guest over a key that is not Ed25519. */
static void
born(void)
{
    uint8_t pub[16], priv[16];
    struct fix *x;

    if (!plugin_there() || !fix_helper())
        return;
    x = fix_made(FIX_TEE, NULL, NULL);
    CHECK_ERR(fix_generate(x, KS_P256, pub, priv), TEE_OK);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    CU_ASSERT_EQUAL(fix_snap(x)->n_evidence, 1);
    fix_free(x);
}

static const struct test tests[] = {
    { "EC and RSA keys are made, sealed, opened, used", generated },
    { "EC and RSA keys from outside must fit their public half", imported },
    { "a message in parts is the message", parts },
    { "what the plug-in can do is what is offered", mechanisms },
    { "proofs are in the key's own algorithm", proofs },
    { "a P-256 key is born in the TEE too", born },
    { NULL, NULL },
};
const struct suite suite_op_plugin = { "op_plugin", tests };
