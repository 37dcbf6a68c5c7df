/*
 * A store that somebody else changed: sealed keys moved to other places, bits
 * flipped, wraps exchanged.  Never a wrong signature, never a crash.
 *
 * Whoever moves a blob here also repairs the MAC, since he has the token key:
 * so what refuses is the binding of the blob alone.
 */
#include "config.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/keystore/fixture.h"
#include "tests/keystore/suites.h"

/* ---- the file ---------------------------------------------------------------
 */

static void
read_file(const char *path, struct tee_buf *b)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    CU_ASSERT_TRUE_FATAL(fd >= 0);
    CHECK_ERR(tee_fd_read(fd, KS_STORE_MAX, b, NULL), TEE_OK);
    (void)close(fd);
}

static void
write_file(const char *path, struct tee_bytes v)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);

    CU_ASSERT_TRUE_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(write(fd, v.p, v.len), (ssize_t)v.len);
    (void)close(fd);
}

/* The store as it stands, changed, authenticated again. */
static void
rewrite(struct fix *x, void (*how)(struct ks_store *s, const void *arg),
        const void *arg)
{
    char path[FIX_PATH];
    struct ks_store *s = NULL;
    struct ks_tk *tk = NULL;
    struct ks_stamp stamp;
    struct tee_buf b;

    CHECK_ERR(ks_store_read(x->t->conf, &s, &stamp, &x->f), TEE_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CHECK_ERR(ks_tk_new(x->t->arena, s->uuid, s->epoch, &tk, &x->f), TEE_OK);
    memcpy(tk->key, s->wrap[KS_USER].key.p, KS_TK);
    CHECK_ERR(ks_tk_derive(tk), TEE_OK);
    how(s, arg);
    CHECK_ERR(ks_store_encode(s, ks_tk_mac(tk), &b), TEE_OK);
    fix_file(x, "token", path);
    write_file(path, tee_buf_view(&b));
    tee_buf_clear(&b);
    ks_tk_put(tk);
    ks_store_put(s);
}

static struct ks_object *
object_in(struct ks_store *s, const uint8_t uuid[16])
{
    const struct ks_object *o = ks_store_find(s, uuid);

    CU_ASSERT_PTR_NOT_NULL_FATAL(o);
    return (struct ks_object *)(uintptr_t)o;
}

/* ---- moved blobs
 * -------------------------------------------------------------- */

static uint8_t a_uuid[16], b_uuid[16];

static void
swap_sealed(struct ks_store *s, const void *arg)
{
    struct ks_object *a = object_in(s, a_uuid), *b = object_in(s, b_uuid);
    struct tee_bytes keep = a->sealed;

    (void)arg;
    a->sealed = b->sealed;
    b->sealed = keep;
}

static void
swap_with_public(struct ks_store *s, const void *arg)
{
    struct ks_object *a = object_in(s, a_uuid), *b = object_in(s, b_uuid);
    struct tee_bytes keep = a->spki;

    swap_sealed(s, arg);
    a->spki = b->spki;
    b->spki = keep;
}

static void
other_public(struct ks_store *s, const void *arg)
{
    object_in(s, a_uuid)->spki = object_in(s, b_uuid)->spki;
    (void)arg;
}

static void
flip_flag(struct ks_store *s, const void *arg)
{
    const uint32_t *flag = arg;

    object_in(s, a_uuid)->flags ^= *flag;
}

static void
other_uuid(struct ks_store *s, const void *arg)
{
    object_in(s, a_uuid)->uuid[3] ^= 1;
    a_uuid[3] ^= 1;
    (void)arg;
}

static void
other_token(struct ks_store *s, const void *arg)
{
    const struct ks_object *from = arg;

    *object_in(s, a_uuid) = *from;
    memcpy(a_uuid, from->uuid, 16);
}

static void
other_nonce(struct ks_store *s, const void *arg)
{
    struct ks_object *a = object_in(s, a_uuid);

    ((uint8_t *)(uintptr_t)a->sealed.p)[5] ^= 0x80;
    (void)arg;
}

static const uint32_t f_local = KS_O_LOCAL | KS_O_ALWAYS_SENSITIVE |
                                KS_O_NEVER_EXTRACTABLE,
                      f_always = KS_O_ALWAYS_SENSITIVE,
                      f_never = KS_O_NEVER_EXTRACTABLE, f_sign = KS_O_SIGN;

static void
moved(void)
{
    static const struct {
        const char *what;
        void (*how)(struct ks_store *s, const void *arg);
        const void *arg;
    } rows[] = {
        { "to the other object", swap_sealed, NULL },
        { "to the other object, with its public key", swap_with_public, NULL },
        { "under another public key", other_public, NULL },
        { "said to be born elsewhere", flip_flag, &f_local },
        { "said not to be always sensitive", flip_flag, &f_always },
        { "said to be extractable", flip_flag, &f_never },
        { "of other usage", flip_flag, &f_sign },
        { "under another uuid", other_uuid, NULL },
        { "under another nonce", other_nonce, NULL },
    };
    uint8_t pub[16];
    struct fix *x, *y;
    enum tee_err err;
    size_t i;

    for (i = 0; i < TEE_LEN(rows); i++) {
        x = fix_made(FIX_LOCAL, NULL, NULL);
        CHECK_ERR(fix_generate(x, KS_ED25519, pub, a_uuid), TEE_OK);
        CHECK_ERR(fix_generate(x, KS_ED25519, pub, b_uuid), TEE_OK);
        rewrite(x, rows[i].how, rows[i].arg);
        CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
        err = fix_sign(x, a_uuid); /* though it was open */
        if (err != TEE_E_STORE_ALTERED)
            fprintf(stderr, "moved %s\n", rows[i].what);
        CHECK_ERR(err, TEE_E_STORE_ALTERED);
        y = fix_again(x);
        CHECK_ERR(ks_token_refresh(y->t, &y->f), TEE_OK);
        CHECK_ERR(fix_sign(y, a_uuid), TEE_E_STORE_ALTERED);
        fix_free(y);
        fix_free(x);
    }
}

static void
between_tokens(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL);
    struct fix *y = fix_made(FIX_LOCAL, NULL, NULL);
    const struct ks_snap *held;
    uint8_t pub[16];

    CHECK_ERR(fix_generate(x, KS_ED25519, pub, b_uuid), TEE_OK);
    CHECK_ERR(fix_generate(y, KS_ED25519, pub, a_uuid), TEE_OK);
    held = ks_snap_get(x->t);
    rewrite(y, other_token, ks_store_find(ks_snapshot_of(held)->store, b_uuid));
    ks_snap_put(held);
    CHECK_ERR(ks_token_refresh(y->t, &y->f), TEE_OK);
    CHECK_ERR(fix_sign(y, a_uuid), TEE_E_STORE_ALTERED);
    fix_free(y);
    fix_free(x);
}

