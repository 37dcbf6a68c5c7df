/*
 * tools/: the command tee-pkcs11.  Results go to stdout, talk to stderr.
 *
 * One file per command, each with one `struct cmd`; tee-pkcs11.c lists them.
 * An option exists once, in its command's table: the parser, --help, the
 * manual's check and the completion's check all read that table.
 */
#ifndef TEE_TOOLS_CMD_H
#define TEE_TOOLS_CMD_H

#include <p11-kit/pkcs11.h>
#include <stdio.h>

#include "base/tee.h"

/* Exit codes: design section 6 for verify; the others use 0, 1 and 64. */
enum {
    CMD_DONE = 0,
    CMD_FAILED = 1,
    CMD_UNCERTAIN = 2, /* verify: could not appraise */
    CMD_SIMULATED = 3, /* verify */
    CMD_USAGE = 64     /* wrong words, no or bad configuration, unsupported */
};

#define CMD_OPTS_MAX 16
#define CMD_ARGS_MAX 256
#define CMD_FILE_MAX ((size_t)4 << 20) /* of a file that is read whole */

/* ---- opt.c: options --------------------------------------------------------
 */

struct cmd_opt {
    const char *name;  /* "challenge" */
    char letter;       /* 'o', 0: none */
    const char *value; /* what the help calls its value; NULL: a flag */
    const char *help;
};
struct cmd_args {
    const char *conf;                /* --conf, NULL */
    const char *value[CMD_OPTS_MAX]; /* by row of the table; flag: "" */
    size_t n;
    const char *arg[CMD_ARGS_MAX]; /* operands */
};
struct cmd {
    const char *name;     /* "init" */
    const char *operands; /* "LABEL", "FILE..." */
    const char *brief;
    const struct cmd_opt *opt;
    size_t n_opt;
    const char *const *later; /* options of later versions; NULL, or to NULL */
    size_t min_args, max_args;
    int (*run)(const struct cmd_args *a);
};
/*
 * argv without the command's name.  Exact names only, no option twice,
 * "--" ends options, a value that begins with "-" is written --name=VALUE.
 * *help: --help was given, nothing else is checked.
 */
TEE_MUST_USE enum tee_err cmd_parse(const struct cmd *c, int argc,
                                    char *const *argv, struct cmd_args *ret,
                                    bool *help, struct tee_fault *f);
void cmd_help(const struct cmd *c, FILE *out);
/* TEE_E_ARG for --pin, --so-pin and the like, with the reason. */
TEE_MUST_USE enum tee_err cmd_no_pin(const char *word, struct tee_fault *f);
/* TEE_E_ARG for an option that nobody knows, without its value: that may be a
 * PIN (--set-pin=..., -p...), and messages are kept. */
TEE_MUST_USE enum tee_err cmd_unknown(const char *word, struct tee_fault *f);

/* ---- io.c: files and messages ----------------------------------------------
 */

/* "tee-pkcs11: text" on stderr, control characters escaped; returns code. */
int cmd_say(int code, const char *fmt, ...) TEE_PRINTF(2, 3);
/* Whole file, "-" is standard input.  TEE_E_TOOBIG over max. */
TEE_MUST_USE enum tee_err cmd_read(const char *path, size_t max,
                                   struct tee_buf *ret, struct tee_fault *f);
/* Mode 0600, atomic; "-" is standard output.  Only a regular file or nothing
 * may stand there already. */
TEE_MUST_USE enum tee_err cmd_write(const char *path, struct tee_bytes v,
                                    struct tee_fault *f);
/* stdout reached its reader: code, or CMD_FAILED with a message. */
int cmd_flush(int code);
/* "now", seconds since the epoch or RFC 3339. */
TEE_MUST_USE enum tee_err cmd_time(const char *text, int64_t *ret,
                                   struct tee_fault *f);
/* An absolute path for what the user wrote; malloc'ed. */
TEE_MUST_USE enum tee_err cmd_absolute(const char *path, char **ret,
                                       struct tee_fault *f);

/* ---- tree.c: what people look at -------------------------------------------
 */

enum tree_mark { TREE_NONE, TREE_GOOD, TREE_BAD, TREE_OPEN };
struct tree; /* nodes in reading order */
TEE_MUST_USE enum tee_err tree_new(struct tree **ret);
void tree_free(struct tree *t);
/* depth 0 is a root.  Text may be NULL or hostile; both are copied.  An error
 * sticks and tree_print reports it. */
void tree_add(struct tree *t, unsigned depth, enum tree_mark mark,
              const char *label, const char *text);
void tree_addf(struct tree *t, unsigned depth, enum tree_mark mark,
               const char *label, const char *fmt, ...) TEE_PRINTF(5, 6);
/* plain: ASCII only, no colour. */
TEE_MUST_USE enum tee_err tree_print(const struct tree *t, FILE *out,
                                     bool plain);
/* stdout is no terminal, NO_COLOR is set, or the locale is not UTF-8. */
bool tree_plain(void);
/* Text from outside: control and, when plain, other than ASCII bytes as
 * \xNN, so that a file cannot speak to the terminal. */
void tree_text(FILE *out, const char *text, bool plain);
/* JSON that is UTF-8: what tree_text would not let through stands inside
 * strings and is written as \uNNNN, which reads back as the same. */
void json_text(FILE *out, struct tee_bytes json);

/* ---- json_tree.c -----------------------------------------------------------
 */

struct cJSON;
/* JSON as nodes below `depth`; long strings are cut, with their length. */
void json_tree(struct tree *t, unsigned depth, const struct cJSON *v);

/* ---- pin.c: PINs -----------------------------------------------------------
 */

struct cmd_pin {
    struct tee_secret mem;
    size_t len;
};
/* One line of a file that others cannot read; "-": standard input, or the
 * terminal with echo off when that is one. */
