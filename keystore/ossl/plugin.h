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
     * a process; thread-safe. */
    enum tee_err (*open)(void);
    /* After fork in the child: forget everything, free nothing. */
    void (*abandon)(void);
    bool (*has)(enum ks_ktype type, const struct ks_mech *m);
    /* in: room, out: used */
    enum tee_err (*generate)(enum ks_ktype type, uint8_t *pkcs8,
                             size_t *pkcs8_len, uint8_t *spki,
                             size_t *spki_len);
    /* Parses, checks that it is of this type and consistent (the public half
     * is recomputed from the private one), prepares one context. */
    enum tee_err (*private_new)(enum ks_ktype type, struct tee_bytes pkcs8,
                                void **ret);
    enum tee_err (*public_new)(enum ks_ktype type, struct tee_bytes spki,
                               void **ret);
    enum tee_err (*spki)(void *key, uint8_t *ret, size_t *len);
    void (*key_free)(void *key);
    /* One shot; ECDSA signatures are r || s. */
    enum tee_err (*sign)(void *key, const struct ks_mech *m,
                         struct tee_bytes msg, uint8_t *sig, size_t *len);
    enum tee_err (*verify)(void *key, const struct ks_mech *m,
                           struct tee_bytes msg, struct tee_bytes sig);
    /* Streaming, for mechanisms with a hash. */
    enum tee_err (*op_new)(void *key, const struct ks_mech *m, bool verify,
                           void **ret);
    enum tee_err (*op_update)(void *op, struct tee_bytes part);
    enum tee_err (*op_sign)(void *op, uint8_t *sig, size_t *len);
    enum tee_err (*op_verify)(void *op, struct tee_bytes sig);
    void (*op_free)(void *op);
    enum tee_err (*parts_private)(enum ks_ktype type, const struct ks_parts *p,
                                  uint8_t *pkcs8, size_t *len);
    enum tee_err (*parts_public)(enum ks_ktype type, const struct ks_parts *p,
                                 uint8_t *spki, size_t *len);
};

/* plugin.c: the loaded table, NULL with f set when it can't be had.  Takes
 * no lock while it loads; call with none held. */
const struct tee_plugin *ks_plugin(struct tee_fault *f);

#endif
