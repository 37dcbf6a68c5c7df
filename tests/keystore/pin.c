/* pin.c: C_InitToken, login, tries, new PINs. */
#include "config.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/keystore/fixture.h"
#include "tests/keystore/suites.h"
#include "tests/support/alloc.h"

#define SO    "security"
#define USER  "password"
#define OTHER "another one"

static enum tee_err
login(struct fix *x, enum ks_role role, const char *pin)
{
    return ks_login(x->t, role, tee_bytes_of(pin), &x->f);
}

static unsigned
left(struct fix *x, enum ks_role role)
{
    const struct ks_snap *s;

    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
    s = fix_snap(x);
    return role == KS_SO ? s->so_tries : s->user_tries;
}

static void
login_logout(void)
{
    struct fix *x = fix_made(FIX_PIN, SO, USER);
    uint8_t pub[16], priv[16];

    CU_ASSERT_TRUE(fix_snap(x)->user_pin && fix_snap(x)->so_pin);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_E_LOGIN);
    CHECK_ERR(login(x, KS_USER, USER), TEE_OK);
    CU_ASSERT_TRUE(fix_snap(x)->logged_in[KS_USER]);
    CU_ASSERT_FALSE(fix_snap(x)->logged_in[KS_SO]);
    CHECK_ERR(login(x, KS_USER, USER), TEE_E_EXISTS);
    CHECK_ERR(login(x, KS_SO, SO), TEE_E_STATE);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    CU_ASSERT_TRUE((fix_object(x, priv)->flags & KS_O_PRIVATE) != 0);
    CU_ASSERT_TRUE((fix_object(x, pub)->flags & KS_O_PRIVATE) == 0);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    CU_ASSERT_EQUAL(x->t->n_keys, 1);
    ks_logout(x->t);
    CU_ASSERT_EQUAL(x->t->n_keys, 0);
    CU_ASSERT_PTR_NULL(x->t->tk);
    CU_ASSERT_FALSE(fix_snap(x)->logged_in[KS_USER]);
    CHECK_ERR(fix_sign(x, priv), TEE_E_LOGIN);
    CHECK_ERR(login(x, KS_USER, USER), TEE_OK);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    ks_logout(x->t);
    ks_logout(x->t);
    CHECK_ERR(login(x, KS_SO, SO), TEE_OK);
    CHECK_ERR(fix_sign(x, priv), TEE_E_LOGIN);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_E_LOGIN);
    CHECK_ERR(ks_object_destroy(x->t, priv, &x->f), TEE_E_LOGIN);
    CHECK_ERR(login(x, (enum ks_role)7, SO), TEE_E_PIN_TYPE);
    fix_free(x);
}

/* Ten wrong ones, the first five by another process, lock it for all. */
static void
ten_tries(void)
{
    static const char too_long[] = "far too long: far too long: far too long: "
                                   "far too long: far too long";
    static const char *const wrong[] = { "passwore", "passworD", "", "short",
                                         too_long };
    struct fix *x = fix_made(FIX_PIN, SO, USER), *y = NULL;
    int status = -1;
    pid_t pid;
    size_t i;

    pid = fork();
    if (pid == 0) {
        y = fix_again(x);
        for (i = 0; i < TEE_LEN(wrong); i++) {
            if (login(y, KS_USER, wrong[i]) != TEE_E_PIN)
                _exit(1);
        }
        _exit(0);
    }
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_EQUAL(left(x, KS_USER), 5);
    for (i = 0; i < TEE_LEN(wrong); i++) {
        CU_ASSERT_EQUAL(left(x, KS_USER), 5 - i);
        CHECK_ERR(login(x, KS_USER, wrong[i]), TEE_E_PIN);
    }
    CU_ASSERT_EQUAL(left(x, KS_USER), 0);
    CHECK_ERR(login(x, KS_USER, USER), TEE_E_PIN_LOCKED);
    CHECK_ERR(ks_set_pin(x->t, KS_USER, tee_bytes_of(USER),
                         tee_bytes_of("other pin"), &x->f),
              TEE_E_PIN_LOCKED);
    y = fix_again(x);
    CHECK_ERR(login(y, KS_USER, USER), TEE_E_PIN_LOCKED);
    CU_ASSERT_EQUAL(left(y, KS_SO), KS_TRIES);
    CHECK_ERR(login(y, KS_SO, SO), TEE_OK);
    CHECK_ERR(ks_init_pin(y->t, tee_bytes_of("new user"), &y->f), TEE_OK);
    CHECK_ERR(login(x, KS_USER, USER), TEE_E_PIN);
    CU_ASSERT_EQUAL(left(x, KS_USER), 9);
    CHECK_ERR(login(x, KS_USER, "new user"), TEE_OK);
    CU_ASSERT_EQUAL(left(x, KS_USER), KS_TRIES);
    fix_free(y);
    fix_free(x);
}

