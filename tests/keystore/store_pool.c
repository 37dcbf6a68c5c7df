/* A decoded store: limits, changes, counts, no memory. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/keystore/store_make.h"
#include "tests/keystore/suites.h"
#include "tests/support/alloc.h"

static const struct make plain = { KS_LOCAL, MAKE_NONE, KS_ED25519, false },
                         two_pins = { KS_LOCAL, MAKE_BOTH, KS_ED25519, true },
                         full = { KS_TEE, MAKE_USER, KS_ED25519, true };

/* ---- limits
 * --------------------------------------------------------------------
 */

static void
test_a_thousand_objects_and_no_more(void)
{
    struct ks_store *s = make_store(&plain), *t;
    struct ks_object o;
    struct tee_fault f;
    struct tee_buf file;
    unsigned i;

    for (i = 2; i < KS_OBJECTS_MAX; i++) {
        o = make_data(1000 + i);
        CU_ASSERT_EQUAL_FATAL(ks_store_set(s, &o, &f), TEE_OK);
    }
    o = make_data(1001); /* one more */
    CU_ASSERT_EQUAL(ks_store_set(s, &o, &f), TEE_E_TOOBIG);
    CU_ASSERT_STRING_EQUAL(f.text, "more than 1000 objects");
    o = make_data(1500); /* one that is there */
    o.attr[KS_A_LABEL] = TEE_STR("changed");
    CU_ASSERT_EQUAL(ks_store_set(s, &o, &f), TEE_OK);
    CU_ASSERT_EQUAL(s->n, KS_OBJECTS_MAX);
    make_encode(s, &file);
    t = make_accepted(tee_buf_view(&file));
    CU_ASSERT_EQUAL(t->n, KS_OBJECTS_MAX);
    CU_ASSERT_TRUE(tee_bytes_equal(ks_store_find(t, o.uuid)->attr[KS_A_LABEL],
                                   TEE_STR("changed")));
    CU_ASSERT_EQUAL(memcmp(t->object[500]->uuid, o.uuid, 16), 0); /* in place */
    tee_buf_clear(&file);
    /* 1001 that decode would find: s is ours to break */
    CU_ASSERT_TRUE_FATAL(s->room > s->n);
    o = make_data(1001);
    s->object[s->n++] = &o;
    make_encode(s, &file);
    make_refused("", tee_buf_view(&file), TEE_E_MALFORMED,
                 "body: objects: more than 1000");
    tee_buf_clear(&file);
    ks_store_put(s);
    ks_store_put(t);
}

/* A data object of exactly n bytes in the file; value is the caller's. */
static struct ks_object
of_size(unsigned i, size_t n, uint8_t *value)
{
    struct ks_object o = make_data(i);
    struct tee_buf b;
    size_t over;

    o.attr[KS_A_VALUE] = (struct tee_bytes){ value, 70000 };
    tee_buf_init(&b, KS_STORE_MAX);
    ks_object_encode(&b, &o);
    over = b.len - 70000;
    tee_buf_clear(&b);
    o.attr[KS_A_VALUE].len = n - over;
    return o;
}

static void
test_an_object_of_one_mebibyte_and_no_more(void)
{
    uint8_t *value = calloc(1, KS_OBJECT_MAX);
    struct ks_store *s = make_store(&plain), *t;
    struct ks_object o = of_size(7, KS_OBJECT_MAX, value);
    struct tee_buf file;
    struct tee_fault f;

    CU_ASSERT_PTR_NOT_NULL_FATAL(value);
    CU_ASSERT_EQUAL(ks_store_set(s, &o, &f), TEE_OK);
    make_encode(s, &file);
    t = make_accepted(tee_buf_view(&file));
    CU_ASSERT_EQUAL(t->n, 3);
    tee_buf_clear(&file);
    ks_store_put(t);
    o.attr[KS_A_VALUE].len++;
    CU_ASSERT_EQUAL(ks_store_set(s, &o, &f), TEE_E_TOOBIG);
    CU_ASSERT_STRING_EQUAL(f.text, "an object of more than 1048576 bytes");
    s->object[2] = &o;
    make_encode(s, &file);
    make_refused("", tee_buf_view(&file), TEE_E_MALFORMED,
                 "body: objects: object 2: of more than 1048576 bytes");
    tee_buf_clear(&file);
    ks_store_put(s);
    free(value);
}

