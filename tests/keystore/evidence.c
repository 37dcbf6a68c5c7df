/*
 * evidence.c, ks_tee.c: keys born in the TEE, with the real helper on the
 * platform `simulated`; and the same with a helper that lies.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/keystore/fixture.h"
#include "tests/keystore/suites.h"

#define DID     "did:mesh:0123456789abcdef0123456789abcdef"
#define FIX_DID FIX_TEE "did = " DID "\n"

static struct ks_evreq
request(const char *binding)
{
    return (struct ks_evreq){
        .binding = tee_bytes_of(binding),
        .challenge = TEE_STR("challenge_00112233aabbccdd"),
        .nonce = TEE_STR("00112233445566778899aabbccddeeff"),
    };
}

static bool
has(struct tee_bytes v, const char *text)
{
    return memmem(v.p, v.len, text, strlen(text)) != NULL;
}

/* ---- what evidence must be
 * -------------------------------------------------------- */

/* The proof, recomputed here: label, length of the nonce, nonce, digest of
 * names and blobs. */
static bool
pop_verifies(const struct ks_object *o, const struct ks_evidence *e,
             struct tee_bytes nonce)
{
    uint8_t digest[32], hash[32];
    crypto_hash_sha256_state st;
    struct tee_buf m;
    bool good;
    size_t i;

    (void)crypto_hash_sha256_init(&st);
    for (i = 0; i < e->blobs.n; i++) {
        const uint8_t len[2] = { 0, (uint8_t)e->blobs.v[i].name.len };

        (void)crypto_hash_sha256(hash, e->blobs.v[i].data.p,
                                 e->blobs.v[i].data.len);
        (void)crypto_hash_sha256_update(&st, len, 2);
        (void)crypto_hash_sha256_update(&st, e->blobs.v[i].name.p, len[1]);
        (void)crypto_hash_sha256_update(&st, hash, 32);
    }
    (void)crypto_hash_sha256_final(&st, digest);
    tee_buf_init(&m, 4096);
    tee_buf_text(&m, "tee-pkcs11/pop/v1");
    tee_buf_u8(&m, (uint8_t)(nonce.len >> 8));
    tee_buf_u8(&m, (uint8_t)nonce.len);
    tee_buf_bytes(&m, nonce);
    tee_buf_put(&m, digest, 32);
    good = e->pop.len == 64 && crypto_sign_verify_detached(e->pop.p, m.p, m.len,
                                                           o->spki.p + 12) == 0;
    tee_buf_clear(&m);
    return good;
}

static bool
statement_fits(const struct fix *x, const struct ks_object *o,
               const struct ks_evidence *e)
{
    uint8_t h[32], build[20];
    char hex[65], did[600];
    bool good;

    crypto_hash_sha256(h, o->spki.p + 12, 32);
    tee_hex((struct tee_bytes){ h, 32 }, hex);
    good = has(e->statement, hex);
    tee_hex((struct tee_bytes){ x->t->conf->sha256, 32 }, hex);
    good = good && has(e->statement, hex);
    good = good && tee_build_id(build) == TEE_OK;
    tee_hex((struct tee_bytes){ build, 20 }, hex);
    good =
        good && has(e->statement, hex) &&
        has(e->statement, "\"origin\":\"tee_generated\"") &&
        has(e->statement, "\"seal\":{\"mask\":\"\",\"root\":\"simulated\"}") &&
        has(e->statement, "\"extractable\":false");
    (void)snprintf(did, sizeof(did), "\"did\":\"%s\"",
                   x->t->conf->did != NULL ? x->t->conf->did : "");
    return good && has(e->statement, did) == (x->t->conf->did != NULL);
}

/* B || S, with B of these, or zero without a challenge. */
static bool
field_is(const struct ks_object *o, const struct ks_evidence *e,
         const struct ks_evreq *req, bool with_statement)
{
    uint8_t want[64] = { 0 }, key[32];

    crypto_hash_sha256(key, o->spki.p + 12, 32);
    if (req != NULL && tee_binding_hash(TEE_STR(DID), req->challenge,
                                        req->nonce, key, want) != TEE_OK)
        return false;
    if (with_statement)
        crypto_hash_sha256(want + 32, e->statement.p, e->statement.len);
    return e->report_data.len == 64 && memcmp(e->report_data.p, want, 64) == 0;
}

