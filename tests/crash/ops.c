#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/crash/crash.h"

#define USER_PIN "123456"
#define NEW_PIN  "654321"
#define SO_PIN   "security"

static uint8_t pub[16], priv[16]; /* of the pair that stands before */

/* ---- scrypt, as cheap as it gets: its cost is not what is swept here
 * ----------- */

int __real_crypto_pwhash_scryptsalsa208sha256_ll(const uint8_t *pin, size_t n,
                                                 const uint8_t *salt,
                                                 size_t n_salt, uint64_t cost,
                                                 uint32_t r, uint32_t p,
                                                 uint8_t *ret, size_t n_ret);
int __wrap_crypto_pwhash_scryptsalsa208sha256_ll(const uint8_t *pin, size_t n,
                                                 const uint8_t *salt,
                                                 size_t n_salt, uint64_t cost,
                                                 uint32_t r, uint32_t p,
                                                 uint8_t *ret, size_t n_ret);

int
__wrap_crypto_pwhash_scryptsalsa208sha256_ll(const uint8_t *pin, size_t n,
                                             const uint8_t *salt, size_t n_salt,
                                             uint64_t cost, uint32_t r,
                                             uint32_t p, uint8_t *ret,
                                             size_t n_ret)
{
    (void)cost;
    return __real_crypto_pwhash_scryptsalsa208sha256_ll(pin, n, salt, n_salt,
                                                        16, r, p, ret, n_ret);
}

/* ---- states before ---------------------------------------------------------
 */

static void
must(enum tee_err err, const struct fix *x)
{
    if (err == TEE_OK)
        return;
    fprintf(stderr, "crash: %s: %s\n", tee_err_name(err), x->f.text);
    abort();
}

static void
make_pair(struct fix *x)
{
    must(ks_token_init(x->t, (struct tee_bytes){ 0 }, (struct tee_bytes){ 0 },
                       &x->f),
         x);
    must(fix_generate(x, KS_ED25519, pub, priv), x);
}

static void
make_empty(struct fix *x)
{
    must(ks_token_init(x->t, (struct tee_bytes){ 0 }, (struct tee_bytes){ 0 },
                       &x->f),
         x);
}

static void
make_pins(struct fix *x)
{
    must(ks_token_init(x->t, TEE_STR(SO_PIN), TEE_STR(USER_PIN), &x->f), x);
    must(ks_login(x->t, KS_USER, TEE_STR(USER_PIN), &x->f), x);
    must(fix_generate(x, KS_ED25519, pub, priv), x);
    ks_logout(x->t);
}

/* Three tries are used up already. */
static void
make_tried_pins(struct fix *x)
{
    int i;

    make_pins(x);
    for (i = 0; i < 3; i++) {
        if (ks_login(x->t, KS_USER, TEE_STR("wrong pin"), &x->f) != TEE_E_PIN)
            must(TEE_E_STATE, x);
    }
}

/* ---- operations -------------------------------------------------------------
 */

static bool
log_in(struct fix *x)
{
    return ks_login(x->t, KS_USER, TEE_STR(USER_PIN), &x->f) == TEE_OK;
}

static bool
log_in_so(struct fix *x)
{
    return ks_login(x->t, KS_SO, TEE_STR(SO_PIN), &x->f) == TEE_OK;
}

static enum tee_err
run_init(struct fix *x)
{
    return ks_token_init(x->t, (struct tee_bytes){ 0 }, (struct tee_bytes){ 0 },
                         &x->f);
}

static enum tee_err
run_generate(struct fix *x)
{
    uint8_t a[16], b[16];

    return fix_generate(x, KS_ED25519, a, b);
}

