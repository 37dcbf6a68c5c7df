/* The file of a token: who makes it, who may see it, what is read. */
#include "config.h"

#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/keystore/store_place.h"
#include "tests/keystore/suites.h"

/* ---- making
 * -------------------------------------------------------------------- */

static void
test_nothing_is_made_unless_it_is_asked_for(void)
{
    struct tee_fault f = { 0 };
    struct ks_stamp stamp;
    struct place p;

    place_new(&p);
    CU_ASSERT_EQUAL(place_reads(&p, &f), TEE_E_NOTFOUND);
    CU_ASSERT_EQUAL(place_run(&p, false, place_fresh, NULL, &f),
                    TEE_E_NOTFOUND);
    ks_store_stat(&p.conf, &stamp);
    CU_ASSERT_FALSE(stamp.there);
    CU_ASSERT_TRUE(ks_store_writable(&p.conf));
    CU_ASSERT_EQUAL(place_entries(p.dir), 0);
    CU_ASSERT_EQUAL(mkdir(p.state, 0700), 0);
    CU_ASSERT_EQUAL(place_reads(&p, &f), TEE_E_NOTFOUND);
    CU_ASSERT_EQUAL(place_run(&p, false, place_fresh, NULL, &f),
                    TEE_E_NOTFOUND);
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
        place_new(&p);
        old = umask(masks[i]);
        CU_ASSERT_EQUAL(place_run(&p, true, place_fresh, NULL, NULL), TEE_OK);
        CU_ASSERT_EQUAL(place_run(&p, true, place_fresh, NULL, NULL), TEE_OK);
        (void)umask(old);
        CU_ASSERT_EQUAL(place_stat(p.state).st_mode, S_IFDIR | 0700);
        CU_ASSERT_EQUAL(place_stat(p.token).st_mode, S_IFREG | 0600);
        CU_ASSERT_EQUAL(place_stat(p.lock).st_mode, S_IFREG | 0600);
        CU_ASSERT_EQUAL(place_stat(p.lock).st_size, 0);
        CU_ASSERT_EQUAL(place_entries(p.state), 2);
        CU_ASSERT_EQUAL(place_reads(&p, NULL), TEE_OK);
    }
}

