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
tests_keystore_check_plugin_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
EXTRA_tests_keystore_check_plugin_DEPENDENCIES = tee-pkcs11-ossl.la \
	$(plugin_fakes)

# Libraries that are no plug-in of this version.
plugin_fakes = tests/keystore/plugin-back.la tests/keystore/plugin-none.la \
	tests/keystore/plugin-size.la tests/keystore/plugin-version.la
check_LTLIBRARIES += $(plugin_fakes)
plugin_fake_ldflags = $(AM_LDFLAGS) -module -avoid-version -shared \
	-rpath /nowhere
tests_keystore_plugin_back_la_SOURCES = tests/keystore/plugin_fake.c
tests_keystore_plugin_back_la_LDFLAGS = $(plugin_fake_ldflags)
tests_keystore_plugin_none_la_SOURCES = tests/keystore/plugin_fake.c
tests_keystore_plugin_none_la_CPPFLAGS = $(AM_CPPFLAGS) -DFAKE_NAME=other
tests_keystore_plugin_none_la_LDFLAGS = $(plugin_fake_ldflags)
tests_keystore_plugin_size_la_SOURCES = tests/keystore/plugin_fake.c
tests_keystore_plugin_size_la_CPPFLAGS = $(AM_CPPFLAGS) -DFAKE_SIZE=64
tests_keystore_plugin_size_la_LDFLAGS = $(plugin_fake_ldflags)
tests_keystore_plugin_version_la_SOURCES = tests/keystore/plugin_fake.c
tests_keystore_plugin_version_la_CPPFLAGS = $(AM_CPPFLAGS) -DFAKE_VERSION=99
tests_keystore_plugin_version_la_LDFLAGS = $(plugin_fake_ldflags)
endif
clean-local: clean-plugin
.PHONY: clean-plugin
clean-plugin:
	rm -rf tests/keystore/plugin.dir
