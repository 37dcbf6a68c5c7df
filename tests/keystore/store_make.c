#include "config.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/keystore/store_make.h"
#include "tests/support/test.h"

const uint8_t make_tk[32] = { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                              11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                              22, 23, 24, 25, 26, 27, 28, 29, 30, 31 };

static void
must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "store_make: %s\n", what);
    abort();
}

/* ---- which ------------------------------------------------------------------
 */

#define EACH_TYPE(origin, pin)                                                 \
    { origin, pin, KS_ED25519, false }, { origin, pin, KS_P256, false },       \
        { origin, pin, KS_P384, false }, { origin, pin, KS_P521, false },      \
        { origin, pin, KS_RSA2048, false },                                    \
        { origin, pin, KS_RSA3072, false },                                    \
    {                                                                          \
        origin, pin, KS_RSA4096, false                                         \
    }

const struct make make_known[] = {
    EACH_TYPE(KS_LOCAL, MAKE_NONE),
    EACH_TYPE(KS_LOCAL, MAKE_USER),
    EACH_TYPE(KS_LOCAL, MAKE_BOTH),
    EACH_TYPE(KS_TEE, MAKE_NONE),
    EACH_TYPE(KS_TEE, MAKE_USER),
    EACH_TYPE(KS_TEE, MAKE_BOTH),
    /* released keys: no PIN, no P-521; only Ed25519 has something at rest */
    { KS_SKR, MAKE_NONE, KS_ED25519, false },
    { KS_SKR, MAKE_NONE, KS_P256, false },
    { KS_SKR, MAKE_NONE, KS_P384, false },
    { KS_SKR, MAKE_NONE, KS_RSA2048, false },
    { KS_SKR, MAKE_NONE, KS_RSA3072, false },
    { KS_SKR, MAKE_NONE, KS_RSA4096, false },
    /* the format alone: no key material that would work */
    { KS_LOCAL, MAKE_NONE, KS_MLDSA44, false },
    { KS_LOCAL, MAKE_BOTH, KS_ED25519, true },
    { KS_TEE, MAKE_USER, KS_ED25519, true },
    { KS_SKR, MAKE_NONE, KS_ED25519, true },
};
const size_t make_known_n = TEE_LEN(make_known);

void
make_name(const struct make *m, char ret[64])
{
    static const char *const types[] = {
        [KS_NONE] = "none",         [KS_ED25519] = "ed25519",
        [KS_P256] = "p256",         [KS_P384] = "p384",
        [KS_P521] = "p521",         [KS_RSA2048] = "rsa2048",
        [KS_RSA3072] = "rsa3072",   [KS_RSA4096] = "rsa4096",
        [KS_MLDSA44] = "ml-dsa-44",
    };
    static const char *const origins[] = { "local", "skr", "tee_generated" };
    static const char *const pins[] = { "none", "user", "both" };

    (void)snprintf(ret, 64, "%s-%s-%s", origins[m->origin], pins[m->pin],
                   m->full ? "full" : types[m->type]);
}

/* ---- fixed bytes, HMAC, HKDF
 * -------------------------------------------------
 */

void
make_fixed(const char *label, uint8_t *p, size_t n)
{
    uint8_t block[32];
    char text[96];
    size_t i;

    for (i = 0; i < n; i++) {
        if (i % 32 == 0) {
            (void)snprintf(text, sizeof(text), "%s/%zu", label, i / 32);
            (void)crypto_hash_sha256(block, (const uint8_t *)text,
                                     strlen(text));
        }
        p[i] = block[i % 32];
    }
}

