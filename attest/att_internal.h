/*
 * What only attest/'s own files (and its tests) share; reached through att.h
 * with TEE_ATTEST_INTERNAL.
 */
#ifndef TEE_ATTEST_ATT_INTERNAL_H
#define TEE_ATTEST_ATT_INTERNAL_H

#include "attest/att.h"
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

/* ---- sig.c: signatures by the bound key (libattestjudge)
 * ---------------------
 */

/* TEE_E_SIGNATURE; TEE_E_UNSUPPORTED when libcrypto lacks the algorithm. */
TEE_MUST_USE enum tee_err att_sig_verify(const struct att_key *k,
                                         struct tee_bytes msg,
                                         struct tee_bytes sig);

/* ---- claims.c: what a verifier found, in closed sets of words
 * -----------------
 */

/* In the order in which a policy is evaluated. */
enum att_claim {
    ATT_C_ORIGIN,
    ATT_C_BOUND, /* always derived: att_claims_derive */
    ATT_C_LEVEL,
    ATT_C_TCB,
    ATT_C_FRESHNESS,
    ATT_C_WORKLOAD,
    ATT_CLAIMS
};
/* Values are indices into `words`; of a ranked claim also their rank. */
enum { ATT_NO, ATT_YES };
enum { ATT_O_LOCAL, ATT_O_SKR, ATT_O_TEE };
enum { ATT_L_STANDARD, ATT_L_SECURE_BOOT, ATT_L_TEE_VM };
enum { ATT_T_UP_TO_DATE, ATT_T_UNKNOWN = 7 };
enum { ATT_F_NONE, ATT_F_NONCE, ATT_F_KEY_SIGNED, ATT_F_SIGNED_TIME };
enum { ATT_W_NONE };
struct att_claim_kind {
    const char *name;
    const char *const *words; /* NULL ends them */
    bool ranked, boolean;
};
extern const struct att_claim_kind att_claim_kinds[ATT_CLAIMS];
int att_claim_value(enum att_claim c, struct tee_bytes word); /* -1: unknown */

struct att_claims {
    char platform[32];     /* the project's name; "": none */
    int value[ATT_CLAIMS]; /* -1: absent or unknown, satisfies nothing */
    const char *origin_proof;
    bool platform_verified, report_data_match;
    bool has_expiry, has_signed_time;
    int64_t verified_at, expires_at, signed_time;
};
/* The untrusted values of everything; no expiry, which counts as expired. */
void att_claims_init(struct att_claims *c);
/* key_bound_to_tee from origin and level. */
void att_claims_derive(struct att_claims *c);
/*
 * From JSON of this project or, after the aliases of platform names, of
 * others.  Members that are unknown are not looked at; what is absent, of a
 * wrong type or contradicts itself has no value.
 */
TEE_MUST_USE enum tee_err att_claims_read(struct tee_bytes json,
                                          struct att_claims *ret,
                                          struct tee_fault *f);
void att_claims_write(const struct att_claims *c, struct tee_buf *ret);
/*
 * The project's name of a platform that another system names; "" for words
 * that name no platform (mock, none, software, ...); the word itself when it
 * is no alias.
 */
struct tee_bytes att_platform_name(struct tee_bytes word);

/* ---- policy.c
 * -----------------------------------------------------------------
 */

#define ATT_POLICY_MAX ((size_t)64 << 10)
#define ATT_CLAIMS_MAX ((size_t)1 << 20)
struct att_policy {
    bool attestation, bound; /* require_attestation, require_tee_bound_key */
    bool has[ATT_CLAIMS];
    uint32_t mask[ATT_CLAIMS]; /* bit v: value v will do */
    int64_t max_age;           /* seconds; 0: not asked */
};
TEE_MUST_USE enum tee_err att_policy_read(struct tee_bytes json,
                                          struct att_policy *ret,
                                          struct tee_fault *f);
/* NULL: allow; else the first condition that fails. p NULL: policy-invalid. */
const char *att_policy_judge(const struct att_policy *p,
                             const struct att_claims *c, int64_t now);

/* ---- result.c
 * -----------------------------------------------------------------
 */

#define ATT_FACTS_MAX 24
#define ATT_LINES_MAX 8
#define ATT_FACT_TEXT 320
struct att_result {
    enum att_verdict verdict;
    enum tee_err reason;
    char text[TEE_FAULT_TEXT];
    size_t n_facts;
    struct {
        const char *name;
        enum att_outcome outcome;
        char text[ATT_FACT_TEXT];
    } fact[ATT_FACTS_MAX];
    size_t n_lines[3];
    char line[3][ATT_LINES_MAX][ATT_FACT_TEXT];
    struct att_claims claims;
    char *claims_json, *json;
};
/* Room for what one bundle can give is a constant; more is left out. */
void att_fact(struct att_result *r, const char *name, enum att_outcome o,
              const char *fmt, ...) TEE_PRINTF(4, 5);
void att_line(struct att_result *r, enum att_section s, const char *fmt, ...)
    TEE_PRINTF(3, 4);
/* A break: a failed (ATT_REFUSED) or unchecked fact, and the verdict unless a
 * graver one, or an earlier one as grave, stands already. */
void att_break(struct att_result *r, enum att_verdict v, enum tee_err reason,
               const char *fact, const char *fmt, ...) TEE_PRINTF(5, 6);
/* Writes claims_json and json. */
TEE_MUST_USE enum tee_err att_result_render(struct att_result *r);

/* ---- verify.c
 * -----------------------------------------------------------------
 */

struct att_options {
    char *did, *challenge, *nonce; /* NULL: not given */
    uint8_t *spki;
    size_t spki_len;
    bool stale_ok, has_now, has_exporter;
    int64_t now;
    const struct att_policy *policy;
    uint8_t exporter[32];
};
/* Fills r, whose claims are initialised; only TEE_E_NOMEM is an error. */
TEE_MUST_USE enum tee_err att_judge(struct tee_bytes bundle,
                                    const struct att_options *o,
                                    struct att_result *r);

/* ---- show.c
 * -------------------------------------------------------------------
 */

TEE_MUST_USE enum tee_err att_show_json(struct tee_bytes data,
                                        struct tee_buf *ret);

#endif
