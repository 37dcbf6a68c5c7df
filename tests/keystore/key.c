/* key.c: opening, the cache, session keys, fork. */
#include "config.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/keystore/fixture.h"
#include "tests/keystore/suites.h"

static const struct ks_mech pure = { .scheme = KS_EDDSA };

#define MANY 300

/* All keys in one change: 300 replacements of a growing file take long. */
struct many {
    struct fix *x;
    uint8_t priv[MANY][16];
};

static enum tee_err
put_many(struct ks_store *s, void *arg, struct tee_fault *f)
{
    struct many *m = arg;
    const struct ks_object *first = NULL;
    struct ks_object o;
    uint8_t pk[32], sk[64], spki[KS_ED25519_SPKI];
    struct tee_buf sealed;
    enum tee_err err = TEE_OK;
    size_t i;

    for (i = 0; i < s->n; i++) {
        if (s->object[i]->class == KS_PRIVATE)
            first = s->object[i];
    }
    o = *first;
    for (i = 1; i < MANY && err == TEE_OK; i++) {
        (void)crypto_sign_keypair(pk, sk);
        ks_ed25519_spki(pk, spki);
        o.spki = (struct tee_bytes){ spki, sizeof(spki) };
        randombytes_buf(o.uuid, sizeof(o.uuid));
        memcpy(m->priv[i], o.uuid, sizeof(o.uuid));
        err = ks_tk_seal(m->x->t->tk, KS_LOCAL, &o,
                         (struct tee_bytes){ sk, 32 }, &sealed);
        o.sealed = tee_buf_view(&sealed);
        if (err == TEE_OK)
            err = ks_store_set(s, &o, f);
        tee_buf_clear(&sealed);
    }
    return err;
}

static struct many *
make_many(void)
{
    struct many *m = calloc(1, sizeof(*m));
    struct ks_edit e = { .edit = put_many, .arg = m };
    uint8_t pub[16];

    if (m == NULL)
        abort();
    m->x = fix_made(FIX_LOCAL, NULL, NULL);
    CHECK_ERR(fix_generate(m->x, KS_ED25519, pub, m->priv[0]), TEE_OK);
    CHECK_ERR(fix_sign(m->x, m->priv[0]), TEE_OK);
    e.tk = m->x->t->tk;
    CHECK_ERR(ks_busy_begin(m->x->t, ks_token_until(m->x->t), &m->x->f),
              TEE_OK);
    CHECK_ERR(ks_edit(m->x->t, &e, &m->x->f), TEE_OK);
    ks_busy_end(m->x->t);
    return m;
}

static struct ks_key *
open_key(struct fix *x, const uint8_t priv[16])
{
    struct ks_key *k = NULL;

    CHECK_ERR(ks_key_open(x->t, fix_object(x, priv), &k, &x->f), TEE_OK);
    return k;
}

static void
least_recent(void)
{
    struct many *m = make_many();
    struct fix *x = m->x;
    struct ks_key *k0, *k;
    struct ks_op op = { 0 };
    uint8_t sig[64];
    size_t i, n;

    k0 = open_key(x, m->priv[0]);
    CHECK_ERR(ks_sign_init(&op, k0, &pure), TEE_OK);
    ks_key_put(k0);
    for (i = 1; i < MANY; i++) {
        CHECK_ERR(fix_sign(x, m->priv[i]), TEE_OK);
        CU_ASSERT_TRUE(x->t->n_keys <= KS_KEYS_OPEN);
    }
    CU_ASSERT_EQUAL(x->t->n_keys, KS_KEYS_OPEN);
    /* the one in use outlived 44 that were used later */
    k = open_key(x, m->priv[0]);
    CU_ASSERT_PTR_EQUAL(k, k0);
    ks_key_put(k);
    CHECK_ERR(ks_op_sign(&op, TEE_STR("m"), sig, &n), TEE_OK);
    ks_op_clear(&op);
    CU_ASSERT_PTR_EQUAL(x->t->newest, k0);
    k = open_key(x, m->priv[MANY - 1]);
    CU_ASSERT_PTR_EQUAL(x->t->newest, k);
    ks_key_put(k);
    CHECK_ERR(fix_sign(x, m->priv[1]), TEE_OK); /* closed, opened again */
    CU_ASSERT_EQUAL(x->t->n_keys, KS_KEYS_OPEN);
    fix_free(x);
    free(m);
}

