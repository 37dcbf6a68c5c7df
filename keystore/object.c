/*
 * Objects of the store: made, changed, destroyed, each in one replacement
 * under the token key.
 */
#include "config.h"

#include <sodium.h>
#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"
#include "keystore/ossl/plugin.h"

#define BIRTH (KS_O_LOCAL | KS_O_ALWAYS_SENSITIVE | KS_O_NEVER_EXTRACTABLE)
/* What nobody may change once an object is there. */
#define FIXED (KS_O_PRIVATE | BIRTH | KS_O_EPHEMERAL)

/* ---- the frame that all changes share
 * ---------------------------------------- */

struct change {
    struct ks_tk *tk;
    const struct ks_snap *snap;
    uint64_t logins;
    uint8_t id[32]; /* a CKA_ID that is made from the key */
};

static enum tee_err
begin(struct ks_token *t, enum ks_role role, struct change *c,
      struct tee_fault *f)
{
    enum tee_err err;

    *c = (struct change){ 0 };
    err = ks_busy_begin(t, ks_token_until(t), f);
    if (err != TEE_OK)
        return err;
    if (t->conf->origin == KS_SKR)
        err = tee_fault(f, TEE_E_READONLY,
                        "an skr token holds what the configuration names");
    else
        err = ks_tk_need(t, role, &c->logins, &c->tk, &c->snap, f);
    if (err == TEE_OK && !c->snap->writable)
        err = tee_fault(f, TEE_E_READONLY, "%s: the store is read-only",
                        t->conf->state);
    if (err == TEE_OK)
        return TEE_OK;
    if (err != TEE_E_LOGIN && err != TEE_E_READONLY && err != TEE_E_STATE)
        (void)ks_token_outcome(t, err, f);
    ks_tk_put(c->tk);
    ks_snap_put(c->snap);
    ks_busy_end(t);
    return err;
}

static void
end(struct ks_token *t, struct change *c)
{
    ks_tk_put(c->tk);
    ks_snap_put(c->snap);
    ks_busy_end(t);
}

static enum tee_err
edit(struct ks_token *t, struct change *c,
     enum tee_err (*how)(struct ks_store *s, void *arg, struct tee_fault *f),
     void *arg, struct tee_fault *f)
{
    struct ks_edit e = { .tk = c->tk, .edit = how, .arg = arg };

    return ks_edit(t, &e, f);
}

/* ---- defaults
 * ----------------------------------------------------------------- */

/* CKA_ID: the first 20 bytes of SHA-256 over the SPKI, the same on both halves
 * and the certificate; label: the token's.  id has room for 32 bytes. */
static void
default_names(const struct ks_token *t, struct ks_object *o, uint8_t *id)
{
    if (o->attr[KS_A_LABEL].len == 0)
        o->attr[KS_A_LABEL] = tee_bytes_of(t->conf->label);
    if (o->attr[KS_A_ID].len != 0)
        return;
    tee_sha256(o->spki, id);
    o->attr[KS_A_ID] = (struct tee_bytes){ id, 20 };
}

static void
finish_private(const struct ks_token *t, struct ks_object *o, uint32_t birth)
{
    o->class = KS_PRIVATE;
    o->flags &= ~(uint32_t)(FIXED | KS_O_COPYABLE);
    o->flags |= birth | (t->conf->pin ? KS_O_PRIVATE : 0);
}

static enum tee_err
put_object(struct ks_store *s, void *arg, struct tee_fault *f)
{
    return ks_store_set(s, arg, f);
}

/* ---- create
 * ------------------------------------------------------------------ */

static enum tee_err
create_private(struct ks_token *t, struct ks_object *o, struct tee_bytes secret,
               struct change *c, struct tee_buf *sealed, struct tee_fault *f)
{
    struct ks_fresh x = { 0 };
    enum tee_err err;

