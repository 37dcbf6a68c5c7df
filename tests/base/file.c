/* Trusted paths, and atomic replacement. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/base/file_kit.h"
#include "tests/base/suites.h"
#include "tests/support/alloc.h"

static struct tee_fault fault;

/* The error of opening this file; nothing stays open, *ret only if good. */
static enum tee_err
opens(const char *path, const struct tee_rule *rule)
{
    unsigned before = file_descriptors();
    enum tee_err err;
    int fd = -7;

    memset(&fault, 0, sizeof(fault));
    err = tee_file_open(path, rule, &fd, &fault);
    if (err == TEE_OK) {
        CU_ASSERT_TRUE(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
        CU_ASSERT_EQUAL(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
        (void)close(fd);
    } else {
        CU_ASSERT_EQUAL(fd, -7);
        CU_ASSERT_EQUAL(fault.err, err);
        CU_ASSERT_NOT_EQUAL(fault.text[0], '\0');
    }
    CU_ASSERT_EQUAL(file_descriptors(), before);
    return err;
}

static bool
says(const char *part)
{
    if (strstr(fault.text, part) != NULL)
        return true;
    printf("    %s\n", fault.text);
    return false;
}

/* ---- the walk ---------------------------------------------------------------
 */

static void
test_good(void)
{
    const char *dir = test_dir();
    const char *sub = file_folder(dir, "sub", 0755);
    struct tee_buf b;

    CU_ASSERT_EQUAL(opens(file_make(sub, "f", "text", 0644), &tee_rule_public),
                    TEE_OK);
    CU_ASSERT_EQUAL(opens(file_at(sub, "f"), &tee_rule_public), TEE_OK);
    CU_ASSERT_EQUAL(
        tee_file_read(file_at(sub, "f"), &tee_rule_public, 4, &b, NULL),
        TEE_OK);
    CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&b), TEE_STR("text")));
    tee_buf_clear(&b);
    CU_ASSERT_EQUAL(opens(file_make(sub, "g", "", 0600), &tee_rule_private),
                    TEE_OK);
    CU_ASSERT_EQUAL(
        tee_file_read(file_at(sub, "g"), &tee_rule_private, 0, &b, NULL),
        TEE_OK);
    CU_ASSERT_EQUAL(b.len, 0);
    tee_buf_clear(&b);
}

static void
test_nothing_there(void)
{
    const char *dir = test_dir();

    CU_ASSERT_EQUAL(opens(file_at(dir, "none"), &tee_rule_public),
                    TEE_E_NOTFOUND);
    CU_ASSERT_TRUE(says("none"));
    CU_ASSERT_EQUAL(opens(file_at(dir, "none/f"), &tee_rule_public),
                    TEE_E_NOTFOUND);
    (void)file_make(dir, "f", "", 0644); /* ENOTDIR */
    CU_ASSERT_EQUAL(opens(file_at(dir, "f/g"), &tee_rule_public),
                    TEE_E_NOTFOUND);
    CU_ASSERT_EQUAL(opens(file_at(dir, "f/g/h"), &tee_rule_public),
                    TEE_E_NOTFOUND);
}

static void
test_plain_paths_only(void)
{
    static const char *const bad[] = { "",
                                       "etc/passwd",
                                       "./f",
                                       "/",
                                       "//etc/passwd",
                                       "/etc//passwd",
                                       "/etc/passwd/",
                                       "/etc/./passwd",
                                       "/etc/../etc/passwd",
                                       "/etc/.",
                                       "/etc/..",
                                       "/..",
                                       "/." };
    size_t i;
    int fd = -7;

    for (i = 0; i < TEE_LEN(bad); i++) {
        CU_ASSERT_EQUAL(opens(bad[i], &tee_rule_public), TEE_E_ARG);
        CU_ASSERT_EQUAL(tee_dir_open(bad[i], &tee_rule_public, &fd, NULL),
                        TEE_E_ARG);
    }
    CU_ASSERT_EQUAL(fd, -7);
}

