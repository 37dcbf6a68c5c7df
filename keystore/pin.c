/*
 * PINs: C_InitToken, login, and how a try is counted.
 *
 * A try is written to the store before the PIN is stretched, so that it counts
 * across processes and restarts, and taken back when the answer was no verdict
 * on the PIN (no memory, the helper did not answer).  The counter is advisory:
 * who may write the disk can reset it, and `status` says so.
 */
#include "config.h"

#include <sodium.h>
#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

static bool
pin_fits(struct tee_bytes pin)
{
    return pin.len >= KS_PIN_MIN && pin.len <= KS_PIN_MAX;
}

static enum tee_err
wrong_length(struct tee_fault *f)
{
    return tee_fault(f, TEE_E_PIN_LEN, "a PIN has %d to %d bytes", KS_PIN_MIN,
                     KS_PIN_MAX);
}

static enum tee_err
not_here(enum ks_role role, struct tee_fault *f)
{
    return tee_fault(f, TEE_E_PIN_TYPE, "this token has no %s PIN",
                     role == KS_SO ? "SO" : "user");
}

/* ---- counting
 * ---------------------------------------------------------------- */

struct count {
    enum ks_role role;
    const struct ks_store *of; /* NULL, or it must be this epoch */
    enum { TRY, TAKE_BACK, RESET } what;
};

static enum tee_err
count_change(struct ks_store **s, const uint8_t **mac_key, void *arg,
             struct tee_fault *f)
{
    const struct count *c = arg;
    unsigned *used = &(*s)->used[c->role];

    (void)mac_key; /* tries lie outside of what the MAC covers */
    if (c->of != NULL && memcmp(c->of->epoch, (*s)->epoch, 16) != 0)
        return tee_fault(f, TEE_E_STATE, "the token was initialised anew");
    if (c->what == RESET) {
        *used = 0;
        return TEE_OK;
    }
    if (c->what == TAKE_BACK) {
        *used -= *used > 0 ? 1 : 0;
        return TEE_OK;
    }
    if ((*s)->wrap[c->role].kind == KS_WRAP_NONE)
        return not_here(c->role, f);
    if (*used >= KS_TRIES)
        return tee_fault(f, TEE_E_PIN_LOCKED, "locked after %d wrong PINs",
                         KS_TRIES);
    ++*used;
    return TEE_OK;
}

/* *ret, +1, is the store as it was left; may be NULL. */
static enum tee_err
count(struct ks_token *t, struct count *c, struct ks_store **ret,
      struct tee_fault *f)
{
    const struct ks_change change = { .change = count_change, .arg = c };
    struct ks_store *s = NULL;
    struct ks_stamp stamp;
    enum tee_err err;

    err = ks_store_change(t->conf, t->until, &change, &s, &stamp, f);
    if (err == TEE_E_NOTFOUND)
        return tee_fault(f, TEE_E_STATE, "the token is not initialised");
    if (err != TEE_OK)
        return err;
    ks_store_get(s);
    /* It stands on the disk: without memory the next look reads it there. */
    (void)!ks_publish(t, s, &stamp, f);
    if (ret != NULL)
        *ret = s;
    else
        ks_store_put(s);
    return TEE_OK;
}

/* ---- one PIN against one wrap
 * -------------------------------------------------- */

static enum tee_err
unwrap(struct ks_token *t, const struct ks_store *s, enum ks_role role,
       struct tee_bytes pin, struct ks_tk **ret, struct tee_fault *f)
{
    const struct ks_wrap *w = &s->wrap[role];
    struct tee_secret stretched = { 0 };
    struct ks_tk *tk = NULL;
    enum tee_err err;

    err = ks_wrap_demanded(t, w, f);
    if (err == TEE_OK && !pin_fits(pin))
        err = tee_fault(f, TEE_E_PIN, "wrong PIN");
    if (err == TEE_OK)
        err = ks_tk_new(t->arena, s->uuid, s->epoch, &tk, f);
    if (err == TEE_OK) {
        err = tee_secret_new(32, t->conf->lock_required, &stretched);
        if (err != TEE_OK)
            (void)tee_fault(f, err, KS_NO_LOCKED);
    }
    if (err == TEE_OK)
        err = ks_stretch(pin, w->salt, w->log2n, stretched.p, f);
    if (err == TEE_OK)
        err = t->ops->unwrap(t, role, w, stretched.p, tk, f);
    tee_secret_free(&stretched);
    if (err == TEE_OK && ks_tk_derive(tk) != TEE_OK)
        err = tee_fault(f, TEE_E_NOMEM, "no memory");
    if (err != TEE_OK) {
        ks_tk_put(tk);
        return err;
    }
    *ret = tk;
    return TEE_OK;
}

