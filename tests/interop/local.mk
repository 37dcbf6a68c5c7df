# Consumers: `make interop` runs them on the installed module (or on the one
# that TEE_MODULE names); they are no part of `make check`, which needs none of
# their programs.
EXTRA_PROGRAMS += tests/interop/p11-read tests/interop/p11-host
interop_consumers = tests/interop/p11-read tests/interop/p11-host
tests_interop_p11_read_SOURCES = tests/interop/p11-read.c tests/interop/p11.c \
	tests/interop/p11.h
tests_interop_p11_read_LDADD = -ldl $(CRYPTO_LIBS)
tests_interop_p11_host_SOURCES = tests/interop/p11-host.c tests/interop/p11.c \
	tests/interop/p11.h
tests_interop_p11_host_LDADD = -ldl -lpthread $(CRYPTO_LIBS)
CLEANFILES += $(interop_consumers)

.PHONY: interop
interop: $(interop_consumers)
	TEE_MODULE="$${TEE_MODULE:-$(DESTDIR)$(p11moduledir)/tee-pkcs11.so}" \
	TEE_TOOL="$${TEE_TOOL:-$(DESTDIR)$(bindir)/tee-pkcs11}" \
	TEE_INTEROP_BIN='$(abs_top_builddir)/tests/interop' \
	bash $(srcdir)/tests/interop/run.sh

EXTRA_DIST += tests/interop/run.sh tests/interop/lib.sh \
	tests/interop/evidence.sh tests/interop/stderr.allow \
	tests/interop/check_bundle.py tests/interop/ecdsa_der.py \
	tests/interop/consumer.py tests/interop/consumer.js \
	tests/interop/SignP256.java tests/interop/dlopen.sh \
	tests/interop/engine.sh tests/interop/gnutls-tls.sh \
	tests/interop/java.sh tests/interop/nginx.sh tests/interop/nss.sh \
	tests/interop/p11-kit-list.sh tests/interop/p11-kit-proxy.sh \
	tests/interop/p11-kit-rpc.sh tests/interop/p11tool.sh \
	tests/interop/pkcs11-tool.sh tests/interop/pkcs11js.sh \
	tests/interop/pykcs11.sh tests/interop/ssh.sh
