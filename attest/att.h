/*
 * attest/: evidence, bindings, statements, verification, policy.  Used by
 * daemon/ (collect) and, behind the public attest.h, by tools/.
 *
 * libattestint.la: key, statement, binding, evidence, collect, sim.
 * libattestjudge.la: sig, claims, policy, verify, result, show; needs
 * libcrypto too.
 */
#ifndef TEE_ATTEST_ATT_H
#define TEE_ATTEST_ATT_H

#include "base/tee.h"

struct cJSON;

/* ---- key.c: public keys ----------------------------------------------------
 */

/* Statement word of a DER SubjectPublicKeyInfo ("ed25519", "ec-p256", ...);
 * NULL when it is none of ours.  Ed25519 points of small order, outside the
 * main subgroup or not in canonical form are none of ours. */
const char *att_key_type(struct tee_bytes spki);

/* ---- statement.c: the key statement (trust rules, section 1) --------------
 */

#define ATT_DID_MAX       512
#define ATT_STATEMENT_MAX 8192

enum att_origin { ATT_LOCAL, ATT_SKR, ATT_TEE };
struct att_statement {
    enum att_origin origin; /* ATT_SKR or ATT_TEE */
    char key_type[16];      /* "ed25519", "ec-p256", ... */
    uint8_t key_sha256[32];
    int64_t created;
    char version[32];
    uint8_t build_id[20];
    uint8_t config_sha256[32];
    char did[ATT_DID_MAX + 1]; /* "": absent */
    char seal_root[24];        /* "": no member "seal" */
    char seal_mask[65];        /* hex; its length goes with the root */
    char release_kid[1025];    /* "": no member "release" */
    uint8_t release_policy[32];
    char release_mode[16];
};
/* JCS.  TEE_E_ARG for a statement that att_statement_parse would refuse. */
TEE_MUST_USE enum tee_err att_statement_write(const struct att_statement *s,
                                              struct tee_buf *ret);
/* Strict; refuses bytes that are not their own JCS form.  ret may be NULL. */
TEE_MUST_USE enum tee_err att_statement_parse(struct tee_bytes jcs,
                                              struct att_statement *ret,
                                              struct tee_fault *f);

/* ---- binding.c --------------------------------------------------------------
 */

#define ATT_NONCE_MAX 1024 /* of tee_binding_hash */

/* 64-byte field of a binding type: `tee-v1` and `session` B || S, `agt-v1`
 * B || 0; b is zero without a challenge.  Others: TEE_E_UNSUPPORTED. */
TEE_MUST_USE enum tee_err att_field(const char *binding, const uint8_t b[32],
                                    const uint8_t s[32], uint8_t ret[64]);
void att_tpm_qualifying(const uint8_t b[32], const uint8_t s[32],
                        uint8_t ret[32]);

/* ---- collect.c
 * --------------------------------------------------------------- */

struct att_collect_req {
    const char *platform;    /* "simulated", ... never chosen silently */
    const uint8_t *sim_root; /* 32 bytes, platform simulated only */
    struct tee_bytes binding, did, challenge, nonce, input;
    struct tee_bytes spki;
    struct att_statement statement; /* all but key_sha256; key_type "": taken
                                       from spki */
};
struct att_collected {
    char platform[32];
    struct tee_buf statement; /* JCS; empty for a binding without one */
    uint8_t report_data[64];
    size_t report_data_len;
    struct tee_blobs blobs, endorsements; /* views into `store` */
    struct tee_buf store;
};
/*
 * One piece of evidence.  Challenge and nonce both empty: B is zero
 * (acquisition, once per boot).  Binding `session`: that same evidence,
 * whatever the challenge, which the key answers itself.
 * TEE_E_PROHIBITED for a `local` key; TEE_E_UNSUPPORTED for a platform or
 * binding that this version does not collect; TEE_E_ARG.
 */
TEE_MUST_USE enum tee_err att_collect(const struct att_collect_req *req,
                                      struct att_collected *ret,
                                      struct tee_fault *f);
void att_collected_clear(struct att_collected *c);

/* ---- evidence.c: the bundle tee-pkcs11.evidence/v1
 * ---------------------------- */

#define ATT_BUNDLE_MAX ((size_t)3 << 20)

struct att_bundle {
    struct tee_bytes platform, binding, did, challenge, nonce, input;
    struct tee_bytes statement; /* JCS; empty for bindings without one */
    struct tee_bytes key_type;  /* statement word; write: may be empty */
    struct tee_bytes spki, pop;
    struct tee_blobs blobs, endorsements;
    struct tee_bytes token;       /* JWT; empty: absent */
    struct tee_bytes session_sig; /* empty: absent */
    bool exporter_used;
    int64_t created;
    struct tee_buf store; /* decoded bytes after att_bundle_parse */
};
/* TEE_E_ARG for a bundle that att_bundle_parse would refuse, or without pop. */
TEE_MUST_USE enum tee_err att_bundle_write(const struct att_bundle *b,
                                           struct tee_buf *ret);
/* Shape and limits only; `pop` may be absent (empty), which the verifier
 * refuses by its own word. */
TEE_MUST_USE enum tee_err att_bundle_parse(struct tee_bytes json,
                                           struct att_bundle *ret,
                                           struct tee_fault *f);
void att_bundle_clear(struct att_bundle *b);

#ifdef TEE_ATTEST_INTERNAL
#include "attest/att_internal.h"
#endif

#endif
