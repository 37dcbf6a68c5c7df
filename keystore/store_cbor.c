/*
 * doc/store-format.md in code: one table a map, and both directions walk it.
 * What a file may say beyond its syntax is in store_check.c.
 */
#include "config.h"

#include <sodium.h>
#include <stddef.h>
#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

#define MAGIC  "tee-pkcs11.store"
#define SCHEMA 1

/* ---- object ----------------------------------------------------------------
 */

static enum tee_err
read_attrs(struct ks_rd *r, void *to)
{
    struct tee_cbor_keys keys = tee_cbor_open(&r->c);
    struct ks_object *o = to;
    uint64_t key;

    while (tee_cbor_key(&r->c, &keys, &key)) {
        if (key >= KS_A_COUNT)
            return tee_fault(r->f, TEE_E_MALFORMED, "unknown attribute %llu",
                             (unsigned long long)key);
        o->attr[key] = tee_cbor_get_bytes(&r->c);
    }
    return TEE_OK;
}

static void
write_attrs(struct tee_buf *b, const void *from)
{
    const struct ks_object *o = from;
    size_t i, n = 0;

    for (i = 0; i < KS_A_COUNT; i++)
        n += o->attr[i].p != NULL ? 1 : 0;
    tee_cbor_map(b, n);
    for (i = 0; i < KS_A_COUNT; i++) {
        if (o->attr[i].p == NULL)
            continue;
        tee_cbor_uint(b, i);
        tee_cbor_bytes(b, o->attr[i]);
    }
}

#define AT(x) offsetof(struct ks_object, x)
static const struct ks_member object_map[] = {
    { 0, "uuid", KS_M_FIXED, false, AT(uuid), 16, 16, NULL, NULL },
    { 1, "class", KS_M_U32, false, AT(class), 0, KS_PRIVATE, NULL, NULL },
    { 2, "flags", KS_M_U32, false, AT(flags), 0, 0x7ff, NULL, NULL },
    { 3, "time", KS_M_TIME, false, AT(created), 0, 0, NULL, NULL },
    { 4, "key type", KS_M_U32, true, AT(ktype), 1, KS_KTYPES - 1, NULL, NULL },
    { 5, "category", KS_M_U32, true, AT(category), 1, UINT32_MAX, NULL, NULL },
    { 6, "attributes", KS_M_SUB, false, 0, 0, 0, read_attrs, write_attrs },
    { 7, "public key", KS_M_BYTES, true, AT(spki), 1, KS_OBJECT_MAX, NULL,
      NULL },
    { 8, "sealed value", KS_M_BYTES, true, AT(sealed), 1, KS_OBJECT_MAX, NULL,
      NULL },
    { 9, "boot id", KS_M_FIXED, true, AT(boot), 16, 16, NULL, NULL },
};
#undef AT

void
ks_object_encode(struct tee_buf *b, const struct ks_object *o)
{
    ks_map_write(b, object_map, TEE_LEN(object_map), o);
}

/* ---- evidence --------------------------------------------------------------
 */

static enum tee_err
read_blobs(struct ks_rd *r, void *to)
{
    struct ks_evidence *e = to;
    uint64_t i, n = tee_cbor_get_array(&r->c);

    if (n > TEE_BLOBS_MAX)
        return tee_fault(r->f, TEE_E_MALFORMED, "more than %d", TEE_BLOBS_MAX);
    for (i = 0; i < n; i++) {
        if (tee_cbor_get_array(&r->c) != 2)
            r->c.bad = true;
        e->blobs.v[i].name = tee_cbor_get_text(&r->c);
        e->blobs.v[i].data = tee_cbor_get_bytes(&r->c);
    }
    e->blobs.n = (size_t)n;
    return TEE_OK;
}

