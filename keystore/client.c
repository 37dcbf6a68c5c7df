/*
 * Conversations with the other end.  The private child lives until the
 * client is freed or fails; one conversation at a time, the others wait for
 * the flag `busy` without holding anything.
 *
 * After a protocol error nothing that the child may still say can be told
 * from an answer to the next question, so it is given up, always.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define TEE_KS_INTERNAL
#include "base/paths.h"
#include "keystore/ks.h"

struct ks_client {
    const struct ks_conf *file;
    const struct ks_conf_token *conf;
    pthread_mutex_t lock; /* busy */
    pthread_cond_t idle;
    bool busy;
    struct tee_secret mark; /* first byte 1: in the process that may use it */
    struct ks_child child;  /* by whom set busy */
};

enum tee_err
ks_client_new(const struct ks_conf *file, const struct ks_conf_token *conf,
              struct ks_client **ret)
{
    pthread_condattr_t attr;
    struct ks_client *c;
    enum tee_err err;

    if (file == NULL || conf == NULL || ret == NULL)
        return TEE_E_ARG;
    c = calloc(1, sizeof(*c));
    if (c == NULL)
        return TEE_E_NOMEM;
    err = tee_secret_new(1, false, &c->mark);
    if (err != TEE_OK) {
        free(c);
        return err;
    }
    c->mark.p[0] = 1;
    c->file = file;
    c->conf = conf;
    c->child = (struct ks_child){ { -1, 0, 0 }, { -1, 0, 0 }, -1 };
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&c->idle, &attr);
    (void)pthread_condattr_destroy(&attr);
    *ret = c;
    return TEE_OK;
}

static bool
here(const struct ks_client *c)
{
    return *(const volatile uint8_t *)c->mark.p == 1;
}

/*
 * In a child of fork the mutex may be held by a thread that does not exist
 * here, and the helper is the parent's: descriptors are closed without a
 * word, nothing is waited for.
 */
void
ks_client_free(struct ks_client *c)
{
    if (c == NULL)
        return;
    if (here(c)) {
        ks_child_stop(&c->child, false);
        (void)pthread_cond_destroy(&c->idle);
        (void)pthread_mutex_destroy(&c->lock);
    } else {
        ks_child_abandon(&c->child);
    }
    tee_secret_free(&c->mark);
    free(c);
}

/* ---- one at a time ------------------------------------------------------- */

struct timespec
ks_at_monotonic(int64_t until)
{
    int64_t left = until - tee_clock.mono_ms();
    struct timespec ts = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    if (left > 0) {
        ts.tv_sec += (time_t)(left / 1000);
        ts.tv_nsec += (long)(left % 1000) * 1000000L;
    }
    if (ts.tv_nsec >= 1000000000L) {
        ts.tv_sec++;
        ts.tv_nsec -= 1000000000L;
    }
    return ts;
}

static enum tee_err
take_turn(struct ks_client *c, int64_t until)
{
    struct timespec ts = ks_at_monotonic(until);
    int e = 0;

    (void)pthread_mutex_lock(&c->lock);
    while (c->busy && e != ETIMEDOUT)
        e = pthread_cond_timedwait(&c->idle, &c->lock, &ts);
    e = c->busy;
    c->busy = true;
    (void)pthread_mutex_unlock(&c->lock);
    return e != 0 ? TEE_E_TIMEOUT : TEE_OK;
}

static void
end_turn(struct ks_client *c)
{
    (void)pthread_mutex_lock(&c->lock);
    c->busy = false;
    (void)pthread_cond_signal(&c->idle);
    (void)pthread_mutex_unlock(&c->lock);
}

/* ---- one question, one answer -------------------------------------------- */

/*
 * Answers between the module and its own caller: from the other end they
 * would make a host ask for a PIN, or look for the fault in its handles,
 * templates and signatures.  There they are an outage, with their sentence.
 */
static enum tee_err
from_outside(enum tee_err err)
{
    static const enum tee_err ours[] = {
        TEE_E_STATE,   TEE_E_NOTFOUND,   TEE_E_FORKED,    TEE_E_LOGIN,
        TEE_E_PIN_LEN, TEE_E_PIN_LOCKED, TEE_E_PIN_TYPE,  TEE_E_MECH,
        TEE_E_SIG_LEN, TEE_E_MECH_PARAM, TEE_E_SIGNATURE, TEE_E_DATA_LEN,
    };
    size_t i;

    for (i = 0; i < TEE_LEN(ours); i++) {
        if (err == ours[i])
            return TEE_E_UNAVAIL;
    }
    return err;
}

/* What the other end said is shown to people: one line, no controls. */
static enum tee_err
answered_error(const struct tee_msg *ans, struct tee_fault *f)
{
    uint64_t err = ans->field[TEE_FF_ERR].num;
    char text[TEE_FAULT_TEXT];
    struct tee_bytes said = ans->field[TEE_FF_TEXT].bytes;
    size_t i, n;

    if (err == TEE_OK || err >= TEE_E_COUNT)
        return tee_fault(f, TEE_E_PEER, "helper: answered an unknown error");
    n = said.len < sizeof(text) - 1 ? said.len : sizeof(text) - 1;
    for (i = 0; i < n; i++) {
        text[i] = (char)(said.p[i] < 0x20 || said.p[i] == 0x7f ? 0x3f /* ? */
                                                               : said.p[i]);
        /* U+0080 to U+009F: a terminal may read them as ESC and a letter */
        if (i > 0 && said.p[i - 1] == 0xc2 && said.p[i] < 0xa0)
            text[i - 1] = text[i] = '?';
    }
    while (n > 0 && n < said.len && (said.p[n] & 0xc0) == 0x80)
        n--; /* never half a character */
    text[n] = '\0';
    return tee_fault(f, from_outside((enum tee_err)err), "%s", text);
}

