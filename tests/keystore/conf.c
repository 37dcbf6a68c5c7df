/* The configuration: keys, relations, messages, the search, trust. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TEE_KS_INTERNAL
#include "base/paths.h"
#include "keystore/ks.h"
#include "tests/keystore/suites.h"

#define ETC "/etc/tee-pkcs11/tee-pkcs11.conf"

static struct ks_conf *
parse_n(const char *text, size_t n, struct tee_fault *f)
{
    struct ks_conf *c = NULL;
    struct tee_fault own = { 0 };
    enum tee_err err;

    err = ks_conf_parse(ETC, (struct tee_bytes){ (const uint8_t *)text, n }, &c,
                        f != NULL ? f : &own);
    CU_ASSERT_EQUAL(err == TEE_OK, c != NULL);
    return c;
}

static struct ks_conf *
parse(const char *text, struct tee_fault *f)
{
    return parse_n(text, strlen(text), f);
}

/* A file of tests/data/conf, as if it stood in /etc. */
static struct ks_conf *
example(const char *name)
{
    const char *src = secure_getenv("srcdir");
    static char text[8192];
    char path[512];
    FILE *fp;
    size_t n;

    snprintf(path, sizeof(path), "%s/tests/data/conf/%s.conf",
             src != NULL ? src : ".", name);
    fp = fopen(path, "r");
    if (fp == NULL) {
        CU_FAIL("tests/data/conf is not there");
        return NULL;
    }
    n = fread(text, 1, sizeof(text), fp);
    fclose(fp);
    return parse_n(text, n, NULL);
}

static void
check_example(const char *name, const char *sha256)
{
    struct ks_conf *c = example(name);
    char hex[65];

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_EQUAL_FATAL(c->n, 1);
    CU_ASSERT_EQUAL(c->token[0].bad_line, 0);
    CU_ASSERT_STRING_EQUAL(c->token[0].bad.text, "");
    tee_hex((struct tee_bytes){ c->token[0].sha256, 32 }, hex);
    CU_ASSERT_STRING_EQUAL(hex, sha256);
    ks_conf_free(c);
}

static void
test_the_good_examples_have_their_hashes(void)
{
    check_example(
        "laptop",
        "5b4efd72fe240d844ad8593854b945d20880576d74ef935aac9fafa19dc1b77c");
    check_example(
        "azure",
        "ef9e30d59975555a47a13d6ff22563e877a2f7801bc7486ad71b4c1903fe8f61");
}

static void
check_broken(const char *name, const char *text)
{
    struct ks_conf *c = example(name);

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_EQUAL(c->token[0].bad.err, TEE_E_CONFIG);
    CU_ASSERT_STRING_EQUAL(c->token[0].bad.text, text);
    ks_conf_free(c);
}

static void
test_the_broken_examples_have_their_messages(void)
{
    check_broken("broken1", ETC ":3: [agent]: unknown key \"key_orgin\"; did "
                                "you mean \"key_origin\"?");
    check_broken("broken2",
                 ETC ":6: [agent]: \"platform\" was already given in line 4");
    check_broken("broken3",
                 ETC ":3: [agent]: key_origin = skr needs \"public_key\"");
}

static void
test_a_bad_section_costs_that_token_only(void)
{
    struct ks_conf *c = example("broken1");

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_EQUAL_FATAL(c->n, 2);
    CU_ASSERT_STRING_EQUAL(c->token[0].name, "agent");
    CU_ASSERT_EQUAL(c->token[0].line, 1);
    CU_ASSERT_EQUAL(c->token[0].bad_line, 3);
    CU_ASSERT_PTR_NULL(c->token[0].state); /* nothing of it is kept */
    CU_ASSERT_STRING_EQUAL(c->token[1].name, "backup");
    CU_ASSERT_EQUAL(c->token[1].bad_line, 0);
    CU_ASSERT_STRING_EQUAL(c->token[1].state, "/var/lib/tee-pkcs11");
    ks_conf_free(c);
}

