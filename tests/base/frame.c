/* Messages between the module and daemon/, alone and over a socketpair. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/base/suites.h"
#include "tests/support/alloc.h"

/* ---- the contract, written down a second time from base/tee.h ---------------
 */

#define B(x)   ((uint64_t)1 << TEE_FF_##x)
#define ASKED  (B(BINDING) | B(PUBLIC_KEY) | B(KEY_TYPE) | B(CREATED))
#define CHOSEN (B(DID) | B(CHALLENGE) | B(NONCE) | B(INPUT))

static const struct {
    uint64_t must, may;
} contract[TEE_F_TYPES] = {
    [TEE_F_ERROR] = { B(ERR) | B(TEXT), 0 },
    [TEE_F_HELLO] = { B(SECTION), B(CONF_PATH) },
    [TEE_F_READY] = { B(PLATFORM) | B(BUILD_ID), 0 },
    [TEE_F_UNSEAL] = { B(WRAPPED) | B(UUID) | B(ROLE) | B(ORIGIN) | B(ROOT),
                       B(STRETCHED) },
    [TEE_F_TK] = { B(TK), 0 },
    [TEE_F_WRAP] = { B(TK) | B(UUID) | B(ROLE) | B(ORIGIN), B(STRETCHED) },
    [TEE_F_WRAPPED] = { B(WRAPPED) | B(ROOT), 0 },
    [TEE_F_COLLECT] = { ASKED | B(ORIGIN) | B(BUILD_ID) | B(CONFIG_SHA256) |
                            B(EPHEMERAL),
                        CHOSEN },
    [TEE_F_EVIDENCE] = { B(STATEMENT) | B(PLATFORM) | B(EVIDENCE) |
                             B(ENDORSEMENTS) | B(REPORT_DATA),
                         0 },
    [TEE_F_BUNDLE] = { ASKED | B(PLATFORM) | B(STATEMENT) | B(EVIDENCE) |
                           B(ENDORSEMENTS) | B(POP),
                       CHOSEN | B(SESSION_SIG) | B(EXPORTER_USED) },
    [TEE_F_JSON] = { B(JSON), 0 },
};

enum kind { NUM, BIN, TXT, LIST };
/* A good value of each field, and the bounds of number or length. */
static const struct {
    enum kind kind;
    uint64_t good, min, max;
} field[TEE_FF_END] = {
    [TEE_FF_ERR] = { NUM, 1, 1, TEE_E_COUNT - 1 },
    [TEE_FF_TEXT] = { TXT, 9, 0, TEE_FAULT_TEXT - 1 },
    [TEE_FF_CONF_PATH] = { TXT, 30, 1, 4095 },
    [TEE_FF_SECTION] = { TXT, 5, 1, 32 },
    [TEE_FF_PLATFORM] = { TXT, 9, 1, 31 },
    [TEE_FF_BUILD_ID] = { BIN, 20, 20, 20 },
    [TEE_FF_WRAPPED] = { BIN, 72, 1, 1024 },
    [TEE_FF_UUID] = { BIN, 16, 16, 16 },
    [TEE_FF_ROLE] = { NUM, 2, 1, 2 },
    [TEE_FF_ORIGIN] = { NUM, 2, 0, 2 },
    [TEE_FF_ROOT] = { BIN, 40, 0, 8192 },
    [TEE_FF_STRETCHED] = { BIN, 32, 32, 32 },
    [TEE_FF_TK] = { BIN, 32, 32, 32 },
    [TEE_FF_BINDING] = { TXT, 6, 1, 31 },
    [TEE_FF_DID] = { TXT, 41, 1, 65535 },
    [TEE_FF_CHALLENGE] = { TXT, 26, 1, 65535 },
    [TEE_FF_NONCE] = { TXT, 64, 1, 1024 },
    [TEE_FF_PUBLIC_KEY] = { BIN, 44, 1, 4096 },
    [TEE_FF_KEY_TYPE] = { TXT, 7, 1, 15 },
    [TEE_FF_CREATED] = { NUM, 1767225600, 0, 253402300799 },
    [TEE_FF_CONFIG_SHA256] = { BIN, 32, 32, 32 },
    [TEE_FF_EPHEMERAL] = { NUM, 1, 0, 1 },
    [TEE_FF_INPUT] = { BIN, 10, 0, 65535 },
    [TEE_FF_STATEMENT] = { BIN, 469, 0, 8192 },
    [TEE_FF_EVIDENCE] = { LIST, 2, 1, TEE_BLOBS_MAX },
    [TEE_FF_ENDORSEMENTS] = { LIST, 2, 0, TEE_BLOBS_MAX },
    [TEE_FF_POP] = { BIN, 64, 1, 8192 },
    [TEE_FF_SESSION_SIG] = { BIN, 64, 1, 8192 },
    [TEE_FF_EXPORTER_USED] = { NUM, 1, 0, 1 },
    [TEE_FF_JSON] = { BIN, 100, 2, (uint64_t)3 << 20 },
    [TEE_FF_REPORT_DATA] = { BIN, 64, 1, 64 },
};

