# libtp11: Cryptoki; the module is it, libks and libbase, and nothing else
noinst_LTLIBRARIES += libtp11.la
libtp11_la_SOURCES = pkcs11/p11v3.h pkcs11/functions.h pkcs11/tp11.h \
	pkcs11/attrs.c pkcs11/der.c pkcs11/entry.c pkcs11/evidence.c \
	pkcs11/find.c pkcs11/generate.c pkcs11/handle.c pkcs11/import.c \
	pkcs11/lock.c pkcs11/login.c pkcs11/mech.c pkcs11/module.c \
	pkcs11/object.c pkcs11/rv.c pkcs11/session.c pkcs11/sign.c \
	pkcs11/slot.c pkcs11/template.c pkcs11/token.c pkcs11/vendor.c \
	pkcs11/verify.c pkcs11/view.c
