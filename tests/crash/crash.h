/*
 * What is killed and what must be found afterwards.  Each operation runs in a
 * child of its own, on a store that is put back before each run.
 */
#ifndef TEE_TESTS_CRASH_H
#define TEE_TESTS_CRASH_H

#include "tests/keystore/fixture.h"

struct op {
    const char *name;
    const char *lines;              /* of the configuration */
    void (*make)(struct fix *x);    /* the state before; NULL: no store */
    bool (*prepare)(struct fix *x); /* in the child, not counted; NULL: none */
    enum tee_err (*run)(struct fix *x);
    enum tee_err want; /* of a run that nobody disturbs */
    /* Is it the one after?  `was` is the one before, NULL: none. */
    bool (*is_after)(struct fix *x, const struct ks_store *was,
                     const struct ks_store *is);
};
enum {
    OP_INIT,
    OP_INIT_AGAIN,
    OP_GENERATE,
    OP_GENERATE_PIN,
    OP_GENERATE_TEE, /* needs the private helper */
    OP_CREATE,
    OP_IMPORT,
    OP_SET,
    OP_DESTROY,
    OP_SET_PIN,
    OP_INIT_PIN,
    OP_LOGIN,
    OP_WRONG_LOGIN
};
extern const struct op ops[];

/* The store changed in nothing but tries, which went up by one. */
bool only_a_try_more(const struct ks_store *was, const struct ks_store *is,
                     enum ks_role role);

#endif
