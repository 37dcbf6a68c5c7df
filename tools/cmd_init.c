/*
 * init: a section of the configuration, a store and a key, all or nothing.
 *
 * The new configuration is written beside the old one and the store is made
 * from it; only then it takes the old one's place.  Whatever fails before
 * leaves the configuration as it was, and what was made is removed.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "keystore/ks.h"
#include "tools/cmd.h"

#define CONF_MAX       65536
#define LOCK_TRIES     300 /* of 100 ms: another init has its own deadlines */
#define STATE_OF_ROOT  "/var/lib/tee-pkcs11"
#define SIMULATED_ROOT "simulated.root"

enum { O_ORIGIN, O_TYPE, O_PLATFORM, O_PIN, O_SO_PIN, O_DID, O_STATE, O_N };
static const struct cmd_opt opts[O_N] = {
    { "origin", 0, "ORIGIN", "local or tee_generated; there is no default" },
    { "key-type", 0, "TYPE", "ed25519 (default), p256, ..., none: no key yet" },
    { "platform", 0, "PLATFORM", "where a tee_generated key is born" },
    { "pin-file", 0, "FILE", "the token gets a PIN: this one" },
    { "so-pin-file", 0, "FILE", "and a security officer with this PIN" },
    { "did", 0, "DID", "the agent's DID" },
    { "state", 0, "DIR", "the folder of the store" },
};

struct init {
    const struct cmd_args *a;
    const char *label;
    char *path, *state;
    struct cmd_pin user, so;
    int dir; /* of the configuration, locked */
    mode_t mode;
    struct tee_buf old, text;
    char candidate[64]; /* its name in dir, "": not written */
    struct ks_conf *conf;
    struct ks_token *token;
    struct init_undo undo;
    uint8_t key[16];
};

/* ---- words ----------------------------------------------------------------
 */

