/*
 * What a token says of itself: sentences for people, and the same as JSON
 * under stable names.  Nothing here asks a device or opens a key.
 */
#include "config.h"

#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

#define STATUS_MAX ((size_t)1 << 20)

void
ks_token_platform(struct ks_token *t, char ret[32])
{
    const struct ks_evidence *e = NULL;
    const struct ks_snap *s;
    size_t i, n;

    (void)pthread_mutex_lock(&t->lock);
    memcpy(ret, t->platform, 32);
    (void)pthread_mutex_unlock(&t->lock);
    if (ret[0] != '\0')
        return;
    s = ks_snap_get(t);
    for (i = 0; i < s->n_evidence; i++) {
        if (e == NULL || s->evidence[i]->time > e->time)
            e = s->evidence[i];
    }
    if (e != NULL) {
        n = e->platform.len < 31 ? e->platform.len : 31;
        memcpy(ret, e->platform.p, n);
        ret[n] = '\0';
    }
    ks_snap_put(s);
}

/* ---- warnings
 * ---------------------------------------------------------------- */

static void
warn_configuration(const struct ks_conf_token *c, struct tee_buf *b)
{
    if (c->platform == KS_PLAT_SIMULATED)
        tee_buf_text(b, "platform = simulated: nothing here is bound to "
                        "hardware\n");
    if (c->origin == KS_TEE && c->platform != KS_PLAT_SIMULATED &&
        c->measured_boot == KS_MB_NONE)
        tee_buf_text(b, "measured_boot = none: keys are ephemeral\n");
    if (c->roots != NULL)
        tee_buf_printf(b, "roots = %s replaces the pinned roots\n", c->roots);
    if (c->device_root != NULL && strcmp(c->device_root, "/") != 0)
        tee_buf_printf(b, "device_root = %s: devices are not the machine's\n",
                       c->device_root);
}

static void
warn_store(const struct ks_conf_token *c, const struct ks_snap *s,
           struct tee_buf *b)
{
    if (c->origin == KS_SKR || c->unix_path != NULL)
        return;
    if (!s->initialised) {
        tee_buf_text(b, "not initialised\n");
        return;
    }
    if (c->origin == KS_LOCAL && !c->pin)
        tee_buf_printf(b,
                       "token key in clear: who can read %s/%s.token has "
                       "the keys\n",
                       c->state, c->name);
    if (c->origin == KS_LOCAL && c->pin)
        tee_buf_text(b, "a short PIN falls to a search of a stolen store\n");
    if (c->pin)
        tee_buf_text(b, "pin-counter: advisory\n");
    if (c->pin && !s->writable)
        tee_buf_text(b, "the store is read-only: a login cannot be counted, so "
                        "it fails\n");
}

void
ks_token_warnings(struct ks_token *t, struct tee_buf *ret)
{
    const struct ks_snap *s = ks_snap_get(t);
    struct tee_fault f = { 0 }, bad;

    (void)pthread_mutex_lock(&t->lock);
    bad = t->bad;
    (void)pthread_mutex_unlock(&t->lock);
    if (bad.err != TEE_OK)
        tee_buf_printf(ret, "store: %s: %s\n", tee_err_name(bad.err), bad.text);
    if (t->ops->ready(t->conf, &f) != TEE_OK)
        tee_buf_printf(ret, "%s\n", f.text);
    warn_configuration(t->conf, ret);
    warn_store(t->conf, s, ret);
    if (!t->conf->lock_required && !tee_arena_locked(t->arena))
        tee_buf_text(ret, "lock = try: key memory is not locked and may reach "
                          "swap\n");
    ks_snap_put(s);
}

/* ---- JSON
 * ----------------------------------------------------------------------- */

static void
name(struct tee_buf *b, const char *n)
{
    if (b->len > 0 && b->p[b->len - 1] != '{')
        tee_buf_u8(b, ',');
    tee_json_string(b, tee_bytes_of(n));
    tee_buf_u8(b, ':');
}

static void
text(struct tee_buf *b, const char *n, struct tee_bytes v)
{
    name(b, n);
    tee_json_string(b, v);
}

static void
words(struct tee_buf *b, const char *n, const char *v)
{
    text(b, n, tee_bytes_of(v));
}

static void
number(struct tee_buf *b, const char *n, uint64_t v)
{
    name(b, n);
    tee_buf_printf(b, "%llu", (unsigned long long)v);
}

static void
flag(struct tee_buf *b, const char *n, bool v)
{
    name(b, n);
    tee_buf_text(b, v ? "true" : "false");
}

static void
hex(struct tee_buf *b, const char *n, struct tee_bytes v)
{
    char h[2 * 32 + 1];

    if (v.len > 32)
        v.len = 32;
    tee_hex(v, h);
    words(b, n, h);
}

static void
moment(struct tee_buf *b, const char *n, int64_t v)
{
    char h[21];

    if (tee_time_text(v, h) == TEE_OK)
        words(b, n, h);
}

static const char *
pin_state(bool there, unsigned left)
{
    return !there ? "none" : left == 0 ? "locked" : "set";
}

static void
pins(struct tee_buf *b, const struct ks_conf_token *c, const struct ks_snap *s)
{
    flag(b, "pin", c->pin);
    if (!c->pin)
        return;
    words(b, "user_pin", pin_state(s->user_pin, s->user_tries));
    words(b, "so_pin", pin_state(s->so_pin, s->so_tries));
    number(b, "user_tries_left", s->user_tries);
    number(b, "so_tries_left", s->so_tries);
    words(b, "pin_counter", "advisory");
    words(b, "logged_in",
          s->logged_in[KS_USER] ? "user"
          : s->logged_in[KS_SO] ? "so"
                                : "nobody");
}

