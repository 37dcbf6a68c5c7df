/*
 * Origin `tee_generated`: TK is sealed by daemon/ to a root that only this
 * guest has, and a key is handed out once there is evidence of this boot over
 * its statement.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

/* What this build has no collector for says so; nothing else is tried. */
static enum tee_err
platform_ready(const struct ks_conf_token *c, struct tee_fault *f)
{
    static const struct {
        enum ks_platform platform;
        const char *why;
    } rows[] = {
        { KS_PLAT_AUTO, "no collector for hardware in this version, and "
                        "\"auto\" never chooses \"simulated\"" },
        { KS_PLAT_AZURE_SNP, "built without azure" },
        { KS_PLAT_AZURE_TDX, "built without azure" },
        { KS_PLAT_TPM2, "built without tpm" },
    };
    const char *why = "no collector for it in this version";
    size_t i;

    if (c->platform == KS_PLAT_SIMULATED)
        return TEE_OK;
    for (i = 0; i < TEE_LEN(rows); i++) {
        if (rows[i].platform == c->platform)
            why = rows[i].why;
    }
    return tee_fault(f, TEE_E_UNSUPPORTED, "unsupported: platform = %s: %s",
                     ks_platform_word(c->platform), why);
}

/* Demands on the token's own claims: what cannot be checked is not met. */
static enum tee_err
ready(const struct ks_conf_token *c, struct tee_fault *f)
{
    const struct {
        const char *key, *value;
    } demand[] = { { "require", c->require },
                   { "refs", c->refs },
                   { "roots", c->roots },
                   { "enrolled", c->enrolled } };
    size_t i;

    for (i = 0; i < TEE_LEN(demand); i++) {
        if (demand[i].value != NULL)
            return tee_fault(f, TEE_E_UNSUPPORTED,
                             "unsupported: %s: this version judges no claims "
                             "of its own token, so the key stays closed",
                             demand[i].key);
    }
    return platform_ready(c, f);
}

static void
ask(struct tee_msg *m, enum tee_frame_type type, enum ks_role role,
    const struct ks_tk *tk, const uint8_t *stretched)
{
    tee_msg_init(m, type);
    tee_msg_bytes(m, TEE_FF_UUID, (struct tee_bytes){ tk->uuid, 16 });
    tee_msg_num(m, TEE_FF_ROLE, (uint64_t)role);
    tee_msg_num(m, TEE_FF_ORIGIN, KS_TEE);
    if (stretched != NULL)
        tee_msg_bytes(m, TEE_FF_STRETCHED, (struct tee_bytes){ stretched, 32 });
}

/* Question and answer; too much for a foreign stack. */
static struct tee_msg *
messages(void)
{
    return calloc(2, sizeof(struct tee_msg));
}

static void
messages_free(struct tee_msg *m)
{
    tee_msg_clear(&m[0]);
    tee_msg_clear(&m[1]);
    free(m);
}

static enum tee_err
wrap(struct ks_token *t, enum ks_role role, const struct ks_tk *tk,
     const uint8_t *stretched, struct ks_newwrap *ret, struct tee_fault *f)
{
    struct tee_msg *m = messages();
    struct tee_bytes wrapped, root;
    enum tee_err err;

    if (m == NULL)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    ask(&m[0], TEE_F_WRAP, role, tk, stretched);
    tee_msg_bytes(&m[0], TEE_FF_TK, (struct tee_bytes){ tk->key, KS_TK });
    tee_msg_init(&m[1], TEE_F_WRAPPED);
    err = ks_client_call(t->client, &m[0], TEE_F_WRAPPED, &m[1], t->until, f);
    if (err == TEE_OK) {
        wrapped = m[1].field[TEE_FF_WRAPPED].bytes;
        root = m[1].field[TEE_FF_ROOT].bytes;
        tee_buf_bytes(&ret->mem, wrapped);
        tee_buf_bytes(&ret->mem, root);
        err = ret->mem.err;
        if (err != TEE_OK)
            (void)tee_fault(f, err, "no memory");
    }
    if (err == TEE_OK) {
        ret->w.kind = KS_WRAP_ROOT;
        ret->w.key = (struct tee_bytes){ ret->mem.p, wrapped.len };
        ret->w.root = (struct tee_bytes){ ret->mem.p + wrapped.len, root.len };
    }
    messages_free(m);
    return err;
}

static enum tee_err
unwrap(struct ks_token *t, enum ks_role role, const struct ks_wrap *w,
       const uint8_t *stretched, struct ks_tk *tk, struct tee_fault *f)
{
    struct tee_msg *m = messages();
    enum tee_err err;

    if (m == NULL)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    ask(&m[0], TEE_F_UNSEAL, role, tk, stretched);
    tee_msg_bytes(&m[0], TEE_FF_WRAPPED, w->key);
    tee_msg_bytes(&m[0], TEE_FF_ROOT, w->root);
    tee_msg_init(&m[1], TEE_F_TK);
    err = ks_client_call(t->client, &m[0], TEE_F_TK, &m[1], t->until, f);
    if (err == TEE_OK)
        memcpy(tk->key, m[1].field[TEE_FF_TK].bytes.p, KS_TK);
    messages_free(m);
    return err;
}

static enum tee_err
admit(struct ks_token *t, struct ks_key *k, const struct ks_object *o,
      struct ks_tk *tk, struct tee_fault *f)
{
    const struct ks_evidence *e = ks_evidence_now(t, o->uuid);
    enum tee_err err = TEE_OK;

    if (e == NULL) {
        err = ks_evidence_acquire(t, k, o, &e, f);
        if (err == TEE_OK)
            err = ks_evidence_keep(t, tk, e, f);
    }
    ks_evidence_put(e);
    return err;
}

const struct ks_ops ks_ops_tee = {
    .ready = ready,
    .stat = ks_store_stat,
    .load = ks_store_read,
    .writes = true,
    .helper = true,
    .clear_wrap = KS_WRAP_ROOT,
    .pin_wrap = KS_WRAP_ROOT,
    .wrap = wrap,
    .unwrap = unwrap,
    .admit = admit,
};