/* RFC 2104, keys of at most 64 bytes. */
void
make_hmac(struct tee_bytes key, struct tee_bytes text, uint8_t ret[32])
{
    crypto_hash_sha256_state st;
    uint8_t pad[64];
    size_t i;
    int outer;

    must(key.len <= sizeof(pad), "key of HMAC");
    for (outer = 0; outer < 2; outer++) {
        for (i = 0; i < sizeof(pad); i++)
            pad[i] =
                (uint8_t)((i < key.len ? key.p[i] : 0) ^ (outer ? 0x5c : 0x36));
        (void)crypto_hash_sha256_init(&st);
        (void)crypto_hash_sha256_update(&st, pad, sizeof(pad));
        if (outer)
            (void)crypto_hash_sha256_update(&st, ret, 32);
        else if (text.len > 0)
            (void)crypto_hash_sha256_update(&st, text.p, text.len);
        (void)crypto_hash_sha256_final(&st, ret);
    }
}

/* RFC 5869: extract with salt = UUID, expand to one block. */
void
make_subkey(const uint8_t tk[32], const uint8_t uuid[16], const char *info,
            uint8_t ret[32])
{
    uint8_t prk[32], text[64];
    size_t n = strlen(info);

    must(n < sizeof(text), "info of HKDF");
    make_hmac((struct tee_bytes){ uuid, 16 }, (struct tee_bytes){ tk, 32 },
              prk);
    memcpy(text, info, n);
    text[n] = 1;
    make_hmac((struct tee_bytes){ prk, 32 }, (struct tee_bytes){ text, n + 1 },
              ret);
}

void
make_mac_key(const struct ks_store *s, uint8_t ret[32])
{
    make_subkey(make_tk, s->uuid, "tee-pkcs11/mac/v1", ret);
}

/* ---- sealing
 * ------------------------------------------------------------------
 */

/* [1, token uuid, object uuid, origin, ktype, spki, flags and 0x1f0] */
static void
seal_aad(const struct ks_store *s, const struct ks_object *o, struct tee_buf *b)
{
    tee_buf_init(b, KS_OBJECT_MAX);
    tee_cbor_array(b, 7);
    tee_cbor_uint(b, 1);
    tee_cbor_bytes(b, (struct tee_bytes){ s->uuid, 16 });
    tee_cbor_bytes(b, (struct tee_bytes){ o->uuid, 16 });
    tee_cbor_uint(b, s->origin);
    tee_cbor_uint(b, o->ktype);
    tee_cbor_bytes(b, o->spki);
    tee_cbor_uint(b, o->flags & 0x1f0u);
}

static void
seal(struct ks_store *s, struct ks_object *o, struct tee_bytes plain)
{
    uint8_t *out = malloc(KS_SEAL_OVER + plain.len), key[32];
    unsigned long long n;
    struct tee_buf aad;
    char label[64];

    must(out != NULL, "memory");
    (void)snprintf(label, sizeof(label), "nonce %u", o->uuid[15]);
    make_fixed(label, out, 24);
    make_subkey(make_tk, s->uuid, "tee-pkcs11/seal/v1", key);
    seal_aad(s, o, &aad);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(
        out + 24, &n, plain.p, plain.len, aad.p, aad.len, NULL, out, key);
    tee_buf_clear(&aad);
    must(ks_store_keep(s, (struct tee_bytes){ out, 24 + (size_t)n },
                       &o->sealed) == TEE_OK,
         "keep");
    free(out);
}

bool
make_unseal(const struct ks_store *s, const struct ks_object *o,
            struct tee_buf *ret)
{
    uint8_t key[32], plain[3072];
    unsigned long long n;
    struct tee_buf aad;
    int bad;

    must(o->sealed.len >= KS_SEAL_OVER &&
             o->sealed.len <= KS_SEAL_OVER + sizeof(plain),
         "sealed length");
    make_subkey(make_tk, s->uuid, "tee-pkcs11/seal/v1", key);
    seal_aad(s, o, &aad);
    bad = crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain, &n, NULL, o->sealed.p + 24, o->sealed.len - 24, aad.p, aad.len,
        o->sealed.p, key);
    tee_buf_clear(&aad);
    tee_buf_init(ret, sizeof(plain));
    if (bad == 0)
        tee_buf_put(ret, plain, (size_t)n);
    return bad == 0;
}

