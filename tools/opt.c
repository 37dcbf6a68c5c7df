/*
 * The option parser.  getopt_long guesses at abbreviations and lets the last
 * of two equal options win; a command that judges evidence does neither.
 */
#include "config.h"

#include <string.h>

#include "tools/cmd.h"

#define HELP_COLUMN 26

struct parse {
    const struct cmd *c;
    int argc, i;
    char *const *argv;
    struct cmd_args *a;
};

static enum tee_err
wrong(const char *word, const char *text, struct tee_fault *f)
{
    char shown[TEE_ESCAPED];

    tee_escape(tee_bytes_of(word), shown);
    return tee_fault(f, TEE_E_ARG, "\"%s\": %s", shown, text);
}

enum tee_err
cmd_unknown(const char *word, struct tee_fault *f)
{
    size_t n = word[1] == '-' ? strcspn(word, "=") : strnlen(word, 2);
    char shown[TEE_ESCAPED];

    tee_escape((struct tee_bytes){ (const uint8_t *)word, n }, shown);
    return tee_fault(f, TEE_E_ARG, "\"%s\": no such option", shown);
}

enum tee_err
cmd_no_pin(const char *word, struct tee_fault *f)
{
    static const char *const names[] = { "pin", "so-pin", "pin-value",
                                         "new-pin", "password" };
    size_t i, n = strcspn(word, "=");

    for (i = 0; i < TEE_LEN(names); i++) {
        if (strlen(names[i]) == n && strncmp(names[i], word, n) == 0)
            return tee_fault(
                f, TEE_E_ARG,
                "--%s: a PIN is never an argument, where every process of "
                "this host can read it; use --pin-file FILE (\"-\" is "
                "standard input), the URI's pin-source, or leave it out and "
                "be asked on the terminal",
                names[i]);
    }
    return TEE_OK;
}

static bool
is_later(const struct cmd *c, const char *name, size_t n)
{
    const char *const *l = c->later;

    for (; l != NULL && *l != NULL; l++) {
        if (strlen(*l) == n && strncmp(*l, name, n) == 0)
            return true;
    }
    return false;
}

/* Row of the option, c->n_opt: none. */
static size_t
find(const struct cmd *c, const char *name, size_t n)
{
    size_t i;

    for (i = 0; i < c->n_opt; i++) {
        if (strlen(c->opt[i].name) == n &&
            strncmp(c->opt[i].name, name, n) == 0)
            return i;
        if (n == 1 && c->opt[i].letter == *name)
            return i;
    }
    return c->n_opt;
}

static enum tee_err
set(struct parse *p, size_t row, const char *word, const char *value,
    struct tee_fault *f)
{
    const struct cmd_opt *o = &p->c->opt[row];

    if (p->a->value[row] != NULL)
        return wrong(word, "given twice", f);
    if (o->value == NULL) {
        if (value != NULL)
            return wrong(word, "takes no value", f);
        p->a->value[row] = "";
        return TEE_OK;
    }
    if (value == NULL) {
        if (p->i + 1 >= p->argc)
            return wrong(word, "needs a value", f);
        value = p->argv[++p->i];
        if (value[0] == '-' && value[1] != '\0')
            return wrong(word,
                         "needs a value; one that begins with \"-\" is "
                         "written --NAME=VALUE",
                         f);
    }
    if (*value == '\0')
        return wrong(word, "its value is empty", f);
    if (!tee_utf8(tee_bytes_of(value)))
        return wrong(word, "its value is not UTF-8", f);
    p->a->value[row] = value;
    return TEE_OK;
}

static enum tee_err
option(struct parse *p, const char *word, struct tee_fault *f)
{
    bool is_long = word[1] == '-';
    const char *name = word + (is_long ? 2 : 1), *equals = NULL;
    size_t n = strlen(name), row;
    enum tee_err err;

    if (is_long) {
        equals = strchr(name, '=');
        if (equals != NULL)
            n = (size_t)(equals - name);
    }
    err = cmd_no_pin(name, f);
    if (err != TEE_OK)
        return err;
    if (is_long && is_later(p->c, name, n))
        return tee_fault(f, TEE_E_UNSUPPORTED,
                         "--%.*s: unsupported: not part of this version",
                         (int)n, name);
    if (strncmp(name, "conf", n) == 0 && n == 4)
        return wrong(word, "stands before the command", f);
    row = is_long == (n == 1) ? p->c->n_opt : find(p->c, name, n);
    if (row == p->c->n_opt)
        return cmd_unknown(word, f);
    return set(p, row, word, equals == NULL ? NULL : equals + 1, f);
}

static bool
wants_help(int argc, char *const *argv)
{
    int i;

    for (i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

static enum tee_err
operand(struct parse *p, const char *word, struct tee_fault *f)
{
    if (p->a->n == p->c->max_args)
        return wrong(word,
                     p->c->max_args == 0 ? "takes no operand"
                                         : "one operand too many",
                     f);
    p->a->arg[p->a->n++] = word;
    return TEE_OK;
}

enum tee_err
cmd_parse(const struct cmd *c, int argc, char *const *argv,
          struct cmd_args *ret, bool *help, struct tee_fault *f)
{
    struct parse p = { .c = c, .argc = argc, .argv = argv, .a = ret };
    bool operands = false;
    enum tee_err err = TEE_OK;
    const char *w;

    *help = wants_help(argc, argv);
    if (*help)
        return TEE_OK;
    for (p.i = 0; p.i < argc && err == TEE_OK; p.i++) {
        w = argv[p.i];
        if (!operands && strcmp(w, "--") == 0)
            operands = true;
        else if (!operands && w[0] == '-' && w[1] != '\0')
            err = option(&p, w, f);
        else
            err = operand(&p, w, f);
    }
    if (err == TEE_OK && ret->n < c->min_args)
        err = tee_fault(f, TEE_E_ARG, "needs %s", c->operands);
    return err;
}

static void
help_option(const struct cmd_opt *o, FILE *out)
{
    char left[HELP_COLUMN * 2], letter[5] = "    ";

    if (o->letter != 0)
        (void)snprintf(letter, sizeof(letter), "-%c, ", o->letter);
    (void)snprintf(left, sizeof(left), "  %s--%s%s%s", letter, o->name,
                   o->value == NULL ? "" : " ",
                   o->value == NULL ? "" : o->value);
    if (strlen(left) >= HELP_COLUMN)
        (void)fprintf(out, "%s\n%*s%s\n", left, HELP_COLUMN, "", o->help);
    else
        (void)fprintf(out, "%-*s%s\n", HELP_COLUMN, left, o->help);
}

void
cmd_help(const struct cmd *c, FILE *out)
{
    static const struct cmd_opt help = { "help", 'h', NULL,
                                         "print this, do nothing" };
    size_t i;

    (void)fprintf(
        out, "usage: tee-pkcs11 [--conf FILE] %s%s%s [OPTION...]\n\n%s.\n\n",
        c->name, *c->operands == '\0' ? "" : " ", c->operands, c->brief);
    for (i = 0; i < c->n_opt; i++)
        help_option(&c->opt[i], out);
    help_option(&help, out);
    (void)fprintf(out, "\nManual: man tee-pkcs11-%.*s\n",
                  (int)strcspn(c->name, " "), c->name);
}
