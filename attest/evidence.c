/*
 * The bundle tee-pkcs11.evidence/v1 (design section 5), media type
 * application/vnd.tee-pkcs11.evidence+json.  Shapes and limits only: what a
 * bundle is worth is said in verify.c.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define TEE_ATTEST_INTERNAL
#include "attest/att.h"

#define SCHEMA       "tee-pkcs11.evidence/v1"
#define PLATFORM_MAX 31
#define SPKI_MAX     4096
#define SIG_MAX      8192
#define INPUT_MAX    65535
#define BLOB_MAX     ((size_t)1 << 20)
#define PEM_MAX      ((size_t)64 << 10)
#define TOKEN_MAX    ((size_t)64 << 10)
#define NAME_MAX     32

static bool
name_ok(struct tee_bytes name)
{
    size_t i;

    for (i = 0; i < name.len; i++) {
        uint8_t c = name.p[i];

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_')
            return false;
    }
    return name.len >= 1 && name.len <= NAME_MAX;
}

/* ---- rules that reader and writer share ------------------------------------
 */

/* Which members go with which binding; NULL: fine. */
static const char *
binding_fault(const struct att_bundle *b, const struct att_layout *l)
{
    bool asked = b->challenge.len > 0 || b->nonce.len > 0;

    if (asked &&
        (b->did.len == 0 || b->challenge.len == 0 || b->nonce.len == 0))
        return "did, challenge and nonce go together";
    if (!asked && l->challenge)
        return "this binding needs did, challenge and nonce";
    if (l->input != (b->input.len > 0))
        return l->input ? "this binding needs an input"
                        : "this binding takes no input";
    if (l->statement != (b->statement.len > 0))
        return l->statement ? "this binding needs a key statement"
                            : "this binding covers no key statement";
    if (tee_bytes_equal(b->binding, TEE_STR("session")) !=
        (b->session_sig.len > 0))
        return "the binding session and the member session go together";
    if (b->exporter_used && b->session_sig.len == 0)
        return "an exporter is used in a session only";
    return NULL;
}

static const char *
blobs_fault(const struct att_bundle *b)
{
    uint8_t digest[32];
    size_t i;

    if (b->blobs.n == 0 || b->blobs.n > TEE_BLOBS_MAX ||
        b->endorsements.n > TEE_BLOBS_MAX)
        return "1 to 16 evidence blobs and at most 16 endorsements";
    for (i = 0; i < b->blobs.n; i++) {
        if (!name_ok(b->blobs.v[i].name) || b->blobs.v[i].data.len == 0 ||
            b->blobs.v[i].data.len > BLOB_MAX)
            return "evidence with a bad name, empty, or over 1 MiB";
    }
    for (i = 0; i < b->endorsements.n; i++) {
        if (b->endorsements.v[i].data.len == 0 ||
            b->endorsements.v[i].data.len > PEM_MAX)
            return "an endorsement is empty or over 64 KiB";
    }
    if (tee_evidence_digest(&b->blobs, digest) != TEE_OK)
        return "evidence is not in bundle order";
    return NULL;
}

static const char *
bundle_fault(const struct att_bundle *b)
{
    const struct att_layout *l = att_layout(b->binding);
    const char *why;

    if (b->platform.len == 0 || b->platform.len > PLATFORM_MAX)
        return "platform is empty or too long";
    if (l == NULL)
        return "unknown binding type";
    if (b->did.len > UINT16_MAX || b->challenge.len > UINT16_MAX ||
        b->nonce.len > ATT_NONCE_MAX || b->input.len > INPUT_MAX)
        return "did, challenge, nonce or input is too long";
    if (b->statement.len > ATT_STATEMENT_MAX || b->pop.len > SIG_MAX ||
        b->session_sig.len > SIG_MAX || b->token.len > TOKEN_MAX)
        return "statement, signature or token is too long";
    if (b->spki.len == 0 || b->spki.len > SPKI_MAX)
        return "public key is empty or too long";
    why = binding_fault(b, l);
    return why != NULL ? why : blobs_fault(b);
}

/* ---- writing --------------------------------------------------------------
 */