/* The same token key in both, and still a blob of one origin does not open in
 * the other, nor under another token's UUID or as another type. */
static void
between_origins(void)
{
    struct fix *x = fix_new("agent", FIX_LOCAL);
    struct ks_object o = { .class = KS_PRIVATE,
                           .ktype = KS_ED25519,
                           .flags = KS_O_SIGN,
                           .spki = TEE_STR("public") };
    uint8_t uuid[16] = { 1 }, epoch[16] = { 2 }, out[32], seed[32] = { 3 };
    struct ks_tk *tk = NULL;
    struct tee_buf sealed;

    CHECK_ERR(ks_tk_new(x->t->arena, uuid, epoch, &tk, &x->f), TEE_OK);
    CHECK_ERR(ks_tk_derive(tk), TEE_OK);
    CHECK_ERR(
        ks_tk_seal(tk, KS_LOCAL, &o, (struct tee_bytes){ seed, 32 }, &sealed),
        TEE_OK);
    o.sealed = tee_buf_view(&sealed);
    CHECK_ERR(ks_tk_open(tk, KS_LOCAL, &o, out, &x->f), TEE_OK);
    CU_ASSERT_EQUAL(memcmp(out, seed, 32), 0);
    CHECK_ERR(ks_tk_open(tk, KS_TEE, &o, out, &x->f), TEE_E_STORE_ALTERED);
    CHECK_ERR(ks_tk_open(tk, KS_SKR, &o, out, &x->f), TEE_E_STORE_ALTERED);
    o.ktype = KS_P256;
    CHECK_ERR(ks_tk_open(tk, KS_LOCAL, &o, out, &x->f), TEE_E_STORE_ALTERED);
    o.ktype = KS_ED25519;
    o.class = KS_DATA;
    CHECK_ERR(ks_tk_open(tk, KS_LOCAL, &o, out, &x->f), TEE_E_STORE_ALTERED);
    o.class = KS_PRIVATE;
    o.spki = TEE_STR("Public");
    CHECK_ERR(ks_tk_open(tk, KS_LOCAL, &o, out, &x->f), TEE_E_STORE_ALTERED);
    o.spki = TEE_STR("public");
    o.uuid[0] ^= 1;
    CHECK_ERR(ks_tk_open(tk, KS_LOCAL, &o, out, &x->f), TEE_E_STORE_ALTERED);
    o.uuid[0] ^= 1;
    o.flags |= KS_O_MODIFIABLE; /* not part of what it is sealed with */
    CHECK_ERR(ks_tk_open(tk, KS_LOCAL, &o, out, &x->f), TEE_OK);
    tk->uuid[0] ^= 1; /* derived already: what differs is the AAD */
    CHECK_ERR(ks_tk_open(tk, KS_LOCAL, &o, out, &x->f), TEE_E_STORE_ALTERED);
    tk->uuid[0] ^= 1;
    o.sealed.len = KS_SEAL_OVER - 1;
    CHECK_ERR(ks_tk_open(tk, KS_LOCAL, &o, out, &x->f), TEE_E_STORE_ALTERED);
    tee_buf_clear(&sealed);
    ks_tk_put(tk);
    fix_free(x);
}

