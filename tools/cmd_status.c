/*
 * status: every token of the configuration, as a chain that ends at its first
 * break.  Reads the store, acquires nothing, asks no device.
 */
#include "config.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>
#include <stdlib.h>
#include <string.h>

#include "keystore/ks.h"
#include "tools/cmd.h"

#define JSON_MAX ((size_t)16 << 20)

enum { O_JSON, O_N };
static const struct cmd_opt opts[O_N] = {
    { "json", 0, NULL, "the same facts as one JSON document" },
};

/* One token while it is shown. */
struct seen {
    const struct ks_conf *conf;
    const struct ks_conf_token *c;
    struct ks_token *token;
    const struct ks_snap *snap; /* NULL: nothing could be read */
    struct tee_fault fault;     /* why it cannot be used; err 0: it can */
    char serial[17];
    struct tee_buf warnings; /* one a line */
};

/* ---- looking --------------------------------------------------------------
 */

static void
serial_of(const uint8_t uuid[16], char ret[17])
{
    uint8_t hash[32];

    tee_sha256((struct tee_bytes){ uuid, 16 }, hash);
    tee_hex((struct tee_bytes){ hash, 8 }, ret);
}

static bool
has_uuid(const struct ks_snap *s)
{
    static const uint8_t zero[16];

    return memcmp(s->uuid, zero, sizeof(zero)) != 0;
}

static enum tee_err
look(struct seen *s)
{
    struct tee_fault *f = &s->fault;
    enum tee_err err;

    if (s->c->bad_line != 0) {
        *f = s->c->bad;
        return f->err;
    }
    if (ks_token_new(s->conf, s->c, &s->token) != TEE_OK)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    err = ks_token_ready(s->token, f);
    if (err != TEE_OK)
        return err;
    err = ks_token_refresh(s->token, f);
    if (err != TEE_OK)
        return err;
    s->snap = ks_snap_get(s->token);
    if (has_uuid(s->snap))
        serial_of(s->snap->uuid, s->serial);
    if (!s->snap->initialised)
        return tee_fault(f, TEE_E_NOTFOUND,
                         "%s/%s.token: no store; C_InitToken makes one, or "
                         "\"tee-pkcs11 init\" a token under another label",
                         s->c->state, s->c->name);
    ks_token_warnings(s->token, &s->warnings);
    if (s->snap->user_pin && s->snap->user_tries == 0)
        return tee_fault(f, TEE_E_PIN_LOCKED,
                         "the PIN is locked after %d wrong tries; the SO may "
                         "set another (C_InitPIN)",
                         KS_TRIES);
    return ks_token_last_error(s->token, f);
}

static void
see(struct seen *s, const struct ks_conf *conf, const struct ks_conf_token *c)
{
    *s = (struct seen){ .conf = conf, .c = c };
    tee_buf_init(&s->warnings, 65536);
    s->fault.err = look(s);
    if (s->fault.err != TEE_OK && s->fault.text[0] == '\0')
        (void)tee_fault(&s->fault, s->fault.err, "%s",
                        tee_err_name(s->fault.err));
}

static void
unsee(struct seen *s)
{
    if (s->snap != NULL)
        ks_snap_put(s->snap);
    ks_token_free(s->token);
    tee_buf_clear(&s->warnings);
}

/* ---- which tokens ---------------------------------------------------------
 */

static void
pad(CK_UTF8CHAR *to, size_t room, const char *s)
{
    size_t n = strlen(s);

    memset(to, ' ', room);
    memcpy(to, s, n < room ? n : room);
}

static const char *
model(const struct ks_conf_token *c)
{
    if (c->origin == KS_TEE && c->platform == KS_PLAT_SIMULATED)
        return "simulated";
    return ks_origin_word(c->origin);
}

