#include <string.h>

#include "pkcs11/tp11.h"

/*
 * CKA_TEE_*: what the token says of itself and the evidence that it stores.
 * Reading never acquires and never collects (pkcs11.md 10.2).  There are no
 * rows for CKA_TEE_ATTESTATION_TOKEN, _CLAIMS and _EXPIRES: they belong to a
 * released key, and this version releases none.
 */

static enum tp11_got
number(struct tp11_reader *r, CK_ULONG v, struct tee_bytes *ret)
{
    r->number = v;
    *ret = (struct tee_bytes){ (const uint8_t *)&r->number, sizeof(r->number) };
    return TP11_GOT;
}

/* Absent rather than empty. */
static enum tp11_got
bytes(struct tee_bytes v, struct tee_bytes *ret)
{
    if (v.len == 0)
        return TP11_ABSENT;
    *ret = v;
    return TP11_GOT;
}

static enum tp11_got
made(struct tp11_reader *r, struct tee_bytes *ret)
{
    if (r->made.err != TEE_OK)
        return TP11_NOMEM;
    return bytes(tee_buf_view(&r->made), ret);
}

static const struct ks_evidence *
evidence_of(const struct tp11_reader *r)
{
    return r->pin != NULL ? r->pin->ev : r->object->ev;
}

enum tp11_got
tp11_vendor_origin(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    static const CK_ULONG map[] = {
        [KS_LOCAL] = CK_TEE_ORIGIN_LOCAL,
        [KS_SKR] = CK_TEE_ORIGIN_SKR,
        [KS_TEE] = CK_TEE_ORIGIN_TEE_GENERATED,
    };

    (void)arg;
    return number(r, map[r->token->conf->origin], ret);
}

static bool
is_simulated(const struct tp11_reader *r, const struct ks_evidence *e)
{
    return r->token->conf->platform == KS_PLAT_SIMULATED ||
           tee_bytes_equal(e->platform,
                           tee_bytes_of(ks_platform_word(KS_PLAT_SIMULATED)));
}

/* A key of a TEE origin with evidence of this configuration; never with
 * `simulated`, never by configuration alone. */
enum tp11_got
tp11_vendor_bound(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    const struct ks_evidence *e = evidence_of(r);

    (void)arg;
    r->truth = r->token->conf->origin != KS_LOCAL && e != NULL &&
                       !is_simulated(r, e) &&
                       memcmp(e->config_sha256, r->token->conf->sha256,
                              sizeof(e->config_sha256)) == 0
                   ? CK_TRUE
                   : CK_FALSE;
    *ret = (struct tee_bytes){ &r->truth, sizeof(r->truth) };
    return TP11_GOT;
}

enum tp11_got
tp11_vendor_platform(struct tp11_reader *r, uintptr_t arg,
                     struct tee_bytes *ret)
{
    const struct ks_evidence *e = evidence_of(r);

    (void)arg;
    if (e != NULL)
        return bytes(e->platform, ret);
    if (r->token->conf->origin == KS_LOCAL)
        return TP11_ABSENT;
    ks_token_platform(r->token->ks, r->platform);
    return bytes(tee_bytes_of(r->platform), ret);
}

/* arg: offset of a member of the evidence */
enum tp11_got
tp11_vendor_evidence(struct tp11_reader *r, uintptr_t arg,
                     struct tee_bytes *ret)
{
    const struct ks_evidence *e = evidence_of(r);

    if (e == NULL)
        return TP11_ABSENT;
    return bytes(
        *(const struct tee_bytes *)(const void *)((const char *)e + arg), ret);
}

enum tp11_got
tp11_vendor_type(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    (void)arg;
    return evidence_of(r) == NULL ? TP11_ABSENT
                                  : bytes(TEE_STR(KS_EVIDENCE_TYPE), ret);
}