static void
put_binding(const struct att_bundle *b, struct tee_buf *o)
{
    tee_buf_text(o, "\"binding\":{");
    if (b->challenge.len > 0)
        att_put_text(o, "challenge", b->challenge);
    if (b->did.len > 0)
        att_put_text(o, "did", b->did);
    if (b->input.len > 0)
        att_put_base64(o, "input", b->input);
    if (b->nonce.len > 0)
        att_put_text(o, "nonce", b->nonce);
    att_put_text(o, "type", b->binding);
    tee_buf_u8(o, '}');
}

static void
put_blobs(const struct att_bundle *b, struct tee_buf *o)
{
    char name[NAME_MAX + 1];
    size_t i;

    if (b->endorsements.n > 0) {
        tee_buf_text(o, ",\"endorsements\":[");
        for (i = 0; i < b->endorsements.n; i++) {
            if (i > 0)
                tee_buf_u8(o, ',');
            tee_json_string(o, b->endorsements.v[i].data);
        }
        tee_buf_u8(o, ']');
    }
    tee_buf_text(o, ",\"evidence\":{");
    for (i = 0; i < b->blobs.n; i++) {
        memcpy(name, b->blobs.v[i].name.p, b->blobs.v[i].name.len);
        name[b->blobs.v[i].name.len] = '\0';
        att_put_base64(o, name, b->blobs.v[i].data);
    }
    tee_buf_u8(o, '}');
}

static void
put_session(const struct att_bundle *b, struct tee_buf *o)
{
    if (b->session_sig.len == 0)
        return;
    tee_buf_printf(o, ",\"session\":{\"exporter_used\":%s",
                   b->exporter_used ? "true" : "false");
    att_put_base64(o, "signature", b->session_sig);
    tee_buf_u8(o, '}');
}

/* Members in RFC 8785 order, so that equal bundles are equal bytes. */
static void
put_bundle(const struct att_bundle *b, const char *type, struct tee_buf *o)
{
    tee_buf_u8(o, '{');
    put_binding(b, o);
    att_put_time(o, "created", b->created);
    put_blobs(b, o);
    att_put_text(o, "platform", b->platform);
    att_put_base64(o, "pop", b->pop);
    tee_buf_text(o, ",\"public_key\":{");
    att_put_base64(o, "spki", b->spki);
    att_put_text(o, "type", tee_bytes_of(type));
    tee_buf_u8(o, '}');
    att_put_text(o, "schema", TEE_STR(SCHEMA));
    put_session(b, o);
    if (b->statement.len > 0)
        att_put_base64(o, "statement", b->statement);
    if (b->token.len > 0)
        att_put_text(o, "token", b->token);
    tee_buf_u8(o, '}');
}

enum tee_err
att_bundle_write(const struct att_bundle *b, struct tee_buf *ret)
{
    const char *type = att_key_type(b->spki);
    struct tee_buf o;
    enum tee_err err;

    if (type == NULL || b->pop.len == 0 || bundle_fault(b) != NULL ||
        (b->key_type.len > 0 &&
         !tee_bytes_equal(b->key_type, tee_bytes_of(type))))
        return TEE_E_ARG;
    tee_buf_init(&o, ATT_BUNDLE_MAX);
    put_bundle(b, type, &o);
    err = o.err;
    if (err == TEE_OK) {
        tee_buf_bytes(ret, tee_buf_view(&o));
        err = ret->err;
    }
    tee_buf_clear(&o);
    return err;
}

/* ---- reading --------------------------------------------------------------
 */

/* Copies v into the store, which never moves: see att_bundle_parse. */
static struct tee_bytes
keep(struct att_bundle *b, struct tee_bytes v)
{
    size_t from = b->store.len;

    tee_buf_bytes(&b->store, v);
    return (struct tee_bytes){ b->store.p + from, b->store.len - from };
}

static enum tee_err
keep_base64(struct att_bundle *b, const cJSON *o, const char *name,
            struct tee_bytes *ret, struct tee_fault *f)
{
    size_t from = b->store.len;
    struct tee_bytes text;
    enum tee_err err;

    err = att_text_in(o, name, 1, ATT_BUNDLE_MAX, &text, f);
    if (err != TEE_OK)
        return err;
    if (tee_base64_decode(text, &b->store) != TEE_OK)
        return tee_fault(f, TEE_E_MALFORMED,
                         "\"%s\" is not strict base64 with padding", name);
    *ret = (struct tee_bytes){ b->store.p + from, b->store.len - from };
    return TEE_OK;
}

