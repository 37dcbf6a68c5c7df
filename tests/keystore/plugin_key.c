#include "config.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/keystore/plugin_util.h"

static const struct ks_mech sha256_ec = { .scheme = KS_ECDSA,
                                          .hash = KS_SHA256 };
static const struct ks_mech digest_ec = { .scheme = KS_ECDSA };
static const struct ks_mech sha256_rsa = { .scheme = KS_RSA_PKCS1,
                                           .hash = KS_SHA256 };

static bool
signs(const struct pair *p, const struct ks_mech *m)
{
    uint8_t sig[512];
    size_t len = sizeof(sig);

    return plug()->sign(p->priv, m, TEE_STR("m"), sig, &len) == TEE_OK &&
           plug()->verify(p->pub, m, TEE_STR("m"),
                          (struct tee_bytes){ sig, len }) == TEE_OK;
}

/* ---- borders
 * ------------------------------------------------------------------- */

static void
test_small_buffers_are_refused_and_left_alone(void)
{
    uint8_t small[600];
    static struct pair p;
    size_t n, m;

    pair_load("p256", KS_P256, &p);
    memset(small, 0xee, sizeof(small));
    n = 63;
    CU_ASSERT_EQUAL(plug()->sign(p.priv, &sha256_ec, TEE_STR("m"), small, &n),
                    TEE_E_TOOBIG);
    CU_ASSERT_EQUAL(n, 63);
    n = p.spki_len - 1;
    CU_ASSERT_EQUAL(plug()->spki(p.priv, small, &n), TEE_E_TOOBIG);
    n = p.pkcs8_len - 1;
    m = p.spki_len;
    CU_ASSERT_EQUAL(plug()->generate(KS_P256, small, &n, small + 300, &m),
                    TEE_E_TOOBIG);
    n = p.pkcs8_len;
    m = p.spki_len - 1;
    CU_ASSERT_EQUAL(plug()->generate(KS_P256, small, &n, small + 300, &m),
                    TEE_E_TOOBIG);
    for (n = 0; n < sizeof(small); n++)
        CU_ASSERT_EQUAL(small[n], 0xee);
    pair_clear(&p);
}

static void
test_lengths_over_the_ceilings_are_refused(void)
{
    static uint8_t big[TEE_PKCS8_MAX + 1] = { 0x30 };
    void *key;

    CU_ASSERT_EQUAL(plug()->private_new(
                        KS_P256, (struct tee_bytes){ big, sizeof(big) }, &key),
                    TEE_E_TOOBIG);
    CU_ASSERT_EQUAL(
        plug()->public_new(KS_P256, (struct tee_bytes){ big, TEE_SPKI_MAX + 1 },
                           &key),
        TEE_E_TOOBIG);
}

static void
test_a_public_key_does_not_sign(void)
{
    static struct pair p;
    uint8_t sig[64];
    size_t n = sizeof(sig);
    void *op;

    pair_load("p256", KS_P256, &p);
    CU_ASSERT_EQUAL(plug()->sign(p.pub, &sha256_ec, TEE_STR("m"), sig, &n),
                    TEE_E_KEY_TYPE);
    CU_ASSERT_EQUAL(plug()->op_new(p.pub, &sha256_ec, false, &op),
                    TEE_E_KEY_TYPE);
    /* a private key verifies: what verify_after_sign asks for */
    CU_ASSERT_EQUAL(plug()->sign(p.priv, &sha256_ec, TEE_STR("m"), sig, &n),
                    TEE_OK);
    CU_ASSERT_EQUAL(plug()->verify(p.priv, &sha256_ec, TEE_STR("m"),
                                   (struct tee_bytes){ sig, n }),
                    TEE_OK);
    CU_ASSERT_EQUAL(plug()->verify(p.priv, &sha256_ec, TEE_STR("n"),
                                   (struct tee_bytes){ sig, n }),
                    TEE_E_SIGNATURE);
    pair_clear(&p);
}