    if (secret.len == 0)
        return tee_fault(f, TEE_E_ARG, "a private key without its value");
    err = ks_fresh_make(t, o->ktype, secret, &x, f);
    if (err == TEE_OK && o->spki.len > 0 &&
        (o->spki.len != x.spki.len ||
         sodium_memcmp(o->spki.p, x.spki.p, x.spki.len) != 0))
        err = tee_fault(f, TEE_E_SPKI,
                        "the public key is not that of the private key");
    if (err == TEE_OK) {
        o->spki = tee_buf_view(&x.spki);
        finish_private(t, o, 0);
        default_names(t, o, c->id);
        err = ks_tk_seal(c->tk, t->conf->origin, o,
                         (struct tee_bytes){ x.clear.p, x.clear_len }, sealed);
    }
    if (err == TEE_OK) {
        o->sealed = tee_buf_view(sealed);
        err = edit(t, c, put_object, o, f);
    }
    ks_fresh_clear(&x);
    return err;
}

/* RFC 8032 points that are no key: small order, not canonical, not on the
 * curve. */
static enum tee_err
public_is_sound(enum ks_ktype type, struct tee_bytes spki, struct tee_fault *f)
{
    const struct tee_plugin *p;
    void *key = NULL;
    enum tee_err err;

    if (type == KS_NONE || ks_spki_type(spki) != type)
        return tee_fault(f, TEE_E_ARG, "not a public key of its type");
    if (type == KS_ED25519)
        return crypto_core_ed25519_is_valid_point(spki.p +
                                                  (KS_ED25519_SPKI - 32)) == 1
                   ? TEE_OK
                   : tee_fault(f, TEE_E_ARG, "not a usable Ed25519 point");
    p = ks_plugin(f);
    if (p == NULL)
        return TEE_E_UNAVAIL;
    err = p->public_new(type, spki, &key);
    if (err != TEE_OK)
        return tee_fault(f, err == TEE_E_NOMEM ? err : TEE_E_ARG,
                         "not a usable %s public key", ks_kinfo(type)->word);
    p->key_free(key);
    return TEE_OK;
}

static enum tee_err
create_public(struct ks_token *t, struct ks_object *o, struct change *c,
              struct tee_fault *f)
{
    enum tee_err err = public_is_sound(o->ktype, o->spki, f);

    if (err != TEE_OK)
        return err;
    o->flags &= ~(uint32_t)FIXED; /* readable without login, born elsewhere */
    default_names(t, o, c->id);
    return edit(t, c, put_object, o, f);
}

static enum tee_err
create_data(struct ks_token *t, struct ks_object *o, struct tee_bytes secret,
            struct change *c, struct tee_buf *sealed, struct tee_fault *f)
{
    enum tee_err err;

    o->flags &= ~(uint32_t)(BIRTH | KS_O_EPHEMERAL);
    if ((o->flags & KS_O_PRIVATE) == 0)
        return secret.len == 0
                   ? edit(t, c, put_object, o, f)
                   : tee_fault(f, TEE_E_ARG, "a public object has no secret");
    err = ks_tk_seal(c->tk, t->conf->origin, o, secret, sealed);
    if (err != TEE_OK)
        return tee_fault(f, err, "the value cannot be sealed: %s",
                         tee_err_name(err));
    o->sealed = tee_buf_view(sealed);
    return edit(t, c, put_object, o, f);
}

static enum tee_err
create(struct ks_token *t, struct ks_object *o, struct tee_bytes secret,
       struct change *c, struct tee_fault *f)
{
    struct tee_buf sealed;
    enum tee_err err;

    tee_buf_init(&sealed, 0);
    if (o->class != KS_PRIVATE && o->class != KS_PUBLIC &&
        (o->flags & KS_O_PRIVATE) != 0 && !t->conf->pin)
        return tee_fault(f, TEE_E_ARG,
                         "a token without PIN hides nothing: no private data "
                         "or certificates");
    switch (o->class) {
    case KS_PRIVATE:
        err = create_private(t, o, secret, c, &sealed, f);
        break;
    case KS_PUBLIC:
        err = create_public(t, o, c, f);
        break;
    case KS_DATA:
        err = create_data(t, o, secret, c, &sealed, f);
        break;
    case KS_CERT:
        err = secret.len == 0
                  ? edit(t, c, put_object, o, f)
                  : tee_fault(f, TEE_E_ARG, "a certificate has no secret");
        break;
    default:
        err = tee_fault(f, TEE_E_ARG, "unknown class");
        break;
    }
    tee_buf_clear(&sealed);
    return err;
}

