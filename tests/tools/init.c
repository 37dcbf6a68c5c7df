#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keystore/ks.h"
#include "tests/tools/suites.h"
#include "tools/cmd.h"

static const struct init_section laptop = {
    .name = "agent",
    .origin = "tee_generated",
    .platform = "simulated",
    .state = "/home/ada/.local/state/tee-pkcs11",
    .did = "did:mesh:0123456789abcdef0123456789abcdef",
};

static void
test_a_new_file_is_lawful(void)
{
    struct ks_conf *c = NULL;
    struct tee_fault f = { 0 };
    struct tee_buf b;

    CU_ASSERT_EQUAL_FATAL(
        init_conf_append((struct tee_bytes){ NULL, 0 }, &laptop, &b, &f),
        TEE_OK);
    CU_ASSERT_EQUAL_FATAL(ks_conf_parse("/x", tee_buf_view(&b), &c, &f),
                          TEE_OK);
    CU_ASSERT_EQUAL_FATAL(c->n, 1);
    CU_ASSERT_EQUAL(c->token[0].bad_line, 0);
    CU_ASSERT_STRING_EQUAL(c->token[0].name, "agent");
    CU_ASSERT_STRING_EQUAL(c->token[0].state, laptop.state);
    CU_ASSERT_STRING_EQUAL(c->token[0].did, laptop.did);
    CU_ASSERT_EQUAL(c->log, TEE_LOG_SYSLOG);
    CU_ASSERT_FALSE(c->token[0].pin);
    ks_conf_free(c);
    tee_buf_clear(&b);
}

/* configuration.md section 6: the laptop's section and its hash. */
static void
test_the_section_is_the_one_of_the_example(void)
{
    struct ks_conf *c = NULL;
    struct tee_fault f = { 0 };
    struct tee_buf b;

    CU_ASSERT_EQUAL_FATAL(
        init_conf_append((struct tee_bytes){ NULL, 0 }, &laptop, &b, &f),
        TEE_OK);
    CU_ASSERT_EQUAL_FATAL(ks_conf_parse("/x", tee_buf_view(&b), &c, &f),
                          TEE_OK);
    CU_ASSERT_TRUE(tee_bytes_equal(
        (struct tee_bytes){ c->token[0].sha256, 32 },
        test_hex("5b4efd72fe240d844ad8593854b945d20880576d74ef935aac9fafa19dc1"
                 "b77c")));
    ks_conf_free(c);
    tee_buf_clear(&b);
}

static void
test_what_was_there_stays(void)
{
    static const char old[] = "# mine\nlog = none\n\n[web]\n"
                              "key_origin = local\n# why\nstate = /s\n";
    struct tee_fault f = { 0 };
    struct tee_buf b;

    CU_ASSERT_EQUAL_FATAL(init_conf_append(tee_bytes_of(old), &laptop, &b, &f),
                          TEE_OK);
    CU_ASSERT_EQUAL(memcmp(b.p, old, strlen(old)), 0);
    tee_buf_clear(&b);
}

static void
test_a_value_cannot_bring_a_line(void)
{
    static const char *const bad[] = { "a\nkey_origin = local", "a\r", " a",
                                       "\ta", "" };
    struct init_section s;
    struct tee_fault f = { 0 };
    struct tee_buf b;
    size_t i;

    for (i = 0; i < TEE_LEN(bad); i++) {
        s = laptop;
        s.did = bad[i];
        CU_ASSERT_EQUAL(init_conf_append(TEE_STR("\n"), &s, &b, &f), TEE_E_ARG);
        s = laptop;
        s.state = bad[i];
        CU_ASSERT_EQUAL(init_conf_append(TEE_STR("\n"), &s, &b, &f), TEE_E_ARG);
    }
}

