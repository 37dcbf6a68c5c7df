/*
 * The words of the configuration and the one table of its keys: parser,
 * tee-pkcs11.conf(5) and the test that compares them read it.
 */
#include "config.h"

#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

static const struct ks_word w_log[] = { { "none", TEE_LOG_NONE },
                                        { "stderr", TEE_LOG_STDERR },
                                        { "syslog", TEE_LOG_SYSLOG },
                                        { NULL, 0 } };
static const struct ks_word w_origin[] = { { "local", KS_LOCAL },
                                           { "tee_generated", KS_TEE },
                                           { "skr", KS_SKR },
                                           { NULL, 0 } };
static const struct ks_word w_type[] = {
    { "ed25519", KS_ED25519 },   { "p256", KS_P256 },
    { "p384", KS_P384 },         { "p521", KS_P521 },
    { "rsa2048", KS_RSA2048 },   { "rsa3072", KS_RSA3072 },
    { "rsa4096", KS_RSA4096 },   { "ml-dsa-44", KS_MLDSA44 },
    { "ml-dsa-65", KS_MLDSA65 }, { "ml-dsa-87", KS_MLDSA87 },
    { "none", KS_NONE },         { NULL, 0 }
};
static const struct ks_word w_platform[] = {
    { "auto", KS_PLAT_AUTO },
    { "amd-sev-snp", KS_PLAT_SNP },
    { "azure-cvm-sev-snp", KS_PLAT_AZURE_SNP },
    { "azure-cvm-tdx", KS_PLAT_AZURE_TDX },
    { "intel-tdx", KS_PLAT_TDX },
    { "tpm2", KS_PLAT_TPM2 },
    { "aws-nitro", KS_PLAT_NITRO },
    { "simulated", KS_PLAT_SIMULATED },
    { NULL, 0 }
};
static const struct ks_word w_key_in[] = { { "process", 0 },
                                           { "service", 1 },
                                           { NULL, 0 } };
static const struct ks_word w_mode[] = { { "oct", KS_SKR_OCT },
                                         { "envelope", KS_SKR_ENVELOPE },
                                         { "direct", KS_SKR_DIRECT },
                                         { NULL, 0 } };
static const struct ks_word w_yesno[] = { { "no", 0 },
                                          { "yes", 1 },
                                          { NULL, 0 } };
static const struct ks_word w_lock[] = { { "required", 1 },
                                         { "try", 0 },
                                         { NULL, 0 } };
static const struct ks_word w_point[] = { { "der", 0 },
                                          { "raw", 1 },
                                          { NULL, 0 } };
static const struct ks_word w_measured[] = {
    { "none", KS_MB_NONE },     { "uki", KS_MB_UKI },   { "grub", KS_MB_GRUB },
    { "direct", KS_MB_DIRECT }, { "igvm", KS_MB_IGVM }, { NULL, 0 }
};

#define AT(f)         offsetof(struct ks_conf_token, f)
#define WORD(w, f)    .kind = KS_CK_WORD, .words = (w), .at = AT(f), .type = "word"
#define FLAG(w, f, t) .kind = KS_CK_FLAG, .words = (w), .at = AT(f), .type = (t)
#define PATH(f, t)    .kind = KS_CK_PATH, .at = AT(f), .type = (t)
#define SECONDS(f, a, b)                                                       \
    .kind = KS_CK_SECONDS, .at = AT(f), .min = (a), .max = (b),                \
    .type = "number " #a "-" #b
#define OTHER(k, f, t) .kind = (k), .at = AT(f), .type = (t)

