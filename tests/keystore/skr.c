/* ks_skr.c, ks_tee.c: what this version lists and refuses, and says so. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/keystore/fixture.h"
#include "tests/keystore/suites.h"

#define SKR                                                                    \
    "key_origin = skr\n"                                                       \
    "maa_url = https://example.attest.azure.net\n"                             \
    "akv_key = https://example.managedhsm.azure.net/keys/agent\n"

static const char pk_hex[] =
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
static const char pem[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n";

static void
put(const char *path, struct tee_bytes v)
{
    FILE *to = fopen(path, "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(to);
    CU_ASSERT_EQUAL(fwrite(v.p, 1, v.len, to), v.len);
    CU_ASSERT_EQUAL(fclose(to), 0);
    CU_ASSERT_EQUAL(chmod(path, 0644), 0);
}

/* A token whose public_key names a file that is not there yet. */
static struct fix *
skr_token(char path[FIX_PATH], const char *more)
{
    static unsigned n;
    char lines[1024];
    struct fix *x;

    (void)snprintf(path, FIX_PATH, "%s/skr%u.pub", test_dir(), n++);
    (void)snprintf(lines, sizeof(lines), SKR "public_key = %s\n%s", path, more);
    x = fix_new("agent", lines);
    return x;
}

static void
refused(struct fix *x, enum tee_err err, const char *begins)
{
    struct tee_fault f;

    CHECK_ERR(err, TEE_E_UNSUPPORTED);
    CHECK_ERR(ks_token_last_error(x->t, &f), TEE_E_UNSUPPORTED);
    if (strncmp(f.text, begins, strlen(begins)) != 0)
        fprintf(stderr, "says: %s\n", f.text);
    CU_ASSERT_EQUAL(strncmp(f.text, begins, strlen(begins)), 0);
}

static void
shows_public(void)
{
    char path[FIX_PATH];
    struct fix *x = skr_token(path, ""), *y;
    const struct ks_snap *s;
    struct ks_key *k = NULL;
    uint8_t der[KS_ED25519_SPKI], h[32], uuid[16], other[16];

    ks_ed25519_spki(test_hex(pk_hex).p, der);
    put(path, tee_bytes_of(pem));
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
    s = fix_snap(x);
    CU_ASSERT_TRUE(s->initialised);
    CU_ASSERT_FALSE(s->writable);
    CU_ASSERT_EQUAL_FATAL(s->n, 2);
    CU_ASSERT_EQUAL(s->object[0]->class, KS_PUBLIC);
    CU_ASSERT_EQUAL(s->object[1]->class, KS_PRIVATE);
    CU_ASSERT_EQUAL(s->object[1]->flags, KS_O_SIGN);
    CU_ASSERT_TRUE(tee_bytes_equal(s->object[1]->spki,
                                   (struct tee_bytes){ der, sizeof(der) }));
    tee_sha256((struct tee_bytes){ der, sizeof(der) }, h);
    CU_ASSERT_EQUAL(memcmp(s->object[0]->attr[KS_A_ID].p, h, 20), 0);
    memcpy(uuid, s->object[1]->uuid, 16);
    refused(x, ks_key_open(x->t, s->object[1], &k, &x->f), "unsupported: ");
    /* DER is the same key, with the same names */
    put(path, (struct tee_bytes){ der, sizeof(der) });
    y = fix_again(x);
    CHECK_ERR(ks_token_refresh(y->t, &y->f), TEE_OK);
    memcpy(other, fix_snap(y)->object[1]->uuid, 16);
    CU_ASSERT_EQUAL(memcmp(uuid, other, 16), 0);
    fix_free(y);
    fix_free(x);
}

static void
never_makes(void)
{
    char path[FIX_PATH];
    struct fix *x = skr_token(path, "");
    struct ks_object o = { .class = KS_DATA };
    uint8_t a[16], b[16];

    put(path, tee_bytes_of(pem));
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
    CHECK_ERR(fix_generate(x, KS_ED25519, a, b), TEE_E_PROHIBITED);
    CHECK_ERR(ks_token_init(x->t, (struct tee_bytes){ 0 },
                            (struct tee_bytes){ 0 }, &x->f),
              TEE_E_PROHIBITED);
    CHECK_ERR(ks_object_create(x->t, &o, (struct tee_bytes){ 0 }, a, &x->f),
              TEE_E_READONLY);
    CHECK_ERR(ks_object_destroy(x->t, fix_snap(x)->object[0]->uuid, &x->f),
              TEE_E_READONLY);
    o.class = KS_PRIVATE;
    o.ktype = KS_ED25519;
    CHECK_ERR(ks_object_create(x->t, &o, TEE_STR("x"), a, &x->f),
              TEE_E_PROHIBITED);
    fix_free(x);
}