/* What is no verdict on the PIN costs no try. */
static void
no_verdict(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL);
    struct fix *y = fix_other(x, FIX_PIN);

    CHECK_ERR(login(y, KS_USER, USER), TEE_E_STORE_ALTERED);
    CU_ASSERT_EQUAL(left(y, KS_USER), KS_TRIES);
    fix_free(y);
    fix_free(x);
}

/* pkcs11/ asks without a place for the sentence. */
static void
refused_without_a_fault(void)
{
    struct fix *x = fix_new("agent", FIX_TEE "pin = yes\n"
                                             "require = /etc/policy.json\n");
    struct tee_fault last = { 0 };

    CHECK_ERR(ks_login(x->t, KS_USER, tee_bytes_of(USER), NULL),
              TEE_E_UNSUPPORTED);
    CHECK_ERR(ks_set_pin(x->t, KS_USER, tee_bytes_of(USER),
                         tee_bytes_of("other pin"), NULL),
              TEE_E_UNSUPPORTED);
    CHECK_ERR(ks_init_pin(x->t, tee_bytes_of(USER), NULL), TEE_E_UNSUPPORTED);
    CHECK_ERR(ks_token_last_error(x->t, &last), TEE_E_UNSUPPORTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(last.text, "unsupported: require"));
    CHECK_ERR(login(x, KS_USER, USER), TEE_E_UNSUPPORTED);
    CU_ASSERT_STRING_EQUAL(x->f.text, last.text);
    fix_free(x);
}

/* With each allocation failing in turn: in, or an error and nobody in. */
static void
no_memory_nobody_in(void)
{
    struct fix *x = fix_made(FIX_PIN, NULL, USER);
    bool failed = true;
    enum tee_err err;
    unsigned n;

    for (n = 0; failed; n += fix_slow() ? 5 : 1) {
        if (left(x, KS_USER) < 3)
            CHECK_ERR(login(x, KS_USER, USER), TEE_OK);
        ks_logout(x->t);
        alloc_fail(n);
        err = ks_login(x->t, KS_USER, tee_bytes_of(USER), NULL);
        failed = alloc_fail_end();
        if (!failed || err != TEE_OK)
            CHECK_ERR(err, failed ? TEE_E_NOMEM : TEE_OK);
        CU_ASSERT_EQUAL(x->t->role, err == TEE_OK ? KS_USER : 0);
        CU_ASSERT_EQUAL(x->t->tk != NULL, err == TEE_OK);
    }
    CU_ASSERT_TRUE(n > 10);
    fix_free(x);
}

