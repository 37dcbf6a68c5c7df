# libbase: libsodium and libc only; libbase2: cJSON and libcrypto, own processes
noinst_LTLIBRARIES += libbase.la libbase2.la libpaths.la libpathsbuild.la
libbase_la_SOURCES = base/tee.h base/err.c base/log.c base/clock.c \
	base/buildid.c base/bytes.c base/buf.c base/secret.c base/kdf.c \
	base/enc.c base/der.c base/file.c base/ini.c base/cbor.c base/frame.c \
	base/proof.c
libbase_la_LIBADD = $(SODIUM_LIBS)
libbase2_la_SOURCES = base/tee.h base/json.c
libbase2_la_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS) $(CRYPTO_CFLAGS)
libbase2_la_LIBADD = $(CJSON_LIBS) $(CRYPTO_LIBS)
libpaths_la_SOURCES = base/paths.h base/paths_installed.c
libpaths_la_CPPFLAGS = $(AM_CPPFLAGS) -DTEE_PKGLIBDIR='"$(pkglibdir)"' \
	-DTEE_LIBEXECDIR='"$(libexecdir)"' -DTEE_MODULEDIR='"$(p11moduledir)"'
libpathsbuild_la_SOURCES = base/paths.h base/paths_build.c
libpathsbuild_la_CPPFLAGS = $(AM_CPPFLAGS) \
	-DTEE_BUILDDIR='"$(abs_top_builddir)"'