static const char *
why(enum tee_err err)
{
    return err == TEE_E_TIMEOUT ? "no answer before the deadline"
           : err == TEE_E_PEER  ? "it died or broke the protocol"
                                : tee_err_name(err);
}

/* Something to read though nothing was asked: 0 no, 1 closed, 2 talking. */
static int
unasked(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    uint8_t byte;

    if (poll(&p, 1, 0) <= 0)
        return 0;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0 ? 2 : 1;
}

/* *broken: the conversation, not the question, failed. */
static enum tee_err
exchange(struct ks_client *c, struct tee_msg *req, enum tee_frame_type want,
         struct tee_msg *ans, int64_t until, bool *broken, struct tee_fault *f)
{
    int fd = c->child.sock.fd;
    enum tee_err err;

    *broken = false;
    err = tee_msg_encode(req);
    if (err != TEE_OK)
        return tee_fault(f, err, "helper: question cannot be put");
    *broken = true;
    err = tee_frame_send(fd, req, until);
    if (err == TEE_OK)
        err = tee_frame_recv(fd, until, ans);
    if (err != TEE_OK)
        return tee_fault(f, err, "helper: %s", why(err));
    if (unasked(fd) == 2)
        return tee_fault(f, TEE_E_PEER, "helper: answered twice");
    if (ans->type == TEE_F_ERROR) {
        err = answered_error(ans, f);
        *broken = err == TEE_E_PEER;
        return err;
    }
    if (ans->type != want)
        return tee_fault(f, TEE_E_PEER, "helper: answered something else");
    *broken = false;
    return TEE_OK;
}

/* HELLO: which file and which section; the child reads them itself. */
static enum tee_err
greet(struct ks_client *c, int64_t until, struct tee_fault *f)
{
    struct tee_msg *m =
        calloc(2, sizeof(*m)); /* too much for a foreign stack */
    enum tee_err err;
    bool broken;

    if (m == NULL)
        return tee_fault(f, TEE_E_NOMEM, "helper: no memory");
    tee_msg_init(&m[0], TEE_F_HELLO);
    tee_msg_init(&m[1], TEE_F_READY);
    tee_msg_bytes(&m[0], TEE_FF_CONF_PATH, tee_bytes_of(c->file->path));
    tee_msg_bytes(&m[0], TEE_FF_SECTION, tee_bytes_of(c->conf->name));
    err = exchange(c, &m[0], TEE_F_READY, &m[1], until, &broken, f);
    tee_msg_clear(&m[0]);
    tee_msg_clear(&m[1]);
    free(m);
    return err;
}

/* A child that is there and listens; a dead one is replaced silently, for
 * nothing was lost. */
static enum tee_err
ensure_child(struct ks_client *c, int64_t until, struct tee_fault *f)
{
    const char *path =
        c->conf->helper != NULL ? c->conf->helper : tee_path_helper;
    enum tee_err err;
    int talk;

    if (c->child.pid > 0) {
        talk = ks_fd_ours(&c->child.sock) ? unasked(c->child.sock.fd) : 1;
        if (talk == 0)
            return TEE_OK;
        ks_child_stop(&c->child, true);
        if (talk == 2)
            return tee_fault(f, TEE_E_PEER, "helper: spoke without a question");
    }
    err = ks_child_start(path, &c->child, f);
    if (err != TEE_OK)
        return err;
    err = greet(c, until, f);
    if (err != TEE_OK)
        ks_child_stop(&c->child, true);
    return err;
}

static enum tee_err
converse(struct ks_client *c, struct tee_msg *req, enum tee_frame_type want,
         struct tee_msg *ans, int64_t until, struct tee_fault *f)
{
    enum tee_err err;
    bool broken;

    err = ensure_child(c, until, f);
    if (err != TEE_OK)
        return err;
    err = exchange(c, req, want, ans, until, &broken, f);
    if (broken)
        ks_child_stop(&c->child, true);
    return err;
}

enum tee_err
ks_client_call(struct ks_client *c, struct tee_msg *req,
               enum tee_frame_type want, struct tee_msg *ans, int64_t until,
               struct tee_fault *f)
{
    enum tee_err err;

    if (c == NULL || req == NULL || ans == NULL)
        return tee_fault(f, TEE_E_ARG, "helper: bad argument");
    if (c->conf->unix_path != NULL)
        return tee_fault(f, TEE_E_UNSUPPORTED,
                         "unsupported: via = unix: the service is not part of "
                         "this version; without \"via\" the host starts a "
                         "private helper");
    if (!here(c))
        return tee_fault(f, TEE_E_FORKED,
                         "helper: belongs to the process before fork");
    err = take_turn(c, until);
    if (err != TEE_OK)
        return tee_fault(f, err,
                         "helper: another call kept it past the deadline");
    err = converse(c, req, want, ans, until, f);
    end_turn(c);
    return err;
}