static void
test_the_azure_example_means_what_it_says(void)
{
    struct ks_conf *c = example("azure");
    const struct ks_conf_token *t;

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    t = &c->token[0];
    CU_ASSERT_EQUAL(c->log, TEE_LOG_SYSLOG);
    CU_ASSERT_STRING_EQUAL(t->label, "agent");
    CU_ASSERT_EQUAL(t->origin, KS_SKR);
    CU_ASSERT_EQUAL(t->platform, KS_PLAT_AZURE_SNP);
    CU_ASSERT_STRING_EQUAL(t->unix_path, "/run/tee-pkcs11/agent.sock");
    CU_ASSERT_FALSE(t->key_in_service);
    CU_ASSERT_TRUE(t->prefetch);
    CU_ASSERT_TRUE(t->has_allow);
    CU_ASSERT_EQUAL(t->allow_uid.n, 1);
    CU_ASSERT_EQUAL(t->allow_uid.v[0], 990);
    CU_ASSERT_EQUAL(t->skr_mode, KS_SKR_OCT);
    CU_ASSERT_EQUAL(t->key_ttl, 3600);
    CU_ASSERT_STRING_EQUAL(t->imds_url, "http://169.254.169.254");
    ks_conf_free(c);
}

static void
test_defaults(void)
{
    struct ks_conf *c =
        parse("[a.b_c-1]\nkey_origin = local\nstate=/s\n", NULL);
    const struct ks_conf_token *t;

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    t = &c->token[0];
    CU_ASSERT_EQUAL(t->bad_line, 0);
    CU_ASSERT_STRING_EQUAL(t->label, "a.b_c-1");
    CU_ASSERT_EQUAL(t->key_type, KS_ED25519);
    CU_ASSERT_EQUAL(t->platform, KS_PLAT_AUTO);
    CU_ASSERT_PTR_NULL(t->unix_path);
    CU_ASSERT_EQUAL(t->deadline, 30);
    CU_ASSERT_TRUE(t->lock_required);
    CU_ASSERT_FALSE(t->pin || t->prefetch || t->ec_point_raw);
    CU_ASSERT_FALSE(t->verify_after_sign || t->has_user || t->has_group);
    CU_ASSERT_EQUAL(t->vmpl, -1);
    CU_ASSERT_PTR_NULL(t->helper);
    CU_ASSERT_PTR_NULL(t->did);
    ks_conf_free(c);
}

/* ---- one section, one message -------------------------------------------- */

#define L "key_origin = local\nstate = /s\n"
#define T "key_origin = tee_generated\nstate = /s\n"
#define SKR                                                                    \
    "key_origin = skr\nstate = /s\npublic_key = /p\n"                          \
    "maa_url = https://m.example\nakv_key = https://k.example/keys/n\n"
#define U "via = unix:/run/s\n"

