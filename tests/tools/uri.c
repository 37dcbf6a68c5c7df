#include "config.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/suites.h"
#include "tools/cmd.h"

static void
test_a_label_is_a_uri_too(void)
{
    static const char *const labels[] = { "agent", "a;b?c=d", "100%41" };
    struct p11_kit_uri *uri = NULL;
    struct tee_fault f = { 0 };
    CK_TOKEN_INFO info;
    size_t i;

    for (i = 0; i < TEE_LEN(labels); i++) {
        CU_ASSERT_EQUAL_FATAL(cmd_uri_parse(labels[i], &uri, &f), TEE_OK);
        memset(&info, ' ', sizeof(info));
        memcpy(info.label, labels[i], strlen(labels[i]));
        CU_ASSERT_TRUE(p11_kit_uri_match_token_info(uri, &info) != 0);
        info.label[0] = 'X';
        CU_ASSERT_FALSE(p11_kit_uri_match_token_info(uri, &info) != 0);
        p11_kit_uri_free(uri);
    }
}

static void
test_what_is_no_uri(void)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        { "pkcs11:nonsense", "URI" },
        { "pkcs11:token=%zz", "URI" },
        { "pkcs11:tokn=x", "matches nothing" },
        { "pkcs11:token=x?pin-value=123456", "never an argument" },
        { "pkcs11:tokn=x?pin-value=123456", "never an argument" },
        { "pkcs11:token=%zz?pin-value=123456", "never an argument" },
    };
    struct p11_kit_uri *uri = NULL;
    struct tee_fault f;
    size_t i;

    for (i = 0; i < TEE_LEN(rows); i++) {
        f = (struct tee_fault){ 0 };
        CU_ASSERT_EQUAL(cmd_uri_parse(rows[i].text, &uri, &f), TEE_E_ARG);
        CU_ASSERT_PTR_NOT_NULL(strstr(f.text, rows[i].says));
        CU_ASSERT_PTR_NULL(strstr(f.text, "123456"));
        CU_ASSERT_PTR_NULL(uri);
    }
}

static void
test_pin_sources(void)
{
    static const struct {
        const char *text, *file; /* NULL: refused */
    } rows[] = {
        { "pkcs11:token=x?pin-source=file:/run/pin", "/run/pin" },
        { "pkcs11:token=x?pin-source=file:///run/pin", "/run/pin" },
        { "pkcs11:token=x?pin-source=/run/pin", "/run/pin" },
        { "pkcs11:token=x?pin-source=%7ccat", NULL }, /* "|cat" */
        { "pkcs11:token=x?pin-source=pin", NULL },
        { "pkcs11:token=x?pin-source=file://host/pin", NULL },
    };
    struct p11_kit_uri *uri = NULL;
    struct tee_fault f;
    char *path;
    size_t i;

    for (i = 0; i < TEE_LEN(rows); i++) {
        path = NULL;
        CU_ASSERT_EQUAL_FATAL(cmd_uri_parse(rows[i].text, &uri, &f), TEE_OK);
        CU_ASSERT_EQUAL(cmd_uri_pin_source(uri, &path, &f),
                        rows[i].file != NULL ? TEE_OK : TEE_E_ARG);
        if (rows[i].file != NULL && path != NULL)
            CU_ASSERT_STRING_EQUAL(path, rows[i].file);
        free(path);
        p11_kit_uri_free(uri);
    }
    CU_ASSERT_EQUAL_FATAL(cmd_uri_parse("x", &uri, &f), TEE_OK);
    CU_ASSERT_EQUAL(cmd_uri_pin_source(uri, &path, &f), TEE_OK);
    CU_ASSERT_PTR_NULL(path);
    p11_kit_uri_free(uri);
}

static const struct test tests[] = {
    { "a label stands for its token, whatever its characters",
      test_a_label_is_a_uri_too },
    { "what is no URI, or holds a PIN, is refused and not repeated",
      test_what_is_no_uri },
    { "a pin-source is a file by its absolute path", test_pin_sources },
    { NULL, NULL }
};
const struct suite suite_uri = { "uri", tests };
