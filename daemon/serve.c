/*
 * One question, one answer, one function for each type of question.
 *
 * A question that cannot be met is answered with ERROR and the conversation
 * goes on.  One that breaks the protocol (not a frame, not a question, out of
 * turn) is answered with ERROR too, and that is the end: what follows could
 * not be told from the rest of it.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/td.h"

#define WORK_BYTES ((size_t)3 << 20) /* JSON, the largest answer */

static void
work_clear(struct td_work *w)
{
    tee_secret_free(&w->tk);
    tee_buf_clear(&w->bytes);
    att_collected_clear(&w->proofs);
}

/* ---- what is done for whom ------------------------------------------------
 */

enum tee_err
td_usable(const struct td *d, uint64_t origin, struct tee_fault *f)
{
    const struct ks_conf_token *t = d->token;

    if (t->origin == KS_LOCAL || origin == KS_LOCAL)
        return tee_fault(f, TEE_E_PROHIBITED,
                         "a key of origin local is sealed to no root, and no "
                         "evidence is made about it");
    if (origin != (uint64_t)t->origin)
        return tee_fault(f, TEE_E_CONFIG,
                         "the question is about another origin than the "
                         "section's key_origin = %s",
                         ks_origin_word(t->origin));
    return ks_conf_ready(t, f);
}

/* ---- HELLO ------------------------------------------------------------------
 */

static const struct ks_conf_token *
section(const struct ks_conf *c, struct tee_bytes name)
{
    size_t i;

    for (i = 0; i < c->n; i++) {
        if (tee_bytes_equal(tee_bytes_of(c->token[i].name), name))
            return &c->token[i];
    }
    return NULL;
}

static enum tee_err
load(struct td *d, struct tee_bytes path, struct tee_fault *f)
{
    char *named;
    enum tee_err err;

    if (path.len == 0) /* a text has no NUL: frame.c */
        return tee_fault(f, TEE_E_PEER, "HELLO: no path of a configuration");
    named = strndup((const char *)path.p, path.len);
    if (named == NULL)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    err = ks_conf_load(named, &d->conf, f);
    free(named);
    return err;
}

static enum tee_err
choose(struct td *d, struct tee_bytes name, struct tee_fault *f)
{
    const struct ks_conf_token *t = section(d->conf, name);

    if (t == NULL)
        return tee_fault(f, TEE_E_NOTFOUND, "%s: has no section [%.*s]",
                         d->conf->path, (int)name.len, (const char *)name.p);
    if (t->bad_line != 0)
        return tee_fault(f, TEE_E_CONFIG, "%s", t->bad.text);
    if (t->unix_path != NULL)
        return tee_fault(f, TEE_E_CONFIG,
                         "%s: [%s]: via = unix: is served by tee-pkcs11d, not "
                         "by a private child",
                         d->conf->path, t->name);
    d->token = t;
    return TEE_OK;
}

/* One conversation is about one section, read once, here. */
static enum tee_err
hello(struct td *d, const struct tee_msg *q, struct tee_msg *a,
      struct tee_fault *f)
{
    enum tee_err err;

    if (d->conf != NULL)
        return tee_fault(f, TEE_E_PEER, "HELLO was already said");
    err = load(d, q->field[TEE_FF_CONF_PATH].bytes, f);
    if (err == TEE_OK)
        err = choose(d, q->field[TEE_FF_SECTION].bytes, f);
    if (err == TEE_OK && tee_build_id(d->build_id) != TEE_OK)
        err = tee_fault(f, TEE_E_UNAVAIL, "this program has no build id");
    if (err != TEE_OK) {
        d->over = true;
        return err;
    }
    tee_msg_init(a, TEE_F_READY);
    tee_msg_bytes(a, TEE_FF_PLATFORM,
                  tee_bytes_of(ks_platform_word(d->token->platform)));
    tee_msg_bytes(a, TEE_FF_BUILD_ID,
                  (struct tee_bytes){ d->build_id, sizeof(d->build_id) });
    return TEE_OK;
}

/* ---- WRAP and UNSEAL
 * ----------------------------------------------------------
 */