static void
lengths(void)
{
    static const struct {
        size_t so, user;
        enum tee_err want;
    } rows[] = {
        { 0, 0, TEE_E_PIN_LEN },  { 5, 6, TEE_E_PIN_LEN },
        { 6, 5, TEE_E_PIN_LEN },  { 65, 6, TEE_E_PIN_LEN },
        { 6, 65, TEE_E_PIN_LEN }, { 6, 0, TEE_OK },
        { 64, 64, TEE_OK },
    };
    uint8_t pin[65];
    struct fix *x;
    size_t i;

    memset(pin, 'p', sizeof(pin));
    for (i = 0; i < TEE_LEN(rows); i++) {
        x = fix_new("agent", FIX_PIN);
        CHECK_ERR(ks_token_init(x->t, (struct tee_bytes){ pin, rows[i].so },
                                (struct tee_bytes){ pin, rows[i].user }, &x->f),
                  rows[i].want);
        CU_ASSERT_EQUAL(fix_snap(x)->initialised, rows[i].want == TEE_OK);
        fix_free(x);
    }
    x = fix_made(FIX_PIN, NULL, USER);
    CHECK_ERR(ks_set_pin(x->t, KS_USER, tee_bytes_of(USER),
                         (struct tee_bytes){ pin, 5 }, &x->f),
              TEE_E_PIN_LEN);
    CHECK_ERR(ks_set_pin(x->t, KS_USER, tee_bytes_of(USER),
                         (struct tee_bytes){ pin, 65 }, &x->f),
              TEE_E_PIN_LEN);
    CU_ASSERT_EQUAL(left(x, KS_USER), KS_TRIES);
    fix_free(x);
}

static void
roles(void)
{
    struct fix *x = fix_made(FIX_PIN, NULL, USER), *y;

    CU_ASSERT_FALSE(fix_snap(x)->so_pin);
    CHECK_ERR(login(x, KS_SO, SO), TEE_E_PIN_TYPE);
    CHECK_ERR(
        ks_set_pin(x->t, KS_SO, tee_bytes_of(SO), tee_bytes_of(USER), &x->f),
        TEE_E_PIN_TYPE);
    CHECK_ERR(ks_init_pin(x->t, tee_bytes_of(USER), &x->f), TEE_E_LOGIN);
    CHECK_ERR(login(x, KS_USER, USER), TEE_OK);
    CHECK_ERR(ks_init_pin(x->t, tee_bytes_of(USER), &x->f), TEE_E_LOGIN);
    fix_free(x);
    y = fix_made(FIX_PIN, SO, NULL);
    CU_ASSERT_FALSE(fix_snap(y)->user_pin);
    CHECK_ERR(login(y, KS_USER, USER), TEE_E_PIN_TYPE);
    CHECK_ERR(login(y, KS_SO, SO), TEE_OK);
    CHECK_ERR(ks_init_pin(y->t, tee_bytes_of("short"), &y->f), TEE_E_PIN_LEN);
    CHECK_ERR(ks_init_pin(y->t, tee_bytes_of(USER), &y->f), TEE_OK);
    ks_logout(y->t);
    CHECK_ERR(login(y, KS_USER, USER), TEE_OK);
    fix_free(y);
}

static void
changed(void)
{
    struct fix *x = fix_made(FIX_PIN, SO, USER);
    uint8_t pub[16], priv[16];

    CHECK_ERR(login(x, KS_USER, USER), TEE_OK);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    ks_logout(x->t);
    CHECK_ERR(ks_set_pin(x->t, KS_USER, tee_bytes_of("not that"),
                         tee_bytes_of("next pin"), &x->f),
              TEE_E_PIN);
    CU_ASSERT_EQUAL(left(x, KS_USER), 9);
    CHECK_ERR(ks_set_pin(x->t, KS_USER, tee_bytes_of(USER),
                         tee_bytes_of("next pin"), &x->f),
              TEE_OK);
    CU_ASSERT_EQUAL(left(x, KS_USER), KS_TRIES);
    CHECK_ERR(login(x, KS_USER, USER), TEE_E_PIN);
    CHECK_ERR(login(x, KS_USER, "next pin"), TEE_OK);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    ks_logout(x->t);
    CHECK_ERR(ks_set_pin(x->t, KS_SO, tee_bytes_of(SO), tee_bytes_of("so two"),
                         &x->f),
              TEE_OK);
    CHECK_ERR(login(x, KS_SO, SO), TEE_E_PIN);
    CHECK_ERR(login(x, KS_SO, "so two"), TEE_OK);
    fix_free(x);
}