static enum tee_err
run_create(struct fix *x)
{
    const struct ks_object o = {
        .class = KS_CERT,
        .flags = KS_O_MODIFIABLE | KS_O_DESTROYABLE,
        .attr = { [KS_A_LABEL] = TEE_STR("agent"),
                  [KS_A_VALUE] = TEE_STR("\x30\x03\x02\x01\x00") },
    };
    uint8_t uuid[16];

    return ks_object_create(x->t, &o, (struct tee_bytes){ 0 }, uuid, &x->f);
}

static enum tee_err
run_import(struct fix *x)
{
    const struct ks_object o = {
        .class = KS_PRIVATE,
        .ktype = KS_ED25519,
        .flags = KS_O_MODIFIABLE | KS_O_DESTROYABLE | KS_O_SIGN,
    };
    uint8_t uuid[16];

    return ks_object_create(
        x->t, &o, TEE_STR("0123456789abcdef0123456789abcdef"), uuid, &x->f);
}

static enum tee_err
run_set(struct fix *x)
{
    const struct tee_bytes attr[KS_A_COUNT] = { [KS_A_LABEL] =
                                                    TEE_STR("renamed") };

    return ks_object_set(x->t, priv, attr, 0, 0, &x->f);
}

static enum tee_err
run_destroy(struct fix *x)
{
    return ks_object_destroy(x->t, pub, &x->f);
}

static enum tee_err
run_set_pin(struct fix *x)
{
    return ks_set_pin(x->t, KS_USER, TEE_STR(USER_PIN), TEE_STR(NEW_PIN),
                      &x->f);
}

static enum tee_err
run_init_pin(struct fix *x)
{
    return ks_init_pin(x->t, TEE_STR(NEW_PIN), &x->f);
}

static enum tee_err
run_login(struct fix *x)
{
    return ks_login(x->t, KS_USER, TEE_STR(USER_PIN), &x->f);
}

static enum tee_err
run_wrong_login(struct fix *x)
{
    return ks_login(x->t, KS_USER, TEE_STR(NEW_PIN), &x->f);
}

/* ---- states after
 * ------------------------------------------------------------- */

static bool
same_wraps(const struct ks_store *a, const struct ks_store *b)
{
    return tee_bytes_equal(a->wrap[KS_USER].key, b->wrap[KS_USER].key) &&
           tee_bytes_equal(a->wrap[KS_SO].key, b->wrap[KS_SO].key);
}

static bool
same_body(const struct ks_store *a, const struct ks_store *b)
{
    return tee_bytes_equal(a->body, b->body) && memcmp(a->mac, b->mac, 32) == 0;
}

bool
only_a_try_more(const struct ks_store *was, const struct ks_store *is,
                enum ks_role role)
{
    enum ks_role other = role == KS_USER ? KS_SO : KS_USER;

    return same_body(was, is) && same_wraps(was, is) &&
           is->used[role] == was->used[role] + 1 &&
           is->used[other] == was->used[other];
}

/* Every private key of the token opens and signs. */
static bool
all_sign(struct fix *x, const struct ks_store *is)
{
    size_t i;

    for (i = 0; i < is->n; i++) {
        if (is->object[i]->class == KS_PRIVATE &&
            fix_sign(x, is->object[i]->uuid) != TEE_OK)
            return false;
    }
    return true;
}

static bool
after_init(struct fix *x, const struct ks_store *was, const struct ks_store *is)
{
    uint8_t a[16], b[16];

    return is->n == 0 &&
           (was == NULL || memcmp(was->uuid, is->uuid, 16) == 0) &&
           (was == NULL || memcmp(was->epoch, is->epoch, 16) != 0) &&
           fix_generate(x, KS_ED25519, a, b) == TEE_OK &&
           fix_sign(x, b) == TEE_OK;
}

static bool
after_generate(struct fix *x, const struct ks_store *was,
               const struct ks_store *is)
{
    return is->n == was->n + 2 && same_wraps(was, is) && all_sign(x, is);
}

static bool
after_generate_pin(struct fix *x, const struct ks_store *was,
                   const struct ks_store *is)
{
    return is->n == was->n + 2 && same_wraps(was, is) && log_in(x) &&
           all_sign(x, is);
}

