/* object.c: objects made, changed, destroyed; key pairs made. */
#include "config.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/keystore/fixture.h"
#include "tests/keystore/suites.h"

#define COMMON (KS_O_MODIFIABLE | KS_O_DESTROYABLE)

static const uint8_t seed[32] = { 0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a,
                                  0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec,
                                  0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b,
                                  0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03,
                                  0x1c, 0xae, 0x7f, 0x60 };
static const struct tee_bytes none = { NULL, 0 };

static bool
text_is(struct tee_bytes v, const char *s)
{
    return tee_bytes_equal(v, tee_bytes_of(s));
}

static void
generated(void)
{
    struct fix *x = fix_made(FIX_LOCAL "label = My token\n", NULL, NULL);
    const struct ks_object *a, *b;
    uint8_t pub[16], priv[16], h[32];

    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    b = fix_object(x, priv);
    a = ks_store_find(ks_snapshot_of(fix_snap(x))->store, pub);
    b = ks_store_find(ks_snapshot_of(fix_snap(x))->store, priv);
    tee_sha256(a->spki, h);
    CU_ASSERT_TRUE(text_is(a->attr[KS_A_LABEL], "My token"));
    CU_ASSERT_TRUE(text_is(b->attr[KS_A_LABEL], "My token"));
    CU_ASSERT_EQUAL(a->attr[KS_A_ID].len, 20);
    CU_ASSERT_EQUAL(memcmp(a->attr[KS_A_ID].p, h, 20), 0);
    CU_ASSERT_TRUE(tee_bytes_equal(a->attr[KS_A_ID], b->attr[KS_A_ID]));
    CU_ASSERT_TRUE(tee_bytes_equal(a->spki, b->spki));
    CU_ASSERT_EQUAL(a->flags, COMMON | KS_O_VERIFY | KS_O_LOCAL);
    CU_ASSERT_EQUAL(b->flags, COMMON | KS_O_SIGN | KS_O_LOCAL |
                                  KS_O_ALWAYS_SENSITIVE |
                                  KS_O_NEVER_EXTRACTABLE);
    CU_ASSERT_TRUE(a->created > 1500000000 && a->created == b->created);
    CU_ASSERT_PTR_NULL(a->sealed.p);
    fix_free(x);
}

/* A template cannot make of a key what it is not. */
static void
templates(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL);
    struct ks_object a = { .flags = COMMON | KS_O_PRIVATE | KS_O_COPYABLE };
    struct ks_object b = { .flags =
                               KS_O_PRIVATE | KS_O_COPYABLE | KS_O_EPHEMERAL };
    const struct ks_object *o;
    uint8_t pub[16], priv[16];

    a.attr[KS_A_ID] = TEE_STR("\1\2");
    b.attr[KS_A_LABEL] = TEE_STR("agent-7");
    CHECK_ERR(ks_generate(x->t, KS_ED25519, &a, &b, pub, priv, &x->f), TEE_OK);
    o = fix_object(x, priv);
    CU_ASSERT_TRUE(text_is(o->attr[KS_A_LABEL], "agent-7"));
    CU_ASSERT_TRUE(text_is(o->attr[KS_A_ID], "\1\2"));
    CU_ASSERT_EQUAL(o->flags, KS_O_LOCAL | KS_O_ALWAYS_SENSITIVE |
                                  KS_O_NEVER_EXTRACTABLE);
    o = fix_object(x, pub);
    CU_ASSERT_TRUE(text_is(o->attr[KS_A_LABEL], "agent-7"));
    CU_ASSERT_EQUAL(o->flags, COMMON | KS_O_COPYABLE | KS_O_LOCAL);
    a.attr[KS_A_LABEL] = TEE_STR("\xff\xfe");
    CHECK_ERR(ks_generate(x->t, KS_ED25519, &a, &b, pub, priv, &x->f),
              TEE_E_ARG);
    CHECK_ERR(ks_generate(x->t, KS_NONE, &b, &b, pub, priv, &x->f),
              TEE_E_KEY_TYPE);
    CU_ASSERT_EQUAL(fix_snap(x)->n, 2); /* both halves or none */
    fix_free(x);
}

