#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkcs11/tp11.h"
#include "tests/pkcs11/calls.h"
#include "tests/pkcs11/suites.h"

#define PATIENCE 20 /* seconds: a child that hangs is ended by its alarm */

static const struct list *l;

static void
start(void)
{
    l = linked_module();
    CU_ASSERT_TRUE_FATAL(house_restore());
    CU_ASSERT_EQUAL_FATAL(house_initialize_with(l), CKR_OK);
}

static void
end(void)
{
    CU_ASSERT_EQUAL(l->C_Finalize(NULL), CKR_OK);
}

static void
test_a_thread_that_is_inside_is_refused(void)
{
    struct tp11_call c, d;
    CK_INFO info;

    start();
    CU_ASSERT_EQUAL_FATAL(tp11_enter(&c), CKR_OK);
    CU_ASSERT_EQUAL(tp11_enter(&d), CKR_FUNCTION_FAILED);
    CU_ASSERT_EQUAL(l->C_GetInfo(&info), CKR_FUNCTION_FAILED);
    CU_ASSERT_EQUAL(l->C_Finalize(NULL), CKR_FUNCTION_FAILED);
    CU_ASSERT_EQUAL(l->C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
    CU_ASSERT_EQUAL(tp11_leave(&c, CKR_OK), CKR_OK);
    CU_ASSERT_EQUAL(l->C_GetInfo(&info), CKR_OK);
    end();
}

static void
test_a_call_leaves_errno_and_cancellation_as_they_were(void)
{
    struct tp11_call c;
    int state = -1;

    start();
    errno = 77;
    CU_ASSERT_EQUAL_FATAL(tp11_enter(&c), CKR_OK);
    errno = 5;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    CU_ASSERT_EQUAL(state, PTHREAD_CANCEL_DISABLE);
    CU_ASSERT_EQUAL(tp11_leave(&c, CKR_HOST_MEMORY), CKR_HOST_MEMORY);
    CU_ASSERT_EQUAL(errno, 77);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    CU_ASSERT_EQUAL(state, PTHREAD_CANCEL_ENABLE);
    CU_ASSERT_EQUAL(tp11_enter(&c), CKR_OK);
    CU_ASSERT_EQUAL(tp11_leave(&c, CKR_OK), CKR_OK);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
    CU_ASSERT_EQUAL(state, PTHREAD_CANCEL_DISABLE);
    end();
    errno = 77;
    CU_ASSERT_EQUAL(tp11_enter(&c), CKR_CRYPTOKI_NOT_INITIALIZED);
    CU_ASSERT_EQUAL(errno, 77);
}

static atomic_int finalised;

static void *
finalise(void *arg)
{
    (void)arg;
    if (l->C_Finalize(NULL) == CKR_OK)
        atomic_store(&finalised, 1);
    return NULL;
}

static void *
look_in(void *arg)
{
    CK_INFO info;

    while (l->C_GetInfo(&info) == CKR_OK)
        sched_yield();
    atomic_store((atomic_int *)arg, 1);
    return NULL;
}

/* A third thread sees that no new call comes in, while the second waits for
 * the first to leave. */
static void
test_finalize_waits_for_those_inside(void)
{
    atomic_int refused = 0;
    struct tp11_call c;
    pthread_t t, u;

    start();
    atomic_store(&finalised, 0);
    CU_ASSERT_EQUAL_FATAL(tp11_enter(&c), CKR_OK);
    CU_ASSERT_FATAL(pthread_create(&u, NULL, look_in, &refused) == 0);
    CU_ASSERT_FATAL(pthread_create(&t, NULL, finalise, NULL) == 0);
    while (atomic_load(&refused) == 0)
        sched_yield();
    CU_ASSERT_EQUAL(atomic_load(&finalised), 0);
    (void)tp11_leave(&c, CKR_OK);
    pthread_join(t, NULL);
    pthread_join(u, NULL);
    CU_ASSERT_EQUAL(atomic_load(&finalised), 1);
}

/* What a child must be able to do, whatever the parent was doing. */
static int
child(void)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE a = { CKA_CLASS, &class, sizeof(class) };
    CK_MECHANISM m = { CKM_EDDSA, NULL, 0 };
    CK_BYTE sig[64], in[3] = { 0 };
    CK_ULONG n = 0, len = 64;
    CK_SESSION_HANDLE s;
    CK_OBJECT_HANDLE o;
    CK_INFO info;

    alarm(PATIENCE);
    if (l->C_GetInfo(&info) != CKR_CRYPTOKI_NOT_INITIALIZED ||
        house_initialize_with(l) != CKR_OK)
        return 1;
    if (l->C_OpenSession(HOUSE_PLAIN, CKF_SERIAL_SESSION, NULL, NULL, &s) ||
        l->C_FindObjectsInit(s, &a, 1) || l->C_FindObjects(s, &o, 1, &n) ||
        n != 1)
        return 2;
    if (l->C_SignInit(s, &m, o) || l->C_Sign(s, in, 3, sig, &len))
        return 3;
    return l->C_Finalize(NULL) == CKR_OK ? 0 : 4;
}

