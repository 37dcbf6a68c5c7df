/* The file of a token: trust, lock, replacement, read-only and full disks. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/keystore/store_make.h"
#include "tests/keystore/suites.h"

#define NOBODY   65534
#define PATIENCE 20000 /* ms: more than any lock here is held */

static const struct make plain = { KS_LOCAL, MAKE_NONE, KS_ED25519, false };

/* ---- one store a test
 * -----------------------------------------------------------
 */

struct place {
    char dir[128];   /* trusted, above the folder */
    char state[160]; /* the folder */
    char token[192], lock[192];
    struct ks_conf_token conf;
};

static void
place(struct place *p)
{
    memset(p, 0, sizeof(*p));
    (void)snprintf(p->dir, sizeof(p->dir), "%s", test_dir());
    CU_ASSERT_EQUAL(chmod(p->dir, 0711), 0); /* for other accounts */
    (void)snprintf(p->state, sizeof(p->state), "%s/state", p->dir);
    (void)snprintf(p->token, sizeof(p->token), "%s/agent.token", p->state);
    (void)snprintf(p->lock, sizeof(p->lock), "%s/agent.lock", p->state);
    (void)snprintf(p->conf.name, sizeof(p->conf.name), "agent");
    p->conf.state = p->state;
    p->conf.origin = KS_LOCAL;
}

static int64_t
soon(void)
{
    return tee_clock.mono_ms() + PATIENCE;
}

static const uint8_t *
mac_key(const struct ks_store *s)
{
    static uint8_t key[32];

    make_mac_key(s, key);
    return key;
}

/* C_InitToken in small. */
static enum tee_err
fresh(struct ks_store **s, const uint8_t **key, void *arg, struct tee_fault *f)
{
    (void)arg;
    (void)f;
    ks_store_put(*s);
    *s = make_store(&plain);
    *key = mac_key(*s);
    return TEE_OK;
}

/* arg: the object to add or to change. */
static enum tee_err
put_object(struct ks_store **s, const uint8_t **key, void *arg,
           struct tee_fault *f)
{
    *key = mac_key(*s);
    return ks_store_set(*s, arg, f);
}

/* No key: the only change that is lawful without one. */
static enum tee_err
count_try(struct ks_store **s, const uint8_t **key, void *arg,
          struct tee_fault *f)
{
    (void)key;
    (void)arg;
    (void)f;
    (*s)->used[KS_USER]++;
    return TEE_OK;
}

/* arg: the error to answer after having changed everything. */
static enum tee_err
fail(struct ks_store **s, const uint8_t **key, void *arg, struct tee_fault *f)
{
    (*s)->n = 0;
    *key = make_tk;
    return tee_fault(f, *(const enum tee_err *)arg, "no");
}

static enum tee_err
run(const struct place *p, bool create,
    enum tee_err (*change)(struct ks_store **, const uint8_t **, void *,
                           struct tee_fault *),
    void *arg, struct tee_fault *f)
{
    struct ks_change c = { create, change, arg };
    struct ks_store *s = NULL;
    struct ks_stamp stamp;
    enum tee_err err;

    err = ks_store_change(&p->conf, soon(), &c, &s, &stamp, f);
    CU_ASSERT_EQUAL(err == TEE_OK, s != NULL);
    ks_store_put(s);
    return err;
}

static void
made(struct place *p)
{
    struct tee_fault f = { 0 };

    place(p);
    if (run(p, true, fresh, NULL, &f) != TEE_OK) {
        printf("    %s\n", f.text);
        CU_FAIL_FATAL("no store");
    }
}

static enum tee_err
reads(const struct place *p, struct tee_fault *f)
{
    struct ks_store *s = NULL;
    struct ks_stamp stamp;
    enum tee_err err = ks_store_read(&p->conf, &s, &stamp, f);

    CU_ASSERT_EQUAL(err == TEE_OK, s != NULL);
    ks_store_put(s);
    return err;
}

static struct tee_buf
bytes_of(const char *path)
{
    struct tee_buf b;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    tee_buf_init(&b, 0);
    if (fd < 0 || tee_fd_read(fd, KS_STORE_MAX, &b, NULL) != TEE_OK)
        CU_FAIL("cannot read the file");
    if (fd >= 0)
        close(fd);
    return b;
}

static void
put_bytes(const char *path, struct tee_bytes v)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);

    CU_ASSERT_TRUE_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(write(fd, v.p, v.len), (ssize_t)v.len);
    close(fd);
}

static unsigned
entries(const char *dir)
{
    unsigned n = 0;
    DIR *d = opendir(dir);

    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n - 2;
}

static struct stat
stat_of(const char *path)
{
    struct stat st = { 0 };

    CU_ASSERT_EQUAL(lstat(path, &st), 0);
    return st;
}

/* A change that is refused leaves the file, and nothing beside it. */
static void
refused(const struct place *p,
        enum tee_err (*change)(struct ks_store **, const uint8_t **, void *,
                               struct tee_fault *),
        void *arg, enum tee_err want, const char *text)
{
    struct tee_buf before = bytes_of(p->token), after;
    struct tee_fault f = { 0 };
    enum tee_err err = run(p, false, change, arg, &f);

    CU_ASSERT_EQUAL(err, want);
    if (err != want || strstr(f.text, text) == NULL) {
        printf("    %s: \"%s\" is not in \"%s\"\n", tee_err_name(err), text,
               f.text);
        CU_FAIL("another refusal");
    }
    after = bytes_of(p->token);
    CU_ASSERT_TRUE(
        tee_bytes_equal(tee_buf_view(&before), tee_buf_view(&after)));
    CU_ASSERT_EQUAL(entries(p->state), 2);
    tee_buf_clear(&before);
    tee_buf_clear(&after);
}

