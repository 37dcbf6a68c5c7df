/*
 * verify: judges bundles offline.  The library decides; this file only asks,
 * shows, and turns verdicts into exit codes.
 */
#include "config.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "keystore/ks.h"
#include "tee-pkcs11/attest.h"
#include "tools/cmd.h"

#define EXPORTER_LEN 32 /* RFC 9266 */

enum {
    O_CHALLENGE,
    O_NONCE,
    O_DID,
    O_STALE,
    O_POLICY,
    O_KEY,
    O_EXPORTER,
    O_NOW,
    O_SIMULATED,
    O_JSON,
    O_N
};
static const struct cmd_opt opts[O_N] = {
    { "challenge", 0, "ID", "the challenge that was sent" },
    { "nonce", 0, "N", "the nonce that was sent with it" },
    { "did", 0, "DID", "whose evidence this must be" },
    { "stale-ok", 0, NULL, "no nonce: evidence of unknown age will do" },
    { "policy", 0, "FILE", "what the claims must satisfy (JSON)" },
    { "expect-key", 0, "FILE", "the key it must be about (PEM or DER)" },
    { "tls-exporter", 0, "HEX",
      "exporter of the own TLS connection, 32 bytes" },
    { "now", 0, "TIME", "judge as of then (seconds or RFC 3339)" },
    { "accept-simulated", 0, NULL, "simulated evidence is no failure (0)" },
    { "json", 0, NULL, "the same facts as one JSON document" },
};
static const char *const later[] = { "refs",  "enrolled", "roots",
                                     "fetch", "connect",  NULL };

struct judge {
    const struct cmd_args *a;
    att_options *o;
    att_policy *policy;
    bool bad_policy;
    char why[TEE_FAULT_TEXT];
    struct tee_buf json;
};

int
verify_worst(int a, int b)
{
    static const int order[] = { CMD_USAGE, CMD_FAILED, CMD_UNCERTAIN,
                                 CMD_SIMULATED };
    size_t i;

    for (i = 0; i < TEE_LEN(order); i++) {
        if (a == order[i] || b == order[i])
            return order[i];
    }
    return CMD_DONE;
}

/* ---- what the caller asked ------------------------------------------------
 */

static enum tee_err
status_err(enum att_status st, const char *what, struct tee_fault *f)
{
    if (st == ATT_OK)
        return TEE_OK;
    if (st == ATT_E_NOMEM)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    return tee_fault(f, TEE_E_ARG, "%s: not usable", what);
}

static enum tee_err
take_challenge(struct judge *j, struct tee_fault *f)
{
    const char *const *v = j->a->value;

    if ((v[O_CHALLENGE] == NULL) != (v[O_NONCE] == NULL))
        return tee_fault(f, TEE_E_ARG,
                         "--challenge and --nonce belong together");
    if (v[O_NONCE] != NULL && v[O_STALE] != NULL)
        return tee_fault(f, TEE_E_ARG,
                         "--stale-ok is for evidence without a nonce; leave "
                         "out one of both");
    att_options_stale_ok(j->o, v[O_STALE] != NULL);
    return status_err(
        att_options_challenge(j->o, v[O_DID], v[O_CHALLENGE], v[O_NONCE]),
        "--did, --challenge or --nonce", f);
}

static enum tee_err
take_policy(struct judge *j, struct tee_fault *f)
{
    struct tee_buf b;
    enum att_status st;
    enum tee_err err;

    if (j->a->value[O_POLICY] == NULL)
        return TEE_OK;
    err = cmd_read(j->a->value[O_POLICY], CMD_FILE_MAX, &b, f);
    if (err != TEE_OK)
        return err;
    st = att_policy_parse(b.p, b.len, &j->policy, j->why, sizeof(j->why));
    tee_buf_clear(&b);
    if (st == ATT_E_NOMEM)
        return status_err(st, "--policy", f);
    j->bad_policy = st != ATT_OK; /* an invalid policy denies */
    if (st == ATT_OK)
        att_options_policy(j->o, j->policy);
    return TEE_OK;
}

static enum tee_err
take_key(struct judge *j, struct tee_fault *f)
{
    const char *path = j->a->value[O_KEY];
    struct tee_buf file, der;
    struct tee_bytes spki;
    enum tee_err err;

    if (path == NULL)
        return TEE_OK;
    err = cmd_read(path, CMD_FILE_MAX, &file, f);
    if (err != TEE_OK)
        return err;
    tee_buf_init(&der, CMD_FILE_MAX);
    spki = tee_buf_view(&file);
    if (tee_pem_decode(spki, "PUBLIC KEY", &der) == TEE_OK)
        spki = tee_buf_view(&der);
    if (ks_spki_type(spki) == KS_NONE)
        err = tee_fault(f, TEE_E_ARG,
                        "%s: not a public key of a type that is known here "
                        "(PEM or DER SubjectPublicKeyInfo)",
                        path);
    else
        err =
            status_err(att_options_expect_key(j->o, spki.p, spki.len), path, f);
    tee_buf_clear(&der);
    tee_buf_clear(&file);
    return err;
}