static void
write_blobs(struct tee_buf *b, const void *from)
{
    const struct ks_evidence *e = from;
    size_t i;

    tee_cbor_array(b, e->blobs.n);
    for (i = 0; i < e->blobs.n; i++) {
        tee_cbor_array(b, 2);
        tee_cbor_text(b, e->blobs.v[i].name);
        tee_cbor_bytes(b, e->blobs.v[i].data);
    }
}

static enum tee_err
read_endorsements(struct ks_rd *r, void *to)
{
    struct ks_evidence *e = to;
    uint64_t i, n = tee_cbor_get_array(&r->c);

    if (n > TEE_BLOBS_MAX)
        return tee_fault(r->f, TEE_E_MALFORMED, "more than %d", TEE_BLOBS_MAX);
    for (i = 0; i < n; i++)
        e->endorsements.v[i].data = tee_cbor_get_bytes(&r->c);
    e->endorsements.n = (size_t)n;
    return TEE_OK;
}

static void
write_endorsements(struct tee_buf *b, const void *from)
{
    const struct ks_evidence *e = from;
    size_t i;

    tee_cbor_array(b, e->endorsements.n);
    for (i = 0; i < e->endorsements.n; i++)
        tee_cbor_bytes(b, e->endorsements.v[i].data);
}

#define AT(x) offsetof(struct ks_evidence, x)
static const struct ks_member evidence_map[] = {
    { 0, "key", KS_M_FIXED, false, AT(key), 16, 16, NULL, NULL },
    { 1, "boot id", KS_M_FIXED, false, AT(boot), 16, 16, NULL, NULL },
    { 2, "time", KS_M_TIME, false, AT(time), 0, 0, NULL, NULL },
    { 3, "platform", KS_M_TEXT, false, AT(platform), 1, KS_PLATFORM_MAX, NULL,
      NULL },
    { 4, "statement", KS_M_BYTES, false, AT(statement), 0, KS_OBJECT_MAX, NULL,
      NULL },
    { 5, "caller-controlled field", KS_M_BYTES, false, AT(report_data), 0, 64,
      NULL, NULL },
    { 6, "pop", KS_M_BYTES, false, AT(pop), 0, KS_OBJECT_MAX, NULL, NULL },
    { 7, "blobs", KS_M_SUB, false, 0, 0, 0, read_blobs, write_blobs },
    { 8, "endorsements", KS_M_SUB, false, 0, 0, 0, read_endorsements,
      write_endorsements },
    { 9, "bundle", KS_M_BYTES, false, AT(bundle), 0, KS_OBJECT_MAX, NULL,
      NULL },
    { 10, "config_sha256", KS_M_FIXED, false, AT(config_sha256), 32, 32, NULL,
      NULL },
    { 11, "build id", KS_M_FIXED, false, AT(build_id), 20, 20, NULL, NULL },
};
#undef AT

void
ks_evidence_encode(struct tee_buf *b, const struct ks_evidence *e)
{
    ks_map_write(b, evidence_map, TEE_LEN(evidence_map), e);
}

/* ---- body ------------------------------------------------------------------
 */

/* An item of a list: its map, at most 1 MiB of the file. */
static enum tee_err
read_item(struct ks_rd *r, const struct ks_member *m, size_t n_m, void *to,
          const char *what, size_t i)
{
    size_t before = r->c.left;
    enum tee_err err = ks_map_read(r, m, n_m, to);

    if (err == TEE_OK && before - r->c.left > KS_OBJECT_MAX)
        err = tee_fault(r->f, TEE_E_MALFORMED, "of more than %zu bytes",
                        KS_OBJECT_MAX);
    if (err != TEE_OK)
        tee_fault_prefix(r->f, "%s %zu", what, i);
    return err;
}

static enum tee_err
read_count(struct ks_rd *r, size_t *ret)
{
    uint64_t n = tee_cbor_get_array(&r->c);

    if (n > KS_OBJECTS_MAX)
        return tee_fault(r->f, TEE_E_MALFORMED, "more than %d", KS_OBJECTS_MAX);
    *ret = (size_t)n;
    return TEE_OK;
}

