/*
 * Hosts of all kinds around the real child: it is killed, stopped, inherited
 * by a fork, reaped by strangers, started without stdin.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/daemon/rig.h"
#include "tests/daemon/suites.h"

static enum tee_err
good(struct ks_client *c)
{
    struct tee_fault f = { 0 };
    enum tee_err err = rig_ask(c, 10000, &f);

    if (err != TEE_OK)
        printf("    %s: %s\n", tee_err_name(err), f.text);
    return err;
}

static void
test_it_is_started_at_first_need_and_kept(void)
{
    struct ks_client *c;
    struct rig r;
    pid_t pid;

    rig_new(&r);
    c = rig_client(&r, "sim");
    CU_ASSERT_EQUAL(rig_child(), -1);
    CU_ASSERT_EQUAL(good(c), TEE_OK);
    pid = rig_child();
    CU_ASSERT_TRUE(pid > 0);
    CU_ASSERT_EQUAL(good(c), TEE_OK);
    CU_ASSERT_EQUAL(rig_child(), pid);
    ks_client_free(c);
    CU_ASSERT_EQUAL(rig_state(pid), 0); /* gone and reaped */
    rig_free(&r);
}

static void
test_killed_between_questions_it_is_replaced_silently(void)
{
    struct ks_client *c;
    struct rig r;
    pid_t pid;

    rig_new(&r);
    c = rig_client(&r, "sim");
    CU_ASSERT_EQUAL(good(c), TEE_OK);
    pid = rig_child();
    CU_ASSERT_TRUE_FATAL(rig_signal(pid, SIGKILL));
    CU_ASSERT_TRUE(rig_wait_state(pid, 'Z'));
    CU_ASSERT_EQUAL(good(c), TEE_OK);
    CU_ASSERT_NOT_EQUAL(rig_child(), pid);
    CU_ASSERT_EQUAL(rig_state(pid), 0);
    ks_client_free(c);
    rig_free(&r);
}

/* ---- killed while the host waits
 * ---------------------------------------------
 */

struct waiter {
    struct ks_client *c;
    struct tee_fault f;
    enum tee_err err;
    pid_t tid; /* set before it asks */
};

