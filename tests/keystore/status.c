/* status.c: what a token says of itself. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/keystore/fixture.h"
#include "tests/keystore/suites.h"

/* The JSON as text; whether it is JSON is asked of a parser in tests/tools. */
static char *
status(struct fix *x)
{
    struct tee_buf b;
    uint8_t *p = NULL;
    size_t n = 0;

    tee_buf_init(&b, 65536);
    CHECK_ERR(ks_token_status_json(x->t, &b), TEE_OK);
    CHECK_ERR(tee_buf_steal(&b, &p, &n), TEE_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    return (char *)p;
}

static bool
says(struct fix *x, const char *text)
{
    char *s = status(x);
    bool yes = strstr(s, text) != NULL;

    if (!yes)
        fprintf(stderr, "no %s in %s\n", text, s);
    free(s);
    return yes;
}

static void
local(void)
{
    struct fix *x = fix_new("agent", FIX_LOCAL "label = a\\b\n");
    uint8_t pub[16], priv[16];

    CU_ASSERT_TRUE(says(x, "\"section\":\"agent\",\"label\":\"a\\\\b\","
                           "\"origin\":\"local\",\"model\":\"local\","));
    CU_ASSERT_TRUE(says(x, "\"initialised\":false,\"writable\":"));
    CU_ASSERT_TRUE(says(x, "\"pin\":false,\"keys\":[],\"last_error\":null,"));
    CU_ASSERT_TRUE(says(x, "\"not initialised\""));
    CHECK_ERR(ks_token_init(x->t, (struct tee_bytes){ 0 },
                            (struct tee_bytes){ 0 }, &x->f),
              TEE_OK);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    CU_ASSERT_TRUE(says(x, "\"serial\":\""));
    CU_ASSERT_TRUE(says(x, "\"initialised\":true,\"writable\":true"));
    CU_ASSERT_TRUE(says(x, "\"keys\":[{\"label\":\"a\\\\b\",\"id\":\""));
    CU_ASSERT_TRUE(says(x, "\"type\":\"ed25519\",\"public_key_sha256\":\""));
    CU_ASSERT_TRUE(says(x, "\"born_here\":true,\"ephemeral\":false}]"));
    CU_ASSERT_TRUE(says(x, "\"token key in clear: who can read "));
    fix_free(x);
}

static void
pins(void)
{
    struct fix *x = fix_made(FIX_PIN, NULL, "password");
    uint8_t pub[16], priv[16];
    size_t i;

    CU_ASSERT_TRUE(says(x, "\"pin\":true,\"user_pin\":\"set\","
                           "\"so_pin\":\"none\",\"user_tries_left\":10,"
                           "\"so_tries_left\":10,\"pin_counter\":\"advisory\","
                           "\"logged_in\":\"nobody\","));
    CU_ASSERT_TRUE(says(x, "\"pin-counter: advisory\""));
    CU_ASSERT_TRUE(says(x, "\"a short PIN falls to a search"));
    CHECK_ERR(ks_login(x->t, KS_USER, TEE_STR("password"), &x->f), TEE_OK);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    CU_ASSERT_TRUE(says(x, "\"logged_in\":\"user\",\"keys\":[{"));
    ks_logout(x->t);
    CU_ASSERT_TRUE(says(x, "\"keys\":[],")); /* private until login */
    for (i = 0; i < KS_TRIES; i++)
        CHECK_ERR(ks_login(x->t, KS_USER, TEE_STR("short"), &x->f), TEE_E_PIN);
    CU_ASSERT_TRUE(says(x, "\"user_pin\":\"locked\""));
    CU_ASSERT_TRUE(says(x, "\"user_tries_left\":0"));
    fix_free(x);
}

static void
origins(void)
{
    struct fix *x = fix_new("agent", FIX_TEE "did = did:mesh:a\n");
    uint8_t pub[16], priv[16];

    CU_ASSERT_TRUE(says(x, "\"origin\":\"tee_generated\","
                           "\"model\":\"simulated\","));
    CU_ASSERT_TRUE(says(x, "\"platform_configured\":\"simulated\""));
    CU_ASSERT_TRUE(says(x, "\"did\":\"did:mesh:a\""));
    CU_ASSERT_TRUE(says(x, "\"platform = simulated: nothing here is bound"));
    fix_free(x);
    x = fix_new("agent", "key_origin = tee_generated\nroots = /etc/roots\n"
                         "device_root = /srv\n");
    CU_ASSERT_TRUE(says(x, "\"model\":\"tee_generated\""));
    CU_ASSERT_TRUE(says(x, "\"unsupported: roots"));
    CU_ASSERT_TRUE(says(x, "\"roots = /etc/roots replaces"));
    CU_ASSERT_TRUE(says(x, "\"device_root = /srv: "));
    CU_ASSERT_TRUE(says(x, "\"measured_boot = none: keys are ephemeral\""));
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_E_UNSUPPORTED);
    CU_ASSERT_TRUE(says(x, "\"last_error\":{\"error\":\"unsupported\","
                           "\"text\":\"unsupported: roots"));
    fix_free(x);
}

static const struct test tests[] = {
    { "a local token says what it has and what it is not", local },
    { "PINs, tries, and what a login shows", pins },
    { "platforms, demands, the last error", origins },
    { NULL, NULL },
};
const struct suite suite_status = { "status", tests };
