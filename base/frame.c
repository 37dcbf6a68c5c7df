#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/tee.h"

#define VERSION      1
#define EVIDENCE_MAX ((size_t)1 << 20)

enum kind { NUM = 1, BIN, TXT, BLOBS };

/* Kind and size of each field, wherever it stands. */
static const struct {
    enum kind kind;
    uint64_t min, max; /* of the number, or of the length */
} shape[TEE_FF_END] = {
    [TEE_FF_ERR] = { NUM, 1, TEE_E_COUNT - 1 },
    [TEE_FF_TEXT] = { TXT, 0, TEE_FAULT_TEXT - 1 },
    [TEE_FF_CONF_PATH] = { TXT, 1, 4095 },
    [TEE_FF_SECTION] = { TXT, 1, 32 },
    [TEE_FF_PLATFORM] = { TXT, 1, 31 },
    [TEE_FF_BUILD_ID] = { BIN, 20, 20 },
    [TEE_FF_WRAPPED] = { BIN, 1, 1024 },
    [TEE_FF_UUID] = { BIN, 16, 16 },
    [TEE_FF_ROLE] = { NUM, 1, 2 },
    [TEE_FF_ORIGIN] = { NUM, 0, 2 },
    [TEE_FF_ROOT] = { BIN, 0, 8192 },
    [TEE_FF_STRETCHED] = { BIN, 32, 32 },
    [TEE_FF_TK] = { BIN, 32, 32 },
    [TEE_FF_BINDING] = { TXT, 1, 31 },
    [TEE_FF_DID] = { TXT, 1, 65535 },
    [TEE_FF_CHALLENGE] = { TXT, 1, 65535 },
    [TEE_FF_NONCE] = { TXT, 1, 1024 },
    [TEE_FF_PUBLIC_KEY] = { BIN, 1, 4096 },
    [TEE_FF_KEY_TYPE] = { TXT, 1, 15 },
    [TEE_FF_CREATED] = { NUM, 0, 253402300799 },
    [TEE_FF_CONFIG_SHA256] = { BIN, 32, 32 },
    [TEE_FF_EPHEMERAL] = { NUM, 0, 1 },
    [TEE_FF_INPUT] = { BIN, 0, 65535 },
    [TEE_FF_STATEMENT] = { BIN, 0, 8192 },
    [TEE_FF_EVIDENCE] = { BLOBS, 1, TEE_BLOBS_MAX },
    [TEE_FF_ENDORSEMENTS] = { BLOBS, 0, TEE_BLOBS_MAX },
    [TEE_FF_POP] = { BIN, 1, 8192 },
    [TEE_FF_SESSION_SIG] = { BIN, 1, 8192 },
    [TEE_FF_EXPORTER_USED] = { NUM, 0, 1 },
    [TEE_FF_JSON] = { BIN, 2, (uint64_t)3 << 20 },
    [TEE_FF_REPORT_DATA] = { BIN, 1, 64 },
};

#define F(x)   ((uint64_t)1 << TEE_FF_##x)
#define ASKED  (F(BINDING) | F(PUBLIC_KEY) | F(KEY_TYPE) | F(CREATED))
#define CHOSEN (F(DID) | F(CHALLENGE) | F(NONCE) | F(INPUT))

/* Which fields each type must and may carry. */
static const struct {
    uint64_t must, may;
} rule[TEE_F_TYPES] = {
    [TEE_F_ERROR] = { F(ERR) | F(TEXT), 0 },
    [TEE_F_HELLO] = { F(SECTION), F(CONF_PATH) },
    [TEE_F_READY] = { F(PLATFORM) | F(BUILD_ID), 0 },
    [TEE_F_UNSEAL] = { F(WRAPPED) | F(UUID) | F(ROLE) | F(ORIGIN) | F(ROOT),
                       F(STRETCHED) },
    [TEE_F_TK] = { F(TK), 0 },
    [TEE_F_WRAP] = { F(TK) | F(UUID) | F(ROLE) | F(ORIGIN), F(STRETCHED) },
    [TEE_F_WRAPPED] = { F(WRAPPED) | F(ROOT), 0 },
    [TEE_F_COLLECT] = { ASKED | F(ORIGIN) | F(BUILD_ID) | F(CONFIG_SHA256) |
                            F(EPHEMERAL),
                        CHOSEN },
    [TEE_F_EVIDENCE] = { F(STATEMENT) | F(PLATFORM) | F(EVIDENCE) |
                             F(ENDORSEMENTS) | F(REPORT_DATA),
                         0 },
    [TEE_F_BUNDLE] = { ASKED | F(PLATFORM) | F(STATEMENT) | F(EVIDENCE) |
                           F(ENDORSEMENTS) | F(POP),
                       CHOSEN | F(SESSION_SIG) | F(EXPORTER_USED) },
    [TEE_F_JSON] = { F(JSON), 0 },
};

void
tee_msg_init(struct tee_msg *m, enum tee_frame_type type)
{
    memset(m, 0, sizeof(*m));
    m->type = type;
    tee_buf_init(&m->wire, TEE_FRAME_MAX);
}