static void *
wait_for_answer(void *arg)
{
    struct waiter *w = arg;

    __atomic_store_n(&w->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
    w->err = rig_ask(w->c, 20000, &w->f);
    return NULL;
}

/* Twice in a row asleep: the question went out and no answer came. */
static void
until_it_waits(struct waiter *w)
{
    struct timespec pause = { 0, 20000000 };
    int64_t until = rig_soon(5000);
    int asleep = 0;
    pid_t tid;

    while (asleep < 2 && tee_clock.mono_ms() < until) {
        (void)nanosleep(&pause, NULL);
        tid = __atomic_load_n(&w->tid, __ATOMIC_SEQ_CST);
        asleep = tid != 0 && rig_state(tid) == 'S' ? asleep + 1 : 0;
    }
}

static void
test_killed_in_mid_question_the_host_gets_an_error_and_goes_on(void)
{
    struct waiter w = { 0 };
    struct rig r;
    pthread_t t;
    pid_t pid;

    rig_new(&r);
    w.c = rig_client(&r, "sim");
    CU_ASSERT_EQUAL(good(w.c), TEE_OK);
    pid = rig_child();
    CU_ASSERT_TRUE_FATAL(rig_signal(pid, SIGSTOP)); /* it cannot answer */
    CU_ASSERT_EQUAL_FATAL(pthread_create(&t, NULL, wait_for_answer, &w), 0);
    until_it_waits(&w);
    CU_ASSERT_TRUE(rig_signal(pid, SIGKILL));
    CU_ASSERT_EQUAL(pthread_join(t, NULL), 0);
    CU_ASSERT_EQUAL(w.err, TEE_E_PEER);
    CU_ASSERT_PTR_NOT_NULL(strstr(w.f.text, "it died"));
    CU_ASSERT_EQUAL(rig_state(pid), 0);
    CU_ASSERT_EQUAL(good(w.c), TEE_OK);
    ks_client_free(w.c);
    rig_free(&r);
}

static void
test_a_stopped_child_costs_the_deadline_and_no_more(void)
{
    struct tee_fault f = { 0 };
    struct ks_client *c;
    int64_t before, took;
    struct rig r;
    pid_t pid;

    rig_new(&r);
    c = rig_client(&r, "sim");
    CU_ASSERT_EQUAL(good(c), TEE_OK);
    pid = rig_child();
    CU_ASSERT_TRUE_FATAL(rig_signal(pid, SIGSTOP));
    before = tee_clock.mono_ms();
    CU_ASSERT_EQUAL(rig_ask(c, 200, &f), TEE_E_TIMEOUT);
    took = tee_clock.mono_ms() - before;
    CU_ASSERT_PTR_NOT_NULL(strstr(f.text, "no answer before the deadline"));
    CU_ASSERT_TRUE(took >= 200);
    CU_ASSERT_TRUE(took < 200 + 2 * KS_CHILD_GRACE_MS);
    CU_ASSERT_EQUAL(rig_state(pid), 0); /* given up, not left behind */
    CU_ASSERT_EQUAL(good(c), TEE_OK);
    ks_client_free(c);
    rig_free(&r);
}

static void
test_a_stopped_child_does_not_keep_the_host_from_closing(void)
{
    struct ks_client *c;
    struct rig r;
    int64_t before;
    pid_t pid;

    rig_new(&r);
    c = rig_client(&r, "sim");
    CU_ASSERT_EQUAL(good(c), TEE_OK);
    pid = rig_child();
    CU_ASSERT_TRUE_FATAL(rig_signal(pid, SIGSTOP));
    before = tee_clock.mono_ms();
    ks_client_free(c);
    CU_ASSERT_TRUE(tee_clock.mono_ms() - before < 3 * KS_CHILD_GRACE_MS);
    CU_ASSERT_EQUAL(rig_state(pid), 0);
    rig_free(&r);
}

/* ---- fork
 * ----------------------------------------------------------------------
 */

static int
in_the_fork(struct ks_client *c, pid_t helper, bool free_it)
{
    struct tee_fault f = { 0 };

    if (rig_ask(c, 1000, &f) != TEE_E_FORKED)
        return 1;
    if (free_it)
        ks_client_free(c);
    return rig_state(helper) == 'S' ? 0 : 2;
}

static void
test_a_fork_of_the_host_leaves_the_child_to_the_parent(void)
{
    struct ks_client *c;
    struct rig r;
    int i, st;
    pid_t pid, fork_pid;

    rig_new(&r);
    c = rig_client(&r, "sim");
    CU_ASSERT_EQUAL(good(c), TEE_OK);
    pid = rig_child();
    for (i = 0; i < 2; i++) {
        CU_ASSERT_TRUE(rig_wait_state(pid, 'S'));
        fork_pid = fork();
        if (fork_pid == 0)
            _exit(in_the_fork(c, pid, i == 1));
        CU_ASSERT_EQUAL(waitpid(fork_pid, &st, 0), fork_pid);
        CU_ASSERT_EQUAL(st, 0);
        CU_ASSERT_EQUAL(good(c), TEE_OK);
        CU_ASSERT_EQUAL(rig_child(), pid);
    }
    ks_client_free(c);
    CU_ASSERT_EQUAL(rig_state(pid), 0);
    rig_free(&r);
}

/* A fork that lives on holds a copy of the socket's other end: the parent
 * must still be rid of the child when it closes. */
static void
test_a_fork_that_lives_on_does_not_keep_the_child(void)
{
    struct ks_client *c;
    struct rig r;
    pid_t pid, fork_pid;
    int st;

    rig_new(&r);
    c = rig_client(&r, "sim");
    CU_ASSERT_EQUAL(good(c), TEE_OK);
    pid = rig_child();
    fork_pid = fork();
    if (fork_pid == 0) {
        (void)pause();
        _exit(0);
    }
    ks_client_free(c);
    CU_ASSERT_EQUAL(rig_state(pid), 0);
    CU_ASSERT_TRUE(rig_signal(fork_pid, SIGKILL));
    CU_ASSERT_EQUAL(waitpid(fork_pid, &st, 0), fork_pid);
    rig_free(&r);
}

/* ---- hosts with habits
 * -----------------------------------------------------------
 */

/* Whatever a host does to itself is done in a fork of the test. */
static int
in_host(int (*host)(const struct rig *))
{
    struct rig r;
    int st = -1;
    pid_t pid;

    rig_new(&r);
    pid = fork();
    if (pid == 0)
        _exit(host(&r));
    if (waitpid(pid, &st, 0) != pid || !WIFEXITED(st))
        st = -1;
    rig_free(&r);
    return st < 0 ? -1 : WEXITSTATUS(st);
}

/* Two questions with a death in between. */
static int
two_questions(const struct rig *r)
{
    struct ks_client *c = rig_client(r, "sim");
    pid_t pid;

    if (good(c) != TEE_OK)
        return 1;
    pid = rig_child();
    if (!rig_signal(pid, SIGKILL))
        return 2;
    while (rig_state(pid) != 0 && rig_state(pid) != 'Z')
        ;
    if (good(c) != TEE_OK)
        return 3;
    pid = rig_child();
    ks_client_free(c);
    return pid > 0 && rig_state(pid) == 0 ? 0 : 4;
}

static int
ignores_sigchld(const struct rig *r)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN };

    return sigaction(SIGCHLD, &ignore, NULL) != 0 ? 9 : two_questions(r);
}