static void
test_links(void)
{
    const char *dir = test_dir();
    const char *real = file_folder(dir, "real", 0755);

    (void)file_make(real, "f", "", 0644);
    CU_ASSERT_EQUAL(symlink("real", file_at(dir, "link")), 0);
    CU_ASSERT_EQUAL(symlink("f", file_at(real, "l")), 0);
    CU_ASSERT_EQUAL(symlink("nowhere", file_at(real, "dangling")), 0);
    CU_ASSERT_EQUAL(opens(file_at(real, "l"), &tee_rule_public), TEE_E_TRUST);
    CU_ASSERT_TRUE(says("symbolic link"));
    CU_ASSERT_EQUAL(opens(file_at(dir, "link/f"), &tee_rule_public),
                    TEE_E_TRUST);
    CU_ASSERT_TRUE(says("symbolic link"));
    CU_ASSERT_TRUE(says("/link"));
    CU_ASSERT_EQUAL(opens(file_at(dir, "link/none"), &tee_rule_public),
                    TEE_E_TRUST);
    CU_ASSERT_EQUAL(opens(file_at(real, "dangling"), &tee_rule_public),
                    TEE_E_TRUST);
    CU_ASSERT_EQUAL(link(file_at(real, "f"), file_at(dir, "second")), 0);
    CU_ASSERT_EQUAL(opens(file_at(real, "f"), &tee_rule_public), TEE_E_TRUST);
    CU_ASSERT_TRUE(says("has 2 links"));
}

/* Nothing but a regular file, and no open that waits for a peer. */
static void
test_kinds(void)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    const char *dir = test_dir();
    int s;

    CU_ASSERT_EQUAL(mkfifo(file_at(dir, "fifo"), 0600), 0);
    (void)alarm(10);
    CU_ASSERT_EQUAL(opens(file_at(dir, "fifo"), &tee_rule_public), TEE_E_TRUST);
    CU_ASSERT_TRUE(says("not a regular file"));
    (void)alarm(0);
    CU_ASSERT_EQUAL(opens(file_folder(dir, "sub", 0755), &tee_rule_public),
                    TEE_E_TRUST);
    s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(un.sun_path, sizeof(un.sun_path), "%.90s/sock", dir);
    CU_ASSERT_EQUAL(bind(s, (struct sockaddr *)&un, sizeof(un)), 0);
    CU_ASSERT_NOT_EQUAL(opens(file_at(dir, "sock"), &tee_rule_public), TEE_OK);
    (void)close(s);
    CU_ASSERT_NOT_EQUAL(opens("/dev/null", &tee_rule_public), TEE_OK);
}

/* configuration.md section 5: the words of each refusal */
static void
test_modes(void)
{
    static const struct {
        mode_t mode;
        bool for_public, for_private;
        const char *words;
    } row[] = {
        { 0644, true, false, "others may read (mode 0644); \"chmod 600 " },
        { 0600, true, true, NULL },
        { 0400, true, true, NULL },
        { 0640, true, false, "group may read (mode 0640); \"chmod 600 " },
        { 0660, false, false, "group may write (mode 0660)" },
        { 0664, false, false, "(mode 0664)" },
        { 0602, false, false, "others may write (mode 0602)" },
        { 0666, false, false, "others may write (mode 0666)" },
        { 0610, true, false, "group may" },
        { 0601, true, false, "others may" },
        { 0755, true, false, "others may" },
    };
    const char *dir = test_dir();
    size_t i;

    for (i = 0; i < TEE_LEN(row); i++) {
        const char *path = file_make(dir, "f", "", row[i].mode);

        CU_ASSERT_EQUAL(opens(path, &tee_rule_public),
                        row[i].for_public ? TEE_OK : TEE_E_TRUST);
        CU_ASSERT_EQUAL(opens(path, &tee_rule_private),
                        row[i].for_private ? TEE_OK : TEE_E_TRUST);
        CU_ASSERT_TRUE(row[i].words == NULL || says(row[i].words));
    }
    CU_ASSERT_EQUAL(opens(file_make(dir, "f", "", 0664), &tee_rule_public),
                    TEE_E_TRUST);
    CU_ASSERT_TRUE(says("group may write (mode 0664); \"chmod 644 "));
}

static void
test_folders_that_others_write(void)
{
    static const mode_t bad[] = { 0775, 0757, 0777, 0770, 01777 };
    const char *dir = test_dir();
    const char *sub = file_folder(dir, "sub", 0755);
    const char *deep = file_folder(sub, "deep", 0755);
    const char *path = file_make(deep, "f", "", 0644);
    size_t i;

    for (i = 0; i < TEE_LEN(bad); i++) {
        enum tee_err want = TEE_E_TRUST;

        /* sticky and owned by root is good, when we are root */
        if (bad[i] == 01777 && geteuid() == 0)
            want = TEE_OK;
        CU_ASSERT_EQUAL(chmod(sub, bad[i]), 0);
        CU_ASSERT_EQUAL(opens(path, &tee_rule_public), want);
        CU_ASSERT_TRUE(want == TEE_OK || says("folder is writable by others"));
        CU_ASSERT_EQUAL(chmod(sub, 0755), 0);
        CU_ASSERT_EQUAL(chmod(deep, bad[i]), 0);
        CU_ASSERT_EQUAL(opens(path, &tee_rule_public), want);
        CU_ASSERT_EQUAL(chmod(deep, 0755), 0);
    }
    CU_ASSERT_EQUAL(opens(path, &tee_rule_public), TEE_OK);
}