static uint8_t letters[(3 << 20) + 1]; /* 'a' throughout */

static struct tee_bytes
some(uint64_t n)
{
    if (letters[0] == 0)
        memset(letters, 'a', sizeof(letters));
    return (struct tee_bytes){ letters, (size_t)n };
}

/* n blobs with names "a", "b", ... or without. */
static struct tee_blobs
list(size_t n, bool named)
{
    static const char names[] = "abcdefghijklmnopq";
    struct tee_blobs v = { .n = n };
    size_t i;

    for (i = 0; i < n && i < TEE_BLOBS_MAX; i++) {
        v.v[i].name = (struct tee_bytes){ (const uint8_t *)names + i, named };
        v.v[i].data = some(100 + i);
    }
    return v;
}

static void
set(struct tee_msg *m, unsigned f, uint64_t v)
{
    struct tee_blobs blobs;

    if (field[f].kind == NUM) {
        tee_msg_num(m, (enum tee_frame_field)f, v);
    } else if (field[f].kind == LIST) {
        blobs = list((size_t)v, f == TEE_FF_EVIDENCE);
        tee_msg_blobs(m, (enum tee_frame_field)f, &blobs);
    } else {
        tee_msg_bytes(m, (enum tee_frame_field)f, some(v));
    }
}

/* A good message of this type; with all that it may carry, or without. */
static void
build(struct tee_msg *m, unsigned type, bool all)
{
    uint64_t with = contract[type].must | (all ? contract[type].may : 0);
    unsigned f;

    tee_msg_init(m, (enum tee_frame_type)type);
    for (f = 2; f < TEE_FF_END; f++) {
        if ((with >> f & 1) != 0)
            set(m, f, field[f].good);
    }
}

/* The codec without its judge: what a peer that means harm may send. */
static void
put(struct tee_buf *b, struct tee_msg *m, unsigned f)
{
    const struct tee_blobs *v =
        f == TEE_FF_EVIDENCE ? &m->evidence : &m->endorsements;
    size_t i;

    tee_cbor_uint(b, f);
    if (field[f].kind == NUM)
        tee_cbor_uint(b, m->field[f].num);
    else if (field[f].kind == BIN)
        tee_cbor_bytes(b, m->field[f].bytes);
    else if (field[f].kind == TXT)
        tee_cbor_text(b, m->field[f].bytes);
    if (field[f].kind != LIST)
        return;
    tee_cbor_array(b, v->n);
    for (i = 0; i < v->n; i++) {
        tee_cbor_array(b, 2);
        tee_cbor_text(b, v->v[i].name);
        tee_cbor_bytes(b, v->v[i].data);
    }
}

static void
encode_raw(struct tee_msg *m, uint64_t version, uint64_t type)
{
    uint64_t n = 2;
    unsigned f;

    tee_buf_clear(&m->wire);
    for (f = 0; f < TEE_FF_END; f++)
        n += m->field[f].present;
    tee_cbor_map(&m->wire, n);
    tee_cbor_uint(&m->wire, 0);
    tee_cbor_uint(&m->wire, version);
    tee_cbor_uint(&m->wire, 1);
    tee_cbor_uint(&m->wire, type);
    for (f = 0; f < TEE_FF_END; f++) {
        if (m->field[f].present)
            put(&m->wire, m, f);
    }
    CU_ASSERT_EQUAL(m->wire.err, TEE_OK);
}

static bool
empty(const struct tee_msg *m)
{
    unsigned f;

    for (f = 0; f < TEE_FF_END; f++) {
        if (m->field[f].present)
            return false;
    }
    return m->evidence.n == 0 && m->endorsements.n == 0;
}

/* What decoding these bytes gives; nothing is present when refused. */
static enum tee_err
decodes(struct tee_bytes wire)
{
    struct tee_msg m;
    enum tee_err err;

    tee_msg_init(&m, TEE_F_ERROR);
    tee_buf_bytes(&m.wire, wire);
    err = tee_msg_decode(&m);
    CU_ASSERT_TRUE(err == TEE_OK || empty(&m));
    tee_msg_clear(&m);
    return err;
}

/* Sending refuses m, and so does receiving it from somebody who sent it. */
static bool
refused(struct tee_msg *m)
{
    bool ok = tee_msg_encode(m) == TEE_E_ARG && m->wire.len == 0;

    encode_raw(m, 1, m->type);
    return decodes(tee_buf_view(&m->wire)) == TEE_E_PEER && ok;
}