/* Every key of the cache in use: the oldest leaves it, and still signs. */
static void
all_in_use(void)
{
    static struct ks_op op[MANY];
    struct many *m = make_many();
    struct ks_key *k;
    uint8_t sig[64];
    size_t i, n;

    for (i = 0; i < MANY; i++) {
        k = open_key(m->x, m->priv[i]);
        CHECK_ERR(ks_sign_init(&op[i], k, &pure), TEE_OK);
        ks_key_put(k);
    }
    CU_ASSERT_EQUAL(m->x->t->n_keys, KS_KEYS_OPEN);
    for (i = 0; i < MANY; i++) {
        CHECK_ERR(ks_op_sign(&op[i], TEE_STR("m"), sig, &n), TEE_OK);
        CHECK_ERR(crypto_sign_verify_detached(
                      sig, (const uint8_t *)"m", 1,
                      fix_object(m->x, m->priv[i])->spki.p + 12) == 0
                      ? TEE_OK
                      : TEE_E_SIGNATURE,
                  TEE_OK);
        ks_op_clear(&op[i]);
    }
    fix_free(m->x);
    free(m);
}

static void
destroyed(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL), *y;
    uint8_t pub[16], a[16], b[16];
    const struct ks_snap *held;
    const struct ks_object *old;
    struct ks_key *k = NULL;

    CHECK_ERR(fix_generate(x, KS_ED25519, pub, a), TEE_OK);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, b), TEE_OK);
    CU_ASSERT_EQUAL(x->t->n_keys, 2);
    CHECK_ERR(ks_object_destroy(x->t, a, &x->f), TEE_OK);
    CU_ASSERT_EQUAL(x->t->n_keys, 1);
    CU_ASSERT_PTR_NULL(fix_object(x, a));
    /* by another process: closed with the next look at the store */
    held = ks_snap_get(x->t);
    old = ks_store_find(ks_snapshot_of(held)->store, b);
    y = fix_again(x);
    CHECK_ERR(ks_token_refresh(y->t, &y->f), TEE_OK);
    CHECK_ERR(ks_object_destroy(y->t, b, &y->f), TEE_OK);
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
    CU_ASSERT_EQUAL(x->t->n_keys, 0);
    CHECK_ERR(ks_key_open(x->t, old, &k, &x->f), TEE_E_NOTFOUND);
    ks_snap_put(held);
    fix_free(y);
    fix_free(x);
}

static void
session_keys(void)
{
    struct fix *x = fix_new("agent", FIX_LOCAL);
    struct ks_op op = { 0 };
    struct ks_key *k = NULL;
    struct tee_buf spki;
    uint8_t seed[33] = { 7 }, sig[64];
    size_t n;

    tee_buf_init(&spki, TEE_SPKI_MAX);
    CHECK_ERR(ks_key_new(x->t, KS_ED25519, (struct tee_bytes){ seed, 33 },
                         &spki, &k, &x->f),
              TEE_E_MALFORMED);
    CHECK_ERR(ks_key_new(x->t, KS_NONE, (struct tee_bytes){ seed, 32 }, &spki,
                         &k, &x->f),
              TEE_E_KEY_TYPE);
    CU_ASSERT_EQUAL(spki.len, 0);
    CHECK_ERR(
        ks_key_new(x->t, KS_ED25519, (struct tee_bytes){ 0 }, &spki, &k, &x->f),
        TEE_OK);
    CHECK_ERR(ks_sign_init(&op, k, &pure), TEE_OK);
    ks_key_put(k);
    CHECK_ERR(ks_op_sign(&op, TEE_STR("m"), sig, &n), TEE_OK);
    CU_ASSERT_EQUAL(
        crypto_sign_verify_detached(sig, (const uint8_t *)"m", 1, spki.p + 12),
        0);
    ks_op_clear(&op);
    CU_ASSERT_EQUAL(x->t->n_keys, 0);
    CU_ASSERT_FALSE(fix_snap(x)->initialised); /* memory only */
    tee_buf_clear(&spki);
    fix_free(x);
    x = fix_new("agent", FIX_TEE);
    CHECK_ERR(
        ks_key_new(x->t, KS_ED25519, (struct tee_bytes){ 0 }, &spki, &k, &x->f),
        TEE_E_PROHIBITED);
    fix_free(x);
}

