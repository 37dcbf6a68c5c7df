/* The grammar of the configuration: configuration.md sections 2 and 5. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "tests/base/suites.h"
#include "tests/support/alloc.h"

/*
 * What the parser says of a text, as one word: "ok", "LINE: text" for the
 * whole, or "[SECTION] LINE: text" for the first bad section.
 */
static const char *
verdict_n(const char *text, size_t n)
{
    static char said[TEE_FAULT_TEXT + 64];
    struct tee_fault f = { TEE_OK, "" };
    struct tee_ini *ini = NULL;
    unsigned line = 77;
    enum tee_err err;
    size_t i;

    err = tee_ini_parse((struct tee_bytes){ (const uint8_t *)text, n }, &ini,
                        &line, &f);
    if (err != TEE_OK) {
        CU_ASSERT_PTR_NULL(ini);
        CU_ASSERT_EQUAL(f.err, err);
        (void)snprintf(said, sizeof(said), "%u: %s", line, f.text);
        return said;
    }
    CU_ASSERT_EQUAL(line, 0);
    (void)snprintf(said, sizeof(said), "ok");
    for (i = ini->n; i > 0; i--) {
        const struct tee_ini_section *s = &ini->section[i - 1];

        if (s->bad_line != 0)
            (void)snprintf(said, sizeof(said), "[%s] %u: %s", s->name,
                           s->bad_line, s->bad_text);
    }
    tee_ini_free(ini);
    return said;
}

static const char *
verdict(const char *text)
{
    return verdict_n(text, strlen(text));
}

struct row {
    const char *text, *said;
};

static void
judge(const struct row *row, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        const char *said = verdict(row[i].text);

        if (strcmp(said, row[i].said) != 0) {
            printf("    %s\n    -> %s\n", row[i].text, said);
            CU_FAIL("a configuration was judged wrong");
        }
    }
}

#define NOT_A_LINE "not a section, a \"key = value\" or a comment"
#define LONG_32    "abcdefghijklmnopqrstuvwxyz012345"

static void
test_good(void)
{
    static const struct row row[] = {
        { "", "ok" },
        { "\n", "ok" },
        { "# only a comment\n", "ok" },
        { " \t\n\t# indented\n", "ok" },
        { "#\n", "ok" },
        { "# caf\xc3\xa9 \xe2\x82\xac\n", "ok" },
        { "log = none\n", "ok" },
        { "[a]\n", "ok" },
        { "  [a]\t\n", "ok" },
        { "[A1.b_c-d]\n", "ok" },
        { "[" LONG_32 "]\n", "ok" },
        { "[a]\nk=v\n", "ok" },
        { "[a]\n\tk\t=\t v \t\n", "ok" },
        { "[a]\n" LONG_32 " = v\n", "ok" },
        { "[a]\nk = a b  c\n", "ok" },
        { "[a]\nk = a#b=c;d\n", "ok" },
        { "[a]\nk = a\"b'c\n", "ok" },
        { "[a]\nk = caf\xc3\xa9\n", "ok" },
        { "[a]\nk = #1\n", "ok" },
        { "[a]\nk = v\n[b]\nk = v\n", "ok" },
        { "[a]\nk_1 = [x]\n", "ok" },
        { "[a]\nk = \xef\xbb\xbfv\n", "ok" }, /* no mark inside */
    };

    judge(row, TEE_LEN(row));
}

