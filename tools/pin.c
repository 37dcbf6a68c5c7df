/*
 * PINs: from a file, standard input or the terminal, never from argv or the
 * environment.  They live in one locked page and are wiped there.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "keystore/ks.h"
#include "tools/cmd.h"

#define PIN_ROOM 128 /* more than KS_PIN_MAX, so that "too long" is seen */

void
cmd_pin_clear(struct cmd_pin *p)
{
    tee_secret_free(&p->mem);
    p->len = 0;
}

struct tee_bytes
cmd_pin_view(const struct cmd_pin *p)
{
    if (p == NULL || p->mem.p == NULL)
        return (struct tee_bytes){ NULL, 0 };
    return (struct tee_bytes){ p->mem.p, p->len };
}

static enum tee_err
pin_new(struct cmd_pin *p, struct tee_fault *f)
{
    enum tee_err err = tee_secret_new(PIN_ROOM, true, &p->mem);

    p->len = 0;
    if (err != TEE_OK)
        return tee_fault(f, err,
                         "no locked memory for a PIN; raise the limit "
                         "\"ulimit -l\"");
    return TEE_OK;
}

/* One line: the end of the file or a LF ends it.  The mask of signals is that
 * of the wait alone, so that none comes unseen just before it; NULL: as is. */
static enum tee_err
read_line(int fd, const sigset_t *mask, struct cmd_pin *p, const char *where,
          struct tee_fault *f)
{
    struct pollfd in = { .fd = fd, .events = POLLIN };
    ssize_t n;

    while (p->len < PIN_ROOM) {
        n = ppoll(&in, 1, NULL, mask);
        if (n > 0)
            n = read(fd, p->mem.p + p->len, 1);
        if (n < 0 && errno == EINTR)
            return tee_fault(f, TEE_E_IO, "%s: interrupted", where);
        if (n < 0)
            return tee_fault(f, TEE_E_IO, "%s: read: %s", where,
                             strerror(errno));
        if (n == 0 || p->mem.p[p->len] == '\n')
            break;
        p->len++;
    }
    if (p->len >= KS_PIN_MIN && p->len <= KS_PIN_MAX)
        return TEE_OK;
    return tee_fault(f, TEE_E_PIN_LEN,
                     "%s: a PIN has %d to %d bytes, on one line", where,
                     KS_PIN_MIN, KS_PIN_MAX);
}

/* Nothing may stand behind the line: what would be cut off silently is most
 * likely a mistake. */
static enum tee_err
read_end(int fd, const char *where, struct tee_fault *f)
{
    char c = 0;
    ssize_t n = read(fd, &c, 1);

    sodium_memzero(&c, sizeof(c));
    if (n == 0)
        return TEE_OK;
    return tee_fault(f, TEE_E_MALFORMED, "%s: holds more than one line", where);
}

static enum tee_err
file_ok(int fd, const char *path, struct tee_fault *f)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return tee_fault(f, TEE_E_IO, "%s: fstat: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return tee_fault(f, TEE_E_TRUST, "%s: is a folder", path);
    if (!S_ISREG(st.st_mode))
        return TEE_OK; /* a pipe that somebody made for this call */
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return tee_fault(f, TEE_E_TRUST,
                         "%s: owned by uid %lu; must be root or uid %lu", path,
                         (unsigned long)st.st_uid, (unsigned long)geteuid());
    if ((st.st_mode & 077) != 0)
        return tee_fault(f, TEE_E_TRUST,
                         "%s: others may read this PIN (mode %04o); \"chmod "
                         "600 %s\"",
                         path, (unsigned)st.st_mode & 0777, path);
    return TEE_OK;
}

enum tee_err
cmd_pin_file(const char *path, const char *prompt, bool twice,
             struct cmd_pin *ret, struct tee_fault *f)
{
    bool in = strcmp(path, "-") == 0;
    struct cmd_pin p = { 0 };
    enum tee_err err;
    int fd = STDIN_FILENO;

