# Threads against the built module: tests/scripts/lanes/tsan.sh runs it under
# ThreadSanitizer, `make stress` a few seconds in any build.
EXTRA_PROGRAMS += tests/stress/stress
tests_stress_stress_SOURCES = tests/stress/stress.h tests/stress/judge.c \
	tests/stress/operations.c tests/stress/sign.c tests/stress/stress.c
tests_stress_stress_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
tests_stress_stress_LDADD = $(SODIUM_LIBS) $(CRYPTO_LIBS) -ldl -lpthread
CLEANFILES += tests/stress/stress

.PHONY: stress
stress: tests/stress/stress tee-pkcs11-test.la tee-pkcs11-helper \
	tee-pkcs11-ossl.la
	tests/stress/stress .libs/tee-pkcs11-test.so "$${STRESS_SECONDS:-5}"