static void
fork_child(void)
{
    int status = -1;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid == 0)
        _exit(child());
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_EQUAL(status, 0);
}

static pthread_mutex_t *wanted;
static atomic_int held, let_go;

static void *
hold(void *arg)
{
    (void)arg;
    pthread_mutex_lock(wanted);
    atomic_store(&held, 1);
    while (atomic_load(&let_go) == 0)
        sched_yield();
    pthread_mutex_unlock(wanted);
    return NULL;
}

static void
fork_while_held(pthread_mutex_t *m)
{
    pthread_t t;

    wanted = m;
    atomic_store(&held, 0);
    atomic_store(&let_go, 0);
    CU_ASSERT_FATAL(pthread_create(&t, NULL, hold, NULL) == 0);
    while (atomic_load(&held) == 0)
        sched_yield();
    fork_child();
    atomic_store(&let_go, 1);
    pthread_join(t, NULL);
}

static void
test_fork_while_another_thread_holds_each_lock(void)
{
    struct tp11_session *s;
    CK_SESSION_HANDLE h;

    start();
    CU_ASSERT_EQUAL_FATAL(
        l->C_OpenSession(HOUSE_PLAIN, CKF_SERIAL_SESSION, NULL, NULL, &h),
        CKR_OK);
    fork_while_held(&tp11_slot(HOUSE_PLAIN)->lock);
    fork_while_held(&tp11_slot(HOUSE_PLAIN)->view_lock);
    CU_ASSERT_EQUAL_FATAL(tp11_session_take(h, &s), CKR_OK);
    tp11_session_give(s);
    fork_while_held(&s->lock);
    end();
}

static void *
be_initialising(void *arg)
{
    struct tp11_call c;

    (void)arg;
    if (tp11_open_begin(&c) != CKR_OK)
        return NULL;
    atomic_store(&held, 1);
    while (atomic_load(&let_go) == 0)
        sched_yield();
    (void)tp11_open_end(&c, CKR_GENERAL_ERROR);
    return NULL;
}

static void
test_fork_while_another_thread_initialises(void)
{
    pthread_t t;

    l = linked_module();
    atomic_store(&held, 0);
    atomic_store(&let_go, 0);
    CU_ASSERT_FATAL(pthread_create(&t, NULL, be_initialising, NULL) == 0);
    while (atomic_load(&held) == 0)
        sched_yield();
    fork_child();
    atomic_store(&let_go, 1);
    pthread_join(t, NULL);
    start();
    end();
}

/* As a signal handler does that forks. */
static void
test_fork_from_inside_of_a_call(void)
{
    struct tp11_call c;
    int status = -1;
    pid_t pid;

    start();
    CU_ASSERT_EQUAL_FATAL(tp11_enter(&c), CKR_OK);
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        (void)tp11_leave(&c, CKR_OK);
        _exit(child());
    }
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_EQUAL(status, 0);
    (void)tp11_leave(&c, CKR_OK);
    end();
}

static const struct test tests[] = {
    { "a thread that is inside is refused",
      test_a_thread_that_is_inside_is_refused },
    { "a call leaves errno and cancellation as they were",
      test_a_call_leaves_errno_and_cancellation_as_they_were },
    { "C_Finalize waits for those inside",
      test_finalize_waits_for_those_inside },
    { "fork while another thread holds each lock",
      test_fork_while_another_thread_holds_each_lock },
    { "fork while another thread initialises",
      test_fork_while_another_thread_initialises },
    { "fork from inside of a call", test_fork_from_inside_of_a_call },
    { NULL, NULL },
};
const struct suite lock_suite = { "lock", tests };
