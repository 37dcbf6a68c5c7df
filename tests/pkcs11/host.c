#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/pkcs11/calls.h"
#include "tests/pkcs11/suites.h"

/*
 * How a host may leave: each in a child that ends by exit, with its handlers.
 * The module is the loaded one.
 */

static const struct list *l;

static bool
sign(void)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE t = { CKA_CLASS, &class, sizeof(class) };
    CK_MECHANISM m = { CKM_EDDSA, NULL, 0 };
    CK_BYTE in[3] = { 1 }, sig[64];
    CK_ULONG n = 0, len = sizeof(sig);
    CK_SESSION_HANDLE s;
    CK_OBJECT_HANDLE o;

    return l->C_OpenSession(HOUSE_PLAIN, CKF_SERIAL_SESSION, NULL, NULL, &s) ==
               CKR_OK &&
           l->C_FindObjectsInit(s, &t, 1) == CKR_OK &&
           l->C_FindObjects(s, &o, 1, &n) == CKR_OK && n == 1 &&
           l->C_SignInit(s, &m, o) == CKR_OK &&
           l->C_Sign(s, in, sizeof(in), sig, &len) == CKR_OK;
}

static void
finalize_at_exit(void)
{
    if (l->C_Finalize(NULL) != CKR_OK)
        _exit(9);
}

static int
leave_without_finalize(void)
{
    return house_initialize() == CKR_OK && sign() ? 0 : 1;
}

static int
leave_with_finalize(void)
{
    return house_initialize() == CKR_OK && sign() &&
                   l->C_Finalize(NULL) == CKR_OK
               ? 0
               : 1;
}

static int
finalize_in_a_handler(void)
{
    return house_initialize() == CKR_OK && sign() &&
                   atexit(finalize_at_exit) == 0
               ? 0
               : 1;
}

/* Registered before the module did anything, so run after whatever it might
 * have registered itself. */
static int
finalize_in_an_early_handler(void)
{
    return atexit(finalize_at_exit) == 0 && house_initialize() == CKR_OK &&
                   sign()
               ? 0
               : 1;
}

/* nodelete: dlclose leaves everything where it is. */
static int
close_and_load_again(void)
{
    const char *build = secure_getenv("builddir");
    char path[600];
    unsigned i;
    void *lib;

    snprintf(path, sizeof(path), "%s/.libs/tee-pkcs11-test.so",
             build != NULL ? build : ".");
    for (i = 0; i < 100; i++) {
        lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (lib == NULL || house_initialize() != CKR_OK ||
            (i % 20 == 0 && !sign()) || l->C_Finalize(NULL) != CKR_OK ||
            dlclose(lib) != 0)
            return 1;
    }
    return 0;
}

static int
close_while_initialised(void)
{
    const char *build = secure_getenv("builddir");
    char path[600];
    void *lib;

    snprintf(path, sizeof(path), "%s/.libs/tee-pkcs11-test.so",
             build != NULL ? build : ".");
    lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (lib == NULL || house_initialize() != CKR_OK || !sign())
        return 1;
    return dlclose(lib) == 0 && sign() ? 0 : 2;
}

static void
ends_well(int (*f)(void))
{
    int status = -1;
    pid_t pid;

    l = house_list();
    CU_ASSERT_TRUE_FATAL(house_restore());
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        alarm(60);
        exit(f());
    }
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_EQUAL(status, 0);
}

#define ENDS_WELL(f)                                                           \
    static void test_##f(void)                                                 \
    {                                                                          \
        ends_well(f);                                                          \
    }
ENDS_WELL(leave_without_finalize)
ENDS_WELL(leave_with_finalize)
ENDS_WELL(finalize_in_a_handler)
ENDS_WELL(finalize_in_an_early_handler)
ENDS_WELL(close_and_load_again)
ENDS_WELL(close_while_initialised)

static const struct test tests[] = {
    { "a host may exit without C_Finalize", test_leave_without_finalize },
    { "a host may exit after C_Finalize", test_leave_with_finalize },
    { "a host may finalise in an exit handler", test_finalize_in_a_handler },
    { "a host may finalise in an early exit handler",
      test_finalize_in_an_early_handler },
    { "a host may close and load again", test_close_and_load_again },
    { "a host may close while initialised", test_close_while_initialised },
    { NULL, NULL },
};
const struct suite host_suite = { "host", tests };
