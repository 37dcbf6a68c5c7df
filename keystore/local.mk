# libks: configuration, store, keys, the client of daemon/
noinst_LTLIBRARIES += libks.la
libks_la_SOURCES = keystore/ks.h keystore/ks_internal.h \
	keystore/client.c keystore/client_spawn.c \
	keystore/conf.c keystore/conf_check.c keystore/conf_path.c \
	keystore/conf_value.c keystore/conf_words.c \
	keystore/store.c keystore/store_cbor.c keystore/store_check.c \
	keystore/store_map.c \
	keystore/store_pool.c
