# `make fuzzers` builds every target: with libFuzzer when configured with
# --enable-fuzz (CC=clang), else with standalone.c, which replays files.
# `make check` replays tests/fuzz/corpus/NAME through every fuzz_NAME.
#
# To add one: write tests/fuzz/fuzz_NAME.c, put small seeds in
# tests/fuzz/corpus/NAME/, a line "NAME EXECUTIONS EDGES" in tests/fuzz/floors
# (measured by tests/scripts/lanes/fuzz.sh), and two lines at the end of this
# file.  A target with a planted bug, which must be found, is the same file
# compiled as canary_NAME.
fuzzers =
check_LTLIBRARIES += tests/fuzz/libfuzz.la
tests_fuzz_libfuzz_la_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz.c
if !FUZZ
tests_fuzz_libfuzz_la_SOURCES += tests/fuzz/standalone.c
endif
FUZZ_LIBS = tests/fuzz/libfuzz.la $(TEE_FUZZ_ENGINE)

.PHONY: fuzzers
fuzzers: $(fuzzers)
check_PROGRAMS += $(fuzzers)
TESTS += tests/fuzz/replay.sh
EXTRA_DIST += tests/fuzz/replay.sh tests/fuzz/floors tests/fuzz/corpus

fuzzers += tests/fuzz/fuzz_cbor
tests_fuzz_fuzz_cbor_LDADD = libbase.la $(FUZZ_LIBS)

# Found by the invariant that its real twin states, when it works.
fuzzers += tests/fuzz/fuzz_ini tests/fuzz/canary_ini
tests_fuzz_fuzz_ini_LDADD = libbase.la $(FUZZ_LIBS)
tests_fuzz_canary_ini_SOURCES = tests/fuzz/fuzz_ini.c
tests_fuzz_canary_ini_CPPFLAGS = $(AM_CPPFLAGS) -DTEE_CANARY
tests_fuzz_canary_ini_LDADD = libbase.la $(FUZZ_LIBS)

fuzzers += tests/fuzz/fuzz_frame_module
tests_fuzz_fuzz_frame_module_SOURCES = tests/fuzz/fuzz_frame_module.c \
	tests/fuzz/peer.c tests/fuzz/peer.h
tests_fuzz_fuzz_frame_module_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=ks_child_start,--wrap=ks_child_stop,--wrap=tee_frame_send
tests_fuzz_fuzz_frame_module_LDADD = libks.la libbase.la libpathsbuild.la \
	$(FUZZ_LIBS) -ldl -lpthread

fuzzers += tests/fuzz/fuzz_frame_helper
tests_fuzz_fuzz_frame_helper_SOURCES = tests/fuzz/fuzz_frame_helper.c \
	tests/fuzz/peer.c tests/fuzz/peer.h
tests_fuzz_fuzz_frame_helper_LDADD = libtd.la libks.la libattestint.la \
	libbase2.la libbase.la libpathsbuild.la $(FUZZ_LIBS) -ldl -lpthread

fuzzers += tests/fuzz/fuzz_json
tests_fuzz_fuzz_json_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS)
tests_fuzz_fuzz_json_LDADD = libbase2.la libbase.la $(FUZZ_LIBS)

fuzz_attest_libs = libattestjudge.la libattestint.la libbase2.la libbase.la \
	$(FUZZ_LIBS)
fuzzers += tests/fuzz/fuzz_bundle
tests_fuzz_fuzz_bundle_SOURCES = tests/fuzz/fuzz_bundle.c attest/api.c
tests_fuzz_fuzz_bundle_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS)
tests_fuzz_fuzz_bundle_LDADD = $(fuzz_attest_libs)

fuzzers += tests/fuzz/fuzz_policy
tests_fuzz_fuzz_policy_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS)
tests_fuzz_fuzz_policy_LDADD = $(fuzz_attest_libs)

fuzzers += tests/fuzz/fuzz_store
tests_fuzz_fuzz_store_LDADD = libks.la libbase.la libpathsbuild.la \
	$(FUZZ_LIBS)

fuzzers += tests/fuzz/fuzz_calls
tests_fuzz_fuzz_calls_CPPFLAGS = $(AM_CPPFLAGS) \
	-DTEE_ROWS='"$(abs_top_srcdir)/tests/data/pkcs11/rows.txt"'
tests_fuzz_fuzz_calls_LDADD = tests/pkcs11/libcalls.la $(FUZZ_LIBS) -ldl