static bool
accepted(struct tee_msg *m)
{
    return tee_msg_encode(m) == TEE_OK &&
           decodes(tee_buf_view(&m->wire)) == TEE_OK;
}

/* ---- the codec --------------------------------------------------------------
 */

static bool
same_blobs(const struct tee_blobs *a, const struct tee_blobs *b)
{
    size_t i;

    for (i = 0; i < a->n && a->n == b->n; i++) {
        if (!tee_bytes_equal(a->v[i].name, b->v[i].name) ||
            !tee_bytes_equal(a->v[i].data, b->v[i].data))
            return false;
    }
    return a->n == b->n;
}

static bool
same(const struct tee_msg *a, const struct tee_msg *b)
{
    unsigned f;

    for (f = 0; f < TEE_FF_END; f++) {
        const struct tee_field *x = &a->field[f], *y = &b->field[f];

        if (x->present != y->present || x->num != y->num ||
            !tee_bytes_equal(x->bytes, y->bytes))
            return false;
    }
    return a->type == b->type && same_blobs(&a->evidence, &b->evidence) &&
           same_blobs(&a->endorsements, &b->endorsements);
}

static void
test_round_trips(void)
{
    static struct tee_msg m, got;
    unsigned type, all;

    for (type = 1; type < TEE_F_TYPES; type++) {
        for (all = 0; all < 2; all++) {
            build(&m, type, all != 0);
            CU_ASSERT_EQUAL(tee_msg_encode(&m), TEE_OK);
            tee_msg_init(&got, TEE_F_ERROR);
            tee_buf_bytes(&got.wire, tee_buf_view(&m.wire));
            CU_ASSERT_EQUAL(tee_msg_decode(&got), TEE_OK);
            CU_ASSERT_TRUE(same(&m, &got));
            encode_raw(&m, 1, type); /* one encoding, ours and the test's */
            CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&m.wire),
                                           tee_buf_view(&got.wire)));
            tee_msg_clear(&m);
            tee_msg_clear(&got);
            CU_ASSERT_TRUE(empty(&m));
        }
    }
}

static void
test_known_bytes(void)
{
    struct tee_msg m;

    tee_msg_init(&m, TEE_F_HELLO);
    tee_msg_bytes(&m, TEE_FF_SECTION, TEE_STR("agent"));
    CU_ASSERT_EQUAL(tee_msg_encode(&m), TEE_OK);
    CU_ASSERT_TRUE(
        tee_bytes_equal(tee_buf_view(&m.wire), test_hex("a3"
                                                        "0001"
                                                        "0102"
                                                        "05656167656e74")));
    tee_msg_clear(&m);
}

static void
test_missing_fields(void)
{
    struct tee_msg m;
    unsigned type, f;

    for (type = 1; type < TEE_F_TYPES; type++) {
        build(&m, type, true);
        for (f = 2; f < TEE_FF_END; f++) {
            bool must = (contract[type].must >> f & 1) != 0;

            if (!m.field[f].present)
                continue;
            m.field[f].present = false;
            CU_ASSERT_TRUE(must ? refused(&m) : accepted(&m));
            m.field[f].present = true;
        }
        tee_msg_clear(&m);
    }
}

static void
test_foreign_fields(void)
{
    struct tee_msg m;
    unsigned type, f;

    for (type = 1; type < TEE_F_TYPES; type++) {
        for (f = 2; f < TEE_FF_END; f++) {
            build(&m, type, true);
            if (!m.field[f].present) {
                set(&m, f, field[f].good);
                CU_ASSERT_TRUE(refused(&m));
            }
            tee_msg_clear(&m);
        }
    }
    build(&m, TEE_F_TK, true);
    m.field[0].present = true; /* version and type are no fields */
    CU_ASSERT_EQUAL(tee_msg_encode(&m), TEE_E_ARG);
    tee_msg_clear(&m);
}

/* A type that must or may carry f. */
static unsigned
carrier(unsigned f)
{
    unsigned type;

    for (type = 1; type < TEE_F_TYPES; type++) {
        if (((contract[type].must | contract[type].may) >> f & 1) != 0)
            return type;
    }
    return 0;
}

static void
test_bounds(void)
{
    struct tee_msg m;
    unsigned f;

    for (f = 2; f < TEE_FF_END; f++) {
        CU_ASSERT_NOT_EQUAL_FATAL(carrier(f), 0);
        build(&m, carrier(f), true);
        set(&m, f, field[f].min);
        CU_ASSERT_TRUE(accepted(&m));
        set(&m, f, field[f].max);
        CU_ASSERT_TRUE(accepted(&m));
        if (field[f].min > 0) {
            set(&m, f, field[f].min - 1);
            CU_ASSERT_TRUE(refused(&m));
        }
        if (field[f].kind != LIST) { /* there is no room for one more blob */
            set(&m, f, field[f].max + 1);
            CU_ASSERT_TRUE(refused(&m));
        }
        tee_msg_clear(&m);
    }
}

