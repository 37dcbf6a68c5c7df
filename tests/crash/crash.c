/*
 * Death and full disks at any moment: the store holds the state before or
 * after, nothing between, it opens, and the next change goes through.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/crash/crash.h"
#include "tests/crash/trace.h"

#define FILES_MAX 8

/* Slow lanes sweep what the others do in a dozen ways in four. */
#if defined(TEE_SANITIZER) || defined(TEE_VALGRIND)
#define SLOW
#endif

/* ---- the folder, put back before each run
 * -------------------------------------- */

struct saved {
    char state[FIX_PATH];
    bool there;
    size_t n;
    struct {
        char name[64];
        mode_t mode;
        struct tee_buf bytes;
    } file[FILES_MAX];
};

static void
must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "crash: %s: %s\n", what, strerror(errno));
    abort();
}

static const char *
path_in(const struct saved *v, const char *name)
{
    static char path[FIX_PATH + 300];

    (void)snprintf(path, sizeof(path), "%s/%s", v->state, name);
    return path;
}

/* Calls each(v, name) for what is in the folder; their number. */
static unsigned
for_each(struct saved *v, void (*each)(struct saved *, const char *))
{
    DIR *d = opendir(v->state);
    struct dirent *e;
    unsigned n = 0;

    if (d == NULL)
        return 0;
    while ((e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        n++;
        if (each != NULL)
            each(v, e->d_name);
    }
    closedir(d);
    return n;
}

static void
save_one(struct saved *v, const char *name)
{
    int fd = open(path_in(v, name), O_RDONLY | O_CLOEXEC);
    struct stat st;

    must(v->n < FILES_MAX && strlen(name) < sizeof(v->file[0].name), name);
    must(fd >= 0 && fstat(fd, &st) == 0, name);
    must(tee_fd_read(fd, KS_STORE_MAX, &v->file[v->n].bytes, NULL) == TEE_OK,
         name);
    close(fd);
    v->file[v->n].mode = st.st_mode & 0777;
    (void)snprintf(v->file[v->n].name, sizeof(v->file[0].name), "%s", name);
    v->n++;
}

/* The lock file is left out, so that its making is disturbed too. */
static void
save(struct saved *v, const struct fix *x)
{
    char lock[FIX_PATH];

    fix_file(x, "lock", lock);
    must(unlink(lock) == 0 || errno == ENOENT, lock);
    *v = (struct saved){ 0 };
    (void)snprintf(v->state, sizeof(v->state), "%s", x->conf->token[0].state);
    v->there = access(v->state, F_OK) == 0;
    (void)for_each(v, save_one);
}

static void
remove_one(struct saved *v, const char *name)
{
    must(unlink(path_in(v, name)) == 0, name);
}

static void
put_back(struct saved *v)
{
    size_t i;
    int fd;

    (void)for_each(v, remove_one);
    if (!v->there) {
        must(rmdir(v->state) == 0 || errno == ENOENT, v->state);
        return;
    }
    for (i = 0; i < v->n; i++) {
        fd = open(path_in(v, v->file[i].name), O_WRONLY | O_CREAT | O_EXCL,
                  v->file[i].mode);
        must(fd >= 0 && write(fd, v->file[i].bytes.p, v->file[i].bytes.len) ==
                            (ssize_t)v->file[i].bytes.len,
             v->file[i].name);
        close(fd);
    }
}

static void
forget(struct saved *v)
{
    size_t i;

    for (i = 0; i < v->n; i++)
        tee_buf_clear(&v->file[i].bytes);
}

/* ---- one operation under test
 * ----------------------------------------------------- */

struct sweep {
    const struct op *op;
    struct fix *x; /* the state before; its configuration is everybody's */
    struct saved saved;
    struct ks_store *was; /* NULL: none */
    unsigned entries;     /* in the folder once all is well */
    unsigned before, after, tried, between;
    struct fix *child; /* only in the child */
};

static struct ks_store *
stored(const struct fix *x, enum tee_err *err)
{
    struct ks_store *s = NULL;
    struct ks_stamp stamp;
    struct tee_fault f = { 0 };

    *err = ks_store_read(&x->conf->token[0], &s, &stamp, &f);
    if (*err != TEE_OK && *err != TEE_E_NOTFOUND)
        printf("    %s\n", f.text);
    return s;
}

static int
child_prepare(void *arg)
{
    struct sweep *w = arg;

    w->child = fix_again(w->x);
    return w->op->prepare == NULL || w->op->prepare(w->child) ? 0 : 1;
}

static int
child_run(void *arg)
{
    struct sweep *w = arg;

    return (int)w->op->run(w->child);
}

static int
one_run(struct sweep *w, struct trace *t)
{
    t->prepare = child_prepare;
    t->run = child_run;
    t->arg = w;
    put_back(&w->saved);
    return trace(t);
}

/* An undisturbed run; false: skipped. */
static bool
begin(struct sweep *w, const struct op *op, struct trace *t)
{
    enum tee_err err;
    int got;

    *w = (struct sweep){ .op = op };
    w->x = fix_new("agent", op->lines);
    if (op->make != NULL)
        op->make(w->x);
    w->was = stored(w->x, &err);
    save(&w->saved, w->x);
    *t = (struct trace){ 0 };
#ifdef TEE_VALGRIND /* what is traced there is valgrind */
    got = TRACE_NOT_HERE;
#else
    got = one_run(w, t);
#endif
    if (got == TRACE_NOT_HERE)
        test_skip("system calls can't be traced here");
    else
        CU_ASSERT_EQUAL_FATAL(got, TRACE_OK);
    if (got != TRACE_OK)
        return false;
    CU_ASSERT_EQUAL(t->status, op->want);
    CU_ASSERT_TRUE_FATAL(t->calls > 10 && t->stops == 2 * t->calls);
    w->entries = for_each(&w->saved, NULL);
    return true;
}

static void
finish(struct sweep *w)
{
    ks_store_put(w->was);
    forget(&w->saved);
    fix_free(w->x);
}

/* Counts one; the lock and what the dead left behind are the next's affair. */
static enum tee_err
next_change(struct ks_store **s, const uint8_t **mac_key, void *arg,
            struct tee_fault *f)
{
    (void)mac_key;
    (void)arg;
    (void)f;
    (*s)->used[KS_SO]++;
    return TEE_OK;
}

static bool
next_works(struct sweep *w, struct fix *x, bool there)
{
    const struct ks_change c = { .change = next_change };
    struct ks_store *s = NULL;
    struct ks_stamp stamp;
    enum tee_err err;

    if (there)
        err = ks_store_change(&x->conf->token[0], tee_clock.mono_ms() + 10000,
                              &c, &s, &stamp, &x->f);
    else
        err = w->op->run(x); /* from nothing, to the end */
    ks_store_put(s);
    return err == TEE_OK && for_each(&w->saved, NULL) == w->entries;
}

/* What is there now?  false: neither the state before nor the one after. */
static bool
look(struct sweep *w, bool *after)
{
    struct fix *x = fix_again(w->x);
    struct ks_store *is;
    enum tee_err err;
    bool good, tried = false;

    is = stored(x, &err);
    (void)!ks_token_refresh(x->t, &x->f);
    *after = false;
    if (is == NULL)
        good = err == TEE_E_NOTFOUND && w->was == NULL;
    else if (w->was != NULL && tee_bytes_equal(w->was->body, is->body) &&
             memcmp(w->was->used, is->used, sizeof(is->used)) == 0 &&
             tee_bytes_equal(w->was->wrap[KS_USER].key, is->wrap[KS_USER].key))
        good = true;
    else if (w->op->is_after(x, w->was, is))
        good = *after = true;
    else
        good = tried = w->was != NULL && only_a_try_more(w->was, is, KS_USER);
    w->tried += tried ? 1 : 0;
    w->after += *after ? 1 : 0;
    w->before += good && !*after ? 1 : 0;
    good = good && next_works(w, x, is != NULL);
    w->between += good ? 0 : 1;
    ks_store_put(is);
    fix_free(x);
    return good;
}

/* ---- killed
 * ------------------------------------------------------------------------- */

static void
killed_at(struct sweep *w, unsigned point, bool *after)
{
    struct trace t = { .kill_at = point };
    bool was_after = *after;

    CU_ASSERT_EQUAL(one_run(w, &t), TRACE_OK);
    CU_ASSERT_TRUE(t.killed);
    if (!look(w, after))
        printf("    %s: killed at point %u: a state between\n", w->op->name,
               point);
    /* what was done once is never undone by a later death */
    CU_ASSERT_TRUE(*after || !was_after);
}

static void
kill_sweep(int which)
{
    bool after = false;
    struct sweep w;
    struct trace t;
    unsigned i, points;

    if (!begin(&w, &ops[which], &t)) {
        finish(&w);
        return;
    }
    points = 2 * t.calls;
    for (i = 1; i <= points; i++)
        killed_at(&w, i, &after);
    printf("    %s: points = %u x 2 = %u; found %u before", w.op->name, t.calls,
           points, w.before);
    if (w.tried > 0)
        printf(" (%u with the try counted)", w.tried);
    printf(", %u after, %u between\n", w.after, w.between);
    CU_ASSERT_EQUAL(w.before + w.after, points);
    CU_ASSERT_EQUAL(w.between, 0);
    CU_ASSERT_TRUE(w.before > 0 && w.after > 0);
    finish(&w);
}

#ifndef SLOW
/* ---- a call that fails
 * ---------------------------------------------------------------- */

static void
failed_at(struct sweep *w, unsigned call, int with, unsigned *late)
{
    struct trace t = { .fail_at = call, .fail_with = with };
    bool after = false;

    CU_ASSERT_EQUAL(one_run(w, &t), TRACE_OK);
    CU_ASSERT_TRUE(t.failed);
    CU_ASSERT_TRUE(t.status >= 0 && t.status < TEE_E_COUNT);
    if (!look(w, &after))
        printf("    %s: call %u failed: a state between\n", w->op->name, call);
    /* told to have worked: then it has */
    CU_ASSERT_TRUE(after || t.status != (int)w->op->want);
    *late += after && t.status != (int)w->op->want ? 1 : 0;
}

static void
fail_sweep(int which)
{
    struct sweep w;
    struct trace t;
    unsigned i, late = 0;

    if (!trace_can_fail()) {
        test_skip("no injection of errors on this machine");
        return;
    }
    if (!begin(&w, &ops[which], &t)) {
        finish(&w);
        return;
    }
    for (i = 1; i <= t.calls; i++)
        failed_at(&w, i, ENOSPC, &late);
    printf("    %s: %u calls failed; found %u before, %u after (%u of them "
           "told as an error), %u between\n",
           w.op->name, t.calls, w.before, w.after, late, w.between);
    CU_ASSERT_EQUAL(w.between, 0);
    CU_ASSERT_TRUE(w.before > 0);
    finish(&w);
}
#endif

#define KILL(name, which)                                                      \
    static void kill_##name(void)                                              \
    {                                                                          \
        kill_sweep(which);                                                     \
    }
#define FAIL(name, which)                                                      \
    static void fail_##name(void)                                              \
    {                                                                          \
        fail_sweep(which);                                                     \
    }

KILL(init, OP_INIT)
KILL(generate, OP_GENERATE)
KILL(create, OP_CREATE)
KILL(set_pin, OP_SET_PIN)
#ifndef SLOW
KILL(init_again, OP_INIT_AGAIN)
KILL(generate_pin, OP_GENERATE_PIN)
KILL(import, OP_IMPORT)
KILL(set, OP_SET)
KILL(destroy, OP_DESTROY)
KILL(init_pin, OP_INIT_PIN)
KILL(login, OP_LOGIN)
KILL(wrong_login, OP_WRONG_LOGIN)
FAIL(init, OP_INIT)
FAIL(generate, OP_GENERATE)
FAIL(create, OP_CREATE)
FAIL(set_pin, OP_SET_PIN)
FAIL(wrong_login, OP_WRONG_LOGIN)

static void
kill_generate_tee(void)
{
    if (fix_helper())
        kill_sweep(OP_GENERATE_TEE);
}
#endif

/* ---- a look
 * ---------------------------------------------------------------------------
 */

static int
look_prepare(void *arg)
{
    struct sweep *w = arg;

    w->child = fix_again(w->x);
    return ks_token_refresh(w->child->t, &w->child->f) == TEE_OK ? 0 : 1;
}

static int
look_run(void *arg)
{
    struct sweep *w = arg;

    return (int)ks_token_refresh(w->child->t, &w->child->f);
}

/* What C_FindObjectsInit costs (design section 10). */
static void
test_a_look_at_an_unchanged_store_is_one_system_call(void)
{
    struct sweep w = { 0 };
    struct trace t = { .prepare = look_prepare, .run = look_run, .arg = &w };
    int got = TRACE_NOT_HERE;

    w.x = fix_new("agent", FIX_LOCAL);
    ops[OP_GENERATE].make(w.x);
#ifndef TEE_VALGRIND
    got = trace(&t);
#endif
    if (got == TRACE_NOT_HERE) {
        test_skip("system calls can't be traced here");
    } else {
        CU_ASSERT_EQUAL(got, TRACE_OK);
        CU_ASSERT_EQUAL(t.status, TEE_OK);
        CU_ASSERT_EQUAL(t.all_calls, 1);
        CU_ASSERT_EQUAL(t.calls, 1);
    }
    fix_free(w.x);
}

static const struct test tests[] = {
    { "a look at an unchanged store is one system call",
      test_a_look_at_an_unchanged_store_is_one_system_call },
    { "killed at any moment of init", kill_init },
    { "killed at any moment of generate", kill_generate },
    { "killed at any moment of create-object", kill_create },
    { "killed at any moment of set-PIN", kill_set_pin },
#ifndef SLOW
    { "killed at any moment of init again", kill_init_again },
    { "killed at any moment of generate with a PIN", kill_generate_pin },
    { "killed at any moment of generate in tee_generated", kill_generate_tee },
    { "killed at any moment of create-object of a private key", kill_import },
    { "killed at any moment of set-attribute", kill_set },
    { "killed at any moment of destroy-object", kill_destroy },
    { "killed at any moment of init-PIN", kill_init_pin },
    { "killed at any moment of login", kill_login },
    { "killed at any moment of login with a wrong PIN", kill_wrong_login },
    { "a full disk at any call of init", fail_init },
    { "a full disk at any call of generate", fail_generate },
    { "a full disk at any call of create-object", fail_create },
    { "a full disk at any call of set-PIN", fail_set_pin },
    { "a full disk at any call of login with a wrong PIN", fail_wrong_login },
#endif
    { NULL, NULL },
};
static const struct suite suite_crash = { "crash", tests };
const struct suite *const suites[] = { &suite_crash, NULL };