static enum tee_err
keep_text(struct att_bundle *b, const cJSON *o, const char *name, size_t max,
          struct tee_bytes *ret, struct tee_fault *f)
{
    struct tee_bytes v;
    enum tee_err err = att_text_in(o, name, 1, max, &v, f);

    if (err == TEE_OK)
        *ret = keep(b, v);
    return err;
}

/* A member that may be absent. */
static enum tee_err
maybe_text(struct att_bundle *b, const cJSON *o, const char *name, size_t max,
           struct tee_bytes *ret, struct tee_fault *f)
{
    return att_member(o, name) == NULL ? TEE_OK
                                       : keep_text(b, o, name, max, ret, f);
}

static enum tee_err
maybe_base64(struct att_bundle *b, const cJSON *o, const char *name,
             struct tee_bytes *ret, struct tee_fault *f)
{
    return att_member(o, name) == NULL ? TEE_OK
                                       : keep_base64(b, o, name, ret, f);
}

static enum tee_err
read_binding(struct att_bundle *b, const cJSON *v, struct tee_fault *f)
{
    static const char *const names[] = { "challenge", "did",  "input",
                                         "nonce",     "type", NULL };
    enum tee_err err = att_only(v, "\"binding\"", names, f);

    if (err == TEE_OK)
        err = keep_text(b, v, "type", 31, &b->binding, f);
    if (err == TEE_OK)
        err = maybe_text(b, v, "did", UINT16_MAX, &b->did, f);
    if (err == TEE_OK)
        err = maybe_text(b, v, "challenge", UINT16_MAX, &b->challenge, f);
    if (err == TEE_OK)
        err = maybe_text(b, v, "nonce", ATT_NONCE_MAX, &b->nonce, f);
    if (err == TEE_OK)
        err = maybe_base64(b, v, "input", &b->input, f);
    return err;
}

static enum tee_err
read_key(struct att_bundle *b, const cJSON *v, struct tee_fault *f)
{
    static const char *const names[] = { "spki", "type", NULL };
    enum tee_err err = att_only(v, "\"public_key\"", names, f);

    if (err == TEE_OK)
        err = keep_text(b, v, "type", 15, &b->key_type, f);
    if (err == TEE_OK)
        err = keep_base64(b, v, "spki", &b->spki, f);
    return err;
}

static enum tee_err
read_session(struct att_bundle *b, const cJSON *v, struct tee_fault *f)
{
    static const char *const names[] = { "exporter_used", "signature", NULL };
    const cJSON *used;
    enum tee_err err = att_only(v, "\"session\"", names, f);

    if (err != TEE_OK)
        return err;
    used = att_member(v, "exporter_used");
    if (!cJSON_IsBool(used))
        return tee_fault(f, TEE_E_MALFORMED,
                         "\"exporter_used\" is not true or false");
    b->exporter_used = cJSON_IsTrue(used);
    return keep_base64(b, v, "signature", &b->session_sig, f);
}

static int
by_name(const void *x, const void *y)
{
    const struct tee_blob *a = x, *b = y;
    size_t n = a->name.len < b->name.len ? a->name.len : b->name.len;
    int c = memcmp(a->name.p, b->name.p, n);

    return c != 0 ? c
                  : (a->name.len > b->name.len) - (a->name.len < b->name.len);
}

static enum tee_err
read_blobs(struct att_bundle *b, const cJSON *v, struct tee_fault *f)
{
    enum tee_err err = TEE_OK;
    const cJSON *c;

    if (!cJSON_IsObject(v))
        return tee_fault(f, TEE_E_MALFORMED, "\"evidence\" is not an object");
    for (c = v->child; err == TEE_OK && c != NULL; c = c->next) {
        struct tee_blob *to = &b->blobs.v[b->blobs.n];

        if (b->blobs.n++ == TEE_BLOBS_MAX)
            return tee_fault(f, TEE_E_TOOBIG, "more than 16 evidence blobs");
        if (!name_ok(tee_bytes_of(c->string)))
            return tee_fault(f, TEE_E_MALFORMED,
                             "\"evidence\": a name is 1 to 32 of a-z, 0-9, _");
        to->name = keep(b, tee_bytes_of(c->string));
        err = keep_base64(b, v, c->string, &to->data, f);
    }
    if (err == TEE_OK && b->blobs.n > 1)
        qsort(b->blobs.v, b->blobs.n, sizeof(b->blobs.v[0]), by_name);
    return err;
}

