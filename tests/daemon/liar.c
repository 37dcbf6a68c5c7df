/*
 * The other end of the pipe, played by somebody who breaks the protocol.  The
 * name of the section says how; HELLO is answered well unless the lie is
 * about it.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/tee.h"

#define SOCKET 3 /* where the private child finds its end */

static char section[64], folder[2048];
static struct tee_msg q, a;

/* ---- saying things
 * -----------------------------------------------------------
 */

static void
say(const void *p, size_t n)
{
    if (send(SOCKET, p, n, MSG_NOSIGNAL) != (ssize_t)n)
        exit(1);
}

static void
say_frame(struct tee_msg *m)
{
    if (tee_frame_send(SOCKET, m, tee_clock.mono_ms() + 5000) != TEE_OK)
        exit(1);
}

/* A body that the codec would not write. */
static void
say_body(struct tee_buf *b)
{
    uint8_t head[4] = { 0, 0, (uint8_t)(b->len >> 8), (uint8_t)b->len };

    say(head, sizeof(head));
    say(b->p, b->len);
    tee_buf_clear(b);
}

static void
wait_ms(long ms)
{
    struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

    (void)nanosleep(&ts, NULL);
}

/* Tells the test that it happened; false: it had happened before. */
static bool
mark(const char *name)
{
    char path[2100];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    (void)close(fd);
    return true;
}

/* ---- true answers
 * --------------------------------------------------------------
 */

static void
ready(void)
{
    static const uint8_t id[20];

    tee_msg_init(&a, TEE_F_READY);
    tee_msg_bytes(&a, TEE_FF_PLATFORM, TEE_STR("simulated"));
    tee_msg_bytes(&a, TEE_FF_BUILD_ID, (struct tee_bytes){ id, 20 });
}

static void
wrapped(void)
{
    tee_msg_init(&a, TEE_F_WRAPPED);
    tee_msg_bytes(&a, TEE_FF_WRAPPED, TEE_STR("wrapped"));
    tee_msg_bytes(&a, TEE_FF_ROOT, TEE_STR("root"));
}

static void
error(uint64_t err, const char *text)
{
    tee_msg_init(&a, TEE_F_ERROR);
    tee_msg_num(&a, TEE_FF_ERR, err);
    tee_msg_bytes(&a, TEE_FF_TEXT, tee_bytes_of(text));
    say_frame(&a);
}

/* ---- lies
 * ------------------------------------------------------------------------
 */

static void
honest(void)
{
    wrapped();
    say_frame(&a);
}

static void
wrong_type(void)
{
    ready();
    say_frame(&a);
}

static void
oversized(void)
{
    say("\x00\x40\x00\x01", 4);
    (void)pause();
}

static void
huge(void)
{
    say("\xff\xff\xff\xff", 4);
    (void)pause();
}

static void
no_length(void)
{
    say("\0\0\0\0", 4);
    (void)pause();
}

static void
truncated(void)
{
    wrapped();
    if (tee_msg_encode(&a) != TEE_OK)
        exit(1);
    say("\0\0\0\x40", 4);
    say(a.wire.p, a.wire.len / 2);
    exit(0);
}

/* The test kills it here; after that it has had enough. */
static void
half(void)
{
    if (!mark("half")) {
        honest();
        return;
    }
    say("\0\0\0\x40\xa4\x00", 6);
    (void)mark("half-said");
    (void)pause();
}

/* { 0: version, 1: WRAPPED, WRAPPED: n bytes, ROOT: "r", more: "x" } */
static void
frame_of(uint64_t version, size_t n, uint64_t more, bool root)
{
    static const uint8_t zero[2000];
    struct tee_buf b;

    tee_buf_init(&b, 8192);
    tee_cbor_map(&b, 3 + (uint64_t)root + (more != 0));
    tee_cbor_uint(&b, 0);
    tee_cbor_uint(&b, version);
    tee_cbor_uint(&b, 1);
    tee_cbor_uint(&b, TEE_F_WRAPPED);
    tee_cbor_uint(&b, TEE_FF_WRAPPED);
    tee_cbor_bytes(&b, (struct tee_bytes){ zero, n });
    if (root) {
        tee_cbor_uint(&b, TEE_FF_ROOT);
        tee_cbor_bytes(&b, TEE_STR("r"));
    }
    if (more != 0) {
        tee_cbor_uint(&b, more);
        tee_cbor_bytes(&b, TEE_STR("x"));
    }
    say_body(&b);
}

static void
extra_field(void)
{
    frame_of(1, 72, TEE_FF_INPUT, true); /* a field, but not of this answer */
}

static void
unknown_field(void)
{
    frame_of(1, 72, TEE_FF_END, true);
}

static void
repeated_field(void)
{
    frame_of(1, 72, TEE_FF_ROOT, true);
}

static void
missing_field(void)
{
    frame_of(1, 72, 0, false);
}

static void
version(void)
{
    frame_of(2, 72, 0, true);
}

static void
too_long(void)
{
    frame_of(1, 1025, 0, true);
}

