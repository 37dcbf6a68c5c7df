/*
 * attest/: evidence, bindings, statements, verification, policy.  Used by
 * daemon/ (collect) and, behind the public attest.h, by tools/.
 */
#ifndef TEE_ATTEST_ATT_H
#define TEE_ATTEST_ATT_H

#include "base/tee.h"

struct cJSON;

/* ---- statement.c: the key statement (trust rules, section 1) --------------
 */

enum att_origin { ATT_LOCAL, ATT_SKR, ATT_TEE };
struct att_statement {
    enum att_origin origin; /* ATT_SKR or ATT_TEE */
    char key_type[16];      /* "ed25519", "ec-p256", ... */
    uint8_t key_sha256[32];
    int64_t created;
    char version[32];
    uint8_t build_id[20];
    uint8_t config_sha256[32];
    char did[513];          /* "": absent */
    char seal_root[24];     /* "": no member "seal" */
    char seal_mask[65];     /* hex, may be "" */
    char release_kid[1025]; /* "": no member "release" */
    uint8_t release_policy[32];
    char release_mode[16];
};
TEE_MUST_USE enum tee_err att_statement_write(const struct att_statement *s,
                                              struct tee_buf *ret);
/* Strict; refuses bytes that are not their own JCS form. */
TEE_MUST_USE enum tee_err att_statement_parse(struct tee_bytes jcs,
                                              struct att_statement *ret,
                                              struct tee_fault *f);

/* ---- binding.c --------------------------------------------------------------
 */

/* H(raw key) for Ed25519, H(SPKI) for the others. */
TEE_MUST_USE enum tee_err att_key_hash(struct tee_bytes spki, uint8_t ret[32]);
/* The AGT binding hash; TEE_E_ARG on an empty or too long member. */
TEE_MUST_USE enum tee_err att_binding_hash(struct tee_bytes did,
                                           struct tee_bytes challenge,
                                           struct tee_bytes nonce,
                                           const uint8_t key_hash[32],
                                           uint8_t ret[32]);
/* 64-byte field of a binding type; b is zero without a challenge. */
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
    struct att_statement statement; /* everything but key_sha256 filled */
};
struct att_collected {
    char platform[32];
    struct tee_buf statement; /* JCS */
    uint8_t report_data[64];
    size_t report_data_len;
    struct tee_blobs blobs, endorsements; /* views into `store` */
    struct tee_buf store;
};
/* challenge and nonce both empty: B is zero (acquisition, once per boot). */
TEE_MUST_USE enum tee_err att_collect(const struct att_collect_req *req,
                                      struct att_collected *ret,
                                      struct tee_fault *f);
void att_collected_clear(struct att_collected *c);

/* ---- evidence.c: the bundle tee-pkcs11.evidence/v1
 * ---------------------------- */

struct att_bundle {
    struct tee_bytes platform, binding, did, challenge, nonce, input;
    struct tee_bytes statement; /* JCS; empty for bindings without one */
    struct tee_bytes key_type;  /* statement word */
    struct tee_bytes spki, pop;
    struct tee_blobs blobs, endorsements;
    struct tee_bytes token;       /* JWT; empty: absent */
    struct tee_bytes session_sig; /* empty: absent */
    bool exporter_used;
    int64_t created;
    struct tee_buf store; /* decoded bytes after att_bundle_parse */
};
TEE_MUST_USE enum tee_err att_bundle_write(const struct att_bundle *b,
                                           struct tee_buf *ret);
TEE_MUST_USE enum tee_err att_bundle_parse(struct tee_bytes json,
                                           struct att_bundle *ret,
                                           struct tee_fault *f);
void att_bundle_clear(struct att_bundle *b);

#endif