static bool
after_one_more(struct fix *x, const struct ks_store *was,
               const struct ks_store *is)
{
    return is->n == was->n + 1 && same_wraps(was, is) && all_sign(x, is);
}

static bool
after_set(struct fix *x, const struct ks_store *was, const struct ks_store *is)
{
    const struct ks_object *o = ks_store_find(is, priv);

    return is->n == was->n && o != NULL && all_sign(x, is) &&
           tee_bytes_equal(o->attr[KS_A_LABEL], TEE_STR("renamed"));
}

static bool
after_destroy(struct fix *x, const struct ks_store *was,
              const struct ks_store *is)
{
    return is->n == was->n - 1 && ks_store_find(is, pub) == NULL &&
           all_sign(x, is);
}

/* The new PIN, and no other, and the tries are whole again. */
static bool
after_new_pin(struct fix *x, const struct ks_store *was,
              const struct ks_store *is)
{
    return same_body(was, is) && is->used[KS_USER] == 0 &&
           !tee_bytes_equal(was->wrap[KS_USER].key, is->wrap[KS_USER].key) &&
           tee_bytes_equal(was->wrap[KS_SO].key, is->wrap[KS_SO].key) &&
           ks_login(x->t, KS_USER, TEE_STR(NEW_PIN), &x->f) == TEE_OK &&
           all_sign(x, is);
}

static bool
after_login(struct fix *x, const struct ks_store *was,
            const struct ks_store *is)
{
    (void)x;
    return same_body(was, is) && same_wraps(was, is) && is->used[KS_USER] == 0;
}

static bool
after_wrong_login(struct fix *x, const struct ks_store *was,
                  const struct ks_store *is)
{
    (void)x;
    return only_a_try_more(was, is, KS_USER);
}

const struct op ops[] = {
    [OP_INIT] = { "init", FIX_LOCAL, NULL, NULL, run_init, TEE_OK, after_init },
    [OP_INIT_AGAIN] = { "init again", FIX_LOCAL, make_pair, NULL, run_init,
                        TEE_OK, after_init },
    [OP_GENERATE] = { "generate", FIX_LOCAL, make_pair, NULL, run_generate,
                      TEE_OK, after_generate },
    [OP_GENERATE_PIN] = { "generate with a PIN", FIX_PIN, make_pins, log_in,
                          run_generate, TEE_OK, after_generate_pin },
    [OP_GENERATE_TEE] = { "generate in tee_generated", FIX_TEE, make_empty,
                          NULL, run_generate, TEE_OK, after_generate },
    [OP_CREATE] = { "create-object of a certificate", FIX_LOCAL, make_pair,
                    NULL, run_create, TEE_OK, after_one_more },
    [OP_IMPORT] = { "create-object of a private key", FIX_LOCAL, make_pair,
                    NULL, run_import, TEE_OK, after_one_more },
    [OP_SET] = { "set-attribute", FIX_LOCAL, make_pair, NULL, run_set, TEE_OK,
                 after_set },
    [OP_DESTROY] = { "destroy-object", FIX_LOCAL, make_pair, NULL, run_destroy,
                     TEE_OK, after_destroy },
    [OP_SET_PIN] = { "set-PIN", FIX_PIN, make_tried_pins, NULL, run_set_pin,
                     TEE_OK, after_new_pin },
    [OP_INIT_PIN] = { "init-PIN", FIX_PIN, make_pins, log_in_so, run_init_pin,
                      TEE_OK, after_new_pin },
    [OP_LOGIN] = { "login", FIX_PIN, make_tried_pins, NULL, run_login, TEE_OK,
                   after_login },
    [OP_WRONG_LOGIN] = { "login with a wrong PIN", FIX_PIN, make_tried_pins,
                         NULL, run_wrong_login, TEE_E_PIN, after_wrong_login },
};
