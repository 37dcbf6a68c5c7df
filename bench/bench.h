/*
 * What the programs of bench/ share.  They see the module as any program does:
 * dlopen, C_GetFunctionList, p11-kit's header, the public vendor numbers.
 * Each function ends the program with a message when something is wrong.
 */
#ifndef TEE_BENCH_H
#define TEE_BENCH_H

#include <p11-kit/pkcs11.h>
#include <stddef.h>

#include "tee-pkcs11/tee-pkcs11.h"

#define BENCH_PIN     "123456"
#define BENCH_MANY    1000 /* objects of the token "many" */
#define BENCH_MESSAGE 32
#define BENCH_SIG_MAX 256

void bench_die(const char *fmt, ...) __attribute__((format(printf, 1, 2)))
__attribute__((noreturn));
/* Resident kB of this process, exactly (/proc/self/smaps_rollup). */
long bench_resident(void);

/* ---- p11.c: any PKCS#11 module --------------------------------------------
 */

enum bench_type { BENCH_ED25519, BENCH_P256, BENCH_RSA2048 };
struct bench_key {
    CK_FUNCTION_LIST *f;
    CK_SESSION_HANDLE session;
    enum bench_type type;
    CK_OBJECT_HANDLE private, public;
};

void bench_check(CK_RV rv, const char *what);
/* dlopen and C_Initialize. */
CK_FUNCTION_LIST *bench_load(const char *path);
/* A session on the token with this label, logged in where it has a PIN. */
CK_SESSION_HANDLE bench_open(CK_FUNCTION_LIST *f, const char *token);
/* How many objects match, at most 2 of them in found. */
CK_ULONG bench_find(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE s,
                    CK_ATTRIBUTE *template, CK_ULONG n,
                    CK_OBJECT_HANDLE found[2]);
/* A key pair with this label, which is its CKA_ID too. */
void bench_generate(struct bench_key *k, const char *label);
/* Finds that pair again. */
void bench_key(struct bench_key *k, const char *label);
void bench_sign_init(const struct bench_key *k);
/* Cryptoki knows no const, hence msg has none. */
size_t bench_sign(const struct bench_key *k, unsigned char *msg, size_t len,
                  unsigned char sig[BENCH_SIG_MAX]);

/* ---- race.c: times that can be compared -----------------------------------
 */

#define BENCH_ROUNDS 200
/* One way of doing something.  A round gives each contender its block of
 * samples in turn, so that noise of the machine meets all of them. */
struct bench_racer {
    void (*before)(void *); /* untimed, before each sample; may be NULL */
    void (*run)(void *);
    void *arg;
    unsigned samples, batch;   /* in a block; runs in a sample */
    double p50[BENCH_ROUNDS];  /* of each block, ns a run */
    double mean[BENCH_ROUNDS]; /* the same */
};

void bench_race(struct bench_racer *const *r, size_t n, unsigned rounds);
double bench_now(void); /* ns */
double bench_median(const double *v, unsigned n);
/* Median over the rounds of a[i] / b[i]. */
double bench_ratio(const double *a, const double *b, unsigned rounds);

/* One measurement for table.awk: the row's id, "ours" or "softhsm". */
void bench_row(const char *id, const char *column, double value);
void bench_note(const char *id, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- the groups of rows; softhsm is NULL where it is not installed ---------
 */

struct bench {
    CK_FUNCTION_LIST *ours, *softhsm;
    char *module, *softhsm_path;
    const char *programs; /* folder of the other programs */
};
#define BENCH_MODULES(b) ((b)->softhsm != NULL ? 2U : 1U)

void bench_signatures(const struct bench *b);
void bench_threads(const struct bench *b);
void bench_objects(const struct bench *b);
void bench_session(const struct bench *b);
void bench_start(const struct bench *b);

#endif
