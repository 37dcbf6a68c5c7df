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
#include "tests/support/alloc.h"

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

/* ---- snapshots
 * -------------------------------------------------------------------- */

static void
snapshots(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL);
    const struct ks_snap *a, *b;
    uint8_t pub[16], priv[16];
    uint64_t generation;

    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    a = ks_snap_get(x->t);
    generation = a->generation;
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
    b = ks_snap_get(x->t);
    CU_ASSERT_PTR_EQUAL(a, b); /* unchanged: the same one */
    ks_snap_put(b);
    CHECK_ERR(ks_object_destroy(x->t, pub, &x->f), TEE_OK);
    b = ks_snap_get(x->t);
    CU_ASSERT_PTR_NOT_EQUAL(a, b);
    CU_ASSERT_NOT_EQUAL(b->generation, generation);
    CU_ASSERT_EQUAL(a->n, 2); /* who holds the old one still sees it whole */
    CU_ASSERT_EQUAL(b->n, 1);
    CU_ASSERT_EQUAL(memcmp(a->object[0]->uuid, a->object[1]->uuid, 16) == 0,
                    false);
    ks_snap_put(b);
    ks_snap_put(a);
    ks_snap_put(NULL);
    fix_free(x);
}

static void
bad_arguments(void)
{
    struct fix *x = fix_new("agent", FIX_LOCAL);
    struct ks_conf_token c = x->conf->token[0];
    struct ks_token *t = NULL;

    CHECK_ERR(ks_token_new(NULL, &c, &t), TEE_E_ARG);
    CHECK_ERR(ks_token_new(x->conf, NULL, &t), TEE_E_ARG);
    c.bad_line = 3;
    CHECK_ERR(ks_token_new(x->conf, &c, &t), TEE_E_CONFIG);
    c.bad_line = 0;
    c.origin = (enum ks_origin)9;
    CHECK_ERR(ks_token_new(x->conf, &c, &t), TEE_E_CONFIG);
    CU_ASSERT_PTR_NULL(t);
    CU_ASSERT_PTR_EQUAL(ks_token_conf(x->t), &x->conf->token[0]);
    ks_token_free(NULL);
    fix_free(x);
}

/* ---- memory
 * ------------------------------------------------------------------------ */

static enum tee_err
sign_with(struct ks_token *t, const uint8_t priv[16])
{
    const struct ks_mech mech = { .scheme = KS_EDDSA };
    const struct ks_snap *s = ks_snap_get(t);
    const struct ks_object *o =
        ks_snapshot_of(s)->store == NULL
            ? NULL
            : ks_store_find(ks_snapshot_of(s)->store, priv);
    struct ks_key *k = NULL;
    struct ks_op op = { 0 };
    uint8_t sig[64];
    size_t n;
    enum tee_err err;

    err = o == NULL ? TEE_E_NOTFOUND : ks_key_open(t, o, &k, NULL);
    if (err == TEE_OK)
        err = ks_sign_init(&op, k, &mech);
    if (err == TEE_OK)
        err = ks_op_sign(&op, TEE_STR("m"), sig, &n);
    ks_op_clear(&op);
    ks_key_put(k);
    ks_snap_put(s);
    return err;
}

/* A whole life, as far as it goes. */
static enum tee_err
live(void *arg)
{
    static const struct ks_object pub = { .flags = KS_O_VERIFY },
                                  priv = { .flags = KS_O_SIGN };
    struct fix *x = arg;
    struct ks_token *t = NULL;
    uint8_t a[16], b[16];
    struct tee_buf json;
    enum tee_err err;

    tee_buf_init(&json, 65536);
    err = ks_token_new(x->conf, &x->conf->token[0], &t);
    if (err == TEE_OK)
        err = ks_token_refresh(t, NULL);
    if (err == TEE_OK)
        err = ks_token_init(t, tee_bytes_of("security"),
                            tee_bytes_of("password"), NULL);
    if (err == TEE_OK)
        err = ks_login(t, KS_USER, tee_bytes_of("password"), NULL);
    if (err == TEE_OK)
        err = ks_generate(t, KS_ED25519, &pub, &priv, a, b, NULL);
    if (err == TEE_OK)
        err = sign_with(t, b);
    if (err == TEE_OK)
        err = ks_token_status_json(t, &json);
    tee_buf_clear(&json);
    ks_token_free(t);
    return err;
}