static void
imported(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL), *y;
    struct ks_object o = { .class = KS_PRIVATE,
                           .ktype = KS_ED25519,
                           .flags = COMMON | KS_O_SIGN | KS_O_LOCAL |
                                    KS_O_ALWAYS_SENSITIVE };
    const struct tee_bytes secret = { seed, 32 };
    uint8_t der[KS_ED25519_SPKI], priv[16];
    const struct ks_object *got;

    CHECK_ERR(ks_object_create(x->t, &o, secret, priv, &x->f), TEE_OK);
    got = fix_object(x, priv);
    CU_ASSERT_EQUAL(got->flags, COMMON | KS_O_SIGN); /* not born here */
    ks_ed25519_spki(test_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325"
                             "af021a68f707511a")
                        .p,
                    der);
    CU_ASSERT_TRUE(
        tee_bytes_equal(got->spki, (struct tee_bytes){ der, sizeof(der) }));
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    y = fix_again(x);
    CHECK_ERR(ks_token_refresh(y->t, &y->f), TEE_OK);
    CHECK_ERR(fix_sign(y, priv), TEE_OK);
    fix_free(y);

    o.spki = (struct tee_bytes){ der, sizeof(der) };
    CHECK_ERR(ks_object_create(x->t, &o, secret, priv, &x->f), TEE_OK);
    der[20] ^= 1;
    CHECK_ERR(ks_object_create(x->t, &o, secret, priv, &x->f), TEE_E_SPKI);
    o.spki = none;
    CHECK_ERR(ks_object_create(x->t, &o, none, priv, &x->f), TEE_E_ARG);
    CHECK_ERR(
        ks_object_create(x->t, &o, (struct tee_bytes){ seed, 31 }, priv, &x->f),
        TEE_E_MALFORMED);
    o.ktype = KS_NONE;
    CHECK_ERR(ks_object_create(x->t, &o, secret, priv, &x->f), TEE_E_KEY_TYPE);
    CU_ASSERT_EQUAL(fix_snap(x)->n, 2);
    fix_free(x);
    x = fix_new("agent", FIX_TEE);
    o.ktype = KS_ED25519;
    CHECK_ERR(ks_object_create(x->t, &o, secret, priv, &x->f),
              TEE_E_PROHIBITED);
    fix_free(x);
}

static void
public_keys(void)
{
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        /* y >= p: not canonical */
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL);
    uint8_t der[KS_ED25519_SPKI], uuid[16];
    struct ks_object o = { .class = KS_PUBLIC,
                           .ktype = KS_ED25519,
                           .flags =
                               COMMON | KS_O_VERIFY | KS_O_LOCAL | KS_O_PRIVATE,
                           .spki = { der, sizeof(der) } };
    size_t i;

    for (i = 0; i < TEE_LEN(bad); i++) {
        ks_ed25519_spki(test_hex(bad[i]).p, der);
        CHECK_ERR(ks_object_create(x->t, &o, none, uuid, &x->f), TEE_E_ARG);
    }
    ks_ed25519_spki(test_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325"
                             "af021a68f707511a")
                        .p,
                    der);
    CHECK_ERR(ks_object_create(x->t, &o, none, uuid, &x->f), TEE_OK);
    CU_ASSERT_EQUAL(fix_object(x, uuid)->flags, COMMON | KS_O_VERIFY);
    CU_ASSERT_EQUAL(fix_object(x, uuid)->attr[KS_A_ID].len, 20);
    o.ktype = KS_P256;
    CHECK_ERR(ks_object_create(x->t, &o, none, uuid, &x->f), TEE_E_ARG);
    fix_free(x);
}

