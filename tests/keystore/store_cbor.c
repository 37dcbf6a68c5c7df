/* The codec of the store file: syntax, limits, MAC, sweeps. */
#include "config.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/keystore/store_make.h"
#include "tests/keystore/suites.h"

static const struct make plain = { KS_LOCAL, MAKE_NONE, KS_ED25519, false },
                         two_pins = { KS_LOCAL, MAKE_BOTH, KS_ED25519, true },
                         full = { KS_TEE, MAKE_USER, KS_ED25519, true },
                         released = { KS_SKR, MAKE_NONE, KS_ED25519, true };

/* ---- sweeps
 * ------------------------------------------------------------------
 */

static void
test_every_prefix_is_refused(void)
{
    struct tee_buf file;
    struct tee_fault f;
    struct ks_store *s = NULL;
    size_t n;

    make_file(&full, &file);
    for (n = 0; n < file.len; n++) {
        f.text[0] = '\0';
        CU_ASSERT_EQUAL(
            ks_store_decode((struct tee_bytes){ file.p, n }, &s, &f),
            TEE_E_MALFORMED);
        CU_ASSERT_NOT_EQUAL(f.text[0], '\0');
        CU_ASSERT_PTR_NULL(s);
    }
    tee_buf_u8(&file, 0xf6);
    make_refused("", tee_buf_view(&file), TEE_E_MALFORMED,
                 "bytes behind its end");
    tee_buf_clear(&file);
}

/*
 * Every bit turned over: refused, or caught by the MAC, or among wraps and
 * tries, which lie outside of it (a wrap that was changed does not open; a
 * count of tries that was changed is what "pin-counter: advisory" says).
 * What is taken is written again as it was.
 */