static void
test_lines_refused(void)
{
    static const struct row row[] = {
        { "x\n", "1: " NOT_A_LINE },
        { "[a]\nkey\n", "[a] 2: " NOT_A_LINE },
        { "[a]\nkey value\n", "[a] 2: " NOT_A_LINE },
        { "[a]\nkey: value\n", "[a] 2: " NOT_A_LINE },
        { "[a]\n= v\n", "[a] 2: " NOT_A_LINE },
        { "[a]\nKey = v\n", "[a] 2: " NOT_A_LINE },
        { "[a]\nk-y = v\n", "[a] 2: " NOT_A_LINE },
        { "[a]\nk.y = v\n", "[a] 2: " NOT_A_LINE },
        { "[a]\n1k = v\n", "[a] 2: " NOT_A_LINE },
        { "[a]\n_k = v\n", "[a] 2: " NOT_A_LINE },
        { "[a]\nk y = v\n", "[a] 2: " NOT_A_LINE },
        { "[a]\nk\xc3\xa9 = v\n", "[a] 2: " NOT_A_LINE },
        { "[a]\n" LONG_32 "6 = v\n", "[a] 2: " NOT_A_LINE },
        { "[a]\n; comment\n", "[a] 2: " NOT_A_LINE },
        { "[a]\n// comment\n", "[a] 2: " NOT_A_LINE },
        { "[a]\n\"k\" = v\n", "[a] 2: " NOT_A_LINE },
        { "[a]\n$include /etc/x\n", "[a] 2: " NOT_A_LINE },
        { "[a]\n.include = v\n", "[a] 2: " NOT_A_LINE },
        { "[]\n", "1: " NOT_A_LINE },
        { "[\n", "1: " NOT_A_LINE },
        { "]\n", "1: " NOT_A_LINE },
        { "[a\n", "1: " NOT_A_LINE },
        { "a]\n", "1: " NOT_A_LINE },
        { "[ a ]\n", "1: " NOT_A_LINE },
        { "[a] # x\n", "1: " NOT_A_LINE },
        { "[a][b]\n", "1: " NOT_A_LINE },
        { "[[a]]\n", "1: " NOT_A_LINE },
        { "[-a]\n", "1: " NOT_A_LINE },
        { "[.a]\n", "1: " NOT_A_LINE },
        { "[_a]\n", "1: " NOT_A_LINE },
        { "[a/b]\n", "1: " NOT_A_LINE },
        { "[a b]\n", "1: " NOT_A_LINE },
        { "[a=b]\n", "1: " NOT_A_LINE },
        { "[\xc3\xa9]\n", "1: " NOT_A_LINE },
        { "[" LONG_32 "6]\n", "1: " NOT_A_LINE },
        { "[a]\n[b\nk = v\n", "[a] 2: " NOT_A_LINE },
    };

    judge(row, TEE_LEN(row));
}

static void
test_values_refused(void)
{
    static const struct row row[] = {
        { "k =\n", "1: k: the value is empty" },
        { "[a]\nk = \t \n", "[a] 2: k: the value is empty" },
        { "[a]\nk = \"v\"\n", "[a] 2: k: a value is written without quotes" },
        { "[a]\nk = 'v\n", "[a] 2: k: a value is written without quotes" },
        { "[a]\nk = a\tb\n", "[a] 2: k: no tab inside a value" },
        { "[a]\nlock = try # x\n",
          "[a] 2: lock: a comment must be on a line of its own" },
        { "[a]\nlock = try #\n",
          "[a] 2: lock: a comment must be on a line of its own" },
        { "[a]\nlock = a\t#b\n", "[a] 2: lock: no tab inside a value" },
    };

    judge(row, TEE_LEN(row));
}

static void
test_duplicates(void)
{
    static const struct row row[] = {
        { "log = none\n\nlog = none\n",
          "3: \"log\" was already given in line 1" },
        { "[a]\nk = v\nj = v\nk = w\n",
          "[a] 4: \"k\" was already given in line 2" },
        { "[a]\nk = v\n[b]\n[a]\n",
          "[a] 4: section was already opened in line 1" },
        { "[a]\n[a]\nk = v\nk = v\n",
          "[a] 2: section was already opened in line 1" },
        { "k = v\n[a]\nk = v\n", "ok" },
    };

    judge(row, TEE_LEN(row));
}

/* What stands under a section's second heading belongs to nobody. */
static void
test_second_section_is_ignored(void)
{
    struct tee_ini *ini = NULL;
    unsigned line;

    CU_ASSERT_EQUAL(tee_ini_parse(TEE_STR("[a]\nk = v\n[a]\nj = w\n[b]\n"
                                          "x = y\n"),
                                  &ini, &line, NULL),
                    TEE_OK);
    CU_ASSERT_EQUAL_FATAL(ini->n, 2);
    CU_ASSERT_EQUAL(ini->section[0].n, 1);
    CU_ASSERT_STRING_EQUAL(ini->section[0].pair[0].key, "k");
    CU_ASSERT_EQUAL(ini->section[0].bad_line, 3);
    CU_ASSERT_EQUAL(ini->section[1].bad_line, 0);
    CU_ASSERT_EQUAL(ini->section[1].n, 1);
    tee_ini_free(ini);
}