/* Sealed for this very object, but it is not the private half of what stands
 * there: signatures over one with the other give the key away. */
static enum tee_err
seal_wrongly(struct ks_store *s, void *arg, struct tee_fault *f)
{
    const struct ks_tk *tk = arg;
    struct ks_object o = *ks_store_find(s, a_uuid);
    struct tee_buf sealed;
    uint8_t seed[32];
    enum tee_err err;

    err = ks_tk_open(tk, KS_LOCAL, &o, seed, f);
    if (err != TEE_OK)
        return err;
    o.spki = ks_store_find(s, b_uuid)->spki;
    err = ks_tk_seal(tk, KS_LOCAL, &o, (struct tee_bytes){ seed, 32 }, &sealed);
    o.sealed = tee_buf_view(&sealed);
    if (err == TEE_OK)
        err = ks_store_set(s, &o, f);
    tee_buf_clear(&sealed);
    return err;
}

static void
other_half(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL);
    struct ks_edit e = { .edit = seal_wrongly };
    uint8_t pub[16];

    CHECK_ERR(fix_generate(x, KS_ED25519, pub, a_uuid), TEE_OK);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, b_uuid), TEE_OK);
    e.tk = e.arg = x->t->tk;
    CHECK_ERR(ks_busy_begin(x->t, ks_token_until(x->t), &x->f), TEE_OK);
    CHECK_ERR(ks_edit(x->t, &e, &x->f), TEE_OK);
    ks_busy_end(x->t);
    CHECK_ERR(fix_sign(x, a_uuid), TEE_E_STORE_ALTERED);
    CHECK_ERR(fix_sign(x, b_uuid), TEE_OK);
    fix_free(x);
}

/* ---- bits
 * --------------------------------------------------------------------- */

/* TEE_OK: it signed, and the signature was right by the key as made. */
static enum tee_err
sign_anew(const struct fix *x, const char *pin, const uint8_t priv[16],
          const uint8_t pk[32])
{
    struct fix *y = fix_again(x);
    enum tee_err err = ks_token_refresh(y->t, &y->f);

    if (err == TEE_OK && pin != NULL)
        err = ks_login(y->t, KS_USER, tee_bytes_of(pin), &y->f);
    if (err == TEE_OK)
        err = fix_sign(y, priv);
    if (err == TEE_OK)
        CU_ASSERT_EQUAL(memcmp(fix_object(y, priv)->spki.p + 12, pk, 32), 0);
    fix_free(y);
    return err;
}

