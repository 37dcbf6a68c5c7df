/*
 * Usable private keys: made or unsealed once, kept open while used, the least
 * recently used closed beyond 256.
 *
 * The fast path of ks_key_open is a look into the cache under the token's
 * mutex; everything else is slow and done by the one who set busy.
 */
#include "config.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"
#include "keystore/ossl/plugin.h"

/* ---- the cache; the token is locked ----------------------------------------
 */

static unsigned
bucket_of(const uint8_t uuid[16])
{
    return uuid[0] % KS_BUCKETS;
}

static void
list_out(struct ks_token *t, struct ks_key *k)
{
    if (k->newer != NULL)
        k->newer->older = k->older;
    else
        t->newest = k->older;
    if (k->older != NULL)
        k->older->newer = k->newer;
    else
        t->oldest = k->newer;
    k->newer = k->older = NULL;
}

static void
list_front(struct ks_token *t, struct ks_key *k)
{
    k->older = t->newest;
    if (t->newest != NULL)
        t->newest->newer = k;
    else
        t->oldest = k;
    t->newest = k;
}

static void
cache_out(struct ks_token *t, struct ks_key *k)
{
    struct ks_key **at = &t->bucket[bucket_of(k->uuid)];

    while (*at != k)
        at = &(*at)->chain;
    *at = k->chain;
    k->chain = NULL;
    list_out(t, k);
    k->cached = false;
    t->n_keys--;
}

static void
cache_in(struct ks_token *t, struct ks_key *k)
{
    struct ks_key **at = &t->bucket[bucket_of(k->uuid)];

    k->chain = *at;
    *at = k;
    list_front(t, k);
    k->cached = true;
    t->n_keys++;
}

/* What the key was made from: another nonce, public half or usage is another
 * state, which has to be opened anew. */
static void
state_of(const struct ks_object *o, uint8_t ret[32])
{
    const uint8_t head[2] = { (uint8_t)o->ktype,
                              (uint8_t)((o->flags & KS_SEAL_FLAGS) >> 4) };
    crypto_hash_sha256_state st;

    (void)crypto_hash_sha256_init(&st);
    (void)crypto_hash_sha256_update(&st, head, sizeof(head));
    (void)crypto_hash_sha256_update(&st, o->sealed.p, KS_SEAL_NONCE);
    (void)crypto_hash_sha256_update(&st, o->spki.p, o->spki.len);
    (void)crypto_hash_sha256_final(&st, ret);
}

static bool
same_state(const struct ks_key *k, const struct ks_object *o)
{
    uint8_t now[32];

    if (o == NULL || o->class != KS_PRIVATE || o->sealed.len < KS_SEAL_NONCE)
        return false;
    state_of(o, now);
    return memcmp(k->state, now, sizeof(now)) == 0;
}

static struct ks_key *
cache_find(struct ks_token *t, const uint8_t uuid[16])
{
    struct ks_key *k = t->bucket[bucket_of(uuid)];

    while (k != NULL && memcmp(k->uuid, uuid, 16) != 0)
        k = k->chain;
    return k;
}

struct ks_key *
ks_keys_close(struct ks_token *t, const struct ks_store *now)
{
    struct ks_key *k, *older, *gone = NULL;

    for (k = t->newest; k != NULL; k = older) {
        older = k->older;
        if (now != NULL && same_state(k, ks_store_find(now, k->uuid)))
            continue;
        cache_out(t, k);
        k->chain = gone;
        gone = k;
    }
    return gone;
}

void
ks_keys_drop(struct ks_key *chain)
{
    struct ks_key *next;

    for (; chain != NULL; chain = next) {
        next = chain->chain;
        chain->chain = NULL;
        ks_key_put(chain);
    }
}

/* The one to close: idle if there is any, else the oldest, which then lives
 * until its last user lets it go. */
static struct ks_key *
victim(struct ks_token *t)
{
    struct ks_key *k = t->oldest;

    while (k != NULL && __atomic_load_n(&k->refs, __ATOMIC_RELAXED) > 1)
        k = k->newer;
    return k != NULL ? k : t->oldest;
}

enum tee_err
ks_key_cache(struct ks_token *t, struct ks_key *k, uint64_t logins,
             struct tee_fault *f)
{
    struct ks_key *gone = NULL, *old;
    const struct ks_store *now;
    bool fits;

    (void)pthread_mutex_lock(&t->lock);
    now = ks_snapshot_of(t->snap)->store;
    fits = t->logins == logins && now != NULL &&
           same_state(k, ks_store_find(now, k->uuid));
    old = fits ? cache_find(t, k->uuid) : NULL;
    if (old == NULL && fits && t->n_keys >= KS_KEYS_OPEN)
        old = victim(t);
    if (old != NULL) {
        cache_out(t, old);
        gone = old;
    }
    if (fits) {
        (void)__atomic_add_fetch(&k->refs, 1, __ATOMIC_RELAXED);
        cache_in(t, k);
    }
    (void)pthread_mutex_unlock(&t->lock);
    ks_keys_drop(gone);
    if (!fits)
        return tee_fault(f, TEE_E_STATE,
                         "logged out, or the key was destroyed, meanwhile");
    return TEE_OK;
}

