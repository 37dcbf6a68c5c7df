/*
 * init: the configuration with one more section.  Composed and parsed in
 * memory, written beside the real file, and put into its place last.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "keystore/ks.h"
#include "tools/cmd.h"

#define CONF_MAX   65536 /* configuration.md section 2 */
#define LOCK_TRIES 300   /* of 100 ms: another init has its own deadlines */

static void
pair(struct tee_buf *b, const char *key, const char *value)
{
    if (value != NULL)
        tee_buf_printf(b, "%-10s = %s\n", key, value);
}

/* A value is one line and stays as it was written; the parser judges the rest
 * of it. */
static bool
one_line(const char *v)
{
    return v == NULL ||
           (strpbrk(v, "\n\r") == NULL && strspn(v, " \t") == 0 && *v != '\0');
}

enum tee_err
init_conf_append(struct tee_bytes old, const struct init_section *s,
                 struct tee_buf *ret, struct tee_fault *f)
{
    if (!one_line(s->name) || !one_line(s->origin) || !one_line(s->key_type) ||
        !one_line(s->platform) || !one_line(s->state) || !one_line(s->did))
        return tee_fault(f, TEE_E_ARG,
                         "a value must be one line without blanks before it");
    tee_buf_init(ret, CONF_MAX);
    if (old.len == 0)
        tee_buf_text(ret, "# made by tee-pkcs11 init; every key: man 5 "
                          "tee-pkcs11.conf\nlog = syslog\n");
    else
        tee_buf_bytes(ret, old);
    tee_buf_printf(ret, "\n[%s]\n", s->name);
    pair(ret, "key_origin", s->origin);
    pair(ret, "key_type", s->key_type);
    pair(ret, "platform", s->platform);
    pair(ret, "state", s->state);
    pair(ret, "did", s->did);
    pair(ret, "pin", s->pin ? "yes" : NULL);
    if (ret->err == TEE_E_TOOBIG)
        return tee_fault(f, TEE_E_TOOBIG,
                         "the configuration would pass %d bytes", CONF_MAX);
    return ret->err == TEE_OK ? TEE_OK : tee_fault(f, ret->err, "no memory");
}

void
init_conf_begin(struct init_conf *c)
{
    *c = (struct init_conf){ .dir = -1 };
    tee_buf_init(&c->old, CONF_MAX);
    tee_buf_init(&c->text, CONF_MAX);
}

void
init_conf_drop(struct init_conf *c)
{
    if (c->candidate[0] != '\0')
        (void)unlinkat(c->dir, c->candidate, 0);
    c->candidate[0] = '\0';
}

void
init_conf_clear(struct init_conf *c)
{
    init_conf_drop(c);
    if (c->dir >= 0)
        (void)close(c->dir);
    ks_conf_free(c->conf);
    tee_buf_clear(&c->old);
    tee_buf_clear(&c->text);
    free(c->path);
}

static enum tee_err
read_old(struct init_conf *c, struct tee_fault *f)
{
    struct stat st;
    enum tee_err err;
    int fd;

    tee_buf_init(&c->old, CONF_MAX);
    c->mode = geteuid() == 0 ? 0644 : 0600;
    err = tee_file_open(c->path, &tee_rule_public, &fd, f);
    if (err == TEE_E_NOTFOUND)
        return TEE_OK;
    if (err != TEE_OK)
        return err;
    if (fstat(fd, &st) == 0)
        c->mode = st.st_mode & 0777;
    err = tee_fd_read(fd, CONF_MAX, &c->old, f);
    if (err != TEE_OK)
        tee_fault_prefix(f, "%s", c->path);
    (void)close(fd);
    return err;
}

static const struct ks_conf_token *
find(const struct ks_conf *c, const char *name)
{
    size_t i;

    for (i = 0; i < c->n; i++) {
        if (strcmp(c->token[i].name, name) == 0)
            return &c->token[i];
    }
    return NULL;
}

const struct ks_conf_token *
init_conf_token(const struct init_conf *c)
{
    return find(c->conf, c->s.name);
}

/* Is what is there sound, and without this token? */
static enum tee_err
old_ok(const struct init_conf *c, struct tee_fault *f)
{
    const struct ks_conf_token *t;
    struct ks_conf *was = NULL;
    enum tee_err err;

    if (c->old.len == 0)
        return TEE_OK;
    err = ks_conf_parse(c->path, tee_buf_view(&c->old), &was, f);
    if (err != TEE_OK)
        return err;
    t = find(was, c->s.name);
    if (t != NULL)
        err = tee_fault(f, TEE_E_EXISTS,
                        "%s:%u: section [%s] exists already; choose another "
                        "label",
                        c->path, t->line, c->s.name);
    ks_conf_free(was);
    return err;
}

