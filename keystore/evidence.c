/*
 * Evidence about a key.  The helper collects and writes JSON; what the bound
 * key signs is computed here, from bytes that were checked here: the digest of
 * the evidence, and that the statement and the caller's challenge are what the
 * caller-controlled field holds.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

#define PROOF_MAX ((size_t)256 << 10) /* DID and challenge are 64 KiB each */
#define DID_MAX   512                 /* configuration.md, section 3 */

/* ---- boot id ---------------------------------------------------------------
 */

enum tee_err
ks_boot_id(uint8_t ret[16], struct tee_fault *f)
{
    static const char path[] = "/proc/sys/kernel/random/boot_id";
    char text[37], hex[33];
    size_t i, n = 0;
    ssize_t got;
    int fd;

    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return tee_fault(f, TEE_E_UNAVAIL, "%s: %s", path, strerror(errno));
    got = read(fd, text, sizeof(text));
    (void)close(fd);
    for (i = 0; got == (ssize_t)sizeof(text) && i < 36; i++) {
        if (text[i] != '-' && n < 32)
            hex[n++] = text[i];
    }
    if (n != 32 || tee_hex_decode((struct tee_bytes){ (uint8_t *)hex, 32 }, ret,
                                  16) != TEE_OK)
        return tee_fault(f, TEE_E_UNAVAIL, "%s: not a boot id", path);
    return TEE_OK;
}

/* ---- what is asked for ------------------------------------------------------
 */

struct ask {
    struct tee_bytes binding, did, challenge, nonce;
    struct tee_bytes pop_nonce; /* empty for once-per-boot evidence */
    struct tee_bytes exporter;  /* session alone; may be empty */
};

#define SIG_MAX 8192 /* the largest of ours: 4627 bytes, ML-DSA-87 */

/* About which key, questions and answers, what the evidence is made of. */
struct work {
    struct ks_token *t;
    struct ks_key *k;
    const struct ks_object *o;
    struct ask x;
    int64_t until;
    struct tee_msg q, a;   /* COLLECT, EVIDENCE */
    struct tee_msg bq, ba; /* BUNDLE, JSON */
    struct tee_buf pop, session;
    uint8_t digest[32];
    struct ks_evidence e;
};

static struct work *
work_new(struct ks_token *t, struct ks_key *k, const struct ks_object *o,
         const struct ask *x)
{
    struct work *w = calloc(1, sizeof(*w)); /* too much for a foreign stack */

    if (w == NULL)
        return NULL;
    w->t = t;
    w->k = k;
    w->o = o;
    w->x = *x;
    tee_msg_init(&w->q, TEE_F_COLLECT);
    tee_msg_init(&w->a, TEE_F_EVIDENCE);
    tee_msg_init(&w->bq, TEE_F_BUNDLE);
    tee_msg_init(&w->ba, TEE_F_JSON);
    tee_buf_init(&w->pop, SIG_MAX);
    tee_buf_init(&w->session, SIG_MAX);
    return w;
}

static void
work_free(struct work *w)
{
    if (w == NULL)
        return;
    tee_msg_clear(&w->q);
    tee_msg_clear(&w->a);
    tee_msg_clear(&w->bq);
    tee_msg_clear(&w->ba);
    tee_buf_clear(&w->pop);
    tee_buf_clear(&w->session);
    free(w);
}

static struct tee_bytes
configured_did(const struct ks_token *t)
{
    return t->conf->did != NULL ? tee_bytes_of(t->conf->did)
                                : (struct tee_bytes){ 0 };
}

static void
put_given(struct tee_msg *m, enum tee_frame_field f, struct tee_bytes v)
{
    if (v.len > 0)
        tee_msg_bytes(m, f, v);
}

static void
put_asked(struct tee_msg *m, const struct work *w)
{
    const struct ks_object *o = w->o;
    const struct ask *x = &w->x;

    tee_msg_bytes(m, TEE_FF_BINDING, x->binding);
    put_given(m, TEE_FF_DID, x->did);
    put_given(m, TEE_FF_CHALLENGE, x->challenge);
    put_given(m, TEE_FF_NONCE, x->nonce);
    tee_msg_bytes(m, TEE_FF_PUBLIC_KEY, o->spki);
    tee_msg_bytes(m, TEE_FF_KEY_TYPE, tee_bytes_of(ks_kinfo(o->ktype)->word));
}

/* ---- collecting
 * --------------------------------------------------------------- */

static bool
is(struct tee_bytes v, const char *word)
{
    return tee_bytes_equal(v, tee_bytes_of(word));
}

