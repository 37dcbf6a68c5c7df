# The loader and the plug-in: a program of its own, which has its own paths.
if HAVE_CUNIT
check_PROGRAMS += tests/keystore/check-plugin
TESTS += tests/keystore/check-plugin
tests_keystore_check_plugin_SOURCES = tests/support/test.h \
	tests/support/cunit_main.c tests/keystore/plugin_util.h \
	tests/keystore/plugin_util.c tests/keystore/plugin.c \
	tests/keystore/plugin_ec.c tests/keystore/plugin_key.c \
	tests/keystore/plugin_rsa.c
tests_keystore_check_plugin_CPPFLAGS = $(TEST_CPPFLAGS) $(CRYPTO_CFLAGS) \
	-DTEE_BUILDDIR='"$(abs_top_builddir)"'
tests_keystore_check_plugin_LDADD = libks.la libbase.la $(CUNIT_LIBS) \
	$(CRYPTO_LIBS) -lpthread
EXTRA_tests_keystore_check_plugin_DEPENDENCIES = tee-pkcs11-ossl.la
endif
clean-local: clean-plugin
.PHONY: clean-plugin
clean-plugin:
	rm -rf tests/keystore/plugin.dir
