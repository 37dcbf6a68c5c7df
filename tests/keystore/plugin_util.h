/* What the suites about the plug-in share. */
#ifndef TEE_TESTS_KEYSTORE_PLUGIN_UTIL_H
#define TEE_TESTS_KEYSTORE_PLUGIN_UTIL_H

#include <openssl/evp.h>

#include "keystore/ossl/plugin.h"
#include "tests/support/test.h"

extern const struct suite suite_plugin, suite_plugin_ec, suite_plugin_key,
    suite_plugin_rsa;

/* The loaded table; the program ends when there is none. */
const struct tee_plugin *plug(void);
/* Puts the built plug-in where this program's loader looks for it. */
void plug_install(void);
/* Another file of the build tree in that place. */
void plug_install_file(const char *name);
/* The folder of that place. */
extern const char *const plug_dir;

/* A key pair as the plug-in made it or as a file of tests/data/store/keys. */
struct pair {
    enum ks_ktype type;
    uint8_t pkcs8[TEE_PKCS8_MAX], spki[TEE_SPKI_MAX];
    size_t pkcs8_len, spki_len;
    void *priv, *pub; /* the plug-in's */
    EVP_PKEY *evp;    /* public half in the default library context */
};
void pair_load(const char *word, enum ks_ktype type, struct pair *ret);
void pair_generate(enum ks_ktype type, struct pair *ret);
void pair_clear(struct pair *p);
/* The whole file of tests/data, at most `room` bytes. */
size_t test_data(const char *name, uint8_t *ret, size_t room);

/* r || s as the DER that EVP takes; 0 when it cannot be. */
size_t raw_to_der(const uint8_t *raw, size_t len, uint8_t *ret, size_t room);
/* Runs it in a child of fork; true when it returned true there. */
bool in_child(bool (*run)(void));

#endif
