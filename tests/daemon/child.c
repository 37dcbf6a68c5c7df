/*
 * The private child as the kernel sees it, compared with the design: limits,
 * status, environment, descriptors, session; how it begins and how it ends.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/paths.h"
#include "daemon/td.h"
#include "tests/daemon/rig.h"
#include "tests/daemon/suites.h"

/* Started and greeted, or the test is over. */
static void
start(const struct rig *r, struct ks_child *c)
{
    struct tee_fault f = { 0 };
    static struct tee_msg m, a;
    enum tee_err err;

    err = ks_child_start(tee_path_helper, c, &f);
    if (err != TEE_OK)
        printf("    %s\n", f.text);
    CU_ASSERT_EQUAL_FATAL(err, TEE_OK);
    rig_hello(&m, r, "sim");
    tee_msg_init(&a, TEE_F_READY);
    CU_ASSERT_EQUAL(tee_frame_send(c->sock.fd, &m, rig_soon(10000)), TEE_OK);
    CU_ASSERT_EQUAL(tee_frame_recv(c->sock.fd, rig_soon(10000), &a), TEE_OK);
    CU_ASSERT_EQUAL(a.type, TEE_F_READY);
    tee_msg_clear(&m);
    tee_msg_clear(&a);
}

static int
exit_status(const struct ks_child *c)
{
    siginfo_t si = { 0 };

    if (waitid(P_PID, (id_t)c->pid, &si, WEXITED) != 0)
        return -1;
    return si.si_code == CLD_EXITED ? si.si_status : -si.si_status;
}

/* ---- what it allows itself
 * ---------------------------------------------------
 */

/* Soft and hard value of a line of /proc/PID/limits; ~0 is unlimited. */
static bool
limit_of(const struct tee_buf *b, const char *name, unsigned long long v[2])
{
    const char *p = b->len > 0 ? strstr((const char *)b->p, name) : NULL;
    char *end;
    int i;

    if (p == NULL)
        return false;
    p += strlen(name);
    for (i = 0; i < 2; i++) {
        p += strspn(p, " ");
        v[i] = ~0ULL;
        if (strncmp(p, "unlimited", 9) == 0) {
            p += 9;
            continue;
        }
        v[i] = strtoull(p, &end, 10);
        if (end == p)
            return false;
        p = end;
    }
    return true;
}

static const struct {
    const char *name;
    unsigned long long soft_max, hard;
} allowed[] = {
    { "Max core file size", 0, 0 },
    { "Max open files", TD_NOFILE, TD_NOFILE },
    { "Max cpu time", TD_CPU_SECONDS + 5, TD_CPU_TOTAL },
#ifndef TEE_SANITIZER
    { "Max address space", TD_AS, TD_AS },
#endif
};

static void
test_its_limits_are_those_of_the_design(void)
{
    unsigned long long v[2] = { ~0ULL, ~0ULL };
    struct ks_child c;
    struct tee_buf b;
    struct rig r;
    size_t i;

    rig_new(&r);
    start(&r, &c);
    CU_ASSERT_TRUE_FATAL(rig_proc(c.pid, "limits", &b));
    for (i = 0; i < TEE_LEN(allowed); i++) {
        CU_ASSERT_TRUE(limit_of(&b, allowed[i].name, v));
        CU_ASSERT_TRUE(v[0] <= allowed[i].soft_max);
        CU_ASSERT_TRUE(v[1] <= allowed[i].hard); /* less where we have less */
    }
    tee_buf_clear(&b);
    ks_child_stop(&c, false);
    rig_free(&r);
}

static bool
has_line(const struct tee_buf *b, const char *line)
{
    bool yes = b->len > 0 && strstr((const char *)b->p, line) != NULL;

    if (!yes)
        printf("    no line \"%s\"\n", line);
    return yes;
}

/* glibc's posix_spawn leaves its two internal signals (32, 33) ignored, which
 * no program can send or mean. */
#define INTERNAL 0x180000000ULL

static bool
ignores_nothing(const struct tee_buf *b)
{
    const char *p = b->len > 0 ? strstr((const char *)b->p, "\nSigIgn:") : NULL;

    return p != NULL && (strtoull(p + 8, NULL, 16) & ~INTERNAL) == 0;
}

