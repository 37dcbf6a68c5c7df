/*
 * Collecting: what every platform has in common, and the table of platforms.
 * The platform is named by the caller; none is ever tried in place of
 * another.
 */
#include <stdio.h>
#include <string.h>

#define TEE_ATTEST_INTERNAL
#include "attest/att.h"

#define STORE_MAX ATT_BUNDLE_MAX

static enum tee_err
not_here(const struct att_collect_req *req, const struct att_fields *v,
         struct att_collected *ret, struct tee_fault *f)
{
    (void)v;
    (void)ret;
    return tee_fault(f, TEE_E_UNSUPPORTED,
                     "unsupported: evidence of the platform %s is not part of "
                     "this version",
                     req->platform);
}

/* All that the configuration can name; `auto` has nothing to choose from. */
static const struct att_collector collectors[] = {
    { "azure-cvm-sev-snp", not_here },
    { "azure-cvm-tdx", not_here },
    { "amd-sev-snp", not_here },
    { "intel-tdx", not_here },
    { "aws-nitro", not_here },
    { "tpm2", not_here },
    { "auto", not_here },
    { ATT_SIM_PLATFORM, att_collect_sim },
};

static const struct att_collector *
collector_of(const char *platform)
{
    size_t i;

    for (i = 0; i < TEE_LEN(collectors); i++) {
        if (strcmp(collectors[i].platform, platform) == 0)
            return &collectors[i];
    }
    return NULL;
}

/* B is zero when nobody asked, and under an attested session. */
static enum tee_err
bind(const struct att_collect_req *req, const struct att_layout *l,
     const uint8_t key_hash[32], uint8_t b[32], struct tee_fault *f)
{
    bool asked = req->challenge.len > 0 || req->nonce.len > 0;

    memset(b, 0, 32);
    if (req->input.len > 0)
        return tee_fault(f, TEE_E_ARG, "the binding %s takes no input",
                         l->word);
    if (!asked && l->challenge)
        return tee_fault(f, TEE_E_ARG,
                         "the binding %s needs a DID, a challenge and a nonce",
                         l->word);
    if (!asked || !l->bound)
        return TEE_OK;
    if (tee_binding_hash(req->did, req->challenge, req->nonce, key_hash, b) !=
        TEE_OK)
        return tee_fault(f, TEE_E_ARG,
                         "DID, challenge (1 to 65535 bytes) and nonce (1 to "
                         "%u) go together",
                         (unsigned)ATT_NONCE_MAX);
    return TEE_OK;
}

/* The statement, with the key's own hash and type in it. */
static enum tee_err
state(const struct att_collect_req *req, const struct att_layout *l,
      const struct att_key *key, struct tee_buf *jcs, struct tee_fault *f)
{
    struct att_statement s = req->statement;
    size_t n = strlen(key->kind->word);
    enum tee_err err;

    if (!l->statement)
        return TEE_OK;
    if (s.key_type[0] == '\0')
        memcpy(s.key_type, key->kind->word, n + 1);
    if (strcmp(s.key_type, key->kind->word) != 0)
        return tee_fault(f, TEE_E_ARG, "a %s key, said to be %s",
                         key->kind->word, s.key_type);
    tee_key_hash(key->spki, s.key_sha256);
    err = att_statement_write(&s, jcs);
    if (err != TEE_OK)
        return tee_fault(f, err,
                         "no statement can be made from these values: %s",
                         tee_err_name(err));
    return TEE_OK;
}

static enum tee_err
fields_of(const struct att_collect_req *req, const struct att_layout *l,
          struct tee_buf *jcs, struct att_fields *ret, struct tee_fault *f)
{
    struct att_key key;
    uint8_t hash[32];
    enum tee_err err = att_key_parse(req->spki, &key);

    if (err != TEE_OK)
        return tee_fault(f, err,
                         "no public key of a type that evidence can be about");
    tee_key_hash(key.spki, hash);
    err = bind(req, l, hash, ret->b, f);
    if (err == TEE_OK)
        err = state(req, l, &key, jcs, f);
    if (err != TEE_OK)
        return err;
    tee_sha256(tee_buf_view(jcs), ret->s);
    return att_field(l->word, ret->b, ret->s, ret->field);
}

static enum tee_err
check(const struct att_collect_req *req, const struct att_collector **c,
      const struct att_layout **l, struct tee_fault *f)
{
    if (req->statement.origin == ATT_LOCAL)
        return tee_fault(f, TEE_E_PROHIBITED,
                         "hardware is never asked about a local key");
    *c = collector_of(req->platform);
    if (*c == NULL)
        return tee_fault(f, TEE_E_ARG, "unknown platform");
    *l = att_layout(req->binding);
    if (*l == NULL)
        return tee_fault(f, TEE_E_ARG, "unknown binding");
    if (!(*l)->known)
        return tee_fault(f, TEE_E_UNSUPPORTED,
                         "unsupported: the binding %s is not part of this "
                         "version",
                         (*l)->word);
    return TEE_OK;
}

enum tee_err
att_collect(const struct att_collect_req *req, struct att_collected *ret,
            struct tee_fault *f)
{
    const struct att_collector *by = NULL;
    const struct att_layout *l = NULL;
    struct att_collected c = { .report_data_len = 64 };
    struct att_fields v;
    enum tee_err err;

    tee_buf_init(&c.statement, ATT_STATEMENT_MAX);
    tee_buf_init(&c.store, STORE_MAX);
    err = check(req, &by, &l, f);
    if (err == TEE_OK)
        err = fields_of(req, l, &c.statement, &v, f);
    if (err != TEE_OK)
        goto out;
    (void)snprintf(c.platform, sizeof(c.platform), "%s", by->platform);
    memcpy(c.report_data, v.field, sizeof(v.field));
    err = by->collect(req, &v, &c, f);
out:
    if (err == TEE_OK)
        *ret = c;
    else
        att_collected_clear(&c);
    return err;
}

void
att_collected_clear(struct att_collected *c)
{
    tee_buf_clear(&c->statement);
    tee_buf_clear(&c->store);
    *c = (struct att_collected){ .report_data_len = 0 };
}
