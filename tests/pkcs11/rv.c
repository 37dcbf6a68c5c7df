#include "pkcs11/tp11.h"
#include "tests/pkcs11/suites.h"

static void
test_no_error_is_a_success(void)
{
    int e;

    CU_ASSERT_EQUAL(tp11_rv(TEE_OK), CKR_OK);
    for (e = 1; e < TEE_E_COUNT; e++)
        CU_ASSERT_NOT_EQUAL(tp11_rv((enum tee_err)e), CKR_OK);
}

static void
test_a_number_without_a_row_is_a_general_error(void)
{
    CU_ASSERT_EQUAL(tp11_rv(TEE_E_COUNT), CKR_GENERAL_ERROR);
    CU_ASSERT_EQUAL(tp11_rv((enum tee_err)(TEE_E_COUNT + 100)),
                    CKR_GENERAL_ERROR);
}

static void
test_a_refusal_is_rejected_and_an_outage_is_a_device_error(void)
{
    static const enum tee_err refused[] = { TEE_E_POLICY_DENIED,
                                            TEE_E_POLICY_INVALID,
                                            TEE_E_KEY_EXPIRED,
                                            TEE_E_NOT_TEE_BOUND },
                              out[] = { TEE_E_TIMEOUT,  TEE_E_UNAVAIL,
                                        TEE_E_PEER,     TEE_E_STORE_ALTERED,
                                        TEE_E_KEY_ACQ,  TEE_E_COLLECT,
                                        TEE_E_IO,       TEE_E_UNSUPPORTED,
                                        TEE_E_SEAL_AUTH };
    size_t i;

    for (i = 0; i < TEE_LEN(refused); i++)
        CU_ASSERT_EQUAL(tp11_rv(refused[i]), CKR_FUNCTION_REJECTED);
    for (i = 0; i < TEE_LEN(out); i++)
        CU_ASSERT_EQUAL(tp11_rv(out[i]), CKR_DEVICE_ERROR);
}

static void
test_only_a_missing_login_asks_for_a_login(void)
{
    int e;

    for (e = 0; e < TEE_E_COUNT; e++)
        CU_ASSERT_EQUAL(tp11_rv((enum tee_err)e) == CKR_USER_NOT_LOGGED_IN,
                        e == TEE_E_LOGIN);
}

static const struct test tests[] = {
    { "no error is a success", test_no_error_is_a_success },
    { "a number without a row is a general error",
      test_a_number_without_a_row_is_a_general_error },
    { "a refusal is rejected and an outage is a device error",
      test_a_refusal_is_rejected_and_an_outage_is_a_device_error },
    { "only a missing login asks for a login",
      test_only_a_missing_login_asks_for_a_login },
    { NULL, NULL },
};
const struct suite rv_suite = { "rv", tests };