/* ---- wraps
 * --------------------------------------------------------------------
 */

static void
stretch(const char *pin, const struct ks_wrap *w, uint8_t ret[32])
{
    must(crypto_pwhash_scryptsalsa208sha256_ll(
             (const uint8_t *)pin, strlen(pin), w->salt, sizeof(w->salt),
             (uint64_t)1 << w->log2n, 8, 1, ret, 32) == 0,
         "scrypt");
}

/* [1, token uuid, origin, role] */
static void
wrap_aad(const struct ks_store *s, enum ks_role role, struct tee_buf *b)
{
    tee_buf_init(b, 64);
    tee_cbor_array(b, 4);
    tee_cbor_uint(b, 1);
    tee_cbor_bytes(b, (struct tee_bytes){ s->uuid, 16 });
    tee_cbor_uint(b, s->origin);
    tee_cbor_uint(b, role);
}

/* Both PINs are stretched once a run: salts depend on the role alone. */
static const uint8_t *
kek(enum ks_role role, const struct ks_wrap *w)
{
    static uint8_t keys[3][32];
    static bool have[3];

    if (!have[role])
        stretch(role == KS_USER ? MAKE_USER_PIN : MAKE_SO_PIN, w, keys[role]);
    have[role] = true;
    return keys[role];
}

static void
wrap_by_pin(struct ks_store *s, enum ks_role role)
{
    struct ks_wrap *w = &s->wrap[role];
    unsigned long long n;
    struct tee_buf aad;
    uint8_t box[72];

    w->kind = KS_WRAP_PIN;
    make_fixed(role == KS_USER ? "user nonce" : "so nonce", box, 24);
    wrap_aad(s, role, &aad);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(
        box + 24, &n, make_tk, 32, aad.p, aad.len, NULL, box, kek(role, w));
    tee_buf_clear(&aad);
    must(n == 48 && ks_store_keep(s, (struct tee_bytes){ box, sizeof(box) },
                                  &w->key) == TEE_OK,
         "wrap");
}

/* What is inside is the daemon's business; here it is fixed bytes. */
static void
wrap_by_root(struct ks_store *s, enum ks_role role)
{
    uint8_t wrapped[72], root[20];

    make_fixed(role == KS_USER ? "user root" : "so root", wrapped,
               sizeof(wrapped));
    make_fixed("root parameters", root, sizeof(root));
    s->wrap[role].kind = KS_WRAP_ROOT;
    must(ks_store_keep(s, (struct tee_bytes){ wrapped, sizeof(wrapped) },
                       &s->wrap[role].key) == TEE_OK &&
             ks_store_keep(s, (struct tee_bytes){ root, sizeof(root) },
                           &s->wrap[role].root) == TEE_OK,
         "wrap");
}

static void
wrap(struct ks_store *s, enum ks_role role, bool pin)
{
    struct ks_wrap *w = &s->wrap[role];

    w->has_kdf = pin;
    if (pin) {
        w->log2n = MAKE_LOG2N;
        make_fixed(role == KS_USER ? "user salt" : "so salt", w->salt, 32);
    }
    if (s->origin == KS_TEE) {
        wrap_by_root(s, role);
    } else if (pin) {
        wrap_by_pin(s, role);
    } else {
        w->kind = KS_WRAP_CLEAR;
        w->key = (struct tee_bytes){ make_tk, 32 };
    }
}

bool
make_unwrap(const struct ks_store *s, enum ks_role role, const char *pin,
            uint8_t tk[32])
{
    const struct ks_wrap *w = &s->wrap[role];
    struct tee_buf aad;
    uint8_t key[32];
    int bad;

    if (w->kind == KS_WRAP_CLEAR)
        memcpy(tk, w->key.p, 32);
    if (w->kind != KS_WRAP_PIN)
        return w->kind == KS_WRAP_CLEAR;
    stretch(pin, w, key);
    wrap_aad(s, role, &aad);
    bad = crypto_aead_xchacha20poly1305_ietf_decrypt(
        tk, NULL, NULL, w->key.p + 24, w->key.len - 24, aad.p, aad.len,
        w->key.p, key);
    tee_buf_clear(&aad);
    return bad == 0;
}

