/* JSON objects, member by member: every reader of this folder uses these. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define TEE_ATTEST_INTERNAL
#include "attest/att.h"

enum tee_err
att_only(const struct cJSON *v, const char *what, const char *const *names,
         struct tee_fault *f)
{
    char name[TEE_ESCAPED];
    const cJSON *c;
    size_t i;

    if (!cJSON_IsObject(v))
        return tee_fault(f, TEE_E_MALFORMED, "%s is not an object", what);
    for (c = v->child; c != NULL; c = c->next) {
        for (i = 0; names[i] != NULL; i++) {
            if (strcmp(names[i], c->string) == 0)
                break;
        }
        if (names[i] != NULL)
            continue;
        tee_escape(tee_bytes_of(c->string), name);
        return tee_fault(f, TEE_E_MALFORMED, "%s: unknown member \"%s\"", what,
                         name);
    }
    return TEE_OK;
}

const struct cJSON *
att_member(const struct cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

bool
att_text(const struct cJSON *o, const char *name, struct tee_bytes *ret)
{
    const cJSON *v = att_member(o, name);

    if (!cJSON_IsString(v)) {
        *ret = TEE_STR("");
        return false;
    }
    *ret = tee_bytes_of(v->valuestring);
    return true;
}

enum tee_err
att_text_in(const struct cJSON *o, const char *name, size_t min, size_t max,
            struct tee_bytes *ret, struct tee_fault *f)
{
    struct tee_bytes v;

    if (att_member(o, name) == NULL)
        return tee_fault(f, TEE_E_MALFORMED, "\"%s\" is missing", name);
    if (!att_text(o, name, &v))
        return tee_fault(f, TEE_E_MALFORMED, "\"%s\" is not a string", name);
    if (v.len < min || v.len > max)
        return tee_fault(f, TEE_E_MALFORMED,
                         "\"%s\" has %zu bytes, not %zu to %zu", name, v.len,
                         min, max);
    *ret = v;
    return TEE_OK;
}

enum tee_err
att_text_copy(const struct cJSON *o, const char *name, char *ret, size_t room,
              struct tee_fault *f)
{
    struct tee_bytes v;
    enum tee_err err = att_text_in(o, name, 1, room - 1, &v, f);

    if (err != TEE_OK)
        return err;
    memcpy(ret, v.p, v.len);
    ret[v.len] = '\0';
    return TEE_OK;
}

enum tee_err
att_hex_in(const struct cJSON *o, const char *name, uint8_t *ret, size_t n,
           struct tee_fault *f)
{
    struct tee_bytes v;
    enum tee_err err = att_text_in(o, name, 2 * n, 2 * n, &v, f);

    if (err != TEE_OK)
        return err;
    err = tee_hex_decode(v, ret, n);
    if (err != TEE_OK)
        return tee_fault(f, err, "\"%s\" is not lower-case hex", name);
    return TEE_OK;
}

enum tee_err
att_time_in(const struct cJSON *o, const char *name, int64_t *ret,
            struct tee_fault *f)
{
    struct tee_bytes v;
    enum tee_err err = att_text_in(o, name, 20, 20, &v, f);

    if (err != TEE_OK)
        return err;
    if (tee_time_parse((const char *)v.p, v.len, ret) != TEE_OK)
        return tee_fault(f, TEE_E_MALFORMED,
                         "\"%s\" is not a time as YYYY-MM-DDTHH:MM:SSZ", name);
    return TEE_OK;
}

static void
put_name(struct tee_buf *b, const char *name)
{
    if (b->len > 0 && b->p[b->len - 1] != '{')
        tee_buf_u8(b, ',');
    tee_buf_printf(b, "\"%s\":", name);
}

void
att_put_text(struct tee_buf *b, const char *name, struct tee_bytes v)
{
    put_name(b, name);
    tee_json_string(b, v);
}

void
att_put_hex(struct tee_buf *b, const char *name, struct tee_bytes v)
{
    char piece[2 * 64 + 1];
    struct tee_cur c = tee_cur_of(v);

    put_name(b, name);
    tee_buf_u8(b, '"');
    while (c.left > 0) {
        tee_hex(tee_cur_bytes(&c, c.left < 64 ? c.left : 64), piece);
        tee_buf_text(b, piece);
    }
    tee_buf_u8(b, '"');
}

void
att_put_base64(struct tee_buf *b, const char *name, struct tee_bytes v)
{
    put_name(b, name);
    tee_buf_u8(b, '"');
    tee_base64(b, v);
    tee_buf_u8(b, '"');
}

void
att_put_time(struct tee_buf *b, const char *name, int64_t t)
{
    char text[21];

    if (tee_time_text(t, text) != TEE_OK) {
        b->err = b->err == TEE_OK ? TEE_E_ARG : b->err;
        return;
    }
    att_put_text(b, name, tee_bytes_of(text));
}
