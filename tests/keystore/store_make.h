/*
 * Stores of fixed inputs, for the known-answer files of tests/data/store/ and
 * for whoever needs a store to break.  Written from doc/store-format.md, not
 * from keystore/: what seals and wraps here is the test's own.
 */
#ifndef TEE_TESTS_STORE_MAKE_H
#define TEE_TESTS_STORE_MAKE_H

#ifndef TEE_KS_INTERNAL
#define TEE_KS_INTERNAL
#endif
#include "keystore/ks.h"

enum make_pin { MAKE_NONE, MAKE_USER, MAKE_BOTH };
struct make {
    enum ks_origin origin;
    enum make_pin pin;
    enum ks_ktype type;
    bool full; /* with certificate, data, private data, evidence */
};
#define MAKE_USER_PIN "123456"
#define MAKE_SO_PIN   "87654321"
#define MAKE_LOG2N    14 /* the cheapest that the format knows */

extern const uint8_t make_tk[32];
extern const struct make make_known[];
extern const size_t make_known_n;

/* n bytes that depend on the label alone. */
void make_fixed(const char *label, uint8_t *p, size_t n);
/* "local-user-p256" */
void make_name(const struct make *m, char ret[64]);
/* RFC 5869 and RFC 2104 by hand; nothing of ours but SHA-256. */
void make_hmac(struct tee_bytes key, struct tee_bytes text, uint8_t ret[32]);
void make_subkey(const uint8_t tk[32], const uint8_t uuid[16], const char *info,
                 uint8_t ret[32]);
void make_mac_key(const struct ks_store *s, uint8_t ret[32]);
/* Is `sealed` of this object what doc/store-format.md section 2 says? The
 * plaintext replaces what ret held. */
bool make_unseal(const struct ks_store *s, const struct ks_object *o,
                 struct tee_buf *ret);
/* TK out of a wrap in clear or by PIN, as a reader would. */
bool make_unwrap(const struct ks_store *s, enum ks_role role, const char *pin,
                 uint8_t tk[32]);
/* Every mistake ends the program: these are tests' own. */
struct ks_store *make_store(const struct make *m);
/* An object that any origin takes; only uuid and label depend on i. */
struct ks_object make_data(unsigned i);
/* The file; cleared by the caller. */
void make_file(const struct make *m, struct tee_buf *ret);
/* encode, or the end of the program */
void make_encode(const struct ks_store *s, struct tee_buf *ret);
/* tests/data/store/NAME; false: not there */
bool make_read(const char *name, struct tee_buf *ret);

/* Assertions: a good file, decoded; a bad one, refused for this reason
 * (NULL: any) with the result untouched. */
struct ks_store *make_accepted(struct tee_bytes file);
void make_refused(const char *what, struct tee_bytes file, enum tee_err want,
                  const char *text);

#endif
