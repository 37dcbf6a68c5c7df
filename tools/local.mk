# The command.  libtools: everything but main's paths, so that the build-tree
# twin tee-pkcs11-test (never installed) differs in compiled-in paths alone.
noinst_LTLIBRARIES += libtools.la
libtools_la_SOURCES = tools/cmd.h tools/opt.c tools/io.c tools/tree.c \
	tools/json_tree.c tools/pin.c tools/uri.c tools/module.c \
	tools/init_conf.c tools/init_undo.c tools/cmd_init.c \
	tools/cmd_status.c tools/cmd_evidence.c tools/cmd_verify.c \
	tools/cmd_show.c tools/cmd_policy.c tools/cmd_version.c
libtools_la_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS)
