/* What goes into the caller-controlled field of evidence. */
#include <string.h>

#define TEE_ATTEST_INTERNAL
#include "attest/att.h"

static const struct att_layout layouts[] = {
    /* word, statement, B, challenge, input, known: B and S can be judged */
    { "tee-v1", true, true, false, false, true },
    { "session", true, false, true, false, true },
    { "agt-v1", false, true, true, false, true },
    { "am-manifest", false, false, false, true, false },
    { "am-runtime", false, false, false, true, false },
    { "tresor-spki", false, false, false, true, false },
    { "raw", false, false, false, true, false },
};

const struct att_layout *
att_layout(struct tee_bytes word)
{
    size_t i;

    for (i = 0; i < TEE_LEN(layouts); i++) {
        if (tee_bytes_equal(word, tee_bytes_of(layouts[i].word)))
            return &layouts[i];
    }
    return NULL;
}

enum tee_err
att_field(const char *binding, const uint8_t b[32], const uint8_t s[32],
          uint8_t ret[64])
{
    const struct att_layout *l = att_layout(tee_bytes_of(binding));

    if (l == NULL || !l->known)
        return TEE_E_UNSUPPORTED;
    memcpy(ret, b, 32);
    if (l->statement)
        memcpy(ret + 32, s, 32);
    else
        memset(ret + 32, 0, 32);
    return TEE_OK;
}

void
att_tpm_qualifying(const uint8_t b[32], const uint8_t s[32], uint8_t ret[32])
{
    static const char label[] = "tee-pkcs11/tpm/v1";
    uint8_t m[sizeof(label) - 1 + 64];

    memcpy(m, label, sizeof(label) - 1);
    memcpy(m + sizeof(label) - 1, b, 32);
    memcpy(m + sizeof(label) - 1 + 32, s, 32);
    tee_sha256((struct tee_bytes){ m, sizeof(m) }, ret);
}
