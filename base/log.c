#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/tee.h"

#define LINE 900

static _Atomic int sink = TEE_LOG_NONE;

void
tee_log_set(enum tee_log_sink s)
{
    atomic_store(&sink, (int)s);
}

/* <86> = facility authpriv (10), severity informational (6) */
static void
to_syslog(const char *line)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
    char msg[LINE + 64];
    int fd, n;

    n = snprintf(msg, sizeof(msg), "<86>tee-pkcs11[%ld]: %s", (long)getpid(),
                 line);
    if (n <= 0 || (size_t)n >= sizeof(msg))
        return;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, msg, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT,
                 (const struct sockaddr *)&to, sizeof(to));
    (void)close(fd);
}

/* Room for a line that goes in one piece, and somebody who may read it: a
 * full pipe would hold the host up, a closed one would send it SIGPIPE. */
static bool
stderr_takes(void)
{
    struct pollfd p = { STDERR_FILENO, POLLOUT, 0 };

    return poll(&p, 1, 0) == 1 && p.revents == POLLOUT;
}

static void
to_stderr(const char *line)
{
    char msg[LINE + 64];
    int n = snprintf(msg, sizeof(msg), "tee-pkcs11: %s\n", line);

    if (n > 0 && (size_t)n < sizeof(msg) && stderr_takes() &&
        write(STDERR_FILENO, msg, (size_t)n) < 0)
        return; /* nobody to tell */
}

void
tee_log(const char *fmt, ...)
{
    int to = atomic_load(&sink), saved = errno;
    char line[LINE], *p;
    va_list ap;

    if (to == TEE_LOG_NONE)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    for (p = line; *p != '\0'; p++) { /* one event stays one line */
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    }
    if (to == TEE_LOG_STDERR)
        to_stderr(line);
    else
        to_syslog(line);
    errno = saved;
}
