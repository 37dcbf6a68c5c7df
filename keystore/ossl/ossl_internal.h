/*
 * The plug-in's own declarations, reached through plugin.h with
 * TEE_OSSL_INTERNAL.  Nothing here is seen by the module.
 *
 * Every libcrypto object belongs to the library context of one struct
 * kso_lib; the NULL context, which is the host's, is never used.
 */
#ifndef TEE_KEYSTORE_OSSL_INTERNAL_H
#define TEE_KEYSTORE_OSSL_INTERNAL_H

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/provider.h>
#include <stdatomic.h>

#include "keystore/ossl/plugin.h"

extern const struct tee_plugin tee_plugin;

/* ---- ossl_load.c: one library context a process ------------------------- */

#define KSO_HASHES (KS_SHA512 + 1)

struct kso_lib {
    OSSL_LIB_CTX *ctx;
    OSSL_PROVIDER *provider;
    EVP_MD *md[KSO_HASHES]; /* [KS_H_NONE] is NULL */
    bool eddsa_ctx;         /* Ed25519ctx and ph: libcrypto >= 3.2 */
    struct tee_forkmark mark;
};
/* Makes it at first need, anew in a child of fork.  Lives for ever. */
TEE_MUST_USE enum tee_err kso_lib_get(struct kso_lib **ret);
void kso_lib_abandon(void);
static inline bool
kso_lib_here(const struct kso_lib *lib)
{
    return tee_forkmark_here(&lib->mark);
}
/* libcrypto is not cleaned up yet: the host may have exited already. */
bool kso_alive(void);

/* Around everything that calls libcrypto: the thread's error queue and errno
 * are afterwards as they were. */
struct kso_scope {
    int saved_errno;
};
void kso_enter(struct kso_scope *s);
void kso_leave(const struct kso_scope *s);

/* ---- ossl_type.c: what is known of each key type ------------------------- */

struct kso_key;
struct kso_type;

/* name: "EC", "RSA", ...; oid: the same in numbers, NULL: no engine is asked
 * about; id: EVP_PKEY_EC or EVP_PKEY_RSA. */
struct kso_name {
    const char *name, *oid;
    int id;
};
extern const struct kso_name kso_name_ec, kso_name_rsa;

/* One per algorithm family; every function is set. */
struct kso_family {
    const struct kso_name *name; /* NULL: the name of the type */
    enum tee_err (*generate)(struct kso_lib *lib, const struct kso_type *t,
                             struct tee_buf *pkcs8);
    /* Strict parse and consistency; *spki is the recomputed public half. */
    enum tee_err (*private_parse)(struct kso_lib *lib, const struct kso_type *t,
                                  struct tee_bytes pkcs8, EVP_PKEY **ret,
                                  struct tee_buf *spki);
    enum tee_err (*public_parse)(struct kso_lib *lib, const struct kso_type *t,
                                 struct tee_bytes spki, EVP_PKEY **ret);
    enum tee_err (*parts_private)(struct kso_lib *lib, const struct kso_type *t,
                                  const struct ks_parts *p,
                                  struct tee_buf *pkcs8);
    enum tee_err (*parts_public)(struct kso_lib *lib, const struct kso_type *t,
                                 const struct ks_parts *p,
                                 struct tee_buf *spki);
    enum tee_err (*check)(const struct kso_lib *lib, const struct kso_type *t,
                          const struct ks_mech *m);
    /* in: the digest when m has a hash, else the message; sig has room for
     * sig_len bytes. */
    enum tee_err (*sign)(struct kso_key *k, const struct ks_mech *m,
                         struct tee_bytes in, uint8_t *sig, size_t *len);
    enum tee_err (*verify)(struct kso_key *k, const struct ks_mech *m,
                           struct tee_bytes in, struct tee_bytes sig);
};
struct kso_type {
    const struct kso_family *family;
    const char *name; /* libcrypto's: of the curve or algorithm */
    unsigned bits;
    size_t field;         /* EC: bytes of a coordinate and of the order */
    size_t pub_len;       /* ML-DSA, Ed25519: raw public key */
    size_t sig_len;       /* of every signature */
    struct tee_bytes alg; /* inside of the AlgorithmIdentifier */
};
/* NULL: none of ours. */
const struct kso_type *kso_type(enum ks_ktype type);
extern const struct kso_family kso_ec, kso_rsa, kso_raw;

/* ---- ossl_engine.c: engines that the host made its default ----------------
 */

/* A context made by this name would be an engine's. */
bool kso_engine_has_name(const struct kso_name *name);
/* Keys made now sign with functions that are not libcrypto's own. */
bool kso_engine_signs(const struct kso_name *name);

/* ---- ossl_der.c: PKCS#8 and SubjectPublicKeyInfo --------------------------
 */

/* A non-negative INTEGER in its shortest form, without the leading zero. */
struct tee_bytes kso_der_uint(struct tee_cur *c);
/* PrivateKeyInfo, version 0, no attributes: view of the inner octets.
 * TEE_E_KEY_TYPE when it is well formed and of another algorithm. */
TEE_MUST_USE enum tee_err kso_pkcs8_get(const struct kso_type *t,
                                        struct tee_bytes der,
                                        struct tee_bytes *ret);
void kso_pkcs8_put(const struct kso_type *t, struct tee_bytes inner,
                   struct tee_buf *ret);