static void
reap_all(int sig)
{
    int saved = errno;

    (void)sig;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    errno = saved;
}

static int
waits_for_everybody(const struct rig *r)
{
    struct sigaction reaper = { .sa_handler = reap_all };

    return sigaction(SIGCHLD, &reaper, NULL) != 0 ? 9 : two_questions(r);
}

static int
has_no_stdio(const struct rig *r)
{
    int fd;

    for (fd = 0; fd < 3; fd++)
        (void)close(fd);
    if (two_questions(r) != 0)
        return 1;
    for (fd = 0; fd < 3; fd++) { /* nothing of ours stayed there */
        if (fcntl(fd, F_GETFD) >= 0)
            return 2;
    }
    return 0;
}

static int
has_no_stdin(const struct rig *r)
{
    (void)close(STDIN_FILENO);
    return two_questions(r);
}

/* Everything, our socket too, and then those numbers are somebody else's. */
static int
closes_everything(const struct rig *r)
{
    struct ks_client *c = rig_client(r, "sim");
    int p[2], fd, n = 0;
    char byte = 'x';

    if (good(c) != TEE_OK)
        return 1;
    closefrom(3);
    if (pipe(p) != 0)
        return 2;
    for (fd = p[1] + 1; fd < 16; fd++)
        n += dup2(p[1], fd) == fd;
    if (good(c) != TEE_OK) /* a new child; the old one saw its end */
        return 3;
    ks_client_free(c);
    for (fd = p[1] + 1; fd < 16; fd++) {
        if (fcntl(fd, F_GETFD) < 0)
            return 4; /* we closed what was the host's */
    }
    return write(p[1], &byte, 1) == 1 && n > 0 ? 0 : 5;
}

/* The same with descriptors that have no file: up to Linux 6.8 they share their
 * inode with a pidfd. */
static int
closes_everything_and_waits_for_events(const struct rig *r)
{
    struct ks_client *c = rig_client(r, "sim");
    int fd, last = -1;

    if (good(c) != TEE_OK)
        return 1;
    closefrom(3);
    while (last < 16) {
        last = eventfd(0, EFD_CLOEXEC);
        if (last < 0)
            return 2;
    }
    if (good(c) != TEE_OK)
        return 3;
    ks_client_free(c);
    for (fd = 3; fd <= last; fd++) {
        if (fcntl(fd, F_GETFD) < 0)
            return 4;
    }
    return 0;
}

static int
has_another_umask_and_folder(const struct rig *r)
{
    (void)umask(0);
    return chdir(r->dir) != 0 ? 9 : two_questions(r);
}

static const struct {
    const char *what;
    int (*host)(const struct rig *);
} hosts[] = {
    { "ignores SIGCHLD", ignores_sigchld },
    { "waits for everybody", waits_for_everybody },
    { "has no stdin", has_no_stdin },
    { "has none of 0, 1, 2", has_no_stdio },
    { "closes everything and uses the numbers again", closes_everything },
    { "the same, and waits for events there",
      closes_everything_and_waits_for_events },
    { "has another umask and folder", has_another_umask_and_folder },
};

