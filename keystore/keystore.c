/*
 * Tokens: the snapshot that other threads read, and who may do something slow
 * now.
 *
 * A snapshot is immutable and counted; a change makes another one.  Everything
 * slow (opening, acquiring, logging in, writing) is done by one thread a
 * token, which holds the flag `busy` and no lock; the others wait for it until
 * their own deadline.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

bool
ks_token_here(const struct ks_token *t)
{
    return *(const volatile uint8_t *)t->mark.p == 1;
}

int64_t
ks_token_until(const struct ks_token *t)
{
    return tee_clock.mono_ms() + (int64_t)t->conf->deadline * 1000;
}

const struct ks_conf_token *
ks_token_conf(const struct ks_token *t)
{
    return t->conf;
}

/* ---- one slow thing at a time -------------------------------------------- */

enum tee_err
ks_busy_begin(struct ks_token *t, int64_t until, struct tee_fault *f)
{
    struct timespec ts;
    bool late;
    int e = 0;

    if (!ks_token_here(t))
        return tee_fault(f, TEE_E_FORKED,
                         "token: belongs to the process before fork");
    ts = ks_at_monotonic(until);
    (void)pthread_mutex_lock(&t->lock);
    while (t->busy && e != ETIMEDOUT)
        e = pthread_cond_timedwait(&t->idle, &t->lock, &ts);
    late = t->busy;
    if (!late) {
        t->busy = true;
        t->until = ks_token_until(t);
    }
    (void)pthread_mutex_unlock(&t->lock);
    if (late)
        return tee_fault(f, TEE_E_TIMEOUT,
                         "token: another call kept it past the deadline");
    return TEE_OK;
}

void
ks_busy_end(struct ks_token *t)
{
    (void)pthread_mutex_lock(&t->lock);
    t->busy = false;
    (void)pthread_cond_signal(&t->idle);
    (void)pthread_mutex_unlock(&t->lock);
}

enum tee_err
ks_answer(struct tee_fault *f, enum tee_err err, const struct tee_fault *why)
{
    if (err == TEE_OK)
        return TEE_OK;
    return tee_fault(f, err, "%s",
                     why->text[0] != '\0' ? why->text : tee_err_name(err));
}

enum tee_err
ks_token_outcome(struct ks_token *t, enum tee_err err,
                 const struct tee_fault *f)
{
    if (t->conf->origin == KS_LOCAL)
        return err;
    (void)pthread_mutex_lock(&t->lock);
    t->last.err = err;
    if (err == TEE_OK)
        t->last.text[0] = '\0';
    else
        (void)ks_answer(&t->last, err, f);
    (void)pthread_mutex_unlock(&t->lock);
    return err;
}

enum tee_err
ks_token_last_error(struct ks_token *t, struct tee_fault *ret)
{
    enum tee_err err;

    (void)pthread_mutex_lock(&t->lock);
    err = t->last.err;
    if (ret != NULL)
        *ret = t->last;
    (void)pthread_mutex_unlock(&t->lock);
    return err;
}

/* ---- snapshots ----------------------------------------------------------- */

const struct ks_snap *
ks_snap_get(struct ks_token *t)
{
    bool here = ks_token_here(t); /* else nobody would ever unlock it */
    const struct ks_snap *s;

    if (here)
        (void)pthread_mutex_lock(&t->lock);
    s = t->snap;
    (void)__atomic_add_fetch(&ks_snapshot_of(s)->refs, 1, __ATOMIC_RELAXED);
    if (here)
        (void)pthread_mutex_unlock(&t->lock);
    return s;
}

static void
snapshot_free(struct ks_snapshot *x)
{
    while (x->pub.n_evidence > 0)
        ks_evidence_put(x->evidence[--x->pub.n_evidence]);
    free(x->evidence);
    ks_store_put(x->store);
    free(x);
}

void
ks_snap_put(const struct ks_snap *s)
{
    struct ks_snapshot *x = ks_snapshot_of(s);

    if (s != NULL && __atomic_sub_fetch(&x->refs, 1, __ATOMIC_ACQ_REL) == 0)
        snapshot_free(x);
}

static bool
same_uuid(const uint8_t a[16], const uint8_t b[16])
{
    return memcmp(a, b, 16) == 0;
}