/* View of the public key bits. */
TEE_MUST_USE enum tee_err kso_spki_get(const struct kso_type *t,
                                       struct tee_bytes der,
                                       struct tee_bytes *ret);
void kso_spki_put(const struct kso_type *t, struct tee_bytes bits,
                  struct tee_buf *ret);
/* Appends what b holds as one TLV, with the error that b had; clears b. */
void kso_der_wrap(struct tee_buf *ret, uint8_t tag, struct tee_buf *b);
/* Copies out; *len is room, then length. TEE_E_TOOBIG. */
TEE_MUST_USE enum tee_err kso_out(const struct tee_buf *b, uint8_t *ret,
                                  size_t *len);

/* ---- ossl_key.c: keys, contexts, operations --------------------------------
 */

/* Prepared contexts: RSA has one for each hash of PKCS #1 v1.5 (none too)
 * and one for each PSS hash with its usual salt; EC needs one. */
#define KSO_PROTOS ((size_t)2 * KSO_HASHES)

struct kso_key {
    struct kso_lib *lib;
    const struct kso_type *type;
    bool private;
    bool checked; /* an engine signs: what does not verify is kept back */
    EVP_PKEY *pkey;
    _Atomic(EVP_PKEY_CTX *) proto[KSO_PROTOS];
    size_t spki_len;
    uint8_t spki[]; /* DER */
};
/* Prepares a context for one operation: sets its parameters. */
typedef enum tee_err kso_prepare(struct kso_key *k, const struct ks_mech *m,
                                 bool verify, EVP_PKEY_CTX **ret);
/* A context ready for one operation: a copy of the prepared one of this slot
 * (made at first use), KSO_PROTOS: made for this operation alone, as for a
 * key that an engine signs with. */
TEE_MUST_USE enum tee_err kso_context(struct kso_key *k,
                                      const struct ks_mech *m, bool verify,
                                      size_t slot, kso_prepare *prepare,
                                      EVP_PKEY_CTX **ret);
/* t, pkcs8 and spki borrowed.  A generated key is one that loads again. */
TEE_MUST_USE enum tee_err kso_private_new(struct kso_lib *lib,
                                          const struct kso_type *t,
                                          struct tee_bytes pkcs8,
                                          struct kso_key **ret);
TEE_MUST_USE enum tee_err kso_public_new(struct kso_lib *lib,
                                         const struct kso_type *t,
                                         struct tee_bytes spki,
                                         struct kso_key **ret);
TEE_MUST_USE enum tee_err kso_generate(struct kso_lib *lib,
                                       const struct kso_type *t,
                                       struct tee_buf *pkcs8,
                                       struct kso_key **ret);
void kso_key_free(struct kso_key *k);

/* May this key do that: TEE_OK, or the reason why not. */
TEE_MUST_USE enum tee_err kso_usable(const struct kso_key *k,
                                     const struct ks_mech *m, bool verify);
/* in: the digest when m has a hash; sig has room for sig_len bytes. */
TEE_MUST_USE enum tee_err kso_sign_in(struct kso_key *k,
                                      const struct ks_mech *m,
                                      struct tee_bytes in, uint8_t *sig,
                                      size_t *len);
TEE_MUST_USE enum tee_err kso_sign_one(struct kso_key *k,
                                       const struct ks_mech *m,
                                       struct tee_bytes msg, uint8_t *sig,
                                       size_t *len);
TEE_MUST_USE enum tee_err kso_verify_one(struct kso_key *k,
                                         const struct ks_mech *m,
                                         struct tee_bytes msg,
                                         struct tee_bytes sig);

/* A running operation with a hash. */
struct kso_op {
    struct kso_key *key; /* outlives the operation */
    struct ks_mech m;
    bool verify, done;
    EVP_MD_CTX *md;
};
TEE_MUST_USE enum tee_err kso_op_new(struct kso_key *k, const struct ks_mech *m,
                                     bool verify, struct kso_op **ret);
TEE_MUST_USE enum tee_err kso_op_usable(const struct kso_op *op, bool verify);
/* Ends the hash; *ret is a view of md. */
TEE_MUST_USE enum tee_err kso_op_digest(struct kso_op *op,
                                        uint8_t md[EVP_MAX_MD_SIZE],
                                        struct tee_bytes *ret);

/* Bytes of a digest; 0 for KS_H_NONE and for numbers out of range. */
size_t kso_hash_len(enum ks_hash h);
const char *kso_hash_name(enum ks_hash h);
/* A new key pair; params: what libcrypto's key generation takes. */
TEE_MUST_USE enum tee_err kso_keygen(struct kso_lib *lib,
                                     const struct kso_name *name,
                                     const OSSL_PARAM *params, EVP_PKEY **ret);
/* EVP_PKEY of the parameters; selection EVP_PKEY_KEYPAIR or _PUBLIC_KEY. */
TEE_MUST_USE enum tee_err kso_fromdata(struct kso_lib *lib,
                                       const struct kso_name *name,
                                       int selection, OSSL_PARAM *params,
                                       EVP_PKEY **ret);
/* The same from a builder; private numbers in it are "secure" ones. */
TEE_MUST_USE enum tee_err kso_build(struct kso_lib *lib,
                                    const struct kso_name *name, int selection,
                                    OSSL_PARAM_BLD *bld, EVP_PKEY **ret);

#endif
