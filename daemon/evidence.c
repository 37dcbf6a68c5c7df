/*
 * COLLECT and BUNDLE.  What goes into the statement comes from three sides:
 * the configuration as this process read it, the question (the key, its
 * birth, who holds it), and this build.  Where two of them can be compared,
 * they are.
 */
#include "config.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "daemon/td.h"

#define DID_MAX 512 /* configuration.md, section 3 */

/* The word of the key statement, when the question's two ways of naming the
 * type agree. */
static enum tee_err
key_word(const struct tee_msg *q, const char **ret, struct tee_fault *f)
{
    enum ks_ktype type = ks_spki_type(q->field[TEE_FF_PUBLIC_KEY].bytes);

    if (type == KS_NONE || !tee_bytes_equal(q->field[TEE_FF_KEY_TYPE].bytes,
                                            tee_bytes_of(ks_kinfo(type)->word)))
        return tee_fault(f, TEE_E_KEY_TYPE,
                         "the public key is not of the type that was named");
    *ret = ks_kinfo(type)->statement;
    return TEE_OK;
}

static enum tee_err
did_ok(const struct ks_conf_token *t, struct tee_bytes did, struct tee_fault *f)
{
    if (did.len > DID_MAX)
        return tee_fault(f, TEE_E_ARG, "DID: must be at most %d bytes",
                         DID_MAX);
    if (t->did != NULL && did.len > 0 &&
        !tee_bytes_equal(did, tee_bytes_of(t->did)))
        return tee_fault(f, TEE_E_ARG,
                         "DID: another one than the section's did = %s",
                         t->did);
    return TEE_OK;
}

/* Without this the key's holder and this process could speak about two
 * different sections of the same name. */
static enum tee_err
same_config(const struct ks_conf_token *t, struct tee_bytes sha256,
            struct tee_fault *f)
{
    if (sodium_memcmp(sha256.p, t->sha256, sizeof(t->sha256)) == 0)
        return TEE_OK;
    return tee_fault(f, TEE_E_CONFIG,
                     "[%s]: the configuration file was changed since the key's "
                     "holder read it; restart it",
                     t->name);
}

static void
copy_text(char *to, size_t room, struct tee_bytes v)
{
    size_t n = v.len < room ? v.len : room - 1;

    if (n > 0)
        memcpy(to, v.p, n);
    to[n] = '\0';
}

static void
statement(const struct td *d, const struct tee_msg *q, const char *key_type,
          struct att_statement *s)
{
    *s = (struct att_statement){
        .origin = ATT_TEE,
        .created = (int64_t)q->field[TEE_FF_CREATED].num,
        .version = PACKAGE_VERSION,
    };
    copy_text(s->key_type, sizeof(s->key_type), tee_bytes_of(key_type));
    memcpy(s->build_id, q->field[TEE_FF_BUILD_ID].bytes.p, sizeof(s->build_id));
    memcpy(s->config_sha256, d->token->sha256, sizeof(s->config_sha256));
    copy_text(s->did, sizeof(s->did), q->field[TEE_FF_DID].bytes);
    /* an ephemeral key is sealed to nothing (agent-identity.md, section 13) */
    if (q->field[TEE_FF_EPHEMERAL].num == 0)
        copy_text(s->seal_root, sizeof(s->seal_root),
                  tee_bytes_of(ks_platform_word(d->token->platform)));
}

static enum tee_err
may_collect(const struct td *d, const struct tee_msg *q, const char **key_type,
            struct tee_fault *f)
{
    enum tee_err err = td_usable(d, q->field[TEE_FF_ORIGIN].num, f);

    if (err == TEE_OK)
        err = same_config(d->token, q->field[TEE_FF_CONFIG_SHA256].bytes, f);
    if (err == TEE_OK)
        err = did_ok(d->token, q->field[TEE_FF_DID].bytes, f);
    if (err == TEE_OK)
        err = key_word(q, key_type, f);
    return err;
}

