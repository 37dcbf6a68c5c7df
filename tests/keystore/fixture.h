/*
 * A token under test: a configuration of one section in a folder of its own,
 * read from its file as a host would, so that the private helper can read it
 * too.
 */
#ifndef TEE_TESTS_KEYSTORE_FIXTURE_H
#define TEE_TESTS_KEYSTORE_FIXTURE_H

#ifndef TEE_KS_INTERNAL
#define TEE_KS_INTERNAL
#endif
#include "keystore/ks.h"
#include "keystore/ossl/plugin.h"
#include "tests/support/test.h"

#define FIX_PATH 256

struct fix {
    char dir[FIX_PATH]; /* state = dir/state, configuration dir/conf */
    char conf_path[FIX_PATH];
    struct ks_conf *conf;
    struct ks_token *t;
    struct tee_fault f;
};

/* [name] with these lines and a state folder; token not initialised. */
struct fix *fix_new(const char *name, const char *lines);
/* Another process's view of the same store. */
struct fix *fix_again(const struct fix *x);
/* The same store under another configuration of the same section. */
struct fix *fix_other(const struct fix *x, const char *lines);
void fix_free(struct fix *x);
void fix_file(const struct fix *x, const char *end, char ret[FIX_PATH]);

#define FIX_LOCAL "key_origin = local\n"
#define FIX_PIN   "key_origin = local\npin = yes\n"
#define FIX_TEE   "key_origin = tee_generated\nplatform = simulated\n"

/* Initialised, without PIN, or with these (NULL: none). */
struct fix *fix_made(const char *lines, const char *so, const char *user);
/* Which of the token's objects; NULL: not there.  Valid until the next
 * snapshot is taken with this. */
const struct ks_object *fix_object(struct fix *x, const uint8_t uuid[16]);
const struct ks_snap *fix_snap(struct fix *x);
/* A key pair of this type; both uuids. */
enum tee_err fix_generate(struct fix *x, enum ks_ktype type, uint8_t pub[16],
                          uint8_t priv[16]);
/* Signs a fixed message with the key and verifies with the stored public
 * key; the error of the first step that failed.  Not for ML-DSA. */
enum tee_err fix_sign(struct fix *x, const uint8_t priv[16]);
/* May the tests of tee_generated run: the helper is there. */
bool fix_helper(void);
/* A lane in which everything takes ten times as long: sweep less. */
bool fix_slow(void);

#define CHECK_ERR(x, want)                                                     \
    do {                                                                       \
        enum tee_err got_ = (x);                                               \
        if (got_ != (want))                                                    \
            fprintf(stderr, "%s:%d: %s, not %s\n", __FILE__, __LINE__,         \
                    tee_err_name(got_), tee_err_name(want));                   \
        CU_ASSERT_EQUAL(got_, (want));                                         \
    } while (0)

#endif