/* trust.md, section 1: B || S; for interoperation (agt-v1) B || 0. */
static enum tee_err
field_matches(const struct work *w, struct tee_fault *f)
{
    const struct ask *x = &w->x;
    const struct ks_evidence *e = &w->e;
    uint8_t want[64] = { 0 }, key_hash[32];
    enum tee_err err = TEE_OK;

    tee_key_hash(w->o->spki, key_hash);
    if (x->challenge.len > 0 || x->nonce.len > 0)
        err = tee_binding_hash(x->did, x->challenge, x->nonce, key_hash, want);
    if (err != TEE_OK)
        return tee_fault(f, err,
                         "binding: DID, challenge or nonce of a size "
                         "that cannot be hashed");
    if (is(x->binding, "tee-v1"))
        tee_sha256(e->statement, want + 32);
    if (e->report_data.len == sizeof(want) &&
        memcmp(e->report_data.p, want, sizeof(want)) == 0)
        return TEE_OK;
    return tee_fault(f, TEE_E_REPORT_DATA,
                     "the evidence is not over this statement and challenge");
}

static enum tee_err
collect(struct work *w, struct tee_fault *f)
{
    const struct ks_conf_token *c = w->t->conf;
    struct ks_evidence *e = &w->e;
    enum tee_err err;

    err = tee_build_id(e->build_id);
    if (err != TEE_OK)
        return tee_fault(f, err, "this build has no build id");
    memcpy(e->config_sha256, c->sha256, sizeof(e->config_sha256));
    memcpy(e->key, w->o->uuid, sizeof(e->key));
    put_asked(&w->q, w);
    tee_msg_num(&w->q, TEE_FF_ORIGIN, (uint64_t)c->origin);
    tee_msg_num(&w->q, TEE_FF_CREATED, (uint64_t)w->o->created);
    tee_msg_bytes(&w->q, TEE_FF_BUILD_ID,
                  (struct tee_bytes){ e->build_id, 20 });
    tee_msg_bytes(&w->q, TEE_FF_CONFIG_SHA256,
                  (struct tee_bytes){ e->config_sha256, 32 });
    tee_msg_num(&w->q, TEE_FF_EPHEMERAL, 0);
    err =
        ks_client_call(w->t->client, &w->q, TEE_F_EVIDENCE, &w->a, w->until, f);
    if (err != TEE_OK)
        return err;
    e->time = tee_clock.wall();
    e->platform = w->a.field[TEE_FF_PLATFORM].bytes;
    e->statement = w->a.field[TEE_FF_STATEMENT].bytes;
    e->report_data = w->a.field[TEE_FF_REPORT_DATA].bytes;
    e->blobs = w->a.evidence;
    e->endorsements = w->a.endorsements;
    if (!is(e->platform, ks_platform_word(c->platform)))
        return tee_fault(f, TEE_E_PEER,
                         "helper: collected on another platform than asked");
    return field_matches(w, f);
}

/* ---- proofs
 * ------------------------------------------------------------------- */

/* agent-identity.md section 13: the signature of each family in proofs. */
static struct ks_mech
proof_mech(enum ks_ktype type)
{
    static const struct ks_mech ecdsa256 = { .scheme = KS_ECDSA,
                                             .hash = KS_SHA256 },
                                ecdsa384 = { .scheme = KS_ECDSA,
                                             .hash = KS_SHA384 },
                                ecdsa512 = { .scheme = KS_ECDSA,
                                             .hash = KS_SHA512 },
                                pss = { .scheme = KS_RSA_PSS,
                                        .hash = KS_SHA256,
                                        .pss_hash = KS_SHA256,
                                        .pss_mgf = KS_SHA256,
                                        .pss_salt = 32 },
                                mldsa = { .scheme = KS_MLDSA },
                                ed = { .scheme = KS_EDDSA };
    static const struct ks_mech *const rows[KS_KTYPES] = {
        [KS_NONE] = &ed,       [KS_ED25519] = &ed,    [KS_P256] = &ecdsa256,
        [KS_P384] = &ecdsa384, [KS_P521] = &ecdsa512, [KS_RSA2048] = &pss,
        [KS_RSA3072] = &pss,   [KS_RSA4096] = &pss,   [KS_MLDSA44] = &mldsa,
        [KS_MLDSA65] = &mldsa, [KS_MLDSA87] = &mldsa,
    };

    return *rows[type];
}

