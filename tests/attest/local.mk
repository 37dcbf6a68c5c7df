if HAVE_CUNIT
check_PROGRAMS += tests/attest/check-attest
TESTS += tests/attest/check-attest
# attest/api.c again: the library hides what the suites look at.
tests_attest_check_attest_SOURCES = tests/support/test.h \
	tests/support/cunit_main.c tests/attest/suites.h tests/attest/kit.h \
	tests/attest/keys.h tests/attest/main.c tests/attest/kit.c \
	tests/attest/json.c tests/attest/key.c tests/attest/binding.c \
	tests/attest/proof.c tests/attest/statement.c tests/attest/evidence.c \
	tests/attest/sim.c tests/attest/collect.c tests/attest/sig.c \
	tests/attest/policy.c tests/attest/verify.c tests/attest/attacks.c \
	tests/attest/vectors.c tests/attest/show.c tests/attest/api.c \
	tests/attest/nomem.c $(alloc_files) attest/api.c
tests_attest_check_attest_CPPFLAGS = $(TEST_CPPFLAGS) $(CJSON_CFLAGS) \
	$(CRYPTO_CFLAGS)
tests_attest_check_attest_LDADD = libattestjudge.la libattestint.la \
	libbase2.la libbase.la $(CRYPTO_LIBS) $(CJSON_LIBS) $(SODIUM_LIBS) \
	$(CUNIT_LIBS)
tests_attest_check_attest_LDFLAGS = $(AM_LDFLAGS) $(alloc_wrap)
endif