static void
certificates(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL);
    struct ks_object o = { .class = KS_CERT, .flags = COMMON, .category = 2 };
    struct tee_bytes attr[KS_A_COUNT] = { 0 };
    uint8_t uuid[16], *big = calloc(1, KS_OBJECT_MAX);

    o.attr[KS_A_VALUE] = TEE_STR("DER");
    o.attr[KS_A_LABEL] = TEE_STR("c");
    CHECK_ERR(ks_object_create(x->t, &o, none, uuid, &x->f), TEE_OK);
    CHECK_ERR(ks_object_create(x->t, &o, TEE_STR("secret"), uuid, &x->f),
              TEE_E_ARG);
    CU_ASSERT_EQUAL(fix_snap(x)->n, 1);
    memcpy(uuid, fix_snap(x)->object[0]->uuid, 16);
    CU_ASSERT_EQUAL(fix_object(x, uuid)->category, 2);
    attr[KS_A_LABEL] = TEE_STR("renamed");
    attr[KS_A_SUBJECT] = TEE_STR("0");
    CHECK_ERR(ks_object_set(x->t, uuid, attr, 0, 0, &x->f), TEE_OK);
    CU_ASSERT_TRUE(text_is(fix_object(x, uuid)->attr[KS_A_LABEL], "renamed"));
    CU_ASSERT_TRUE(text_is(fix_object(x, uuid)->attr[KS_A_VALUE], "DER"));
    CU_ASSERT_TRUE(text_is(fix_object(x, uuid)->attr[KS_A_SUBJECT], "0"));
    attr[KS_A_APPLICATION] = TEE_STR("no such attribute here");
    CHECK_ERR(ks_object_set(x->t, uuid, attr, 0, 0, &x->f), TEE_E_ARG);
    o.attr[KS_A_VALUE] = (struct tee_bytes){ big, KS_OBJECT_MAX };
    CHECK_ERR(ks_object_create(x->t, &o, none, uuid, &x->f), TEE_E_TOOBIG);
    o.class = (enum ks_class)9;
    CHECK_ERR(ks_object_create(x->t, &o, none, uuid, &x->f), TEE_E_ARG);
    CU_ASSERT_EQUAL(fix_snap(x)->n, 1);
    free(big);
    fix_free(x);
}

static void
fixed_objects(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL);
    struct ks_object o = { .class = KS_DATA };
    struct tee_bytes attr[KS_A_COUNT] = { [KS_A_LABEL] = TEE_STR("l") };
    uint8_t uuid[16], pub[16], priv[16], unknown[16] = { 9 };
    size_t i;
    static const uint32_t never[] = { KS_O_PRIVATE, KS_O_LOCAL,
                                      KS_O_ALWAYS_SENSITIVE,
                                      KS_O_NEVER_EXTRACTABLE, KS_O_EPHEMERAL };

    o.attr[KS_A_VALUE] = TEE_STR("v");
    CHECK_ERR(ks_object_create(x->t, &o, none, uuid, &x->f), TEE_OK);
    CHECK_ERR(ks_object_set(x->t, uuid, attr, 0, 0, &x->f), TEE_E_PROHIBITED);
    CHECK_ERR(ks_object_destroy(x->t, uuid, &x->f), TEE_E_PROHIBITED);
    CHECK_ERR(ks_object_destroy(x->t, unknown, &x->f), TEE_E_NOTFOUND);
    CHECK_ERR(ks_object_set(x->t, unknown, attr, 0, 0, &x->f), TEE_E_NOTFOUND);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    for (i = 0; i < TEE_LEN(never); i++)
        CHECK_ERR(ks_object_set(x->t, priv, attr, never[i], 0, &x->f),
                  TEE_E_PROHIBITED);
    fix_free(x);
}

/* CKA_SIGN is part of what the key is sealed with: it is sealed again. */
static void
usage_changes(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL), *y;
    struct tee_bytes attr[KS_A_COUNT] = { 0 };
    uint8_t pub[16], priv[16], nonce[24];

    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    memcpy(nonce, fix_object(x, priv)->sealed.p, 24);
    attr[KS_A_LABEL] = TEE_STR("renamed");
    CHECK_ERR(ks_object_set(x->t, priv, attr, 0, 0, &x->f), TEE_OK);
    CU_ASSERT_EQUAL(memcmp(nonce, fix_object(x, priv)->sealed.p, 24), 0);
    CHECK_ERR(ks_object_set(x->t, priv, attr, KS_O_SIGN, 0, &x->f), TEE_OK);
    CU_ASSERT_NOT_EQUAL(memcmp(nonce, fix_object(x, priv)->sealed.p, 24), 0);
    CU_ASSERT_EQUAL(fix_object(x, priv)->flags & KS_O_SIGN, 0);
    CHECK_ERR(fix_sign(x, priv), TEE_OK); /* refusing is pkcs11/'s */
    y = fix_again(x);
    CHECK_ERR(ks_token_refresh(y->t, &y->f), TEE_OK);
    CHECK_ERR(fix_sign(y, priv), TEE_OK);
    fix_free(y);
    fix_free(x);
}

