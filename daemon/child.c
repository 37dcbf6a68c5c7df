/*
 * The private child's first steps: it makes itself small before it reads a
 * byte.  It never asks for a signal at its parent's death, which is delivered
 * when the *thread* that started it ends: the closed socket tells it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/td.h"

/* Never above what the parent was allowed itself. */
static bool
limit(__rlimit_resource_t what, rlim_t soft, rlim_t hard)
{
    struct rlimit r;

    if (getrlimit(what, &r) != 0)
        return false;
    if (r.rlim_max > hard)
        r.rlim_max = hard;
    r.rlim_cur = soft < r.rlim_max ? soft : r.rlim_max;
    return setrlimit(what, &r) == 0;
}

/* Gives the next question its processor time. */
static void
renew(void)
{
    struct rusage u;
    rlim_t used;

    if (getrusage(RUSAGE_SELF, &u) != 0)
        return; /* the old limit stays */
    used = (rlim_t)u.ru_utime.tv_sec + (rlim_t)u.ru_stime.tv_sec + 1;
    (void)limit(RLIMIT_CPU, used + TD_CPU_SECONDS, TD_CPU_TOTAL);
}

static bool
limits(void)
{
#ifndef TEE_SANITIZER /* whose shadow is terabytes of addresses */
    if (!limit(RLIMIT_AS, TD_AS, TD_AS))
        return false;
#endif
    return limit(RLIMIT_CORE, 0, 0) &&
           limit(RLIMIT_CPU, TD_CPU_SECONDS, TD_CPU_TOTAL) &&
           limit(RLIMIT_NOFILE, TD_NOFILE, TD_NOFILE) &&
           prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* 0..2 open, so that no file of ours gets their numbers; nothing above the
 * socket. */
static bool
descriptors(void)
{
    int fd;

    for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            return false;
    }
    return close_range(TD_FD + 1, ~0U, 0) == 0;
}

static bool
is_our_socket(int fd)
{
    int type = 0, domain = 0;
    socklen_t n = sizeof(type);

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) != 0 ||
        type != SOCK_STREAM)
        return false;
    n = sizeof(domain);
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) == 0 &&
           domain == AF_UNIX && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static int
usage(void)
{
    (void)fputs(
        "tee-pkcs11-helper (" PACKAGE_STRING "): not a command; the PKCS#11 "
        "module and tee-pkcs11 start it over a socket when a token needs it\n",
        stderr);
    return TD_USAGE;
}

int
td_child(int argc)
{
    if (!limits()) {
        (void)fputs("tee-pkcs11-helper: cannot limit itself\n", stderr);
        return 1;
    }
    if (argc != 1 || !is_our_socket(TD_FD))
        return usage();
    /* The parent's folder may be one that somebody wants to unmount. */
    if (!descriptors() || chdir("/") != 0 || sodium_init() < 0)
        return 1;
    (void)umask(077);
    /* A fixed threshold: what a large frame took goes back to the system. */
    (void)mallopt(M_MMAP_THRESHOLD, 128 << 10);
    return td_serve(TD_FD, renew);
}
