/* Frames over a socketpair: whole, in time, and whatever the peer does. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/base/frame_kit.h"
#include "tests/base/suites.h"
#include "tests/support/alloc.h"

static int
pair(int s[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s);
}

static int64_t
in_ms(int64_t ms)
{
    return tee_clock.mono_ms() + ms;
}

static void
test_frames(void)
{
    static struct tee_msg m, got;
    unsigned type;
    int s[2];

    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    tee_msg_init(&got, TEE_F_ERROR);
    for (type = 1; type < TEE_F_TYPES; type++) {
        frame_build(&m, type, true);
        CU_ASSERT_EQUAL(tee_frame_send(s[0], &m, in_ms(5000)), TEE_OK);
        CU_ASSERT_EQUAL(tee_frame_recv(s[1], in_ms(5000), &got), TEE_OK);
        CU_ASSERT_TRUE(frame_same(&m, &got));
        tee_msg_clear(&m);
    }
    tee_msg_clear(&got);
    (void)close(s[0]);
    (void)close(s[1]);
}

static void
test_frame_bytes(void)
{
    uint8_t wire[32];
    struct tee_msg m;
    int s[2];

    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    tee_msg_init(&m, TEE_F_HELLO);
    tee_msg_bytes(&m, TEE_FF_SECTION, TEE_STR("agent"));
    CU_ASSERT_EQUAL(tee_frame_send(s[0], &m, in_ms(5000)), TEE_OK);
    CU_ASSERT_EQUAL(recv(s[1], wire, sizeof(wire), MSG_DONTWAIT), 16);
    CU_ASSERT_TRUE(tee_bytes_equal((struct tee_bytes){ wire, 16 },
                                   test_hex("0000000c"
                                            "a3000101020565"
                                            "6167656e74")));
    tee_msg_clear(&m);
    (void)close(s[0]);
    (void)close(s[1]);
}

/* What a receiver says of these bytes, behind which the peer closes. */
static enum tee_err
receives(struct tee_bytes bytes)
{
    struct tee_msg got;
    enum tee_err err;
    int s[2];

    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    CU_ASSERT_EQUAL(send(s[0], bytes.p, bytes.len, MSG_DONTWAIT),
                    (ssize_t)bytes.len);
    (void)close(s[0]);
    frame_build(&got, TEE_F_TK, true); /* something there before */
    err = tee_frame_recv(s[1], in_ms(5000), &got);
    CU_ASSERT_TRUE(err == TEE_OK || (frame_empty(&got) && got.wire.p == NULL));
    tee_msg_clear(&got);
    (void)close(s[1]);
    return err;
}

static void
test_broken_frames(void)
{
    static const char *const bad[] = {
        "",   /* closed at once */
        "00", /* in the length */
        "000000",
        "00000000",                           /* nothing */
        "00000001",                           /* no body */
        "0000000ca30001010205656167656e",     /* in the body */
        "0000000ba30001010205656167656e74",   /* one too few */
        "0000000da30001010205656167656e7400", /* one too many */
        "00400001a3",                         /* over the ceiling */
        "ffffffffa3",
        "00400000a3", /* the ceiling, and a lie */
        "00000001ff",
    };
    size_t i;

    CU_ASSERT_EQUAL(receives(test_hex("0000000ca30001010205656167656e74")),
                    TEE_OK);
    for (i = 0; i < TEE_LEN(bad); i++)
        CU_ASSERT_EQUAL(receives(test_hex(bad[i])), TEE_E_PEER);
}

/* The first frame is taken, not a byte of the next. */
static void
test_two_frames(void)
{
    struct tee_bytes two = test_hex("0000000ca30001010205656167656e74"
                                    "0000000ca30001010205657370617265");
    struct tee_msg got;
    int s[2];

    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    CU_ASSERT_EQUAL(send(s[0], two.p, two.len, 0), (ssize_t)two.len);
    tee_msg_init(&got, TEE_F_ERROR);
    CU_ASSERT_EQUAL(tee_frame_recv(s[1], in_ms(5000), &got), TEE_OK);
    CU_ASSERT_TRUE(
        tee_bytes_equal(got.field[TEE_FF_SECTION].bytes, TEE_STR("agent")));
    CU_ASSERT_EQUAL(tee_frame_recv(s[1], in_ms(5000), &got), TEE_OK);
    CU_ASSERT_TRUE(
        tee_bytes_equal(got.field[TEE_FF_SECTION].bytes, TEE_STR("spare")));
    CU_ASSERT_EQUAL(tee_frame_recv(s[1], in_ms(20), &got), TEE_E_TIMEOUT);
    tee_msg_clear(&got);
    (void)close(s[0]);
    (void)close(s[1]);
}

