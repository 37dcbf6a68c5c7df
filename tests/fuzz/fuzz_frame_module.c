/*
 * What the module receives from its helper.  The client of keystore/ talks to
 * a child that says what the input says: the first byte chooses the question
 * and how the answer is told (see below), the rest is the answer.
 *
 * An answer that is accepted is of the type that was asked for and is written
 * again as it came; an error has a sentence that is one line of UTF-8; the
 * child of a conversation that broke is given up.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"
#include "tests/fuzz/peer.h"

#define QUESTION 7  /* bits 0 to 2: which question */
#define GREETING 8  /* the input answers HELLO, not the question */
#define RAW      16 /* without a length before it */
#define TWICE    32 /* and once more behind it */

/* The functions of client_spawn.c and the sending of frames are wrapped
 * (-Wl,--wrap): there is no process, and every question has its answer. */
enum tee_err __wrap_ks_child_start(const char *path, struct ks_child *ret,
                                   struct tee_fault *f);
void __wrap_ks_child_stop(struct ks_child *c, bool kill_it);
enum tee_err __wrap_tee_frame_send(int fd, struct tee_msg *m, int64_t until);

static const uint8_t ready[] = "\xa4\x00\x01\x01\x03\x06\x69simulated\x07\x54"
                               "0123456789abcdef0123";

static struct {
    int end; /* the child's */
    unsigned questions, given_up;
    uint8_t how;
    struct tee_bytes said;
} peer;

enum tee_err
__wrap_ks_child_start(const char *path, struct ks_child *ret,
                      struct tee_fault *f)
{
    struct stat st;
    int s[2];

    (void)path;
    (void)f;
    peer_sockets(s);
    FUZZ_MUST(fstat(s[0], &st) == 0);
    *ret = (struct ks_child){ { s[0], st.st_dev, st.st_ino }, { -1, 0, 0 }, 1 };
    peer.end = s[1];
    return TEE_OK;
}

void
__wrap_ks_child_stop(struct ks_child *c, bool kill_it)
{
    if (c->pid > 0) {
        (void)close(peer.end);
        peer.given_up += kill_it;
    }
    ks_fd_close(&c->sock);
    c->pid = -1;
}

enum tee_err
__wrap_tee_frame_send(int fd, struct tee_msg *m, int64_t until)
{
    enum tee_err err = tee_msg_encode(m);
    bool input = m->type != TEE_F_HELLO || (peer.how & GREETING) != 0;

    (void)fd;
    (void)until;
    if (err != TEE_OK)
        return err;
    peer.questions++;
    if (!input) {
        peer_say(peer.end, (struct tee_bytes){ ready, sizeof(ready) - 1 },
                 true);
        return TEE_OK;
    }
    peer_say(peer.end, peer.said, (peer.how & RAW) == 0);
    if ((peer.how & TWICE) != 0)
        peer_say(peer.end, peer.said, (peer.how & RAW) == 0);
    return TEE_OK;
}

static struct ks_conf *conf;

static void
setup(void)
{
    if (conf != NULL)
        return;
    peer_clock();
    FUZZ_MUST(ks_conf_parse("/etc/tee-pkcs11/tee-pkcs11.conf",
                            TEE_STR("[agent]\nkey_origin = tee_generated\n"
                                    "platform = simulated\n"
                                    "state = /var/lib/tee-pkcs11\n"),
                            &conf, NULL) == TEE_OK);
}

static const uint8_t zeros[64];

static void
give(struct tee_msg *m, enum tee_frame_field f, size_t n)
{
    tee_msg_bytes(m, f, (struct tee_bytes){ zeros, n });
}

/* A question with the least that it must say; what it is answered with. */
static enum tee_frame_type
question(struct tee_msg *m, unsigned which)
{
    static const struct {
        enum tee_frame_type ask, want;
    } pair[] = { { TEE_F_UNSEAL, TEE_F_TK },
                 { TEE_F_WRAP, TEE_F_WRAPPED },
                 { TEE_F_COLLECT, TEE_F_EVIDENCE },
                 { TEE_F_BUNDLE, TEE_F_JSON } };
    struct tee_blobs one = { .n = 1 }, none = { 0 };

    which %= TEE_LEN(pair);
    tee_msg_init(m, pair[which].ask);
    if (which < 2) {
        give(m, TEE_FF_UUID, 16);
        tee_msg_num(m, TEE_FF_ROLE, 1);
        tee_msg_num(m, TEE_FF_ORIGIN, 2);
        give(m, which == 0 ? TEE_FF_WRAPPED : TEE_FF_TK, 32);
        if (which == 0)
            give(m, TEE_FF_ROOT, 1);
        return pair[which].want;
    }
    tee_msg_bytes(m, TEE_FF_BINDING, TEE_STR("tee-v1"));
    tee_msg_bytes(m, TEE_FF_KEY_TYPE, TEE_STR("ed25519"));
    give(m, TEE_FF_PUBLIC_KEY, 44);
    tee_msg_num(m, TEE_FF_CREATED, 0);
    if (which == 2) {
        tee_msg_num(m, TEE_FF_ORIGIN, 2);
        give(m, TEE_FF_BUILD_ID, 20);
        give(m, TEE_FF_CONFIG_SHA256, 32);
        tee_msg_num(m, TEE_FF_EPHEMERAL, 0);
        return pair[which].want;
    }
    tee_msg_bytes(m, TEE_FF_PLATFORM, TEE_STR("simulated"));
    give(m, TEE_FF_STATEMENT, 2);
    one.v[0] = (struct tee_blob){ TEE_STR("report"), TEE_STR("x") };
    tee_msg_blobs(m, TEE_FF_EVIDENCE, &one);
    tee_msg_blobs(m, TEE_FF_ENDORSEMENTS, &none);
    give(m, TEE_FF_POP, 64);
    return pair[which].want;
}

static void
judge(enum tee_err err, const struct tee_msg *ans, enum tee_frame_type want,
      const struct tee_fault *f)
{
    const char *p;

    if (err == TEE_OK) {
        FUZZ_MUST(ans->type == want && peer.questions == 2);
        FUZZ_MUST((peer.how & TWICE) == 0);
        peer_same_bytes(ans);
        return;
    }
    FUZZ_MUST(f->err == err && err > TEE_OK && err < TEE_E_COUNT);
    FUZZ_MUST(err != TEE_E_PEER || peer.given_up == 1);
    FUZZ_MUST(tee_utf8(tee_bytes_of(f->text)));
    for (p = f->text; *p != '\0'; p++)
        FUZZ_MUST((uint8_t)*p >= 0x20 && *p != 0x7f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct tee_fault f = { TEE_OK, "" };
    struct tee_msg *m = calloc(2, sizeof(*m));
    struct ks_client *c = NULL;
    enum tee_frame_type want;
    enum tee_err err;

    setup();
    if (n == 0 || m == NULL ||
        ks_client_new(conf, &conf->token[0], &c) != TEE_OK) {
        free(m);
        return 0;
    }
    memset(&peer, 0, sizeof(peer));
    peer.how = p[0];
    peer.said = (struct tee_bytes){ p + 1, n - 1 };
    want = question(&m[0], p[0] & QUESTION);
    tee_msg_init(&m[1], TEE_F_ERROR);
    err = ks_client_call(c, &m[0], want, &m[1], 0, &f);
    judge(err, &m[1], want, &f);
    tee_msg_clear(&m[0]);
    tee_msg_clear(&m[1]);
    free(m);
    ks_client_free(c);
    return 0;
}
