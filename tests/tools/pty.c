/*
 * pty [PROMPT ANSWER]... -- COMMAND...: runs COMMAND on a terminal of its own,
 * waits for each PROMPT and types its ANSWER ("^C" is the interrupt key).
 * Prints what the terminal showed; ends as COMMAND did, 124 after 20 seconds,
 * 125 when a prompt never came, 128 + N after signal N.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHOWN 65536

static char shown[SHOWN];
static size_t n_shown;

/* false: the command closed its terminal. */
static int
more(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    ssize_t n;

    if (poll(&p, 1, 20000) != 1)
        return -1;
    n = read(fd, shown + n_shown, SHOWN - 1 - n_shown);
    if (n <= 0)
        return 0; /* EIO: the other end is closed */
    n_shown += (size_t)n;
    return 1;
}

static int
type(int fd, const char *answer)
{
    char c = '\003';

    if (strcmp(answer, "^C") == 0)
        return write(fd, &c, 1) == 1 ? 0 : -1;
    if (write(fd, answer, strlen(answer)) != (ssize_t)strlen(answer))
        return -1;
    c = '\n';
    return write(fd, &c, 1) == 1 ? 0 : -1;
}

static int
talk(int fd, char **word, char **end)
{
    size_t from = 0;
    char *at;
    int r = 1;

    for (; word + 1 < end; word += 2) {
        while ((at = strstr(shown + from, word[0])) == NULL) {
            r = more(fd);
            if (r <= 0)
                return r == 0 ? 125 : 124;
        }
        from = (size_t)(at - shown) + strlen(word[0]);
        if (type(fd, word[1]) != 0)
            return 125;
    }
    while ((r = more(fd)) > 0)
        ;
    return r == 0 ? 0 : 124;
}

int
main(int argc, char **argv)
{
    char **end = argv + 1;
    int fd, st, code;
    pid_t pid;

    while (end < argv + argc && strcmp(*end, "--") != 0)
        end++;
    if (end + 1 >= argv + argc)
        return 2;
    pid = forkpty(&fd, NULL, NULL, NULL);
    if (pid < 0)
        return 2;
    if (pid == 0) {
        (void)execvp(end[1], end + 1);
        _exit(127);
    }
    code = talk(fd, argv + 1, end);
    if (code == 124)
        (void)kill(pid, SIGKILL);
    (void)close(fd);
    while (waitpid(pid, &st, 0) < 0 && errno == EINTR)
        ;
    (void)fwrite(shown, 1, n_shown, stdout);
    if (code != 0)
        return code;
    return WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
}