static bool
has_key(const struct ks_store *s, const uint8_t uuid[16])
{
    return s != NULL && ks_store_find(s, uuid) != NULL;
}

static void
put_evidence(struct ks_snapshot *x, const struct ks_evidence *e)
{
    size_t i;

    for (i = 0; i < x->pub.n_evidence; i++) {
        if (!same_uuid(x->evidence[i]->key, e->key))
            continue;
        if (x->evidence[i]->time <= e->time) {
            ks_evidence_get(e);
            ks_evidence_put(x->evidence[i]);
            x->evidence[i] = e;
        }
        return;
    }
    ks_evidence_get(e);
    x->evidence[x->pub.n_evidence++] = e;
}

/* What the store holds, and what it could not take: the newer of a key. */
static enum tee_err
gather_evidence(struct ks_token *t, struct ks_snapshot *x)
{
    size_t i, n = t->n_kept + (x->store != NULL ? x->store->n_evidence : 0);

    if (n == 0)
        return TEE_OK;
    x->evidence = calloc(n, sizeof(*x->evidence));
    if (x->evidence == NULL)
        return TEE_E_NOMEM;
    for (i = 0; x->store != NULL && i < x->store->n_evidence; i++)
        put_evidence(x, x->store->evidence[i]);
    for (i = 0; i < t->n_kept; i++) {
        if (has_key(x->store, t->kept[i]->key))
            put_evidence(x, t->kept[i]);
    }
    x->pub.evidence = x->evidence;
    return TEE_OK;
}

static void
describe_store(struct ks_token *t, struct ks_snap *p, const struct ks_store *s)
{
    p->initialised = true;
    memcpy(p->uuid, s->uuid, sizeof(p->uuid));
    p->user_pin = t->conf->pin && s->wrap[KS_USER].kind != KS_WRAP_NONE;
    p->so_pin = t->conf->pin && s->wrap[KS_SO].kind != KS_WRAP_NONE;
    p->user_tries = KS_TRIES - s->used[KS_USER];
    p->so_tries = KS_TRIES - s->used[KS_SO];
    p->n = s->n;
    p->object = s->object;
}

/* Takes the reference of s, always.  The token is locked, or new. */
static enum tee_err
snapshot_new(struct ks_token *t, const struct ks_store *s, bool writable,
             const struct ks_snap **ret)
{
    struct ks_snapshot *x = calloc(1, sizeof(*x));
    enum tee_err err;

    if (x == NULL) {
        ks_store_put(s);
        return TEE_E_NOMEM;
    }
    x->refs = 1;
    x->store = s;
    x->pub.writable = writable;
    x->pub.generation = ++t->ticket;
    x->pub.logged_in[KS_USER] = t->role == KS_USER;
    x->pub.logged_in[KS_SO] = t->role == KS_SO;
    if (s != NULL)
        describe_store(t, &x->pub, s);
    err = gather_evidence(t, x);
    if (err != TEE_OK) {
        snapshot_free(x);
        return err;
    }
    *ret = &x->pub;
    return TEE_OK;
}

/* What goes when a snapshot comes, to be let go once nothing is locked. */
struct leavings {
    const struct ks_snap *snap;
    struct ks_tk *tk;
    struct ks_key *keys;
};

static void
let_go(struct leavings *l)
{
    ks_snap_put(l->snap);
    ks_keys_drop(l->keys);
    ks_tk_put(l->tk);
}

/* The token is locked. A TK of another epoch opens nothing any more. */
static void
install(struct ks_token *t, const struct ks_snap *s, struct leavings *l)
{
    const struct ks_store *now = ks_snapshot_of(s)->store;

    l->snap = t->snap;
    t->snap = s;
    l->keys = ks_keys_close(t, now);
    if (t->tk != NULL && (now == NULL || !ks_tk_fits(t->tk, now))) {
        l->tk = t->tk;
        t->tk = NULL;
        t->role = 0;
        t->logins++;
    }
}

/*
 * Takes s.  `ticket` is of the moment before the read: what was read before
 * something newer was published is dropped, and the next stat tells.
 */