/* Text that a program would cut at a NUL is another text. */
static void
test_text(void)
{
    static const char *const bad[] = { "\xff", "a\xc0\x80", "\xed\xa0\x80" };
    struct tee_msg m;
    unsigned f;
    size_t i;

    for (f = 2; f < TEE_FF_END; f++) {
        if (field[f].kind != TXT)
            continue;
        build(&m, carrier(f), true);
        tee_msg_bytes(&m, (enum tee_frame_field)f, TEE_STR("a\0b"));
        CU_ASSERT_TRUE(refused(&m));
        tee_msg_bytes(&m, (enum tee_frame_field)f, TEE_STR("caf\xc3\xa9"));
        CU_ASSERT_TRUE(accepted(&m));
        for (i = 0; i < TEE_LEN(bad); i++) {
            tee_msg_bytes(&m, (enum tee_frame_field)f, tee_bytes_of(bad[i]));
            CU_ASSERT_EQUAL(tee_msg_encode(&m), TEE_E_ARG);
        }
        tee_msg_clear(&m);
    }
}

static void
test_blobs(void)
{
    struct tee_msg m;

    build(&m, TEE_F_EVIDENCE, true);
    m.evidence.v[1].name = m.evidence.v[0].name; /* twice */
    CU_ASSERT_TRUE(refused(&m));
    m.evidence.v[1].name = TEE_STR("B"); /* descending */
    CU_ASSERT_TRUE(refused(&m));
    m.evidence.v[1].name = TEE_STR("z\0y");
    CU_ASSERT_TRUE(refused(&m));
    m.evidence.v[1].name = some(64);
    CU_ASSERT_TRUE(accepted(&m));
    m.evidence.v[1].name = some(65);
    CU_ASSERT_TRUE(refused(&m));
    m.evidence.v[1].name = TEE_STR("\xff");
    CU_ASSERT_EQUAL(tee_msg_encode(&m), TEE_E_ARG);
    m.evidence.v[1].name = TEE_STR("b");
    m.evidence.v[0].name.len = 0;
    CU_ASSERT_TRUE(refused(&m));
    m.evidence.v[0].name.len = 1;
    m.evidence.v[0].data = some(1 << 20);
    CU_ASSERT_TRUE(accepted(&m));
    m.evidence.v[0].data = some((1 << 20) + 1);
    CU_ASSERT_TRUE(refused(&m));
    m.evidence.v[0].data = some(1);
    m.endorsements.v[0].name = TEE_STR("x");
    CU_ASSERT_TRUE(refused(&m));
    m.endorsements.v[0].name = TEE_STR("");
    CU_ASSERT_TRUE(accepted(&m));
    m.evidence.n = TEE_BLOBS_MAX + 1;
    CU_ASSERT_EQUAL(tee_msg_encode(&m), TEE_E_ARG);
    tee_msg_clear(&m);
}

/* Each field as another kind of item. */
static void
test_kinds(void)
{
    static const char *const item[] = { "18ff", "21", "4161", "6161",
                                        "80",   "a0", "f5",   "f6" };
    struct tee_msg m;
    struct tee_buf b;
    unsigned f, k;
    size_t i;

    tee_buf_init(&b, TEE_FRAME_MAX);
    for (f = 2; f < TEE_FF_END; f++) {
        for (i = 0; i < TEE_LEN(item); i++) {
            unsigned of_kind[] = { 0, 2, 3, 4 };

            if (i == of_kind[field[f].kind] || (i == 2 && f == TEE_FF_ROOT))
                continue;
            build(&m, carrier(f), false);
            tee_buf_clear(&b);
            m.field[f].present = true;
            for (k = 2, b.len = 0; k < TEE_FF_END; k++)
                b.len += m.field[k].present;
            k = (unsigned)b.len + 2;
            b.len = 0;
            tee_cbor_map(&b, k);
            tee_buf_bytes(&b, test_hex("000101"));
            tee_cbor_uint(&b, (uint64_t)m.type);
            for (k = 2; k < TEE_FF_END; k++) {
                if (k == f) {
                    tee_cbor_uint(&b, f);
                    tee_buf_bytes(&b, test_hex(item[i]));
                } else if (m.field[k].present) {
                    put(&b, &m, k);
                }
            }
            CU_ASSERT_EQUAL(decodes(tee_buf_view(&b)), TEE_E_PEER);
            tee_msg_clear(&m);
        }
    }
    tee_buf_clear(&b);
}