static enum tee_err
read_objects(struct ks_rd *r, void *to)
{
    struct ks_store *s = to;
    struct ks_object *o;
    enum tee_err err;
    size_t i, n = 0;

    err = read_count(r, &n);
    if (err != TEE_OK || n == 0)
        return err;
    o = ks_pool_take(r->pool, n * sizeof(*o));
    s->object = ks_pool_take(r->pool, n * sizeof(s->object[0]));
    if (o == NULL || s->object == NULL)
        return TEE_E_NOMEM;
    for (i = 0; i < n && err == TEE_OK; i++) {
        err = read_item(r, object_map, TEE_LEN(object_map), &o[i], "object", i);
        s->object[i] = &o[i];
    }
    s->n = s->room = n;
    return err;
}

static void
write_objects(struct tee_buf *b, const void *from)
{
    const struct ks_store *s = from;
    size_t i;

    tee_cbor_array(b, s->n);
    for (i = 0; i < s->n; i++)
        ks_object_encode(b, s->object[i]);
}

static enum tee_err
read_evidences(struct ks_rd *r, void *to)
{
    struct ks_store *s = to;
    struct ks_evidence *e;
    enum tee_err err;
    size_t i, n = 0;

    err = read_count(r, &n);
    if (err != TEE_OK || n == 0)
        return err;
    e = ks_pool_take(r->pool, n * sizeof(*e));
    s->evidence = ks_pool_take(r->pool, n * sizeof(s->evidence[0]));
    if (e == NULL || s->evidence == NULL)
        return TEE_E_NOMEM;
    for (i = 0; i < n && err == TEE_OK; i++) {
        err = read_item(r, evidence_map, TEE_LEN(evidence_map), &e[i],
                        "evidence", i);
        e[i].own = r->pool;
        s->evidence[i] = &e[i];
    }
    s->n_evidence = s->room_evidence = n;
    return err;
}

static void
write_evidences(struct tee_buf *b, const void *from)
{
    const struct ks_store *s = from;
    size_t i;

    tee_cbor_array(b, s->n_evidence);
    for (i = 0; i < s->n_evidence; i++)
        ks_evidence_encode(b, s->evidence[i]);
}

#define AT(x) offsetof(struct ks_store, x)
static const struct ks_member body_map[] = {
    { 0, "token uuid", KS_M_FIXED, false, AT(uuid), 16, 16, NULL, NULL },
    { 1, "origin", KS_M_U32, false, AT(origin), 0, KS_TEE, NULL, NULL },
    { 2, "epoch", KS_M_FIXED, false, AT(epoch), 16, 16, NULL, NULL },
    { 3, "time", KS_M_TIME, false, AT(time), 0, 0, NULL, NULL },
    { 4, "objects", KS_M_SUB, false, 0, 0, 0, read_objects, write_objects },
    { 5, "evidence", KS_M_SUB, false, 0, 0, 0, read_evidences,
      write_evidences },
};
#undef AT

/* ---- wraps and tries -------------------------------------------------------
 */

static enum tee_err
read_kdf(struct ks_rd *r, void *to)
{
    struct ks_wrap *w = to;
    struct tee_bytes salt;
    uint64_t n, log2n, rr, p;

    n = tee_cbor_get_array(&r->c);
    log2n = tee_cbor_get_uint(&r->c);
    rr = tee_cbor_get_uint(&r->c);
    p = tee_cbor_get_uint(&r->c);
    salt = tee_cbor_get_bytes(&r->c);
    if (r->c.bad)
        return TEE_OK;
    if (n != 4 || log2n < KS_LOG2N_MIN || log2n > KS_LOG2N_MAX || rr != 8 ||
        p != 1 || salt.len != sizeof(w->salt))
        return tee_fault(r->f, TEE_E_MALFORMED, "outside of its limits");
    w->has_kdf = true;
    w->log2n = (unsigned)log2n;
    memcpy(w->salt, salt.p, sizeof(w->salt));
    return TEE_OK;
}

