/*
 * The private child as a process: how it is started, and how it is got rid
 * of, inside a host about which nothing may be assumed: it may ignore or
 * steal SIGCHLD, close descriptors, have none of 0..2, fork at any time.
 *
 * posix_spawn shares our memory until exec and runs no atfork handlers;
 * PDEATHSIG is not used, for it fires when the spawning thread ends.  The
 * child ends by itself when our end of the socket is closed.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

#define ENV_MAX 8

/* ---- descriptors that the host may have closed behind our back ----------- */

static void
mark(struct ks_fd *d, int fd)
{
    struct stat st;

    d->fd = fd;
    d->dev = 0;
    d->ino = 0;
    if (fd >= 0 && fstat(fd, &st) == 0) {
        d->dev = st.st_dev;
        d->ino = st.st_ino;
    }
}

bool
ks_fd_ours(const struct ks_fd *d)
{
    struct stat st;

    return d->fd >= 0 && fstat(d->fd, &st) == 0 && st.st_dev == d->dev &&
           st.st_ino == d->ino;
}

void
ks_fd_close(struct ks_fd *d)
{
    if (ks_fd_ours(d))
        (void)close(d->fd);
    d->fd = -1;
}

/* "Pid:" of a pidfd: -1 when it was reaped, 0 for what is no pidfd. */
static long
pid_behind(int fd)
{
    char path[40], text[512];
    const char *at;
    ssize_t n;
    int info;

    (void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    info = open(path, O_RDONLY | O_CLOEXEC);
    if (info < 0)
        return 0;
    n = read(info, text, sizeof(text) - 1);
    (void)close(info);
    text[n > 0 ? n : 0] = '\0';
    at = strstr(text, "\nPid:");
    return at != NULL ? strtol(at + 5, NULL, 10) : 0;
}

/*
 * Until Linux 6.9 a pidfd shares one inode with every eventfd, epoll, timer
 * and other pidfd of the machine, so that the inode alone would let us close
 * or signal what is the host's.
 */
static bool
pidfd_ours(const struct ks_child *c)
{
    struct statfs fs;
    long pid;

    if (!ks_fd_ours(&c->pidfd) || fstatfs(c->pidfd.fd, &fs) != 0)
        return false;
    if (fs.f_type != ANON_INODE_FS_MAGIC)
        return true;
    pid = pid_behind(c->pidfd.fd);
    return pid == c->pid || pid == -1;
}

static void
close_pidfd(struct ks_child *c)
{
    if (pidfd_ours(c))
        (void)close(c->pidfd.fd);
    c->pidfd.fd = -1;
}

/* ---- starting ------------------------------------------------------------ */

/* Exactly two variables; sanitizer builds hand their options on. */
static void
environment(char *buf, size_t room, char *env[ENV_MAX])
{
    static const char *const always[] = { "LC_ALL=C", "TSS2_LOG=all+none" };
    size_t i, n = 0, len;

    for (i = 0; i < TEE_LEN(always); i++) {
        len = strlen(always[i]) + 1;
        if (len > room)
            break;
        memcpy(buf, always[i], len);
        env[n++] = buf;
        buf += len;
        room -= len;
    }
#ifdef TEE_SANITIZER
    static const char *const more[] = { "ASAN_OPTIONS", "UBSAN_OPTIONS",
                                        "TSAN_OPTIONS", "LSAN_OPTIONS",
                                        "MSAN_OPTIONS" };
    const char *value;

    for (i = 0; i < TEE_LEN(more); i++) {
        value = secure_getenv(more[i]);
        if (value == NULL || strlen(more[i]) + strlen(value) + 2 > room)
            continue;
        len = strlen(more[i]);
        memcpy(buf, more[i], len);
        buf[len] = '=';
        memcpy(buf + len + 1, value, strlen(value) + 1);
        env[n++] = buf;
        len += strlen(value) + 2;
        buf += len;
        room -= len;
    }
#endif
    env[n] = NULL;
}

/* Never 0..2: a host without them would print into our socket. */
static int
above_stdio(int fd)
{
    int up;

    if (fd > STDERR_FILENO)
        return fd;
    up = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    (void)close(fd);
    return up;
}

static int
socket_pair(int ret[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret) != 0)
        return errno;
    ret[0] = above_stdio(ret[0]);
    ret[1] = above_stdio(ret[1]);
    if (ret[0] >= 0 && ret[1] >= 0)
        return 0;
    if (ret[0] >= 0)
        (void)close(ret[0]);
    if (ret[1] >= 0)
        (void)close(ret[1]);
    return EMFILE;
}

/* The socket first: dup2 to itself clears CLOEXEC in glibc's posix_spawn. */
static int
file_actions(posix_spawn_file_actions_t *fa, int sock)
{
    int e = posix_spawn_file_actions_adddup2(fa, sock, KS_HELPER_FD);

    if (e == 0)
        e = posix_spawn_file_actions_addopen(fa, STDIN_FILENO, "/dev/null",
                                             O_RDWR, 0);
    if (e == 0)
        e = posix_spawn_file_actions_adddup2(fa, STDIN_FILENO, STDOUT_FILENO);
    if (e == 0)
        e = posix_spawn_file_actions_adddup2(fa, STDIN_FILENO, STDERR_FILENO);
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
    if (e == 0)
        e = posix_spawn_file_actions_addclosefrom_np(fa, KS_HELPER_FD + 1);
#endif
    return e;
}