void
tee_msg_clear(struct tee_msg *m)
{
    tee_buf_clear(&m->wire);
    tee_msg_init(m, m->type);
}

void
tee_msg_num(struct tee_msg *m, enum tee_frame_field f, uint64_t v)
{
    m->field[f].present = true;
    m->field[f].num = v;
}

void
tee_msg_bytes(struct tee_msg *m, enum tee_frame_field f, struct tee_bytes v)
{
    m->field[f].present = true;
    m->field[f].bytes = v;
}

void
tee_msg_blobs(struct tee_msg *m, enum tee_frame_field f,
              const struct tee_blobs *v)
{
    m->field[f].present = true;
    if (f == TEE_FF_EVIDENCE)
        m->evidence = *v;
    else
        m->endorsements = *v;
}

static struct tee_blobs *
blobs_of(struct tee_msg *m, unsigned f)
{
    return f == TEE_FF_EVIDENCE ? &m->evidence : &m->endorsements;
}

/* A NUL would end the text for who copies it into a string, and not for us. */
static bool
text_ok(struct tee_bytes v)
{
    return tee_utf8(v) && (v.len == 0 || memchr(v.p, '\0', v.len) == NULL);
}

static bool
blobs_ok(const struct tee_blobs *v, bool named)
{
    size_t i;

    for (i = 0; i < v->n; i++) {
        if (v->v[i].data.len > EVIDENCE_MAX || v->v[i].name.len > 64 ||
            (!named && v->v[i].name.len != 0) || !text_ok(v->v[i].name))
            return false;
    }
    return !named || tee_blobs_ascend(v);
}

static bool
field_ok(struct tee_msg *m, unsigned f)
{
    const struct tee_field *v = &m->field[f];
    uint64_t n = v->bytes.len;

    if (shape[f].kind == NUM)
        n = v->num;
    else if (shape[f].kind == BLOBS)
        n = blobs_of(m, f)->n;
    if (n < shape[f].min || n > shape[f].max)
        return false;
    if (shape[f].kind == BLOBS)
        return blobs_ok(blobs_of(m, f), f == TEE_FF_EVIDENCE);
    return shape[f].kind != TXT || text_ok(v->bytes);
}

/* The one judge of a message, before sending and after receipt. */
static bool
msg_ok(struct tee_msg *m, size_t *count)
{
    unsigned f;

    *count = 0;
    if (m->type <= 0 || m->type >= TEE_F_TYPES)
        return false;
    for (f = 0; f < TEE_FF_END; f++) {
        uint64_t bit = (uint64_t)1 << f;

        if (!m->field[f].present) {
            if ((rule[m->type].must & bit) != 0)
                return false;
            continue;
        }
        if (((rule[m->type].must | rule[m->type].may) & bit) == 0 ||
            !field_ok(m, f))
            return false;
        ++*count;
    }
    return true;
}

static void
put_blobs(struct tee_buf *b, const struct tee_blobs *v)
{
    size_t i;

    tee_cbor_array(b, v->n);
    for (i = 0; i < v->n; i++) {
        tee_cbor_array(b, 2);
        tee_cbor_text(b, v->v[i].name);
        tee_cbor_bytes(b, v->v[i].data);
    }
}

static void
put_field(struct tee_buf *b, struct tee_msg *m, unsigned f)
{
    tee_cbor_uint(b, f);
    switch (shape[f].kind) {
    case NUM:
        tee_cbor_uint(b, m->field[f].num);
        break;
    case BIN:
        tee_cbor_bytes(b, m->field[f].bytes);
        break;
    case TXT:
        tee_cbor_text(b, m->field[f].bytes);
        break;
    case BLOBS:
        put_blobs(b, blobs_of(m, f));
        break;
    }
}

enum tee_err
tee_msg_encode(struct tee_msg *m)
{
    size_t n;
    unsigned f;

    tee_buf_clear(&m->wire);
    if (!msg_ok(m, &n))
        return TEE_E_ARG;
    tee_cbor_map(&m->wire, n + 2);
    tee_cbor_uint(&m->wire, 0);
    tee_cbor_uint(&m->wire, VERSION);
    tee_cbor_uint(&m->wire, 1);
    tee_cbor_uint(&m->wire, (uint64_t)m->type);
    for (f = 0; f < TEE_FF_END; f++) {
        if (m->field[f].present)
            put_field(&m->wire, m, f);
    }
    return m->wire.err;
}

static void
get_blobs(struct tee_cur *c, struct tee_blobs *v)
{
    uint64_t n = tee_cbor_get_array(c);

    if (n > TEE_BLOBS_MAX)
        c->bad = true;
    for (v->n = 0; !c->bad && v->n < n; v->n++) {
        if (tee_cbor_get_array(c) != 2)
            c->bad = true;
        v->v[v->n].name = tee_cbor_get_text(c);
        v->v[v->n].data = tee_cbor_get_bytes(c);
    }
}

