#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/bench.h"

#define ROUNDS 30

/* ---- the tokens "one" and "many" ------------------------------------------
 */

static void
make_one(CK_FUNCTION_LIST *f)
{
    struct bench_key k = { .f = f, .type = BENCH_ED25519 };

    k.session = bench_open(f, "one");
    bench_generate(&k, "key-0");
    bench_check(f->C_DestroyObject(k.session, k.public), "C_DestroyObject");
    bench_check(f->C_CloseSession(k.session), "C_CloseSession");
}

static void
make_many(CK_FUNCTION_LIST *f)
{
    struct bench_key k = { .f = f, .type = BENCH_ED25519 };
    char label[16];

    k.session = bench_open(f, "many");
    for (unsigned i = 0; i < BENCH_MANY / 2; i++) {
        (void)snprintf(label, sizeof(label), "key-%u", i);
        bench_generate(&k, label);
    }
    bench_check(f->C_CloseSession(k.session), "C_CloseSession");
}

/* ---- searches -------------------------------------------------------------
 */

struct search {
    CK_FUNCTION_LIST *f;
    CK_SESSION_HANDLE session;
    char value[16];
    CK_ATTRIBUTE template;
    CK_ULONG expected;
};

static void
prepare(struct search *q, CK_FUNCTION_LIST *f, CK_ATTRIBUTE_TYPE by, int many)
{
    q->f = f;
    q->session = bench_open(f, many ? "many" : "one");
    (void)snprintf(q->value, sizeof(q->value), "key-%d",
                   many ? BENCH_MANY / 4 : 0);
    q->template = (CK_ATTRIBUTE){ by, q->value, strlen(q->value) };
    q->expected = many ? 2 : 1; /* a pair; a private key alone */
}

static void
run_search(void *search)
{
    struct search *q = search;
    CK_OBJECT_HANDLE found[2];
    CK_ULONG n = bench_find(q->f, q->session, &q->template, 1, found);

    if (n != q->expected)
        bench_die("found %lu of %s", n, q->value);
}

/* As long as the path that the module looks at. */
static void
store_path(char *ret, size_t room, const char *token)
{
    char here[256];

    if (getcwd(here, sizeof(here)) == NULL)
        bench_die("getcwd");
    (void)snprintf(ret, room, "%s/state/%s.token", here, token);
}

/* The least that a search can cost: one look at the file of the store. */
static void
run_stat(void *path)
{
    struct stat st;

    if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) != 0)
        bench_die("%s: cannot be seen", (const char *)path);
}

static void
find_row(const struct bench *b, const char *id, CK_ATTRIBUTE_TYPE by, int many)
{
    static struct bench_racer ours, bare, softhsm;
    struct bench_racer *const all[] = { &ours, &bare, &softhsm };
    struct search q[2] = { 0 };
    char path[512];

    prepare(&q[0], b->ours, by, many);
    ours = (struct bench_racer){
        .run = run_search, .arg = &q[0], .samples = 40, .batch = 20
    };
    bare = ours;
    bare.run = run_stat;
    bare.arg = path;
    store_path(path, sizeof(path), many ? "many" : "one");
    if (b->softhsm != NULL)
        prepare(&q[1], b->softhsm, by, many);
    softhsm = (struct bench_racer){
        .run = run_search, .arg = &q[1], .samples = 1, .batch = 1
    };
    bench_race(all, BENCH_MODULES(b) + 1, ROUNDS);
    bench_row(id, "ours", bench_median(ours.p50, ROUNDS) / 1000);
    bench_note(id, "a bare stat of the store %.3f us",
               bench_median(bare.p50, ROUNDS) / 1000);
    bench_check(b->ours->C_CloseSession(q[0].session), "C_CloseSession");
    if (b->softhsm == NULL)
        return;
    bench_row(id, "softhsm", bench_median(softhsm.p50, ROUNDS) / 1000);
    bench_check(b->softhsm->C_CloseSession(q[1].session), "C_CloseSession");
}

/* ---- attributes -----------------------------------------------------------
 */

static void
run_three(void *key)
{
    struct bench_key *k = key;
    CK_KEY_TYPE type;
    char id[32], label[32];
    CK_ATTRIBUTE a[] = { { CKA_KEY_TYPE, &type, sizeof(type) },
                         { CKA_ID, id, sizeof(id) },
                         { CKA_LABEL, label, sizeof(label) } };

    bench_check(k->f->C_GetAttributeValue(k->session, k->private, a, 3),
                "C_GetAttributeValue");
}

static void
run_evidence(void *key)
{
    static unsigned char bundle[65536];
    struct bench_key *k = key;
    CK_ATTRIBUTE a = { CKA_TEE_EVIDENCE, bundle, sizeof(bundle) };

    bench_check(k->f->C_GetAttributeValue(k->session, k->private, &a, 1),
                "CKA_TEE_EVIDENCE");
    if (a.ulValueLen < 500 || bundle[0] != '{')
        bench_die("CKA_TEE_EVIDENCE: %lu bytes", a.ulValueLen);
    k->public = a.ulValueLen; /* for the note */
}

static double
alone(void (*run)(void *), struct bench_key *k)
{
    static struct bench_racer r;
    struct bench_racer *const all[] = { &r };

    r = (struct bench_racer){
        .run = run, .arg = k, .samples = 40, .batch = 50
    };
    bench_race(all, 1, ROUNDS);
    return bench_median(r.p50, ROUNDS) / 1000;
}

static void
attribute_rows(const struct bench *b)
{
    CK_FUNCTION_LIST *const f[] = { b->ours, b->softhsm };
    struct bench_key k;

    for (unsigned i = 0; i < BENCH_MODULES(b); i++) {
        k = (struct bench_key){ .f = f[i],
                                .session = bench_open(f[i], "sign") };
        bench_key(&k, "ed");
        bench_row("attributes", i == 0 ? "ours" : "softhsm",
                  alone(run_three, &k));
        bench_check(f[i]->C_CloseSession(k.session), "C_CloseSession");
    }
    k = (struct bench_key){ .f = b->ours,
                            .session = bench_open(b->ours, "tee") };
    bench_key(&k, "tee");
    bench_row("evidence", "ours", alone(run_evidence, &k));
    bench_note("evidence", "%lu bytes", k.public);
    bench_check(b->ours->C_CloseSession(k.session), "C_CloseSession");
}

void
bench_objects(const struct bench *b)
{
    CK_FUNCTION_LIST *const f[] = { b->ours, b->softhsm };

    for (unsigned i = 0; i < BENCH_MODULES(b); i++) {
        make_one(f[i]);
        make_many(f[i]);
    }
    find_row(b, "find-label-1", CKA_LABEL, 0);
    find_row(b, "find-label-1000", CKA_LABEL, 1);
    find_row(b, "find-id-1", CKA_ID, 0);
    find_row(b, "find-id-1000", CKA_ID, 1);
    attribute_rows(b);
}