static void
test_what_this_libcrypto_has(void)
{
    static const enum ks_ktype good[] = { KS_P256,    KS_P384,    KS_P521,
                                          KS_RSA2048, KS_RSA3072, KS_RSA4096 };
    struct ks_mech ctx = { .scheme = KS_EDDSA, .context_len = 1 };
    bool v32 = OpenSSL_version_num() >= 0x30200000;
    bool v35 = OpenSSL_version_num() >= 0x30500000;
    static uint8_t out[TEE_PKCS8_MAX];
    size_t i, n = 4000, l = 4000;

    for (i = 0; i < TEE_LEN(good); i++)
        CU_ASSERT(plug()->has(good[i], NULL));
    CU_ASSERT(!plug()->has(KS_NONE, NULL));
    CU_ASSERT(!plug()->has(KS_KTYPES, NULL));
    CU_ASSERT_EQUAL(plug()->has(KS_ED25519, &ctx), v32);
    CU_ASSERT_EQUAL(plug()->has(KS_MLDSA65, NULL), v35);
    if (!v35) {
        CU_ASSERT_EQUAL(plug()->generate(KS_MLDSA65, out, &n, out + 4000, &l),
                        TEE_E_UNSUPPORTED);
    }
    CU_ASSERT_EQUAL(plug()->generate(KS_ED25519, out, &n, out + 4000, &l),
                    TEE_E_UNSUPPORTED);
    CU_ASSERT_EQUAL(plug()->generate(KS_NONE, out, &n, out + 4000, &l),
                    TEE_E_KEY_TYPE);
}

/* ---- streams
 * ------------------------------------------------------------------- */

static void
stream(const struct pair *p, const struct ks_mech *m, struct tee_bytes msg,
       size_t step)
{
    struct tee_bytes rest;
    uint8_t sig[512];
    size_t n = sizeof(sig);
    void *op = NULL;

    CU_ASSERT_EQUAL(plug()->op_new(p->priv, m, false, &op), TEE_OK);
    for (rest = msg; rest.len > 0; rest.p += step, rest.len -= step) {
        step = step > rest.len ? rest.len : step;
        CU_ASSERT_EQUAL(
            plug()->op_update(op, (struct tee_bytes){ rest.p, step }), TEE_OK);
        CU_ASSERT_EQUAL(plug()->op_update(op, (struct tee_bytes){ NULL, 0 }),
                        TEE_OK);
    }
    CU_ASSERT_EQUAL(plug()->op_sign(op, sig, &n), TEE_OK);
    CU_ASSERT_EQUAL(plug()->op_sign(op, sig, &n), TEE_E_STATE);
    CU_ASSERT_EQUAL(plug()->op_update(op, msg), TEE_E_STATE);
    plug()->op_free(op);
    CU_ASSERT_EQUAL(
        plug()->verify(p->pub, m, msg, (struct tee_bytes){ sig, n }), TEE_OK);
    CU_ASSERT_EQUAL(plug()->op_new(p->pub, m, true, &op), TEE_OK);
    CU_ASSERT_EQUAL(plug()->op_update(op, msg), TEE_OK);
    CU_ASSERT_EQUAL(plug()->op_verify(op, (struct tee_bytes){ sig, n }),
                    TEE_OK);
    plug()->op_free(op);
    CU_ASSERT_EQUAL(plug()->op_new(p->pub, m, true, &op), TEE_OK);
    CU_ASSERT_EQUAL(plug()->op_verify(op, (struct tee_bytes){ sig, n }),
                    msg.len == 0 ? TEE_OK : TEE_E_SIGNATURE);
    plug()->op_free(op);
}