static const struct ks_evidence *
stored(struct fix *x, const uint8_t priv[16])
{
    const struct ks_snap *s = fix_snap(x);
    size_t i;

    for (i = 0; i < s->n_evidence; i++) {
        if (memcmp(s->evidence[i]->key, priv, 16) == 0)
            return s->evidence[i];
    }
    return NULL;
}

/* ---- with the real helper
 * ------------------------------------------------------------ */

static void
born(void)
{
    const struct ks_evidence *e;
    struct ks_stamp before, after;
    uint8_t pub[16], priv[16], boot[16];
    struct fix *x, *y;
    char word[32];

    if (!fix_helper())
        return;
    x = fix_made(FIX_DID, NULL, NULL);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    e = stored(x, priv);
    CU_ASSERT_PTR_NOT_NULL_FATAL(e);
    CHECK_ERR(ks_boot_id(boot, NULL), TEE_OK);
    CU_ASSERT_EQUAL(memcmp(e->boot, boot, 16), 0);
    CU_ASSERT_EQUAL(memcmp(e->config_sha256, x->t->conf->sha256, 32), 0);
    CU_ASSERT_TRUE(pop_verifies(fix_object(x, priv), e, TEE_STR("")));
    CU_ASSERT_TRUE(statement_fits(x, fix_object(x, priv), e));
    CU_ASSERT_TRUE(field_is(fix_object(x, priv), e, NULL, true));
    CU_ASSERT_TRUE(has(e->bundle, "tee-pkcs11.evidence/v1") ||
                   has(e->bundle, "\"platform\":\"simulated\""));
    ks_token_platform(x->t, word);
    CU_ASSERT_STRING_EQUAL(word, "simulated");
    /* another process of this boot does not collect again */
    ks_store_stat(x->t->conf, &before);
    y = fix_again(x);
    CHECK_ERR(ks_token_refresh(y->t, &y->f), TEE_OK);
    CHECK_ERR(fix_sign(y, priv), TEE_OK);
    ks_store_stat(x->t->conf, &after);
    CU_ASSERT_TRUE(ks_stamp_equal(&before, &after));
    ks_token_platform(y->t, word);
    CU_ASSERT_STRING_EQUAL(word, "simulated");
    fix_free(y);
    CHECK_ERR(ks_object_destroy(x->t, priv, &x->f), TEE_OK);
    CU_ASSERT_EQUAL(fix_snap(x)->n_evidence, 0);
    fix_free(x);
}

static enum tee_err
spoil(struct ks_store *s, void *arg, struct tee_fault *f)
{
    const unsigned *which = arg;
    struct ks_evidence e = *s->evidence[0];

    if (*which == 0)
        e.boot[0] ^= 1;
    else if (*which == 1)
        e.build_id[0] ^= 1;
    else
        e.config_sha256[0] ^= 1;
    return ks_store_set_evidence(s, &e, f);
}

/* Another boot, another build, another configuration: collected again. */
static void
collected_again(void)
{
    struct ks_edit edit = { .edit = spoil };
    uint8_t pub[16], priv[16];
    struct ks_stamp before, after;
    const struct ks_evidence *e;
    struct fix *x, *y;
    unsigned i;

    if (!fix_helper())
        return;
    x = fix_made(FIX_TEE, NULL, NULL);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    for (i = 0; i < 3; i++) {
        CHECK_ERR(ks_busy_begin(x->t, ks_token_until(x->t), &x->f), TEE_OK);
        edit.tk = x->t->tk;
        edit.arg = &i;
        CHECK_ERR(ks_edit(x->t, &edit, &x->f), TEE_OK);
        ks_busy_end(x->t);
        ks_store_stat(x->t->conf, &before);
        y = fix_again(x);
        CHECK_ERR(ks_token_refresh(y->t, &y->f), TEE_OK);
        CHECK_ERR(fix_sign(y, priv), TEE_OK);
        ks_store_stat(x->t->conf, &after);
        CU_ASSERT_FALSE(ks_stamp_equal(&before, &after));
        CU_ASSERT_EQUAL(fix_snap(y)->n_evidence, 1);
        e = ks_evidence_now(y->t, priv);
        CU_ASSERT_PTR_NOT_NULL(e);
        ks_evidence_put(e);
        fix_free(y);
        CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
    }
    fix_free(x);
}

