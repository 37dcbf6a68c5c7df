#include "base/paths.h"

const char tee_path_plugin[] = TEE_PKGLIBDIR "/tee-pkcs11-ossl.so";
const char tee_path_helper[] = TEE_LIBEXECDIR "/tee-pkcs11-helper";
const char tee_path_module[] = TEE_MODULEDIR "/tee-pkcs11.so";
/* The configuration is found at one place whatever the prefix: a module that
 * looked elsewhere would be a second, forgotten way to configure a host. */
const char tee_path_conf[] = "/etc/tee-pkcs11/tee-pkcs11.conf";