static enum tee_err
take_over(struct ks_token *t, struct ks_store *s, const struct ks_stamp *stamp,
          uint64_t ticket)
{
    bool writable = t->ops->writes && ks_store_writable(t->conf);
    struct leavings l = { 0 };
    const struct ks_snap *snap = NULL;
    enum tee_err err;

    (void)pthread_mutex_lock(&t->lock);
    if (ticket == 0)
        ticket = ++t->ticket;
    if (ticket < t->published) {
        (void)pthread_mutex_unlock(&t->lock);
        ks_store_put(s);
        return TEE_OK;
    }
    if (t->tk != NULL && (s == NULL || !ks_tk_fits(t->tk, s)))
        t->role = 0; /* the new snapshot must not say otherwise */
    err = snapshot_new(t, s, writable, &snap);
    if (err == TEE_OK) {
        t->published = ticket;
        t->stamp = *stamp;
        t->bad.err = TEE_OK;
        install(t, snap, &l);
    }
    (void)pthread_mutex_unlock(&t->lock);
    let_go(&l);
    return err;
}

enum tee_err
ks_publish(struct ks_token *t, struct ks_store *s, const struct ks_stamp *stamp,
           struct tee_fault *f)
{
    enum tee_err err = take_over(t, s, stamp, 0);

    return err == TEE_OK ? err : tee_fault(f, err, "no memory");
}

enum tee_err
ks_republish(struct ks_token *t, struct tee_fault *f)
{
    struct leavings l = { 0 };
    const struct ks_snap *snap = NULL;
    struct ks_snapshot *old;
    enum tee_err err;

    (void)pthread_mutex_lock(&t->lock);
    old = ks_snapshot_of(t->snap);
    if (old->store != NULL)
        ks_store_get(old->store);
    err = snapshot_new(t, old->store, old->pub.writable, &snap);
    if (err == TEE_OK) {
        ks_snapshot_of(snap)->authentic = old->authentic;
        install(t, snap, &l);
    }
    (void)pthread_mutex_unlock(&t->lock);
    let_go(&l);
    return err == TEE_OK ? err : tee_fault(f, err, "no memory");
}

static enum tee_err
remember_bad(struct ks_token *t, enum tee_err err, const struct tee_fault *why,
             struct tee_fault *f)
{
    (void)pthread_mutex_lock(&t->lock);
    (void)ks_answer(&t->bad, err, why);
    (void)pthread_mutex_unlock(&t->lock);
    return ks_answer(f, err, why);
}

enum tee_err
ks_token_refresh(struct ks_token *t, struct tee_fault *f)
{
    struct ks_stamp stamp = { 0 };
    struct ks_store *s = NULL;
    struct tee_fault why;
    uint64_t ticket;
    bool same;
    enum tee_err err;

    if (!ks_token_here(t))
        return tee_fault(f, TEE_E_FORKED,
                         "token: belongs to the process before fork");
    t->ops->stat(t->conf, &stamp);
    (void)pthread_mutex_lock(&t->lock);
    same = t->bad.err == TEE_OK && t->published != 0 &&
           ks_stamp_equal(&stamp, &t->stamp);
    ticket = ++t->ticket;
    (void)pthread_mutex_unlock(&t->lock);
    if (same)
        return TEE_OK;
    why = (struct tee_fault){ 0 };
    err = t->ops->load(t->conf, &s, &stamp, &why);
    if (err == TEE_E_NOTFOUND) {
        stamp = (struct ks_stamp){ 0 };
        err = TEE_OK;
    }
    if (err == TEE_OK)
        err = take_over(t, s, &stamp, ticket);
    if (err != TEE_OK)
        return remember_bad(t, err, &why, f);
    return TEE_OK;
}

/* ---- the token key for the one who set busy -------------------------------
 */

enum tee_err
ks_wrap_demanded(const struct ks_token *t, const struct ks_wrap *w,
                 struct tee_fault *f)
{
    enum ks_wrap_kind want =
        t->conf->pin ? t->ops->pin_wrap : t->ops->clear_wrap;

    if (w->kind == want && w->has_kdf == t->conf->pin)
        return TEE_OK;
    return tee_fault(f, TEE_E_STORE_ALTERED,
                     "store altered, or initialised with another "
                     "configuration: the token key is not kept as "
                     "key_origin = %s with pin = %s demands",
                     ks_origin_word(t->conf->origin),
                     t->conf->pin ? "yes" : "no");
}

enum tee_err
ks_snap_authentic(const struct ks_snap *s, const struct ks_tk *tk,
                  struct tee_fault *f)
{
    struct ks_snapshot *x = ks_snapshot_of(s);
    enum tee_err err;

