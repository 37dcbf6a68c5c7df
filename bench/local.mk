# `make bench`: the budgets of the design, measured on the installed module (or
# on the one that TEE_MODULE names).  No part of `make check`.
bench_programs = bench/measure bench/count bench/start-token \
	bench/start-openssl bench/start-sodium
EXTRA_PROGRAMS += $(bench_programs)
bench_measure_SOURCES = bench/bench.h bench/signer.h bench/measure.c \
	bench/objects.c bench/p11.c bench/race.c bench/session.c bench/sign.c \
	bench/signer.c bench/start.c bench/threads.c bench/util.c
bench_measure_LDADD = libtee-attest.la $(CRYPTO_LIBS) $(SODIUM_LIBS) \
	-lpthread -ldl
# no wrapper script between the clock and the program
bench_measure_LDFLAGS = $(AM_LDFLAGS) -no-install
bench_count_SOURCES = bench/bench.h bench/count.c bench/p11.c bench/util.c
bench_count_LDADD = -ldl
bench_start_token_SOURCES = bench/bench.h bench/start_token.c bench/p11.c \
	bench/util.c
bench_start_token_LDADD = -ldl
bench_start_openssl_SOURCES = bench/bench.h bench/start_openssl.c bench/util.c
bench_start_openssl_LDADD = $(CRYPTO_LIBS)
bench_start_sodium_SOURCES = bench/bench.h bench/start_sodium.c bench/util.c
bench_start_sodium_LDADD = $(SODIUM_LIBS)
CLEANFILES += $(bench_programs)

.PHONY: bench
bench: $(bench_programs)
	@TEE_MODULE="$${TEE_MODULE:-$(DESTDIR)$(p11moduledir)/tee-pkcs11.so}" \
	TEE_TOOL="$${TEE_TOOL:-$(DESTDIR)$(bindir)/tee-pkcs11}" \
	TEE_BENCH='$(abs_top_builddir)/bench' \
	bash $(srcdir)/bench/run.sh

EXTRA_DIST += bench/run.sh bench/table.awk bench/budgets