static int
attributes(posix_spawnattr_t *attr)
{
    sigset_t all, none;
    int e;

    (void)sigfillset(&all);
    (void)sigemptyset(&none);
    e = posix_spawnattr_setsigdefault(attr, &all);
    if (e == 0)
        e = posix_spawnattr_setsigmask(attr, &none);
    if (e == 0)
        e = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF |
                                               POSIX_SPAWN_SETSIGMASK |
                                               POSIX_SPAWN_SETSID);
    return e;
}

static int
spawn(const char *path, int sock, pid_t *pid)
{
    static char name[] = "tee-pkcs11-helper";
    char *argv[] = { name, NULL }, *env[ENV_MAX], buf[2048];
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t attr;
    int e;

    environment(buf, sizeof(buf), env);
    e = posix_spawn_file_actions_init(&fa);
    if (e != 0)
        return e;
    e = posix_spawnattr_init(&attr);
    if (e != 0)
        goto out;
    e = file_actions(&fa, sock);
    if (e == 0)
        e = attributes(&attr);
    if (e == 0)
        e = posix_spawn(pid, path, &fa, &attr, argv, env);
    (void)posix_spawnattr_destroy(&attr);
out:
    (void)posix_spawn_file_actions_destroy(&fa);
    return e;
}

/* WNOWAIT: only asks whether it is a child of ours; ECHILD says no. */
static bool
is_our_child(int pidfd)
{
    siginfo_t si;

    memset(&si, 0, sizeof(si));
    return waitid((idtype_t)P_PIDFD, (id_t)pidfd, &si,
                  WEXITED | WNOHANG | WNOWAIT) == 0;
}

/*
 * A handle that later signals cannot miss.  Between posix_spawn and here
 * the host may have reaped a dead child and the number may belong to
 * somebody else, so the handle is kept only if it is a child of this
 * process.  Without a handle nothing is ever signalled.
 */
static int
open_pidfd(pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0U);

    if (fd < 0)
        return -1;
    fd = above_stdio(fd); /* which keeps CLOEXEC */
    if (fd >= 0 && !is_our_child(fd)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* The program and every folder above it belong to root or to us. */
static enum tee_err
check_program(const char *path, struct tee_fault *f)
{
    int fd = -1;
    enum tee_err err = tee_file_open(path, &tee_rule_public, &fd, f);

    if (err != TEE_OK) {
        tee_fault_prefix(f, "helper");
        return err == TEE_E_NOTFOUND ? TEE_E_UNAVAIL : err;
    }
    (void)close(fd);
    return TEE_OK;
}

enum tee_err
ks_child_start(const char *path, struct ks_child *ret, struct tee_fault *f)
{
    int sock[2], e;
    pid_t pid = -1;
    enum tee_err err = check_program(path, f);

    if (err != TEE_OK)
        return err;
    e = socket_pair(sock);
    if (e != 0)
        return tee_fault(f, TEE_E_IO, "helper: no socket: %s",
                         strerrordesc_np(e));
    e = spawn(path, sock[1], &pid);
    (void)close(sock[1]);
    if (e != 0) {
        (void)close(sock[0]);
        return tee_fault(f, TEE_E_UNAVAIL, "helper: %s does not start: %s",
                         path, strerrordesc_np(e));
    }
    ret->pid = pid;
    mark(&ret->sock, sock[0]);
    mark(&ret->pidfd, open_pidfd(pid));
    return TEE_OK;
}

/* ---- ending -------------------------------------------------------------- */

/* True when it is gone and, where the host left that to us, reaped. */
static bool
reap(struct ks_child *c, int wait_ms)
{
    struct pollfd p = { .fd = c->pidfd.fd, .events = POLLIN };
    siginfo_t si;
    int n;

    do
        n = poll(&p, 1, wait_ms);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return false;
    memset(&si, 0, sizeof(si));
    /* ECHILD: the host ignores SIGCHLD, or waited for it itself. */
    (void)waitid((idtype_t)P_PIDFD, (id_t)c->pidfd.fd, &si, WEXITED | WNOHANG);
    return true;
}

/* Kernels without pidfd_open: nothing to signal with, only to collect. */
static void
reap_by_number(pid_t pid)
{
    struct pollfd none = { .fd = -1 };
    int tries;

    for (tries = 0; tries < KS_CHILD_GRACE_MS / 10; tries++) {
        if (waitpid(pid, NULL, WNOHANG) != 0)
            return;
        (void)poll(&none, 1, 10);
    }
}

void
ks_child_stop(struct ks_child *c, bool kill_it)
{
    /* EOF, also while a child of fork holds a copy of the socket */
    if (ks_fd_ours(&c->sock))
        (void)shutdown(c->sock.fd, SHUT_RDWR);
    ks_fd_close(&c->sock);
    if (c->pid <= 0)
        return;
    if (!pidfd_ours(c)) {
        reap_by_number(c->pid);
    } else if (kill_it || !reap(c, KS_CHILD_GRACE_MS)) {
        (void)syscall(SYS_pidfd_send_signal, c->pidfd.fd, SIGKILL, NULL, 0U);
        /* Stuck in the kernel: it dies when it comes back, unattended. */
        (void)reap(c, KS_CHILD_GRACE_MS);
    }
    close_pidfd(c);
    c->pid = -1;
}

void
ks_child_abandon(struct ks_child *c)
{
    ks_fd_close(&c->sock);
    close_pidfd(c);
    c->pid = -1;
}
