/* policy check: is a policy valid, and what would it say of these claims. */
#include "config.h"

#include <string.h>

#include "tee-pkcs11/attest.h"
#include "tools/cmd.h"

enum { O_CLAIMS, O_NOW, O_JSON, O_N };
static const struct cmd_opt opts[O_N] = {
    { "claims", 0, "FILE", "claims (JSON) to ask the policy about" },
    { "now", 0, "TIME", "decide as of then (seconds or RFC 3339)" },
    { "json", 0, NULL, "the answer as JSON" },
};

static int
answer(const struct cmd_args *a, const char *word, const char *why)
{
    bool good = strcmp(word, "invalid") != 0 && strcmp(word, "deny") != 0;
    struct tee_buf b;

    if (a->value[O_JSON] == NULL) {
        printf("%s", word);
        if (*why != '\0') {
            (void)fputs(": ", stdout);
            tree_text(stdout, why, true);
        }
        putchar('\n');
        return good ? CMD_DONE : CMD_FAILED;
    }
    tee_buf_init(&b, CMD_FILE_MAX);
    tee_json_string(&b, tee_bytes_of(why));
    printf("{\"answer\":\"%s\",\"reason\":%.*s}\n", word, (int)b.len,
           (const char *)b.p);
    tee_buf_clear(&b);
    return good ? CMD_DONE : CMD_FAILED;
}

static int
ask(const struct cmd_args *a, const att_policy *p)
{
    char why[TEE_FAULT_TEXT] = "";
    int64_t now = tee_clock.wall();
    struct tee_fault f = { 0 };
    struct tee_buf b;
    enum att_status st;
    int allow = 0;

    if (a->value[O_NOW] != NULL &&
        cmd_time(a->value[O_NOW], &now, &f) != TEE_OK)
        return cmd_say(CMD_USAGE, "policy: --now: %s", f.text);
    if (a->value[O_CLAIMS] == NULL)
        return answer(a, "valid", "");
    if (cmd_read(a->value[O_CLAIMS], CMD_FILE_MAX, &b, &f) != TEE_OK)
        return cmd_say(CMD_USAGE, "policy: %s", f.text);
    st = att_policy_check(p, b.p, b.len, now, &allow, why, sizeof(why));
    tee_buf_clear(&b);
    if (st == ATT_E_NOMEM)
        return cmd_say(CMD_FAILED, "policy: no memory");
    if (st != ATT_OK)
        return cmd_say(CMD_USAGE, "policy: %s: malformed: not claims (JSON)",
                       a->value[O_CLAIMS]);
    return answer(a, allow == 1 ? "allow" : "deny", why);
}

static int
run(const struct cmd_args *a)
{
    char why[TEE_FAULT_TEXT] = "";
    struct tee_fault f = { 0 };
    att_policy *p = NULL;
    struct tee_buf b;
    enum att_status st;
    int code;

    if (strcmp(a->arg[0], "check") != 0)
        return cmd_say(CMD_USAGE, "policy: \"%s\": must be \"check\"",
                       a->arg[0]);
    if (cmd_read(a->arg[1], CMD_FILE_MAX, &b, &f) != TEE_OK)
        return cmd_say(CMD_USAGE, "policy: %s", f.text);
    st = att_policy_parse(b.p, b.len, &p, why, sizeof(why));
    tee_buf_clear(&b);
    if (st == ATT_E_NOMEM)
        return cmd_say(CMD_FAILED, "policy: no memory");
    code = st == ATT_OK ? ask(a, p) : answer(a, "invalid", why);
    att_policy_free(p);
    return code;
}

const struct cmd cmd_policy = {
    .name = "policy",
    .operands = "check FILE",
    .brief = "is a policy valid; what would it say of claims",
    .opt = opts,
    .n_opt = O_N,
    .min_args = 2,
    .max_args = 2,
    .run = run,
};