/* A byte at a time, with pauses: slow is not broken. */
static void
test_slow_peer(void)
{
    struct tee_bytes wire = test_hex("0000000ca30001010205656167656e74");
    struct tee_msg got;
    int s[2], status;
    size_t i;
    pid_t child;

    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    child = fork();
    if (child == 0) {
        for (i = 0; i < wire.len; i++) {
            (void)usleep(2000);
            if (send(s[0], wire.p + i, 1, 0) != 1)
                _exit(1);
        }
        _exit(0);
    }
    (void)close(s[0]);
    tee_msg_init(&got, TEE_F_ERROR);
    CU_ASSERT_EQUAL(tee_frame_recv(s[1], in_ms(10000), &got), TEE_OK);
    tee_msg_clear(&got);
    (void)waitpid(child, &status, 0);
    CU_ASSERT_EQUAL(status, 0);
    (void)close(s[1]);
}

/* One that trickles for ever does not move the deadline. */
static void
test_deadline_to_receive(void)
{
    struct tee_msg got;
    int64_t start;
    int s[2], status;
    pid_t child;

    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    tee_msg_init(&got, TEE_F_ERROR);
    start = tee_clock.mono_ms();
    CU_ASSERT_EQUAL(tee_frame_recv(s[1], start + 60, &got), TEE_E_TIMEOUT);
    CU_ASSERT_TRUE(tee_clock.mono_ms() - start >= 60);
    CU_ASSERT_EQUAL(tee_frame_recv(s[1], start - 1, &got), TEE_E_TIMEOUT);
    child = fork();
    if (child == 0) {
        uint8_t head[4] = { 0, 0x3f, 0xff, 0xff };

        (void)close(s[1]);
        if (send(s[0], head, 4, 0) != 4)
            _exit(1);
        while (send(s[0], "a", 1, MSG_NOSIGNAL) == 1)
            (void)usleep(1000);
        _exit(0);
    }
    (void)close(s[0]);
    start = tee_clock.mono_ms();
    CU_ASSERT_EQUAL(tee_frame_recv(s[1], start + 150, &got), TEE_E_TIMEOUT);
    CU_ASSERT_TRUE(tee_clock.mono_ms() - start < 4000);
    CU_ASSERT_TRUE(frame_empty(&got) && got.wire.p == NULL);
    (void)close(s[1]);
    (void)waitpid(child, &status, 0);
    CU_ASSERT_EQUAL(status, 0);
}

static void
big_message(struct tee_msg *m)
{
    tee_msg_init(m, TEE_F_JSON);
    tee_msg_bytes(m, TEE_FF_JSON, frame_some((uint64_t)3 << 20));
}

/* A peer that does not read: the sender goes on at its deadline. */
static void
test_deadline_to_send(void)
{
    struct tee_msg m;
    int64_t start = tee_clock.mono_ms();
    int s[2];

    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    big_message(&m);
    CU_ASSERT_EQUAL(tee_frame_send(s[0], &m, start + 60), TEE_E_TIMEOUT);
    CU_ASSERT_TRUE(tee_clock.mono_ms() - start >= 60);
    tee_msg_clear(&m);
    (void)close(s[0]);
    (void)close(s[1]);
}

/* The peer dies before, or in the middle: an error, and no SIGPIPE. */
static void
test_closed_peer(void)
{
    struct tee_msg m;
    int s[2], status;
    pid_t child;
    char c;

    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    big_message(&m);
    (void)close(s[1]);
    CU_ASSERT_EQUAL(tee_frame_send(s[0], &m, in_ms(5000)), TEE_E_PEER);
    (void)close(s[0]);
    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    child = fork();
    if (child == 0) {
        (void)close(s[0]);
        _exit(recv(s[1], &c, 1, 0) == 1 ? 0 : 1); /* and dies */
    }
    (void)close(s[1]);
    CU_ASSERT_EQUAL(tee_frame_send(s[0], &m, in_ms(5000)), TEE_E_PEER);
    (void)waitpid(child, &status, 0);
    CU_ASSERT_EQUAL(status, 0);
    tee_msg_clear(&m);
    (void)close(s[0]);
}