static void
wrong_objects(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL);
    struct ks_object stranger = { .class = KS_PRIVATE, .ktype = KS_ED25519 };
    struct ks_key *k = NULL;
    uint8_t pub[16], priv[16];

    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    CHECK_ERR(ks_key_open(x->t, fix_object(x, pub), &k, &x->f), TEE_E_KEY_TYPE);
    CHECK_ERR(ks_key_open(x->t, &stranger, &k, &x->f), TEE_E_NOTFOUND);
    memcpy(stranger.uuid, pub, 16);
    CHECK_ERR(ks_key_open(x->t, &stranger, &k, &x->f), TEE_E_NOTFOUND);
    CU_ASSERT_PTR_NULL(k);
    fix_free(x);
}

/* ---- fork
 * --------------------------------------------------------------------- */

static int
child_of_fork(struct fix *x, const uint8_t priv[16], struct ks_op *op)
{
    struct fix *own;
    struct ks_key *k = NULL;
    uint8_t sig[64];
    size_t n;
    int bad;

    if (ks_op_sign(op, TEE_STR("m"), sig, &n) != TEE_E_FORKED ||
        ks_op_update(op, TEE_STR("m")) != TEE_E_FORKED ||
        ks_sign_init(&(struct ks_op){ 0 }, op->key, &pure) != TEE_E_FORKED)
        return 1;
    if (ks_key_open(x->t, fix_object(x, priv), &k, &x->f) != TEE_E_FORKED ||
        ks_token_refresh(x->t, &x->f) != TEE_E_FORKED ||
        ks_generate(x->t, KS_ED25519, fix_object(x, priv), fix_object(x, priv),
                    sig, sig, &x->f) != TEE_E_FORKED)
        return 2;
    if (!sodium_is_zero(op->key->sk, 64)) /* wiped by the kernel */
        return 3;
    own = fix_again(x);
    bad = ks_token_refresh(own->t, &own->f) != TEE_OK ||
          fix_sign(own, priv) != TEE_OK;
    fix_free(own);
    ks_op_clear(op);
    ks_token_free(x->t);
    return bad ? 4 : 0;
}

static void
forked(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL);
    struct ks_op op = { 0 };
    struct ks_key *k;
    uint8_t pub[16], priv[16], sig[64];
    int status = -1;
    size_t n;
    pid_t pid;

    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    k = open_key(x, priv);
    CHECK_ERR(ks_sign_init(&op, k, &pure), TEE_OK);
    (void)pthread_mutex_lock(&x->t->lock); /* as another thread would */
    x->t->busy = true;
    pid = fork();
    if (pid == 0)
        _exit(child_of_fork(x, priv, &op));
    x->t->busy = false;
    (void)pthread_mutex_unlock(&x->t->lock);
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_TRUE(WIFEXITED(status));
    CU_ASSERT_EQUAL(WEXITSTATUS(status), 0);
    CHECK_ERR(ks_op_sign(&op, TEE_STR("m"), sig, &n), TEE_OK);
    ks_op_clear(&op);
    ks_key_put(k);
    fix_free(x);
}

/* ---- who waits
 * ------------------------------------------------------------------ */

static void *
hold(void *arg)
{
    struct fix *x = arg;
    struct timespec ts = { 0, 300000000 };

    CHECK_ERR(ks_busy_begin(x->t, ks_token_until(x->t), &x->f), TEE_OK);
    (void)nanosleep(&ts, NULL);
    ks_busy_end(x->t);
    return NULL;
}