static const struct one {
    const char *body; /* from line 2 */
    unsigned line;    /* 0: good */
    const char *text;
} ones[] = {
    { L, 0, "" },
    { T, 0, "" },
    { SKR, 0, "" },
    { "", 1, "\"key_origin\" is missing; it has no default" },
    { "state = /s\n", 1, "\"key_origin\" is missing; it has no default" },
    { "key_origin = local\n", 1, "\"state\" is missing; it has no default" },
    { "key_origin = skr\nstate = /s\npublic_key = /p\n", 2,
      "key_origin = skr needs \"maa_url\"" },
    { "key_origin = skr\nstate = /s\npublic_key = /p\n"
      "maa_url = https://m\n",
      2, "key_origin = skr needs \"akv_key\"" },
    /* unknown */
    { L "colour = red\n", 4, "unknown key \"colour\"" },
    { L "dealdine = 3\n", 4,
      "unknown key \"dealdine\"; did you mean \"deadline\"?" },
    { L "pni = yes\n", 4, "unknown key \"pni\"; did you mean \"pin\"?" },
    { L "log = none\n", 4, "\"log\" may stand only before the first section" },
    /* words */
    { "key_origin = tee\n", 2,
      "key_origin: must be one of local, tee_generated, skr; found \"tee\"" },
    { L "ec_point = octet-string\n", 4,
      "ec_point: must be one of der, raw; found \"octet-string\"" },
    { L "ec_point = raw\n", 0, "" },
    { L "pin = 123456\n", 4,
      "pin: must be one of no, yes; a PIN is never written here" },
    { L "pin = yes\n", 0, "" },
    { L "verify_after_sign = Yes\n", 4,
      "verify_after_sign: must be one of no, yes; found \"Yes\"" },
    { L "lock = try\n", 0, "" },
    { L "key_type = none\n", 0, "" },
    { L "key_type = ml-dsa-65\n", 0, "" },
    { L "key_type = dsa\n", 4,
      "key_type: must be one of ed25519, p256, p384, p521, rsa2048, rsa3072, "
      "rsa4096, ml-dsa-44, ml-dsa-65, ml-dsa-87, none; found \"dsa\"" },
    /* numbers */
    { SKR "key_ttl = 1h\n", 7,
      "key_ttl: must be a number of seconds from 60 to 28800; found \"1h\"" },
    { SKR "key_ttl = 59\n", 7,
      "key_ttl: must be a number of seconds from 60 to 28800; found \"59\"" },
    { SKR "key_ttl = 28801\n", 7,
      "key_ttl: must be a number of seconds from 60 to 28800; found "
      "\"28801\"" },
    { SKR "key_ttl = 28800\n", 0, "" },
    { L "deadline = 030\n", 4,
      "deadline: must be a number of seconds from 1 to 600; found \"030\"" },
    { L "deadline = 0\n", 4,
      "deadline: must be a number of seconds from 1 to 600; found \"0\"" },
    { L "deadline = +5\n", 4,
      "deadline: must be a number of seconds from 1 to 600; found \"+5\"" },
    { L "deadline = 4294967326\n", 4,
      "deadline: must be a number of seconds from 1 to 600; found "
      "\"4294967326\"" },
    { T "vmpl = 3\nplatform = amd-sev-snp\n", 0, "" },
    { T "vmpl = 4\nplatform = amd-sev-snp\n", 4,
      "vmpl: must be a number from 0 to 3; found \"4\"" },
    /* paths */
    { "state = ~/keys\n", 2,
      "state: must be an absolute path without \".\" or \"..\"; found "
      "\"~/keys\"" },
    { "state = /a/../b\n", 2,
      "state: must be an absolute path without \".\" or \"..\"; found "
      "\"/a/../b\"" },
    { "state = /a//b\n", 2,
      "state: must be an absolute path without \".\" or \"..\"; found "
      "\"/a//b\"" },
    { "state = /a/\n", 2,
      "state: must be an absolute path without \".\" or \"..\"; found "
      "\"/a/\"" },
    { "state = /./a\n", 2,
      "state: must be an absolute path without \".\" or \"..\"; found "
      "\"/./a\"" },
    { "state = /\n", 2,
      "state: must be an absolute path without \".\" or \"..\"; found "
      "\"/\"" },
    { "key_origin = local\nstate = /a b/.c/..d\n", 0, "" },
    { T "device_root = /\n", 0, "" },
    /* accounts */
    { L "user = www-data\n", 4,
      "user: must be a number; \"id -u www-data\" prints it" },
    { L "group = www-data\n", 4,
      "group: must be a number; \"getent group www-data\" prints it" },
    { L "user = $(reboot)\n", 4,
      "user: must be a number; found \"$(reboot)\"" },
    { L "user = 4294967295\n", 4,
      "user: must be a number; found \"4294967295\"" },
    { L "user = 33\ngroup = 4294967294\n", 0, "" },
    { L U "allow_uid = 1, 2,3\n", 0, "" },
    { L U "allow_uid = 0,ada\n", 5,
      "allow_uid: must be a number; \"id -u ada\" prints it" },
    { L U "allow_gid = 3,2\n", 5,
      "allow_gid: must be a list of at most 64 numbers, ascending, without "
      "duplicates; found \"3,2\"" },
    { L U "allow_gid = 3,3\n", 5,
      "allow_gid: must be a list of at most 64 numbers, ascending, without "
      "duplicates; found \"3,3\"" },
    { L U "allow_gid = 3,\n", 5, "allow_gid: must be a number; found \"3,\"" },
    { T "pcrs = 0, 7,23\n", 0, "" },
    { T "pcrs = 7,4\n", 4,
      "pcrs: must be a list of numbers from 0 to 23, ascending, without "
      "duplicates; found \"7,4\"" },
    { T "pcrs = 24\n", 4,
      "pcrs: must be a list of numbers from 0 to 23, ascending, without "
      "duplicates; found \"24\"" },
    /* other texts */
    { L "label = Ada's key\n", 0, "" },
    { L "label = 123456789012345678901234567890123\n", 4,
      "label: must be 1 to 32 bytes of UTF-8 without control characters; "
      "found \"123456789012345678901234567890123\"" },
    { L "label = a\xc2\x85"
        "b\n",
      4, NULL },
    { L "via = process\n", 0, "" },
    { L "via = unix:run\n", 4,
      "via: must be process, or unix: and an absolute path of at most 107 "
      "bytes; found \"unix:run\"" },
    { L "did = mesh:1\n", 4,
      "did: must be did:METHOD:ID of at most 512 bytes; found \"mesh:1\"" },
    { L "did = did:mesh:\n", 4,
      "did: must be did:METHOD:ID of at most 512 bytes; found "
      "\"did:mesh:\"" },
    { L "did = did:mesh:ag\xc3\xa9nt-\xe6\x9d\xb1\xe4\xba\xac\n", 0, "" },
    { "maa_url = http://m.example\n", 2,
      "maa_url: must be https://host[:port] without a path; found "
      "\"http://m.example\"" },
    { "maa_url = https://m.example/\n", 2,
      "maa_url: must be https://host[:port] without a path; found "
      "\"https://m.example/\"" },
    { "maa_url = https://M.example\n", 2,
      "maa_url: must be https://host[:port] without a path; found "
      "\"https://M.example\"" },
    { "maa_url = https://u@m.example\n", 2,
      "maa_url: must be https://host[:port] without a path; found "
      "\"https://u@m.example\"" },
    { "maa_url = https://m.example:0\n", 2,
      "maa_url: must be https://host[:port] without a path; found "
      "\"https://m.example:0\"" },
    { "maa_url = https://m.example?x\n", 2,
      "maa_url: must be https://host[:port] without a path; found "
      "\"https://m.example?x\"" },
    { "akv_key = https://k.example/secrets/n\n", 2,
      "akv_key: must be https://host[:port]/keys/NAME or "
      "https://host[:port]/keys/NAME/VERSION; found "
      "\"https://k.example/secrets/n\"" },
    { "akv_key = https://k.example/keys/n/\n", 2, NULL },
    { "akv_key = https://k.example/keys/n/1/2\n", 2, NULL },
    { SKR "proxy = none\n", 0, "" },
    { SKR "proxy = http://p:3128\n", 0, "" },
    { SKR "proxy = http://p\n", 7,
      "proxy: must be none or http://host:port; found \"http://p\"" },
    { T "imds_url = http://127.0.0.1:8080\n", 0, "" },
    { T "imds_url = http://169.254.1.2\n", 0, "" },
    { T "imds_url = http://127.0.0.1.evil.example\n", 4,
      "imds_url: must be http://host[:port] with a link-local or loopback "
      "host; found \"http://127.0.0.1.evil.example\"" },
    { T "imds_url = http://10.0.0.1\n", 4, NULL },
    { T "tcti = swtpm:path=/run/tpm\n", 0, "" },
    { T "tcti = tabrmd\n", 0, "" },
    { T "tcti = libtss2-tcti-evil.so\n", 4,
      "tcti: must be device:PATH, tabrmd or swtpm:path=PATH; found "
      "\"libtss2-tcti-evil.so\"" },
    { SKR "identity_client_id = 01234567-89ab-cdef-0123-456789abcdef\n", 0,
      "" },
    { SKR "identity_client_id = 01234567-89AB-cdef-0123-456789abcdef\n", 7,
      "identity_client_id: must be a UUID in lower case, 8-4-4-4-12 digits; "
      "found \"01234567-89AB-cdef-0123-456789abcdef\"" },
    /* no meaning here */
    { L "key_ttl = 60\n", 4, "key_ttl has no meaning for key_origin = local" },
    { L "platform = simulated\n", 4,
      "platform has no meaning for key_origin = local" },
    { T "key_ttl = 60\n", 4,
      "key_ttl has no meaning for key_origin = tee_generated" },
    { SKR "measured_boot = uki\n", 7,
      "measured_boot has no meaning for key_origin = skr" },
    { SKR "pin = no\n", 7, "pin has no meaning for key_origin = skr" },
    { L U "user = 0\n", 5, "user has no meaning with via = unix:" },
    { L "user = 0\n" U, 4, "user has no meaning with via = unix:" },
    { L U "helper = /h\n", 5, "helper has no meaning with via = unix:" },
    { L "allow_uid = 0\n", 4, "allow_uid has no meaning with via = process" },
    { T "prefetch = no\n", 4, "prefetch has no meaning with via = process" },
    { L "prefetch = yes\n", 4,
      "prefetch has no meaning for key_origin = local" },
    { T "vmpl = 0\nplatform = simulated\n", 4,
      "vmpl has no meaning for platform = simulated" },
    { T "pcrs = 7\nplatform = amd-sev-snp\n", 4,
      "pcrs has no meaning for platform = amd-sev-snp" },
    /* relations */
    { L "key_in = service\n", 4, "key_in = service needs via = unix:PATH" },
    { L "key_in = service\n" U, 0, "" },
    { T "prefetch = yes\n", 4, "prefetch = yes needs via = unix:PATH" },
    { SKR "pin = yes\n", 7, "pin = yes is not possible for key_origin = skr" },
    { SKR "platform = simulated\n", 7,
      "platform = simulated is for key_origin = tee_generated only: no "
      "attestation service releases a key to it" },
    { SKR "key_type = none\n", 7,
      "key_type = none is not possible for key_origin = skr" },
    { SKR "key_type = p521\n", 7,
      "key_type = p521 is not possible for key_origin = skr" },
    { SKR "platform = tpm2\n", 7,
      "platform = tpm2 is not possible for key_origin = skr" },
    { SKR "platform = amd-sev-snp\n", 7,
      "platform = amd-sev-snp needs \"aci_context\" for key_origin = skr" },
    { SKR "platform = amd-sev-snp\naci_context = /c\n", 0, "" },
    { SKR "aci_context = /c\n", 7, "aci_context needs platform = amd-sev-snp" },
    { SKR "key_type = p256\nskr_mode = oct\n", 8,
      "skr_mode = oct needs key_type = ed25519" },
    { SKR "key_type = rsa2048\nskr_mode = envelope\n", 8,
      "skr_mode = envelope needs key_type = ed25519" },
    { SKR "skr_mode = direct\n", 7,
      "skr_mode = direct needs key_type = p256, p384, rsa2048, rsa3072 or "
      "rsa4096" },
    { SKR "key_type = p384\nskr_mode = direct\n", 0, "" },
    { SKR "federated_token_file = /t\n", 7,
      "federated_token_file needs \"identity_client_id\"" },
    { SKR "federated_token_file = /t\n"
          "identity_client_id = 01234567-89ab-cdef-0123-456789abcdef\n",
      7, "federated_token_file needs \"identity_tenant_id\"" },
    { SKR "identity_tenant_id = 01234567-89ab-cdef-0123-456789abcdef\n", 7,
      "identity_tenant_id needs \"federated_token_file\"" },
    { T "platform = tpm2\n", 0, "" },
    { T "platform = simulated\n", 0, "" },
    /* the order: mandatory, meaning, service, skr, mode */
    { "key_origin = skr\nkey_in = service\n", 1,
      "\"state\" is missing; it has no default" },
    { T "key_in = service\nkey_ttl = 60\n", 5,
      "key_ttl has no meaning for key_origin = tee_generated" },
    { SKR "key_in = service\npin = yes\n", 7,
      "key_in = service needs via = unix:PATH" },
    { SKR "skr_mode = direct\npin = yes\n", 8,
      "pin = yes is not possible for key_origin = skr" },
    /* lexical errors inside, by the grammar; the first in file order wins */
    { L "lock = required # yes\n", 4,
      "lock: a comment must be on a line of its own" },
    { L "state = /t\n", 4, "\"state\" was already given in line 3" },
    { L "nonsense\n", 4, "not a section, a \"key = value\" or a comment" },
    { "pin = 1\nnonsense\n", 2,
      "pin: must be one of no, yes; a PIN is never written here" },
    { "nonsense\npin = 1\n", 2,
      "not a section, a \"key = value\" or a comment" },
};

