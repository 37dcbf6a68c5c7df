/*
 * tee-pkcs11: the command.  Finds the subcommand in the table and hands the
 * parsed words to it.
 */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "keystore/ks.h"
#include "tools/cmd.h"

const struct cmd *const cmd_table[] = { &cmd_init,     &cmd_status,
                                        &cmd_evidence, &cmd_verify,
                                        &cmd_show,     &cmd_policy,
                                        &cmd_version,  NULL };
const char *const cmd_later[] = { "detect", "doctor", "acquire", "enroll",
                                  "refs",   "seal",   "unseal",  "skr",
                                  "cert",   NULL };

static void
help(FILE *out)
{
    const struct cmd *const *c;

    (void)fputs(
        "usage: tee-pkcs11 [--conf FILE] COMMAND ...\n\n"
        "Keys bound to a Trusted Execution Environment, and the evidence "
        "about them.\n\n",
        out);
    for (c = cmd_table; *c != NULL; c++)
        (void)fprintf(out, "  %-10s %s\n", (*c)->name, (*c)->brief);
    (void)fputs(
        "\n  --conf FILE           the configuration, whatever the "
        "environment says\n"
        "  --help                also after a command\n\n"
        "Exit status: 0 done or verified, 1 failed or refused, 2 could not "
        "appraise,\n3 simulated, 64 usage, configuration, or not part of "
        "this version.\n",
        out);
}

static bool
is_later(const char *word)
{
    const char *const *l;

    for (l = cmd_later; *l != NULL; l++) {
        if (strcmp(*l, word) == 0)
            return true;
    }
    return false;
}

static const struct cmd *
find(const char *word)
{
    const struct cmd *const *c;

    for (c = cmd_table; *c != NULL; c++) {
        if (strcmp((*c)->name, word) == 0)
            return *c;
    }
    return NULL;
}

static int
run(const struct cmd *c, int argc, char *const *argv, const char *conf)
{
    struct cmd_args a = { .conf = conf };
    struct tee_fault f = { 0 };
    bool want_help = false;
    enum tee_err err;

    err = cmd_parse(c, argc, argv, &a, &want_help, &f);
    if (err == TEE_E_UNSUPPORTED)
        return cmd_say(CMD_USAGE, "%s: %s", c->name, f.text);
    if (err != TEE_OK)
        return cmd_say(CMD_USAGE,
                       "%s: %s; \"tee-pkcs11 %s --help\" lists what "
                       "it takes",
                       c->name, f.text, c->name);
    if (want_help) {
        cmd_help(c, stdout);
        return cmd_flush(CMD_DONE);
    }
    return cmd_flush(c->run(&a));
}

/* --conf FILE; *i moves behind it. TEE_E_ARG with a message. */
static enum tee_err
global_option(int argc, char **argv, int *i, const char **conf,
              struct tee_fault *f)
{
    const char *w = argv[*i];
    enum tee_err err = cmd_no_pin(w + (w[1] == '-' ? 2 : 1), f);

    if (err != TEE_OK)
        return err;
    if (strncmp(w, "--conf=", 7) == 0) {
        w += 7;
    } else if (strcmp(w, "--conf") == 0 && *i + 1 < argc) {
        w = argv[++*i];
    } else if (strcmp(w, "--conf") == 0) {
        return tee_fault(f, TEE_E_ARG, "--conf: needs a value");
    } else {
        return cmd_unknown(w, f);
    }
    if (*conf != NULL)
        return tee_fault(f, TEE_E_ARG, "--conf: given twice");
    *conf = w;
    return TEE_OK;
}

/* PINs pass through this process: no core file, nothing for others to read in
 * files it makes. */
static void
settle(void)
{
    const struct rlimit none = { 0, 0 };

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of write */
}

int
main(int argc, char **argv)
{
    struct tee_fault f = { 0 };
    const char *conf = NULL;
    const struct cmd *c;
    int i;

    settle();
    for (i = 1; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            help(stdout);
            return cmd_flush(CMD_DONE);
        }
        if (strcmp(argv[i], "--version") == 0)
            return run(&cmd_version, 0, argv, NULL);
        if (global_option(argc, argv, &i, &conf, &f) != TEE_OK)
            return cmd_say(CMD_USAGE, "%s; see \"tee-pkcs11 --help\"", f.text);
    }
    if (i >= argc) {
        help(stderr);
        return CMD_USAGE;
    }
    if (is_later(argv[i]))
        return cmd_say(CMD_USAGE, "%s: unsupported: not part of this version",
                       argv[i]);
    c = find(argv[i]);
    if (c == NULL)
        return cmd_say(CMD_USAGE,
                       "\"%s\": no such command; see \"tee-pkcs11 --help\"",
                       argv[i]);
    if (ks_init() != TEE_OK)
        return cmd_say(CMD_FAILED, "self-test: libsodium cannot be used here");
    return run(c, argc - i - 1, argv + i + 1, conf);
}
