/* The one log sink. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/base/suites.h"

/*
 * sendto of this program is wrapped (-Wl,--wrap): while `listener` is named,
 * what was meant for /dev/log goes there, after a look at how it was sent.
 */
ssize_t __real_sendto(int fd, const void *p, size_t n, int flags,
                      const struct sockaddr *to, socklen_t len);
ssize_t __wrap_sendto(int fd, const void *p, size_t n, int flags,
                      const struct sockaddr *to, socklen_t len);

static const char *listener;
static unsigned sent;
static int sent_flags;
static bool to_dev_log;

ssize_t
__wrap_sendto(int fd, const void *p, size_t n, int flags,
              const struct sockaddr *to, socklen_t len)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };

    sent++;
    sent_flags = flags;
    if (listener == NULL)
        return __real_sendto(fd, p, n, flags, to, len);
    memcpy(&un, to, len);
    to_dev_log =
        un.sun_family == AF_UNIX && strcmp(un.sun_path, "/dev/log") == 0;
    (void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", listener);
    return __real_sendto(fd, p, n, flags, (const struct sockaddr *)&un,
                         sizeof(un));
}

static unsigned
descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    if (d == NULL)
        return 0;
    while (readdir(d) != NULL)
        n++;
    (void)closedir(d);
    return n;
}

/* A socket that plays /dev/log. */
static int
listen_at(char path[128])
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)snprintf(path, 128, "%s/log", test_dir());
    (void)snprintf(un.sun_path, sizeof(un.sun_path), "%.100s", path);
    if (bind(fd, (struct sockaddr *)&un, sizeof(un)) != 0)
        abort();
    return fd;
}

static void
test_silent(void)
{
    unsigned before = sent;
    int p[2], saved = dup(STDERR_FILENO);
    char c;

    CU_ASSERT_EQUAL(pipe2(p, O_NONBLOCK), 0);
    (void)dup2(p[1], STDERR_FILENO);
    tee_log("nobody %s", "listens");
    (void)dup2(saved, STDERR_FILENO);
    CU_ASSERT_EQUAL(read(p[0], &c, 1), -1);
    CU_ASSERT_EQUAL(sent, before);
    (void)close(p[0]);
    (void)close(p[1]);
    (void)close(saved);
}

static void
test_datagram(void)
{
    char path[128], msg[2048], want[64];
    unsigned fds, before = sent;
    int fd = listen_at(path);
    ssize_t n;

    listener = path;
    tee_log_set(TEE_LOG_SYSLOG);
    fds = descriptors();
    errno = 77;
    tee_log("agent: %s", "generated");
    CU_ASSERT_EQUAL(errno, 77);
    CU_ASSERT_EQUAL(descriptors(), fds);
    n = recv(fd, msg, sizeof(msg) - 1, MSG_DONTWAIT);
    CU_ASSERT_TRUE_FATAL(n > 0);
    msg[n] = '\0';
    (void)snprintf(want, sizeof(want), "<86>tee-pkcs11[%ld]: agent: generated",
                   (long)getpid());
    CU_ASSERT_STRING_EQUAL(msg, want);
    CU_ASSERT_EQUAL(sent, before + 1);
    CU_ASSERT_TRUE(to_dev_log);
    CU_ASSERT_EQUAL(sent_flags, MSG_NOSIGNAL | MSG_DONTWAIT);
    tee_log_set(TEE_LOG_NONE);
    listener = NULL;
    (void)close(fd);
}

/* A listener that doesn't listen: the queue fills, the caller goes on. */
static void
test_full_queue(void)
{
    char path[128];
    int fd = listen_at(path), i;

    listener = path;
    tee_log_set(TEE_LOG_SYSLOG);
    errno = 77;
    for (i = 0; i < 2000; i++)
        tee_log("event %d", i);
    CU_ASSERT_EQUAL(errno, 77);
    (void)close(fd);
    tee_log("nobody at the other end");
    (void)unlink(path);
    tee_log("no socket");
    CU_ASSERT_EQUAL(errno, 77);
    tee_log_set(TEE_LOG_NONE);
    listener = NULL;
}

