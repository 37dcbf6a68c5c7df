teeinclude_HEADERS += include/tee-pkcs11/tee-pkcs11.h
# libtp11: Cryptoki; the module is it, libks and libbase, and nothing else
noinst_LTLIBRARIES += libtp11.la
libtp11_la_SOURCES = pkcs11/p11v3.h pkcs11/functions.h pkcs11/tp11.h \
	pkcs11/attrs.c pkcs11/der.c pkcs11/entry.c pkcs11/evidence.c \
	pkcs11/find.c pkcs11/generate.c pkcs11/handle.c pkcs11/import.c \
	pkcs11/lock.c pkcs11/login.c pkcs11/mech.c pkcs11/module.c \
	pkcs11/object.c pkcs11/rv.c pkcs11/session.c pkcs11/sign.c \
	pkcs11/slot.c pkcs11/template.c pkcs11/token.c pkcs11/vendor.c \
	pkcs11/verify.c pkcs11/view.c

# nodelete: another thread may still be inside at dlclose
MODULE_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-Wl,-z,nodelete $(TEE_ZDEFS) \
	-Wl,--version-script=$(srcdir)/pkcs11/tee-pkcs11.map
MODULE_LIBS = libtp11.la libks.la libbase.la $(SODIUM_LIBS)
p11module_LTLIBRARIES += tee-pkcs11.la
tee_pkcs11_la_SOURCES =
tee_pkcs11_la_LIBADD = $(MODULE_LIBS) libpaths.la
tee_pkcs11_la_LDFLAGS = $(MODULE_LDFLAGS)
EXTRA_tee_pkcs11_la_DEPENDENCIES = pkcs11/tee-pkcs11.map

# The same over the build tree's plug-in and helper; never installed (-rpath
# makes libtool build a shared object all the same).
check_LTLIBRARIES += tee-pkcs11-test.la
tee_pkcs11_test_la_SOURCES =
tee_pkcs11_test_la_LIBADD = $(MODULE_LIBS) libpathsbuild.la
tee_pkcs11_test_la_LDFLAGS = $(MODULE_LDFLAGS) -rpath /nonexistent
EXTRA_tee_pkcs11_test_la_DEPENDENCIES = pkcs11/tee-pkcs11.map

p11config_DATA += pkcs11/tee-pkcs11.module
EXTRA_DIST += pkcs11/tee-pkcs11.map pkcs11/tee-pkcs11.module