static void
test_a_group_may_read_and_nothing_else(void)
{
    struct place p;

    place_new(&p);
    p.conf.has_group = true;
    p.conf.group = geteuid() == 0 ? NOBODY : getegid();
    CU_ASSERT_EQUAL(place_run(&p, true, place_fresh, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(place_stat(p.state).st_mode, S_IFDIR | 0750);
    CU_ASSERT_EQUAL(place_stat(p.state).st_gid, p.conf.group);
    CU_ASSERT_EQUAL(place_stat(p.token).st_mode, S_IFREG | 0640);
    CU_ASSERT_EQUAL(place_stat(p.token).st_gid, p.conf.group);
    CU_ASSERT_EQUAL(place_stat(p.lock).st_mode, S_IFREG | 0600);
    CU_ASSERT_EQUAL(place_reads(&p, NULL), TEE_OK);
    CU_ASSERT_EQUAL(chmod(p.token, 0660), 0);
    CU_ASSERT_EQUAL(place_reads(&p, NULL), TEE_E_TRUST);
    CU_ASSERT_EQUAL(chmod(p.token, 0640), 0);
    p.conf.has_group = false; /* without the word nobody may */
    CU_ASSERT_EQUAL(place_reads(&p, NULL), TEE_E_TRUST);
}

/* As after a death between mkdir and chmod, or a `group` written later. */
static void
test_init_shares_a_folder_that_is_not_shared_yet(void)
{
    struct place p;

    place_made(&p);
    p.conf.has_group = true;
    p.conf.group = geteuid() == 0 ? NOBODY : getegid();
    CU_ASSERT_EQUAL(place_run(&p, false, place_try, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(place_stat(p.state).st_mode, S_IFDIR | 0700);
    CU_ASSERT_EQUAL(place_run(&p, true, place_fresh, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(place_stat(p.state).st_mode, S_IFDIR | 0750);
    CU_ASSERT_EQUAL(place_stat(p.state).st_gid, p.conf.group);
}

static void
test_a_folder_is_made_in_a_trusted_one_only(void)
{
    struct tee_fault f = { 0 };
    char deep[160], want[400];
    struct place p;

    place_new(&p);
    (void)snprintf(deep, sizeof(deep), "%s/none/state", p.dir);
    p.conf.state = deep;
    CU_ASSERT_EQUAL(place_run(&p, true, place_fresh, NULL, &f), TEE_E_NOTFOUND);
    (void)snprintf(want, sizeof(want),
                   "%s/none: no such folder; \"mkdir -p %s/none\"", p.dir,
                   p.dir);
    CU_ASSERT_STRING_EQUAL(f.text, want);
    p.conf.state = p.state;
    CU_ASSERT_EQUAL(chmod(p.dir, 0777), 0);
    CU_ASSERT_EQUAL(place_run(&p, true, place_fresh, NULL, &f), TEE_E_TRUST);
    (void)snprintf(want, sizeof(want), "%s: folder is writable by others",
                   p.dir);
    CU_ASSERT_STRING_EQUAL(f.text, want);
    CU_ASSERT_EQUAL(place_entries(p.dir), 0);
    CU_ASSERT_EQUAL(chmod(p.dir, 0755), 0);
    CU_ASSERT_EQUAL(place_run(&p, true, place_fresh, NULL, &f), TEE_OK);
}

/* ---- trust
 * ---------------------------------------------------------------------- */

static void
untrusted(const struct place *p, const char *text)
{
    struct tee_fault f = { 0 };

    CU_ASSERT_EQUAL(place_reads(p, &f), TEE_E_TRUST);
    if (strstr(f.text, text) == NULL) {
        printf("    \"%s\" is not in \"%s\"\n", text, f.text);
        CU_FAIL("another text");
    }
    CU_ASSERT_EQUAL(place_run(p, false, place_try, NULL, &f), TEE_E_TRUST);
    CU_ASSERT_EQUAL(place_run(p, true, place_fresh, NULL, &f), TEE_E_TRUST);
}

static void
test_modes_that_let_others_in_are_refused(void)
{
    static const mode_t files[] = { 0640, 0604, 0620, 0602, 0610, 0666 },
                        folders[] = { 0750, 0705, 0770, 0701, 01777 };
    struct place p;
    size_t i;

    place_made(&p);
    for (i = 0; i < TEE_LEN(files); i++) {
        CU_ASSERT_EQUAL(chmod(p.token, files[i]), 0);
        untrusted(&p, "/state: agent.token: ");
    }
    CU_ASSERT_EQUAL(chmod(p.token, 0400), 0);
    CU_ASSERT_EQUAL(place_reads(&p, NULL), TEE_OK);
    for (i = 0; i < TEE_LEN(folders); i++) {
        CU_ASSERT_EQUAL(chmod(p.state, folders[i]), 0);
        untrusted(&p, "/state: ");
    }
    CU_ASSERT_EQUAL(chmod(p.state, 0700), 0);
    CU_ASSERT_EQUAL(chmod(p.dir, 0733), 0);
    untrusted(&p, ": folder is writable by others");
    CU_ASSERT_EQUAL(chmod(p.dir, 0711), 0);
    CU_ASSERT_EQUAL(chmod(p.lock, 0622), 0);
    CU_ASSERT_EQUAL(place_reads(&p, NULL), TEE_OK);
    CU_ASSERT_EQUAL(place_run(&p, false, place_try, NULL, NULL), TEE_E_TRUST);
}

static void
test_links_and_other_things_are_refused(void)
{
    char aside[160], other[160];
    struct place p;

    place_made(&p);
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
    CU_ASSERT_EQUAL(place_reads(&p, NULL), TEE_OK);
    CU_ASSERT_EQUAL(rename(p.state, other), 0);
    CU_ASSERT_EQUAL(symlink(other, p.state), 0);
    untrusted(&p, "is a symbolic link");
    CU_ASSERT_EQUAL(unlink(p.state), 0);
    CU_ASSERT_EQUAL(rename(other, p.state), 0);
    CU_ASSERT_EQUAL(unlink(p.lock), 0);
    CU_ASSERT_EQUAL(symlink(p.token, p.lock), 0);
    CU_ASSERT_NOT_EQUAL(place_run(&p, false, place_try, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(unlink(p.lock), 0);
    CU_ASSERT_EQUAL(mkfifo(p.lock, 0600), 0);
    CU_ASSERT_NOT_EQUAL(place_run(&p, false, place_try, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(unlink(p.lock), 0);
    CU_ASSERT_EQUAL(place_run(&p, false, place_try, NULL, NULL), TEE_OK);
}

static void
test_another_owner_is_refused_unless_named(void)
{
    struct place p;

    if (geteuid() != 0) {
        test_skip("needs root to give files away");
        return;
    }
    place_made(&p);
    CU_ASSERT_EQUAL(chown(p.token, NOBODY, (gid_t)-1), 0);
    untrusted(&p, "owned by uid 65534");
    p.conf.has_user = true;
    p.conf.user = NOBODY;
    CU_ASSERT_EQUAL(place_reads(&p, NULL), TEE_OK);
    p.conf.user = NOBODY - 1;
    untrusted(&p, "owned by uid 65534");
    CU_ASSERT_EQUAL(chown(p.token, 0, (gid_t)-1), 0);
    CU_ASSERT_EQUAL(chown(p.state, NOBODY, (gid_t)-1), 0);
    untrusted(&p, "owned by uid 65534");
    p.conf.user = NOBODY;
    CU_ASSERT_EQUAL(place_reads(&p, NULL), TEE_OK);
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
    return place_reads(p, NULL);
}

static enum tee_err
change_it(const struct place *p)
{
    return place_run(p, false, place_try, NULL, NULL);
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
    place_new(&p);
    p.conf.has_group = true;
    p.conf.group = NOBODY;
    CU_ASSERT_EQUAL(place_run(&p, true, place_fresh, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(as_nobody(read_it, &p), TEE_OK);
    CU_ASSERT_EQUAL(as_nobody(writable_it, &p), TEE_E_READONLY);
    CU_ASSERT_EQUAL(as_nobody(change_it, &p), TEE_E_READONLY);
    CU_ASSERT_EQUAL(place_run(&p, false, place_try, NULL, NULL), TEE_OK);
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
    place_new(&p);
    p.conf.has_user = true;
    p.conf.user = NOBODY;
    CU_ASSERT_EQUAL(place_run(&p, true, place_fresh, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(place_stat(p.state).st_uid, NOBODY);
    CU_ASSERT_EQUAL(place_stat(p.token).st_uid, NOBODY);
    CU_ASSERT_EQUAL(place_stat(p.lock).st_uid, NOBODY);
    CU_ASSERT_EQUAL(as_nobody(read_it, &p), TEE_OK);
    CU_ASSERT_EQUAL(as_nobody(writable_it, &p), TEE_OK);
    CU_ASSERT_EQUAL(as_nobody(change_it, &p), TEE_OK);
    CU_ASSERT_EQUAL(place_run(&p, false, place_try, NULL, NULL), TEE_OK);
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

    place_new(&p);
    p.conf.has_user = geteuid() == 0;
    p.conf.user = NOBODY;
    CU_ASSERT_EQUAL(place_run(&p, true, place_fresh, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(as(writable_it, &p), TEE_OK);
    CU_ASSERT_EQUAL(chmod(p.state, 0500), 0);
    CU_ASSERT_EQUAL(as(read_it, &p), TEE_OK);
    CU_ASSERT_EQUAL(as(writable_it, &p), TEE_E_READONLY);
    CU_ASSERT_EQUAL(as(change_it, &p), TEE_E_READONLY);
    CU_ASSERT_EQUAL(chmod(p.state, 0700), 0);
    CU_ASSERT_EQUAL(as(change_it, &p), TEE_OK);
}

/* ---- what is read
 * --------------------------------------------------------------------- */

static void
test_stamps_are_equal_until_the_store_changes(void)
{
    struct ks_change c = { false, place_try, NULL };
    struct ks_stamp seen, read, now;
    struct ks_store *s = NULL;
    struct place p;
    int i;

    place_made(&p);
    CU_ASSERT_EQUAL_FATAL(ks_store_read(&p.conf, &s, &read, NULL), TEE_OK);
    ks_store_put(s);
    for (i = 0; i < 9; i++) { /* within one tick of the clock, same size */
        ks_store_stat(&p.conf, &now);
        CU_ASSERT_TRUE(now.there);
        CU_ASSERT_TRUE(ks_stamp_equal(&now, &read));
        CU_ASSERT_EQUAL_FATAL(
            ks_store_change(&p.conf, place_soon(), &c, &s, &seen, NULL),
            TEE_OK);
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
    struct ks_change c = { false, place_put, &o };
    struct ks_store *wrote = NULL, *found = NULL;
    struct ks_stamp stamp;
    struct place p;

    place_made(&p);
    CU_ASSERT_EQUAL_FATAL(
        ks_store_change(&p.conf, place_soon(), &c, &wrote, &stamp, NULL),
        TEE_OK);
    CU_ASSERT_EQUAL_FATAL(ks_store_read(&p.conf, &found, &stamp, NULL), TEE_OK);
    CU_ASSERT_TRUE(tee_bytes_equal(wrote->body, found->body));
    CU_ASSERT_EQUAL(memcmp(wrote->mac, found->mac, 32), 0);
    CU_ASSERT_EQUAL(found->n, 3);
    CU_ASSERT_PTR_NOT_NULL(ks_store_find(found, o.uuid));
    CU_ASSERT_EQUAL(ks_store_authentic(found, place_key(found), NULL), TEE_OK);
    ks_store_put(wrote);
    ks_store_put(found);
}

static void
check_file(const struct place *p, struct tee_bytes v, enum tee_err want,
           const char *text)
{
    struct tee_fault f = { 0 };
    struct tee_buf after;

    place_write(p->token, v);
    CU_ASSERT_EQUAL(place_reads(p, &f), want);
    if (strstr(f.text, text) == NULL) {
        printf("    \"%s\" is not in \"%s\"\n", text, f.text);
        CU_FAIL("another text");
    }
    CU_ASSERT_EQUAL(strncmp(f.text, p->token, strlen(p->token)), 0);
    /* nobody writes over what he cannot read, C_InitToken neither */
    CU_ASSERT_EQUAL(place_run(p, true, place_fresh, NULL, NULL), want);
    after = place_bytes(p->token);
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

    place_made(&p);
    file = place_bytes(p.token);
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
    CU_ASSERT_EQUAL(place_reads(&p, NULL), TEE_E_MALFORMED);
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
    { "stamps are equal until the store changes",
      test_stamps_are_equal_until_the_store_changes },
    { "a change answers what a reader finds",
      test_a_change_answers_what_a_reader_finds },
    { "files that are no store of this token are refused",
      test_files_that_are_no_store_of_this_token_are_refused },
    { NULL, NULL },
};
const struct suite suite_store = { "store", tests };
