#include <stdio.h>
#include <time.h>

#include "base/tee.h"

static int64_t
wall(void)
{
    struct timespec ts = { 0, 0 };

    (void)clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec;
}

static int64_t
mono_ms(void)
{
    struct timespec ts = { 0, 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

struct tee_clock tee_clock = { wall, mono_ms };

/* Days since 1970-01-01 of a proleptic Gregorian date; no time zone data. */
static int64_t
days_of(int64_t y, int64_t m, int64_t d)
{
    int64_t era, yoe, doy;

    y -= m <= 2;
    era = (y >= 0 ? y : y - 399) / 400; /* floor */
    yoe = y - era * 400;
    doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void
date_of(int64_t days, int64_t *y, int64_t *m, int64_t *d)
{
    int64_t era, doe, yoe, doy, mp;

    days += 719468;
    era = (days >= 0 ? days : days - 146096) / 146097; /* floor */
    doe = days - era * 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    mp = (5 * doy + 2) / 153;
    *d = doy - (153 * mp + 2) / 5 + 1;
    *m = mp + (mp < 10 ? 3 : -9);
    *y = yoe + era * 400 + (*m <= 2);
}

#define FIRST (-62167219200) /* 0000-01-01T00:00:00Z */
#define LAST  253402300799   /* 9999-12-31T23:59:59Z */

enum tee_err
tee_time_text(int64_t t, char ret[21])
{
    int64_t y, m, d, days, s;

    if (t < FIRST || t > LAST)
        return TEE_E_ARG;
    t -= FIRST; /* not negative, so / and % need no care */
    days = t / 86400;
    s = t % 86400;
    date_of(days + FIRST / 86400, &y, &m, &d);
    (void)snprintf(ret, 21, "%04u-%02u-%02uT%02u:%02u:%02uZ",
                   (unsigned)y % 10000, (unsigned)m % 100, (unsigned)d % 100,
                   (unsigned)(s / 3600) % 100, (unsigned)(s / 60 % 60),
                   (unsigned)(s % 60));
    return TEE_OK;
}

/* n decimal digits; -1 and no progress on anything else */
static int64_t
digits(const char **s, size_t *n, size_t want)
{
    int64_t v = 0;
    size_t i;

    if (*n < want)
        return -1;
    for (i = 0; i < want; i++) {
        char c = (*s)[i];

        if (c < '0' || c > '9')
            return -1;
        v = v * 10 + (c - '0');
    }
    *s += want;
    *n -= want;
    return v;
}

static bool
lit(const char **s, size_t *n, char c)
{
    if (*n == 0 || **s != c)
        return false;
    (*s)++;
    (*n)--;
    return true;
}

/* "Z" or "+00:00" with an optional fraction before it */
static bool
zone(const char **s, size_t *n)
{
    if (lit(s, n, '.')) {
        size_t before = *n;

        while (*n > 0 && **s >= '0' && **s <= '9')
            (void)digits(s, n, 1);
        if (before == *n)
            return false;
    }
    if (lit(s, n, 'Z'))
        return *n == 0;
    return lit(s, n, '+') && digits(s, n, 2) == 0 && lit(s, n, ':') &&
           digits(s, n, 2) == 0 && *n == 0;
}

enum tee_err
tee_time_parse(const char *s, size_t n, int64_t *ret)
{
    static const uint8_t month_days[12] = { 31, 29, 31, 30, 31, 30,
                                            31, 31, 30, 31, 30, 31 };
    static const char sep[6] = { '-', '-', 'T', ':', ':', 0 };
    int64_t v[6], y, m, d;
    size_t i;

    for (i = 0; i < 6; i++) {
        v[i] = digits(&s, &n, i == 0 ? 4 : 2);
        if (v[i] < 0 || (sep[i] != 0 && !lit(&s, &n, sep[i])))
            return TEE_E_MALFORMED;
    }
    if (!zone(&s, &n) || v[1] < 1 || v[1] > 12 || v[2] < 1 ||
        v[2] > month_days[v[1] - 1] || v[3] > 23 || v[4] > 59 || v[5] > 59)
        return TEE_E_MALFORMED;
    date_of(days_of(v[0], v[1], v[2]), &y, &m, &d);
    if (y != v[0] || m != v[1] || d != v[2]) /* 29 February */
        return TEE_E_MALFORMED;
    *ret = days_of(v[0], v[1], v[2]) * 86400 + v[3] * 3600 + v[4] * 60 + v[5];
    return TEE_OK;
}