static void
evidence(struct tee_buf *b, const struct ks_snap *s, const uint8_t key[16])
{
    size_t i;

    for (i = 0; i < s->n_evidence; i++) {
        const struct ks_evidence *e = s->evidence[i];

        if (memcmp(e->key, key, 16) != 0)
            continue;
        text(b, "evidence_platform", e->platform);
        moment(b, "evidence_time", e->time);
    }
}

static void
key(struct tee_buf *b, const struct ks_snap *s, const struct ks_object *o)
{
    uint8_t h[32];

    tee_buf_u8(b, '{');
    text(b, "label", o->attr[KS_A_LABEL]);
    hex(b, "id", o->attr[KS_A_ID]);
    words(b, "type", ks_kinfo(o->ktype)->word);
    tee_key_hash(o->spki, h);
    hex(b, "public_key_sha256", (struct tee_bytes){ h, 32 });
    if (o->created > 0)
        moment(b, "created", o->created);
    flag(b, "born_here", (o->flags & KS_O_LOCAL) != 0);
    flag(b, "ephemeral", (o->flags & KS_O_EPHEMERAL) != 0);
    evidence(b, s, o->uuid);
    tee_buf_u8(b, '}');
}

static void
keys(struct tee_buf *b, const struct ks_snap *s)
{
    bool first = true;
    size_t i;

    name(b, "keys");
    tee_buf_u8(b, '[');
    for (i = 0; i < s->n; i++) {
        if (s->object[i]->class != KS_PRIVATE ||
            (s->object[i]->flags & KS_O_PRIVATE && !s->logged_in[KS_USER]))
            continue;
        if (!first)
            tee_buf_u8(b, ',');
        first = false;
        key(b, s, s->object[i]);
    }
    tee_buf_u8(b, ']');
}

static void
last_error(struct tee_buf *b, struct ks_token *t)
{
    struct tee_fault f;

    name(b, "last_error");
    if (ks_token_last_error(t, &f) == TEE_OK) {
        tee_buf_text(b, "null");
        return;
    }
    tee_buf_u8(b, '{');
    words(b, "error", tee_err_name(f.err));
    words(b, "text", f.text);
    tee_buf_u8(b, '}');
}

static void
warnings(struct tee_buf *b, struct ks_token *t)
{
    struct tee_buf lines;
    struct tee_bytes left;
    const uint8_t *nl;
    bool first = true;
    size_t n;

    tee_buf_init(&lines, STATUS_MAX);
    ks_token_warnings(t, &lines);
    if (lines.err != TEE_OK && b->err == TEE_OK)
        b->err = lines.err;
    name(b, "warnings");
    tee_buf_u8(b, '[');
    for (left = tee_buf_view(&lines); left.len > 0;
         left.p += n + 1, left.len -= n + 1) {
        nl = memchr(left.p, '\n', left.len);
        if (nl == NULL)
            break;
        n = (size_t)(nl - left.p);
        if (!first)
            tee_buf_u8(b, ',');
        first = false;
        tee_json_string(b, (struct tee_bytes){ left.p, n });
    }
    tee_buf_u8(b, ']');
    tee_buf_clear(&lines);
}

/* design, section 3: from the UUID, so that it survives all but a new one */
static void
serial(struct tee_buf *b, const struct ks_snap *s)
{
    static const uint8_t none[16];
    uint8_t h[32];

    if (memcmp(s->uuid, none, sizeof(none)) == 0)
        return;
    tee_sha256((struct tee_bytes){ s->uuid, sizeof(s->uuid) }, h);
    hex(b, "serial", (struct tee_bytes){ h, 8 });
}

static void
place(struct tee_buf *b, struct ks_token *t, const struct ks_snap *s)
{
    const struct ks_conf_token *c = t->conf;
    char platform[32];

    words(b, "section", c->name);
    words(b, "label", c->label);
    words(b, "origin", ks_origin_word(c->origin));
    words(b, "model",
          c->platform == KS_PLAT_SIMULATED ? "simulated"
                                           : ks_origin_word(c->origin));
    words(b, "key_type", ks_kinfo(c->key_type)->word);
    if (c->origin != KS_LOCAL)
        words(b, "platform_configured", ks_platform_word(c->platform));
    ks_token_platform(t, platform);
    if (platform[0] != '\0')
        words(b, "platform", platform);
    if (c->state != NULL)
        words(b, "state", c->state);
    if (c->unix_path != NULL)
        words(b, "service", c->unix_path);
    if (c->did != NULL)
        words(b, "did", c->did);
    serial(b, s);
    flag(b, "initialised", s->initialised);
    flag(b, "writable", s->writable);
    hex(b, "config_sha256", (struct tee_bytes){ c->sha256, 32 });
}

enum tee_err
ks_token_status_json(struct ks_token *t, struct tee_buf *ret)
{
    const struct ks_snap *s = ks_snap_get(t);

    tee_buf_u8(ret, '{');
    place(ret, t, s);
    pins(ret, t->conf, s);
    keys(ret, s);
    last_error(ret, t);
    warnings(ret, t);
    tee_buf_u8(ret, '}');
    ks_snap_put(s);
    return ret->err;
}
