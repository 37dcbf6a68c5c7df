/*
 * evidence: fresh evidence about a key for somebody's challenge, through the
 * module, as any consumer would ask for it.
 */
#include "config.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>
#include <stdlib.h>
#include <string.h>

#include "keystore/ks.h"
#include "tee-pkcs11/tee-pkcs11.h"
#include "tools/cmd.h"

#define EXPORTER_LEN 32 /* RFC 9266 */
#define REQUEST_MAX  9

enum {
    O_CHALLENGE,
    O_NONCE,
    O_DID,
    O_FORMAT,
    O_INPUT,
    O_EXPORTER,
    O_DRY,
    O_PIN,
    O_OUT,
    O_MODULE,
    O_N
};
static const struct cmd_opt opts[O_N] = {
    { "challenge", 0, "ID", "the verifier's challenge" },
    { "nonce", 0, "N", "the verifier's nonce, as text (1 to 1024 bytes)" },
    { "did", 0, "DID", "the agent's DID; default: the configured one" },
    { "format", 0, "FORMAT", "tee (default), agt or session" },
    { "input", 0, "FILE", "input of the formats am and tresor" },
    { "tls-exporter", 0, "HEX",
      "exporter of the TLS connection; session only" },
    { "dry-run", 0, NULL, "say what would be asked, ask nothing" },
    { "pin-file", 0, "FILE", "the token's PIN; \"-\" is standard input" },
    { "output", 'o', "FILE", "where the bundle goes; default standard output" },
    { "module", 0, "FILE", "another module than the installed one" },
};

/* One request, from words to template. */
struct ask {
    const struct cmd_args *a;
    struct p11_kit_uri *uri;
    const char *binding;
    uint8_t exporter[EXPORTER_LEN];
    struct module m;
    CK_OBJECT_HANDLE key;
    struct tee_buf id;
};

/* ---- words ----------------------------------------------------------------
 */

static const struct {
    const char *word, *binding; /* binding NULL: not in this version */
} formats[] = {
    { "tee", "tee-v1" }, { "agt", "agt-v1" }, { "session", "session" },
    { "am", NULL },      { "tresor", NULL },
};

static enum tee_err
take_format(struct ask *q, struct tee_fault *f)
{
    const char *word = q->a->value[O_FORMAT];
    size_t i;

    for (i = 0; word != NULL && i < TEE_LEN(formats); i++) {
        if (strcmp(formats[i].word, word) == 0)
            break;
    }
    if (i == TEE_LEN(formats))
        return tee_fault(f, TEE_E_ARG,
                         "--format \"%s\": must be one of tee, agt, session, "
                         "am, tresor",
                         word);
    if (formats[i].binding == NULL)
        return tee_fault(f, TEE_E_UNSUPPORTED,
                         "--format %s: unsupported: not part of this version",
                         word);
    q->binding = formats[i].binding;
    if (q->a->value[O_INPUT] != NULL)
        return tee_fault(f, TEE_E_ARG,
                         "--input has no meaning with --format %s",
                         formats[i].word);
    return TEE_OK;
}

static enum tee_err
take_exporter(struct ask *q, struct tee_fault *f)
{
    const char *hex = q->a->value[O_EXPORTER];

    if (hex == NULL)
        return TEE_OK;
    if (strcmp(q->binding, "session") != 0)
        return tee_fault(f, TEE_E_ARG,
                         "--tls-exporter has a meaning with --format session "
                         "alone");
    if (tee_hex_decode(tee_bytes_of(hex), q->exporter, EXPORTER_LEN) != TEE_OK)
        return tee_fault(f, TEE_E_ARG,
                         "--tls-exporter: must be 64 lower-case hex digits");
    return TEE_OK;
}

static enum tee_err
words(struct ask *q, struct tee_fault *f)
{
    const char *const *v = q->a->value;
    enum tee_err err;

    if (v[O_CHALLENGE] == NULL || v[O_NONCE] == NULL)
        return tee_fault(f, TEE_E_ARG,
                         "needs --challenge and --nonce, as the verifier sent "
                         "them");
    if (strlen(v[O_NONCE]) > 1024)
        return tee_fault(f, TEE_E_ARG, "--nonce: longer than 1024 bytes");
    err = take_format(q, f);
    if (err == TEE_OK)
        err = take_exporter(q, f);
    if (err == TEE_OK)
        err = cmd_uri_parse(q->a->arg[0], &q->uri, f);
    return err;
}