static void
test_each_message(void)
{
    char file[2048], want[1024];
    const struct ks_conf_token *t;
    struct ks_conf *c;
    size_t i;

    for (i = 0; i < TEE_LEN(ones); i++) {
        snprintf(file, sizeof(file), "[t]\n%s", ones[i].body);
        c = parse(file, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        CU_ASSERT_EQUAL_FATAL(c->n, 1);
        t = &c->token[0];
        want[0] = '\0';
        if (ones[i].line != 0 && ones[i].text != NULL)
            snprintf(want, sizeof(want), ETC ":%u: [t]: %s", ones[i].line,
                     ones[i].text);
        if (t->bad_line != ones[i].line ||
            (ones[i].text != NULL && strcmp(t->bad.text, want) != 0))
            printf("    row %zu\n    want \"%s\"\n    got  \"%s\"\n", i, want,
                   t->bad.text);
        CU_ASSERT_EQUAL(t->bad_line, ones[i].line);
        if (ones[i].text != NULL)
            CU_ASSERT_STRING_EQUAL(t->bad.text, want);
        ks_conf_free(c);
    }
}

static void
test_a_pin_is_never_echoed(void)
{
    struct ks_conf *c = parse("[t]\npin = hunter2\n", NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_PTR_NULL(strstr(c->token[0].bad.text, "hunter2"));
    ks_conf_free(c);
}

static void
test_a_long_value_is_cut_and_escaped(void)
{
    char file[256];
    struct ks_conf *c;

    snprintf(file, sizeof(file), "[t]\nstate = %0150d\n", 7);
    c = parse(file, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_TRUE(strlen(c->token[0].bad.text) < 200);
    ks_conf_free(c);
}

static void
test_outside_of_sections_an_error_costs_the_file(void)
{
    struct tee_fault f = { 0 };

    CU_ASSERT_PTR_NULL(parse("label = x\n", &f));
    CU_ASSERT_STRING_EQUAL(f.text,
                           ETC ":1: only \"log\" may stand before the first "
                               "section; found \"label\"");
    CU_ASSERT_PTR_NULL(parse("# c\nlog = loud\n", &f));
    CU_ASSERT_STRING_EQUAL(f.text, ETC ":2: log: must be one of none, stderr, "
                                       "syslog; found \"loud\"");
    CU_ASSERT_PTR_NULL(parse("nonsense\n", &f));
    CU_ASSERT_STRING_EQUAL(f.text, ETC
                           ":1: not a section, a \"key = value\" or a comment");
    CU_ASSERT_PTR_NULL(parse("[a]\nstate = /s", &f));
    CU_ASSERT_PTR_NOT_NULL(strstr(f.text, "may be truncated"));
}

static void
test_log_is_not_part_of_the_hash(void)
{
    struct ks_conf *a = parse("[t]\n" L, NULL);
    struct ks_conf *b = parse("log = none\n\n[t]\n# x\nstate=/s\n"
                              " key_origin =local \n",
                              NULL);
    struct ks_conf *c = parse("[t]\n" L "deadline = 30\n", NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    CU_ASSERT_PTR_NOT_NULL_FATAL(b);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_EQUAL(b->log, TEE_LOG_NONE);
    CU_ASSERT_EQUAL(memcmp(a->token[0].sha256, b->token[0].sha256, 32), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(a->token[0].sha256, c->token[0].sha256, 32), 0);
    ks_conf_free(a);
    ks_conf_free(b);
    ks_conf_free(c);
}

static void
test_a_label_names_one_token(void)
{
    struct ks_conf *c = parse("[a]\n" L "[b]\n" L "label = a\n", NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_EQUAL(c->token[0].bad_line, 0);
    CU_ASSERT_STRING_EQUAL(c->token[1].bad.text,
                           ETC ":7: [b]: label: \"a\" is already the label of "
                               "[a]");
    CU_ASSERT_STRING_EQUAL(c->token[1].label, "b");
    ks_conf_free(c);
}

static void
test_sixty_four_tokens_and_no_more(void)
{
    static char file[8192];
    struct tee_fault f = { 0 };
    struct ks_conf *c;
    size_t n = 0;
    int i;

    for (i = 0; i < 64; i++)
        n += (size_t)snprintf(file + n, sizeof(file) - n, "[t%d]\n" L, i);
    c = parse(file, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_EQUAL(c->n, 64);
    ks_conf_free(c);
    snprintf(file + n, sizeof(file) - n, "[t64]\n" L);
    CU_ASSERT_PTR_NULL(parse(file, &f));
    CU_ASSERT_PTR_NOT_NULL(strstr(f.text, ":193: "));
}

static void
test_pcrs_follow_measured_boot(void)
{
    static const struct {
        const char *text;
        uint32_t want;
    } row[] = {
        { "[t]\n" T, 0 },
        { "[t]\n" T "measured_boot = uki\n", 0x890 },
        { "[t]\n" T "measured_boot = grub\n", 0x390 },
        { "[t]\n" T "measured_boot = grub\npcrs = 0,23\n", 0x800001 },
    };
    struct ks_conf *c;
    size_t i;

    for (i = 0; i < TEE_LEN(row); i++) {
        c = parse(row[i].text, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        CU_ASSERT_EQUAL(c->token[0].pcrs, row[i].want);
        ks_conf_free(c);
    }
}

/* Every key of the table is accepted somewhere, with its own offset. */
static void
test_the_table_is_whole(void)
{
    size_t i, j;

    for (i = 0; i < ks_conf_keys_n; i++) {
        CU_ASSERT_PTR_NOT_NULL(ks_conf_keys[i].use);
        CU_ASSERT_PTR_NOT_NULL(ks_conf_keys[i].type);
        CU_ASSERT_EQUAL(ks_conf_key_find(ks_conf_keys[i].name), i);
        for (j = 1; j < i; j++)
            CU_ASSERT_TRUE(ks_conf_keys[i].at != ks_conf_keys[j].at);
    }
    CU_ASSERT_EQUAL(ks_conf_key_find("no_such_key"), KS_CONF_KEYS);
    CU_ASSERT_STRING_EQUAL(ks_conf_key_near("stat"), "state");
    CU_ASSERT_STRING_EQUAL(ks_conf_key_near("tsate"), "state");
    CU_ASSERT_PTR_NULL(ks_conf_key_near("statexyz"));
    CU_ASSERT_STRING_EQUAL(ks_platform_word(KS_PLAT_AZURE_TDX),
                           "azure-cvm-tdx");
    CU_ASSERT_STRING_EQUAL(ks_origin_word(KS_TEE), "tee_generated");
}

static void
test_every_prefix_is_bad_or_whole(void)
{
    static const char text[] = "log = none\n[t]\n" SKR "deadline = 5\n";
    struct ks_conf *c;
    size_t n;

    for (n = 0; n < sizeof(text) - 1; n++) {
        c = parse_n(text, n, NULL);
        if (c != NULL)
            CU_ASSERT_TRUE(n == 0 || text[n - 1] == '\n');
        ks_conf_free(c);
    }
}

static const struct test tests[] = {
    { "the good examples have their hashes",
      test_the_good_examples_have_their_hashes },
    { "the broken examples have their messages",
      test_the_broken_examples_have_their_messages },
    { "a bad section costs that token only",
      test_a_bad_section_costs_that_token_only },
    { "the azure example means what it says",
      test_the_azure_example_means_what_it_says },
    { "defaults", test_defaults },
    { "each message", test_each_message },
    { "a PIN is never echoed", test_a_pin_is_never_echoed },
    { "a long value is cut and escaped", test_a_long_value_is_cut_and_escaped },
    { "outside of sections an error costs the file",
      test_outside_of_sections_an_error_costs_the_file },
    { "log is not part of the hash", test_log_is_not_part_of_the_hash },
    { "a label names one token", test_a_label_names_one_token },
    { "sixty-four tokens and no more", test_sixty_four_tokens_and_no_more },
    { "pcrs follow measured_boot", test_pcrs_follow_measured_boot },
    { "the table is whole", test_the_table_is_whole },
    { "every prefix is bad or whole", test_every_prefix_is_bad_or_whole },
    { NULL, NULL },
};
const struct suite suite_conf = { "conf", tests };