static enum ks_role
role_for(const struct ks_object *o)
{
    return o->class == KS_PRIVATE || (o->flags & KS_O_PRIVATE) != 0 ? KS_USER
                                                                    : 0;
}

enum tee_err
ks_object_create(struct ks_token *t, const struct ks_object *o,
                 struct tee_bytes secret, uint8_t ret[16], struct tee_fault *f)
{
    struct ks_object mine = *o;
    struct tee_fault why = { 0 };
    struct change c;
    enum tee_err err;

    if (o->class == KS_PRIVATE && !t->ops->imports)
        return tee_fault(f, TEE_E_PROHIBITED,
                         "private keys from outside are for key_origin = "
                         "local");
    mine.created = tee_clock.wall();
    mine.sealed = (struct tee_bytes){ 0 };
    memset(mine.boot, 0, sizeof(mine.boot));
    randombytes_buf(mine.uuid, sizeof(mine.uuid));
    err = begin(t, role_for(&mine), &c, &why);
    if (err == TEE_OK) {
        err = create(t, &mine, secret, &c, &why);
        end(t, &c);
    }
    if (err != TEE_OK)
        return ks_answer(f, err, &why);
    memcpy(ret, mine.uuid, sizeof(mine.uuid));
    return TEE_OK;
}

/* ---- set
 * ----------------------------------------------------------------------- */

struct set {
    const struct ks_token *t;
    const struct change *c;
    const uint8_t *uuid;
    const struct tee_bytes *attr;
    uint32_t mask, value;
    struct tee_buf sealed;
};

/* What is private is the user's, also where the SO has the token key. */
static bool
may_touch(const struct set *x, const struct ks_object *o)
{
    return !x->t->conf->pin || role_for(o) == 0 ||
           x->c->snap->logged_in[KS_USER];
}

/* The flags that stand in its AAD changed: unseal as it was, seal as it is. */
static enum tee_err
seal_again(struct set *x, const struct ks_object *was, struct ks_object *is,
           struct tee_fault *f)
{
    struct tee_secret clear = { 0 };
    enum tee_err err;
    size_t n;

    if (is->sealed.p == NULL ||
        (was->flags & KS_SEAL_FLAGS) == (is->flags & KS_SEAL_FLAGS))
        return TEE_OK;
    n = was->sealed.len - KS_SEAL_OVER; /* at least 1: ks_object_check */
    err = tee_secret_new(n, x->t->conf->lock_required, &clear);
    if (err != TEE_OK)
        return tee_fault(f, err, KS_NO_LOCKED);
    err = ks_tk_open(x->c->tk, x->t->conf->origin, was, clear.p, f);
    if (err == TEE_OK)
        err = ks_tk_seal(x->c->tk, x->t->conf->origin, is,
                         (struct tee_bytes){ clear.p, n }, &x->sealed);
    tee_secret_free(&clear);
    if (err == TEE_OK)
        is->sealed = tee_buf_view(&x->sealed);
    return err;
}

static enum tee_err
set_object(struct ks_store *s, void *arg, struct tee_fault *f)
{
    struct set *x = arg;
    const struct ks_object *was = ks_store_find(s, x->uuid);
    struct ks_object is;
    enum tee_err err;
    size_t i;

    if (was == NULL)
        return tee_fault(f, TEE_E_NOTFOUND, "no such object any more");
    if ((was->flags & KS_O_MODIFIABLE) == 0 || (x->mask & FIXED) != 0)
        return tee_fault(f, TEE_E_PROHIBITED, "not modifiable");
    if (!may_touch(x, was))
        return tee_fault(f, TEE_E_LOGIN, "not logged in");
    is = *was;
    is.flags = (was->flags & ~x->mask) | (x->value & x->mask);
    for (i = 0; i < KS_A_COUNT; i++) {
        if (x->attr[i].p != NULL)
            is.attr[i] = x->attr[i];
    }
    err = seal_again(x, was, &is, f);
    return err == TEE_OK ? ks_store_set(s, &is, f) : err;
}

