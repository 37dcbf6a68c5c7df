#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkcs11/tp11.h"
#include "tests/pkcs11/calls.h"
#include "tests/pkcs11/suites.h"

static const struct list *l;
static CK_SESSION_HANDLE s;

static void
start(void)
{
    l = linked_module();
    CU_ASSERT_TRUE_FATAL(house_restore());
    CU_ASSERT_EQUAL_FATAL(house_initialize_with(l), CKR_OK);
    CU_ASSERT_EQUAL_FATAL(
        l->C_OpenSession(HOUSE_PLAIN, CKF_SERIAL_SESSION, NULL, NULL, &s),
        CKR_OK);
}

static void
end(void)
{
    CU_ASSERT_EQUAL(l->C_Finalize(NULL), CKR_OK);
}

static CK_RV
make_note(unsigned i)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_OBJECT_HANDLE o;
    char label[16];
    CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) },
                         { CKA_LABEL, label, 0 } };

    t[1].ulValueLen = (CK_ULONG)snprintf(label, sizeof(label), "note %u", i);
    return l->C_CreateObject(s, t, 2, &o);
}

static CK_ULONG
count(const char *label)
{
    CK_ATTRIBUTE t = { CKA_LABEL, (void *)(uintptr_t)label, strlen(label) };
    CK_OBJECT_HANDLE o[64];
    CK_ULONG n = 0, all = 0;

    CU_ASSERT_EQUAL(l->C_FindObjectsInit(s, &t, label[0] != '\0' ? 1 : 0),
                    CKR_OK);
    do {
        CU_ASSERT_EQUAL_FATAL(l->C_FindObjects(s, o, 64, &n), CKR_OK);
        all += n;
    } while (n > 0);
    CU_ASSERT_EQUAL(l->C_FindObjectsFinal(s), CKR_OK);
    return all;
}

static void
test_a_thousand_session_objects_and_no_more(void)
{
    CK_ULONG before;
    unsigned i;

    start();
    before = count("");
    for (i = 0; i < KS_OBJECTS_MAX; i++)
        CU_ASSERT_EQUAL(make_note(i), CKR_OK);
    CU_ASSERT_EQUAL(make_note(i), CKR_DEVICE_MEMORY);
    CU_ASSERT_EQUAL(count(""), before + KS_OBJECTS_MAX);
    CU_ASSERT_EQUAL(count("note 0"), 1);
    CU_ASSERT_EQUAL(count("note 999"), 1);
    CU_ASSERT_EQUAL(count("note 1000"), 0);
    CU_ASSERT_EQUAL(l->C_CloseSession(s), CKR_OK);
    CU_ASSERT_EQUAL(
        l->C_OpenSession(HOUSE_PLAIN, CKF_SERIAL_SESSION, NULL, NULL, &s),
        CKR_OK);
    CU_ASSERT_EQUAL(count(""), before);
    end();
}

static void
test_cycles_of_initialise_and_finalise_leak_nothing(void)
{
    size_t settled = 0;
    unsigned i;

    l = linked_module();
    CU_ASSERT_TRUE_FATAL(house_restore());
    for (i = 0; i < 600; i++) {
        start();
        CU_ASSERT_EQUAL(make_note(i), CKR_OK);
        CU_ASSERT_EQUAL(count("note 0"), i == 0);
        end();
        if (i == 300)
            settled = mallinfo2().uordblks;
    }
#ifndef TEE_SANITIZER /* whose malloc keeps no such account */
    /* glibc counts what its thread caches hold as used, and they take some 200
     * cycles to fill; a leak of one block a cycle is 299 times 32 bytes */
    CU_ASSERT_TRUE(mallinfo2().uordblks < settled + 4096);
#endif
}

/* A configuration with n sections whose names begin so. */
static bool
conf_of(const char *dir, const char *prefix, unsigned n)
{
    char path[300];
    unsigned i;
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s.conf", dir, prefix);
    f = fopen(path, "we");
    if (f == NULL)
        return false;
    for (i = 0; i < n; i++)
        fprintf(f, "[%s%u]\nkey_origin = local\nstate = %s\n", prefix, i, dir);
    return fclose(f) == 0 && chmod(path, 0644) == 0;
}

static CK_ULONG
slots_of(const char *dir, const char *prefix, CK_SLOT_ID *last)
{
    char reserved[400];
    CK_C_INITIALIZE_ARGS args = { .pReserved = reserved };
    CK_SLOT_ID ids[64];
    CK_ULONG n = 64;

    snprintf(reserved, sizeof(reserved), "conf=%s/%s.conf", dir, prefix);
    if (l->C_Initialize(&args) != CKR_OK ||
        l->C_GetSlotList(CK_FALSE, ids, &n) != CKR_OK ||
        l->C_Finalize(NULL) != CKR_OK)
        return 99;
    *last = n > 0 ? ids[n - 1] : 0;
    return n;
}

/* In a child: the table of names is for the life of a process. */
static int
many_names(void)
{
    static const char *const prefixes[] = { "a", "b", "c", "d", "e",
                                            "f", "g", "h", "i" };
    const char *dir = house_state();
    CK_SLOT_ID last = 0, again = 0;
    CK_ULONG n = 64;
    size_t i;

    l = linked_module();
    for (i = 0; i < 9; i++) {
        if (!conf_of(dir, prefixes[i], 64))
            return 1;
        n = slots_of(dir, prefixes[i], &last);
        if (i < 7 && n != 64)
            return 2;
    }
    if (n >= 64) /* over 512 in all: the rest has no slot */
        return 3;
    if (slots_of(dir, "a", &again) != 64) /* and the first still theirs */
        return 4;
    return again < 100 ? 0 : 5;
}

static void
test_slot_ids_stay_with_their_names(void)
{
    int status = -1;
    pid_t pid;

    CU_ASSERT_TRUE_FATAL(house_restore());
    fflush(NULL);
    pid = fork();
    if (pid == 0)
        _exit(many_names());
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_EQUAL(status, 0);
}

static const struct test tests[] = {
    { "a thousand session objects and no more",
      test_a_thousand_session_objects_and_no_more },
    { "cycles of initialise and finalise leak nothing",
      test_cycles_of_initialise_and_finalise_leak_nothing },
    { "slot ids stay with their names", test_slot_ids_stay_with_their_names },
    { NULL, NULL },
};
const struct suite limits_suite = { "limits", tests };
