/*
 * Compiled-in paths, in one place.  paths_installed.c is linked by what gets
 * installed; paths_build.c is its build-tree twin, linked only by the test
 * module and test programs that are never installed.
 */
#ifndef TEE_BASE_PATHS_H
#define TEE_BASE_PATHS_H

extern const char tee_path_plugin[]; /* $(pkglibdir)/tee-pkcs11-ossl.so */
extern const char tee_path_helper[]; /* $(libexecdir)/tee-pkcs11-helper */
extern const char tee_path_module[]; /* p11-kit's module path/tee-pkcs11.so */
extern const char tee_path_conf[];   /* /etc/tee-pkcs11/tee-pkcs11.conf */

#endif
