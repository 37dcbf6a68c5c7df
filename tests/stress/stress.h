/*
 * Threads against the module as it is loaded by dlopen: what its parts share.
 *
 * A worker does one operation after the other; an operation is a short story
 * in one session of its own.  Each call is counted, and its answer judged:
 * the one answer that is right, one of the answers that the story allows
 * because others touch the same token, or, when C_Finalize came in between,
 * that there is no such session any more.  Anything else fails the run.
 */
#ifndef TEE_TESTS_STRESS_H
#define TEE_TESTS_STRESS_H

#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>

#include "tests/pkcs11/calls.h"

#define THREADS 6

/* Tokens: without a PIN, with one, made in a TEE, P-256, and one that is
 * initialised again and again.  Their slots have these numbers. */
enum { LOC, PIN, TEE, EC, NEW, SLOTS };

#define USER_PIN "password"
#define SO_PIN   "security"

struct worker {
    pthread_t thread;
    unsigned number;
    uint64_t random;
    unsigned seen; /* epoch when the operation began */
    unsigned long made;
    unsigned long signatures, disturbed, allowed;
    unsigned long calls[FN_COUNT], good[FN_COUNT];
    unsigned long *stories; /* by number of the operation */
    EVP_PKEY *ec;           /* the public half of the key on EC */
    uint8_t room[65536];    /* for values that may be long */
};

struct story {
    const char *name;
    void (*run)(struct worker *);
    unsigned weight;
};
extern const struct story stories[]; /* the last one has no name */

/* ---- judge.c
 * ------------------------------------------------------------------------
 */

extern const struct list *list;
/* Odd while C_Finalize or C_Initialize runs. */
extern atomic_uint epoch;
extern atomic_ulong failures;
/* Public halves of the keys "base", by slot; not of EC. */
extern uint8_t base_point[SLOTS][32];

void failed(const char *what, CK_RV rv);
/* `may` ends with CKR_OK.  True: rv is the answer that was wanted. */
bool judge(struct worker *w, enum fn fn, CK_RV want, const CK_RV *may,
           CK_RV rv);
bool quiet(const struct worker *w); /* the world has not changed meanwhile */
/* Each function that is offered has done what it is for, among threads. */
bool all_seen(void);
/* What the functions did.  Fails when one that is offered never did it. */
void report_calls(const struct worker *w, unsigned n);

/* Calls C_name: must answer CKR_OK; or one of may; or `want` and no other. */
#define TRY(w, name, ...)                                                      \
    judge(w, FN_##name, CKR_OK, NULL, list->name(__VA_ARGS__))
#define TRY_OR(w, may, name, ...)                                              \
    judge(w, FN_##name, CKR_OK, may, list->name(__VA_ARGS__))
#define WANT(w, want, name, ...)                                               \
    judge(w, FN_##name, want, NULL, list->name(__VA_ARGS__))

uint64_t dice(struct worker *w, uint64_t sides); /* 0 to sides - 1 */
void fill(struct worker *w, uint8_t *p, size_t n);

/* 0: none; it was said why, or the world has changed. */
CK_SESSION_HANDLE session(struct worker *w, CK_SLOT_ID slot, CK_FLAGS more);
void done(struct worker *w, CK_SESSION_HANDLE s); /* 0 ok */
CK_OBJECT_HANDLE find(struct worker *w, CK_SESSION_HANDLE s,
                      CK_OBJECT_CLASS class, const char *label);

/* ---- sign.c
 * -------------------------------------------------------------------------
 */

struct pair {
    CK_OBJECT_HANDLE pub, priv;
    CK_MECHANISM_TYPE mech;
    uint8_t point[32]; /* CKM_EDDSA */
};
/* Both halves of "base". */
bool base_pair(struct worker *w, CK_SESSION_HANDLE s, CK_SLOT_ID slot,
               struct pair *ret);
/* An Edwards pair, or one of P-256 where the slot is EC. */
bool make_pair(struct worker *w, CK_SESSION_HANDLE s, CK_SLOT_ID slot,
               const char *label, bool stored, struct pair *ret);
/* Signs in one of the ways that there are, has the signature judged by others'
 * code and by one of the module's ways to verify.  false: it came to nothing.
 */
bool sign_with(struct worker *w, CK_SESSION_HANDLE s, const struct pair *k);
/* Fails when the signature is not right, by libsodium or libcrypto. */
void witness(struct worker *w, const struct pair *k, struct tee_bytes msg,
             const uint8_t *sig, CK_ULONG len);
EVP_PKEY *public_key(struct tee_bytes spki); /* NULL: not one */

#endif
