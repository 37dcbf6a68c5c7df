/*
 * The other end of the pipe, played by somebody who does not keep to it.  Its
 * name says how: the tests copy this program under the names below.  What it
 * wraps it does not hide, and its evidence proves nothing to anybody.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/tee.h"

#define SOCKET 3 /* where the private child finds its end */

static char self[512];
static struct tee_msg q, a;

static bool
mode(const char *what)
{
    const char *name = strrchr(self, '/');

    return name != NULL && strcmp(name + 1, what) == 0;
}

/* One byte a collection, beside the program. */
static void
count(void)
{
    char path[sizeof(self) + 8];
    int fd;

    (void)snprintf(path, sizeof(path), "%s.count", self);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "x", 1) != 1)
        exit(9);
    (void)close(fd);
}

static void
error(enum tee_err err, const char *text)
{
    tee_msg_init(&a, TEE_F_ERROR);
    tee_msg_num(&a, TEE_FF_ERR, err);
    tee_msg_bytes(&a, TEE_FF_TEXT, tee_bytes_of(text));
}

static void
evidence(void)
{
    static uint8_t field[64], statement[] = "{\"a\":\"statement\"}";
    static const uint8_t report[] = { 1, 2, 3 };
    const struct tee_bytes s = { statement, sizeof(statement) - 1 };
    const struct tee_blobs blobs = {
        .n = 1, .v = { { TEE_STR("report"), { report, sizeof(report) } } }
    };
    const struct tee_blobs none = { 0 };

    count();
    if (mode("slow"))
        (void)nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL);
    if (mode("silent"))
        (void)pause();
    if (mode("dead"))
        exit(0);
    tee_sha256(s, field + 32);
    if (mode("statement"))
        statement[3] = 'b'; /* another one than the evidence is over */
    if (mode("challenge"))
        field[5] ^= 1;
    tee_msg_init(&a, TEE_F_EVIDENCE);
    tee_msg_bytes(&a, TEE_FF_STATEMENT, s);
    tee_msg_bytes(&a, TEE_FF_PLATFORM,
                  tee_bytes_of(mode("platform") ? "amd-sev-snp" : "simulated"));
    tee_msg_blobs(&a, TEE_FF_EVIDENCE, &blobs);
    tee_msg_blobs(&a, TEE_FF_ENDORSEMENTS, &none);
    tee_msg_bytes(&a, TEE_FF_REPORT_DATA,
                  (struct tee_bytes){ field, mode("short") ? 63 : 64 });
    if (mode("refuses"))
        error(TEE_E_COLLECT, "the device says no");
    if (mode("login"))
        error(TEE_E_LOGIN, "log in again");
    if (mode("section"))
        error(TEE_E_NOTFOUND, "there is no such section");
}

static void
answer(void)
{
    static const uint8_t zero[20];

    switch ((int)q.type) {
    case TEE_F_HELLO:
        tee_msg_init(&a, TEE_F_READY);
        tee_msg_bytes(&a, TEE_FF_PLATFORM, TEE_STR("simulated"));
        tee_msg_bytes(&a, TEE_FF_BUILD_ID, (struct tee_bytes){ zero, 20 });
        break;
    case TEE_F_WRAP:
        tee_msg_init(&a, TEE_F_WRAPPED);
        tee_msg_bytes(&a, TEE_FF_WRAPPED, q.field[TEE_FF_TK].bytes);
        tee_msg_bytes(&a, TEE_FF_ROOT, TEE_STR("r"));
        break;
    case TEE_F_UNSEAL:
        tee_msg_init(&a, TEE_F_TK);
        tee_msg_bytes(&a, TEE_FF_TK, q.field[TEE_FF_WRAPPED].bytes);
        if (mode("no-root"))
            error(TEE_E_UNAVAIL, "the root is not there");
        break;
    case TEE_F_COLLECT:
        evidence();
        break;
    default:
        tee_msg_init(&a, TEE_F_JSON);
        tee_msg_bytes(&a, TEE_FF_JSON, TEE_STR("{}"));
        break;
    }
}

int
main(void)
{
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (n <= 0)
        return 1;
    self[n] = '\0';
    for (;;) {
        tee_msg_init(&q, TEE_F_ERROR);
        if (tee_frame_recv(SOCKET, tee_clock.mono_ms() + 60000, &q) != TEE_OK)
            return 0;
        answer();
        if (tee_frame_send(SOCKET, &a, tee_clock.mono_ms() + 5000) != TEE_OK)
            return 1;
        tee_msg_clear(&q);
        tee_msg_clear(&a);
    }
}