static void
without(void)
{
    struct fix *x = fix_made(FIX_LOCAL, SO, USER);
    uint8_t pub[16], priv[16];

    CU_ASSERT_FALSE(fix_snap(x)->user_pin || fix_snap(x)->so_pin);
    CHECK_ERR(login(x, KS_USER, ""), TEE_OK);
    CHECK_ERR(login(x, KS_USER, "anything at all"), TEE_OK);
    CU_ASSERT_FALSE(fix_snap(x)->logged_in[KS_USER]);
    CHECK_ERR(login(x, KS_SO, SO), TEE_E_PIN_TYPE);
    CHECK_ERR(ks_init_pin(x->t, tee_bytes_of(USER), &x->f), TEE_E_PIN_TYPE);
    CHECK_ERR(
        ks_set_pin(x->t, KS_USER, tee_bytes_of(USER), tee_bytes_of(SO), &x->f),
        TEE_E_PIN_TYPE);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    CU_ASSERT_TRUE((fix_object(x, priv)->flags & KS_O_PRIVATE) == 0);
    ks_logout(x->t);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    fix_free(x);
}

static void
again(void)
{
    struct fix *x = fix_made(FIX_PIN, SO, USER), *y = fix_again(x);
    uint8_t pub[16], priv[16], uuid[16];
    const struct ks_object *old;
    const struct ks_snap *held;
    struct ks_key *k = NULL;

    memcpy(uuid, fix_snap(x)->uuid, 16);
    CHECK_ERR(login(x, KS_USER, USER), TEE_OK);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    held = ks_snap_get(x->t);
    old = held->object[held->object[0]->class == KS_PRIVATE ? 0 : 1];
    CHECK_ERR(ks_token_init(y->t, tee_bytes_of("not the SO's"),
                            tee_bytes_of(USER), &y->f),
              TEE_E_PIN);
    CHECK_ERR(
        ks_token_init(y->t, (struct tee_bytes){ 0 }, tee_bytes_of(USER), &y->f),
        TEE_E_PIN);
    CU_ASSERT_EQUAL(left(y, KS_SO), 8);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    CHECK_ERR(
        ks_token_init(y->t, tee_bytes_of(SO), tee_bytes_of("new user"), &y->f),
        TEE_OK);
    CU_ASSERT_EQUAL(memcmp(fix_snap(y)->uuid, uuid, 16), 0);
    CU_ASSERT_EQUAL(fix_snap(y)->n, 0);
    CU_ASSERT_EQUAL(left(y, KS_SO), KS_TRIES);
    /* the other process sees it, and has nothing left that could sign */
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
    CU_ASSERT_FALSE(fix_snap(x)->logged_in[KS_USER]);
    CU_ASSERT_EQUAL(x->t->n_keys, 0);
    CHECK_ERR(ks_key_open(x->t, old, &k, &x->f), TEE_E_LOGIN);
    CHECK_ERR(login(x, KS_USER, USER), TEE_E_PIN);
    CHECK_ERR(login(x, KS_USER, "new user"), TEE_OK);
    CHECK_ERR(ks_key_open(x->t, old, &k, &x->f), TEE_E_NOTFOUND);
    ks_snap_put(held);
    fix_free(y);
    fix_free(x);
}

/* ---- a store that cannot be written
 * -------------------------------------------- */