static void
test_first_error_counts(void)
{
    static const struct row row[] = {
        { "[a]\nk =\nbroken\n", "[a] 2: k: the value is empty" },
        { "[a]\nbroken\n[b]\nk =\n", "[a] 2: " NOT_A_LINE },
        { "[a]\nbroken\nx\n[b]\n", "[a] 2: " NOT_A_LINE },
        { "broken\nk =\n", "1: " NOT_A_LINE },
    };
    struct tee_ini *ini = NULL;
    unsigned line;

    judge(row, TEE_LEN(row));
    CU_ASSERT_EQUAL(tee_ini_parse(TEE_STR("[a]\nk = v\n[b]\nbroken\n[c]\n"
                                          "k = v\n"),
                                  &ini, &line, NULL),
                    TEE_OK);
    CU_ASSERT_EQUAL_FATAL(ini->n, 3);
    CU_ASSERT_EQUAL(ini->section[0].bad_line, 0);
    CU_ASSERT_EQUAL(ini->section[1].bad_line, 4);
    CU_ASSERT_EQUAL(ini->section[2].bad_line, 0);
    CU_ASSERT_EQUAL(ini->section[2].n, 1);
    tee_ini_free(ini);
}

static void
test_bytes_refused(void)
{
    static const struct row row[] = {
        { "[a]\r\nk = v\n",
          "1: carriage return; save the file with Unix line ends" },
        { "[a]\nk = v\r\n",
          "[a] 2: carriage return; save the file with Unix line ends" },
        { "\xef\xbb\xbf[a]\n", "0: begins with a byte order mark; save it "
                               "without" },
        { "[a]\nk = \xff\n", "0: not UTF-8" },
        { "[a]\nk = \xc0\xaf\n", "0: not UTF-8" },
        { "# \xed\xa0\x80\n", "0: not UTF-8" },
        { "[a]\nk = v\x01\n", "[a] 2: control character 0x01" },
        { "[a]\n# \x1b[31m\n", "[a] 2: control character 0x1b" },
        { "[a]\nk = v\x7f\n", "[a] 2: control character 0x7f" },
        { "[a]\nk = v\v\n", "[a] 2: control character 0x0b" },
        { "[a]\nk = \xc2\x9b"
          "31m\n",
          "[a] 2: control character 0x9b" },
        { "# \xc2\x80\n", "1: control character 0x80" },
        { "# \xc2\x85\n", "1: control character 0x85" },
        { "# \xc2\xa0\n", "ok" },
        { "# \xe2\x82\x85\n", "ok" },
    };

    judge(row, TEE_LEN(row));
    CU_ASSERT_STRING_EQUAL(verdict_n("[a]\nk = v\0w\n", 12),
                           "[a] 2: control character 0x00");
    CU_ASSERT_STRING_EQUAL(verdict_n("\0\n", 2), "1: control character 0x00");
    CU_ASSERT_STRING_EQUAL(verdict_n("# x\0\n[a]\n", 9),
                           "1: control character 0x00");
}

static void
test_last_line(void)
{
    static const struct row row[] = {
        { "[a]",
          "1: the last line has no line end; the file may be truncated" },
        { "[a]\nk = v",
          "2: the last line has no line end; the file may be truncated" },
        { "# x",
          "1: the last line has no line end; the file may be truncated" },
        { "[a]\n ", "2: the last line has no line end; the file may be "
                    "truncated" },
    };

    judge(row, TEE_LEN(row));
}

/* ---- limits -----------------------------------------------------------------
 */

static char *
repeat(char *to, char c, size_t n)
{
    memset(to, c, n);
    return to + n;
}

static char *
text(char *to, const char *s)
{
    return stpcpy(to, s);
}

static char big[70000];

static void
test_value_length(void)
{
    char *p;

    p = text(repeat(text(big, "[a]\nk = "), 'v', 1024), "\n");
    CU_ASSERT_STRING_EQUAL(verdict_n(big, (size_t)(p - big)), "ok");
    p = text(repeat(text(big, "[a]\nk = "), 'v', 1025), "\n");
    CU_ASSERT_STRING_EQUAL(verdict_n(big, (size_t)(p - big)),
                           "[a] 2: k: the value is longer than 1024 bytes");
}