static enum tee_err
take_exporter(struct judge *j, struct tee_fault *f)
{
    const char *hex = j->a->value[O_EXPORTER];
    uint8_t x[EXPORTER_LEN];

    if (hex == NULL)
        return TEE_OK;
    if (tee_hex_decode(tee_bytes_of(hex), x, sizeof(x)) != TEE_OK)
        return tee_fault(f, TEE_E_ARG,
                         "--tls-exporter: must be 64 lower-case hex digits");
    return status_err(att_options_exporter(j->o, x, sizeof(x)),
                      "--tls-exporter", f);
}

static enum tee_err
take_now(struct judge *j, struct tee_fault *f)
{
    int64_t now;
    enum tee_err err;

    if (j->a->value[O_NOW] == NULL)
        return TEE_OK;
    err = cmd_time(j->a->value[O_NOW], &now, f);
    if (err == TEE_OK)
        att_options_now(j->o, now);
    else
        tee_fault_prefix(f, "--now");
    return err;
}

static enum tee_err
take_options(struct judge *j, struct tee_fault *f)
{
    enum tee_err err;

    j->o = att_options_new();
    if (j->o == NULL)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    err = take_challenge(j, f);
    if (err == TEE_OK)
        err = take_policy(j, f);
    if (err == TEE_OK)
        err = take_key(j, f);
    if (err == TEE_OK)
        err = take_exporter(j, f);
    if (err == TEE_OK)
        err = take_now(j, f);
    return err;
}

/* ---- what is shown --------------------------------------------------------
 */

static void
add_claims(struct tree *t, const att_result *r)
{
    struct cJSON *v = NULL;

    if (tee_json_parse(tee_bytes_of(att_result_claims(r)), CMD_FILE_MAX, &v,
                       NULL) != TEE_OK)
        return;
    if (v->child != NULL) {
        tree_add(t, 1, TREE_NONE, "claims", NULL);
        json_tree(t, 2, v);
    }
    cJSON_Delete(v);
}

static enum tee_err
print_tree(const char *file, const att_result *r, bool plain)
{
    static const enum tree_mark marks[] = { TREE_GOOD, TREE_BAD, TREE_OPEN };
    struct att_fact fact;
    struct tree *t;
    enum tee_err err;
    size_t i;

    err = tree_new(&t);
    if (err != TEE_OK)
        return err;
    tree_add(t, 0, TREE_NONE, file, NULL);
    for (i = 0; i < att_result_facts(r); i++) {
        if (att_result_fact(r, i, &fact) == ATT_OK)
            tree_add(t, 1, marks[fact.outcome], fact.name, fact.text);
    }
    add_claims(t, r);
    err = tree_print(t, stdout, plain);
    tree_free(t);
    return err;
}

static void
print_section(const att_result *r, enum att_section s, const char *title,
              bool plain)
{
    const char *line;
    size_t i;

    printf("%s:\n", title);
    for (i = 0; (line = att_result_line(r, s, i)) != NULL; i++) {
        (void)fputs("  - ", stdout);
        tree_text(stdout, line, plain);
        putchar('\n');
    }
    if (i == 0)
        puts("  (nothing)");
}

static enum tee_err
print_text(const char *file, const att_result *r)
{
    bool plain = tree_plain();
    enum tee_err err = print_tree(file, r, plain);

    if (err != TEE_OK)
        return err;
    printf("verdict: %s\n", att_verdict_word(att_result_verdict(r)));
    if (*att_result_reason(r) != '\0') {
        printf("because: %s: ", att_result_reason(r));
        tree_text(stdout, att_result_text(r), plain);
        putchar('\n');
    }
    print_section(r, ATT_PROVES, "proves", plain);
    print_section(r, ATT_TRUSTS, "trusts", plain);
    print_section(r, ATT_DOES_NOT_PROVE, "does not prove", plain);
    return TEE_OK;
}

