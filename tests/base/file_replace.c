/* Replacing a file: all of it or nothing, whoever looks. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/base/file_kit.h"
#include "tests/base/suites.h"
#include "tests/support/alloc.h"

static struct tee_fault fault;

static bool
says(const char *part)
{
    if (strstr(fault.text, part) != NULL)
        return true;
    printf("    %s\n", fault.text);
    return false;
}

static struct tee_bytes
content(const char *path)
{
    static struct tee_buf b;

    tee_buf_clear(&b);
    if (tee_file_read(path, &tee_rule_public, 1 << 20, &b, NULL) != TEE_OK)
        return TEE_STR("(unreadable)");
    return tee_buf_view(&b);
}

/* Names in the folder besides "." and "..". */
static unsigned
entries(const char *dir)
{
    DIR *d = opendir(dir);
    unsigned n = 0;

    while (d != NULL && readdir(d) != NULL)
        n++;
    if (d != NULL)
        (void)closedir(d);
    return n - 2;
}

static void
test_replace(void)
{
    const char *dir = test_dir();
    int d = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    unsigned before = file_descriptors();
    struct stat st, st2;
    mode_t mask = umask(0777); /* the mode asked for, whatever the mask */

    CU_ASSERT_EQUAL(
        tee_file_replace(d, "f", TEE_STR("one"), 0640, (gid_t)-1, NULL),
        TEE_OK);
    CU_ASSERT_EQUAL(stat(file_at(dir, "f"), &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 07777, 0640);
    CU_ASSERT_EQUAL(
        tee_file_replace(d, "f", TEE_STR("two!"), 0600, (gid_t)-1, NULL),
        TEE_OK);
    (void)umask(mask);
    CU_ASSERT_EQUAL(stat(file_at(dir, "f"), &st2), 0);
    CU_ASSERT_EQUAL(st2.st_mode & 07777, 0600);
    CU_ASSERT_NOT_EQUAL(st.st_ino, st2.st_ino); /* never written in place */
    CU_ASSERT_TRUE(
        tee_bytes_equal(content(file_at(dir, "f")), TEE_STR("two!")));
    CU_ASSERT_EQUAL(
        tee_file_replace(d, "f", TEE_STR(""), 0600, (gid_t)-1, NULL), TEE_OK);
    CU_ASSERT_EQUAL(content(file_at(dir, "f")).len, 0);
    CU_ASSERT_EQUAL(entries(dir), 1);
    CU_ASSERT_EQUAL(file_descriptors(), before);
    (void)close(d);
}

static void
test_replace_names(void)
{
    static const char *const bad[] = { "", ".", "..", "a/b", "/a", "../a" };
    const char *dir = test_dir();
    int d = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char long_name[256];
    size_t i;

    CU_ASSERT_EQUAL(mkdir(file_at(dir, "a"), 0700), 0);
    for (i = 0; i < TEE_LEN(bad); i++)
        CU_ASSERT_EQUAL(
            tee_file_replace(d, bad[i], TEE_STR("x"), 0600, (gid_t)-1, NULL),
            TEE_E_ARG);
    memset(long_name, 'n', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    CU_ASSERT_EQUAL(
        tee_file_replace(d, long_name, TEE_STR("x"), 0600, (gid_t)-1, &fault),
        TEE_E_ARG);
    CU_ASSERT_EQUAL(entries(dir), 1);
    CU_ASSERT_EQUAL(entries(file_at(dir, "a")), 0);
    (void)close(d);
}

/* What stands in the way is not followed, and a failure leaves nothing. */
static void
test_replace_failures(void)
{
    const char *dir = test_dir();
    int d = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    CU_ASSERT_EQUAL(mkdir(file_at(dir, "sub"), 0700), 0);
    CU_ASSERT_EQUAL(
        tee_file_replace(d, "sub", TEE_STR("x"), 0600, (gid_t)-1, &fault),
        TEE_E_IO);
    CU_ASSERT_TRUE(says("sub: write: "));
    CU_ASSERT_EQUAL(entries(dir), 1);
    (void)file_make(dir, "victim", "kept", 0600);
    CU_ASSERT_EQUAL(symlink("victim", file_at(dir, "link")), 0);
    CU_ASSERT_EQUAL(
        tee_file_replace(d, "link", TEE_STR("x"), 0600, (gid_t)-1, NULL),
        TEE_OK);
    CU_ASSERT_TRUE(
        tee_bytes_equal(content(file_at(dir, "victim")), TEE_STR("kept")));
    CU_ASSERT_TRUE(
        tee_bytes_equal(content(file_at(dir, "link")), TEE_STR("x")));
    CU_ASSERT_EQUAL(entries(dir), 3);
    (void)close(d);
    CU_ASSERT_EQUAL(
        tee_file_replace(d, "f", TEE_STR("x"), 0600, (gid_t)-1, &fault),
        TEE_E_IO);
}

/* The disk is full after 4096 bytes: the old file is still all there. */
static void
test_disk_full(void)
{
    static uint8_t big[100000];
    const char *dir = test_dir();
    int d = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), status;
    pid_t child;

    (void)file_make(dir, "f", "the old file", 0600);
    child = fork();
    if (child == 0) {
        struct rlimit lim = { 4096, 4096 };
        struct tee_fault f = { TEE_OK, "" };
        enum tee_err err;

        (void)signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &lim) != 0)
            _exit(2);
        err = tee_file_replace(d, "f", (struct tee_bytes){ big, sizeof(big) },
                               0600, (gid_t)-1, &f);
        _exit(err == TEE_E_IO && strstr(f.text, strerror(EFBIG)) != NULL ? 0
                                                                         : 1);
    }
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_TRUE(
        tee_bytes_equal(content(file_at(dir, "f")), TEE_STR("the old file")));
    CU_ASSERT_EQUAL(entries(dir), 1);
    (void)close(d);
}