static struct td_seal
seal_of(const struct td *d, const struct tee_msg *q)
{
    return (struct td_seal){
        .uuid = q->field[TEE_FF_UUID].bytes.p,
        .role = q->field[TEE_FF_ROLE].num,
        .origin = q->field[TEE_FF_ORIGIN].num,
        .platform = tee_bytes_of(ks_platform_word(d->token->platform)),
        .stretched = q->field[TEE_FF_STRETCHED].bytes,
        .must_lock = d->token->lock_required,
    };
}

static enum tee_err
wrap(struct td *d, const struct tee_msg *q, struct tee_msg *a,
     struct tee_fault *f)
{
    struct td_seal s = seal_of(d, q);
    struct tee_buf *b = &d->work.bytes;
    struct tee_secret root = { 0 };
    uint8_t wrapped[TD_WRAPPED];
    enum tee_err err;

    err = td_usable(d, s.origin, f);
    if (err == TEE_OK)
        err = td_sim_root(d->token, true, &root, f);
    if (err != TEE_OK)
        return err;
    err = td_seal(&s, root.p, q->field[TEE_FF_TK].bytes.p, NULL, wrapped);
    tee_secret_free(&root);
    if (err != TEE_OK)
        return tee_fault(f, err, "key derivation: %s", tee_err_name(err));
    tee_buf_put(b, wrapped, sizeof(wrapped));
    td_root_write(b, s.platform);
    if (b->err != TEE_OK)
        return tee_fault(f, b->err, "no memory");
    tee_msg_init(a, TEE_F_WRAPPED);
    tee_msg_bytes(a, TEE_FF_WRAPPED, (struct tee_bytes){ b->p, TD_WRAPPED });
    tee_msg_bytes(a, TEE_FF_ROOT,
                  (struct tee_bytes){ b->p + TD_WRAPPED, b->len - TD_WRAPPED });
    return TEE_OK;
}

/* Under the root of another platform it cannot have been sealed by this
 * section; say so before any key is derived. */
static enum tee_err
same_platform(const struct td_seal *s, struct tee_bytes root,
              struct tee_fault *f)
{
    struct tee_bytes p;
    char shown[TEE_ESCAPED];
    enum tee_err err = td_root_parse(root, &p, f);

    if (err != TEE_OK || tee_bytes_equal(p, s->platform))
        return err;
    tee_escape(p, shown);
    return tee_fault(f, TEE_E_SEAL_POLICY,
                     "the token key was sealed to a root of platform %s, the "
                     "section says %.*s",
                     shown, (int)s->platform.len, (const char *)s->platform.p);
}

static enum tee_err
unseal(struct td *d, const struct tee_msg *q, struct tee_msg *a,
       struct tee_fault *f)
{
    struct td_seal s = seal_of(d, q);
    struct tee_secret root = { 0 };
    enum tee_err err;

    err = td_usable(d, s.origin, f);
    if (err == TEE_OK)
        err = same_platform(&s, q->field[TEE_FF_ROOT].bytes, f);
    if (err == TEE_OK)
        err = td_sim_root(d->token, false, &root, f);
    if (err != TEE_OK)
        return err;
    err = tee_secret_new(32, s.must_lock, &d->work.tk);
    if (err != TEE_OK)
        (void)tee_fault(f, err, "no memory that can be locked");
    else
        err = td_unseal(&s, root.p, q->field[TEE_FF_WRAPPED].bytes,
                        d->work.tk.p, f);
    tee_secret_free(&root);
    if (err != TEE_OK)
        return err;
    tee_msg_init(a, TEE_F_TK);
    tee_msg_bytes(a, TEE_FF_TK, (struct tee_bytes){ d->work.tk.p, 32 });
    return TEE_OK;
}

/* ---- the conversation
 * ---------------------------------------------------------
 */

static enum tee_err (*const questions[TEE_F_TYPES])(struct td *,
                                                    const struct tee_msg *,
                                                    struct tee_msg *,
                                                    struct tee_fault *) = {
    [TEE_F_HELLO] = hello,      [TEE_F_UNSEAL] = unseal,
    [TEE_F_WRAP] = wrap,        [TEE_F_COLLECT] = td_collect,
    [TEE_F_BUNDLE] = td_bundle,
};

