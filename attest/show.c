/*
 * Decoding for display.  Nothing is verified here, and the first members of
 * each answer say so.
 */
#include <string.h>

#define TEE_ATTEST_INTERNAL
#include "attest/att.h"

static void
begin(struct tee_buf *b, const char *kind)
{
    tee_buf_text(b, "{");
    att_put_text(b, "kind", tee_bytes_of(kind));
    tee_buf_text(b, ",\"verified\":false");
}

static void
put_digest(struct tee_buf *b, const char *name, struct tee_bytes v)
{
    uint8_t h[32];

    tee_sha256(v, h);
    att_put_hex(b, name, (struct tee_bytes){ h, sizeof(h) });
}

static void
put_sim(struct tee_buf *b, const struct att_sim *s)
{
    att_put_hex(b, "public_key",
                (struct tee_bytes){ s->public_key, sizeof(s->public_key) });
    att_put_hex(b, "field_b", (struct tee_bytes){ s->field, 32 });
    att_put_hex(b, "field_s", (struct tee_bytes){ s->field + 32, 32 });
    att_put_hex(b, "signature",
                (struct tee_bytes){ s->signature, sizeof(s->signature) });
}

/* A statement that can't be read is shown as null. */
static enum tee_err
put_statement(struct tee_buf *b, struct tee_bytes jcs)
{
    enum tee_err err = att_statement_parse(jcs, NULL, NULL);

    put_digest(b, "statement_sha256", jcs);
    tee_buf_text(b, ",\"statement\":");
    if (err == TEE_OK)
        tee_buf_bytes(b, jcs); /* JSON that was just read strictly */
    else
        tee_buf_text(b, "null");
    return err == TEE_E_NOMEM ? err : TEE_OK;
}

static void
put_blob(struct tee_buf *b, const struct tee_blob *blob, bool first)
{
    struct att_sim sim;

    tee_buf_text(b, first ? "{" : ",{");
    att_put_text(b, "name", blob->name);
    tee_buf_printf(b, ",\"bytes\":%zu", blob->data.len);
    put_digest(b, "sha256", blob->data);
    if (att_sim_parse(blob->data, &sim, NULL) == TEE_OK) {
        tee_buf_text(b, ",\"simulated\":{");
        put_sim(b, &sim);
        tee_buf_u8(b, '}');
    }
    tee_buf_u8(b, '}');
}

static void
put_binding(struct tee_buf *b, const struct att_bundle *v)
{
    tee_buf_text(b, ",\"binding\":{");
    att_put_text(b, "type", v->binding);
    if (v->did.len > 0)
        att_put_text(b, "did", v->did);
    if (v->challenge.len > 0)
        att_put_text(b, "challenge", v->challenge);
    if (v->nonce.len > 0)
        att_put_text(b, "nonce", v->nonce);
    if (v->input.len > 0)
        att_put_hex(b, "input", v->input);
    tee_buf_u8(b, '}');
}

static void
put_signatures(struct tee_buf *b, const struct att_bundle *v)
{
    tee_buf_text(b, ",\"public_key\":{");
    att_put_text(b, "type", v->key_type);
    att_put_hex(b, "spki", v->spki);
    tee_buf_u8(b, '}');
    if (v->pop.len > 0)
        att_put_hex(b, "pop", v->pop);
    if (v->session_sig.len == 0)
        return;
    tee_buf_printf(b, ",\"session\":{\"exporter_used\":%s",
                   v->exporter_used ? "true" : "false");
    att_put_hex(b, "signature", v->session_sig);
    tee_buf_u8(b, '}');
}

static enum tee_err
put_bundle(struct tee_buf *b, const struct att_bundle *v)
{
    enum tee_err err = TEE_OK;
    uint8_t e[32];
    size_t i;

    begin(b, "bundle");
    att_put_text(b, "platform", v->platform);
    att_put_time(b, "created", v->created);
    put_binding(b, v);
    put_signatures(b, v);
    if (v->statement.len > 0)
        err = put_statement(b, v->statement);
    if (tee_evidence_digest(&v->blobs, e) == TEE_OK)
        att_put_hex(b, "evidence_digest", (struct tee_bytes){ e, sizeof(e) });
    tee_buf_text(b, ",\"evidence\":[");
    for (i = 0; i < v->blobs.n; i++)
        put_blob(b, &v->blobs.v[i], i == 0);
    tee_buf_printf(b, "],\"endorsements\":%zu,\"token\":%s}", v->endorsements.n,
                   v->token.len > 0 ? "true" : "false");
    return err;
}

static enum tee_err
show_sim(struct tee_bytes data, struct tee_buf *ret)
{
    struct att_sim sim;
    enum tee_err err = att_sim_parse(data, &sim, NULL);

    if (err != TEE_OK)
        return err;
    begin(ret, "simulated-evidence");
    put_sim(ret, &sim);
    tee_buf_u8(ret, '}');
    return ret->err;
}

static enum tee_err
show_statement(struct tee_bytes data, struct tee_buf *ret)
{
    enum tee_err err = att_statement_parse(data, NULL, NULL);

    if (err != TEE_OK)
        return err;
    begin(ret, "statement");
    err = put_statement(ret, data);
    tee_buf_u8(ret, '}');
    return err != TEE_OK ? err : ret->err;
}

static enum tee_err
show_bundle(struct tee_bytes data, struct tee_buf *ret)
{
    struct att_bundle b;
    enum tee_err err = att_bundle_parse(data, &b, NULL);

    if (err != TEE_OK)
        return err;
    err = put_bundle(ret, &b);
    att_bundle_clear(&b);
    return err != TEE_OK ? err : ret->err;
}

enum tee_err
att_show_json(struct tee_bytes data, struct tee_buf *ret)
{
    static enum tee_err (*const shows[])(struct tee_bytes, struct tee_buf *) = {
        show_sim, show_statement, show_bundle
    };
    enum tee_err err = TEE_E_MALFORMED;
    size_t i;

    for (i = 0; i < TEE_LEN(shows); i++) {
        err = shows[i](data, ret);
        if (err == TEE_OK || err == TEE_E_NOMEM)
            break;
    }
    return err;
}
