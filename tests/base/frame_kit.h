/* Good messages, for the suites of base/frame.c. */
#ifndef TEE_TESTS_BASE_FRAME_KIT_H
#define TEE_TESTS_BASE_FRAME_KIT_H

#include "tests/support/test.h"

/* Fields of each type of message, as bits. */
struct frame_contract {
    uint64_t must, may;
};
extern const struct frame_contract frame_contract[TEE_F_TYPES];

enum kind { NUM, BIN, TXT, LIST };
struct frame_rule {
    enum kind kind;
    uint64_t good, min, max;
};
extern const struct frame_rule frame_rule[TEE_FF_END];

/* n times 'a'; at most 3 MiB and one. */
struct tee_bytes frame_some(uint64_t n);
/* n blobs with names "a", "b", ... or without. */
struct tee_blobs frame_list(size_t n, bool named);
void frame_set(struct tee_msg *m, unsigned f, uint64_t v);
/* A good message of this type; with all that it may carry, or without. */
void frame_build(struct tee_msg *m, unsigned type, bool all);
/* No field is present. */
bool frame_empty(const struct tee_msg *m);
bool frame_same(const struct tee_msg *a, const struct tee_msg *b);

#endif