static void
test_its_status_is_that_of_the_design(void)
{
    static const char *const lines[] = {
        "\nNoNewPrivs:\t1\n",
        "\nThreads:\t1\n",
        "\nSigBlk:\t0000000000000000\n",
#ifndef TEE_SANITIZER
        "\nSigCgt:\t0000000000000000\n",
#endif
        "\nVmLck:\t       0 kB\n", /* no secret is kept between questions */
    };
    struct sigaction ignore = { .sa_handler = SIG_IGN }, old[2];
    sigset_t all, before;
    struct ks_child c;
    struct tee_buf b;
    struct rig r;
    size_t i;

    rig_new(&r);
    /* a host that blocks and ignores what it can */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    (void)sigaction(SIGPIPE, &ignore, &old[0]);
    (void)sigaction(SIGTERM, &ignore, &old[1]);
    start(&r, &c);
    (void)sigaction(SIGPIPE, &old[0], NULL);
    (void)sigaction(SIGTERM, &old[1], NULL);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    CU_ASSERT_TRUE_FATAL(rig_proc(c.pid, "status", &b));
    CU_ASSERT_TRUE(ignores_nothing(&b));
    for (i = 0; i < TEE_LEN(lines); i++)
        CU_ASSERT_TRUE(has_line(&b, lines[i]));
    tee_buf_clear(&b);
    ks_child_stop(&c, false);
    rig_free(&r);
}

static void
test_its_environment_is_two_variables(void)
{
    static const char want[] = "LC_ALL=C\0TSS2_LOG=all+none";
    struct ks_child c;
    struct tee_buf b;
    struct rig r;

    rig_new(&r);
    (void)setenv("LD_LIBRARY_PATH", "/nowhere", 1);
    (void)setenv("OPENSSL_CONF", "/nowhere", 1);
    start(&r, &c);
    (void)unsetenv("LD_LIBRARY_PATH");
    (void)setenv("OPENSSL_CONF", "/dev/null", 1);
    if (!rig_proc(c.pid, "environ", &b)) {
        test_skip("not allowed to read another process's environment");
    } else {
#ifdef TEE_SANITIZER /* its options are handed on behind */
        CU_ASSERT_TRUE(b.len >= sizeof(want));
        b.len = sizeof(want);
#endif
        CU_ASSERT_EQUAL(b.len, sizeof(want));
        CU_ASSERT_TRUE(b.len == sizeof(want) &&
                       memcmp(b.p, want, sizeof(want)) == 0);
        tee_buf_clear(&b);
    }
    ks_child_stop(&c, false);
    rig_free(&r);
}

static void
link_of(pid_t pid, const char *name, char *ret, size_t room)
{
    char path[80];
    ssize_t n;

    (void)snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
    n = readlink(path, ret, room - 1);
    ret[n > 0 ? n : 0] = '\0';
}

static void
test_its_descriptors_are_null_and_the_socket(void)
{
    static const char *const want[] = { "/dev/null", "/dev/null", "/dev/null",
                                        "socket:[" };
    char path[80], name[16], to[128];
    struct ks_child c;
    struct dirent *e;
    struct rig r;
    int extra, n = 0;
    DIR *d;

    rig_new(&r);
    extra = open("/dev/null", O_RDONLY); /* a host that forgets CLOEXEC */
    start(&r, &c);
    (void)close(extra);
    (void)snprintf(path, sizeof(path), "/proc/%ld/fd", (long)c.pid);
    d = opendir(path);
    if (d == NULL) {
        test_skip("not allowed to list another process's descriptors");
    } else {
        while ((e = readdir(d)) != NULL)
            n += e->d_name[0] != '.';
        (void)closedir(d);
        CU_ASSERT_EQUAL(n, 4);
        for (n = 0; n < 4; n++) {
            (void)snprintf(name, sizeof(name), "fd/%d", n);
            link_of(c.pid, name, to, sizeof(to));
            CU_ASSERT_EQUAL(strncmp(to, want[n], strlen(want[n])), 0);
        }
        link_of(c.pid, "cwd", to, sizeof(to));
        CU_ASSERT_STRING_EQUAL(to, "/");
        link_of(c.pid, "exe", to, sizeof(to));
        CU_ASSERT_STRING_EQUAL(to, tee_path_helper);
    }
    ks_child_stop(&c, false);
    rig_free(&r);
}

static void
test_it_has_a_session_of_its_own(void)
{
    struct ks_child c;
    struct rig r;

    rig_new(&r);
    start(&r, &c);
    CU_ASSERT_EQUAL(getsid(c.pid), c.pid);
    CU_ASSERT_EQUAL(getpgid(c.pid), c.pid);
    CU_ASSERT_NOT_EQUAL(getsid(0), c.pid);
    ks_child_stop(&c, false);
    rig_free(&r);
}

