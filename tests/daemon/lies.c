/*
 * The client against a child that breaks the protocol: each lie is a typed
 * error, within the deadline, and the child is given up.
 */
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/paths.h"
#include "tests/daemon/rig.h"
#include "tests/daemon/suites.h"

#define DEADLINE 1500 /* milliseconds */

static const struct {
    const char *lie;
    enum tee_err err;
    const char *says;
    bool kept; /* the child was not to blame */
} lies[] = {
    { "honest", TEE_OK, NULL, true },
    { "wrong-type", TEE_E_PEER, "answered something else", false },
    { "oversized", TEE_E_PEER, "broke the protocol", false },
    { "huge", TEE_E_PEER, "broke the protocol", false },
    { "no-length", TEE_E_PEER, "broke the protocol", false },
    { "truncated", TEE_E_PEER, "broke the protocol", false },
    { "extra-field", TEE_E_PEER, "broke the protocol", false },
    { "unknown-field", TEE_E_PEER, "broke the protocol", false },
    { "repeated-field", TEE_E_PEER, "broke the protocol", false },
    { "missing-field", TEE_E_PEER, "broke the protocol", false },
    { "version", TEE_E_PEER, "broke the protocol", false },
    { "too-long", TEE_E_PEER, "broke the protocol", false },
    { "empty-field", TEE_E_PEER, "broke the protocol", false },
    { "trailing", TEE_E_PEER, "broke the protocol", false },
    { "not-cbor", TEE_E_PEER, "broke the protocol", false },
    { "twice", TEE_E_PEER, "answered twice", false },
    { "slow", TEE_E_TIMEOUT, "before the deadline", false },
    { "silent", TEE_E_TIMEOUT, "before the deadline", false },
    { "dies", TEE_E_PEER, "it died", false },
    { "unknown-error", TEE_E_PEER, "broke the protocol", false },
    { "error-ok", TEE_E_PEER, "broke the protocol", false },
    { "peer-error", TEE_E_PEER, "you broke it", false },
    { "escapes", TEE_E_COLLECT, "red", true },
    { "hello-type", TEE_E_PEER, "answered something else", false },
    { "hello-silent", TEE_E_TIMEOUT, "before the deadline", false },
    { "hello-dies", TEE_E_PEER, "it died", false },
    { "hello-error", TEE_E_COLLECT, "red", false },
    { "hello-twice", TEE_E_PEER, "answered twice", false },
    { "half", TEE_OK, NULL, true }, /* tests of their own below */
    { "unasked", TEE_OK, NULL, true },
};

/* A section for each lie, served by tests/daemon/liar of this build. */
static void
lying_rig(struct rig *r)
{
    int n = (int)(strrchr(tee_path_helper, '/') - tee_path_helper);
    static char text[16384];
    size_t i, at = 0;

    for (i = 0; i < TEE_LEN(lies); i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at,
                               "[%s]\nkey_origin = tee_generated\n"
                               "platform = simulated\nstate = /nowhere\n"
                               "helper = %.*s/tests/daemon/liar\n",
                               lies[i].lie, n, tee_path_helper);
    rig_new_with(r, text);
}

static bool
printable(const char *text)
{
    size_t i, n = strlen(text);

    for (i = 0; i < n; i++) {
        uint8_t b = (uint8_t)text[i];

        if (b < 0x20 || b == 0x7f ||
            (b == 0xc2 && (uint8_t)text[i + 1] < 0xa0)) /* C1 */
            return false;
    }
    return tee_utf8((struct tee_bytes){ (const uint8_t *)text, n });
}

static bool
as_expected(size_t i, enum tee_err err, const struct tee_fault *f, int64_t took)
{
    bool good = err == lies[i].err && printable(f->text) &&
                (lies[i].says == NULL || strstr(f->text, lies[i].says)) &&
                took < DEADLINE + 2 * KS_CHILD_GRACE_MS &&
                (rig_child() > 0) == lies[i].kept;

    if (!good)
        printf("    %s: %s: %s (%lld ms, child %ld)\n", lies[i].lie,
               tee_err_name(err), f->text, (long long)took, (long)rig_child());
    return good;
}

static void
test_each_lie_is_an_error_in_time(void)
{
    struct rig r;
    size_t i;
    int again;

    lying_rig(&r);
    for (i = 0; i < TEE_LEN(lies); i++) {
        struct ks_client *c = rig_client(&r, lies[i].lie);

        /* the error says what was wrong the second time, too */
        for (again = 0; again < 2 && lies[i].says != NULL; again++) {
            struct tee_fault f = { 0 };
            int64_t before = tee_clock.mono_ms();
            enum tee_err err = rig_ask(c, DEADLINE, &f);

            CU_ASSERT_TRUE(
                as_expected(i, err, &f, tee_clock.mono_ms() - before));
        }
        ks_client_free(c);
        CU_ASSERT_EQUAL(rig_child(), -1);
    }
    rig_free(&r);
}