/* From the file to the first signature, and a signature in parts. */
static enum tee_err
use(void *arg)
{
    struct fix *x = arg;
    const uint8_t *priv = fix_snap(x)->object[0]->uuid;
    struct ks_token *t = NULL;
    enum tee_err err;

    if (fix_snap(x)->object[0]->class != KS_PRIVATE)
        priv = fix_snap(x)->object[1]->uuid;
    err = ks_token_new(x->conf, &x->conf->token[0], &t);
    if (err == TEE_OK)
        err = ks_token_refresh(t, NULL);
    if (err == TEE_OK)
        err = sign_with(t, priv);
    ks_token_free(t);
    return err;
}

static void
no_memory(void)
{
    struct fix *x = fix_new("agent", FIX_LOCAL);
    uint8_t pub[16], priv[16];

    CU_ASSERT_TRUE(alloc_torture(live, x) > 20);
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
    CU_ASSERT_TRUE(fix_snap(x)->initialised);
    fix_free(x);
    x = fix_made(FIX_LOCAL, NULL, NULL);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    CU_ASSERT_TRUE(alloc_torture(use, x) > 10);
    /* nothing is allocated once the key is open */
    alloc_fail(0);
    CHECK_ERR(sign_with(x->t, priv), TEE_OK);
    CU_ASSERT_FALSE(alloc_fail_end());
    fix_free(x);
}

static void
no_locked_memory(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL), *y;
    uint8_t pub[16], priv[16];
    struct tee_buf w;

    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    y = fix_again(x);
    CHECK_ERR(ks_token_refresh(y->t, &y->f), TEE_OK);
    alloc_no_mlock(true);
    CHECK_ERR(fix_sign(y, priv), TEE_E_NOMEM);
    CU_ASSERT_PTR_NOT_NULL(strstr(y->f.text, "RLIMIT_MEMLOCK"));
    alloc_no_mlock(false);
    CHECK_ERR(fix_sign(y, priv), TEE_OK);
    fix_free(y);
    y = fix_other(x, FIX_LOCAL "lock = try\n");
    alloc_no_mlock(true);
    CHECK_ERR(ks_token_refresh(y->t, &y->f), TEE_OK);
    CHECK_ERR(fix_sign(y, priv), TEE_OK);
    alloc_no_mlock(false);
    tee_buf_init(&w, 65536);
    ks_token_warnings(y->t, &w);
    tee_buf_u8(&w, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr((const char *)w.p, "lock = try"));
    tee_buf_clear(&w);
    fix_free(y);
    fix_free(x);
}

/* ---- the log
 * ----------------------------------------------------------------------- */

static void
log_lines(void)
{
    struct fix *x = fix_new("agent", FIX_PIN);
    uint8_t pub[16], priv[16];
    char said[2048] = "";
    int pipes[2], saved = dup(2);
    ssize_t n;

    CU_ASSERT_EQUAL_FATAL(pipe(pipes), 0);
    CU_ASSERT_EQUAL(dup2(pipes[1], 2), 2);
    tee_log_set(TEE_LOG_STDERR);
    (void)!ks_token_init(x->t, TEE_STR("security"), TEE_STR("password"), NULL);
    (void)!ks_login(x->t, KS_USER, TEE_STR("forgotten"), NULL);
    (void)!ks_login(x->t, KS_USER, TEE_STR("password"), NULL);
    (void)!fix_generate(x, KS_ED25519, pub, priv);
    ks_logout(x->t);
    (void)!ks_login(x->t, KS_USER, TEE_STR("password"), NULL);
    (void)!fix_sign(x, priv);
    (void)!fix_sign(x, priv);
    tee_log_set(TEE_LOG_NONE);
    (void)dup2(saved, 2);
    (void)close(pipes[1]);
    n = read(pipes[0], said, sizeof(said) - 1);
    (void)close(pipes[0]);
    (void)close(saved);
    CU_ASSERT_TRUE(n > 0);
    CU_ASSERT_STRING_EQUAL(
        said, "tee-pkcs11: [agent] token initialised, key_origin = local\n"
              "tee-pkcs11: [agent] login refused: wrong PIN\n"
              "tee-pkcs11: [agent] ed25519 key made, key_origin = local\n"
              "tee-pkcs11: [agent] local key in use: it is bound to no TEE\n");
    fix_free(x);
}

static const struct test tests[] = {
    { "a token is not made behind the user's back", fresh_token },
    { "init, generate, open, sign, and again from the file", end_to_end },
    { "a snapshot stays whole while others come", snapshots },
    { "a token of a bad section is not made", bad_arguments },
    { "every failed allocation is an error, and no more", no_memory },
    { "memory that cannot be locked: an error, or a warning",
      no_locked_memory },
    { "the events of a token are one line each", log_lines },
    { NULL, NULL },
};
const struct suite suite_token = { "token", tests };