/* ---- owners: as root only ---------------------------------------------------
 */

static void
test_owners(void)
{
    struct tee_rule user = { .has_user = true, .user = OTHER, .allow = 0700 };
    const char *dir, *sub, *path;

    if (!file_need_root())
        return;
    dir = test_dir();
    sub = file_folder(dir, "sub", 0755);
    path = file_make(sub, "f", "", 0600);
    CU_ASSERT_EQUAL(chown(path, OTHER, 0), 0);
    CU_ASSERT_EQUAL(opens(path, &tee_rule_public), TEE_E_TRUST);
    CU_ASSERT_TRUE(says("owned by uid 54321; must be root or uid 0"));
    CU_ASSERT_EQUAL(opens(path, &user), TEE_OK);
    user.user = OTHER + 1;
    CU_ASSERT_EQUAL(opens(path, &user), TEE_E_TRUST);
    user.user = OTHER;
    CU_ASSERT_EQUAL(chown(path, 0, 0), 0);
    CU_ASSERT_EQUAL(chown(sub, OTHER, 0), 0);
    CU_ASSERT_EQUAL(opens(path, &tee_rule_public), TEE_E_TRUST);
    CU_ASSERT_TRUE(says("/sub: owned by uid 54321"));
    CU_ASSERT_EQUAL(opens(path, &user), TEE_OK);
    /* sticky helps root's folders alone */
    CU_ASSERT_EQUAL(chmod(sub, 01777), 0);
    CU_ASSERT_EQUAL(opens(path, &user), TEE_E_TRUST);
}

static void
test_group(void)
{
    struct tee_rule rule = { .has_group = true, .group = OTHER, .allow = 0750 };
    struct tee_rule none = { .allow = 0750 };
    const char *path;

    if (!file_need_root())
        return;
    path = file_make(test_dir(), "f", "", 0640);
    CU_ASSERT_EQUAL(opens(path, &rule), TEE_E_TRUST); /* group 0 has the bits */
    CU_ASSERT_EQUAL(opens(path, &none), TEE_E_TRUST);
    CU_ASSERT_EQUAL(chown(path, 0, OTHER), 0);
    CU_ASSERT_EQUAL(opens(path, &rule), TEE_OK);
    CU_ASSERT_EQUAL(opens(path, &none), TEE_E_TRUST);
    CU_ASSERT_EQUAL(chmod(path, 0660), 0);
    CU_ASSERT_EQUAL(opens(path, &rule), TEE_E_TRUST);
    CU_ASSERT_EQUAL(chmod(path, 0644), 0);
    CU_ASSERT_EQUAL(opens(path, &rule), TEE_E_TRUST);
    CU_ASSERT_EQUAL(chown(path, 0, 0), 0);
    CU_ASSERT_EQUAL(chmod(path, 0600), 0); /* no bits, no matter whose */
    CU_ASSERT_EQUAL(opens(path, &rule), TEE_OK);
}

/* Runs the check without privileges in a child. */
static enum tee_err
as_nobody(const char *path)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        if (setgroups(0, NULL) != 0 || setresgid(OTHER, OTHER, OTHER) != 0 ||
            setresuid(OTHER, OTHER, OTHER) != 0)
            _exit(255);
        _exit((int)opens(path, &tee_rule_public));
    }
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return TEE_E_COUNT;
    return (enum tee_err)WEXITSTATUS(status);
}

/* Who dropped its privileges may pass folders that it can't list. */
static void
test_unlistable_folder(void)
{
    const char *dir, *sub, *path;

    if (!file_need_root())
        return;
    dir = test_dir();
    CU_ASSERT_EQUAL(chmod(dir, 0711), 0);
    sub = file_folder(dir, "sub", 0711);
    path = file_make(sub, "f", "", 0644);
    CU_ASSERT_EQUAL(as_nobody(path), TEE_OK);
    CU_ASSERT_EQUAL(chmod(sub, 0700), 0); /* EACCES is not "not there" */
    CU_ASSERT_EQUAL(as_nobody(path), TEE_E_IO);
    CU_ASSERT_EQUAL(chmod(sub, 0711), 0);
    CU_ASSERT_EQUAL(chmod(path, 0600), 0);
    CU_ASSERT_EQUAL(as_nobody(path), TEE_E_IO);
}