enum tee_err
ks_key_prove(struct ks_key *k, struct tee_bytes msg, struct tee_buf *ret,
             struct tee_fault *f)
{
    struct ks_mech m = proof_mech(k->type);
    size_t n = ks_kinfo(k->type)->sig_len;
    struct ks_op op = { 0 };
    uint8_t *sig = malloc(n);
    enum tee_err err;

    err = sig == NULL ? TEE_E_NOMEM : ks_sign_init(&op, k, &m);
    if (err == TEE_OK)
        err = ks_op_sign(&op, msg, sig, &n);
    if (err == TEE_OK) {
        tee_buf_put(ret, sig, n);
        err = ret->err;
    }
    ks_op_clear(&op);
    free(sig);
    return err == TEE_OK
               ? err
               : tee_fault(f, err, "the key could not sign its proof");
}

static enum tee_err
prove(struct work *w, struct tee_fault *f)
{
    struct tee_buf msg;
    enum tee_err err;

    err = tee_evidence_digest(&w->e.blobs, w->digest);
    if (err != TEE_OK)
        return tee_fault(f, TEE_E_PEER, "helper: blobs without order");
    tee_buf_init(&msg, PROOF_MAX);
    tee_pop_message(&msg, w->x.pop_nonce, w->digest);
    err = msg.err;
    if (err == TEE_OK)
        err = ks_key_prove(w->k, tee_buf_view(&msg), &w->pop, f);
    tee_buf_clear(&msg);
    w->e.pop = tee_buf_view(&w->pop);
    return err;
}

/* ---- bundle
 * ------------------------------------------------------------------- */

static enum tee_err
bundle(struct work *w, struct tee_fault *f)
{
    struct ks_evidence *e = &w->e;
    enum tee_err err;

    put_asked(&w->bq, w);
    tee_msg_num(&w->bq, TEE_FF_CREATED, (uint64_t)e->time);
    tee_msg_bytes(&w->bq, TEE_FF_PLATFORM, e->platform);
    tee_msg_bytes(&w->bq, TEE_FF_STATEMENT, e->statement);
    tee_msg_blobs(&w->bq, TEE_FF_EVIDENCE, &e->blobs);
    tee_msg_blobs(&w->bq, TEE_FF_ENDORSEMENTS, &e->endorsements);
    tee_msg_bytes(&w->bq, TEE_FF_POP, e->pop);
    put_given(&w->bq, TEE_FF_SESSION_SIG, tee_buf_view(&w->session));
    err = ks_client_call(w->t->client, &w->bq, TEE_F_JSON, &w->ba, w->until, f);
    if (err == TEE_OK)
        e->bundle = w->ba.field[TEE_FF_JSON].bytes;
    return err;
}

/* A copy that owns its bytes, and the platform's word for who asks. */
static enum tee_err
hand_out(struct work *w, const struct ks_evidence **ret, struct tee_fault *f)
{
    const struct ks_evidence *e = &w->e;
    struct ks_token *t = w->t;
    enum tee_err err = ks_evidence_copy(e, ret);
    size_t n = e->platform.len;

    if (err != TEE_OK)
        return tee_fault(f, err, "no memory");
    if (n >= sizeof(t->platform))
        n = sizeof(t->platform) - 1;
    (void)pthread_mutex_lock(&t->lock);
    memcpy(t->platform, e->platform.p, n);
    t->platform[n] = '\0';
    (void)pthread_mutex_unlock(&t->lock);
    return TEE_OK;
}

static enum tee_err
fresh(struct work *w, const struct ks_evidence **ret, struct tee_fault *f)
{
    enum tee_err err = collect(w, f);

    if (err == TEE_OK)
        err = prove(w, f);
    if (err == TEE_OK)
        err = bundle(w, f);
    return err == TEE_OK ? hand_out(w, ret, f) : err;
}

/* ---- once per boot
 * --------------------------------------------------------------- */

enum tee_err
ks_evidence_acquire(struct ks_token *t, struct ks_key *k,
                    const struct ks_object *o, const struct ks_evidence **ret,
                    struct tee_fault *f)
{
    const struct ask x = { .binding = TEE_STR("tee-v1"),
                           .did = configured_did(t) };
    struct work *w = work_new(t, k, o, &x);
    enum tee_err err;

    if (w == NULL)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    w->until = t->until;
    err = ks_boot_id(w->e.boot, f);
    if (err == TEE_OK)
        err = fresh(w, ret, f);
    work_free(w);
    if (err == TEE_OK)
        tee_log("[%s] evidence of this boot collected, platform = %s",
                t->conf->name, ks_platform_word(t->conf->platform));
    return err;
}