static void
test_line_length(void)
{
    char *p;

    p = text(repeat(text(big, "[a]\n#"), 'c', 2047), "\n");
    CU_ASSERT_STRING_EQUAL(verdict_n(big, (size_t)(p - big)), "ok");
    p = text(repeat(text(big, "[a]\n#"), 'c', 2048), "\n");
    CU_ASSERT_STRING_EQUAL(verdict_n(big, (size_t)(p - big)),
                           "[a] 2: line is longer than 2048 bytes");
    p = text(repeat(text(repeat(big, ' ', 2045), "[a]"), ' ', 1), "\n");
    CU_ASSERT_STRING_EQUAL(verdict_n(big, (size_t)(p - big)),
                           "1: line is longer than 2048 bytes");
}

static void
test_file_length(void)
{
    char *p = big;

    while (p - big < 65536 - 64)
        p = text(repeat(text(p, "#"), 'c', 62), "\n");
    p = text(repeat(text(p, "#"), 'c', 62), "\n");
    CU_ASSERT_EQUAL(p - big, 65536);
    CU_ASSERT_STRING_EQUAL(verdict_n(big, 65536), "ok");
    *p++ = '\n';
    CU_ASSERT_STRING_EQUAL(verdict_n(big, 65537), "0: larger than 65536 bytes");
}

static void
test_counts(void)
{
    char *p = big;
    int i;

    for (i = 0; i < 64; i++)
        p += snprintf(p, 16, "[s%d]\n", i);
    CU_ASSERT_STRING_EQUAL(verdict_n(big, (size_t)(p - big)), "ok");
    p += snprintf(p, 16, "[s64]\n");
    CU_ASSERT_STRING_EQUAL(verdict_n(big, (size_t)(p - big)),
                           "65: more than 64 sections");
    p = text(big, "[a]\n");
    for (i = 0; i < 256; i++)
        p += snprintf(p, 16, "k%d = v\n", i);
    CU_ASSERT_STRING_EQUAL(verdict_n(big, (size_t)(p - big)), "ok");
    p += snprintf(p, 16, "k256 = v\n");
    CU_ASSERT_STRING_EQUAL(verdict_n(big, (size_t)(p - big)),
                           "[a] 258: more than 256 keys in one section");
}

/* ---- what comes out ---------------------------------------------------------
 */

static const char whole[] = "# made by hand\n"
                            "log = syslog\n"
                            "\n"
                            "[agent]\n"
                            "  key_origin =  local \n"
                            "state=/var/lib/tee pkcs11\n"
                            "[backup]\n"
                            "state = x\n";

static void
test_tree(void)
{
    struct tee_ini *ini = NULL;
    unsigned line = 77;

    CU_ASSERT_EQUAL_FATAL(tee_ini_parse(tee_bytes_of(whole), &ini, &line, NULL),
                          TEE_OK);
    CU_ASSERT_EQUAL(line, 0);
    CU_ASSERT_EQUAL_FATAL(ini->n_top, 1);
    CU_ASSERT_STRING_EQUAL(ini->top[0].key, "log");
    CU_ASSERT_STRING_EQUAL(ini->top[0].value, "syslog");
    CU_ASSERT_EQUAL(ini->top[0].line, 2);
    CU_ASSERT_EQUAL_FATAL(ini->n, 2);
    CU_ASSERT_STRING_EQUAL(ini->section[0].name, "agent");
    CU_ASSERT_EQUAL(ini->section[0].line, 4);
    CU_ASSERT_EQUAL_FATAL(ini->section[0].n, 2);
    CU_ASSERT_STRING_EQUAL(ini->section[0].pair[0].value, "local");
    CU_ASSERT_EQUAL(ini->section[0].pair[0].line, 5);
    CU_ASSERT_STRING_EQUAL(ini->section[0].pair[1].key, "state");
    CU_ASSERT_STRING_EQUAL(ini->section[0].pair[1].value,
                           "/var/lib/tee pkcs11");
    CU_ASSERT_STRING_EQUAL(ini->section[1].name, "backup");
    CU_ASSERT_EQUAL(ini->section[1].line, 7);
    CU_ASSERT_EQUAL(ini->section[1].n, 1);
    tee_ini_free(ini);
    tee_ini_free(NULL);
}