static bool
wait_for(const struct rig *r, const char *name)
{
    struct timespec pause = { 0, 2000000 };
    int64_t until = rig_soon(5000);
    struct stat st;
    char path[400];

    (void)snprintf(path, sizeof(path), "%s/%s", r->dir, name);
    while (stat(path, &st) != 0) {
        if (tee_clock.mono_ms() > until)
            return false;
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

static void
test_a_word_without_a_question_ends_it(void)
{
    struct tee_fault f = { 0 };
    struct ks_client *c;
    struct rig r;

    lying_rig(&r);
    c = rig_client(&r, "unasked");
    CU_ASSERT_EQUAL(rig_ask(c, 5000, &f), TEE_OK);
    CU_ASSERT_TRUE(wait_for(&r, "spoke"));
    CU_ASSERT_EQUAL(rig_ask(c, 5000, &f), TEE_E_PEER);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.text, "without a question"));
    CU_ASSERT_EQUAL(rig_child(), -1);
    CU_ASSERT_EQUAL(rig_ask(c, 5000, &f), TEE_OK); /* by a new one */
    ks_client_free(c);
    rig_free(&r);
}

struct caller {
    struct ks_client *c;
    struct tee_fault f;
    enum tee_err err;
};

static void *
call(void *arg)
{
    struct caller *x = arg;

    x->err = rig_ask(x->c, 20000, &x->f);
    return NULL;
}

static void
test_killed_in_mid_frame_the_caller_gets_an_error_and_goes_on(void)
{
    struct caller x = { 0 };
    struct rig r;
    pthread_t t;

    lying_rig(&r);
    x.c = rig_client(&r, "half");
    CU_ASSERT_EQUAL_FATAL(pthread_create(&t, NULL, call, &x), 0);
    CU_ASSERT_TRUE(wait_for(&r, "half-said"));
    CU_ASSERT_TRUE(rig_signal(rig_child(), SIGKILL));
    CU_ASSERT_EQUAL(pthread_join(t, NULL), 0);
    CU_ASSERT_EQUAL(x.err, TEE_E_PEER);
    CU_ASSERT_EQUAL(rig_child(), -1);
    CU_ASSERT_EQUAL(rig_ask(x.c, 5000, &x.f), TEE_OK);
    ks_client_free(x.c);
    rig_free(&r);
}

/* ---- the program is not trusted because it is named
 * --------------------------
 */

static const struct {
    const char *what;
    mode_t folder, file; /* 0: there is none */
    enum tee_err err;
    const char *says;
} programs[] = {
    { "no program", 0755, 0, TEE_E_UNAVAIL, "prog" },
    { "no program either", 0755, 0755, TEE_E_UNAVAIL, "does not start" },
    { "not executable", 0755, 0644, TEE_E_UNAVAIL, "does not start" },
    { "the group may write it", 0755, 0775, TEE_E_TRUST, "group may write" },
    { "everybody may write it", 0755, 0757, TEE_E_TRUST, "others may write" },
    { "everybody may replace it", 0777, 0755, TEE_E_TRUST, "by others" },
};

static void
put_program(const char *dir, mode_t folder, mode_t file)
{
    char path[200];
    FILE *fp;

    (void)snprintf(path, sizeof(path), "%s/prog", dir);
    fp = file != 0 ? fopen(path, "w") : NULL;
    if (fp != NULL) {
        CU_ASSERT_TRUE(fputs("\x01\x02\n", fp) >= 0);
        CU_ASSERT_EQUAL(fclose(fp), 0);
        CU_ASSERT_EQUAL(chmod(path, file), 0);
    }
    CU_ASSERT_EQUAL(chmod(dir, folder), 0);
}

static void
test_a_program_that_others_may_change_is_not_started(void)
{
    char text[512];
    size_t i;

    for (i = 0; i < TEE_LEN(programs); i++) {
        const char *dir = test_dir();
        struct tee_fault f = { 0 };
        struct ks_client *c;
        struct rig r;
        enum tee_err err;

        (void)snprintf(text, sizeof(text),
                       "[own]\nkey_origin = tee_generated\n"
                       "platform = simulated\nstate = /nowhere\n"
                       "helper = %s/prog\n",
                       dir);
        rig_new_with(&r, text);
        put_program(dir, programs[i].folder, programs[i].file);
        c = rig_client(&r, "own");
        err = rig_ask(c, 5000, &f);
        if (err != programs[i].err || strstr(f.text, programs[i].says) == NULL)
            printf("    %s: %s: %s\n", programs[i].what, tee_err_name(err),
                   f.text);
        CU_ASSERT_EQUAL(err, programs[i].err);
        CU_ASSERT_PTR_NOT_NULL(strstr(f.text, programs[i].says));
        CU_ASSERT_EQUAL(rig_child(), -1);
        CU_ASSERT_EQUAL(chmod(dir, 0700), 0);
        ks_client_free(c);
        rig_free(&r);
    }
}

static void
test_the_service_is_not_part_of_this_version(void)
{
    struct tee_fault f = { 0 };
    struct ks_client *c;
    struct rig r;

    rig_new(&r);
    c = rig_client(&r, "unix");
    CU_ASSERT_EQUAL(rig_ask(c, 5000, &f), TEE_E_UNSUPPORTED);
    CU_ASSERT_EQUAL(strncmp(f.text, "unsupported: via = unix:", 24), 0);
    ks_client_free(c);
    rig_free(&r);
}

static const struct test tests[] = {
    { "each lie is an error, in time", test_each_lie_is_an_error_in_time },
    { "a word without a question ends it",
      test_a_word_without_a_question_ends_it },
    { "killed in mid-frame, the caller gets an error and goes on",
      test_killed_in_mid_frame_the_caller_gets_an_error_and_goes_on },
    { "a program that others may change is not started",
      test_a_program_that_others_may_change_is_not_started },
    { "the service is not part of this version",
      test_the_service_is_not_part_of_this_version },
    { NULL, NULL },
};
const struct suite suite_lies = { "lies", tests };
