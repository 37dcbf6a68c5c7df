EXTRA_DIST += tests/data/pkcs11/rows.txt
# Calls as data: for the rows, and for the fuzzer of call sequences.
check_LTLIBRARIES += tests/pkcs11/libcalls.la
tests_pkcs11_libcalls_la_SOURCES = tests/pkcs11/calls.h tests/pkcs11/answers.c \
	tests/pkcs11/calls.c \
	tests/pkcs11/house.c tests/pkcs11/model.c tests/pkcs11/names.c \
	tests/pkcs11/rows.c tests/pkcs11/words.c
tests_pkcs11_libcalls_la_LIBADD = libtp11.la libks.la libbase.la \
	libpathsbuild.la $(SODIUM_LIBS)
if HAVE_CUNIT
check_PROGRAMS += tests/pkcs11/check-pkcs11
TESTS += tests/pkcs11/check-pkcs11
tests_pkcs11_check_pkcs11_SOURCES = tests/support/test.h \
	tests/support/cunit_main.c tests/pkcs11/suites.h \
	tests/pkcs11/main.c tests/pkcs11/der.c tests/pkcs11/handle.c \
	tests/pkcs11/host.c tests/pkcs11/limits.c tests/pkcs11/lock.c \
	tests/pkcs11/login.c \
	tests/pkcs11/mech.c tests/pkcs11/rows_suite.c tests/pkcs11/rv.c \
	tests/pkcs11/snapshot.c tests/pkcs11/template.c tests/pkcs11/threads.c
tests_pkcs11_check_pkcs11_CPPFLAGS = $(TEST_CPPFLAGS)
EXTRA_tests_pkcs11_check_pkcs11_DEPENDENCIES = tee-pkcs11-test.la \
	tee-pkcs11-helper tee-pkcs11-ossl.la
tests_pkcs11_check_pkcs11_LDADD = tests/pkcs11/libcalls.la $(CUNIT_LIBS) -ldl
endif