static enum tee_err
answer(struct td *d, const struct tee_msg *q, struct tee_msg *a,
       struct tee_fault *f)
{
    if (questions[q->type] == NULL)
        return tee_fault(f, TEE_E_PEER, "frame type %d is no question",
                         (int)q->type);
    if (d->token == NULL && q->type != TEE_F_HELLO)
        return tee_fault(f, TEE_E_PEER, "HELLO comes first");
    return questions[q->type](d, q, a, f);
}

/* Cut texts may end in half a character, which no frame may carry. */
static struct tee_bytes
sendable(char *text)
{
    size_t n = strlen(text), i;

    for (i = 0; i < 3 && n > 0 &&
                !tee_utf8((struct tee_bytes){ (const uint8_t *)text, n });
         i++)
        n--;
    if (tee_utf8((struct tee_bytes){ (const uint8_t *)text, n }))
        return (struct tee_bytes){ (const uint8_t *)text, n };
    for (n = 0; text[n] != '\0'; n++) {
        if (((unsigned char)text[n] & 0x80) != 0)
            text[n] = '?';
    }
    return (struct tee_bytes){ (const uint8_t *)text, n };
}

static void
refuse(struct td *d, enum tee_err err, struct tee_msg *a, struct tee_fault *f)
{
    if (err == TEE_E_PEER)
        d->over = true;
    tee_msg_init(a, TEE_F_ERROR);
    tee_msg_num(a, TEE_FF_ERR, (uint64_t)err);
    tee_msg_bytes(a, TEE_FF_TEXT, sendable(f->text));
}

static int64_t
deadline(const struct td *d)
{
    int64_t ms =
        d->token != NULL ? (int64_t)d->token->deadline * 1000 : TD_FRAME_MS;

    return tee_clock.mono_ms() + ms;
}

/* The answer cannot be put into a frame: that is an answer, too. */
static enum tee_err
reply(struct td *d, struct tee_msg *a, struct tee_fault *f)
{
    enum tee_err err = tee_frame_send(d->fd, a, deadline(d));

    if (err != TEE_E_ARG && err != TEE_E_TOOBIG)
        return err;
    tee_msg_clear(a);
    refuse(d, TEE_E_TOOBIG, a, f);
    (void)tee_fault(f, TEE_E_TOOBIG, "the answer does not fit into a frame");
    a->field[TEE_FF_TEXT].bytes = sendable(f->text);
    return tee_frame_send(d->fd, a, deadline(d));
}

static enum tee_err
exchange(struct td *d, struct tee_msg *q, struct tee_msg *a)
{
    struct tee_fault f = { 0 };
    enum tee_err err;

    tee_msg_init(q, TEE_F_ERROR);
    err = tee_frame_recv(d->fd, tee_clock.mono_ms() + TD_FRAME_MS, q);
    if (err == TEE_OK)
        err = answer(d, q, a, &f);
    else
        err = tee_fault(&f, TEE_E_PEER, "%s",
                        err == TEE_E_TIMEOUT ? "half a frame, and no more"
                                             : "not a frame of this protocol");
    if (err != TEE_OK)
        refuse(d, err, a, &f);
    err = reply(d, a, &f);
    tee_msg_clear(a);
    tee_msg_clear(q);
    work_clear(&d->work);
    return err;
}

/* Blocks for as long as nobody asks: an idle child costs nothing. */
static bool
asked(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    uint8_t byte;
    int n;

    do
        n = poll(&p, 1, -1);
    while (n < 0 && errno == EINTR);
    return n > 0 && recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

int
td_serve(int fd, void (*before)(void))
{
    struct td d = { .fd = fd };
    struct tee_msg *m = calloc(2, sizeof(*m));

    if (m == NULL)
        return 1;
    tee_buf_init(&d.work.bytes, WORK_BYTES);
    while (!d.over && asked(fd)) {
        if (before != NULL)
            before();
        if (exchange(&d, &m[0], &m[1]) != TEE_OK)
            d.over = true;
    }
    free(m);
    ks_conf_free(d.conf);
    return d.over ? 1 : 0;
}