/* ---- objects
 * ------------------------------------------------------------------
 */

bool
make_read(const char *name, struct tee_buf *ret)
{
    const char *src = secure_getenv("srcdir");
    uint8_t piece[1024];
    char path[512];
    size_t n;
    FILE *fp;

    tee_buf_init(ret, KS_STORE_MAX + 1);
    (void)snprintf(path, sizeof(path), "%s/tests/data/store/%s",
                   src != NULL ? src : ".", name);
    fp = fopen(path, "rb");
    if (fp == NULL)
        return false;
    while ((n = fread(piece, 1, sizeof(piece), fp)) > 0)
        tee_buf_put(ret, piece, n);
    fclose(fp);
    return ret->err == TEE_OK;
}

static void
read_key(const char *type, const char *end, struct tee_buf *ret)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "keys/%s.%s", type, end);
    must(make_read(name, ret), name);
}

static void
ed25519(struct tee_buf *plain, struct tee_buf *spki)
{
    static const uint8_t head[12] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                      0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };
    uint8_t seed[32], pk[32], sk[64];

    make_fixed("seed", seed, sizeof(seed));
    (void)crypto_sign_seed_keypair(pk, sk, seed);
    tee_buf_init(plain, 32);
    tee_buf_put(plain, seed, sizeof(seed));
    tee_buf_init(spki, 64);
    tee_buf_put(spki, head, sizeof(head));
    tee_buf_put(spki, pk, sizeof(pk));
}

/* Right frame (FIPS 204: OID 2.16.840.1.101.3.4.3.17), no right key. */
static void
mldsa44(struct tee_buf *plain, struct tee_buf *spki)
{
    static const uint8_t head[22] = { 0x30, 0x82, 0x05, 0x32, 0x30, 0x0b,
                                      0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                      0x65, 0x03, 0x04, 0x03, 0x11, 0x03,
                                      0x82, 0x05, 0x21, 0x00 };
    uint8_t pk[1312], sk[54];

    make_fixed("ml-dsa-44 public", pk, sizeof(pk));
    make_fixed("ml-dsa-44 private", sk, sizeof(sk));
    tee_buf_init(plain, sizeof(sk));
    tee_buf_put(plain, sk, sizeof(sk));
    tee_buf_init(spki, 2048);
    tee_buf_put(spki, head, sizeof(head));
    tee_buf_put(spki, pk, sizeof(pk));
}

static void
key_material(enum ks_ktype type, struct tee_buf *plain, struct tee_buf *spki)
{
    char name[64];

    if (type == KS_ED25519) {
        ed25519(plain, spki);
    } else if (type == KS_MLDSA44) {
        mldsa44(plain, spki);
    } else {
        make_name(&(struct make){ KS_LOCAL, MAKE_NONE, type, false }, name);
        read_key(strrchr(name, '-') + 1, "pkcs8", plain);
        read_key(strrchr(name, '-') + 1, "spki", spki);
    }
}

static struct ks_object
object(unsigned i, enum ks_class class, uint32_t flags)
{
    struct ks_object o = {
        .class = class,
        .flags = flags | KS_O_DESTROYABLE | KS_O_MODIFIABLE,
        .created = 1767225600, /* 2026-01-01 */
    };
    char label[32];

    (void)snprintf(label, sizeof(label), "object %u", i);
    make_fixed(label, o.uuid, sizeof(o.uuid));
    o.uuid[15] = (uint8_t)i; /* what seal() takes its nonce from */
    return o;
}

static void
add(struct ks_store *s, const struct ks_object *o)
{
    struct tee_fault f = { 0 };

    if (ks_store_set(s, o, &f) != TEE_OK)
        must(false, f.text);
}

