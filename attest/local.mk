# libattestint: what daemon/ links to collect and to write bundles; it needs
# libbase2 and libbase only.
noinst_LTLIBRARIES += libattestint.la
libattestint_la_SOURCES = attest/att.h attest/att_internal.h attest/key.c \
	attest/member.c attest/statement.c attest/binding.c attest/evidence.c \
	attest/sim.c attest/collect.c attest/collect_sim.c
libattestint_la_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS)