static bool
matches(struct p11_kit_uri *uri, const struct seen *s)
{
    CK_TOKEN_INFO i = { 0 };

    if (uri == NULL)
        return true;
    pad(i.label, sizeof(i.label), s->c->label);
    pad(i.manufacturerID, sizeof(i.manufacturerID), "tee-pkcs11");
    pad(i.model, sizeof(i.model), model(s->c));
    pad(i.serialNumber, sizeof(i.serialNumber), s->serial);
    return p11_kit_uri_match_token_info(uri, &i) != 0;
}

/* ---- the tree -------------------------------------------------------------
 */

static void
add_pin(struct tree *t, const struct seen *s)
{
    const struct ks_snap *n = s->snap;

    if (!s->c->pin)
        tree_add(t, 1, TREE_GOOD, "PIN", "none (pin = no)");
    else if (!n->user_pin)
        tree_add(t, 1, TREE_BAD, "PIN", "not set yet; the SO sets it");
    else
        tree_addf(t, 1, n->user_tries == 0 ? TREE_BAD : TREE_GOOD, "PIN",
                  "set, %u of %d tries left%s", n->user_tries, KS_TRIES,
                  n->so_pin ? ", SO PIN set" : "");
}

static void
add_key(struct tree *t, const struct ks_object *o)
{
    const struct tee_bytes *l = &o->attr[KS_A_LABEL], *id = &o->attr[KS_A_ID];
    char hex[2 * 32 + 1] = "";
    bool cut = id->len > 32;

    if (id->p != NULL)
        tee_hex((struct tee_bytes){ id->p, cut ? 32 : id->len }, hex);
    tree_addf(t, 1, TREE_GOOD, "key", "%s, label \"%.*s\", id %s%s%s",
              ks_kinfo(o->ktype)->word, l->p != NULL ? (int)l->len : 0,
              l->p != NULL ? (const char *)l->p : "", hex, cut ? "..." : "",
              (o->flags & KS_O_EPHEMERAL) != 0
                  ? ", ephemeral: usable in the process that made it alone"
                  : "");
}

static size_t
add_keys(struct tree *t, const struct ks_snap *n)
{
    size_t i, found = 0;

    for (i = 0; i < n->n; i++) {
        if (n->object[i]->class == KS_PUBLIC) {
            if (t != NULL)
                add_key(t, n->object[i]);
            found++;
        }
    }
    if (t != NULL && found == 0)
        tree_add(t, 1, TREE_OPEN, "key", "none yet (C_GenerateKeyPair)");
    return found;
}

static void
add_evidence(struct tree *t, const struct seen *s)
{
    const struct ks_snap *n = s->snap;
    char when[21];
    size_t i;

    if (s->c->origin == KS_LOCAL) {
        tree_add(t, 1, TREE_OPEN, "evidence",
                 "none: nothing binds a local key to hardware");
        return;
    }
    for (i = 0; i < n->n_evidence; i++) {
        if (tee_time_text(n->evidence[i]->time, when) != TEE_OK)
            (void)snprintf(when, sizeof(when), "unknown");
        tree_addf(t, 1, TREE_GOOD, "evidence", "%.*s, collected %s",
                  (int)n->evidence[i]->platform.len,
                  (const char *)n->evidence[i]->platform.p, when);
    }
    if (i == 0)
        tree_add(t, 1, TREE_OPEN, "evidence",
                 "none stored yet; \"tee-pkcs11 evidence\" collects some");
    if (s->c->platform == KS_PLAT_SIMULATED)
        tree_add(t, 1, TREE_BAD, "hardware",
                 "simulated: a file signs the evidence, no TEE does");
}

static void
add_warnings(struct tree *t, const struct tee_buf *w)
{
    struct tee_bytes rest = tee_buf_view(w);
    const uint8_t *end;

    while (rest.len > 0 && (end = memchr(rest.p, '\n', rest.len)) != NULL) {
        size_t n = (size_t)(end - rest.p);

        tree_addf(t, 1, TREE_NONE, "note", "%.*s", (int)n,
                  (const char *)rest.p);
        rest.p += n + 1;
        rest.len -= n + 1;
    }
}

