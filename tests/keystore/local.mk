EXTRA_DIST += tests/data/conf/README tests/data/conf/azure.conf \
	tests/data/conf/broken1.conf tests/data/conf/broken2.conf \
	tests/data/conf/broken3.conf tests/data/conf/laptop.conf
EXTRA_DIST += tests/data/store/README \
	tests/data/store/keys/p256.pkcs8 \
	tests/data/store/keys/p256.spki \
	tests/data/store/keys/p384.pkcs8 \
	tests/data/store/keys/p384.spki \
	tests/data/store/keys/p521.pkcs8 \
	tests/data/store/keys/p521.spki \
	tests/data/store/keys/rsa2048.pkcs8 \
	tests/data/store/keys/rsa2048.spki \
	tests/data/store/keys/rsa3072.pkcs8 \
	tests/data/store/keys/rsa3072.spki \
	tests/data/store/keys/rsa4096.pkcs8 \
	tests/data/store/keys/rsa4096.spki \
	tests/data/store/local-both-ed25519.token \
	tests/data/store/local-both-full.token \
	tests/data/store/local-both-p256.token \
	tests/data/store/local-both-p384.token \
	tests/data/store/local-both-p521.token \
	tests/data/store/local-both-rsa2048.token \
	tests/data/store/local-both-rsa3072.token \
	tests/data/store/local-both-rsa4096.token \
	tests/data/store/local-none-ed25519.token \
	tests/data/store/local-none-ml-dsa-44.token \
	tests/data/store/local-none-p256.token \
	tests/data/store/local-none-p384.token \
	tests/data/store/local-none-p521.token \
	tests/data/store/local-none-rsa2048.token \
	tests/data/store/local-none-rsa3072.token \
	tests/data/store/local-none-rsa4096.token \
	tests/data/store/local-user-ed25519.token \
	tests/data/store/local-user-p256.token \
	tests/data/store/local-user-p384.token \
	tests/data/store/local-user-p521.token \
	tests/data/store/local-user-rsa2048.token \
	tests/data/store/local-user-rsa3072.token \
	tests/data/store/local-user-rsa4096.token \
	tests/data/store/skr-none-ed25519.token \
	tests/data/store/skr-none-full.token \
	tests/data/store/skr-none-p256.token \
	tests/data/store/skr-none-p384.token \
	tests/data/store/skr-none-rsa2048.token \
	tests/data/store/skr-none-rsa3072.token \
	tests/data/store/skr-none-rsa4096.token \
	tests/data/store/tee_generated-both-ed25519.token \
	tests/data/store/tee_generated-both-p256.token \
	tests/data/store/tee_generated-both-p384.token \
	tests/data/store/tee_generated-both-p521.token \
	tests/data/store/tee_generated-both-rsa2048.token \
	tests/data/store/tee_generated-both-rsa3072.token \
	tests/data/store/tee_generated-both-rsa4096.token \
	tests/data/store/tee_generated-none-ed25519.token \
	tests/data/store/tee_generated-none-p256.token \
	tests/data/store/tee_generated-none-p384.token \
	tests/data/store/tee_generated-none-p521.token \
	tests/data/store/tee_generated-none-rsa2048.token \
	tests/data/store/tee_generated-none-rsa3072.token \
	tests/data/store/tee_generated-none-rsa4096.token \
	tests/data/store/tee_generated-user-ed25519.token \
	tests/data/store/tee_generated-user-full.token \
	tests/data/store/tee_generated-user-p256.token \
	tests/data/store/tee_generated-user-p384.token \
	tests/data/store/tee_generated-user-p521.token \
	tests/data/store/tee_generated-user-rsa2048.token \
	tests/data/store/tee_generated-user-rsa3072.token \
	tests/data/store/tee_generated-user-rsa4096.token
if HAVE_CUNIT
check_PROGRAMS += tests/keystore/check-keystore tests/keystore/liar
TESTS += tests/keystore/check-keystore
tests_keystore_check_keystore_SOURCES = tests/support/test.h \
	tests/support/cunit_main.c $(alloc_files) tests/keystore/suites.h \
	tests/keystore/main.c tests/keystore/conf.c tests/keystore/conf_search.c \
	tests/keystore/store.c tests/keystore/store_cbor.c \
	tests/keystore/store_change.c tests/keystore/store_check.c \
	tests/keystore/store_disk.c tests/keystore/store_known.c \
	tests/keystore/store_place.c tests/keystore/store_place.h \
	tests/keystore/store_pool.c \
	tests/keystore/store_make.c tests/keystore/store_make.h \
	tests/keystore/fixture.c tests/keystore/fixture.h \
	tests/keystore/kinfo.c tests/keystore/op.c \
	tests/keystore/evidence.c tests/keystore/op_plugin.c \
	tests/keystore/status.c \
	tests/keystore/altered.c tests/keystore/skr.c \
	tests/keystore/key.c tests/keystore/object.c tests/keystore/pin.c \
	tests/keystore/token.c
tests_keystore_liar_SOURCES = tests/keystore/liar.c
tests_keystore_liar_LDADD = libbase.la
tests_keystore_check_keystore_CPPFLAGS = $(TEST_CPPFLAGS)
tests_keystore_check_keystore_LDFLAGS = $(AM_LDFLAGS) $(alloc_wrap)
EXTRA_tests_keystore_check_keystore_DEPENDENCIES = tee-pkcs11-helper \
	tee-pkcs11-ossl.la
tests_keystore_check_keystore_LDADD = libks.la libbase.la libpathsbuild.la \
	$(CUNIT_LIBS)
endif