/* ---- the PIN --------------------------------------------------------------
 */

static enum tee_err
get_pin(const struct ask *q, struct cmd_pin *ret, struct tee_fault *f)
{
    const char *file = q->a->value[O_PIN];
    char *source = NULL;
    enum tee_err err = TEE_OK;

    if (file == NULL)
        err = cmd_uri_pin_source(q->uri, &source, f);
    if (err != TEE_OK)
        return err;
    if (source != NULL)
        file = source;
    if (file != NULL)
        err = cmd_pin_file(file, "PIN", false, ret, f);
    else
        err = cmd_pin_ask("PIN", false, ret, f);
    free(source);
    return err;
}

static enum tee_err
login(struct ask *q, struct tee_fault *f)
{
    struct cmd_pin pin = { 0 };
    enum tee_err err;

    if ((q->m.token_flags & CKF_LOGIN_REQUIRED) == 0)
        return TEE_OK;
    err = get_pin(q, &pin, f);
    if (err == TEE_OK)
        err = module_login(&q->m, cmd_pin_view(&pin), f);
    cmd_pin_clear(&pin);
    return err;
}

/* ---- the request ----------------------------------------------------------
 */

static void
put(CK_ATTRIBUTE *t, CK_ULONG *n, CK_ATTRIBUTE_TYPE type, struct tee_bytes v)
{
    if (v.p == NULL)
        return;
    t[*n].type = type;
    /* the module's type has no const; it does not write there */
    memcpy(&t[*n].pValue, &v.p, sizeof(v.p));
    t[*n].ulValueLen = v.len;
    (*n)++;
}

static struct tee_bytes
text(const char *s)
{
    return s == NULL ? (struct tee_bytes){ NULL, 0 } : tee_bytes_of(s);
}

/* Of an outage or a refusal the token tells the typed error and its sentence.
 */
static enum tee_err
last_error(struct ask *q, CK_RV rv, struct tee_fault *f)
{
    enum tee_err err = module_fault(f, rv, "C_CreateObject");
    struct tee_fault ignored;
    struct tee_buf b;

    if (rv != CKR_DEVICE_ERROR && rv != CKR_FUNCTION_REJECTED)
        return err;
    if (module_read(&q->m, q->key, CKA_TEE_LAST_ERROR, &b, &ignored) ==
        TEE_OK) {
        err = tee_fault(f, err, "%.*s (0x%lx)", (int)b.len, (const char *)b.p,
                        (unsigned long)rv);
        tee_buf_clear(&b);
    }
    return err;
}

static enum tee_err
collect(struct ask *q, struct tee_buf *ret, struct tee_fault *f)
{
    const char *const *v = q->a->value;
    CK_OBJECT_CLASS class = CKO_TEE_EVIDENCE;
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE t[REQUEST_MAX];
    CK_OBJECT_HANDLE o = 0;
    CK_ULONG n = 0;
    CK_RV rv;

    put(t, &n, CKA_CLASS, (struct tee_bytes){ (void *)&class, sizeof(class) });
    put(t, &n, CKA_TOKEN, (struct tee_bytes){ &no, sizeof(no) });
    put(t, &n, CKA_TEE_KEY_REF, tee_buf_view(&q->id));
    put(t, &n, CKA_TEE_AGENT_DID, text(v[O_DID]));
    put(t, &n, CKA_TEE_CHALLENGE_ID, text(v[O_CHALLENGE]));
    put(t, &n, CKA_TEE_NONCE, text(v[O_NONCE]));
    put(t, &n, CKA_TEE_BINDING, text(q->binding));
    if (v[O_EXPORTER] != NULL)
        put(t, &n, CKA_TEE_TLS_EXPORTER,
            (struct tee_bytes){ q->exporter, EXPORTER_LEN });
    rv = q->m.f->C_CreateObject(q->m.session, t, n, &o);
    if (rv != CKR_OK)
        return last_error(q, rv, f);
    return module_read(&q->m, o, CKA_VALUE, ret, f);
}

