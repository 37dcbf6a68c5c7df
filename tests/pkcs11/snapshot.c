#include <stdlib.h>
#include <string.h>

#include "pkcs11/tp11.h"
#include "tests/pkcs11/calls.h"
#include "tests/pkcs11/suites.h"

/*
 * The snapshot rule (pkcs11.md 10.3) on what changes without any hardware: the
 * status and the last error of a token that can't be used.
 */

static const struct list *l;
static struct tee_clock real;
static int64_t later;

static int64_t
mono_later(void)
{
    return real.mono_ms() + later;
}

static CK_SESSION_HANDLE a, b;
static CK_OBJECT_HANDLE status, key;

static CK_OBJECT_HANDLE
find(CK_OBJECT_CLASS class)
{
    CK_ATTRIBUTE t = { CKA_CLASS, &class, sizeof(class) };
    CK_OBJECT_HANDLE o = 0;
    CK_ULONG n = 0;

    CU_ASSERT_EQUAL(l->C_FindObjectsInit(a, &t, 1), CKR_OK);
    CU_ASSERT_EQUAL(l->C_FindObjects(a, &o, 1, &n), CKR_OK);
    CU_ASSERT_EQUAL(l->C_FindObjectsFinal(a), CKR_OK);
    CU_ASSERT_EQUAL(n, 1);
    return o;
}

static void
start(void)
{
    l = linked_module();
    real = tee_clock;
    later = 0;
    tee_clock.mono_ms = mono_later;
    CU_ASSERT_TRUE_FATAL(house_restore());
    CU_ASSERT_EQUAL_FATAL(house_initialize_with(l), CKR_OK);
    CU_ASSERT_EQUAL_FATAL(
        l->C_OpenSession(HOUSE_SKR, CKF_SERIAL_SESSION, NULL, NULL, &a),
        CKR_OK);
    CU_ASSERT_EQUAL_FATAL(
        l->C_OpenSession(HOUSE_SKR, CKF_SERIAL_SESSION, NULL, NULL, &b),
        CKR_OK);
    status = find(CKO_DATA);
    key = find(CKO_PRIVATE_KEY);
}

static void
end(void)
{
    CU_ASSERT_EQUAL(l->C_Finalize(NULL), CKR_OK);
    tee_clock = real;
}

/* A use that fails: from now on there is a last error. */
static void
fail(void)
{
    CK_MECHANISM m = { CKM_EDDSA, NULL, 0 };

    CU_ASSERT_EQUAL(l->C_SignInit(a, &m, key), CKR_DEVICE_ERROR);
}

static CK_ULONG
length(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type)
{
    CK_ATTRIBUTE t = { type, NULL, 0 };

    CU_ASSERT_EQUAL(l->C_GetAttributeValue(s, o, &t, 1), CKR_OK);
    return t.ulValueLen;
}

static char text[4096];

static CK_RV
value(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type,
      CK_ULONG room)
{
    CK_ATTRIBUTE t = { type, text, room };
    CK_RV rv;

    memset(text, 0, sizeof(text));
    rv = l->C_GetAttributeValue(s, o, &t, 1);
    return rv;
}

/* Of a status. */
static bool
says_error(void)
{
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"last_error\":"));
    return strstr(text, "\"last_error\":null") == NULL;
}

static void
test_a_length_query_pins_the_value(void)
{
    CK_ULONG n;

    start();
    n = length(a, status, CKA_VALUE);
    fail();
    CU_ASSERT_EQUAL(value(a, status, CKA_VALUE, n), CKR_OK);
    CU_ASSERT_FALSE(says_error());
    CU_ASSERT_EQUAL(strlen(text), n);
    end();
}

static void
test_a_full_read_ends_the_pin(void)
{
    CK_ULONG n;

    start();
    n = length(a, status, CKA_VALUE);
    fail();
    CU_ASSERT_EQUAL(value(a, status, CKA_VALUE, n), CKR_OK);
    CU_ASSERT_EQUAL(value(a, status, CKA_VALUE, sizeof(text) - 1), CKR_OK);
    CU_ASSERT(says_error());
    end();
}

static void
test_a_buffer_too_small_keeps_the_pin(void)
{
    CK_ULONG n;

    start();
    n = length(a, status, CKA_VALUE);
    fail();
    CU_ASSERT_EQUAL(value(a, status, CKA_VALUE, n - 1), CKR_BUFFER_TOO_SMALL);
    CU_ASSERT_EQUAL(value(a, status, CKA_VALUE, n), CKR_OK);
    CU_ASSERT_FALSE(says_error());
    end();
}