static void
write_kdf(struct tee_buf *b, const void *from)
{
    const struct ks_wrap *w = from;

    tee_cbor_array(b, 4);
    tee_cbor_uint(b, w->log2n);
    tee_cbor_uint(b, 8);
    tee_cbor_uint(b, 1);
    tee_cbor_bytes(b, (struct tee_bytes){ w->salt, sizeof(w->salt) });
}

/* In the file 0, 1, 2; in memory 0 is "none". */
static enum tee_err
read_kind(struct ks_rd *r, void *to)
{
    struct ks_wrap *w = to;
    uint64_t v = tee_cbor_get_uint(&r->c);

    if (v > KS_WRAP_ROOT - KS_WRAP_CLEAR)
        return tee_fault(r->f, TEE_E_MALFORMED, "unknown");
    w->kind = (enum ks_wrap_kind)(v + KS_WRAP_CLEAR);
    return TEE_OK;
}

static void
write_kind(struct tee_buf *b, const void *from)
{
    const struct ks_wrap *w = from;

    tee_cbor_uint(b, (uint64_t)w->kind - KS_WRAP_CLEAR);
}

#define AT(x) offsetof(struct ks_wrap, x)
static const struct ks_member wrap_map[] = {
    { 0, "kind", KS_M_SUB, false, 0, 0, 0, read_kind, write_kind },
    { 1, "key", KS_M_BYTES, false, AT(key), 1, KS_WRAP_MAX, NULL, NULL },
    { 2, "kdf", KS_M_SUB, true, AT(has_kdf), 0, 0, read_kdf, write_kdf },
    { 3, "root parameters", KS_M_BYTES, true, AT(root), 0, KS_WRAP_MAX, NULL,
      NULL },
};
#undef AT

/* Its views become the store's own: the file's bytes are the caller's. */
static enum tee_err
own_wrap(struct ks_rd *r, struct ks_wrap *w)
{
    enum tee_err err;

    if (w->kind == KS_WRAP_CLEAR)
        err = ks_pool_secret(r->pool, w->key, &w->key);
    else
        err = ks_pool_copy(r->pool, w->key, &w->key);
    if (err == TEE_OK)
        err = ks_pool_copy(r->pool, w->root, &w->root);
    return err == TEE_E_STATE
               ? tee_fault(r->f, TEE_E_MALFORMED, "second one in clear")
               : err;
}

static enum tee_err
read_wraps(struct ks_rd *r, void *to)
{
    struct tee_cbor_keys keys = tee_cbor_open(&r->c);
    struct ks_store *s = to;
    enum tee_err err;
    uint64_t role;

    while (tee_cbor_key(&r->c, &keys, &role)) {
        if (role != KS_USER && role != KS_SO)
            return tee_fault(r->f, TEE_E_MALFORMED, "unknown role %llu",
                             (unsigned long long)role);
        err = ks_map_read(r, wrap_map, TEE_LEN(wrap_map), &s->wrap[role]);
        if (err == TEE_OK)
            err = own_wrap(r, &s->wrap[role]);
        if (err != TEE_OK) {
            tee_fault_prefix(r->f, "%s", role == KS_USER ? "user" : "SO");
            return err;
        }
    }
    return TEE_OK;
}

static void
write_wraps(struct tee_buf *b, const void *from)
{
    const struct ks_store *s = from;
    enum ks_role role;

    tee_cbor_map(b, (s->wrap[KS_USER].kind != KS_WRAP_NONE ? 1u : 0u) +
                        (s->wrap[KS_SO].kind != KS_WRAP_NONE ? 1u : 0u));
    for (role = KS_USER; role <= KS_SO; role++) {
        if (s->wrap[role].kind == KS_WRAP_NONE)
            continue;
        tee_cbor_uint(b, role);
        ks_map_write(b, wrap_map, TEE_LEN(wrap_map), &s->wrap[role]);
    }
}

