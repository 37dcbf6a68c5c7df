if HAVE_CUNIT
check_PROGRAMS += tests/daemon/check-daemon tests/daemon/liar
TESTS += tests/daemon/check-daemon
tests_daemon_check_daemon_SOURCES = tests/support/test.h \
	tests/support/cunit_main.c tests/daemon/suites.h tests/daemon/main.c \
	tests/daemon/rig.c tests/daemon/rig.h tests/daemon/child.c \
	tests/daemon/evidence.c tests/daemon/host.c tests/daemon/lies.c \
	tests/daemon/seal.c \
	tests/daemon/serve.c tests/daemon/simroot.c
tests_daemon_liar_SOURCES = tests/daemon/liar.c
tests_daemon_liar_LDADD = libbase.la
tests_daemon_check_daemon_CPPFLAGS = $(TEST_CPPFLAGS)
tests_daemon_check_daemon_LDADD = libtd.la libattestint.la libks.la \
	libbase2.la libbase.la libpathsbuild.la $(CUNIT_LIBS)
EXTRA_tests_daemon_check_daemon_DEPENDENCIES = tee-pkcs11-helper
endif
