/* version: what this build is made of, and where it looks. */
#include "config.h"

#include <cjson/cJSON.h>
#include <openssl/crypto.h>
#include <sodium.h>
#include <string.h>

#include "base/paths.h"
#include "tee-pkcs11/attest.h"
#include "tools/cmd.h"

enum { O_JSON, O_N };
static const struct cmd_opt opts[O_N] = {
    { "json", 0, NULL, "the same as JSON" },
};

struct row {
    const char *name, *value;
};

static void
print_rows(const struct row *r, size_t n, bool json)
{
    struct tee_buf b;
    size_t i;

    tee_buf_init(&b, CMD_FILE_MAX);
    for (i = 0; i < n; i++) {
        if (!json) {
            printf("%-14s %s\n", r[i].name, r[i].value);
            continue;
        }
        tee_buf_text(&b, i == 0 ? "{" : ",");
        tee_json_string(&b, tee_bytes_of(r[i].name));
        tee_buf_text(&b, ":");
        tee_json_string(&b, tee_bytes_of(r[i].value));
    }
    if (json && b.err == TEE_OK)
        printf("%.*s}\n", (int)b.len, (const char *)b.p);
    tee_buf_clear(&b);
}

static int
run(const struct cmd_args *a)
{
    uint8_t id[20];
    char hex[2 * sizeof(id) + 1] = "none";

    if (tee_build_id(id) == TEE_OK)
        tee_hex((struct tee_bytes){ id, sizeof(id) }, hex);
    const struct row rows[] = {
        { "tee-pkcs11", PACKAGE_VERSION },
        { "build-id", hex },
        { "libtee-attest", att_version() },
        { "libsodium", sodium_version_string() },
        { "libcrypto", OpenSSL_version(OPENSSL_VERSION) },
        { "cjson", cJSON_Version() },
        { "platforms", "simulated" },
        { "azure", "not built in" },
        { "tpm", "not built in" },
        { "module", tee_path_module },
        { "helper", tee_path_helper },
        { "plug-in", tee_path_plugin },
        { "configuration", tee_path_conf },
    };
    print_rows(rows, TEE_LEN(rows), a->value[O_JSON] != NULL);
    return CMD_DONE;
}

const struct cmd cmd_version = {
    .name = "version",
    .operands = "",
    .brief = "what was built in, where it looks",
    .opt = opts,
    .n_opt = O_N,
    .min_args = 0,
    .max_args = 0,
    .run = run,
};
