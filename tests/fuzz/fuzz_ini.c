/*
 * The grammar of the configuration: a good section that is written again is
 * read as it was; a bad one has a line and a sentence; nothing that was
 * refused leaves anything.
 *
 * As canary_ini, a value behind another one loses its last byte on the way.
 */
#include <string.h>

#include "tests/fuzz/fuzz.h"

static void
write_pairs(struct tee_buf *b, const struct tee_ini_pair *pair, size_t n)
{
    size_t i, len;

    for (i = 0; i < n; i++) {
        len = strlen(pair[i].value);
#ifdef TEE_CANARY
        len -= i == 1 && len > 1;
#endif
        tee_buf_printf(b, "%s = %.*s\n", pair[i].key, (int)len, pair[i].value);
    }
}

static void
same_pairs(const struct tee_ini_pair *a, const struct tee_ini_pair *b, size_t n)
{
    size_t i, k;

    for (i = 0; i < n; i++) {
        FUZZ_MUST(strcmp(a[i].key, b[i].key) == 0);
        FUZZ_MUST(strcmp(a[i].value, b[i].value) == 0);
        for (k = 0; k < i; k++)
            FUZZ_MUST(strcmp(a[i].key, a[k].key) != 0);
    }
}

/* The sections that are good, as text. */
static void
write_tree(struct tee_buf *b, const struct tee_ini *ini)
{
    size_t i;

    write_pairs(b, ini->top, ini->n_top);
    for (i = 0; i < ini->n; i++) {
        const struct tee_ini_section *s = &ini->section[i];

        if (s->bad_line != 0)
            continue;
        tee_buf_printf(b, "[%s]\n", s->name);
        write_pairs(b, s->pair, s->n);
    }
}

static void
same_tree(const struct tee_ini *a, const struct tee_ini *b)
{
    size_t i, k = 0;

    FUZZ_MUST(a->n_top == b->n_top);
    same_pairs(a->top, b->top, a->n_top);
    for (i = 0; i < a->n; i++) {
        const struct tee_ini_section *s = &a->section[i];

        if (s->bad_line != 0) {
            FUZZ_MUST(s->bad_line >= s->line && s->bad_text[0] != '\0');
            continue;
        }
        FUZZ_MUST(k < b->n && b->section[k].bad_line == 0);
        FUZZ_MUST(strcmp(s->name, b->section[k].name) == 0);
        FUZZ_MUST(s->n == b->section[k].n);
        same_pairs(s->pair, b->section[k].pair, s->n);
        k++;
    }
    FUZZ_MUST(k == b->n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct tee_ini *ini = NULL, *again = NULL;
    struct tee_fault f = { TEE_OK, "" };
    unsigned line = 0;
    struct tee_buf b;
    enum tee_err err;

    err = tee_ini_parse((struct tee_bytes){ p, n }, &ini, &line, &f);
    if (err != TEE_OK) {
        FUZZ_MUST(ini == NULL && f.err == err && f.text[0] != '\0');
        FUZZ_MUST(tee_utf8(tee_bytes_of(f.text)) && line <= n);
        return 0;
    }
    tee_buf_init(&b, 1 << 20);
    write_tree(&b, ini);
    FUZZ_MUST(b.err == TEE_OK);
    if (b.len <= 65536) { /* blanks around "=" may have made it longer */
        FUZZ_MUST(tee_ini_parse(tee_buf_view(&b), &again, &line, &f) == TEE_OK);
        same_tree(ini, again);
    }
    tee_ini_free(again);
    tee_ini_free(ini);
    tee_buf_clear(&b);
    return 0;
}