static void
test_replace_owner(void)
{
    struct tee_as as = { .mode = 0640, .user = OTHER, .group = OTHER + 1 };
    const char *dir;
    struct stat st;
    int d;

    if (!file_need_root())
        return;
    dir = test_dir();
    d = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CU_ASSERT_EQUAL(tee_file_replace(d, "g", TEE_STR("x"), 0640, OTHER, NULL),
                    TEE_OK);
    CU_ASSERT_EQUAL(stat(file_at(dir, "g"), &st), 0);
    CU_ASSERT_TRUE(st.st_uid == 0 && st.st_gid == OTHER);
    CU_ASSERT_EQUAL(tee_file_replace_as(d, "h", TEE_STR("x"), &as, NULL),
                    TEE_OK);
    CU_ASSERT_EQUAL(stat(file_at(dir, "h"), &st), 0);
    CU_ASSERT_TRUE(st.st_uid == OTHER && st.st_gid == OTHER + 1);
    CU_ASSERT_EQUAL(st.st_mode & 07777, 0640);
    (void)close(d);
}

/* Readers see the one or the other, never a part. */
static void
test_replace_is_atomic(void)
{
    static uint8_t a[20000], b[30000];
    const char *dir = test_dir();
    int d = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), status, i;
    pid_t child;
    bool whole = true;

    memset(a, 'a', sizeof(a));
    memset(b, 'b', sizeof(b));
    CU_ASSERT_EQUAL(tee_file_replace(d, "f", (struct tee_bytes){ a, sizeof(a) },
                                     0600, (gid_t)-1, NULL),
                    TEE_OK);
    child = fork();
    if (child == 0) {
        for (i = 0; i < 60; i++) {
            struct tee_bytes v = i % 2 == 0
                                     ? (struct tee_bytes){ b, sizeof(b) }
                                     : (struct tee_bytes){ a, sizeof(a) };

            if (tee_file_replace(d, "f", v, 0600, (gid_t)-1, NULL) != TEE_OK)
                _exit(1);
        }
        _exit(0);
    }
    while (waitpid(child, &status, WNOHANG) == 0) {
        struct tee_bytes v = content(file_at(dir, "f"));

        whole = whole && ((v.len == sizeof(a) && memcmp(v.p, a, v.len) == 0) ||
                          (v.len == sizeof(b) && memcmp(v.p, b, v.len) == 0));
    }
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_TRUE(whole);
    (void)close(d);
}

static const struct test tests[] = {
    { "a file is replaced by a new one with its mode", test_replace },
    { "a name to replace is one plain name", test_replace_names },
    { "a failed replacement leaves nothing behind", test_replace_failures },
    { "a full disk leaves the old file", test_disk_full },
    { "owner and group are set as asked", test_replace_owner },
    { "a reader sees the old or the new file", test_replace_is_atomic },
    { NULL, NULL },
};
const struct suite suite_file_replace = { "file_replace", tests };