static void
test_version_and_type(void)
{
    static const uint64_t version[] = { 0, 2, 23, 24, UINT64_MAX };
    static const uint64_t type[] = { 0,
                                     TEE_F_TYPES,
                                     255,
                                     (uint64_t)1 << 32,
                                     ((uint64_t)1 << 32) + TEE_F_TK,
                                     UINT64_MAX };
    struct tee_msg m;
    size_t i;

    build(&m, TEE_F_TK, true);
    encode_raw(&m, 1, TEE_F_TK);
    CU_ASSERT_EQUAL(decodes(tee_buf_view(&m.wire)), TEE_OK);
    for (i = 0; i < TEE_LEN(version); i++) {
        encode_raw(&m, version[i], TEE_F_TK);
        CU_ASSERT_EQUAL(decodes(tee_buf_view(&m.wire)), TEE_E_PEER);
    }
    for (i = 0; i < TEE_LEN(type); i++) {
        encode_raw(&m, 1, type[i]);
        CU_ASSERT_EQUAL(decodes(tee_buf_view(&m.wire)), TEE_E_PEER);
    }
    m.type = (enum tee_frame_type)0;
    CU_ASSERT_EQUAL(tee_msg_encode(&m), TEE_E_ARG);
    m.type = TEE_F_TYPES;
    CU_ASSERT_EQUAL(tee_msg_encode(&m), TEE_E_ARG);
    tee_msg_clear(&m);
}

/* {0: 1, 1: HELLO, 5: "agent"} with one mistake each */
static void
test_maps(void)
{
    static const char *const bad[] = {
        "",
        "a0",
        "00",
        "83000100",
        "a20102"
        "05656167656e74", /* no version */
        "a20001"
        "05656167656e74", /* no type */
        "a30102"
        "0001"
        "05656167656e74", /* not ascending */
        "a40001"
        "0102"
        "0102"
        "05656167656e74",
        "a40001"
        "0102"
        "05656167656e74"
        "05656167656e74",
        "a40001"
        "0102"
        "05656167656e74"
        "182100", /* unknown field */
        "a40001"
        "0102"
        "05656167656e74"
        "1bffffffffffffffff00",
        "a40001"
        "0102"
        "05656167656e74"
        "6161"
        "00", /* named field */
        "a30001"
        "0102"
        "05656167656e74"
        "00", /* bytes behind */
        "a30001"
        "0102"
        "0578056167656e74", /* long form */
        "bf0001"
        "0102"
        "05656167656e74ff", /* indefinite */
        "b80300010102"
        "05656167656e74",
        "a3"
        "180001"
        "0102"
        "05656167656e74",
        "a30001"
        "0102"
        "057f656167656e74ff",
        "d9d9f7a30001"
        "0102"
        "05656167656e74",
        "a30001"
        "01fb4000000000000000"
        "05656167656e74",
    };
    size_t i;

    CU_ASSERT_EQUAL(decodes(test_hex("a30001"
                                     "0102"
                                     "05656167656e74")),
                    TEE_OK);
    for (i = 0; i < TEE_LEN(bad); i++)
        CU_ASSERT_EQUAL(decodes(test_hex(bad[i])), TEE_E_PEER);
}

static void
test_prefixes(void)
{
    struct tee_bytes v;
    struct tee_msg m;
    unsigned type;

    for (type = 1; type < TEE_F_TYPES; type++) {
        build(&m, type, true);
        CU_ASSERT_EQUAL(tee_msg_encode(&m), TEE_OK);
        for (v = tee_buf_view(&m.wire); v.len-- > 0;)
            CU_ASSERT_EQUAL(decodes(v), TEE_E_PEER);
        tee_msg_clear(&m);
    }
}

/* A flipped bit is refused, or gives another good message: never the same,
 * never one that would not be encoded so. */
static void
test_bit_flips(void)
{
    static struct tee_msg m, got;
    unsigned type;
    size_t bit;

    for (type = 1; type < TEE_F_TYPES; type++) {
        build(&m, type, true);
        CU_ASSERT_EQUAL(tee_msg_encode(&m), TEE_OK);
        for (bit = 0; bit < m.wire.len * 8; bit++) {
            struct tee_buf wire;

            tee_msg_init(&got, TEE_F_ERROR);
            tee_buf_bytes(&got.wire, tee_buf_view(&m.wire));
            got.wire.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (tee_msg_decode(&got) == TEE_OK) {
                CU_ASSERT_FALSE(same(&m, &got));
                wire = got.wire;
                tee_buf_init(&got.wire, TEE_FRAME_MAX);
                CU_ASSERT_EQUAL(tee_msg_encode(&got), TEE_OK);
                CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&wire),
                                               tee_buf_view(&got.wire)));
                tee_buf_clear(&wire);
            } else {
                CU_ASSERT_TRUE(empty(&got));
            }
            tee_msg_clear(&got);
        }
        tee_msg_clear(&m);
    }
}

