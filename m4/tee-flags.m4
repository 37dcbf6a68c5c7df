# TEE_FLAGS: warning and hardening flags into AM_CFLAGS, AM_CPPFLAGS, AM_LDFLAGS
# ---------------------------------------------------------------------------
AC_DEFUN([TEE_TRY_FLAG],
[AS_VAR_PUSHDEF([cv], [tee_cv_flag_$2])
AC_CACHE_CHECK([whether $CC takes $2], [cv],
  [tee_save_CFLAGS=$CFLAGS
   CFLAGS="$CFLAGS -Werror $2"
   AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
     [AS_VAR_SET([cv], [yes])], [AS_VAR_SET([cv], [no])])
   CFLAGS=$tee_save_CFLAGS])
AS_VAR_IF([cv], [yes], [$1="$$1 $2"])
AS_VAR_POPDEF([cv])])

AC_DEFUN([TEE_FLAGS],
[tee_warn=
for f in -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
    -Wcast-qual -Wformat=2 -Wmissing-prototypes -Wstrict-prototypes \
    -Wold-style-definition -Wpointer-arith -Wwrite-strings -Wundef -Wvla \
    -Wswitch-enum -Wnull-dereference -Wimplicit-fallthrough \
    -Wframe-larger-than=4096 -Wlogical-op -Wduplicated-cond \
    -Wduplicated-branches -Wcast-align=strict; do
  TEE_TRY_FLAG([tee_warn], [$f])
done
AS_IF([test "x$enable_werror" = xyes], [tee_warn="$tee_warn -Werror"])
tee_hard=
for f in -fstack-protector-strong -fstack-clash-protection \
    -fcf-protection=full -fno-delete-null-pointer-checks \
    -fno-strict-overflow -ftrivial-auto-var-init=zero \
    -fzero-call-used-regs=used-gpr; do
  TEE_TRY_FLAG([tee_hard], [$f])
done
tee_cpp=
tee_ld="-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--build-id=sha1"
tee_defs="-Wl,-z,defs"
dnl What a module of 200 kB can do without: functions that only the programs
dnl use, wide relocations, and tables for unwinding, which C without exceptions
dnl needs for backtraces alone (-g has its own; no call of the module can be
dnl cancelled).
AS_IF([test "x$with_sanitizer" = xno],
  [for f in -ffunction-sections -fdata-sections -fno-unwind-tables \
       -fno-asynchronous-unwind-tables; do
     TEE_TRY_FLAG([tee_hard], [$f])
   done
   tee_ld="$tee_ld -Wl,--gc-sections -Wl,-z,pack-relative-relocs"])
AS_IF([test "x$with_sanitizer" = xno],
  [AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
#if defined(__clang__) && __clang_major__ < 15
#error clang knows level 2
#endif
]], [])], [tee_cpp="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3"],
  [tee_cpp="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])],
  [dnl red zones make frames larger than what the code asks for
   tee_hard="$tee_hard -fno-omit-frame-pointer -fsanitize=$with_sanitizer -fno-sanitize-recover=all -Wno-frame-larger-than"
   tee_ld="$tee_ld -fsanitize=$with_sanitizer"
   tee_defs=
   AC_DEFINE([TEE_SANITIZER], [1], [built with a sanitizer])])
AS_IF([test "x$enable_coverage" = xyes],
  [tee_hard="$tee_hard --coverage -fprofile-update=atomic"
   tee_ld="$tee_ld --coverage"])
tee_engine=
AS_IF([test "x$enable_fuzz" = xyes], [tee_engine="-fsanitize=fuzzer"])
AC_SUBST([TEE_FUZZ_ENGINE], ["$tee_engine"])
AC_SUBST([TEE_CFLAGS], ["-std=gnu11 $tee_warn $tee_hard -fvisibility=hidden"])
AC_SUBST([TEE_CPPFLAGS], ["-D_GNU_SOURCE $tee_cpp"])
AC_SUBST([TEE_LDFLAGS], ["$tee_ld"])
AC_SUBST([TEE_ZDEFS], ["$tee_defs"])
AM_CONDITIONAL([SANITIZER], [test "x$with_sanitizer" != xno])
AM_CONDITIONAL([FUZZ], [test "x$enable_fuzz" = xyes])
AC_CONFIG_HEADERS([config.h])])