/* Exit status 0: all is as it should be. */
static int
read_only_child(const struct fix *as, const uint8_t priv[16])
{
    struct fix *x;

    if (geteuid() == 0 &&
        (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
        return 1;
    x = fix_again(as);
    if (ks_token_refresh(x->t, &x->f) != TEE_OK || fix_snap(x)->writable)
        return 2;
    if (x->t->conf->pin)
        return login(x, KS_USER, USER) == TEE_E_READONLY &&
                       login(x, KS_USER, "wrong one") == TEE_E_READONLY
                   ? 0
                   : 3;
    if (fix_sign(x, priv) != TEE_OK)
        return 4;
    if (fix_generate(x, KS_ED25519, (uint8_t[16]){ 0 }, (uint8_t[16]){ 0 }) !=
        TEE_E_READONLY)
        return 5;
    if (ks_object_destroy(x->t, priv, &x->f) != TEE_E_READONLY)
        return 6;
    return ks_token_init(x->t, tee_bytes_of(SO), tee_bytes_of(USER), &x->f) ==
                   TEE_E_READONLY
               ? 0
               : 7;
}

static void
read_only_one(const char *lines, const char *user)
{
    struct fix *x = fix_made(lines, NULL, user);
    uint8_t pub[16] = { 0 }, priv[16] = { 0 };
    char state[FIX_PATH], *slash;
    int status = -1;
    pid_t pid;

    if (user == NULL)
        CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    (void)snprintf(state, sizeof(state), "%.200s/state", x->dir);
    if (geteuid() != 0)
        CU_ASSERT_EQUAL(chmod(state, 0500), 0);
    (void)chmod(x->conf_path, 0644);
    (void)chmod(x->dir, 0755);
    slash = strrchr(x->dir, '/');
    *slash = '\0';
    (void)chmod(x->dir, 0755);
    *slash = '/';
    pid = fork();
    if (pid == 0)
        _exit(read_only_child(x, priv));
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_TRUE(WIFEXITED(status));
    CU_ASSERT_EQUAL(WEXITSTATUS(status), 0);
    (void)chmod(state, geteuid() != 0 ? 0700 : 0750);
    fix_free(x);
}

static void
read_only(void)
{
    const char *group = geteuid() == 0 ? "group = 65534\n" : "";
    char lines[128];

    (void)snprintf(lines, sizeof(lines), "%s%s", FIX_LOCAL, group);
    read_only_one(lines, NULL);
    (void)snprintf(lines, sizeof(lines), "%s%s", FIX_PIN, group);
    read_only_one(lines, USER);
}

/* A change that fails behind the right PIN costs no try. */
static void
no_memory_no_try(void)
{
    struct fix *x = fix_made(FIX_PIN, NULL, USER);
    const char *now = USER, *next = OTHER;
    bool failed = true;
    enum tee_err err;
    unsigned n;

    for (n = 0; failed; n += fix_slow() ? 5 : 1) {
        alloc_fail(n);
        err = ks_set_pin(x->t, KS_USER, tee_bytes_of(now), tee_bytes_of(next),
                         NULL);
        failed = alloc_fail_end();
        if (!failed || err != TEE_OK)
            CHECK_ERR(err, failed ? TEE_E_NOMEM : TEE_OK);
        if (err == TEE_OK) {
            next = now;
            now = strcmp(now, USER) == 0 ? OTHER : USER;
        }
        CU_ASSERT_EQUAL(left(x, KS_USER), KS_TRIES);
    }
    CU_ASSERT_TRUE(n > 10);
    fix_free(x);
}

static const struct test tests[] = {
    { "a login opens the user's keys, a logout wipes them", login_logout },
    { "ten wrong PINs lock a role in every process", ten_tries },
    { "an error that says nothing of the PIN costs no try", no_verdict },
    { "a token that can't be used refuses, whoever asks",
      refused_without_a_fault },
    { "a login without memory leaves nobody in", no_memory_nobody_in },
    { "a change without memory costs no try", no_memory_no_try },
    { "PINs have 6 to 64 bytes", lengths },
    { "a role without PIN cannot log in; the SO gives the user one", roles },
    { "a changed PIN opens, the old one no longer", changed },
    { "a token without PIN takes any PIN and keeps none", without },
    { "init again needs the SO, keeps the UUID, destroys the rest", again },
    { "a read-only store signs; no login, no change", read_only },
    { NULL, NULL },
};
const struct suite suite_pin = { "pin", tests };