static void
test_ceiling(void)
{
    struct tee_msg m;
    size_t i;

    build(&m, TEE_F_EVIDENCE, true);
    m.evidence = list(5, true);
    for (i = 0; i < 5; i++)
        m.evidence.v[i].data = some(1 << 20);
    CU_ASSERT_EQUAL(tee_msg_encode(&m), TEE_E_TOOBIG); /* five of four MiB */
    tee_msg_clear(&m);
}

/* ---- over a socketpair ------------------------------------------------------
 */

static int
pair(int s[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s);
}

static int64_t
in_ms(int64_t ms)
{
    return tee_clock.mono_ms() + ms;
}

static void
test_frames(void)
{
    static struct tee_msg m, got;
    unsigned type;
    int s[2];

    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    tee_msg_init(&got, TEE_F_ERROR);
    for (type = 1; type < TEE_F_TYPES; type++) {
        build(&m, type, true);
        CU_ASSERT_EQUAL(tee_frame_send(s[0], &m, in_ms(5000)), TEE_OK);
        CU_ASSERT_EQUAL(tee_frame_recv(s[1], in_ms(5000), &got), TEE_OK);
        CU_ASSERT_TRUE(same(&m, &got));
        tee_msg_clear(&m);
    }
    tee_msg_clear(&got);
    (void)close(s[0]);
    (void)close(s[1]);
}

static void
test_frame_bytes(void)
{
    uint8_t wire[32];
    struct tee_msg m;
    int s[2];

    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    tee_msg_init(&m, TEE_F_HELLO);
    tee_msg_bytes(&m, TEE_FF_SECTION, TEE_STR("agent"));
    CU_ASSERT_EQUAL(tee_frame_send(s[0], &m, in_ms(5000)), TEE_OK);
    CU_ASSERT_EQUAL(recv(s[1], wire, sizeof(wire), MSG_DONTWAIT), 16);
    CU_ASSERT_TRUE(tee_bytes_equal((struct tee_bytes){ wire, 16 },
                                   test_hex("0000000c"
                                            "a3000101020565"
                                            "6167656e74")));
    tee_msg_clear(&m);
    (void)close(s[0]);
    (void)close(s[1]);
}

/* What a receiver says of these bytes, behind which the peer closes. */
static enum tee_err
receives(struct tee_bytes bytes)
{
    struct tee_msg got;
    enum tee_err err;
    int s[2];

    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    CU_ASSERT_EQUAL(send(s[0], bytes.p, bytes.len, MSG_DONTWAIT),
                    (ssize_t)bytes.len);
    (void)close(s[0]);
    build(&got, TEE_F_TK, true); /* something there before */
    err = tee_frame_recv(s[1], in_ms(5000), &got);
    CU_ASSERT_TRUE(err == TEE_OK || (empty(&got) && got.wire.p == NULL));
    tee_msg_clear(&got);
    (void)close(s[1]);
    return err;
}

static void
test_broken_frames(void)
{
    static const char *const bad[] = {
        "",   /* closed at once */
        "00", /* in the length */
        "000000",
        "00000000",                           /* nothing */
        "00000001",                           /* no body */
        "0000000ca30001010205656167656e",     /* in the body */
        "0000000ba30001010205656167656e74",   /* one too few */
        "0000000da30001010205656167656e7400", /* one too many */
        "00400001a3",                         /* over the ceiling */
        "ffffffffa3",
        "00400000a3", /* the ceiling, and a lie */
        "00000001ff",
    };
    size_t i;

    CU_ASSERT_EQUAL(receives(test_hex("0000000ca30001010205656167656e74")),
                    TEE_OK);
    for (i = 0; i < TEE_LEN(bad); i++)
        CU_ASSERT_EQUAL(receives(test_hex(bad[i])), TEE_E_PEER);
}

/* The first frame is taken, not a byte of the next. */
static void
test_two_frames(void)
{
    struct tee_bytes two = test_hex("0000000ca30001010205656167656e74"
                                    "0000000ca30001010205657370617265");
    struct tee_msg got;
    int s[2];

    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    CU_ASSERT_EQUAL(send(s[0], two.p, two.len, 0), (ssize_t)two.len);
    tee_msg_init(&got, TEE_F_ERROR);
    CU_ASSERT_EQUAL(tee_frame_recv(s[1], in_ms(5000), &got), TEE_OK);
    CU_ASSERT_TRUE(
        tee_bytes_equal(got.field[TEE_FF_SECTION].bytes, TEE_STR("agent")));
    CU_ASSERT_EQUAL(tee_frame_recv(s[1], in_ms(5000), &got), TEE_OK);
    CU_ASSERT_TRUE(
        tee_bytes_equal(got.field[TEE_FF_SECTION].bytes, TEE_STR("spare")));
    CU_ASSERT_EQUAL(tee_frame_recv(s[1], in_ms(20), &got), TEE_E_TIMEOUT);
    tee_msg_clear(&got);
    (void)close(s[0]);
    (void)close(s[1]);
}