/* A try that failed for another reason than its PIN. */
static void
take_back(struct ks_token *t, enum ks_role role, const struct ks_store *on)
{
    struct count c = { .role = role, .of = on, .what = TAKE_BACK };

    (void)!count(t, &c, NULL, NULL);
}

/* Counts the try, then tries.  The store that it was tried on, +1. */
static enum tee_err
try_pin(struct ks_token *t, enum ks_role role, struct tee_bytes pin,
        struct ks_tk **ret, struct ks_store **on, struct tee_fault *f)
{
    struct count c = { .role = role, .what = TRY };
    struct ks_store *s = NULL;
    enum tee_err err;

    err = count(t, &c, &s, f);
    if (err != TEE_OK)
        return err;
    err = unwrap(t, s, role, pin, ret, f);
    if (err == TEE_OK) {
        *on = s;
        return TEE_OK;
    }
    if (err != TEE_E_PIN)
        take_back(t, role, s);
    ks_store_put(s);
    return err;
}

/* ---- wraps
 * --------------------------------------------------------------------- */

/* pin empty: a token without PIN. All of ret is the caller's to clear. */
static enum tee_err
make_wrap(struct ks_token *t, enum ks_role role, const struct ks_tk *tk,
          struct tee_bytes pin, struct ks_newwrap *ret, struct tee_fault *f)
{
    struct tee_secret stretched = { 0 };
    enum tee_err err;

    *ret = (struct ks_newwrap){ 0 };
    tee_buf_init(&ret->mem, 2 * KS_WRAP_MAX);
    if (pin.len == 0)
        return t->ops->wrap(t, role, tk, NULL, ret, f);
    ret->w.has_kdf = true;
    ret->w.log2n = ks_stretch_log2n();
    randombytes_buf(ret->w.salt, sizeof(ret->w.salt));
    err = tee_secret_new(32, t->conf->lock_required, &stretched);
    if (err != TEE_OK)
        return tee_fault(f, err, KS_NO_LOCKED);
    err = ks_stretch(pin, ret->w.salt, ret->w.log2n, stretched.p, f);
    if (err == TEE_OK)
        err = t->ops->wrap(t, role, tk, stretched.p, ret, f);
    tee_secret_free(&stretched);
    return err;
}

struct rewrap {
    enum ks_role role;
    const struct ks_tk *tk;
    const struct ks_wrap *was; /* NULL, or the one that the old PIN opened */
    const struct ks_newwrap *is;
};

static enum tee_err
rewrap_change(struct ks_store **s, const uint8_t **mac_key, void *arg,
              struct tee_fault *f)
{
    const struct rewrap *x = arg;
    enum tee_err err;

    (void)mac_key; /* wraps lie outside of what the MAC covers */
    if (!ks_tk_fits(x->tk, *s))
        return tee_fault(f, TEE_E_STATE, "the token was initialised anew");
    if (x->was != NULL &&
        !tee_bytes_equal(x->was->key, (*s)->wrap[x->role].key))
        return tee_fault(f, TEE_E_STATE, "the PIN was changed meanwhile");
    err = ks_store_authentic(*s, ks_tk_mac(x->tk), f);
    if (err != TEE_OK)
        return err;
    (*s)->wrap[x->role] = x->is->w;
    (*s)->used[x->role] = 0;
    return TEE_OK;
}

static enum tee_err
rewrap(struct ks_token *t, const struct rewrap *what, struct tee_bytes pin,
       struct tee_fault *f)
{
    struct ks_newwrap nw;
    struct rewrap x = *what;
    const struct ks_change change = { .change = rewrap_change, .arg = &x };
    struct ks_stamp stamp;
    struct ks_store *s;
    enum tee_err err;

    err = make_wrap(t, x.role, x.tk, pin, &nw, f);
    x.is = &nw;
    if (err == TEE_OK)
        err = ks_store_change(t->conf, t->until, &change, &s, &stamp, f);
    if (err == TEE_OK)
        (void)!ks_publish(t, s, &stamp, f); /* as in count() */
    tee_buf_clear(&nw.mem);
    return err;
}

/* ---- login
 * ---------------------------------------------------------------------- */

