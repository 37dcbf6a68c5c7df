#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "tests/tools/suites.h"
#include "tools/cmd.h"

static const struct cmd_opt opts[] = { { "nonce", 0, "N", "a nonce" },
                                       { "output", 'o', "FILE", "a file" },
                                       { "json", 0, NULL, "a flag" } };
static const char *const later[] = { "fetch", NULL };
static const struct cmd two = { .name = "two",
                                .operands = "A [B]",
                                .opt = opts,
                                .n_opt = TEE_LEN(opts),
                                .later = later,
                                .min_args = 1,
                                .max_args = 2 };

#define WORDS 8
struct row {
    const char *argv[WORDS];
    enum tee_err err;
    const char *nonce, *output, *json, *a, *b; /* NULL: absent */
    const char *says;                          /* part of the fault */
};

static bool
same(const char *x, const char *y)
{
    return x == NULL || y == NULL ? x == y : strcmp(x, y) == 0;
}

static void
check_row(const struct row *r)
{
    struct cmd_args a = { 0 };
    struct tee_fault f = { 0 };
    bool help = true;
    char *argv[WORDS];
    int argc = 0;

    for (; argc < WORDS && r->argv[argc] != NULL; argc++)
        memcpy(&argv[argc], &r->argv[argc], sizeof(argv[argc]));
    CU_ASSERT_EQUAL(cmd_parse(&two, argc, argv, &a, &help, &f), r->err);
    CU_ASSERT_FALSE(help);
    if (r->err != TEE_OK) {
        CU_ASSERT_PTR_NOT_NULL(strstr(f.text, r->says));
        return;
    }
    CU_ASSERT_TRUE(same(a.value[0], r->nonce));
    CU_ASSERT_TRUE(same(a.value[1], r->output));
    CU_ASSERT_TRUE(same(a.value[2], r->json));
    CU_ASSERT_TRUE(same(a.arg[0], r->a));
    CU_ASSERT_TRUE(same(a.arg[1], r->b));
    CU_ASSERT_EQUAL(a.n, (size_t)(r->a != NULL) + (r->b != NULL));
}

static void
test_what_is_taken(void)
{
    static const struct row rows[] = {
        { { "x" }, TEE_OK, NULL, NULL, NULL, "x", NULL, NULL },
        { { "x", "y" }, TEE_OK, NULL, NULL, NULL, "x", "y", NULL },
        { { "--nonce", "n", "x" }, TEE_OK, "n", NULL, NULL, "x", NULL, NULL },
        { { "x", "--nonce=n" }, TEE_OK, "n", NULL, NULL, "x", NULL, NULL },
        { { "x", "--nonce=-n" }, TEE_OK, "-n", NULL, NULL, "x", NULL, NULL },
        { { "x", "--nonce=a=b" }, TEE_OK, "a=b", NULL, NULL, "x", NULL, NULL },
        { { "-o", "-", "x" }, TEE_OK, NULL, "-", NULL, "x", NULL, NULL },
        { { "--output", "f", "--json", "-" },
          TEE_OK,
          NULL,
          "f",
          "",
          "-",
          NULL,
          NULL },
        { { "--", "--json", "-o" },
          TEE_OK,
          NULL,
          NULL,
          NULL,
          "--json",
          "-o",
          NULL },
    };
    size_t i;

    for (i = 0; i < TEE_LEN(rows); i++)
        check_row(&rows[i]);
}

