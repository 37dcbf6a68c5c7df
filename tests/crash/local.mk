# kill -9 and failing calls at each system call that the store makes
if HAVE_CUNIT
check_PROGRAMS += tests/crash/check-crash
TESTS += tests/crash/check-crash
tests_crash_check_crash_SOURCES = tests/support/test.h \
	tests/support/cunit_main.c \
	tests/keystore/fixture.c tests/keystore/fixture.h \
	tests/crash/crash.c tests/crash/crash.h tests/crash/ops.c \
	tests/crash/trace.c tests/crash/trace.h
tests_crash_check_crash_CPPFLAGS = $(TEST_CPPFLAGS)
tests_crash_check_crash_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=crypto_pwhash_scryptsalsa208sha256_ll
tests_crash_check_crash_LDADD = libks.la libbase.la libpathsbuild.la \
	$(CUNIT_LIBS)
endif