enum tp11_got
tp11_vendor_time(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    const struct ks_evidence *e = evidence_of(r);

    (void)arg;
    if (e == NULL || e->time < 0)
        return TP11_ABSENT;
    return number(r, (CK_ULONG)e->time, ret);
}

/* The report or quote among the blobs, as the device gave it. */
enum tp11_got
tp11_vendor_raw(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    static const char *const names[] = { "report", "quote", "hcl_report",
                                         "tpm_quote" };
    const struct ks_evidence *e = evidence_of(r);
    size_t i, k;

    (void)arg;
    for (i = 0; e != NULL && i < TEE_LEN(names); i++) {
        for (k = 0; k < e->blobs.n; k++) {
            if (tee_bytes_equal(e->blobs.v[k].name, tee_bytes_of(names[i])))
                return bytes(e->blobs.v[k].data, ret);
        }
    }
    return TP11_ABSENT;
}

enum tp11_got
tp11_vendor_endorsements(struct tp11_reader *r, uintptr_t arg,
                         struct tee_bytes *ret)
{
    const struct ks_evidence *e = evidence_of(r);
    size_t i;

    (void)arg;
    tee_buf_clear(&r->made);
    for (i = 0; e != NULL && i < e->endorsements.n; i++)
        tee_buf_bytes(&r->made, e->endorsements.v[i].data);
    return made(r, ret);
}

/* "error: sentence"; a sentence may begin with its error already. */
enum tp11_got
tp11_vendor_error(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    struct tee_fault f = { 0 };
    const char *name;
    enum tee_err err;

    (void)arg;
    if (r->pin != NULL && r->pin->text.len > 0)
        return bytes(tee_buf_view(&r->pin->text), ret);
    if (r->token->conf->origin == KS_LOCAL)
        return TP11_ABSENT;
    err = ks_token_last_error(r->token->ks, &f);
    if (err == TEE_OK)
        return TP11_ABSENT;
    name = tee_err_name(err);
    tee_buf_clear(&r->made);
    if (strncmp(f.text, name, strlen(name)) != 0) {
        tee_buf_text(&r->made, name);
        tee_buf_text(&r->made, f.text[0] != '\0' ? ": " : "");
    }
    tee_buf_text(&r->made, f.text);
    return made(r, ret);
}

/* arg: enum tp11_given */
enum tp11_got
tp11_vendor_given(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    return bytes(r->object->memory->given[arg], ret);
}

/* CKA_VALUE of tee-status */
enum tp11_got
tp11_vendor_status(struct tp11_reader *r, uintptr_t arg, struct tee_bytes *ret)
{
    (void)arg;
    if (r->pin != NULL && r->pin->text.len > 0)
        return bytes(tee_buf_view(&r->pin->text), ret);
    tee_buf_clear(&r->made);
    if (ks_token_status_json(r->token->ks, &r->made) != TEE_OK)
        return TP11_NOMEM;
    return made(r, ret);
}

#define BLOCK 0x80544500UL

uint32_t
tp11_pin_bit(const struct tp11_object *o, CK_ATTRIBUTE_TYPE type)
{
    if (o->kind == TP11_EVIDENCE || o->kind == TP11_STATUS)
        return type == CKA_VALUE ? 1 : 0;
    if (o->kind != TP11_STORED ||
        (o->o->class != KS_PUBLIC && o->o->class != KS_PRIVATE))
        return 0;
    switch (type) {
    case CKA_TEE_PLATFORM:
    case CKA_TEE_EVIDENCE:
    case CKA_TEE_EVIDENCE_TYPE:
    case CKA_TEE_EVIDENCE_TIME:
    case CKA_TEE_REPORT_DATA:
    case CKA_TEE_RAW_REPORT:
    case CKA_TEE_ENDORSEMENTS:
    case CKA_TEE_LAST_ERROR:
    case CKA_TEE_STATEMENT:
        return UINT32_C(1) << (type - BLOCK);
    default:
        return 0;
    }
}
