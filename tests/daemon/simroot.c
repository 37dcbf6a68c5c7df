/* The root file of platform `simulated`: made once, trusted never blindly. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/td.h"
#include "tests/daemon/rig.h"
#include "tests/daemon/suites.h"

static enum tee_err
root_of(const struct rig *r, bool create, uint8_t ret[32], struct tee_fault *f)
{
    struct tee_secret s = { 0 };
    enum tee_err err = td_sim_root(rig_section(r, "sim"), create, &s, f);

    if (err == TEE_OK) {
        CU_ASSERT_EQUAL(s.len, 32);
        memcpy(ret, s.p, 32);
    } else {
        CU_ASSERT_PTR_NULL(s.p);
    }
    tee_secret_free(&s);
    return err;
}

static unsigned
entries(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    unsigned n = 0;

    while (d != NULL && (e = readdir(d)) != NULL)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    if (d != NULL)
        (void)closedir(d);
    return n;
}

static void
test_it_is_made_once_with_its_mode(void)
{
    struct rig r;
    struct stat st;
    uint8_t a[32] = { 0 }, b[32] = { 0 };

    rig_new(&r);
    CU_ASSERT_EQUAL_FATAL(root_of(&r, true, a, NULL), TEE_OK);
    CU_ASSERT_EQUAL_FATAL(stat(r.root, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode, S_IFREG | 0600);
    CU_ASSERT_EQUAL(st.st_size, 32);
    CU_ASSERT_EQUAL(st.st_nlink, 1);
    CU_ASSERT_EQUAL(entries(r.state), 1); /* no temporary name is left */
    CU_ASSERT_EQUAL(root_of(&r, true, b, NULL), TEE_OK);
    CU_ASSERT_EQUAL(memcmp(a, b, 32), 0);
    CU_ASSERT_EQUAL(root_of(&r, false, b, NULL), TEE_OK);
    CU_ASSERT_EQUAL(memcmp(a, b, 32), 0);
    rig_free(&r);
}

static void
test_two_folders_have_two_roots(void)
{
    struct rig r, s;
    uint8_t a[32] = { 0 }, b[32] = { 0 };

    rig_new(&r);
    rig_new(&s);
    CU_ASSERT_EQUAL(root_of(&r, true, a, NULL), TEE_OK);
    CU_ASSERT_EQUAL(root_of(&s, true, b, NULL), TEE_OK);
    CU_ASSERT_NOT_EQUAL(memcmp(a, b, 32), 0);
    rig_free(&r);
    rig_free(&s);
}

static void
test_opening_never_makes_it(void)
{
    struct rig r;
    struct tee_fault f = { 0 };
    uint8_t a[32];

    rig_new(&r);
    CU_ASSERT_EQUAL(root_of(&r, false, a, &f), TEE_E_UNAVAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.text, "simulated.root: missing"));
    CU_ASSERT_PTR_NOT_NULL(strstr(f.text, r.state));
    CU_ASSERT_EQUAL(entries(r.state), 0);
    rig_free(&r);
}

static void
test_the_folder_is_made_for_a_wrap_alone(void)
{
    struct rig r;
    struct stat st;
    struct tee_fault f = { 0 };
    uint8_t a[32];

    rig_new(&r);
    CU_ASSERT_EQUAL(rmdir(r.state), 0);
    CU_ASSERT_EQUAL(root_of(&r, false, a, &f), TEE_E_UNAVAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.text, r.state));
    CU_ASSERT_NOT_EQUAL(stat(r.state, &st), 0);
    CU_ASSERT_EQUAL(root_of(&r, true, a, &f), TEE_OK);
    CU_ASSERT_EQUAL(stat(r.state, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode, S_IFDIR | 0700);
    rig_free(&r);
}

/* ---- what stands there is not trusted because of its name ------------------
 */

static void
mode_640(const struct rig *r)
{
    CU_ASSERT_EQUAL(chmod(r->root, 0640), 0);
}

static void
mode_602(const struct rig *r)
{
    CU_ASSERT_EQUAL(chmod(r->root, 0602), 0);
}

static void
mode_604(const struct rig *r)
{
    CU_ASSERT_EQUAL(chmod(r->root, 0604), 0);
}

static void
too_short(const struct rig *r)
{
    CU_ASSERT_EQUAL(truncate(r->root, 31), 0);
}

static void
too_long(const struct rig *r)
{
    CU_ASSERT_EQUAL(truncate(r->root, 33), 0);
}

static void
empty(const struct rig *r)
{
    CU_ASSERT_EQUAL(truncate(r->root, 0), 0);
}

static void
second_link(const struct rig *r)
{
    char to[400];

    (void)snprintf(to, sizeof(to), "%s/copy", r->dir);
    CU_ASSERT_EQUAL(link(r->root, to), 0);
}

static void
symbolic(const struct rig *r)
{
    char to[400];

    (void)snprintf(to, sizeof(to), "%s/copy", r->dir);
    CU_ASSERT_EQUAL(rename(r->root, to), 0);
    CU_ASSERT_EQUAL(symlink(to, r->root), 0);
}