/* Whoever writes in "/" decides what every path means. */
static bool
root_is(mode_t mode, uid_t owner)
{
    const char *dir = test_dir(), *path;
    pid_t child;
    int status;

    (void)file_make(dir, "f", "", 0644);
    child = fork();
    if (child == 0) {
        if (chown(dir, owner, 0) != 0 || chmod(dir, mode) != 0 ||
            chroot(dir) != 0 || chdir("/") != 0)
            _exit(2);
        path = "/f";
        _exit(tee_file_open(path, &tee_rule_public, &status, NULL) == TEE_OK);
    }
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static void
test_root_folder(void)
{
    if (!file_need_root())
        return;
    CU_ASSERT_TRUE(root_is(0755, 0));
    CU_ASSERT_FALSE(root_is(0757, 0));
    CU_ASSERT_FALSE(root_is(0775, 0));
    CU_ASSERT_FALSE(root_is(0755, OTHER));
    CU_ASSERT_TRUE(root_is(01777, 0));
}

/* ---- folders, and files in them ---------------------------------------------
 */

static void
test_dir_open(void)
{
    const char *dir = test_dir();
    const char *sub = file_folder(dir, "sub", 0700);
    unsigned before = file_descriptors();
    int fd = -7;

    CU_ASSERT_EQUAL(tee_dir_open(sub, &tee_rule_private, &fd, NULL), TEE_OK);
    CU_ASSERT_EQUAL(fsync(fd), 0); /* what replacing a file in it needs */
    CU_ASSERT_TRUE((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    (void)close(fd);
    fd = -7;
    CU_ASSERT_EQUAL(chmod(sub, 0750), 0);
    CU_ASSERT_EQUAL(tee_dir_open(sub, &tee_rule_private, &fd, &fault),
                    TEE_E_TRUST);
    CU_ASSERT_TRUE(says("group may read (mode 0750); \"chmod 700 "));
    CU_ASSERT_EQUAL(chmod(sub, 0770), 0);
    CU_ASSERT_EQUAL(tee_dir_open(sub, &tee_rule_public, &fd, NULL),
                    TEE_E_TRUST);
    CU_ASSERT_EQUAL(tee_dir_open(file_make(dir, "f", "", 0600),
                                 &tee_rule_private, &fd, NULL),
                    TEE_E_NOTFOUND);
    CU_ASSERT_EQUAL(symlink("sub", file_at(dir, "link")), 0);
    CU_ASSERT_EQUAL(
        tee_dir_open(file_at(dir, "link"), &tee_rule_private, &fd, &fault),
        TEE_E_TRUST);
    CU_ASSERT_TRUE(says("symbolic link"));
    CU_ASSERT_EQUAL(fd, -7);
    CU_ASSERT_EQUAL(file_descriptors(), before);
}

static void
test_openat(void)
{
    const char *dir = test_dir();
    int d = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -7;
    size_t i;
    static const char *const bad[] = { "", ".", "..", "sub/f", "../f", "/f" };

    (void)file_make(dir, "f", "", 0600);
    (void)file_make(file_folder(dir, "sub", 0700), "f", "", 0600);
    CU_ASSERT_EQUAL(tee_file_openat(d, "f", &tee_rule_private, &fd, NULL),
                    TEE_OK);
    (void)close(fd);
    fd = -7;
    for (i = 0; i < TEE_LEN(bad); i++)
        CU_ASSERT_EQUAL(
            tee_file_openat(d, bad[i], &tee_rule_private, &fd, &fault),
            TEE_E_ARG);
    CU_ASSERT_EQUAL(tee_file_openat(d, "none", &tee_rule_private, &fd, NULL),
                    TEE_E_NOTFOUND);
    (void)file_make(dir, "f", "", 0644);
    CU_ASSERT_EQUAL(tee_file_openat(d, "f", &tee_rule_private, &fd, NULL),
                    TEE_E_TRUST);
    CU_ASSERT_EQUAL(fd, -7);
    (void)close(d);
}

/* ---- reading ----------------------------------------------------------------
 */

static void
test_size_limit(void)
{
    const char *path = file_make(test_dir(), "f", "0123456789", 0600);
    struct tee_buf b;

    CU_ASSERT_EQUAL(tee_file_read(path, &tee_rule_private, 10, &b, NULL),
                    TEE_OK);
    tee_buf_clear(&b);
    CU_ASSERT_EQUAL(tee_file_read(path, &tee_rule_private, 9, &b, &fault),
                    TEE_E_TOOBIG);
    CU_ASSERT_TRUE(says("larger than 9 bytes"));
    CU_ASSERT_TRUE(says("/f: "));
    CU_ASSERT_PTR_NULL(b.p);
    CU_ASSERT_EQUAL(tee_file_read(path, &tee_rule_private, 0, &b, NULL),
                    TEE_E_TOOBIG);
    CU_ASSERT_EQUAL(tee_file_read("relative", &tee_rule_private, 9, &b, NULL),
                    TEE_E_ARG);
    CU_ASSERT_PTR_NULL(b.p);
    CU_ASSERT_EQUAL(b.max, 9);
}

/* What has no end is read up to the limit, and no further. */
static void
test_endless(void)
{
    int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    struct tee_buf b;

    (void)alarm(10);
    CU_ASSERT_EQUAL(tee_fd_read(fd, 5000, &b, &fault), TEE_E_TOOBIG);
    (void)alarm(0);
    CU_ASSERT_PTR_NULL(b.p);
    (void)close(fd);
}

static void
on_alarm(int sig)
{
    (void)sig;
}

/* A pipe whose writer is slow, and signals meanwhile. */
static void
test_interrupted(void)
{
    struct sigaction act = { .sa_handler = on_alarm }, old;
    struct tee_buf b;
    int p[2], status;
    pid_t child;

    CU_ASSERT_EQUAL(pipe(p), 0);
    CU_ASSERT_EQUAL(sigaction(SIGUSR1, &act, &old), 0);
    child = fork();
    if (child == 0) {
        pid_t parent = getppid();
        int i;

        (void)close(p[0]);
        for (i = 0; i < 20; i++) {
            (void)usleep(2000);
            (void)kill(parent, SIGUSR1);
        }
        _exit(write(p[1], "late", 4) == 4 ? 0 : 1);
    }
    (void)close(p[1]);
    CU_ASSERT_EQUAL(tee_fd_read(p[0], 100, &b, NULL), TEE_OK);
    CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&b), TEE_STR("late")));
    tee_buf_clear(&b);
    (void)close(p[0]);
    (void)waitpid(child, &status, 0);
    (void)sigaction(SIGUSR1, &old, NULL);
}

