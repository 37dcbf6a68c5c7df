#include <stdio.h>
#include <string.h>

#include "base/tee.h"

static const char *const names[TEE_E_COUNT] = {
    [TEE_OK] = "ok",
    [TEE_E_NOMEM] = "no-memory",
    [TEE_E_ARG] = "bad-argument",
    [TEE_E_STATE] = "wrong-state",
    [TEE_E_TOOBIG] = "too-big",
    [TEE_E_TRUNCATED] = "truncated",
    [TEE_E_IO] = "io",
    [TEE_E_NOTFOUND] = "not-found",
    [TEE_E_EXISTS] = "exists",
    [TEE_E_TRUST] = "untrusted-file",
    [TEE_E_CONFIG] = "configuration",
    [TEE_E_READONLY] = "read-only",
    [TEE_E_TIMEOUT] = "deadline",
    [TEE_E_PEER] = "peer",
    [TEE_E_FORKED] = "forked",
    [TEE_E_LOGIN] = "not-logged-in",
    [TEE_E_PIN] = "pin-incorrect",
    [TEE_E_PIN_LOCKED] = "pin-locked",
    [TEE_E_PIN_LEN] = "pin-length",
    [TEE_E_PIN_TYPE] = "pin-user-type",
    [TEE_E_PROHIBITED] = "prohibited",
    [TEE_E_MECH] = "mechanism",
    [TEE_E_MECH_PARAM] = "mechanism-parameter",
    [TEE_E_KEY_TYPE] = "key-type",
    [TEE_E_DATA_LEN] = "data-length",
    [TEE_E_SIG_LEN] = "signature-length",
    [TEE_E_STORE_ALTERED] = "store-altered",
    [TEE_E_STORE_VERSION] = "store-version",
    [TEE_E_SELFTEST] = "self-test",
    [TEE_E_UNAVAIL] = "unavailable",
    [TEE_E_KEY_ACQ] = "key-acquisition",
    [TEE_E_NOT_TEE_BOUND] = "key-not-tee-bound",
    [TEE_E_KEY_EXPIRED] = "key-expired",
    [TEE_E_COLLECT] = "collect",
    [TEE_E_MALFORMED] = "malformed",
    [TEE_E_SIGNATURE] = "signature-invalid",
    [TEE_E_CHAIN] = "chain-invalid",
    [TEE_E_MEASUREMENT] = "measurement-not-allowed",
    [TEE_E_TCB] = "tcb-below-floor",
    [TEE_E_REPORT_DATA] = "report-data-mismatch",
    [TEE_E_SPKI] = "spki-mismatch",
    [TEE_E_DEBUG] = "debug-enabled",
    [TEE_E_EXPIRED] = "expired",
    [TEE_E_NOT_YET_VALID] = "not-yet-valid",
    [TEE_E_REPLAYED] = "replayed",
    [TEE_E_REVOKED] = "revoked",
    [TEE_E_POLICY_DENIED] = "policy-denied",
    [TEE_E_POLICY_INVALID] = "policy-invalid",
    [TEE_E_UNSUPPORTED] = "unsupported",
    [TEE_E_NOT_CHECKED] = "not-checked",
    [TEE_E_SIMULATED] = "simulated",
    [TEE_E_SEAL_AUTH] = "seal-auth",
    [TEE_E_SEAL_FORMAT] = "seal-format",
    [TEE_E_SEAL_POLICY] = "seal-policy",
    [TEE_E_POSSESSION] = "possession",
};

const char *
tee_err_name(enum tee_err err)
{
    if ((unsigned)err >= TEE_E_COUNT || names[err] == NULL)
        return "unknown-error";
    return names[err];
}

/*
 * What tee.h promises of a sentence: UTF-8, also when it was cut to fit (it
 * travels in frames, which refuse anything else), and one line.
 */
static void
tidy(char text[TEE_FAULT_TEXT], bool cut)
{
    size_t n = strlen(text), tail = n;
    bool utf8;
    char *p;

    if (cut) { /* drop a last sequence that is not whole: at most 3 bytes */
        while (tail > 0 && n - tail < 3 &&
               ((uint8_t)text[tail - 1] & 0xc0) == 0x80)
            tail--;
        if (tail > 0 && (uint8_t)text[tail - 1] >= 0xc0 &&
            !tee_utf8(tee_bytes_of(text + tail - 1)))
            text[tail - 1] = '\0';
    }
    utf8 = tee_utf8(tee_bytes_of(text));
    for (p = text; *p != '\0'; p++) {
        uint8_t c = (uint8_t)*p;

        if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8))
            *p = '?';
    }
}

void
tee_fault_set(struct tee_fault *f, enum tee_err err, const char *fmt, ...)
{
    va_list ap;
    int n;

    if (f == NULL)
        return;
    f->err = err;
    va_start(ap, fmt);
    n = vsnprintf(f->text, sizeof(f->text), fmt, ap);
    va_end(ap);
    tidy(f->text, n >= TEE_FAULT_TEXT);
}

void
tee_fault_prefix(struct tee_fault *f, const char *fmt, ...)
{
    char old[TEE_FAULT_TEXT];
    va_list ap;
    size_t n;
    int k;

    if (f == NULL)
        return;
    memcpy(old, f->text, sizeof(old));
    va_start(ap, fmt);
    k = vsnprintf(f->text, sizeof(f->text), fmt, ap);
    va_end(ap);
    n = strlen(f->text);
    if (k < TEE_FAULT_TEXT)
        k += snprintf(f->text + n, sizeof(f->text) - n, ": %s", old);
    tidy(f->text, k >= TEE_FAULT_TEXT);
}
