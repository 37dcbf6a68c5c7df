/* show: decodes what we can parse, and draws a bundle's chain of trust. */
#include "config.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "tee-pkcs11/attest.h"
#include "tools/cmd.h"

enum { O_JSON, O_N };
static const struct cmd_opt opts[O_N] = {
    { "json", 0, NULL, "the decoded content as JSON" },
};

/* The facts in the order in which they depend on one another, up to the first
 * that breaks; nothing is compared with a challenge. */
static void
add_chain(struct tree *t, const struct tee_buf *b)
{
    static const enum tree_mark marks[] = { TREE_GOOD, TREE_BAD, TREE_OPEN };
    att_options *o = att_options_new();
    att_result *r = NULL;
    struct att_fact fact;
    size_t i;

    if (o == NULL)
        return;
    att_options_stale_ok(o, 1);
    if (att_verify(b->p, b->len, o, &r) == ATT_OK && att_result_facts(r) > 0) {
        tree_add(t, 1, TREE_NONE, "chain",
                 "no challenge compared; \"tee-pkcs11 verify\" judges");
        for (i = 0; i < att_result_facts(r); i++) {
            if (att_result_fact(r, i, &fact) != ATT_OK)
                break;
            tree_add(t, 2, marks[fact.outcome], fact.name, fact.text);
            if (fact.outcome == ATT_FAILED)
                break;
        }
    }
    att_result_free(r);
    att_options_free(o);
}

static int
show_tree(const char *file, const char *json, const struct tee_buf *b)
{
    struct cJSON *v = NULL;
    const struct cJSON *kind;
    struct tree *t = NULL;
    enum tee_err err;

    err = tee_json_parse(tee_bytes_of(json), CMD_FILE_MAX * 8, &v, NULL);
    if (err == TEE_OK)
        err = tree_new(&t);
    if (err == TEE_OK) {
        kind = cJSON_GetObjectItemCaseSensitive(v, "kind");
        tree_add(t, 0, TREE_NONE, file, NULL);
        if (cJSON_IsString(kind) && strcmp(kind->valuestring, "bundle") == 0)
            add_chain(t, b);
        json_tree(t, 1, v);
        err = tree_print(t, stdout, tree_plain());
    }
    tree_free(t);
    cJSON_Delete(v);
    if (err != TEE_OK)
        return cmd_say(CMD_FAILED, "show: %s: cannot be shown: %s", file,
                       tee_err_name(err));
    return CMD_DONE;
}

static void
show_json(const char *json)
{
    json_text(stdout, tee_bytes_of(json));
    putchar('\n');
}

static int
run(const struct cmd_args *a)
{
    struct tee_fault f = { 0 };
    char *json = NULL;
    struct tee_buf b;
    enum att_status st;
    int code = CMD_DONE;

    if (cmd_read(a->arg[0], CMD_FILE_MAX, &b, &f) != TEE_OK)
        return cmd_say(f.err == TEE_E_TOOBIG ? CMD_FAILED : CMD_USAGE,
                       "show: %s", f.text);
    st = att_show(b.p, b.len, &json);
    if (st == ATT_E_NOMEM)
        code = cmd_say(CMD_FAILED, "show: no memory");
    else if (st != ATT_OK)
        code = cmd_say(CMD_FAILED,
                       "show: %s: malformed: not a bundle, key statement or "
                       "simulated evidence that this version can read",
                       a->arg[0]);
    else if (a->value[O_JSON] == NULL)
        code = show_tree(a->arg[0], json, &b);
    else
        show_json(json);
    free(json);
    tee_buf_clear(&b);
    return code;
}

const struct cmd cmd_show = {
    .name = "show",
    .operands = "FILE",
    .brief = "decode a bundle, a key statement or simulated evidence",
    .opt = opts,
    .n_opt = O_N,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