enum tee_err
ks_object_set(struct ks_token *t, const uint8_t uuid[16],
              const struct tee_bytes attr[KS_A_COUNT], uint32_t mask,
              uint32_t value, struct tee_fault *f)
{
    struct change c;
    struct set x = { .t = t,
                     .c = &c,
                     .uuid = uuid,
                     .attr = attr,
                     .mask = mask,
                     .value = value };
    struct tee_fault why = { 0 };
    enum tee_err err;

    tee_buf_init(&x.sealed, 0);
    err = begin(t, 0, &c, &why);
    if (err == TEE_OK) {
        err = edit(t, &c, set_object, &x, &why);
        end(t, &c);
    }
    tee_buf_clear(&x.sealed);
    return ks_answer(f, err, &why);
}

/* ---- destroy ----------------------------------------------------------------
 */

static enum tee_err
remove_object(struct ks_store *s, void *arg, struct tee_fault *f)
{
    const struct set *x = arg;
    const struct ks_object *o = ks_store_find(s, x->uuid);

    if (o == NULL)
        return tee_fault(f, TEE_E_NOTFOUND, "no such object any more");
    if ((o->flags & KS_O_DESTROYABLE) == 0)
        return tee_fault(f, TEE_E_PROHIBITED, "not destroyable");
    if (!may_touch(x, o))
        return tee_fault(f, TEE_E_LOGIN, "not logged in");
    return ks_store_remove(s, x->uuid) ? TEE_OK : TEE_E_NOTFOUND;
}

enum tee_err
ks_object_destroy(struct ks_token *t, const uint8_t uuid[16],
                  struct tee_fault *f)
{
    struct change c;
    struct set x = { .t = t, .c = &c, .uuid = uuid };
    struct tee_fault why = { 0 };
    enum tee_err err;

    err = begin(t, 0, &c, &why);
    if (err == TEE_OK) {
        err = edit(t, &c, remove_object, &x, &why);
        end(t, &c);
    }
    return ks_answer(f, err, &why);
}

/* ---- private data
 * -------------------------------------------------------------- */

enum tee_err
ks_data_open(struct ks_token *t, const struct ks_object *o, struct tee_buf *ret,
             struct tee_fault *f)
{
    const struct ks_snap *snap = NULL;
    struct tee_secret clear = { 0 };
    struct ks_tk *tk = NULL;
    uint64_t logins;
    enum tee_err err;
    size_t n;

    if (o->class != KS_DATA || o->sealed.len < KS_SEAL_OVER)
        return tee_fault(f, TEE_E_ARG, "not a private data object");
    n = o->sealed.len - KS_SEAL_OVER;
    err = ks_busy_begin(t, ks_token_until(t), f);
    if (err != TEE_OK)
        return err;
    err = ks_tk_need(t, KS_USER, &logins, &tk, &snap, f);
    ks_busy_end(t);
    if (err != TEE_OK)
        return err;
    err = tee_secret_new(n + 1, t->conf->lock_required, &clear);
    if (err != TEE_OK)
        (void)tee_fault(f, err, KS_NO_LOCKED);
    else
        err = ks_tk_open(tk, t->conf->origin, o, clear.p, f);
    if (err == TEE_OK) {
        tee_buf_put(ret, clear.p, n);
        err = ret->err;
    }
    tee_secret_free(&clear);
    ks_tk_put(tk);
    ks_snap_put(snap);
    return err;
}

/* ---- generate
 * ----------------------------------------------------------------- */

struct pair {
    struct ks_object pub, priv;
    const struct ks_evidence *evidence; /* NULL: local */
    struct tee_buf sealed;
    uint8_t id[32];
};

/* Both halves and what proves the birth, or nothing. */
static enum tee_err
put_pair(struct ks_store *s, void *arg, struct tee_fault *f)
{
    const struct pair *p = arg;
    enum tee_err err = ks_store_set(s, &p->pub, f);

    if (err == TEE_OK)
        err = ks_store_set(s, &p->priv, f);
    if (err == TEE_OK && p->evidence != NULL)
        err = ks_store_set_evidence(s, p->evidence, f);
    return err;
}

/* What the template says of one half alone holds for both. */
static void
same_names(struct ks_object *a, struct ks_object *b)
{
    static const enum ks_attr names[] = { KS_A_LABEL, KS_A_ID };
    size_t i;

    for (i = 0; i < TEE_LEN(names); i++) {
        if (a->attr[names[i]].len == 0)
            a->attr[names[i]] = b->attr[names[i]];
        else if (b->attr[names[i]].len == 0)
            b->attr[names[i]] = a->attr[names[i]];
    }
}