/* 0: its memory is closed to its own account; else a number that says what. */
static int
look_as_nobody(void)
{
    struct ks_child c;
    char path[80];
    struct stat st;
    int fd;

    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return 77;
    if (ks_child_start(tee_path_helper, &c, NULL) != TEE_OK)
        return 77;
    if (!rig_wait_state(c.pid, 'S')) /* it waits for the first question */
        return 1;
    (void)snprintf(path, sizeof(path), "/proc/%ld/environ", (long)c.pid);
    if (stat(path, &st) != 0 || st.st_uid != 0)
        return 2;
    fd = open(path, O_RDONLY);
    if (fd >= 0)
        return 3;
    ks_child_stop(&c, false);
    return 0;
}

static void
test_its_memory_is_closed_to_its_own_account(void)
{
    pid_t pid = fork();
    int st = 0;

    if (pid == 0)
        _exit(look_as_nobody());
    CU_ASSERT_EQUAL(waitpid(pid, &st, 0), pid);
    if (WIFEXITED(st) && WEXITSTATUS(st) == 77)
        test_skip("the build folder is closed to other accounts");
    else
        CU_ASSERT_EQUAL(st, 0);
}

/* ---- beginning and end
 * ---------------------------------------------------------
 */

/* Exit status of the program with `fd` at 3 (-1: closed); what it printed. */
static int
by_hand(int fd, char *const argv[], char *said, size_t room)
{
    posix_spawn_file_actions_t fa;
    char *env[] = { NULL };
    int p[2], st = -1;
    pid_t pid = -1;
    ssize_t n;

    if (pipe2(p, O_CLOEXEC) != 0)
        return -1;
    (void)posix_spawn_file_actions_init(&fa);
    (void)posix_spawn_file_actions_adddup2(&fa, p[1], STDERR_FILENO);
    if (fd < 0)
        (void)posix_spawn_file_actions_addclose(&fa, TD_FD);
    else
        (void)posix_spawn_file_actions_adddup2(&fa, fd, TD_FD);
    if (posix_spawn(&pid, tee_path_helper, &fa, NULL, argv, env) != 0)
        pid = -1;
    (void)posix_spawn_file_actions_destroy(&fa);
    (void)close(p[1]);
    n = read(p[0], said, room - 1);
    said[n > 0 ? n : 0] = '\0';
    (void)close(p[0]);
    if (pid < 0 || waitpid(pid, &st, 0) != pid || !WIFEXITED(st))
        return -1;
    return WEXITSTATUS(st);
}

static void
test_started_by_hand_it_says_what_it_is(void)
{
    static char name[] = "tee-pkcs11-helper", opt[] = "--help";
    char *plain[] = { name, NULL }, *more[] = { name, opt, NULL };
    char said[512];
    int p[2], sp[2], udp;

    CU_ASSERT_EQUAL_FATAL(pipe2(p, O_CLOEXEC), 0);
    CU_ASSERT_EQUAL_FATAL(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sp), 0);
    udp = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_EQUAL(by_hand(-1, plain, said, sizeof(said)), TD_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "not a command"));
    CU_ASSERT_EQUAL(by_hand(p[0], plain, said, sizeof(said)), TD_USAGE);
    CU_ASSERT_EQUAL(by_hand(udp, plain, said, sizeof(said)), TD_USAGE);
    CU_ASSERT_EQUAL(by_hand(sp[1], more, said, sizeof(said)), TD_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "not a command"));
    (void)close(p[0]);
    (void)close(p[1]);
    (void)close(sp[0]);
    (void)close(sp[1]);
    (void)close(udp);
}

static void
test_the_closed_socket_ends_it_with_0(void)
{
    struct ks_child c;
    struct rig r;

    rig_new(&r);
    start(&r, &c);
    (void)close(c.sock.fd);
    CU_ASSERT_EQUAL(exit_status(&c), 0);
    (void)close(c.pidfd.fd);
    CU_ASSERT_EQUAL_FATAL(ks_child_start(tee_path_helper, &c, NULL), TEE_OK);
    (void)close(c.sock.fd); /* before a word was said */
    CU_ASSERT_EQUAL(exit_status(&c), 0);
    (void)close(c.pidfd.fd);
    rig_free(&r);
}

