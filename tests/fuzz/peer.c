#include <stdlib.h>
#include <sys/socket.h>

#include "tests/fuzz/peer.h"

#define ROOM (1 << 20)

static int64_t
fast(void)
{
    static int64_t now = 1000;

    now += 3600000;
    return now;
}

static int64_t
wall(void)
{
    return 1767225600; /* 2026-01-01T00:00:00Z */
}

void
peer_clock(void)
{
    tee_clock.mono_ms = fast;
    tee_clock.wall = wall;
}

void
peer_sockets(int s[2])
{
    int room = ROOM, i;

    FUZZ_MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) == 0);
    for (i = 0; i < 2; i++)
        (void)setsockopt(s[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

void
peer_say(int fd, struct tee_bytes v, bool framed)
{
    uint8_t head[4] = { (uint8_t)(v.len >> 24), (uint8_t)(v.len >> 16),
                        (uint8_t)(v.len >> 8), (uint8_t)v.len };

    if (framed)
        (void)send(fd, head, sizeof(head), MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)send(fd, v.p, v.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void
peer_same_bytes(const struct tee_msg *m)
{
    struct tee_msg *again = malloc(sizeof(*again));

    if (again == NULL)
        return;
    *again = *m;
    tee_buf_init(&again->wire, TEE_FRAME_MAX);
    FUZZ_MUST(tee_msg_encode(again) == TEE_OK);
    FUZZ_MUST(
        tee_bytes_equal(tee_buf_view(&again->wire), tee_buf_view(&m->wire)));
    tee_buf_clear(&again->wire);
    free(again);
}