static void
describe_pair(const struct ks_token *t, struct pair *p, enum ks_ktype type,
              struct tee_bytes spki)
{
    p->pub.class = KS_PUBLIC;
    p->pub.flags &= ~(uint32_t)FIXED;
    p->pub.flags |= KS_O_LOCAL;
    finish_private(t, &p->priv, BIRTH);
    p->pub.ktype = p->priv.ktype = type;
    p->pub.spki = p->priv.spki = spki;
    p->pub.created = p->priv.created = tee_clock.wall();
    p->pub.sealed = p->priv.sealed = (struct tee_bytes){ 0 };
    memset(p->pub.boot, 0, sizeof(p->pub.boot));
    memset(p->priv.boot, 0, sizeof(p->priv.boot));
    randombytes_buf(p->pub.uuid, sizeof(p->pub.uuid));
    randombytes_buf(p->priv.uuid, sizeof(p->priv.uuid));
    same_names(&p->pub, &p->priv);
    default_names(t, &p->pub, p->id);
    same_names(&p->pub, &p->priv);
}

static enum tee_err
store_pair(struct ks_token *t, struct change *c, struct ks_fresh *x,
           struct pair *p, struct tee_fault *f)
{
    enum tee_err err;

    err =
        ks_tk_seal(c->tk, t->conf->origin, &p->priv,
                   (struct tee_bytes){ x->clear.p, x->clear_len }, &p->sealed);
    if (err != TEE_OK)
        return tee_fault(f, err, "the key cannot be sealed: %s",
                         tee_err_name(err));
    p->priv.sealed = tee_buf_view(&p->sealed);
    ks_key_name(x->key, &p->priv);
    if (t->conf->origin == KS_TEE) {
        err = ks_evidence_acquire(t, x->key, &p->priv, &p->evidence, f);
        (void)ks_token_outcome(t, err, f);
    }
    if (err == TEE_OK)
        err = edit(t, c, put_pair, p, f);
    /* open already; that the cache refuses it after a logout is no failure */
    if (err == TEE_OK)
        (void)!ks_key_cache(t, x->key, c->logins, NULL);
    return err;
}

static enum tee_err
generate(struct ks_token *t, enum ks_ktype type, struct pair *p,
         struct tee_fault *f)
{
    struct ks_fresh x = { 0 };
    struct change c;
    enum tee_err err;

    err = begin(t, KS_USER, &c, f);
    if (err != TEE_OK)
        return err;
    err = ks_fresh_make(t, type, (struct tee_bytes){ 0 }, &x, f);
    if (err == TEE_OK) {
        describe_pair(t, p, type, tee_buf_view(&x.spki));
        err = store_pair(t, &c, &x, p, f);
    }
    ks_fresh_clear(&x);
    end(t, &c);
    return err;
}

enum tee_err
ks_generate(struct ks_token *t, enum ks_ktype type, const struct ks_object *pub,
            const struct ks_object *priv, uint8_t ret_pub[16],
            uint8_t ret_priv[16], struct tee_fault *f)
{
    struct pair p = { .pub = *pub, .priv = *priv };
    struct tee_fault why = { 0 };
    enum tee_err err;

    if (t->conf->origin == KS_SKR)
        return tee_fault(f, TEE_E_PROHIBITED,
                         "the key of an skr token is made by its key service");
    tee_buf_init(&p.sealed, 0);
    err = generate(t, type, &p, &why);
    tee_buf_clear(&p.sealed);
    ks_evidence_put(p.evidence);
    if (err != TEE_OK) {
        tee_log("[%s] key not made: %s", t->conf->name, why.text);
        return ks_answer(f, err, &why);
    }
    tee_log("[%s] %s key made, key_origin = %s", t->conf->name,
            ks_kinfo(type)->word, ks_origin_word(t->conf->origin));
    memcpy(ret_pub, p.pub.uuid, 16);
    memcpy(ret_priv, p.priv.uuid, 16);
    return TEE_OK;
}