static void
fresh(void)
{
    const struct ks_evidence *e = NULL, *e2 = NULL;
    struct ks_evreq req = request("tee-v1");
    const struct ks_object *o;
    uint8_t pub[16], priv[16];
    struct fix *x;

    if (!fix_helper())
        return;
    x = fix_made(FIX_DID, NULL, NULL);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    o = fix_object(x, priv);
    CHECK_ERR(ks_evidence_collect(x->t, o, &req, &e, &x->f), TEE_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(e);
    CU_ASSERT_TRUE(pop_verifies(o, e, req.nonce));
    CU_ASSERT_TRUE(statement_fits(x, o, e));
    CU_ASSERT_TRUE(field_is(o, e, &req, true));
    CU_ASSERT_TRUE(sodium_is_zero(e->boot, 16));
    CU_ASSERT_TRUE(has(e->bundle, DID));
    req.binding = (struct tee_bytes){ 0 }; /* the default */
    req.did = TEE_STR(DID);
    CHECK_ERR(ks_evidence_collect(x->t, o, &req, &e2, &x->f), TEE_OK);
    CU_ASSERT_PTR_NOT_EQUAL(e, e2); /* never the same answer twice */
    ks_evidence_put(e2);
    ks_evidence_put(e);
    /* the snapshot of the key is still that of the boot */
    CU_ASSERT_TRUE(field_is(o, stored(x, priv), NULL, true));
    req = request("agt-v1");
    CHECK_ERR(ks_evidence_collect(x->t, fix_object(x, priv), &req, &e, &x->f),
              TEE_OK);
    CU_ASSERT_TRUE(field_is(fix_object(x, priv), e, &req, false));
    CU_ASSERT_TRUE(has(e->bundle, "agt-v1"));
    ks_evidence_put(e);
    fix_free(x);
}

static bool
session_verifies(const struct ks_object *o, const struct ks_evidence *e,
                 const struct ks_evreq *req)
{
    struct tee_buf m, b64, json;
    uint8_t digest[32];
    const uint8_t *at;
    bool good = false;

    if (tee_evidence_digest(&e->blobs, digest) != TEE_OK)
        return false;
    tee_buf_init(&m, 4096);
    tee_session_message(&m, TEE_STR(DID), req->challenge, req->nonce, digest,
                        req->exporter);
    /* the signature in the JSON, as text */
    tee_buf_init(&json, 1 << 20);
    tee_buf_init(&b64, 4096);
    tee_buf_bytes(&json, e->bundle);
    at = memmem(json.p, json.len, "\"signature\":\"", 13);
    if (at != NULL &&
        tee_base64_decode((struct tee_bytes){ at + 13, 88 }, &b64) == TEE_OK)
        good = b64.len == 64 && crypto_sign_verify_detached(
                                    b64.p, m.p, m.len, o->spki.p + 12) == 0;
    tee_buf_clear(&json);
    tee_buf_clear(&b64);
    tee_buf_clear(&m);
    return good;
}

static void
sessions(void)
{
    const struct ks_evidence *e = NULL;
    struct ks_evreq req = request("session");
    uint8_t pub[16], priv[16], exporter[32] = { 5 };
    const struct ks_object *o;
    struct fix *x;

    if (!fix_helper())
        return;
    x = fix_made(FIX_DID, NULL, NULL);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    o = fix_object(x, priv);
    CHECK_ERR(ks_evidence_collect(x->t, o, &req, &e, &x->f), TEE_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(e);
    CU_ASSERT_TRUE(field_is(o, e, NULL, true)); /* once per boot */
    CU_ASSERT_TRUE(pop_verifies(o, e, TEE_STR("")));
    CU_ASSERT_TRUE(session_verifies(o, e, &req));
    CU_ASSERT_TRUE(has(e->bundle, "\"exporter_used\":false"));
    ks_evidence_put(e);
    req.exporter = (struct tee_bytes){ exporter, 32 };
    CHECK_ERR(ks_evidence_collect(x->t, o, &req, &e, &x->f), TEE_OK);
    CU_ASSERT_TRUE(session_verifies(o, e, &req));
    CU_ASSERT_TRUE(has(e->bundle, "\"exporter_used\":true"));
    exporter[0] ^= 1;
    CU_ASSERT_FALSE(session_verifies(o, e, &req));
    ks_evidence_put(e);
    fix_free(x);
}

static void
tee_pins(void)
{
    uint8_t pub[16], priv[16];
    struct ks_evreq req = request("tee-v1");
    const struct ks_evidence *e = NULL;
    struct fix *x;
    size_t i;

    if (!fix_helper())
        return;
    x = fix_made(FIX_DID "pin = yes\n", "security", "password");
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_E_LOGIN);
    CHECK_ERR(ks_login(x->t, KS_USER, TEE_STR("passwore"), &x->f), TEE_E_PIN);
    CU_ASSERT_EQUAL(fix_snap(x)->user_tries, 9);
    CHECK_ERR(ks_login(x->t, KS_USER, TEE_STR("password"), &x->f), TEE_OK);
    CU_ASSERT_EQUAL(fix_snap(x)->user_tries, KS_TRIES);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    ks_logout(x->t);
    CHECK_ERR(ks_evidence_collect(x->t, fix_object(x, priv), &req, &e, &x->f),
              TEE_E_LOGIN);
    CU_ASSERT_EQUAL(ks_token_last_error(x->t, NULL), TEE_OK);
    CHECK_ERR(ks_set_pin(x->t, KS_USER, TEE_STR("password"), TEE_STR("new pin"),
                         &x->f),
              TEE_OK);
    CHECK_ERR(ks_login(x->t, KS_USER, TEE_STR("new pin"), &x->f), TEE_OK);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    ks_logout(x->t);
    for (i = 0; i < KS_TRIES; i++)
        CHECK_ERR(ks_login(x->t, KS_SO, TEE_STR("wrong pin"), &x->f),
                  TEE_E_PIN);
    CHECK_ERR(ks_login(x->t, KS_SO, TEE_STR("security"), &x->f),
              TEE_E_PIN_LOCKED);
    fix_free(x);
}

static const char *const files[] = { "token", "lock" };

/* The store without the guest: copied to a folder whose root is another. */
static void
stolen(void)
{
    uint8_t pub[16], priv[16];
    char from[FIX_PATH], to[FIX_PATH], command[2 * FIX_PATH + 32];
    struct fix *x, *y;
    size_t i;

    if (!fix_helper())
        return;
    x = fix_made(FIX_TEE, NULL, NULL);
    y = fix_made(FIX_TEE, NULL, NULL);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    for (i = 0; i < TEE_LEN(files); i++) {
        fix_file(x, files[i], from);
        fix_file(y, files[i], to);
        (void)snprintf(command, sizeof(command), "cp %s %s", from, to);
        CU_ASSERT_EQUAL(system(command), 0); /* a test, not the module */
    }
    CHECK_ERR(ks_token_refresh(y->t, &y->f), TEE_OK);
    CHECK_ERR(fix_sign(y, priv), TEE_E_SEAL_AUTH);
    CHECK_ERR(ks_token_last_error(y->t, NULL), TEE_E_SEAL_AUTH);
    CU_ASSERT_EQUAL(fix_snap(y)->n, 2);
    fix_free(y);
    fix_free(x);
}

/* Exit status 77: this process may not make a read-only mount. */
static int
read_only_child(const struct fix *as, const uint8_t priv[16])
{
    char state[FIX_PATH];
    const struct ks_evidence *e;
    struct ks_stamp before, after;
    struct fix *x;

    (void)snprintf(state, sizeof(state), "%.200s/state", as->dir);
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount(state, state, "none", MS_BIND, NULL) != 0 ||
        mount("none", state, "none", MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) !=
            0)
        return 77;
    x = fix_again(as);
    if (ks_token_refresh(x->t, &x->f) != TEE_OK)
        return 1;
    ks_store_stat(x->t->conf, &before);
    if (fix_sign(x, priv) != TEE_OK)
        return 2;
    ks_store_stat(x->t->conf, &after);
    if (!ks_stamp_equal(&before, &after))
        return 3;
    e = ks_evidence_now(x->t, priv);
    if (e == NULL || x->t->n_kept != 1)
        return 4;
    ks_evidence_put(e);
    ks_logout(x->t);
    if (fix_sign(x, priv) != TEE_OK || x->t->n_kept != 1)
        return 5;
    fix_free(x);
    return 0;
}

