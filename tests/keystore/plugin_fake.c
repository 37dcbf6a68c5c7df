/*
 * Plug-ins that are not ours: of another version (FAKE_VERSION), of another
 * size (FAKE_SIZE), under another name (FAKE_NAME), or one whose open() goes
 * back into the program, as a provider in the host's OpenSSL configuration
 * would.
 */
#include "config.h"

#include <dlfcn.h>

#include "keystore/ossl/plugin.h"

#ifndef FAKE_VERSION
#define FAKE_VERSION TEE_PLUGIN_VERSION
#endif
#ifndef FAKE_SIZE
#define FAKE_SIZE sizeof(struct tee_plugin)
#endif

#ifndef FAKE_NAME
#define FAKE_NAME tee_plugin
#endif

extern const struct tee_plugin FAKE_NAME;

static enum tee_err
fake_open(void)
{
    enum tee_err (*back)(void);

    *(void **)&back = dlsym(RTLD_DEFAULT, "plug_back");
    return back != NULL ? back() : TEE_E_STATE;
}

__attribute__((visibility("default"))) const struct tee_plugin FAKE_NAME = {
    .version = FAKE_VERSION,
    .size = FAKE_SIZE,
    .open = fake_open,
};