static void
test_a_file_of_sixteen_mebibytes_and_no_more(void)
{
    uint8_t *value = calloc(1, KS_OBJECT_MAX), key[32];
    struct ks_store *s = make_store(&plain), *t;
    struct ks_object o;
    struct tee_buf file;
    size_t left;
    unsigned i;

    CU_ASSERT_PTR_NOT_NULL_FATAL(value);
    make_mac_key(s, key);
    for (i = 10; i < 25; i++) {
        o = of_size(i, KS_OBJECT_MAX, value);
        CU_ASSERT_EQUAL_FATAL(ks_store_set(s, &o, NULL), TEE_OK);
    }
    make_encode(s, &file);
    left = KS_STORE_MAX - file.len;
    tee_buf_clear(&file);
    o = of_size(25, left, value);
    CU_ASSERT_EQUAL_FATAL(ks_store_set(s, &o, NULL), TEE_OK);
    make_encode(s, &file);
    CU_ASSERT_EQUAL(file.len, KS_STORE_MAX);
    t = make_accepted(tee_buf_view(&file));
    CU_ASSERT_EQUAL(ks_store_authentic(t, key, NULL), TEE_OK);
    ks_store_put(t);
    file.max++;
    tee_buf_u8(&file, 0);
    make_refused("", tee_buf_view(&file), TEE_E_MALFORMED,
                 "larger than 16777216 bytes");
    tee_buf_clear(&file);
    o.attr[KS_A_VALUE].len++;
    CU_ASSERT_EQUAL_FATAL(ks_store_set(s, &o, NULL), TEE_OK);
    CU_ASSERT_EQUAL(ks_store_encode(s, key, &file), TEE_E_TOOBIG);
    CU_ASSERT_PTR_NULL(file.p);
    ks_store_put(s);
    free(value);
}

/* ---- changing
 * ------------------------------------------------------------------
 */

static void
test_removed_objects_take_their_evidence_along(void)
{
    struct ks_store *s = make_store(&full);
    const struct ks_object *key = s->object[1];
    const struct ks_evidence *e = s->evidence[0];
    uint8_t other[16] = { 0 };
    size_t n = s->n;

    CU_ASSERT_EQUAL_FATAL(s->n_evidence, 1);
    CU_ASSERT_FALSE(ks_store_remove(s, other));
    CU_ASSERT_TRUE(ks_store_remove(s, s->object[0]->uuid));
    CU_ASSERT_EQUAL(s->n_evidence, 1);
    CU_ASSERT_TRUE(ks_store_remove(s, key->uuid));
    CU_ASSERT_EQUAL(s->n_evidence, 0);
    CU_ASSERT_EQUAL(s->n, n - 2);
    CU_ASSERT_PTR_NULL(ks_store_find(s, key->uuid));
    CU_ASSERT_EQUAL(ks_store_set_evidence(s, e, NULL), TEE_E_NOTFOUND);
    ks_store_put(s);
}

static void
test_there_is_one_evidence_a_key(void)
{
    struct ks_store *s = make_store(&full);
    struct ks_evidence e = *s->evidence[0];
    struct tee_fault f;

    e.bundle = TEE_STR("another");
    CU_ASSERT_EQUAL(ks_store_set_evidence(s, &e, &f), TEE_OK);
    CU_ASSERT_EQUAL_FATAL(s->n_evidence, 1);
    CU_ASSERT_TRUE(tee_bytes_equal(s->evidence[0]->bundle, TEE_STR("another")));
    CU_ASSERT_PTR_NOT_EQUAL(s->evidence[0]->bundle.p, e.bundle.p);
    memcpy(e.key, s->object[0]->uuid, 16); /* the public key */
    CU_ASSERT_EQUAL(ks_store_set_evidence(s, &e, &f), TEE_E_NOTFOUND);
    memcpy(e.key, s->object[s->n - 1]->uuid, 16);
    CU_ASSERT_EQUAL(ks_store_set_evidence(s, &e, &f), TEE_OK);
    CU_ASSERT_EQUAL(s->n_evidence, 2);
    ks_store_put(s);
    s = make_store(&two_pins);
    memcpy(e.key, s->object[1]->uuid, 16);
    CU_ASSERT_EQUAL(ks_store_set_evidence(s, &e, &f), TEE_E_PROHIBITED);
    ks_store_put(s);
}

static void
test_evidence_outlives_its_store(void)
{
    const struct ks_evidence *e, *copy = NULL;
    struct tee_buf file;
    struct ks_store *s;

    make_file(&full, &file);
    s = make_accepted(tee_buf_view(&file));
    tee_buf_clear(&file);
    e = s->evidence[0];
    ks_evidence_get(e);
    CU_ASSERT_EQUAL_FATAL(ks_evidence_copy(e, &copy), TEE_OK);
    ks_store_put(s);
    CU_ASSERT_TRUE(tee_bytes_equal(e->blobs.v[1].data, TEE_STR("a report")));
    ks_evidence_put(e);
    CU_ASSERT_TRUE(tee_bytes_equal(copy->blobs.v[1].name, TEE_STR("report")));
    CU_ASSERT_TRUE(
        tee_bytes_equal(copy->endorsements.v[0].data, TEE_STR("a chain")));
    CU_ASSERT_EQUAL(copy->time, 1767225601);
    ks_evidence_put(copy);
    ks_evidence_put(NULL);
    ks_store_put(NULL);
}

