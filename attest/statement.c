/*
 * The key statement: trust rules, section 1; exact bytes in the identity
 * reference, section 13.
 */
#include <cjson/cJSON.h>
#include <string.h>

#define TEE_ATTEST_INTERNAL
#include "attest/att.h"

/* Roots that can seal a key, and how many hex digits their mask has:
 * guest_field_select as u64be; pcrSelect bitmap of 24 PCRs; none. */
static const struct {
    const char *root;
    size_t mask;
} seals[] = { { "amd-sev-snp", 16 }, { "tpm2", 6 }, { ATT_SIM_PLATFORM, 0 } };

static const char *const modes[] = { "oct", "envelope", "direct" };

static bool
text_in(const char *s, size_t room, size_t min)
{
    size_t n = strnlen(s, room);

    return n < room && n >= min &&
           tee_utf8((struct tee_bytes){ (const uint8_t *)s, n });
}

static bool
seal_ok(const struct att_statement *s)
{
    uint8_t mask[8];
    size_t i, n;

    if (!text_in(s->seal_root, sizeof(s->seal_root), 1) ||
        !text_in(s->seal_mask, sizeof(s->seal_mask), 0))
        return false;
    for (i = 0; i < TEE_LEN(seals); i++) {
        if (strcmp(seals[i].root, s->seal_root) != 0)
            continue;
        n = seals[i].mask / 2;
        return tee_hex_decode(tee_bytes_of(s->seal_mask), mask, n) == TEE_OK;
    }
    return false;
}

static bool
release_ok(const struct att_statement *s)
{
    size_t i;

    if (!text_in(s->release_kid, sizeof(s->release_kid), 9) ||
        strncmp(s->release_kid, "https://", 8) != 0)
        return false;
    for (i = 0; i < TEE_LEN(modes); i++) {
        if (strcmp(modes[i], s->release_mode) == 0)
            return true;
    }
    return false;
}

/* NULL, or what is wrong: for reading and for writing alike. */
static const char *
fault_of(const struct att_statement *s)
{
    bool seal = s->seal_root[0] != '\0', release = s->release_kid[0] != '\0';
    char time[21];

    if (!text_in(s->key_type, sizeof(s->key_type), 1) ||
        !att_kind_known(tee_bytes_of(s->key_type)))
        return "unknown key type";
    if (!text_in(s->version, sizeof(s->version), 1) ||
        !text_in(s->did, sizeof(s->did), 0))
        return "version or DID is empty, too long or not UTF-8";
    if (tee_time_text(s->created, time) != TEE_OK)
        return "\"created\" is outside the years 0 to 9999";
    if (s->origin == ATT_SKR)
        return !seal && release && release_ok(s)
                   ? NULL
                   : "origin \"skr\" has a good \"release\" and no \"seal\"";
    if (s->origin != ATT_TEE)
        return "origin is neither \"tee_generated\" nor \"skr\"";
    if (release)
        return "origin \"tee_generated\" has no \"release\"";
    return !seal || seal_ok(s) ? NULL : "unknown \"seal\"";
}

#define VIEW(a) ((struct tee_bytes){ (a), sizeof(a) })

static void
put_source(const struct att_statement *s, struct tee_buf *b)
{
    if (s->origin == ATT_SKR) {
        tee_buf_text(b, ",\"release\":{");
        att_put_text(b, "kid", tee_bytes_of(s->release_kid));
        att_put_text(b, "mode", tee_bytes_of(s->release_mode));
        att_put_hex(b, "policy_sha256", VIEW(s->release_policy));
        tee_buf_u8(b, '}');
    } else if (s->seal_root[0] != '\0') {
        tee_buf_text(b, ",\"seal\":{");
        att_put_text(b, "mask", tee_bytes_of(s->seal_mask));
        att_put_text(b, "root", tee_bytes_of(s->seal_root));
        tee_buf_u8(b, '}');
    }
}

/* Members in RFC 8785 order. */
enum tee_err
att_statement_write(const struct att_statement *s, struct tee_buf *ret)
{
    struct tee_buf b;
    enum tee_err err;

    if (fault_of(s) != NULL)
        return TEE_E_ARG;
    tee_buf_init(&b, ATT_STATEMENT_MAX);
    tee_buf_u8(&b, '{');
    att_put_hex(&b, "config_sha256", VIEW(s->config_sha256));
    att_put_time(&b, "created", s->created);
    if (s->did[0] != '\0')
        att_put_text(&b, "did", tee_bytes_of(s->did));
    tee_buf_text(&b, ",\"extractable\":false,\"key\":{");
    att_put_hex(&b, "public_key_sha256", VIEW(s->key_sha256));
    att_put_text(&b, "type", tee_bytes_of(s->key_type));
    tee_buf_text(&b, "},\"module\":{");
    att_put_hex(&b, "build_id", VIEW(s->build_id));
    att_put_text(&b, "version", tee_bytes_of(s->version));
    tee_buf_u8(&b, '}');
    att_put_text(&b, "origin",
                 tee_bytes_of(s->origin == ATT_SKR ? "skr" : "tee_generated"));
    put_source(s, &b);
    tee_buf_text(&b, ",\"v\":1}");
    err = b.err;
    if (err == TEE_OK) {
        tee_buf_bytes(ret, tee_buf_view(&b));
        err = ret->err;
    }
    tee_buf_clear(&b);
    return err;
}