static void
get_field(struct tee_cur *c, struct tee_msg *m, unsigned f)
{
    struct tee_field *v = &m->field[f];

    v->present = true;
    switch (shape[f].kind) {
    case NUM:
        v->num = tee_cbor_get_uint(c);
        return;
    case BIN:
        v->bytes = tee_cbor_get_bytes(c);
        return;
    case TXT:
        v->bytes = tee_cbor_get_text(c);
        return;
    case BLOBS:
        get_blobs(c, blobs_of(m, f));
        return;
    }
    c->bad = true; /* a number without a shape */
}

static void
forget_fields(struct tee_msg *m)
{
    memset(m->field, 0, sizeof(m->field));
    m->evidence.n = m->endorsements.n = 0;
}

enum tee_err
tee_msg_decode(struct tee_msg *m)
{
    struct tee_cur c = tee_cur_of(tee_buf_view(&m->wire));
    struct tee_cbor_keys keys = tee_cbor_open(&c);
    uint64_t key, version = 0, type = 0;
    size_t n;

    forget_fields(m);
    while (tee_cbor_key(&c, &keys, &key)) {
        if (key == 0)
            version = tee_cbor_get_uint(&c);
        else if (key == 1)
            type = tee_cbor_get_uint(&c);
        else if (key < TEE_FF_END)
            get_field(&c, m, (unsigned)key);
        else
            c.bad = true;
    }
    if (tee_cur_end(&c) == TEE_OK && version == VERSION && type < TEE_F_TYPES) {
        m->type = (enum tee_frame_type)type;
        if (msg_ok(m, &n))
            return TEE_OK;
    }
    forget_fields(m);
    return TEE_E_PEER;
}

/* Waits for the socket; the deadline is absolute. */
static enum tee_err
ready(int fd, short events, int64_t until)
{
    struct pollfd p = { fd, events, 0 };
    int64_t left;
    int n;

    for (;;) {
        left = until - tee_clock.mono_ms();
        if (left <= 0)
            return TEE_E_TIMEOUT;
        n = poll(&p, 1, left > 60000 ? 60000 : (int)left);
        if (n > 0)
            return TEE_OK;
        if (n < 0 && errno != EINTR)
            return TEE_E_IO;
    }
}

static enum tee_err
send_all(int fd, struct tee_bytes v, int64_t until)
{
    enum tee_err err;
    ssize_t n;

    while (v.len > 0) {
        n = send(fd, v.p, v.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            v.p += n;
            v.len -= (size_t)n;
            continue;
        }
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
            return TEE_E_PEER;
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return TEE_E_IO;
        err = ready(fd, POLLOUT, until);
        if (err != TEE_OK)
            return err;
    }
    return TEE_OK;
}

static enum tee_err
recv_all(int fd, uint8_t *p, size_t left, int64_t until)
{
    enum tee_err err;
    ssize_t n;

    while (left > 0) {
        n = recv(fd, p, left, MSG_DONTWAIT);
        if (n > 0) {
            p += n;
            left -= (size_t)n;
            continue;
        }
        if (n == 0 || errno == ECONNRESET)
            return TEE_E_PEER;
        if (errno != EAGAIN && errno != EINTR)
            return TEE_E_IO;
        err = ready(fd, POLLIN, until);
        if (err != TEE_OK)
            return err;
    }
    return TEE_OK;
}

enum tee_err
tee_frame_send(int fd, struct tee_msg *m, int64_t until)
{
    uint8_t len[4];
    enum tee_err err = tee_msg_encode(m);
    size_t n = m->wire.len, i;

    if (err != TEE_OK)
        return err;
    for (i = 0; i < 4; i++)
        len[i] = (uint8_t)(n >> 8 * (3 - i));
    err = send_all(fd, (struct tee_bytes){ len, sizeof(len) }, until);
    if (err == TEE_OK)
        err = send_all(fd, tee_buf_view(&m->wire), until);
    return err;
}

/* The body is read in pieces, so a lying length costs nobody memory. */
static enum tee_err
recv_body(int fd, size_t n, int64_t until, struct tee_buf *b)
{
    uint8_t piece[2048];
    enum tee_err err = TEE_OK;

    while (n > 0 && err == TEE_OK) {
        size_t k = n < sizeof(piece) ? n : sizeof(piece);

        err = recv_all(fd, piece, k, until);
        if (err == TEE_OK) {
            tee_buf_put(b, piece, k);
            err = b->err;
        }
        n -= k;
    }
    explicit_bzero(piece, sizeof(piece));
    return err;
}

enum tee_err
tee_frame_recv(int fd, int64_t until, struct tee_msg *m)
{
    uint8_t head[4];
    struct tee_cur c = tee_cur_of((struct tee_bytes){ head, sizeof(head) });
    enum tee_err err;
    size_t n;

    tee_msg_clear(m);
    err = recv_all(fd, head, sizeof(head), until);
    if (err != TEE_OK)
        return err;
    n = tee_cur_be32(&c);
    if (n == 0 || n > TEE_FRAME_MAX)
        return TEE_E_PEER;
    err = recv_body(fd, n, until, &m->wire);
    if (err == TEE_OK)
        err = tee_msg_decode(m);
    if (err != TEE_OK)
        tee_msg_clear(m);
    return err;
}