static void
test_a_token_key_in_clear_is_kept_apart(void)
{
    struct tee_buf file;
    struct ks_store *s;

    make_file(&plain, &file);
    s = make_accepted(tee_buf_view(&file));
    CU_ASSERT_EQUAL_FATAL(s->wrap[KS_USER].kind, KS_WRAP_CLEAR);
    CU_ASSERT_EQUAL(memcmp(s->wrap[KS_USER].key.p, make_tk, 32), 0);
    CU_ASSERT_TRUE(s->wrap[KS_USER].key.p < file.p ||
                   s->wrap[KS_USER].key.p >= file.p + file.len);
    CU_ASSERT_EQUAL((uintptr_t)s->wrap[KS_USER].key.p % 4096, 0); /* own page */
    CU_ASSERT_PTR_NULL(memmem(s->body.p, s->body.len, make_tk, 32));
    ks_store_put(s);
    tee_buf_clear(&file);
}

/* ---- no memory
 * -----------------------------------------------------------------
 */

static enum tee_err
decode_once(void *arg)
{
    struct tee_buf *file = arg;
    struct ks_store *s = NULL;
    struct tee_fault f = { 0 };
    enum tee_err err = ks_store_decode(tee_buf_view(file), &s, &f);

    if (err == TEE_E_NOMEM && strcmp(f.text, "no memory") != 0)
        return TEE_E_STATE;
    if ((err == TEE_OK) != (s != NULL))
        return TEE_E_STATE;
    ks_store_put(s);
    return err;
}

static enum tee_err
encode_once(void *arg)
{
    struct ks_store *s = arg;
    struct tee_buf file;
    enum tee_err err;
    uint8_t key[32];

    make_mac_key(s, key);
    err = ks_store_encode(s, key, &file);
    if ((err == TEE_OK) != (file.p != NULL))
        return TEE_E_STATE;
    tee_buf_clear(&file);
    return err == TEE_OK ? ks_store_authentic(s, key, NULL) : err;
}

/* New object, changed object, evidence: a store stays whole meanwhile. */
static enum tee_err
change_once(void *arg)
{
    const struct ks_store *from = arg;
    struct ks_object o = make_data(99);
    const struct ks_evidence *copy = NULL;
    struct ks_store *s = NULL;
    enum tee_err err;

    err = ks_store_new(&s);
    if (err != TEE_OK)
        return err;
    s->origin = KS_TEE;
    err = ks_store_set(s, &o, NULL);
    if (err == TEE_OK)
        err = ks_store_set(s, from->object[1], NULL);
    if (err == TEE_OK)
        err = ks_store_set(s, &o, NULL);
    if (err == TEE_OK)
        err = ks_store_set_evidence(s, from->evidence[0], NULL);
    if (err == TEE_OK)
        err = ks_evidence_copy(from->evidence[0], &copy);
    if ((err == TEE_OK) != (copy != NULL))
        err = TEE_E_STATE;
    ks_evidence_put(copy);
    ks_store_put(s);
    return err;
}

static void
test_every_failed_allocation_is_reported(void)
{
    const struct make *const of[] = { &plain, &two_pins, &full };
    struct tee_buf file;
    struct ks_store *s;
    size_t i;

    for (i = 0; i < TEE_LEN(of); i++) {
        make_file(of[i], &file);
        s = make_accepted(tee_buf_view(&file));
        CU_ASSERT_TRUE(alloc_torture(decode_once, &file) > 5);
        CU_ASSERT_TRUE(alloc_torture(encode_once, s) > 5);
        if (of[i] == &full)
            CU_ASSERT_TRUE(alloc_torture(change_once, s) > 20);
        ks_store_put(s);
        tee_buf_clear(&file);
    }
}

static const struct test tests[] = {
    { "a thousand objects and no more", test_a_thousand_objects_and_no_more },
    { "an object of one mebibyte and no more",
      test_an_object_of_one_mebibyte_and_no_more },
    { "a file of sixteen mebibytes and no more",
      test_a_file_of_sixteen_mebibytes_and_no_more },
    { "removed objects take their evidence along",
      test_removed_objects_take_their_evidence_along },
    { "there is one evidence a key", test_there_is_one_evidence_a_key },
    { "evidence outlives its store", test_evidence_outlives_its_store },
    { "every failed allocation is reported",
      test_every_failed_allocation_is_reported },
    { "a token key in clear is kept apart",
      test_a_token_key_in_clear_is_kept_apart },
    { NULL, NULL },
};
const struct suite suite_store_pool = { "store_pool", tests };
