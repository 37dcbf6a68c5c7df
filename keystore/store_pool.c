/* Memory of a store: counted, freed and wiped at once; and what changes it. */
#include "config.h"

#include <sodium.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

struct chunk {
    struct chunk *next;
    size_t n;
    alignas(max_align_t) uint8_t data[];
};

struct ks_pool {
    unsigned refs;
    struct chunk *chunks;
    struct tee_secret secret;
};

/* ---- the pool ------------------------------------------------------------ */

struct ks_pool *
ks_pool_new(void)
{
    struct ks_pool *p = calloc(1, sizeof(*p));

    if (p != NULL)
        p->refs = 1;
    return p;
}

void
ks_pool_get(struct ks_pool *p)
{
    (void)__atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED);
}

void
ks_pool_put(struct ks_pool *p)
{
    struct chunk *c, *next;

    if (p == NULL || __atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    for (c = p->chunks; c != NULL; c = next) {
        next = c->next;
        sodium_memzero(c->data, c->n); /* wrapped keys, private values */
        free(c);
    }
    tee_secret_free(&p->secret);
    free(p);
}

void *
ks_pool_take(struct ks_pool *p, size_t n)
{
    struct chunk *c;

    if (n > SIZE_MAX - sizeof(*c))
        return NULL;
    c = calloc(1, sizeof(*c) + n);
    if (c == NULL)
        return NULL;
    c->n = n;
    c->next = p->chunks;
    p->chunks = c;
    return c->data;
}

enum tee_err
ks_pool_copy(struct ks_pool *p, struct tee_bytes v, struct tee_bytes *ret)
{
    uint8_t *to;

    if (v.p == NULL) {
        *ret = (struct tee_bytes){ 0 };
        return TEE_OK;
    }
    to = ks_pool_take(p, v.len);
    if (to == NULL)
        return TEE_E_NOMEM;
    if (v.len > 0)
        memcpy(to, v.p, v.len);
    *ret = (struct tee_bytes){ to, v.len };
    return TEE_OK;
}

/* Not locked by force: whether it must be is asked where the key is used. */
enum tee_err
ks_pool_secret(struct ks_pool *p, struct tee_bytes v, struct tee_bytes *ret)
{
    enum tee_err err;

    if (p->secret.p != NULL || v.len == 0)
        return TEE_E_STATE;
    err = tee_secret_new(v.len, false, &p->secret);
    if (err != TEE_OK)
        return err;
    memcpy(p->secret.p, v.p, v.len);
    *ret = (struct tee_bytes){ p->secret.p, v.len };
    return TEE_OK;
}

/* ---- deep copies ----------------------------------------------------------
 */

/* Copies each of n views into p, in place. */
static enum tee_err
own_views(struct ks_pool *p, struct tee_bytes *const *v, size_t n)
{
    enum tee_err err = TEE_OK;
    size_t i;

    for (i = 0; i < n && err == TEE_OK; i++)
        err = ks_pool_copy(p, *v[i], v[i]);
    return err;
}

static enum tee_err
own_blobs(struct ks_pool *p, struct tee_blobs *v)
{
    struct tee_bytes *view[2 * TEE_BLOBS_MAX];
    size_t i;

    if (v->n > TEE_BLOBS_MAX)
        return TEE_E_TOOBIG;
    for (i = 0; i < v->n; i++) {
        view[2 * i] = &v->v[i].name;
        view[2 * i + 1] = &v->v[i].data;
    }
    return own_views(p, view, 2 * v->n);
}

static enum tee_err
copy_object(struct ks_pool *p, const struct ks_object *o,
            const struct ks_object **ret)
{
    struct tee_bytes *view[KS_A_COUNT + 2];
    struct ks_object *to = ks_pool_take(p, sizeof(*to));
    enum tee_err err;
    size_t i;

    if (to == NULL)
        return TEE_E_NOMEM;
    *to = *o;
    for (i = 0; i < KS_A_COUNT; i++)
        view[i] = &to->attr[i];
    view[KS_A_COUNT] = &to->spki;
    view[KS_A_COUNT + 1] = &to->sealed;
    err = own_views(p, view, TEE_LEN(view));
    if (err == TEE_OK)
        *ret = to;
    return err;
}

static enum tee_err
copy_evidence(struct ks_pool *p, const struct ks_evidence *e,
              const struct ks_evidence **ret)
{
    struct ks_evidence *to = ks_pool_take(p, sizeof(*to));
    enum tee_err err;

    if (to == NULL)
        return TEE_E_NOMEM;
    *to = *e;
    to->own = p;
    err = own_views(p,
                    (struct tee_bytes *const[]){ &to->platform, &to->statement,
                                                 &to->report_data, &to->pop,
                                                 &to->bundle },
                    5);
    if (err == TEE_OK)
        err = own_blobs(p, &to->blobs);
    if (err == TEE_OK)
        err = own_blobs(p, &to->endorsements);
    if (err == TEE_OK)
        *ret = to;
    return err;
}

enum tee_err
ks_evidence_copy(const struct ks_evidence *e, const struct ks_evidence **ret)
{
    struct ks_pool *p = ks_pool_new();
    enum tee_err err;

    if (p == NULL)
        return TEE_E_NOMEM;
    err = copy_evidence(p, e, ret);
    if (err != TEE_OK)
        ks_pool_put(p);
    return err;
}

void
ks_evidence_get(const struct ks_evidence *e)
{
    ks_pool_get(e->own);
}

void
ks_evidence_put(const struct ks_evidence *e)
{
    if (e != NULL)
        ks_pool_put(e->own);
}

/* ---- the store -------------------------------------------------------------
 */

enum tee_err
ks_store_new(struct ks_store **ret)
{
    struct ks_pool *p = ks_pool_new();
    struct ks_store *s;

    if (p == NULL)
        return TEE_E_NOMEM;
    s = ks_pool_take(p, sizeof(*s));
    if (s == NULL) {
        ks_pool_put(p);
        return TEE_E_NOMEM;
    }
    s->pool = p;
    *ret = s;
    return TEE_OK;
}

void
ks_store_get(const struct ks_store *s)
{
    ks_pool_get(s->pool);
}

void
ks_store_put(const struct ks_store *s)
{
    if (s != NULL)
        ks_pool_put(s->pool);
}

enum tee_err
ks_store_keep(struct ks_store *s, struct tee_bytes v, struct tee_bytes *ret)
{
    return ks_pool_copy(s->pool, v, ret);
}

static size_t
find_object(const struct ks_store *s, const uint8_t uuid[16])
{
    size_t i;

    for (i = 0; i < s->n; i++) {
        if (memcmp(s->object[i]->uuid, uuid, 16) == 0)
            break;
    }
    return i;
}

static size_t
find_evidence(const struct ks_store *s, const uint8_t key[16])
{
    size_t i;

    for (i = 0; i < s->n_evidence; i++) {
        if (memcmp(s->evidence[i]->key, key, 16) == 0)
            break;
    }
    return i;
}

const struct ks_object *
ks_store_find(const struct ks_store *s, const uint8_t uuid[16])
{
    size_t i = find_object(s, uuid);

    return i < s->n ? s->object[i] : NULL;
}

/* What breaks a rule here is the caller's mistake, not a bad file. */
static enum tee_err
mistake(enum tee_err err, struct tee_fault *f)
{
    if (err != TEE_E_MALFORMED)
        return err;
    if (f != NULL)
        f->err = TEE_E_ARG;
    return TEE_E_ARG;
}

/* b holds it as it will stand in the file. */
static enum tee_err
size_fault(struct tee_buf *b, const char *what, struct tee_fault *f)
{
    enum tee_err err = b->err;

    tee_buf_clear(b);
    if (err == TEE_E_TOOBIG)
        return tee_fault(f, err, "%s of more than %zu bytes", what,
                         KS_OBJECT_MAX);
    return err;
}

static enum tee_err
object_fits(const struct ks_store *s, const struct ks_object *o,
            struct tee_fault *f)
{
    enum tee_err err;
    struct tee_buf b;

    err = mistake(ks_object_check(o, s->origin, f), f);
    if (err != TEE_OK)
        return err;
    tee_buf_init(&b, KS_OBJECT_MAX);
    ks_object_encode(&b, o);
    return size_fault(&b, "an object", f);
}

enum tee_err
ks_store_set(struct ks_store *s, const struct ks_object *o, struct tee_fault *f)
{
    size_t at = find_object(s, o->uuid);
    const struct ks_object **more;
    enum tee_err err;

    if (at == KS_OBJECTS_MAX)
        return tee_fault(f, TEE_E_TOOBIG, "more than %d objects",
                         KS_OBJECTS_MAX);
    err = object_fits(s, o, f);
    if (err != TEE_OK)
        return err;
    if (at == s->room) {
        more = ks_pool_take(s->pool, (2 * at + 4) * sizeof(*more));
        if (more == NULL)
            return TEE_E_NOMEM;
        if (at > 0)
            memcpy(more, s->object, at * sizeof(*more));
        s->object = more;
        s->room = 2 * at + 4;
    }
    err = copy_object(s->pool, o, &s->object[at]);
    if (err == TEE_OK && at == s->n)
        s->n++;
    return err;
}

bool
ks_store_remove(struct ks_store *s, const uint8_t uuid[16])
{
    size_t at = find_object(s, uuid), e = find_evidence(s, uuid);

    if (at == s->n)
        return false;
    s->n--;
    memmove(&s->object[at], &s->object[at + 1],
            (s->n - at) * sizeof(s->object[0]));
    if (e < s->n_evidence) {
        s->n_evidence--;
        memmove(&s->evidence[e], &s->evidence[e + 1],
                (s->n_evidence - e) * sizeof(s->evidence[0]));
    }
    return true;
}

static enum tee_err
evidence_fits(const struct ks_store *s, const struct ks_evidence *e,
              struct tee_fault *f)
{
    const struct ks_object *key = ks_store_find(s, e->key);
    enum tee_err err;
    struct tee_buf b;

    if (s->origin == KS_LOCAL)
        return tee_fault(f, TEE_E_PROHIBITED, "evidence about a local key");
    if (key == NULL || key->class != KS_PRIVATE)
        return tee_fault(f, TEE_E_NOTFOUND,
                         "evidence about no key of this "
                         "token");
    err = mistake(ks_evidence_check(e, f), f);
    if (err != TEE_OK)
        return err;
    tee_buf_init(&b, KS_OBJECT_MAX);
    ks_evidence_encode(&b, e);
    return size_fault(&b, "evidence", f);
}

enum tee_err
ks_store_set_evidence(struct ks_store *s, const struct ks_evidence *e,
                      struct tee_fault *f)
{
    size_t at = find_evidence(s, e->key);
    const struct ks_evidence **more;
    enum tee_err err;

    err = evidence_fits(s, e, f);
    if (err != TEE_OK)
        return err;
    if (at == s->room_evidence) {
        more = ks_pool_take(s->pool, (2 * at + 4) * sizeof(*more));
        if (more == NULL)
            return TEE_E_NOMEM;
        if (at > 0)
            memcpy(more, s->evidence, at * sizeof(*more));
        s->evidence = more;
        s->room_evidence = 2 * at + 4;
    }
    err = copy_evidence(s->pool, e, &s->evidence[at]);
    if (err == TEE_OK && at == s->n_evidence)
        s->n_evidence++;
    return err;
}
