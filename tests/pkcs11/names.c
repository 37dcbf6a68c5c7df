#include <stdlib.h>
#include <string.h>

#include "tests/pkcs11/calls.h"

#define A(name, type, shape)                                                   \
    {                                                                          \
        name, type, SHAPE_##shape                                              \
    }
static const struct attr_name attrs[] = {
    A("class", CKA_CLASS, ULONG),
    A("token", CKA_TOKEN, BOOL),
    A("private", CKA_PRIVATE, BOOL),
    A("label", CKA_LABEL, TEXT),
    A("unique", CKA_UNIQUE_ID, TEXT),
    A("application", CKA_APPLICATION, TEXT),
    A("value", CKA_VALUE, BYTES),
    A("object_id", CKA_OBJECT_ID, BYTES),
    A("cert_type", CKA_CERTIFICATE_TYPE, ULONG),
    A("issuer", CKA_ISSUER, BYTES),
    A("serial", CKA_SERIAL_NUMBER, BYTES),
    A("trusted", CKA_TRUSTED, BOOL),
    A("category", CKA_CERTIFICATE_CATEGORY, ULONG),
    A("url", CKA_URL, TEXT),
    A("check", CKA_CHECK_VALUE, BYTES),
    A("key_type", CKA_KEY_TYPE, ULONG),
    A("subject", CKA_SUBJECT, BYTES),
    A("id", CKA_ID, BYTES),
    A("sensitive", CKA_SENSITIVE, BOOL),
    A("encrypt", CKA_ENCRYPT, BOOL),
    A("decrypt", CKA_DECRYPT, BOOL),
    A("wrap", CKA_WRAP, BOOL),
    A("unwrap", CKA_UNWRAP, BOOL),
    A("sign", CKA_SIGN, BOOL),
    A("sign_recover", CKA_SIGN_RECOVER, BOOL),
    A("verify", CKA_VERIFY, BOOL),
    A("verify_recover", CKA_VERIFY_RECOVER, BOOL),
    A("derive", CKA_DERIVE, BOOL),
    A("start", CKA_START_DATE, BYTES),
    A("end", CKA_END_DATE, BYTES),
    A("modulus", CKA_MODULUS, BYTES),
    A("modulus_bits", CKA_MODULUS_BITS, ULONG),
    A("exponent", CKA_PUBLIC_EXPONENT, BYTES),
    A("private_exponent", CKA_PRIVATE_EXPONENT, BYTES),
    A("prime_1", CKA_PRIME_1, BYTES),
    A("prime_2", CKA_PRIME_2, BYTES),
    A("exponent_1", CKA_EXPONENT_1, BYTES),
    A("exponent_2", CKA_EXPONENT_2, BYTES),
    A("coefficient", CKA_COEFFICIENT, BYTES),
    A("public_key_info", CKA_PUBLIC_KEY_INFO, BYTES),
    A("extractable", CKA_EXTRACTABLE, BOOL),
    A("local", CKA_LOCAL, BOOL),
    A("never_extractable", CKA_NEVER_EXTRACTABLE, BOOL),
    A("always_sensitive", CKA_ALWAYS_SENSITIVE, BOOL),
    A("gen_mechanism", CKA_KEY_GEN_MECHANISM, ULONG),
    A("modifiable", CKA_MODIFIABLE, BOOL),
    A("copyable", CKA_COPYABLE, BOOL),
    A("destroyable", CKA_DESTROYABLE, BOOL),
    A("ec_params", CKA_EC_PARAMS, BYTES),
    A("ec_point", CKA_EC_POINT, BYTES),
    A("always_authenticate", CKA_ALWAYS_AUTHENTICATE, BOOL),
    A("wrap_with_trusted", CKA_WRAP_WITH_TRUSTED, BOOL),
    A("profile_id", CKA_PROFILE_ID, ULONG),
    A("parameter_set", CKA_PARAMETER_SET, ULONG),
    A("seed", CKA_SEED, BYTES),
    A("allowed", CKA_ALLOWED_MECHANISMS, BYTES),
    A("tee_origin", CKA_TEE_KEY_ORIGIN, ULONG),
    A("tee_bound", CKA_TEE_KEY_BOUND, BOOL),
    A("tee_platform", CKA_TEE_PLATFORM, TEXT),
    A("tee_evidence", CKA_TEE_EVIDENCE, TEXT),
    A("tee_evidence_type", CKA_TEE_EVIDENCE_TYPE, TEXT),
    A("tee_evidence_time", CKA_TEE_EVIDENCE_TIME, ULONG),
    A("tee_report_data", CKA_TEE_REPORT_DATA, BYTES),
    A("tee_raw_report", CKA_TEE_RAW_REPORT, BYTES),
    A("tee_endorsements", CKA_TEE_ENDORSEMENTS, TEXT),
    A("tee_token", CKA_TEE_ATTESTATION_TOKEN, TEXT),
    A("tee_claims", CKA_TEE_CLAIMS, TEXT),
    A("tee_expires", CKA_TEE_EXPIRES, ULONG),
    A("tee_last_error", CKA_TEE_LAST_ERROR, TEXT),
    A("tee_statement", CKA_TEE_STATEMENT, TEXT),
    A("did", CKA_TEE_AGENT_DID, TEXT),
    A("challenge", CKA_TEE_CHALLENGE_ID, TEXT),
    A("nonce", CKA_TEE_NONCE, TEXT),
    A("key_ref", CKA_TEE_KEY_REF, BYTES),
    A("exporter", CKA_TEE_TLS_EXPORTER, BYTES),
    A("binding", CKA_TEE_BINDING, TEXT),
    A("binding_input", CKA_TEE_BINDING_INPUT, BYTES),
    A("unknown", 0x7fffUL, BYTES),
    A("unknown_vendor", 0x805445feUL, BYTES),
};

