/*
 * Every function of the module, from many threads at once, while one thread
 * finalises and initialises it under their feet.
 *
 *     stress MODULE SECONDS
 *
 * Configuration and stores are this program's own, in a folder that it
 * removes.  Prints how often each function was called and did what it is for;
 * exit status 0 when each did, every signature was right and nothing
 * unexpected was answered.
 */
#include "config.h"

#include <dlfcn.h>
#include <ftw.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/stress/stress.h"

#define STORIES 32

static char dir[512], reserved[600];
static uint8_t ec_spki[256];
static CK_ULONG ec_spki_len;
static unsigned long told[THREADS + 1][STORIES];
static struct worker workers[THREADS + 1];
#define MAIN (&workers[THREADS])
static atomic_bool over;

static _Noreturn void
die(const char *what, const char *why)
{
    fprintf(stderr, "stress: %s: %s\n", what, why);
    exit(2);
}

/* ---- the module and its tokens
 * --------------------------------------------------------
 */

static void
load(const char *path)
{
    CK_VERSION newest = { 3, 2 };
    CK_RV(*get)
    (const char *, CK_VERSION *, struct tp11_interface **, CK_FLAGS) = NULL;
    struct tp11_interface *i = NULL;
    void *h = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (h != NULL)
        *(void **)&get = dlsym(h, "C_GetInterface");
    if (get == NULL || get("PKCS 11", &newest, &i, 0) != CKR_OK)
        die(path, "no module with interface 3.2");
    list = i->list;
}

/* The deadline is another test's: here nobody may miss it on a busy machine. */
static const struct {
    const char *name, *text;
} sections[SLOTS] = {
    [LOC] = { "loc", "key_origin = local" },
    [PIN] = { "pin", "key_origin = local\npin = yes" },
    [TEE] = { "tee", "key_origin = tee_generated\nplatform = simulated" },
    [EC] = { "ec", "key_origin = local\nkey_type = p256" },
    [NEW] = { "new", "key_origin = local\npin = yes" },
};