static void
kept_in_memory(void)
{
    struct ks_edit edit = { .edit = spoil };
    uint8_t pub[16], priv[16];
    unsigned which = 0;
    struct fix *x;
    int status = -1;
    pid_t pid;

    if (!fix_helper())
        return;
    x = fix_made(FIX_TEE, NULL, NULL);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    CHECK_ERR(ks_busy_begin(x->t, ks_token_until(x->t), &x->f), TEE_OK);
    edit.tk = x->t->tk;
    edit.arg = &which;
    CHECK_ERR(ks_edit(x->t, &edit, &x->f), TEE_OK);
    ks_busy_end(x->t);
    pid = fork();
    if (pid == 0)
        _exit(read_only_child(x, priv));
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        test_skip("this process may not make a read-only mount");
    else
        CU_ASSERT_EQUAL(WEXITSTATUS(status), 0);
    fix_free(x);
}

/* ---- requests
 * -------------------------------------------------------------------- */

static void
bad_requests(void)
{
    static uint8_t long_nonce[1025], bad_utf8[] = { 0xff }, nul[] = { 'a', 0 };
    const struct {
        const char *what;
        struct ks_evreq req;
        enum tee_err want;
    } rows[] = {
#define C TEE_STR("c")
#define N TEE_STR("n")
        { "no DID", { .challenge = C, .nonce = N }, TEE_E_NOTFOUND },
        { "no challenge", { .did = C, .nonce = N }, TEE_E_NOTFOUND },
        { "no nonce", { .did = C, .challenge = C }, TEE_E_NOTFOUND },
        { "empty nonce",
          { .did = C, .challenge = C, .nonce = TEE_STR("") },
          TEE_E_ARG },
        { "long nonce",
          { .did = C, .challenge = C, .nonce = { long_nonce, 1025 } },
          TEE_E_ARG },
        { "NUL", { .did = C, .challenge = { nul, 2 }, .nonce = N }, TEE_E_ARG },
        { "NUL in the DID",
          { .did = { nul, 2 }, .challenge = C, .nonce = N },
          TEE_E_ARG },
        { "no UTF-8",
          { .did = C, .challenge = C, .nonce = { bad_utf8, 1 } },
          TEE_E_ARG },
        { "input",
          { .did = C, .challenge = C, .nonce = N, .input = C },
          TEE_E_ARG },
        { "exporter without session",
          { .did = C, .challenge = C, .nonce = N, .exporter = C },
          TEE_E_ARG },
        { "short exporter",
          { .binding = TEE_STR("session"),
            .did = C,
            .challenge = C,
            .nonce = N,
            .exporter = C },
          TEE_E_ARG },
        { "another binding",
          { .binding = TEE_STR("am-manifest"),
            .did = C,
            .challenge = C,
            .nonce = N,
            .input = C },
          TEE_E_UNSUPPORTED },
        { "raw",
          { .binding = TEE_STR("raw"), .challenge = C, .nonce = N },
          TEE_E_UNSUPPORTED },
    };
    struct fix *x = fix_new("agent", FIX_TEE), *y = fix_new("agent", FIX_DID);
    struct ks_object o = { .class = KS_PRIVATE, .ktype = KS_ED25519 };
    const struct ks_evidence *e = NULL;
    struct ks_evreq req = request("tee-v1");
    enum tee_err err;
    size_t i;

    memset(long_nonce, 'n', sizeof(long_nonce));
    for (i = 0; i < TEE_LEN(rows); i++) {
        err = ks_evidence_collect(x->t, &o, &rows[i].req, &e, &x->f);
        if (err != rows[i].want)
            fprintf(stderr, "%s\n", rows[i].what);
        CHECK_ERR(err, rows[i].want);
    }
    req.did = TEE_STR("did:mesh:another");
    CHECK_ERR(ks_evidence_collect(y->t, &o, &req, &e, &y->f), TEE_E_ARG);
    CU_ASSERT_PTR_NULL(e);
    CU_ASSERT_EQUAL(ks_token_last_error(x->t, NULL), TEE_OK);
    fix_free(y);
    fix_free(x);
}