/* ---- making
 * -------------------------------------------------------------------- */

static void
test_nothing_is_made_unless_it_is_asked_for(void)
{
    struct tee_fault f = { 0 };
    struct ks_stamp stamp;
    struct place p;

    place(&p);
    CU_ASSERT_EQUAL(reads(&p, &f), TEE_E_NOTFOUND);
    CU_ASSERT_EQUAL(run(&p, false, fresh, NULL, &f), TEE_E_NOTFOUND);
    ks_store_stat(&p.conf, &stamp);
    CU_ASSERT_FALSE(stamp.there);
    CU_ASSERT_TRUE(ks_store_writable(&p.conf));
    CU_ASSERT_EQUAL(entries(p.dir), 0);
    CU_ASSERT_EQUAL(mkdir(p.state, 0700), 0);
    CU_ASSERT_EQUAL(reads(&p, &f), TEE_E_NOTFOUND);
    CU_ASSERT_EQUAL(run(&p, false, fresh, NULL, &f), TEE_E_NOTFOUND);
    CU_ASSERT_NOT_EQUAL(access(p.token, F_OK), 0);
}

static void
test_modes_do_not_depend_on_umask(void)
{
    static const mode_t masks[] = { 0, 022, 077, 0777 };
    struct place p;
    mode_t old;
    size_t i;

    for (i = 0; i < TEE_LEN(masks); i++) {
        place(&p);
        old = umask(masks[i]);
        CU_ASSERT_EQUAL(run(&p, true, fresh, NULL, NULL), TEE_OK);
        CU_ASSERT_EQUAL(run(&p, true, fresh, NULL, NULL), TEE_OK);
        (void)umask(old);
        CU_ASSERT_EQUAL(stat_of(p.state).st_mode, S_IFDIR | 0700);
        CU_ASSERT_EQUAL(stat_of(p.token).st_mode, S_IFREG | 0600);
        CU_ASSERT_EQUAL(stat_of(p.lock).st_mode, S_IFREG | 0600);
        CU_ASSERT_EQUAL(stat_of(p.lock).st_size, 0);
        CU_ASSERT_EQUAL(entries(p.state), 2);
        CU_ASSERT_EQUAL(reads(&p, NULL), TEE_OK);
    }
}

