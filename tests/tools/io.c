#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tools/suites.h"
#include "tools/cmd.h"

static const char *
in_dir(const char *dir, const char *name)
{
    static char path[4][256];
    static unsigned next;
    char *p = path[next++ % TEE_LEN(path)];

    (void)snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
    return p;
}

static void
test_a_file_is_written_for_its_owner_alone(void)
{
    const char *dir = test_dir(), *path = in_dir(dir, "out");
    struct tee_fault f = { 0 };
    struct tee_buf b;
    struct stat st;

    CU_ASSERT_EQUAL(cmd_write(path, TEE_STR("one"), &f), TEE_OK);
    CU_ASSERT_EQUAL(cmd_write(path, TEE_STR("two"), &f), TEE_OK);
    CU_ASSERT_EQUAL_FATAL(stat(path, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
    CU_ASSERT_EQUAL_FATAL(cmd_read(path, 16, &b, &f), TEE_OK);
    CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&b), TEE_STR("two")));
    tee_buf_clear(&b);
}

static void
test_devices_links_and_folders_are_not_replaced(void)
{
    const char *dir = test_dir(), *fifo = in_dir(dir, "fifo"),
               *link = in_dir(dir, "link"), *sub = in_dir(dir, "sub");
    struct tee_fault f = { 0 };

    CU_ASSERT_EQUAL_FATAL(mkfifo(fifo, 0600), 0);
    CU_ASSERT_EQUAL_FATAL(symlink("/dev/null", link), 0);
    CU_ASSERT_EQUAL_FATAL(mkdir(sub, 0700), 0);
    CU_ASSERT_EQUAL(cmd_write("/dev/null", TEE_STR("x"), &f), TEE_E_EXISTS);
    CU_ASSERT_EQUAL(cmd_write(fifo, TEE_STR("x"), &f), TEE_E_EXISTS);
    CU_ASSERT_EQUAL(cmd_write(link, TEE_STR("x"), &f), TEE_E_EXISTS);
    CU_ASSERT_EQUAL(cmd_write(sub, TEE_STR("x"), &f), TEE_E_EXISTS);
    CU_ASSERT_NOT_EQUAL(cmd_write(in_dir(dir, "no/file"), TEE_STR("x"), &f),
                        TEE_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.text, "no"));
}

static void
test_reading_has_a_ceiling(void)
{
    const char *path = in_dir(test_dir(), "f");
    struct tee_fault f = { 0 };
    struct tee_buf b;

    CU_ASSERT_EQUAL(cmd_write(path, TEE_STR("12345678"), &f), TEE_OK);
    CU_ASSERT_EQUAL(cmd_read(path, 7, &b, &f), TEE_E_TOOBIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.text, path));
    CU_ASSERT_EQUAL_FATAL(cmd_read(path, 8, &b, &f), TEE_OK);
    CU_ASSERT_EQUAL(b.len, 8);
    tee_buf_clear(&b);
    CU_ASSERT_EQUAL(cmd_read(in_dir(test_dir(), "gone"), 8, &b, &f),
                    TEE_E_NOTFOUND);
}

static void
test_an_empty_file_is_not_nothing(void)
{
    const char *path = in_dir(test_dir(), "empty");
    struct tee_fault f = { 0 };
    struct tee_buf b;

    CU_ASSERT_EQUAL(cmd_write(path, TEE_STR(""), &f), TEE_OK);
    CU_ASSERT_EQUAL_FATAL(cmd_read(path, 8, &b, &f), TEE_OK);
    CU_ASSERT_EQUAL(b.len, 0);
    CU_ASSERT_PTR_NOT_NULL(b.p);
    tee_buf_clear(&b);
}

static int64_t
fixed(void)
{
    return 1234;
}

static void
test_times(void)
{
    static const struct {
        const char *text;
        enum tee_err err;
        int64_t t;
    } rows[] = {
        { "0", TEE_OK, 0 },
        { "1767225600", TEE_OK, 1767225600 },
        { "2026-01-01T00:00:00Z", TEE_OK, 1767225600 },
        { "253402300799", TEE_OK, 253402300799 },
        { "now", TEE_OK, 1234 },
        { "253402300800", TEE_E_ARG, 0 },
        { "-1", TEE_E_ARG, 0 },
        { "+1", TEE_E_ARG, 0 },
        { " 1", TEE_E_ARG, 0 },
        { "1h", TEE_E_ARG, 0 },
        { "", TEE_E_ARG, 0 },
        { "99999999999999999999", TEE_E_ARG, 0 },
        { "2026-01-01T00:00:00", TEE_E_ARG, 0 },
        { "2026-13-01T00:00:00Z", TEE_E_ARG, 0 },
    };
    struct tee_clock was = tee_clock;
    struct tee_fault f;
    int64_t t;
    size_t i;

    tee_clock.wall = fixed;
    for (i = 0; i < TEE_LEN(rows); i++) {
        t = -7;
        CU_ASSERT_EQUAL(cmd_time(rows[i].text, &t, &f), rows[i].err);
        CU_ASSERT_EQUAL(t, rows[i].err == TEE_OK ? rows[i].t : -7);
    }
    tee_clock = was;
}

static void
test_paths_become_absolute(void)
{
    struct tee_fault f;
    char *p = NULL, *here = getcwd(NULL, 0);

    CU_ASSERT_PTR_NOT_NULL_FATAL(here);
    CU_ASSERT_EQUAL_FATAL(cmd_absolute("/a/b", &p, &f), TEE_OK);
    CU_ASSERT_STRING_EQUAL(p, "/a/b");
    free(p);
    CU_ASSERT_EQUAL_FATAL(cmd_absolute("b", &p, &f), TEE_OK);
    CU_ASSERT_EQUAL(strncmp(p, here, strlen(here)), 0);
    CU_ASSERT_STRING_EQUAL(p + strlen(p) - 2, "/b");
    free(p);
    free(here);
}

static const struct test tests[] = {
    { "a written file is its owner's alone, and replaces the one before",
      test_a_file_is_written_for_its_owner_alone },
    { "devices, links and folders are not replaced by a file",
      test_devices_links_and_folders_are_not_replaced },
    { "reading stops at its ceiling and names the file",
      test_reading_has_a_ceiling },
    { "an empty file reads as empty, not as nothing",
      test_an_empty_file_is_not_nothing },
    { "times are seconds or RFC 3339, nothing else", test_times },
    { "relative paths become absolute", test_paths_become_absolute },
    { NULL, NULL }
};
const struct suite suite_io = { "io", tests };
