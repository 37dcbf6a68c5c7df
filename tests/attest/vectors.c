/* Real evidence of every platform, through the parser of the simulated one. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/attest/kit.h"
#include "tests/attest/suites.h"

#define FILE_MAX ((size_t)16 << 20)

static size_t files, as_report;

static struct tee_buf
slurp(const char *path)
{
    struct tee_buf b;
    uint8_t piece[2048];
    size_t n;
    FILE *f = fopen(path, "rb");

    tee_buf_init(&b, FILE_MAX);
    if (f == NULL)
        return b;
    while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
        tee_buf_put(&b, piece, n);
    (void)fclose(f);
    CU_ASSERT_EQUAL(b.err, TEE_OK);
    return b;
}

/* As the whole bundle, then as the evidence in a bundle that is otherwise
 * good and signed by its key. */
static void
check_file(struct tee_bytes v)
{
    struct att_sim s;
    att_result *r = NULL;
    static struct kit k;

    CU_ASSERT_EQUAL(att_sim_parse(v, &s, NULL), TEE_E_MALFORMED);
    CU_ASSERT_EQUAL(att_sim_verify(v, &s, NULL), TEE_E_MALFORMED);
    CU_ASSERT_EQUAL_FATAL(att_verify(v.p, v.len, NULL, &r), ATT_OK);
    CU_ASSERT_EQUAL(att_result_verdict(r), ATT_REFUSED);
    att_result_free(r);
    if (v.len == 0 || v.len > (size_t)1 << 20)
        return;
    kit_make(&k, "tee-v1", NULL);
    k.b.blobs.v[0].data = v;
    kit_sign(&k, NULL);
    r = NULL;
    CU_ASSERT_EQUAL_FATAL(att_verify(k.json.p, k.json.len, NULL, &r), ATT_OK);
    CU_ASSERT_EQUAL(att_result_verdict(r), ATT_REFUSED);
    att_result_free(r);
    kit_clear(&k);
    as_report++;
}

static int
each(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    struct tee_buf b;

    (void)st;
    (void)ftw;
    if (flag != FTW_F)
        return 0;
    b = slurp(path);
    check_file(tee_buf_view(&b));
    tee_buf_clear(&b);
    files++;
    return 0;
}

static void
test_vectors(void)
{
    const char *dir = secure_getenv("TEE_VECTORS");
    struct stat st;

    if (dir == NULL || stat(dir, &st) != 0) {
        test_skip("no vectors: set TEE_VECTORS to their folder");
        return;
    }
    files = as_report = 0;
    CU_ASSERT_EQUAL(nftw(dir, each, 16, FTW_PHYS), 0);
    CU_ASSERT(files >= 300);
    CU_ASSERT(as_report >= 300);
    printf("    %zu files, %zu of them as evidence in a bundle\n", files,
           as_report);
}

/* Simulations that other systems publish (identity reference, section 9.6). */
static void
test_foreign_simulation(void)
{
    static const char *const foreign[] = {
        "{\"type\":\"SEV_SNP_REPORT_SIMULATED\",\"simulated\":true}",
        "{\"platform\":\"mock\",\"evidence\":\"x\",\"key_origin\":\"skr\"}",
        "{\"tee\":\"sample\"}",
    };
    size_t i;

    for (i = 0; i < TEE_LEN(foreign); i++)
        check_file(tee_bytes_of(foreign[i]));
}

static const struct test tests[] = {
    { "no file of the vectors is simulated evidence", test_vectors },
    { "nor are the simulations of others", test_foreign_simulation },
    { NULL, NULL }
};
const struct suite suite_vectors = { "vectors", tests };
