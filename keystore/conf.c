/*
 * The configuration: sections of the INI tree into struct ks_conf_token.
 * A bad section keeps its place and nothing of its values, so that no half
 * of it can be used by accident.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

static void
token_clear(struct ks_conf_token *t)
{
    char **text[] = { &t->unix_path,
                      &t->state,
                      &t->file,
                      &t->did,
                      &t->public_key,
                      &t->maa_url,
                      &t->akv_key,
                      &t->require,
                      &t->refs,
                      &t->roots,
                      &t->enrolled,
                      &t->helper,
                      &t->proxy,
                      &t->ca_file,
                      &t->tcti,
                      &t->device_root,
                      &t->imds_url,
                      &t->identity_client_id,
                      &t->identity_tenant_id,
                      &t->federated_token_file,
                      &t->aci_context };
    size_t i;

    for (i = 0; i < TEE_LEN(text); i++) {
        free(*text[i]);
        *text[i] = NULL;
    }
}

/* TEE_E_CONFIG, and the section says why: nothing else of it is kept. */
static enum tee_err
section_bad(struct ks_conf_sec *s, unsigned line, const char *text)
{
    struct ks_conf_token *t = s->t;
    struct ks_conf_token bad = { .line = t->line, .bad_line = line };

    memcpy(bad.name, t->name, sizeof(bad.name));
    memcpy(bad.label, t->name, sizeof(bad.label));
    memcpy(bad.sha256, t->sha256, sizeof(bad.sha256));
    (void)tee_fault(&bad.bad, TEE_E_CONFIG, "%s:%u: [%s]: %s", s->path, line,
                    t->name, text);
    token_clear(t);
    *t = bad;
    return TEE_E_CONFIG;
}

static int
by_key(const void *a, const void *b)
{
    const struct tee_ini_pair *x = a, *y = b;

    return strcmp(x->key, y->key);
}

/* Section name and LF, then key=value and LF in byte order of the keys. */
static enum tee_err
canonical_hash(const struct tee_ini_section *in, uint8_t ret[32])
{
    struct tee_ini_pair *pair;
    struct tee_buf b;
    enum tee_err err;
    size_t i;

    pair = calloc(in->n + 1, sizeof(*pair));
    if (pair == NULL)
        return TEE_E_NOMEM;
    for (i = 0; i < in->n; i++)
        pair[i] = in->pair[i];
    qsort(pair, in->n, sizeof(*pair), by_key);
    tee_buf_init(&b, KS_CONF_MAX + 1024);
    tee_buf_printf(&b, "%s\n", in->name);
    for (i = 0; i < in->n; i++)
        tee_buf_printf(&b, "%s=%s\n", pair[i].key, pair[i].value);
    err = b.err;
    if (err == TEE_OK)
        tee_sha256(tee_buf_view(&b), ret);
    tee_buf_clear(&b);
    free(pair);
    return err;
}

static enum tee_err
unknown_key(const char *key, struct tee_fault *f)
{
    const char *near = ks_conf_key_near(key);

    if (near == NULL)
        return tee_fault(f, TEE_E_CONFIG, "unknown key \"%s\"", key);
    return tee_fault(f, TEE_E_CONFIG,
                     "unknown key \"%s\"; did you mean \"%s\"?", key, near);
}

/* The pairs in file order, up to the first error. */
static enum tee_err
read_pairs(struct ks_conf_sec *s, const struct tee_ini_section *in)
{
    struct tee_fault f = { 0 };
    const struct tee_ini_pair *p;
    enum tee_err err;
    size_t i, k;

    for (i = 0; i < in->n; i++) {
        p = &in->pair[i];
        if (in->bad_line != 0 && p->line >= in->bad_line)
            break;
        k = ks_conf_key_find(p->key);
        if (k == KS_CONF_KEYS)
            err = unknown_key(p->key, &f);
        else
            err = ks_conf_value(&ks_conf_keys[k], p->value, s->t, &f);
        if (err == TEE_E_CONFIG)
            return section_bad(s, p->line, f.text);
        if (err != TEE_OK)
            return err;
        s->line[k] = p->line;
    }
    if (in->bad_line != 0)
        return section_bad(s, in->bad_line, in->bad_text);
    return TEE_OK;
}