/* A cut anywhere is either seen at once, or stands between two lines. */
static void
test_prefixes(void)
{
    size_t n;

    for (n = 0; n < sizeof(whole) - 1; n++) {
        bool at_line_end = n == 0 || whole[n - 1] == '\n';
        const char *said = verdict_n(whole, n);

        CU_ASSERT_EQUAL(strcmp(said, "ok") == 0, at_line_end);
        if (!at_line_end)
            CU_ASSERT_PTR_NOT_NULL(strstr(said, "may be truncated"));
    }
}

/* One flipped bit never makes the parser crash, read on, or lose a line. */
static void
test_bit_flips(void)
{
    char copy[sizeof(whole)];
    size_t i;
    int bit;

    for (i = 0; i < sizeof(whole) - 1; i++) {
        for (bit = 0; bit < 8; bit++) {
            const char *said;

            memcpy(copy, whole, sizeof(whole));
            copy[i] = (char)(copy[i] ^ (1 << bit));
            said = verdict_n(copy, sizeof(whole) - 1);
            CU_ASSERT_NOT_EQUAL(said[0], '\0');
            if (bit == 7) /* never ASCII, never UTF-8 here */
                CU_ASSERT_STRING_EQUAL(said, "0: not UTF-8");
        }
    }
}

static enum tee_err
parse_once(void *arg)
{
    struct tee_fault f = { TEE_OK, "" };
    struct tee_ini *ini = NULL;
    unsigned line = 77;
    enum tee_err err;

    (void)arg;
    err = tee_ini_parse(tee_bytes_of(whole), &ini, &line, &f);
    CU_ASSERT_EQUAL(err == TEE_OK, ini != NULL);
    CU_ASSERT_EQUAL(f.err, err);
    tee_ini_free(ini);
    return err;
}

static void
test_no_memory(void)
{
    CU_ASSERT_EQUAL(alloc_torture(parse_once, NULL), 2 + 1 + 2 + 2 + 1);
}

static void
test_escape(void)
{
    static const struct row row[] = {
        { "", "" },
        { "plain text ~!", "plain text ~!" },
        { "a\nb", "a\\x0ab" },
        { "a\\b", "a\\x5cb" },
        { "\xc3\xa9\x7f", "\\xc3\\xa9\\x7f" },
        { "0123456789012345678901234567890123456789012345678901234567890123",
          "0123456789012345678901234567890123456789012345678901234567890123" },
        { "01234567890123456789012345678901234567890123456789012345678901234",
          "0123456789012345678901234567890123456789012345678901234567890123"
          "..." },
    };
    char out[TEE_ESCAPED], all[65];
    size_t i;

    for (i = 0; i < TEE_LEN(row); i++) {
        tee_escape(tee_bytes_of(row[i].text), out);
        CU_ASSERT_STRING_EQUAL(out, row[i].said);
    }
    memset(all, '\xff', sizeof(all));
    memset(out, 'x', sizeof(out));
    tee_escape((struct tee_bytes){ (const uint8_t *)all, sizeof(all) }, out);
    CU_ASSERT_EQUAL(strlen(out), 64 * 4 + 3); /* it just fits */
    CU_ASSERT_STRING_EQUAL(out + 64 * 4 - 4, "\\xff...");
}

static const struct test tests[] = {
    { "what the grammar allows is good", test_good },
    { "what is no line of the grammar is refused", test_lines_refused },
    { "values without quotes, comments and tabs", test_values_refused },
    { "a key or section given twice names both lines", test_duplicates },
    { "a section given twice takes no more keys",
      test_second_section_is_ignored },
    { "the first error of a section counts, others are good",
      test_first_error_counts },
    { "control characters and other encodings are refused",
      test_bytes_refused },
    { "a missing last line end is a truncated file", test_last_line },
    { "a value has at most 1024 bytes", test_value_length },
    { "a line has at most 2048 bytes", test_line_length },
    { "a file has at most 65536 bytes", test_file_length },
    { "64 sections, 256 keys, no more", test_counts },
    { "the tree holds names, values and lines", test_tree },
    { "every prefix is told from the whole", test_prefixes },
    { "every flipped bit is judged", test_bit_flips },
    { "each allocation may fail", test_no_memory },
    { "a found value is cut and escaped", test_escape },
    { NULL, NULL },
};
const struct suite suite_ini = { "ini", tests };