enum tee_err
init_conf_compose(struct init_conf *c, struct tee_fault *f)
{
    const struct ks_conf_token *t;
    enum tee_err err;

    tee_buf_clear(&c->old);
    tee_buf_clear(&c->text);
    ks_conf_free(c->conf);
    c->conf = NULL;
    err = read_old(c, f);
    if (err == TEE_OK)
        err = old_ok(c, f);
    if (err == TEE_OK)
        err = init_conf_append(tee_buf_view(&c->old), &c->s, &c->text, f);
    if (err == TEE_OK)
        err = ks_conf_parse(c->path, tee_buf_view(&c->text), &c->conf, f);
    if (err != TEE_OK)
        return err;
    t = init_conf_token(c);
    if (t == NULL)
        return tee_fault(f, TEE_E_CONFIG, "%s: cannot be extended", c->path);
    return t->bad_line == 0
               ? TEE_OK
               : tee_fault(f, t->bad.err, "not written: %s", t->bad.text);
}

static enum tee_err
lock_folder(struct init_conf *c, const char *folder, struct tee_fault *f)
{
    const struct timespec pause = { 0, 100000000 };
    enum tee_err err = tee_dir_open(folder, &tee_rule_public, &c->dir, f);
    int i;

    if (err != TEE_OK)
        return err;
    for (i = 0; i < LOCK_TRIES; i++) {
        if (flock(c->dir, LOCK_EX | LOCK_NB) == 0)
            return TEE_OK;
        (void)nanosleep(&pause, NULL);
    }
    return tee_fault(f, TEE_E_TIMEOUT,
                     "%s: locked by somebody else for 30 seconds", folder);
}

/* Where the file's own name begins; the path is absolute. */
static const char *
leaf(const struct init_conf *c)
{
    return strrchr(c->path, '/') + 1;
}

enum tee_err
init_conf_claim(struct init_conf *c, struct init_undo *u, struct tee_fault *f)
{
    size_t n = (size_t)(leaf(c) - c->path) - 1;
    enum tee_err err;
    char *folder;

    if (n == 0)
        return tee_fault(f, TEE_E_ARG, "%s: not a place for a configuration",
                         c->path);
    folder = strndup(c->path, n);
    if (folder == NULL)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    err = init_mkdir(folder, geteuid() == 0 ? 0755 : 0700, u, f);
    if (err == TEE_OK)
        err = lock_folder(c, folder, f);
    if (err == TEE_OK)
        err = init_conf_compose(c, f);
    free(folder);
    return err;
}

enum tee_err
init_conf_stage(struct init_conf *c, struct tee_fault *f)
{
    size_t n = (size_t)(leaf(c) - c->path);
    struct ks_conf *staged = NULL;
    char name[sizeof(c->candidate)], *path;
    enum tee_err err;

    (void)snprintf(name, sizeof(name), ".init-%08x.conf", randombytes_random());
    path = malloc(n + sizeof(name));
    if (path == NULL)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    memcpy(path, c->path, n);
    memcpy(path + n, name, sizeof(name));
    err = tee_file_replace(c->dir, name, tee_buf_view(&c->text), c->mode,
                           (gid_t)-1, f);
    if (err == TEE_OK) {
        memcpy(c->candidate, name, sizeof(name));
        err = ks_conf_load(path, &staged, f);
    }
    free(path);
    if (err != TEE_OK)
        return err;
    ks_conf_free(c->conf);
    c->conf = staged;
    return TEE_OK;
}

/* Editors do not know our lock. */
enum tee_err
init_conf_install(struct init_conf *c, struct tee_fault *f)
{
    struct tee_buf was = c->old;
    enum tee_err err;
    bool same;

    err = read_old(c, f);
    same = err == TEE_OK &&
           tee_bytes_equal(tee_buf_view(&was), tee_buf_view(&c->old));
    tee_buf_clear(&was);
    if (err != TEE_OK)
        return err;
    if (!same)
        return tee_fault(f, TEE_E_STATE,
                         "%s: was changed meanwhile; nothing was written, run "
                         "init again",
                         c->path);
    if (renameat(c->dir, c->candidate, c->dir, leaf(c)) != 0)
        return tee_fault(f, TEE_E_IO, "%s: rename: %s", c->path,
                         strerror(errno));
    c->candidate[0] = '\0';
    (void)fsync(c->dir);
    return TEE_OK;
}