static void
test_hosts_have_habits(void)
{
    size_t i;
    int st;

    for (i = 0; i < TEE_LEN(hosts); i++) {
        st = in_host(hosts[i].host);
        if (st != 0)
            printf("    a host that %s: %d\n", hosts[i].what, st);
        CU_ASSERT_EQUAL(st, 0);
    }
}

/* ---- threads
 * ---------------------------------------------------------------------
 */

#define THREADS 4
#define EACH    25

static void *
ask_often(void *arg)
{
    struct waiter *w = arg;
    int i;

    for (i = 0; i < EACH && w->err == TEE_OK; i++)
        w->err = rig_ask(w->c, 20000, &w->f);
    return NULL;
}

static void
test_threads_take_turns_with_one_child(void)
{
    struct waiter w[THREADS] = { 0 };
    pthread_t t[THREADS];
    struct rig r;
    pid_t pid;
    int i;

    rig_new(&r);
    w[0].c = rig_client(&r, "sim");
    CU_ASSERT_EQUAL(good(w[0].c), TEE_OK);
    pid = rig_child();
    for (i = 0; i < THREADS; i++) {
        w[i].c = w[0].c;
        CU_ASSERT_EQUAL_FATAL(pthread_create(&t[i], NULL, ask_often, &w[i]), 0);
    }
    for (i = 0; i < THREADS; i++) {
        CU_ASSERT_EQUAL(pthread_join(t[i], NULL), 0);
        CU_ASSERT_EQUAL(w[i].err, TEE_OK);
    }
    CU_ASSERT_EQUAL(rig_child(), pid);
    ks_client_free(w[0].c);
    rig_free(&r);
}

static void
test_who_waits_for_a_turn_has_a_deadline_of_his_own(void)
{
    struct tee_fault f = { 0 };
    struct waiter w = { 0 };
    struct rig r;
    pthread_t t;
    pid_t pid;

    rig_new(&r);
    w.c = rig_client(&r, "sim");
    CU_ASSERT_EQUAL(good(w.c), TEE_OK);
    pid = rig_child();
    CU_ASSERT_TRUE_FATAL(rig_signal(pid, SIGSTOP));
    CU_ASSERT_EQUAL_FATAL(pthread_create(&t, NULL, wait_for_answer, &w), 0);
    until_it_waits(&w);
    CU_ASSERT_EQUAL(rig_ask(w.c, 100, &f), TEE_E_TIMEOUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.text, "another call"));
    CU_ASSERT_TRUE(rig_signal(pid, SIGCONT));
    CU_ASSERT_EQUAL(pthread_join(t, NULL), 0);
    CU_ASSERT_EQUAL(w.err, TEE_OK); /* the other's answer is not lost by it */
    ks_client_free(w.c);
    rig_free(&r);
}

static const struct test tests[] = {
    { "it is started at first need, and kept",
      test_it_is_started_at_first_need_and_kept },
    { "killed between questions it is replaced silently",
      test_killed_between_questions_it_is_replaced_silently },
    { "killed in mid-question the host gets an error and goes on",
      test_killed_in_mid_question_the_host_gets_an_error_and_goes_on },
    { "a stopped child costs the deadline and no more",
      test_a_stopped_child_costs_the_deadline_and_no_more },
    { "a stopped child does not keep the host from closing",
      test_a_stopped_child_does_not_keep_the_host_from_closing },
    { "a fork of the host leaves the child to the parent",
      test_a_fork_of_the_host_leaves_the_child_to_the_parent },
    { "a fork that lives on does not keep the child",
      test_a_fork_that_lives_on_does_not_keep_the_child },
    { "hosts have habits", test_hosts_have_habits },
    { "threads take turns with one child",
      test_threads_take_turns_with_one_child },
    { "who waits for a turn has a deadline of his own",
      test_who_waits_for_a_turn_has_a_deadline_of_his_own },
    { NULL, NULL },
};
const struct suite suite_host = { "host", tests };