static void
test_a_broken_protocol_ends_it_with_1(void)
{
    static const char *const bad[] = { "00000001ff", "ffffffff",
                                       "00000003a10001" };
    struct ks_child c;
    static struct tee_msg a;
    size_t i;

    for (i = 0; i < TEE_LEN(bad); i++) {
        struct tee_bytes b = test_hex(bad[i]);

        CU_ASSERT_EQUAL_FATAL(ks_child_start(tee_path_helper, &c, NULL),
                              TEE_OK);
        CU_ASSERT_EQUAL(send(c.sock.fd, b.p, b.len, MSG_NOSIGNAL),
                        (ssize_t)b.len);
        tee_msg_init(&a, TEE_F_ERROR);
        CU_ASSERT_EQUAL(tee_frame_recv(c.sock.fd, rig_soon(10000), &a), TEE_OK);
        CU_ASSERT_EQUAL(a.type, TEE_F_ERROR);
        CU_ASSERT_EQUAL(a.field[TEE_FF_ERR].num, TEE_E_PEER);
        tee_msg_clear(&a);
        CU_ASSERT_EQUAL(exit_status(&c), 1);
        (void)close(c.sock.fd);
        (void)close(c.pidfd.fd);
    }
}

/* PDEATHSIG would be delivered when this thread ends. */
static void *
start_it(void *arg)
{
    struct ks_child *c = arg;

    if (ks_child_start(tee_path_helper, c, NULL) != TEE_OK)
        c->pid = -1;
    return NULL;
}

static void
test_it_outlives_the_thread_that_started_it(void)
{
    struct ks_child c = { .pid = -1 };
    static struct tee_msg m, a;
    struct rig r;
    pthread_t t;

    rig_new(&r);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&t, NULL, start_it, &c), 0);
    CU_ASSERT_EQUAL(pthread_join(t, NULL), 0);
    CU_ASSERT_TRUE_FATAL(c.pid > 0);
    rig_hello(&m, &r, "sim");
    tee_msg_init(&a, TEE_F_READY);
    CU_ASSERT_EQUAL(tee_frame_send(c.sock.fd, &m, rig_soon(10000)), TEE_OK);
    CU_ASSERT_EQUAL(tee_frame_recv(c.sock.fd, rig_soon(10000), &a), TEE_OK);
    CU_ASSERT_EQUAL(a.type, TEE_F_READY);
    tee_msg_clear(&m);
    tee_msg_clear(&a);
    ks_child_stop(&c, false);
    rig_free(&r);
}

/* The lines that count how often it ran. */
static void
switches(pid_t pid, char *ret, size_t room)
{
    struct tee_buf b;
    const char *p = NULL;

    ret[0] = '\0';
    if (!rig_proc(pid, "status", &b))
        return;
    if (b.len > 0)
        p = strstr((const char *)b.p, "\nvoluntary_ctxt_switches:");
    if (p != NULL)
        (void)snprintf(ret, room, "%s", p);
    tee_buf_clear(&b);
}

static void
test_an_idle_child_does_not_run(void)
{
    struct timespec while_idle = { 0, 300000000 };
    char before[256], after[256];
    struct ks_child c;
    struct rig r;

    rig_new(&r);
    start(&r, &c);
    CU_ASSERT_TRUE(rig_wait_state(c.pid, 'S'));
    switches(c.pid, before, sizeof(before));
    (void)nanosleep(&while_idle, NULL);
    switches(c.pid, after, sizeof(after));
    CU_ASSERT_NOT_EQUAL(before[0], '\0');
    CU_ASSERT_STRING_EQUAL(before, after);
    ks_child_stop(&c, false);
    rig_free(&r);
}

static const struct test tests[] = {
    { "its limits are those of the design",
      test_its_limits_are_those_of_the_design },
    { "its status is that of the design",
      test_its_status_is_that_of_the_design },
    { "its environment is two variables",
      test_its_environment_is_two_variables },
    { "its descriptors are /dev/null and the socket",
      test_its_descriptors_are_null_and_the_socket },
    { "it has a session of its own", test_it_has_a_session_of_its_own },
    { "its memory is closed to its own account",
      test_its_memory_is_closed_to_its_own_account },
    { "started by hand it says what it is",
      test_started_by_hand_it_says_what_it_is },
    { "the closed socket ends it with 0",
      test_the_closed_socket_ends_it_with_0 },
    { "a broken protocol ends it with 1",
      test_a_broken_protocol_ends_it_with_1 },
    { "it outlives the thread that started it",
      test_it_outlives_the_thread_that_started_it },
    { "an idle child does not run", test_an_idle_child_does_not_run },
    { NULL, NULL },
};
const struct suite suite_child = { "child", tests };