/* In the order of the reference's table; `use` is its "for" column. */
const struct ks_conf_key ks_conf_keys[] = {
    { "log", "syslog", "file", .kind = KS_CK_LOG, .words = w_log,
      .type = "word" },
    { "label", "the section's name", "LTS",
      OTHER(KS_CK_LABEL, label, "1-32 bytes of UTF-8") },
    { "key_origin", NULL, "LTS", WORD(w_origin, origin), .must = true },
    { "key_type", "ed25519", "LTS", WORD(w_type, key_type) },
    { "platform", "auto", "TS", WORD(w_platform, platform) },
    { "via", "process", "LTS",
      OTHER(KS_CK_VIA, unix_path, "process, or unix: and a path") },
    { "key_in", "process", "LTS", FLAG(w_key_in, key_in_service, "word") },
    { "state", NULL, "LTS", PATH(state, "path of a folder"), .must = true },
    { "did", NULL, "LTS", OTHER(KS_CK_DID, did, "did:method:id") },
    { "public_key", NULL, "S", PATH(public_key, "path"), .must = true },
    { "maa_url", NULL, "S", OTHER(KS_CK_HTTPS, maa_url, "https"),
      .must = true },
    { "akv_key", NULL, "S",
      OTHER(KS_CK_AKV, akv_key, "https with /keys/NAME[/VERSION]"),
      .must = true },
    { "skr_mode", "ed25519: oct; rsa, p256, p384: direct", "S",
      WORD(w_mode, skr_mode) },
    { "key_ttl", "3600", "S", SECONDS(key_ttl, 60, 28800) },
    { "require", NULL, "TS", PATH(require, "path") },
    { "refs", NULL, "TS", PATH(refs, "path") },
    { "roots", "built-in, by fingerprint", "TS",
      PATH(roots, "path of a folder") },
    { "enrolled", NULL, "TS", PATH(enrolled, "path") },
    { "deadline", "30", "LTS", SECONDS(deadline, 1, 600) },
    { "prefetch", "no", "TS unix", FLAG(w_yesno, prefetch, "yes/no") },
    { "pin", "no", "LT", FLAG(w_yesno, pin, "yes/no"), .quiet = true },
    { "lock", "required", "LTS", FLAG(w_lock, lock_required, "word") },
    { "ec_point", "der", "LTS", FLAG(w_point, ec_point_raw, "word") },
    { "verify_after_sign", "no", "LTS",
      FLAG(w_yesno, verify_after_sign, "yes/no") },
    { "measured_boot", "none", "T", WORD(w_measured, measured_boot) },
    { "pcrs", "by measured_boot: uki 4,7,11; grub 4,7,8,9", "T, TPM roots",
      OTHER(KS_CK_PCRS, pcrs, "list of 0-23") },
    { "vmpl", "the lowest that the driver permits", "T, amd-sev-snp",
      OTHER(KS_CK_NUMBER, vmpl, "number 0-3"), .min = 0, .max = 3 },
    { "user", NULL, "LTS process", OTHER(KS_CK_UID, user, "uid") },
    { "group", NULL, "LTS process", OTHER(KS_CK_GID, group, "gid") },
    { "allow_uid", "with allow_gid absent too: root and the service's account",
      "LTS unix", OTHER(KS_CK_UIDS, allow_uid, "list of uids") },
    { "allow_gid", "with allow_uid absent too: root and the service's account",
      "LTS unix", OTHER(KS_CK_GIDS, allow_gid, "list of gids") },
    { "helper", "$(libexecdir)/tee-pkcs11-helper", "LTS process",
      PATH(helper, "path") },
    { "proxy", "none", "S",
      OTHER(KS_CK_PROXY, proxy, "none, or http://host:port") },
    { "ca_file", "the system's store", "S", PATH(ca_file, "path") },
    { "tcti", "device:/dev/tpmrm0", "TS",
      OTHER(KS_CK_TCTI, tcti, "device:PATH, tabrmd, or swtpm:path=PATH") },
    { "device_root", "/", "TS", OTHER(KS_CK_ROOT, device_root, "path") },
    { "imds_url", "http://169.254.169.254", "TS",
      OTHER(KS_CK_IMDS, imds_url, "http://host[:port]") },
    { "identity_client_id", "the system-assigned identity", "S",
      OTHER(KS_CK_UUID, identity_client_id, "uuid") },
    { "identity_tenant_id", NULL, "S",
      OTHER(KS_CK_UUID, identity_tenant_id, "uuid") },
    { "federated_token_file", NULL, "S", PATH(federated_token_file, "path") },
    { "aci_context", NULL, "S", PATH(aci_context, "path of a folder") },
};
const size_t ks_conf_keys_n = TEE_LEN(ks_conf_keys);
_Static_assert(TEE_LEN(ks_conf_keys) == KS_CONF_KEYS, "KS_CONF_KEYS");

size_t
ks_conf_key_find(const char *name)
{
    size_t i;

    for (i = 0; i < ks_conf_keys_n; i++) {
        if (strcmp(ks_conf_keys[i].name, name) == 0)
            return i;
    }
    return KS_CONF_KEYS;
}

static const char *
word_of(const struct ks_word *w, int value)
{
    for (; w->word != NULL; w++) {
        if (w->value == value)
            return w->word;
    }
    return "?";
}

const char *
ks_platform_word(enum ks_platform p)
{
    return word_of(w_platform, (int)p);
}

const char *
ks_origin_word(enum ks_origin o)
{
    return word_of(w_origin, (int)o);
}

const char *
ks_conf_type_word(enum ks_ktype t)
{
    return word_of(w_type, (int)t);
}

const char *
ks_conf_mode_word(enum ks_skr_mode m)
{
    return word_of(w_mode, (int)m);
}

static uint8_t
min3(int a, int b, int c)
{
    int m = a < b ? a : b;

    return (uint8_t)(m < c ? m : c);
}

/* Edits between two keys of at most 32 bytes; a swap of neighbours is one. */
static unsigned
distance(const char *a, const char *b)
{
    uint8_t d[KS_CONF_KEY_LEN + 1][KS_CONF_KEY_LEN + 1];
    size_t na = strlen(a), nb = strlen(b), i, j;

    if (na > KS_CONF_KEY_LEN || nb > KS_CONF_KEY_LEN)
        return KS_CONF_KEY_LEN;
    for (i = 0; i <= na; i++)
        d[i][0] = (uint8_t)i;
    for (j = 0; j <= nb; j++)
        d[0][j] = (uint8_t)j;
    for (i = 1; i <= na; i++) {
        for (j = 1; j <= nb; j++) {
            d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1,
                           d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
                a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < d[i][j])
                d[i][j] = (uint8_t)(d[i - 2][j - 2] + 1);
        }
    }
    return d[na][nb];
}

const char *
ks_conf_key_near(const char *name)
{
    const char *best = NULL;
    unsigned d, least = 3;
    size_t i;

    for (i = 0; i < ks_conf_keys_n; i++) {
        if (ks_conf_keys[i].kind == KS_CK_LOG)
            continue; /* has no place inside a section */
        d = distance(name, ks_conf_keys[i].name);
        if (d < least) {
            least = d;
            best = ks_conf_keys[i].name;
        }
    }
    return best;
}
