/* Times as text, and the two clocks. */
#include "config.h"

#include <string.h>
#include <time.h>

#include "tests/base/suites.h"

static const struct {
    int64_t t;
    const char *text;
} known[] = {
    { 0, "1970-01-01T00:00:00Z" },
    { -1, "1969-12-31T23:59:59Z" },
    { 951782399, "2000-02-28T23:59:59Z" },
    { 951782400, "2000-02-29T00:00:00Z" },
    { 951868800, "2000-03-01T00:00:00Z" },
    { 1767225600, "2026-01-01T00:00:00Z" },
    { 4107542399, "2100-02-28T23:59:59Z" },
    { 4107542400, "2100-03-01T00:00:00Z" }, /* no leap year */
    { INT64_C(-62167219200), "0000-01-01T00:00:00Z" },
    { INT64_C(-62162035201), "0000-02-29T23:59:59Z" },
    { INT64_C(253402300799), "9999-12-31T23:59:59Z" },
};

static void
test_both_ways(void)
{
    char text[21];
    int64_t t;
    size_t i;

    for (i = 0; i < TEE_LEN(known); i++) {
        CU_ASSERT_EQUAL(tee_time_text(known[i].t, text), TEE_OK);
        CU_ASSERT_STRING_EQUAL(text, known[i].text);
        t = 7;
        CU_ASSERT_EQUAL(tee_time_parse(known[i].text, 20, &t), TEE_OK);
        CU_ASSERT_EQUAL(t, known[i].t);
    }
}

/* Against libc's calendar, over the whole range, in odd steps. */
static void
test_against_libc(void)
{
    char text[21], want[32];
    unsigned wrong = 0;
    struct tm tm;
    int64_t t, back;

    for (t = INT64_C(-62167219200); t < INT64_C(253402300800);
         t += INT64_C(86400) * 71 + 12345) {
        time_t tt = (time_t)t;

        back = 0;
        if (tee_time_text(t, text) != TEE_OK || gmtime_r(&tt, &tm) == NULL)
            wrong++;
        (void)snprintf(want, sizeof(want), "%04d-%02d-%02dT%02d:%02d:%02dZ",
                       tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                       tm.tm_min, tm.tm_sec);
        if (strcmp(text, want) != 0 ||
            tee_time_parse(text, 20, &back) != TEE_OK || back != t)
            wrong++;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void
test_range(void)
{
    static const int64_t out[] = { INT64_C(-62167219201), INT64_C(253402300800),
                                   INT64_MIN, INT64_MAX };
    char text[21] = "untouched";
    size_t i;

    for (i = 0; i < TEE_LEN(out); i++)
        CU_ASSERT_EQUAL(tee_time_text(out[i], text), TEE_E_ARG);
    CU_ASSERT_STRING_EQUAL(text, "untouched");
}

static void
test_accepted_forms(void)
{
    static const char *const good[] = {
        "2026-01-01T00:00:00+00:00",
        "2026-01-01T00:00:00.5Z",
        "2026-01-01T00:00:00.000000001+00:00",
    };
    int64_t t;
    size_t i;

    for (i = 0; i < TEE_LEN(good); i++) {
        t = 0;
        CU_ASSERT_EQUAL(tee_time_parse(good[i], strlen(good[i]), &t), TEE_OK);
        CU_ASSERT_EQUAL(t, 1767225600);
    }
}

static void
test_refused_forms(void)
{
    static const char *const bad[] = {
        "",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01t00:00:00Z",
        "2026-01-01T00:00:00z",
        "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00ZZ",
        "2026-01-01T00:00:00Z\n",
        " 2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00,5Z",
        "2026-01-01T00:00:00+0000",
        "2026-01-01T00:00:00+00:00Z",
        "2026-01-01T00:00:00+01:00",
        "2026-01-01T00:00:00+00:01",
        "2026-01-01T00:00:00-00:00",
        "2026-00-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2024-02-30T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T23:59:60Z",
        "+026-01-01T00:00:00Z",
        "2026-1-01T00:00:00Z",
        "2026-01-01T0:00:00Z",
        "12026-01-01T00:00:00Z",
        "2026-01-01T00:00:0xZ",
    };
    int64_t t = 77;
    size_t i;

    for (i = 0; i < TEE_LEN(bad); i++) {
        if (tee_time_parse(bad[i], strlen(bad[i]), &t) != TEE_E_MALFORMED) {
            printf("    %s\n", bad[i]);
            CU_FAIL("a time was accepted");
        }
    }
    CU_ASSERT_EQUAL(t, 77);
}

static void
test_prefixes(void)
{
    static const char good[] = "2026-01-01T00:00:00.25+00:00";
    int64_t t = 77;
    size_t n;

    for (n = 0; n < sizeof(good) - 1; n++)
        CU_ASSERT_EQUAL(tee_time_parse(good, n, &t), TEE_E_MALFORMED);
    CU_ASSERT_EQUAL(t, 77);
}

static void
test_clocks(void)
{
    int64_t a = tee_clock.mono_ms(), b = tee_clock.mono_ms();

    CU_ASSERT_TRUE(a > 0 && b >= a);
    CU_ASSERT_TRUE(tee_clock.wall() >= time(NULL) - 1);
    CU_ASSERT_TRUE(tee_clock.wall() <= time(NULL) + 1);
}

static const struct test tests[] = {
    { "known times are written and read", test_both_ways },
    { "four thousand dates agree with libc", test_against_libc },
    { "years outside 0 to 9999 are refused", test_range },
    { "a zero offset and a fraction are accepted", test_accepted_forms },
    { "every other form is refused", test_refused_forms },
    { "every prefix of a time is refused", test_prefixes },
    { "the clocks go", test_clocks },
    { NULL, NULL },
};
const struct suite suite_clock = { "clock", tests };
