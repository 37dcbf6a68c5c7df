/*
 * What only attest/'s own files (and its tests) share; reached through att.h
 * with TEE_ATTEST_INTERNAL.
 */
#ifndef TEE_ATTEST_ATT_INTERNAL_H
#define TEE_ATTEST_ATT_INTERNAL_H

#include "tee-pkcs11/attest.h"

/* ---- key.c -----------------------------------------------------------------
 */

enum att_scheme {
    ATT_SIG_ED25519,
    ATT_SIG_ECDSA, /* raw r || s, SHA-2 of the curve's size */
    ATT_SIG_RSA_PSS,
    ATT_SIG_MLDSA
};
/* One row a key type of the statement. */
struct att_kind {
    const char *word;
    enum att_scheme scheme;
    struct tee_bytes alg; /* AlgorithmIdentifier, contents */
    bool (*ok)(const struct att_kind *k, struct tee_bytes key);
    size_t size; /* key, coordinate or modulus, bytes */
    size_t sig_len;
    const char *hash; /* name of the digest; NULL: none outside */
};
struct att_key {
    const struct att_kind *kind;
    struct tee_bytes spki; /* DER, borrowed */
    struct tee_bytes raw;  /* contents of the BIT STRING */
};
TEE_MUST_USE enum tee_err att_key_parse(struct tee_bytes spki,
                                        struct att_key *ret);
void att_key_digest(const struct att_key *k, uint8_t ret[32]);
bool att_kind_known(struct tee_bytes word);

/* ---- binding.c --------------------------------------------------------------
 */

struct att_layout {
    const char *word;
    bool statement; /* the bundle carries a statement, S is in the field */
    bool bound;     /* B is over the challenge, where there is one */
    bool challenge; /* did, challenge and nonce are mandatory */
    bool input;     /* the caller's own bytes instead */
    bool known;     /* this version can recompute the field */
};
const struct att_layout *att_layout(struct tee_bytes word); /* NULL: none */

/* ---- member.c: reading JSON objects member by member
 * -------------------------
 */

/* v is an object and each of its members is one of names (NULL ends them);
 * what: for the message. */
TEE_MUST_USE enum tee_err att_only(const struct cJSON *v, const char *what,
                                   const char *const *names,
                                   struct tee_fault *f);
/* NULL: no such member. */
const struct cJSON *att_member(const struct cJSON *o, const char *name);
/* The text of a member; empty view and false: absent or no string. */
bool att_text(const struct cJSON *o, const char *name, struct tee_bytes *ret);
/* A member that is a string of min..max bytes. */
TEE_MUST_USE enum tee_err att_text_in(const struct cJSON *o, const char *name,
                                      size_t min, size_t max,
                                      struct tee_bytes *ret,
                                      struct tee_fault *f);
/* The same, copied with its NUL into room bytes. */
TEE_MUST_USE enum tee_err att_text_copy(const struct cJSON *o, const char *name,
                                        char *ret, size_t room,
                                        struct tee_fault *f);
/* A member that is exactly n bytes in lower-case hex. */
TEE_MUST_USE enum tee_err att_hex_in(const struct cJSON *o, const char *name,
                                     uint8_t *ret, size_t n,
                                     struct tee_fault *f);
/* A member that is UTC as YYYY-MM-DDTHH:MM:SSZ. */
TEE_MUST_USE enum tee_err att_time_in(const struct cJSON *o, const char *name,
                                      int64_t *ret, struct tee_fault *f);
/* "name":"text" for the writers; a comma before it unless first. */
void att_put_text(struct tee_buf *b, const char *name, struct tee_bytes v);
void att_put_hex(struct tee_buf *b, const char *name, struct tee_bytes v);
void att_put_base64(struct tee_buf *b, const char *name, struct tee_bytes v);
void att_put_time(struct tee_buf *b, const char *name, int64_t t);

/* ---- collect_*.c
 * -------------------------------------------------------------
 */

/* What the dispatcher computed: where the evidence has to put it. */
struct att_fields {
    uint8_t b[32], s[32];
    uint8_t field[64];
};
/* One row a platform. Adds its blobs to ret (memory in ret->store). */
struct att_collector {
    const char *platform;
    enum tee_err (*collect)(const struct att_collect_req *req,
                            const struct att_fields *v,
                            struct att_collected *ret, struct tee_fault *f);
};
enum tee_err att_collect_sim(const struct att_collect_req *req,
                             const struct att_fields *v,
                             struct att_collected *ret, struct tee_fault *f);

/* ---- sim.c: the simulated format --------------------------------------------
 */

#define ATT_SIM_PLATFORM "simulated"
#define ATT_SIM_BLOB     "simulated" /* name in the bundle's "evidence" */
#define ATT_SIM_MAGIC    "TEE-PKCS11-SIMULATED-EVIDENCE/v1\n"
#define ATT_SIM_LEN      (sizeof(ATT_SIM_MAGIC) - 1 + 32 + 64 + 64)
struct att_sim {
    uint8_t public_key[32]; /* of the root file's owner; anchors nothing */
    uint8_t field[64];
    uint8_t signature[64]; /* over everything before it */
};
/* Appends ATT_SIM_LEN bytes. */
TEE_MUST_USE enum tee_err att_sim_write(const uint8_t root[32],
                                        const uint8_t field[64],
                                        struct tee_buf *ret);
TEE_MUST_USE enum tee_err
att_sim_parse(struct tee_bytes blob, struct att_sim *ret, struct tee_fault *f);
/* TEE_OK means only that the blob is what some holder of some root wrote. */
TEE_MUST_USE enum tee_err
att_sim_verify(struct tee_bytes blob, struct att_sim *ret, struct tee_fault *f);
/* Begins like one, whatever follows. */
bool att_sim_marked(struct tee_bytes blob);

#endif