static void
add_pair(struct ks_store *s, const struct make *m)
{
    uint32_t born = m->origin == KS_SKR ? 0 : KS_O_LOCAL;
    struct ks_object pub = object(1, KS_PUBLIC, KS_O_VERIFY | born),
                     priv = object(2, KS_PRIVATE, KS_O_SIGN | born);
    uint8_t id[20], envelope[60];
    struct tee_buf plain, spki;

    if (born != 0)
        priv.flags |= KS_O_ALWAYS_SENSITIVE | KS_O_NEVER_EXTRACTABLE;
    if (m->pin != MAKE_NONE)
        priv.flags |= KS_O_PRIVATE;
    key_material(m->type, &plain, &spki);
    make_fixed("id", id, sizeof(id));
    make_fixed("envelope", envelope, sizeof(envelope));
    pub.ktype = priv.ktype = m->type;
    pub.spki = priv.spki = tee_buf_view(&spki);
    pub.attr[KS_A_LABEL] = priv.attr[KS_A_LABEL] = TEE_STR("agent");
    pub.attr[KS_A_ID] = priv.attr[KS_A_ID] =
        (struct tee_bytes){ id, sizeof(id) };
    if (m->origin != KS_SKR)
        seal(s, &priv, tee_buf_view(&plain));
    else if (m->type == KS_ED25519)
        priv.sealed = (struct tee_bytes){ envelope, sizeof(envelope) };
    add(s, &pub);
    add(s, &priv);
    tee_buf_clear(&plain);
    tee_buf_clear(&spki);
}

struct ks_object
make_data(unsigned i)
{
    struct ks_object o = object(i, KS_DATA, KS_O_COPYABLE);

    o.uuid[13] = (uint8_t)(i >> 16);
    o.uuid[14] = (uint8_t)(i >> 8);
    o.attr[KS_A_LABEL] = TEE_STR("note");
    o.attr[KS_A_VALUE] = TEE_STR("value");
    return o;
}

/* Empty attributes are there, absent ones are not: both occur. */
static void
add_others(struct ks_store *s)
{
    struct ks_object cert = object(3, KS_CERT, KS_O_COPYABLE | KS_O_TRUSTED),
                     data = make_data(4),
                     hidden = object(5, KS_DATA, KS_O_PRIVATE);

    cert.category = 1;
    cert.attr[KS_A_LABEL] = TEE_STR("agent");
    cert.attr[KS_A_SUBJECT] = TEE_STR("\x30\x00");
    cert.attr[KS_A_ISSUER] = TEE_STR("\x30\x00");
    cert.attr[KS_A_SERIAL] = TEE_STR("\x02\x01\x01");
    cert.attr[KS_A_START] = TEE_STR("20260101");
    cert.attr[KS_A_END] = TEE_STR("");
    cert.attr[KS_A_VALUE] = TEE_STR("\x30\x03\x02\x01\x00");
    cert.attr[KS_A_URL] = TEE_STR("https://ca.example/agent");
    data.attr[KS_A_APPLICATION] = TEE_STR("a test");
    data.attr[KS_A_OBJECT_ID] = TEE_STR("\x06\x01\x2a");
    add(s, &cert);
    add(s, &data);
    if (s->origin == KS_SKR)
        return;
    hidden.attr[KS_A_LABEL] = TEE_STR("hidden");
    seal(s, &hidden, TEE_STR("a private value"));
    add(s, &hidden);
}

