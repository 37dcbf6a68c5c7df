#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/keystore/store_place.h"
#include "tests/support/test.h"

static const struct make plain = { KS_LOCAL, MAKE_NONE, KS_ED25519, false };

void
place_new(struct place *p)
{
    memset(p, 0, sizeof(*p));
    (void)snprintf(p->dir, sizeof(p->dir), "%s", test_dir());
    CU_ASSERT_EQUAL(chmod(p->dir, 0711), 0); /* for other accounts */
    (void)snprintf(p->state, sizeof(p->state), "%s/state", p->dir);
    (void)snprintf(p->token, sizeof(p->token), "%s/agent.token", p->state);
    (void)snprintf(p->lock, sizeof(p->lock), "%s/agent.lock", p->state);
    (void)snprintf(p->conf.name, sizeof(p->conf.name), "agent");
    p->conf.state = p->state;
    p->conf.file = p->token;
    p->conf.origin = KS_LOCAL;
}

int64_t
place_soon(void)
{
    return tee_clock.mono_ms() + PATIENCE;
}

const uint8_t *
place_key(const struct ks_store *s)
{
    static uint8_t key[32];

    make_mac_key(s, key);
    return key;
}

/* C_InitToken in small. */
enum tee_err
place_fresh(struct ks_store **s, const uint8_t **key, void *arg,
            struct tee_fault *f)
{
    (void)arg;
    (void)f;
    ks_store_put(*s);
    *s = make_store(&plain);
    *key = place_key(*s);
    return TEE_OK;
}

/* arg: the object to add or to change. */
enum tee_err
place_put(struct ks_store **s, const uint8_t **key, void *arg,
          struct tee_fault *f)
{
    *key = place_key(*s);
    return ks_store_set(*s, arg, f);
}

/* No key: the only change that is lawful without one. */
enum tee_err
place_try(struct ks_store **s, const uint8_t **key, void *arg,
          struct tee_fault *f)
{
    (void)key;
    (void)arg;
    (void)f;
    (*s)->used[KS_USER]++;
    return TEE_OK;
}

enum tee_err
place_run(const struct place *p, bool create,
          enum tee_err (*change)(struct ks_store **, const uint8_t **, void *,
                                 struct tee_fault *),
          void *arg, struct tee_fault *f)
{
    struct ks_change c = { create, change, arg };
    struct ks_store *s = NULL;
    struct ks_stamp stamp;
    enum tee_err err;

    err = ks_store_change(&p->conf, place_soon(), &c, &s, &stamp, f);
    CU_ASSERT_EQUAL(err == TEE_OK, s != NULL);
    ks_store_put(s);
    return err;
}

void
place_made(struct place *p)
{
    struct tee_fault f = { 0 };

    place_new(p);
    if (place_run(p, true, place_fresh, NULL, &f) != TEE_OK) {
        printf("    %s\n", f.text);
        CU_FAIL_FATAL("no store");
    }
}

enum tee_err
place_reads(const struct place *p, struct tee_fault *f)
{
    struct ks_store *s = NULL;
    struct ks_stamp stamp;
    enum tee_err err = ks_store_read(&p->conf, &s, &stamp, f);

    CU_ASSERT_EQUAL(err == TEE_OK, s != NULL);
    ks_store_put(s);
    return err;
}

struct tee_buf
place_bytes(const char *path)
{
    struct tee_buf b;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    tee_buf_init(&b, 0);
    if (fd < 0 || tee_fd_read(fd, KS_STORE_MAX, &b, NULL) != TEE_OK)
        CU_FAIL("cannot read the file");
    if (fd >= 0)
        close(fd);
    return b;
}

void
place_write(const char *path, struct tee_bytes v)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);

    CU_ASSERT_TRUE_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(write(fd, v.p, v.len), (ssize_t)v.len);
    close(fd);
}

unsigned
place_entries(const char *dir)
{
    unsigned n = 0;
    DIR *d = opendir(dir);

    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n - 2;
}

struct stat
place_stat(const char *path)
{
    struct stat st = { 0 };

    CU_ASSERT_EQUAL(lstat(path, &st), 0);
    return st;
}

/* A change that is refused leaves the file, and nothing beside it. */
void
place_refused(const struct place *p,
              enum tee_err (*change)(struct ks_store **, const uint8_t **,
                                     void *, struct tee_fault *),
              void *arg, enum tee_err want, const char *text)
{
    struct tee_buf before = place_bytes(p->token), after;
    struct tee_fault f = { 0 };
    enum tee_err err = place_run(p, false, change, arg, &f);

    CU_ASSERT_EQUAL(err, want);
    if (err != want || strstr(f.text, text) == NULL) {
        printf("    %s: \"%s\" is not in \"%s\"\n", tee_err_name(err), text,
               f.text);
        CU_FAIL("another refusal");
    }
    after = place_bytes(p->token);
    CU_ASSERT_TRUE(
        tee_bytes_equal(tee_buf_view(&before), tee_buf_view(&after)));
    CU_ASSERT_EQUAL(place_entries(p->state), 2);
    tee_buf_clear(&before);
    tee_buf_clear(&after);
}