static void
test_a_group_may_read_and_nothing_else(void)
{
    struct place p;

    place(&p);
    p.conf.has_group = true;
    p.conf.group = geteuid() == 0 ? NOBODY : getegid();
    CU_ASSERT_EQUAL(run(&p, true, fresh, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(stat_of(p.state).st_mode, S_IFDIR | 0750);
    CU_ASSERT_EQUAL(stat_of(p.state).st_gid, p.conf.group);
    CU_ASSERT_EQUAL(stat_of(p.token).st_mode, S_IFREG | 0640);
    CU_ASSERT_EQUAL(stat_of(p.token).st_gid, p.conf.group);
    CU_ASSERT_EQUAL(stat_of(p.lock).st_mode, S_IFREG | 0600);
    CU_ASSERT_EQUAL(reads(&p, NULL), TEE_OK);
    CU_ASSERT_EQUAL(chmod(p.token, 0660), 0);
    CU_ASSERT_EQUAL(reads(&p, NULL), TEE_E_TRUST);
    CU_ASSERT_EQUAL(chmod(p.token, 0640), 0);
    p.conf.has_group = false; /* without the word nobody may */
    CU_ASSERT_EQUAL(reads(&p, NULL), TEE_E_TRUST);
}

/* As after a death between mkdir and chmod, or a `group` written later. */
static void
test_init_shares_a_folder_that_is_not_shared_yet(void)
{
    struct place p;

    made(&p);
    p.conf.has_group = true;
    p.conf.group = geteuid() == 0 ? NOBODY : getegid();
    CU_ASSERT_EQUAL(run(&p, false, count_try, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(stat_of(p.state).st_mode, S_IFDIR | 0700);
    CU_ASSERT_EQUAL(run(&p, true, fresh, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(stat_of(p.state).st_mode, S_IFDIR | 0750);
    CU_ASSERT_EQUAL(stat_of(p.state).st_gid, p.conf.group);
}

static void
test_a_folder_is_made_in_a_trusted_one_only(void)
{
    struct tee_fault f = { 0 };
    char deep[160], want[400];
    struct place p;

    place(&p);
    (void)snprintf(deep, sizeof(deep), "%s/none/state", p.dir);
    p.conf.state = deep;
    CU_ASSERT_EQUAL(run(&p, true, fresh, NULL, &f), TEE_E_NOTFOUND);
    (void)snprintf(want, sizeof(want),
                   "%s/none: no such folder; \"mkdir -p %s/none\"", p.dir,
                   p.dir);
    CU_ASSERT_STRING_EQUAL(f.text, want);
    p.conf.state = p.state;
    CU_ASSERT_EQUAL(chmod(p.dir, 0777), 0);
    CU_ASSERT_EQUAL(run(&p, true, fresh, NULL, &f), TEE_E_TRUST);
    (void)snprintf(want, sizeof(want), "%s: folder is writable by others",
                   p.dir);
    CU_ASSERT_STRING_EQUAL(f.text, want);
    CU_ASSERT_EQUAL(entries(p.dir), 0);
    CU_ASSERT_EQUAL(chmod(p.dir, 0755), 0);
    CU_ASSERT_EQUAL(run(&p, true, fresh, NULL, &f), TEE_OK);
}

/* ---- trust
 * ---------------------------------------------------------------------- */

static void
untrusted(const struct place *p, const char *text)
{
    struct tee_fault f = { 0 };

    CU_ASSERT_EQUAL(reads(p, &f), TEE_E_TRUST);
    if (strstr(f.text, text) == NULL) {
        printf("    \"%s\" is not in \"%s\"\n", text, f.text);
        CU_FAIL("another text");
    }
    CU_ASSERT_EQUAL(run(p, false, count_try, NULL, &f), TEE_E_TRUST);
    CU_ASSERT_EQUAL(run(p, true, fresh, NULL, &f), TEE_E_TRUST);
}

static void
test_modes_that_let_others_in_are_refused(void)
{
    static const mode_t files[] = { 0640, 0604, 0620, 0602, 0610, 0666 },
                        folders[] = { 0750, 0705, 0770, 0701, 01777 };
    struct place p;
    size_t i;

    made(&p);
    for (i = 0; i < TEE_LEN(files); i++) {
        CU_ASSERT_EQUAL(chmod(p.token, files[i]), 0);
        untrusted(&p, "/state: agent.token: ");
    }
    CU_ASSERT_EQUAL(chmod(p.token, 0400), 0);
    CU_ASSERT_EQUAL(reads(&p, NULL), TEE_OK);
    for (i = 0; i < TEE_LEN(folders); i++) {
        CU_ASSERT_EQUAL(chmod(p.state, folders[i]), 0);
        untrusted(&p, "/state: ");
    }
    CU_ASSERT_EQUAL(chmod(p.state, 0700), 0);
    CU_ASSERT_EQUAL(chmod(p.dir, 0733), 0);
    untrusted(&p, ": folder is writable by others");
    CU_ASSERT_EQUAL(chmod(p.dir, 0711), 0);
    CU_ASSERT_EQUAL(chmod(p.lock, 0622), 0);
    CU_ASSERT_EQUAL(reads(&p, NULL), TEE_OK);
    CU_ASSERT_EQUAL(run(&p, false, count_try, NULL, NULL), TEE_E_TRUST);
}

static void
test_links_and_other_things_are_refused(void)
{
    char aside[160], other[160];
    struct place p;

    made(&p);
    (void)snprintf(aside, sizeof(aside), "%s/aside", p.dir);
    (void)snprintf(other, sizeof(other), "%s/other", p.dir);
    CU_ASSERT_EQUAL(link(p.token, aside), 0);
    untrusted(&p, "has 2 links");
    CU_ASSERT_EQUAL(unlink(p.token), 0);
    CU_ASSERT_EQUAL(symlink(aside, p.token), 0);
    untrusted(&p, "is a symbolic link");
    CU_ASSERT_EQUAL(unlink(p.token), 0);
    CU_ASSERT_EQUAL(mkfifo(p.token, 0600), 0);
    untrusted(&p, "not a regular file"); /* and does not wait for a writer */
    CU_ASSERT_EQUAL(unlink(p.token), 0);
    CU_ASSERT_EQUAL(mkdir(p.token, 0700), 0);
    untrusted(&p, "not a regular file");
    CU_ASSERT_EQUAL(rmdir(p.token), 0);
    CU_ASSERT_EQUAL(rename(aside, p.token), 0);
    CU_ASSERT_EQUAL(reads(&p, NULL), TEE_OK);
    CU_ASSERT_EQUAL(rename(p.state, other), 0);
    CU_ASSERT_EQUAL(symlink(other, p.state), 0);
    untrusted(&p, "is a symbolic link");
    CU_ASSERT_EQUAL(unlink(p.state), 0);
    CU_ASSERT_EQUAL(rename(other, p.state), 0);
    CU_ASSERT_EQUAL(unlink(p.lock), 0);
    CU_ASSERT_EQUAL(symlink(p.token, p.lock), 0);
    CU_ASSERT_NOT_EQUAL(run(&p, false, count_try, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(unlink(p.lock), 0);
    CU_ASSERT_EQUAL(mkfifo(p.lock, 0600), 0);
    CU_ASSERT_NOT_EQUAL(run(&p, false, count_try, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(unlink(p.lock), 0);
    CU_ASSERT_EQUAL(run(&p, false, count_try, NULL, NULL), TEE_OK);
}

static void
test_another_owner_is_refused_unless_named(void)
{
    struct place p;

    if (geteuid() != 0) {
        test_skip("needs root to give files away");
        return;
    }
    made(&p);
    CU_ASSERT_EQUAL(chown(p.token, NOBODY, (gid_t)-1), 0);
    untrusted(&p, "owned by uid 65534");
    p.conf.has_user = true;
    p.conf.user = NOBODY;
    CU_ASSERT_EQUAL(reads(&p, NULL), TEE_OK);
    p.conf.user = NOBODY - 1;
    untrusted(&p, "owned by uid 65534");
    CU_ASSERT_EQUAL(chown(p.token, 0, (gid_t)-1), 0);
    CU_ASSERT_EQUAL(chown(p.state, NOBODY, (gid_t)-1), 0);
    untrusted(&p, "owned by uid 65534");
    p.conf.user = NOBODY;
    CU_ASSERT_EQUAL(reads(&p, NULL), TEE_OK);
}

/* ---- as another account
 * ---------------------------------------------------------- */

/* Runs in a child as uid and gid NOBODY; what it answers comes back. */
static enum tee_err
as_nobody(enum tee_err (*what)(const struct place *), const struct place *p)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
            setresuid(NOBODY, NOBODY, NOBODY) != 0)
            _exit(255);
        _exit((int)what(p));
    }
    CU_ASSERT_TRUE_FATAL(pid > 0);
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) < TEE_E_COUNT);
    return (enum tee_err)WEXITSTATUS(status);
}

static enum tee_err
read_it(const struct place *p)
{
    return reads(p, NULL);
}

static enum tee_err
change_it(const struct place *p)
{
    return run(p, false, count_try, NULL, NULL);
}

static enum tee_err
writable_it(const struct place *p)
{
    return ks_store_writable(&p->conf) ? TEE_OK : TEE_E_READONLY;
}

/* A master that started as root, workers that are not. */
static void
test_workers_of_the_group_read_and_cannot_write(void)
{
    struct place p;

    if (geteuid() != 0) {
        test_skip("needs root to become another account");
        return;
    }
    place(&p);
    p.conf.has_group = true;
    p.conf.group = NOBODY;
    CU_ASSERT_EQUAL(run(&p, true, fresh, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(as_nobody(read_it, &p), TEE_OK);
    CU_ASSERT_EQUAL(as_nobody(writable_it, &p), TEE_E_READONLY);
    CU_ASSERT_EQUAL(as_nobody(change_it, &p), TEE_E_READONLY);
    CU_ASSERT_EQUAL(run(&p, false, count_try, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(as_nobody(read_it, &p), TEE_OK);
}

/* The agent's own store, made and changed by root: it stays the agent's. */
static void
test_what_root_writes_stays_with_the_user(void)
{
    struct place p;

    if (geteuid() != 0) {
        test_skip("needs root to become another account");
        return;
    }
    place(&p);
    p.conf.has_user = true;
    p.conf.user = NOBODY;
    CU_ASSERT_EQUAL(run(&p, true, fresh, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(stat_of(p.state).st_uid, NOBODY);
    CU_ASSERT_EQUAL(stat_of(p.token).st_uid, NOBODY);
    CU_ASSERT_EQUAL(stat_of(p.lock).st_uid, NOBODY);
    CU_ASSERT_EQUAL(as_nobody(read_it, &p), TEE_OK);
    CU_ASSERT_EQUAL(as_nobody(writable_it, &p), TEE_OK);
    CU_ASSERT_EQUAL(as_nobody(change_it, &p), TEE_OK);
    CU_ASSERT_EQUAL(run(&p, false, count_try, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(as_nobody(change_it, &p), TEE_OK);
}

static enum tee_err
here(enum tee_err (*what)(const struct place *), const struct place *p)
{
    return what(p);
}

/* Root could write everywhere, so for root another account tries. */
static void
test_a_folder_without_write_permission_is_read_only(void)
{
    enum tee_err (*as)(enum tee_err(*)(const struct place *),
                       const struct place *) =
        geteuid() == 0 ? as_nobody : here;
    struct place p;

    place(&p);
    p.conf.has_user = geteuid() == 0;
    p.conf.user = NOBODY;
    CU_ASSERT_EQUAL(run(&p, true, fresh, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(as(writable_it, &p), TEE_OK);
    CU_ASSERT_EQUAL(chmod(p.state, 0500), 0);
    CU_ASSERT_EQUAL(as(read_it, &p), TEE_OK);
    CU_ASSERT_EQUAL(as(writable_it, &p), TEE_E_READONLY);
    CU_ASSERT_EQUAL(as(change_it, &p), TEE_E_READONLY);
    CU_ASSERT_EQUAL(chmod(p.state, 0700), 0);
    CU_ASSERT_EQUAL(as(change_it, &p), TEE_OK);
}

/* ---- file systems
 * ------------------------------------------------------------------ */

/* A child in a mount namespace of its own; failed: it could not mount. */
static int
in_namespace(int (*what)(struct place *), struct place *p)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        if (unshare(CLONE_NEWNS) != 0 ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
            _exit(77);
        _exit(what(p));
    }
    CU_ASSERT_TRUE_FATAL(pid > 0);
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int
on_read_only(struct place *p)
{
    struct tee_fault f = { 0 };

    if (mount(p->state, p->state, NULL, MS_BIND, NULL) != 0 ||
        mount(NULL, p->state, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) !=
            0)
        return 77;
    if (reads(p, &f) != TEE_OK || ks_store_writable(&p->conf))
        return 1;
    if (run(p, false, count_try, NULL, &f) != TEE_E_READONLY ||
        strstr(f.text, "Read-only file system") == NULL)
        return 2;
    if (run(p, true, fresh, NULL, &f) != TEE_E_READONLY)
        return 3;
    return 0;
}

static void
test_a_read_only_file_system_is_told(void)
{
    struct place p;
    int got;

    made(&p);
    got = geteuid() == 0 ? in_namespace(on_read_only, &p) : 77;
    if (got == 77)
        test_skip("needs root and mount namespaces");
    else
        CU_ASSERT_EQUAL(got, 0);
}

static struct ks_object
large(unsigned i)
{
    static uint8_t value[300000];
    struct ks_object o = make_data(i);

    o.attr[KS_A_VALUE] = (struct tee_bytes){ value, sizeof(value) };
    return o;
}

/* Same checks as refused(), by exit status: CUnit counts in the parent. */
static int
full_at(struct place *p, unsigned i)
{
    struct tee_buf before = bytes_of(p->token), after;
    struct ks_object o = large(i);
    struct tee_fault f = { 0 };
    enum tee_err err = run(p, false, put_object, &o, &f);
    int bad = 0;

    if (err == TEE_OK)
        return 0;
    after = bytes_of(p->token);
    if (err != TEE_E_IO || strstr(f.text, "No space left on device") == NULL)
        bad = 2;
    else if (!tee_bytes_equal(tee_buf_view(&before), tee_buf_view(&after)))
        bad = 3;
    else if (entries(p->state) != 2 || reads(p, NULL) != TEE_OK)
        bad = 4;
    return bad != 0 ? bad : 99;
}

static int
on_full_disk(struct place *p)
{
    unsigned i;
    int got = 0;

    if (mkdir(p->state, 0700) != 0 ||
        mount("tmpfs", p->state, "tmpfs", 0, "size=2m,mode=0700") != 0)
        return 77;
    if (run(p, true, fresh, NULL, NULL) != TEE_OK)
        return 1;
    for (i = 100; i < 120 && got == 0; i++)
        got = full_at(p, i);
    if (got != 99)
        return got == 0 ? 5 : got;
    /* old and new file are there at once, so half of it was usable */
    return i > 102 && run(p, false, count_try, NULL, NULL) == TEE_OK ? 0 : 6;
}

static void
test_a_full_disk_leaves_the_store_as_it_was(void)
{
    struct place p;
    int got = 77;

    place(&p);
    if (geteuid() == 0)
        got = in_namespace(on_full_disk, &p);
    if (got == 77)
        test_skip("needs root and mount namespaces");
    else
        CU_ASSERT_EQUAL(got, 0);
}

/* The same for every account: a limit instead of a disk. */
static void
test_a_file_size_limit_leaves_the_store_as_it_was(void)
{
    struct rlimit old, small;
    struct ks_object o = large(7);
    void (*handler)(int);
    struct place p;

    made(&p);
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 100000;
    handler = signal(SIGXFSZ, SIG_IGN);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &small), 0);
    refused(&p, put_object, &o, TEE_E_IO, "File too large");
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, handler);
    CU_ASSERT_EQUAL(run(&p, false, put_object, &o, NULL), TEE_OK);
}

/* ---- what is read
 * --------------------------------------------------------------------- */

static void
test_stamps_are_equal_until_the_store_changes(void)
{
    struct ks_change c = { false, count_try, NULL };
    struct ks_stamp seen, read, now;
    struct ks_store *s = NULL;
    struct place p;
    int i;

    made(&p);
    CU_ASSERT_EQUAL_FATAL(ks_store_read(&p.conf, &s, &read, NULL), TEE_OK);
    ks_store_put(s);
    for (i = 0; i < 9; i++) { /* within one tick of the clock, same size */
        ks_store_stat(&p.conf, &now);
        CU_ASSERT_TRUE(now.there);
        CU_ASSERT_TRUE(ks_stamp_equal(&now, &read));
        CU_ASSERT_EQUAL_FATAL(
            ks_store_change(&p.conf, soon(), &c, &s, &seen, NULL), TEE_OK);
        ks_store_put(s);
        CU_ASSERT_FALSE(ks_stamp_equal(&seen, &read));
        CU_ASSERT_FALSE(seen.mtime.tv_sec == read.mtime.tv_sec &&
                        seen.mtime.tv_nsec == read.mtime.tv_nsec);
        read = seen;
    }
    CU_ASSERT_EQUAL(unlink(p.token), 0);
    ks_store_stat(&p.conf, &now);
    CU_ASSERT_FALSE(now.there);
    CU_ASSERT_FALSE(ks_stamp_equal(&now, &read));
    CU_ASSERT_TRUE(ks_stamp_equal(&now, &(struct ks_stamp){ 0 }));
}

static void
test_a_change_answers_what_a_reader_finds(void)
{
    struct ks_object o = make_data(77);
    struct ks_change c = { false, put_object, &o };
    struct ks_store *wrote = NULL, *found = NULL;
    struct ks_stamp stamp;
    struct place p;

    made(&p);
    CU_ASSERT_EQUAL_FATAL(
        ks_store_change(&p.conf, soon(), &c, &wrote, &stamp, NULL), TEE_OK);
    CU_ASSERT_EQUAL_FATAL(ks_store_read(&p.conf, &found, &stamp, NULL), TEE_OK);
    CU_ASSERT_TRUE(tee_bytes_equal(wrote->body, found->body));
    CU_ASSERT_EQUAL(memcmp(wrote->mac, found->mac, 32), 0);
    CU_ASSERT_EQUAL(found->n, 3);
    CU_ASSERT_PTR_NOT_NULL(ks_store_find(found, o.uuid));
    CU_ASSERT_EQUAL(ks_store_authentic(found, mac_key(found), NULL), TEE_OK);
    ks_store_put(wrote);
    ks_store_put(found);
}

static void
check_file(const struct place *p, struct tee_bytes v, enum tee_err want,
           const char *text)
{
    struct tee_fault f = { 0 };
    struct tee_buf after;

    put_bytes(p->token, v);
    CU_ASSERT_EQUAL(reads(p, &f), want);
    if (strstr(f.text, text) == NULL) {
        printf("    \"%s\" is not in \"%s\"\n", text, f.text);
        CU_FAIL("another text");
    }
    CU_ASSERT_EQUAL(strncmp(f.text, p->token, strlen(p->token)), 0);
    /* nobody writes over what he cannot read, C_InitToken neither */
    CU_ASSERT_EQUAL(run(p, true, fresh, NULL, NULL), want);
    after = bytes_of(p->token);
    CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&after), v));
    tee_buf_clear(&after);
}

static void
test_files_that_are_no_store_of_this_token_are_refused(void)
{
    const struct make tee = { KS_TEE, MAKE_NONE, KS_ED25519, false },
                      skr = { KS_SKR, MAKE_NONE, KS_ED25519, false };
    struct tee_buf file;
    struct place p;

    made(&p);
    file = bytes_of(p.token);
    check_file(&p, (struct tee_bytes){ file.p, 0 }, TEE_E_MALFORMED,
               "cut short");
    check_file(&p, (struct tee_bytes){ file.p, file.len - 1 }, TEE_E_MALFORMED,
               "cut short");
    check_file(&p, TEE_STR("[agent]\nkey_origin = local\n"), TEE_E_MALFORMED,
               "map");
    file.p[20] = 2; /* behind magic and key: the schema version */
    check_file(&p, tee_buf_view(&file), TEE_E_STORE_VERSION,
               "a newer tee-pkcs11 wrote the file");
    tee_buf_clear(&file);
    make_file(&tee, &file);
    check_file(&p, tee_buf_view(&file), TEE_E_MALFORMED,
               "the store is of key_origin = tee_generated, the configuration "
               "says local");
    tee_buf_clear(&file);
    make_file(&skr, &file);
    check_file(
        &p, tee_buf_view(&file), TEE_E_MALFORMED,
        "the store is of key_origin = skr, the configuration says local");
    tee_buf_clear(&file);
    CU_ASSERT_EQUAL(truncate(p.token, (off_t)KS_STORE_MAX + 1), 0);
    CU_ASSERT_EQUAL(reads(&p, NULL), TEE_E_MALFORMED);
}

/* ---- what is changed
 * ------------------------------------------------------------------- */

static void
test_a_refused_change_leaves_everything(void)
{
    enum tee_err no = TEE_E_PIN;
    struct ks_object bad = make_data(7);
    struct place p;

    made(&p);
    refused(&p, fail, &no, TEE_E_PIN, "no");
    bad.flags |= KS_O_SIGN;
    refused(&p, put_object, &bad, TEE_E_ARG, "flags 0x80 of a data");
}

static enum tee_err
break_rule(struct ks_store **s, const uint8_t **key, void *arg,
           struct tee_fault *f)
{
    static struct ks_object o;

    (void)arg;
    (void)f;
    o = *(*s)->object[0];
    o.flags |= KS_O_SIGN;
    (*s)->object[0] = &o;
    *key = mac_key(*s);
    return TEE_OK;
}

static enum tee_err
break_origin(struct ks_store **s, const uint8_t **key, void *arg,
             struct tee_fault *f)
{
    const struct make tee = { KS_TEE, MAKE_NONE, KS_ED25519, false };

    (void)arg;
    (void)f;
    ks_store_put(*s);
    *s = make_store(&tee);
    *key = mac_key(*s);
    return TEE_OK;
}

static enum tee_err
change_nothing_known(struct ks_store **s, const uint8_t **key, void *arg,
                     struct tee_fault *f)
{
    struct ks_object o = make_data(7);

    (void)key;
    (void)arg;
    return ks_store_set(*s, &o, f);
}

static enum tee_err
leave_nothing(struct ks_store **s, const uint8_t **key, void *arg,
              struct tee_fault *f)
{
    (void)key;
    (void)arg;
    (void)f;
    ks_store_put(*s);
    *s = NULL;
    return TEE_OK;
}

static enum tee_err
fill_up(struct ks_store **s, const uint8_t **key, void *arg,
        struct tee_fault *f)
{
    static uint8_t value[1000000];
    struct ks_object o;
    enum tee_err err = TEE_OK;
    unsigned i;

    (void)arg;
    for (i = 50; i < 67 && err == TEE_OK; i++) {
        o = make_data(i);
        o.attr[KS_A_VALUE] = (struct tee_bytes){ value, sizeof(value) };
        err = ks_store_set(*s, &o, f);
    }
    *key = mac_key(*s);
    return err;
}

static void
test_nothing_is_written_that_a_reader_would_refuse(void)
{
    struct place p;

    made(&p);
    refused(&p, break_rule, NULL, TEE_E_ARG, "flags 0x80 of a public key");
    refused(&p, break_origin, NULL, TEE_E_ARG, "a store of another origin");
    refused(&p, change_nothing_known, NULL, TEE_E_STATE, "");
    refused(&p, leave_nothing, NULL, TEE_E_STATE, "");
    refused(&p, fill_up, NULL, TEE_E_TOOBIG,
            "the store would pass 16777216 bytes");
}

/* Somebody wrote into the file: what he wrote is never made authentic. */
static void
test_an_altered_store_is_not_signed_anew(void)
{
    struct ks_object o = make_data(7);
    struct tee_buf file;
    struct place p;
    uint8_t *label;

    made(&p);
    file = bytes_of(p.token);
    label = memmem(file.p, file.len, "agent", 5);
    CU_ASSERT_PTR_NOT_NULL_FATAL(label);
    label[0] = 'A';
    put_bytes(p.token, tee_buf_view(&file));
    tee_buf_clear(&file);
    CU_ASSERT_EQUAL(reads(&p, NULL), TEE_OK); /* the MAC waits for TK */
    refused(&p, put_object, &o, TEE_E_STORE_ALTERED, "store-altered");
    CU_ASSERT_EQUAL(run(&p, false, count_try, NULL, NULL), TEE_OK);
    refused(&p, put_object, &o, TEE_E_STORE_ALTERED, "store-altered");
    CU_ASSERT_EQUAL(run(&p, false, fresh, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(run(&p, false, put_object, &o, NULL), TEE_OK);
}

static void
test_what_a_killed_writer_left_is_removed(void)
{
    static const struct {
        const char *name;
        bool stays;
    } files[] = {
        { ".agent.token.0123abcd", false }, { ".agent.token.ffffffff", false },
        { ".agent.token.0123abcg", true },  { ".agent.token.0123abcd0", true },
        { ".agent.token.0123ABCD", true },  { ".agent2.token.01234567", true },
        { ".agent.lock.01234567", true },   { "agent.token.01234567", true },
        { "agent2.token", true },           { ".agent.token", true },
    };
    char path[224];
    struct place p;
    size_t i;

    made(&p);
    for (i = 0; i < TEE_LEN(files); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", p.state, files[i].name);
        put_bytes(path, TEE_STR("half a sto"));
    }
    CU_ASSERT_EQUAL(run(&p, false, count_try, NULL, NULL), TEE_OK);
    for (i = 0; i < TEE_LEN(files); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", p.state, files[i].name);
        CU_ASSERT_EQUAL(access(path, F_OK) == 0, files[i].stays);
    }
}

/* ---- the lock
 * ---------------------------------------------------------------------------
 */

/* Locks, says so by closing the pipe, and holds until it is killed. */
static pid_t
holder(const struct place *p)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int ready[2], fd;
    pid_t pid;
    char c;

    CU_ASSERT_EQUAL_FATAL(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        fd = open(p->lock, O_RDWR | O_CLOEXEC);
        if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0)
            (void)!write(ready[1], "1", 1);
        close(ready[1]);
        for (;;)
            (void)pause();
    }
    CU_ASSERT_TRUE_FATAL(pid > 0);
    close(ready[1]);
    CU_ASSERT_EQUAL(read(ready[0], &c, 1), 1);
    close(ready[0]);
    return pid;
}

static void
release(pid_t pid)
{
    CU_ASSERT_EQUAL(kill(pid, SIGKILL), 0);
    CU_ASSERT_EQUAL(waitpid(pid, NULL, 0), pid);
}

static void
finish(pid_t pid)
{
    int status = 0;

    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_EQUAL(status, 0);
}

static void
test_a_held_lock_is_waited_for_until_the_deadline(void)
{
    struct ks_change c = { false, count_try, NULL };
    struct ks_store *s = NULL;
    struct ks_stamp stamp;
    struct tee_fault f = { 0 };
    int64_t from, took;
    struct place p;
    pid_t pid;

    made(&p);
    pid = holder(&p);
    from = tee_clock.mono_ms();
    CU_ASSERT_EQUAL(ks_store_change(&p.conf, from + 120, &c, &s, &stamp, &f),
                    TEE_E_TIMEOUT);
    took = tee_clock.mono_ms() - from;
    CU_ASSERT_TRUE(took >= 120 && took < PATIENCE);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.text, "agent.lock: another process"));
    CU_ASSERT_EQUAL(reads(&p, NULL), TEE_OK); /* readers wait for nobody */
    release(pid);
    CU_ASSERT_EQUAL(run(&p, false, count_try, NULL, NULL), TEE_OK);
    /* a deadline that has passed already still tries once */
    CU_ASSERT_EQUAL(ks_store_change(&p.conf, from, &c, &s, &stamp, &f), TEE_OK);
    ks_store_put(s);
}

/* Somebody removed the lock file while we waited for it. */
static void
test_a_lock_that_was_removed_meanwhile_does_not_count(void)
{
    struct ks_change c = { false, count_try, NULL };
    struct ks_store *s = NULL;
    struct ks_stamp stamp;
    pid_t one, two, waiter;
    struct place p;

    made(&p);
    one = holder(&p);
    waiter = fork();
    if (waiter == 0) /* waits for the first, then must see the second */
        _exit(ks_store_change(&p.conf, tee_clock.mono_ms() + 700, &c, &s,
                              &stamp, NULL) == TEE_E_TIMEOUT
                  ? 0
                  : 1);
    (void)nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
    CU_ASSERT_EQUAL(unlink(p.lock), 0);
    put_bytes(p.lock, TEE_STR(""));
    two = holder(&p);
    release(one);
    finish(waiter);
    release(two);
}

/* arg: where the pid goes. The child keeps a copy of every descriptor. */
static enum tee_err
fork_inside(struct ks_store **s, const uint8_t **key, void *arg,
            struct tee_fault *f)
{
    pid_t *pid = arg;

    *pid = fork();
    if (*pid == 0) {
        for (;;)
            (void)pause();
    }
    return count_try(s, key, NULL, f);
}

static void
test_a_child_of_fork_does_not_keep_the_lock(void)
{
    struct place p;
    pid_t pid = -1;

    made(&p);
    CU_ASSERT_EQUAL(run(&p, false, fork_inside, &pid, NULL), TEE_OK);
    CU_ASSERT_TRUE_FATAL(pid > 0);
    CU_ASSERT_EQUAL(run(&p, false, count_try, NULL, NULL), TEE_OK);
    release(pid);
}

/* The label of object 3 counts; a lost change would be missing from it. */
static enum tee_err
count_up(struct ks_store **s, const uint8_t **key, void *arg,
         struct tee_fault *f)
{
    struct ks_object o = make_data(3);
    const struct ks_object *old = ks_store_find(*s, o.uuid);
    unsigned long n = 0;
    char text[24];

    (void)arg;
    if (old != NULL) {
        (void)snprintf(text, sizeof(text), "%.*s",
                       (int)old->attr[KS_A_LABEL].len,
                       (const char *)old->attr[KS_A_LABEL].p);
        n = strtoul(text, NULL, 10);
    }
    (void)snprintf(text, sizeof(text), "%lu", n + 1);
    o.attr[KS_A_LABEL] = tee_bytes_of(text);
    *key = mac_key(*s);
    return ks_store_set(*s, &o, f);
}

#define CHANGES 200

static void
test_two_processes_lose_no_change(void)
{
    struct ks_object o = make_data(3);
    struct ks_store *s = NULL;
    struct ks_stamp stamp;
    struct place p;
    pid_t pid[2];
    int i, k;

    made(&p);
    for (i = 0; i < 2; i++) {
        pid[i] = fork();
        if (pid[i] != 0)
            continue;
        for (k = 0; k < CHANGES; k++) {
            if (run(&p, false, count_up, NULL, NULL) != TEE_OK)
                _exit(1);
        }
        _exit(0);
    }
    finish(pid[0]);
    finish(pid[1]);
    CU_ASSERT_EQUAL_FATAL(ks_store_read(&p.conf, &s, &stamp, NULL), TEE_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(ks_store_find(s, o.uuid));
    CU_ASSERT_TRUE(tee_bytes_equal(ks_store_find(s, o.uuid)->attr[KS_A_LABEL],
                                   TEE_STR("400")));
    CU_ASSERT_EQUAL(entries(p.state), 2);
    ks_store_put(s);
}

static const struct test tests[] = {
    { "nothing is made unless it is asked for",
      test_nothing_is_made_unless_it_is_asked_for },
    { "modes do not depend on umask", test_modes_do_not_depend_on_umask },
    { "a group may read and nothing else",
      test_a_group_may_read_and_nothing_else },
    { "init shares a folder that is not shared yet",
      test_init_shares_a_folder_that_is_not_shared_yet },
    { "a folder is made in a trusted one only",
      test_a_folder_is_made_in_a_trusted_one_only },
    { "modes that let others in are refused",
      test_modes_that_let_others_in_are_refused },
    { "links and other things are refused",
      test_links_and_other_things_are_refused },
    { "another owner is refused unless named",
      test_another_owner_is_refused_unless_named },
    { "workers of the group read and cannot write",
      test_workers_of_the_group_read_and_cannot_write },
    { "what root writes stays with the user",
      test_what_root_writes_stays_with_the_user },
    { "a folder without write permission is read only",
      test_a_folder_without_write_permission_is_read_only },
    { "a read-only file system is told", test_a_read_only_file_system_is_told },
    { "a full disk leaves the store as it was",
      test_a_full_disk_leaves_the_store_as_it_was },
    { "a file size limit leaves the store as it was",
      test_a_file_size_limit_leaves_the_store_as_it_was },
    { "stamps are equal until the store changes",
      test_stamps_are_equal_until_the_store_changes },
    { "a change answers what a reader finds",
      test_a_change_answers_what_a_reader_finds },
    { "files that are no store of this token are refused",
      test_files_that_are_no_store_of_this_token_are_refused },
    { "a refused change leaves everything",
      test_a_refused_change_leaves_everything },
    { "nothing is written that a reader would refuse",
      test_nothing_is_written_that_a_reader_would_refuse },
    { "an altered store is not signed anew",
      test_an_altered_store_is_not_signed_anew },
    { "what a killed writer left is removed",
      test_what_a_killed_writer_left_is_removed },
    { "a held lock is waited for until the deadline",
      test_a_held_lock_is_waited_for_until_the_deadline },
    { "a lock that was removed meanwhile does not count",
      test_a_lock_that_was_removed_meanwhile_does_not_count },
    { "a child of fork does not keep the lock",
      test_a_child_of_fork_does_not_keep_the_lock },
    { "two processes lose no change", test_two_processes_lose_no_change },
    { NULL, NULL },
};
const struct suite suite_store = { "store", tests };
