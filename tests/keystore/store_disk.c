/* Read-only and full disks. */
#include "config.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/keystore/store_place.h"
#include "tests/keystore/suites.h"

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
            mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0)
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

    if (mount(p->state, p->state, "none", MS_BIND, NULL) != 0 ||
        mount("none", p->state, "none", MS_BIND | MS_REMOUNT | MS_RDONLY,
              NULL) != 0)
        return 77;
    if (place_reads(p, &f) != TEE_OK || ks_store_writable(&p->conf))
        return 1;
    if (place_run(p, false, place_try, NULL, &f) != TEE_E_READONLY ||
        strstr(f.text, "Read-only file system") == NULL)
        return 2;
    if (place_run(p, true, place_fresh, NULL, &f) != TEE_E_READONLY)
        return 3;
    return 0;
}

static void
test_a_read_only_file_system_is_told(void)
{
    struct place p;
    int got;

    place_made(&p);
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

/* Same checks as place_refused(), by exit status: CUnit counts in the parent.
 */
static int
full_at(struct place *p, unsigned i)
{
    struct tee_buf before = place_bytes(p->token), after;
    struct ks_object o = large(i);
    struct tee_fault f = { 0 };
    enum tee_err err = place_run(p, false, place_put, &o, &f);
    int bad = 0;

    if (err == TEE_OK)
        return 0;
    after = place_bytes(p->token);
    if (err != TEE_E_IO || strstr(f.text, "No space left on device") == NULL)
        bad = 2;
    else if (!tee_bytes_equal(tee_buf_view(&before), tee_buf_view(&after)))
        bad = 3;
    else if (place_entries(p->state) != 2 || place_reads(p, NULL) != TEE_OK)
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
    if (place_run(p, true, place_fresh, NULL, NULL) != TEE_OK)
        return 1;
    for (i = 100; i < 120 && got == 0; i++)
        got = full_at(p, i);
    if (got != 99)
        return got == 0 ? 5 : got;
    /* old and new file are there at once, so half of it was usable */
    return i > 102 && place_run(p, false, place_try, NULL, NULL) == TEE_OK ? 0
                                                                           : 6;
}

static void
test_a_full_disk_leaves_the_store_as_it_was(void)
{
    struct place p;
    int got = 77;

    place_new(&p);
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

    place_made(&p);
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 100000;
    handler = signal(SIGXFSZ, SIG_IGN);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &small), 0);
    place_refused(&p, place_put, &o, TEE_E_IO, "File too large");
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, handler);
    CU_ASSERT_EQUAL(place_run(&p, false, place_put, &o, NULL), TEE_OK);
}

static const struct test tests[] = {
    { "a read-only file system is told", test_a_read_only_file_system_is_told },
    { "a full disk leaves the store as it was",
      test_a_full_disk_leaves_the_store_as_it_was },
    { "a file size limit leaves the store as it was",
      test_a_file_size_limit_leaves_the_store_as_it_was },
    { NULL, NULL },
};
const struct suite suite_store_disk = { "store_disk", tests };
