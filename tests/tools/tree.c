#include "config.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/suites.h"
#include "tools/cmd.h"

static char *
printed(const struct tree *t, bool plain)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT_EQUAL(tree_print(t, out, plain), TEE_OK);
    (void)fclose(out);
    return text;
}

static struct tree *
sample(void)
{
    struct tree *t = NULL;

    CU_ASSERT_EQUAL_FATAL(tree_new(&t), TEE_OK);
    tree_add(t, 0, TREE_NONE, "root", NULL);
    tree_add(t, 1, TREE_GOOD, "a", "fine");
    tree_add(t, 2, TREE_NONE, "deep", NULL);
    tree_add(t, 1, TREE_BAD, "longer", "why");
    tree_add(t, 1, TREE_NONE, "note", "aside");
    tree_addf(t, 1, TREE_OPEN, "b", "%d", 7);
    return t;
}

static void
test_plain_drawing(void)
{
    struct tree *t = sample();
    char *text = printed(t, true);

    CU_ASSERT_STRING_EQUAL(text, "root\n"
                                 "|- [ok] a       fine\n"
                                 "|  `- deep\n"
                                 "|- [NO] longer  why\n"
                                 "|-      note    aside\n"
                                 "`- [--] b       7\n");
    free(text);
    tree_free(t);
}

