/*
 * Policy and claims, divided by the first NUL byte.  A policy that can't be
 * read denies; claims that are not verified, expired or simulated satisfy
 * nothing; an allowed policy is allowed on each of its conditions.
 */
#include <string.h>

#define TEE_ATTEST_INTERNAL
#include "attest/att.h"
#include "tests/fuzz/fuzz.h"

#define NOW 1767312000

static bool
asks(const struct att_policy *p)
{
    bool any = p->attestation || p->bound || p->max_age != 0;
    size_t i;

    for (i = 0; i < ATT_CLAIMS; i++)
        any = any || p->has[i];
    return any;
}

static void
allowed(const struct att_policy *p, const struct att_claims *c)
{
    size_t i;

    FUZZ_MUST(c->platform_verified && c->report_data_match);
    FUZZ_MUST(c->has_expiry && c->expires_at > NOW);
    FUZZ_MUST(strcmp(c->platform, "simulated") != 0);
    FUZZ_MUST(!p->bound || c->value[ATT_C_LEVEL] >= ATT_L_TEE_VM);
    FUZZ_MUST(!p->bound || c->value[ATT_C_ORIGIN] != ATT_O_LOCAL);
    FUZZ_MUST(p->has[ATT_C_FRESHNESS] ||
              c->value[ATT_C_FRESHNESS] == ATT_F_NONCE);
    for (i = 0; i < ATT_CLAIMS; i++)
        FUZZ_MUST(!p->has[i] || c->value[i] >= 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    const uint8_t *nul = n > 0 ? memchr(p, 0, n) : NULL;
    size_t first = nul != NULL ? (size_t)(nul - p) : n;
    struct tee_bytes rest = { p + first, n - first };
    struct att_policy pol;
    struct att_claims c;
    const char *why;

    memset(&pol, 7, sizeof(pol));
    if (att_policy_read((struct tee_bytes){ p, first }, &pol, NULL) != TEE_OK) {
        FUZZ_MUST(pol.max_age == 0x0707070707070707);
        return 0;
    }
    if (rest.len > 0)
        rest = (struct tee_bytes){ rest.p + 1, rest.len - 1 };
    memset(&c, 7, sizeof(c));
    if (att_claims_read(rest, &c, NULL) != TEE_OK) {
        FUZZ_MUST(c.expires_at == 0x0707070707070707);
        return 0;
    }
    FUZZ_MUST(strcmp(att_policy_judge(NULL, &c, NOW), "policy-invalid") == 0);
    why = att_policy_judge(&pol, &c, NOW);
    if (why == NULL && asks(&pol))
        allowed(&pol, &c);
    return 0;
}
