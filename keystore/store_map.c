/* Maps of a store file: one table a map, walked by reader and writer. */
#include "config.h"

#include <sodium.h>
#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

_Static_assert(sizeof(enum ks_class) == 4, "enums are read as KS_M_U32");
_Static_assert(sizeof(enum ks_ktype) == 4, "enums are read as KS_M_U32");
_Static_assert(sizeof(enum ks_origin) == 4, "enums are read as KS_M_U32");
_Static_assert(sizeof(enum ks_wrap_kind) == 4, "enums are read as KS_M_U32");

static enum tee_err
syntax(struct ks_rd *r, const char *name)
{
    return tee_fault(r->f, TEE_E_MALFORMED,
                     "%s: cut short, of a wrong type, or not in its "
                     "shortest form",
                     name);
}

static enum tee_err
range(struct ks_rd *r, const struct ks_member *m)
{
    return tee_fault(r->f, TEE_E_MALFORMED, "%s: outside of its limits",
                     m->name);
}

static uint32_t
get_u32(const void *base, size_t at)
{
    uint32_t v;

    memcpy(&v, (const uint8_t *)base + at, sizeof(v));
    return v;
}

static int64_t
get_time(const void *base, size_t at)
{
    int64_t v;

    memcpy(&v, (const uint8_t *)base + at, sizeof(v));
    return v;
}

static struct tee_bytes
get_view(const void *base, size_t at)
{
    struct tee_bytes v;

    memcpy(&v, (const uint8_t *)base + at, sizeof(v));
    return v;
}

static bool
is_there(const struct ks_member *m, const void *base)
{
    const uint8_t *p = (const uint8_t *)base + m->at;

    if (!m->may)
        return true;
    switch (m->kind) {
    case KS_M_U32:
        return get_u32(base, m->at) != 0;
    case KS_M_BYTES:
    case KS_M_TEXT:
        return get_view(base, m->at).p != NULL;
    case KS_M_FIXED:
        return sodium_is_zero(p, (size_t)m->max) == 0;
    case KS_M_SUB:
        return *(const bool *)p;
    case KS_M_TIME:
    default:
        return true;
    }
}

static enum tee_err
read_u32(struct ks_rd *r, const struct ks_member *m, uint8_t *to)
{
    uint64_t v = tee_cbor_get_uint(&r->c);
    uint32_t v32 = (uint32_t)v;

    if (!r->c.bad && (v < m->min || v > m->max))
        return range(r, m);
    memcpy(to, &v32, sizeof(v32));
    return TEE_OK;
}

static enum tee_err
read_time(struct ks_rd *r, const struct ks_member *m, uint8_t *to)
{
    uint64_t v = tee_cbor_get_uint(&r->c);
    int64_t t = (int64_t)v;

    if (!r->c.bad && v > INT64_MAX)
        return range(r, m);
    memcpy(to, &t, sizeof(t));
    return TEE_OK;
}

static enum tee_err
read_string(struct ks_rd *r, const struct ks_member *m, uint8_t *to)
{
    struct tee_bytes v = m->kind == KS_M_TEXT ? tee_cbor_get_text(&r->c)
                                              : tee_cbor_get_bytes(&r->c);

    if (r->c.bad)
        return TEE_OK; /* reported where all is */
    if (v.len < m->min || v.len > m->max)
        return range(r, m);
    if (m->kind == KS_M_FIXED)
        memcpy(to, v.p, v.len);
    else
        memcpy(to, &v, sizeof(v));
    return TEE_OK;
}

static enum tee_err
read_member(struct ks_rd *r, const struct ks_member *m, void *base)
{
    uint8_t *to = (uint8_t *)base + m->at;
    enum tee_err err;

    switch (m->kind) {
    case KS_M_U32:
        err = read_u32(r, m, to);
        break;
    case KS_M_TIME:
        err = read_time(r, m, to);
        break;
    case KS_M_SUB:
        err = m->read(r, base);
        if (err != TEE_OK)
            tee_fault_prefix(r->f, "%s", m->name);
        break;
    case KS_M_BYTES:
    case KS_M_TEXT:
    case KS_M_FIXED:
    default:
        err = read_string(r, m, to);
        break;
    }
    if (err == TEE_OK && r->c.bad)
        err = syntax(r, m->name);
    if (err == TEE_OK && !is_there(m, base))
        err = range(r, m);
    return err;
}

/* Keys come in ascending order (tee_cbor_key sees to it), so do members. */
enum tee_err
ks_map_read(struct ks_rd *r, const struct ks_member *m, size_t n, void *base)
{
    struct tee_cbor_keys keys = tee_cbor_open(&r->c);
    const struct ks_member *end = m + n;
    enum tee_err err;
    uint64_t key;

    while (tee_cbor_key(&r->c, &keys, &key)) {
        while (m < end && m->key < key && m->may)
            m++;
        if (m == end || m->key > key)
            return tee_fault(r->f, TEE_E_MALFORMED, "unknown member %llu",
                             (unsigned long long)key);
        if (m->key < key)
            break;
        err = read_member(r, m++, base);
        if (err != TEE_OK)
            return err;
    }
    if (r->c.bad)
        return syntax(r, "map");
    while (m < end && m->may)
        m++;
    if (m < end)
        return tee_fault(r->f, TEE_E_MALFORMED, "%s: is missing", m->name);
    return TEE_OK;
}

static void
write_member(struct tee_buf *b, const struct ks_member *m, const void *base)
{
    const uint8_t *p = (const uint8_t *)base + m->at;

    tee_cbor_uint(b, m->key);
    switch (m->kind) {
    case KS_M_U32:
        tee_cbor_uint(b, get_u32(base, m->at));
        break;
    case KS_M_TIME:
        tee_cbor_uint(b, (uint64_t)get_time(base, m->at));
        break;
    case KS_M_BYTES:
        tee_cbor_bytes(b, get_view(base, m->at));
        break;
    case KS_M_TEXT:
        tee_cbor_text(b, get_view(base, m->at));
        break;
    case KS_M_FIXED:
        tee_cbor_bytes(b, (struct tee_bytes){ p, (size_t)m->max });
        break;
    case KS_M_SUB:
    default:
        m->write(b, base);
        break;
    }
}

void
ks_map_write(struct tee_buf *b, const struct ks_member *m, size_t n,
             const void *base)
{
    size_t i, there = 0;

    for (i = 0; i < n; i++)
        there += is_there(&m[i], base) ? 1 : 0;
    tee_cbor_map(b, there);
    for (i = 0; i < n; i++) {
        if (is_there(&m[i], base))
            write_member(b, &m[i], base);
    }
}
