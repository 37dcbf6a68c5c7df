/* Changes of the file: refusals, lock, no memory. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/keystore/store_place.h"
#include "tests/keystore/suites.h"
#include "tests/support/alloc.h"

/* arg: the error to answer after having changed everything. */
static enum tee_err
fail(struct ks_store **s, const uint8_t **key, void *arg, struct tee_fault *f)
{
    (*s)->n = 0;
    *key = make_tk;
    return tee_fault(f, *(const enum tee_err *)arg, "no");
}

/* ---- what is changed
 * ------------------------------------------------------------------- */

static void
test_a_refused_change_leaves_everything(void)
{
    enum tee_err no = TEE_E_PIN;
    struct ks_object bad = make_data(7);
    struct place p;

    place_made(&p);
    place_refused(&p, fail, &no, TEE_E_PIN, "no");
    bad.flags |= KS_O_SIGN;
    place_refused(&p, place_put, &bad, TEE_E_ARG, "flags 0x80 of a data");
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
    *key = place_key(*s);
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
    *key = place_key(*s);
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
    *key = place_key(*s);
    return err;
}

static void
test_nothing_is_written_that_a_reader_would_refuse(void)
{
    struct place p;

    place_made(&p);
    place_refused(&p, break_rule, NULL, TEE_E_ARG,
                  "flags 0x80 of a public key");
    place_refused(&p, break_origin, NULL, TEE_E_ARG,
                  "a store of another origin");
    place_refused(&p, change_nothing_known, NULL, TEE_E_STATE, "");
    place_refused(&p, leave_nothing, NULL, TEE_E_STATE, "");
    place_refused(&p, fill_up, NULL, TEE_E_TOOBIG,
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

    place_made(&p);
    file = place_bytes(p.token);
    label = memmem(file.p, file.len, "agent", 5);
    CU_ASSERT_PTR_NOT_NULL_FATAL(label);
    label[0] = 'A';
    place_write(p.token, tee_buf_view(&file));
    tee_buf_clear(&file);
    CU_ASSERT_EQUAL(place_reads(&p, NULL), TEE_OK); /* the MAC waits for TK */
    place_refused(&p, place_put, &o, TEE_E_STORE_ALTERED, "store-altered");
    CU_ASSERT_EQUAL(place_run(&p, false, place_try, NULL, NULL), TEE_OK);
    place_refused(&p, place_put, &o, TEE_E_STORE_ALTERED, "store-altered");
    CU_ASSERT_EQUAL(place_run(&p, false, place_fresh, NULL, NULL), TEE_OK);
    CU_ASSERT_EQUAL(place_run(&p, false, place_put, &o, NULL), TEE_OK);
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

    place_made(&p);
    for (i = 0; i < TEE_LEN(files); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", p.state, files[i].name);
        place_write(path, TEE_STR("half a sto"));
    }
    CU_ASSERT_EQUAL(place_run(&p, false, place_try, NULL, NULL), TEE_OK);
    for (i = 0; i < TEE_LEN(files); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", p.state, files[i].name);
        CU_ASSERT_EQUAL(access(path, F_OK) == 0, files[i].stays);
    }
}

/* ---- no memory --------------------------------------------------------------
 */

static enum tee_err
read_once(void *arg)
{
    return place_reads(arg, NULL);
}

static enum tee_err
change_once(void *arg)
{
    static struct ks_object o;

    o = make_data(7);
    return place_run(arg, false, place_put, &o, NULL);
}

static void
test_every_failed_allocation_leaves_the_store(void)
{
    struct place p;

    place_made(&p);
    CU_ASSERT_TRUE(alloc_torture(read_once, &p) > 5);
    CU_ASSERT_TRUE(alloc_torture(change_once, &p) > 20);
    CU_ASSERT_EQUAL(place_entries(p.state), 2);
    CU_ASSERT_EQUAL(place_reads(&p, NULL), TEE_OK);
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
    struct ks_change c = { false, place_try, NULL };
    struct ks_store *s = NULL;
    struct ks_stamp stamp;
    struct tee_fault f = { 0 };
    int64_t from, took;
    struct place p;
    pid_t pid;

    place_made(&p);
    pid = holder(&p);
    from = tee_clock.mono_ms();
    CU_ASSERT_EQUAL(ks_store_change(&p.conf, from + 120, &c, &s, &stamp, &f),
                    TEE_E_TIMEOUT);
    took = tee_clock.mono_ms() - from;
    CU_ASSERT_TRUE(took >= 120 && took < PATIENCE);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.text, "agent.lock: another process"));
    CU_ASSERT_EQUAL(place_reads(&p, NULL),
                    TEE_OK); /* readers wait for nobody */
    release(pid);
    CU_ASSERT_EQUAL(place_run(&p, false, place_try, NULL, NULL), TEE_OK);
    /* a deadline that has passed already still tries once */
    CU_ASSERT_EQUAL(ks_store_change(&p.conf, from, &c, &s, &stamp, &f), TEE_OK);
    ks_store_put(s);
}