static void
about_local(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL);
    struct ks_evreq req = request("tee-v1");
    const struct ks_evidence *e = NULL;
    uint8_t pub[16], priv[16];

    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    CU_ASSERT_EQUAL(fix_snap(x)->n_evidence, 0);
    CHECK_ERR(ks_evidence_collect(x->t, fix_object(x, priv), &req, &e, &x->f),
              TEE_E_PROHIBITED);
    CU_ASSERT_PTR_NULL(e);
    fix_free(x);
}

/* ---- with a helper that lies
 * ------------------------------------------------------- */

/* A copy of tests/keystore/liar under the name that says how it lies. */
static void
liar_path(const struct fix *x, const char *how, char ret[FIX_PATH])
{
    (void)snprintf(ret, FIX_PATH, "%.200s/%s", x->dir, how);
}

static struct fix *
with_liar(const char *how)
{
    const char *build = secure_getenv("builddir");
    struct fix *at = fix_new("agent", FIX_TEE), *x;
    char to[FIX_PATH], command[1024], lines[2 * FIX_PATH];

    liar_path(at, how, to);
    (void)snprintf(command, sizeof(command),
                   "cp %s/tests/keystore/liar %s && chmod 700 %s",
                   build != NULL ? build : ".", to, to);
    CU_ASSERT_EQUAL_FATAL(system(command), 0); /* a test, not the module */
    (void)snprintf(lines, sizeof(lines), FIX_TEE "helper = %s\ndeadline = 1\n",
                   to);
    x = fix_other(at, lines);
    fix_free(at);
    CHECK_ERR(ks_token_init(x->t, (struct tee_bytes){ 0 },
                            (struct tee_bytes){ 0 }, &x->f),
              TEE_OK);
    return x;
}

