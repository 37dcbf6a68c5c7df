EXTRA_DIST += tests/data/conf/README tests/data/conf/azure.conf \
	tests/data/conf/broken1.conf tests/data/conf/broken2.conf \
	tests/data/conf/broken3.conf tests/data/conf/laptop.conf
if HAVE_CUNIT
check_PROGRAMS += tests/keystore/check-keystore
TESTS += tests/keystore/check-keystore
tests_keystore_check_keystore_SOURCES = tests/support/test.h \
	tests/support/cunit_main.c tests/keystore/suites.h \
	tests/keystore/main.c tests/keystore/conf.c
tests_keystore_check_keystore_CPPFLAGS = $(TEST_CPPFLAGS)
tests_keystore_check_keystore_LDADD = libks.la libbase.la libpathsbuild.la \
	$(CUNIT_LIBS)
endif