static enum tee_err
read_nested(const cJSON *v, struct att_statement *s, struct tee_fault *f)
{
    static const char *const in_key[] = { "public_key_sha256", "type", NULL };
    static const char *const in_module[] = { "build_id", "version", NULL };
    const cJSON *key = att_member(v, "key"), *module = att_member(v, "module");
    enum tee_err err = att_only(key, "\"key\"", in_key, f);

    if (err == TEE_OK)
        err = att_text_copy(key, "type", s->key_type, sizeof(s->key_type), f);
    if (err == TEE_OK)
        err = att_hex_in(key, "public_key_sha256", s->key_sha256,
                         sizeof(s->key_sha256), f);
    if (err == TEE_OK)
        err = att_only(module, "\"module\"", in_module, f);
    if (err == TEE_OK)
        err =
            att_text_copy(module, "version", s->version, sizeof(s->version), f);
    if (err == TEE_OK)
        err =
            att_hex_in(module, "build_id", s->build_id, sizeof(s->build_id), f);
    return err;
}

static enum tee_err
read_seal(const cJSON *v, struct att_statement *s, struct tee_fault *f)
{
    static const char *const in_seal[] = { "mask", "root", NULL };
    struct tee_bytes mask = { NULL, 0 };
    enum tee_err err = att_only(v, "\"seal\"", in_seal, f);

    if (err == TEE_OK)
        err = att_text_copy(v, "root", s->seal_root, sizeof(s->seal_root), f);
    if (err == TEE_OK)
        err = att_text_in(v, "mask", 0, sizeof(s->seal_mask) - 1, &mask, f);
    if (err == TEE_OK && mask.len > 0)
        memcpy(s->seal_mask, mask.p, mask.len);
    return err;
}

static enum tee_err
read_release(const cJSON *v, struct att_statement *s, struct tee_fault *f)
{
    static const char *const in_release[] = { "kid", "mode", "policy_sha256",
                                              NULL };
    enum tee_err err = att_only(v, "\"release\"", in_release, f);

    if (err == TEE_OK)
        err =
            att_text_copy(v, "kid", s->release_kid, sizeof(s->release_kid), f);
    if (err == TEE_OK)
        err = att_text_copy(v, "mode", s->release_mode, sizeof(s->release_mode),
                            f);
    if (err == TEE_OK)
        err = att_hex_in(v, "policy_sha256", s->release_policy,
                         sizeof(s->release_policy), f);
    return err;
}

static enum tee_err
read_source(const cJSON *v, struct att_statement *s, struct tee_fault *f)
{
    const cJSON *seal = att_member(v, "seal");
    const cJSON *release = att_member(v, "release");
    struct tee_bytes origin;
    enum tee_err err = att_text_in(v, "origin", 1, 32, &origin, f);

    if (err != TEE_OK)
        return err;
    if (tee_bytes_equal(origin, TEE_STR("tee_generated")))
        s->origin = ATT_TEE;
    else if (tee_bytes_equal(origin, TEE_STR("skr")))
        s->origin = ATT_SKR;
    if (seal != NULL)
        err = read_seal(seal, s, f);
    if (err == TEE_OK && release != NULL)
        err = read_release(release, s, f);
    return err;
}

static enum tee_err
read_all(const cJSON *v, struct att_statement *s, struct tee_fault *f)
{
    static const char *const names[] = {
        "config_sha256", "created", "did",  "extractable", "key", "module",
        "origin",        "release", "seal", "v",           NULL
    };
    enum tee_err err = att_only(v, "key statement", names, f);
    const cJSON *one = att_member(v, "v");

    if (err != TEE_OK)
        return err;
    if (!cJSON_IsNumber(one) || one->valuedouble != 1)
        return tee_fault(f, TEE_E_MALFORMED, "\"v\" is not 1");
    if (!cJSON_IsFalse(att_member(v, "extractable")))
        return tee_fault(f, TEE_E_MALFORMED, "\"extractable\" is not false");
    err = read_nested(v, s, f);
    if (err == TEE_OK)
        err = att_hex_in(v, "config_sha256", s->config_sha256,
                         sizeof(s->config_sha256), f);
    if (err == TEE_OK)
        err = att_time_in(v, "created", &s->created, f);
    if (err == TEE_OK && att_member(v, "did") != NULL)
        err = att_text_copy(v, "did", s->did, sizeof(s->did), f);
    return err == TEE_OK ? read_source(v, s, f) : err;
}

/* Written again, a statement must give the very bytes that were hashed. */
static enum tee_err
check_form(struct tee_bytes jcs, const struct att_statement *s,
           struct tee_fault *f)
{
    const char *why = fault_of(s);
    struct tee_buf again;
    enum tee_err err;

    if (why != NULL)
        return tee_fault(f, TEE_E_MALFORMED, "%s", why);
    tee_buf_init(&again, ATT_STATEMENT_MAX);
    err = att_statement_write(s, &again);
    if (err == TEE_OK && !tee_bytes_equal(jcs, tee_buf_view(&again)))
        err = tee_fault(f, TEE_E_MALFORMED, "not in canonical form (RFC 8785)");
    tee_buf_clear(&again);
    return err;
}

enum tee_err
att_statement_parse(struct tee_bytes jcs, struct att_statement *ret,
                    struct tee_fault *f)
{
    struct att_statement s = { .origin = ATT_LOCAL };
    cJSON *v = NULL;
    enum tee_err err;

    err = tee_json_parse(jcs, ATT_STATEMENT_MAX, &v, f);
    if (err == TEE_OK)
        err = read_all(v, &s, f);
    if (err == TEE_OK)
        err = check_form(jcs, &s, f);
    if (err != TEE_OK)
        tee_fault_prefix(f, "key statement");
    else if (ret != NULL)
        *ret = s;
    cJSON_Delete(v);
    return err;
}