static void
private_data(void)
{
    struct fix *x = fix_made(FIX_PIN, "security", "password");
    struct ks_object o = { .class = KS_DATA, .flags = COMMON | KS_O_PRIVATE };
    struct tee_buf got;
    uint8_t uuid[16], empty[16];

    tee_buf_init(&got, 1024);
    CHECK_ERR(ks_object_create(x->t, &o, TEE_STR("hidden"), uuid, &x->f),
              TEE_E_LOGIN);
    CHECK_ERR(ks_login(x->t, KS_USER, tee_bytes_of("password"), &x->f), TEE_OK);
    CHECK_ERR(ks_object_create(x->t, &o, TEE_STR("hidden"), uuid, &x->f),
              TEE_OK);
    CHECK_ERR(ks_object_create(x->t, &o, none, empty, &x->f), TEE_OK);
    CU_ASSERT_PTR_NULL(fix_object(x, uuid)->attr[KS_A_VALUE].p);
    CHECK_ERR(ks_data_open(x->t, fix_object(x, uuid), &got, &x->f), TEE_OK);
    CU_ASSERT_TRUE(text_is(tee_buf_view(&got), "hidden"));
    got.len = 0;
    CHECK_ERR(ks_data_open(x->t, fix_object(x, empty), &got, &x->f), TEE_OK);
    CU_ASSERT_EQUAL(got.len, 0);
    o.flags = COMMON;
    CHECK_ERR(ks_object_create(x->t, &o, TEE_STR("hidden"), empty, &x->f),
              TEE_E_ARG);
    o.attr[KS_A_VALUE] = TEE_STR("open");
    CHECK_ERR(ks_object_create(x->t, &o, none, empty, &x->f), TEE_OK);
    CHECK_ERR(ks_data_open(x->t, fix_object(x, empty), &got, &x->f), TEE_E_ARG);
    ks_logout(x->t);
    CHECK_ERR(ks_data_open(x->t, fix_object(x, uuid), &got, &x->f),
              TEE_E_LOGIN);
    CHECK_ERR(ks_login(x->t, KS_SO, tee_bytes_of("security"), &x->f), TEE_OK);
    CHECK_ERR(ks_data_open(x->t, fix_object(x, uuid), &got, &x->f),
              TEE_E_LOGIN);
    CHECK_ERR(ks_object_destroy(x->t, uuid, &x->f), TEE_E_LOGIN);
    CHECK_ERR(ks_object_destroy(x->t, empty, &x->f), TEE_OK); /* public */
    tee_buf_clear(&got);
    fix_free(x);
    x = fix_made(FIX_LOCAL, NULL, NULL);
    o = (struct ks_object){ .class = KS_DATA, .flags = KS_O_PRIVATE };
    CHECK_ERR(ks_object_create(x->t, &o, TEE_STR("hidden"), uuid, &x->f),
              TEE_E_ARG);
    fix_free(x);
}

static void
two_writers(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL), *y = fix_again(x);
    uint8_t pub[16], a[16], b[16];

    CHECK_ERR(fix_generate(x, KS_ED25519, pub, a), TEE_OK);
    CHECK_ERR(fix_generate(y, KS_ED25519, pub, b), TEE_OK);
    CU_ASSERT_EQUAL(fix_snap(y)->n, 4); /* what the other wrote is kept */
    CHECK_ERR(fix_sign(y, a), TEE_OK);
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
    CHECK_ERR(fix_sign(x, b), TEE_OK);
    CHECK_ERR(ks_object_destroy(x->t, a, &x->f), TEE_OK);
    CHECK_ERR(ks_object_destroy(y->t, a, &y->f), TEE_E_NOTFOUND);
    fix_free(y);
    fix_free(x);
}

static const struct test tests[] = {
    { "a generated pair has label, id, flags and time of its birth",
      generated },
    { "a template changes nothing of what a key is", templates },
    { "a private key from outside is not local; other origins refuse it",
      imported },
    { "public keys are looked at before they are stored", public_keys },
    { "certificates are stored, renamed, bounded", certificates },
    { "what is not modifiable or destroyable stays", fixed_objects },
    { "a key of changed usage is sealed again", usage_changes },
    { "private data is sealed and only the user's", private_data },
    { "two processes change the same store in turn", two_writers },
    { NULL, NULL },
};
const struct suite suite_object = { "object", tests };