static int
dry_run(const struct ask *q)
{
    const char *const *v = q->a->value;
    char hex[2 * 64 + 1];
    size_t n = q->id.len < 64 ? q->id.len : 64;

    tee_hex((struct tee_bytes){ q->id.p, n }, hex);
    printf("key        %s\nbinding    %s\ndid        ", hex, q->binding);
    tree_text(stdout, v[O_DID] != NULL ? v[O_DID] : "(the configured one)",
              true);
    (void)fputs("\nchallenge  ", stdout);
    tree_text(stdout, v[O_CHALLENGE], true);
    (void)fputs("\nnonce      ", stdout);
    tree_text(stdout, v[O_NONCE], true);
    printf("\nexporter   %s\nlogin      %s\nnothing was asked (--dry-run)\n",
           v[O_EXPORTER] != NULL ? v[O_EXPORTER] : "none",
           (q->m.token_flags & CKF_LOGIN_REQUIRED) != 0 ? "needs the PIN"
                                                        : "no PIN");
    return CMD_DONE;
}

/* ---- all of it ------------------------------------------------------------
 */

/* The module is silent about a configuration that it cannot use; a person is
 * told. */
static enum tee_err
explain(const struct ask *q, struct tee_fault *f)
{
    struct tee_fault why = { 0 };
    struct ks_conf *c = NULL;
    enum tee_err err = ks_conf_load(q->a->conf, &c, &why);
    size_t i;

    if (err != TEE_OK || c->path == NULL) {
        *f = why;
    } else {
        for (i = 0; i < c->n && c->token[i].bad_line == 0; i++)
            ;
        if (i < c->n)
            tee_fault_prefix(f, "%s; no token is made of it",
                             c->token[i].bad.text);
    }
    ks_conf_free(c);
    return TEE_E_NOTFOUND;
}

static enum tee_err
reach_key(struct ask *q, struct tee_fault *f)
{
    enum tee_err err = module_open(&q->m, q->a->value[O_MODULE], q->a->conf, f);

    if (err == TEE_OK) {
        err = module_token(&q->m, q->uri, q->a->arg[0], f);
        if (err == TEE_E_NOTFOUND)
            err = explain(q, f);
    }
    if (err == TEE_OK)
        err = module_key(&q->m, q->uri, q->a->arg[0], &q->key, f);
    if (err == TEE_OK)
        err = module_read(&q->m, q->key, CKA_ID, &q->id, f);
    return err;
}

static enum tee_err
fetch(struct ask *q, struct tee_fault *f)
{
    const char *out = q->a->value[O_OUT];
    struct tee_buf bundle;
    enum tee_err err = login(q, f);

    if (err != TEE_OK)
        return err;
    err = collect(q, &bundle, f);
    if (err != TEE_OK)
        return err;
    err = cmd_write(out != NULL ? out : "-", tee_buf_view(&bundle), f);
    tee_buf_clear(&bundle);
    return err;
}

static int
run(const struct cmd_args *a)
{
    struct ask q = { .a = a };
    struct tee_fault f = { 0 };
    int code = CMD_DONE;
    enum tee_err err;

    tee_buf_init(&q.id, 0);
    err = words(&q, &f);
    if (err == TEE_OK)
        err = reach_key(&q, &f);
    if (err == TEE_OK && a->value[O_DRY] != NULL)
        code = dry_run(&q);
    else if (err == TEE_OK)
        err = fetch(&q, &f);
    if (err != TEE_OK)
        code = cmd_say(err == TEE_E_ARG || err == TEE_E_UNSUPPORTED ||
                               err == TEE_E_NOTFOUND
                           ? CMD_USAGE
                           : CMD_FAILED,
                       "evidence: %s", f.text);
    tee_buf_clear(&q.id);
    module_close(&q.m);
    p11_kit_uri_free(q.uri);
    return code;
}

const struct cmd cmd_evidence = {
    .name = "evidence",
    .operands = "URI",
    .brief = "fresh evidence about a key, for a verifier's challenge",
    .opt = opts,
    .n_opt = O_N,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