static void
test_read_error(void)
{
    int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct tee_buf b;

    CU_ASSERT_EQUAL(tee_fd_read(fd, 100, &b, &fault), TEE_E_IO);
    CU_ASSERT_TRUE(says("read: "));
    CU_ASSERT_PTR_NULL(b.p);
    (void)close(fd);
}

static enum tee_err
read_once(void *arg)
{
    struct tee_buf b;
    enum tee_err err;

    memset(&fault, 0, sizeof(fault));
    err = tee_file_read(arg, &tee_rule_private, 8192, &b, &fault);
    CU_ASSERT_EQUAL(fault.err, err);
    CU_ASSERT_EQUAL(err == TEE_OK, b.p != NULL);
    tee_buf_clear(&b);
    return err;
}

static void
test_no_memory(void)
{
    static char text[5001];
    unsigned before;
    char path[256];

    memset(text, 'x', sizeof(text) - 1);
    (void)snprintf(path, sizeof(path), "%s",
                   file_make(test_dir(), "f", text, 0600));
    before = file_descriptors();
    CU_ASSERT_TRUE(alloc_torture(read_once, path) >= 3);
    CU_ASSERT_EQUAL(file_descriptors(), before);
}

static const struct test tests[] = {
    { "a trusted file is opened and read", test_good },
    { "only a missing file or folder is not found", test_nothing_there },
    { "only plain absolute paths are walked", test_plain_paths_only },
    { "no link is followed, and a file has one name", test_links },
    { "nothing but a regular file is opened, and nothing hangs", test_kinds },
    { "each mode is judged by the rule", test_modes },
    { "a folder that others write is refused", test_folders_that_others_write },
    { "owners are root, ourselves, or named", test_owners },
    { "a group reads what is its own only", test_group },
    { "a folder may be passed without being listed", test_unlistable_folder },
    { "the root folder is judged too", test_root_folder },
    { "a folder is opened by the same rules", test_dir_open },
    { "a name in an open folder is one plain name", test_openat },
    { "a size limit is to the byte", test_size_limit },
    { "an endless file ends at the limit", test_endless },
    { "a signal interrupts no read", test_interrupted },
    { "a read error is reported", test_read_error },
    { "each allocation may fail", test_no_memory },
    { NULL, NULL },
};
const struct suite suite_file = { "file", tests };
