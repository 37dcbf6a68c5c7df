#include "config.h"

#include <string.h>

#include "tests/stress/stress.h"

const struct list *list;
atomic_uint epoch;
atomic_ulong failures;
uint8_t base_point[SLOTS][32];

#define ROW_N(name, params)           { #name, true },
#define ROW_F(name, params, fn, args) { #name, true },
#define ROW_S(name, params)           { #name, false },
static const struct {
    const char *name;
    bool offered;
} functions[FN_COUNT] = { TP11_FUNCTIONS_2_40(ROW_N, ROW_F, ROW_S)
                              TP11_FUNCTIONS_3_0(ROW_N, ROW_F, ROW_S)
                                  TP11_FUNCTIONS_3_2(ROW_N, ROW_F, ROW_S) };

/* By one thread of many; what the main thread does alone proves nothing. */
static atomic_bool seen_good[FN_COUNT];

bool
all_seen(void)
{
    int fn;

    for (fn = 0; fn < FN_COUNT; fn++) {
        if (functions[fn].offered && !atomic_load(&seen_good[fn]))
            return false;
    }
    return true;
}

void
failed(const char *what, CK_RV rv)
{
    if (atomic_fetch_add(&failures, 1) < 20)
        fprintf(stderr, "stress: %s: 0x%lx\n", what, rv);
}

bool
quiet(const struct worker *w)
{
    return (w->seen & 1) == 0 && atomic_load(&epoch) == w->seen;
}

/* C_Finalize waits for the calls that are inside and no handle is given
 * twice, so it can cut off a story but no call of it. */
static bool
of_another_world(CK_RV rv)
{
    return rv == CKR_CRYPTOKI_NOT_INITIALIZED ||
           rv == CKR_SESSION_HANDLE_INVALID;
}

bool
judge(struct worker *w, enum fn fn, CK_RV want, const CK_RV *may, CK_RV rv)
{
    w->calls[fn]++;
    if (rv == want) {
        w->good[fn]++;
        if (w->number < THREADS || fn == FN_C_Finalize)
            atomic_store(&seen_good[fn], true);
        return true;
    }
    if (of_another_world(rv) && !quiet(w)) {
        w->disturbed++;
        return false;
    }
    for (; may != NULL && *may != CKR_OK; may++) {
        if (rv == *may) {
            w->allowed++;
            return false;
        }
    }
    failed(functions[fn].name, rv);
    return false;
}

void
report_calls(const struct worker *w, unsigned n)
{
    unsigned long calls, good;
    unsigned i;
    int fn;

    for (fn = 0; fn < FN_COUNT; fn++) {
        for (i = 0, calls = good = 0; i < n; i++) {
            calls += w[i].calls[fn];
            good += w[i].good[fn];
        }
        if (calls > 0 || functions[fn].offered)
            printf("%-26s %9lu calls %9lu as wished\n", functions[fn].name,
                   calls, good);
        if (functions[fn].offered && !atomic_load(&seen_good[fn])) {
            fprintf(stderr, "stress: %s never did it\n", functions[fn].name);
            atomic_fetch_add(&failures, 1);
        }
    }
}

uint64_t
dice(struct worker *w, uint64_t sides)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random % sides;
}

void
fill(struct worker *w, uint8_t *p, size_t n)
{
    while (n > 0)
        p[--n] = (uint8_t)dice(w, 256);
}

CK_SESSION_HANDLE
session(struct worker *w, CK_SLOT_ID slot, CK_FLAGS more)
{
    CK_SESSION_HANDLE s = 0;

    return TRY(w, C_OpenSession, slot, CKF_SERIAL_SESSION | more, NULL, NULL,
               &s)
               ? s
               : 0;
}

/* On the tokens with a PIN others close all sessions. */
void
done(struct worker *w, CK_SESSION_HANDLE s)
{
    static const CK_RV may[] = { CKR_SESSION_HANDLE_INVALID, CKR_OK };
    CK_SESSION_INFO info;

    if (s == 0)
        return;
    if (TRY_OR(w, may, C_GetSessionInfo, s, &info) && info.slotID != PIN &&
        info.slotID != NEW)
        (void)TRY(w, C_CloseSession, s);
    else
        (void)TRY_OR(w, may, C_CloseSession, s);
}

CK_OBJECT_HANDLE
find(struct worker *w, CK_SESSION_HANDLE s, CK_OBJECT_CLASS class,
     const char *label)
{
    char name[64];
    CK_ATTRIBUTE t[2] = { { CKA_CLASS, &class, sizeof(class) },
                          { CKA_LABEL, name, strlen(label) } };
    CK_OBJECT_HANDLE h = 0;
    CK_ULONG n = 0;

    (void)snprintf(name, sizeof(name), "%s", label);
    if (!TRY(w, C_FindObjectsInit, s, t, 2) ||
        !TRY(w, C_FindObjects, s, &h, 1, &n) || !TRY(w, C_FindObjectsFinal, s))
        return 0;
    if (n != 1)
        failed("an object is not found", n);
    return n == 1 ? h : 0;
}
