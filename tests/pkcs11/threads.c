#include "config.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkcs11/tp11.h"
#include "tests/pkcs11/calls.h"
#include "tests/pkcs11/suites.h"

#define THREADS 4

static const struct list *l;
static atomic_int bad; /* first code that nobody expected */
static atomic_bool stop;

static void
start(void)
{
    l = linked_module();
    atomic_store(&bad, 0);
    atomic_store(&stop, false);
    CU_ASSERT_TRUE_FATAL(house_restore());
    CU_ASSERT_EQUAL_FATAL(house_initialize_with(l), CKR_OK);
}

static void
end(void)
{
    CU_ASSERT_EQUAL(atomic_load(&bad), 0);
    CU_ASSERT_EQUAL(l->C_Finalize(NULL), CKR_OK);
}

static bool
good(CK_RV rv)
{
    int none = 0;

    if (rv == CKR_OK)
        return true;
    (void)atomic_compare_exchange_strong(&bad, &none, (int)rv);
    return false;
}

static CK_OBJECT_HANDLE
find(CK_SESSION_HANDLE s, CK_OBJECT_CLASS class)
{
    CK_ATTRIBUTE t = { CKA_CLASS, &class, sizeof(class) };
    CK_OBJECT_HANDLE o = 0;
    CK_ULONG n = 0;

    if (good(l->C_FindObjectsInit(s, &t, 1)) &&
        good(l->C_FindObjects(s, &o, 1, &n)))
        (void)good(l->C_FindObjectsFinal(s));
    return o;
}

static void
sign_and_verify(CK_SESSION_HANDLE s)
{
    CK_OBJECT_HANDLE k = find(s, CKO_PRIVATE_KEY), p = find(s, CKO_PUBLIC_KEY);
    CK_MECHANISM m = { CKM_EDDSA, NULL, 0 };
    CK_BYTE in[32] = { 5 }, sig[64];
    CK_ULONG len = sizeof(sig);

    if (good(l->C_SignInit(s, &m, k)) &&
        good(l->C_Sign(s, in, sizeof(in), sig, &len)) &&
        good(l->C_VerifyInit(s, &m, p)))
        (void)good(l->C_Verify(s, in, sizeof(in), sig, len));
}

static void
use_objects(CK_SESSION_HANDLE s)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    char label[32];
    CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) },
                         { CKA_LABEL, label, 4 } };
    CK_OBJECT_HANDLE o;

    memcpy(label, "note", 4);
    if (!good(l->C_CreateObject(s, t, 2, &o)))
        return;
    t[1].ulValueLen = sizeof(label);
    (void)good(l->C_GetAttributeValue(s, o, t, 2));
    (void)good(l->C_SetAttributeValue(s, o, &t[1], 1));
    (void)good(l->C_DestroyObject(s, o));
}

static void *
do_everything(void *arg)
{
    CK_SLOT_ID slot = *(CK_SLOT_ID *)arg;
    CK_SESSION_INFO info;
    CK_TOKEN_INFO token;
    CK_SESSION_HANDLE s;
    unsigned i;

    for (i = 0; i < 25; i++) {
        if (!good(l->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &s)))
            break;
        sign_and_verify(s);
        use_objects(s);
        (void)good(l->C_GetSessionInfo(s, &info));
        (void)good(l->C_GetTokenInfo(slot, &token));
        (void)good(l->C_CloseSession(s));
    }
    return NULL;
}

static void
run(void *(*f)(void *), CK_SLOT_ID *arg, size_t step, pthread_t t[THREADS])
{
    size_t i;

    for (i = 0; i < THREADS; i++)
        CU_ASSERT_FATAL(pthread_create(&t[i], NULL, f, &arg[i * step]) == 0);
}

static void
join(pthread_t t[THREADS])
{
    size_t i;

    for (i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
}

static void
test_threads_do_everything_at_once(void)
{
    static CK_SLOT_ID slots[THREADS] = { HOUSE_PLAIN, HOUSE_PLAIN, HOUSE_RAW,
                                         HOUSE_PLAIN };
    pthread_t t[THREADS];

    start();
    run(do_everything, slots, 1, t);
    join(t);
    end();
}

/* A mistake of the caller: any of these answers, and nothing breaks. */
static void *
misuse(void *arg)
{
    static const CK_RV allowed[] = { CKR_OK, CKR_OPERATION_ACTIVE,
                                     CKR_OPERATION_NOT_INITIALIZED,
                                     CKR_SIGNATURE_INVALID };
    CK_SESSION_HANDLE s = *(CK_SESSION_HANDLE *)arg;
    CK_OBJECT_HANDLE k = ((CK_OBJECT_HANDLE *)arg)[1];
    CK_MECHANISM m = { CKM_EDDSA, NULL, 0 };
    CK_BYTE in[32] = { 5 }, sig[64];
    CK_ULONG len, n;
    CK_RV rv[6];
    unsigned i, j, a;
    bool fine;

    for (i = 0; i < 60; i++) {
        len = sizeof(sig);
        rv[0] = l->C_SignInit(s, &m, k);
        rv[1] = l->C_SignUpdate(s, in, sizeof(in));
        rv[2] = l->C_Sign(s, in, sizeof(in), sig, &len);
        rv[3] = l->C_FindObjectsInit(s, NULL, 0);
        rv[4] = l->C_FindObjects(s, &(CK_OBJECT_HANDLE){ 0 }, 1, &n);
        rv[5] = l->C_FindObjectsFinal(s);
        for (j = 0; j < 6; j++) {
            for (fine = false, a = 0; a < TEE_LEN(allowed); a++)
                fine = fine || rv[j] == allowed[a];
            if (!fine)
                (void)good(rv[j]);
        }
    }
    return NULL;
}

static void
test_one_session_in_many_threads_stays_whole(void)
{
    CK_ULONG arg[2];
    pthread_t t[THREADS];

    start();
    CU_ASSERT_EQUAL_FATAL(
        l->C_OpenSession(HOUSE_PLAIN, CKF_SERIAL_SESSION, NULL, NULL, &arg[0]),
        CKR_OK);
    arg[1] = find(arg[0], CKO_PRIVATE_KEY);
    run(misuse, arg, 0, t);
    join(t);
    end();
}

static void *
until_closed(void *arg)
{
    CK_SLOT_ID slot = *(CK_SLOT_ID *)arg;
    CK_SESSION_HANDLE s;
    CK_TOKEN_INFO info;

    while (!atomic_load(&stop)) {
        if (l->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &s) ==
            CKR_OK) {
            (void)l->C_FindObjectsInit(s, NULL, 0);
            (void)l->C_CloseSession(s);
        }
        (void)l->C_GetTokenInfo(slot, &info);
    }
    return NULL;
}

