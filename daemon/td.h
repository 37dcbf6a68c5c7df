/*
 * daemon/: the other end of the pipe.  tee-pkcs11-helper is a private child
 * of the process that uses a token: it reads the configuration itself, owns
 * the sealing root, collects evidence, and answers one question at a time on
 * the socket that it was born with.
 *
 * Nothing here keeps a secret between two questions: the root is read from
 * its file for each, the token key passes through and is wiped.
 */
#ifndef TEE_DAEMON_TD_H
#define TEE_DAEMON_TD_H

#include "attest/att.h"
#include "base/tee.h"
#include "keystore/ks.h"

/* ---- child.c: what is done before the first byte is read ------------------
 */

#define TD_FD    3  /* the socket, and the only thing that is open */
#define TD_USAGE 64 /* started by hand */

/* One question may use so much processor time; all together so much. */
#define TD_CPU_SECONDS 60
#define TD_CPU_TOTAL   86400
#define TD_NOFILE      32
#define TD_AS          ((size_t)256 << 20) /* not in sanitizer builds */

/* Never longer in the middle of a frame; between frames for ever. */
#define TD_FRAME_MS 10000

/* The private child from its first statement to its exit status. */
int td_child(int argc);

/* ---- serve.c: questions and answers ----------------------------------------
 */

/* What stands between one question and its answer; nothing outlives it. */
struct td_work {
    struct tee_secret tk;        /* in the answer TK */
    struct tee_buf bytes;        /* wrapped key and root parameters; JSON */
    struct att_collected proofs; /* in the answer EVIDENCE */
};
struct td {
    int fd;
    bool over; /* nothing more is answered after this */
    struct ks_conf *conf;
    const struct ks_conf_token *token; /* NULL before HELLO */
    uint8_t build_id[20];
    struct td_work work;
};
/*
 * Answers until the other end closes (0) or breaks the protocol (1).  fd is
 * borrowed; before (NULL: nothing) is called ahead of each question.
 */
int td_serve(int fd, void (*before)(void));

/* Refuses, with the reason, whatever this token cannot do here: TEE_OK only
 * for tee_generated on `simulated`. origin is what the question says. */
TEE_MUST_USE enum tee_err td_usable(const struct td *d, uint64_t origin,
                                    struct tee_fault *f);

/* ---- seal.c: the token key under a root ------------------------------------
 */

/* Nonce, sealed key, tag (doc/store-format.md, section 2). */
#define TD_NONCE   24
#define TD_WRAPPED (TD_NONCE + 32 + 16)

/* All that a wrapped key is bound to. */
struct td_seal {
    const uint8_t *uuid; /* of the token, 16 bytes */
    uint64_t role, origin;
    struct tee_bytes platform;  /* of the root: "simulated" */
    struct tee_bytes stretched; /* scrypt(PIN); empty: none */
    bool must_lock;
};
/* nonce NULL: random, always but in the known answers. */
TEE_MUST_USE enum tee_err td_seal(const struct td_seal *s,
                                  const uint8_t root[32], const uint8_t tk[32],
                                  const uint8_t *nonce,
                                  uint8_t ret[TD_WRAPPED]);
/* TEE_E_PIN (stretched given) or TEE_E_SEAL_AUTH when it does not open,
 * TEE_E_SEAL_FORMAT when it cannot. */
TEE_MUST_USE enum tee_err td_unseal(const struct td_seal *s,
                                    const uint8_t root[32],
                                    struct tee_bytes wrapped, uint8_t ret[32],
                                    struct tee_fault *f);
/* Root parameters: which platform's root it was. */
void td_root_write(struct tee_buf *b, struct tee_bytes platform);
TEE_MUST_USE enum tee_err td_root_parse(struct tee_bytes root,
                                        struct tee_bytes *platform,
                                        struct tee_fault *f);

/* ---- simroot.c: the root of platform `simulated` ---------------------------
 */

#define TD_SIM_FILE "simulated.root"
/*
 * The 32 bytes beside the store.  create: made, exclusively and whole, when
 * there is no file; never otherwise.  TEE_E_UNAVAIL: there is none;
 * TEE_E_TRUST: another owner, mode, kind, number of links, or size.
 */
TEE_MUST_USE enum tee_err td_sim_root(const struct ks_conf_token *t,
                                      bool create, struct tee_secret *ret,
                                      struct tee_fault *f);

/* ---- evidence.c: COLLECT and BUNDLE ----------------------------------------
 */

TEE_MUST_USE enum tee_err td_collect(struct td *d, const struct tee_msg *q,
                                     struct tee_msg *a, struct tee_fault *f);
TEE_MUST_USE enum tee_err td_bundle(struct td *d, const struct tee_msg *q,
                                    struct tee_msg *a, struct tee_fault *f);

#endif
