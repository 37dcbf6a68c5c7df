AM_TESTS_ENVIRONMENT = OPENSSL_CONF=/dev/null LC_ALL=C TZ=UTC0 \
	srcdir='$(abs_top_srcdir)' builddir='$(abs_top_builddir)' \
	TEE_CC='$(CC)' \
	TEE_CHECK_CPPFLAGS='$(P11KIT_CFLAGS) $(SODIUM_CFLAGS) $(CJSON_CFLAGS)' \
	TEE_VECTORS="$${TEE_VECTORS:-$(abs_top_srcdir)/../shared/vectors}"; \
	export OPENSSL_CONF LC_ALL TZ srcdir builddir TEE_VECTORS TEE_CC \
	TEE_CHECK_CPPFLAGS;
# Scripts are run by bash, whatever runs the programs (LOG_COMPILER).
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = bash
TEST_CPPFLAGS = $(AM_CPPFLAGS) $(CUNIT_CFLAGS)
# Allocation failure, see tests/support/alloc.h.
alloc_files = tests/support/alloc.c tests/support/alloc.h
alloc_wrap = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc \
	-Wl,--wrap=reallocarray,--wrap=strdup,--wrap=strndup \
	-Wl,--wrap=mmap,--wrap=mlock

# One CUnit program per folder: tests/support/cunit_main.c runs `suites[]`.
include tests/base/local.mk
include tests/attest/local.mk
include tests/keystore/local.mk
include tests/crash/local.mk
include tests/keystore/plugin.mk
include tests/pkcs11/local.mk
include tests/hosts/local.mk
include tests/daemon/local.mk
include tests/tools/local.mk
include tests/scripts/local.mk
include tests/interop/local.mk
include tests/fuzz/local.mk
include tests/stress/local.mk