static void
flip_all(const char *lines, const char *pin, size_t stride)
{
    struct fix *x = fix_made(lines, NULL, pin);
    uint8_t pub[16], priv[16], pk[32];
    char path[FIX_PATH];
    struct tee_buf b;
    size_t bit, signed_n = 0;
    enum tee_err err;

    if (pin != NULL)
        CHECK_ERR(ks_login(x->t, KS_USER, tee_bytes_of(pin), &x->f), TEE_OK);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    memcpy(pk, fix_object(x, priv)->spki.p + 12, 32);
    fix_file(x, "token", path);
    read_file(path, &b);
    CHECK_ERR(sign_anew(x, pin, priv, pk), TEE_OK);
    for (bit = 0; bit < b.len * 8; bit += stride) {
        b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        write_file(path, tee_buf_view(&b));
        err = sign_anew(x, pin, priv, pk);
        b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (err == TEE_OK)
            signed_n++;
        else if (err == TEE_E_SIGNATURE || err == TEE_E_SELFTEST)
            CU_FAIL("a wrong signature");
    }
    /* only tries may differ: they lie outside of the MAC; without a PIN
     * nobody looks at them */
    CU_ASSERT_TRUE(signed_n <= 32 / stride + 2);
    write_file(path, tee_buf_view(&b));
    CHECK_ERR(sign_anew(x, pin, priv, pk), TEE_OK);
    tee_buf_clear(&b);
    fix_free(x);
}

static void
flips(void)
{
    flip_all(FIX_LOCAL, NULL, fix_slow() ? 29 : 7);
}

static void
flips_pin(void)
{
    flip_all(FIX_PIN, "password", fix_slow() ? 797 : 197);
}

/* ---- MAC
 * ------------------------------------------------------------------------ */

static void
rename_object(struct ks_store *s, const void *arg)
{
    object_in(s, a_uuid)->attr[KS_A_LABEL] = TEE_STR("another");
    (void)arg;
}

/* Rewritten under a key that is not the token's: as who has only the file. */
static void
unauthentic(struct fix *x)
{
    static const uint8_t zero[32];
    char path[FIX_PATH];
    struct ks_store *s = NULL;
    struct ks_stamp stamp;
    struct tee_buf b;

    CHECK_ERR(ks_store_read(x->t->conf, &s, &stamp, &x->f), TEE_OK);
    rename_object(s, NULL);
    CHECK_ERR(ks_store_encode(s, zero, &b), TEE_OK);
    fix_file(x, "token", path);
    write_file(path, tee_buf_view(&b));
    tee_buf_clear(&b);
    ks_store_put(s);
}

static void
altered(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL), *y;
    struct tee_bytes attr[KS_A_COUNT] = { [KS_A_LABEL] = TEE_STR("l") };
    struct ks_object o = { .class = KS_DATA };
    uint8_t pub[16], uuid[16];

    o.attr[KS_A_VALUE] = TEE_STR("v");
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, a_uuid), TEE_OK);
    CHECK_ERR(fix_sign(x, a_uuid), TEE_OK);
    unauthentic(x);
    /* with the key open, and without; what is public stays readable */
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
    CHECK_ERR(fix_sign(x, a_uuid), TEE_E_STORE_ALTERED);
    CHECK_ERR(fix_sign(x, a_uuid), TEE_E_STORE_ALTERED);
    CU_ASSERT_EQUAL(fix_snap(x)->n, 2);
    y = fix_again(x);
    CHECK_ERR(ks_token_refresh(y->t, &y->f), TEE_OK);
    CHECK_ERR(fix_sign(y, a_uuid), TEE_E_STORE_ALTERED);
    CHECK_ERR(fix_generate(y, KS_ED25519, pub, uuid), TEE_E_STORE_ALTERED);
    CHECK_ERR(ks_object_create(y->t, &o, (struct tee_bytes){ 0 }, uuid, &y->f),
              TEE_E_STORE_ALTERED);
    CHECK_ERR(ks_object_set(y->t, a_uuid, attr, 0, 0, &y->f),
              TEE_E_STORE_ALTERED);
    CHECK_ERR(ks_object_destroy(y->t, a_uuid, &y->f), TEE_E_STORE_ALTERED);
    fix_free(y);
    fix_free(x);
}

static void
altered_pin(void)
{
    struct fix *x = fix_made(FIX_PIN, "security", "password");
    uint8_t pub[16];

    CHECK_ERR(ks_login(x->t, KS_USER, tee_bytes_of("password"), &x->f), TEE_OK);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, a_uuid), TEE_OK);
    ks_logout(x->t);
    unauthentic(x);
    CHECK_ERR(ks_login(x->t, KS_USER, tee_bytes_of("password"), &x->f),
              TEE_E_STORE_ALTERED);
    CU_ASSERT_EQUAL(fix_snap(x)->user_tries, KS_TRIES);
    CU_ASSERT_FALSE(fix_snap(x)->logged_in[KS_USER]);
    CHECK_ERR(fix_sign(x, a_uuid), TEE_E_LOGIN);
    CHECK_ERR(ks_set_pin(x->t, KS_USER, tee_bytes_of("password"),
                         tee_bytes_of("new pin"), &x->f),
              TEE_E_STORE_ALTERED);
    CHECK_ERR(ks_login(x->t, KS_SO, tee_bytes_of("security"), &x->f),
              TEE_E_STORE_ALTERED);
    /* the SO may always begin anew */
    CHECK_ERR(ks_token_init(x->t, tee_bytes_of("security"),
                            tee_bytes_of("password"), &x->f),
              TEE_OK);
    CHECK_ERR(ks_login(x->t, KS_USER, tee_bytes_of("password"), &x->f), TEE_OK);
    fix_free(x);
}

