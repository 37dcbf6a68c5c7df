# Prints what tee-pkcs11.conf(5) must say; see tests/scripts/check-man.sh.
check_PROGRAMS += tests/tools/conf-keys
tests_tools_conf_keys_SOURCES = tests/tools/conf-keys.c
tests_tools_conf_keys_LDADD = libks.la libbase.la libpathsbuild.la

if HAVE_CUNIT
check_PROGRAMS += tests/tools/check-tools
TESTS += tests/tools/check-tools
tests_tools_check_tools_SOURCES = tests/support/test.h \
	tests/support/cunit_main.c tests/tools/suites.h tests/tools/main.c \
	tests/tools/opt.c tests/tools/io.c tests/tools/tree.c \
	tests/tools/pin.c tests/tools/uri.c tests/tools/init.c \
	tests/tools/verify.c
tests_tools_check_tools_CPPFLAGS = $(TEST_CPPFLAGS) $(CJSON_CFLAGS)
tests_tools_check_tools_LDADD = $(TOOL_LIBS) libpathsbuild.la $(CUNIT_LIBS)
endif

# Scripts that run the real command, the module and the helper of this tree.
check_PROGRAMS += tests/tools/json-get tests/tools/pty
tests_tools_json_get_SOURCES = tests/tools/json-get.c
tests_tools_json_get_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS)
tests_tools_json_get_LDADD = $(TOOL_LIBS) libpathsbuild.la
tests_tools_pty_SOURCES = tests/tools/pty.c
tests_tools_pty_LDADD = -lutil
tools_scripts = tests/tools/test-options.sh tests/tools/test-init.sh \
	tests/tools/test-status.sh tests/tools/test-evidence.sh \
	tests/tools/test-verify.sh
TESTS += $(tools_scripts)
EXTRA_DIST += tests/tools/lib.sh $(tools_scripts)
