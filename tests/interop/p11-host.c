/*
 * p11-host MODE MODULE TOKEN...: C programs that load a module by dlopen and
 * leave in every order.  libcrypto verifies what the module signs.
 */
#include <dlfcn.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/interop/p11.h"

static struct p11 p;
static const unsigned char msg[32] = "32 bytes that stand for a hash";

static void
sign_with(const char *token)
{
    struct p11_key k;
    unsigned char sig[64];

    p11_open(&p, token, &k);
    p11_sign(&p, &k, msg, sig);
    p11_verify(&p, &k, msg, sig);
    p11_check(p.f->C_CloseSession(k.session), "C_CloseSession");
}

static void
sign_all(char **token)
{
    for (; *token != NULL; token++)
        sign_with(*token);
}

static int
plain(const char *module, char **token)
{
    p11_load(&p, module, RTLD_NOW | RTLD_LOCAL);
    p11_init(&p);
    sign_all(token);
    p11_check(p.f->C_Finalize(NULL), "C_Finalize");
    return dlclose(p.lib);
}

static int
deepbind(const char *module, char **token)
{
    p11_load(&p, module, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    p11_init(&p);
    sign_all(token);
    p11_check(p.f->C_Finalize(NULL), "C_Finalize");
    return dlclose(p.lib);
}

static long
resident_kb(void)
{
    char line[256];
    long kb = -1;
    FILE *f = fopen("/proc/self/status", "re");

    if (f == NULL)
        p11_die("/proc/self/status");
    while (fgets(line, sizeof(line), f) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = strtol(line + 6, NULL, 10);
    }
    fclose(f);
    return kb;
}

/* A thousand cycles of load, use, finalise, unload; what grew is printed. */
static int
reload(const char *module, char **token)
{
    long before = 0, grew;

    for (int i = 0; i < 1000; i++) {
        p11_load(&p, module, RTLD_NOW | RTLD_LOCAL);
        p11_init(&p);
        if (i % 100 == 0)
            sign_all(token);
        p11_check(p.f->C_Finalize(NULL), "C_Finalize");
        dlclose(p.lib);
        if (i == 200)
            before = resident_kb();
    }
    grew = resident_kb() - before;
    printf("800 cycles grew by %ld kB\n", grew);
    return grew > 512;
}

static int
no_finalize(const char *module, char **token)
{
    p11_load(&p, module, RTLD_NOW | RTLD_LOCAL);
    p11_init(&p);
    sign_all(token);
    return 0;
}

static void
finalize(void)
{
    p11_check(p.f->C_Finalize(NULL), "C_Finalize in atexit");
}

static int
atexit_before(const char *module, char **token)
{
    if (atexit(finalize) != 0)
        return 1;
    return no_finalize(module, token);
}

static int
atexit_after(const char *module, char **token)
{
    (void)no_finalize(module, token);
    return atexit(finalize);
}

/* libcrypto of the host is gone, then the host finalises. */
static int
after_cleanup(const char *module, char **token)
{
    struct p11_key k;
    unsigned char sig[64];

    p11_load(&p, module, RTLD_NOW | RTLD_LOCAL);
    p11_init(&p);
    sign_all(token);
    p11_open(&p, token[0], &k);
    OPENSSL_cleanup();
    p11_sign(&p, &k, msg, sig);
    p11_check(p.f->C_Finalize(NULL), "C_Finalize");
    return 0;
}

static void
child(char **token)
{
    CK_ULONG n;

    if (p.f->C_GetSlotList(CK_TRUE, NULL, &n) != CKR_CRYPTOKI_NOT_INITIALIZED)
        p11_die("the child is initialised");
    p11_init(&p);
    sign_all(token);
    p11_check(p.f->C_Finalize(NULL), "C_Finalize in the child");
    exit(0);
}

static int
fork_once(char **token)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        child(token);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        p11_die("fork");
    if (status != 0)
        p11_die("the child ended with 0x%x", (unsigned)status);
    return 0;
}

static int
forks(const char *module, char **token)
{
    p11_load(&p, module, RTLD_NOW | RTLD_LOCAL);
    p11_init(&p);
    fork_once(token); /* nothing used yet */
    sign_all(token);
    fork_once(token); /* keys open, plug-in loaded */
    sign_all(token);
    p11_check(p.f->C_Finalize(NULL), "C_Finalize");
    return 0;
}

/*
 * In a child of a threaded process: the host's libcrypto may be locked for
 * ever, so nothing but the module is called.  Ed25519 says the same twice.
 */
static void
quiet_child(const char *token, const unsigned char want[64])
{
    struct p11_key k;
    unsigned char sig[64];

    p11_init(&p);
    p11_open(&p, token, &k);
    p11_sign(&p, &k, msg, sig);
    _exit(memcmp(sig, want, sizeof(sig)) != 0);
}

static void
fork_quietly(const char *token, const unsigned char want[64])
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        quiet_child(token, want);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        p11_die("the child ended with 0x%x", (unsigned)status);
}

static void *
keep_signing(void *arg)
{
    char **token = arg;

    for (int i = 0; i < 50; i++)
        sign_all(token);
    return NULL;
}

/* Four threads sign while the first forks. */
static int
threads(const char *module, char **token)
{
    pthread_t t[4];
    struct p11_key k;
    unsigned char sig[64];

    p11_load(&p, module, RTLD_NOW | RTLD_LOCAL);
    p11_init(&p);
    p11_open(&p, token[0], &k);
    p11_sign(&p, &k, msg, sig);
    p11_verify(&p, &k, msg, sig);
    for (int i = 0; i < 4; i++) {
        if (pthread_create(&t[i], NULL, keep_signing, token) != 0)
            p11_die("pthread_create");
    }
    for (int i = 0; i < 20; i++)
        fork_quietly(token[0], sig);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    p11_check(p.f->C_Finalize(NULL), "C_Finalize");
    return 0;
}

static const struct {
    const char *name;
    int (*run)(const char *module, char **token);
} modes[] = {
    { "plain", plain },
    { "deepbind", deepbind },
    { "reload", reload },
    { "no-finalize", no_finalize },
    { "atexit-before", atexit_before },
    { "atexit-after", atexit_after },
    { "after-cleanup", after_cleanup },
    { "forks", forks },
    { "threads", threads },
};

int
main(int argc, char **argv)
{
    if (argc < 4)
        p11_die("usage: p11-host MODE MODULE TOKEN...");
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(argv[1], modes[i].name) == 0)
            return modes[i].run(argv[2], argv + 3);
    }
    p11_die("no mode %s", argv[1]);
}