static void
test_drawing_on_a_terminal(void)
{
    struct tree *t = sample();
    char *text = printed(t, false);

    CU_ASSERT_PTR_NOT_NULL(
        strstr(text, "\u251c\u2500 \033[32m\u2713\033[0m a"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\033[31m\u2717\033[0m longer"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\u2514\u2500 \033[33m-\033[0m b"));
    free(text);
    tree_free(t);
}

static void
test_hostile_text_cannot_speak_to_the_terminal(void)
{
    static const struct {
        const char *text, *plain, *fancy;
    } rows[] = {
        { "a\033[2Jb", "a\\x1b[2Jb", "a\\x1b[2Jb" },
        { "\r\n\t\x7f", "\\x0d\\x0a\\x09\\x7f", "\\x0d\\x0a\\x09\\x7f" },
        { "\xc2\x9b"
          "31m",
          "\\xc2\\x9b31m", "\\xc2\\x9b31m" }, /* C1 CSI */
        { "\xe2\x80\xae"
          "x",
          "\\xe2\\x80\\xaex", "\\xe2\\x80\\xaex" },
        { "\xd8\x9c", "\\xd8\\x9c", "\\xd8\\x9c" }, /* turns as well */
        { "\xe2\x81\xa6", "\\xe2\\x81\\xa6", "\\xe2\\x81\\xa6" },
        { "\xc3\xa9", "\\xc3\\xa9", "\xc3\xa9" }, /* e acute */
        { "\xc3", "\\xc3", "\\xc3" },             /* cut short */
        { "\xff\xfe", "\\xff\\xfe", "\\xff\\xfe" },
        { "\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80" },
    };
    char *text;
    size_t i, n;
    FILE *out;
    int plain;

    for (i = 0; i < TEE_LEN(rows) * 2; i++) {
        plain = (int)(i % 2);
        out = open_memstream(&text, &n);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        tree_text(out, rows[i / 2].text, plain != 0);
        (void)fclose(out);
        CU_ASSERT_STRING_EQUAL(text, plain != 0 ? rows[i / 2].plain
                                                : rows[i / 2].fancy);
        free(text);
    }
}

/* And what is written as \uNNNN reads back as what it was. */
static void
test_hostile_json_cannot_either(void)
{
    static const struct {
        const char *json, *printed;
    } rows[] = {
        { "{\"a\":[1, \"b\\n\"]}\n", "{\"a\":[1, \"b\\n\"]}\n" },
        { "\"\xc2\x9b"
          "2J\"",
          "\"\\u009b2J\"" },
        { "\"\x7f\"", "\"\\u007f\"" },
        { "\"\xd8\x9c\xe2\x80\xae\xe2\x81\xa6\"", "\"\\u061c\\u202e\\u2066\"" },
        { "\"\xc3\xa9\xe6\x9d\xb1\xf0\x9f\x98\x80\"",
          "\"\xc3\xa9\xe6\x9d\xb1\xf0\x9f\x98\x80\"" },
    };
    struct cJSON *was, *is;
    char *text;
    size_t i, n;
    FILE *out;

    for (i = 0; i < TEE_LEN(rows); i++) {
        out = open_memstream(&text, &n);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        json_text(out, tee_bytes_of(rows[i].json));
        (void)fclose(out);
        CU_ASSERT_STRING_EQUAL(text, rows[i].printed);
        was = cJSON_Parse(rows[i].json);
        is = cJSON_Parse(text);
        CU_ASSERT_TRUE(cJSON_Compare(was, is, 1) != 0);
        cJSON_Delete(was);
        cJSON_Delete(is);
        free(text);
    }
}

static void
test_json_as_a_tree(void)
{
    static const char json[] = "{\"a\":1,\"b\":[true,null,\"x\"],\"c\":{},"
                               "\"d\":{\"e\":\"f\"}}";
    struct cJSON *v = NULL;
    struct tree *t = NULL;
    char *text;

    CU_ASSERT_EQUAL_FATAL(tee_json_parse(tee_bytes_of(json), 1024, &v, NULL),
                          TEE_OK);
    CU_ASSERT_EQUAL_FATAL(tree_new(&t), TEE_OK);
    tree_add(t, 0, TREE_NONE, "file", NULL);
    json_tree(t, 1, v);
    text = printed(t, true);
    CU_ASSERT_STRING_EQUAL(text, "file\n"
                                 "|- a  1\n"
                                 "|- b\n"
                                 "|  |- 0  yes\n"
                                 "|  |- 1  null\n"
                                 "|  `- 2  x\n"
                                 "|- c  (empty)\n"
                                 "`- d\n"
                                 "   `- e  f\n");
    free(text);
    tree_free(t);
    cJSON_Delete(v);
}

static void
test_long_strings_are_cut_between_characters(void)
{
    struct cJSON *v = cJSON_CreateObject();
    struct tree *t = NULL;
    char longer[201], *text;

    memset(longer, 'x', 95);
    memcpy(longer + 95, "\xc3\xa9", 2); /* straddles the cut */
    memset(longer + 97, 'y', 103);
    longer[200] = '\0';
    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    (void)cJSON_AddStringToObject(v, "k", longer);
    CU_ASSERT_EQUAL_FATAL(tree_new(&t), TEE_OK);
    json_tree(t, 0, v);
    text = printed(t, false);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "xxx... (200 bytes)"));
    free(text);
    tree_free(t);
    cJSON_Delete(v);
}

static void
test_a_tree_has_a_ceiling(void)
{
    struct tree *t = NULL;
    size_t i;

    CU_ASSERT_EQUAL_FATAL(tree_new(&t), TEE_OK);
    for (i = 0; i < 20000; i++)
        tree_add(t, 1, TREE_NONE, "x", NULL);
    CU_ASSERT_EQUAL(tree_print(t, stdout, true), TEE_E_TOOBIG);
    tree_free(t);
    tree_free(NULL);
}

static const struct test tests[] = {
    { "a tree is drawn in plain ASCII", test_plain_drawing },
    { "a tree is drawn with lines and marks on a terminal",
      test_drawing_on_a_terminal },
    { "text from outside cannot speak to the terminal",
      test_hostile_text_cannot_speak_to_the_terminal },
    { "nor can JSON, which says the same all the same",
      test_hostile_json_cannot_either },
    { "JSON is drawn as a tree", test_json_as_a_tree },
    { "long strings are cut between characters, with their length",
      test_long_strings_are_cut_between_characters },
    { "a tree has a ceiling", test_a_tree_has_a_ceiling },
    { NULL, NULL }
};
const struct suite suite_tree = { "tree", tests };
