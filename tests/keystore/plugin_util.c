#include "config.h"

#include <openssl/ecdsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/paths.h"
#include "tests/keystore/plugin_util.h"

/* This program's own paths: the loader's file is one that it may spoil. */
#define DIR TEE_BUILDDIR "/tests/keystore/plugin.dir"
const char *const plug_dir = DIR;
const char tee_path_plugin[] = DIR "/tee-pkcs11-ossl.so";
const char tee_path_helper[] = TEE_BUILDDIR "/tee-pkcs11-helper";
const char tee_path_module[] = TEE_BUILDDIR "/.libs/tee-pkcs11-test.so";
const char tee_path_conf[] = "/etc/tee-pkcs11/tee-pkcs11.conf";

const struct suite *const suites[] = { &suite_plugin, &suite_plugin_key,
                                       &suite_plugin_ec, &suite_plugin_rsa,
                                       NULL };

static void
need(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "cannot go on: %s\n", what);
    abort();
}

static bool installed; /* by this process: never a build of yesterday */

void
plug_install(void)
{
    plug_install_file(".libs/tee-pkcs11-ossl.so");
}

void
plug_install_file(const char *name)
{
    static const char to[] = DIR "/new";
    char from[512];
    char block[2048];
    FILE *in, *out;
    size_t n;

    (void)mkdir(DIR, 0755);
    need(chmod(DIR, 0755) == 0, DIR);
    snprintf(from, sizeof(from), TEE_BUILDDIR "/%s", name);
    in = fopen(from, "rb");
    out = fopen(to, "wb");
    need(in != NULL && out != NULL, from);
    while ((n = fread(block, 1, sizeof(block), in)) > 0)
        need(fwrite(block, 1, n, out) == n, to);
    need(fclose(in) == 0 && fclose(out) == 0 && chmod(to, 0755) == 0 &&
             rename(to, tee_path_plugin) == 0,
         to);
    installed = true;
}

const struct tee_plugin *
plug(void)
{
    const struct tee_plugin *t;
    struct tee_fault f = { TEE_OK, "" };

    if (!installed)
        plug_install();
    t = ks_plugin(&f);
    need(t != NULL, f.text);
    return t;
}

size_t
test_data(const char *name, uint8_t *ret, size_t room)
{
    char path[512];
    FILE *in;
    size_t n;

    snprintf(path, sizeof(path), "%s/tests/data/%s", secure_getenv("srcdir"),
             name);
    in = fopen(path, "rb");
    need(in != NULL, path);
    n = fread(ret, 1, room, in);
    need(fgetc(in) == EOF, "file too large");
    (void)fclose(in);
    return n;
}

static void
pair_open(struct pair *p)
{
    const uint8_t *der = p->spki;

    need(plug()->private_new(p->type,
                             (struct tee_bytes){ p->pkcs8, p->pkcs8_len },
                             &p->priv) == TEE_OK &&
             plug()->public_new(p->type,
                                (struct tee_bytes){ p->spki, p->spki_len },
                                &p->pub) == TEE_OK,
         "a good key pair was refused");
    p->evp = d2i_PUBKEY(NULL, &der, (long)p->spki_len);
    need(p->evp != NULL && der == p->spki + p->spki_len, "d2i_PUBKEY");
}

void
pair_load(const char *word, enum ks_ktype type, struct pair *ret)
{
    char name[64];

    memset(ret, 0, sizeof(*ret));
    ret->type = type;
    snprintf(name, sizeof(name), "store/keys/%s.pkcs8", word);
    ret->pkcs8_len = test_data(name, ret->pkcs8, sizeof(ret->pkcs8));
    snprintf(name, sizeof(name), "store/keys/%s.spki", word);
    ret->spki_len = test_data(name, ret->spki, sizeof(ret->spki));
    pair_open(ret);
}

void
pair_generate(enum ks_ktype type, struct pair *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->type = type;
    ret->pkcs8_len = sizeof(ret->pkcs8);
    ret->spki_len = sizeof(ret->spki);
    need(plug()->generate(type, ret->pkcs8, &ret->pkcs8_len, ret->spki,
                          &ret->spki_len) == TEE_OK,
         "no new key");
    pair_open(ret);
}

void
pair_clear(struct pair *p)
{
    plug()->key_free(p->priv);
    plug()->key_free(p->pub);
    EVP_PKEY_free(p->evp);
    memset(p, 0, sizeof(*p));
}

size_t
raw_to_der(const uint8_t *raw, size_t len, uint8_t *ret, size_t room)
{
    ECDSA_SIG *s = ECDSA_SIG_new();
    int half = (int)(len / 2), n;
    uint8_t *p = ret;

    need(s != NULL && room >= len + 16, "ECDSA_SIG");
    need(ECDSA_SIG_set0(s, BN_bin2bn(raw, half, NULL),
                        BN_bin2bn(raw + half, half, NULL)) == 1,
         "ECDSA_SIG_set0");
    n = i2d_ECDSA_SIG(s, &p);
    ECDSA_SIG_free(s);
    return n > 0 ? (size_t)n : 0;
}

bool
in_child(bool (*run)(void))
{
    int status = 0;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    need(pid >= 0, "fork");
    if (pid == 0)
        _exit(run() ? 0 : 1);
    need(waitpid(pid, &status, 0) == pid, "waitpid");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