/* A byte at a time, with pauses: slow is not broken. */
static void
test_slow_peer(void)
{
    struct tee_bytes wire = test_hex("0000000ca30001010205656167656e74");
    struct tee_msg got;
    int s[2], status;
    size_t i;
    pid_t child;

    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    child = fork();
    if (child == 0) {
        for (i = 0; i < wire.len; i++) {
            (void)usleep(2000);
            if (send(s[0], wire.p + i, 1, 0) != 1)
                _exit(1);
        }
        _exit(0);
    }
    (void)close(s[0]);
    tee_msg_init(&got, TEE_F_ERROR);
    CU_ASSERT_EQUAL(tee_frame_recv(s[1], in_ms(10000), &got), TEE_OK);
    tee_msg_clear(&got);
    (void)waitpid(child, &status, 0);
    CU_ASSERT_EQUAL(status, 0);
    (void)close(s[1]);
}

/* One that trickles for ever does not move the deadline. */
static void
test_deadline_to_receive(void)
{
    struct tee_msg got;
    int64_t start;
    int s[2], status;
    pid_t child;

    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    tee_msg_init(&got, TEE_F_ERROR);
    start = tee_clock.mono_ms();
    CU_ASSERT_EQUAL(tee_frame_recv(s[1], start + 60, &got), TEE_E_TIMEOUT);
    CU_ASSERT_TRUE(tee_clock.mono_ms() - start >= 60);
    CU_ASSERT_EQUAL(tee_frame_recv(s[1], start - 1, &got), TEE_E_TIMEOUT);
    child = fork();
    if (child == 0) {
        uint8_t head[4] = { 0, 0x3f, 0xff, 0xff };

        (void)close(s[1]);
        if (send(s[0], head, 4, 0) != 4)
            _exit(1);
        while (send(s[0], "a", 1, MSG_NOSIGNAL) == 1)
            (void)usleep(1000);
        _exit(0);
    }
    (void)close(s[0]);
    start = tee_clock.mono_ms();
    CU_ASSERT_EQUAL(tee_frame_recv(s[1], start + 150, &got), TEE_E_TIMEOUT);
    CU_ASSERT_TRUE(tee_clock.mono_ms() - start < 4000);
    CU_ASSERT_TRUE(empty(&got) && got.wire.p == NULL);
    (void)close(s[1]);
    (void)waitpid(child, &status, 0);
    CU_ASSERT_EQUAL(status, 0);
}

static void
big_message(struct tee_msg *m)
{
    tee_msg_init(m, TEE_F_JSON);
    tee_msg_bytes(m, TEE_FF_JSON, some((uint64_t)3 << 20));
}

/* A peer that does not read: the sender goes on at its deadline. */
static void
test_deadline_to_send(void)
{
    struct tee_msg m;
    int64_t start = tee_clock.mono_ms();
    int s[2];

    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    big_message(&m);
    CU_ASSERT_EQUAL(tee_frame_send(s[0], &m, start + 60), TEE_E_TIMEOUT);
    CU_ASSERT_TRUE(tee_clock.mono_ms() - start >= 60);
    tee_msg_clear(&m);
    (void)close(s[0]);
    (void)close(s[1]);
}

/* The peer dies before, or in the middle: an error, and no SIGPIPE. */
static void
test_closed_peer(void)
{
    struct tee_msg m;
    int s[2], status;
    pid_t child;
    char c;

    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    big_message(&m);
    (void)close(s[1]);
    CU_ASSERT_EQUAL(tee_frame_send(s[0], &m, in_ms(5000)), TEE_E_PEER);
    (void)close(s[0]);
    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    child = fork();
    if (child == 0) {
        (void)close(s[0]);
        _exit(recv(s[1], &c, 1, 0) == 1 ? 0 : 1); /* and dies */
    }
    (void)close(s[1]);
    CU_ASSERT_EQUAL(tee_frame_send(s[0], &m, in_ms(5000)), TEE_E_PEER);
    (void)waitpid(child, &status, 0);
    CU_ASSERT_EQUAL(status, 0);
    tee_msg_clear(&m);
    (void)close(s[0]);
}

