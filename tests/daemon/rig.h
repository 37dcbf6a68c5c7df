/*
 * What the tests of the private child share: a configuration in a folder of
 * its own, questions as frames, and the child seen from outside.
 */
#ifndef TEE_TESTS_DAEMON_RIG_H
#define TEE_TESTS_DAEMON_RIG_H

#include "base/tee.h"
#include "keystore/ks.h"
#include "keystore/ks_internal.h" /* the client, with or without td.h */
#include "tests/support/test.h"

#define RIG_DID "did:mesh:0123456789abcdef0123456789abcdef"

struct rig {
    const char *dir;
    char conf_path[256], state[256], root[320]; /* root: simulated.root */
    struct ks_conf *conf;
};
/* Sections sim, pinned, hard, azure, tpm, auto, loc, unix, judged, skr, bad.
 * The folder of the store exists and is empty. */
void rig_new(struct rig *r);
/* The same with more sections behind; "@" in them is the store's folder. */
void rig_new_with(struct rig *r, const char *more);
void rig_free(struct rig *r);
const struct ks_conf_token *rig_section(const struct rig *r, const char *name);
/* The real child, through the client that hosts use. */
struct ks_client *rig_client(const struct rig *r, const char *name);
int64_t rig_soon(int ms); /* a deadline */

/* Questions with good values; the views are static. */
void rig_hello(struct tee_msg *m, const struct rig *r, const char *section);
void rig_wrap(struct tee_msg *m);
/* That question to the other end, which has so many milliseconds. */
enum tee_err rig_ask(struct ks_client *c, int ms, struct tee_fault *f);
void rig_unseal(struct tee_msg *m, struct tee_bytes wrapped,
                struct tee_bytes root);
void rig_collect(struct tee_msg *m, const struct ks_conf_token *t);
void rig_bundle(struct tee_msg *m, const struct tee_msg *collect,
                const struct tee_msg *evidence);
/* A wrap and its root parameters, made by the real child of this section. */
struct rig_sealed {
    uint8_t wrapped[1024], root[1024];
    size_t wrapped_len, root_len;
};
bool rig_seal(const struct rig *r, const char *section, struct rig_sealed *ret);
struct tee_bytes rig_wrapped(const struct rig_sealed *s);
struct tee_bytes rig_params(const struct rig_sealed *s);
extern const uint8_t rig_tk[32], rig_uuid[16], rig_stretched[32];

/* Frame as it goes over the wire, length and all. */
void rig_wire(struct tee_buf *b, struct tee_msg *m);

/* ---- the child from outside ------------------------------------------------
 */

/* Of this process, that run this program; -1: not exactly one. */
pid_t rig_child(void);
/* kill(2) of that child alone: a number that stands for more than one process
 * is refused. */
bool rig_signal(pid_t pid, int sig);
/* A file of /proc/PID, NUL-terminated; false: not readable. */
bool rig_proc(pid_t pid, const char *name, struct tee_buf *ret);
/* State letter of /proc/PID/stat, 0 when there is none. */
char rig_state(pid_t pid);
/* Until it is in that state (0: gone); false after five seconds. */
bool rig_wait_state(pid_t pid, char state);

#endif
