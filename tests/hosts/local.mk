# Hosts that get in the way.  Sanitizer builds load the plug-in without
# RTLD_DEEPBIND, which is what these tests are about: there they are skipped.
if !SANITIZER
hosts_programs = tests/hosts/host-bare tests/hosts/host-hash \
	tests/hosts/host-aead \
	tests/hosts/host-libcrypto tests/hosts/host-ossl \
	tests/hosts/host-sign tests/hosts/judge
check_PROGRAMS += $(hosts_programs)
hosts_scenario = tests/hosts/scenario.c tests/hosts/scenario.h
tests_hosts_host_bare_SOURCES = tests/hosts/host.c $(hosts_scenario)
tests_hosts_host_ossl_SOURCES = tests/hosts/host.c \
	tests/hosts/poison_ossl.c $(hosts_scenario)
tests_hosts_host_ossl_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
tests_hosts_host_sign_SOURCES = tests/hosts/host.c \
	tests/hosts/poison_sodium.c $(hosts_scenario)
tests_hosts_host_sign_CPPFLAGS = $(AM_CPPFLAGS) -DPOISON_SIGN
tests_hosts_host_sign_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
tests_hosts_host_hash_SOURCES = tests/hosts/host.c \
	tests/hosts/poison_sodium.c $(hosts_scenario)
tests_hosts_host_hash_CPPFLAGS = $(AM_CPPFLAGS) -DPOISON_HASH
tests_hosts_host_hash_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
tests_hosts_host_aead_SOURCES = tests/hosts/host.c \
	tests/hosts/poison_sodium.c $(hosts_scenario)
tests_hosts_host_aead_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
tests_hosts_host_libcrypto_SOURCES = tests/hosts/host_libcrypto.c \
	$(hosts_scenario)
tests_hosts_host_libcrypto_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
tests_hosts_host_libcrypto_LDADD = $(CRYPTO_LIBS)
tests_hosts_judge_SOURCES = tests/hosts/judge.c
tests_hosts_judge_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
tests_hosts_judge_LDADD = $(CRYPTO_LIBS)

hosts_modules = tests/hosts/addon.la tests/hosts/canary.la \
	tests/hosts/plain.la
check_LTLIBRARIES += $(hosts_modules)
hosts_ldflags = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
tests_hosts_addon_la_SOURCES = tests/hosts/addon.c $(hosts_scenario)
tests_hosts_addon_la_CPPFLAGS = $(AM_CPPFLAGS)
tests_hosts_addon_la_LDFLAGS = $(hosts_ldflags)
tests_hosts_canary_la_SOURCES = tests/hosts/canary_engine.c
tests_hosts_canary_la_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
tests_hosts_canary_la_CFLAGS = $(AM_CFLAGS) -fvisibility=default \
	-Wno-missing-prototypes
tests_hosts_canary_la_LIBADD = $(CRYPTO_LIBS)
tests_hosts_canary_la_LDFLAGS = $(hosts_ldflags)
# The module with the plug-in inside, linked to libcrypto: the control.
tests_hosts_plain_la_SOURCES = tests/hosts/plain.c
tests_hosts_plain_la_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
tests_hosts_plain_la_LIBADD = libtp11.la libks.la libossl.la libbase.la \
	libpathsbuild.la $(SODIUM_LIBS) $(CRYPTO_LIBS)
tests_hosts_plain_la_LDFLAGS = $(MODULE_LDFLAGS) -rpath /nowhere \
	-Wl,--wrap=ks_plugin,--wrap=OSSL_LIB_CTX_new
endif
hosts_tests = tests/hosts/engine.sh tests/hosts/names.sh \
	tests/hosts/node.sh tests/hosts/poisoned.sh
TESTS += $(hosts_tests)
EXTRA_DIST += $(hosts_tests) tests/hosts/lib.sh