static off_t
collections(const struct fix *x, const char *how)
{
    char path[FIX_PATH + 8];
    struct stat st;

    liar_path(x, how, path);
    (void)strncat(path, ".count", 7);
    return stat(path, &st) == 0 ? st.st_size : 0;
}

static void
lies(void)
{
    static const struct {
        const char *how;
        enum tee_err want;
    } rows[] = {
        { "statement", TEE_E_REPORT_DATA }, { "challenge", TEE_E_REPORT_DATA },
        { "short", TEE_E_REPORT_DATA },     { "platform", TEE_E_PEER },
        { "silent", TEE_E_TIMEOUT },        { "dead", TEE_E_PEER },
        { "refuses", TEE_E_COLLECT },       { "login", TEE_E_UNAVAIL },
        { "section", TEE_E_UNAVAIL },
    };
    uint8_t pub[16], priv[16];
    struct fix *x;
    enum tee_err err;
    size_t i;

    for (i = 0; i < TEE_LEN(rows); i++) {
        x = with_liar(rows[i].how);
        err = fix_generate(x, KS_ED25519, pub, priv);
        if (err != rows[i].want)
            fprintf(stderr, "%s: %s\n", rows[i].how, x->f.text);
        CHECK_ERR(err, rows[i].want);
        CHECK_ERR(ks_token_last_error(x->t, NULL), rows[i].want);
        CU_ASSERT_EQUAL(fix_snap(x)->n, 0); /* neither half */
        fix_free(x);
    }
}

/* A store made with an honest one; then the helper is another. */
static void
outage(void)
{
    uint8_t pub[16], priv[16];
    char from[FIX_PATH], to[FIX_PATH];
    struct fix *x = with_liar("honest");
    struct tee_fault f;

    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    ks_logout(x->t);
    liar_path(x, "honest", from);
    liar_path(x, "gone", to);
    CU_ASSERT_EQUAL(rename(from, to), 0);
    ks_token_free(x->t);
    CHECK_ERR(ks_token_new(x->conf, &x->conf->token[0], &x->t), TEE_OK);
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
    CU_ASSERT_NOT_EQUAL(fix_sign(x, priv), TEE_OK);
    CU_ASSERT_NOT_EQUAL(ks_token_last_error(x->t, &f), TEE_OK);
    CU_ASSERT_NOT_EQUAL(f.text[0], '\0');
    CU_ASSERT_EQUAL(fix_snap(x)->n, 2); /* what is public stays readable */
    CU_ASSERT_PTR_NOT_NULL(stored(x, priv));
    CU_ASSERT_EQUAL(rename(to, from), 0);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    CU_ASSERT_EQUAL(ks_token_last_error(x->t, NULL), TEE_OK);
    fix_free(x);
}

