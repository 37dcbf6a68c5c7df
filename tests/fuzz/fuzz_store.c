/*
 * The store file: what decodes is written again byte for byte, stands up to
 * its own rules, and can be changed and signed; what does not, says why and
 * leaves the result alone.
 */
#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t key[32] = { 7 };

static void
refused(enum tee_err err, const struct ks_store *s, const struct tee_fault *f)
{
    FUZZ_MUST(err == TEE_E_MALFORMED || err == TEE_E_STORE_VERSION);
    FUZZ_MUST(s == NULL && f->err == err && f->text[0] != '\0');
    FUZZ_MUST(tee_utf8(tee_bytes_of(f->text)));
}

/* Without the key nothing but tries and wraps, so here: nothing. */
static void
same_again(const struct ks_store *s, struct tee_bytes file)
{
    struct tee_buf b;

    FUZZ_MUST(ks_store_encode(s, NULL, &b) == TEE_OK);
    FUZZ_MUST(tee_bytes_equal(tee_buf_view(&b), file));
    tee_buf_clear(&b);
}

/* Nobody fuzzes his way to a MAC under a key of 256 bits. */
static void
signed_anew(const struct ks_store *s)
{
    struct ks_store *t = NULL;
    struct tee_buf b;

    FUZZ_MUST(ks_store_authentic(s, key, NULL) == TEE_E_STORE_ALTERED);
    if (s->origin == KS_SKR)
        return;
    FUZZ_MUST(ks_store_encode(s, key, &b) == TEE_OK);
    FUZZ_MUST(ks_store_decode(tee_buf_view(&b), &t, NULL) == TEE_OK);
    FUZZ_MUST(ks_store_authentic(t, key, NULL) == TEE_OK);
    FUZZ_MUST(tee_bytes_equal(t->body, s->body));
    ks_store_put(t);
    tee_buf_clear(&b);
}

/* Every object can be put again, found, and taken away. */
static void
changed(struct ks_store *s)
{
    const struct ks_object *o;
    size_t n = s->n;

    FUZZ_MUST(n <= KS_OBJECTS_MAX && s->n_evidence <= n);
    while (s->n > 0) {
        o = s->object[s->n - 1];
        FUZZ_MUST(ks_store_find(s, o->uuid) == o);
        FUZZ_MUST(ks_store_set(s, o, NULL) == TEE_OK);
        FUZZ_MUST(s->n == n);
        FUZZ_MUST(ks_store_remove(s, s->object[n - 1]->uuid));
        FUZZ_MUST(s->n == --n);
    }
    FUZZ_MUST(s->n_evidence == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    const struct tee_bytes file = { p, n };
    struct ks_store *s = NULL;
    struct tee_fault f = { 0 };
    enum tee_err err;

    err = ks_store_decode(file, &s, &f);
    if (err != TEE_OK) {
        refused(err, s, &f);
        return 0;
    }
    same_again(s, file);
    signed_anew(s);
    changed(s);
    ks_store_put(s);
    return 0;
}