static void
add_token(struct tree *t, const struct seen *s)
{
    if (s->c->bad_line != 0) {
        tree_addf(t, 0, TREE_NONE, s->c->name, "[%s]", s->c->name);
        tree_add(t, 1, TREE_BAD, "configuration", s->fault.text);
        return;
    }
    tree_addf(t, 0, TREE_NONE, s->c->label, "%s%s%s, %s",
              ks_origin_word(s->c->origin),
              s->c->origin == KS_LOCAL ? "" : " on ",
              s->c->origin == KS_LOCAL ? "" : ks_platform_word(s->c->platform),
              ks_kinfo(s->c->key_type)->word);
    tree_addf(t, 1, TREE_GOOD, "configuration", "%s:%u", s->conf->path,
              s->c->line);
    if (s->snap == NULL || !s->snap->initialised) {
        tree_add(t, 1, TREE_BAD,
                 s->fault.err == TEE_E_UNSUPPORTED ? "origin" : "store",
                 s->fault.text);
        return;
    }
    tree_addf(t, 1, TREE_GOOD, "store", "%s/%s.token%s", s->c->state,
              s->c->name, s->snap->writable ? "" : " (read-only)");
    tree_add(t, 1, TREE_NONE, "serial", s->serial);
    add_pin(t, s);
    if (s->fault.err != TEE_OK) {
        tree_add(t, 1, TREE_BAD, tee_err_name(s->fault.err), s->fault.text);
    } else {
        (void)add_keys(t, s->snap);
        tree_add(t, 1, TREE_NONE, "expires", "never");
        add_evidence(t, s);
    }
    add_warnings(t, &s->warnings);
}

/* ---- JSON -----------------------------------------------------------------
 */

static void
member(struct tee_buf *b, const char *name, const char *value)
{
    tee_buf_printf(b, ",\"%s\":", name);
    if (value == NULL)
        tee_buf_text(b, "null");
    else
        tee_json_string(b, tee_bytes_of(value));
}

static void
json_store(struct tee_buf *b, const struct seen *s)
{
    enum tee_err err;

    tee_buf_text(b, ",\"status\":");
    if (s->token == NULL || s->snap == NULL) {
        tee_buf_text(b, "null");
        return;
    }
    err = ks_token_status_json(s->token, b);
    if (err != TEE_OK && b->err == TEE_OK)
        b->err = err;
}

static void
json_token(struct tee_buf *b, const struct seen *s)
{
    bool good = s->c->bad_line == 0;
    char hex[65];

    tee_hex((struct tee_bytes){ s->c->sha256, 32 }, hex);
    tee_buf_text(b, "{\"name\":");
    tee_json_string(b, tee_bytes_of(s->c->name));
    tee_buf_printf(b, ",\"line\":%u", s->c->line);
    member(b, "label", good ? s->c->label : NULL);
    member(b, "origin", good ? ks_origin_word(s->c->origin) : NULL);
    member(b, "platform",
           good && s->c->origin != KS_LOCAL ? ks_platform_word(s->c->platform)
                                            : NULL);
    member(b, "key_type", good ? ks_kinfo(s->c->key_type)->word : NULL);
    member(b, "state", good ? s->c->state : NULL);
    member(b, "serial", s->serial[0] != '\0' ? s->serial : NULL);
    member(b, "config_sha256", good ? hex : NULL);
    tee_buf_printf(b, ",\"keys\":%zu",
                   s->snap != NULL ? add_keys(NULL, s->snap) : 0);
    tee_buf_printf(b, ",\"usable\":%s",
                   s->fault.err == TEE_OK ? "true" : "false");
    member(b, "error",
           s->fault.err == TEE_OK ? NULL : tee_err_name(s->fault.err));
    member(b, "text", s->fault.err == TEE_OK ? NULL : s->fault.text);
    json_store(b, s);
    tee_buf_text(b, "}");
}

