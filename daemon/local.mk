# libtd: all of the private child but its main(), so that tests can link it
noinst_LTLIBRARIES += libtd.la
libtd_la_SOURCES = daemon/td.h daemon/child.c daemon/evidence.c daemon/seal.c \
	daemon/serve.c daemon/simroot.c
libexec_PROGRAMS += tee-pkcs11-helper
tee_pkcs11_helper_SOURCES = daemon/main.c
tee_pkcs11_helper_LDADD = libtd.la libattestint.la libks.la libbase2.la \
	libbase.la libpaths.la
