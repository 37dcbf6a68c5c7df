/*
 * init: a section of the configuration, a store and a key, all or nothing.
 *
 * The new configuration is written beside the old one and the store is made
 * from it; only then it takes the old one's place.  Whatever fails before
 * leaves the configuration as it was, and what was made is removed.
 */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keystore/ks.h"
#include "tools/cmd.h"

#define NOTES_MAX      65536
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
    char *state;
    struct cmd_pin user, so;
    struct init_conf conf;
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
state_below(struct init *in, const char *dir, const char *rest,
            struct tee_fault *f)
{
    size_t n = strlen(dir) + strlen(rest) + 1;

    in->state = malloc(n);
    if (in->state == NULL)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    (void)snprintf(in->state, n, "%s%s", dir, rest);
    return TEE_OK;
}

static enum tee_err
state_place(struct init *in, struct tee_fault *f)
{
    const char *dir = in->a->value[O_STATE];

    if (dir != NULL)
        return cmd_absolute(dir, &in->state, f);
    if (geteuid() == 0)
        return state_below(in, STATE_OF_ROOT, "", f);
    dir = secure_getenv("XDG_STATE_HOME");
    if (dir != NULL && dir[0] == '/')
        return state_below(in, dir, "/tee-pkcs11", f);
    dir = secure_getenv("HOME");
    if (dir != NULL && dir[0] == '/')
        return state_below(in, dir, "/.local/state/tee-pkcs11", f);
    return tee_fault(f, TEE_E_ARG,
                     "no folder for the store: HOME is not set; use --state");
}

static enum tee_err
places(struct init *in, struct tee_fault *f)
{
    const char *const *v = in->a->value;
    enum tee_err err = ks_conf_place(in->a->conf, &in->conf.path, f);

    if (err == TEE_OK)
        err = state_place(in, f);
    in->conf.s = (struct init_section){ .name = in->label,
                                        .origin = v[O_ORIGIN],
                                        .key_type = v[O_TYPE],
                                        .platform = v[O_PLATFORM],
                                        .state = in->state,
                                        .did = v[O_DID],
                                        .pin = v[O_PIN] != NULL };
    return err;
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

    err = ks_token_new(in->conf.conf, init_conf_token(&in->conf), &in->token);
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
    enum tee_err err =
        ks_token_new(in->conf.conf, init_conf_token(&in->conf), &t);

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
        err = init_conf_compose(&in->conf, f);
    if (err == TEE_OK)
        err = buildable(in, f);
    if (err == TEE_OK)
        err = pins(in, f);
    return err;
}

static enum tee_err
make(struct init *in, struct tee_fault *f)
{
    enum tee_err err = init_conf_claim(&in->conf, &in->undo, f);

    if (err == TEE_OK)
        err = init_conf_stage(&in->conf, f);
    if (err == TEE_OK)
        err = open_token(in, f);
    if (err == TEE_OK)
        err = make_state(in, f);
    if (err == TEE_OK)
        err = make_token(in, f);
    if (err == TEE_OK)
        err = init_conf_install(&in->conf, f);
    return err;
}

/* One line of talk each. */
static void
notes(const struct init *in)
{
    const char *p, *end;
    struct tee_buf b;

    tee_buf_init(&b, NOTES_MAX);
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
           ks_kinfo(t->key_type)->word, in->label, in->conf.path, in->state,
           in->label, in->label);
    notes(in);
}

static void
clear(struct init *in)
{
    ks_token_free(in->token);
    cmd_pin_clear(&in->user);
    cmd_pin_clear(&in->so);
    /* What was made goes while the lock is held: another init that waits for
     * it must not find, and use, a root that is about to be removed. */
    init_conf_drop(&in->conf);
    init_undo_run(&in->undo);
    init_conf_clear(&in->conf);
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
    struct init in = { .a = a, .label = a->arg[0] };
    struct tee_fault f = { 0 };
    int code = CMD_DONE;
    enum tee_err err;

    init_conf_begin(&in.conf);
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
