/*
 * What the helper receives from whoever started it.  daemon/ serves a socket
 * in which the input lies: the first byte says how (see below), the rest is
 * said.  Configuration and sealing root are real, in a folder of our own.
 *
 * Whatever is asked, the helper comes back; each answer is a frame of the
 * protocol and an answer; before HELLO nothing is answered but a refusal; a
 * token key comes out only when a wrapped one went in that opens; a key that
 * was wrapped opens again, for the same token and role only.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/td.h"
#include "tests/fuzz/peer.h"

#define HELLO 1 /* a good HELLO comes first */
#define RAW   2 /* the input has its own lengths */
#define TWICE 4 /* it is said once more */

static char conf_path[512];

static void
setup(void)
{
    const char *dir;
    FILE *f;

    if (conf_path[0] != '\0')
        return;
    dir = fuzz_folder();
    peer_clock();
    (void)snprintf(conf_path, sizeof(conf_path), "%s/state", dir);
    FUZZ_MUST(mkdir(conf_path, 0700) == 0);
    (void)snprintf(conf_path, sizeof(conf_path), "%s/conf", dir);
    f = fopen(conf_path, "w");
    FUZZ_MUST(f != NULL);
    fprintf(f,
            "[agent]\nkey_origin = tee_generated\nplatform = simulated\n"
            "lock = try\nstate = %s/state\n",
            dir);
    FUZZ_MUST(fclose(f) == 0 && chmod(conf_path, 0600) == 0);
}

static void
say_message(int fd, struct tee_msg *m)
{
    FUZZ_MUST(tee_msg_encode(m) == TEE_OK);
    peer_say(fd, tee_buf_view(&m->wire), true);
    tee_msg_clear(m);
}

static void
say_hello(int fd)
{
    static struct tee_msg m;

    tee_msg_init(&m, TEE_F_HELLO);
    tee_msg_bytes(&m, TEE_FF_CONF_PATH, tee_bytes_of(conf_path));
    tee_msg_bytes(&m, TEE_FF_SECTION, TEE_STR("agent"));
    say_message(fd, &m);
}

/* What was wrapped opens, and does not for the other role. */
static void
opens(const struct tee_msg *asked, const struct tee_msg *wrapped, uint64_t role,
      bool expected)
{
    static struct tee_msg m, a;
    int s[2];

    peer_sockets(s);
    say_hello(s[0]);
    tee_msg_init(&m, TEE_F_UNSEAL);
    m.field[TEE_FF_UUID] = asked->field[TEE_FF_UUID];
    m.field[TEE_FF_ORIGIN] = asked->field[TEE_FF_ORIGIN];
    m.field[TEE_FF_STRETCHED] = asked->field[TEE_FF_STRETCHED];
    m.field[TEE_FF_WRAPPED] = wrapped->field[TEE_FF_WRAPPED];
    m.field[TEE_FF_ROOT] = wrapped->field[TEE_FF_ROOT];
    tee_msg_num(&m, TEE_FF_ROLE, role);
    say_message(s[0], &m);
    (void)shutdown(s[0], SHUT_WR);
    FUZZ_MUST(td_serve(s[1], NULL) == 0);
    (void)close(s[1]);
    tee_msg_init(&a, TEE_F_ERROR);
    FUZZ_MUST(tee_frame_recv(s[0], INT64_MAX, &a) == TEE_OK);
    FUZZ_MUST(a.type == TEE_F_READY);
    FUZZ_MUST(tee_frame_recv(s[0], INT64_MAX, &a) == TEE_OK);
    FUZZ_MUST((a.type == TEE_F_TK) == expected);
    FUZZ_MUST(!expected || tee_bytes_equal(a.field[TEE_FF_TK].bytes,
                                           asked->field[TEE_FF_TK].bytes));
    tee_msg_clear(&a);
    (void)close(s[0]);
}

/* Every answer that lies in the socket; the question when it was one frame. */
static void
judge(int fd, uint8_t how, const struct tee_msg *asked)
{
    static struct tee_msg a;
    unsigned n = 0;

    tee_msg_init(&a, TEE_F_ERROR);
    while (tee_frame_recv(fd, INT64_MAX, &a) == TEE_OK) {
        peer_same_bytes(&a);
        FUZZ_MUST(a.type == TEE_F_ERROR || a.type == TEE_F_READY ||
                  a.type == TEE_F_TK || a.type == TEE_F_WRAPPED ||
                  a.type == TEE_F_EVIDENCE || a.type == TEE_F_JSON);
        FUZZ_MUST((how & HELLO) != 0 || n > 0 || a.type == TEE_F_ERROR ||
                  a.type == TEE_F_READY);
        FUZZ_MUST((how & HELLO) == 0 || n > 0 || a.type == TEE_F_READY);
        if (asked != NULL && n == 1 && a.type == TEE_F_WRAPPED) {
            uint64_t role = asked->field[TEE_FF_ROLE].num;

            FUZZ_MUST(asked->type == TEE_F_WRAP);
            opens(asked, &a, role, true);
            opens(asked, &a, 3 - role, false);
        }
        n++;
    }
    tee_msg_clear(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct tee_msg asked;
    struct tee_bytes said;
    int s[2], code;
    bool good;

    setup();
    if (n == 0 || n > 65536)
        return 0;
    said = (struct tee_bytes){ p + 1, n - 1 };
    peer_sockets(s);
    if ((p[0] & HELLO) != 0)
        say_hello(s[0]);
    peer_say(s[0], said, (p[0] & RAW) == 0);
    if ((p[0] & TWICE) != 0)
        peer_say(s[0], said, (p[0] & RAW) == 0);
    (void)shutdown(s[0], SHUT_WR);
    tee_msg_init(&asked, TEE_F_ERROR);
    tee_buf_bytes(&asked.wire, said);
    good = tee_msg_decode(&asked) == TEE_OK;
    code = td_serve(s[1], NULL);
    FUZZ_MUST(code == 0 || code == 1);
    (void)close(s[1]);
    judge(s[0], p[0], good && (p[0] & (HELLO | RAW)) == HELLO ? &asked : NULL);
    (void)close(s[0]);
    tee_msg_clear(&asked);
    return 0;
}
