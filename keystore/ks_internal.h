/*
 * keystore/: declarations shared by the files of this folder (and its unit
 * tests) alone; reached through ks.h with TEE_KS_INTERNAL.
 */
#ifndef TEE_KEYSTORE_KS_INTERNAL_H
#define TEE_KEYSTORE_KS_INTERNAL_H

#include "keystore/ks.h"

/* ---- client.c: the other end, private child or service --------------------
 */

struct ks_client;
/* Starts nothing. Both pointers outlive the client. */
TEE_MUST_USE enum tee_err ks_client_new(const struct ks_conf *file,
                                        const struct ks_conf_token *conf,
                                        struct ks_client **ret);
/* Closes the socket: EOF ends the child, which is reaped (ECHILD is fine). */
void ks_client_free(struct ks_client *c);
/*
 * One question, one answer of type `want`.  Starts the child (or connects)
 * at first need and after it died; one conversation at a time, other callers
 * wait; everything within `until` (tee_clock.mono_ms()).  An ERROR frame
 * comes back as its enum and text.  After a protocol error, a deadline or a
 * closed socket the child is given up: SIGKILL through its pidfd, and no
 * waiting for one that is stuck in the kernel.  No lock is held meanwhile.
 */
TEE_MUST_USE enum tee_err ks_client_call(struct ks_client *c,
                                         struct tee_msg *req,
                                         enum tee_frame_type want,
                                         struct tee_msg *ans, int64_t until,
                                         struct tee_fault *f);

#endif
