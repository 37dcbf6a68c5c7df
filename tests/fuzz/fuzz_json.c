/*
 * The strict JSON reader: what it takes has a canonical form, which it takes
 * again, and which is its own canonical form; what it refuses leaves the
 * result untouched.  cJSON alone agrees about everything that we take.
 */
#include <cjson/cJSON.h>

#include "tests/fuzz/fuzz.h"

#define MAX ((size_t)1 << 20)

static struct tee_buf
canon(struct tee_bytes text, cJSON **ret)
{
    struct tee_buf b;

    FUZZ_MUST(tee_json_parse(text, MAX, ret, NULL) == TEE_OK);
    tee_buf_init(&b, 8 * MAX);
    FUZZ_MUST(tee_json_canon(*ret, &b) == TEE_OK);
    return b;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct tee_bytes text = { p, n };
    struct tee_buf once, again;
    cJSON mark, *v = &mark, *w = NULL;

    if (tee_json_parse(text, MAX, &v, NULL) != TEE_OK) {
        FUZZ_MUST(v == &mark);
        return 0;
    }
    cJSON_Delete(v);
    once = canon(text, &v);
    again = canon(tee_buf_view(&once), &w);
    FUZZ_MUST(tee_bytes_equal(tee_buf_view(&once), tee_buf_view(&again)));
    FUZZ_MUST(cJSON_Compare(v, w, 1));
    tee_buf_clear(&once);
    tee_buf_clear(&again);
    cJSON_Delete(v);
    cJSON_Delete(w);
    return 0;
}