static void
test_another_session_has_a_pin_of_its_own(void)
{
    CK_ULONG n, m;

    start();
    n = length(a, status, CKA_VALUE);
    fail();
    m = length(b, status, CKA_VALUE);
    CU_ASSERT(m > n);
    CU_ASSERT_EQUAL(value(b, status, CKA_VALUE, m), CKR_OK);
    CU_ASSERT(says_error());
    CU_ASSERT_EQUAL(value(a, status, CKA_VALUE, n), CKR_OK);
    CU_ASSERT_FALSE(says_error());
    end();
}

static void
test_a_pin_lasts_sixty_seconds(void)
{
    CK_ULONG n;

    start();
    n = length(a, status, CKA_VALUE);
    fail();
    later += 59000;
    CU_ASSERT_EQUAL(value(a, status, CKA_VALUE, n - 1), CKR_BUFFER_TOO_SMALL);
    later += 2000;
    CU_ASSERT_EQUAL(value(a, status, CKA_VALUE, sizeof(text) - 1), CKR_OK);
    CU_ASSERT(says_error());
    end();
}

static void
test_a_second_length_query_does_not_renew_it(void)
{
    CK_ULONG n;

    start();
    n = length(a, status, CKA_VALUE);
    fail();
    CU_ASSERT_EQUAL(length(a, status, CKA_VALUE), n);
    later += 61000;
    CU_ASSERT(length(a, status, CKA_VALUE) > n);
    end();
}

static void
test_the_last_error_is_pinned_too(void)
{
    CK_ULONG n;

    start();
    fail();
    n = length(a, key, CKA_TEE_LAST_ERROR);
    CU_ASSERT_EQUAL(value(a, key, CKA_TEE_LAST_ERROR, n), CKR_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "unsupported"));
    CU_ASSERT_EQUAL(strlen(text), n);
    end();
}

/* More pins than a session keeps: the oldest goes, nothing breaks. */
static void
test_pins_have_a_ceiling(void)
{
    struct tp11_object o = { .kind = TP11_STATUS };
    struct tp11_session s = { 0 };
    struct tp11_pin *p;
    unsigned i;

    for (i = 1; i <= 40; i++) {
        o.handle = i;
        p = tp11_pin_make(&s, &o);
        CU_ASSERT_PTR_NOT_NULL_FATAL(p);
        p->asked = 1;
    }
    CU_ASSERT_PTR_NULL(tp11_pin_find(&s, 1));
    CU_ASSERT_PTR_NULL(tp11_pin_find(&s, 20));
    CU_ASSERT_PTR_NOT_NULL(tp11_pin_find(&s, 40));
    tp11_pin_read(&s, tp11_pin_find(&s, 40), 1);
    CU_ASSERT_PTR_NULL(tp11_pin_find(&s, 40));
    tp11_pins_clear(&s);
    CU_ASSERT_PTR_NULL(s.pins);
}

static void
test_a_pin_waits_for_all_that_was_asked(void)
{
    struct tp11_object o = { .kind = TP11_STATUS, .handle = 5 };
    struct tp11_session s = { 0 };
    struct tp11_pin *p = tp11_pin_make(&s, &o);

    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    p->asked = 3;
    tp11_pin_read(&s, p, 1);
    CU_ASSERT_PTR_EQUAL(tp11_pin_find(&s, 5), p);
    tp11_pin_read(&s, p, 2);
    CU_ASSERT_PTR_NULL(tp11_pin_find(&s, 5));
}

static const struct test tests[] = {
    { "a length query pins the value", test_a_length_query_pins_the_value },
    { "a full read ends the pin", test_a_full_read_ends_the_pin },
    { "a buffer too small keeps the pin",
      test_a_buffer_too_small_keeps_the_pin },
    { "another session has a pin of its own",
      test_another_session_has_a_pin_of_its_own },
    { "a pin lasts sixty seconds", test_a_pin_lasts_sixty_seconds },
    { "a second length query does not renew it",
      test_a_second_length_query_does_not_renew_it },
    { "the last error is pinned too", test_the_last_error_is_pinned_too },
    { "pins have a ceiling", test_pins_have_a_ceiling },
    { "a pin waits for all that was asked",
      test_a_pin_waits_for_all_that_was_asked },
    { NULL, NULL },
};
const struct suite snapshot_suite = { "snapshot", tests };