#define AT(x) offsetof(struct ks_store, x)
static const struct ks_member tries_map[] = {
    { KS_USER, "user", KS_M_U32, false, AT(used[KS_USER]), 0, KS_TRIES, NULL,
      NULL },
    { KS_SO, "SO", KS_M_U32, false, AT(used[KS_SO]), 0, KS_TRIES, NULL, NULL },
};

static enum tee_err
read_tries(struct ks_rd *r, void *to)
{
    return ks_map_read(r, tries_map, TEE_LEN(tries_map), to);
}

static void
write_tries(struct tee_buf *b, const void *from)
{
    ks_map_write(b, tries_map, TEE_LEN(tries_map), from);
}

/* ---- file ------------------------------------------------------------------
 */

static enum tee_err
read_magic(struct ks_rd *r, void *to)
{
    struct tee_bytes v = tee_cbor_get_text(&r->c);

    (void)to;
    if (!r->c.bad && !tee_bytes_equal(v, TEE_STR(MAGIC)))
        return tee_fault(r->f, TEE_E_MALFORMED, "not a store of tee-pkcs11");
    return TEE_OK;
}

static void
write_magic(struct tee_buf *b, const void *from)
{
    (void)from;
    tee_cbor_text(b, TEE_STR(MAGIC));
}

/* Members come in order, so nothing of a newer version is looked at. */
static enum tee_err
read_version(struct ks_rd *r, void *to)
{
    uint64_t v = tee_cbor_get_uint(&r->c);

    (void)to;
    if (!r->c.bad && v > SCHEMA)
        return tee_fault(r->f, TEE_E_STORE_VERSION,
                         "%llu; this build knows %d: a newer tee-pkcs11 wrote "
                         "the file, use that one",
                         (unsigned long long)v, SCHEMA);
    if (!r->c.bad && v != SCHEMA)
        return tee_fault(r->f, TEE_E_MALFORMED, "%llu", (unsigned long long)v);
    return TEE_OK;
}

static void
write_version(struct tee_buf *b, const void *from)
{
    (void)from;
    tee_cbor_uint(b, SCHEMA);
}

static const struct ks_member file_map[] = {
    { 0, "magic", KS_M_SUB, false, 0, 0, 0, read_magic, write_magic },
    { 1, "schema version", KS_M_SUB, false, 0, 0, 0, read_version,
      write_version },
    { 2, "body", KS_M_BYTES, false, AT(body), 1, KS_STORE_MAX, NULL, NULL },
    { 3, "mac", KS_M_FIXED, true, AT(mac), 32, 32, NULL, NULL },
    { 4, "wraps", KS_M_SUB, false, 0, 0, 0, read_wraps, write_wraps },
    { 5, "tries", KS_M_SUB, false, 0, 0, 0, read_tries, write_tries },
};
#undef AT

/* Reads one map and nothing behind it. */
static enum tee_err
read_whole(struct ks_rd *r, struct tee_bytes v, const struct ks_member *m,
           size_t n, void *to)
{
    enum tee_err err;

    r->c = tee_cur_of(v);
    err = ks_map_read(r, m, n, to);
    if (err == TEE_OK && r->c.left > 0)
        err = tee_fault(r->f, TEE_E_MALFORMED, "bytes behind its end");
    return err;
}