static void
bad_public(void)
{
    char path[FIX_PATH];
    struct fix *x = skr_token(path, "");
    uint8_t der[KS_ED25519_SPKI + 1] = { 0 };

    ks_ed25519_spki(test_hex(pk_hex).p, der);
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_E_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(x->f.text, path));
    CU_ASSERT_FALSE(fix_snap(x)->initialised);
    put(path, (struct tee_bytes){ der, sizeof(der) }); /* a byte behind it */
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_E_CONFIG);
    put(path, TEE_STR(""));
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_E_CONFIG);
    put(path, tee_bytes_of(pem));
    CU_ASSERT_EQUAL(chmod(path, 0666), 0);
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_E_TRUST);
    CU_ASSERT_EQUAL(chmod(path, 0644), 0);
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
    fix_free(x);
    x = skr_token(path, "key_type = p256\n");
    put(path, tee_bytes_of(pem));
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_E_CONFIG);
    fix_free(x);
}

/* Hardware and demands that cannot be checked: refused at use. */
static void
not_here(void)
{
    static const struct {
        const char *lines, *says;
    } rows[] = {
        { "key_origin = tee_generated\n", "unsupported: platform = auto: " },
        { "key_origin = tee_generated\nplatform = amd-sev-snp\n",
          "unsupported: platform = amd-sev-snp: " },
        { "key_origin = tee_generated\nplatform = azure-cvm-tdx\n",
          "unsupported: platform = azure-cvm-tdx: built without azure" },
        { "key_origin = tee_generated\nplatform = tpm2\n",
          "unsupported: platform = tpm2: built without tpm" },
        { "key_origin = tee_generated\nplatform = aws-nitro\n",
          "unsupported: platform = aws-nitro: " },
        { FIX_TEE "require = /etc/tee-pkcs11/policy.json\n",
          "unsupported: require" },
        { FIX_TEE "refs = /etc/tee-pkcs11/refs.json\n", "unsupported: refs" },
        { FIX_TEE "roots = /etc/tee-pkcs11/roots\n", "unsupported: roots" },
        { FIX_TEE "enrolled = /etc/tee-pkcs11/birth.json\n",
          "unsupported: enrolled" },
        { "key_origin = tee_generated\nplatform = simulated\n"
          "via = unix:/run/tee-pkcs11/agent.sock\n",
          "unsupported: via = unix: " },
    };
    uint8_t a[16], b[16];
    struct tee_buf w;
    struct fix *x;
    size_t i;

    for (i = 0; i < TEE_LEN(rows); i++) {
        x = fix_new("agent", rows[i].lines);
        CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
        CU_ASSERT_FALSE(fix_snap(x)->initialised);
        CU_ASSERT_EQUAL(ks_token_last_error(x->t, NULL), TEE_OK);
        refused(x,
                ks_token_init(x->t, (struct tee_bytes){ 0 },
                              (struct tee_bytes){ 0 }, &x->f),
                rows[i].says);
        refused(x, fix_generate(x, KS_ED25519, a, b), rows[i].says);
        tee_buf_init(&w, 65536);
        ks_token_warnings(x->t, &w);
        tee_buf_u8(&w, 0);
        CU_ASSERT_PTR_NOT_NULL(strstr((const char *)w.p, rows[i].says));
        tee_buf_clear(&w);
        fix_free(x);
    }
    x = fix_new("agent", FIX_LOCAL "via = unix:/run/tee-pkcs11/agent.sock\n");
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
    CHECK_ERR(fix_generate(x, KS_ED25519, a, b), TEE_E_UNSUPPORTED);
    fix_free(x);
}

static const struct test tests[] = {
    { "an skr token shows its public key and opens nothing", shows_public },
    { "an skr token makes and changes nothing", never_makes },
    { "a bad public key file is said, by name", bad_public },
    { "hardware, services and demands are refused at use", not_here },
    { NULL, NULL },
};
const struct suite suite_skr = { "skr", tests };