struct opener {
    struct fix *x;
    const uint8_t *priv;
    enum tee_err err;
};

static void *
open_one(void *arg)
{
    struct opener *p = arg;
    const struct ks_snap *s = ks_snap_get(p->x->t);
    struct ks_key *k = NULL;

    p->err = ks_key_open(
        p->x->t, ks_store_find(ks_snapshot_of(s)->store, p->priv), &k, NULL);
    ks_key_put(k);
    ks_snap_put(s);
    return NULL;
}

/* Four ask at once for a key that takes 0.3 s: collected once. */
static void
one_state(void)
{
    struct ks_edit edit = { .edit = spoil };
    struct fix *x = with_liar("slow");
    struct opener p[4];
    uint8_t pub[16], priv[16];
    unsigned which = 0;
    pthread_t th[4];
    size_t i;

    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    CHECK_ERR(ks_busy_begin(x->t, ks_token_until(x->t), &x->f), TEE_OK);
    edit.tk = x->t->tk;
    edit.arg = &which;
    CHECK_ERR(ks_edit(x->t, &edit, &x->f), TEE_OK);
    ks_busy_end(x->t);
    ks_logout(x->t);
    CU_ASSERT_EQUAL(collections(x, "slow"), 1);
    for (i = 0; i < TEE_LEN(th); i++) {
        p[i] = (struct opener){ x, priv, TEE_OK };
        CU_ASSERT_EQUAL(pthread_create(&th[i], NULL, open_one, &p[i]), 0);
    }
    for (i = 0; i < TEE_LEN(th); i++) {
        (void)pthread_join(th[i], NULL);
        CHECK_ERR(p[i].err, TEE_OK);
    }
    CU_ASSERT_EQUAL(collections(x, "slow"), 2);
    fix_free(x);
}

/* The answer is no verdict on the PIN: the try comes back. */
static void
try_comes_back(void)
{
    struct fix *x = with_liar("honest"), *y;
    char lines[2 * FIX_PATH], from[FIX_PATH], to[FIX_PATH];

    liar_path(x, "honest", from);
    liar_path(x, "no-root", to);
    (void)snprintf(lines, sizeof(lines), FIX_TEE "pin = yes\nhelper = %s\n",
                   to);
    CU_ASSERT_EQUAL(rename(from, to), 0);
    y = fix_other(x, lines);
    CHECK_ERR(
        ks_token_init(y->t, TEE_STR("security"), TEE_STR("password"), &y->f),
        TEE_OK);
    CHECK_ERR(ks_login(y->t, KS_USER, TEE_STR("password"), &y->f),
              TEE_E_UNAVAIL);
    CU_ASSERT_EQUAL(fix_snap(y)->user_tries, KS_TRIES);
    fix_free(y);
    fix_free(x);
}

static const struct test tests[] = {
    { "a key is born with evidence of its boot over its statement", born },
    { "evidence of another boot, build or configuration is collected again",
      collected_again },
    { "a challenge is answered freshly, in the field and in the proof", fresh },
    { "a session is answered by the key over what was collected once",
      sessions },
    { "a PIN and the root open the token key together", tee_pins },
    { "a stolen store opens nowhere else", stolen },
    { "evidence that a read-only store cannot take is kept in memory",
      kept_in_memory },
    { "what a request lacks and what is wrong in it are two errors",
      bad_requests },
    { "no evidence is made about a local key", about_local },
    { "a helper that lies, dies or is silent gets nothing signed", lies },
    { "an outage leaves what is public and says why", outage },
    { "one acquisition serves all who wait for it", one_state },
    { "an outage at login costs no try", try_comes_back },
    { NULL, NULL },
};
const struct suite suite_evidence = { "evidence", tests };