static enum tee_err
nobody_in(struct ks_token *t, enum ks_role role, struct tee_fault *f)
{
    enum ks_role in;

    (void)pthread_mutex_lock(&t->lock);
    in = t->role;
    (void)pthread_mutex_unlock(&t->lock);
    if (in == 0)
        return TEE_OK;
    return in == role ? tee_fault(f, TEE_E_EXISTS, "logged in already")
                      : tee_fault(f, TEE_E_STATE, "another role is logged in");
}

/* Takes the reference of tk. */
static enum tee_err
enter(struct ks_token *t, enum ks_role role, struct ks_tk *tk,
      struct tee_fault *f)
{
    const struct ks_store *now;
    struct ks_tk *old = tk;
    enum tee_err err;
    bool fits;

    (void)pthread_mutex_lock(&t->lock);
    now = ks_snapshot_of(t->snap)->store;
    fits = now != NULL && ks_tk_fits(tk, now);
    if (fits) {
        old = t->tk;
        t->tk = tk;
        t->role = role;
        t->logins++;
    }
    (void)pthread_mutex_unlock(&t->lock);
    ks_tk_put(old);
    if (!fits)
        return tee_fault(f, TEE_E_STATE, "the token was initialised anew");
    err = ks_republish(t, f);
    if (err != TEE_OK)
        ks_logout(t); /* who got an error is not in */
    return err;
}

static enum tee_err
login(struct ks_token *t, enum ks_role role, struct tee_bytes pin,
      struct tee_fault *f)
{
    struct count reset = { .role = role, .what = RESET };
    struct ks_store *on = NULL;
    struct ks_tk *tk = NULL;
    enum tee_err err;

    err = ks_token_refresh(t, f); /* another process may have begun anew */
    if (err == TEE_OK)
        err = nobody_in(t, role, f);
    if (err == TEE_OK)
        err = try_pin(t, role, pin, &tk, &on, f);
    if (err != TEE_OK)
        return err;
    /* The PIN was right, whatever comes of the rest. */
    reset.of = on;
    err = count(t, &reset, NULL, f);
    if (err == TEE_OK)
        err = ks_store_authentic(on, ks_tk_mac(tk), f);
    ks_store_put(on);
    if (err == TEE_OK)
        return enter(t, role, tk, f);
    ks_tk_put(tk);
    return err;
}

/* Verdicts on the caller are not the token's last error. */
static bool
callers_own(enum tee_err err)
{
    return err == TEE_E_PIN || err == TEE_E_PIN_LOCKED ||
           err == TEE_E_PIN_LEN || err == TEE_E_PIN_TYPE ||
           err == TEE_E_EXISTS || err == TEE_E_STATE || err == TEE_E_READONLY ||
           err == TEE_E_LOGIN;
}

/* Busy around one of the calls below. */
static enum tee_err
begin(struct ks_token *t, struct tee_fault *f)
{
    struct tee_fault why = { 0 };
    enum tee_err err = ks_busy_begin(t, ks_token_until(t), f);

    if (err != TEE_OK)
        return err;
    err = t->ops->ready(t->conf, &why);
    if (err == TEE_OK)
        return TEE_OK;
    (void)ks_token_outcome(t, err, &why);
    ks_busy_end(t);
    return ks_answer(f, err, &why);
}

static enum tee_err
end(struct ks_token *t, enum tee_err err, const struct tee_fault *why,
    struct tee_fault *f)
{
    if (!callers_own(err) && err != TEE_OK)
        (void)ks_token_outcome(t, err, why);
    ks_busy_end(t);
    return ks_answer(f, err, why);
}

enum tee_err
ks_login(struct ks_token *t, enum ks_role role, struct tee_bytes pin,
         struct tee_fault *f)
{
    struct tee_fault why = { 0 };
    enum tee_err err;

    if (role != KS_USER && role != KS_SO)
        return tee_fault(f, TEE_E_PIN_TYPE, "no such role");
    if (!t->conf->pin)
        return role == KS_USER ? TEE_OK : not_here(role, f);
    err = begin(t, f);
    if (err != TEE_OK)
        return err;
    err = login(t, role, pin, &why);
    if (err == TEE_E_PIN || err == TEE_E_PIN_LOCKED)
        tee_log("[%s] login refused: %s", t->conf->name, why.text);
    return end(t, err, &why, f);
}