/* ---- all of it ------------------------------------------------------------
 */

struct show {
    struct tree *tree;   /* NULL: JSON */
    struct tee_buf json; /* its tokens */
    size_t shown;
    int code;
};

static void
show_token(struct show *w, const struct seen *s)
{
    if (w->tree != NULL) {
        add_token(w->tree, s);
    } else {
        if (w->shown > 0)
            tee_buf_text(&w->json, ",");
        json_token(&w->json, s);
    }
    w->shown++;
    if (s->c->bad_line != 0)
        w->code = CMD_USAGE;
    else if (s->fault.err != TEE_OK && w->code == CMD_DONE)
        w->code = CMD_FAILED;
}

static void
show_all(struct show *w, const struct ks_conf *conf, struct p11_kit_uri *uri)
{
    struct seen s;
    size_t i;

    for (i = 0; i < conf->n; i++) {
        see(&s, conf, &conf->token[i]);
        /* a bad section is said whatever was asked for */
        if (s.c->bad_line != 0 || matches(uri, &s))
            show_token(w, &s);
        unsee(&s);
    }
}

static int
print_all(struct show *w, const struct ks_conf *conf)
{
    struct tee_buf head;

    if (w->tree != NULL) {
        if (tree_print(w->tree, stdout, tree_plain()) != TEE_OK)
            return cmd_say(CMD_FAILED, "status: cannot be shown");
        return w->code;
    }
    tee_buf_init(&head, 65536);
    tee_json_string(&head, tee_bytes_of(conf->path));
    if (w->json.err != TEE_OK || head.err != TEE_OK) {
        w->code = cmd_say(CMD_FAILED, "status: cannot be shown: %s",
                          tee_err_name(w->json.err));
    } else {
        (void)fputs("{\"configuration\":", stdout);
        json_text(stdout, tee_buf_view(&head));
        (void)fputs(",\"tokens\":[", stdout);
        json_text(stdout, tee_buf_view(&w->json));
        printf("],\"exit\":%d}\n", w->code);
    }
    tee_buf_clear(&head);
    return w->code;
}

static int
status(const struct cmd_args *a, const struct ks_conf *conf,
       struct p11_kit_uri *uri)
{
    struct show w = { 0 };

    tee_buf_init(&w.json, JSON_MAX);
    if (a->value[O_JSON] == NULL && tree_new(&w.tree) != TEE_OK)
        return cmd_say(CMD_FAILED, "status: no memory");
    show_all(&w, conf, uri);
    if (w.shown == 0 && uri != NULL)
        w.code = cmd_say(CMD_USAGE, "status: %s names no token \"%s\"",
                         conf->path, a->arg[0]);
    w.code = print_all(&w, conf);
    if (w.shown == 0 && uri == NULL)
        (void)cmd_say(CMD_DONE, "status: %s has no section yet", conf->path);
    tree_free(w.tree);
    tee_buf_clear(&w.json);
    return w.code;
}

static int
run(const struct cmd_args *a)
{
    struct p11_kit_uri *uri = NULL;
    struct ks_conf *conf = NULL;
    struct tee_fault f = { 0 };
    int code;

    if (a->n > 0 && cmd_uri_parse(a->arg[0], &uri, &f) != TEE_OK)
        return cmd_say(CMD_USAGE, "status: %s", f.text);
    if (ks_conf_load(a->conf, &conf, &f) != TEE_OK || conf->path == NULL)
        code = cmd_say(CMD_USAGE, "%s", f.text);
    else
        code = status(a, conf, uri);
    ks_conf_free(conf);
    p11_kit_uri_free(uri);
    return code;
}

const struct cmd cmd_status = {
    .name = "status",
    .operands = "[URI]",
    .brief = "tokens, what they stand on, and where that breaks",
    .opt = opts,
    .n_opt = O_N,
    .min_args = 0,
    .max_args = 1,
    .run = run,
};