static void
evidence_msg(const struct att_collected *c, struct tee_msg *a)
{
    tee_msg_init(a, TEE_F_EVIDENCE);
    tee_msg_bytes(a, TEE_FF_STATEMENT, tee_buf_view(&c->statement));
    tee_msg_bytes(a, TEE_FF_PLATFORM, tee_bytes_of(c->platform));
    tee_msg_blobs(a, TEE_FF_EVIDENCE, &c->blobs);
    tee_msg_blobs(a, TEE_FF_ENDORSEMENTS, &c->endorsements);
    tee_msg_bytes(a, TEE_FF_REPORT_DATA,
                  (struct tee_bytes){ c->report_data, c->report_data_len });
}

enum tee_err
td_collect(struct td *d, const struct tee_msg *q, struct tee_msg *a,
           struct tee_fault *f)
{
    struct att_collect_req req = {
        .platform = ks_platform_word(d->token->platform),
        .binding = q->field[TEE_FF_BINDING].bytes,
        .did = q->field[TEE_FF_DID].bytes,
        .challenge = q->field[TEE_FF_CHALLENGE].bytes,
        .nonce = q->field[TEE_FF_NONCE].bytes,
        .input = q->field[TEE_FF_INPUT].bytes,
        .spki = q->field[TEE_FF_PUBLIC_KEY].bytes,
    };
    struct tee_secret root = { 0 };
    const char *key_type;
    enum tee_err err = may_collect(d, q, &key_type, f);

    if (err != TEE_OK)
        return err;
    statement(d, q, key_type, &req.statement);
    err = td_sim_root(d->token, false, &root, f);
    if (err != TEE_OK)
        return err;
    req.sim_root = root.p;
    err = att_collect(&req, &d->work.proofs, f);
    tee_secret_free(&root);
    if (err == TEE_OK)
        evidence_msg(&d->work.proofs, a);
    return err;
}

/*
 * Stateless: everything that the bundle says is in the question.  Who asks
 * holds the key and made the proof of possession, and could as well write the
 * JSON; here it is written because cJSON does not enter the host.
 */
enum tee_err
td_bundle(struct td *d, const struct tee_msg *q, struct tee_msg *a,
          struct tee_fault *f)
{
    struct att_bundle b = {
        .platform = q->field[TEE_FF_PLATFORM].bytes,
        .binding = q->field[TEE_FF_BINDING].bytes,
        .did = q->field[TEE_FF_DID].bytes,
        .challenge = q->field[TEE_FF_CHALLENGE].bytes,
        .nonce = q->field[TEE_FF_NONCE].bytes,
        .input = q->field[TEE_FF_INPUT].bytes,
        .statement = q->field[TEE_FF_STATEMENT].bytes,
        .spki = q->field[TEE_FF_PUBLIC_KEY].bytes,
        .pop = q->field[TEE_FF_POP].bytes,
        .blobs = q->evidence,
        .endorsements = q->endorsements,
        .session_sig = q->field[TEE_FF_SESSION_SIG].bytes,
        .exporter_used = q->field[TEE_FF_EXPORTER_USED].num != 0,
        .created = (int64_t)q->field[TEE_FF_CREATED].num,
    };
    const char *key_type;
    enum tee_err err = td_usable(d, (uint64_t)d->token->origin, f);

    if (err == TEE_OK &&
        !tee_bytes_equal(b.platform,
                         tee_bytes_of(ks_platform_word(d->token->platform))))
        err = tee_fault(f, TEE_E_CONFIG,
                        "the bundle is of another platform than the section's");
    if (err == TEE_OK)
        err = key_word(q, &key_type, f);
    if (err != TEE_OK)
        return err;
    b.key_type = tee_bytes_of(key_type);
    err = att_bundle_write(&b, &d->work.bytes);
    if (err != TEE_OK)
        return tee_fault(f, err, "bundle: %s", tee_err_name(err));
    tee_msg_init(a, TEE_F_JSON);
    tee_msg_bytes(a, TEE_FF_JSON, tee_buf_view(&d->work.bytes));
    return TEE_OK;
}