/* Whoever writes the disk puts a store there whose token key he knows. */
static void
downgraded(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL), *y;
    uint8_t pub[16], priv[16];

    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    y = fix_other(x, FIX_PIN);
    CHECK_ERR(ks_token_refresh(y->t, &y->f), TEE_OK);
    CHECK_ERR(fix_sign(y, priv), TEE_E_LOGIN);
    CHECK_ERR(ks_login(y->t, KS_USER, tee_bytes_of("password"), &y->f),
              TEE_E_STORE_ALTERED);
    fix_free(y);
    y = fix_other(x, FIX_TEE);
    CHECK_ERR(ks_token_refresh(y->t, &y->f), TEE_E_MALFORMED);
    CHECK_ERR(fix_sign(y, priv), TEE_E_NOTFOUND);
    fix_free(y);
    fix_free(x);
    x = fix_made(FIX_PIN, NULL, "password");
    CHECK_ERR(ks_login(x->t, KS_USER, tee_bytes_of("password"), &x->f), TEE_OK);
    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    y = fix_other(x, FIX_LOCAL);
    CHECK_ERR(ks_token_refresh(y->t, &y->f), TEE_OK);
    CHECK_ERR(fix_sign(y, priv), TEE_E_STORE_ALTERED);
    fix_free(y);
    fix_free(x);
}

/* A file that became bad, or untrusted, stops private work and keeps what was
 * read; a good one again is good again. */
static void
bad_and_good(void)
{
    struct fix *x = fix_made(FIX_LOCAL, NULL, NULL);
    uint8_t pub[16], priv[16];
    char path[FIX_PATH];
    struct tee_buf b;

    CHECK_ERR(fix_generate(x, KS_ED25519, pub, priv), TEE_OK);
    fix_file(x, "token", path);
    read_file(path, &b);
    write_file(path, (struct tee_bytes){ b.p, b.len / 2 });
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_E_MALFORMED);
    CU_ASSERT_EQUAL(fix_snap(x)->n, 2);
    CHECK_ERR(fix_sign(x, priv), TEE_E_MALFORMED);
    CHECK_ERR(ks_token_init(x->t, (struct tee_bytes){ 0 },
                            (struct tee_bytes){ 0 }, &x->f),
              TEE_E_MALFORMED);
    write_file(path, tee_buf_view(&b));
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    CU_ASSERT_EQUAL(chmod(path, 0644), 0);
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_E_TRUST);
    CHECK_ERR(fix_sign(x, priv), TEE_E_TRUST);
    CU_ASSERT_EQUAL(chmod(path, 0600), 0);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    CU_ASSERT_EQUAL(unlink(path), 0);
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
    CU_ASSERT_FALSE(fix_snap(x)->initialised);
    CU_ASSERT_EQUAL(x->t->n_keys, 0);
    CU_ASSERT_PTR_NULL(x->t->tk);
    write_file(path, tee_buf_view(&b));
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
    CHECK_ERR(fix_sign(x, priv), TEE_OK);
    tee_buf_clear(&b);
    fix_free(x);
}

static const struct test tests[] = {
    { "a sealed key opens in no other place of its store", moved },
    { "a sealed key opens in no other token", between_tokens },
    { "a sealed key opens under no other origin, token, type or class",
      between_origins },
    { "the public half is recomputed when a key is opened", other_half },
    { "no flipped bit makes a wrong signature", flips },
    { "nor with a PIN", flips_pin },
    { "an altered store signs nothing and is never signed anew", altered },
    { "with a PIN that is found at login, and costs no try", altered_pin },
    { "a token key kept in another way than configured is refused",
      downgraded },
    { "a bad file stops private work until it is good again", bad_and_good },
    { NULL, NULL },
};
const struct suite suite_altered = { "altered", tests };