static void
test_finalize_under_load(void)
{
    static CK_SLOT_ID slots[THREADS] = { HOUSE_PLAIN, HOUSE_RAW, HOUSE_PLAIN,
                                         HOUSE_PINNED };
    pthread_t t[THREADS];
    unsigned i;

    start();
    run(until_closed, slots, 1, t);
    for (i = 0; i < 8; i++) {
        CU_ASSERT_EQUAL(l->C_Finalize(NULL), CKR_OK);
        CU_ASSERT_EQUAL(house_initialize_with(l), CKR_OK);
    }
    atomic_store(&stop, true);
    join(t);
    end();
}

static void *
sign_forever(void *arg)
{
    CK_SESSION_HANDLE s;

    (void)arg;
    if (!good(
            l->C_OpenSession(HOUSE_PLAIN, CKF_SERIAL_SESSION, NULL, NULL, &s)))
        return NULL;
    while (!atomic_load(&stop)) {
        sign_and_verify(s);
        pthread_testcancel();
    }
    return NULL;
}

/* Cancelled at any moment, it leaves no lock behind. */
static void
test_a_cancelled_thread_leaves_no_lock(void)
{
    CK_SESSION_HANDLE s;
    unsigned i, spin;
    pthread_t t;

    start();
    for (i = 0; i < 10; i++) {
        CU_ASSERT_FATAL(pthread_create(&t, NULL, sign_forever, NULL) == 0);
        for (spin = 0; spin < i * 20; spin++)
            sched_yield();
        CU_ASSERT_EQUAL(pthread_cancel(t), 0);
        pthread_join(t, NULL);
        CU_ASSERT_EQUAL(
            l->C_OpenSession(HOUSE_PLAIN, CKF_SERIAL_SESSION, NULL, NULL, &s),
            CKR_OK);
        sign_and_verify(s);
    }
    CU_ASSERT_EQUAL(l->C_CloseAllSessions(HOUSE_PLAIN), CKR_OK);
    end();
}

static int
child(void)
{
    CK_SESSION_HANDLE s;

    alarm(20);
    atomic_store(&bad, 0);
    if (house_initialize_with(l) != CKR_OK ||
        l->C_OpenSession(HOUSE_PLAIN, CKF_SERIAL_SESSION, NULL, NULL, &s) !=
            CKR_OK)
        return 1;
    sign_and_verify(s);
    return atomic_load(&bad) == 0 ? 0 : 2;
}

static void
test_fork_while_others_sign(void)
{
    static CK_SLOT_ID none[THREADS];
    pthread_t t[THREADS];
    unsigned i;
    pid_t pid;
    int status;

    start();
    run(sign_forever, none, 1, t);
    for (i = 0; i < 5; i++) {
        fflush(NULL);
        pid = fork();
        if (pid == 0)
            _exit(child());
        CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
        CU_ASSERT_EQUAL(status, 0);
    }
    atomic_store(&stop, true);
    join(t);
    end();
}

#ifdef TEE_SANITIZER
static void
test_fork_while_another_finalises(void)
{
    test_skip("a sanitizer's allocator keeps its locks across fork");
}
#else
static void *
come_and_go(void *arg)
{
    (void)arg;
    while (!atomic_load(&stop)) {
        (void)good(l->C_Finalize(NULL));
        (void)good(house_initialize_with(l));
    }
    return NULL;
}

/* What C_Finalize is half through is nothing to the child. */
static void
test_fork_while_another_finalises(void)
{
    pthread_t t;
    unsigned i;
    pid_t pid;
    int status;

    start();
    CU_ASSERT_FATAL(pthread_create(&t, NULL, come_and_go, NULL) == 0);
    for (i = 0; i < 40; i++) {
        fflush(NULL);
        pid = fork();
        if (pid == 0) {
            alarm(20);
            _exit(house_initialize_with(l) == CKR_OK &&
                          l->C_Finalize(NULL) == CKR_OK
                      ? 0
                      : 1);
        }
        CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
        CU_ASSERT_EQUAL(status, 0);
    }
    atomic_store(&stop, true);
    CU_ASSERT_EQUAL(pthread_join(t, NULL), 0);
    end();
}
#endif

static const struct test tests[] = {
    { "threads do everything at once", test_threads_do_everything_at_once },
    { "one session in many threads stays whole",
      test_one_session_in_many_threads_stays_whole },
    { "C_Finalize under load", test_finalize_under_load },
    { "a cancelled thread leaves no lock",
      test_a_cancelled_thread_leaves_no_lock },
    { "fork while others sign", test_fork_while_others_sign },
    { "fork while another finalises", test_fork_while_another_finalises },
    { NULL, NULL },
};
const struct suite threads_suite = { "threads", tests };
