# libtd: all of the private child but its main(), so that tests can link it
noinst_LTLIBRARIES += libtd.la
libtd_la_SOURCES = daemon/td.h daemon/child.c daemon/evidence.c daemon/seal.c \
	daemon/serve.c daemon/simroot.c