const struct ks_evidence *
ks_evidence_now(struct ks_token *t, const uint8_t key[16])
{
    const struct ks_snap *s;
    const struct ks_evidence *e = NULL, *v;
    uint8_t boot[16], build[20];
    size_t i;

    if (ks_boot_id(boot, NULL) != TEE_OK || tee_build_id(build) != TEE_OK)
        return NULL;
    s = ks_snap_get(t);
    /* evidence that somebody else put there is none */
    for (i = 0; ks_snapshot_of(s)->authentic && i < s->n_evidence && e == NULL;
         i++) {
        v = s->evidence[i];
        if (memcmp(v->key, key, 16) == 0 && memcmp(v->boot, boot, 16) == 0 &&
            memcmp(v->build_id, build, 20) == 0 &&
            memcmp(v->config_sha256, t->conf->sha256, 32) == 0)
            e = v;
    }
    if (e != NULL)
        ks_evidence_get(e);
    ks_snap_put(s);
    return e;
}

static enum tee_err
put_evidence(struct ks_store *s, void *arg, struct tee_fault *f)
{
    return ks_store_set_evidence(s, arg, f);
}

static enum tee_err
keep_in_memory(struct ks_token *t, const struct ks_evidence *e,
               struct tee_fault *f)
{
    const struct ks_evidence **more, *old = NULL;
    size_t i;

    (void)pthread_mutex_lock(&t->lock);
    for (i = 0; i < t->n_kept; i++) {
        if (memcmp(t->kept[i]->key, e->key, 16) == 0)
            break;
    }
    if (i == t->n_kept) {
        more = realloc(t->kept, (i + 1) * sizeof(*more));
        if (more == NULL) {
            (void)pthread_mutex_unlock(&t->lock);
            return tee_fault(f, TEE_E_NOMEM, "no memory");
        }
        t->kept = more;
        t->n_kept++;
    } else {
        old = t->kept[i];
    }
    ks_evidence_get(e);
    t->kept[i] = e;
    (void)pthread_mutex_unlock(&t->lock);
    ks_evidence_put(old);
    return ks_republish(t, f);
}

enum tee_err
ks_evidence_keep(struct ks_token *t, struct ks_tk *tk,
                 const struct ks_evidence *e, struct tee_fault *f)
{
    struct ks_edit x = { .tk = tk,
                         .edit = put_evidence,
                         .arg = (void *)(uintptr_t)e };
    enum tee_err err = ks_edit(t, &x, f);

    if (err != TEE_E_READONLY && err != TEE_E_IO && err != TEE_E_TOOBIG)
        return err;
    return keep_in_memory(t, e, f);
}

/* ---- a fresh one
 * -------------------------------------------------------------------- */

static enum tee_err
text_ok(const char *what, struct tee_bytes v, size_t max, struct tee_fault *f)
{
    if (v.p == NULL)
        return tee_fault(f, TEE_E_NOTFOUND, "%s is missing", what);
    if (v.len == 0 || v.len > max || !tee_utf8(v) ||
        memchr(v.p, '\0', v.len) != NULL)
        return tee_fault(f, TEE_E_ARG,
                         "%s: must be 1 to %zu bytes of UTF-8 without NUL",
                         what, max);
    return TEE_OK;
}

/* The configured one and the caller's must not differ. */
static enum tee_err
which_did(const struct ks_token *t, struct tee_bytes given,
          struct tee_bytes *ret, struct tee_fault *f)
{
    struct tee_bytes own = configured_did(t);

    *ret = given.p != NULL ? given : own;
    if (given.p != NULL && own.p != NULL && !tee_bytes_equal(given, own))
        return tee_fault(f, TEE_E_ARG,
                         "DID: another one than the configuration's");
    return text_ok("DID", *ret, DID_MAX, f);
}

static enum tee_err
read_request(const struct ks_token *t, const struct ks_evreq *req,
             struct ask *x, struct tee_fault *f)
{
    static const char *const known[] = { "tee-v1", "agt-v1", "session" };
    bool session;
    enum tee_err err;
    size_t i;

