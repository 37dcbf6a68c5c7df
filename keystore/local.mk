# libks: configuration, store, keys, the client of daemon/
noinst_LTLIBRARIES += libks.la
libks_la_SOURCES = keystore/ks.h keystore/ks_internal.h \
	keystore/client.c keystore/client_spawn.c \
	keystore/conf.c keystore/conf_check.c keystore/conf_path.c \
	keystore/conf_value.c keystore/conf_words.c \
	keystore/evidence.c keystore/init.c keystore/key.c keystore/keystore.c \
	keystore/kinfo.c keystore/ks_local.c keystore/ks_skr.c \
	keystore/ks_tee.c keystore/object.c keystore/op.c keystore/op_ed.c \
	keystore/op_plugin.c keystore/pin.c keystore/plugin.c \
	keystore/status.c keystore/tk.c \
	keystore/store.c keystore/store_cbor.c keystore/store_check.c \
	keystore/store_map.c \
	keystore/store_pool.c