/* What the manual says that is taken, unless the file says something. */
static enum tee_err
default_value(const struct ks_conf_sec *s, const char *name)
{
    size_t i = ks_conf_key_find(name);
    const struct ks_conf_key *k = &ks_conf_keys[i];

    return s->line[i] != 0 ? TEE_OK : ks_conf_value(k, k->def, s->t, NULL);
}

/* Defaults that are values; the others are "absent". */
static void
defaults_before(struct ks_conf_token *t)
{
    memcpy(t->label, t->name, sizeof(t->label));
    t->key_type = KS_ED25519;
    t->platform = KS_PLAT_AUTO;
    t->key_ttl = 3600;
    t->deadline = 30;
    t->lock_required = true;
    t->vmpl = -1;
}

static enum tee_err
defaults_after(const struct ks_conf_sec *s)
{
    struct ks_conf_token *t = s->t;
    enum tee_err err;

    if (s->line[ks_conf_key_find("skr_mode")] == 0)
        t->skr_mode = t->key_type == KS_ED25519 ? KS_SKR_OCT : KS_SKR_DIRECT;
    if (s->line[ks_conf_key_find("pcrs")] == 0) {
        if (t->measured_boot == KS_MB_UKI)
            t->pcrs = 1U << 4 | 1U << 7 | 1U << 11;
        else if (t->measured_boot == KS_MB_GRUB)
            t->pcrs = 1U << 4 | 1U << 7 | 1U << 8 | 1U << 9;
    }
    if (t->proxy != NULL && strcmp(t->proxy, "none") == 0) {
        free(t->proxy);
        t->proxy = NULL;
    }
    if (t->origin == KS_LOCAL)
        return TEE_OK;
    err = default_value(s, "tcti");
    if (err == TEE_OK)
        err = default_value(s, "device_root");
    if (err == TEE_OK)
        err = default_value(s, "imds_url");
    return err;
}

/* Made once, since every search looks at it. */
static enum tee_err
name_file(struct ks_conf_token *t)
{
    size_t room = strlen(t->state) + strlen(t->name) + sizeof("/.token");

    t->file = malloc(room);
    if (t->file == NULL)
        return TEE_E_NOMEM;
    (void)snprintf(t->file, room, "%s/%s.token", t->state, t->name);
    return TEE_OK;
}

/* A label names one token of the file. */
static enum tee_err
check_label(struct ks_conf_sec *s, const struct ks_conf *c, size_t before)
{
    unsigned line = s->line[ks_conf_key_find("label")];
    char shown[TEE_ESCAPED];
    struct tee_fault f = { 0 };
    size_t i;

    for (i = 0; i < before; i++) {
        if (c->token[i].bad_line != 0 ||
            strcmp(c->token[i].label, s->t->label) != 0)
            continue;
        tee_escape(tee_bytes_of(s->t->label), shown);
        (void)tee_fault(&f, TEE_E_CONFIG,
                        "label: \"%s\" is already the label of [%s]", shown,
                        c->token[i].name);
        return section_bad(s, line != 0 ? line : s->t->line, f.text);
    }
    return TEE_OK;
}

/* TEE_OK also for a bad section: what is wrong stands in the token. */
static enum tee_err
read_section(struct ks_conf *c, size_t i, const struct tee_ini_section *in)
{
    struct ks_conf_sec s = { .path = c->path, .t = &c->token[i] };
    struct tee_fault f = { 0 };
    unsigned line = 0;
    enum tee_err err;

    memcpy(s.t->name, in->name, strlen(in->name) + 1);
    s.t->line = in->line;
    defaults_before(s.t);
    err = canonical_hash(in, s.t->sha256);
    if (err == TEE_OK)
        err = read_pairs(&s, in);
    if (err == TEE_OK) {
        err = ks_conf_check(&s, &line, &f);
        if (err == TEE_E_CONFIG)
            err = section_bad(&s, line, f.text);
    }
    if (err == TEE_OK)
        err = check_label(&s, c, i);
    if (err == TEE_OK)
        err = defaults_after(&s);
    if (err == TEE_OK)
        err = name_file(s.t);
    return err == TEE_E_CONFIG ? TEE_OK : err;
}