    if (x->store == NULL || !ks_tk_fits(tk, x->store))
        return tee_fault(f, TEE_E_STATE, "the token was initialised anew");
    if (x->authentic)
        return TEE_OK;
    err = ks_store_authentic(x->store, ks_tk_mac(tk), f);
    if (err == TEE_OK)
        x->authentic = true;
    return err;
}

/* A token without PIN: whoever may read the store, or has the root that only
 * this guest has, may use it. */
static enum tee_err
open_without_pin(struct ks_token *t, const struct ks_snap *s,
                 struct ks_tk **ret, struct tee_fault *f)
{
    const struct ks_store *store = ks_snapshot_of(s)->store;
    const struct ks_wrap *w = &store->wrap[KS_USER];
    struct ks_tk *tk = NULL;
    enum tee_err err;

    err = ks_wrap_demanded(t, w, f);
    if (err != TEE_OK)
        return err;
    err = ks_tk_new(t->arena, store->uuid, store->epoch, &tk, f);
    if (err != TEE_OK)
        return err;
    err = t->ops->unwrap(t, KS_USER, w, NULL, tk, f);
    if (err == TEE_OK && ks_tk_derive(tk) != TEE_OK)
        err = tee_fault(f, TEE_E_NOMEM, "no memory");
    if (err == TEE_OK)
        err = ks_snap_authentic(s, tk, f);
    if (err != TEE_OK) {
        ks_tk_put(tk);
        return err;
    }
    (void)pthread_mutex_lock(&t->lock);
    if (t->tk == NULL && t->snap != NULL &&
        ks_snapshot_of(t->snap)->store != NULL &&
        ks_tk_fits(tk, ks_snapshot_of(t->snap)->store)) {
        ks_tk_get(tk);
        t->tk = tk;
    }
    (void)pthread_mutex_unlock(&t->lock);
    *ret = tk;
    return TEE_OK;
}

static enum tee_err
find_tk(struct ks_token *t, enum ks_role role, const struct ks_snap *s,
        struct ks_tk *have, enum ks_role in, struct ks_tk **ret,
        struct tee_fault *f)
{
    enum tee_err err;

    if (!s->initialised)
        return tee_fault(f, TEE_E_STATE, "the token is not initialised");
    if (t->conf->pin && (have == NULL || (role != 0 && in != role)))
        return tee_fault(f, TEE_E_LOGIN, "not logged in");
    if (have == NULL)
        return open_without_pin(t, s, ret, f);
    err = ks_snap_authentic(s, have, f);
    if (err == TEE_OK) {
        ks_tk_get(have);
        *ret = have;
    }
    return err;
}

enum tee_err
ks_tk_need(struct ks_token *t, enum ks_role role, uint64_t *logins,
           struct ks_tk **ret, const struct ks_snap **snap, struct tee_fault *f)
{
    const struct ks_snap *s;
    struct ks_tk *have;
    enum ks_role in;
    enum tee_err err;

    err = t->ops->ready(t->conf, f);
    if (err == TEE_OK)
        err = ks_token_refresh(t, f);
    if (err != TEE_OK)
        return err;
    (void)pthread_mutex_lock(&t->lock);
    s = t->snap;
    (void)__atomic_add_fetch(&ks_snapshot_of(s)->refs, 1, __ATOMIC_RELAXED);
    have = t->tk;
    in = t->role;
    *logins = t->logins;
    if (have != NULL)
        ks_tk_get(have);
    (void)pthread_mutex_unlock(&t->lock);
    err = find_tk(t, role, s, have, in, ret, f);
    ks_tk_put(have);
    if (err != TEE_OK) {
        ks_snap_put(s);
        return err;
    }
    *snap = s;
    return TEE_OK;
}

/* ---- changes ---------------------------------------------------------------
 */

static enum tee_err
edit_change(struct ks_store **s, const uint8_t **mac_key, void *arg,
            struct tee_fault *f)
{
    struct ks_edit *e = arg;

    if (!ks_tk_fits(e->tk, *s))
        return tee_fault(f, TEE_E_STATE, "the token was initialised anew");
    *mac_key = ks_tk_mac(e->tk);
    return e->edit(*s, e->arg, f);
}