static void
test_no_descriptor(void)
{
    char path[128];
    int fd = listen_at(path), hold[64], n = 0;

    listener = path;
    tee_log_set(TEE_LOG_SYSLOG);
    errno = 77;
    /* all descriptors taken, in a child so that nobody else misses them */
    if (fork() == 0) {
        while (n < 64 && (hold[n] = dup(fd)) >= 0)
            n++;
        (void)dup2(fd, 1000);
        while (dup(fd) >= 0)
            ;
        errno = 77;
        tee_log("unheard");
        _exit(errno == 77 ? 0 : 1);
    }
    CU_ASSERT_TRUE(wait(&n) > 0 && WIFEXITED(n) && WEXITSTATUS(n) == 0);
    tee_log_set(TEE_LOG_NONE);
    listener = NULL;
    (void)close(fd);
}

/* stderr replaced by `to` while one event is logged. */
static void
log_to(int to, const char *text)
{
    int saved = dup(STDERR_FILENO);

    (void)dup2(to, STDERR_FILENO);
    tee_log_set(TEE_LOG_STDERR);
    tee_log("%s", text);
    tee_log_set(TEE_LOG_NONE);
    (void)dup2(saved, STDERR_FILENO);
    (void)close(saved);
}

static void
test_one_line(void)
{
    static const struct {
        const char *in, *out;
    } row[] = {
        { "plain", "tee-pkcs11: plain\n" },
        { "a\nb\rc\td", "tee-pkcs11: a?b?c?d\n" },
        { "\x1b[31m\x7f", "tee-pkcs11: ?[31m?\n" },
        { "caf\xc3\xa9", "tee-pkcs11: caf\xc3\xa9\n" },
        { "", "tee-pkcs11: \n" },
    };
    char got[256];
    int p[2];
    size_t i;
    ssize_t n;

    CU_ASSERT_EQUAL(pipe2(p, O_NONBLOCK), 0);
    for (i = 0; i < TEE_LEN(row); i++) {
        log_to(p[1], row[i].in);
        n = read(p[0], got, sizeof(got) - 1);
        CU_ASSERT_TRUE(n > 0);
        got[n > 0 ? n : 0] = '\0';
        CU_ASSERT_STRING_EQUAL(got, row[i].out);
    }
    (void)close(p[0]);
    (void)close(p[1]);
}

static void
test_long_event(void)
{
    static char text[4096], got[4096];
    int p[2];
    ssize_t n;

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    CU_ASSERT_EQUAL(pipe2(p, O_NONBLOCK), 0);
    log_to(p[1], text);
    n = read(p[0], got, sizeof(got));
    CU_ASSERT_TRUE(n > 800 && n < 1000 && got[n - 1] == '\n');
    (void)close(p[0]);
    (void)close(p[1]);
}

/* A host whose stderr nobody reads must not stand still, nor die. */
static void
test_stderr_never_blocks(void)
{
    static char fill[4096];
    int p[2], status;
    pid_t child;

    CU_ASSERT_EQUAL(pipe2(p, O_NONBLOCK), 0);
    while (write(p[1], fill, sizeof(fill)) > 0)
        ;
    child = fork();
    if (child == 0) {
        (void)fcntl(p[1], F_SETFL, 0); /* blocking, as a host has it */
        (void)alarm(5);
        log_to(p[1], "full");
        _exit(0);
    }
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
    (void)close(p[0]);
    child = fork();
    if (child == 0) {
        (void)signal(SIGPIPE, SIG_DFL);
        log_to(p[1], "closed");
        _exit(0);
    }
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
    (void)close(p[1]);
}

static const struct test tests[] = {
    { "silent by default", test_silent },
    { "an event is one datagram to the system log", test_datagram },
    { "a log that nobody reads holds nobody up", test_full_queue },
    { "no descriptor left is no reason to fail", test_no_descriptor },
    { "an event is one printable line", test_one_line },
    { "a long event is cut", test_long_event },
    { "a full or closed stderr neither blocks nor kills",
      test_stderr_never_blocks },
    { NULL, NULL },
};
const struct suite suite_log = { "log", tests };
