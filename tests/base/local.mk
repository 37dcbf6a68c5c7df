if HAVE_CUNIT
check_PROGRAMS += tests/base/check-base
TESTS += tests/base/check-base
tests_base_check_base_SOURCES = tests/support/test.h \
	tests/support/cunit_main.c $(alloc_files) tests/base/suites.h \
	tests/base/main.c tests/base/buf.c tests/base/buildid.c \
	tests/base/bytes.c tests/base/cbor.c tests/base/clock.c \
	tests/base/der.c tests/base/enc.c tests/base/err.c tests/base/file.c \
	tests/base/file_kit.c tests/base/file_kit.h \
	tests/base/file_replace.c tests/base/frame.c \
	tests/base/frame_io.c tests/base/frame_kit.c \
	tests/base/frame_kit.h tests/base/ini.c tests/base/kdf.c \
	tests/base/log.c tests/base/proof.c tests/base/secret.c
tests_base_check_base_CPPFLAGS = $(TEST_CPPFLAGS)
tests_base_check_base_LDADD = libbase.la $(CUNIT_LIBS) -ldl -lpthread
tests_base_check_base_LDFLAGS = $(AM_LDFLAGS) $(alloc_wrap) \
	-Wl,--wrap=sendto,--wrap=munmap

# base/ as a shared object has it, with a build id of its own and with none
check_LTLIBRARIES += tests/base/buildid-object.la tests/base/buildid-none.la
buildid_object_link = $(AM_LDFLAGS) -module -avoid-version -shared \
	-rpath $(abs_builddir)/tests/base
tests_base_buildid_object_la_SOURCES = tests/base/buildid_object.c
tests_base_buildid_object_la_LIBADD = libbase.la
tests_base_buildid_object_la_LDFLAGS = $(buildid_object_link)
tests_base_buildid_none_la_SOURCES = tests/base/buildid_object.c
tests_base_buildid_none_la_LIBADD = libbase.la
tests_base_buildid_none_la_LDFLAGS = $(buildid_object_link) \
	-Wl,--build-id=none
endif