static enum tee_err
file_bad(const char *path, unsigned line, struct tee_fault *f)
{
    if (line != 0)
        tee_fault_prefix(f, "%s:%u", path, line);
    else
        tee_fault_prefix(f, "%s", path);
    return f->err;
}

/* Before the first section only `log` may stand. */
static enum tee_err
read_top(struct ks_conf *c, const struct tee_ini *ini, struct tee_fault *f)
{
    const struct tee_ini_pair *p;
    enum tee_err err = TEE_OK;
    size_t i;

    c->log = TEE_LOG_SYSLOG;
    for (i = 0; i < ini->n_top && err == TEE_OK; i++) {
        p = &ini->top[i];
        if (strcmp(p->key, "log") == 0)
            err = ks_conf_log_value(&ks_conf_keys[ks_conf_key_find("log")],
                                    p->value, &c->log, f);
        else
            err = tee_fault(f, TEE_E_CONFIG,
                            "only \"log\" may stand before the first section; "
                            "found \"%s\"",
                            p->key);
        if (err == TEE_E_CONFIG)
            return file_bad(c->path, p->line, f);
    }
    return err;
}

static enum tee_err
read_all(struct ks_conf *c, const struct tee_ini *ini, struct tee_fault *f)
{
    enum tee_err err = read_top(c, ini, f);

    if (err != TEE_OK)
        return err;
    if (ini->n > KS_CONF_TOKENS) {
        (void)tee_fault(f, TEE_E_CONFIG, "more than %d sections",
                        KS_CONF_TOKENS);
        return file_bad(c->path, ini->section[KS_CONF_TOKENS].line, f);
    }
    c->token = calloc(ini->n + 1, sizeof(*c->token));
    if (c->token == NULL)
        return TEE_E_NOMEM;
    for (; c->n < ini->n && err == TEE_OK; c->n++)
        err = read_section(c, c->n, &ini->section[c->n]);
    return err;
}

enum tee_err
ks_conf_parse(const char *path, struct tee_bytes text, struct ks_conf **ret,
              struct tee_fault *f)
{
    struct tee_fault own = { 0 };
    struct tee_ini *ini = NULL;
    struct ks_conf *c;
    unsigned line = 0;
    enum tee_err err;

    if (f == NULL)
        f = &own;
    if (path == NULL || ret == NULL)
        return tee_fault(f, TEE_E_ARG, "configuration: no path");
    c = calloc(1, sizeof(*c));
    if (c == NULL)
        return tee_fault(f, TEE_E_NOMEM, "%s: no memory", path);
    c->path = strdup(path);
    if (c->path == NULL) {
        err = tee_fault(f, TEE_E_NOMEM, "%s: no memory", path);
        goto out;
    }
    err = tee_ini_parse(text, &ini, &line, f);
    if (err != TEE_OK) {
        err = file_bad(path, line, f);
        goto out;
    }
    err = read_all(c, ini, f);
    if (err == TEE_E_NOMEM)
        (void)tee_fault(f, err, "%s: no memory", path);
    if (err != TEE_OK)
        goto out;
    *ret = c;
    c = NULL; /* now the caller's */
out:
    tee_ini_free(ini);
    ks_conf_free(c);
    return err;
}

void
ks_conf_free(struct ks_conf *c)
{
    size_t i;

    if (c == NULL)
        return;
    for (i = 0; i < c->n; i++)
        token_clear(&c->token[i]);
    free(c->token);
    free(c->path);
    free(c);
}
