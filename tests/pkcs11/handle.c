#include <pthread.h>
#include <stdlib.h>

#include "pkcs11/tp11.h"
#include "tests/pkcs11/suites.h"

#define HANDLES 5000

static void *
take_handles(void *arg)
{
    CK_OBJECT_HANDLE *h = arg;
    size_t i;

    for (i = 0; i < HANDLES; i++)
        h[i] = tp11_handle_next();
    return NULL;
}

static int
by_number(const void *a, const void *b)
{
    const CK_OBJECT_HANDLE *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void
test_no_handle_is_zero_or_given_twice(void)
{
    static CK_OBJECT_HANDLE h[4][HANDLES];
    pthread_t t[4];
    size_t i;

    for (i = 0; i < 4; i++)
        CU_ASSERT_FATAL(pthread_create(&t[i], NULL, take_handles, h[i]) == 0);
    for (i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    qsort(h, sizeof(h) / sizeof(h[0][0]), sizeof(h[0][0]), by_number);
    CU_ASSERT_NOT_EQUAL(h[0][0], 0);
    for (i = 1; i < sizeof(h) / sizeof(h[0][0]); i++)
        CU_ASSERT_NOT_EQUAL((&h[0][0])[i], (&h[0][0])[i - 1]);
}

static void
test_equal_hashes_keep_their_order(void)
{
    struct tp11_index x;
    uint32_t at = 77, item, want = 0;

    CU_ASSERT_FATAL(tp11_index_init(&x, 100) == TEE_OK);
    for (item = 0; item < 100; item++)
        tp11_index_add(&x, 77, item);
    while (tp11_index_next(&x, &at, &item))
        CU_ASSERT_EQUAL(item, want++);
    CU_ASSERT_EQUAL(want, 100);
    tp11_index_clear(&x);
}

static void
test_every_item_is_on_the_walk_of_its_hash(void)
{
    struct tp11_index x;
    uint32_t i, at, item, hash;
    bool found;

    CU_ASSERT_FATAL(tp11_index_init(&x, 1000) == TEE_OK);
    for (i = 0; i < 1000; i++)
        tp11_index_add(&x, i * 2654435761u, i);
    for (i = 0; i < 1000; i++) {
        hash = i * 2654435761u;
        found = false;
        for (at = hash; tp11_index_next(&x, &at, &item);)
            found = found || item == i;
        CU_ASSERT(found);
    }
    tp11_index_clear(&x);
}

static void
test_an_empty_index_has_nothing(void)
{
    struct tp11_index x;
    uint32_t at = 5, item = 9;

    CU_ASSERT_FATAL(tp11_index_init(&x, 0) == TEE_OK);
    CU_ASSERT_FALSE(tp11_index_next(&x, &at, &item));
    CU_ASSERT_EQUAL(item, 9);
    tp11_index_clear(&x);
    tp11_index_clear(&x); /* twice is fine */
}

static void
test_an_index_has_a_ceiling(void)
{
    struct tp11_index x;

    CU_ASSERT_EQUAL(tp11_index_init(&x, SIZE_MAX), TEE_E_TOOBIG);
}

static const struct test tests[] = {
    { "no handle is zero or given twice",
      test_no_handle_is_zero_or_given_twice },
    { "equal hashes keep their order", test_equal_hashes_keep_their_order },
    { "every item is on the walk of its hash",
      test_every_item_is_on_the_walk_of_its_hash },
    { "an empty index has nothing", test_an_empty_index_has_nothing },
    { "an index has a ceiling", test_an_index_has_a_ceiling },
    { NULL, NULL },
};
const struct suite handle_suite = { "handle", tests };