const struct attr_name *
attr_by_name(const char *name)
{
    size_t i;

    for (i = 0; i < TEE_LEN(attrs); i++) {
        if (strcmp(attrs[i].name, name) == 0)
            return &attrs[i];
    }
    return NULL;
}

/* Numbers that stand in the file as words: classes, key types, mechanisms,
 * flags, user types, states. */
static const struct {
    const char *name;
    CK_ULONG value;
} numbers[] = {
    { "data", CKO_DATA },
    { "certificate", CKO_CERTIFICATE },
    { "public", CKO_PUBLIC_KEY },
    { "private", CKO_PRIVATE_KEY },
    { "secret", CKO_SECRET_KEY },
    { "profile", CKO_PROFILE },
    { "evidence", CKO_TEE_EVIDENCE },
    { "edwards", CKK_EC_EDWARDS },
    { "ec", CKK_EC },
    { "rsa", CKK_RSA },
    { "eddsa", CKM_EDDSA },
    { "ecdsa", CKM_ECDSA },
    { "ecdsa-sha256", CKM_ECDSA_SHA256 },
    { "ecdsa-sha384", CKM_ECDSA_SHA384 },
    { "rsa-pkcs", CKM_RSA_PKCS },
    { "rsa-pss", CKM_RSA_PKCS_PSS },
    { "sha256-rsa-pkcs", CKM_SHA256_RSA_PKCS },
    { "sha256-rsa-pss", CKM_SHA256_RSA_PKCS_PSS },
    { "ml-dsa", CKM_ML_DSA },
    { "sha256", CKM_SHA256 },
    { "aes-cbc", CKM_AES_CBC },
    { "edwards-gen", CKM_EC_EDWARDS_KEY_PAIR_GEN },
    { "ec-gen", CKM_EC_KEY_PAIR_GEN },
    { "rsa-gen", CKM_RSA_PKCS_KEY_PAIR_GEN },
    { "ml-dsa-gen", CKM_ML_DSA_KEY_PAIR_GEN },
    { "serial", CKF_SERIAL_SESSION },
    { "ro", CKF_SERIAL_SESSION },
    { "rw", CKF_SERIAL_SESSION | CKF_RW_SESSION },
    { "async", CKF_SERIAL_SESSION | CKF_ASYNC_SESSION },
    { "parallel", CKF_RW_SESSION },
    { "dont-block", CKF_DONT_BLOCK },
    { "find", CKF_FIND_OBJECTS },
    { "present", 1 },
    { "all", 0 },
    { "so", CKU_SO },
    { "user", CKU_USER },
    { "context", CKU_CONTEXT_SPECIFIC },
    { "ro-public", CKS_RO_PUBLIC_SESSION },
    { "ro-user", CKS_RO_USER_FUNCTIONS },
    { "rw-public", CKS_RW_PUBLIC_SESSION },
    { "rw-user", CKS_RW_USER_FUNCTIONS },
    { "rw-so", CKS_RW_SO_FUNCTIONS },
    { "RNG", CKF_RNG },
    { "WRITE_PROTECTED", CKF_WRITE_PROTECTED },
    { "LOGIN_REQUIRED", CKF_LOGIN_REQUIRED },
    { "USER_PIN_INITIALIZED", CKF_USER_PIN_INITIALIZED },
    { "TOKEN_INITIALIZED", CKF_TOKEN_INITIALIZED },
    { "CLOCK", CKF_CLOCK_ON_TOKEN },
    { "USER_PIN_COUNT_LOW", CKF_USER_PIN_COUNT_LOW },
    { "USER_PIN_FINAL_TRY", CKF_USER_PIN_FINAL_TRY },
    { "USER_PIN_LOCKED", CKF_USER_PIN_LOCKED },
    { "TO_BE_CHANGED", CKF_USER_PIN_TO_BE_CHANGED },
    { "PRESENT", CKF_TOKEN_PRESENT },
    { "HW", CKF_HW },
    { "SIGN", CKF_SIGN },
    { "VERIFY", CKF_VERIFY },
    { "GENERATE_KEY_PAIR", CKF_GENERATE_KEY_PAIR },
    { "EC_OID", CKF_EC_OID },
    { "EC_CURVENAME", CKF_EC_CURVENAME },
    { "none", CK_UNAVAILABLE_INFORMATION },
    { "no-threads", CKF_LIBRARY_CANT_CREATE_OS_THREADS },
    { "os-locking", CKF_OS_LOCKING_OK },
};