void
ks_logout(struct ks_token *t)
{
    struct ks_key *keys;
    struct ks_tk *tk;

    if (!ks_token_here(t))
        return;
    (void)pthread_mutex_lock(&t->lock);
    keys = ks_keys_close(t, NULL);
    tk = t->tk;
    t->tk = NULL;
    t->role = 0;
    t->logins++;
    (void)pthread_mutex_unlock(&t->lock);
    ks_keys_drop(keys);
    ks_tk_put(tk);
    if (ks_republish(t, NULL) == TEE_OK)
        return;
    /* no memory: the next refresh builds the snapshot anew */
    (void)pthread_mutex_lock(&t->lock);
    t->published = 0;
    (void)pthread_mutex_unlock(&t->lock);
}

/* ---- new PINs
 * --------------------------------------------------------------------- */

static enum tee_err
init_pin(struct ks_token *t, struct tee_bytes pin, struct tee_fault *f)
{
    const struct ks_snap *snap = NULL;
    struct ks_tk *tk = NULL;
    struct rewrap x = { .role = KS_USER };
    uint64_t logins;
    enum tee_err err;

    err = ks_tk_need(t, KS_SO, &logins, &tk, &snap, f);
    if (err != TEE_OK)
        return err;
    x.tk = tk;
    err = rewrap(t, &x, pin, f);
    ks_tk_put(tk);
    ks_snap_put(snap);
    return err;
}

enum tee_err
ks_init_pin(struct ks_token *t, struct tee_bytes pin, struct tee_fault *f)
{
    struct tee_fault why = { 0 };
    enum tee_err err;

    if (!t->conf->pin)
        return not_here(KS_USER, f);
    if (!pin_fits(pin))
        return wrong_length(f);
    err = begin(t, f);
    if (err != TEE_OK)
        return err;
    return end(t, init_pin(t, pin, &why), &why, f);
}

static enum tee_err
set_pin(struct ks_token *t, enum ks_role role, struct tee_bytes old_pin,
        struct tee_bytes new_pin, struct tee_fault *f)
{
    struct ks_store *on = NULL;
    struct ks_tk *tk = NULL;
    struct rewrap x = { .role = role };
    enum tee_err err;

    err = try_pin(t, role, old_pin, &tk, &on, f);
    if (err != TEE_OK)
        return err;
    x.tk = tk;
    x.was = &on->wrap[role];
    err = rewrap(t, &x, new_pin, f);
    if (err != TEE_OK)
        take_back(t, role, on);
    ks_tk_put(tk);
    ks_store_put(on);
    return err;
}

enum tee_err
ks_set_pin(struct ks_token *t, enum ks_role role, struct tee_bytes old_pin,
           struct tee_bytes new_pin, struct tee_fault *f)
{
    struct tee_fault why = { 0 };
    enum tee_err err;

    if ((role != KS_USER && role != KS_SO) || !t->conf->pin)
        return not_here(role, f);
    if (!pin_fits(new_pin))
        return wrong_length(f);
    err = begin(t, f);
    if (err != TEE_OK)
        return err;
    return end(t, set_pin(t, role, old_pin, new_pin, &why), &why, f);
}

/* ---- C_InitToken
 * -------------------------------------------------------------------- */

struct init {
    const struct ks_tk *tk;
    enum ks_origin origin;
    uint8_t was_epoch[16]; /* zero: there was no store */
    struct ks_newwrap wrap[3];
};

/* Is it still the store that was looked at, or still none. */
static bool
still(const struct init *x, const struct ks_store *s)
{
    if (s == NULL)
        return sodium_is_zero(x->was_epoch, 16) == 1;
    return memcmp(s->epoch, x->was_epoch, 16) == 0;
}

static enum tee_err
init_change(struct ks_store **s, const uint8_t **mac_key, void *arg,
            struct tee_fault *f)
{
    const struct init *x = arg;
    struct ks_store *fresh = NULL;
    enum tee_err err;

    if (!still(x, *s))
        return tee_fault(f, TEE_E_STATE, "the token was initialised meanwhile");
    err = ks_store_new(&fresh);
    if (err != TEE_OK)
        return tee_fault(f, err, "no memory");
    memcpy(fresh->uuid, x->tk->uuid, 16);
    memcpy(fresh->epoch, x->tk->epoch, 16);
    fresh->origin = x->origin;
    fresh->time = tee_clock.wall();
    fresh->wrap[KS_USER] = x->wrap[KS_USER].w;
    fresh->wrap[KS_SO] = x->wrap[KS_SO].w;
    ks_store_put(*s);
    *s = fresh;
    *mac_key = ks_tk_mac(x->tk);
    return TEE_OK;
}