static void
test_no_socket(void)
{
    struct tee_msg m;
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    frame_build(&m, TEE_F_TK, true);
    CU_ASSERT_EQUAL(tee_frame_send(fd, &m, in_ms(100)), TEE_E_IO);
    CU_ASSERT_EQUAL(tee_frame_send(-1, &m, in_ms(100)), TEE_E_IO);
    CU_ASSERT_EQUAL(tee_frame_recv(fd, in_ms(100), &m), TEE_E_IO);
    CU_ASSERT_EQUAL(tee_frame_recv(-1, in_ms(100), &m), TEE_E_IO);
    m.type = TEE_F_TYPES; /* nothing is sent of what is not good */
    CU_ASSERT_EQUAL(tee_frame_send(-1, &m, in_ms(100)), TEE_E_ARG);
    tee_msg_clear(&m);
    (void)close(fd);
}

static void
on_signal(int sig)
{
    (void)sig;
}

/* Signals rain on both ends of a large frame. */
static void
test_interrupted(void)
{
    struct sigaction act = { .sa_handler = on_signal }, old;
    static struct tee_msg m, got;
    int s[2], status;
    pid_t sender, rain;

    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    CU_ASSERT_EQUAL(sigaction(SIGUSR1, &act, &old), 0);
    big_message(&m);
    tee_msg_init(&got, TEE_F_ERROR);
    sender = fork();
    if (sender == 0) {
        (void)usleep(20000); /* so that the other end waits in poll */
        _exit(tee_frame_send(s[0], &m, in_ms(10000)) == TEE_OK ? 0 : 1);
    }
    rain = fork();
    if (rain == 0) {
        pid_t parent = getppid();

        for (;;) {
            (void)kill(parent, SIGUSR1);
            (void)kill(sender, SIGUSR1);
            (void)usleep(300);
        }
    }
    CU_ASSERT_EQUAL(tee_frame_recv(s[1], in_ms(10000), &got), TEE_OK);
    CU_ASSERT_TRUE(frame_same(&m, &got));
    (void)waitpid(sender, &status, 0);
    CU_ASSERT_EQUAL(status, 0);
    (void)kill(rain, SIGKILL);
    (void)waitpid(rain, &status, 0);
    (void)sigaction(SIGUSR1, &old, NULL);
    tee_msg_clear(&m);
    tee_msg_clear(&got);
    (void)close(s[0]);
    (void)close(s[1]);
}

static enum tee_err
frame_once(void *arg)
{
    static struct tee_msg m, got;
    enum tee_err err;
    int s[2];

    (void)arg;
    if (pair(s) != 0)
        return TEE_E_IO;
    frame_build(&m, TEE_F_BUNDLE, true);
    tee_msg_init(&got, TEE_F_ERROR);
    err = tee_frame_send(s[0], &m, in_ms(5000));
    if (err == TEE_OK)
        err = tee_frame_recv(s[1], in_ms(5000), &got);
    CU_ASSERT_TRUE(err == TEE_OK || frame_empty(&got));
    tee_msg_clear(&m);
    tee_msg_clear(&got);
    (void)close(s[0]);
    (void)close(s[1]);
    return err;
}

static void
test_no_memory(void)
{
    CU_ASSERT_TRUE(alloc_torture(frame_once, NULL) >= 4);
}

static const struct test tests[] = {
    { "frames go over a socket", test_frames },
    { "a frame has its known bytes", test_frame_bytes },
    { "a broken frame is the peer's mistake", test_broken_frames },
    { "a frame ends where it ends", test_two_frames },
    { "a slow peer is waited for", test_slow_peer },
    { "the deadline to receive holds", test_deadline_to_receive },
    { "the deadline to send holds", test_deadline_to_send },
    { "a dead peer is an error, not a signal", test_closed_peer },
    { "what is no socket is refused", test_no_socket },
    { "signals interrupt nothing", test_interrupted },
    { "each allocation may fail", test_no_memory },
    { NULL, NULL },
};
const struct suite suite_frame_io = { "frame_io", tests };
