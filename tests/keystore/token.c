/* keystore.c: tokens, their snapshots, and who does something slow. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/keystore/fixture.h"
#include "tests/keystore/suites.h"

static void
fresh_token(void)
{
    struct fix *x = fix_new("agent", FIX_LOCAL);
    const struct ks_snap *s = fix_snap(x);
    char file[FIX_PATH];

    CU_ASSERT_FALSE(s->initialised);
    CU_ASSERT_EQUAL(s->n, 0);
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
    CU_ASSERT_FALSE(fix_snap(x)->initialised);
    CU_ASSERT_TRUE(fix_snap(x)->writable);
    fix_file(x, "token", file);
    CU_ASSERT_NOT_EQUAL(access(file, F_OK), 0);
    CHECK_ERR(
        fix_generate(x, KS_ED25519, (uint8_t[16]){ 0 }, (uint8_t[16]){ 0 }),
        TEE_E_STATE);
    fix_free(x);
}

static void
end_to_end(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL), *y;
    uint8_t pub[16], priv[16];

    CU_ASSERT_TRUE(fix_snap(x)->initialised);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    CU_ASSERT_EQUAL(fix_snap(x)->n, 2);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    y = fix_again(x);
    CHECK_ERR(ks_token_refresh(y->t, &y->f), TEE_OK);
    CHECK_ERR(fix_sign(y, priv), TEE_OK);
    fix_free(y);
    fix_free(x);
}

static const struct test tests[] = {
    { "a token is not made behind the user's back", fresh_token },
    { "init, generate, open, sign, and again from the file", end_to_end },
    { NULL, NULL },
};
const struct suite suite_token = { "token", tests };