static void
test_streams_equal_one_shot(void)
{
    const struct ks_mech pss = { .scheme = KS_RSA_PSS,
                                 .hash = KS_SHA384,
                                 .pss_hash = KS_SHA384,
                                 .pss_mgf = KS_SHA384,
                                 .pss_salt = 48 };
    static uint8_t msg[1500] = { 1, 2, 3 };
    static struct pair ec, rsa;
    size_t step;

    pair_load("p256", KS_P256, &ec);
    pair_load("rsa2048", KS_RSA2048, &rsa);
    for (step = 1; step < 1501; step = step * 3 + 1) {
        stream(&ec, &sha256_ec, (struct tee_bytes){ msg, sizeof(msg) }, step);
        stream(&rsa, &pss, (struct tee_bytes){ msg, sizeof(msg) }, step);
    }
    stream(&ec, &sha256_ec, (struct tee_bytes){ msg, 0 }, 1);
    pair_clear(&ec);
    pair_clear(&rsa);
}

static void
test_a_stream_is_used_in_one_way(void)
{
    uint8_t sig[64] = { 0 };
    static struct pair p;
    size_t n = 63;
    void *op;

    pair_load("p256", KS_P256, &p);
    CU_ASSERT_EQUAL(plug()->op_new(p.priv, &digest_ec, false, &op), TEE_E_MECH);
    CU_ASSERT_EQUAL(plug()->op_new(p.priv, &sha256_ec, false, &op), TEE_OK);
    CU_ASSERT_EQUAL(plug()->op_verify(op, (struct tee_bytes){ sig, 64 }),
                    TEE_E_STATE);
    CU_ASSERT_EQUAL(plug()->op_sign(op, sig, &n), TEE_E_TOOBIG);
    n = 64; /* too little room does not end it */
    CU_ASSERT_EQUAL(plug()->op_sign(op, sig, &n), TEE_OK);
    plug()->op_free(op);
    CU_ASSERT_EQUAL(plug()->op_new(p.pub, &sha256_ec, true, &op), TEE_OK);
    CU_ASSERT_EQUAL(plug()->op_sign(op, sig, &n), TEE_E_STATE);
    plug()->op_free(op);
    plug()->op_free(NULL);
    plug()->key_free(NULL);
    pair_clear(&p);
}

/* ---- a good guest
 * -------------------------------------------------------------- */

/* Everything that makes libcrypto complain. */
static void
fail_in_every_way(const struct pair *p)
{
    static const uint8_t ff[256] = { 0xff, 0xff };
    const struct ks_parts bad = { .ec_point = { ff, 65 } };
    uint8_t out[512];
    size_t n = sizeof(out), l = 1;
    void *key;

    CU_ASSERT_EQUAL(plug()->verify(p->pub, &sha256_ec, TEE_STR("m"),
                                   (struct tee_bytes){ ff, 64 }),
                    TEE_E_SIGNATURE);
    CU_ASSERT_NOT_EQUAL(
        plug()->private_new(KS_P384,
                            (struct tee_bytes){ p->pkcs8, p->pkcs8_len }, &key),
        TEE_OK);
    CU_ASSERT_EQUAL(plug()->parts_public(KS_P256, &bad, out, &n), TEE_E_ARG);
    CU_ASSERT_EQUAL(plug()->generate(KS_MLDSA65, out, &n, out, &l) == TEE_OK,
                    false);
    (void)plug()->has(KS_MLDSA44, NULL);
}

static void
test_the_error_queue_stays_as_it_was(void)
{
    static struct pair p;

    pair_load("p256", KS_P256, &p);
    ERR_clear_error();
    fail_in_every_way(&p);
    CU_ASSERT(signs(&p, &sha256_ec));
    CU_ASSERT_EQUAL(ERR_peek_error(), 0);
    ERR_raise(ERR_LIB_USER, 11);
    ERR_raise(ERR_LIB_USER, 12);
    fail_in_every_way(&p);
    CU_ASSERT(signs(&p, &sha256_ec));
    CU_ASSERT_EQUAL(ERR_GET_REASON(ERR_get_error()), 11);
    CU_ASSERT_EQUAL(ERR_GET_REASON(ERR_get_error()), 12);
    CU_ASSERT_EQUAL(ERR_get_error(), 0);
    /* the host's own mark is still its own */
    ERR_raise(ERR_LIB_USER, 13);
    CU_ASSERT_EQUAL(ERR_set_mark(), 1);
    ERR_raise(ERR_LIB_USER, 14);
    fail_in_every_way(&p);
    CU_ASSERT_EQUAL(ERR_pop_to_mark(), 1);
    CU_ASSERT_EQUAL(ERR_GET_REASON(ERR_get_error()), 13);
    CU_ASSERT_EQUAL(ERR_get_error(), 0);
    pair_clear(&p);
}