/* What was authentic before and is written under TK is so afterwards. */
static void
vouch(struct ks_token *t, const struct ks_store *s)
{
    (void)pthread_mutex_lock(&t->lock);
    if (ks_snapshot_of(t->snap)->store == s)
        ks_snapshot_of(t->snap)->authentic = true;
    (void)pthread_mutex_unlock(&t->lock);
}

enum tee_err
ks_edit(struct ks_token *t, struct ks_edit *e, struct tee_fault *f)
{
    const struct ks_change change = { .change = edit_change, .arg = e };
    struct ks_stamp stamp;
    struct ks_store *s;
    enum tee_err err;

    err = ks_store_change(t->conf, t->until, &change, &s, &stamp, f);
    if (err != TEE_OK)
        return err;
    ks_store_get(s);
    err = ks_publish(t, s, &stamp, f);
    if (err == TEE_OK)
        vouch(t, s);
    ks_store_put(s);
    return err;
}

/* ---- life ------------------------------------------------------------------
 */

static const struct ks_ops *
ops_of(const struct ks_conf_token *c)
{
    static const struct ks_ops *const by_origin[] = { [KS_LOCAL] =
                                                          &ks_ops_local,
                                                      [KS_SKR] = &ks_ops_skr,
                                                      [KS_TEE] = &ks_ops_tee };

    if ((unsigned)c->origin >= TEE_LEN(by_origin))
        return NULL;
    return c->unix_path != NULL && c->origin != KS_SKR ? &ks_ops_service
                                                       : by_origin[c->origin];
}

enum tee_err
ks_conf_ready(const struct ks_conf_token *c, struct tee_fault *f)
{
    const struct ks_ops *ops = ops_of(c);

    if (c->bad_line != 0 || ops == NULL)
        return tee_fault(f, TEE_E_CONFIG, "%s", c->bad.text);
    return ops->ready(c, f);
}

static enum tee_err
make_parts(struct ks_token *t)
{
    enum tee_err err;

    err = tee_secret_new(1, false, &t->mark);
    if (err == TEE_OK)
        err = tee_arena_new(KS_SLOTS_MAX, t->conf->lock_required, &t->arena);
    if (err == TEE_OK && t->ops->helper)
        err = ks_client_new(t->file, t->conf, &t->client);
    if (err == TEE_OK)
        err = snapshot_new(t, NULL, false, &t->snap);
    return err;
}

static void
free_parts(struct ks_token *t)
{
    ks_snap_put(t->snap);
    ks_client_free(t->client);
    tee_arena_free(t->arena);
    tee_secret_free(&t->mark);
    free(t);
}

enum tee_err
ks_token_new(const struct ks_conf *file, const struct ks_conf_token *conf,
             struct ks_token **ret)
{
    pthread_condattr_t attr;
    struct ks_token *t;
    enum tee_err err;

    if (file == NULL || conf == NULL || ret == NULL)
        return TEE_E_ARG;
    if (conf->bad_line != 0 || ops_of(conf) == NULL)
        return TEE_E_CONFIG;
    t = calloc(1, sizeof(*t));
    if (t == NULL)
        return TEE_E_NOMEM;
    t->file = file;
    t->conf = conf;
    t->ops = ops_of(conf);
    err = make_parts(t);
    if (err != TEE_OK) {
        free_parts(t);
        return err;
    }
    t->mark.p[0] = 1;
    (void)pthread_mutex_init(&t->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&t->idle, &attr);
    (void)pthread_condattr_destroy(&attr);
    *ret = t;
    return TEE_OK;
}

enum tee_err
ks_token_ready(const struct ks_token *t, struct tee_fault *f)
{
    return t->ops->ready(t->conf, f);
}

void
ks_token_free(struct ks_token *t)
{
    struct ks_key *keys;
    size_t i;

    if (t == NULL)
        return;
    if (!ks_token_here(t)) {
        ks_client_free(t->client);
        return;
    }
    (void)pthread_mutex_lock(&t->lock);
    keys = ks_keys_close(t, NULL);
    (void)pthread_mutex_unlock(&t->lock);
    ks_keys_drop(keys);
    ks_tk_put(t->tk);
    for (i = 0; i < t->n_kept; i++)
        ks_evidence_put(t->kept[i]);
    free(t->kept);
    (void)pthread_cond_destroy(&t->idle);
    (void)pthread_mutex_destroy(&t->lock);
    free_parts(t);
}