static void
flip(struct tee_buf *file, size_t outside, const uint8_t key[32], size_t bit,
     size_t count[3])
{
    struct ks_store *s = NULL;
    struct tee_buf again;
    enum tee_err err;

    file->p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    err = ks_store_decode(tee_buf_view(file), &s, NULL);
    if (err != TEE_OK) {
        CU_ASSERT(err == TEE_E_MALFORMED || err == TEE_E_STORE_VERSION);
        count[0]++;
    } else {
        if (ks_store_authentic(s, key, NULL) == TEE_E_STORE_ALTERED) {
            count[1]++;
        } else {
            CU_ASSERT_TRUE(bit / 8 >= outside);
            count[2]++;
        }
        CU_ASSERT_EQUAL(ks_store_encode(s, NULL, &again), TEE_OK);
        CU_ASSERT_TRUE(
            tee_bytes_equal(tee_buf_view(&again), tee_buf_view(file)));
        tee_buf_clear(&again);
        ks_store_put(s);
    }
    file->p[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static void
flip_all(const struct make *m)
{
    struct ks_store *s = make_store(m);
    size_t bit, outside, count[3] = { 0 };
    struct tee_buf file;
    uint8_t key[32];

    make_mac_key(s, key);
    make_encode(s, &file);
    ks_store_put(s);
    s = make_accepted(tee_buf_view(&file));
    outside = (size_t)((const uint8_t *)memmem(file.p, file.len, s->mac, 32) -
                       file.p) +
              32;
    for (bit = 0; bit < 8 * file.len; bit++)
        flip(&file, outside, key, bit, count);
    printf("    of %zu flipped bits %zu are refused, %zu caught by the MAC, "
           "%zu in wraps and tries\n",
           bit, count[0], count[1], count[2]);
    CU_ASSERT_EQUAL(count[0] + count[1] + count[2], bit);
    CU_ASSERT_TRUE(count[0] > 0 && count[1] > 0 && count[2] > 0);
    ks_store_put(s);
    tee_buf_clear(&file);
}

static void
test_every_flipped_bit_is_refused_or_caught(void)
{
    flip_all(&plain);
    flip_all(&two_pins);
    flip_all(&full);
}

/* ---- syntax
 * ------------------------------------------------------------------
 */

/* Puts `to` in the place of the first `from`. */
static void
patch(struct tee_buf *b, struct tee_bytes from, struct tee_bytes to)
{
    const uint8_t *hit;
    struct tee_buf out;
    size_t i;

    hit = memmem(b->p, b->len, from.p, from.len);
    CU_ASSERT_PTR_NOT_NULL_FATAL(hit);
    i = (size_t)(hit - b->p);
    tee_buf_init(&out, b->max);
    tee_buf_put(&out, b->p, i);
    tee_buf_bytes(&out, to);
    tee_buf_put(&out, b->p + i + from.len, b->len - i - from.len);
    tee_buf_clear(b);
    *b = out;
}

/* A file around this body, with the wraps and tries of a `local` store. */
static void
around(struct tee_bytes body, struct tee_buf *ret)
{
    static const uint8_t mac[32] = { 1 };

    tee_buf_init(ret, KS_STORE_MAX * 2);
    tee_cbor_map(ret, 6);
    tee_cbor_uint(ret, 0);
    tee_cbor_text(ret, TEE_STR("tee-pkcs11.store"));
    tee_cbor_uint(ret, 1);
    tee_cbor_uint(ret, 1);
    tee_cbor_uint(ret, 2);
    tee_cbor_bytes(ret, body);
    tee_cbor_uint(ret, 3);
    tee_cbor_bytes(ret, (struct tee_bytes){ mac, sizeof(mac) });
    tee_cbor_uint(ret, 4);
    tee_cbor_map(ret, 1);
    tee_cbor_uint(ret, 1);
    tee_cbor_map(ret, 2);
    tee_cbor_uint(ret, 0);
    tee_cbor_uint(ret, 0);
    tee_cbor_uint(ret, 1);
    tee_cbor_bytes(ret, (struct tee_bytes){ make_tk, 32 });
    tee_cbor_uint(ret, 5);
    tee_cbor_map(ret, 2);
    tee_cbor_uint(ret, 1);
    tee_cbor_uint(ret, 0);
    tee_cbor_uint(ret, 2);
    tee_cbor_uint(ret, 0);
}

#define CUT ": cut short, of a wrong type, or not in its shortest form"
#define S(s)                                                                   \
    {                                                                          \
        (const uint8_t *)(s), sizeof(s) - 1                                    \
    }

/* Patches of the file of `plain`, outside of the body. */
static const struct mistake {
    const char *what;
    struct tee_bytes from, to;
    enum tee_err err;
    const char *text;
} in_file[] = {
    { "no map", S("\xa6\x00\x70"), S("\x86\x00\x70"), TEE_E_MALFORMED,
      "map" CUT },
    { "indefinite map", S("\xa6\x00\x70"), S("\xbf\x00\x70"), TEE_E_MALFORMED,
      "map" CUT },
    { "tagged map", S("\xa6\x00\x70"), S("\xd9\xd9\xf7\xa6\x00\x70"),
      TEE_E_MALFORMED, "map" CUT },
    { "long count", S("\xa6\x00\x70"), S("\xb8\x06\x00\x70"), TEE_E_MALFORMED,
      "map" CUT },
    { "long key", S("\x00\x70tee"), S("\x18\x00\x70tee"), TEE_E_MALFORMED,
      "map" CUT },
    { "other magic", S("11.store"), S("12.store"), TEE_E_MALFORMED,
      "magic: not a store of tee-pkcs11" },
    { "magic as bytes", S("\x00\x70tee"), S("\x00\x50tee"), TEE_E_MALFORMED,
      "magic" CUT },
    { "newer schema", S("store\x01\x01"), S("store\x01\x02"),
      TEE_E_STORE_VERSION,
      "schema version: 2; this build knows 1: a newer tee-pkcs11 wrote the "
      "file, use that one" },
    { "newest schema", S("store\x01\x01"),
      S("store\x01\x1b\xff\xff\xff\xff\xff\xff\xff\xff"), TEE_E_STORE_VERSION,
      "schema version: 18446744073709551615; this build knows 1: a newer "
      "tee-pkcs11 wrote the file, use that one" },
    { "schema zero", S("store\x01\x01"), S("store\x01\x00"), TEE_E_MALFORMED,
      "schema version: 0" },
    { "negative schema", S("store\x01\x01"), S("store\x01\x20"),
      TEE_E_MALFORMED, "schema version" CUT },
    { "long schema", S("store\x01\x01"), S("store\x01\x18\x01"),
      TEE_E_MALFORMED, "schema version" CUT },
    { "a key twice", S("store\x01\x01\x02"), S("store\x01\x01\x01"),
      TEE_E_MALFORMED, "map" CUT },
    { "keys out of order", S("\x05\xa2\x01\x00\x02\x00"),
      S("\x05\xa2\x02\x00\x01\x00"), TEE_E_MALFORMED,
      "tries: user: is missing" },
    { "no tries", S("\x05\xa2\x01\x00\x02\x00"), S(""), TEE_E_MALFORMED,
      "map" CUT },
    { "no wraps", S("\x04\xa1\x01\xa2\x00\x00"), S("\x06\xa1\x01\xa2\x00\x00"),
      TEE_E_MALFORMED, "wraps: is missing" },
    { "tries under another key", S("\x05\xa2\x01\x00\x02\x00"),
      S("\x06\xa2\x01\x00\x02\x00"), TEE_E_MALFORMED, "tries: is missing" },
    { "eleven tries", S("\x05\xa2\x01\x00\x02\x00"),
      S("\x05\xa2\x01\x0b\x02\x00"), TEE_E_MALFORMED,
      "tries: user: outside of its limits" },
    { "many tries", S("\x05\xa2\x01\x00\x02\x00"),
      S("\x05\xa2\x01\x00\x02\x1b\x00\x00\x00\x01\x00\x00\x00\x00"),
      TEE_E_MALFORMED, "tries: SO: outside of its limits" },
    { "tries of one role", S("\x05\xa2\x01\x00\x02\x00"), S("\x05\xa1\x01\x00"),
      TEE_E_MALFORMED, "tries: SO: is missing" },
    { "tries of a third role", S("\x05\xa2\x01\x00\x02\x00"),
      S("\x05\xa3\x01\x00\x02\x00\x03\x00"), TEE_E_MALFORMED,
      "tries: unknown member 3" },
    { "wrap of a third role", S("\x04\xa1\x01\xa2\x00\x00"),
      S("\x04\xa1\x03\xa2\x00\x00"), TEE_E_MALFORMED, "wraps: unknown role 3" },
    { "unknown kind of wrap", S("\x04\xa1\x01\xa2\x00\x00"),
      S("\x04\xa1\x01\xa2\x00\x03"), TEE_E_MALFORMED,
      "wraps: user: kind: unknown" },
    { "huge kind of wrap", S("\x04\xa1\x01\xa2\x00\x00"),
      S("\x04\xa1\x01\xa2\x00\x1b\xff\xff\xff\xff\xff\xff\xff\xff"),
      TEE_E_MALFORMED, "wraps: user: kind: unknown" },
    { "wrap without key", S("\x04\xa1\x01\xa2\x00\x00\x01"),
      S("\x04\xa1\x01\xa2\x00\x00\x04"), TEE_E_MALFORMED,
      "wraps: user: key: is missing" },
    { "short mac", S("\x03\x58\x20"), S("\x03\x58\x1f"), TEE_E_MALFORMED,
      "mac: outside of its limits" },
};

static void
test_each_mistake_of_syntax_is_named(void)
{
    const struct mistake *m;
    struct tee_buf file;
    size_t i;

    for (i = 0; i < TEE_LEN(in_file); i++) {
        m = &in_file[i];
        make_file(&plain, &file);
        patch(&file, m->from, m->to);
        make_refused(m->what, tee_buf_view(&file), m->err, m->text);
        tee_buf_clear(&file);
    }
}

/* Patches of its body; each is put into a file of its own. */
static const struct mistake in_body[] = {
    { "no map", S("\xa6\x00\x50"), S("\x86\x00\x50"), TEE_E_MALFORMED,
      "body: map" CUT },
    { "a short uuid", S("\xa6\x00\x50"), S("\xa6\x00\x4f"), TEE_E_MALFORMED,
      "body: token uuid: outside of its limits" },
    { "uuid as text", S("\xa6\x00\x50"), S("\xa6\x00\x70"), TEE_E_MALFORMED,
      "body: token uuid" CUT },
    { "a fourth origin", S("\x01\x00\x02\x50"), S("\x01\x03\x02\x50"),
      TEE_E_MALFORMED, "body: origin: outside of its limits" },
    { "a time over 2^63", S("\x03\x1a\x69\x55\xb9\x00"),
      S("\x03\x1b\x80\x00\x00\x00\x00\x00\x00\x00"), TEE_E_MALFORMED,
      "body: time: outside of its limits" },
    { "a time before the epoch", S("\x03\x1a\x69\x55\xb9\x00"), S("\x03\x20"),
      TEE_E_MALFORMED, "body: time" CUT },
    { "a long time", S("\x03\x1a\x69\x55\xb9\x00"),
      S("\x03\x1b\x00\x00\x00\x00\x69\x55\xb9\x00"), TEE_E_MALFORMED,
      "body: time" CUT },
    { "more objects than bytes", S("\x04\x82\xa7"), S("\x04\x99\x03\xe9\xa7"),
      TEE_E_MALFORMED,
      "body: objects: cut short, of a wrong type, or not in "
      "its shortest form" },
    { "more objects than there are", S("\x04\x82\xa7"), S("\x04\x83\xa7"),
      TEE_E_MALFORMED, "body: objects: object 2: map" CUT },
    { "an indefinite list", S("\x04\x82\xa7"), S("\x04\x9f\xa7"),
      TEE_E_MALFORMED, "body: objects" CUT },
    { "class 4", S("\x01\x02\x02\x19\x01\x16"), S("\x01\x04\x02\x19\x01\x16"),
      TEE_E_MALFORMED,
      "body: objects: object 0: class: outside of its limits" },
    { "an unknown flag", S("\x01\x02\x02\x19\x01\x16"),
      S("\x01\x02\x02\x19\x08\x00"), TEE_E_MALFORMED,
      "body: objects: object 0: flags: outside of its limits" },
    { "flags over 32 bits", S("\x01\x02\x02\x19\x01\x16"),
      S("\x01\x02\x02\x1b\x00\x00\x00\x01\x00\x00\x00\x00"), TEE_E_MALFORMED,
      "body: objects: object 0: flags: outside of its limits" },
    { "key type none, written", S("\x04\x01\x06\xa2"), S("\x04\x00\x06\xa2"),
      TEE_E_MALFORMED,
      "body: objects: object 0: key type: outside of its limits" },
    { "key type 11", S("\x04\x01\x06\xa2"), S("\x04\x0b\x06\xa2"),
      TEE_E_MALFORMED,
      "body: objects: object 0: key type: outside of its "
      "limits" },
    { "attribute 11", S("\x06\xa2\x00\x45"), S("\x06\xa2\x0b\x45"),
      TEE_E_MALFORMED,
      "body: objects: object 0: attributes: unknown attribute 11" },
    { "attributes out of order", S("\x06\xa2\x00\x45"), S("\x06\xa2\x02\x45"),
      TEE_E_MALFORMED, "body: objects: object 0: attributes" CUT },
    { "an attribute as text", S("\x06\xa2\x00\x45"), S("\x06\xa2\x00\x65"),
      TEE_E_MALFORMED, "body: objects: object 0: attributes" CUT },
    { "no attributes", S("\x06\xa2\x00\x45"), S("\x0a\xa2\x00\x45"),
      TEE_E_MALFORMED, "body: objects: object 0: attributes: is missing" },
    { "no evidence", S("\x05\x80"), S("\x06\x80"), TEE_E_MALFORMED,
      "body: evidence: is missing" },
};

static void
check_body(const struct mistake *m, const struct make *of)
{
    struct ks_store *s;
    struct tee_buf body, file;

    make_file(of, &file);
    s = make_accepted(tee_buf_view(&file));
    tee_buf_clear(&file);
    tee_buf_init(&body, KS_STORE_MAX);
    tee_buf_bytes(&body, s->body);
    patch(&body, m->from, m->to);
    around(tee_buf_view(&body), &file);
    make_refused(m->what, tee_buf_view(&file), m->err, m->text);
    tee_buf_clear(&body);
    tee_buf_clear(&file);
    ks_store_put(s);
}

static void
test_each_mistake_of_the_body_is_named(void)
{
    size_t i;

    for (i = 0; i < TEE_LEN(in_body); i++) {
        check_body(&in_body[i], &plain);
    }
}

/* Patches of the body of `full`. */
static const struct mistake in_full[] = {
    { "category zero, written", S("\x05\x01\x06"), S("\x05\x00\x06"),
      TEE_E_MALFORMED,
      "body: objects: object 2: category: outside of its limits" },
    { "a member of evidence is missing", S("\x03\x69simulated"), S(""),
      TEE_E_MALFORMED, NULL },
    { "an empty platform", S("\x03\x69simulated"), S("\x03\x60"),
      TEE_E_MALFORMED,
      "body: evidence: evidence 0: platform: outside of its limits" },
    { "a platform that is not UTF-8", S("\x03\x69simulated"), S("\x03\x61\xff"),
      TEE_E_MALFORMED, "body: evidence: evidence 0: platform" CUT },
    { "a blob of three", S("\x07\x82\x82"), S("\x07\x82\x83"), TEE_E_MALFORMED,
      "body: evidence: evidence 0: blobs" CUT },
    { "17 blobs", S("\x07\x82\x82"), S("\x07\x91\x82"), TEE_E_MALFORMED,
      "body: evidence: evidence 0: blobs: more than 16" },
    { "17 endorsements", S("\x08\x81"), S("\x08\x91"), TEE_E_MALFORMED,
      "body: evidence: evidence 0: endorsements: more than 16" },
};

static void
test_each_mistake_of_the_full_body_is_named(void)
{
    size_t i;

    for (i = 0; i < TEE_LEN(in_full); i++) {
        check_body(&in_full[i], &full);
    }
}

static const struct mistake in_kdf[] = {
    { "N below", S("\x84\x0e\x08\x01\x58\x20"), S("\x84\x0d\x08\x01\x58\x20"),
      TEE_E_MALFORMED, "wraps: user: kdf: outside of its limits" },
    { "N above", S("\x84\x0e\x08\x01\x58\x20"), S("\x84\x12\x08\x01\x58\x20"),
      TEE_E_MALFORMED, "wraps: user: kdf: outside of its limits" },
    { "N far above", S("\x84\x0e\x08\x01\x58\x20"),
      S("\x84\x1b\x00\x00\x00\x01\x00\x00\x00\x0e\x08\x01\x58\x20"),
      TEE_E_MALFORMED, "wraps: user: kdf: outside of its limits" },
    { "another r", S("\x84\x0e\x08\x01\x58\x20"), S("\x84\x0e\x09\x01\x58\x20"),
      TEE_E_MALFORMED, "wraps: user: kdf: outside of its limits" },
    { "another p", S("\x84\x0e\x08\x01\x58\x20"), S("\x84\x0e\x08\x02\x58\x20"),
      TEE_E_MALFORMED, "wraps: user: kdf: outside of its limits" },
    { "a short salt", S("\x84\x0e\x08\x01\x58\x20"),
      S("\x84\x0e\x08\x01\x58\x1f"), TEE_E_MALFORMED,
      "wraps: user: kdf: outside of its limits" },
    { "five members", S("\x84\x0e\x08\x01\x58\x20"),
      S("\x85\x0e\x08\x01\x58\x20"), TEE_E_MALFORMED,
      "wraps: user: kdf: outside of its limits" },
    { "no list", S("\x84\x0e\x08\x01\x58\x20"), S("\xa4\x0e\x08\x01\x58\x20"),
      TEE_E_MALFORMED, "wraps: user: kdf" CUT },
};

static void
test_parameters_of_scrypt_outside_of_their_limits_are_refused(void)
{
    struct tee_buf file;
    size_t i;

    for (i = 0; i < TEE_LEN(in_kdf); i++) {
        make_file(&two_pins, &file);
        patch(&file, in_kdf[i].from, in_kdf[i].to);
        make_refused(in_kdf[i].what, tee_buf_view(&file), in_kdf[i].err,
                     in_kdf[i].text);
        tee_buf_clear(&file);
    }
}

/* ---- the MAC
 * -------------------------------------------------------------------
 */

/* There, but zero: absent would say the same in fewer bytes. */
static void
test_a_boot_id_of_zeros_is_refused(void)
{
    struct tee_buf body, file;
    struct ks_store *s;
    const uint8_t *boot;
    uint8_t id[16];

    make_fixed("boot", id, sizeof(id));
    make_file(&full, &file);
    s = make_accepted(tee_buf_view(&file));
    tee_buf_clear(&file);
    tee_buf_init(&body, KS_STORE_MAX);
    tee_buf_bytes(&body, s->body);
    boot = memmem(body.p, body.len, id, sizeof(id)); /* the object's */
    CU_ASSERT_PTR_NOT_NULL_FATAL(boot);
    memset(body.p + (boot - body.p), 0, sizeof(id));
    around(tee_buf_view(&body), &file);
    make_refused("", tee_buf_view(&file), TEE_E_MALFORMED,
                 "body: objects: object 5: boot id: outside of its limits");
    tee_buf_clear(&body);
    tee_buf_clear(&file);
    ks_store_put(s);
}

static void
test_a_body_of_another_file_is_caught(void)
{
    struct ks_store *a = make_store(&plain), *b = make_store(&two_pins);
    struct tee_buf file;
    uint8_t key[32];

    make_mac_key(a, key);
    make_encode(a, &file);
    ks_store_put(a);
    a = make_accepted(tee_buf_view(&file));
    tee_buf_clear(&file);
    /* b's objects with a's mac, wraps and tries */
    b->has_mac = true;
    memcpy(b->mac, a->mac, 32);
    memcpy(b->wrap, a->wrap, sizeof(b->wrap));
    CU_ASSERT_EQUAL(ks_store_authentic(b, key, NULL), TEE_E_STORE_ALTERED);
    CU_ASSERT_EQUAL(ks_store_authentic(a, key, NULL), TEE_OK);
    key[31] ^= 1;
    CU_ASSERT_EQUAL(ks_store_authentic(a, key, NULL), TEE_E_STORE_ALTERED);
    ks_store_put(a);
    ks_store_put(b);
}

static void
test_a_sealed_value_of_another_object_token_or_origin_stays_shut(void)
{
    const struct make tee = { KS_TEE, MAKE_NONE, KS_ED25519, false };
    struct ks_store *a = make_store(&plain), *b = make_store(&tee);
    struct ks_object moved = *a->object[1];
    struct tee_buf plaintext;

    CU_ASSERT_TRUE(make_unseal(a, &moved, &plaintext));
    tee_buf_clear(&plaintext);
    CU_ASSERT_FALSE(make_unseal(b, &moved, &plaintext)); /* another origin */
    a->uuid[0] ^= 1;
    CU_ASSERT_FALSE(make_unseal(a, &moved, &plaintext)); /* another token */
    a->uuid[0] ^= 1;
    memcpy(moved.uuid, a->object[0]->uuid, 16);
    CU_ASSERT_FALSE(make_unseal(a, &moved, &plaintext)); /* another object */
    ks_store_put(a);
    ks_store_put(b);
}

/* Tries and wraps change without the token key; the rest can't. */
static void
test_without_the_key_only_tries_and_wraps_change(void)
{
    struct ks_object data = make_data(9);
    struct tee_buf file, changed;
    struct ks_store *s, *t;
    uint8_t key[32];

    make_file(&two_pins, &file);
    s = make_accepted(tee_buf_view(&file));
    make_mac_key(s, key);
    s->used[KS_USER] = 7;
    s->wrap[KS_SO] = (struct ks_wrap){ 0 };
    CU_ASSERT_EQUAL_FATAL(ks_store_encode(s, NULL, &changed), TEE_OK);
    t = make_accepted(tee_buf_view(&changed));
    CU_ASSERT_TRUE(tee_bytes_equal(s->body, t->body));
    CU_ASSERT_EQUAL(memcmp(s->mac, t->mac, 32), 0);
    CU_ASSERT_EQUAL(ks_store_authentic(t, key, NULL), TEE_OK);
    CU_ASSERT_EQUAL(t->used[KS_USER], 7);
    CU_ASSERT_EQUAL(t->wrap[KS_SO].kind, KS_WRAP_NONE);
    tee_buf_clear(&changed);
    CU_ASSERT_EQUAL(ks_store_set(s, &data, NULL), TEE_OK);
    CU_ASSERT_EQUAL(ks_store_encode(s, NULL, &changed), TEE_E_STATE);
    CU_ASSERT_PTR_NULL(changed.p);
    CU_ASSERT_EQUAL(ks_store_encode(s, key, &changed), TEE_OK);
    tee_buf_clear(&changed);
    s->time++;
    CU_ASSERT_EQUAL(ks_store_encode(t, NULL, &changed), TEE_OK);
    tee_buf_clear(&changed);
    t->epoch[3] ^= 1;
    CU_ASSERT_EQUAL(ks_store_encode(t, NULL, &changed), TEE_E_STATE);
    ks_store_put(s);
    ks_store_put(t);
    tee_buf_clear(&file);
}

static void
test_a_released_key_has_no_token_key(void)
{
    struct ks_store *s = make_store(&released);
    uint8_t key[32] = { 0 };
    struct tee_buf file;

    CU_ASSERT_EQUAL(ks_store_encode(s, key, &file), TEE_E_ARG);
    CU_ASSERT_EQUAL(ks_store_encode(s, NULL, &file), TEE_OK);
    CU_ASSERT_EQUAL(ks_store_authentic(s, key, NULL), TEE_E_STORE_ALTERED);
    tee_buf_clear(&file);
    ks_store_put(s);
    s = make_store(&plain); /* new: nothing was read that could stay */
    CU_ASSERT_EQUAL(ks_store_encode(s, NULL, &file), TEE_E_STATE);
    ks_store_put(s);
}

static const struct test tests[] = {
    { "every prefix is refused", test_every_prefix_is_refused },
    { "every flipped bit is refused or caught",
      test_every_flipped_bit_is_refused_or_caught },
    { "each mistake of syntax is named", test_each_mistake_of_syntax_is_named },
    { "each mistake of the body is named",
      test_each_mistake_of_the_body_is_named },
    { "each mistake of certificate and evidence is named",
      test_each_mistake_of_the_full_body_is_named },
    { "parameters of scrypt outside of their limits are refused",
      test_parameters_of_scrypt_outside_of_their_limits_are_refused },
    { "a boot id of zeros is refused", test_a_boot_id_of_zeros_is_refused },
    { "a body of another file is caught",
      test_a_body_of_another_file_is_caught },
    { "a sealed value of another object, token or origin stays shut",
      test_a_sealed_value_of_another_object_token_or_origin_stays_shut },
    { "without the key only tries and wraps change",
      test_without_the_key_only_tries_and_wraps_change },
    { "a released key has no token key", test_a_released_key_has_no_token_key },
    { NULL, NULL },
};
const struct suite suite_store_cbor = { "store_cbor", tests };