/* One element of "results"; result is JSON text already. */
static void
json_result(struct judge *j, const char *file, int code, const char *result)
{
    struct tee_bytes name = tee_bytes_of(file);

    tee_buf_text(&j->json, j->json.len == 0 ? "{\"results\":[" : ",");
    tee_buf_text(&j->json, "{\"file\":");
    tee_json_string(&j->json, tee_utf8(name) ? name : TEE_STR("?"));
    tee_buf_printf(&j->json, ",\"exit\":%d,\"result\":", code);
    tee_buf_text(&j->json, result);
    tee_buf_text(&j->json, "}");
}

/* A verdict that was reached without looking at the evidence. */
static int
refuse(struct judge *j, const char *file, const char *reason, const char *text)
{
    struct tee_buf b;

    if (j->a->value[O_JSON] == NULL) {
        tree_text(stdout, file, true);
        printf("\nverdict: refused\nbecause: %s: ", reason);
        tree_text(stdout, text, true);
        putchar('\n');
        return CMD_FAILED;
    }
    tee_buf_init(&b, CMD_FILE_MAX);
    tee_buf_printf(
        &b, "{\"verdict\":\"refused\",\"reason\":\"%s\",\"text\":", reason);
    tee_json_string(&b, tee_bytes_of(text));
    tee_buf_put(&b, "}", 2); /* with its NUL */
    if (b.err == TEE_OK)
        json_result(j, file, CMD_FAILED, (const char *)b.p);
    tee_buf_clear(&b);
    return CMD_FAILED;
}

/* ---- judging --------------------------------------------------------------
 */

static int
show_result(struct judge *j, const char *file, const att_result *r)
{
    enum att_verdict v = att_result_verdict(r);
    int code = (int)v;

    if (v == ATT_SIMULATED && j->a->value[O_SIMULATED] != NULL)
        code = CMD_DONE;
    if (j->a->value[O_JSON] != NULL)
        json_result(j, file, code, att_result_json(r));
    else if (print_text(file, r) != TEE_OK)
        code = cmd_say(CMD_FAILED, "%s: cannot show the result", file);
    return code;
}

static int
judge_one(struct judge *j, const char *file)
{
    struct tee_fault f = { 0 };
    att_result *r = NULL;
    struct tee_buf b;
    enum att_status st;
    enum tee_err err;
    int code;

    err = cmd_read(file, CMD_FILE_MAX, &b, &f);
    if (err == TEE_E_TOOBIG)
        return refuse(j, file, "malformed", f.text);
    if (err != TEE_OK)
        return cmd_say(CMD_USAGE, "verify: %s", f.text);
    if (j->bad_policy) {
        tee_buf_clear(&b);
        return refuse(j, file, "policy-invalid", j->why);
    }
    st = att_verify(b.p, b.len, j->o, &r);
    if (st == ATT_OK)
        code = show_result(j, file, r);
    else if (st == ATT_E_NOMEM)
        code = cmd_say(CMD_UNCERTAIN, "verify: %s: no memory", file);
    else
        code = refuse(j, file, "malformed", "not an evidence bundle");
    att_result_free(r);
    tee_buf_clear(&b);
    return code;
}

static int
judge_all(struct judge *j)
{
    int code = CMD_DONE;
    size_t i;

    tee_buf_init(&j->json, CMD_FILE_MAX * 8);
    for (i = 0; i < j->a->n; i++) {
        if (i > 0 && j->a->value[O_JSON] == NULL)
            putchar('\n');
        code = verify_worst(code, judge_one(j, j->a->arg[i]));
    }
    if (j->a->value[O_JSON] != NULL) {
        if (j->json.len == 0)
            tee_buf_text(&j->json, "{\"results\":[");
        tee_buf_printf(&j->json, "],\"exit\":%d}\n", code);
        if (j->json.err != TEE_OK)
            code = cmd_say(CMD_USAGE, "verify: too much for one document; "
                                      "give fewer files");
        else
            json_text(stdout, tee_buf_view(&j->json));
    }
    tee_buf_clear(&j->json);
    return code;
}

static int
run(const struct cmd_args *a)
{
    struct judge j = { .a = a };
    struct tee_fault f = { 0 };
    int code;

    if (take_options(&j, &f) == TEE_OK)
        code = judge_all(&j);
    else
        code = cmd_say(f.err == TEE_E_NOMEM ? CMD_UNCERTAIN : CMD_USAGE,
                       "verify: %s", f.text);
    att_options_free(j.o);
    att_policy_free(j.policy);
    return code;
}

const struct cmd cmd_verify = {
    .name = "verify",
    .operands = "FILE...",
    .brief = "judge evidence: what it proves, what it does not",
    .opt = opts,
    .n_opt = O_N,
    .later = later,
    .min_args = 1,
    .max_args = CMD_ARGS_MAX,
    .run = run,
};