static enum tee_err
read_endorsements(struct att_bundle *b, const cJSON *v, struct tee_fault *f)
{
    const cJSON *c;

    if (!cJSON_IsArray(v))
        return tee_fault(f, TEE_E_MALFORMED,
                         "\"endorsements\" is not an array");
    for (c = v->child; c != NULL; c = c->next) {
        if (b->endorsements.n == TEE_BLOBS_MAX)
            return tee_fault(f, TEE_E_TOOBIG, "more than 16 endorsements");
        if (!cJSON_IsString(c))
            return tee_fault(f, TEE_E_MALFORMED,
                             "\"endorsements\" holds something but a string");
        b->endorsements.v[b->endorsements.n++] =
            (struct tee_blob){ TEE_STR(""),
                               keep(b, tee_bytes_of(c->valuestring)) };
    }
    if (b->endorsements.n == 0)
        return tee_fault(f, TEE_E_MALFORMED, "\"endorsements\" is empty");
    return TEE_OK;
}

static enum tee_err
read_parts(struct att_bundle *b, const cJSON *v, struct tee_fault *f)
{
    const cJSON *end = att_member(v, "endorsements");
    const cJSON *session = att_member(v, "session");
    enum tee_err err = read_binding(b, att_member(v, "binding"), f);

    if (err == TEE_OK)
        err = read_key(b, att_member(v, "public_key"), f);
    if (err == TEE_OK)
        err = read_blobs(b, att_member(v, "evidence"), f);
    if (err == TEE_OK && end != NULL)
        err = read_endorsements(b, end, f);
    if (err == TEE_OK && session != NULL)
        err = read_session(b, session, f);
    return err;
}

static enum tee_err
read_bundle(struct att_bundle *b, const cJSON *v, struct tee_fault *f)
{
    static const char *const names[] = {
        "binding", "created",    "endorsements", "evidence",  "platform", "pop",
        "schema",  "public_key", "session",      "statement", "token",    NULL
    };
    struct tee_bytes schema;
    enum tee_err err = att_only(v, "the bundle", names, f);

    if (err != TEE_OK)
        return err;
    if (!att_text(v, "schema", &schema) ||
        !tee_bytes_equal(schema, TEE_STR(SCHEMA)))
        return tee_fault(f, TEE_E_MALFORMED, "\"schema\" is not " SCHEMA);
    err = keep_text(b, v, "platform", PLATFORM_MAX, &b->platform, f);
    if (err == TEE_OK)
        err = att_time_in(v, "created", &b->created, f);
    if (err == TEE_OK)
        err = maybe_base64(b, v, "statement", &b->statement, f);
    if (err == TEE_OK)
        err = maybe_base64(b, v, "pop", &b->pop, f);
    if (err == TEE_OK)
        err = maybe_text(b, v, "token", TOKEN_MAX, &b->token, f);
    return err == TEE_OK ? read_parts(b, v, f) : err;
}

enum tee_err
att_bundle_parse(struct tee_bytes json, struct att_bundle *ret,
                 struct tee_fault *f)
{
    struct att_bundle b = { .exporter_used = false };
    const char *why = NULL;
    cJSON *v = NULL;
    enum tee_err err;

    tee_buf_init(&b.store, json.len);
    err = tee_json_parse(json, ATT_BUNDLE_MAX, &v, f);
    if (err != TEE_OK)
        goto out;
    /*
     * No decoded form is longer than its text.  So room for the whole text,
     * taken once, holds every piece, and views into it stay valid.
     */
    tee_buf_bytes(&b.store, json);
    b.store.len = 0;
    err = b.store.err;
    if (err == TEE_OK)
        err = read_bundle(&b, v, f);
    if (err == TEE_OK)
        err = b.store.err;
    if (err == TEE_OK)
        why = bundle_fault(&b);
    if (why != NULL)
        err = tee_fault(f, TEE_E_MALFORMED, "%s", why);
out:
    cJSON_Delete(v);
    if (err == TEE_OK) {
        *ret = b;
        return TEE_OK;
    }
    tee_fault_prefix(f, "evidence bundle");
    tee_buf_clear(&b.store);
    return err;
}

void
att_bundle_clear(struct att_bundle *b)
{
    tee_buf_clear(&b->store);
    *b = (struct att_bundle){ .exporter_used = false };
}
