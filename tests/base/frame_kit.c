#include "config.h"

#include <string.h>

#include "tests/base/frame_kit.h"

/* ---- the contract, written down a second time from base/tee.h ---------------
 */

#define B(x)   ((uint64_t)1 << TEE_FF_##x)
#define ASKED  (B(BINDING) | B(PUBLIC_KEY) | B(KEY_TYPE) | B(CREATED))
#define CHOSEN (B(DID) | B(CHALLENGE) | B(NONCE) | B(INPUT))

const struct frame_contract frame_contract[TEE_F_TYPES] = {
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

/* A good value of each field, and the bounds of number or length. */
const struct frame_rule frame_rule[TEE_FF_END] = {
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

struct tee_bytes
frame_some(uint64_t n)
{
    if (letters[0] == 0)
        memset(letters, 'a', sizeof(letters));
    return (struct tee_bytes){ letters, (size_t)n };
}

struct tee_blobs
frame_list(size_t n, bool named)
{
    static const char names[] = "abcdefghijklmnopq";
    struct tee_blobs v = { .n = n };
    size_t i;

    for (i = 0; i < n && i < TEE_BLOBS_MAX; i++) {
        v.v[i].name = (struct tee_bytes){ (const uint8_t *)names + i, named };
        v.v[i].data = frame_some(100 + i);
    }
    return v;
}

void
frame_set(struct tee_msg *m, unsigned f, uint64_t v)
{
    struct tee_blobs blobs;

    if (frame_rule[f].kind == NUM) {
        tee_msg_num(m, (enum tee_frame_field)f, v);
    } else if (frame_rule[f].kind == LIST) {
        blobs = frame_list((size_t)v, f == TEE_FF_EVIDENCE);
        tee_msg_blobs(m, (enum tee_frame_field)f, &blobs);
    } else {
        tee_msg_bytes(m, (enum tee_frame_field)f, frame_some(v));
    }
}

void
frame_build(struct tee_msg *m, unsigned type, bool all)
{
    uint64_t with =
        frame_contract[type].must | (all ? frame_contract[type].may : 0);
    unsigned f;

    tee_msg_init(m, (enum tee_frame_type)type);
    for (f = 2; f < TEE_FF_END; f++) {
        if ((with >> f & 1) != 0)
            frame_set(m, f, frame_rule[f].good);
    }
}

bool
frame_empty(const struct tee_msg *m)
{
    unsigned f;

    for (f = 0; f < TEE_FF_END; f++) {
        if (m->field[f].present)
            return false;
    }
    return m->evidence.n == 0 && m->endorsements.n == 0;
}

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

bool
frame_same(const struct tee_msg *a, const struct tee_msg *b)
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
