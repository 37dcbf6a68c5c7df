/*
 * tee-pkcs11-ossl.so: the one table that the plug-in exports.
 *
 * Bytes cross this border, allocations do not: what the plug-in allocates it
 * frees, and so does the module.  Every function leaves libcrypto's error
 * queue of the calling thread as it found it.
 */
#ifndef TEE_KEYSTORE_OSSL_PLUGIN_H
#define TEE_KEYSTORE_OSSL_PLUGIN_H

#include "keystore/ks.h"

#define TEE_PLUGIN_VERSION 1
#define TEE_PLUGIN_SYMBOL  "tee_plugin"
#define TEE_PKCS8_MAX      8192
#define TEE_SPKI_MAX       4096

struct tee_plugin {
    uint32_t version;
    size_t size; /* of this structure */
    /* Own OSSL_LIB_CTX with the default provider, algorithms fetched.  Once
     * a process, again in a child of fork; thread-safe. */
    enum tee_err (*open)(void);
    /* After fork in the child: forget everything, free nothing.  open() does
     * it too.  Keys and operations of the parent answer TEE_E_FORKED, and
     * freeing them frees nothing. */
    void (*abandon)(void);
    /* m NULL: keys of this type at all */
    bool (*has)(enum ks_ktype type, const struct ks_mech *m);
    /* Lengths, here and below: in: room (else TEE_E_TOOBIG), out: used. */
    enum tee_err (*generate)(enum ks_ktype type, uint8_t *pkcs8,
                             size_t *pkcs8_len, uint8_t *spki,
                             size_t *spki_len);
    /*
     * Parses, checks that it is of this type and consistent (the public half
     * is recomputed from the private one).  Malformed TEE_E_MALFORMED or
     * TEE_E_TRUNCATED, of another type TEE_E_KEY_TYPE, halves that do not
     * belong together TEE_E_SPKI.  The key then lives in libcrypto's memory:
     * wiped when freed, but neither locked nor undumped.
     */
    enum tee_err (*private_new)(enum ks_ktype type, struct tee_bytes pkcs8,
                                void **ret);
    enum tee_err (*public_new)(enum ks_ktype type, struct tee_bytes spki,
                               void **ret);
    enum tee_err (*spki)(void *key, uint8_t *ret, size_t *len);
    void (*key_free)(void *key);
    /*
     * One shot; ECDSA signatures are r || s.  TEE_E_MECH, TEE_E_MECH_PARAM:
     * not for this key; TEE_E_UNSUPPORTED: not with this libcrypto;
     * TEE_E_DATA_LEN, TEE_E_SIG_LEN; TEE_E_SIGNATURE: does not verify;
     * TEE_E_UNAVAIL: libcrypto failed, or is cleaned up (the process exits).
     */
    enum tee_err (*sign)(void *key, const struct ks_mech *m,
                         struct tee_bytes msg, uint8_t *sig, size_t *len);
    enum tee_err (*verify)(void *key, const struct ks_mech *m,
                           struct tee_bytes msg, struct tee_bytes sig);
    /* Streaming, for mechanisms with a hash; the key outlives op. */
    enum tee_err (*op_new)(void *key, const struct ks_mech *m, bool verify,
                           void **ret);
    enum tee_err (*op_update)(void *op, struct tee_bytes part);
    enum tee_err (*op_sign)(void *op, uint8_t *sig, size_t *len);
    enum tee_err (*op_verify)(void *op, struct tee_bytes sig);
    void (*op_free)(void *op);
    /* TEE_E_ARG: a part is missing (RSA: all eight), out of range, or does
     * not fit the others.  RSA primes are tested. */
    enum tee_err (*parts_private)(enum ks_ktype type, const struct ks_parts *p,
                                  uint8_t *pkcs8, size_t *len);
    enum tee_err (*parts_public)(enum ks_ktype type, const struct ks_parts *p,
                                 uint8_t *spki, size_t *len);
};

/*
 * plugin.c: the loaded table, NULL with f set when it can't be had (and the
 * next call tries again).  Takes no lock while it loads; call with none held.
 * TEE_E_UNAVAIL: not there or not ours; TEE_E_TRUST: others may write it;
 * TEE_E_STATE: called from inside itself, by something that the host's
 * OpenSSL configuration loads.
 */
const struct tee_plugin *ks_plugin(struct tee_fault *f);
/* Is this thread inside ks_plugin?  Then nothing of ours may be waited for. */
bool ks_plugin_inside(void);

/* What only the plug-in's own files see. */
#ifdef TEE_OSSL_INTERNAL
#include "keystore/ossl/ossl_internal.h"
#endif

#endif