static void
test_errno_stays_as_it_was(void)
{
    static struct pair p;

    pair_load("p256", KS_P256, &p);
    errno = EXDEV;
    fail_in_every_way(&p);
    CU_ASSERT_EQUAL(errno, EXDEV);
    pair_clear(&p);
}

/* ---- threads
 * -------------------------------------------------------------------- */

#define THREADS 4
#define ROUNDS  150
static struct pair shared_ec, shared_rsa;
static atomic_uint wrong;

static void *
sign_often(void *arg)
{
    bool ok = true;
    int i;

    (void)arg;
    for (i = 0; i < ROUNDS && ok; i++) {
        ok = signs(&shared_ec, &sha256_ec) && signs(&shared_ec, &digest_ec);
        if (ok && i % 50 == 0)
            ok = signs(&shared_rsa, &sha256_rsa);
    }
    if (!ok)
        atomic_fetch_add(&wrong, 1);
    return NULL;
}

static void
test_threads_share_a_key(void)
{
    pthread_t t[THREADS];
    size_t i;

    pair_load("p256", KS_P256, &shared_ec);
    pair_load("rsa2048", KS_RSA2048, &shared_rsa);
    atomic_store(&wrong, 0);
    for (i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL(pthread_create(&t[i], NULL, sign_often, NULL), 0);
    for (i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL(pthread_join(t[i], NULL), 0);
    CU_ASSERT_EQUAL(atomic_load(&wrong), 0);
    pair_clear(&shared_ec);
    pair_clear(&shared_rsa);
}

/* ---- fork
 * ------------------------------------------------------------------------ */

static struct pair parents;
static void *parents_op;

/* The parent's key answers "forked" and is never freed; a new one works. */
static bool
child_of_fork(void)
{
    static struct pair mine;
    uint8_t sig[64];
    size_t n = sizeof(sig);
    void *op;

    if (plug()->sign(parents.priv, &sha256_ec, TEE_STR("m"), sig, &n) !=
            TEE_E_FORKED ||
        plug()->op_new(parents.priv, &sha256_ec, false, &op) != TEE_E_FORKED ||
        plug()->op_update(parents_op, TEE_STR("m")) != TEE_E_FORKED ||
        plug()->op_sign(parents_op, sig, &n) != TEE_E_FORKED)
        return false;
    plug()->op_free(parents_op);
    plug()->key_free(parents.priv);
    plug()->abandon();
    pair_load("p256", KS_P256, &mine);
    if (!signs(&mine, &sha256_ec))
        return false;
    plug()->abandon(); /* of this process: nothing to abandon */
    if (!signs(&mine, &sha256_ec))
        return false;
    pair_clear(&mine);
    return true;
}

static bool
grandchild(void)
{
    return child_of_fork() && in_child(child_of_fork);
}

static void
test_a_child_makes_its_own(void)
{
    pair_load("p256", KS_P256, &parents);
    CU_ASSERT_EQUAL(
        plug()->op_new(parents.priv, &sha256_ec, false, &parents_op), TEE_OK);
    CU_ASSERT(in_child(child_of_fork));
    CU_ASSERT(in_child(grandchild));
    CU_ASSERT(signs(&parents, &sha256_ec));
    plug()->op_free(parents_op);
    pair_clear(&parents);
}

#ifdef TEE_SANITIZER
static void
test_fork_while_others_sign(void)
{
    test_skip("a sanitizer's allocator keeps its locks across fork");
}
#else
static atomic_bool stop;

static void *
sign_until_stopped(void *arg)
{
    (void)arg;
    while (!atomic_load(&stop)) {
        if (!signs(&parents, &sha256_ec))
            atomic_fetch_add(&wrong, 1);
    }
    return NULL;
}

static bool
child_beside_threads(void)
{
    static struct pair mine;

    alarm(20); /* a lock held at the fork would hang us */
    pair_load("p256", KS_P256, &mine);
    return signs(&mine, &sha256_ec);
}

static void
test_fork_while_others_sign(void)
{
    pthread_t t[2];
    size_t i;

    pair_load("p256", KS_P256, &parents);
    atomic_store(&wrong, 0);
    atomic_store(&stop, false);
    for (i = 0; i < TEE_LEN(t); i++)
        CU_ASSERT_EQUAL(pthread_create(&t[i], NULL, sign_until_stopped, NULL),
                        0);
    for (i = 0; i < 10; i++)
        CU_ASSERT(in_child(child_beside_threads));
    atomic_store(&stop, true);
    for (i = 0; i < TEE_LEN(t); i++)
        CU_ASSERT_EQUAL(pthread_join(t[i], NULL), 0);
    CU_ASSERT_EQUAL(atomic_load(&wrong), 0);
    pair_clear(&parents);
}

#endif

/* ---- the end of the process
 * ------------------------------------------------------ */

static bool
after_cleanup(void)
{
    static struct pair p;
    struct tee_fault f = { TEE_OK, "" };
    const struct tee_plugin *t = plug();
    uint8_t buf[512];
    size_t n = sizeof(buf);
    void *op, *key;
    bool ok;

    pair_load("p256", KS_P256, &p);
    if (t->op_new(p.priv, &sha256_ec, false, &op) != TEE_OK)
        return false;
    EVP_PKEY_free(p.evp);
    OPENSSL_cleanup();
    ok = t->sign(p.priv, &sha256_ec, TEE_STR("m"), buf, &n) == TEE_E_UNAVAIL &&
         t->op_update(op, TEE_STR("m")) == TEE_E_UNAVAIL &&
         t->private_new(KS_P256, (struct tee_bytes){ p.pkcs8, p.pkcs8_len },
                        &key) == TEE_E_UNAVAIL &&
         t->open() == TEE_E_UNAVAIL && !t->has(KS_P256, NULL) &&
         t->generate(KS_P256, buf, &n, buf, &n) == TEE_E_UNAVAIL &&
         ks_plugin(&f) == NULL && f.err == TEE_E_UNAVAIL;
    t->op_free(op);
    t->key_free(p.priv);
    t->key_free(p.pub);
    return ok;
}

static void
test_after_the_cleanup_of_libcrypto_only_freeing_works(void)
{
    CU_ASSERT(in_child(after_cleanup));
}

static const struct test tests[] = {
    { "small buffers are refused and left alone",
      test_small_buffers_are_refused_and_left_alone },
    { "lengths over the ceilings are refused",
      test_lengths_over_the_ceilings_are_refused },
    { "a public key does not sign", test_a_public_key_does_not_sign },
    { "what this libcrypto has is said", test_what_this_libcrypto_has },
    { "streams equal one shot", test_streams_equal_one_shot },
    { "a stream is used in one way", test_a_stream_is_used_in_one_way },
    { "the error queue stays as it was", test_the_error_queue_stays_as_it_was },
    { "errno stays as it was", test_errno_stays_as_it_was },
    { "threads share a key", test_threads_share_a_key },
    { "a child of fork makes its own", test_a_child_makes_its_own },
    { "fork while other threads sign", test_fork_while_others_sign },
    { "after the cleanup of libcrypto only freeing works",
      test_after_the_cleanup_of_libcrypto_only_freeing_works },
    { NULL, NULL },
};
const struct suite suite_plugin_key = { "plugin_key", tests };
