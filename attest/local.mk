# libattestint: what daemon/ links to collect and to write bundles; it needs
# libbase2 and libbase only.
noinst_LTLIBRARIES += libattestint.la
libattestint_la_SOURCES = attest/att.h attest/att_internal.h attest/key.c \
	attest/member.c attest/statement.c attest/binding.c attest/evidence.c \
	attest/sim.c attest/collect.c attest/collect_sim.c
libattestint_la_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS)

# libattestjudge: what judges; needs libcrypto, and no program but
# libtee-attest and the tests links it.
noinst_LTLIBRARIES += libattestjudge.la
libattestjudge_la_SOURCES = attest/att.h attest/att_internal.h attest/sig.c \
	attest/claims.c attest/policy.c attest/result.c attest/verify.c \
	attest/show.c
libattestjudge_la_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS) $(CRYPTO_CFLAGS)

# The public library: no promise of stability yet, hence 0:0:0.
lib_LTLIBRARIES += libtee-attest.la
libtee_attest_la_SOURCES = attest/api.c
libtee_attest_la_LIBADD = libattestjudge.la libattestint.la libbase2.la \
	libbase.la $(CRYPTO_LIBS) $(CJSON_LIBS) $(SODIUM_LIBS)
libtee_attest_la_LDFLAGS = $(AM_LDFLAGS) $(TEE_ZDEFS) -version-info 0:0:0 \
	-Wl,--version-script=$(srcdir)/attest/libtee-attest.map
EXTRA_libtee_attest_la_DEPENDENCIES = attest/libtee-attest.map
EXTRA_DIST += attest/libtee-attest.map
teeinclude_HEADERS += include/tee-pkcs11/attest.h