static enum tee_err
decode(struct tee_bytes file, struct ks_store *s, struct tee_fault *f)
{
    struct ks_rd r = { .pool = s->pool, .f = f };
    enum tee_err err;

    if (file.len > KS_STORE_MAX)
        return tee_fault(f, TEE_E_MALFORMED, "larger than %zu bytes",
                         KS_STORE_MAX);
    err = read_whole(&r, file, file_map, TEE_LEN(file_map), s);
    if (err != TEE_OK)
        return err;
    s->has_mac = sodium_is_zero(s->mac, sizeof(s->mac)) == 0;
    err = ks_pool_copy(s->pool, s->body, &s->body);
    if (err != TEE_OK)
        return err;
    err = read_whole(&r, s->body, body_map, TEE_LEN(body_map), s);
    if (err != TEE_OK) {
        tee_fault_prefix(f, "body");
        return err;
    }
    return ks_store_check(s, f);
}

enum tee_err
ks_store_decode(struct tee_bytes file, struct ks_store **ret,
                struct tee_fault *f)
{
    struct ks_store *s = NULL;
    enum tee_err err;

    err = ks_store_new(&s);
    if (err == TEE_OK)
        err = decode(file, s, f);
    if (err == TEE_E_NOMEM)
        err = tee_fault(f, err, "no memory");
    if (err == TEE_OK) {
        *ret = s;
        s = NULL; /* now the caller's */
    }
    ks_store_put(s);
    return err;
}

/* ---- the MAC ---------------------------------------------------------------
 */

/* HMAC-SHA256 over the array [magic, version, body]. */
static enum tee_err
compute_mac(struct tee_bytes body, const uint8_t key[32], uint8_t ret[32])
{
    enum tee_err err;
    struct tee_buf b;

    tee_buf_init(&b, KS_STORE_MAX + 64);
    tee_cbor_array(&b, 3);
    tee_cbor_text(&b, TEE_STR(MAGIC));
    tee_cbor_uint(&b, SCHEMA);
    tee_cbor_bytes(&b, body);
    err = b.err;
    if (err == TEE_OK)
        (void)crypto_auth_hmacsha256(ret, b.p, b.len, key);
    tee_buf_clear(&b);
    return err;
}

enum tee_err
ks_store_authentic(const struct ks_store *s, const uint8_t mac_key[32],
                   struct tee_fault *f)
{
    enum tee_err err;
    uint8_t mac[32];

    err = compute_mac(s->body, mac_key, mac);
    if (err == TEE_OK && (!s->has_mac || sodium_memcmp(mac, s->mac, 32) != 0))
        err = tee_fault(f, TEE_E_STORE_ALTERED,
                        "store-altered: the file was changed by somebody who "
                        "does not have the token's key; restore a copy");
    sodium_memzero(mac, sizeof(mac)); /* would authenticate an altered body */
    return err;
}

static enum tee_err
set_mac(struct ks_store *out, struct tee_bytes old_body, const uint8_t *mac_key)
{
    if (mac_key != NULL) {
        out->has_mac = true;
        return out->origin == KS_SKR
                   ? TEE_E_ARG
                   : compute_mac(out->body, mac_key, out->mac);
    }
    if (out->origin == KS_SKR)
        return out->has_mac ? TEE_E_ARG : TEE_OK;
    return out->has_mac && tee_bytes_equal(old_body, out->body) ? TEE_OK
                                                                : TEE_E_STATE;
}

enum tee_err
ks_store_encode(const struct ks_store *s, const uint8_t mac_key[32],
                struct tee_buf *ret)
{
    struct ks_store out = *s; /* views only */
    struct tee_buf body;
    enum tee_err err;

    tee_buf_init(ret, KS_STORE_MAX);
    tee_buf_init(&body, KS_STORE_MAX);
    ks_map_write(&body, body_map, TEE_LEN(body_map), s);
    out.body = tee_buf_view(&body);
    err = body.err;
    if (err == TEE_OK)
        err = set_mac(&out, s->body, mac_key);
    if (err == TEE_OK) {
        ks_map_write(ret, file_map, TEE_LEN(file_map), &out);
        err = ret->err;
    }
    if (err != TEE_OK)
        tee_buf_clear(ret);
    tee_buf_clear(&body);
    return err;
}
