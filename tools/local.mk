# The command.  libtools: everything but main's paths, so that the build-tree
# twin tee-pkcs11-test (never installed) differs in compiled-in paths alone.
noinst_LTLIBRARIES += libtools.la
libtools_la_SOURCES = tools/cmd.h tools/opt.c tools/io.c tools/tree.c \
	tools/json_tree.c tools/pin.c tools/uri.c tools/module.c \
	tools/init_conf.c tools/init_undo.c tools/cmd_init.c \
	tools/cmd_status.c tools/cmd_evidence.c tools/cmd_verify.c \
	tools/cmd_show.c tools/cmd_policy.c tools/cmd_version.c
libtools_la_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS) $(CRYPTO_CFLAGS)

bin_PROGRAMS += tee-pkcs11
tee_pkcs11_SOURCES = tools/tee-pkcs11.c
tee_pkcs11_LDADD = $(TOOL_LIBS) libpaths.la
tee_pkcs11_LDFLAGS = $(AM_LDFLAGS) -pie
tee_pkcs11_CFLAGS = $(AM_CFLAGS) -fPIE
TOOL_LIBS = libtools.la libtee-attest.la libks.la libbase2.la libbase.la \
	$(P11KIT_LIBS) $(CJSON_LIBS) $(CRYPTO_LIBS) $(SODIUM_LIBS) -ldl

# Its twin for tests, with the paths of the build tree.
check_PROGRAMS += tee-pkcs11-test
tee_pkcs11_test_SOURCES = tools/tee-pkcs11.c
tee_pkcs11_test_LDADD = $(TOOL_LIBS) libpathsbuild.la

dist_bashcomp_DATA += tools/completion/tee-pkcs11