static void
test_folders_are_made_and_taken_back(void)
{
    struct init_undo u = { 0 };
    struct tee_fault f = { 0 };
    char deep[300], top[256], file[320];
    struct stat st;
    int fd;

    (void)snprintf(top, sizeof(top), "%s/a", test_dir());
    (void)snprintf(deep, sizeof(deep), "%s/b/c", top);
    CU_ASSERT_EQUAL(init_mkdir(deep, 0755, &u, &f), TEE_OK);
    CU_ASSERT_EQUAL(u.n, 3);
    CU_ASSERT_EQUAL(stat(deep, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 07777, 0755);
    (void)snprintf(file, sizeof(file), "%s/f", deep);
    CU_ASSERT_EQUAL(init_undo_add(&u, file, &f), TEE_OK);
    fd = open(file, O_CREAT | O_WRONLY, 0600);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    (void)close(fd);
    init_undo_run(&u);
    CU_ASSERT_NOT_EQUAL(stat(top, &st), 0);
    CU_ASSERT_EQUAL(u.n, 0);
}

static void
test_what_others_put_there_stays(void)
{
    struct init_undo u = { 0 };
    struct tee_fault f = { 0 };
    char dir[256], file[300];
    struct stat st;
    int fd;

    (void)snprintf(dir, sizeof(dir), "%s/a", test_dir());
    CU_ASSERT_EQUAL(init_mkdir(dir, 0700, &u, &f), TEE_OK);
    (void)snprintf(file, sizeof(file), "%s/theirs", dir);
    fd = open(file, O_CREAT | O_WRONLY, 0600);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    (void)close(fd);
    init_undo_run(&u);
    CU_ASSERT_EQUAL(stat(file, &st), 0);
}

static void
test_kept_folders_stay(void)
{
    struct init_undo u = { 0 };
    struct tee_fault f = { 0 };
    char dir[256];
    struct stat st;

    (void)snprintf(dir, sizeof(dir), "%s/a", test_dir());
    CU_ASSERT_EQUAL(init_mkdir(dir, 0700, &u, &f), TEE_OK);
    init_undo_keep(&u);
    init_undo_run(&u);
    CU_ASSERT_EQUAL(stat(dir, &st), 0);
    /* there already: nothing to take back */
    CU_ASSERT_EQUAL(init_mkdir(dir, 0700, &u, &f), TEE_OK);
    CU_ASSERT_EQUAL(u.n, 0);
}

static void
test_a_file_in_the_way_is_an_error(void)
{
    struct init_undo u = { 0 };
    struct tee_fault f = { 0 };
    char file[256], dir[300];
    int fd;

    (void)snprintf(file, sizeof(file), "%s/f", test_dir());
    fd = open(file, O_CREAT | O_WRONLY, 0600);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    (void)close(fd);
    (void)snprintf(dir, sizeof(dir), "%s/d", file);
    CU_ASSERT_EQUAL(init_mkdir(dir, 0700, &u, &f), TEE_E_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.text, file));
    init_undo_run(&u);
}

/* What a failed init made is taken back before another one may begin. */
static void
test_the_lock_outlives_the_candidate(void)
{
    struct init_undo u = { 0 };
    struct tee_fault f = { 0 };
    const char *folder = test_dir();
    struct init_conf c;
    char path[256], staged[320];
    int dir;

    init_conf_begin(&c);
    c.s = laptop;
    (void)snprintf(path, sizeof(path), "%s/tee-pkcs11.conf", folder);
    c.path = strdup(path);
    CU_ASSERT_EQUAL_FATAL(init_conf_claim(&c, &u, &f), TEE_OK);
    CU_ASSERT_EQUAL_FATAL(init_conf_stage(&c, &f), TEE_OK);
    (void)snprintf(staged, sizeof(staged), "%s/%s", folder, c.candidate);
    CU_ASSERT_EQUAL(access(staged, F_OK), 0);
    dir = open(folder, O_RDONLY | O_DIRECTORY);
    CU_ASSERT_TRUE_FATAL(dir >= 0);
    init_conf_drop(&c);
    CU_ASSERT_NOT_EQUAL(access(staged, F_OK), 0);
    CU_ASSERT_NOT_EQUAL(flock(dir, LOCK_EX | LOCK_NB), 0);
    init_conf_clear(&c);
    CU_ASSERT_EQUAL(flock(dir, LOCK_EX | LOCK_NB), 0);
    (void)close(dir);
    init_undo_keep(&u);
}

static const struct test tests[] = {
    { "a new configuration is one the parser takes",
      test_a_new_file_is_lawful },
    { "the section hashes as the reference's example does",
      test_the_section_is_the_one_of_the_example },
    { "what was in the configuration stays, byte for byte",
      test_what_was_there_stays },
    { "a value cannot bring a line of its own",
      test_a_value_cannot_bring_a_line },
    { "folders are made with their mode and taken back in reverse",
      test_folders_are_made_and_taken_back },
    { "a folder that others use by now is not taken back",
      test_what_others_put_there_stays },
    { "what is kept stays, what was there is never taken back",
      test_kept_folders_stay },
    { "a file in the way of a folder is an error that names it",
      test_a_file_in_the_way_is_an_error },
    { "the lock is held for longer than the candidate stands",
      test_the_lock_outlives_the_candidate },
    { NULL, NULL }
};
const struct suite suite_init = { "init", tests };