/* A label is a section's name here: configuration.md section 2. */
static enum tee_err
label_ok(const char *l, struct tee_fault *f)
{
    static const char alnum[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    char rest[sizeof(alnum) + 3], shown[TEE_ESCAPED];
    size_t n = strlen(l);

    (void)snprintf(rest, sizeof(rest), "%s._-", alnum);
    if (n >= 1 && n <= 32 && strspn(l, alnum) > 0 && strspn(l, rest) == n)
        return TEE_OK;
    tee_escape(tee_bytes_of(l), shown);
    return tee_fault(f, TEE_E_ARG,
                     "label \"%s\": must be 1 to 32 letters, digits, \".\", "
                     "\"_\" or \"-\", beginning with a letter or digit",
                     shown);
}

/* The other origins' mandatory keys have no option here. */
static enum tee_err
origin_ok(const char *origin, struct tee_fault *f)
{
    if (origin == NULL)
        return tee_fault(f, TEE_E_ARG,
                         "needs --origin local or --origin tee_generated; it "
                         "is never guessed");
    if (strcmp(origin, "skr") == 0)
        return tee_fault(f, TEE_E_UNSUPPORTED,
                         "unsupported: --origin skr: built without azure");
    return TEE_OK;
}

static enum tee_err
words(const struct init *in, struct tee_fault *f)
{
    const char *const *v = in->a->value;
    enum tee_err err = label_ok(in->label, f);

    if (err == TEE_OK)
        err = origin_ok(v[O_ORIGIN], f);
    if (err == TEE_OK && v[O_SO_PIN] != NULL && v[O_PIN] == NULL)
        err = tee_fault(f, TEE_E_ARG,
                        "--so-pin-file needs --pin-file: a token without a "
                        "PIN has no security officer");
    return err;
}

/* ---- places ---------------------------------------------------------------
 */

static enum tee_err
join(const char *a, const char *b, char **ret, struct tee_fault *f)
{
    size_t n = strlen(a) + strlen(b) + 1;

    *ret = malloc(n);
    if (*ret == NULL)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    (void)snprintf(*ret, n, "%s%s", a, b);
    return TEE_OK;
}

static enum tee_err
state_place(struct init *in, struct tee_fault *f)
{
    const char *dir = in->a->value[O_STATE];

    if (dir != NULL)
        return cmd_absolute(dir, &in->state, f);
    if (geteuid() == 0)
        return join(STATE_OF_ROOT, "", &in->state, f);
    dir = secure_getenv("XDG_STATE_HOME");
    if (dir != NULL && dir[0] == '/')
        return join(dir, "/tee-pkcs11", &in->state, f);
    dir = secure_getenv("HOME");
    if (dir != NULL && dir[0] == '/')
        return join(dir, "/.local/state/tee-pkcs11", &in->state, f);
    return tee_fault(f, TEE_E_ARG,
                     "no folder for the store: HOME is not set; use --state");
}

static enum tee_err
places(struct init *in, struct tee_fault *f)
{
    enum tee_err err = ks_conf_place(in->a->conf, &in->path, f);

    if (err == TEE_OK)
        err = state_place(in, f);
    return err;
}

/* ---- the configuration ----------------------------------------------------
 */

static enum tee_err
read_old(struct init *in, struct tee_fault *f)
{
    struct stat st;
    enum tee_err err;
    int fd;

    tee_buf_init(&in->old, CONF_MAX);
    in->mode = geteuid() == 0 ? 0644 : 0600;
    err = tee_file_open(in->path, &tee_rule_public, &fd, f);
    if (err == TEE_E_NOTFOUND)
        return TEE_OK;
    if (err != TEE_OK)
        return err;
    if (fstat(fd, &st) == 0)
        in->mode = st.st_mode & 0777;
    err = tee_fd_read(fd, CONF_MAX, &in->old, f);
    if (err != TEE_OK)
        tee_fault_prefix(f, "%s", in->path);
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

/* Is what is there sound, and without this token? */
static enum tee_err
old_ok(struct init *in, struct tee_fault *f)
{
    const struct ks_conf_token *t;
    struct ks_conf *c = NULL;
    enum tee_err err;

    if (in->old.len == 0)
        return TEE_OK;
    err = ks_conf_parse(in->path, tee_buf_view(&in->old), &c, f);
    if (err != TEE_OK)
        return err;
    t = find(c, in->label);
    if (t != NULL)
        err = tee_fault(f, TEE_E_EXISTS,
                        "%s:%u: section [%s] exists already; choose another "
                        "label",
                        in->path, t->line, in->label);
    ks_conf_free(c);
    return err;
}

/* in->text and, when it is lawful, in->conf. */
static enum tee_err
compose(struct init *in, struct tee_fault *f)
{
    const char *const *v = in->a->value;
    const struct init_section s = { .name = in->label,
                                    .origin = v[O_ORIGIN],
                                    .key_type = v[O_TYPE],
                                    .platform = v[O_PLATFORM],
                                    .state = in->state,
                                    .did = v[O_DID],
                                    .pin = v[O_PIN] != NULL };
    const struct ks_conf_token *t;
    enum tee_err err;

    tee_buf_clear(&in->old);
    tee_buf_clear(&in->text);
    ks_conf_free(in->conf);
    in->conf = NULL;
    err = read_old(in, f);
    if (err == TEE_OK)
        err = old_ok(in, f);
    if (err == TEE_OK)
        err = init_conf_append(tee_buf_view(&in->old), &s, &in->text, f);
    if (err == TEE_OK)
        err = ks_conf_parse(in->path, tee_buf_view(&in->text), &in->conf, f);
    if (err != TEE_OK)
        return err;
    t = find(in->conf, in->label);
    if (t == NULL)
        return tee_fault(f, TEE_E_CONFIG, "%s: cannot be extended", in->path);
    return t->bad_line == 0
               ? TEE_OK
               : tee_fault(f, t->bad.err, "not written: %s", t->bad.text);
}

static enum tee_err
lock_folder(struct init *in, const char *folder, struct tee_fault *f)
{
    const struct timespec pause = { 0, 100000000 };
    enum tee_err err = tee_dir_open(folder, &tee_rule_public, &in->dir, f);
    int i;

    if (err != TEE_OK)
        return err;
    for (i = 0; i < LOCK_TRIES; i++) {
        if (flock(in->dir, LOCK_EX | LOCK_NB) == 0)
            return TEE_OK;
        (void)nanosleep(&pause, NULL);
    }
    return tee_fault(f, TEE_E_TIMEOUT,
                     "%s: locked by somebody else for 30 seconds", folder);
}

/* The folder is there, ours alone, and nothing changed while we waited. */
static enum tee_err
open_folder(struct init *in, struct tee_fault *f)
{
    char *folder = NULL;
    enum tee_err err = join(in->path, "", &folder, f);

    if (err != TEE_OK)
        return err;
    *strrchr(folder, '/') = '\0';
    if (*folder == '\0')
        err = tee_fault(f, TEE_E_ARG, "%s: not a place for a configuration",
                        in->path);
    if (err == TEE_OK)
        err = init_mkdir(folder, geteuid() == 0 ? 0755 : 0700, &in->undo, f);
    if (err == TEE_OK)
        err = lock_folder(in, folder, f);
    if (err == TEE_OK)
        err = compose(in, f);
    free(folder);
    return err;
}

/* The helper reads the configuration too, so it must be a file by now. */
static enum tee_err
write_candidate(struct init *in, struct tee_fault *f)
{
    const char *leaf = strrchr(in->path, '/') + 1;
    char name[64], *folder, *path = NULL;
    struct ks_conf *c = NULL;
    enum tee_err err;

    (void)snprintf(name, sizeof(name), ".init-%08x.conf", randombytes_random());
    err = tee_file_replace(in->dir, name, tee_buf_view(&in->text), in->mode,
                           (gid_t)-1, f);
    if (err != TEE_OK)
        return err;
    memcpy(in->candidate, name, sizeof(name));
    folder = strndup(in->path, (size_t)(leaf - in->path));
    if (folder == NULL)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    err = join(folder, name, &path, f);
    free(folder);
    if (err == TEE_OK)
        err = ks_conf_load(path, &c, f);
    free(path);
    if (err != TEE_OK)
        return err;
    ks_conf_free(in->conf);
    in->conf = c;
    return TEE_OK;
}

/* Editors do not know our lock. */
static enum tee_err
install(struct init *in, struct tee_fault *f)
{
    const char *leaf = strrchr(in->path, '/') + 1;
    struct tee_buf was = in->old;
    enum tee_err err;
    bool same;

    err = read_old(in, f);
    same = err == TEE_OK &&
           tee_bytes_equal(tee_buf_view(&was), tee_buf_view(&in->old));
    tee_buf_clear(&was);
    if (err != TEE_OK)
        return err;
    if (!same)
        return tee_fault(f, TEE_E_STATE,
                         "%s: was changed meanwhile; nothing was written, run "
                         "init again",
                         in->path);
    if (renameat(in->dir, in->candidate, in->dir, leaf) != 0)
        return tee_fault(f, TEE_E_IO, "%s: rename: %s", in->path,
                         strerror(errno));
    in->candidate[0] = '\0';
    (void)fsync(in->dir);
    return TEE_OK;
}

/* ---- the store ------------------------------------------------------------
 */

/* Files that a failure must not leave behind: those not there yet. */
static enum tee_err
will_make(struct init *in, const char *name, const char *suffix,
          struct tee_fault *f)
{
    struct tee_buf b;
    struct stat st;
    enum tee_err err;

    tee_buf_init(&b, 8192);
    tee_buf_printf(&b, "%s/%s%s", in->state, name, suffix);
    tee_buf_u8(&b, 0);
    err = b.err;
    if (err == TEE_OK && lstat((const char *)b.p, &st) != 0)
        err = init_undo_add(&in->undo, (const char *)b.p, f);
    tee_buf_clear(&b);
    return err;
}

static enum tee_err
make_state(struct init *in, struct tee_fault *f)
{
    enum tee_err err = init_mkdir(in->state, 0700, &in->undo, f);

    if (err == TEE_OK)
        err = will_make(in, SIMULATED_ROOT, "", f);
    if (err == TEE_OK)
        err = will_make(in, in->label, ".lock", f);
    if (err == TEE_OK)
        err = will_make(in, in->label, ".token", f);
    return err;
}

static enum tee_err
open_token(struct init *in, struct tee_fault *f)
{
    const struct ks_snap *s;
    enum tee_err err;

    err = ks_token_new(in->conf, find(in->conf, in->label), &in->token);
    if (err != TEE_OK)
        return tee_fault(f, err, "no memory");
    err = ks_token_refresh(in->token, f);
    if (err != TEE_OK)
        return err;
    s = ks_snap_get(in->token);
    if (s->initialised)
        err = tee_fault(f, TEE_E_EXISTS,
                        "%s/%s.token: a store is there already, left by "
                        "another configuration; move it away or choose "
                        "another label",
                        in->state, in->label);
    ks_snap_put(s);
    return err;
}

static enum tee_err
make_key(struct init *in, struct tee_fault *f)
{
    const struct ks_conf_token *t = ks_token_conf(in->token);
    uint32_t both = KS_O_MODIFIABLE | KS_O_DESTROYABLE;
    struct tee_bytes label = tee_bytes_of(in->label);
    struct ks_object pub = { .class = KS_PUBLIC,
                             .ktype = t->key_type,
                             .flags = both | KS_O_COPYABLE | KS_O_VERIFY };
    struct ks_object priv = { .class = KS_PRIVATE,
                              .ktype = t->key_type,
                              .flags = both | KS_O_SIGN };
    uint8_t id[16];

    if (t->key_type == KS_NONE)
        return TEE_OK;
    if (t->pin)
        priv.flags |= KS_O_PRIVATE;
    pub.attr[KS_A_LABEL] = label;
    priv.attr[KS_A_LABEL] = label;
    return ks_generate(in->token, t->key_type, &pub, &priv, id, in->key, f);
}

static enum tee_err
make_token(struct init *in, struct tee_fault *f)
{
    enum tee_err err = ks_token_init(in->token, cmd_pin_view(&in->so),
                                     cmd_pin_view(&in->user), f);

    if (err == TEE_OK && in->a->value[O_PIN] != NULL)
        err = ks_login(in->token, KS_USER, cmd_pin_view(&in->user), f);
    if (err == TEE_OK)
        err = make_key(in, f);
    return err;
}

/* Said before anything is written. */
static enum tee_err
buildable(const struct init *in, struct tee_fault *f)
{
    struct ks_token *t = NULL;
    enum tee_err err = ks_token_new(in->conf, find(in->conf, in->label), &t);

    if (err != TEE_OK)
        return tee_fault(f, err, "no memory");
    err = ks_token_ready(t, f);
    ks_token_free(t);
    return err;
}

/* ---- all of it ------------------------------------------------------------
 */

static enum tee_err
pins(struct init *in, struct tee_fault *f)
{
    const char *const *v = in->a->value;
    enum tee_err err = TEE_OK;

    if (v[O_PIN] != NULL)
        err = cmd_pin_file(v[O_PIN], "New PIN", true, &in->user, f);
    if (err == TEE_OK && v[O_SO_PIN] != NULL)
        err = cmd_pin_file(v[O_SO_PIN], "New SO PIN", true, &in->so, f);
    return err;
}

static enum tee_err
prepare(struct init *in, struct tee_fault *f)
{
    enum tee_err err = words(in, f);

    if (err == TEE_OK)
        err = places(in, f);
    if (err == TEE_OK)
        err = compose(in, f);
    if (err == TEE_OK)
        err = buildable(in, f);
    if (err == TEE_OK)
        err = pins(in, f);
    return err;
}

static enum tee_err
make(struct init *in, struct tee_fault *f)
{
    enum tee_err err = open_folder(in, f);

    if (err == TEE_OK)
        err = write_candidate(in, f);
    if (err == TEE_OK)
        err = open_token(in, f);
    if (err == TEE_OK)
        err = make_state(in, f);
    if (err == TEE_OK)
        err = make_token(in, f);
    if (err == TEE_OK)
        err = install(in, f);
    return err;
}

/* One line of talk each. */
static void
notes(const struct init *in)
{
    const char *p, *end;
    struct tee_buf b;

    tee_buf_init(&b, CONF_MAX);
    ks_token_warnings(in->token, &b);
    tee_buf_u8(&b, 0);
    if (b.err == TEE_OK) {
        for (p = (const char *)b.p; (end = strchr(p, '\n')) != NULL;
             p = end + 1)
            (void)cmd_say(CMD_DONE, "note: %.*s", (int)(end - p), p);
    }
    tee_buf_clear(&b);
}

static void
report(const struct init *in)
{
    const struct ks_conf_token *t = ks_token_conf(in->token);

    printf("token    %s\norigin   %s", in->label, ks_origin_word(t->origin));
    if (t->origin != KS_LOCAL)
        printf(" on %s", ks_platform_word(t->platform));
    printf("\nkey      %s\nsection  [%s] in %s\nstore    %s/%s.token\n"
           "uri      pkcs11:token=%s\n",
           ks_kinfo(t->key_type)->word, in->label, in->path, in->state,
           in->label, in->label);
    notes(in);
}

static void
clear(struct init *in)
{
    ks_token_free(in->token);
    ks_conf_free(in->conf);
    cmd_pin_clear(&in->user);
    cmd_pin_clear(&in->so);
    if (in->candidate[0] != '\0')
        (void)unlinkat(in->dir, in->candidate, 0);
    init_undo_run(&in->undo);
    if (in->dir >= 0)
        (void)close(in->dir);
    tee_buf_clear(&in->old);
    tee_buf_clear(&in->text);
    free(in->path);
    free(in->state);
}

/* Between the first folder and the last rename a signal waits: it would leave
 * half of the token. */
static void
hold_signals(int how)
{
    static const int held[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
    sigset_t set;
    size_t i;

    (void)sigemptyset(&set);
    for (i = 0; i < TEE_LEN(held); i++)
        (void)sigaddset(&set, held[i]);
    (void)sigprocmask(how, &set, NULL);
}

/* What the caller can mend by other words or another configuration. */
static int
exit_code(enum tee_err err)
{
    static const enum tee_err usage[] = { TEE_E_ARG,    TEE_E_CONFIG,
                                          TEE_E_TRUST,  TEE_E_UNSUPPORTED,
                                          TEE_E_EXISTS, TEE_E_PIN_LEN };
    size_t i;

    for (i = 0; i < TEE_LEN(usage); i++) {
        if (err == usage[i])
            return CMD_USAGE;
    }
    return CMD_FAILED;
}

static int
run(const struct cmd_args *a)
{
    struct init in = { .a = a, .label = a->arg[0], .dir = -1 };
    struct tee_fault f = { 0 };
    int code = CMD_DONE;
    enum tee_err err;

    tee_buf_init(&in.old, CONF_MAX);
    tee_buf_init(&in.text, CONF_MAX);
    err = prepare(&in, &f);
    if (err == TEE_OK) {
        hold_signals(SIG_BLOCK);
        err = make(&in, &f);
        if (err == TEE_OK)
            init_undo_keep(&in.undo);
    }
    if (err == TEE_OK)
        report(&in);
    else
        code = cmd_say(exit_code(err), "init: %s",
                       f.text[0] != '\0' ? f.text : tee_err_name(err));
    clear(&in);
    hold_signals(SIG_UNBLOCK);
    return code;
}

const struct cmd cmd_init = {
    .name = "init",
    .operands = "LABEL",
    .brief = "make a token: configuration, store and key",
    .opt = opts,
    .n_opt = O_N,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