static void
folder(const struct rig *r)
{
    CU_ASSERT_EQUAL(unlink(r->root), 0);
    CU_ASSERT_EQUAL(mkdir(r->root, 0700), 0);
}

static void
fifo(const struct rig *r)
{
    CU_ASSERT_EQUAL(unlink(r->root), 0);
    CU_ASSERT_EQUAL(mkfifo(r->root, 0600), 0);
}

static void
wide_folder(const struct rig *r)
{
    CU_ASSERT_EQUAL(chmod(r->state, 0750), 0);
}

static const struct {
    const char *what;
    void (*spoil)(const struct rig *);
    const char *says;
} spoilt[] = {
    { "mode 0640", mode_640, "chmod 600" },
    { "mode 0602", mode_602, "others may write" },
    { "mode 0604", mode_604, "others may read" },
    { "31 bytes", too_short, "must be 32 bytes" },
    { "33 bytes", too_long, "must be 32 bytes" },
    { "no bytes", empty, "must be 32 bytes" },
    { "two links", second_link, "has 2 links" },
    { "a symbolic link", symbolic, "symbolic link" },
    { "a folder", folder, "not a regular file" },
    { "a pipe", fifo, "not a regular file" },
    { "a folder of the store that the group reads", wide_folder, "group may" },
};

static void
test_a_spoilt_file_is_refused_and_left_alone(void)
{
    uint8_t a[32], before[32] = { 0 };
    size_t i;
    int create;

    for (i = 0; i < TEE_LEN(spoilt); i++) {
        struct rig r;

        rig_new(&r);
        CU_ASSERT_EQUAL_FATAL(root_of(&r, true, before, NULL), TEE_OK);
        spoilt[i].spoil(&r);
        for (create = 0; create < 2; create++) {
            struct tee_fault f = { 0 };
            enum tee_err err = root_of(&r, create == 1, a, &f);

            if (err != TEE_E_TRUST || strstr(f.text, spoilt[i].says) == NULL)
                printf("%s: %s: %s\n", spoilt[i].what, tee_err_name(err),
                       f.text);
            CU_ASSERT_EQUAL(err, TEE_E_TRUST);
            CU_ASSERT_PTR_NOT_NULL(strstr(f.text, spoilt[i].says));
        }
        rig_free(&r);
    }
}

static void
test_another_owner_is_refused(void)
{
    struct rig r;
    struct tee_fault f = { 0 };
    uint8_t a[32];

    if (geteuid() != 0) {
        test_skip("needs root");
        return;
    }
    rig_new(&r);
    CU_ASSERT_EQUAL_FATAL(root_of(&r, true, a, NULL), TEE_OK);
    CU_ASSERT_EQUAL_FATAL(chown(r.root, 12345, (gid_t)-1), 0);
    CU_ASSERT_EQUAL(root_of(&r, false, a, &f), TEE_E_TRUST);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.text, "owned by uid 12345"));
    rig_free(&r);
}

/* Every racer must come back with the one root that stands there after. */
static void
test_many_at_once_make_one(void)
{
    enum { RACERS = 8 };
    uint8_t mine[32], stands[32] = { 0 };
    int pipes[2], i, st, good = 0;
    struct rig r;
    pid_t pid[RACERS];

    rig_new(&r);
    CU_ASSERT_EQUAL_FATAL(pipe(pipes), 0);
    for (i = 0; i < RACERS; i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            st = root_of(&r, true, mine, NULL) == TEE_OK &&
                 write(pipes[1], mine, 32) == 32;
            _exit(st ? 0 : 1);
        }
    }
    for (i = 0; i < RACERS; i++) {
        CU_ASSERT_EQUAL(waitpid(pid[i], &st, 0), pid[i]);
        CU_ASSERT_EQUAL(st, 0);
    }
    CU_ASSERT_EQUAL(root_of(&r, false, stands, NULL), TEE_OK);
    (void)close(pipes[1]);
    while (read(pipes[0], mine, 32) == 32)
        good += memcmp(mine, stands, 32) == 0;
    (void)close(pipes[0]);
    CU_ASSERT_EQUAL(good, RACERS);
    CU_ASSERT_EQUAL(entries(r.state), 1);
    rig_free(&r);
}

static const struct test tests[] = {
    { "it is made once, with its mode", test_it_is_made_once_with_its_mode },
    { "two folders have two roots", test_two_folders_have_two_roots },
    { "opening never makes it", test_opening_never_makes_it },
    { "the folder is made for a wrap alone",
      test_the_folder_is_made_for_a_wrap_alone },
    { "a spoilt file is refused and left alone",
      test_a_spoilt_file_is_refused_and_left_alone },
    { "another owner is refused", test_another_owner_is_refused },
    { "many at once make one", test_many_at_once_make_one },
    { NULL, NULL },
};
const struct suite suite_simroot = { "simroot", tests };
