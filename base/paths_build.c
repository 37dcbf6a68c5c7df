#include "base/paths.h"

const char tee_path_plugin[] = TEE_BUILDDIR "/.libs/tee-pkcs11-ossl.so";
const char tee_path_helper[] = TEE_BUILDDIR "/tee-pkcs11-helper";
const char tee_path_module[] = TEE_BUILDDIR "/.libs/tee-pkcs11-test.so";
const char tee_path_conf[] = "/etc/tee-pkcs11/tee-pkcs11.conf";
