/* Messages between the module and daemon/, alone and over a socketpair. */
#include "config.h"

#include <sys/socket.h>

#include "tests/base/frame_kit.h"
#include "tests/base/suites.h"
#include "tests/support/alloc.h"

/* The codec without its judge: what a peer that means harm may send. */
static void
put(struct tee_buf *b, struct tee_msg *m, unsigned f)
{
    const struct tee_blobs *v =
        f == TEE_FF_EVIDENCE ? &m->evidence : &m->endorsements;
    size_t i;

    tee_cbor_uint(b, f);
    if (frame_rule[f].kind == NUM)
        tee_cbor_uint(b, m->field[f].num);
    else if (frame_rule[f].kind == BIN)
        tee_cbor_bytes(b, m->field[f].bytes);
    else if (frame_rule[f].kind == TXT)
        tee_cbor_text(b, m->field[f].bytes);
    if (frame_rule[f].kind != LIST)
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

/* What decoding these bytes gives; nothing is present when refused. */
static enum tee_err
decodes(struct tee_bytes wire)
{
    struct tee_msg m;
    enum tee_err err;

    tee_msg_init(&m, TEE_F_ERROR);
    tee_buf_bytes(&m.wire, wire);
    err = tee_msg_decode(&m);
    CU_ASSERT_TRUE(err == TEE_OK || frame_empty(&m));
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

static void
test_round_trips(void)
{
    static struct tee_msg m, got;
    unsigned type, all;

    for (type = 1; type < TEE_F_TYPES; type++) {
        for (all = 0; all < 2; all++) {
            frame_build(&m, type, all != 0);
            CU_ASSERT_EQUAL(tee_msg_encode(&m), TEE_OK);
            tee_msg_init(&got, TEE_F_ERROR);
            tee_buf_bytes(&got.wire, tee_buf_view(&m.wire));
            CU_ASSERT_EQUAL(tee_msg_decode(&got), TEE_OK);
            CU_ASSERT_TRUE(frame_same(&m, &got));
            encode_raw(&m, 1, type); /* one encoding, ours and the test's */
            CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&m.wire),
                                           tee_buf_view(&got.wire)));
            tee_msg_clear(&m);
            tee_msg_clear(&got);
            CU_ASSERT_TRUE(frame_empty(&m));
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
        frame_build(&m, type, true);
        for (f = 2; f < TEE_FF_END; f++) {
            bool must = (frame_contract[type].must >> f & 1) != 0;

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
            frame_build(&m, type, true);
            if (!m.field[f].present) {
                frame_set(&m, f, frame_rule[f].good);
                CU_ASSERT_TRUE(refused(&m));
            }
            tee_msg_clear(&m);
        }
    }
    frame_build(&m, TEE_F_TK, true);
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
        if (((frame_contract[type].must | frame_contract[type].may) >> f & 1) !=
            0)
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
        frame_build(&m, carrier(f), true);
        frame_set(&m, f, frame_rule[f].min);
        CU_ASSERT_TRUE(accepted(&m));
        frame_set(&m, f, frame_rule[f].max);
        CU_ASSERT_TRUE(accepted(&m));
        if (frame_rule[f].min > 0) {
            frame_set(&m, f, frame_rule[f].min - 1);
            CU_ASSERT_TRUE(refused(&m));
        }
        if (frame_rule[f].kind !=
            LIST) { /* there is no room for one more blob */
            frame_set(&m, f, frame_rule[f].max + 1);
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
        if (frame_rule[f].kind != TXT)
            continue;
        frame_build(&m, carrier(f), true);
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

    frame_build(&m, TEE_F_EVIDENCE, true);
    m.evidence.v[1].name = m.evidence.v[0].name; /* twice */
    CU_ASSERT_TRUE(refused(&m));
    m.evidence.v[1].name = TEE_STR("B"); /* descending */
    CU_ASSERT_TRUE(refused(&m));
    m.evidence.v[1].name = TEE_STR("z\0y");
    CU_ASSERT_TRUE(refused(&m));
    m.evidence.v[1].name = frame_some(64);
    CU_ASSERT_TRUE(accepted(&m));
    m.evidence.v[1].name = frame_some(65);
    CU_ASSERT_TRUE(refused(&m));
    m.evidence.v[1].name = TEE_STR("\xff");
    CU_ASSERT_EQUAL(tee_msg_encode(&m), TEE_E_ARG);
    m.evidence.v[1].name = TEE_STR("b");
    m.evidence.v[0].name.len = 0;
    CU_ASSERT_TRUE(refused(&m));
    m.evidence.v[0].name.len = 1;
    m.evidence.v[0].data = frame_some(1 << 20);
    CU_ASSERT_TRUE(accepted(&m));
    m.evidence.v[0].data = frame_some((1 << 20) + 1);
    CU_ASSERT_TRUE(refused(&m));
    m.evidence.v[0].data = frame_some(1);
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

            if (i == of_kind[frame_rule[f].kind] ||
                (i == 2 && f == TEE_FF_ROOT))
                continue;
            frame_build(&m, carrier(f), false);
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

    frame_build(&m, TEE_F_TK, true);
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
        frame_build(&m, type, true);
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
        frame_build(&m, type, true);
        CU_ASSERT_EQUAL(tee_msg_encode(&m), TEE_OK);
        for (bit = 0; bit < m.wire.len * 8; bit++) {
            struct tee_buf wire;

            tee_msg_init(&got, TEE_F_ERROR);
            tee_buf_bytes(&got.wire, tee_buf_view(&m.wire));
            got.wire.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (tee_msg_decode(&got) == TEE_OK) {
                CU_ASSERT_FALSE(frame_same(&m, &got));
                wire = got.wire;
                tee_buf_init(&got.wire, TEE_FRAME_MAX);
                CU_ASSERT_EQUAL(tee_msg_encode(&got), TEE_OK);
                CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&wire),
                                               tee_buf_view(&got.wire)));
                tee_buf_clear(&wire);
            } else {
                CU_ASSERT_TRUE(frame_empty(&got));
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

    frame_build(&m, TEE_F_EVIDENCE, true);
    m.evidence = frame_list(5, true);
    for (i = 0; i < 5; i++)
        m.evidence.v[i].data = frame_some(1 << 20);
    CU_ASSERT_EQUAL(tee_msg_encode(&m), TEE_E_TOOBIG); /* five of four MiB */
    tee_msg_clear(&m);
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
    { NULL, NULL },
};
const struct suite suite_frame = { "frame", tests };