static void
configure(void)
{
    const char *tmp = secure_getenv("TMPDIR");
    char path[550];
    FILE *fp;
    int i;

    (void)snprintf(dir, sizeof(dir), "%s/tee-stress-XXXXXX",
                   tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
    if (mkdtemp(dir) == NULL)
        die(dir, "cannot be made");
    (void)snprintf(path, sizeof(path), "%s/conf", dir);
    (void)snprintf(reserved, sizeof(reserved), "conf=%s", path);
    fp = fopen(path, "w");
    if (fp == NULL)
        die(path, "cannot be written");
    fprintf(fp, "log = none\n");
    for (i = 0; i < SLOTS; i++)
        fprintf(fp, "[%s]\nstate = %s/s\ndeadline = 600\n%s\n",
                sections[i].name, dir, sections[i].text);
    if (fclose(fp) != 0 || chmod(path, 0600) != 0)
        die(path, "cannot be written");
}

static CK_RV
initialize(void)
{
    CK_C_INITIALIZE_ARGS a = { .flags = CKF_OS_LOCKING_OK,
                               .pReserved = reserved };

    return list->C_Initialize(&a);
}

static bool
set_pins(CK_SESSION_HANDLE s)
{
    CK_UTF8CHAR user[] = USER_PIN, so[] = SO_PIN;

    return TRY(MAIN, C_Login, s, CKU_SO, so, sizeof(so) - 1) &&
           TRY(MAIN, C_InitPIN, s, user, sizeof(user) - 1) &&
           TRY(MAIN, C_Logout, s) &&
           TRY(MAIN, C_Login, s, CKU_USER, user, sizeof(user) - 1);
}

/* What the signatures of the token are judged by. */
static bool
remember(CK_SESSION_HANDLE s, CK_SLOT_ID slot, const struct pair *k)
{
    CK_ATTRIBUTE t = { CKA_PUBLIC_KEY_INFO, ec_spki, sizeof(ec_spki) };

    memcpy(base_point[slot], k->point, sizeof(k->point));
    if (slot != EC)
        return true;
    if (!TRY(MAIN, C_GetAttributeValue, s, k->pub, &t, 1))
        return false;
    ec_spki_len = t.ulValueLen;
    return true;
}

static void
make_token(CK_SLOT_ID slot)
{
    const char *name = sections[slot].name;
    CK_UTF8CHAR label[32], so[] = SO_PIN;
    CK_SESSION_HANDLE s;
    struct pair k = { 0 };

    memset(label, ' ', sizeof(label));
    memcpy(label, name, strlen(name));
    (void)TRY(MAIN, C_InitToken, slot, so, sizeof(so) - 1, label);
    s = session(MAIN, slot, CKF_RW_SESSION);
    if (s == 0 || ((slot == PIN || slot == NEW) && !set_pins(s)) ||
        !make_pair(MAIN, s, slot, "base", true, &k) || !remember(s, slot, &k))
        die(name, "no token");
    done(MAIN, s);
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

/* ---- threads
 * ------------------------------------------------------------------------
 */

static size_t
pick(struct worker *w)
{
    uint64_t total = 0, at;
    size_t i;

    for (i = 0; stories[i].name != NULL; i++)
        total += stories[i].weight;
    at = dice(w, total);
    for (i = 0; at >= stories[i].weight; i++)
        at -= stories[i].weight;
    return i;
}

/* Somebody may always initialise it first: during a change of epoch it may be
 * this one, else it was done before. */
static void
rival(struct worker *w)
{
    CK_RV rv = initialize();

    if (rv == CKR_OK && !quiet(w))
        w->disturbed++;
    else
        (void)judge(w, FN_C_Initialize, CKR_CRYPTOKI_ALREADY_INITIALIZED, NULL,
                    rv);
}

static void
nap(unsigned ms)
{
    struct timespec ts = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

    (void)nanosleep(&ts, NULL);
}

/* Most of those that find the module finalised wait a little, or all time
 * would pass with refusals.  true: the world did not change meanwhile. */
static bool
tell(struct worker *w, size_t i)
{
    bool undisturbed;

    w->seen = atomic_load(&epoch);
    if ((w->seen & 1) != 0 && dice(w, 8) != 0)
        nap(2);
    w->seen = atomic_load(&epoch);
    stories[i].run(w);
    w->stories[i]++;
    undisturbed = quiet(w);
    if (dice(w, 8) == 0) {
        w->seen = atomic_load(&epoch);
        rival(w);
    }
    return undisturbed;
}

/* One's share of the stories until each passed in peace, then as it comes. */
static void *
work(void *arg)
{
    struct worker *w = arg;
    size_t i;

    for (i = 0; stories[i].name != NULL; i++) {
        while (i % THREADS == w->number && !tell(w, i) && !atomic_load(&over))
            ;
    }
    while (!atomic_load(&over))
        (void)tell(w, pick(w));
    return NULL;
}

static void
revolution(void)
{
    CK_RV rv;

    atomic_fetch_add(&epoch, 1);
    (void)TRY(MAIN, C_Finalize, NULL);
    rv = initialize();
    (void)judge(MAIN, FN_C_Initialize, CKR_OK, NULL,
                rv == CKR_CRYPTOKI_ALREADY_INITIALIZED ? CKR_OK : rv);
    atomic_fetch_add(&epoch, 1);
}

/* Peace for a while, then everything is closed under their feet; sometimes it
 * is long enough for a story with several key derivations.  A machine
 * that is too busy to get to every function in time gets some more. */
static void
reign(double seconds)
{
    struct timespec start, at;
    double past;

    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        nap(50 + (unsigned)dice(MAIN, dice(MAIN, 3) == 0 ? 5000 : 1000));
        revolution();
        (void)clock_gettime(CLOCK_MONOTONIC, &at);
        past = (double)(at.tv_sec - start.tv_sec);
    } while (past < seconds || (!all_seen() && past < seconds + 60));
    nap(500);
}

static void
start(struct worker *w, unsigned number)
{
    w->number = number;
    w->random = 0x9e3779b97f4a7c15ULL * (uint64_t)(number + 1);
    w->stories = told[number];
}

static void
run(double seconds)
{
    unsigned i;

    for (i = 0; i < THREADS; i++) {
        start(&workers[i], i);
        workers[i].ec = public_key((struct tee_bytes){ ec_spki, ec_spki_len });
        if (workers[i].ec == NULL ||
            pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            die("thread", "cannot be started");
    }
    reign(seconds);
    atomic_store(&over, true);
    for (i = 0; i < THREADS; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        EVP_PKEY_free(workers[i].ec);
    }
}

static void
report(void)
{
    unsigned long calls = 0, signatures = 0, disturbed = 0, allowed = 0, n;
    unsigned i, k;
    int fn;

    report_calls(workers, THREADS + 1);
    for (k = 0; stories[k].name != NULL; k++) {
        for (i = 0, n = 0; i < THREADS; i++)
            n += told[i][k];
        printf("%-26s %9lu times\n", stories[k].name, n);
    }
    for (i = 0; i <= THREADS; i++) {
        signatures += workers[i].signatures;
        disturbed += workers[i].disturbed;
        allowed += workers[i].allowed;
        for (fn = 0; fn < FN_COUNT; fn++)
            calls += workers[i].calls[fn];
    }
    printf("%d threads, %lu calls, %lu signatures verified, %lu times "
           "finalised, %lu calls cut off by that, %lu refused because of "
           "another thread, %lu failures\n",
           THREADS, calls, signatures, MAIN->good[FN_C_Finalize], disturbed,
           allowed, atomic_load(&failures));
    if (signatures == 0)
        failed("no signature was made", CKR_OK);
}

int
main(int argc, char **argv)
{
    double seconds = argc == 3 ? strtod(argv[2], NULL) : 0;
    CK_SLOT_ID slot;

    if (!(seconds > 0 && seconds < 100000) || sodium_init() < 0) {
        fputs("usage: stress MODULE SECONDS\n", stderr);
        return 64;
    }
    (void)alarm(300 + 3 * (unsigned)seconds); /* a deadlock ends, and fails */
    start(MAIN, THREADS);
    load(argv[1]);
    configure();
    (void)judge(MAIN, FN_C_Initialize, CKR_OK, NULL, initialize());
    for (slot = 0; slot < SLOTS; slot++)
        make_token(slot);
    run(seconds);
    (void)TRY(MAIN, C_Finalize, NULL);
    (void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    report();
    return atomic_load(&failures) != 0;
}