/* Somebody removed the lock file while we waited for it. */
static void
test_a_lock_that_was_removed_meanwhile_does_not_count(void)
{
    struct ks_change c = { false, place_try, NULL };
    struct ks_store *s = NULL;
    struct ks_stamp stamp;
    pid_t one, two, waiter;
    struct place p;

    place_made(&p);
    one = holder(&p);
    waiter = fork();
    if (waiter == 0) /* waits for the first, then must see the second */
        _exit(ks_store_change(&p.conf, tee_clock.mono_ms() + 700, &c, &s,
                              &stamp, NULL) == TEE_E_TIMEOUT
                  ? 0
                  : 1);
    (void)nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
    CU_ASSERT_EQUAL(unlink(p.lock), 0);
    place_write(p.lock, TEE_STR(""));
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
    return place_try(s, key, NULL, f);
}

static void
test_a_child_of_fork_does_not_keep_the_lock(void)
{
    struct place p;
    pid_t pid = -1;

    place_made(&p);
    CU_ASSERT_EQUAL(place_run(&p, false, fork_inside, &pid, NULL), TEE_OK);
    CU_ASSERT_TRUE_FATAL(pid > 0);
    CU_ASSERT_EQUAL(place_run(&p, false, place_try, NULL, NULL), TEE_OK);
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
    *key = place_key(*s);
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

    place_made(&p);
    for (i = 0; i < 2; i++) {
        pid[i] = fork();
        if (pid[i] != 0)
            continue;
        for (k = 0; k < CHANGES; k++) {
            if (place_run(&p, false, count_up, NULL, NULL) != TEE_OK)
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
    CU_ASSERT_EQUAL(place_entries(p.state), 2);
    ks_store_put(s);
}

static const struct test tests[] = {
    { "a refused change leaves everything",
      test_a_refused_change_leaves_everything },
    { "nothing is written that a reader would refuse",
      test_nothing_is_written_that_a_reader_would_refuse },
    { "an altered store is not signed anew",
      test_an_altered_store_is_not_signed_anew },
    { "what a killed writer left is removed",
      test_what_a_killed_writer_left_is_removed },
    { "every failed allocation leaves the store",
      test_every_failed_allocation_leaves_the_store },
    { "a held lock is waited for until the deadline",
      test_a_held_lock_is_waited_for_until_the_deadline },
    { "a lock that was removed meanwhile does not count",
      test_a_lock_that_was_removed_meanwhile_does_not_count },
    { "a child of fork does not keep the lock",
      test_a_child_of_fork_does_not_keep_the_lock },
    { "two processes lose no change", test_two_processes_lose_no_change },
    { "every failed allocation leaves the store",
      test_every_failed_allocation_leaves_the_store },
    { NULL, NULL },
};
const struct suite suite_store_change = { "store_change", tests };