    x->binding = req->binding.len > 0 ? req->binding : TEE_STR("tee-v1");
    for (i = 0; i < TEE_LEN(known) && !is(x->binding, known[i]); i++)
        ;
    if (i == TEE_LEN(known))
        return tee_fault(f, TEE_E_UNSUPPORTED,
                         "unsupported: this version makes the bindings tee-v1, "
                         "agt-v1 and session only");
    session = is(x->binding, "session");
    if (req->input.p != NULL || (!session && req->exporter.p != NULL))
        return tee_fault(f, TEE_E_ARG, "this binding has no such input");
    if (req->exporter.p != NULL && req->exporter.len != 32)
        return tee_fault(f, TEE_E_ARG, "TLS exporter: must be 32 bytes");
    err = which_did(t, req->did, &x->did, f);
    if (err == TEE_OK)
        err = text_ok("challenge", req->challenge, UINT16_MAX, f);
    if (err == TEE_OK)
        err = text_ok("nonce", req->nonce, 1024, f);
    x->challenge = req->challenge;
    x->nonce = req->nonce;
    x->exporter = req->exporter;
    if (!session)
        x->pop_nonce = req->nonce;
    return err;
}

/* Evidence of this boot for a key that is open already: there, unless a
 * stranger took it out of the store. */
static enum tee_err
base_evidence(struct ks_token *t, struct ks_key *k, const struct ks_object *o,
              const struct ks_evidence **ret, struct tee_fault *f)
{
    enum tee_err err;

    *ret = ks_evidence_now(t, o->uuid);
    if (*ret != NULL)
        return TEE_OK;
    err = ks_busy_begin(t, ks_token_until(t), f);
    if (err != TEE_OK)
        return err;
    err = ks_evidence_acquire(t, k, o, ret, f);
    if (err == TEE_OK) {
        err = keep_in_memory(t, *ret, f);
        if (err != TEE_OK)
            ks_evidence_put(*ret);
    }
    ks_busy_end(t);
    return err;
}

/* trust.md, section 6: the key answers over what was collected once. */
static enum tee_err
answer_session(struct work *w, struct tee_fault *f)
{
    const struct ask *x = &w->x;
    struct tee_buf msg;
    enum tee_err err;

    err = tee_evidence_digest(&w->e.blobs, w->digest);
    if (err != TEE_OK)
        return tee_fault(f, err, "stored evidence: blobs without order");
    tee_buf_init(&msg, PROOF_MAX);
    tee_session_message(&msg, x->did, x->challenge, x->nonce, w->digest,
                        x->exporter);
    err = msg.err;
    if (err == TEE_OK)
        err = ks_key_prove(w->k, tee_buf_view(&msg), &w->session, f);
    tee_buf_clear(&msg);
    tee_msg_num(&w->bq, TEE_FF_EXPORTER_USED, x->exporter.len > 0);
    return err;
}

static enum tee_err
session(struct work *w, const struct ks_evidence **ret, struct tee_fault *f)
{
    const struct ks_evidence *base = NULL;
    enum tee_err err;

    err = base_evidence(w->t, w->k, w->o, &base, f);
    if (err != TEE_OK)
        return err;
    w->e = *base; /* its views are good as long as base is held */
    memset(w->e.boot, 0, sizeof(w->e.boot));
    w->e.time = tee_clock.wall();
    err = answer_session(w, f);
    if (err == TEE_OK)
        err = bundle(w, f);
    if (err == TEE_OK)
        err = hand_out(w, ret, f);
    ks_evidence_put(base);
    return err;
}

static enum tee_err
with_key(struct ks_token *t, const struct ks_object *o, const struct ask *x,
         const struct ks_evidence **ret, struct tee_fault *f)
{
    struct ks_key *k = NULL;
    struct work *w;
    enum tee_err err;

    err = ks_key_open(t, o, &k, f);
    if (err != TEE_OK)
        return err;
    w = work_new(t, k, o, x);
    if (w == NULL) {
        err = tee_fault(f, TEE_E_NOMEM, "no memory");
    } else {
        w->until = ks_token_until(t);
        err = is(x->binding, "session") ? session(w, ret, f) : fresh(w, ret, f);
    }
    work_free(w);
    ks_key_put(k);
    (void)ks_token_outcome(t, err, f);
    return err;
}

enum tee_err
ks_evidence_collect(struct ks_token *t, const struct ks_object *key,
                    const struct ks_evreq *req, const struct ks_evidence **ret,
                    struct tee_fault *f)
{
    struct tee_fault why = { 0 };
    struct ask x = { 0 };
    enum tee_err err;

    if (t->conf->origin == KS_LOCAL)
        return tee_fault(f, TEE_E_PROHIBITED,
                         "no evidence is made about a local key");
    err = read_request(t, req, &x, f);
    if (err != TEE_OK)
        return err;
    err = with_key(t, key, &x, ret, &why);
    return ks_answer(f, err, &why);
}