static void
test_no_socket(void)
{
    struct tee_msg m;
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    build(&m, TEE_F_TK, true);
    CU_ASSERT_EQUAL(tee_frame_send(fd, &m, in_ms(100)), TEE_E_IO);
    CU_ASSERT_EQUAL(tee_frame_send(-1, &m, in_ms(100)), TEE_E_IO);
    CU_ASSERT_EQUAL(tee_frame_recv(fd, in_ms(100), &m), TEE_E_IO);
    CU_ASSERT_EQUAL(tee_frame_recv(-1, in_ms(100), &m), TEE_E_IO);
    m.type = TEE_F_TYPES; /* nothing is sent of what is not good */
    CU_ASSERT_EQUAL(tee_frame_send(-1, &m, in_ms(100)), TEE_E_ARG);
    tee_msg_clear(&m);
    (void)close(fd);
}

static void
on_signal(int sig)
{
    (void)sig;
}

/* Signals rain on both ends of a large frame. */
static void
test_interrupted(void)
{
    struct sigaction act = { .sa_handler = on_signal }, old;
    static struct tee_msg m, got;
    int s[2], status;
    pid_t sender, rain;

    CU_ASSERT_EQUAL_FATAL(pair(s), 0);
    CU_ASSERT_EQUAL(sigaction(SIGUSR1, &act, &old), 0);
    big_message(&m);
    tee_msg_init(&got, TEE_F_ERROR);
    sender = fork();
    if (sender == 0) {
        (void)usleep(20000); /* so that the other end waits in poll */
        _exit(tee_frame_send(s[0], &m, in_ms(10000)) == TEE_OK ? 0 : 1);
    }
    rain = fork();
    if (rain == 0) {
        pid_t parent = getppid();

        for (;;) {
            (void)kill(parent, SIGUSR1);
            (void)kill(sender, SIGUSR1);
            (void)usleep(300);
        }
    }
    CU_ASSERT_EQUAL(tee_frame_recv(s[1], in_ms(10000), &got), TEE_OK);
    CU_ASSERT_TRUE(same(&m, &got));
    (void)waitpid(sender, &status, 0);
    CU_ASSERT_EQUAL(status, 0);
    (void)kill(rain, SIGKILL);
    (void)waitpid(rain, &status, 0);
    (void)sigaction(SIGUSR1, &old, NULL);
    tee_msg_clear(&m);
    tee_msg_clear(&got);
    (void)close(s[0]);
    (void)close(s[1]);
}

static enum tee_err
frame_once(void *arg)
{
    static struct tee_msg m, got;
    enum tee_err err;
    int s[2];

    (void)arg;
    if (pair(s) != 0)
        return TEE_E_IO;
    build(&m, TEE_F_BUNDLE, true);
    tee_msg_init(&got, TEE_F_ERROR);
    err = tee_frame_send(s[0], &m, in_ms(5000));
    if (err == TEE_OK)
        err = tee_frame_recv(s[1], in_ms(5000), &got);
    CU_ASSERT_TRUE(err == TEE_OK || empty(&got));
    tee_msg_clear(&m);
    tee_msg_clear(&got);
    (void)close(s[0]);
    (void)close(s[1]);
    return err;
}

static void
test_no_memory(void)
{
    CU_ASSERT_TRUE(alloc_torture(frame_once, NULL) >= 4);
}

static const struct test tests[] = {
    { "each message comes back as it was", test_round_trips },
    { "a message has its known bytes", test_known_bytes },
    { "a message without a field that it must have is refused",
      test_missing_fields },
    { "a field that the message may not have is refused", test_foreign_fields },
    { "numbers and lengths have bounds", test_bounds },
    { "text is UTF-8 without NUL", test_text },
    { "blobs are named, in order, and of a size", test_blobs },
    { "a field of another kind is refused", test_kinds },
    { "another version or an unknown type is refused", test_version_and_type },
    { "a map that is not as it must be is refused", test_maps },
    { "every prefix is refused", test_prefixes },
    { "every flipped bit is refused or another message", test_bit_flips },
    { "a message over the ceiling is not sent", test_ceiling },
    { "frames go over a socket", test_frames },
    { "a frame has its known bytes", test_frame_bytes },
    { "a broken frame is the peer's mistake", test_broken_frames },
    { "a frame ends where it ends", test_two_frames },
    { "a slow peer is waited for", test_slow_peer },
    { "the deadline to receive holds", test_deadline_to_receive },
    { "the deadline to send holds", test_deadline_to_send },
    { "a dead peer is an error, not a signal", test_closed_peer },
    { "what is no socket is refused", test_no_socket },
    { "signals interrupt nothing", test_interrupted },
    { "each allocation may fail", test_no_memory },
    { NULL, NULL },
};
const struct suite suite_frame = { "frame", tests };