/* Who holds the SO PIN may destroy; without one, who may write the store. */
static enum tee_err
may_init(struct ks_token *t, struct tee_bytes so, uint8_t uuid[16],
         uint8_t epoch[16], struct tee_fault *f)
{
    const struct ks_snap *snap;
    struct ks_store *on = NULL;
    struct ks_tk *tk = NULL;
    enum tee_err err;

    err = ks_token_refresh(t, f);
    if (err != TEE_OK)
        return err;
    snap = ks_snap_get(t);
    randombytes_buf(uuid, 16);
    memset(epoch, 0, 16);
    if (snap->initialised) {
        memcpy(uuid, snap->uuid, 16);
        memcpy(epoch, ks_snapshot_of(snap)->store->epoch, 16);
    }
    if (snap->so_pin)
        err = try_pin(t, KS_SO, so, &tk, &on, f);
    ks_snap_put(snap);
    ks_tk_put(tk);
    ks_store_put(on);
    return err;
}

static enum tee_err
make_wraps(struct ks_token *t, struct init *x, struct tee_bytes so,
           struct tee_bytes user, struct tee_fault *f)
{
    enum tee_err err = TEE_OK;

    if (!t->conf->pin)
        return make_wrap(t, KS_USER, x->tk, (struct tee_bytes){ 0 },
                         &x->wrap[KS_USER], f);
    if (user.len > 0)
        err = make_wrap(t, KS_USER, x->tk, user, &x->wrap[KS_USER], f);
    if (err == TEE_OK && so.len > 0)
        err = make_wrap(t, KS_SO, x->tk, so, &x->wrap[KS_SO], f);
    return err;
}

static enum tee_err
init(struct ks_token *t, struct tee_bytes so, struct tee_bytes user,
     struct tee_fault *f)
{
    struct init x = { .origin = t->conf->origin };
    const struct ks_change change = { true, init_change, &x };
    uint8_t uuid[16], epoch[16];
    struct ks_stamp stamp;
    struct ks_store *s;
    struct ks_tk *tk = NULL;
    enum tee_err err;

    err = may_init(t, so, uuid, x.was_epoch, f);
    if (err != TEE_OK)
        return err;
    randombytes_buf(epoch, sizeof(epoch));
    err = ks_tk_new(t->arena, uuid, epoch, &tk, f);
    if (err != TEE_OK)
        return err;
    x.tk = tk;
    randombytes_buf(tk->key, KS_TK);
    err = ks_tk_derive(tk);
    if (err == TEE_OK)
        err = make_wraps(t, &x, so, user, f);
    if (err == TEE_OK)
        err = ks_store_change(t->conf, t->until, &change, &s, &stamp, f);
    if (err == TEE_OK)
        err = ks_publish(t, s, &stamp, f);
    tee_buf_clear(&x.wrap[KS_USER].mem);
    tee_buf_clear(&x.wrap[KS_SO].mem);
    ks_tk_put(tk);
    return err;
}

static enum tee_err
pins_fit(const struct ks_token *t, struct tee_bytes so, struct tee_bytes user,
         struct tee_fault *f)
{
    if (!t->conf->pin)
        return TEE_OK; /* accepted and ignored */
    if ((so.len > 0 && !pin_fits(so)) || (user.len > 0 && !pin_fits(user)))
        return wrong_length(f);
    if (so.len == 0 && user.len == 0)
        return tee_fault(f, TEE_E_PIN_LEN,
                         "pin = yes needs a user PIN, an SO PIN, or both");
    return TEE_OK;
}

enum tee_err
ks_token_init(struct ks_token *t, struct tee_bytes so, struct tee_bytes user,
              struct tee_fault *f)
{
    struct tee_fault why = { 0 };
    enum tee_err err;

    if (t->conf->origin == KS_SKR)
        return tee_fault(f, TEE_E_PROHIBITED,
                         "an skr token has nothing to initialise: its key is "
                         "that of the configuration");
    err = pins_fit(t, so, user, f);
    if (err == TEE_OK)
        err = begin(t, f);
    if (err != TEE_OK)
        return err;
    err = init(t, so, user, &why);
    if (err == TEE_OK)
        tee_log("[%s] token initialised, key_origin = %s", t->conf->name,
                ks_origin_word(t->conf->origin));
    return end(t, err, &why, f);
}