    if (in && isatty(STDIN_FILENO) == 1)
        return cmd_pin_ask(prompt, twice, ret, f);
    if (!in)
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return tee_fault(f, TEE_E_IO, "%s: open: %s", path, strerror(errno));
    err = in ? TEE_OK : file_ok(fd, path, f);
    if (err == TEE_OK)
        err = pin_new(&p, f);
    if (err == TEE_OK)
        err = read_line(fd, NULL, &p, in ? "standard input" : path, f);
    /* standard input may hold a second PIN for --so-pin-file */
    if (err == TEE_OK && !in)
        err = read_end(fd, path, f);
    if (!in)
        (void)close(fd);
    if (err != TEE_OK)
        cmd_pin_clear(&p);
    else
        *ret = p;
    return err;
}

/* ---- the terminal ---------------------------------------------------------
 */

static volatile sig_atomic_t caught;

static void
on_signal(int sig)
{
    caught = sig;
}

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };

struct quiet {
    int fd;
    struct termios was;
    struct sigaction act[TEE_LEN(signals)];
    sigset_t mask; /* as it was */
};

static void
quiet_end(struct quiet *q)
{
    size_t i;

    (void)tcsetattr(q->fd, TCSAFLUSH, &q->was);
    (void)!write(q->fd, "\n", 1);
    for (i = 0; i < TEE_LEN(signals); i++)
        (void)sigaction(signals[i], &q->act[i], NULL);
    (void)sigprocmask(SIG_SETMASK, &q->mask, NULL);
    if (caught != 0)
        (void)raise(caught);
}

/* Echo off; signals are held until it is on again.  False: as it was. */
static bool
quiet_begin(struct quiet *q)
{
    struct sigaction sa = { .sa_handler = on_signal }; /* no SA_RESTART */
    struct termios now;
    sigset_t held;
    size_t i;

    if (tcgetattr(q->fd, &q->was) != 0)
        return false;
    caught = 0;
    (void)sigemptyset(&sa.sa_mask);
    (void)sigemptyset(&held);
    for (i = 0; i < TEE_LEN(signals); i++)
        (void)sigaddset(&held, signals[i]);
    (void)sigprocmask(SIG_BLOCK, &held, &q->mask);
    for (i = 0; i < TEE_LEN(signals); i++)
        (void)sigaction(signals[i], &sa, &q->act[i]);
    now = q->was;
    now.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    if (tcsetattr(q->fd, TCSAFLUSH, &now) == 0)
        return true;
    quiet_end(q);
    return false;
}

static enum tee_err
ask_once(int tty, const char *prompt, struct cmd_pin *p, struct tee_fault *f)
{
    struct quiet q = { .fd = tty };
    enum tee_err err;

    if (!quiet_begin(&q))
        return tee_fault(f, TEE_E_IO, "terminal: cannot switch its echo off");
    (void)!write(tty, prompt, strlen(prompt));
    (void)!write(tty, ": ", 2);
    err = read_line(tty, &q.mask, p, "terminal", f);
    quiet_end(&q);
    return err;
}

static enum tee_err
ask_again(int tty, const char *prompt, const struct cmd_pin *first,
          struct tee_fault *f)
{
    struct cmd_pin again = { 0 };
    char text[128];
    enum tee_err err = pin_new(&again, f);

    if (err != TEE_OK)
        return err;
    (void)snprintf(text, sizeof(text), "%s, once more", prompt);
    err = ask_once(tty, text, &again, f);
    if (err == TEE_OK &&
        (again.len != first->len ||
         sodium_memcmp(again.mem.p, first->mem.p, first->len) != 0))
        err = tee_fault(f, TEE_E_PIN, "terminal: the two PINs differ");
    cmd_pin_clear(&again);
    return err;
}

enum tee_err
cmd_pin_ask(const char *prompt, bool twice, struct cmd_pin *ret,
            struct tee_fault *f)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct cmd_pin p = { 0 };
    enum tee_err err;

    if (tty < 0)
        return tee_fault(f, TEE_E_LOGIN,
                         "a PIN is needed and there is no terminal to ask on; "
                         "use --pin-file FILE or the URI's pin-source");
    err = pin_new(&p, f);
    if (err == TEE_OK)
        err = ask_once(tty, prompt, &p, f);
    if (err == TEE_OK && twice)
        err = ask_again(tty, prompt, &p, f);
    (void)close(tty);
    if (err != TEE_OK)
        cmd_pin_clear(&p);
    else
        *ret = p;
    return err;
}