static void
waiters(void)
{
    struct fix *x = fix_made(FIX_LOCAL "deadline = 1\n", NULL, NULL);
    uint8_t pub[16], priv[16];
    struct ks_key *k = NULL;
    struct tee_fault f;
    int64_t then;
    pthread_t th;

    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    ks_logout(x->t);
    CHECK_ERR(ks_busy_begin(x->t, ks_token_until(x->t), &f), TEE_OK);
    then = tee_clock.mono_ms();
    CHECK_ERR(ks_key_open(x->t, fix_object(x, priv), &k, &f), TEE_E_TIMEOUT);
    CU_ASSERT_TRUE(tee_clock.mono_ms() - then >= 900);
    CU_ASSERT_TRUE(tee_clock.mono_ms() - then < 3000);
    CU_ASSERT_EQUAL(ks_token_last_error(x->t, NULL), TEE_OK);
    ks_busy_end(x->t);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    ks_logout(x->t);
    CU_ASSERT_EQUAL(pthread_create(&th, NULL, hold, x), 0);
    CHECK_ERR(fix_sign(x, priv), TEE_OK); /* waits, and then does it */
    (void)pthread_join(th, NULL);
    fix_free(x);
}

struct signer {
    struct fix *x;
    const uint8_t *priv;
    enum tee_err err;
};

static void *
sign_many(void *arg)
{
    static const uint8_t text[] = "message";
    struct signer *s = arg;
    const struct ks_snap *snap;
    const struct ks_object *o;
    uint8_t sig[64];
    size_t i, n;

    for (i = 0; i < 200 && s->err == TEE_OK; i++) {
        struct ks_op op = { 0 };
        struct ks_key *k = NULL;

        snap = ks_snap_get(s->x->t);
        o = ks_store_find(ks_snapshot_of(snap)->store, s->priv);
        s->err = ks_key_open(s->x->t, o, &k, NULL);
        if (s->err == TEE_E_STATE) /* closed by the other in between */
            s->err = TEE_OK;
        else if (s->err == TEE_OK)
            s->err = ks_sign_init(&op, k, &pure);
        if (s->err == TEE_OK && k != NULL)
            s->err = ks_op_sign(&op, (struct tee_bytes){ text, sizeof(text) },
                                sig, &n);
        if (s->err == TEE_OK && k != NULL &&
            crypto_sign_verify_detached(sig, text, sizeof(text),
                                        o->spki.p + 12) != 0)
            s->err = TEE_E_SIGNATURE;
        ks_op_clear(&op);
        ks_key_put(k);
        ks_snap_put(snap);
    }
    return NULL;
}

/* Three sign while a fourth logs out all the time. */
static void
threads(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL);
    struct signer s[3];
    pthread_t th[3];
    uint8_t pub[16], priv[16];
    size_t i;

    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    for (i = 0; i < TEE_LEN(th); i++) {
        s[i] = (struct signer){ x, priv, TEE_OK };
        CU_ASSERT_EQUAL(pthread_create(&th[i], NULL, sign_many, &s[i]), 0);
    }
    for (i = 0; i < 100; i++)
        ks_logout(x->t);
    for (i = 0; i < TEE_LEN(th); i++) {
        (void)pthread_join(th[i], NULL);
        CHECK_ERR(s[i].err, TEE_OK);
    }
    fix_free(x);
}

static const struct test tests[] = {
    { "of 300 keys the 256 last used are open", least_recent },
    { "a key in use signs though it left the cache", all_in_use },
    { "a destroyed key is closed here and in other processes", destroyed },
    { "session keys are in memory only, and local only", session_keys },
    { "what is no private key of this token cannot be opened", wrong_objects },
    { "a child of fork has no key of its parent, and may open its own",
      forked },
    { "who waits for a busy token has a deadline of his own", waiters },
    { "threads sign while keys are closed under them", threads },
    { NULL, NULL },
};
const struct suite suite_key = { "key", tests };