static void
add_evidence(struct ks_store *s)
{
    struct ks_evidence e = {
        .time = 1767225601,
        .platform = TEE_STR("simulated"),
        .statement = TEE_STR("{\"v\":1}"),
        .report_data = { make_tk, 32 },
        .pop = TEE_STR("a signature"),
        .blobs = { .n = 2,
                   .v = { { TEE_STR("event_log"), TEE_STR("") },
                          { TEE_STR("report"), TEE_STR("a report") } } },
        .endorsements = { .n = 1, .v = { { { 0 }, TEE_STR("a chain") } } },
        .bundle = TEE_STR("{}"),
    };
    struct tee_fault f = { 0 };

    memcpy(e.key, s->object[1]->uuid, sizeof(e.key));
    make_fixed("boot", e.boot, sizeof(e.boot));
    make_fixed("config", e.config_sha256, sizeof(e.config_sha256));
    make_fixed("build", e.build_id, sizeof(e.build_id));
    if (ks_store_set_evidence(s, &e, &f) != TEE_OK)
        must(false, f.text);
}

/* A second pair whose private half died with its process. */
static void
add_ephemeral(struct ks_store *s)
{
    struct ks_object o =
        object(6, KS_PRIVATE, KS_O_SIGN | KS_O_LOCAL | KS_O_EPHEMERAL);
    struct tee_buf plain, spki;

    ed25519(&plain, &spki);
    o.ktype = KS_ED25519;
    o.spki = tee_buf_view(&spki);
    make_fixed("boot", o.boot, sizeof(o.boot));
    o.attr[KS_A_LABEL] = TEE_STR("ephemeral");
    add(s, &o);
    tee_buf_clear(&plain);
    tee_buf_clear(&spki);
}

/* ---- the whole
 * ------------------------------------------------------------------
 */

struct ks_store *
make_store(const struct make *m)
{
    struct ks_store *s = NULL;

    must(ks_store_new(&s) == TEE_OK, "memory");
    make_fixed("token uuid", s->uuid, sizeof(s->uuid));
    make_fixed("epoch", s->epoch, sizeof(s->epoch));
    s->origin = m->origin;
    s->time = 1767225600;
    if (m->origin != KS_SKR)
        wrap(s, KS_USER, m->pin != MAKE_NONE);
    if (m->pin == MAKE_BOTH)
        wrap(s, KS_SO, true);
    s->used[KS_USER] = m->pin == MAKE_USER ? 3 : 0;
    s->used[KS_SO] = m->pin == MAKE_BOTH ? 10 : 0;
    add_pair(s, m);
    if (m->full) {
        add_others(s);
        if (m->origin != KS_LOCAL)
            add_evidence(s);
        if (m->origin == KS_TEE)
            add_ephemeral(s);
    }
    return s;
}

void
make_encode(const struct ks_store *s, struct tee_buf *ret)
{
    uint8_t key[32];

    make_mac_key(s, key);
    must(ks_store_encode(s, s->origin == KS_SKR ? NULL : key, ret) == TEE_OK,
         "encode");
}

void
make_file(const struct make *m, struct tee_buf *ret)
{
    struct ks_store *s = make_store(m);

    make_encode(s, ret);
    ks_store_put(s);
}

void
make_refused(const char *what, struct tee_bytes file, enum tee_err want,
             const char *text)
{
    struct ks_store *const before = (struct ks_store *)&file, *s = before;
    struct tee_fault f = { 0 };
    enum tee_err err = ks_store_decode(file, &s, &f);

    CU_ASSERT_EQUAL(err, want);
    CU_ASSERT_PTR_EQUAL(s, before);
    CU_ASSERT_EQUAL(f.err, want);
    if (err != want || (text != NULL && strcmp(f.text, text) != 0)) {
        printf("    %s: said \"%s\", not \"%s\"\n", what, f.text,
               text ? text : "");
        CU_FAIL("another text");
    }
    CU_ASSERT_EQUAL(ks_store_decode(file, &s, NULL), want);
}

struct ks_store *
make_accepted(struct tee_bytes file)
{
    struct tee_fault f = { 0 };
    struct ks_store *s = NULL;

    if (ks_store_decode(file, &s, &f) != TEE_OK) {
        printf("    %s\n", f.text);
        CU_FAIL_FATAL("a good store is refused");
    }
    return s;
}