bool
number_by_name(const char *word, CK_ULONG *ret)
{
    char *end;
    size_t i;

    for (i = 0; i < TEE_LEN(numbers); i++) {
        if (strcmp(numbers[i].name, word) == 0) {
            *ret = numbers[i].value;
            return true;
        }
    }
    *ret = strtoul(word, &end, 0);
    return *word != '\0' && *end == '\0';
}

#define C(name)                                                                \
    {                                                                          \
#name, CKR_##name                                                      \
    }
static const struct {
    const char *name;
    CK_RV rv;
} codes[] = {
    C(OK),
    C(HOST_MEMORY),
    C(SLOT_ID_INVALID),
    C(GENERAL_ERROR),
    C(FUNCTION_FAILED),
    C(ARGUMENTS_BAD),
    C(NO_EVENT),
    C(CANT_LOCK),
    C(ATTRIBUTE_READ_ONLY),
    C(ATTRIBUTE_SENSITIVE),
    C(ATTRIBUTE_TYPE_INVALID),
    C(ATTRIBUTE_VALUE_INVALID),
    C(ACTION_PROHIBITED),
    C(DATA_LEN_RANGE),
    C(DEVICE_ERROR),
    C(DEVICE_MEMORY),
    C(FUNCTION_NOT_PARALLEL),
    C(FUNCTION_NOT_SUPPORTED),
    C(KEY_HANDLE_INVALID),
    C(KEY_TYPE_INCONSISTENT),
    C(KEY_FUNCTION_NOT_PERMITTED),
    C(MECHANISM_INVALID),
    C(MECHANISM_PARAM_INVALID),
    C(OBJECT_HANDLE_INVALID),
    C(OPERATION_ACTIVE),
    C(OPERATION_NOT_INITIALIZED),
    C(PIN_INCORRECT),
    C(PIN_LEN_RANGE),
    C(PIN_LOCKED),
    C(SESSION_COUNT),
    C(SESSION_HANDLE_INVALID),
    C(SESSION_PARALLEL_NOT_SUPPORTED),
    C(SESSION_READ_ONLY),
    C(SESSION_EXISTS),
    C(SESSION_READ_ONLY_EXISTS),
    C(SESSION_READ_WRITE_SO_EXISTS),
    C(SIGNATURE_INVALID),
    C(SIGNATURE_LEN_RANGE),
    C(TEMPLATE_INCOMPLETE),
    C(TEMPLATE_INCONSISTENT),
    C(TOKEN_NOT_PRESENT),
    C(TOKEN_NOT_RECOGNIZED),
    C(TOKEN_WRITE_PROTECTED),
    C(USER_ALREADY_LOGGED_IN),
    C(USER_NOT_LOGGED_IN),
    C(USER_PIN_NOT_INITIALIZED),
    C(USER_TYPE_INVALID),
    C(USER_ANOTHER_ALREADY_LOGGED_IN),
    C(RANDOM_SEED_NOT_SUPPORTED),
    C(CURVE_NOT_SUPPORTED),
    C(BUFFER_TOO_SMALL),
    C(CRYPTOKI_NOT_INITIALIZED),
    C(CRYPTOKI_ALREADY_INITIALIZED),
    C(FUNCTION_REJECTED),
    C(TOKEN_RESOURCE_EXCEEDED),
    C(SESSION_ASYNC_NOT_SUPPORTED),
};

bool
code_by_name(const char *word, CK_RV *ret)
{
    size_t i;

    for (i = 0; i < TEE_LEN(codes); i++) {
        if (strcmp(codes[i].name, word) == 0) {
            *ret = codes[i].rv;
            return true;
        }
    }
    return false;
}

const char *
code_name(CK_RV rv)
{
    static char other[32];
    size_t i;

    for (i = 0; i < TEE_LEN(codes); i++) {
        if (codes[i].rv == rv)
            return codes[i].name;
    }
    snprintf(other, sizeof(other), "0x%lx", rv);
    return other;
}

#define NAME_N(name, params)           #name,
#define NAME_F(name, params, fn, args) #name,
static const char *const functions[FN_COUNT] = {
    TP11_FUNCTIONS_2_40(NAME_N, NAME_F, NAME_N)
        TP11_FUNCTIONS_3_0(NAME_N, NAME_F, NAME_N)
            TP11_FUNCTIONS_3_2(NAME_N, NAME_F, NAME_N)
};

const char *
fn_name(enum fn fn)
{
    return functions[fn];
}

bool
fn_by_name(const char *name, enum fn *ret)
{
    size_t i;

    for (i = 0; i < FN_COUNT; i++) {
        if (strcmp(functions[i], name) == 0) {
            *ret = (enum fn)i;
            return true;
        }
    }
    return false;
}
