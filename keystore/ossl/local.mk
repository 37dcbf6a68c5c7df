# tee-pkcs11-ossl.so: RSA, EC and ML-DSA for the module, the only code near it
# that links libcrypto.  Its objects are a library of their own, because the
# tests in tests/hosts/ link them plainly as well, to see that fail.
noinst_LTLIBRARIES += libossl.la
libossl_la_SOURCES = keystore/ossl/plugin.h keystore/ossl/ossl_internal.h \
	keystore/ossl/ossl_der.c keystore/ossl/ossl_ec.c \
	keystore/ossl/ossl_engine.c \
	keystore/ossl/ossl_key.c keystore/ossl/ossl_load.c \
	keystore/ossl/ossl_raw.c keystore/ossl/ossl_rsa.c \
	keystore/ossl/ossl_table.c keystore/ossl/ossl_type.c
libossl_la_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)

pkglib_LTLIBRARIES += tee-pkcs11-ossl.la
tee_pkcs11_ossl_la_SOURCES =
tee_pkcs11_ossl_la_LIBADD = libossl.la libbase.la $(CRYPTO_LIBS) $(SODIUM_LIBS)
tee_pkcs11_ossl_la_LDFLAGS = $(AM_LDFLAGS) $(TEE_ZDEFS) -module \
	-avoid-version -shared -no-undefined -Wl,-z,nodelete \
	-Wl,--version-script=$(srcdir)/keystore/ossl/tee-pkcs11-ossl.map
EXTRA_tee_pkcs11_ossl_la_DEPENDENCIES = keystore/ossl/tee-pkcs11-ossl.map
EXTRA_DIST += keystore/ossl/tee-pkcs11-ossl.map