TEE_MUST_USE enum tee_err cmd_pin_file(const char *path, const char *prompt,
                                       bool twice, struct cmd_pin *ret,
                                       struct tee_fault *f);
/* From the terminal, echo off; twice: asks again and compares. */
TEE_MUST_USE enum tee_err cmd_pin_ask(const char *prompt, bool twice,
                                      struct cmd_pin *ret, struct tee_fault *f);
struct tee_bytes cmd_pin_view(const struct cmd_pin *p); /* NULL: empty */
void cmd_pin_clear(struct cmd_pin *p);                  /* wipes */

/* ---- uri.c: RFC 7512 -------------------------------------------------------
 */

struct p11_kit_uri;
struct ks_conf;
struct ks_conf_token;
/* A label stands for pkcs11:token=LABEL.  pin-value is refused. */
TEE_MUST_USE enum tee_err
cmd_uri_parse(const char *text, struct p11_kit_uri **ret, struct tee_fault *f);
/* The file that pin-source names; NULL: none. Malloc'ed. */
TEE_MUST_USE enum tee_err cmd_uri_pin_source(struct p11_kit_uri *uri,
                                             char **ret, struct tee_fault *f);

/* ---- module.c: the module, loaded as any consumer does ---------------------
 */

#define MODULE_SLOTS     64 /* sections of a configuration */
#define MODULE_VALUE_MAX ((size_t)4 << 20)

struct module {
    void *so;
    CK_FUNCTION_LIST *f;
    CK_SESSION_HANDLE session;
    CK_FLAGS token_flags;
    bool initialised;
};
/* path NULL: the installed one; conf NULL: the module's own search.  Close it
 * after an error too. */
TEE_MUST_USE enum tee_err module_open(struct module *m, const char *path,
                                      const char *conf, struct tee_fault *f);
void module_close(struct module *m);
/* A read-only session with the one token that the URI names. */
TEE_MUST_USE enum tee_err module_token(struct module *m,
                                       struct p11_kit_uri *uri,
                                       const char *text, struct tee_fault *f);
TEE_MUST_USE enum tee_err module_login(struct module *m, struct tee_bytes pin,
                                       struct tee_fault *f);
/* The one key that the URI names (its public half). */
TEE_MUST_USE enum tee_err module_key(struct module *m, struct p11_kit_uri *uri,
                                     const char *text, CK_OBJECT_HANDLE *ret,
                                     struct tee_fault *f);
/* One attribute; ret is initialised on success. */
TEE_MUST_USE enum tee_err module_read(struct module *m, CK_OBJECT_HANDLE o,
                                      CK_ATTRIBUTE_TYPE type,
                                      struct tee_buf *ret, struct tee_fault *f);
/* "what: sentence (0xNN)" of a return code. */
TEE_MUST_USE enum tee_err module_fault(struct tee_fault *f, CK_RV rv,
                                       const char *what);

/* ---- init_undo.c: what init made -------------------------------------------
 */

/* To be taken back in reverse when a later step fails. */
#define INIT_MADE_MAX 64
struct init_undo {
    size_t n;
    char *path[INIT_MADE_MAX]; /* files and folders, in order of making */
};
TEE_MUST_USE enum tee_err init_undo_add(struct init_undo *u, const char *path,
                                        struct tee_fault *f);
/* The folder and those above it that are missing, mode as given. */
TEE_MUST_USE enum tee_err init_mkdir(const char *path, mode_t mode,
                                     struct init_undo *u, struct tee_fault *f);
void init_undo_run(struct init_undo *u);  /* removes, then forgets */
void init_undo_keep(struct init_undo *u); /* forgets */

/* ---- init_conf.c: the configuration with one more section ------------------
 */

struct init_section {
    const char *name, *origin, *key_type, *platform, *state, *did;
    bool pin;
};
struct init_conf {
    char *path; /* owned */
    struct init_section s;
    struct ks_conf *conf; /* parsed, with the new section */
    struct tee_buf old, text;
    int dir; /* of the file, locked; -1 */
    mode_t mode;
    char candidate[32]; /* its name in dir, "": not written */
};
/* The text of old with the section behind it. */
TEE_MUST_USE enum tee_err init_conf_append(struct tee_bytes old,
                                           const struct init_section *s,
                                           struct tee_buf *ret,
                                           struct tee_fault *f);
void init_conf_begin(struct init_conf *c);
/* Removes the candidate that was not installed. */
void init_conf_drop(struct init_conf *c);
/* The same, and lets go of the lock. */
void init_conf_clear(struct init_conf *c);
/* In memory alone: reads the file, adds the section, parses. */
TEE_MUST_USE enum tee_err init_conf_compose(struct init_conf *c,
                                            struct tee_fault *f);
/* Makes and locks the folder, then composes again. */
TEE_MUST_USE enum tee_err
init_conf_claim(struct init_conf *c, struct init_undo *u, struct tee_fault *f);
/* Writes it beside the real one: the helper reads it as well. */
TEE_MUST_USE enum tee_err init_conf_stage(struct init_conf *c,
                                          struct tee_fault *f);
TEE_MUST_USE enum tee_err init_conf_install(struct init_conf *c,
                                            struct tee_fault *f);
const struct ks_conf_token *init_conf_token(const struct init_conf *c);

/* ---- commands --------------------------------------------------------------
 */

extern const struct cmd cmd_init, cmd_status, cmd_evidence, cmd_verify,
    cmd_show, cmd_policy, cmd_version;
extern const struct cmd *const cmd_table[]; /* ends with NULL */
/* Words of the design that this version does not have. */
extern const char *const cmd_later[]; /* ends with NULL */

/* verify: the exit code of several files. */
int verify_worst(int a, int b);

#endif
