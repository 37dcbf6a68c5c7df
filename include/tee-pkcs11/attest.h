/*
 * libtee-attest: judges evidence.  Standard headers only, C++ safe.
 *
 * This version holds what the command tee-pkcs11 uses and makes no promise of
 * stability.  No global state: handles may be used by one thread at a time,
 * different handles by different threads.  A `const` pointer in is borrowed
 * for the call; what a function hands out belongs to the handle it came from
 * unless its comment says otherwise.  Terms are those of RFC 9334 (RATS).
 */
#ifndef TEE_PKCS11_ATTEST_H
#define TEE_PKCS11_ATTEST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ATT_API __attribute__((visibility("default")))

/* What a call of this library answers; a verdict is no error. */
enum att_status {
    ATT_OK = 0,
    ATT_E_NOMEM,
    ATT_E_ARG,      /* the caller's mistake: NULL, over a limit, not UTF-8 */
    ATT_E_MALFORMED /* att_policy_parse, att_show: not what it should be */
};

/* The exit codes of `tee-pkcs11 verify`, in their meaning. */
enum att_verdict {
    ATT_VERIFIED = 0,
    ATT_REFUSED = 1,
    ATT_NOT_APPRAISED = 2, /* could not appraise: still "no" */
    ATT_SIMULATED = 3
};

/* ---- policy (JSON, schema tee-pkcs11.policy/v1) ---------------------------
 */

typedef struct att_policy att_policy;
/* On ATT_E_MALFORMED `why` (may be NULL) gets a sentence of at most room - 1
 * bytes.  Free with att_policy_free. */
ATT_API enum att_status att_policy_parse(const uint8_t *json, size_t len,
                                         att_policy **ret, char *why,
                                         size_t room);
ATT_API void att_policy_free(att_policy *p); /* NULL ok */
/*
 * Claims (JSON, at most 1 MiB) against a policy at `now` (seconds since the
 * epoch).  *allow is 1 or 0; `why` gets the first condition that failed, in
 * the fixed order "policy-invalid", "expired", "platform_verified",
 * "report_data_match", "key_origin", "key_bound_to_tee",
 * "confidential_level", "tcb_status", "freshness", "workload_measured"; ""
 * when allowed.  A NULL policy is one that could not be read: denied with
 * "policy-invalid".
 *
 * Claims are an object with the members of att_result_claims.  What is
 * absent, unknown or of a wrong type satisfies nothing; without a readable
 * "expires_at" (RFC 3339 or seconds) they count as expired;
 * "key_bound_to_tee" is derived from "key_origin" and "confidential_level";
 * claims whose "platform" is "simulated", or names no platform ("mock",
 * "none", "", no string), are never verified.
 * ATT_E_MALFORMED when they are no JSON object: *allow is 0 then as well.
 */
ATT_API enum att_status att_policy_check(const att_policy *p,
                                         const uint8_t *claims, size_t len,
                                         int64_t now, int *allow, char *why,
                                         size_t room);

/* ---- verification ---------------------------------------------------------
 */

typedef struct att_options att_options;
ATT_API att_options *att_options_new(void); /* NULL: no memory */
ATT_API void att_options_free(att_options *o);
/* What the verifier itself asked for: compared with the evidence.  Any may be
 * NULL: not compared.  Without a nonce the verdict is "could not appraise"
 * unless stale evidence will do. Copies. */
ATT_API enum att_status att_options_challenge(att_options *o, const char *did,
                                              const char *challenge,
                                              const char *nonce);
ATT_API void att_options_stale_ok(att_options *o, int yes);
/* Time of the judgement, seconds since the epoch (1970 to 9999); default: the
 * clock. */
ATT_API void att_options_now(att_options *o, int64_t now);
/* The policy must outlive the options. */
ATT_API void att_options_policy(att_options *o, const att_policy *p);
/* DER SubjectPublicKeyInfo that the evidence must be about. Copies. */
ATT_API enum att_status att_options_expect_key(att_options *o,
                                               const uint8_t *spki, size_t len);
/* The 32 bytes of the TLS exporter (RFC 9266) of the own connection. */
ATT_API enum att_status att_options_exporter(att_options *o, const uint8_t *x,
                                             size_t len);

typedef struct att_result att_result;
/*
 * Judges a bundle (tee-pkcs11.evidence/v1).  Offline.  ATT_OK: *ret is a
 * result, whatever its verdict; free with att_result_free.  o may be NULL: no
 * nonce, no policy, no expected key.  This version verifies the platform
 * `simulated` alone, so ATT_VERIFIED is never the answer.
 */
ATT_API enum att_status att_verify(const uint8_t *bundle, size_t len,
                                   const att_options *o, att_result **ret);
ATT_API void att_result_free(att_result *r);

ATT_API enum att_verdict att_result_verdict(const att_result *r);
/* Word of a verdict: "verified", "refused", "could not appraise",
 * "simulated". */
ATT_API const char *att_verdict_word(enum att_verdict v);
/* Typed error of the first break ("possession", "malformed", ...), "" when
 * verified; and its sentence. */
ATT_API const char *att_result_reason(const att_result *r);
ATT_API const char *att_result_text(const att_result *r);

enum att_outcome { ATT_PASSED, ATT_FAILED, ATT_NOT_CHECKED };
struct att_fact {
    const char *name; /* stable: "signature", "chain", "binding", ... */
    enum att_outcome outcome;
    const char *text; /* value or reason */
};
ATT_API size_t att_result_facts(const att_result *r);
ATT_API enum att_status att_result_fact(const att_result *r, size_t i,
                                        struct att_fact *ret);

enum att_section { ATT_PROVES, ATT_TRUSTS, ATT_DOES_NOT_PROVE };
/* Sentences for people; NULL past the last one. */
ATT_API const char *att_result_line(const att_result *r, enum att_section s,
                                    size_t i);
/*
 * The derived claims, and the whole result, as JSON: {"verdict", "reason",
 * "text", "facts": [{"name", "outcome": "passed" | "failed" | "not-checked",
 * "text"}], "claims": {...}, "proves": [], "trusts": [], "does_not_prove":
 * []}.
 */
ATT_API const char *att_result_claims(const att_result *r);
ATT_API const char *att_result_json(const att_result *r);

/* ---- decoding for display -------------------------------------------------
 */

/*
 * Says what bytes are and decodes them as JSON, nothing verified: first
 * members "kind" ("bundle", "statement" or "simulated-evidence") and
 * "verified": false.  Free *ret with free().
 */
ATT_API enum att_status att_show(const uint8_t *data, size_t len, char **ret);

ATT_API const char *att_version(void);

#ifdef __cplusplus
}
#endif
#endif