/* ---- life -------------------------------------------------------------------
 */

void
ks_key_put(struct ks_key *k)
{
    if (k == NULL || !ks_token_here(k->t) ||
        __atomic_sub_fetch(&k->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    ks_alg(k->type)->key_clear(k);
    free(k);
}

void
ks_key_name(struct ks_key *k, const struct ks_object *o)
{
    memcpy(k->uuid, o->uuid, sizeof(k->uuid));
    state_of(o, k->state);
}

/* The key alone, from its seed or PKCS#8; spki is initialised here. */
static enum tee_err
load(struct ks_token *t, enum ks_ktype type, struct tee_bytes secret,
     struct tee_buf *spki, struct ks_key **ret, struct tee_fault *f)
{
    const struct ks_alg *alg = ks_alg(type);
    struct ks_key *k;
    enum tee_err err;

    tee_buf_init(spki, TEE_SPKI_MAX);
    if (alg == NULL)
        return tee_fault(f, TEE_E_KEY_TYPE, "no such key type");
    k = calloc(1, sizeof(*k));
    if (k == NULL)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    k->refs = 1;
    k->t = t;
    k->type = type;
    err = alg->load(k, secret, spki, f);
    if (err != TEE_OK) {
        ks_key_put(k);
        return err;
    }
    *ret = k;
    return TEE_OK;
}

enum tee_err
ks_fresh_make(struct ks_token *t, enum ks_ktype type, struct tee_bytes secret,
              struct ks_fresh *ret, struct tee_fault *f)
{
    const struct ks_alg *alg = ks_alg(type);
    enum tee_err err;

    *ret = (struct ks_fresh){ 0 };
    tee_buf_init(&ret->spki, TEE_SPKI_MAX);
    if (alg == NULL)
        return tee_fault(f, TEE_E_KEY_TYPE, "no such key type");
    if (secret.len > TEE_PKCS8_MAX)
        return tee_fault(f, TEE_E_TOOBIG, "private key of over %d bytes",
                         TEE_PKCS8_MAX);
    err = tee_secret_new(secret.len > 0 ? secret.len : TEE_PKCS8_MAX,
                         t->conf->lock_required, &ret->clear);
    if (err != TEE_OK)
        return tee_fault(f, err, KS_NO_LOCKED);
    if (secret.len > 0) {
        memcpy(ret->clear.p, secret.p, secret.len);
        ret->clear_len = secret.len;
    } else {
        err = alg->make(type, ret->clear.p, &ret->clear_len, f);
    }
    if (err != TEE_OK)
        return err;
    return load(t, type, (struct tee_bytes){ ret->clear.p, ret->clear_len },
                &ret->spki, &ret->key, f);
}

void
ks_fresh_clear(struct ks_fresh *x)
{
    ks_key_put(x->key);
    tee_secret_free(&x->clear);
    tee_buf_clear(&x->spki);
    x->key = NULL;
}

/* ---- opening --------------------------------------------------------------
 */

/* Seed or PKCS#8 out of the object, the public half recomputed from it and
 * compared: a flipped bit there would let two signatures give the key away. */
static enum tee_err
unseal(struct ks_token *t, const struct ks_object *o, const struct ks_tk *tk,
       struct ks_key **ret, struct tee_fault *f)
{
    struct tee_secret clear = { 0 };
    struct tee_buf spki;
    struct ks_key *k = NULL;
    enum tee_err err;
    size_t n;

    if (o->sealed.len <= KS_SEAL_OVER ||
        o->sealed.len > KS_SEAL_OVER + TEE_PKCS8_MAX)
        return tee_fault(f, TEE_E_STORE_ALTERED,
                         "store altered: sealed key of a wrong size");
    n = o->sealed.len - KS_SEAL_OVER;
    err = tee_secret_new(n, t->conf->lock_required, &clear);
    if (err != TEE_OK)
        return tee_fault(f, err, KS_NO_LOCKED);
    tee_buf_init(&spki, TEE_SPKI_MAX);
    err = ks_tk_open(tk, t->conf->origin, o, clear.p, f);
    if (err == TEE_OK)
        err = load(t, o->ktype, (struct tee_bytes){ clear.p, n }, &spki, &k, f);
    if (err == TEE_OK && (spki.len != o->spki.len ||
                          sodium_memcmp(spki.p, o->spki.p, spki.len) != 0))
        err = tee_fault(f, TEE_E_STORE_ALTERED,
                        "store altered: the public key is not that of the "
                        "private key");
    tee_secret_free(&clear);
    tee_buf_clear(&spki);
    if (err != TEE_OK) {
        ks_key_put(k);
        return err;
    }
    ks_key_name(k, o);
    *ret = k;
    return TEE_OK;
}

static enum tee_err
open_object(struct ks_token *t, const struct ks_object *o, struct ks_tk *tk,
            uint64_t logins, struct ks_key **ret, struct tee_fault *f)
{
    struct ks_key *k = NULL;
    enum tee_err err;

    if (o == NULL || o->class != KS_PRIVATE)
        return tee_fault(f, TEE_E_NOTFOUND, "there is no such key any more");
    if ((o->flags & KS_O_EPHEMERAL) != 0)
        return tee_fault(f, TEE_E_POLICY_DENIED,
                         "ephemeral key: its private half lived and died in "
                         "the process that made it");
    err = unseal(t, o, tk, &k, f);
    if (err == TEE_OK && t->ops->admit != NULL)
        err = t->ops->admit(t, k, o, tk, f);
    if (err == TEE_OK)
        err = ks_key_cache(t, k, logins, f);
    if (err != TEE_OK) {
        ks_key_put(k);
        return err;
    }
    *ret = k;
    return TEE_OK;
}

/* NULL: not open, or not to be had without a closer look. */
static struct ks_key *
open_already(struct ks_token *t, const uint8_t uuid[16])
{
    struct ks_key *k = NULL;

    (void)pthread_mutex_lock(&t->lock);
    if (t->bad.err == TEE_OK && ks_snapshot_of(t->snap)->authentic &&
        (!t->conf->pin || t->role == KS_USER))
        k = cache_find(t, uuid);
    if (k != NULL) {
        (void)__atomic_add_fetch(&k->refs, 1, __ATOMIC_RELAXED);
        if (k != t->newest) {
            list_out(t, k);
            list_front(t, k);
        }
    }
    (void)pthread_mutex_unlock(&t->lock);
    return k;
}

static void
say_first_use(struct ks_token *t)
{
    bool first;

    if (t->conf->origin != KS_LOCAL)
        return;
    (void)pthread_mutex_lock(&t->lock);
    first = !t->said_first;
    t->said_first = true;
    (void)pthread_mutex_unlock(&t->lock);
    if (first)
        tee_log("[%s] local key in use: it is bound to no TEE", t->conf->name);
}

/* By whom set busy. */
static enum tee_err
open_slowly(struct ks_token *t, const struct ks_object *o, struct ks_key **ret,
            struct tee_fault *f)
{
    const struct ks_snap *snap = NULL;
    struct ks_tk *tk = NULL;
    uint64_t logins;
    enum tee_err err;

    *ret = open_already(t, o->uuid);
    if (*ret != NULL)
        return TEE_OK;
    err = ks_tk_need(t, KS_USER, &logins, &tk, &snap, f);
    if (err != TEE_OK)
        return err;
    *ret = open_already(t, o->uuid); /* now that the store is known as ours */
    if (*ret == NULL)
        err =
            open_object(t, ks_store_find(ks_snapshot_of(snap)->store, o->uuid),
                        tk, logins, ret, f);
    ks_tk_put(tk);
    ks_snap_put(snap);
    if (err == TEE_OK)
        say_first_use(t);
    return err;
}

enum tee_err
ks_key_open(struct ks_token *t, const struct ks_object *o, struct ks_key **ret,
            struct tee_fault *f)
{
    struct tee_fault why = { 0 };
    struct ks_key *k;
    enum tee_err err;

    if (!ks_token_here(t))
        return tee_fault(f, TEE_E_FORKED,
                         "token: belongs to the process before fork");
    if (o->class != KS_PRIVATE)
        return tee_fault(f, TEE_E_KEY_TYPE, "not a private key");
    k = open_already(t, o->uuid);
    if (k != NULL) {
        *ret = k;
        return TEE_OK;
    }
    err = ks_busy_begin(t, ks_token_until(t), f);
    if (err != TEE_OK)
        return err; /* the waiter's own misfortune */
    err = open_slowly(t, o, &k, &why);
    if (err != TEE_E_LOGIN)
        (void)ks_token_outcome(t, err, &why);
    ks_busy_end(t);
    if (err != TEE_OK) {
        if (err != TEE_E_LOGIN)
            tee_log("[%s] key refused: %s", t->conf->name, why.text);
        return ks_answer(f, err, &why);
    }
    *ret = k;
    return TEE_OK;
}

/* ---- session keys ----------------------------------------------------------
 */

enum tee_err
ks_key_new(struct ks_token *t, enum ks_ktype type, struct tee_bytes secret,
           struct tee_buf *spki, struct ks_key **ret, struct tee_fault *f)
{
    struct ks_fresh x = { 0 };
    enum tee_err err;

    if (!ks_token_here(t))
        return tee_fault(f, TEE_E_FORKED,
                         "token: belongs to the process before fork");
    err = t->ops->ready(t->conf, f);
    if (err == TEE_OK && !t->ops->imports)
        err = tee_fault(f, TEE_E_PROHIBITED,
                        "session keys are for key_origin = local");
    if (err != TEE_OK)
        return err;
    err = ks_fresh_make(t, type, secret, &x, f);
    if (err == TEE_OK) {
        tee_buf_bytes(spki, tee_buf_view(&x.spki));
        err = spki->err;
    }
    if (err == TEE_OK) {
        *ret = x.key;
        x.key = NULL;
    }
    ks_fresh_clear(&x);
    return err;
}