static void
test_what_is_refused(void)
{
    static const struct row rows[] = {
        { .argv = { NULL }, .err = TEE_E_ARG, .says = "needs A [B]" },
        { .argv = { "a", "b", "c" }, .err = TEE_E_ARG, .says = "too many" },
        { .argv = { "a", "--nonc", "n" },
          .err = TEE_E_ARG,
          .says = "no such option" }, /* no abbreviations */
        { .argv = { "a", "--nonce" }, .err = TEE_E_ARG, .says = "a value" },
        { .argv = { "a", "--nonce", "--json" },
          .err = TEE_E_ARG,
          .says = "--NAME=VALUE" },
        { .argv = { "a", "--nonce", "" }, .err = TEE_E_ARG, .says = "empty" },
        { .argv = { "a", "--nonce=" }, .err = TEE_E_ARG, .says = "empty" },
        { .argv = { "a", "--nonce", "\xc3\x28" },
          .err = TEE_E_ARG,
          .says = "UTF-8" },
        { .argv = { "a", "--json=yes" }, .err = TEE_E_ARG, .says = "no value" },
        { .argv = { "a", "--json", "--json" },
          .err = TEE_E_ARG,
          .says = "twice" },
        { .argv = { "a", "-o", "x", "--output", "y" },
          .err = TEE_E_ARG,
          .says = "twice" },
        { .argv = { "a", "-ofile" }, .err = TEE_E_ARG, .says = "no such" },
        { .argv = { "a", "--o", "x" }, .err = TEE_E_ARG, .says = "no such" },
        { .argv = { "a", "-x" }, .err = TEE_E_ARG, .says = "no such option" },
        { .argv = { "a", "-\033[2J" }, .err = TEE_E_ARG, .says = "\"-\\x1b\"" },
        { .argv = { "a", "--conf", "x" }, .err = TEE_E_ARG, .says = "before" },
        { .argv = { "a", "--fetch" },
          .err = TEE_E_UNSUPPORTED,
          .says = "not part of this version" },
        { .argv = { "a", "--fetch=x" },
          .err = TEE_E_UNSUPPORTED,
          .says = "not part of this version" },
    };
    size_t i;

    for (i = 0; i < TEE_LEN(rows); i++)
        check_row(&rows[i]);
}

static void
test_a_pin_is_never_an_argument(void)
{
    static const char *const words[] = { "--pin", "--pin=123456", "--so-pin",
                                         "--pin-value=x", "--password" };
    size_t i;

    for (i = 0; i < TEE_LEN(words); i++) {
        const struct row r = { .argv = { "a", words[i], "654321" },
                               .err = TEE_E_ARG,
                               .says = "never an argument" };

        check_row(&r);
    }
}

static void
test_the_refused_pin_is_not_repeated(void)
{
    static const char *const words[] = { "--pin=123456", "--set-pin=123456",
                                         "--user-pin=123456", "-p123456" };
    struct tee_fault f;
    char word[32], *argv[] = { word };
    bool help;
    size_t i;

    for (i = 0; i < TEE_LEN(words); i++) {
        struct cmd_args a = { 0 };

        f = (struct tee_fault){ 0 };
        (void)snprintf(word, sizeof(word), "%s", words[i]);
        CU_ASSERT_EQUAL(cmd_parse(&two, 1, argv, &a, &help, &f), TEE_E_ARG);
        CU_ASSERT_PTR_NULL(strstr(f.text, "123456"));
    }
}

static void
test_help_wins_over_everything(void)
{
    struct cmd_args a = { 0 };
    char w1[] = "--bad", w2[] = "--help", w3[] = "--";
    char *before[] = { w1, w2 }, *after[] = { w3, w2 };
    struct tee_fault f;
    bool help = false;

    CU_ASSERT_EQUAL(cmd_parse(&two, 2, before, &a, &help, &f), TEE_OK);
    CU_ASSERT_TRUE(help);
    CU_ASSERT_EQUAL(cmd_parse(&two, 2, after, &a, &help, &f), TEE_OK);
    CU_ASSERT_FALSE(help);
    CU_ASSERT_STRING_EQUAL(a.arg[0], "--help");
}

static void
test_help_prints_the_table(void)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    cmd_help(&two, out);
    (void)fclose(out);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "two A [B] [OPTION...]"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "      --nonce N           a nonce\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "  -o, --output FILE       a file\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "--help"));
    free(text);
}

static const struct test tests[] = {
    { "options and operands in every lawful form are taken",
      test_what_is_taken },
    { "each mistake in options and operands is refused", test_what_is_refused },
    { "a PIN is never an argument", test_a_pin_is_never_an_argument },
    { "the PIN that was refused is not repeated",
      test_the_refused_pin_is_not_repeated },
    { "help wins over every mistake, but not behind --",
      test_help_wins_over_everything },
    { "the help prints every option", test_help_prints_the_table },
    { NULL, NULL }
};
const struct suite suite_opt = { "opt", tests };
