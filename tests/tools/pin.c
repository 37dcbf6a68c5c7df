#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tools/suites.h"
#include "tools/cmd.h"

static const char *
file_with(const char *text, mode_t mode)
{
    static char path[256];
    FILE *out;

    if (path[0] == '\0')
        (void)snprintf(path, sizeof(path), "%s/pin", test_dir());
    (void)unlink(path);
    out = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    fputs(text, out);
    (void)fclose(out);
    CU_ASSERT_EQUAL_FATAL(chmod(path, mode), 0);
    return path;
}

static void
test_what_a_pin_file_may_hold(void)
{
    static const char p64[] = "0123456789012345678901234567890123456789"
                              "012345678901234567890123";
    static const struct {
        const char *text;
        enum tee_err err;
        size_t len;
    } rows[] = {
        { "123456\n", TEE_OK, 6 },
        { "123456", TEE_OK, 6 },
        { " 1234 ", TEE_OK, 6 }, /* blanks are part of it */
        { p64, TEE_OK, 64 },
        { "12345\n", TEE_E_PIN_LEN, 0 },
        { "", TEE_E_PIN_LEN, 0 },
        { "\n123456\n", TEE_E_PIN_LEN, 0 },
        { "123456\n\n", TEE_E_MALFORMED, 0 },
        { "123456\n654321\n", TEE_E_MALFORMED, 0 },
    };
    struct cmd_pin p;
    struct tee_fault f;
    size_t i;

    for (i = 0; i < TEE_LEN(rows); i++) {
        p = (struct cmd_pin){ 0 };
        f = (struct tee_fault){ 0 };
        CU_ASSERT_EQUAL(
            cmd_pin_file(file_with(rows[i].text, 0600), "PIN", false, &p, &f),
            rows[i].err);
        CU_ASSERT_EQUAL(cmd_pin_view(&p).len, rows[i].len);
        if (rows[i].err == TEE_OK) {
            CU_ASSERT_EQUAL(
                memcmp(cmd_pin_view(&p).p, rows[i].text, rows[i].len), 0);
        } else {
            CU_ASSERT_PTR_NULL(strstr(f.text, "12345"));
        }
        cmd_pin_clear(&p);
    }
}

static void
test_a_pin_of_65_bytes_is_too_long(void)
{
    char text[66];
    struct cmd_pin p = { 0 };
    struct tee_fault f = { 0 };

    memset(text, '7', 65);
    text[65] = '\0';
    CU_ASSERT_EQUAL(cmd_pin_file(file_with(text, 0600), "PIN", false, &p, &f),
                    TEE_E_PIN_LEN);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.text, "6 to 64"));
    CU_ASSERT_PTR_NULL(p.mem.p);
}

static void
test_a_pin_file_that_others_can_read(void)
{
    static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0666 };
    struct cmd_pin p = { 0 };
    struct tee_fault f;
    size_t i;

    for (i = 0; i < TEE_LEN(modes); i++) {
        f = (struct tee_fault){ 0 };
        CU_ASSERT_EQUAL(
            cmd_pin_file(file_with("123456\n", modes[i]), "PIN", false, &p, &f),
            TEE_E_TRUST);
        CU_ASSERT_PTR_NOT_NULL(strstr(f.text, "chmod 600"));
        CU_ASSERT_PTR_NULL(p.mem.p);
    }
}

static void
test_a_pin_file_of_somebody_else(void)
{
    const char *path = file_with("123456\n", 0600);
    struct cmd_pin p = { 0 };
    struct tee_fault f = { 0 };

    if (geteuid() != 0) {
        test_skip("needs root");
        return;
    }
    CU_ASSERT_EQUAL_FATAL(chown(path, 65534, 65534), 0);
    CU_ASSERT_EQUAL(cmd_pin_file(path, "PIN", false, &p, &f), TEE_E_TRUST);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.text, "owned by uid 65534"));
}

static void
test_folders_and_missing_files(void)
{
    struct cmd_pin p = { 0 };
    struct tee_fault f = { 0 };

    CU_ASSERT_EQUAL(cmd_pin_file("/", "PIN", false, &p, &f), TEE_E_TRUST);
    CU_ASSERT_EQUAL(cmd_pin_file("/no/such/pin", "PIN", false, &p, &f),
                    TEE_E_IO);
}

static void
test_clearing_wipes(void)
{
    struct cmd_pin p = { 0 };
    struct tee_fault f = { 0 };

    CU_ASSERT_EQUAL_FATAL(
        cmd_pin_file(file_with("123456\n", 0600), "PIN", false, &p, &f),
        TEE_OK);
    cmd_pin_clear(&p);
    CU_ASSERT_PTR_NULL(p.mem.p);
    CU_ASSERT_EQUAL(cmd_pin_view(&p).len, 0);
    CU_ASSERT_EQUAL(cmd_pin_view(NULL).len, 0);
}

static const struct test tests[] = {
    { "a PIN file holds one line of 6 to 64 bytes, and errors keep it quiet",
      test_what_a_pin_file_may_hold },
    { "a PIN of 65 bytes is too long", test_a_pin_of_65_bytes_is_too_long },
    { "a PIN file that others can read or write is refused",
      test_a_pin_file_that_others_can_read },
    { "a PIN file of somebody else is refused",
      test_a_pin_file_of_somebody_else },
    { "a folder and a missing file are no PIN",
      test_folders_and_missing_files },
    { "clearing a PIN wipes it, twice is fine", test_clearing_wipes },
    { NULL, NULL }
};
const struct suite suite_pin = { "pin", tests };