static void
empty_field(void)
{
    frame_of(1, 0, 0, true);
}

static void
trailing(void)
{
    struct tee_buf b;

    wrapped();
    if (tee_msg_encode(&a) != TEE_OK)
        exit(1);
    tee_buf_init(&b, 8192);
    tee_buf_bytes(&b, tee_buf_view(&a.wire));
    tee_buf_u8(&b, 0);
    say_body(&b);
}

static void
not_cbor(void)
{
    say("\0\0\0\x05hello", 9);
}

/* In one piece: who read the first answer can see the second. */
static void
twice(void)
{
    struct tee_buf b;
    int i;

    wrapped();
    if (tee_msg_encode(&a) != TEE_OK)
        exit(1);
    tee_buf_init(&b, 8192);
    for (i = 0; i < 2; i++) {
        tee_buf_be32(&b, (uint32_t)a.wire.len);
        tee_buf_bytes(&b, tee_buf_view(&a.wire));
    }
    say(b.p, b.len);
    tee_buf_clear(&b);
}

/* Later, when nobody asks. */
static void
unasked(void)
{
    honest();
    wait_ms(50);
    wrapped();
    say_frame(&a);
    (void)mark("spoke");
}

static void
slow(void)
{
    say("\0\x10\0\0", 4);
    for (;;) {
        say("\xff", 1);
        wait_ms(20);
    }
}

static void
silent(void)
{
    (void)pause();
}

static void
dies(void)
{
    exit(0);
}

/* ESC, BEL, CR, LF, DEL, and CSI and OSC as one character each. */
static void
escapes(void)
{
    error(TEE_E_COLLECT, "red\x1b[31m\x07\r\nline\x7f\xc2\x9b"
                         "31m\xc2\x9d"
                         "0;title\xc2\x9c end");
}

static void
unknown_error(void)
{
    struct tee_buf b;

    tee_buf_init(&b, 64);
    tee_cbor_map(&b, 4);
    tee_cbor_uint(&b, 0);
    tee_cbor_uint(&b, 1);
    tee_cbor_uint(&b, 1);
    tee_cbor_uint(&b, TEE_F_ERROR);
    tee_cbor_uint(&b, TEE_FF_ERR);
    tee_cbor_uint(&b, strcmp(section, "error-ok") == 0 ? 0 : 9999);
    tee_cbor_uint(&b, TEE_FF_TEXT);
    tee_cbor_text(&b, TEE_STR("x"));
    say_body(&b);
}

static void
peer_error(void)
{
    error(TEE_E_PEER, "you broke it");
}

static const struct lie {
    const char *section;
    void (*tell)(void);
    bool at_hello;
} lies[] = {
    { "honest", honest, false },
    { "wrong-type", wrong_type, false },
    { "oversized", oversized, false },
    { "huge", huge, false },
    { "no-length", no_length, false },
    { "truncated", truncated, false },
    { "half", half, false },
    { "extra-field", extra_field, false },
    { "unknown-field", unknown_field, false },
    { "repeated-field", repeated_field, false },
    { "missing-field", missing_field, false },
    { "version", version, false },
    { "too-long", too_long, false },
    { "empty-field", empty_field, false },
    { "trailing", trailing, false },
    { "not-cbor", not_cbor, false },
    { "twice", twice, false },
    { "unasked", unasked, false },
    { "slow", slow, false },
    { "silent", silent, false },
    { "dies", dies, false },
    { "escapes", escapes, false },
    { "unknown-error", unknown_error, false },
    { "error-ok", unknown_error, false },
    { "peer-error", peer_error, false },
    { "hello-type", honest, true },
    { "hello-silent", silent, true },
    { "hello-dies", dies, true },
    { "hello-error", escapes, true },
    { "hello-twice", twice, true },
};

static const struct lie *
chosen(void)
{
    size_t i;

    for (i = 0; i < TEE_LEN(lies); i++) {
        if (strcmp(lies[i].section, section) == 0)
            return &lies[i];
    }
    exit(1);
}

static void
learn(void)
{
    struct tee_bytes s = q.field[TEE_FF_SECTION].bytes;
    struct tee_bytes p = q.field[TEE_FF_CONF_PATH].bytes;
    char *slash;

    (void)snprintf(section, sizeof(section), "%.*s", (int)s.len,
                   (const char *)s.p);
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)p.len,
                   (const char *)p.p);
    slash = strrchr(folder, '/');
    if (slash == NULL)
        exit(1);
    *slash = '\0';
}

int
main(void)
{
    for (;;) {
        tee_msg_init(&q, TEE_F_ERROR);
        if (tee_frame_recv(SOCKET, tee_clock.mono_ms() + 60000, &q) != TEE_OK)
            return 0;
        if (q.type == TEE_F_HELLO)
            learn();
        if (q.type != TEE_F_HELLO || chosen()->at_hello) {
            chosen()->tell();
        } else {
            ready();
            say_frame(&a);
        }
        tee_msg_clear(&q);
        tee_msg_clear(&a);
    }
}
